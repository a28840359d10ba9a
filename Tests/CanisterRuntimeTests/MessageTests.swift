// Messages: answers and rejects, calls between canisters, callbacks and cleanup, queries, tasks, and what is undone.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

/// A counter that is kept in memory, and calls others.
let scripted = Wat(
  [
    "msg_arg_data_size", "msg_arg_data_copy", "msg_reply_data_append", "msg_reply", "msg_reject", "msg_caller_size",
    "msg_caller_copy", "call_new", "call_data_append", "call_perform", "call_on_cleanup", "call_cycles_add128", "trap",
    "msg_reject_code", "msg_reject_msg_size", "msg_reject_msg_copy", "msg_cycles_accept128", "msg_cycles_refunded128",
    "global_timer_set", "time", "accept_message", "stable64_grow", "stable64_write", "stable64_read",
    "certified_data_set", "canister_cycle_balance128", "call_with_best_effort_response",
  ],
  memory: "(memory 2)",
  """
  (table funcref (elem $onReply $onReject $trapping $cleanup))
  (data (i32.const 1000) "inc")
  (func $reply (param i32 i32)
    (call $msg_reply_data_append (local.get 0) (local.get 1)) (call $msg_reply))
  (func $increment
    (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))))
  (func (export "canister_update inc") (call $increment) (call $reply (i32.const 0) (i32.const 4)))
  (func (export "canister_query get") (call $reply (i32.const 0) (i32.const 4)))
  (func (export "canister_query inc_query") (call $increment) (call $reply (i32.const 0) (i32.const 4)))
  (func (export "canister_update inc_and_trap") (call $increment) (unreachable))
  (func (export "canister_update say_trap") (call $trap (i32.const 1000) (i32.const 3)))
  (func (export "canister_update refuse") (call $msg_reject (i32.const 1000) (i32.const 3)))
  (func (export "canister_update silent"))
  ;; Writes first, and then takes a while.
  (func (export "canister_update spin")
    (local $i i32)
    (call $increment)
    (drop (call $stable64_grow (i64.const 1)))
    (call $stable64_write (i64.const 0) (i64.const 0) (i64.const 4))
    (loop (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 30000))))
    (call $reply (i32.const 0) (i32.const 4)))
  (func (export "canister_query get_stable")
    (call $stable64_read (i64.const 2000) (i64.const 0) (i64.const 4)) (call $reply (i32.const 2000) (i32.const 4)))
  (func (export "canister_update endless") (loop (br 0)))
  (func (export "canister_update echo")
    (call $msg_arg_data_copy (i32.const 2000) (i32.const 0) (call $msg_arg_data_size))
    (call $reply (i32.const 2000) (call $msg_arg_data_size)))
  (func (export "canister_update caller")
    (call $msg_caller_copy (i32.const 2000) (i32.const 0) (call $msg_caller_size))
    (call $reply (i32.const 2000) (call $msg_caller_size)))

  ;; Calls the method whose name is the argument after 11 bytes, of the canister whose id is in bytes 1 to 10, with the
  ;; callbacks that byte 0 names: 0 as they should be, 1 trapping.
  (func $forward (param $cycles i64)
    (local $size i32) (local $reply i32)
    (local.set $size (call $msg_arg_data_size))
    (call $msg_arg_data_copy (i32.const 2000) (i32.const 0) (local.get $size))
    (local.set $reply (select (i32.const 2) (i32.const 0) (i32.load8_u (i32.const 2000))))
    (call $call_new (i32.const 2001) (i32.const 10) (i32.const 2011) (i32.sub (local.get $size) (i32.const 11))
      (local.get $reply) (i32.const 7) (i32.const 1) (i32.const 8))
    (call $call_on_cleanup (i32.const 3) (i32.const 9))
    (call $call_cycles_add128 (i64.const 0) (local.get $cycles))
    (if (call $call_perform) (then (unreachable))))
  (func (export "canister_update forward") (call $increment) (call $forward (i64.const 0)))
  (func (export "canister_update forward_cycles") (call $forward (i64.const 1000)))
  (func (export "canister_update forward_and_trap") (call $forward (i64.const 1000)) (unreachable))
  (func (export "canister_composite_query ask") (call $increment) (call $forwardQuery))
  (func $forwardQuery
    (local $size i32)
    (local.set $size (call $msg_arg_data_size))
    (call $msg_arg_data_copy (i32.const 2000) (i32.const 0) (local.get $size))
    (call $call_new (i32.const 2001) (i32.const 10) (i32.const 2011) (i32.sub (local.get $size) (i32.const 11))
      (i32.const 0) (i32.const 7) (i32.const 1) (i32.const 8))
    (if (call $call_perform) (then (unreachable))))
  (func (export "canister_update take")
    (call $msg_cycles_accept128 (i64.const 0) (i64.const 600) (i32.const 3000))
    (call $reply (i32.const 3000) (i32.const 16)))

  ;; The reply, with what the callback got and the counter after it.
  (func $onReply (param $env i32)
    (call $msg_arg_data_copy (i32.const 4000) (i32.const 0) (call $msg_arg_data_size))
    (call $msg_reply_data_append (i32.const 4000) (call $msg_arg_data_size))
    (i32.store8 (i32.const 5000) (local.get $env))
    (call $msg_reply_data_append (i32.const 5000) (i32.const 1))
    (call $msg_reply_data_append (i32.const 0) (i32.const 4))
    (call $msg_reply))
  (func $onReject (param $env i32)
    (i32.store8 (i32.const 5000) (call $msg_reject_code))
    (call $msg_reject_msg_copy (i32.const 5001) (i32.const 0) (call $msg_reject_msg_size))
    (call $reply (i32.const 5000) (i32.add (call $msg_reject_msg_size) (i32.const 1))))
  (func $trapping (param i32) (i32.store (i32.const 0) (i32.const 100)) (unreachable))
  (func $cleanup (param $env i32) (i32.store (i32.const 4) (local.get $env)))
  (func (export "canister_query cleanup") (call $reply (i32.const 4) (i32.const 4)))

  (func (export "canister_update set_timer")
    (drop (call $global_timer_set (i64.add (call $time) (i64.const 1000000000)))) (call $reply (i32.const 0) (i32.const 0)))
  (func (export "canister_global_timer") (call $increment))
  (func (export "canister_update keep")
    (drop (call $stable64_grow (i64.const 1)))
    (call $stable64_write (i64.const 0) (i64.const 0) (i64.const 4)) (call $reply (i32.const 0) (i32.const 0)))
  (func (export "canister_post_upgrade") (call $stable64_read (i64.const 0) (i64.const 0) (i64.const 4)))
  (func (export "canister_inspect_message")
    (if (i32.ne (call $msg_arg_data_size) (i32.const 13)) (then (call $accept_message))))
  """)

