// Composite queries that call canisters which wait for them: each query sees what is committed and keeps what it wrote, and
// the limits of the whole end it.

import Candid
import CanisterRuntime
import Cannery
import Foundation
import SystemAPI
import Testing

/// `down` gets a number and the canister's own id. It answers with what it found in the heap, in stable memory and in a
/// global; above 0 it writes its number there, asks itself for the number below, and appends what it finds then.
private let recursive = Wat(
  [
    "msg_arg_data_size", "msg_arg_data_copy", "msg_reply_data_append", "msg_reply", "call_new", "call_data_append",
    "call_perform", "stable64_grow", "stable64_write", "stable64_read",
  ],
  """
  (table funcref (elem $onReply $onReject))
  (global $g (mut i32) (i32.const 42))
  (data (i32.const 0) "\\2a") (data (i32.const 500) "down")
  (func (export "canister_init")
    (drop (call $stable64_grow (i64.const 1)))
    (call $stable64_write (i64.const 0) (i64.const 0) (i64.const 1)))
  (func $find
    (i32.store8 (i32.const 101) (i32.load8_u (i32.const 0)))
    (call $stable64_read (i64.const 102) (i64.const 0) (i64.const 1))
    (i32.store8 (i32.const 103) (global.get $g))
    (call $msg_reply_data_append (i32.const 101) (i32.const 3)))
  (func (export "canister_composite_query down")
    (call $msg_arg_data_copy (i32.const 200) (i32.const 0) (i32.const 11))
    (if (i32.eqz (i32.load8_u (i32.const 200))) (then (call $find) (call $msg_reply) (return)))
    (i32.store8 (i32.const 0) (i32.load8_u (i32.const 200)))
    (drop (memory.grow (i32.const 1)))
    (call $stable64_write (i64.const 0) (i64.const 0) (i64.const 1))
    (global.set $g (i32.load8_u (i32.const 200)))
    (i32.store8 (i32.const 200) (i32.sub (i32.load8_u (i32.const 200)) (i32.const 1)))
    (call $call_new (i32.const 201) (i32.const 10) (i32.const 500) (i32.const 4)
      (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0))
    (call $call_data_append (i32.const 200) (i32.const 11))
    (if (call $call_perform) (then (unreachable))))
  (func $onReply (param i32)
    (call $msg_arg_data_copy (i32.const 1000) (i32.const 0) (call $msg_arg_data_size))
    (call $msg_reply_data_append (i32.const 1000) (call $msg_arg_data_size))
    (call $find)
    (i32.store8 (i32.const 104) (memory.size))
    (call $msg_reply_data_append (i32.const 104) (i32.const 1))
    (call $msg_reply))
  (func $onReject (param i32) (call $msg_reply))
  (func (export "canister_update spin")
    (local $i i32)
    (i32.store8 (i32.const 0) (i32.const 99))
    (global.set $g (i32.const 99))
    (call $stable64_write (i64.const 0) (i64.const 0) (i64.const 1))
    (loop (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 60000))))
    (call $msg_reply))
  (func (export "canister_query nothing"))
  """)

@Suite struct CompositeQueryTests {
  private func fixture(_ configure: (inout SubnetConfiguration) -> Void = { _ in }) throws -> Fixture {
    try Fixture(recursive) { configure(&$0.subnet) }
  }

  private func ask(_ fixture: Fixture, _ depth: UInt8) throws -> [UInt8] {
    try fixture.runtime.query(fixture.id, "down", [depth] + fixture.id.bytes)
  }

  /// The last sees what is committed, the others what they wrote, and none of it is left.
  @Test func canistersThatWaitCanBeCalled() throws {
    let fixture = try fixture()
    for _ in 0..<2 {
      #expect(try ask(fixture, 3) == [42, 42, 42, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 2])
      #expect(try ask(fixture, 0) == [42, 42, 42])
    }
    #expect(try fixture.runtime.state(of: fixture.id).heapBytes == 1 << 16)
  }

  @Test func alsoWhileAnUpdateIsPaused() throws {
    let fixture = try fixture { ($0.sliceInstructions, $0.roundInstructions) = (100_000, 100_000) }
    let message = try fixture.runtime.submit(to: fixture.id, method: "spin", argument: [])
    fixture.runtime.executeRound()
    #expect(fixture.runtime.status(of: message) == .processing)
    #expect(try ask(fixture, 2) == [42, 42, 42, 1, 1, 1, 2, 2, 2, 2, 2])
    #expect(try fixture.runtime.answer(to: message) == [])
    #expect(try ask(fixture, 1) == [99, 99, 99, 1, 1, 1, 2])
  }

  /// Six calls inside each other are allowed. The seventh ends the query: no callback sees that.
  @Test func depth() throws {
    let fixture = try fixture()
    #expect(try ask(fixture, 6).count == 3 + 6 * 4)
    let error = failure { _ = try ask(fixture, 7) }
    #expect(error?.code == .queryCallGraphTooDeep)
    #expect(error?.message == "Composite query calls exceeded the maximum call depth.")
    #expect(try ask(fixture, 0) == [42, 42, 42])
  }

