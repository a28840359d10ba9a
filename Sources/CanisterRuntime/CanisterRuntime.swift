// Canisters on one machine: a subnet of its own, as a deterministic state machine without input or output. Time and
// randomness are given to it, and the same inputs give the same state, whatever the number of threads.

import Candid
import Cannery
import SystemAPI

/// What a runtime is made with.
public struct RuntimeConfiguration: Sendable {
  public var subnet = SubnetConfiguration()
  /// Threads that execute canisters; nothing but speed depends on it.
  public var threads = 1
  /// What `raw_rand` begins with.
  public var seed: UInt64 = 0
  /// Nanoseconds since 1970: by default, 2021-05-06 19:17:10 UTC.
  public var startTime: UInt64 = 1_620_328_630_000_000_000
  /// Nanoseconds that pass in each round.
  public var roundDuration: UInt64 = 1_000_000
  /// The subnet's id, and the root key, DER-encoded.
  public var subnetID = Principal(selfAuthenticating: [UInt8](repeating: 1, count: 28))!
  public var rootKey: [UInt8] = RuntimeConfiguration.testingKey
  /// The number of the first canister.
  public var firstCanister: UInt64 = 0
  /// Nanoseconds that a composite query may take with all that it calls, of a real clock, as on the network: what it costs to
  /// put aside what a query wrote, while it is called again, isn't counted in instructions.
  public var queryTimeLimit: UInt64 = 10_000_000_000
  /// How modules are compiled.
  public var compiler = CompilerOptions()
  /// Gets what canisters print with `debug_print`, at once: also where the execution fails later, or is a query. With several
  /// threads it is called on them, by several at a time. It must not use the runtime.
  public var debugPrint: (@Sendable (_ canister: Principal, _ text: [UInt8]) -> Void)?

  public init() {}
}

/// Canisters on one machine. One thread at a time uses it.
public final class CanisterRuntime {
  public let configuration: RuntimeConfiguration
  let subnet: SubnetInformation
  let engine: Engine
  /// Makes certificates of canisters' data, for queries; nil for none. Without it, certificates are made of
  /// `certifiedTree`, with a signature of zeros: canisters that serve certified data work, and nobody mistakes it for a
  /// subnet's.
  public var dataCertificate: ((_ canister: Principal, _ data: [UInt8]) -> [UInt8]?)?
  /// In the order of their ids.
  private(set) var canisters: [Principal: Canister] = [:]
  var index = CanisterIndex()
  /// Nanoseconds since 1970.
  public internal(set) var time: UInt64
  /// Rounds that were executed.
  public internal(set) var round: UInt64 = 0
  /// Numbers of canisters are counted from the first to the one before the next.
  var firstCanister: UInt64
  var nextCanister: UInt64
  var nextIngress: UInt64 = 1
  var ingress = IngressHistory()
  /// Nanoseconds since 1970: when canisters were charged for storage last.
  var lastCharge: UInt64
  /// Calls of the management canister that wait for the next round.
  var managementCalls = Queue<ManagementCall>()
  var randomness: Randomness
  /// What was executed since the last time that somebody asked.
  private var reports: [ExecutionReport] = []
  /// Executions since the last `takeReports` of which there is no report any more, as there were very many.
  public private(set) var droppedReports = 0
  private var modules = ModuleCache()
  /// What calls of the management canister may still execute in this round.
  var managementInstructions: Int64 = 0
  /// Bytes of pages that were changed since the last checkpoint.
  var heapDelta: UInt64 = 0
  /// The SHA-256 of each module that was installed since the last checkpoint: compiling it again is charged less. Part of the
  /// state, as what is charged is; the modules that are really there are `modules`.
  var chargedModules: Set<[UInt8]> = []
  /// Numbers of canisters that were deleted, of those that weren't made with the next number.
  var retiredNumbers: Set<UInt64> = []
  /// Ingress messages that wait for a round that has room for them, and how much has come in with the next one.
  var waitingIngress = Queue<IngressMessage>()
  var block = IngressBlock()
  /// If all that comes in is recorded.
  var recorder: InputRecorder?

  public init(_ configuration: RuntimeConfiguration = RuntimeConfiguration()) {
    self.configuration = configuration
    var subnet = SubnetInformation(
      id: configuration.subnetID, rootKey: configuration.rootKey, configuration: configuration.subnet)
    subnet.debugPrint = configuration.debugPrint
    self.subnet = subnet
    engine = Engine(
      EngineConfiguration(features: .icp, metering: .icp, compiler: configuration.compiler, requiresCanister: true))
    time = min(configuration.startTime, Self.latestTime)
    lastCharge = time
    firstCanister = configuration.firstCanister
    nextCanister = firstCanister
    randomness = Randomness(seed: configuration.seed)
  }

  var fees: SubnetConfiguration { configuration.subnet }