@Suite struct MessageTests {
  let runtime = CanisterRuntime()
  let first: Principal
  let second: Principal

  init() throws {
    first = try runtime.createCanister()
    second = try runtime.createCanister()
    try runtime.install(first, scripted.bytes)
    try runtime.install(second, scripted.bytes)
  }

  private func call(_ method: String, _ argument: [UInt8] = [], to id: Principal? = nil) throws -> [UInt8] {
    try runtime.call(id ?? first, method, argument)
  }

  /// The reject of a call.
  private func reject(_ method: String, _ argument: [UInt8] = [], to id: Principal? = nil) -> CanisterReject? {
    do {
      _ = try call(method, argument, to: id)
      return nil
    } catch {
      return error as? CanisterReject ?? (error as? CanisterError).map { CanisterReject($0) }
    }
  }

  private func forwarding(_ method: String, to id: Principal, traps: Bool = false) -> [UInt8] {
    [traps ? 1 : 0] + id.bytes + Array(method.utf8)
  }

  private func counter(_ id: Principal? = nil) throws -> UInt8 { try runtime.query(id ?? first, "get", [])[0] }

  @Test func updatesStayAndQueriesDoNot() throws {
    #expect(try call("inc") == [1, 0, 0, 0])
    #expect(try runtime.query(first, "inc_query", []) == [2, 0, 0, 0])
    #expect(try runtime.query(first, "get", []) == [1, 0, 0, 0])
    // The same as an update.
    #expect(try call("inc_query") == [2, 0, 0, 0])
    #expect(try counter() == 1)
  }

  @Test func answers() throws {
    #expect(try call("echo", [1, 2, 3]) == [1, 2, 3])
    #expect(try call("caller") == Principal.anonymous.bytes)
    let refusal = reject("refuse")
    #expect(refusal?.code == .canisterReject)
    #expect(refusal?.message == "inc")
  }

