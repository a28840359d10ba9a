// Selection of scalar operations: operand forms, constants as immediates, comparisons.

import WebAssembly

extension Lowering {
  /// The operation number for an operator in a form; nil if it has none.
  @inline(__always)
  func selected(_ opcode: Opcode, _ form: OperandForm) -> UInt16? {
    let number = ThreadedTables.selection[opcode.row * 10 + form.rawValue]
    return number == .max ? nil : number
  }

  mutating func emitScalar(_ index: Int, _ node: Node, _ opcode: Opcode) {
    if let comparison = Comparison(opcode) {
      emitComparison(index, node, comparison)
    } else if node.operation.info.shape.contains(.b) {
      emitBinary(index, node, opcode)
    } else {
      emitUnary(index, node, opcode)
    }
  }

  private mutating func emitUnary(_ index: Int, _ node: Node, _ opcode: Opcode) {
    let operand: Int?
    switch source(Value(node.a)) {
    case .accumulator: operand = nil
    default: operand = readSlot(Value(node.a))
    }
    let slot = destination(index)
    let form: OperandForm = operand == nil ? (slot == nil ? .asN : .asD) : (slot == nil ? .ssN : .ssD)
    locatePending()
    code.append(number: ThreadedTables.selection[opcode.row * 10 + form.rawValue])
    if operand != nil || slot != nil { code.append(word: pack(operand ?? 0, slot ?? 0)) }
    finish(index, slot)
  }

  /// Two operands as an operation reads them.
  struct OperandPair {
    var form: OperandForm
    var a = 0
    var b = 0
    var immediate: UInt64 = 0
  }

  /// Chooses the form for two operands, with the result in an accumulator only; `hasForm` tells which forms exist.
  /// `isFloat` is the class of the operands.
  mutating func chooseForm(
    _ x: Value, _ y: Value, type: IRType, isCommutative: Bool, hasImmediate: Bool
  ) -> OperandPair {
    var left = x
    var right = y
    if isCommutative && facts[left].residence == .constant { swap(&left, &right) }
    if case .constant(let bits) = source(right), facts[left].residence != .constant, hasImmediate,
      fitsImmediate(bits, type)
    {
      if case .accumulator = source(left) { return OperandPair(form: .aiN, immediate: bits) }
      return OperandPair(form: .siN, a: readSlot(left), immediate: bits)
    }
    if isInAccumulator(left) && !(left == right) {
      return OperandPair(form: .asN, b: readSlot(right))
    }
    if isInAccumulator(right) {
      if isCommutative { return OperandPair(form: .asN, b: readSlot(left)) }
      return OperandPair(form: .saN, a: readSlot(left))
    }
    let a = readSlot(left)
    return OperandPair(form: .ssN, a: a, b: left == right ? a : readSlot(right))
  }

  @inline(__always)
  private func isInAccumulator(_ value: Value) -> Bool { value == inAccumulator || value == inFloat }

  /// Whether a constant can be an immediate: any float, any i32, and i64 that are sign-extended 32-bit values.
  private func fitsImmediate(_ bits: UInt64, _ type: IRType) -> Bool {
    type != .i64 || Int32(exactly: Int64(bitPattern: bits)) != nil
  }

  /// Appends the operand words of `pair` with the destination where its form has it.
  mutating func appendOperands(_ pair: OperandPair, type: IRType, destination: Int) {
    switch pair.form {
    case .siD, .siN, .aiD, .aiN:
      if type.isFloat {
        code.append(word: pack(pair.a, destination))
        code.append(word: pair.immediate)
      } else {
        code.append(word: pack(pair.a, destination, high: UInt32(truncatingIfNeeded: pair.immediate)))
      }
    default: code.append(word: pack(pair.a, pair.b, destination))
    }
  }

  private mutating func emitBinary(_ index: Int, _ node: Node, _ opcode: Opcode) {
    let type = function.nodes[node.a].type
    let isCommutative = selected(opcode, .saN) == nil
    var pair = chooseForm(Value(node.a), Value(node.b), type: type, isCommutative: isCommutative, hasImmediate: true)
    let slot = destination(index)
    if slot != nil { pair.form = OperandForm(rawValue: pair.form.rawValue - 1)! }
    locatePending()
    code.append(number: ThreadedTables.selection[opcode.row * 10 + pair.form.rawValue])
    appendOperands(pair, type: type, destination: slot ?? 0)
    finish(index, slot)
  }

