// Modules of canisters: how long they are kept, when they are compiled, and their methods' names.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

@Suite struct ModuleTests {
  private static func module(_ number: Int) -> [UInt8] {
    Wat(["msg_reply"], "(func (export \"canister_update f\") (drop (i32.const \(number))) (call $msg_reply))").bytes
  }

  /// A module that is installed no more is forgotten, but for the last few.
  @Test func modulesAreForgotten() throws {
    let runtime = CanisterRuntime()
    let id = try runtime.createCanister(cycles: 1 << 80)
    weak var first: InstalledModule?
    try runtime.install(id, Self.module(0))
    first = try runtime.module(of: id)
    for number in 1..<40 { try runtime.install(id, Self.module(number), mode: .reinstall) }
    #expect(first == nil)
    // What somebody has stays, and is not compiled again.
    let snapshot = try runtime.takeSnapshot(of: id)
    let kept = try runtime.module(of: id)
    for number in 0..<40 { try runtime.install(id, Self.module(number), mode: .reinstall) }
    #expect(try runtime.prepare(Self.module(39)) === runtime.module(of: id))
    try runtime.loadSnapshot(snapshot.id, onto: id)
    #expect(try runtime.module(of: id) === kept)
    let restored = try CanisterRuntime(state: runtime.state())
    #expect(try restored.call(id, "f", []) == [])
  }

  /// Whoever can't pay doesn't have a module compiled.
  @Test func nothingIsCompiledForNothing() throws {
    let runtime = CanisterRuntime()
    let id = try runtime.createCanister(cycles: 200_000_000_000)
    for number in 0..<5 {
      #expect(failure { try runtime.install(id, Self.module(number)) }?.code == .canisterOutOfCycles)
    }
    #expect(runtime.moduleCount == 0)
    // The price is that of the module's memory all the same: 300 G instructions, with 64 bits for twice the cycles.
    try runtime.topUp(id, 200_000_000_000)
    let large = Wat(["msg_reply"], memory: "(memory i64 1)", is64: true, "").bytes
    #expect(failure { try runtime.install(id, large) }?.code == .canisterOutOfCycles)
    try runtime.install(id, Self.module(0))
    #expect(runtime.moduleCount == 1)
  }

  /// Names are what their bytes are, though Swift takes some for the same.
  @Test func methodsByTheirBytes() throws {
    let module = Wat(
      ["msg_reply", "msg_reply_data_append"],
      """
      (data (i32.const 0) "AB")
      (func (export "canister_update \\c3\\a9")
        (call $msg_reply_data_append (i32.const 0) (i32.const 1)) (call $msg_reply))
      (func (export "canister_query e\\cc\\81")
        (call $msg_reply_data_append (i32.const 1) (i32.const 1)) (call $msg_reply))
      """)
    let runtime = CanisterRuntime()
    let id = try runtime.createCanister(cycles: 1 << 80)
    try runtime.install(id, module.bytes)
    let (update, query) = ("\u{E9}", "e\u{301}")
    #expect(update == query)
    #expect(try runtime.call(id, update, []) == Array("A".utf8))
    #expect(try runtime.query(id, query, []) == Array("B".utf8))
    #expect(failure { _ = try runtime.query(id, update, []) }?.code == .canisterMethodNotFound)
    #expect(try runtime.module(of: id)?.allMethods.count == 2)
  }

  /// Reports that nobody asks for cost little to keep, and neither does their text.
  @Test func reports() throws {
    let text = String(repeating: "x", count: 30_000)
    let module = Wat(
      ["msg_reply", "trap"], memory: "(memory 1)",
      """
      (data (i32.const 0) "\(text)")
      (func (export "canister_query f") (call $msg_reply))
      (func (export "canister_query fail") (call $trap (i32.const 0) (i32.const 30000)))
      """)
    let runtime = CanisterRuntime()
    let id = try runtime.createCanister(cycles: 1 << 80)
    try runtime.install(id, module.bytes)
    _ = try? runtime.query(id, "fail", [])
    let error = try #require(runtime.takeReports().last?.error)
    #expect(error.message.utf8.count <= CanisterReject.messageLimit)
    for _ in 0..<25_000 { _ = try runtime.query(id, "f", []) }
    #expect((10_000...20_000).contains(runtime.takeReports().count))
    #expect(runtime.takeReports().isEmpty)
  }
}
