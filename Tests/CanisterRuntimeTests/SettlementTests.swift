// What is charged, and what stays due, where nothing is executed: frozen canisters, methods that are not there, calls that
// bring too little.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

@Suite struct SettlementTests {
  let runtime = CanisterRuntime()
  let id: Principal

  init() throws {
    id = try runtime.createCanister(cycles: 1_000_000_000_000)
    try runtime.install(id, scripted.bytes)
  }

  private var balance: Cycles { get throws { try runtime.state(of: id).balance } }

  private func freeze(_ isFrozen: Bool) throws {
    var change = SettingsChange()
    // Seconds; 2^60 seconds of storage nobody can pay.
    change.freezingThreshold = isFrozen ? 1 << 60 : 0
    try runtime.updateSettings(id, change)
  }

  @Test func timersOfFrozenCanistersStayDue() throws {
    _ = try runtime.call(id, "set_timer", [])
    let due = try runtime.state(of: id).globalTimer
    #expect(due > 0)
    try freeze(true)
    runtime.advanceTime(by: 10_000_000_000)
    runtime.executeRound()
    #expect(try runtime.state(of: id).globalTimer == due)
    try freeze(false)
    runtime.executeRound()
    #expect(try runtime.state(of: id).globalTimer == 0)
    #expect(try runtime.query(id, "get", []) == [1, 0, 0, 0])
  }

  @Test(arguments: [("none", ErrorCode.canisterMethodNotFound), ("ask", .compositeQueryCalledInReplicatedMode)])
  func lookingForAMethodCosts(_ method: String, _ code: ErrorCode) throws {
    let before = try balance
    let ingress = 1_200_000 + 2_000 * Cycles(method.utf8.count)
    do {
      _ = try runtime.call(id, method, [])
      Issue.record("\(method) was called")
    } catch let reject as CanisterReject {
      #expect(reject.error == code)
    }
    #expect(try before - balance == ingress + 5_000_000)
  }

  @Test func callsMustBringWhatTheCalleeAsks() throws {
    let caller = try runtime.createCanister()
    try runtime.install(caller, scripted.bytes)
    var change = SettingsChange()
    change.minimumIncomingCallCycles = 1_001
    try runtime.updateSettings(id, change)
    let callee = [0] + id.bytes + Array("take".utf8)
    let answer = try runtime.call(caller, "forward_cycles", callee)
    #expect(answer.first == RejectCode.canisterError.rawValue)
    change.minimumIncomingCallCycles = 1_000
    try runtime.updateSettings(id, change)
    #expect(try runtime.call(caller, "forward_cycles", callee).count == 16 + 5)
  }

  @Test func closedCanistersTakeNoMessages() throws {
    try runtime.stop(id)
    let before = try balance
    let error = #expect(throws: CanisterError.self) { try runtime.submit(to: id, method: "inc", argument: []) }
    #expect(error?.code == .canisterStopped)
    #expect(try balance == before)
  }

  /// What runs before the new module is looked at fails first.
  @Test func upgradesBeginWithTheOldModule() throws {
    let stubborn = Wat([], "(func (export \"canister_pre_upgrade\") (unreachable))")
    let id = try runtime.createCanister()
    try runtime.install(id, stubborn.bytes)
    for module in [[0, 1, 2], stubborn.bytes] {
      let error = #expect(throws: CanisterError.self) { try runtime.install(id, module, mode: .upgrade()) }
      #expect(error?.code == .canisterTrapped)
    }
    let error = #expect(throws: CanisterError.self) {
      try runtime.install(id, [0, 1, 2], mode: .upgrade(UpgradeOptions(skipsPreUpgrade: true)))
    }
    #expect(error?.code == .canisterInvalidWasm)
    try runtime.install(id, stubborn.bytes, mode: .upgrade(UpgradeOptions(skipsPreUpgrade: true)))
  }

  @Test(arguments: [false, true]) func installationsAreChargedByTheNewModule(is64: Bool) throws {
    let module = Wat(
      [], memory: is64 ? "(memory i64 1)" : "(memory 1)", is64: is64, "(func (export \"canister_init\"))")
    let id = try runtime.createCanister()
    _ = runtime.takeReports()
    try runtime.install(id, module.bytes)
    let report = try #require(runtime.takeReports().last)
    #expect(report.cycles == 5_000_000 + Cycles(report.instructions) * (is64 ? 2 : 1))
    try runtime.install(id, Wat([], "(func)").bytes, mode: .reinstall)
    let next = try #require(runtime.takeReports().last)
    #expect(next.cycles == 5_000_000 + Cycles(next.instructions))
  }

  /// An instruction counter that counts what a composite query's own canister executed, not what it called.
  @Test func countersOfCompositeQueries() throws {
    let counting = Wat(
      ["call_new", "call_perform", "performance_counter", "msg_reply_data_append", "msg_reply", "canister_self_copy"],
      """
      (table funcref (elem $onReply))
      (data (i32.const 100) "spin")
      (func (export "canister_query spin") (local i32)
        (loop $l (br_if $l (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 60000))))
        (call $msg_reply))
      (func (export "canister_composite_query sum")
        (call $call_new (i32.const 200) (i32.const 10) (i32.const 100) (i32.const 4)
          (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
        (drop (call $call_perform)))
      (func $onReply (param i32)
        (i64.store (i32.const 0) (call $performance_counter (i32.const 1)))
        (call $msg_reply_data_append (i32.const 0) (i32.const 8)) (call $msg_reply))
      (func (export "canister_init"))
      (data (i32.const 200) "\\00\\00\\00\\00\\00\\00\\00\\00\\01\\01")
      """)
    // The callee's id is the one that the text names: the first.
    let runtime = CanisterRuntime()
    let (callee, caller) = (try runtime.createCanister(), try runtime.createCanister())
    #expect(callee == Principal(canister: 0))
    try runtime.install(callee, counting.bytes)
    try runtime.install(caller, counting.bytes)
    let count = try runtime.query(caller, "sum", []).enumerated().reduce(0 as UInt64) {
      $0 | UInt64($1.element) << (8 * UInt64($1.offset))
    }
    #expect(count > 1_000 && count < 50_000)
  }
}
