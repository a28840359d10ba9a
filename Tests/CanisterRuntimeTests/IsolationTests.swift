// An execution that fails leaves no trace but what it cost: whatever it changed before, however it fails, and whether it
// was suspended in between. What can be changed is changed here: heap, a new page of it, a global, stable memory, certified
// data, the timer, cycles, calls.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

@Suite struct IsolationTests {
  /// How an execution ends.
  enum Ending: String, CaseIterable {
    case trap, trapOfSystem, outOfInstructions, emptyStack
    /// It commits: the same changes then do show.
    case success

    var code: String {
      switch self {
      case .trap: "(unreachable)"
      case .trapOfSystem: "(call $trap (i32.const 0) (i32.const 5))"
      case .outOfInstructions: "(loop $l (br $l))"
      case .emptyStack: "(call $recurse)"
      case .success: "(call $msg_reply)"
      }
    }
  }

  /// Changes everything, for long enough to be suspended several times, then ends.
  static func module(_ ending: Ending, heartbeat: Bool = false) -> Wat {
    let failure = ending == .success ? "" : ending.code
    return Wat(
      [
        "msg_reply", "msg_reply_data_append", "trap", "stable64_grow", "stable64_write", "stable64_read",
        "certified_data_set", "global_timer_set", "call_new", "call_perform", "cycles_burn128", "debug_print",
        "canister_self_copy", "call_cycles_add128",
      ],
      memory: "(memory 2)",
      """
      (global $g (mut i64) (i64.const 7))
      (data (i32.const 0) "hello")
      (data $d "passive")
      (table 1 funcref)
      (func $recurse (call $recurse))
      (func $wait (local i32)
        (loop $l (br_if $l (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 60000)))))
      (func $done (param i32))
      (elem (i32.const 0) $done)
      (func $change (if (i32.eqz (i32.load8_u (i32.const 501))) (then (call $call))) (call $edit))
      (func $call
        (call $canister_self_copy (i32.const 400) (i32.const 0) (i32.const 10))
        (call $call_new (i32.const 400) (i32.const 10) (i32.const 0) (i32.const 5) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
        (call $call_cycles_add128 (i64.const 0) (i64.const 500))
        (drop (call $call_perform)))
      (func $edit
        (i32.store (i32.const 100) (i32.const 0x55))
        (i32.store (i32.const 70000) (i32.const 0x66))
        (v128.store offset=4090 (i32.const 0) (v128.const i32x4 1 2 3 4))
        (memory.init $d (i32.const 200) (i32.const 0) (i32.const 7))
        (data.drop $d)
        (memory.fill (i32.const 9000) (i32.const 3) (i32.const 9000))
        (call $wait)
        (drop (memory.grow (i32.const 3)))
        (i32.store (i32.const 200000) (i32.const 0x77))
        (global.set $g (i64.const 8))
        (drop (call $stable64_grow (i64.const 2)))
        (call $stable64_write (i64.const 4090) (i64.const 4080) (i64.const 20))
        (call $stable64_write (i64.const 131000) (i64.const 9000) (i64.const 30))
        (call $wait)
        (call $certified_data_set (i32.const 0) (i32.const 5))
        (drop (call $global_timer_set (i64.const 0x7000000000000000)))
        (call $cycles_burn128 (i64.const 0) (i64.const 1000) (i32.const 300))
        (call $wait))
      \(update("(call $change) \(ending.code)"))
      (func (export "canister_query q") (call $change) \(ending.code))
      (func \(heartbeat ? "(export \"canister_heartbeat\")" : "")
        (if (i32.eq (i32.load8_u (i32.const 500)) (i32.const 1)) (then (call $change) \(failure))))
      (func (export "canister_update arm") (i32.store8 (i32.const 500) (i32.const 1)) (call $msg_reply))
      (func (export "canister_update disarm") (i32.store8 (i32.const 500) (i32.const 0)) (call $msg_reply))
      (func (export "canister_pre_upgrade")
        (if (i32.eq (i32.load8_u (i32.const 500)) (i32.const 1)) (then (i32.store8 (i32.const 501) (i32.const 1)) (call $change) \(failure))))
      (func (export "canister_query global")
        (i64.store (i32.const 600) (global.get $g))
        (memory.init $d (i32.const 608) (i32.const 0) (i32.const 7))
        (call $msg_reply_data_append (i32.const 600) (i32.const 16)) (call $msg_reply))
      """)
  }