  @Test(arguments: [
    ("silent", ErrorCode.canisterDidNotReply, "Canister did not reply to the call"),
    ("inc_and_trap", .canisterTrapped, "Canister trapped: unreachable"),
    ("say_trap", .canisterCalledTrap, "Canister called `ic0.trap` with message: 'inc'"),
    ("missing", .canisterMethodNotFound, "Canister has no update method 'missing'."),
    ("ask", .compositeQueryCalledInReplicatedMode, "Composite query"),
  ])
  func failures(method: String, code: ErrorCode, text: String) throws {
    let refusal = reject(method)
    #expect(refusal?.error == code)
    #expect(refusal?.code == code.rejectCode)
    #expect(refusal?.message.contains("Error from Canister \(first): ") ?? false)
    #expect(refusal?.message.contains(text) ?? false)
    #expect(try counter() == 0)
  }

  @Test func noCanister() {
    #expect(reject("inc", to: Principal(canister: 99))?.error == .canisterNotFound)
  }

  @Test func outOfInstructions() throws {
    var configuration = RuntimeConfiguration()
    configuration.subnet.messageInstructions = 100_000
    configuration.subnet.sliceInstructions = 30_000
    let runtime = CanisterRuntime(configuration)
    let id = try runtime.createCanister()
    try runtime.install(id, scripted.bytes)
    #expect {
      try runtime.call(id, "endless", [])
    } throws: {
      ($0 as? CanisterReject)?.error == .canisterInstructionLimitExceeded
    }
    // Slices are for rounds of their own.
    #expect(runtime.round == 4)
    #expect(runtime.takeReports().last?.instructions == 100_000)
  }

  @Test func messagesAreInspected() {
    #expect(reject("inc", [UInt8](repeating: 0, count: 13))?.error == .canisterRejectedMessage)
  }

  // MARK: Calls

  @Test func callsOthers() throws {
    let reply = try call("forward", forwarding("inc", to: second))
    // The reply, the callback's argument, the counter here.
    #expect(reply == [1, 0, 0, 0, 7, 1, 0, 0, 0])
    #expect(try counter(second) == 1)
  }

  @Test func callsItself() throws {
    #expect(try call("forward", forwarding("inc", to: first)) == [2, 0, 0, 0, 7, 2, 0, 0, 0])
  }

  @Test func rejectsReachTheCaller() throws {
    let reply = try call("forward", forwarding("refuse", to: second))
    #expect(reply == [RejectCode.canisterReject.rawValue] + Array("inc".utf8))
    let trap = try call("forward", forwarding("inc_and_trap", to: second))
    #expect(trap.first == RejectCode.canisterError.rawValue)
    let missing = try call("forward", forwarding("inc", to: Principal(canister: 99)))
    #expect(missing.first == RejectCode.destinationInvalid.rawValue)
  }

  @Test func callbacksAndCleanupsAreReportedEach() throws {
    _ = runtime.takeReports()
    _ = reject("forward", forwarding("inc", to: second, traps: true))
    let reports = runtime.takeReports()
    #expect(reports.map(\.name) == ["forward", "inc", "reply callback", "cleanup"])
    #expect(reports.map { $0.error?.code } == [nil, nil, .canisterTrapped, nil])
    #expect(reports[3].instructions < 1_100)
    // The cleanup is no execution of its own for the fee.
    #expect(reports[3].cycles == Cycles(reports[3].instructions))
    #expect(reports[2].cycles == 5_000_000 + Cycles(reports[2].instructions))
  }

  @Test func cleanupRunsWhereACallbackFails() throws {
    let refusal = reject("forward", forwarding("inc", to: second, traps: true))
    #expect(refusal?.error == .canisterTrapped)
    // What the callback wrote is gone; what the call and the cleanup wrote stays.
    #expect(try counter() == 1)
    #expect(try runtime.query(first, "cleanup", []) == [9, 0, 0, 0])
    #expect(try counter(second) == 1)
  }

  @Test func callsOfFailedExecutionsAreNotMade() throws {
    let before = try runtime.state(of: first).balance
    #expect(reject("forward_and_trap", forwarding("inc", to: second))?.error == .canisterTrapped)
    #expect(try counter(second) == 0)
    let cost = before - (try runtime.state(of: first).balance)
    #expect(cost < 10_000_000)
  }

  @Test func cyclesAreMoved() throws {
    _ = runtime.takeReports()
    let (first, second) = (try runtime.state(of: first).balance, try runtime.state(of: second).balance)
    let reply = try call("forward_cycles", forwarding("take", to: self.second))
    #expect(Array(reply.prefix(2)) == [0x58, 0x02])
    let reports = runtime.takeReports()
    let spent = reports.reduce(into: [:]) { $0[$1.canister, default: 0] += $1.cycles }
    #expect(try runtime.state(of: self.second).balance == second + 600 - (spent[self.second] ?? 0))
    let fees = runtime.configuration.subnet
    // Ingress, the call with its bytes, and what the reply's bytes cost.
    let ingress = fees.ingressCost(bytes: 14 + 15)
    let messages = fees.callFee + fees.callByteFee * 4 + fees.callByteFee * 16
    #expect(
      try runtime.state(of: self.first).balance == first - 600 - ingress - messages - (spent[self.first] ?? 0))
  }

  /// What was forgotten stays so when it times out, wherever it waits.
  @Test func forgottenMessagesTimeOut() throws {
    let fixture = try Fixture(Wat(["msg_reply"], update("(call $msg_reply)"))) {
      $0.subnet.ingressPerRound = 2
      $0.subnet.roundInstructions = 1
      $0.subnet.schedulerCores = 1
    }
    let messages = try (0..<7).map { _ in
      try fixture.runtime.submit(to: fixture.id, method: "f", argument: [])
    }
    fixture.runtime.executeRound()
    let waiting = messages.filter { fixture.runtime.status(of: $0) == .received }
    #expect(waiting.count >= 4)
    for message in waiting.dropLast() { fixture.runtime.forget(message) }
    fixture.runtime.advanceTime(by: 400_000_000_000)
    for _ in 0..<8 { fixture.runtime.executeRound() }
    #expect(waiting.dropLast().allSatisfy { fixture.runtime.status(of: $0) == nil })
    if case .rejected(let reject) = try #require(fixture.runtime.status(of: waiting[waiting.count - 1])) {
      #expect(reject.error == .ingressMessageTimeout)
    } else {
      Issue.record("the last is still waited for")
    }
  }

  @Test func compositeQueries() throws {
    _ = try call("inc", to: second)
    let reply = try runtime.query(first, "ask", forwarding("inc_query", to: second))
    // The callee's counter, and the caller's as its query left it.
    #expect(reply == [2, 0, 0, 0, 7, 1, 0, 0, 0])
    #expect(try counter() == 0)
    #expect(try counter(second) == 1)
    #expect(throws: CanisterReject.self) { try runtime.query(first, "inc", []) }
  }

  // MARK: Time and code

  @Test func timersRunOnce() throws {
    _ = try call("set_timer")
    runtime.executeRound()
    #expect(try counter() == 0)
    runtime.advanceTime(by: 1_000_000_000)
    runtime.executeRound()
    runtime.executeRound()
    #expect(try counter() == 1)
    #expect(try runtime.state(of: first).globalTimer == 0)
  }

  @Test func upgradesKeepStableMemory() throws {
    _ = try call("inc")
    _ = try call("keep")
    _ = try call("inc")
    #expect(try counter() == 2)
    try runtime.install(first, scripted.bytes, mode: .upgrade())
    #expect(try counter() == 1)
    try runtime.install(first, scripted.bytes, mode: .reinstall)
    #expect(try counter() == 0)
    #expect(try runtime.state(of: first).stableBytes == 0)
  }

  @Test func failedUpgradesLeaveNoTrace() throws {
    _ = try call("inc")
    _ = try call("keep")
    let bad = Wat([], "(func (export \"canister_post_upgrade\") (unreachable))")
    let state = try runtime.state(of: first)
    #expect(throws: CanisterError.self) { try runtime.install(first, bad.bytes, mode: .upgrade()) }
    #expect(throws: CanisterError.self) { try runtime.install(first, [0, 1, 2], mode: .upgrade()) }
    #expect(throws: CanisterError.self) { try runtime.install(first, scripted.bytes, mode: .install) }
    #expect(try counter() == 1)
    #expect(try runtime.state(of: first).version == state.version)
    #expect(try runtime.state(of: first).balance < state.balance)
    try runtime.install(first, scripted.bytes, mode: .upgrade())
    #expect(try counter() == 1)
  }

  @Test func stoppingAndDeleting() throws {
    #expect(throws: CanisterError.self) { try runtime.delete(first) }
    #expect(try runtime.stop(first))
    #expect(reject("inc")?.error == .canisterStopped)
    try runtime.start(first)
    #expect(try call("inc") == [1, 0, 0, 0])
    #expect(try runtime.stop(first))
    try runtime.delete(first)
    #expect(reject("inc")?.error == .canisterNotFound)
    #expect(runtime.canisterIDs == [second])
  }
}
