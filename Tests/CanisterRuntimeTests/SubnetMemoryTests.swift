// What the subnet remembers beyond its canisters: modules that were compiled, changes of memory that rounds make up for, ids
// that were used, answers to ingress messages. All of it is part of the state.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

@Suite struct KnownModuleTests {
  private let module = Wat(["msg_reply"], update("(call $msg_reply)"))

  private func install(
    _ runtime: CanisterRuntime, _ id: Principal, _ module: Wat, _ mode: InstallMode = .install
  ) throws
    -> UInt64
  {
    try runtime.install(id, module.bytes, mode: mode)
    return try #require(runtime.takeReports().first { $0.name == "install_code" }).instructions
  }

  /// Installed again before the next checkpoint, a module is charged a hundredth.
  @Test func compilingAgainIsCheaper() throws {
    var configuration = RuntimeConfiguration()
    configuration.subnet.checkpointInterval = 3
    let runtime = CanisterRuntime(configuration)
    let ids = try (0..<4).map { _ in try runtime.createCanister() }
    let first = try install(runtime, ids[0], module)
    #expect(first > 500_000)
    #expect(try install(runtime, ids[1], module) == first / 100)
    #expect(try install(runtime, ids[1], module, .upgrade()) == first / 100)
    let stored = try CanisterRuntime(state: runtime.state(), configuration)
    #expect(try install(stored, ids[2], module) == first / 100)
    for _ in 0..<3 { runtime.executeRound() }
    #expect(try install(runtime, ids[2], module) == first)
    #expect(try install(runtime, ids[3], module) == first / 100)
  }

  @Test func failedInstallationsDoNotCount() throws {
    let runtime = CanisterRuntime()
    let id = try runtime.createCanister()
    let bad = Wat([], "(func (export \"canister_init\") (unreachable))")
    var counts: [UInt64] = []
    for _ in 0..<2 {
      #expect(throws: CanisterError.self) { try runtime.install(id, bad.bytes) }
      counts += runtime.takeReports().filter { $0.name == "install_code" }.map(\.instructions)
    }
    #expect(counts.count == 2 && counts[0] == counts[1], "\(counts)")
  }

  /// Loading a snapshot of it is charged less too.
  @Test func snapshots() throws {
    var costs: [Cycles] = []
    for interval: UInt64 in [0, 1] {
      let fixture = try Fixture(module) { $0.subnet.checkpointInterval = interval }
      let snapshot = try fixture.runtime.takeSnapshot(of: fixture.id)
      fixture.runtime.executeRound()
      let before = try fixture.runtime.state(of: fixture.id).balance
      try fixture.runtime.loadSnapshot(snapshot.id, onto: fixture.id)
      costs.append(try before - fixture.runtime.state(of: fixture.id).balance)
    }
    let full = try Fixture(module).runtime.prepare(module.bytes).compileInstructions
    #expect(costs[1] - costs[0] == Cycles(full - full / 100))
  }
}

@Suite struct HeapDeltaTests {
  private let keeper = Wat(
    ["msg_reply"],
    memory: "(memory 20)",
    """
    (func (export "canister_update f")
      (local $i i32)
      (loop $l
        (i32.store (local.get $i) (i32.add (i32.load (local.get $i)) (i32.const 1)))
        (local.set $i (i32.add (local.get $i) (i32.const 4096)))
        (br_if $l (i32.lt_u (local.get $i) (i32.const 409600))))
      (call $msg_reply))
    """)
  private static let pages: UInt64 = 100
  private let megabyte: UInt64 = 1 << 20

  private func fixture(limit: UInt64) throws -> Fixture {
    try Fixture(keeper) { $0.subnet.heapDeltaRateLimit = limit }
  }

  private func rateLimited(_ id: Principal, _ debt: UInt64, _ limit: UInt64) -> CanisterError {
    CanisterError(
      .canisterHeapDeltaRateLimited,
      "Canister \(id) is heap delta rate limited: current delta debit is \(debt), but limit is \(limit).")
  }

  private func upload(_ fixture: Fixture, _ byte: UInt8) throws {
    try fixture.runtime.manage(
      "upload_chunk", "(record { canister_id = principal \"\(fixture.id)\"; chunk = \(blob([byte])) })")
  }

