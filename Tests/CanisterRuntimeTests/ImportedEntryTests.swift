// Entry points and callbacks that are functions of the System API itself: a module may export what it imports, and have it
// in its table.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

@Suite struct ImportedEntryTests {
  private static let module = Wat(
    [
      "msg_reply", "accept_message", "canister_cycle_balance128", "call_new", "call_perform", "canister_self_copy",
      "msg_reply_data_append",
    ],
    """
    (table funcref (elem $canister_cycle_balance128 $canister_cycle_balance128))
    (data (i32.const 100) "q")
    (export "canister_update f" (func $msg_reply))
    (export "canister_query q" (func $msg_reply))
    (export "canister_composite_query c" (func $msg_reply))
    (export "canister_inspect_message" (func $accept_message))
    (export "canister_update refused" (func $accept_message))
    (func (export "canister_update ask")
      (call $canister_self_copy (i32.const 0) (i32.const 0) (i32.const 10))
      (call $call_new (i32.const 0) (i32.const 10) (i32.const 100) (i32.const 1)
        (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 64))
      (if (call $call_perform) (then (unreachable))))
    (func (export "canister_query balance")
      (call $msg_reply_data_append (i32.const 64) (i32.const 16)) (call $msg_reply))
    """)

  /// Only what the call itself costs is counted.
  @Test func methods() throws {
    let fixture = try Fixture(Self.module)
    let report = try fixture.execute()
    #expect(report.error == nil)
    #expect(report.instructions == SystemCall.msgReply.fixedCost)
    #expect(try fixture.runtime.call(fixture.id, "f", []) == [])
    for method in ["q", "c"] {
      #expect(try fixture.runtime.query(fixture.id, method, []) == [])
      let instructions = fixture.runtime.takeReports().last?.instructions
      #expect(instructions == SystemCall.msgReply.fixedCost)
    }
  }

  /// A trap has no frames of the canister's, and the limit counts as for other code.
  @Test func failures() throws {
    let fixture = try Fixture(Self.module)
    let error = failure { _ = try fixture.runtime.call(fixture.id, "refused", []) }
    #expect(error?.code == .canisterContractViolation)
    #expect(error?.message.contains("Backtrace") == false, "\(error?.message ?? "")")
    let overhead = SystemCall.msgReply.fixedCost
    for (limit, succeeds) in [(overhead, true), (overhead - 1, false)] {
      let fixture = try Fixture(Self.module) { $0.subnet.messageInstructions = limit }
      #expect(try (fixture.execute().error == nil) == succeeds)
    }
  }

  @Test func callbacks() throws {
    let fixture = try Fixture(Self.module)
    for _ in 0..<3 {
      let error = failure { _ = try fixture.runtime.call(fixture.id, "ask", []) }
      #expect(error?.code == .canisterDidNotReply)
      let callback = try #require(fixture.runtime.takeReports().first { $0.mode == .replyCallback })
      #expect(callback.error == nil)
      #expect(callback.instructions == SystemCall.canisterCycleBalance128.fixedCost + 1000)
    }
    let bytes = try fixture.runtime.query(fixture.id, "balance", [])
    let balance = bytes.reversed().reduce(Cycles(0)) { $0 << 8 | Cycles($1) }
    #expect(balance > 0)
  }

  @Test func start() throws {
    let error = failure { _ = try Fixture(Wat(["msg_reply"], "(start $msg_reply)")) }
    #expect(error?.code == .canisterContractViolation)
  }

  @Test func largestLimits() throws {
    let fixture = try Fixture(
      Self.module, { ($0.subnet.messageInstructions, $0.subnet.sliceInstructions) = (.max, .max) }, cycles: .max)
    #expect(try fixture.runtime.call(fixture.id, "f", []) == [])
  }
}
