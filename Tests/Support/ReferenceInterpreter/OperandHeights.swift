// The greatest height of the operand stack in a function body, which is part of what a call costs of the stack limit.
//
// Only the width of operands matters, so this is validation without types: a stack of widths in slots. Unreachable code
// is skipped, because its stack is not a real one.

import WebAssembly

struct OperandHeights {
  private let instance: OracleInstance
  private let locals: [ValueType]
  private var stack: [ValueType] = []
  private var height = 0
  private var greatestHeight = 0

  private struct Frame {
    var parameters: [ValueType]
    var results: [ValueType]
    /// Operands below the construct.
    var base: Int
  }
  private var frames: [Frame] = []
  /// Nil in reachable code; else how many constructs have begun in the unreachable code and not ended.
  private var unreachableDepth: Int?

  init(_ instance: OracleInstance, locals: [ValueType]) {
    self.instance = instance
    self.locals = locals
  }

  /// The greatest height in slots over a body with these operators and results.
  mutating func greatest(_ operators: [FunctionCode.Operator], results: [ValueType]) -> Int {
    frames = [Frame(parameters: [], results: results, base: 0)]
    for next in operators { step(next.instruction) }
    return greatestHeight
  }

  private mutating func pop(_ count: Int = 1) {
    for _ in 0..<count { height -= stack.removeLast().slotCount }
  }

  private mutating func push(_ type: ValueType) {
    stack.append(type)
    height += type.slotCount
    greatestHeight = max(greatestHeight, height)
  }

  private mutating func push(_ types: [ValueType]) { for type in types { push(type) } }

  private mutating func step(_ instruction: Instruction) {
    if let depth = unreachableDepth {
      switch instruction.opcode {
      case .block, .loop, .if, .tryTable:
        unreachableDepth = depth + 1
        return
      case .end where depth > 0:
        unreachableDepth = depth - 1
        return
      case .end, .else:
        if depth > 0 { return }
        unreachableDepth = nil
      default: return
      }
    }
    switch instruction.opcode {
    case .block, .loop, .if, .else, .end: control(instruction)
    case .unreachable, .br, .brTable, .return, .returnCall, .returnCallIndirect, .returnCallRef, .throw, .throwRef:
      unreachableDepth = 0
    case .brIf: pop()
    case .call: call(instance.functionType(ofFunction: instruction.a))
    case .callIndirect:
      pop()
      call(instance.functionType(instruction.a))
    case .drop: pop()
    case .select, .selectT:
      let type = stack[stack.count - 2]
      pop(3)
      push(type)
    case .localGet: push(locals[Int(instruction.a)])
    case .localSet, .globalSet: pop()
    case .localTee: break
    case .globalGet: push(instance.spaces.globals[Int(instruction.a)].value)
    case .tableGet, .refIsNull, .memoryGrow: break
    case .tableSet: pop(2)
    case .tableGrow: pop()
    case .memorySize, .tableSize, .refNull, .refFunc: push(.i64)
    case .memoryInit, .memoryCopy, .memoryFill, .tableInit, .tableCopy, .tableFill: pop(3)
    case .dataDrop, .elemDrop: break
    default: fixed(instruction.opcode.info)
    }
  }

  private mutating func call(_ type: FunctionType) {
    pop(type.parameters.count)
    push(type.results)
  }

  private mutating func fixed(_ info: OperatorInfo) {
    guard info.hasFixedSignature else {
      // An operator that the oracle does not execute: the function is refused, whatever its height.
      unreachableDepth = 0
      return
    }
    for index in 0..<3 where info.operand(index) != .none { pop() }
    if info.result != .none { push(info.result == .v128 ? .v128 : .i64) }
  }

  private mutating func control(_ instruction: Instruction) {
    switch instruction.opcode {
    case .else:
      let frame = frames[frames.count - 1]
      pop(stack.count - frame.base)
      push(frame.parameters)
    case .end:
      let frame = frames.removeLast()
      pop(stack.count - frame.base)
      push(frame.results)
    default:
      if instruction.opcode == .if { pop() }
      var type = FunctionType(parameters: [], results: [])
      switch instruction.blockType {
      case .empty: break
      case .value(let result): type.results = [result]
      case .type(let index): type = instance.functionType(index)
      }
      frames.append(
        Frame(parameters: type.parameters, results: type.results, base: stack.count - type.parameters.count))
    }
  }
}
