// Control, variables, references, and the way to the other families.

import Semantics
import WebAssembly

extension OracleMachine {
  mutating func execute(_ next: FunctionCode.Operator) throws(OracleStop) {
    let instruction = next.instruction
    switch next.opcode {
    case .unreachable: throw .trap(.unreachable)
    case .nop: break
    case .block: enter(next, isLoop: false)
    case .loop: enter(next, isLoop: true)
    case .if:
      if popI32() != 0 {
        enter(next, isLoop: false)
      } else if let alternative = next.alternative {
        enter(next, isLoop: false)
        position = alternative + 1
      } else {
        position = next.end + 1
      }
    case .else:
      // The first arm has ended.
      labels.removeLast()
      position = next.end + 1
    case .end:
      if labels.popLast() == nil { returnFromFunction() }
    case .br: branch(instruction.a)
    case .brIf: if popI32() != 0 { branch(instruction.a) }
    case .brTable:
      let labels = currentLabelTable
      branch(labels[min(Int(popI32()), labels.count - 1)])
    case .return: returnFromFunction()
    case .call: try call(instance.functions[Int(instruction.a)])
    case .returnCall: try tailCall(instance.functions[Int(instruction.a)])
    case .callIndirect: try call(try indirect(instruction))
    case .returnCallIndirect: try tailCall(try indirect(instruction))

    case .drop: _ = pop()
    case .select, .selectT:
      let condition = popI32()
      let second = pop()
      if condition == 0 { operands[operands.count - 1] = second }
    case .localGet: push(self[local: instruction.a])
    case .localSet: self[local: instruction.a] = pop()
    case .localTee: self[local: instruction.a] = operands[operands.count - 1]
    case .globalGet: push(instance.globals[Int(instruction.a)].value)
    case .globalSet: instance.globals[Int(instruction.a)].value = pop()

    case .refNull: push(.reference(.null))
    case .refFunc: push(.reference(.function(instance.functions[Int(instruction.a)])))
    case .refIsNull: push(.i32(popReference() == .null ? 1 : 0))

    case .tableGet, .tableSet, .tableSize, .tableGrow, .tableFill, .tableCopy, .tableInit, .elemDrop:
      try table(instruction)
    case .memorySize, .memoryGrow, .memoryFill, .memoryCopy, .memoryInit, .dataDrop: try bulkMemory(instruction)
    default:
      if next.opcode.info.immediates == .memoryArgument || next.opcode.info.immediates == .memoryLane {
        try access(instruction)
      } else {
        try numeric(instruction)
      }
    }
  }

  /// Enters a construct: operands below its parameters are out of its reach.
  private mutating func enter(_ next: FunctionCode.Operator, isLoop: Bool) {
    labels.append(
      Label(
        target: isLoop ? position : next.end + 1, arity: isLoop ? next.parameterCount : next.resultCount,
        base: operands.count - next.parameterCount, isLoop: isLoop))
  }

  /// Branches to the label that `depth` others enclose; the outermost is that of the function.
  private mutating func branch(_ depth: UInt32) {
    let index = labels.count - 1 - Int(depth)
    if index < 0 { return returnFromFunction() }
    let label = labels[index]
    let carried = pop(label.arity)
    operands.removeLast(operands.count - label.base)
    operands += carried
    labels.removeLast(label.isLoop ? Int(depth) : Int(depth) + 1)
    position = label.target
  }

  /// The address of the function that an indirect call finds.
  private mutating func indirect(_ instruction: Instruction) throws(OracleStop) -> Int {
    let index = pop().address
    let table = instance.tables[Int(instruction.b)]
    guard index < UInt64(table.elements.count) else { throw .trap(.undefinedElement) }
    switch table.elements[Int(index)] {
    case .null: throw .trap(.uninitializedElement)
    case .external: preconditionFailure("a table of functions holds functions")
    case .function(let address):
      let expected = instance.typeIds[Int(instruction.a)]
      guard store.types.table.isSubtype(store.functions[address].type, of: expected) else {
        throw .trap(.indirectCallTypeMismatch)
      }
      return address
    }
  }
}
