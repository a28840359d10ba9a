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
  /// The version is the caller's at its call.
  case canister(Principal, callback: UInt64, deadline: UInt64, version: UInt64?)
  /// The host of the runtime, who may do everything.
  case host(Principal)

  var principal: Principal {
    switch self {
    case .ingress(_, let principal), .canister(let principal, _, _, _), .host(let principal): principal
    }
  }

  /// The caller with the version that it tells; nil if it tells none.
  func telling(_ version: UInt64?) -> ManagementCaller {
    guard case .canister(let id, let callback, let deadline, _) = self else { return self }
    return .canister(id, callback: callback, deadline: deadline, version: version)
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
  public var logMemoryLimit: UInt64?
  public var snapshotVisibility: Visibility?
  public var statusVisibility: Visibility?
  public var environment: [EnvironmentVariable]?

  public init() {}
}

extension CanisterRuntime {
  /// Whoever isn't a controller, or with `orAdmin` an admin of the subnet, is refused.
  func checkController(
    _ canister: Canister, _ caller: ManagementCaller, orAdmin: Bool = false
  ) throws(CanisterError) {
    if !caller.isHost { try checkController(canister, caller.principal, orAdmin: orAdmin) }
  }

  func checkController(_ canister: Canister, _ principal: Principal, orAdmin: Bool) throws(CanisterError) {
    if canister.state.isController(principal) || orAdmin && fees.subnetAdmins.contains(principal) { return }
    let controllers = canister.state.settings.controllers.map(\.description).joined(separator: " ")
    throw CanisterError(
      .canisterInvalidController,
      "Only the controllers of the canister \(canister.id) can control it.\nCanister's controllers: \(controllers)\n"
        + "Sender's ID: \(principal)")
  }

  // MARK: Creation

  /// Makes an empty canister. `cycles` are its balance, without the fee for making it; without an `id` it gets the next one.
  func createCanister(
    _ settings: SettingsChange, cycles: Cycles, fee: Cycles = 0, by caller: ManagementCaller,
    id wanted: Principal? = nil
  ) throws(CanisterError) -> Principal {
    let id = if let wanted { wanted } else { try freeID() }
    if canisters[id] != nil {
      throw CanisterError(.canisterAlreadyInstalled, "Canister \(id) is already installed.")
    }
    guard id.canisterNumber != nil else {
      throw CanisterError(
        .canisterNotHostedBySubnet,
        "Unsuccessful validation of specified ID: the specified_id \(id) is not hosted by the local subnet")
    }
    if wasDeleted(id) {
      throw CanisterError(
        .canisterIdAlreadyExists, "Canister \(id) was deleted, and its id is not used again.")
    }
    var state = SystemState(
      id: id, settings: CanisterSettings(controllers: [caller.principal]), balance: cycles,
      logCapacity: fees.logCapacity)
    state.version = 0
    state.consumed[Int(CycleUse.creation.rawValue)] = fee
    let canister = Canister(id: id, state: state, time: time)
    try apply(settings, to: canister)
    let environment = canister.state.settings.environment
    canister.record(
      .creation(
        controllers: canister.state.settings.controllers,
        environmentHash: settings.environment == nil ? nil : environmentHash(environment)),
      by: caller.origin, at: time)
    if let number = id.canisterNumber, number == nextCanister, number < .max { nextCanister += 1 }
    add(canister)
    return id
  }

  /// The next id that no canister has or had. It is taken when the canister is made.
  private func freeID() throws(CanisterError) -> Principal {
    while canisters[Principal(canister: nextCanister)] != nil || retiredNumbers.contains(nextCanister) {
      if nextCanister == .max { break }
      nextCanister += 1
    }
    // The last number is never given: the counter stays there.
    if nextCanister == .max {
      throw CanisterError(
        .subnetOversubscribed, "Could not create canister. Subnet has surpassed its canister ID allocation.")
    }
    return Principal(canister: nextCanister)
  }

  /// Whether numbers come from the counter up to this one: each of them is a canister's, or was.
  private func isCounted(_ number: UInt64) -> Bool {
    number >= firstCanister && number < nextCanister
  }