  /// A chunk counts as a full one. Where the canister has it already, nothing is changed.
  @Test func chunks() throws {
    let limit = megabyte / 2
    let fixture = try fixture(limit: limit)
    try upload(fixture, 1)
    // The round made up for a half already.
    let error = failure { try upload(fixture, 2) }
    #expect(error?.code == .canisterContractViolation)
    #expect(
      error?.message
        == "Error from Wasm chunk store: Canister is heap delta rate limited. Current delta debit: \(limit), limit: \(limit)"
    )
    try upload(fixture, 2)
    let again = try CanisterRuntime(state: fixture.runtime.state(), fixture.runtime.configuration)
    #expect(again.stateHash() == fixture.runtime.stateHash())
    try upload(fixture, 1)
  }

  /// A snapshot counts what was changed since the last checkpoint, and loading it what it counted.
  @Test func snapshots() throws {
    let changed = Self.pages * 4096
    let limit = changed / 4
    let fixture = try fixture(limit: limit)
    let argument = "(record { canister_id = principal \"\(fixture.id)\" })"
    // Nothing yet.
    for _ in 0..<2 { try fixture.runtime.manage("take_canister_snapshot", argument) }
    _ = try fixture.runtime.call(fixture.id, "f", [])
    // The first round has made up for a part, and each that refuses for another.
    for round in 1...3 {
      let error = failure { try fixture.runtime.manage("take_canister_snapshot", argument) }
      #expect(error == rateLimited(fixture.id, changed - UInt64(round) * limit, limit))
    }
    let taken = try fixture.runtime.manage("take_canister_snapshot", argument)
    let snapshot = try #require(taken["id"])
    let load = "(record { canister_id = principal \"\(fixture.id)\"; snapshot_id = \(snapshot) })"
    for round in 1...3 {
      let error = failure { try fixture.runtime.manage("load_canister_snapshot", load) }
      #expect(error == rateLimited(fixture.id, changed - UInt64(round) * limit, limit))
    }
    try fixture.runtime.manage("load_canister_snapshot", load)
    #expect(
      failure { try fixture.runtime.manage("load_canister_snapshot", load) }
        == rateLimited(fixture.id, changed - limit, limit))
    // The host is not limited.
    try fixture.runtime.loadSnapshot(fixture.runtime.snapshots(of: fixture.id)[2].id, onto: fixture.id)
  }

  @Test func afterACheckpointNothingIsChanged() throws {
    let fixture = try Fixture(keeper) {
      $0.subnet.heapDeltaRateLimit = Self.pages * 4096
      $0.subnet.checkpointInterval = 2
    }
    let argument = "(record { canister_id = principal \"\(fixture.id)\" })"
    _ = try fixture.runtime.call(fixture.id, "f", [])
    fixture.runtime.executeRound()
    for _ in 0..<3 { try fixture.runtime.manage("take_canister_snapshot", argument) }
  }

  /// Chunks stay when code is installed, and so does that they were changed; uninstalling drops all.
  @Test func installationsKeepChunks() throws {
    let fixture = try fixture(limit: 2 * megabyte)
    let argument = "(record { canister_id = principal \"\(fixture.id)\" })"
    for number in 0..<3 { try upload(fixture, UInt8(number)) }
    try fixture.runtime.install(fixture.id, keeper.bytes, mode: .reinstall)
    try fixture.runtime.manage("take_canister_snapshot", argument)
    // Three chunks less what the round made up for.
    #expect(
      failure { try fixture.runtime.manage("take_canister_snapshot", argument) }?.code == nil)
    #expect(
      failure { try fixture.runtime.manage("take_canister_snapshot", argument) }
        == rateLimited(fixture.id, 2 * megabyte, 2 * megabyte))
    try fixture.runtime.uninstall(fixture.id)
    try fixture.runtime.install(fixture.id, keeper.bytes)
    for _ in 0..<3 { try fixture.runtime.manage("take_canister_snapshot", argument) }
  }

  @Test func uploadedSnapshots() throws {
    let limit: UInt64 = 1000
    let fixture = try fixture(limit: limit)
    let metadata =
      "(record { canister_id = principal \"\(fixture.id)\"; wasm_module_size = 10000 : nat64; globals = vec {}; "
      + "wasm_memory_size = 0 : nat64; stable_memory_size = 0 : nat64; certified_data = blob \"\"; "
      + "global_timer = null; on_low_wasm_memory_hook_status = null })"
    let made = try fixture.runtime.manage("upload_canister_snapshot_metadata", metadata)
    let snapshot = try #require(made["snapshot_id"])
    func write(_ count: Int) throws {
      try fixture.runtime.manage(
        "upload_canister_snapshot_data",
        "(record { canister_id = principal \"\(fixture.id)\"; snapshot_id = \(snapshot); "
          + "kind = variant { wasm_module = record { offset = 0 : nat64 } }; "
          + "chunk = \(blob([UInt8](repeating: 1, count: count))) })")
    }
    try write(3000)
    let error = failure { try write(1) }
    #expect(error?.code == .canisterContractViolation)
    #expect(error?.message.contains("Current delta debit: 2000, limit: 1000") == true)
    #expect(
      failure { try fixture.runtime.manage("upload_canister_snapshot_metadata", metadata) }
        == rateLimited(fixture.id, 1000, limit))
    try write(1)
  }
}

