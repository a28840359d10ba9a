// Charges of the instruction counter, unit by unit.
//
// A unit is a straight-line run of operators, charged whole where it begins. Its cost is known only at its end, so the
// charge is emitted at the unit's first operator that costs anything, and its amount filled in later. Function starts
// and loop headers always carry a charge, with a check. Source: metering.md, sections 2 and 4 (the replica's
// instrumentation); `br_on_null` and `br_on_non_null`, which it doesn't know, end a unit as `br_if` does.

import WebAssembly

extension FunctionBuilder {
  /// Adds an operator's cost to the present unit.
  @inline(__always)
  mutating func account(_ weight: UInt32) {
    if unitCharge == .max { unitCharge = ir.add(Node(.charge), offset: offset).index }
    unitCost &+= UInt64(weight)
  }

  /// Ends the present unit; the next one begins with the operator at byte offset `next`.
  @inline(__always)
  mutating func endUnit(next: Int) {
    if unitCharge != .max {
      ir.nodes[unitCharge].imm = unitCost
      unitCharge = .max
    }
    unitCost = 0
    unitStart = next
  }

  /// Begins a unit that is a check point: a function's or a loop's first.
  mutating func beginCheckedUnit(cost: UInt32, at start: Int) {
    unitStart = start
    unitCost = UInt64(cost)
    unitCharge = ir.add(Node(.charge, flags: NodeFlags.check), offset: offset).index
  }

  /// Charges a bulk operator: its weight, and its length `length`, just before it and with a check. Where the operator is
  /// the first of its unit, the length comes before the unit's own charge. Policies that don't charge lengths don't check.
  mutating func accountBulk(_ row: OperatorRow, length: UInt32, at start: Int) {
    if !context.policy.chargesBulkLength {
      if row.bulkWeight != 0 { account(row.bulkWeight) }
      return
    }
    let isWide = ir.nodes[length].type == .i64
    let dynamic = Node(.chargeDynamic, flags: isWide ? NodeFlags.wide : 0, a: length)
    if start != unitStart {
      account(row.bulkWeight)
      emit(dynamic)
      return
    }
    if unitCharge != .max {
      // A loop's charge, just emitted: they change places.
      let charge = ir.nodes[unitCharge]
      ir.nodes[unitCharge] = dynamic
      unitCharge = ir.add(charge, offset: offset).index
    } else {
      emit(dynamic)
    }
    account(row.bulkWeight)
  }
}