  /// Whether there was a canister with this id, where there is none.
  private func wasDeleted(_ id: Principal) -> Bool {
    guard let number = id.canisterNumber else { return false }
    return isCounted(number) || retiredNumbers.contains(number)
  }

  /// Takes a canister away, whose id is not used again.
  private func retire(_ id: Principal) {
    if let number = id.canisterNumber, !isCounted(number) { retiredNumbers.insert(number) }
    remove(id)
  }

  // MARK: Settings

  /// Changes settings of a canister.
  func updateSettings(_ id: Principal, _ change: SettingsChange, by caller: ManagementCaller) throws(CanisterError) {
    let canister = try canister(id)
    try checkController(canister, caller)
    try apply(change, to: canister)
    canister.state.version += 1
    if change.controllers != nil {
      canister.record(.controllersChange(canister.state.settings.controllers), by: caller.origin, at: time)
    }
    canister.updateLowMemoryHook(fees)
    index.update(canister)
  }

  /// Checks a change and makes it, or leaves everything as it is. Errors come in the order of the replica's checks.
  private func apply(_ change: SettingsChange, to canister: Canister) throws(CanisterError) {
    func invalid(_ text: String) -> CanisterError { CanisterError(.canisterContractViolation, text) }
    var state = canister.state
    if let variables = change.environment { try setEnvironment(variables, &state.settings) }
    if let limit = change.reservedCyclesLimit { state.settings.reservedCyclesLimit = limit }
    if let controllers = change.controllers {
      guard controllers.count <= CanisterSettings.controllerLimit else {
        throw invalid(
          "Could not validate the settings: Invalid settings: 'controllers' length exceeds maximum size allowed of "
            + "\(CanisterSettings.controllerLimit).")
      }
      state.settings.controllers = Set(controllers).sorted()
    }
    // What allocations cost is compared with the threshold of all new settings together.
    if let seconds = change.freezingThreshold { state.settings.freezingThreshold = seconds }
    let growth = try change.memoryAllocation.map { bytes throws(CanisterError) in
      try allocateMemory(bytes, canister, &state)
    }
    if let percent = change.computeAllocation, try allocateCompute(percent, canister, &state) {
      try checkThreshold(state, "compute allocation to \(percent)", .insufficientCyclesInComputeAllocation)
    }
    if let growth, growth > 0 {
      let bytes = state.settings.memoryAllocation
      try checkThreshold(state, "memory allocation to \(bytes)", .insufficientCyclesInMemoryAllocation)
      try reserve(growth, &state)
    }
    if change.reservedCyclesLimit != nil, state.settings.reservedCyclesLimit < state.reservedBalance {
      throw CanisterError(
        .reservedCyclesLimitIsTooLow,
        "Cannot set the reserved cycles limit \(state.settings.reservedCyclesLimit) below the reserved cycles balance of "
          + "the canister \(state.reservedBalance)")
    }
    if let cycles = change.minimumIncomingCallCycles { state.settings.minimumIncomingCallCycles = cycles }
    if let bytes = change.wasmMemoryLimit {
      guard bytes <= 1 << 48 else {
        throw invalid("Wasm memory limit expected to be in the range of [0..2^48], got \(bytes)")
      }
      state.settings.wasmMemoryLimit = bytes
    }
    if let bytes = change.wasmMemoryThreshold {
      guard bytes <= 1 << 48 else {
        throw invalid("Wasm memory threshold expected to be in the range of [0..2^48], got \(bytes)")
      }
      state.settings.wasmMemoryThreshold = bytes
    }
    for visibility in [change.logVisibility, change.snapshotVisibility, change.statusVisibility] {
      if case .allowedViewers(let viewers) = visibility, viewers.count > Visibility.viewerLimit {
        throw CanisterError(
          .invalidManagementPayload, "At most \(Visibility.viewerLimit) viewers can be allowed, not \(viewers.count)")
      }
    }
    if let bytes = change.logMemoryLimit {
      let limits = CanisterSettings.logMemoryLimits
      guard bytes == 0 || bytes >= limits.lowerBound else { throw logLimit(bytes, "low", "least \(limits.lowerBound)") }
      guard bytes <= limits.upperBound else { throw logLimit(bytes, "high", "most \(limits.upperBound)") }
      state.settings.logMemoryLimit = bytes
      state.log.resize(to: Int(bytes))
    }
    if let visibility = change.logVisibility { state.settings.logVisibility = visibility }
    if let visibility = change.snapshotVisibility { state.settings.snapshotVisibility = visibility }
    if let visibility = change.statusVisibility { state.settings.statusVisibility = visibility }
    canister.state = state
  }

