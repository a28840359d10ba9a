// Simplification: algebraic identities. All are exact: equal bits for all operands, and no trap less or more.
//
// Normal forms: constants stand on the right; adding a constant instead of subtracting it; comparisons instead of `eqz`
// of comparisons. Floats are left alone but for operators that only move bits, as arithmetic makes NaNs canonical.

import WebAssembly

/// What a rule made of a node.
enum Rewriting {
  /// No rule applies.
  case none
  /// The node has become another one.
  case changed
  /// This value stands for it.
  case value(UInt32)
}

/// An integer operator, by what it does and its width: the binary codes of i32 operators stand for both widths.
struct IntegerOperator {
  var code: UInt32
  var is64: Bool

  @inline(__always)
  init?(_ opcode: Opcode) {
    let info = opcode.operationInfo
    if info.integerCode == 0 { return nil }
    (code, is64) = (UInt32(info.integerCode), info.isInteger64)
  }

  init(_ code: UInt32, is64: Bool) {
    self.code = code
    self.is64 = is64
  }

  static let eqz: UInt32 = 0x45, eq: UInt32 = 0x46, ne: UInt32 = 0x47
  static let add: UInt32 = 0x6A, sub: UInt32 = 0x6B, mul: UInt32 = 0x6C
  static let divS: UInt32 = 0x6D, divU: UInt32 = 0x6E, remS: UInt32 = 0x6F, remU: UInt32 = 0x70
  static let and: UInt32 = 0x71, or: UInt32 = 0x72, xor: UInt32 = 0x73
  static let shl: UInt32 = 0x74, shrS: UInt32 = 0x75, shrU: UInt32 = 0x76, rotl: UInt32 = 0x77, rotr: UInt32 = 0x78

  var operation: Operation {
    let code = !is64 ? code : code <= 0x4F ? code + 0x0B : code + 0x12
    return Operation(Opcode(row: OperatorTable.primary[Int(code)]))
  }
  var isComparison: Bool { code <= 0x4F }
  var width: UInt64 { is64 ? 64 : 32 }
  /// All ones.
  var mask: UInt64 { is64 ? .max : 0xFFFF_FFFF }
  var type: IRType { is64 ? .i64 : .i32 }

  /// For a comparison of two operands: with the operands exchanged, and with the opposite result.
  var mirrored: IntegerOperator {
    switch code {
    case 0x48, 0x49, 0x4C, 0x4D: IntegerOperator(code + 2, is64: is64)
    case 0x4A, 0x4B, 0x4E, 0x4F: IntegerOperator(code - 2, is64: is64)
    default: self
    }
  }
  var negated: IntegerOperator {
    switch code {
    case 0x46: IntegerOperator(0x47, is64: is64)
    case 0x47: IntegerOperator(0x46, is64: is64)
    case 0x48, 0x49: IntegerOperator(code + 6, is64: is64)
    case 0x4A, 0x4B: IntegerOperator(code + 2, is64: is64)
    case 0x4C, 0x4D: IntegerOperator(code - 2, is64: is64)
    default: IntegerOperator(code - 6, is64: is64)
    }
  }
}