  @Test func instructions() throws {
    // Each call counts for 50 million.
    let fixture = try fixture { $0.queryInstructions = 200_000_000 }
    #expect(try ask(fixture, 3).count == 3 + 3 * 4)
    let error = failure { _ = try ask(fixture, 4) }
    #expect(error?.code == .queryCallGraphTotalInstructionLimitExceeded)
    #expect(error?.message == "Composite query calls exceeded the instruction limit.")
  }

  @Test func queriesWithoutAnswer() throws {
    let fixture = try fixture()
    let error = failure { _ = try fixture.runtime.query(fixture.id, "nothing", []) }
    #expect(error?.code == .canisterDidNotReply)
    #expect(error?.message == "Canister \(fixture.id) did not produce a response")
  }

  /// Each query counts, those that are called too, with the answer that it gave at once, whether it succeeded or not.
  @Test func statistics() throws {
    let fixture = try fixture()
    _ = try ask(fixture, 2)
    _ = try? fixture.runtime.query(fixture.id, "nothing", [1, 2])
    _ = try? fixture.runtime.query(fixture.id, "missing", [1, 2])
    let status = try fixture.runtime.manage("canister_status", "(record { canister_id = principal \"\(fixture.id)\" })")
    #expect(status["query_stats.num_calls_total"] == .nat(4))
    #expect(status["query_stats.request_payload_bytes_total"] == .nat(35))
    #expect(status["query_stats.response_payload_bytes_total"] == .nat(3))
  }

  /// The real time that a query takes with what it calls is limited too, though not that of one that calls nothing.
  @Test func time() throws {
    let fixture = try Fixture(recursive) { $0.queryTimeLimit = 0 }
    #expect(try ask(fixture, 0) == [42, 42, 42])
    let error = failure { _ = try ask(fixture, 1) }
    #expect(error?.code == .queryTimeLimitExceeded)
    #expect(error?.message == "Composite query call exceeded the time limit.")
  }

  /// Whatever a host sets, there is an end to the depth, and sums don't overflow.
  @Test func largestLimits() throws {
    let fixture = try fixture { ($0.compositeDepth, $0.compositeCallInstructions) = (.max, 0) }
    let answers = Answers()
    nonisolated(unsafe) let runtime = fixture.runtime
    let id = fixture.id
    let thread = Thread {
      for depth: UInt8 in [12, 13] {
        answers.add(failure { _ = try runtime.query(id, "down", [depth] + id.bytes) }?.code)
      }
    }
    thread.stackSize = 8 << 20
    thread.start()
    while answers.all.count < 2 { usleep(1000) }
    #expect(answers.all == [nil, .queryCallGraphTooDeep])
    let most = try self.fixture { $0.compositeCallInstructions = .max }
    #expect(failure { _ = try ask(most, 1) }?.code == .queryCallGraphTotalInstructionLimitExceeded)
  }

  private final class Answers: @unchecked Sendable {
    private let lock = NSLock()
    private var codes: [ErrorCode?] = []
    var all: [ErrorCode?] { lock.withLock { codes } }
    func add(_ code: ErrorCode?) { lock.withLock { codes.append(code) } }
  }

  /// A stored state with damaged code ends nothing but the query.
  @Test func damagedCode() throws {
    let module = Wat(
      ["msg_reply", "call_new", "call_perform", "canister_self_copy"],
      """
      (table funcref (elem $onReply))
      (data (i32.const 500) "q")
      (func (export "unused") (result i64) (i64.const 0x1122334455667788))
      (func (export "canister_query q") (call $msg_reply))
      (func (export "canister_composite_query c")
        (call $canister_self_copy (i32.const 100) (i32.const 0) (i32.const 10))
        (call $call_new (i32.const 100) (i32.const 10) (i32.const 500) (i32.const 1)
          (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
        (if (call $call_perform) (then (unreachable))))
      (func $onReply (param i32) (call $msg_reply))
      """)
    let fixture = try Fixture(module)
    #expect(try fixture.runtime.query(fixture.id, "c", []) == [])
    var state = Array(fixture.runtime.state().dropLast(32))
    let constant: [UInt8] = [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11]
    // In the artifact; the module has it in another encoding.
    let place = try #require(state.indices.last { state[$0...].starts(with: constant) })
    for index in place - 8..<place { state[index] = 0xFF }
    let sealed = state + state.withUnsafeBytes { SHA256.hash($0).bytes }
    let damaged = try CanisterRuntime(state: sealed)
    #expect(try damaged.query(fixture.id, "q", []) == [])
    // The call is rejected, which the callback answers as well.
    _ = damaged.takeReports()
    #expect(try damaged.query(fixture.id, "c", []) == [])
    #expect(damaged.takeReports().map(\.mode) == [.compositeQuery, .compositeRejectCallback])
    #expect(try damaged.query(fixture.id, "q", []) == [])
  }
}
