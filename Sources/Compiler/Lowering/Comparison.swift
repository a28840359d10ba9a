// Comparisons as instruction selection sees them.

import WebAssembly

/// A comparison operator of two operands, or a test for zero (a comparison with 0).
struct Comparison {
  enum Condition: UInt8 {
    case eq, ne, ltS, ltU, gtS, gtU, leS, leU, geS, geU, lt, gt, le, ge
  }

  var type: IRType
  var condition: Condition
  var isZeroTest = false

  @inline(__always)
  init?(_ opcode: Opcode) {
    let info = opcode.operationInfo
    let code = info.comparisonCode
    if code == .max { return nil }
    type = IRType(rawValue: code >> 4)!
    condition = Condition(rawValue: code & 15)!
    isZeroTest = info.isZeroTest
  }

  init(_ type: IRType, _ condition: Condition, isZeroTest: Bool = false) {
    self.type = type
    self.condition = condition
    self.isZeroTest = isZeroTest
  }

  /// The operator with this condition.
  var opcode: Opcode {
    // Conditions stand in the order of the operators; floats have no signs.
    let first: Opcode
    switch type {
    case .i32: first = .i32Eq
    case .i64: first = .i64Eq
    case .f32: first = .f32Eq
    default: first = .f64Eq
    }
    let number = Int(condition.rawValue)
    return Opcode(row: UInt16(first.row + (type.isFloat && number >= 10 ? number - 8 : number)))
  }

  /// The condition for exchanged operands.
  var swapped: Condition {
    switch condition {
    case .eq, .ne: condition
    case .ltS: .gtS
    case .ltU: .gtU
    case .gtS: .ltS
    case .gtU: .ltU
    case .leS: .geS
    case .leU: .geU
    case .geS: .leS
    case .geU: .leU
    case .lt: .gt
    case .gt: .lt
    case .le: .ge
    case .ge: .le
    }
  }

  /// The condition that holds when this one fails; nil where there is none (ordered comparisons of floats).
  var negated: Condition? {
    switch condition {
    case .eq: .ne
    case .ne: .eq
    case .ltS: .geS
    case .ltU: .geU
    case .gtS: .leS
    case .gtU: .leU
    case .leS: .gtS
    case .leU: .gtU
    case .geS: .ltS
    case .geU: .ltU
    case .lt, .gt, .le, .ge: nil
    }
  }

  /// For an integer comparison with a constant: the same test by `eq`, `ne`, `lt` or `gt`, whose constant may be its
  /// neighbour. Nil where there is no neighbour (the test has one outcome).
  func normalised(constant: UInt64) -> (condition: Condition, constant: UInt64)? {
    let is32 = type == .i32
    let mask: UInt64 = is32 ? 0xFFFF_FFFF : .max
    let highest: UInt64 = is32 ? 0x7FFF_FFFF : 0x7FFF_FFFF_FFFF_FFFF
    switch condition {
    case .leS: return constant == highest ? nil : (.ltS, (constant &+ 1) & mask)
    case .leU: return constant == mask ? nil : (.ltU, constant &+ 1)
    case .geS: return constant == highest &+ 1 ? nil : (.gtS, (constant &- 1) & mask)
    case .geU: return constant == 0 ? nil : (.gtU, constant &- 1)
    default: return (condition, constant)
    }
  }
}
