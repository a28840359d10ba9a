// Calls about cycles.

import Candid
import Cannery

extension SystemInterface {
  func performCycles(_ call: SystemCall, _ operands: Operands) throws(CanisterError) {
    switch call {
    case .msgCyclesAvailable128: try store(call, availableCycles, at: operands.pointer(0))
    case .msgCyclesAvailable: operands.result(try half(availableCycles))
    case .msgCyclesRefunded128: try store(call, context.cyclesRefunded, at: operands.pointer(0))
    case .msgCyclesRefunded: operands.result(try half(context.cyclesRefunded))
    case .msgCyclesAccept128:
      try checkHeap(call, operands.pointer(2), 16)
      try store(call, accept(operands.amount(0)), at: operands.pointer(2))
    case .msgCyclesAccept: operands.result(UInt64(accept(Cycles(operands.i64(0)))))
    case .cyclesBurn128:
      try checkHeap(call, operands.pointer(2), 16)
      let amount = min(operands.amount(0), liquidBalance)
      system.spend(amount, on: .burned)
      try store(call, amount, at: operands.pointer(2))
    case .canisterCycleBalance128: try store(call, system.balance, at: operands.pointer(0))
    case .canisterCycleBalance: operands.result(try half(system.balance))
    case .canisterLiquidCycleBalance128: try store(call, liquidBalance, at: operands.pointer(0))
    case .callCyclesAdd128: try addCycles(call, operands.amount(0))
    case .callCyclesAdd: try addCycles(call, Cycles(operands.i64(0)))
    case .mintCycles128:
      guard system.id == .cyclesMintingCanister else {
        throw violation("ic0_mint_cycles128 cannot be executed on non Cycles Minting Canister: \(system.id)")
      }
      try checkHeap(call, operands.pointer(2), 16)
      let before = system.balance
      system.credit(operands.amount(0))
      try store(call, system.balance - before, at: operands.pointer(2))
    default: preconditionFailure("\(call.name) is not about cycles")
    }
  }

  private var availableCycles: Cycles { context.isAnswered ? 0 : context.cyclesAvailable }

  /// What may be spent, with the memory that is in use now.
  var liquidBalance: Cycles { system.liquidBalance(configuration) }

  private func half(_ amount: Cycles) throws(CanisterError) -> UInt64 {
    guard let half = UInt64(exactly: amount) else {
      throw trap("cycles amount exceeds 64-bit representation")
    }
    return half
  }

  private func accept(_ most: Cycles) -> Cycles {
    let amount = min(most, availableCycles)
    context.cyclesAvailable -= amount
    effects.acceptedCycles += amount
    system.credit(amount)
    return amount
  }

  private func addCycles(_ call: SystemCall, _ amount: Cycles) throws(CanisterError) {
    guard var building = callUnderConstruction else {
      throw violation("ic0_\(call.name) called when no call is under construction.")
    }
    guard amount <= liquidBalance else {
      // Only controllers are told how many are missing.
      let missing = amount.addingSaturated(system.freezingBalance(configuration)) - system.balance
      throw CanisterError(
        .canisterContractViolation,
        "Canister \(system.id) is out of cycles"
          + (system.isController(context.caller)
            ? ": please top up the canister with at least \(missing) additional cycles" : ""))
    }
    system.balance -= amount
    // Accepted cycles may come on top of as many as there can be.
    building.cycles = building.cycles.addingSaturated(amount)
    callUnderConstruction = building
  }

  /// The call under construction will not be made: its cycles come back.
  public func dropCall() {
    guard let call = callUnderConstruction else { return }
    system.credit(call.cycles)
    callUnderConstruction = nil
  }
}

extension Principal {
  /// The canister of the network that makes cycles: rkp4c-7iaaa-aaaaa-aaaca-cai.
  fileprivate static let cyclesMintingCanister = Principal(canister: 4)
}