  /// Time goes no further (2262), so that what ends some time later can be computed.
  static let latestTime: UInt64 = 1 << 63

  // MARK: Canisters

  /// The ids of all canisters, in ascending order.
  public var canisterIDs: [Principal] { canisters.keys.sorted() }

  /// The canister with this id.
  ///
  /// Throws a `CanisterError` with the code `canisterNotFound`.
  func canister(_ id: Principal) throws(CanisterError) -> Canister {
    guard let canister = canisters[id] else { throw CanisterError(.canisterNotFound, "Canister \(id) not found") }
    return canister
  }

  func add(_ canister: Canister) {
    canisters[canister.id] = canister
    index.update(canister)
  }

  func remove(_ id: Principal) {
    canisters[id] = nil
    index.remove(id)
  }

  /// What the system keeps of a canister.
  public func state(of id: Principal) throws(CanisterError) -> SystemState { try canister(id).state }

  /// The module that is installed, if there is one.
  public func module(of id: Principal) throws(CanisterError) -> InstalledModule? {
    try canister(id).machine?.installed
  }

  /// A module, compiled if there isn't one.
  func installedModule(_ bytes: [UInt8]) throws(CanisterError) -> InstalledModule {
    let hash = bytes.withUnsafeBytes { SHA256.hash($0).bytes }
    if let module = modules[hash] { return module }
    let module = try InstalledModule(bytes, engine: engine, charges: fees)
    modules.add(module)
    return module
  }

  /// Whether a module has a 64-bit memory, which doesn't need it compiled. False where it can't be read.
  func hasMemory64(_ bytes: [UInt8]) -> Bool {
    guard let module = try? engine.decode(bytes) else { return false }
    return IndexSpaces(module).memories.first?.limits.address == .i64
  }

  /// A module that was stored with its artifact, which is compiled again if it is another version's.
  /// It stays as long as somebody has it.
  func addModule(_ bytes: [UInt8], artifact: [UInt8]) throws(CanisterError) -> InstalledModule {
    let module = try InstalledModule(bytes, artifact: artifact, engine: engine, charges: fees)
    modules.add(module)
    return module
  }

  /// Compiled modules that are kept.
  package var moduleCount: Int { modules.count }

  func knownModule(_ hash: [UInt8]) -> InstalledModule? { modules[hash] }

  /// A machine for a canister with this state and stable memory.
  func makeMachine(
    _ state: SystemState, _ stable: StableMemory, _ module: InstalledModule,
    from beginning: CanisterMachine.Beginning = .initialized
  ) throws(CanisterError) -> CanisterMachine {
    try CanisterMachine(module, engine: engine, subnet: subnet, system: state, stable: stable, from: beginning)
  }

  // MARK: Ingress

  /// Takes a user's call of an update method, or of the management canister. Its answer comes by executing rounds
  /// (`executeRound`); `status(of:)` tells how far it is. `cycles` come with it as with a canister's call, which no network
  /// allows; what isn't accepted of them is gone.
  ///
  /// Throws a `CanisterError` if the message doesn't come in: no such canister, refused by its `canister_inspect_message`,
  /// no cycles for it.
  public func submit(
    to receiver: Principal, method: String, argument: [UInt8], sender: Principal = .anonymous, cycles: Cycles = 0
  ) throws(CanisterError) -> IngressID {
    record(.submit(receiver: receiver, method: method, argument: argument, sender: sender, cycles: cycles))
    let message = IngressMessage(
      id: IngressID(nextIngress), sender: sender, receiver: receiver, method: method, argument: argument,
      expiry: time + fees.ingressTimeout * 1_000_000_000, cycles: cycles)
    let size = message.argument.count + message.method.utf8.count
    guard size <= fees.ingressLimit else {
      throw CanisterError(
        .canisterRejectedMessage,
        "The message of \(size) bytes is larger than the limit of \(fees.ingressLimit)")
    }
    guard ingress.bytes < fees.ingressHistoryMemory else {
      throw CanisterError(
        .ingressHistoryFull, "Maximum ingress history capacity \(fees.ingressHistoryMemory) reached")
    }
    if receiver == .managementCanister {
      try admitManagementCall(message)
      if waitingIngress.isEmpty && block.take(message, fees) {
        managementCalls.append(ManagementCall(message))
      } else {
        waitingIngress.append(message)
      }
    } else {
      let canister = try canister(receiver)
      switch canister.state.status {
      case .running: break
      case .stopping: throw CanisterError(.canisterStopping, "Canister \(receiver) is stopping")
      case .stopped: throw CanisterError(.canisterStopped, "Canister \(receiver) is stopped")
      }
      guard let machine = canister.machine else {
        throw CanisterError(
          .canisterWasmModuleNotFound,
          "Error from Canister \(receiver): Attempted to execute a message, but the canister contains no Wasm module")
      }
      if machine.installed.inspectsMessages { try inspect(message, canister) }
      try payInduction(message, canister)
      if waitingIngress.isEmpty && block.take(message, fees) {
        canister.queues.push(.ingress(message))
        index.update(canister)
      } else {
        waitingIngress.append(message)
      }
    }
    nextIngress += 1
    ingress.begin(message.id)
    return message.id
  }

