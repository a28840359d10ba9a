// The stored state, and the same result whatever the number of threads.

import Candid
import CanisterRuntime
import Cannery
import Foundation
import SystemAPI
import Testing

/// The argument for an upgrade by the management canister.
func upgrade(_ id: Principal, _ module: [UInt8]) -> [UInt8] {
  let value = CandidValue.record([
    "mode": .variant(CandidField("upgrade", .null)), "canister_id": .principal(id), "wasm_module": .blob(module),
    "arg": .blob([]),
  ])
  do { return try encodeArguments([value]) } catch { preconditionFailure("\(error)") }
}

@Suite struct StateTests {
  /// A generator of numbers, the same on every machine.
  struct Numbers {
    var state: UInt64
    mutating func next(_ below: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % below
    }
  }

  private static func configuration(seed: UInt64, threads: Int) -> RuntimeConfiguration {
    var configuration = RuntimeConfiguration()
    configuration.threads = threads
    configuration.seed = seed
    configuration.subnet.sliceInstructions = 20_000
    // So that even a short hook takes several rounds; compiling alone is more than a round's part for it.
    configuration.subnet.installSliceInstructions = 30
    configuration.subnet.roundInstructions = 3_000_000
    return configuration
  }

  /// Canisters that call each other, with calls of users in between. `observe` sees the runtime at the beginning, after each of four steps, and at the end.
  private func run(
    seed: UInt64, canisters count: Int, threads: Int, observe: (CanisterRuntime, Int) -> Void = { _, _ in }
  ) throws -> [UInt8] {
    let runtime = CanisterRuntime(Self.configuration(seed: seed, threads: threads))
    observe(runtime, 0)
    var numbers = Numbers(state: seed)
    var ids: [Principal] = []
    for _ in 0..<count {
      let id = try runtime.createCanister()
      try runtime.install(id, scripted.bytes)
      ids.append(id)
    }
    for step in 1...4 {
      for _ in 0..<count {
        let (caller, callee) = (ids[numbers.next(count)], ids[numbers.next(count)])
        let method = ["inc", "inc_and_trap", "silent", "keep", "get"][numbers.next(5)]
        let argument = [numbers.next(8) == 0 ? 1 : 0] + callee.bytes + Array(method.utf8)
        if numbers.next(12) == 0 {
          let install = upgrade(caller, scripted.bytes)
          _ = try runtime.submit(to: .managementCanister, method: "install_code", argument: install)
        }
        let entry = ["forward", "forward_cycles", "forward_and_trap", "spin"][numbers.next(4)]
        _ = try runtime.submit(to: caller, method: entry, argument: argument)
      }
      runtime.executeRound()
      observe(runtime, step)
      runtime.advanceTime(by: UInt64(numbers.next(20)) * 1_000_000_000)
    }
    // Four long executions at a time, of up to two hundred.
    #expect(runtime.executeUntilIdle(limit: 10_000))
    observe(runtime, 5)
    return runtime.stateHash()
  }

  /// How many schedules are tried; `CANNERY_SCHEDULES` says more.
  private static var schedules: UInt64 {
    if let text = ProcessInfo.processInfo.environment["CANNERY_SCHEDULES"], let count = UInt64(text) { return count }
    #if DEBUG
    return 5
    #else
    return 100
    #endif
  }

  @Test func threadsChangeNothing() throws {
    for seed in 0..<Self.schedules {
      let hash = try run(seed: seed, canisters: 50, threads: 1)
      #expect(try run(seed: seed, canisters: 50, threads: 2) == hash, "seed \(seed)")
      #expect(try run(seed: seed, canisters: 50, threads: 8) == hash, "seed \(seed)")
    }
  }

  /// The log of a schedule gives the same states again, after each round, from the beginning and from the middle.
  @Test func logsReplay() throws {
    // Hashing each round takes longest.
    for seed in 0..<(Self.schedules + 2) / 3 {
      var bytes: [UInt8] = []
      var stored: [UInt8] = []
      let hash = try run(seed: seed, canisters: 20, threads: 1) { runtime, step in
        if step == 0 { runtime.startRecording(hashInterval: 1) }
        if step == 2 { stored = runtime.checkpoint() }
        if step == 5 { bytes = (try? runtime.inputLog().bytes) ?? [] }
      }
      let log = try InputLog(bytes)
      for (threads, state) in [(2, nil), (8, nil), (4, stored)] {
        let replayed = try log.replay(Self.configuration(seed: 0, threads: threads), from: state)
        #expect(replayed.stateHash() == hash, "seed \(seed)")
      }
    }
  }

  @Test func otherSeedsGiveOtherStates() throws {
    #expect(try run(seed: 1, canisters: 5, threads: 1) != run(seed: 2, canisters: 5, threads: 1))
  }