  // MARK: Comparisons

  /// A comparison ready to be emitted: normalised so that its operation exists.
  struct SelectedComparison {
    var opcode: Opcode
    var pair: OperandPair
    var type: IRType
  }

  /// Operands and condition of a comparison node. For a test for zero the right operand is the constant 0.
  mutating func select(_ comparison: Comparison, _ node: Node) -> SelectedComparison {
    if comparison.isZeroTest { return selectWithConstant(comparison, Value(node.a), 0) }
    var comparison = comparison
    var left = Value(node.a)
    var right = Value(node.b)
    if facts[left].residence == .constant && facts[right].residence != .constant {
      swap(&left, &right)
      comparison.condition = comparison.swapped
    }
    if comparison.type.isInteger, facts[left].residence != .constant, case .constant(let bits) = source(right),
      let (condition, constant) = comparison.normalised(constant: bits), fitsImmediate(constant, comparison.type)
    {
      comparison.condition = condition
      return selectWithConstant(comparison, left, constant)
    }
    // Of two variable operands `gt` and `ge` are `lt` and `le` the other way round.
    switch comparison.condition {
    case .gtS, .gtU, .geS, .geU, .gt, .ge:
      swap(&left, &right)
      comparison.condition = comparison.swapped
    default: break
    }
    let isCommutative = comparison.condition == .eq || comparison.condition == .ne
    let pair = chooseForm(left, right, type: comparison.type, isCommutative: isCommutative, hasImmediate: false)
    return SelectedComparison(opcode: comparison.opcode, pair: pair, type: comparison.type)
  }

  private mutating func selectWithConstant(
    _ comparison: Comparison, _ left: Value, _ constant: UInt64
  ) -> SelectedComparison {
    let pair: OperandPair
    if case .accumulator = source(left) {
      pair = OperandPair(form: .aiN, immediate: constant)
    } else {
      pair = OperandPair(form: .siN, a: readSlot(left), immediate: constant)
    }
    return SelectedComparison(opcode: comparison.opcode, pair: pair, type: comparison.type)
  }

  private mutating func emitComparison(_ index: Int, _ node: Node, _ comparison: Comparison) {
    var chosen = select(comparison, node)
    let slot = destination(index)
    if slot != nil { chosen.pair.form = OperandForm(rawValue: chosen.pair.form.rawValue - 1)! }
    code.append(number: ThreadedTables.selection[chosen.opcode.row * 10 + chosen.pair.form.rawValue])
    appendOperands(chosen.pair, type: chosen.type, destination: slot ?? 0)
    finish(index, slot)
  }

  // MARK: Select

  mutating func emitSelect(_ index: Int, _ node: Node) {
    var isAccumulator = false
    var condition = 0
    if case .accumulator = source(Value(node.c)) { isAccumulator = true } else { condition = readSlot(Value(node.c)) }
    let a = readSlot(Value(node.a))
    let b = node.a == node.b ? a : readSlot(Value(node.b))
    let slot = storedDestination(index)
    let operation: ThreadedOperation
    switch AccumulatorClass(node.type) {
    case .integer: operation = isAccumulator ? .select_a : .select_s
    case .float: operation = isAccumulator ? .selectFloat_a : .selectFloat_s
    case .none: operation = isAccumulator ? .selectPair_a : .selectPair_s
    }
    code.append(operation)
    code.append(word: pack(a, b, condition, slot))
    finish(index, slot)
  }

  // MARK: Vectors

  mutating func emitVector(_ index: Int, _ node: Node, _ opcode: Opcode) {
    if emitVectorAccess(index, node, opcode) { return }
    let shape = node.operation.info.shape
    let a = readSlot(Value(node.a))
    let b = shape.contains(.b) ? (node.b == node.a ? a : readSlot(Value(node.b))) : 0
    let c = shape.contains(.c) ? readSlot(Value(node.c)) : 0
    let slot = storedDestination(index)
    code.append(number: ThreadedTables.selection[opcode.row * 10 + OperandForm.ssD.rawValue])
    switch opcode.info.immediates {
    case .lane: code.append(word: pack(a, b, slot, Int(node.flags)))
    case .shuffle:
      code.append(word: pack(a, b, 0, slot))
      let (low, high) = function.vectors[Int(node.imm)]
      code.append(word: low)
      code.append(word: high)
    default: code.append(word: pack(a, b, c, slot))
    }
    finish(index, slot)
  }
}
