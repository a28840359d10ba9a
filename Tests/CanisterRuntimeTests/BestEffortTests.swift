// Best-effort calls: deadlines, late and early responses, and the memory that their messages take.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

@Suite struct BestEffortTests {
  /// Calls `late` of the canister in the argument, with so many seconds as the method says, and answers with the reply or
  /// with the reject code.
  private static let caller = Wat(
    [
      "msg_arg_data_size", "msg_arg_data_copy", "msg_reply_data_append", "msg_reply", "call_new", "call_perform",
      "call_with_best_effort_response", "msg_reject_code", "call_cycles_add128", "call_data_append",
      "msg_cycles_refunded128",
    ],
    memory: "(memory 20)",
    """
    (table funcref (elem $onReply $onReject))
    (data (i32.const 0) "late")
    (func $call (param $seconds i32) (param $bytes i32)
      (call $msg_arg_data_copy (i32.const 100) (i32.const 0) (call $msg_arg_data_size))
      (call $call_new (i32.const 100) (call $msg_arg_data_size) (i32.const 0) (i32.const 4)
        (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0))
      (call $call_data_append (i32.const 4096) (local.get $bytes))
      (call $call_cycles_add128 (i64.const 0) (i64.const 1000))
      (call $call_with_best_effort_response (local.get $seconds))
      (if (call $call_perform) (then (unreachable))))
    (func (export "canister_update call") (call $call (i32.const 10) (i32.const 0)))
    (func (export "canister_update large") (call $call (i32.const 10) (i32.const 2000)))
    (func (export "canister_update busy")
      (local $i i32)
      (loop (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 150000))))
      (call $msg_reply))
    (func $onReply (param i32)
      (call $msg_arg_data_copy (i32.const 200) (i32.const 0) (i32.const 1))
      (call $msg_reply_data_append (i32.const 200) (i32.const 1)) (call $msg_reply))
    (func $onReject (param i32)
      (i32.store8 (i32.const 200) (i32.add (i32.const 100) (call $msg_reject_code)))
      (call $msg_cycles_refunded128 (i32.const 201))
      (call $msg_reply_data_append (i32.const 200) (i32.const 2)) (call $msg_reply))
    """)
  private static let callee = Wat(
    ["msg_reply", "msg_reply_data_append"], memory: "(memory 20)",
    """
    (func (export "canister_update late")
      (local $i i32)
      (loop (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 30000))))
      (i32.store8 (i32.const 0) (i32.const 7))
      (call $msg_reply_data_append (i32.const 0) (i32.const 2000)) (call $msg_reply))
    (func (export "canister_query get") (call $msg_reply_data_append (i32.const 0) (i32.const 1)) (call $msg_reply))
    """)

  private let runtime: CanisterRuntime
  private let caller: Principal
  private let callee: Principal

  init() throws {
    var configuration = RuntimeConfiguration()
    // Each slice of the callee takes a round.
    configuration.subnet.sliceInstructions = 120_000
    configuration.subnet.installSliceInstructions = 1 << 40
    configuration.subnet.bestEffortMemory = 1_500
    runtime = CanisterRuntime(configuration)
    caller = try runtime.createCanister()
    callee = try runtime.createCanister()
    try runtime.install(caller, Self.caller.bytes)
    try runtime.install(callee, Self.callee.bytes)
  }

  private func submit(_ method: String = "call") throws -> IngressID {
    try runtime.submit(to: caller, method: method, argument: callee.bytes)
  }

  private func reply(_ id: IngressID) -> [UInt8]? {
    if case .replied(let bytes) = runtime.status(of: id) { bytes } else { nil }
  }

  /// Whoever answers in time is heard, and who doesn't isn't, though what it did stays.
  @Test func deadlines() throws {
    let first = try submit()
    #expect(runtime.executeUntilIdle())
    #expect(reply(first) == [7])
    let second = try submit()
    runtime.executeRound()
    runtime.advanceTime(by: 11_000_000_000)
    #expect(runtime.executeUntilIdle())
    // SYS_UNKNOWN, and no refund.
    #expect(reply(second) == [106, 0])
    #expect(try runtime.state(of: caller).messageMemory == 0)
    #expect(try runtime.state(of: callee).messageMemory == 0)
  }

  /// Messages are memory of the canister in whose queue they are.
  @Test func memoryOfMessages() throws {
    try runtime.stop(callee)
    try runtime.start(callee)
    // The callee is busy, so that the request waits.
    let busy = try runtime.submit(to: callee, method: "late", argument: [])
    runtime.executeRound()
    #expect(runtime.status(of: busy) == .processing)
    let id = try submit()
    runtime.executeRound()
    #expect(try runtime.state(of: callee).messageMemory == 4)
    let restored = try CanisterRuntime(state: runtime.state(), runtime.configuration)
    #expect(try restored.state(of: callee).messageMemory == 4)
    #expect(runtime.executeUntilIdle())
    #expect(restored.executeUntilIdle())
    #expect(reply(id) == [7])
    #expect(restored.status(of: id) == runtime.status(of: id))
    for each in [runtime, restored] { #expect(try each.state(of: callee).messageMemory == 0) }
  }

  /// Where they take more than they may, requests are dropped and end by their deadline.
  @Test func requestsAreShed() throws {
    _ = try runtime.submit(to: callee, method: "late", argument: [])
    runtime.executeRound()
    let (large, small) = (try submit("large"), try submit())
    runtime.executeRound()
    #expect(try runtime.state(of: callee).messageMemory == 4)
    #expect(runtime.executeUntilIdle())
    #expect(reply(small) == [7])
    #expect(reply(large) == nil)
    runtime.advanceTime(by: 11_000_000_000)
    runtime.executeRound()
    #expect(reply(large) == [106, 0])
  }

  /// Of a response that is dropped the caller hears at once; a response that waits at the deadline was in time.
  @Test(arguments: [1_500, 10_000]) func waitingResponses(memory: UInt64) throws {
    var configuration = runtime.configuration
    configuration.subnet.bestEffortMemory = memory
    let runtime = try CanisterRuntime(state: runtime.state(), configuration)
    let id = try runtime.submit(to: caller, method: "call", argument: callee.bytes)
    runtime.executeRound()
    let busy = try runtime.submit(to: caller, method: "busy", argument: [])
    while try runtime.query(callee, "get", []) == [0] { runtime.executeRound() }
    #expect(runtime.status(of: busy) == .processing)
    #expect(try runtime.state(of: caller).messageMemory == (memory == 1_500 ? 22 : 2_000))
    runtime.advanceTime(by: 11_000_000_000)
    runtime.executeRound()
    runtime.executeRound()
    #expect(runtime.executeUntilIdle())
    #expect(runtime.status(of: id) == .replied(memory == 1_500 ? [106, 0] : [7]))
  }
}
