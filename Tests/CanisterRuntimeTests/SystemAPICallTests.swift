// The calls that make calls.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

@Suite struct SystemAPICallTests {
  /// The modes in which calls can be made.
  static let calling: [ExecutionMode] = [
    .update, .compositeQuery, .replyCallback, .rejectCallback, .compositeReplyCallback, .compositeRejectCallback,
    .systemTask,
  ]
  private let callee = Principal(canister: 42)
  /// A call of the method "method" of the callee.
  private let new = Step(.callNew, 0, 10, 100, 6, 1, 2, 3, 4)
  private let perform = Step(.callPerform)

  private func stage(is64: Bool = false, _ configure: (inout SubnetConfiguration) -> Void = { _ in }) throws -> Stage {
    let stage = try Stage(is64: is64, configure)
    stage.put(callee.bytes, at: 0)
    stage.put("method", at: 100)
    return stage
  }

  private func expectViolation(_ outcome: Outcome, _ text: String, line: Int = #line) {
    #expect(outcome.code == .canisterContractViolation, "line \(line)")
    #expect(outcome.text?.contains(text) == true, "line \(line): \(outcome.text ?? "")")
  }

  @Test(arguments: calling, [false, true]) func calls(mode: ExecutionMode, is64: Bool) throws {
    let stage = try stage(is64: is64)
    let outcome = try stage.run(
      mode,
      [
        new, Step(.callDataAppend, 100, 2), Step(.callOnCleanup, 5, 6), Step(.callDataAppend, 104, 2), perform,
        // The second one is without extras, with callbacks as large as addresses are.
        Step(.callNew, 0, 10, 0, 0, .max, .max, .max, .max), perform,
      ])
    #expect(outcome.error == nil)
    #expect(outcome.results[4] == 0 && outcome.results[6] == 0)
    let calls = outcome.result.effects.calls
    guard calls.count == 2 else {
      Issue.record("\(calls.count) calls")
      return
    }
    #expect(calls[0].callee == callee && calls[0].method == "method" && calls[0].argument == Array("meod".utf8))
    #expect(calls[0].onReply == Callback(function: 1, environment: 2))
    #expect(calls[0].onReject == Callback(function: 3, environment: 4))
    #expect(calls[0].onCleanup == Callback(function: 5, environment: 6))
    #expect(calls[0].cycles == 0 && calls[0].timeout == nil)
    let most: UInt64 = is64 ? .max : UInt64(UInt32.max)
    #expect(calls[1].method.isEmpty && calls[1].argument.isEmpty && calls[1].onCleanup == nil)
    #expect(calls[1].onReply == Callback(function: most, environment: most))
  }

  /// A call that isn't performed is dropped, by the next one or by the end.
  @Test(arguments: calling) func droppedCalls(mode: ExecutionMode) throws {
    let stage = try stage()
    let appended = [
      new, Step(.callDataAppend, 100, 6), Step(.callOnCleanup, 5, 6), Step(.callWithBestEffortResponse, 5),
    ]
    #expect(try stage.run(mode, appended).result.effects.calls.isEmpty)
    let calls = try stage.run(mode, appended + [new, perform]).result.effects.calls
    #expect(calls.count == 1)
    #expect(calls.first?.argument == [] && calls.first?.onCleanup == nil && calls.first?.timeout == nil)
  }

  @Test(arguments: calling, [false, true]) func noCall(mode: ExecutionMode, is64: Bool) throws {
    let stage = try stage(is64: is64)
    for step in [
      Step(.callDataAppend, 0, 0), Step(.callOnCleanup, 0, 0), Step(.callWithBestEffortResponse, 1), perform,
    ] {
      expectViolation(try stage.run(mode, [step]), "no call is under construction")
      expectViolation(try stage.run(mode, [new, perform, step]), "no call is under construction")
    }
  }

  @Test(arguments: calling, [false, true]) func once(mode: ExecutionMode, is64: Bool) throws {
    let stage = try stage(is64: is64)
    let cleanup = Step(.callOnCleanup, 0, 0)
    expectViolation(try stage.run(mode, [new, cleanup, cleanup]), "ic0.call_on_cleanup can be called at most once")
    let timeout = Step(.callWithBestEffortResponse, 7)
    expectViolation(try stage.run(mode, [new, timeout, timeout]), "ic0_call_with_best_effort_response")
    // Another call has its own.
    #expect(try stage.run(mode, [new, cleanup, timeout, new, cleanup, timeout]).error == nil)
  }

