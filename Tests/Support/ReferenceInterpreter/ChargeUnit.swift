// Units of charging: the straight-line runs of operators whose whole cost is charged before the first of them executes.
//
// This follows section 2 of metering.md sentence by sentence, and on purpose shares nothing with the compiler, whose
// placement of charges is tested against it.

import WebAssembly

/// A straight-line run of operators.
public struct ChargeUnit: Hashable, Sendable {
  /// The sum of the weights of its operators, including the one that ends it.
  public var cost: UInt64
  /// Whether the counter is checked after the charge. So it is where a function or the body of a loop begins.
  public var isReentrant: Bool

  public init(cost: UInt64, isReentrant: Bool) {
    self.cost = cost
    self.isReentrant = isReentrant
  }
}

/// The units of a function body, each with the position of its first operator.
func chargeUnits(
  _ operators: [FunctionCode.Operator], _ policy: MeteringPolicy, is64: Bool
) -> [(start: Int, unit: ChargeUnit)] {
  var units: [(start: Int, unit: ChargeUnit)] = []
  var start = 0
  var unit = ChargeUnit(cost: UInt64(policy.functionEntryCost), isReentrant: true)
  for (position, next) in operators.enumerated() {
    unit.cost += UInt64(policy.weight(of: next.opcode, is64: is64))
    guard endsUnit(next.opcode) else { continue }
    units.append((start, unit))
    start = position + 1
    unit = ChargeUnit(cost: 0, isReentrant: next.opcode == .loop)
  }
  // The body's own `end` has ended the last unit.
  return units
}

private func endsUnit(_ opcode: Opcode) -> Bool {
  switch opcode {
  case .loop, .if, .else, .end, .br, .brIf, .brTable, .return, .unreachable, .returnCall, .returnCallIndirect: true
  default: false
  }
}
