// Memory that is taken outside executions: what the subnet must have room for, and the canister must be able to pay.
//
// Source: dfinity/ic, rs/execution_environment/src/canister_manager.rs.

import SystemAPI

extension CanisterRuntime {
  /// Lets a canister take memory: `state` has the new sizes, and `old` bytes were billed before. The canister pays `cost`
  /// for the work, and what is set aside for the storage. It must not be frozen then, unless it only gives memory back.
  ///
  /// Throws a `CanisterError`, with `state` as it was; `cannotPay` makes that for the work out of a text.
  func takeMemory(
    _ state: inout SystemState, from old: UInt64, cost: Cycles = 0,
    cannotPay: (String) -> CanisterError = { CanisterError(.canisterOutOfCycles, $0) }
  ) throws(CanisterError) {
    let growth = state.billedMemory - min(old, state.billedMemory)
    // Giving back memory is what a frozen canister can do to be frozen no more.
    if growth == 0 && cost == 0 { return }
    try checkRoom(for: growth)
    try checkNotFrozen(state, growth)
    let threshold = state.freezingBalance(fees)
    let needed = cost.addingSaturated(threshold)
    guard state.balance >= needed else { throw cannotPay(state.outOfCycles(needed - state.balance)) }
    let whole = state
    state.spend(cost, on: .instructions)
    do throws(CanisterError) { try reserve(for: growth, &state) } catch {
      state = whole
      throw error
    }
  }

  /// The subnet must have so many bytes left.
  func checkRoom(for growth: UInt64) throws(CanisterError) {
    let free = freeMemory
    if growth <= free { return }
    throw CanisterError(
      .subnetOversubscribed,
      "Canister requested \(Self.binaryUnits(growth)) of memory but only \(Self.binaryUnits(free)) are available in the "
        + "subnet.")
  }

  /// Sets cycles aside for the storage of so many bytes more, where the subnet is full enough.
  func reserve(for growth: UInt64, _ state: inout SystemState) throws(CanisterError) {
    let reserved = fees.reservation(growth: growth, used: index.memory)
    switch reserved > 0 ? state.reserve(reserved) : nil {
    case nil: return
    case .missing(let cycles): throw missing(cycles, growth)
    case .overLimit(let cycles):
      throw CanisterError(
        .reservedCyclesLimitExceededInMemoryGrow,
        "Canister cannot grow memory by \(growth) bytes due to its reserved cycles limit. The current limit "
          + "(\(state.settings.reservedCyclesLimit)) would be exceeded by \(cycles).")
    }
  }

  /// All canisters together must have room for a module's custom sections.
  func checkCustomSections(_ module: InstalledModule, inPlaceOf old: InstalledModule?) throws(CanisterError) {
    let others = index.customSections.subtractingSaturated(old?.customSectionsSize ?? 0)
    let free = fees.customSectionMemory.subtractingSaturated(others)
    if module.customSectionsSize <= free { return }
    throw CanisterError(
      .subnetOversubscribed,
      "Canister requested \(Self.binaryUnits(module.customSectionsSize)) of Wasm custom sections memory but only "
        + "\(Self.binaryUnits(free)) are available in the subnet.")
  }

  /// Bytes that the subnet still has, beside what is left to callbacks.
  var freeMemory: UInt64 {
    let capacity = fees.subnetMemory - min(fees.callbackMemory, fees.subnetMemory)
    return capacity - min(index.memory, capacity)
  }

  /// What executions beside rounds may take of it.
  var memoryCapacity: SubnetCapacity { SubnetCapacity(memory: freeMemory, memoryUse: index.memory) }

  /// A canister that has taken `growth` bytes must not be frozen by it.
  func checkNotFrozen(_ state: SystemState, _ growth: UInt64) throws(CanisterError) {
    let threshold = state.freezingBalance(fees)
    guard state.balance >= threshold else { throw missing(threshold - state.balance, growth) }
  }

  private func missing(_ cycles: Cycles, _ growth: UInt64) -> CanisterError {
    CanisterError(
      .insufficientCyclesInMemoryGrow,
      "Canister cannot grow memory by \(growth) bytes due to insufficient cycles. At least \(cycles) additional cycles "
        + "are required.")
  }

  /// Lets a canister pay for so many instructions of the management canister's. It must not be frozen then.
  func payInstructions(
    _ instructions: UInt64, _ state: inout SystemState, is64: Bool = false, cannotPay: (String) -> CanisterError
  ) throws(CanisterError) {
    let cost = fees.executionCost(instructions: instructions, is64: is64)
    let needed = cost.addingSaturated(state.freezingBalance(fees))
    guard state.balance >= needed else { throw cannotPay(state.outOfCycles(needed - state.balance)) }
    state.spend(cost, on: .instructions)
  }
}

extension SystemState {
  /// How it is said that the balance is too small.
  func outOfCycles(_ missing: Cycles) -> String {
    "Canister \(id) is out of cycles: please top up the canister with at least \(missing) additional cycles"
  }
}