  @Test(
    arguments: [(0, 0), (1, 1), (299, 299), (300, 300), (301, 300), (UInt64(UInt32.max), 300)] as [(UInt64, UInt64)])
  func timeouts(seconds: UInt64, expected: UInt64) throws {
    let calls = try stage().run(.update, [new, Step(.callWithBestEffortResponse, seconds), perform]).result.effects
      .calls
    #expect(calls.map(\.timeout) == [expected])
  }

  // MARK: Limits

  @Test(arguments: [false, true]) func names(is64: Bool) throws {
    let stage = try stage(is64: is64)
    func name(_ size: UInt64, at address: UInt64 = 100) -> Step { Step(.callNew, 0, 10, address, size, 0, 0, 0, 0) }
    #expect(try stage.run(.update, [name(20_000), perform]).result.effects.calls.first?.method.utf8.count == 20_000)
    expectViolation(try stage.run(.update, [name(20_001)]), "20001")
    // The length is looked at first, and the name before the callee.
    expectViolation(try stage.run(.update, [name(20_001, at: Script.heapSize)]), "20001")
    let both = Step(.callNew, Script.heapSize, 30, Script.heapSize - 5, 6, 0, 0, 0, 0)
    expectViolation(try stage.run(.update, [both]), "src=\(Script.heapSize - 5) + length=6")
    // What isn't text is replaced.
    stage.put([0x61, 0xFF, 0x62], at: 100)
    #expect(try stage.run(.update, [name(3), perform]).result.effects.calls.first?.method == "a\u{FFFD}b")
  }

  @Test(arguments: [false, true]) func callees(is64: Bool) throws {
    let stage = try stage(is64: is64)
    func call(_ size: UInt64) -> [Step] { [Step(.callNew, 0, size, 100, 6, 0, 0, 0, 0), perform] }
    #expect(try stage.run(.update, call(0)).result.effects.calls.first?.callee == .managementCanister)
    #expect(try stage.run(.update, call(29)).result.effects.calls.first?.callee.count == 29)
    for size: UInt64 in [30, 1_000] {
      let outcome = try stage.run(.update, call(size))
      #expect(outcome.code == .canisterContractViolation)
      #expect(outcome.text == "Canister provided invalid principal id")
    }
  }

  /// Name and argument together are at most 10 MiB.
  @Test(arguments: [ExecutionMode.update, .compositeQuery], [false, true]) func payloads(
    mode: ExecutionMode, is64: Bool
  ) throws {
    let stage = try stage(is64: is64)
    let part = Script.heapSize
    let rest: UInt64 = 10 * 1_048_576 - 2 * part - 6
    let fill = [new, Step(.callDataAppend, 0, part), Step(.callDataAppend, 0, part), Step(.callDataAppend, 0, rest)]
    let calls = try stage.run(mode, fill + [Step(.callDataAppend, 0, 0), perform]).result.effects.calls
    #expect(calls.first?.argument.count == 10 * 1_048_576 - 6)
    expectViolation(try stage.run(mode, fill + [Step(.callDataAppend, 0, 1)]), "cannot be larger than 10485760")
    // The size is looked at before the range.
    expectViolation(
      try stage.run(mode, fill + [Step(.callDataAppend, Script.heapSize, 1)]), "cannot be larger than 10485760")
  }

  // MARK: Calls that aren't made

  /// What the largest response and the largest callback cost, and the call itself.
  private func price(is64: Bool, bytes: Cycles = 6) -> Cycles {
    260_000 + 1_000 * bytes + 2_097_152_000 + 5_000_000 + (is64 ? 80_000_000_000 : 40_000_000_000)
  }
  /// The storage of 4 MiB for 30 days, and that of a response.
  private let heap: Cycles = 1_285_875_000
  private let response: Cycles = 642_937_500

