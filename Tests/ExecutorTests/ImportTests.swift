// Imports that do not fit, and why.

import Cannery
import Testing

@Suite struct ImportTests {
  /// What a module imports as `m`.`x`, what it gets, and what the refusal says; nil where it fits.
  private static let cases: [(wanted: String, given: String, reason: String?)] = [
    ("(func (param i32))", "(func (export \"x\") (param i32))", nil),
    ("(func (param i32))", "(func (export \"x\") (param i64))", "its type is (i64) -> ()"),
    ("(func (result f32))", "(func (export \"x\") (result f32 f32) (f32.const 0) (f32.const 0))", "(f32, f32)"),
    ("(func)", "(memory (export \"x\") 1)", "it is a memory"),
    ("(memory 1)", "(func (export \"x\"))", "it is a function"),
    ("(memory 1)", "(memory (export \"x\") 1)", nil),
    ("(memory 1)", "(memory (export \"x\") 2 5)", nil),
    ("(memory 2)", "(memory (export \"x\") 1)", "its limits are 1"),
    ("(memory 1 3)", "(memory (export \"x\") 1)", "its limits are 1"),
    ("(memory 1 3)", "(memory (export \"x\") 1 4)", "its limits are 1..4"),
    ("(memory 1 3)", "(memory (export \"x\") 1 3)", nil),
    ("(memory i64 1)", "(memory (export \"x\") 1)", "its limits are 1"),
    ("(memory 1)", "(memory (export \"x\") i64 1)", "its limits are i64 1"),
    ("(table 1 funcref)", "(table (export \"x\") 1 funcref)", nil),
    ("(table 1 funcref)", "(table (export \"x\") 1 externref)", "its type is"),
    ("(table 3 funcref)", "(table (export \"x\") 2 9 funcref)", "its type is 2..9 funcref, not within 3.. funcref"),
    (
      "(table i64 1 funcref)", "(table (export \"x\") 1 funcref)", "its type is 1.. funcref, not within i64 1.. funcref"
    ),
    ("(global i32)", "(global (export \"x\") i32 (i32.const 1))", nil),
    ("(global i32)", "(global (export \"x\") i64 (i64.const 1))", "it is an immutable i64"),
    ("(global i32)", "(global (export \"x\") (mut i32) (i32.const 1))", "it is a mutable i32"),
    ("(global (mut i32))", "(global (export \"x\") i32 (i32.const 1))", "it is an immutable i32"),
    ("(global funcref)", "(global (export \"x\") (ref null func) (ref.null func))", nil),
    (
      "(global (mut funcref))", "(global (export \"x\") (mut externref) (ref.null extern))", "it is a mutable externref"
    ),
  ]

  @Test(arguments: cases.indices)
  func fit(_ index: Int) throws {
    let (wanted, given, reason) = Self.cases[index]
    var machine = try Machine()
    try machine.add("(module \(given))")
    let description = "\(wanted.dropLast().split(separator: " ").first!) \(wanted)"
    let text = "(module (import \"m\" \"x\" \(wanted)))"
    do throws(InstantiationError) {
      let module = try! machine.engine.compile(Array(text.utf8))
      _ = try machine.linker.instantiate(module)
      #expect(reason == nil, "\(description)")
    } catch {
      guard case .incompatibleImport(index: 0, let item, let why) = error, let reason else {
        Issue.record("\(error)")
        return
      }
      #expect(item.module == "m" && item.name == "x")
      #expect(why.contains(reason), "\(why)")
    }
  }

  @Test func missing() throws {
    var machine = try Machine()
    try machine.host("known") { _, _ in .done }
    let module = try machine.engine.compile(
      Array(#"(module (import "env" "known" (func)) (import "env" "unknown" (func)))"#.utf8))
    #expect(machine.linker.missingImports(of: module).map(\.name) == ["unknown"])
    do {
      _ = try machine.linker.instantiate(module)
      Issue.record("made an instance")
    } catch {
      guard case .unknownImport(index: 1, let item) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(item.name == "unknown")
    }
  }

  /// Items of another store, of the same engine or another one: their threads and handles are not this store's.
  @Test(arguments: ["(func)", "(memory 1)", "(table 1 funcref)", "(global i32)"], [false, true])
  func ofAnotherStore(_ wanted: String, tracksWrites: Bool) throws {
    let machine = try Machine(tracksWrites: tracksWrites)
    var other = Linker(try machine.engine.makeStore(tracksWrites: tracksWrites))
    let items = """
      (module (func (export "func")) (memory (export "memory") 1) (table (export "table") 1 funcref)
        (global (export "global") i32 (i32.const 1)))
      """
    let instance = try other.instantiate(try machine.engine.compile(Array(items.utf8)))
    other.define("m", instance)
    let kind = String(wanted.dropFirst().prefix { $0.isLetter })
    var linker = machine.linker
    linker.define("m", kind, try #require(instance.export(kind)))
    let module = try machine.engine.compile(Array("(module (import \"m\" \"\(kind)\" \(wanted)))".utf8))
    #expect(throws: Never.self) { try other.instantiate(module) }
    do {
      _ = try linker.instantiate(module)
      Issue.record("made an instance")
    } catch {
      guard case .incompatibleImport(index: 0, _, reason: "it belongs to another store") = error else {
        Issue.record("\(error)")
        return
      }
    }
    let foreign = Linker(try Engine().makeStore())
    let empty = try machine.engine.compile(Array("(module)".utf8))
    do {
      _ = try foreign.instantiate(empty)
      Issue.record("made an instance")
    } catch {
      guard case .otherEngine = error else {
        Issue.record("\(error)")
        return
      }
    }
  }

  /// Finding an export takes the same time however many there are; so do names for all of them.
  @Test func manyExports() throws {
    var machine = try Machine()
    let count = 100_000
    let exports = (0..<count).map { "(export \"\($0)\" (global 0))" }.joined()
    let instance = try machine.add("(module (global i32 (i32.const 5)) \(exports))", as: "many")
    #expect((0..<count).allSatisfy { instance.export("\($0)") != nil })
    #expect(instance.export("\(count)") == nil)
    let user = try machine.add(#"(module (import "many" "99999" (global i32)) (export "g" (global 0)))"#, as: "user")
    #expect(try user.global("g").value == .i32(5))
  }
}