  private func logLimit(_ bytes: UInt64, _ too: String, _ limit: String) -> CanisterError {
    CanisterError(
      .canisterRejectedMessage,
      "The canister log memory limit \(bytes) is too \(too). It must be at \(limit).")
  }

  /// Sets memory aside for a canister, which the subnet must have. Returns how much more that is than the canister had.
  private func allocateMemory(
    _ bytes: UInt64, _ canister: Canister, _ state: inout SystemState
  ) throws(CanisterError) -> UInt64 {
    guard bytes <= StateLimit.bytes else {
      throw CanisterError(
        .canisterContractViolation,
        "MemoryAllocation expected to be in the range [0..\(StateLimit.bytes)], got \(bytes)")
    }
    state.settings.memoryAllocation = bytes
    let growth = state.billedMemory - min(canister.state.billedMemory, state.billedMemory)
    try checkRoom(for: growth)
    return growth
  }

  /// Sets compute capacity aside, which the subnet must have. Returns whether that is more than the canister had.
  private func allocateCompute(
    _ percent: UInt64, _ canister: Canister, _ state: inout SystemState
  ) throws(CanisterError) -> Bool {
    guard percent <= 100 else {
      throw CanisterError(
        .canisterContractViolation, "ComputeAllocation expected to be in the range [0..100], got \(percent)")
    }
    let old = state.settings.computeAllocation
    state.settings.computeAllocation = percent
    if percent <= old { return false }
    let others = canisters.values.reduce(0) { $1.id == canister.id ? $0 : $0 + $1.state.settings.computeAllocation }
    guard others + percent <= Self.computeCapacity else {
      throw CanisterError(
        .subnetOversubscribed,
        "Canister requested a compute allocation of \(percent)% which cannot be satisfied because the Subnet's remaining "
          + "compute capacity is \(Self.computeCapacity - min(others, Self.computeCapacity))%.")
    }
    return true
  }

  /// Whether a canister with new settings would still not be frozen.
  private func checkThreshold(_ state: SystemState, _ what: String, _ code: ErrorCode) throws(CanisterError) {
    let needed = state.freezingBalance(fees)
    if state.balance >= needed { return }
    throw CanisterError(
      code,
      "Cannot increase \(what) due to insufficient cycles. At least \(needed - state.balance) additional cycles are required."
    )
  }

  /// An amount of bytes with two decimals: `1.00 GiB`.
  static func binaryUnits(_ bytes: UInt64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    var unit = 0
    while unit + 1 < units.count, bytes >> (10 * UInt64(unit + 1)) > 0 { unit += 1 }
    if unit == 0 { return "\(bytes) B" }
    let hundredths = (UInt128(bytes) * 100) >> (10 * UInt128(unit))
    let decimals = String(hundredths % 100)
    return "\(hundredths / 100).\(decimals.utf8.count < 2 ? "0" + decimals : decimals) \(units[unit])"
  }

  /// Percent that all canisters together can allocate.
  private static let computeCapacity: UInt64 = 299

  /// Sets cycles aside for storage that is new, where the subnet is full enough.
  private func reserve(_ growth: UInt64, _ state: inout SystemState) throws(CanisterError) {
    let reserved = fees.reservation(growth: growth, used: index.memory)
    let what = "Cannot increase memory allocation to \(state.settings.memoryAllocation) due to"
    switch reserved > 0 ? state.reserve(reserved) : nil {
    case nil: return
    case .missing(let cycles):
      throw CanisterError(
        .insufficientCyclesInMemoryAllocation,
        "\(what) insufficient cycles. At least \(cycles) additional cycles are required.")
    case .overLimit(let cycles):
      throw CanisterError(
        .reservedCyclesLimitExceededInMemoryAllocation,
        "\(what) its reserved cycles limit. The current limit (\(state.settings.reservedCyclesLimit)) would be exceeded by "
          + "\(cycles).")
    }
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
    try checkController(canister, caller, orAdmin: true)
    for request in canister.stopRequests {
      answer(
        request.caller,
        .failure(CanisterError(.canisterStoppingCancelled, "Canister \(id)'s stop request was cancelled.")),
        refund: request.cycles)
    }
    canister.stopRequests = []
    canister.state.status = .running
    canister.state.version += 1
    index.update(canister)
  }

