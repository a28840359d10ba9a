// A canister on this machine: an instance of its module, its stable memory, and the rules by which messages change its
// state. A small host that shows how Cannery is used; it knows one canister, no queues and no cycles.

import Cannery

/// One message, or another entry of the canister.
public struct Message: Sendable {
  /// The name of the export, such as `canister_update transfer`.
  public var entry: String
  public var argument: [UInt8]
  public var caller: Principal
  public init(_ entry: String, argument: [UInt8] = [], caller: Principal = .anonymous) {
    self.entry = entry
    self.argument = argument
    self.caller = caller
  }

  /// Queries leave no trace: what they write is thrown away.
  public var isQuery: Bool { entry.hasPrefix("canister_query ") || entry == "canister_inspect_message" }
}

/// What became of a message.
public struct Outcome: Sendable {
  public enum Result: Sendable {
    case replied([UInt8])
    /// Ended without a reply, as `canister_init` does.
    case finished
    case failed(String)
  }
  public var result: Result
  /// As the Internet Computer counts them: operators, System API calls and changed pages.
  public var instructions: UInt64
  /// Pages of 4 KiB whose bytes the message changed.
  public var changedPages: Int
  public var duration: Duration
}

public final class Canister {
  /// The most instructions that one message may use.
  public static let updateLimit: UInt64 = 40_000_000_000
  public static let queryLimit: UInt64 = 5_000_000_000
  /// What a changed page costs, in instructions.
  public static let changedPageCost: UInt64 = 1000

  let system = SystemState()
  private let store: Store
  private let instance: Instance

  /// Makes an instance, without running any entry of it. `stableMemory` is what an earlier instance left.
  ///
  /// Throws an `InstantiationError` that names what is missing or does not fit.
  public init(_ module: Module, engine: Engine, stableMemory: [UInt8] = []) throws {
    // With write tracking, what a failed message or a query wrote can be undone.
    store = try engine.makeStore(tracksWrites: true)
    var linker = Linker(store)
    try defineSystemAPI(in: &linker, system)
    instance = try linker.instantiate(module)
    system.stableMemory = stableMemory
    store.commit()
  }

  public var stableMemory: [UInt8] { system.stableMemory }
  public var certifiedData: [UInt8] { system.certifiedData }
  /// Nanoseconds since 1970, as the canister sees them.
  public var time: UInt64 {
    get { system.time }
    set { system.time = newValue }
  }

  /// Executes one message to its end.
  ///
  /// Throws an `ExecutionError` if the artifact's code turns out to be broken.
  public func execute(_ message: Message) throws -> Outcome {
    guard case .function(let function) = instance.export(message.entry) else {
      return Outcome(
        result: .failed("no such method: \(message.entry)"), instructions: 0, changedPages: 0, duration: .zero)
    }
    let limit = message.isQuery ? Self.queryLimit : Self.updateLimit
    let before = system.begin(message, limit: limit)

    let start = ContinuousClock.now
    let execution = try Execution(function, arguments: [], instructions: limit)
    let state = try execution.run()
    let duration = ContinuousClock.now - start
    var failure: String?
    switch state {
    case .finished: break
    case .trapped(let trap):
      if let call = trap.underlying as? CanisterTrap { failure = call.text } else { failure = "\(trap)" }
    case .outOfInstructions: failure = "more than \(limit) instructions"
    case .interrupted, .waitingForHost: failure = "stopped"
    }
    let executed = execution.instructionsExecuted
    execution.abandon()

    let changedPages = message.isQuery ? 0 : instance.memories.reduce(0) { $0 + $1.dirtyPages().count }
    if failure != nil || message.isQuery {
      store.rollBack()
      system.rollBack(to: before)
    } else {
      store.commit()
    }
    let result: Outcome.Result =
      if let failure { .failed(failure) } else if let reply = system.reply { .replied(reply) } else { .finished }
    return Outcome(
      result: result, instructions: min(executed + UInt64(changedPages) * Self.changedPageCost, limit),
      changedPages: changedPages, duration: duration)
  }
}