@Suite struct CanisterIDTests {
  /// Ids of deleted canisters are given to no other, by counting or by wish.
  @Test func deletedIDsAreNotUsedAgain() throws {
    var runtime = CanisterRuntime()
    let counted = try runtime.createCanister()
    let next = try #require(counted.canisterNumber) + 1
    let far = next + 5
    func make(_ number: UInt64) throws -> Principal {
      try runtime.createCanister(id: Principal(canister: number))
    }
    let wished = try [make(next + 1), make(far)]
    for id in [counted] + wished {
      _ = try runtime.stop(id)
      try runtime.delete(id)
    }
    for _ in 0..<2 {
      for id in [counted] + wished {
        let error = failure { _ = try runtime.createCanister(id: id) }
        #expect(error?.code == .canisterIdAlreadyExists)
      }
      runtime = try CanisterRuntime(state: runtime.state())
    }
    let made = try (0..<6).map { _ in try runtime.createCanister().canisterNumber }
    #expect(made == [next, next + 2, next + 3, next + 4, next + 6, next + 7])
    #expect(throws: CanisterError.self) { try runtime.createCanister(id: wished[1]) }
  }

  /// Which ids were counted is part of the state, whatever the configuration that it is opened with.
  @Test(arguments: [0, 5000] as [UInt64]) func otherConfigurations(first: UInt64) throws {
    var configuration = RuntimeConfiguration()
    configuration.firstCanister = 1000
    let runtime = CanisterRuntime(configuration)
    _ = try runtime.createCanister()
    let gone = try runtime.createCanister()
    _ = try runtime.stop(gone)
    try runtime.delete(gone)
    configuration.firstCanister = first
    let stored = try CanisterRuntime(state: runtime.state(), configuration)
    #expect(throws: CanisterError.self) { try stored.createCanister(id: gone) }
    let other = Principal(canister: 7)
    #expect(try stored.createCanister(id: other) == other)
    #expect(try stored.createCanister().canisterNumber == 1002)
  }

  @Test func numbersEnd() throws {
    var configuration = RuntimeConfiguration()
    configuration.firstCanister = .max - 1
    let runtime = CanisterRuntime(configuration)
    #expect(try runtime.createCanister().canisterNumber == .max - 1)
    for _ in 0..<2 {
      let error = failure { _ = try runtime.createCanister() }
      #expect(error?.code == .subnetOversubscribed)
    }
    let last = Principal(canister: .max)
    #expect(try runtime.createCanister(id: last) == last)
    _ = try runtime.stop(last)
    try runtime.delete(last)
    #expect(throws: CanisterError.self) { try runtime.createCanister(id: last) }
  }
}

@Suite struct IngressHistoryTests {
  private let module = Wat(
    ["msg_reply", "msg_reply_data_append"],
    memory: "(memory 40)",
    update("(call $msg_reply)")
      + "(func (export \"canister_update large\") (call $msg_reply_data_append (i32.const 0) (i32.const 2000000)) "
      + "(call $msg_reply))")

  /// What nobody forgets stays for five minutes, and the last thousand after that.
  @Test func oldAnswersGo() throws {
    let fixture = try Fixture(module)
    let runtime = fixture.runtime
    func send(_ count: Int) throws -> [IngressID] {
      let messages = try (0..<count).map { _ in try runtime.submit(to: fixture.id, method: "f", argument: []) }
      while !runtime.isIdle { runtime.executeRound() }
      return messages
    }
    let old = try send(600)
    for message in old[..<50] { runtime.forget(message) }
    let more = try send(600)
    #expect((old[50...] + more).allSatisfy { runtime.status(of: $0) == .replied([]) })
    runtime.advanceTime(by: 300_000_000_000)
    runtime.executeRound()
    let stored = try CanisterRuntime(state: runtime.state())
    runtime.executeRound()
    stored.executeRound()
    #expect(stored.stateHash() == runtime.stateHash())
    for runtime in [runtime, stored] {
      #expect(old[50..<200].allSatisfy { runtime.status(of: $0) == nil })
      #expect((old[200...] + more).allSatisfy { runtime.status(of: $0) == .replied([]) })
    }
  }

  @Test func largeAnswersGo() throws {
    let fixture = try Fixture(module)
    let runtime = fixture.runtime
    let messages = try (0..<40).map { _ in try runtime.submit(to: fixture.id, method: "large", argument: []) }
    while !runtime.isIdle { runtime.executeRound() }
    #expect(messages.allSatisfy { runtime.status(of: $0)?.isAnswered == true })
    runtime.advanceTime(by: 301_000_000_000)
    runtime.executeRound()
    #expect(messages.filter { runtime.status(of: $0) != nil } == Array(messages.suffix(33)))
  }

  @Test func thereIsAnEnd() throws {
    let fixture = try Fixture(module) { $0.subnet.ingressHistoryMemory = 3_000_000 }
    for _ in 0..<2 {
      _ = try fixture.runtime.submit(to: fixture.id, method: "large", argument: [])
      fixture.runtime.executeRound()
    }
    let error = failure { _ = try fixture.runtime.submit(to: fixture.id, method: "f", argument: []) }
    #expect(error?.code == .ingressHistoryFull)
  }
}
