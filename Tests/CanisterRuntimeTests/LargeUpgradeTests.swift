// Upgrades of canisters with 64-bit memory, and with much in stable memory: what Motoko and Rust canisters do with them.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

@Suite struct LargeUpgradeTests {
  private static let imports = [
    "msg_reply_data_append", "msg_reply", "stable64_grow", "stable64_write", "stable64_read", "stable64_size",
  ]

  /// A canister with orthogonal persistence: `f` writes beyond 4 GiB, `get` gives the byte there and the stable version.
  private func persistent(version: Int, hook: String = "") -> Wat {
    Wat(
      Self.imports, memory: "(memory i64 1)", is64: true,
      """
      (@custom "icp:private enhanced-orthogonal-persistence" "")
      (data (i64.const 8) "\\0\(version)")
      (global $place i64 (i64.const 0x1_1000_0000))
      (func (export "canister_update f")
        (drop (memory.grow (i64.const 70000)))
        (i64.store (global.get $place) (i64.const 42)) (call $msg_reply))
      (func (export "canister_pre_upgrade") \(hook))
      (func (export "canister_query get")
        (call $msg_reply_data_append (global.get $place) (i64.const 1))
        (call $msg_reply_data_append (i64.const 8) (i64.const 1)) (call $msg_reply))
      """)
  }

  @Test func memoryBeyondFourGigabytesIsKept() throws {
    let fixture = try Fixture(persistent(version: 1, hook: "(unreachable)"))
    _ = try fixture.execute()
    let (runtime, id) = (fixture.runtime, fixture.id)
    #expect(try runtime.query(id, "get", []) == [42, 1])
    let next = persistent(version: 2).bytes
    let keep = UpgradeOptions(keepsHeap: true)
    #expect(throws: CanisterError.self) { try runtime.install(id, next, mode: .upgrade(keep)) }
    #expect(throws: CanisterError.self) {
      try runtime.install(id, next, mode: .upgrade(UpgradeOptions(skipsPreUpgrade: true)))
    }
    #expect(try runtime.query(id, "get", []) == [42, 1])
    // The data of the new module is that of an empty heap: what is kept stays as it was.
    try runtime.install(id, next, mode: .upgrade(UpgradeOptions(skipsPreUpgrade: true, keepsHeap: true)))
    #expect(try runtime.query(id, "get", []) == [42, 1])
    #expect(try runtime.state(of: id).heapBytes == 70_001 * 65_536)
    // Also in a state that was stored.
    let restored = try CanisterRuntime(state: runtime.state())
    #expect(try restored.query(id, "get", []) == [42, 1])
    try restored.install(id, next, mode: .upgrade(keep))
    #expect(try restored.query(id, "get", []) == [42, 1])
    try restored.install(id, next, mode: .upgrade(UpgradeOptions(keepsHeap: false)))
    #expect(try restored.state(of: id).heapBytes == 65_536)
    #expect(throws: CanisterReject.self) { try restored.query(id, "get", []) }
  }

  /// A canister that brings its whole heap through stable memory, as Rust and classical Motoko do.
  private func copying(pages: Int, is64: Bool) -> Wat {
    let index = is64 ? "i64" : "i32"
    let size = "(i64.const \(pages * 65_536))"
    return Wat(
      Self.imports, memory: "(memory \(is64 ? "i64 " : "")\(pages))", is64: is64,
      """
      (func (export "canister_update f")
        (memory.fill (\(index).const 0) (i32.const 7) (\(index).const \(pages * 65_536))) (call $msg_reply))
      (func (export "canister_pre_upgrade")
        (drop (call $stable64_grow (i64.sub (i64.const \(pages)) (call $stable64_size))))
        (call $stable64_write (i64.const 0) (i64.const 0) \(size)))
      (func (export "canister_post_upgrade") (call $stable64_read (i64.const 0) (i64.const 0) \(size)))
      (func (export "canister_query get")
        (call $msg_reply_data_append (\(index).const \(pages * 65_536 - 2)) (\(index).const 2)) (call $msg_reply))
      """)
  }

  @Test(arguments: [false, true]) func heapsGoThroughStableMemory(is64: Bool) throws {
    // 16 MiB, then 32.
    let fixture = try Fixture(copying(pages: 256, is64: is64))
    _ = try fixture.execute()
    let (runtime, id) = (fixture.runtime, fixture.id)
    for _ in 0..<2 { try runtime.install(id, copying(pages: 256, is64: is64).bytes, mode: .upgrade()) }
    #expect(try runtime.query(id, "get", []) == [7, 7])
    #expect(try runtime.state(of: id).stableBytes == 256 * 65_536)
    // Each byte is copied twice, and each page of both memories written once.
    let report = try #require(runtime.takeReports().last { $0.name == "install_code" })
    #expect(report.dirtyPages == 256 * 16)
    #expect(report.instructions > 2 * 256 * 65_536 + 256 * 16 * (is64 ? 5_000 : 2_000))
    // Out of stable memory nothing is lost.
    #expect(throws: CanisterError.self) {
      try runtime.install(id, copying(pages: 512, is64: is64).bytes, mode: .upgrade())
    }
    #expect(try runtime.query(id, "get", []) == [7, 7])
  }
}
