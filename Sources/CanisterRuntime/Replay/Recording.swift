// Recording what comes into a runtime, and replaying it.

import Candid
import Cannery
import SystemAPI

/// Collects the inputs of a runtime.
struct InputRecorder {
  private var writer: StateWriter
  private var modules = RuntimeInput.Modules()
  /// Of queries since the last round.
  private var statistics: [Principal: QueryStatistics] = [:]
  private let limit: Int
  /// Whether there was more than fits.
  private var isOver = false
  /// After each so many rounds, the hash of the state is recorded; 0 for never.
  private let hashInterval: UInt64

  init(_ origin: LogOrigin, limit: Int, hashInterval: UInt64) {
    writer = InputLog.begin(origin)
    self.limit = limit
    self.hashInterval = hashInterval
  }

  mutating func append(_ input: RuntimeInput) {
    if isOver { return }
    input.write(to: &writer, &modules)
    // Nothing can follow where something is missing.
    if writer.bytes.count > limit {
      isOver = true
      writer = StateWriter()
    }
  }

  mutating func count(_ id: Principal, _ numbers: QueryStatistics) {
    statistics[id, default: QueryStatistics()].add(numbers)
  }

  /// What queries did is there for those who ask in a round.
  mutating func flushStatistics() {
    for id in statistics.keys.sorted() {
      if let numbers = statistics[id] { append(.statistics(id, numbers)) }
    }
    statistics = [:]
  }

  func wantsHash(after round: UInt64) -> Bool { !isOver && hashInterval > 0 && round % hashInterval == 0 }

  func log() throws(InputLogError) -> InputLog {
    if isOver { throw .tooLarge(limit: limit) }
    return try InputLog(InputLog.end(writer))
  }
}

extension CanisterRuntime {
  /// Begins to record all that comes in, in at most `limit` bytes. The log has the hash of the state after each so many
  /// rounds as `hashInterval` says, by which replaying it finds where states begin to differ; 0 for none: a hash takes time
  /// in proportion to the state.
  ///
  /// An execution that is paused starts anew then, as replaying from a stored state can't go on with it.
  public func startRecording(limit: Int = 1 << 30, hashInterval: UInt64 = 0) {
    giveUpPausedExecutions()
    recorder = InputRecorder(
      LogOrigin(configuration, stateHash: stateHash()), limit: limit, hashInterval: hashInterval)
  }

  /// Whether inputs are being recorded.
  public var isRecording: Bool { recorder != nil }

  /// What was recorded up to now. Recording goes on.
  ///
  /// Throws `InputLogError.tooLarge` if it was more than the limit, and `needsState` if nothing is recorded.
  public func inputLog() throws(InputLogError) -> InputLog {
    guard recorder != nil else { throw .needsState }
    recorder?.flushStatistics()
    guard let recorder else { throw .needsState }
    return try recorder.log()
  }

  /// Records nothing any more.
  public func stopRecording() { recorder = nil }

  /// The state, from which a log that was begun before can be replayed too. An execution that is paused starts anew.
  public func checkpoint() -> [UInt8] {
    beginCheckpoint()
    recorder?.flushStatistics()
    record(.checkpoint(hash: stateHash()))
    return state()
  }

  func record(_ input: @autoclosure () -> RuntimeInput) {
    if recorder == nil { return }
    let input = input()
    recorder?.append(input)
  }

  /// Does what an input does.
  func take(_ input: RuntimeInput) throws(InputLogError) {
    // What failed when it was recorded fails again, and nothing comes of it in either case.
    switch input {
    case .create(let settings, let cycles, let controller, let id):
      _ = try? createCanister(settings, cycles: cycles, controller: controller, id: id)
    case .install(let id, let module, let mode, let argument, let sender):
      _ = try? beginInstallation(id, module, mode: mode, argument: argument, sender: sender)
    case .updateSettings(let id, let change, let sender): try? updateSettings(id, change, sender: sender)
    case .uninstall(let id, let sender): try? uninstall(id, sender: sender)
    case .start(let id, let sender): try? start(id, sender: sender)
    case .stop(let id, let sender): _ = try? requestStop(id, sender: sender)
    case .delete(let id, let sender): try? delete(id, sender: sender)
    case .topUp(let id, let cycles): try? topUp(id, cycles)
    case .takeSnapshot(let id, let old, let uninstalls, let sender):
      _ = try? takeSnapshot(of: id, replacing: old, uninstalls: uninstalls, sender: sender)
    case .loadSnapshot(let id, let snapshot, let sender): try? loadSnapshot(snapshot, onto: id, sender: sender)
    case .deleteSnapshot(let id, let snapshot, let sender): try? deleteSnapshot(snapshot, of: id, sender: sender)
    case .submit(let receiver, let method, let argument, let sender, let cycles):
      _ = try? submit(to: receiver, method: method, argument: argument, sender: sender, cycles: cycles)
    case .forget(let id): forget(id)
    case .advanceTime(let nanoseconds): advanceTime(by: nanoseconds)
    case .setTime(let nanoseconds): setTime(nanoseconds)
    case .randomness(let bytes): addRandomness(bytes)
    case .statistics(let id, let numbers): add(numbers, to: id)
    case .round(let hash):
      executeRound()
      if let hash, stateHash() != hash { throw .differs(round: round) }
    case .checkpoint(let hash):
      beginCheckpoint()
      if stateHash() != hash { throw .differs(round: round) }
    }
  }
}

extension InputLog {
  /// A runtime that does all that was recorded, from the beginning or, with `state`, from there: the state that the log
  /// begins with, or one that `CanisterRuntime.checkpoint()` gave meanwhile. `configuration` says how it is executed, and
  /// must have the fees and limits that were recorded. `afterRound` sees each round's end.
  ///
  /// Throws an `InputLogError`, a `StateError`, or a `CanisterError` if a module in the state can't be compiled.
  public func replay(
    _ configuration: RuntimeConfiguration = RuntimeConfiguration(), from state: [UInt8]? = nil,
    afterRound: (CanisterRuntime) throws -> Void = { _ in }
  ) throws -> CanisterRuntime {
    guard configuration.subnet.fingerprint == origin.subnet else { throw InputLogError.otherConfiguration }
    let configuration = origin.applied(to: configuration)
    var first = 0
    let runtime: CanisterRuntime
    if let state {
      runtime = try CanisterRuntime(state: state, configuration)
      let hash = runtime.stateHash()
      if hash != origin.stateHash {
        guard let place = inputs.firstIndex(of: .checkpoint(hash: hash)) else { throw InputLogError.otherState }
        first = place + 1
      }
    } else {
      runtime = CanisterRuntime(configuration)
      guard runtime.stateHash() == origin.stateHash else { throw InputLogError.needsState }
    }
    for input in inputs[first...] {
      try runtime.take(input)
      if case .round = input { try afterRound(runtime) }
    }
    return runtime
  }
}
