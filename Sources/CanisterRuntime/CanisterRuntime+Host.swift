// What the host of a runtime does by itself, without a message: making canisters and installing code. It may do everything
// that controllers may.

import Candid
import SystemAPI

extension CanisterRuntime {
  /// Makes an empty canister. `cycles` are its balance, by default what a local network gives; `controller` controls it.
  public func createCanister(
    _ settings: SettingsChange = SettingsChange(), cycles: Cycles? = nil, controller: Principal = .anonymous,
    id: Principal? = nil
  ) throws(CanisterError) -> Principal {
    let cycles = cycles ?? fees.provisionalBalance
    record(.create(settings, cycles: cycles, controller: controller, id: id))
    return try createCanister(settings, cycles: cycles, by: .host(controller), id: id)
  }

  /// Compiles a module, which installing it then finds.
  ///
  /// Throws a `CanisterError` with the code `canisterInvalidWasm` that says what is wrong.
  @discardableResult
  public func prepare(_ module: [UInt8]) throws(CanisterError) -> InstalledModule { try installedModule(module) }

  /// Installs a module: binary, compressed or text.
  ///
  /// Where that takes more than a slice of instructions, or another installation is under way, it executes rounds until the
  /// end.
  ///
  /// Throws a `CanisterError`; then nothing has changed but for the cycles and the log.
  public func install(
    _ id: Principal, _ module: [UInt8], mode: InstallMode = .install, argument: [UInt8] = [],
    sender: Principal = .anonymous
  ) throws(CanisterError) {
    for _ in 0..<Self.installationRounds where !index.installing.isEmpty { executeRound() }
    let installation = try beginInstallation(id, module, mode: mode, argument: argument, sender: sender)
    guard let installation else { return }
    for _ in 0..<Self.installationRounds where installation.outcome == nil { executeRound() }
    if case .failed(let error) = installation.outcome { throw error }
    if installation.outcome != nil { return }
    // Of a subnet on which it begins anew at each checkpoint, or on which nothing is executed.
    throw CanisterError(
      .canisterInstallCodeRateLimited, "The installation in canister \(id) has not ended after many rounds")
  }

  /// Far more than slices that an installation can have, and rounds between two checkpoints.
  private static let installationRounds = 2_000

  /// The first slice of an installation; what is returned goes on in rounds.
  func beginInstallation(
    _ id: Principal, _ module: [UInt8], mode: InstallMode, argument: [UInt8], sender: Principal
  ) throws(CanisterError) -> Installation? {
    record(.install(id, module: module, mode, argument: argument, sender: sender))
    return try installCode(id, module, mode: mode, argument: argument, by: .host(sender))
  }

  /// Makes sure that a principal may do what controllers and the subnet's admins may, which the host may always.
  ///
  /// Throws a `CanisterError` with the code `canisterInvalidController`.
  public func checkController(of id: Principal, _ sender: Principal) throws(CanisterError) {
    try checkController(canister(id), sender, orAdmin: true)
  }

  /// Changes settings.
  public func updateSettings(
    _ id: Principal, _ change: SettingsChange, sender: Principal = .anonymous
  ) throws(CanisterError) {
    record(.updateSettings(id, change, sender: sender))
    try updateSettings(id, change, by: .host(sender))
  }

  /// Drops a canister's code and all that it kept.
  public func uninstall(_ id: Principal, sender: Principal = .anonymous) throws(CanisterError) {
    record(.uninstall(id, sender: sender))
    try uninstallCode(id, by: .host(sender))
  }

  /// Lets a canister take calls.
  public func start(_ id: Principal, sender: Principal = .anonymous) throws(CanisterError) {
    record(.start(id, sender: sender))
    try startCanister(id, by: .host(sender))
  }

  /// Stops a canister: executes rounds until it has finished what it had begun. Returns whether it has; if not, it stops
  /// later.
  @discardableResult
  public func stop(
    _ id: Principal, sender: Principal = .anonymous, rounds: Int = 1_000
  ) throws(CanisterError) -> Bool {
    if try requestStop(id, sender: sender) { return true }
    for _ in 0..<rounds {
      executeRound()
      if try canister(id).state.status == .stopped { return true }
    }
    return false
  }

  func requestStop(_ id: Principal, sender: Principal) throws(CanisterError) -> Bool {
    record(.stop(id, sender: sender))
    return try stopCanister(id, by: .host(sender))
  }

  /// Deletes a stopped canister.
  public func delete(_ id: Principal, sender: Principal = .anonymous) throws(CanisterError) {
    record(.delete(id, sender: sender))
    try deleteCanister(id, by: .host(sender))
  }

  /// The management canister's interface, as a .did file.
  public static var managementInterface: String { ManagementInterface.text }

  /// Methods of the management canister that this one rejects: canisters can call them, but what they need isn't there.
  public static var unavailableManagementMethods: Set<String> { unavailable }

  /// Adds cycles to a canister's balance.
  public func topUp(_ id: Principal, _ cycles: Cycles) throws(CanisterError) {
    record(.topUp(id, cycles))
    try depositCycles(id, cycles)
  }

  /// Takes something unpredictable into what `raw_rand` gives from now on.
  public func addRandomness(_ bytes: [UInt8]) {
    record(.randomness(bytes))
    randomness.add(bytes)
  }

  /// Takes a snapshot of a canister, in place of the one named `old` if that isn't nil.
  @discardableResult
  public func takeSnapshot(
    of id: Principal, replacing old: [UInt8]? = nil, uninstalls: Bool = false, sender: Principal = .anonymous
  ) throws(CanisterError) -> SnapshotSummary {
    record(.takeSnapshot(id, replacing: old, uninstalls: uninstalls, sender: sender))
    return try takeSnapshot(id, replacing: old.map(snapshotID), uninstalls: uninstalls, by: .host(sender))
  }

  /// Makes a canister what a snapshot says, which may be another canister's.
  public func loadSnapshot(
    _ snapshot: [UInt8], onto id: Principal, sender: Principal = .anonymous
  ) throws(CanisterError) {
    record(.loadSnapshot(id, snapshot, sender: sender))
    try loadSnapshot(id, snapshotID(snapshot), by: .host(sender))
  }

  /// A canister's snapshots, the oldest first.
  public func snapshots(of id: Principal) throws(CanisterError) -> [SnapshotSummary] {
    try listSnapshots(id, by: .host(.anonymous))
  }

  public func deleteSnapshot(
    _ snapshot: [UInt8], of id: Principal, sender: Principal = .anonymous
  ) throws(CanisterError) {
    record(.deleteSnapshot(id, snapshot, sender: sender))
    try deleteSnapshot(id, snapshotID(snapshot), by: .host(sender))
  }

  /// A part of a canister's heap or stable memory as it was committed; nil if it isn't all there.
  public func heap(of id: Principal, at offset: UInt64, count: Int) throws(CanisterError) -> [UInt8]? {
    let canister = try canister(id)
    return canister.whileParked { canister.machine?.memory?.read(at: offset, count: count) }
  }

  public func stableMemory(of id: Principal, at offset: UInt64, count: Int) throws(CanisterError) -> [UInt8]? {
    let canister = try canister(id)
    return canister.whileParked { canister.stable.read(at: offset, count: count) }
  }
}