  @Test(arguments: [ExecutionMode.update, .replyCallback, .rejectCallback, .systemTask], [false, true])
  func prices(mode: ExecutionMode, is64: Bool) throws {
    let stage = try stage(is64: is64)
    let needed = price(is64: is64) + heap + response
    stage.state.balance = needed
    var outcome = try stage.run(mode, [new, perform])
    #expect(outcome.results.last == 0)
    #expect(stage.state.balance == heap + response)
    #expect(stage.state.messageMemory == 2 << 20)
    #expect(outcome.result.effects.calls.first?.responsePrepayment == 2_097_152_000)
    #expect(outcome.result.effects.calls.first?.callbackPrepayment == price(is64: is64) - 2_097_152_000 - 266_000)
    // One less is too few. The cycles of the call are back at once.
    stage.state.messageMemory = 0
    stage.state.balance = needed - 1
    outcome = try stage.run(mode, [new, Step(.callCyclesAdd128, 0, 1), perform, Step(.canisterCycleBalance128, 0)])
    #expect(outcome.results[2] == 2)
    #expect(outcome.result.effects.calls.isEmpty)
    #expect(stage.amount(0) == needed - 1)
    #expect(stage.state.balance == needed - 1 && stage.state.messageMemory == 0)
    // There is no call any more.
    expectViolation(try stage.run(mode, [new, perform, perform]), "no call is under construction")
    // A best-effort response keeps no memory.
    stage.state.balance = needed - response
    outcome = try stage.run(mode, [new, Step(.callWithBestEffortResponse, 1), perform])
    #expect(outcome.results.last == 0 && stage.state.balance == heap)
    // What the call carries is gone before.
    stage.state.balance = needed
    outcome = try stage.run(mode, [new, Step(.callCyclesAdd128, 0, 1), perform])
    #expect(outcome.results.last == 2 && stage.state.balance == needed)
    // Each byte costs.
    stage.state.balance = needed + 999
    outcome = try stage.run(mode, [new, Step(.callDataAppend, 0, 1), perform])
    #expect(outcome.results.last == 2)
    stage.state.balance = needed + 1_000
    outcome = try stage.run(mode, [new, Step(.callDataAppend, 0, 1), perform])
    #expect(outcome.results.last == 0)
  }

  @Test(arguments: [false, true]) func fullQueues(isBestEffort: Bool) throws {
    let stage = try stage()
    let call = isBestEffort ? [new, Step(.callWithBestEffortResponse, 1), perform] : [new, perform]
    let other = [Step(.callNew, 0, 0, 100, 6, 0, 0, 0, 0), perform]
    // Each callee has its queue.
    stage.capacity.outgoing = [callee: 499]
    var outcome = try stage.run(.update, call + call + other)
    #expect([outcome.results[call.count - 1], outcome.results[2 * call.count - 1], outcome.results.last] == [0, 2, 0])
    stage.capacity.outgoing = [.managementCanister: 500]
    outcome = try stage.run(.update, call + other)
    #expect([outcome.results[call.count - 1], outcome.results.last] == [0, 2])
    // Room for callbacks.
    stage.capacity = SubnetCapacity(callbacks: 1, responseMemory: 1 << 30, memory: 0, memoryUse: 0)
    outcome = try stage.run(.update, call + call)
    #expect([outcome.results[call.count - 1], outcome.results.last] == [0, 2])
    // Room for guaranteed responses.
    stage.capacity = SubnetCapacity(callbacks: 50, responseMemory: 4 * 1_048_576 - 1, memory: 0, memoryUse: 0)
    outcome = try stage.run(.update, call + call)
    #expect([outcome.results[call.count - 1], outcome.results.last] == [0, isBestEffort ? 0 : 2])
    // A request that is larger than the largest response needs room for itself.
    stage.capacity = SubnetCapacity(callbacks: 50, responseMemory: 3 << 20, memory: 0, memoryUse: 0)
    let large = [call[0]] + [Step](repeating: Step(.callDataAppend, 0, 1 << 20), count: 4) + call.dropFirst()
    outcome = try stage.run(.update, large)
    #expect(outcome.results.last == (isBestEffort ? 0 : 2))
    #expect(outcome.error == nil)
  }