  /// Lets a canister finish what it has begun, and take no more calls. The answer comes when it has stopped; returns
  /// whether that is so already.
  func stopCanister(
    _ id: Principal, by caller: ManagementCaller, cycles: Cycles = 0
  ) throws(CanisterError) -> Bool {
    let canister = try canister(id)
    try checkController(canister, caller, orAdmin: true)
    canister.state.version += 1
    if canister.state.status == .stopped { return true }
    canister.state.status = .stopping
    canister.stopRequests.append(StopRequest(caller: caller, cycles: cycles, since: time))
    index.update(canister)
    return false
  }

  /// The message without any value.
  var emptyReply: [UInt8] {
    do throws(CandidError) { return try encodeArguments([]) } catch {
      preconditionFailure("nothing can be encoded: \(error)")
    }
  }

  /// Stops canisters that have finished, and ends requests that have waited too long.
  func finishStopping() {
    for id in index.stopping.sorted() {
      guard let canister = canisters[id] else { continue }
      if canister.calls.isEmpty && !canister.isInMiddle {
        canister.state.status = .stopped
        canister.state.version += 1
        for request in canister.stopRequests {
          answer(request.caller, .success(emptyReply), refund: request.cycles)
        }
        canister.stopRequests = []
        index.update(canister)
        continue
      }
      let limit = fees.stopTimeout * 1_000_000_000
      let late = canister.stopRequests.filter { time - min($0.since, time) > limit }
      for request in late {
        answer(
          request.caller, .failure(CanisterError(.stopCanisterRequestTimeout, "Stop canister request timed out")),
          refund: request.cycles)
      }
      canister.stopRequests.removeAll { late.contains($0) }
    }
  }

  /// Deletes a stopped canister, with its cycles.
  func deleteCanister(_ id: Principal, by caller: ManagementCaller) throws(CanisterError) {
    let canister = try canister(id)
    try checkController(canister, caller, orAdmin: true)
    if caller.principal == id {
      throw CanisterError(.canisterInvalidController, "Canister \(id) cannot delete itself.")
    }
    guard canister.state.status == .stopped else {
      throw CanisterError(
        .canisterNotStopped, "Canister \(id) must be stopped before it is deleted.")
    }
    if !canister.queues.isEmpty || canister.isInMiddle {
      throw CanisterError(
        .canisterQueueNotEmpty,
        "Canister \(id) has messages in its queues and cannot be deleted now. Please retry after some time.")
    }
    retire(id)
  }

  // MARK: Uninstalling

  func uninstallCode(_ id: Principal, by caller: ManagementCaller) throws(CanisterError) {
    let canister = try canister(id)
    try checkController(canister, caller, orAdmin: true)
    uninstall(canister, by: caller.origin)
  }

  /// Drops a canister's code and all that it kept, and answers what it won't answer any more. Without an origin the
  /// history doesn't tell.
  func uninstall(_ canister: Canister, by origin: ChangeOrigin?) {
    cancelInstallation(canister)
    canister.abortExecution()
    if let aborted = canister.aborted {
      canister.state.refund(aborted.job.prepaid, of: .instructions)
      canister.aborted = nil
    }
    canister.machine = nil
    canister.stable = StableMemory()
    canister.chunks = [:]
    canister.state.dropInstalled()
    canister.state.certifiedData = []
    canister.state.globalTimer = 0
    canister.state.log.clear()
    canister.lowMemoryHook = .notSatisfied
    canister.changedBytes = 0
    canister.state.version += 1
    if let origin { canister.record(.uninstall, by: origin, at: time) }
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
