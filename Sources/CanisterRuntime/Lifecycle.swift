// Creating, stopping, emptying and deleting canisters, and their settings. The management canister and the Swift interface
// both come here.
//
// Source: the Internet Computer interface specification, "The IC management canister"; dfinity/ic,
// rs/execution_environment/src/canister_manager.rs.

import Candid
import Cannery
import SystemAPI

/// Who asks the management canister for something.
enum ManagementCaller: Hashable, Sendable {
  case ingress(IngressID, Principal)
  case canister(Principal, callback: UInt64, deadline: UInt64, version: UInt64)
  /// The host of the runtime, who may do everything.
  case host(Principal)

  var principal: Principal {
    switch self {
    case .ingress(_, let principal), .canister(let principal, _, _, _), .host(let principal): principal
    }
  }

  var isHost: Bool { if case .host = self { true } else { false } }

  /// Whom the history names.
  var origin: ChangeOrigin {
    switch self {
    case .ingress(_, let user), .host(let user): .user(user)
    case .canister(let id, _, _, let version): .canister(id, version: version)
    }
  }
}

/// Changes of settings: what is nil stays.
public struct SettingsChange: Hashable, Sendable {
  public var controllers: [Principal]?
  public var computeAllocation: UInt64?
  public var memoryAllocation: UInt64?
  public var freezingThreshold: UInt64?
  public var reservedCyclesLimit: Cycles?
  public var minimumIncomingCallCycles: Cycles?
  public var wasmMemoryLimit: UInt64?
  public var wasmMemoryThreshold: UInt64?
  public var logVisibility: Visibility?
  public var snapshotVisibility: Visibility?
  public var statusVisibility: Visibility?
  public var environment: [EnvironmentVariable]?

  public init() {}
}

extension CanisterRuntime {
  func checkController(_ canister: Canister, _ caller: ManagementCaller) throws(CanisterError) {
    if caller.isHost || canister.state.isController(caller.principal) { return }
    throw CanisterError(
      .canisterInvalidController,
      "Only controllers of canister \(canister.id) can call this ic00 method; the caller \(caller.principal) is none of them"
    )
  }

  // MARK: Creation

  /// Makes an empty canister. `cycles` are its balance; without an `id` it gets the next one.
  func createCanister(
    _ settings: SettingsChange, cycles: Cycles, by caller: ManagementCaller, id wanted: Principal? = nil
  ) throws(CanisterError) -> Principal {
    let id: Principal
    if let wanted {
      if canisters[wanted] != nil {
        throw CanisterError(.canisterIdAlreadyExists, "Unsupported operation: canister \(wanted) is already installed.")
      }
      id = wanted
    } else {
      id = freeID()
    }
    var state = SystemState(
      id: id, settings: CanisterSettings(controllers: [caller.principal]), balance: cycles,
      logCapacity: fees.logCapacity)
    state.version = 0
    let canister = Canister(id: id, state: state, time: time)
    try apply(settings, to: canister)
    let environment = canister.state.settings.environment
    canister.record(
      .creation(
        controllers: canister.state.settings.controllers,
        environmentHash: settings.environment == nil ? nil : environmentHash(environment)),
      by: caller.origin, at: time)
    add(canister)
    return id
  }

  private func freeID() -> Principal {
    while true {
      let id = Principal(canister: nextCanister)
      nextCanister &+= 1
      if canisters[id] == nil { return id }
    }
  }

  // MARK: Settings

  /// Changes settings of a canister.
  func updateSettings(_ id: Principal, _ change: SettingsChange, by caller: ManagementCaller) throws(CanisterError) {
    let canister = try canister(id)
    try checkController(canister, caller)
    let old = canister.state.settings.controllers
    try apply(change, to: canister)
    canister.state.version += 1
    if let controllers = change.controllers, controllers != old {
      canister.record(.controllersChange(canister.state.settings.controllers), by: caller.origin, at: time)
    }
    canister.updateLowMemoryHook(fees)
    index.update(canister)
  }

