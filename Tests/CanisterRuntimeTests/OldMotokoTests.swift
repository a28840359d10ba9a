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
}
