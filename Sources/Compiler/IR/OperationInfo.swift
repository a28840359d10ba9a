// What every part of the compiler must know of an operation: which fields of its node are operands, and what it may do.
// One table, indexed by `Operation.code`, computed once from the operator table and the rows below.

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
}

public struct OperationInfo: Sendable, BitwiseCopyable {
  public var shape: OperandShape
  public var effects: Effects
  /// The result's type where the operation alone decides it.
  public var type: IRType
}

extension Operation {
  /// Codes below this have a row in the table.
  public static let count = 526

  @inline(__always)
  public var info: OperationInfo { OperationInfo.table[Int(code)] }
}

extension OperationInfo {
  // Sound as shared state: written once here, only read afterwards, never freed.
  public nonisolated(unsafe) static let table: UnsafePointer<OperationInfo> = {
    let rows = UnsafeMutablePointer<OperationInfo>.allocate(capacity: Operation.count)
    rows.initialize(repeating: OperationInfo(shape: [], effects: [], type: .none), count: Operation.count)
    for row in 0..<Opcode.count { rows[row] = info(of: Opcode(row: UInt16(row))) }
    for (operation, shape, effects) in representationRows {
      rows[Int(operation.code)] = OperationInfo(shape: shape, effects: effects, type: .none)
    }
    return UnsafePointer(rows)
  }()

  private static let representationRows: [(Operation, OperandShape, Effects)] = [
    (.removed, [], .phantom),
    (.copy, .a, [.value, .phantom]),
    (.argument, [], .value),
    (.parameter, .incoming, [.value, .phantom]),
    (.result, .a, [.value, .reads]),
    (.jump, [], .terminator),
    (.branch, .a, .terminator),
    (.switch, .a, .terminator),
    (.return, .list, .terminator),
    (.trap, [], [.terminator, .mayTrap]),
    (.charge, [], .counter),
    (.chargeDynamic, .a, .counter),
    (.localGet, [], [.value, .reads]),
    (.localSet, .a, .writes),
  ]

  private static func info(of opcode: Opcode) -> OperationInfo {
    let row = opcode.info
    switch opcode {
    case .call: return OperationInfo(shape: .list, effects: [.call, .mayTrap, .reads, .writes, .counter], type: .none)
    case .callIndirect:
      return OperationInfo(shape: .list, effects: [.call, .mayTrap, .reads, .writes, .counter], type: .none)
    case .callRef:
      return OperationInfo(shape: [.a, .list], effects: [.call, .mayTrap, .reads, .writes, .counter], type: .none)
    case .returnCall, .returnCallIndirect:
      return OperationInfo(
        shape: .list, effects: [.call, .mayTrap, .reads, .writes, .counter, .terminator], type: .none)
    case .returnCallRef:
      return OperationInfo(
        shape: [.a, .list], effects: [.call, .mayTrap, .reads, .writes, .counter, .terminator], type: .none)
    case .select: return OperationInfo(shape: [.a, .b, .c], effects: .value, type: .none)
    case .memorySize: return OperationInfo(shape: [], effects: [.value, .reads], type: .none)
    case .memoryGrow: return OperationInfo(shape: .a, effects: [.value, .reads, .writes], type: .none)
    case .memoryFill, .memoryCopy, .memoryInit, .tableFill, .tableCopy, .tableInit:
      return OperationInfo(shape: [.a, .b, .c], effects: [.mayTrap, .reads, .writes], type: .none)
    case .dataDrop, .elemDrop: return OperationInfo(shape: [], effects: .writes, type: .none)
    case .tableGet: return OperationInfo(shape: .a, effects: [.value, .mayTrap, .reads], type: .i64)
    case .tableSet: return OperationInfo(shape: [.a, .b], effects: [.mayTrap, .writes], type: .none)
    case .tableSize: return OperationInfo(shape: [], effects: [.value, .reads], type: .none)
    case .tableGrow: return OperationInfo(shape: [.a, .b], effects: [.value, .reads, .writes], type: .none)
    case .globalGet: return OperationInfo(shape: [], effects: [.value, .reads], type: .none)
    case .globalSet: return OperationInfo(shape: .a, effects: .writes, type: .none)
    // Not pure: equal handles come from one function of one instance, but making the handle may touch the store.
    case .refFunc: return OperationInfo(shape: [], effects: [.value, .reads], type: .i64)
    default: break
    }
    guard row.hasFixedSignature else { return OperationInfo(shape: [], effects: [], type: .none) }
    let shapes: [OperandShape] = [.a, .b, .c]
    var shape: OperandShape = []
    for index in 0..<3 where row.operandCode(index) != 0 { shape.insert(shapes[index]) }
    let type = IRType(rawValue: row.resultCode)!
    var effects: Effects = type == .none ? [] : .value
    switch row.immediates {
    case .memoryArgument, .memoryLane: effects.formUnion(type == .none ? [.mayTrap, .writes] : [.mayTrap, .reads])
    default: if opcode.mayTrapNumerically { effects.insert(.mayTrap) }
    }
    return OperationInfo(shape: shape, effects: effects, type: type)
  }
}

extension Opcode {
  /// Whether the operator computes from its operands alone, and traps for some of them.
  public var mayTrapNumerically: Bool {
    switch self {
    case .i32DivS, .i32DivU, .i32RemS, .i32RemU, .i64DivS, .i64DivU, .i64RemS, .i64RemU, .i32TruncF32S, .i32TruncF32U,
      .i32TruncF64S, .i32TruncF64U, .i64TruncF32S, .i64TruncF32U, .i64TruncF64S, .i64TruncF64U:
      true
    default: false
    }
  }
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