  /// All of a canister that an execution can change.
  struct Contents: Equatable {
    var heap: [UInt8]?
    var stable: [UInt8]?
    var global: [UInt8]
    var sizes: [UInt64]
    var certifiedData: [UInt8]
    var timer: UInt64
    var version: UInt64

    init(_ runtime: CanisterRuntime, _ id: Principal) throws {
      let state = try runtime.state(of: id)
      heap = try runtime.heap(of: id, at: 0, count: Int(state.heapBytes))
      stable = try runtime.stableMemory(of: id, at: 0, count: Int(state.stableBytes))
      global = try runtime.query(id, "global", [])
      sizes = [state.heapBytes, state.stableBytes, state.fixedMemory.total, state.messageMemory]
      certifiedData = state.certifiedData
      timer = state.globalTimer
      version = state.version
    }

    /// Names what is different.
    func differences(_ other: Contents) -> [String] {
      var names: [String] = []
      if heap != other.heap { names.append("heap") }
      if stable != other.stable { names.append("stable memory") }
      if global != other.global { names.append("global \(global) \(other.global)") }
      if sizes != other.sizes { names.append("sizes \(sizes) \(other.sizes)") }
      if certifiedData != other.certifiedData { names.append("certified data") }
      if timer != other.timer { names.append("timer") }
      if version != other.version { names.append("version") }
      return names
    }
  }

  private func expectEqual(
    _ new: Contents, _ old: Contents, round: Int = 0, location: SourceLocation = #_sourceLocation
  ) {
    let differences = new.differences(old)
    #expect(differences.isEmpty, "round \(round): \(differences)", sourceLocation: location)
  }

  private func makeRuntime(
    _ ending: Ending, slice: UInt64, heartbeat: Bool = false
  ) throws -> (CanisterRuntime, Principal) {
    var configuration = RuntimeConfiguration()
    configuration.subnet.sliceInstructions = slice
    configuration.subnet.roundInstructions = 40_000_000
    configuration.subnet.messageInstructions = 3_000_000
    let module = Self.module(ending, heartbeat: heartbeat).bytes
    configuration.subnet.installInstructions = try CanisterRuntime().prepare(module).compileInstructions + 3_000_000
    let runtime = CanisterRuntime(configuration)
    let id = try runtime.createCanister()
    try runtime.install(id, module)
    _ = try runtime.call(id, "disarm", [])
    _ = runtime.takeReports()
    return (runtime, id)
  }

  @Test(arguments: Ending.allCases, [100_000, 5_000_000 as UInt64])
  func updates(_ ending: Ending, slice: UInt64) throws {
    let (runtime, id) = try makeRuntime(ending, slice: slice)
    let before = try Contents(runtime, id)
    _ = runtime.takeReports()
    let message = try runtime.submit(to: id, method: "f", argument: [])
    var rounds = 0
    while runtime.status(of: message)?.isAnswered == false {
      // What queries see, and what can be read, is what was committed.
      expectEqual(try Contents(runtime, id), before, round: rounds)
      runtime.executeRound()
      rounds += 1
    }
    #expect(slice > 1_000_000 || rounds > 2)
    runtime.executeUntilIdle()
    let after = try Contents(runtime, id)
    let reports = runtime.takeReports().filter { $0.name == "f" }
    #expect(reports.count == 1)
    if ending == .success {
      #expect(after != before && after.sizes[0] == before.sizes[0] + 3 * 65_536 && after.sizes[1] == 2 * 65_536)
      #expect(after.global.first == 8 && after.timer > 0 && !after.certifiedData.isEmpty)
    } else {
      expectEqual(after, before)
      #expect(reports.first?.error != nil)
    }
    // A drop of a segment doesn't outlast its execution.
    #expect(after.global.suffix(8).prefix(7).elementsEqual("passive".utf8))
  }

  @Test(arguments: Ending.allCases)
  func queries(_ ending: Ending) throws {
    let (runtime, id) = try makeRuntime(ending, slice: 5_000_000)
    let before = try Contents(runtime, id)
    let hash = runtime.stateHash()
    #expect(throws: CanisterReject.self) { try runtime.query(id, "q", []) }
    #expect(runtime.stateHash() == hash)
    expectEqual(try Contents(runtime, id), before)
  }

