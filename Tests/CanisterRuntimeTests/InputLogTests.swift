// Logs of inputs: what is in them, what is refused, and that replaying them gives the same state.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing
import WebAssembly

@Suite struct InputLogTests {
  /// Every kind of input, with some that fail; queries in between.
  private func record(_ runtime: CanisterRuntime, hashInterval: UInt64 = 1) throws -> InputLog {
    runtime.startRecording(hashInterval: hashInterval)
    let (first, second) = (try runtime.createCanister(), try runtime.createCanister(cycles: 1 << 60))
    try runtime.install(first, scripted.bytes)
    try runtime.install(second, scripted.bytes)
    #expect(throws: CanisterError.self) { try runtime.install(second, [1, 2, 3], mode: .upgrade()) }
    #expect(throws: CanisterError.self) { try runtime.delete(first) }
    _ = try runtime.call(first, "inc", [])
    _ = try runtime.call(first, "forward", [0] + second.bytes + Array("inc".utf8))
    _ = try runtime.call(first, "keep", [])
    _ = try runtime.query(first, "get", [])
    _ = try runtime.query(first, "get", [])
    // Tells how many queries there were.
    let argument = try encodeArguments([.record(["canister_id": .principal(first)])])
    _ = try runtime.submit(to: .managementCanister, method: "canister_status", argument: argument)
    runtime.executeRound()
    var change = SettingsChange()
    change.controllers = [.anonymous, first]
    change.logVisibility = .allowedViewers([second])
    try runtime.updateSettings(first, change)
    runtime.advanceTime(by: 20_000_000_000)
    runtime.setTime(runtime.time + 5)
    runtime.addRandomness([1, 2, 3])
    try runtime.topUp(first, 1_000)
    runtime.executeRound()
    try runtime.install(first, scripted.bytes, mode: .upgrade(UpgradeOptions(skipsPreUpgrade: true)))
    let snapshot = try runtime.takeSnapshot(of: second)
    let replacement = try runtime.takeSnapshot(of: second, replacing: snapshot.id)
    try runtime.loadSnapshot(replacement.id, onto: second)
    let last = try runtime.takeSnapshot(of: first)
    try runtime.deleteSnapshot(last.id, of: first)
    #expect(try runtime.stop(second))
    try runtime.start(second)
    try runtime.uninstall(second)
    #expect(try runtime.stop(second))
    try runtime.delete(second)
    _ = try? runtime.submit(to: second, method: "inc", argument: [])
    _ = try runtime.createCanister(id: Principal(canister: 77))
    runtime.executeRound()
    let log = try runtime.inputLog()
    runtime.stopRecording()
    return log
  }

  @Test func everyInputIsReplayed() throws {
    let runtime = CanisterRuntime()
    let log = try record(runtime)
    var rounds: [UInt64] = []
    let replayed = try log.replay { rounds.append($0.round) }
    #expect(replayed.stateHash() == runtime.stateHash())
    #expect(replayed.state() == runtime.state())
    #expect(rounds == Array(1...UInt64(log.rounds)))
    // What comes out of the log goes into another one.
    #expect(try InputLog(log.bytes).replay().stateHash() == runtime.stateHash())
  }

  @Test func nothingIsRecordedUnlessWanted() throws {
    let runtime = CanisterRuntime()
    #expect(!runtime.isRecording)
    #expect(throws: InputLogError.needsState) { try runtime.inputLog() }
    _ = try record(runtime)
    #expect(!runtime.isRecording)
  }

  @Test func tooMuchIsNotRecorded() throws {
    let runtime = CanisterRuntime()
    runtime.startRecording(limit: 1_000)
    let id = try runtime.createCanister()
    _ = try runtime.inputLog()
    _ = try? runtime.submit(to: id, method: "f", argument: [UInt8](repeating: 0, count: 1_000))
    #expect(throws: InputLogError.tooLarge(limit: 1_000)) { try runtime.inputLog() }
    try runtime.topUp(id, 1)
    #expect(throws: InputLogError.tooLarge(limit: 1_000)) { try runtime.inputLog() }
  }

