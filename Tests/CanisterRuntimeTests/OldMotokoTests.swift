// Code of Motoko compilers up to 0.6.20 keeps 16 pages of its heap's end free.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

@Suite struct OldMotokoTests {
  /// A canister that grows by the pages that it is told.
  private func fixture(helper: String, section: String = "", memory: String = "(memory 65500)") throws -> Fixture {
    try Fixture(
      Wat(
        ["msg_arg_data_copy", "msg_reply"], memory: memory,
        """
        \(section)
        (func (export "\(helper)"))
        (func (export "canister_update f")
          (call $msg_arg_data_copy (i32.const 0) (i32.const 0) (i32.const 1))
          (drop (memory.grow (i32.load8_u (i32.const 0))))
          (call $msg_reply))
        (func (export "canister_query q")
          (call $msg_arg_data_copy (i32.const 0) (i32.const 0) (i32.const 1))
          (drop (memory.grow (i32.load8_u (i32.const 0))))
          (call $msg_reply))
        """))
  }

  @Test func reservedPages() throws {
    let fixture = try fixture(helper: "canister_update __motoko_async_helper")
    #expect(try fixture.runtime.call(fixture.id, "f", [20]) == [])
    #expect(try fixture.runtime.state(of: fixture.id).heapBytes == 65520 << 16)
    let error = failure { _ = try fixture.runtime.call(fixture.id, "f", [1]) }
    #expect(error?.code == .canisterOutOfMemory)
    #expect(error?.message == "Error from Canister \(fixture.id): Canister ran out of available Wasm memory.")
    #expect(failure { _ = try fixture.runtime.query(fixture.id, "q", [16]) }?.code == .canisterOutOfMemory)
    #expect(try fixture.runtime.state(of: fixture.id).heapBytes == 65520 << 16)
    #expect(try fixture.runtime.call(fixture.id, "f", [0]) == [])
  }

  @Test func others() throws {
    let section = "(@custom \"icp:private motoko:compiler\" \"0.7.0\")"
    for fixture in [
      try fixture(helper: "canister_update other"),
      try fixture(helper: "canister_update __motoko_async_helper", section: section),
    ] {
      #expect(try fixture.runtime.call(fixture.id, "f", [36]) == [])
      #expect(try fixture.runtime.state(of: fixture.id).heapBytes == 1 << 32)
    }
  }

  /// A callback of a composite query that fails so leaves nothing to its cleanup and to later callbacks.
  @Test func compositeCallbacks() throws {
    let fixture = try Fixture(
      Wat(
        [
          "msg_reply", "msg_reply_data_append", "call_new", "call_perform", "call_on_cleanup", "canister_self_copy",
        ], memory: "(memory 65500)",
        """
        (table funcref (elem $onReply $onReject $cleanup $second))
        (data (i32.const 500) "q")
        (func (export "canister_update __motoko_async_helper"))
        (func (export "canister_query q") (call $msg_reply))
        (func $call (param i32)
          (call $canister_self_copy (i32.const 100) (i32.const 0) (i32.const 10))
          (call $call_new (i32.const 100) (i32.const 10) (i32.const 500) (i32.const 1)
            (local.get 0) (i32.const 0) (i32.const 1) (i32.const 0))
          (call $call_on_cleanup (i32.const 2) (i32.const 0))
          (if (call $call_perform) (then (unreachable))))
        (func (export "canister_composite_query c") (call $call (i32.const 0)) (call $call (i32.const 3)))
        (func $onReply (param i32)
          (i32.store8 (i32.const 0) (i32.const 7))
          (drop (memory.grow (i32.const 30))))
        (func $onReject (param i32))
        (func $cleanup (param i32) (i32.store (i32.const 4) (memory.size)))
        (func $second (param i32)
          (call $msg_reply_data_append (i32.const 0) (i32.const 8)) (call $msg_reply))
        """))
    // Nothing of the callback, and what the cleanup saw: 65500 pages.
    #expect(try fixture.runtime.query(fixture.id, "c", []) == [0, 0, 0, 0, 0xDC, 0xFF, 0, 0])
  }
}