extension SimplificationOpt {
  mutating func applyIdentity(_ node: inout Node, _ opcode: Opcode) -> Rewriting {
    if let integer = IntegerOperator(opcode) {
      if integer.code == IntegerOperator.eqz { return simplifyZeroTest(&node, integer) }
      if node.b == .max { return .none }
      if constant(node.a) != nil && constant(node.b) == nil {
        if integer.isComparison {
          swap(&node.a, &node.b)
          node.operation = integer.mirrored.operation
          return .changed
        }
        if opcode.isCommutative {
          swap(&node.a, &node.b)
          return .changed
        }
      }
      return integer.isComparison ? simplifyComparison(&node, integer) : simplifyArithmetic(&node, integer)
    }
    switch opcode {
    case .select: return simplifySelect(&node)
    case .i32WrapI64: return simplifyWrap(&node)
    case .i32Extend8S: return extended(node, [.i32Extend8S, .i32Load8S])
    case .i32Extend16S: return extended(node, [.i32Extend16S, .i32Load16S, .i32Extend8S, .i32Load8S])
    case .i64Extend8S: return extended(node, [.i64Extend8S, .i64Load8S])
    case .i64Extend16S: return extended(node, [.i64Extend16S, .i64Load16S, .i64Extend8S, .i64Load8S])
    case .i64Extend32S: return extended(node, [.i64Extend32S, .i64Load32S, .i64ExtendI32S])
    case .f32Neg, .f64Neg:
      return new.nodes[node.a].operation == node.operation ? .value(new.nodes[node.a].a) : .none
    case .f32Abs, .f64Abs:
      let inner = new.nodes[node.a].operation
      if inner == node.operation { return .value(node.a) }
      guard inner == Operation(opcode == .f32Abs ? .f32Neg : .f64Neg) else { return .none }
      node.a = new.nodes[node.a].a
      return .changed
    case .i32ReinterpretF32: return inverse(node, .f32ReinterpretI32)
    case .f32ReinterpretI32: return inverse(node, .i32ReinterpretF32)
    case .i64ReinterpretF64: return inverse(node, .f64ReinterpretI64)
    case .f64ReinterpretI64: return inverse(node, .i64ReinterpretF64)
    default: return .none
    }
  }

  /// `node` extends what is extended already, if one of `opcodes` gives its operand.
  private mutating func extended(_ node: Node, _ opcodes: [Opcode]) -> Rewriting {
    let operand = new.nodes[node.a].operation
    return opcodes.contains { operand == Operation($0) } ? .value(node.a) : .none
  }

  /// `node` undoes its operand if that is the result of `opcode`.
  private mutating func inverse(_ node: Node, _ opcode: Opcode) -> Rewriting {
    let operand = new.nodes[node.a]
    return operand.operation == Operation(opcode) ? .value(operand.a) : .none
  }

  /// The integer operator that computes `value`, with its node.
  private mutating func integer(_ value: UInt32) -> (IntegerOperator, Node)? {
    let node = new.nodes[value]
    guard let opcode = node.operation.opcode, let integer = IntegerOperator(opcode) else { return nil }
    return (integer, node)
  }

  /// An upper bound of the number of bits, counted from the lowest, that can be set in an integer value.
  private mutating func significantBits(_ value: UInt32) -> UInt64 {
    let node = new.nodes[value]
    let width: UInt64 = node.type == .i64 ? 64 : 32
    guard let opcode = node.operation.opcode else { return width }
    switch opcode {
    case .i32Const, .i64Const: return 64 - UInt64(node.imm.leadingZeroBitCount)
    case .i32Load8U, .i64Load8U: return 8
    case .i32Load16U, .i64Load16U: return 16
    case .i64Load32U, .i64ExtendI32U: return 32
    case .i32And, .i64And: return constant(node.b).map { 64 - UInt64($0.leadingZeroBitCount) } ?? width
    case .i32ShrU, .i64ShrU: return constant(node.b).map { width - $0 % width } ?? width
    default: return opcode.isComparison ? 1 : width
    }
  }

  /// What a condition amounts to that is only compared with 0, and whether it is the opposite of that.
  mutating func strippedCondition(_ condition: UInt32) -> (value: UInt32, isNegated: Bool) {
    guard let (integer, node) = integer(condition), !integer.is64 else { return (condition, false) }
    switch integer.code {
    case IntegerOperator.eqz: return (node.a, true)
    case IntegerOperator.ne where constant(node.b) == 0: return (node.a, false)
    case IntegerOperator.xor where constant(node.b) == 1 && significantBits(node.a) == 1: return (node.a, true)
    default: return (condition, false)
    }
  }

  // MARK: Rules

