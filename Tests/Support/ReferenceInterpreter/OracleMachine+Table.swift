// Table operators.

import WebAssembly

extension OracleMachine {
  mutating func table(_ instruction: Instruction) throws(OracleStop) {
    switch instruction.opcode {
    case .elemDrop: return instance.elements[Int(instruction.a)] = []
    case .tableInit:
      let (count, source, destination) = (pop().address, pop().address, pop().address)
      return try instance.initTable(Int(instruction.b), from: Int(instruction.a), destination, source, count)
    default: break
    }
    let table = instance.tables[Int(instruction.a)]
    switch instruction.opcode {
    case .tableGet:
      let index = pop().address
      guard table.contains(index, 1) else { throw .trap(.outOfBoundsTableAccess) }
      push(.reference(table.elements[Int(index)]))
    case .tableSet:
      let value = popReference()
      let index = pop().address
      guard table.contains(index, 1) else { throw .trap(.outOfBoundsTableAccess) }
      table.elements[Int(index)] = value
    case .tableSize: push(OracleValue(UInt64(table.elements.count), table.type.limits.address))
    case .tableGrow:
      let delta = pop().address
      let value = popReference()
      push(OracleValue(table.grow(by: delta, value) ?? .max, table.type.limits.address))
    case .tableFill:
      let count = pop().address
      let value = popReference()
      let index = pop().address
      guard table.contains(index, count) else { throw .trap(.outOfBoundsTableAccess) }
      for offset in 0..<Int(count) { table.elements[Int(index) + offset] = value }
    case .tableCopy:
      let source = instance.tables[Int(instruction.b)]
      let (count, from, to) = (pop().address, pop().address, pop().address)
      guard table.contains(to, count), source.contains(from, count) else { throw .trap(.outOfBoundsTableAccess) }
      let copied = Array(source.elements[Int(from)..<Int(from + count)])
      table.elements.replaceSubrange(Int(to)..<Int(to + count), with: copied)
    default: preconditionFailure("not a table operator")
    }
  }
}