  /// Checks a change and makes it, or leaves everything as it is.
  private func apply(_ change: SettingsChange, to canister: Canister) throws(CanisterError) {
    func invalid(_ text: String) -> CanisterError { CanisterError(.invalidManagementPayload, text) }
    var state = canister.state
    if let controllers = change.controllers {
      var unique: [Principal] = []
      for controller in controllers where !unique.contains(controller) { unique.append(controller) }
      guard controllers.count <= CanisterSettings.controllerLimit else {
        throw invalid(
          "A canister has at most \(CanisterSettings.controllerLimit) controllers, not \(controllers.count)")
      }
      state.settings.controllers = unique.sorted()
    }
    if let percent = change.computeAllocation {
      guard percent <= 100 else { throw invalid("The compute allocation is 0 to 100 percent, not \(percent)") }
      let others = canisters.values.reduce(0) { $1.id == canister.id ? $0 : $0 + $1.state.settings.computeAllocation }
      guard others + percent <= Self.computeCapacity || percent <= state.settings.computeAllocation else {
        throw CanisterError(
          .subnetOversubscribed,
          "Canister requested a compute allocation of \(percent)% which cannot be satisfied because the Subnet's remaining "
            + "compute capacity is \(Self.computeCapacity - min(others, Self.computeCapacity))%.")
      }
      state.settings.computeAllocation = percent
    }
    if let bytes = change.memoryAllocation {
      state.settings.memoryAllocation = bytes
      let growth = state.billedMemory - min(canister.state.billedMemory, state.billedMemory)
      guard growth <= fees.subnetMemory - min(index.memory, fees.subnetMemory) else {
        throw CanisterError(
          .subnetOversubscribed,
          "Canister requested \(bytes) bytes of memory but only \(fees.subnetMemory - min(index.memory, fees.subnetMemory)) "
            + "bytes are available in the subnet.")
      }
      try reserve(growth, &state)
    }
    if let seconds = change.freezingThreshold { state.settings.freezingThreshold = seconds }
    if let limit = change.reservedCyclesLimit {
      guard limit >= state.reservedBalance else {
        throw CanisterError(
          .reservedCyclesLimitIsTooLow,
          "Cannot set the reserved cycles limit \(limit) below the reserved balance of the canister \(state.reservedBalance)"
        )
      }
      state.settings.reservedCyclesLimit = limit
    }
    if let cycles = change.minimumIncomingCallCycles { state.settings.minimumIncomingCallCycles = cycles }
    if let bytes = change.wasmMemoryLimit {
      guard bytes <= 1 << 48 else { throw invalid("The Wasm memory limit is at most 2^48 bytes, not \(bytes)") }
      state.settings.wasmMemoryLimit = bytes
    }
    if let bytes = change.wasmMemoryThreshold {
      guard bytes <= 1 << 48 else { throw invalid("The Wasm memory threshold is at most 2^48 bytes, not \(bytes)") }
      state.settings.wasmMemoryThreshold = bytes
    }
    for visibility in [change.logVisibility, change.snapshotVisibility, change.statusVisibility] {
      if case .allowedViewers(let viewers) = visibility, viewers.count > Visibility.viewerLimit {
        throw invalid("At most \(Visibility.viewerLimit) viewers can be allowed, not \(viewers.count)")
      }
    }
    if let visibility = change.logVisibility { state.settings.logVisibility = visibility }
    if let visibility = change.snapshotVisibility { state.settings.snapshotVisibility = visibility }
    if let visibility = change.statusVisibility { state.settings.statusVisibility = visibility }
    if let variables = change.environment { try setEnvironment(variables, &state.settings) }
    let needed = state.freezingBalance(fees)
    let freezes =
      change.computeAllocation.map { $0 > canister.state.settings.computeAllocation } ?? false
      || change.memoryAllocation.map { $0 > canister.state.settings.memoryAllocation } ?? false
    if freezes && state.balance < needed {
      throw CanisterError(
        change.memoryAllocation == nil ? .insufficientCyclesInComputeAllocation : .insufficientCyclesInMemoryAllocation,
        "Canister does not have enough cycles to be charged for the new allocation: at least "
          + "\(needed - state.balance) additional cycles are required.")
    }
    canister.state = state
  }

