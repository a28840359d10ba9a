// Selection of scalar operations: operand forms, constants as immediates, comparisons.

import WebAssembly

extension Lowering {
  /// The operation number for an operator in a form; nil if it has none.
  @inline(__always)
  mutating func selected(_ opcode: Opcode, _ form: OperandForm) -> UInt16? {
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
  private mutating func isInAccumulator(_ value: Value) -> Bool { value == inAccumulator || value == inFloat }

  /// Whether a constant can be an immediate: any float, any i32, and i64 that are sign-extended 32-bit values.
  private mutating func fitsImmediate(_ bits: UInt64, _ type: IRType) -> Bool {
    type != .i64 || Int32(exactly: Int64(bitPattern: bits)) != nil
  }

  /// The operand words of `pair` with the destination where its form has it.
  mutating func operandWords(_ pair: OperandPair, type: IRType, destination: Int) -> (UInt64, UInt64?) {
    switch pair.form {
    case .siD, .siN, .aiD, .aiN:
      if type.isFloat { return (pack(pair.a, destination), pair.immediate) }
      return (pack(pair.a, destination, high: UInt32(truncatingIfNeeded: pair.immediate)), nil)
    default: return (pack(pair.a, pair.b, destination), nil)
    }
  }

  /// Appends the operand words of `pair`.
  private mutating func appendOperands(_ pair: OperandPair, type: IRType, destination: Int) {
    let (first, second) = operandWords(pair, type: type, destination: destination)
    code.append(word: first)
    if let second { code.append(word: second) }
  }

  private mutating func emitBinary(_ index: Int, _ node: Node, _ opcode: Opcode) {
    let type = node.type
    if type == .i64 && emitWordImmediate(index, node) || emitLeftImmediate(index, node) { return }
    let isCommutative = selected(opcode, .saN) == nil
    var pair = chooseForm(Value(node.a), Value(node.b), type: type, isCommutative: isCommutative, hasImmediate: true)
    let slot = destination(index)
    if slot != nil { pair.form = OperandForm(rawValue: pair.form.rawValue - 1)! }
    locatePending()
    code.append(number: ThreadedTables.selection[opcode.row * 10 + pair.form.rawValue])
    appendOperands(pair, type: type, destination: slot ?? 0)
    finish(index, slot)
  }

  /// Emits an operator on i64 whose constant operand takes a word of its own. Returns false for all others.
  private mutating func emitWordImmediate(_ index: Int, _ node: Node) -> Bool {
    guard let operation = PairOperator(node.operation), operation.isCommutative else { return false }
    var left = Value(node.a)
    var right = Value(node.b)
    if facts[left].residence == .constant { swap(&left, &right) }
    guard facts[right].residence == .constant, facts[left].residence != .constant,
      !fitsImmediate(function.nodes[right].imm, .i64)
    else { return false }
    let isHeld = heldOperand(left) != nil
    let operand = isHeld ? 0 : readSlot(left)
    let slot = destination(index)
    let number = ThreadedTables.wordImmediates[operation.number * 4 + (isHeld ? 2 : 0) + (slot == nil ? 1 : 0)]
    assert(number != .max)
    code.append(number: number)
    code.append(word: pack(operand, slot ?? 0))
    code.append(word: function.nodes[right].imm)
    finish(index, slot)
    return true
  }

  /// Emits an operator with a constant on the left that it can't exchange. Returns false for all others.
  private mutating func emitLeftImmediate(_ index: Int, _ node: Node) -> Bool {
    guard let operation = PairOperator(node.operation), !operation.isFloat, !operation.isCommutative,
      facts[node.a].residence == .constant, facts[node.b].residence != .constant,
      fitsImmediate(function.nodes[node.a].imm, node.type)
    else { return false }
    let base = (operation.type * 10 + operation.number) * 4
    if ThreadedTables.leftImmediates[base] == .max { return false }
    let right = Value(node.b)
    let isHeld = heldOperand(right) != nil
    let operand = isHeld ? 0 : readSlot(right)
    let slot = destination(index)
    code.append(number: ThreadedTables.leftImmediates[base + (isHeld ? 2 : 0) + (slot == nil ? 1 : 0)])
    code.append(word: pack(operand, slot ?? 0, high: UInt32(truncatingIfNeeded: function.nodes[node.a].imm)))
    finish(index, slot)
    return true
  }

  // MARK: Comparisons

  /// A comparison ready to be emitted: normalised so that its operation exists.
  struct SelectedComparison {
    var opcode: Opcode
    var pair: OperandPair
    var type: IRType
    var condition: Comparison.Condition
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
    if comparison.type.isFloat, facts[left].residence != .constant, case .constant(let bits) = source(right) {
      return selectWithConstant(comparison, left, bits)
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
    return SelectedComparison(
      opcode: comparison.opcode, pair: pair, type: comparison.type, condition: comparison.condition)
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
    return SelectedComparison(
      opcode: comparison.opcode, pair: pair, type: comparison.type, condition: comparison.condition)
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
    let first = selectedConstant(Value(node.a))
    let second = selectedConstant(Value(node.b))
    if first != nil || second != nil {
      emitSelect(index, node, first, second, condition: isAccumulator ? nil : condition)
      return
    }
    let a = readSlot(Value(node.a))
    let b = node.a == node.b ? a : readSlot(Value(node.b))
    let slot = storedDestination(index)
    let operation: ThreadedOperation
    switch node.type {
    case .f32, .f64: operation = isAccumulator ? .selectFloat_a : .selectFloat_s
    case .v128: operation = isAccumulator ? .selectPair_a : .selectPair_s
    default: operation = isAccumulator ? .select_a : .select_s
    }
    code.append(operation)
    code.append(word: pack(a, b, condition, slot))
    finish(index, slot)
  }

  /// An integer constant that `select` takes as an immediate.
  private mutating func selectedConstant(_ value: Value) -> ShortConstant? {
    let node = function.nodes[value]
    guard facts[value].residence == .constant, node.type.isInteger else { return nil }
    return ShortConstant(node.imm)
  }

  /// A `select` between constants, or a constant and a slot; the condition is in the accumulator if it has no slot.
  private mutating func emitSelect(
    _ index: Int, _ node: Node, _ first: ShortConstant?, _ second: ShortConstant?, condition: Int?
  ) {
    var slots = OperandSlots()
    if first == nil { slots.append(readSlot(Value(node.a))) }
    if second == nil { slots.append(readSlot(Value(node.b))) }
    if let condition { slots.append(condition) }
    let slot = storedDestination(index)
    let isHeld = condition == nil
    let operation: ThreadedOperation
    let constants: UInt64
    switch (first, second) {
    case (let a?, let b?):
      operation = isHeld ? .select_a_ii : .select_s_ii
      slots.second = a.upper
      slots.third = b.upper
      constants = UInt64(a.lower) | UInt64(b.lower) << 32
    case (let a?, nil):
      operation = isHeld ? .select_a_is : .select_s_is
      slots.third = a.upper
      constants = UInt64(a.lower)
    default:
      operation = isHeld ? .select_a_si : .select_s_si
      slots.third = second!.upper
      constants = UInt64(second!.lower)
    }
    code.append(operation)
    code.append(word: pack(slots.first, slots.second, slots.third, slot))
    code.append(word: constants)
    finish(index, slot)
  }
}
