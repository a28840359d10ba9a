import Testing
import WasmBinary
import WasmText
import WebAssembly

/// Texts and modules that are made to cost much: deep, long, repeated. Each must take time linear in its size; the
/// sizes are such that anything worse would be noticed.
@Suite struct HostileTextTests {
  static let depth = 100_000

  private func times(_ text: String, _ count: Int = depth) -> String { String(repeating: text, count: count) }

  private func reason(_ text: String) -> TextErrorReason? {
    do {
      _ = try parseModule(text)
      return nil
    } catch { return error.reason }
  }

  // MARK: Nesting

  @Test func deepBlocks() throws {
    let flat = "(func \(times("block "))\(times("br 99999 end ")))"
    let folded = "(func \(times("(block "))\(times("(br 99999))")))"
    let bytes = try binary(flat)
    #expect(try binary(folded) == bytes)
    let printed = try printModule(try decodeModule(ModuleBytes(bytes)))
    #expect(try binary(printed) == bytes)
    #expect(printed.utf8.count < 300 * HostileTextTests.depth)
  }

  @Test func deepOperands() throws {
    let folded = "(func \(times("(i32.eqz "))\(times(")")))"
    #expect(try binary(folded) == binary("(func \(times("i32.eqz ")))"))
    let conditions = "(func \(times("(if "))\(times("(then))")))"
    #expect(try binary(conditions) == binary("(func \(times("if end ")))"))
    let branches = "(func \(times("(if (then) (else "))\(times("))")))"
    #expect(try binary(branches) == binary("(func \(times("if else "))\(times("end ")))"))
  }

  @Test func deepLabels() throws {
    let same = "(func \(times("block $l "))\(times("br $l end $l ")))"
    #expect(try binary(same) == binary("(func \(times("block "))\(times("br 0 end ")))"))
    let outermost = "(func block $outermost \(times("block $l "))\(times("br $outermost end "))end)"
    _ = try parseModule(outermost)
  }

  @Test func deepGarbage() {
    #expect(reason(times("(")) == .unexpectedToken)
    #expect(reason(times("(;")) == .unclosedComment)
    #expect(reason("(func " + times("(drop ")) == .unexpectedToken)
    #expect(reason("(@a " + times("(")) == .unclosedAnnotation)
    #expect(reason(times("(@a ")) == .unclosedAnnotation)
    #expect(reason("(func \(times("(@a "))\(times(")")))") == nil)
    #expect(reason("(@custom \"a\" \(times("(@b)")))") == nil)
    #expect(reason(times("(module ")) == .unexpectedToken)
    #expect(reason(times("(; ", 3) + times(";) ", 3) + times(")")) == .unexpectedToken)
  }

  // MARK: Length

  @Test func longTokens() throws {
    let name = times("n")
    let bytes = try parseModule("(func $\(name)) \(times("(start $\(name))", 1))")
    #expect(try parseModule(printModule(try decodeModule(ModuleBytes(bytes)))) == bytes)
    #expect(reason("(func \(name))") == .unknownOperator)
    #expect(reason("(func i32.const \(times("9")))") == .constantOutOfRange)
    #expect(reason("(func i32.const 0x\(times("0"))1)") == nil)
    #expect(reason("(func f64.const \(times("9")))") == .constantOutOfRange)
    #expect(reason("(func f64.const \(times("9"))e-\(HostileTextTests.depth))") == nil)
    #expect(reason("(func f32.const 0.\(times("0"))1e\(HostileTextTests.depth))") == nil)
    #expect(reason("(func f64.const 0x\(times("f"))p-\(4 * HostileTextTests.depth))") == nil)
    #expect(reason("(func f64.const 1e\(times("9")))") == .constantOutOfRange)
    #expect(reason("(func f64.const 0x1p-\(times("9")))") == nil)
    #expect(reason("(data \"\(times("\\u{10ffff}"))\" \(times("\"\" ")))") == nil)
    #expect(reason("(func $\"\(times("\\61"))\")") == nil)
  }

  @Test func manyThings() throws {
    let count = 20_000
    let functions = (0..<count).map {
      "(func $f\($0) (param $x i32) (block (param i64 i\($0 % 2 == 0 ? 32 : 64))) call $f\(count - 1 - $0))"
    }
    _ = try parseModule(functions.joined())
    let types = (0..<count).map {
      "(type $t\($0) (struct (field $x\($0) i32) (field (ref null $t\(($0 * 7) % count)))))"
    }
    let bytes = try parseModule(types.joined(separator: "\n"))
    #expect(try parseModule(printModule(try decodeModule(ModuleBytes(bytes)))) == bytes)
    _ = try parseModule("(func \(times("(local $", 1))a i32) \((0..<count).map { "(local $l\($0) i32)" }.joined()))")
    _ = try parseModule(times("(@custom \"a\" (before first) \"b\")", count))
    _ = try parseModule("(func (block \(times("(if (then))", count))) br_table \(times("0 ", count)))")
  }

  @Test func manyBrokenModulesInAScript() throws {
    let script = try Script(parsing: times("(module (func br $l))\n", 20_000))
    #expect(script.commands.last?.line == 20_000)
  }

  // MARK: Modules that are small beside their text

  private func module(_ write: (inout BinaryWriter) -> Void) throws -> Module {
    var writer = BinaryWriter()
    writer.moduleHeader()
    write(&writer)
    return try decodeModule(ModuleBytes(writer.bytes))
  }

  @Test func manyLocals() throws {
    let count = 1_000
    let module = try module { writer in
      writer.section(.type) { $0.append([1, 0x60, 0, 0]) }
      writer.section(.function) { $0.vector(0..<count) { writer, _ in writer.u32(0) } }
      writer.section(.code) {
        $0.vector(0..<count) { writer, _ in
          // 49,999 locals of type (ref null any), written in full.
          writer.byteVector([1, 0xCF, 0x86, 0x03, 0x63, 0x6E, 0x0B])
        }
      }
    }
    #expect { try printModule(module) } throws: { ($0 as? ModuleError)?.kind == .limit }
  }

  @Test func longSignaturesUsedOften() throws {
    let count = 20_000
    let module = try module { writer in
      writer.section(.type) {
        $0.append([1, 0x60])
        $0.vector(0..<1_000) { writer, _ in writer.byte(0x7F) }
        $0.byte(0)
      }
      writer.section(.function) { $0.vector(0..<count) { writer, _ in writer.u32(0) } }
      writer.section(.code) { $0.vector(0..<count) { writer, _ in writer.byteVector([0, 0x0B]) } }
    }
    let text = try printModule(module)
    #expect(text.utf8.count < 50 * module.bytes.count + 1 << 22)
    #expect(try parseModule(text) == Array(module.bytes.buffer))
  }

  @Test func longNamesUsedOften() throws {
    let count = 100_000
    let name = times("n", 250)
    let text = "(func $\(name) \(times("call 0 ", count)))"
    let bytes = try parseModule(text)
    let printed = try printModule(try decodeModule(ModuleBytes(bytes)))
    #expect(printed.utf8.count < 60 * bytes.count + 1 << 22)
    #expect(try parseModule(printed) == bytes)
  }
}
