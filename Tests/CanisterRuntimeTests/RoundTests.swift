// What a round has room for: instructions, changes of memory, paused executions, ingress; who comes first; what expires.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

@Suite struct RoundTests {
  /// `f` adds one to a counter and writes so many pages as byte 0 of the argument says; `spin` is long.
  private static let worker = Wat(
    [
      "msg_reply", "msg_reply_data_append", "msg_arg_data_copy", "stable64_grow", "stable64_write", "global_timer_set",
      "time",
    ],
    memory: "(memory 20)",
    """
    (func $count (param $place i32)
      (i32.store (local.get $place) (i32.add (i32.load (local.get $place)) (i32.const 1)))
      ;; What came last, and what before it.
      (i32.store (i32.const 64) (i32.or (i32.shl (i32.load (i32.const 64)) (i32.const 8)) (local.get $place))))
    (func (export "canister_update f")
      (local $i i32)
      (call $count (i32.const 4))
      (call $msg_arg_data_copy (i32.const 100) (i32.const 0) (i32.const 1))
      (loop $loop
        (if (i32.lt_u (local.get $i) (i32.load8_u (i32.const 100)))
          (then
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (i32.store (i32.mul (local.get $i) (i32.const 4096))
              (i32.add (i32.load (i32.mul (local.get $i) (i32.const 4096))) (i32.const 1)))
            (br $loop))))
      (call $msg_reply))
    (func (export "canister_update stable")
      (drop (call $stable64_grow (i64.const 1)))
      (call $stable64_write (i64.const 4000) (i64.const 0) (i64.const 200)) (call $msg_reply))
    (func (export "canister_update spin")
      (local $i i32)
      (loop (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 2000))))
      (call $count (i32.const 4)) (call $msg_reply))
    (func (export "canister_update timer")
      (drop (call $global_timer_set (i64.const 1))) (call $msg_reply))
    (func (export "canister_heartbeat")
      (if (i32.load (i32.const 32)) (then (call $count (i32.const 8)))))
    (func (export "canister_update beat") (i32.store (i32.const 32) (i32.const 1)) (call $msg_reply))
    (func (export "canister_global_timer")
      (call $count (i32.const 12)) (drop (call $global_timer_set (i64.const 1))))
    (func (export "canister_query get")
      (call $msg_reply_data_append (i32.const 0) (i32.const 100)) (call $msg_reply))
    """)
  /// Without a heartbeat, so that there is nothing to do without messages.
  private static let plain = Wat(
    [
      "msg_reply", "msg_reply_data_append", "msg_arg_data_copy", "stable64_grow", "stable64_write", "global_timer_set",
      "time",
    ],
    memory: "(memory 20)",
    worker.text.components(from: "(func $count", without: "canister_heartbeat"))

  private func runtime(
    _ count: Int, _ module: Wat = plain, _ configure: (inout SubnetConfiguration) -> Void
  ) throws -> (CanisterRuntime, [Principal]) {
    var configuration = RuntimeConfiguration()
    configuration.subnet.schedulerCores = 1
    configure(&configuration.subnet)
    let runtime = CanisterRuntime(configuration)
    var ids: [Principal] = []
    for _ in 0..<count {
      let id = try runtime.createCanister(cycles: 1 << 62)
      try runtime.install(id, module.bytes)
      ids.append(id)
    }
    _ = runtime.takeReports()
    return (runtime, ids)
  }

  private func count(_ runtime: CanisterRuntime, _ id: Principal) throws -> Int {
    Int(try runtime.query(id, "get", [])[4])
  }

  private func send(
    _ runtime: CanisterRuntime, _ id: Principal, _ method: String = "f", _ count: Int = 1, pages: UInt8 = 0
  ) throws {
    for _ in 0..<count { _ = try runtime.submit(to: id, method: method, argument: [pages]) }
  }