  /// Percent that all canisters together can allocate.
  private static let computeCapacity: UInt64 = 299

  /// Sets cycles aside for storage that is new, where the subnet is full enough.
  private func reserve(_ growth: UInt64, _ state: inout SystemState) throws(CanisterError) {
    let reserved = fees.reservation(growth: growth, used: index.memory)
    if reserved == 0 { return }
    guard state.reservedBalance.addingSaturated(reserved) <= state.settings.reservedCyclesLimit else {
      throw CanisterError(
        .reservedCyclesLimitExceededInMemoryAllocation,
        "Cannot increase memory allocation due to its reserved cycles limit (\(state.settings.reservedCyclesLimit))")
    }
    guard reserved <= state.balance else {
      throw CanisterError(
        .insufficientCyclesInMemoryAllocation,
        "Cannot increase memory allocation due to insufficient cycles: at least \(reserved - state.balance) additional "
          + "cycles are required.")
    }
    state.balance -= reserved
    state.reservedBalance += reserved
  }

  private func setEnvironment(
    _ variables: [EnvironmentVariable], _ settings: inout CanisterSettings
  ) throws(CanisterError) {
    func invalid(_ text: String) -> CanisterError { CanisterError(.invalidManagementPayload, text) }
    guard variables.count <= EnvironmentVariable.countLimit else {
      throw invalid(
        "A canister has at most \(EnvironmentVariable.countLimit) environment variables, not \(variables.count)")
    }
    let limit = EnvironmentVariable.byteLimit
    var names: Set<[UInt8]> = []
    for variable in variables {
      guard variable.name.utf8.count <= limit, variable.value.utf8.count <= limit else {
        throw invalid("Names and values of environment variables have at most \(limit) bytes")
      }
      guard names.insert(Array(variable.name.utf8)).inserted else {
        throw invalid("Two environment variables are named \"\(variable.name)\"")
      }
    }
    settings.setEnvironment(variables)
  }

  /// The representation-independent hash of a map of texts.
  private func environmentHash(_ variables: [EnvironmentVariable]) -> [UInt8] {
    func hash(_ text: String) -> [UInt8] { Array(text.utf8).withUnsafeBytes { SHA256.hash($0).bytes } }
    let pairs = variables.map { hash($0.name) + hash($0.value) }.sorted { $0.lexicographicallyPrecedes($1) }
    return pairs.flatMap { $0 }.withUnsafeBytes { SHA256.hash($0).bytes }
  }

  // MARK: Status

  /// Lets a canister take calls again.
  func startCanister(_ id: Principal, by caller: ManagementCaller) throws(CanisterError) {
    let canister = try canister(id)
    try checkController(canister, caller)
    for request in canister.stopRequests {
      answer(
        request.caller,
        .failure(CanisterError(.canisterStoppingCancelled, "Canister \(id)'s stop request was cancelled.")))
    }
    canister.stopRequests = []
    canister.state.status = .running
    canister.state.version += 1
    index.update(canister)
  }

  /// Lets a canister finish what it has begun, and take no more calls. The answer comes when it has stopped; returns
  /// whether that is so already.
  func stopCanister(_ id: Principal, by caller: ManagementCaller) throws(CanisterError) -> Bool {
    let canister = try canister(id)
    try checkController(canister, caller)
    if canister.state.status == .stopped { return true }
    if canister.state.status == .running { canister.state.version += 1 }
    canister.state.status = .stopping
    canister.stopRequests.append(StopRequest(caller: caller, since: time))
    index.update(canister)
    return false
  }