  /// A log that begins later needs the state that there was, or one that was stored since.
  @Test func laterLogsNeedAState() throws {
    let runtime = CanisterRuntime()
    let before = runtime.state()
    let id = try runtime.createCanister()
    try runtime.install(id, scripted.bytes)
    _ = try runtime.submit(to: id, method: "inc", argument: [])
    let beginning = runtime.state()
    runtime.startRecording()
    runtime.executeRound()
    _ = try runtime.call(id, "inc", [])
    let middle = runtime.checkpoint()
    _ = try runtime.call(id, "inc", [])
    let log = try runtime.inputLog()
    #expect(throws: InputLogError.needsState) { try log.replay() }
    #expect(throws: InputLogError.otherState) { try log.replay(from: before) }
    for state in [beginning, middle] {
      let replayed = try log.replay(from: state)
      #expect(replayed.stateHash() == runtime.stateHash())
      #expect(try replayed.query(id, "get", []) == [3, 0, 0, 0])
    }
  }

  @Test func otherFeesAreRefused() throws {
    let log = try record(CanisterRuntime())
    var configuration = RuntimeConfiguration()
    configuration.subnet.callFee += 1
    #expect(throws: InputLogError.otherConfiguration) { try log.replay(configuration) }
    // The seed is in the log.
    configuration = RuntimeConfiguration()
    configuration.seed = 99
    _ = try log.replay(configuration)
  }

  // MARK: Hostile logs

  private func sealed(_ bytes: some Collection<UInt8>) -> [UInt8] {
    Array(bytes) + Array(bytes).withUnsafeBytes { SHA256.hash($0).bytes }
  }

  @Test func damagedLogsAreRefused() throws {
    let bytes = try record(CanisterRuntime()).bytes
    for position in stride(from: 0, to: bytes.count, by: 71) {
      var damaged = bytes
      damaged[position] ^= 0x04
      #expect(throws: InputLogError.self) { try InputLog(damaged) }
    }
    for length in stride(from: 0, to: bytes.count, by: 89) {
      #expect(throws: InputLogError.self) { try InputLog(Array(bytes.prefix(length))) }
    }
    var other = bytes
    other[15] = 9
    #expect(throws: InputLogError.otherVersion(9)) { try InputLog(other) }
  }

  /// The first round after which the state is another one is told.
  @Test func differencesAreFound() throws {
    let runtime = CanisterRuntime()
    let id = try runtime.createCanister()
    try runtime.install(id, scripted.bytes)
    let state = runtime.state()
    runtime.startRecording(hashInterval: 1)
    for round in 0..<4 { _ = try runtime.call(id, "echo", [UInt8](repeating: 0xA0 + UInt8(round), count: 40)) }
    let bytes = try runtime.inputLog().bytes
    let place = try #require((0..<bytes.count).first { bytes[$0...].starts(with: [0xA2, 0xA2]) })
    var changed = Array(bytes.dropLast(32))
    changed[place] = 0xFF
    let log = try InputLog(sealed(changed))
    #expect(throws: InputLogError.differs(round: 3)) { try log.replay(from: state) }
    #expect("\(InputLogError.differs(round: 3))".contains("round 3"))
  }

  /// Whatever is in a log, reading and replaying it ends in a state or in an error.
  @Test func hostileLogsDoNoHarm() throws {
    let bytes = Array(try record(CanisterRuntime(), hashInterval: 0).bytes.dropLast(32))
    var outcomes: Set<Bool> = []
    var position = 16
    while position < bytes.count {
      for value: UInt8 in [0xFF, bytes[position] ^ 1, 0] {
        var changed = bytes
        changed[position] = value
        do {
          let log = try InputLog(sealed(changed))
          outcomes.insert(true)
          // Of those in the module nothing can come that tests of modules don't see.
          if position % 5 == 0 { _ = try log.replay() }
        } catch {
          outcomes.insert(error is InputLogError)
        }
      }
      // The module takes most of the log.
      position += position > 400 && position < bytes.count - 600 ? 997 : 1
    }
    #expect(outcomes == [true])
  }
}