  /// The last execution begins with the budget's last instruction, so that a slice is left of the round.
  @Test func instructionsOfARound() throws {
    let (runtime, ids) = try runtime(1) {
      ($0.roundInstructions, $0.sliceInstructions) = (30_000_000, 5_000_000)
      ($0.executionOverhead, $0.canisterOverhead, $0.finalizationOverhead) = (2_000_000, 0, 0)
    }
    try send(runtime, ids[0], "f", 30)
    runtime.executeRound()
    // 25,000,001 are there, and each takes 2,000,000 and a little.
    #expect(try count(runtime, ids[0]) == 13)
    runtime.executeRound()
    #expect(try count(runtime, ids[0]) == 26)
  }

  @Test func overheads() throws {
    // Each canister has one message; a canister takes 8,000,000 more than its message's 2,000,000.
    let (runtime, ids) = try runtime(6) {
      ($0.roundInstructions, $0.sliceInstructions, $0.finalizationOverhead) = (25_000_000, 5_000_000, 0)
    }
    for id in ids { try send(runtime, id) }
    runtime.executeRound()
    #expect(try ids.map { try count(runtime, $0) }.reduce(0, +) == 2)
    // After an iteration, looking at six canisters takes all that is left.
    let (second, others) = try self.runtime(6) {
      ($0.roundInstructions, $0.sliceInstructions, $0.finalizationOverhead) = (50_000_000, 5_000_000, 7_500_000)
    }
    try second.install(others[0], scripted.bytes, mode: .reinstall)
    try second.install(others[1], scripted.bytes, mode: .reinstall)
    _ = try second.submit(to: others[0], method: "forward", argument: [0] + others[1].bytes + Array("inc".utf8))
    second.executeRound()
    #expect(try second.query(others[1], "get", [])[0] == 0)
    second.executeRound()
    #expect(try second.query(others[1], "get", [])[0] == 1)
  }

  /// Canisters that always have something to do take turns, however the others fill the rounds.
  @Test func nobodyStarves() throws {
    let (runtime, ids) = try runtime(5) {
      ($0.roundInstructions, $0.sliceInstructions, $0.finalizationOverhead) = (15_000_000, 5_000_000, 0)
    }
    for id in ids { try send(runtime, id, "f", 200) }
    for _ in 0..<20 { runtime.executeRound() }
    let counts = try ids.map { try count(runtime, $0) }
    #expect(counts.min()! >= 16)
    #expect(counts.max()! - counts.min()! <= 6)
    // One with an allocation gets more.
    var change = SettingsChange()
    change.computeAllocation = 60
    try runtime.updateSettings(ids[3], change)
    for _ in 0..<20 { runtime.executeRound() }
    let later = try ids.map { try count(runtime, $0) }
    let gains = zip(counts, later).map { $1 - $0 }
    #expect(gains[3] > gains[0] + 5)
    #expect(gains.min()! >= 5)
  }

  // MARK: Changes of memory

  @Test func heapDeltaOfARound() throws {
    let (runtime, ids) = try runtime(2) { $0.heapDeltaPerRound = 10 * 4096 }
    try send(runtime, ids[0], "f", 3, pages: 5)
    try send(runtime, ids[1], "f", 3, pages: 5)
    runtime.executeRound()
    // Twice five pages and that of the counter are over the limit; the other canister comes in the next round.
    #expect(try ids.map { try count(runtime, $0) }.sorted() == [0, 2])
    runtime.executeRound()
    #expect(try ids.map { try count(runtime, $0) } == [2, 2])
  }