  /// Takes what an ingress message costs off the canister that pays for it.
  func payInduction(_ message: IngressMessage, _ canister: Canister) throws(CanisterError) {
    let cost = fees.ingressCost(bytes: message.method.utf8.count + message.argument.count)
    guard canister.state.balance >= cost.addingSaturated(canister.state.freezingBalance(fees)) else {
      let needed = cost.addingSaturated(canister.state.freezingBalance(fees))
      throw CanisterError(.canisterOutOfCycles, canister.state.outOfCycles(needed - canister.state.balance))
    }
    canister.state.spend(cost, on: .ingressInduction)
  }

  /// What became of an ingress message; nil if there was none with this id, or if its answer was forgotten. Answers stay for
  /// at least five minutes of the runtime's time; of older ones at least the last thousand, if they aren't large.
  public func status(of id: IngressID) -> IngressStatus? { ingress[id] }

  /// Forgets the answer to an ingress message.
  public func forget(_ id: IngressID) {
    record(.forget(id))
    ingress.forget(id)
  }

  /// Submits a call and executes rounds until it is answered. Where canisters only wait, time is set forward to what is due.
  ///
  /// Throws a `CanisterError` where the message doesn't come in, a `CanisterReject` where it is rejected, and
  /// `RuntimeError.noAnswer` if `rounds` rounds or `timeout` nanoseconds weren't enough.
  public func call(
    _ receiver: Principal, _ method: String, _ argument: [UInt8], sender: Principal = .anonymous, cycles: Cycles = 0,
    rounds: Int = 1_000, timeout: UInt64 = 300_000_000_000
  ) throws -> [UInt8] {
    let id = try submit(to: receiver, method: method, argument: argument, sender: sender, cycles: cycles)
    defer { forget(id) }
    return try answer(to: id, rounds: rounds, timeout: timeout)
  }

  /// Executes rounds until a message that was submitted is answered, likewise.
  public func answer(to id: IngressID, rounds: Int = 1_000, timeout: UInt64 = 300_000_000_000) throws -> [UInt8] {
    let before = round
    if ingress[id]?.isAnswered == false {
      executeRounds(rounds, timeout: timeout) { ingress[id]?.isAnswered != false }
    }
    switch ingress[id] {
    case .replied(let bytes): return bytes
    case .rejected(let reject): throw reject
    case .received, .processing, nil: throw RuntimeError.noAnswer(rounds: Int(round - before))
    }
  }

  // MARK: Reports

  func report(_ new: [ExecutionReport]) {
    for var report in new {
      // A text of any length is only for whoever asks at once.
      report.error = report.error.map { CanisterError($0.code, CanisterReject($0).message) }
      reports.append(report)
    }
    // Whoever never asks doesn't want them. Half of them at a time, so that moving the rest costs little.
    if reports.count > 20_000 {
      droppedReports += reports.count - 10_000
      reports.removeFirst(reports.count - 10_000)
    }
  }

  /// What was executed since the last call; of very much, the latest.
  public func takeReports() -> [ExecutionReport] {
    defer { (reports, droppedReports) = ([], 0) }
    return reports
  }
}

/// A wrong use of the runtime, or nothing that it can give.
public enum RuntimeError: Error, Hashable, Sendable {
  case noAnswer(rounds: Int)
}

extension RuntimeError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noAnswer(let rounds): "no answer after \(rounds) rounds"
    }
  }
}

extension CanisterReject: Error {}

extension CanisterReject: CustomStringConvertible {
  /// `IC0503 (CANISTER_ERROR): the message`
  public var description: String { "\(error) (\(code.name)): \(message)" }
}

/// Random bytes from a seed: each is SHA-256 of the one before.
struct Randomness: Sendable {
  private(set) var state: [UInt8]

  init(seed: UInt64) {
    state = withUnsafeBytes(of: seed.littleEndian) { SHA256.hash(UnsafeRawBufferPointer($0)).bytes }
  }

  init(state: [UInt8]) { self.state = state }

  /// Takes in bytes from outside.
  mutating func add(_ bytes: [UInt8]) { state = (state + [3] + bytes).withUnsafeBytes { SHA256.hash($0).bytes } }

  /// 32 bytes.
  mutating func next() -> [UInt8] {
    state = (state + [1]).withUnsafeBytes { SHA256.hash($0).bytes }
    return (state + [2]).withUnsafeBytes { SHA256.hash($0).bytes }
  }
}