  @Test(arguments: Ending.allCases)
  func heartbeats(_ ending: Ending) throws {
    let (runtime, id) = try makeRuntime(ending, slice: 100_000, heartbeat: true)
    _ = try runtime.call(id, "arm", [])
    let before = try Contents(runtime, id)
    for _ in 0..<80 { runtime.executeRound() }
    let after = try Contents(runtime, id)
    #expect((after == before) == (ending != .success))
    let reports = runtime.takeReports().filter { $0.name == "canister_heartbeat" }
    #expect(reports.contains { ($0.error != nil) == (ending != .success) && $0.instructions > 200_000 })
  }

  @Test(arguments: Ending.allCases)
  func upgrades(_ ending: Ending) throws {
    let (runtime, id) = try makeRuntime(ending, slice: 100_000)
    _ = try runtime.call(id, "arm", [])
    let before = try Contents(runtime, id)
    do {
      try runtime.install(id, Self.module(ending).bytes, mode: .upgrade())
      #expect(ending == .success)
      #expect(try runtime.state(of: id).stableBytes == 2 * 65_536)
    } catch {
      #expect(ending != .success, "\(error)")
      expectEqual(try Contents(runtime, id), before)
    }
  }

  /// An execution that is suspended is dropped where its canister goes away, and starts again in a state that was stored.
  @Test(arguments: Ending.allCases)
  func droppedAndStoredExecutions(_ ending: Ending) throws {
    var (runtime, id) = try makeRuntime(ending, slice: 100_000)
    let before = try Contents(runtime, id)
    _ = try runtime.submit(to: id, method: "f", argument: [])
    runtime.executeRound()
    runtime = try CanisterRuntime(state: runtime.state(), runtime.configuration)
    expectEqual(try Contents(runtime, id), before)
    runtime.executeRound()
    expectEqual(try Contents(runtime, id), before)
    runtime.executeUntilIdle()
    #expect(try (Contents(runtime, id) == before) == (ending != .success))
    #expect(runtime.takeReports().filter { $0.name == "f" }.count == 1)

    _ = try runtime.submit(to: id, method: "f", argument: [])
    runtime.executeRound()
    try runtime.uninstall(id)
    runtime.executeUntilIdle()
    try runtime.install(id, Self.module(ending).bytes)
    #expect(try runtime.state(of: id).stableBytes == 0)
    #expect(try runtime.query(id, "global", []).first == 7)
  }

  /// What a query or an inspection sees of the subnet's memory is the same however many there were before.
  @Test func memoryOfQueries() throws {
    let grow = "(if (i64.lt_s (call $stable64_grow (i64.const 7000000)) (i64.const 0)) (then (unreachable)))"
    let runtime = CanisterRuntime()
    let id = try runtime.createCanister(cycles: 1 << 100)
    let module = Wat(
      ["msg_reply", "accept_message", "stable64_grow"],
      """
      (func (export "canister_query f") \(grow) (call $msg_reply))
      (func (export "canister_update f2") (call $msg_reply))
      (func (export "canister_inspect_message") \(grow) (call $accept_message))
      """)
    try runtime.install(id, module.bytes)
    for _ in 0..<8 {
      _ = try runtime.query(id, "f", [])
      _ = try runtime.submit(to: id, method: "f2", argument: [])
    }
  }
}

@Suite struct PausedTrapTests {
  /// What a query says when it traps isn't said in the log of an update that was paused meanwhile.
  @Test func messagesOfTraps() throws {
    let module = Wat(
      ["trap", "msg_reply", "msg_reject_code"],
      """
      (data (i32.const 0) "secret")
      (func (export "canister_query q") (call $trap (i32.const 0) (i32.const 6)))
      (func (export "canister_update f")
        (local $i i32)
        (loop (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 60000))))
        (drop (call $msg_reject_code)))
      """)
    var hashes: [[UInt8]] = []
    for asks in [false, true] {
      let fixture = try Fixture(module) {
        ($0.subnet.sliceInstructions, $0.subnet.roundInstructions) = (200_000, 200_000)
      }
      let message = try fixture.runtime.submit(to: fixture.id, method: "f", argument: [])
      fixture.runtime.executeRound()
      #expect(fixture.runtime.status(of: message) == .processing)
      if asks { #expect(failure { _ = try fixture.runtime.query(fixture.id, "q", []) }?.code == .canisterCalledTrap) }
      #expect(failure { _ = try fixture.runtime.answer(to: message) }?.code == .canisterContractViolation)
      let log = try fixture.runtime.state(of: fixture.id).log.records
      #expect(!log.contains { String(decoding: $0.content, as: UTF8.self).contains("secret") })
      hashes.append(fixture.runtime.stateHash())
    }
    #expect(hashes[0] == hashes[1])
  }
}