  @Test(arguments: ["f", "stable"]) func heapDeltaOfACanister(method: String) throws {
    let (runtime, ids) = try runtime(1) { $0.heapDeltaRateLimit = 4096 }
    try send(runtime, ids[0], method, 1, pages: 3)
    runtime.executeRound()
    try send(runtime, ids[0])
    // Four pages, or two of stable memory: one is made up for in each round.
    runtime.executeRound()
    #expect(!runtime.isIdle)
    if method == "f" {
      #expect(failure { try runtime.manage("install_code", install(ids[0])) }?.code == .canisterHeapDeltaRateLimited)
      runtime.executeRound()
    }
    #expect(try count(runtime, ids[0]) == (method == "f" ? 1 : 0))
    runtime.executeRound()
    #expect(try count(runtime, ids[0]) == (method == "f" ? 2 : 1))
  }

  /// Copying very many pages counts to the round, but isn't billed: then others wait for the next round.
  @Test func copiedPages() throws {
    var bills: [UInt64] = []
    for (limit, counts) in [(20 as UInt64, [2, 2]), (10, [1, 2])] {
      let (runtime, ids) = try runtime(2) {
        ($0.uncountedCopies, $0.pageCopyInstructions, $0.schedulerCores) = (limit, 1_000_000_000, 1)
      }
      try send(runtime, ids[0], "f", 1, pages: 15)
      try send(runtime, ids[1], "f", 1, pages: 15)
      var executed: [Int] = []
      for _ in 0..<2 {
        runtime.executeRound()
        executed.append(try ids.count { try count(runtime, $0) > 0 })
      }
      #expect(executed == counts)
      bills += runtime.takeReports().filter { $0.mode == .update }.map(\.instructions)
    }
    #expect(bills.count == 4 && Set(bills).count == 1)
  }

  private func install(_ id: Principal) -> String {
    "(record { mode = variant { reinstall }; canister_id = principal \"\(id)\"; "
      + "wasm_module = \(blob(Self.plain.bytes)); arg = blob \"\" })"
  }

  /// All together may change so much from one checkpoint to the next.
  @Test func heapDeltaOfTheSubnet() throws {
    let (runtime, ids) = try runtime(1) {
      ($0.heapDeltaCapacity, $0.heapDeltaReserve, $0.checkpointInterval) = (20 * 4096, 4 * 4096, 10)
    }
    // From four pages in the first round, 1.6 more in each.
    var rounds: [Int] = []
    try send(runtime, ids[0], "f", 1, pages: 9)
    for _ in 0..<14 {
      let before = try count(runtime, ids[0])
      runtime.executeRound()
      if try count(runtime, ids[0]) > before {
        rounds.append(Int(runtime.round))
        try send(runtime, ids[0], "f", 1, pages: 9)
      }
    }
    // Ten pages are allowed after the third round, twenty only at the checkpoint.
    #expect(rounds == [1, 4, 11, 14] || rounds == [1, 5, 11, 14] || rounds == [1, 5, 11], "\(rounds)")
  }

  // MARK: Long executions

  /// At a checkpoint they begin anew, and end nevertheless.
  @Test func checkpointsGiveUpWhatIsPaused() throws {
    func rounds(_ interval: UInt64, after passed: Int = 0) throws -> UInt64 {
      let (runtime, ids) = try runtime(1) { ($0.sliceInstructions, $0.checkpointInterval) = (3_000, interval) }
      for _ in 0..<passed { runtime.executeRound() }
      let id = try runtime.submit(to: ids[0], method: "spin", argument: [])
      let first = runtime.round
      while runtime.status(of: id)?.isAnswered == false { runtime.executeRound() }
      #expect(runtime.status(of: id) == .replied([]))
      return runtime.round - first
    }
    let needed = try rounds(500)
    #expect(needed > 3)
    #expect(try rounds(needed + 1) == needed)
    // Two rounds of it were before the checkpoint.
    #expect(try rounds(needed + 1, after: Int(needed) - 1) == needed + 2)
  }

  /// There are at most twice as many slices as instructions need.
  @Test func slicesAreLimited() throws {
    let (runtime, ids) = try runtime(1) {
      ($0.sliceInstructions, $0.sliceLimits) = (3_000, 2...3)
    }
    #expect(failure { _ = try runtime.call(ids[0], "spin", []) }?.code == .canisterInstructionLimitExceeded)
    #expect(runtime.round == 3)
  }