  /// Stops canisters that have finished, and ends requests that have waited too long.
  func finishStopping() {
    for id in index.stopping.sorted() {
      guard let canister = canisters[id] else { continue }
      if canister.calls.isEmpty && canister.paused == nil && canister.aborted == nil {
        canister.state.status = .stopped
        canister.state.version += 1
        for request in canister.stopRequests { answer(request.caller, .success([])) }
        canister.stopRequests = []
        index.update(canister)
        continue
      }
      let limit = fees.stopTimeout * 1_000_000_000
      let late = canister.stopRequests.filter { time - min($0.since, time) > limit }
      for request in late {
        answer(request.caller, .failure(CanisterError(.stopCanisterRequestTimeout, "Stop canister request timed out")))
      }
      canister.stopRequests.removeAll { late.contains($0) }
    }
  }

  /// Deletes a stopped canister, with its cycles.
  func deleteCanister(_ id: Principal, by caller: ManagementCaller) throws(CanisterError) {
    let canister = try canister(id)
    try checkController(canister, caller)
    if caller.principal == id {
      throw CanisterError(.canisterInvalidController, "Canister \(id) cannot delete itself.")
    }
    guard canister.state.status == .stopped else {
      throw CanisterError(
        .canisterNotStopped, "Canister \(id) must be stopped before it is deleted.")
    }
    if !canister.queues.isEmpty {
      throw CanisterError(.canisterQueueNotEmpty, "Canister \(id) has messages in its queues.")
    }
    remove(id)
  }

  // MARK: Uninstalling

  func uninstallCode(_ id: Principal, by caller: ManagementCaller) throws(CanisterError) {
    let canister = try canister(id)
    try checkController(canister, caller)
    uninstall(canister, by: caller.origin)
  }

  /// Drops a canister's code and all that it kept, and answers what it won't answer any more.
  func uninstall(_ canister: Canister, by origin: ChangeOrigin) {
    canister.abortExecution()
    if let aborted = canister.aborted {
      canister.state.refund(aborted.job.prepaid, of: .instructions)
      canister.aborted = nil
    }
    let hadModule = canister.machine != nil
    canister.machine = nil
    canister.stable = StableMemory()
    canister.chunks = [:]
    canister.state.heapBytes = 0
    canister.state.stableBytes = 0
    canister.state.fixedMemory.globals = 0
    canister.state.fixedMemory.module = 0
    canister.state.fixedMemory.customSections = 0
    canister.state.fixedMemory.chunks = 0
    canister.state.certifiedData = []
    canister.state.globalTimer = 0
    canister.state.log.clear()
    canister.lowMemoryHook = .notSatisfied
    canister.state.version += 1
    if hadModule { canister.record(.uninstall, by: origin, at: time) }
    var executor = CanisterOutput()
    for (id, context) in canister.calls.contexts.sorted(by: { $0.key < $1.key }) {
      let error = CanisterError(.canisterRejectedMessage, "Canister has been uninstalled.")
      let reject = CanisterReject(code: .canisterReject, error: error.code, message: error.message)
      if !context.isAnswered {
        switch context.origin {
        case .ingress(let ingress, _): executor.ingress.append((ingress, .rejected(reject)))
        case .canister(let sender, let callback, let deadline):
          executor.responses.append(
            CanisterResponse(
              receiver: sender, callback: callback, respondent: canister.id, response: .reject(reject),
              refund: context.cyclesAvailable, deadline: deadline))
        case .systemTask: break
        }
      }
      canister.calls.update(id) {
        $0.isAnswered = true
        $0.isDeleted = true
        $0.cyclesAvailable = 0
      }
      canister.calls.closeIfDone(id)
    }
    index.update(canister)
    deliver(executor)
  }

  // MARK: Cycles

  /// Adds cycles to a canister's balance.
  func depositCycles(_ id: Principal, _ amount: Cycles) throws(CanisterError) {
    try canister(id).state.credit(amount)
  }
}

extension Canister {
  /// Forgets what a paused execution has done; it starts anew when its turn comes.
  func abortExecution() {
    guard let paused else { return }
    paused.execution.abort()
    self.paused = nil
    aborted = AbortedExecution(entry: paused.execution.entry, context: paused.execution.context, job: paused.job)
  }
}
