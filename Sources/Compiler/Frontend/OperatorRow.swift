// How the builder treats each operator: its kind (the builder's one `switch`), arity, result and weight.

import WebAssembly

/// What the builder does for an operator.
enum OperatorKind: UInt8 {
  /// Pops 1, 2 or 3 operands and pushes the node's result.
  case unary, binary, ternary
  case constant, vectorConstant, shuffle
  case extractLane, replaceLane
  case load, store, loadLane, storeLane
  case localGet, localSet, localTee, globalGet, globalSet
  case nop, drop, select
  case block, loop, `if`, `else`, end
  case br, brIf, brTable, `return`, unreachable
  case call, callIndirect, callRef, returnCall, returnCallIndirect, returnCallRef
  case memorySize, memoryGrow, memoryFill, memoryCopy, memoryInit
  case tableGet, tableSet, tableSize, tableGrow, tableFill, tableCopy, tableInit
  /// `data.drop`, `elem.drop`.
  case dropSegment
  case refNull, refIsNull, refFunc, refAsNonNull, brOnNull, brOnNonNull
  /// Unsupported, but it opens a block, which matters where unreachable code is skipped.
  case tryTable
  case unsupported
}

struct OperatorRow: BitwiseCopyable {
  var kind: OperatorKind
  /// The result's type where the operator alone decides it.
  var result: IRType
  /// What the policy charges, in instructions; 0 for bulk operators, whose charges depend on what is before them.
  var weight: UInt32
  /// The same for bulk operators.
  var bulkWeight: UInt32

  init(_ opcode: Opcode, policy: MeteringPolicy, is64: Bool) {
    kind = OperatorRow.kind(of: opcode)
    result = opcode.info.hasFixedSignature ? IRType(rawValue: opcode.info.resultCode)! : .none
    weight = policy.weight(of: opcode, is64: is64)
    bulkWeight = 0
    switch kind {
    case .memoryFill, .memoryCopy, .memoryInit, .tableFill, .tableCopy, .tableInit: swap(&weight, &bulkWeight)
    default: break
    }
  }

  static func kind(of opcode: Opcode) -> OperatorKind {
    switch opcode {
    case .unreachable: return .unreachable
    case .nop: return .nop
    case .block: return .block
    case .loop: return .loop
    case .if: return .if
    case .else: return .else
    case .end: return .end
    case .br: return .br
    case .brIf: return .brIf
    case .brTable: return .brTable
    case .return: return .return
    case .call: return .call
    case .callIndirect: return .callIndirect
    case .callRef: return .callRef
    case .returnCall: return .returnCall
    case .returnCallIndirect: return .returnCallIndirect
    case .returnCallRef: return .returnCallRef
    case .drop: return .drop
    case .select, .selectT: return .select
    case .tryTable: return .tryTable
    case .localGet: return .localGet
    case .localSet: return .localSet
    case .localTee: return .localTee
    case .globalGet: return .globalGet
    case .globalSet: return .globalSet
    case .tableGet: return .tableGet
    case .tableSet: return .tableSet
    case .tableSize: return .tableSize
    case .tableGrow: return .tableGrow
    case .tableFill: return .tableFill
    case .tableCopy: return .tableCopy
    case .tableInit: return .tableInit
    case .memorySize: return .memorySize
    case .memoryGrow: return .memoryGrow
    case .memoryFill: return .memoryFill
    case .memoryCopy: return .memoryCopy
    case .memoryInit: return .memoryInit
    case .dataDrop, .elemDrop: return .dropSegment
    case .refNull: return .refNull
    case .refIsNull: return .refIsNull
    case .refFunc: return .refFunc
    case .refAsNonNull: return .refAsNonNull
    case .brOnNull: return .brOnNull
    case .brOnNonNull: return .brOnNonNull
    default: break
    }
    let info = opcode.info
    guard info.hasFixedSignature else { return .unsupported }
    let operands = (0..<3).filter { info.operandCode($0) != 0 }.count
    switch info.immediates {
    case .i32, .i64, .f32, .f64: return .constant
    case .v128: return .vectorConstant
    case .shuffle: return .shuffle
    case .lane: return operands == 1 ? .extractLane : .replaceLane
    case .memoryArgument: return info.resultCode == 0 ? .store : .load
    case .memoryLane: return info.resultCode == 0 ? .storeLane : .loadLane
    case .none: return operands == 1 ? .unary : operands == 2 ? .binary : .ternary
    default: return .unsupported
    }
  }
}