  /// Composite queries don't pay, but have their places in queues and their callbacks.
  @Test(arguments: [ExecutionMode.compositeQuery, .compositeReplyCallback, .compositeRejectCallback])
  func queries(mode: ExecutionMode) throws {
    let stage = try stage()
    stage.state.balance = 0
    for (queued, callbacks, results) in [(499, 2, [0, 2]), (500, 2, [2, 2]), (0, 1, [0, 2]), (0, 0, [2, 2])] {
      stage.capacity = SubnetCapacity(
        outgoing: [callee: queued], callbacks: callbacks, responseMemory: 0, memory: 0, memoryUse: 0)
      let outcome = try stage.run(mode, [new, perform, new, perform])
      #expect([outcome.results[1], outcome.results[3]] == results.map(UInt64.init), "\(queued) \(callbacks)")
      #expect(outcome.result.effects.calls.count == results.count { $0 == 0 })
      #expect(stage.state.balance == 0)
    }
  }

  /// But what waits to be evaluated takes memory.
  @Test(arguments: [ExecutionMode.compositeQuery, .compositeReplyCallback, .compositeRejectCallback])
  func payloadOfQueries(mode: ExecutionMode) throws {
    let stage = try stage()
    let append = Step(.callDataAppend, 0, 1_000)
    stage.capacity.queryPayload = 3_600
    let steps = [new, append, perform, new, append, perform, new, append, perform, new, perform]
    let outcome = try stage.run(mode, steps)
    #expect([2, 5, 8, 10].map { outcome.results[$0] } == [0, 0, 2, 0])
    #expect(outcome.result.effects.calls.map(\.argument.count) == [1_000, 1_000, 0])
  }

  /// A composite query that makes calls with as much as it can: there is a limit, and evaluated calls make room again.
  @Test func largeQueries() throws {
    let module = Wat(
      ["msg_reply", "msg_reply_data_append", "call_new", "call_perform", "canister_self_copy"],
      memory: "(memory 20)",
      """
      (table funcref (elem $answer))
      (func $fill
        (call $canister_self_copy (i32.const 0) (i32.const 0) (i32.const 10))
        (loop $next
          (call $call_new (i32.const 0) (i32.const 10) (i32.const 100) (i32.const 20000) (i32.const 0) (i32.const 0)
            (i32.const 0) (i32.const 0))
          (if (i32.eqz (call $call_perform))
            (then (i32.store (i32.const 16) (i32.add (i32.load (i32.const 16)) (i32.const 1))) (br $next)))))
      (func (export "canister_composite_query f") (call $fill))
      (func $answer (param i32)
        (call $fill) (call $msg_reply_data_append (i32.const 16) (i32.const 4)) (call $msg_reply))
      """)
    // The first call was evaluated, so there was room for one more.
    for (capacity, expected) in [(10_000, SubnetCapacity.queryPayloadLimit / 20_500 + 1), (500, 501)] {
      let fixture = try Fixture(module) { $0.subnet.queueCapacity = capacity }
      let reply = try fixture.runtime.query(fixture.id, "f", [])
      #expect(reply.reversed().reduce(0) { $0 << 8 | Int($1) } == expected)
    }
    let fixture = try Fixture(module) { ($0.subnet.guaranteedCallbacks, $0.subnet.callbackPool) = (20, 30) }
    let reply = try fixture.runtime.query(fixture.id, "f", [])
    #expect(reply.reversed().reduce(0) { $0 << 8 | Int($1) } == 51)
  }

  /// The quota for callbacks in a runtime: 50 for each canister, beyond them the subnet's.
  @Test(arguments: [(false, 0), (true, 0), (false, 10), (true, 10)]) func quotas(isBestEffort: Bool, pool: Int) throws {
    let timeout = isBestEffort ? "(call $call_with_best_effort_response (i32.const 5))" : ""
    let module = Wat(
      ["call_new", "call_perform", "call_with_best_effort_response", "msg_reply_data_append", "msg_reply"],
      update(
        """
        (loop $next
          (call $call_new (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
            (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
          \(timeout)
          (if (i32.eqz (call $call_perform))
            (then (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1))) (br $next))))
        (call $msg_reply_data_append (i32.const 8) (i32.const 4)) (call $msg_reply)
        """))
    let fixture = try Fixture(module) { $0.subnet.callbackPool = pool }
    #expect(try fixture.runtime.call(fixture.id, "f", []) == [UInt8(50 + pool), 0, 0, 0])
  }
}