  private mutating func simplifyZeroTest(_ node: inout Node, _ test: IntegerOperator) -> Rewriting {
    let operand = new.nodes[node.a]
    guard let opcode = operand.operation.opcode else { return .none }
    if !test.is64, let (inner, _) = integer(node.a), inner.isComparison {
      if inner.code == IntegerOperator.eqz {
        node = Node(
          IntegerOperator(IntegerOperator.ne, is64: inner.is64).operation, type: .i32, a: operand.a,
          b: constant(inner.type, 0))
      } else {
        node = Node(inner.negated.operation, type: .i32, a: operand.a, b: operand.b)
      }
      return .changed
    }
    switch opcode {
    // Only these two: a comparison with a NaN is false, and so is its opposite.
    case .f32Eq: node = Node(Operation(.f32Ne), type: .i32, a: operand.a, b: operand.b)
    case .f32Ne: node = Node(Operation(.f32Eq), type: .i32, a: operand.a, b: operand.b)
    case .f64Eq: node = Node(Operation(.f64Ne), type: .i32, a: operand.a, b: operand.b)
    case .f64Ne: node = Node(Operation(.f64Eq), type: .i32, a: operand.a, b: operand.b)
    case .i64ExtendI32U, .i64ExtendI32S: node = Node(Operation(.i32Eqz), type: .i32, a: operand.a)
    default: return .none
    }
    return .changed
  }

  private mutating func simplifyComparison(_ node: inout Node, _ comparison: IntegerOperator) -> Rewriting {
    let code = comparison.code
    if node.a == node.b {
      let holds = code == IntegerOperator.eq || code >= 0x4C
      return .value(constant(.i32, holds ? 1 : 0))
    }
    guard let b = constant(node.b) else { return .none }
    if b == 0 {
      switch code {
      case IntegerOperator.eq, 0x4D:  // eq, le_u
        node = Node(IntegerOperator(IntegerOperator.eqz, is64: comparison.is64).operation, type: .i32, a: node.a)
        return .changed
      case IntegerOperator.ne where !comparison.is64 && significantBits(node.a) == 1: return .value(node.a)
      case 0x4B:  // gt_u
        node.operation = IntegerOperator(IntegerOperator.ne, is64: comparison.is64).operation
        return .changed
      case 0x49: return .value(constant(.i32, 0))  // lt_u
      case 0x4F: return .value(constant(.i32, 1))  // ge_u
      default: return .none
      }
    }
    if !comparison.is64 && significantBits(node.a) == 1 && b == 1 {
      switch code {
      case IntegerOperator.eq: return .value(node.a)
      case IntegerOperator.ne:
        node = Node(Operation(.i32Eqz), type: .i32, a: node.a)
        return .changed
      default: return .none
      }
    }
    return .none
  }

  private mutating func simplifyArithmetic(_ node: inout Node, _ integer: IntegerOperator) -> Rewriting {
    typealias I = IntegerOperator
    if node.a == node.b {
      switch integer.code {
      case I.sub, I.xor: return .value(constant(integer.type, 0))
      case I.and, I.or: return .value(node.a)
      default: break
      }
    }
    if [I.shl, I.shrS, I.shrU, I.rotl, I.rotr].contains(integer.code) { return simplifyShift(&node, integer) }
    guard let b = constant(node.b) else { return .none }
    switch integer.code {
    case I.sub:
      node.operation = I(I.add, is64: integer.is64).operation
      node.b = constant(integer.type, (0 &- b) & integer.mask)
      return .changed
    case I.add, I.and, I.or, I.xor, I.mul:
      if let rewriting = simplifyChain(&node, integer, b) { return rewriting }
    default: break
    }
    switch integer.code {
    case I.add: if b == 0 { return .value(node.a) }
    case I.mul:
      if b == 0 { return .value(node.b) }
      if b == 1 { return .value(node.a) }
    case I.and:
      if b == 0 { return .value(node.b) }
      let bits = significantBits(node.a)
      let possible: UInt64 = bits >= 64 ? .max : (1 << bits) - 1
      if possible & ~b == 0 { return .value(node.a) }
    case I.or:
      if b == 0 { return .value(node.a) }
      if b == integer.mask { return .value(node.b) }
    case I.xor:
      if b == 0 { return .value(node.a) }
      if b == 1 && !integer.is64 && significantBits(node.a) == 1 {
        node = Node(Operation(.i32Eqz), type: .i32, a: node.a)
        return .changed
      }
    case I.divS: if b == 1 { return .value(node.a) }
    case I.divU:
      if b == 1 { return .value(node.a) }
      if b.nonzeroBitCount == 1 {
        node.operation = I(I.shrU, is64: integer.is64).operation
        node.b = constant(integer.type, UInt64(b.trailingZeroBitCount))
        return .changed
      }
    case I.remS: if b == 1 || b == integer.mask { return .value(constant(integer.type, 0)) }
    case I.remU:
      if b.nonzeroBitCount == 1 {
        node.operation = I(I.and, is64: integer.is64).operation
        node.b = constant(integer.type, b - 1)
        return .changed
      }
    default: break
    }
    return .none
  }