  @Test func storedStatesGoOn() throws {
    let runtime = CanisterRuntime()
    let (first, second) = (try runtime.createCanister(), try runtime.createCanister())
    try runtime.install(first, scripted.bytes)
    try runtime.install(second, scripted.bytes)
    _ = try runtime.call(first, "inc", [])
    _ = try runtime.call(first, "keep", [])
    // A call on its way.
    let id = try runtime.submit(to: first, method: "forward", argument: [0] + second.bytes + Array("inc".utf8))
    let stored = runtime.state()
    let restored = try CanisterRuntime(state: stored)
    #expect(restored.state() == stored)
    #expect(restored.stateHash() == runtime.stateHash())
    runtime.executeUntilIdle()
    restored.executeUntilIdle()
    #expect(restored.stateHash() == runtime.stateHash())
    #expect(restored.status(of: id) == .replied([1, 0, 0, 0, 7, 2, 0, 0, 0]))
    #expect(try restored.query(first, "get", []) == [2, 0, 0, 0])
    try restored.install(first, scripted.bytes, mode: .upgrade())
    #expect(try restored.query(first, "get", []) == [1, 0, 0, 0])
  }

  @Test func damagedStatesAreRefused() throws {
    let runtime = CanisterRuntime()
    let id = try runtime.createCanister()
    try runtime.install(id, Wat([], update("")).bytes)
    let stored = runtime.state()
    for position in stride(from: 0, to: stored.count, by: 37) {
      var damaged = stored
      damaged[position] ^= 0x10
      #expect(throws: StateError.self) { try CanisterRuntime(state: damaged) }
    }
    for length in stride(from: 0, to: stored.count, by: 101) {
      #expect(throws: StateError.self) { try CanisterRuntime(state: Array(stored.prefix(length))) }
    }
  }

  /// A state that somebody has made up, with the right checksum, is refused or goes on.
  @Test func forgedStates() throws {
    let runtime = CanisterRuntime()
    var ids: [Principal] = []
    for _ in 0..<2 {
      let id = try runtime.createCanister()
      try runtime.install(id, scripted.bytes)
      _ = try runtime.call(id, "inc", [])
      _ = try runtime.call(id, "set_timer", [])
      ids.append(id)
    }
    _ = try runtime.takeSnapshot(of: ids[0])
    for method in ["spin", "forward", "inc"] {
      _ = try runtime.submit(to: ids[0], method: method, argument: [0] + ids[1].bytes + Array("inc".utf8))
    }
    runtime.executeRound()
    _ = try runtime.submit(to: ids[1], method: "forward", argument: [0] + ids[0].bytes + Array("inc".utf8))
    let stored = runtime.state()
    // The modules and their artifacts stand in front, and have tests of their own.
    let first = stored.count * 9 / 10
    var numbers = Numbers(state: 7)
    var accepted = 0
    var position = first
    while position < stored.count - 32 {
      var forged = Array(stored.dropLast(32))
      let value = UInt8([0, 1, 0x7F, 0xFF, 0xFF, numbers.next(256)][numbers.next(6)])
      for index in position..<min(position + [1, 2, 8, 8][numbers.next(4)], forged.count) { forged[index] = value }
      position += 1 + numbers.next(Self.spacing)
      forged += forged.withUnsafeBytes { SHA256.hash($0).bytes }
      guard let other = try? CanisterRuntime(state: forged) else { continue }
      accepted += 1
      other.executeRound()
      other.advanceTime(by: 20_000_000_000)
      for _ in 0..<3 { other.executeRound() }
      for id in other.canisterIDs {
        _ = try? other.query(id, "get", [])
        _ = try? other.call(id, "inc", [], rounds: 3)
        _ = try? other.state(of: id).freezingBalance(SubnetConfiguration())
      }
      _ = other.stateHash()
    }
    #expect(accepted > 10)
  }

  /// How far apart forgeries are, in bytes, at most.
  private static var spacing: Int {
    #if DEBUG
    return 20
    #else
    return 2
    #endif
  }

  /// A query sees the committed state while an update has not ended.
  @Test func queriesDuringLongUpdates() throws {
    var configuration = RuntimeConfiguration()
    configuration.subnet.sliceInstructions = 100_000
    let runtime = CanisterRuntime(configuration)
    let id = try runtime.createCanister()
    try runtime.install(id, scripted.bytes)
    _ = try runtime.call(id, "inc", [])
    _ = try runtime.call(id, "keep", [])
    let message = try runtime.submit(to: id, method: "spin", argument: [])
    runtime.executeRound()
    #expect(runtime.status(of: message) == .processing)
    let hash = runtime.stateHash()
    #expect(try runtime.query(id, "get", []) == [1, 0, 0, 0])
    #expect(try runtime.query(id, "get_stable", []) == [1, 0, 0, 0])
    #expect(try runtime.query(id, "inc_query", []) == [2, 0, 0, 0])
    #expect(runtime.stateHash() == hash)
    runtime.executeUntilIdle()
    #expect(runtime.status(of: message) == .replied([2, 0, 0, 0]))
    #expect(try runtime.query(id, "get_stable", []) == [2, 0, 0, 0])
    let report = runtime.takeReports().last { $0.name == "spin" }
    #expect(report?.error == nil)
  }
}
