// What storage and allocations cost over time.
//
// Source: dfinity/ic, rs/cycles_account_manager/src/lib.rs, rs/execution_environment/src/scheduler.rs.

import SystemAPI

extension CanisterRuntime {
  /// Nanoseconds between two charges.
  private static let chargingInterval: UInt64 = 10_000_000_000

  /// Charges all canisters for storage and compute allocation since the last time, every ten seconds. Those that can't
  /// pay are emptied.
  func chargeForResources() {
    guard time - min(lastCharge, time) >= Self.chargingInterval else { return }
    lastCharge = time
    for id in canisterIDs {
      guard let canister = canisters[id] else { continue }
      charge(canister)
    }
  }

  /// A round makes up for a part of what installations took, and of what executions changed.
  func reduceDebts() {
    for id in index.indebted {
      guard let canister = canisters[id] else { continue }
      canister.heapDebt -= min(fees.heapDeltaRateLimit, canister.heapDebt)
      canister.installDebt -= min(fees.installRateLimit, canister.installDebt)
      index.update(canister)
    }
  }

  private func charge(_ canister: Canister) {
    let seconds = (time - min(canister.chargedUntil, time)) / 1_000_000_000
    if seconds == 0 { return }
    canister.chargedUntil += seconds * 1_000_000_000
    let state = canister.state
    let memory = fees.memoryCost(bytes: state.billedMemory, seconds: seconds)
      .addingSaturated(fees.memoryCost(bytes: state.messageMemory, seconds: seconds))
    let compute = fees.computeCost(percent: state.settings.computeAllocation, seconds: seconds)
    guard canister.state.pay(memory, for: .memory), canister.state.pay(compute, for: .computeAllocation) else {
      return exhausted(canister)
    }
    index.update(canister)
  }

  /// A canister can't pay for its storage: it loses its code, its allocations, its history and its snapshots.
  private func exhausted(_ canister: Canister) {
    uninstall(canister, by: nil)
    canister.state.burnForUninstalling()
    canister.state.settings.computeAllocation = 0
    canister.state.settings.memoryAllocation = 0
    canister.history = []
    canister.snapshots = []
    canister.state.fixedMemory = FixedMemory()
    index.update(canister)
  }
}

extension SystemState {
  /// What lacks for an execution that began with `before` and left `after`: the balance must have what it took, and with
  /// `keepsThreshold` also what is kept for storage then. Nil if nothing lacks.
  func lacking(
    after: SystemState, since before: SystemState, keepsThreshold: Bool, _ fees: SubnetConfiguration
  ) -> CanisterError? {
    var result = self
    result.take(after, since: before)
    let threshold = keepsThreshold ? result.freezingBalance(fees) : 0
    let needed = before.balance.subtractingSaturated(after.balance).addingSaturated(threshold)
    if balance >= needed { return nil }
    return CanisterError(
      .canisterOutOfCycles,
      "Canister \(id) is out of cycles: please top up the canister with at least \(needed - balance) additional cycles")
  }

  /// Takes cycles for storage: from what is reserved first. False, with nothing taken, if there aren't enough.
  mutating func pay(_ amount: Cycles, for use: CycleUse) -> Bool {
    guard amount <= balance.addingSaturated(reservedBalance) else { return false }
    let reserved = min(amount, reservedBalance)
    reservedBalance -= reserved
    consumed[Int(use.rawValue)] = consumed[Int(use.rawValue)].addingSaturated(reserved)
    spend(amount - reserved, on: use)
    return true
  }

  /// What is left when a canister can't pay for its storage, is gone.
  mutating func burnForUninstalling() {
    consumed[Int(CycleUse.uninstall.rawValue)] =
      consumed[Int(CycleUse.uninstall.rawValue)].addingSaturated(reservedBalance)
    reservedBalance = 0
    spend(balance, on: .uninstall)
  }
}