  // MARK: Tasks

  /// Timer, heartbeat and messages take turns to come first.
  @Test func tasksTakeTurns() throws {
    let (runtime, ids) = try runtime(1, Self.worker) {
      // Room for one execution in each round.
      ($0.roundInstructions, $0.sliceInstructions, $0.executionOverhead) = (2_000_000, 2_000_000, 5_000_000)
    }
    for method in ["timer", "beat"] {
      let id = try runtime.submit(to: ids[0], method: method, argument: [])
      while runtime.status(of: id)?.isAnswered == false { runtime.executeRound() }
    }
    try send(runtime, ids[0], "f", 10)
    for _ in 0..<3 { runtime.executeRound() }
    func last() throws -> [UInt8] { Array(try runtime.query(ids[0], "get", [])[64..<68]) }
    #expect(Set(try last().prefix(3)) == [4, 8, 12])
    for _ in 0..<2 { runtime.executeRound() }
    #expect(Set(try last().prefix(3)) == [4, 8, 12])
    #expect(try last()[3] == last()[0])
  }

  // MARK: Messages

  @Test func ingressOfARound() throws {
    let (runtime, ids) = try runtime(1) { ($0.ingressPerRound, $0.ingressBytesPerRound) = (5, 1_000) }
    try send(runtime, ids[0], "f", 12)
    let restored = try CanisterRuntime(state: runtime.state(), runtime.configuration)
    for each in [runtime, restored] {
      for expected in [5, 10, 12] {
        #expect(!each.isIdle)
        each.executeRound()
        #expect(try count(each, ids[0]) == expected)
      }
      #expect(each.isIdle)
    }
    #expect(restored.stateHash() == runtime.stateHash())
    // Bytes count too; one message always comes in.
    for size in [600, 600, 1_500, 100] {
      _ = try runtime.submit(to: ids[0], method: "f", argument: [UInt8](repeating: 0, count: size))
    }
    for expected in [13, 14, 15, 16] {
      runtime.executeRound()
      #expect(try count(runtime, ids[0]) == expected)
    }
  }

  /// An execution that has succeeded fails if storage needs more meanwhile than is left; callbacks don't look at that.
  @Test func cyclesMayLackAtTheEnd() throws {
    let (runtime, ids) = try runtime(1) { $0.sliceInstructions = 3_000 }
    let id = try runtime.submit(to: ids[0], method: "spin", argument: [])
    runtime.executeRound()
    #expect(runtime.status(of: id) == .processing)
    var change = SettingsChange()
    change.freezingThreshold = .max
    try runtime.updateSettings(ids[0], change)
    let version = try runtime.state(of: ids[0]).version
    #expect(runtime.executeUntilIdle())
    guard case .rejected(let reject) = runtime.status(of: id) else { return #expect(Bool(false)) }
    #expect(reject.error == .canisterOutOfCycles)
    #expect(reject.message.contains("out of cycles"))
    #expect(try runtime.state(of: ids[0]).version == version)
    #expect(try runtime.heap(of: ids[0], at: 4, count: 1) == [0])
    #expect(runtime.takeReports().last { $0.name == "spin" }?.instructions ?? 0 > 10_000)
  }
}

extension String {
  /// The text from a place on, without the function that exports `name`, and without the end of the module.
  fileprivate func components(from start: String, without name: String) -> String {
    guard let range = firstRange(of: start) else { return self }
    let parts = self[range.lowerBound...].split(separator: "\n", omittingEmptySubsequences: false)
    var result: [Substring] = []
    var isLeftOut = false
    for line in parts {
      if line.contains("(func (export \"") { isLeftOut = line.contains(name) }
      if !isLeftOut { result.append(line) }
    }
    return String(result.joined(separator: "\n").dropLast())
  }
}
