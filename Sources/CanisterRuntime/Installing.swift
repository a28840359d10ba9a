// Which installations are under way, and whose turn it is: one long one at a time goes on by a slice in each round.
//
// Source: dfinity/ic, rs/execution_environment/src/scheduler.rs.

import Candid
import Cannery
import SystemAPI

extension CanisterRuntime {
  /// Begins to install a module. `cycles` came with the call; the module came in so many `chunks`. Returns the installation
  /// if it goes on in later rounds, at whose end the caller is answered, or nil if it has ended.
  ///
  /// Throws a `CanisterError` if it failed already.
  @discardableResult
  func installCode(
    _ id: Principal, _ bytes: [UInt8], mode: InstallMode, argument: [UInt8], by caller: ManagementCaller,
    cycles: Cycles = 0, chunks: UInt64 = 0
  ) throws(CanisterError) -> Installation? {
    let canister = try canister(id)
    try checkController(canister, caller)
    try checkInstallable(canister, mode, caller)
    // The new module's memory decides the price. Whether it is valid, and may be installed, is told after `pre_upgrade`.
    let is64 = hasMemory64(bytes)
    // Reading it takes time, also for those who can't pay then.
    managementInstructions -= Int64(bytes.count)
    let installation = Installation(
      InstallationOrder(
        caller: caller, module: bytes, mode: mode, argument: argument, cycles: cycles,
        prepaid: try prepayInstallation(canister, is64: is64), is64: is64, chunks: chunks))
    canister.installation = installation
    advance(installation, canister)
    switch installation.outcome {
    case nil, .paused: return installation
    case .succeeded: return nil
    case .failed(let error): throw error
    }
  }

  /// Takes the cost of all instructions that may be used.
  private func prepayInstallation(_ canister: Canister, is64: Bool) throws(CanisterError) -> Cycles {
    let cost = fees.executionCost(instructions: fees.installInstructions, is64: is64)
    let needed = cost.addingSaturated(canister.state.freezingBalance(fees))
    guard canister.state.balance >= needed else {
      let error = CanisterError(
        .canisterOutOfCycles,
        "Canister installation failed with `Canister \(canister.id) is out of cycles: please top up the canister with at "
          + "least \(needed - canister.state.balance) additional cycles`")
      report([
        ExecutionReport(
          canister: canister.id, name: "install_code", mode: .initialization, instructions: 0, cycles: 0,
          dirtyPages: 0, error: error)
      ])
      throw error
    }
    canister.state.spend(cost, on: .instructions)
    return cost
  }

  /// Executes a slice; at the end of the last, settles.
  private func advance(_ installation: Installation, _ canister: Canister) {
    let run = installation.run ?? InstallationRun(installation.order, canister, self)
    installation.run = run
    let before = run.instructions
    let progress = run.step(canister, self)
    managementInstructions -= Int64(clamping: run.instructions - min(before, run.instructions))
    defer { index.update(canister) }
    let error: CanisterError?
    switch progress {
    case .paused: return
    case .succeeded: error = nil
    case .failed(let reason): error = reason
    }
    canister.installation = nil
    installation.run = nil
    installation.outcome = progress
    run.settle(canister, self, error)
    guard error == nil else { return }
    if let hash = canister.machine?.installed.hash {
      // Where there are no checkpoints, there are ends too.
      if chargedModules.count >= 100_000 { chargedModules = [] }
      chargedModules.insert(hash)
    }
    canister.record(
      .deployment(installation.order.mode, moduleHash: canister.machine?.installed.hash ?? []),
      by: installation.order.caller.origin, at: time)
  }

  /// Goes on with the installation that is under way, and answers at its end.
  func advanceInstallations() {
    for canister in index.installing.sorted().compactMap({ canisters[$0] }) {
      guard let installation = canister.installation else { continue }
      advance(installation, canister)
      let order = installation.order
      switch installation.outcome {
      // Others wait until this one has ended.
      case nil, .paused: return
      case .succeeded: answer(order.caller, .success(emptyReply), refund: order.cycles)
      case .failed(let error): answer(order.caller, .failure(error), refund: order.cycles)
      }
    }
  }

  /// Ends an installation whose canister is emptied.
  func cancelInstallation(_ canister: Canister) {
    guard let installation = canister.installation else { return }
    let order = installation.order
    let error = CanisterError(.canisterRejectedMessage, "Canister has been uninstalled.")
    installation.abort()
    installation.outcome = .failed(error)
    canister.installation = nil
    canister.state.refund(order.prepaid, of: .instructions)
    answer(order.caller, .failure(error), refund: order.cycles)
  }

  private func checkInstallable(
    _ canister: Canister, _ mode: InstallMode, _ caller: ManagementCaller
  ) throws(CanisterError) {
    let id = canister.id
    if canister.isInMiddle {
      throw CanisterError(
        .canisterQueueNotEmpty, "Canister \(id) is executing a message; its code can be changed when that has ended")
    }
    switch mode {
    case .install:
      if !canister.isEmpty {
        throw CanisterError(
          .canisterNonEmpty,
          "Canister \(id) cannot be installed because the canister is not empty. Try installing with mode='reinstall' instead."
        )
      }
    case .upgrade, .reinstall: break
    }
    if canister.installDebt > 0 && !caller.isHost {
      throw CanisterError(
        .canisterInstallCodeRateLimited,
        "Canister \(id) is rate limited because it executed too many instructions in the "
          + "previous install_code messages. Please retry installation after several minutes.")
    }
    try checkHeapDelta(canister, caller)
    if case .upgrade = mode, canister.isEmpty {
      throw CanisterError(
        .canisterWasmModuleNotFound, "The canister \(id) contains no Wasm module, so it can't be upgraded")
    }
  }

  // MARK: What waits

  /// Methods whose calls wait until the round has instructions for them, and those that wait for the end of what a canister
  /// executes, even where that has been given up meanwhile.
  private static let counted: Set<String> = [
    "install_code", "install_chunked_code", "upload_chunk", "take_canister_snapshot", "load_canister_snapshot",
    "upload_canister_snapshot_metadata", "upload_canister_snapshot_data",
  ]
  private static let needingRest: Set<String> = [
    "install_code", "install_chunked_code", "delete_canister", "stop_canister", "load_canister_snapshot",
  ]

  /// Whether a call of the management canister has to wait for a later round: one installation at a time may be under way,
  /// and whatever changes a canister waits for the end of what that executes.
  func mustWait(_ call: ManagementCall) -> Bool {
    if Self.counted.contains(call.method) && managementInstructions <= 0 { return true }
    let installs = call.method == "install_code" || call.method == "install_chunked_code"
    if installs && !index.installing.isEmpty { return true }
    guard !index.inMiddle.isEmpty, let argument = try? decode(call.method, call.argument),
      let id = argument.optionalPrincipal(call.method == "install_chunked_code" ? "target_canister" : "canister_id"),
      let canister = canisters[id], canister.isInMiddle
    else { return false }
    if canister.paused != nil || canister.installation?.run != nil { return true }
    return Self.needingRest.contains(call.method)
  }
}