  /// `(x op c1) op c2` is `x op (c1 op c2)` for these operators.
  private mutating func simplifyChain(_ node: inout Node, _ outer: IntegerOperator, _ b: UInt64) -> Rewriting? {
    guard let (inner, operand) = integer(node.a), inner.code == outer.code, let c = constant(operand.b) else {
      return nil
    }
    let bits: UInt64
    switch outer.code {
    case IntegerOperator.add: bits = b &+ c
    case IntegerOperator.mul: bits = b &* c
    case IntegerOperator.and: bits = b & c
    case IntegerOperator.or: bits = b | c
    default: bits = b ^ c
    }
    node.a = operand.a
    node.b = constant(outer.type, bits & outer.mask)
    return .changed
  }

  private mutating func simplifyShift(_ node: inout Node, _ shift: IntegerOperator) -> Rewriting {
    if let b = constant(node.b) { return b % shift.width == 0 ? .value(node.a) : .none }
    // The count is taken modulo the width anyway.
    guard let (inner, count) = integer(node.b), inner.code == IntegerOperator.and, let mask = constant(count.b),
      mask & (shift.width - 1) == shift.width - 1
    else { return .none }
    node.b = count.a
    return .changed
  }

  private mutating func simplifySelect(_ node: inout Node) -> Rewriting {
    if node.a == node.b { return .value(node.a) }
    if let condition = constant(node.c) { return .value(condition != 0 ? node.a : node.b) }
    let stripped = strippedCondition(node.c)
    if stripped.value != node.c {
      node.c = stripped.value
      if stripped.isNegated { swap(&node.a, &node.b) }
      return .changed
    }
    if node.type == .i32 && significantBits(node.c) == 1, let a = constant(node.a), let b = constant(node.b) {
      if a == 1 && b == 0 { return .value(node.c) }
      if a == 0 && b == 1 {
        node = Node(Operation(.i32Eqz), type: .i32, a: node.c)
        return .changed
      }
    }
    return .none
  }

  private mutating func simplifyWrap(_ node: inout Node) -> Rewriting {
    let operand = new.nodes[node.a]
    switch operand.operation {
    case Operation(.i64ExtendI32S), Operation(.i64ExtendI32U): return .value(operand.a)
    case Operation(.i64And):
      guard let mask = constant(operand.b), mask & 0xFFFF_FFFF == 0xFFFF_FFFF else { return .none }
      node.a = operand.a
      return .changed
    case Operation(.i64Extend32S):
      node.a = operand.a
      return .changed
    default: return .none
    }
  }

  /// Takes what only changes the bits that a narrow store drops away from the stored value.
  mutating func narrowStoredValue(_ node: inout Node, _ opcode: Opcode) {
    let kept: UInt64
    switch opcode {
    case .i32Store8, .i64Store8: kept = 0xFF
    case .i32Store16, .i64Store16: kept = 0xFFFF
    case .i64Store32: kept = 0xFFFF_FFFF
    default: return
    }
    for _ in 0..<4 {
      let value = new.nodes[node.b]
      switch value.operation {
      case Operation(.i32And), Operation(.i64And):
        guard let mask = constant(value.b), mask & kept == kept else { return }
      case Operation(.i32Extend8S), Operation(.i64Extend8S): if kept > 0xFF { return }
      case Operation(.i32Extend16S), Operation(.i64Extend16S): if kept > 0xFFFF { return }
      case Operation(.i64Extend32S): break
      default: return
      }
      node.b = value.a
    }
  }
}

extension Opcode {
  /// Whether the operator compares scalars: its result is 0 or 1.
  var isComparison: Bool { info.prefix == 0 && info.code >= 0x45 && info.code <= 0x66 }
}
