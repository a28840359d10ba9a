// What every part of the compiler must know of an operation: which fields of its node are operands, what it may do, and
// what family it belongs to. One generated table (`operationFacts`), indexed by `Operation.code`.

import WebAssembly

/// Where a node's operands are.
public struct OperandShape: OptionSet, Sendable, BitwiseCopyable {
  public let rawValue: UInt8
  @inlinable @inline(__always) public init(rawValue: UInt8) { self.rawValue = rawValue }
  /// The field is a value.
  public static let a = OperandShape(rawValue: 1)
  public static let b = OperandShape(rawValue: 2)
  public static let c = OperandShape(rawValue: 4)
  /// `operands[b ..< b + c]` are values.
  public static let list = OperandShape(rawValue: 8)
  /// `operands[a ...]` are values, one for each predecessor of block `b`.
  public static let incoming = OperandShape(rawValue: 16)
}

/// What executing a node may do.
public struct Effects: OptionSet, Sendable, BitwiseCopyable {
  public let rawValue: UInt16
  @inlinable @inline(__always) public init(rawValue: UInt16) { self.rawValue = rawValue }
  /// Ends its block.
  public static let terminator = Effects(rawValue: 1)
  public static let mayTrap = Effects(rawValue: 2)
  /// Runs other code: a call, which may do anything below.
  public static let call = Effects(rawValue: 4)
  /// Depends on state outside the SSA values: memory, tables, globals, segments, pinned locals.
  public static let reads = Effects(rawValue: 8)
  public static let writes = Effects(rawValue: 16)
  /// Reads or changes the instruction counter.
  public static let counter = Effects(rawValue: 32)
  /// Defines a value.
  public static let value = Effects(rawValue: 64)
  /// Takes no part in execution: `removed`, `copy`, `parameter`.
  public static let phantom = Effects(rawValue: 128)

  /// Whether a node without uses can go, and equal nodes can be one.
  @inlinable @inline(__always)
  public var isPure: Bool { isDisjoint(with: [.terminator, .mayTrap, .call, .reads, .writes, .counter]) }

  /// Whether a node gives a value and is good for nothing else.
  @inline(__always)
  var isOnlyValue: Bool { contains(.value) && isDisjoint(with: [.terminator, .mayTrap, .call, .writes, .counter]) }
}

public struct OperationInfo: Sendable, BitwiseCopyable {
  /// A word of `operationFacts`.
  let bits: UInt64

  @inline(__always) public var shape: OperandShape { OperandShape(rawValue: UInt8(truncatingIfNeeded: bits)) }
  @inline(__always) public var effects: Effects { Effects(rawValue: UInt16(truncatingIfNeeded: bits >> 8)) }
  /// The result's type where the operation alone decides it.
  public var type: IRType { IRType(rawValue: UInt8(truncatingIfNeeded: bits >> 24))! }

  /// For operators in the pair table, type and number (`PairOperator`); for comparisons, type and condition
  /// (`Comparison`); `UInt8.max` for others.
  @inline(__always) var pairCode: UInt8 { UInt8(truncatingIfNeeded: bits >> 32) }
  @inline(__always) var comparisonCode: UInt8 { UInt8(truncatingIfNeeded: bits >> 40) }
  @inline(__always) var isZeroTest: Bool { bits >> 56 & 1 != 0 }
  /// For operators on integers that have identities, the binary code of the i32 operator; else 0.
  @inline(__always) var integerCode: UInt8 { UInt8(truncatingIfNeeded: bits >> 48) }
  @inline(__always) var isInteger64: Bool { bits >> 57 & 1 != 0 }
  @inline(__always) var mayTrapNumerically: Bool { bits >> 58 & 1 != 0 }
  @inline(__always) var isCommutative: Bool { bits >> 59 & 1 != 0 }
  @inline(__always) var isScalarConstant: Bool { bits >> 60 & 1 != 0 }
  /// Loads and stores, of lanes too.
  @inline(__always) var isAccess: Bool { bits >> 61 & 1 != 0 }
  @inline(__always) var isScalarAccess: Bool { bits >> 62 & 1 != 0 }
  /// Operators on scalars without immediates, whose signature is fixed.
  @inline(__always) var isPlainScalar: Bool { bits >> 63 != 0 }
}

extension Operation {
  /// Codes below this have a row in the table.
  public static let count = 527

  @inline(__always)
  public var info: OperationInfo { OperationInfo(bits: operationFacts[Int(code)]) }

  /// A scalar constant.
  @inline(__always) var isScalarConstant: Bool { info.isScalarConstant }
}

extension Opcode {
  /// What the compiler knows of the operator.
  @inline(__always) var operationInfo: OperationInfo { OperationInfo(bits: operationFacts[row]) }

  /// Whether the operator computes from its operands alone, and traps for some of them.
  @inline(__always) public var mayTrapNumerically: Bool { operationInfo.mayTrapNumerically }

  /// Whether exchanging the operands gives the same result, to the bit. NaNs are canonical, so float operators qualify.
  @inline(__always) var isCommutative: Bool { operationInfo.isCommutative }
}

extension IRFunction {
  /// Number of operands of the node at `index`: what `operand(_:of:)` accepts.
  @inline(__always)
  public func operandCount(of index: Int) -> Int {
    let node = nodes[index]
    let shape = node.operation.info.shape.rawValue
    if shape & (OperandShape.list.rawValue | OperandShape.incoming.rawValue) == 0 {
      return (shape & 7).nonzeroBitCount
    }
    if shape & OperandShape.incoming.rawValue != 0 { return Int(blocks[node.b].predecessorCount) }
    return Int(node.c) + Int(shape & 1)
  }

  /// Calls `body` with each operand of the node at `index`, in order, and puts what it leaves there into the node.
  @inline(__always)
  public mutating func mapOperands(of index: Int, _ body: (inout IRFunction, Value) -> Value) {
    let node = nodes[index]
    let shape = node.operation.info.shape
    if shape.rawValue == 0 { return }
    if shape.contains(.a) { nodes[index].a = body(&self, Value(node.a)).index }
    if shape.contains(.b) { nodes[index].b = body(&self, Value(node.b)).index }
    if shape.contains(.c) { nodes[index].c = body(&self, Value(node.c)).index }
    if shape.rawValue & (OperandShape.list.rawValue | OperandShape.incoming.rawValue) != 0 {
      let start = Int(shape.contains(.list) ? node.b : node.a)
      let count = shape.contains(.list) ? Int(node.c) : Int(blocks[node.b].predecessorCount)
      for position in start..<start + count { operands[position] = body(&self, Value(operands[position])).index }
    }
  }

  /// Calls `body` with each operand of the node at `index`, in order.
  @inline(__always)
  public func forEachOperand(of index: Int, _ body: (Value) -> Void) {
    let node = nodes[index]
    let shape = node.operation.info.shape
    if shape.rawValue == 0 { return }
    if shape.contains(.a) { body(Value(node.a)) }
    if shape.contains(.b) { body(Value(node.b)) }
    if shape.contains(.c) { body(Value(node.c)) }
    if shape.rawValue & (OperandShape.list.rawValue | OperandShape.incoming.rawValue) != 0 {
      let start = Int(shape.contains(.list) ? node.b : node.a)
      let count = shape.contains(.list) ? Int(node.c) : Int(blocks[node.b].predecessorCount)
      for position in start..<start + count { body(Value(operands[position])) }
    }
  }
}
