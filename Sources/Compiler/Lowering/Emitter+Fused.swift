// Emission of superinstructions: nodes that compute operands themselves (see Fusion).

import WebAssembly

extension Lowering {
  /// Emits the node at `index` together with what is fused with it. Branches are emitted elsewhere.
  mutating func emitFused(_ index: Int, _ node: Node) {
    switch facts[index].fusion {
    case .pairA, .pairB: emitPair(index, node)
    case .loadA, .loadB: emitLoadOperation(index, node)
    case .address:
      if node.type == .none { emitAddressedStore(index, node) } else { emitAddressedLoad(index, node) }
    case .copied: emitMemoryCopy(index, node)
    case .vectorAddress, .vectorLoadA, .vectorLoadB, .vectorPairA, .vectorPairB, .vectorProductA,
      .vectorProductB, .vectorRotate, .vectorXorRotate:
      emitFusedVector(index, node)
    default: preconditionFailure("fusion \(facts[index].fusion) is none of a value")
    }
  }

  /// Which of the operands is read from its accumulator: one that is nowhere else, or else the first that is there.
  mutating func heldOperand(_ x: Value, _ y: Value = .none, _ z: Value = .none) -> Int? {
    let holdsX = isHeld(x)
    let holdsY = isHeld(y)
    let holdsZ = isHeld(z)
    if holdsX && facts[x].residence == .accumulator { return 0 }
    if holdsY && facts[y].residence == .accumulator { return 1 }
    if holdsZ && facts[z].residence == .accumulator { return 2 }
    return holdsX ? 0 : holdsY ? 1 : holdsZ ? 2 : nil
  }

  @inline(__always)
  private mutating func isHeld(_ value: Value) -> Bool {
    value != .none && (value == inAccumulator || value == inFloat)
  }

  private mutating func emitPair(_ index: Int, _ node: Node) {
    var pair = pairSelection(node, facts[index].fusion)!
    var held = heldOperand(pair.x, pair.y, pair.z)
    if held == 1 && pair.first.isCommutative && (pair.shape == .variables || pair.shape == .variableImmediate) {
      swap(&pair.x, &pair.y)
      held = 0
    }
    let form = held.map { $0 + 1 } ?? 0
    let x = held == 0 ? 0 : readSlot(pair.x)
    let y = held == 1 || pair.y == .none ? 0 : readSlot(pair.y)
    let z = held == 2 || pair.z == .none ? 0 : readSlot(pair.z)
    let slot = destination(index)
    let number = ThreadedTables.pairs[pair.base + form * 2 + (slot == nil ? 1 : 0)]
    assert(number != .max)
    code.append(number: number)
    switch pair.shape {
    case .immediateVariable, .variableImmediate:
      code.append(word: pack(x, y, slot ?? 0))
      code.append(word: pair.immediate & 0xFFFF_FFFF)
    case .variables: code.append(word: pack(x, y, z, slot ?? 0))
    case .immediates:
      code.append(word: pack(x, slot ?? 0, high: UInt32(truncatingIfNeeded: pair.secondImmediate)))
      code.append(word: pair.immediate & 0xFFFF_FFFF)
    }
    finish(index, slot)
  }

  // MARK: Memory

  private mutating func emitLoadOperation(_ index: Int, _ node: Node) {
    let fusion = facts[index].fusion
    let base = loadSelection(node, fusion, isDecided: true)!
    let load = Value(fusion == .loadA ? node.a : node.b)
    let address = Value(function.nodes[load].a)
    let other = Value(fusion == .loadA ? node.b : node.a)
    let held = heldOperand(address, other)
    var slots = OperandSlots()
    if held != 0 { slots.append(readSlot(address)) }
    if held != 1 { slots.append(readSlot(other)) }
    let slot = destination(index)
    if let slot { slots.append(slot) }
    locate(Int(load.index))
    let form = held.map { $0 + 1 } ?? 0
    code.append(number: ThreadedTables.loadOperations[base + form * 2 + (slot == nil ? 1 : 0)])
    code.append(word: pack(slots.first, slots.second, high: UInt32(truncatingIfNeeded: function.nodes[load].imm)))
    if slots.count == 3 { code.append(word: pack(slots.third)) }
    finish(index, slot)
  }

  /// The operands of an access that computes its address.
  private struct AddressOperands {
    var slots = OperandSlots()
    /// Column of the form.
    var form = 0
    /// Base in the table of address modes.
    var base = 0
    var selection: AddressSelection
  }

  /// Reads the operands of the address; from the accumulator only if `mayHold`.
  private mutating func addressOperands(_ node: Node, mayHold: Bool) -> AddressOperands {
    var selection = addressSelection(node, nil)!
    var held = mayHold ? heldOperand(selection.x, selection.y) : nil
    if held == 1 && selection.mode == .sum {
      swap(&selection.x, &selection.y)
      held = 0
    }
    var operands = AddressOperands(selection: selection)
    operands.form = held.map { $0 + 1 } ?? 0
    if held != 0 && selection.x != .none { operands.slots.append(readSlot(selection.x)) }
    if held != 1 && selection.y != .none { operands.slots.append(readSlot(selection.y)) }
    // An absolute address is within 32 bits.
    let isWide = context.wideMemories[Int(node.c)] && selection.mode != .absolute
    operands.base = (((isWide ? 23 : 0) + accessNumber(node.operation)!) * 6 + selection.mode.rawValue) * 9
    return operands
  }

  private mutating func appendAddress(_ operands: AddressOperands, _ offset: UInt64) {
    let slots = operands.slots
    let offset = operands.selection.mode == .absolute ? operands.selection.constant : offset
    code.append(word: pack(slots.first, slots.second, high: UInt32(truncatingIfNeeded: offset)))
    switch operands.selection.mode {
    case .plus: code.append(word: operands.selection.constant)
    case .affine:
      code.append(
        word: pack(low: Int(operands.selection.summand & 0xFFFF_FFFF), high: 0) | operands.selection.constant << 32)
    case .absolute: break
    case .sum: if slots.count == 3 { code.append(word: pack(slots.third)) }
    case .scaled, .multiple:
      code.append(word: pack(slots.third, 0, high: UInt32(truncatingIfNeeded: operands.selection.constant)))
    }
  }

  private mutating func emitAddressedLoad(_ index: Int, _ node: Node) {
    var operands = addressOperands(node, mayHold: node.c == 0)
    let slot = destination(index)
    if let slot { operands.slots.append(slot) }
    beginAccess(node.c)
    locatePending()
    let number = ThreadedTables.addressModes[operands.base + operands.form * 2 + (slot == nil ? 1 : 0)]
    assert(number != .max)
    code.append(number: number)
    appendAddress(operands, node.imm)
    endAccess(node.c)
    finish(index, slot)
  }

  private mutating func isInAccumulatorOnly(_ value: Value) -> Bool {
    value != .none && facts[value].residence == .accumulator
  }

  private mutating func emitAddressedStore(_ index: Int, _ node: Node) {
    let value = Value(node.b)
    let selection = addressSelection(node, nil)!
    // No form reads both accumulators: the one of a value that is nowhere else goes first.
    var stored = source(value)
    let addressIsHeld = isInAccumulatorOnly(selection.x) || isInAccumulatorOnly(selection.y)
    if case .accumulator = stored, addressIsHeld { stored = .slot(slot(of: value)) }
    var isStoredHeld = false
    if case .accumulator = stored { isStoredHeld = true }
    var operands = addressOperands(node, mayHold: node.c == 0 && !isStoredHeld)
    let source: Int
    var constant: UInt64?
    switch stored {
    case .slot:
      operands.slots.append(readSlot(value))
      source = 0
    case .accumulator: source = 1
    case .constant(let bits):
      constant = bits
      source = 2
    }
    beginAccess(node.c)
    locatePending()
    let number = ThreadedTables.addressModes[operands.base + operands.form * 3 + source]
    assert(number != .max)
    code.append(number: number)
    appendAddress(operands, node.imm)
    if let constant { code.append(word: constant) }
    endAccess(node.c)
  }

  private mutating func emitMemoryCopy(_ index: Int, _ node: Node) {
    let load = function.nodes[node.b]
    let from = copyAddress(load.a)
    let to = copyAddress(node.a)
    let source = readSlot(from.base)
    let destination = readSlot(to.base)
    pendingOffset = nil
    // The load traps at the operation's first word, the store at the second.
    locate(Int(node.b))
    if index < function.offsets.count { code.locate(word: code.position + 1, offset: Int(function.offsets[index])) }
    switch copiedBytes(load, by: node)! {
    case 1: code.append(.copy8)
    case 2: code.append(.copy16)
    case 4: code.append(.copy32)
    default: code.append(.copy64)
    }
    code.append(word: pack(source, destination, high: UInt32(truncatingIfNeeded: load.imm)))
    code.append(word: from.summand & 0xFFFF_FFFF | to.summand << 32)
    code.append(word: node.imm & 0xFFFF_FFFF)
  }

  // MARK: Branches

  /// The operation of a branch with its operand words; the branch's own word follows.
  struct BranchSelection {
    /// Its number without a check, and with one.
    var number: UInt16
    var checked: UInt16
    var first: UInt64?
    var second: UInt64?
    /// A comparison of what was just added up, which can become a loop's step: its operand form.
    var comparison: SelectedComparison?
  }

  /// The branch to where bits are set, or are not.
  mutating func selectTest(_ masked: Value, isNotZero: Bool) -> BranchSelection {
    let and = function.nodes[masked]
    var x = Value(and.a)
    var y = Value(and.b)
    let type = and.type == .i32 ? 0 : 1
    var form: Int
    let word: UInt64
    if facts[y].residence == .constant, let small = smallConstant(y, and.type) {
      form = 2
      if heldOperand(x) != nil {
        form = 3
        word = pack(0, 0, high: small)
      } else {
        word = pack(readSlot(x), 0, high: small)
      }
    } else {
      let held = heldOperand(x, y)
      if held == 1 { swap(&x, &y) }
      form = held == nil ? 0 : 1
      if held == nil {
        let first = readSlot(x)
        word = pack(first, readSlot(y))
      } else {
        word = pack(readSlot(y))
      }
    }
    let base = ((type * 2 + (isNotZero ? 1 : 0)) * 4 + form) * 2
    return BranchSelection(
      number: ThreadedTables.testBranch[base], checked: ThreadedTables.testBranch[base + 1], first: word)
  }

  /// A constant as a 32-bit immediate.
  private mutating func smallConstant(_ value: Value, _ type: IRType) -> UInt32? {
    let bits = function.nodes[value].imm
    if type == .i64 && Int32(exactly: Int64(bitPattern: bits)) == nil { return nil }
    return UInt32(truncatingIfNeeded: bits)
  }

  /// The branch on a comparison of a loaded value, which is its operand `fusion`.
  mutating func selectComparedLoad(_ comparison: Comparison, _ node: Node, _ fusion: Fusion) -> BranchSelection {
    var comparison = comparison
    if fusion == .comparedB { comparison.condition = comparison.swapped }
    let load = Value(fusion == .comparedA ? node.a : node.b)
    let other = Value(fusion == .comparedA ? node.b : node.a)
    let address = Value(function.nodes[load].a)
    var offset = UInt32(truncatingIfNeeded: function.nodes[load].imm)
    // Kinds of address: a slot, the accumulator, a constant.
    var kind = 0
    var slots = OperandSlots()
    if let selection = addressSelection(function.nodes[load], nil), selection.mode == .absolute {
      kind = 2
      offset = UInt32(truncatingIfNeeded: selection.constant)
    } else if heldOperand(address) != nil {
      kind = 1
    } else {
      slots.append(readSlot(address))
    }
    var second: UInt64?
    if comparison.isZeroTest {
      second = 0
    } else if facts[other].residence == .constant,
      let (condition, constant) = comparison.normalised(constant: function.nodes[other].imm),
      comparison.type == .i32 || Int32(exactly: Int64(bitPattern: constant)) != nil
    {
      comparison.condition = condition
      second = constant & 0xFFFF_FFFF
    } else {
      slots.append(readSlot(other))
    }
    locate(Int(load.index))
    let number = comparedLoad(function.nodes[load])!
    let base =
      (((number * 10 + Int(comparison.condition.rawValue)) * 4 + (second == nil ? 1 : 0)) * 3 + kind) * 2
    return BranchSelection(
      number: ThreadedTables.loadBranch[base], checked: ThreadedTables.loadBranch[base + 1],
      first: pack(slots.first, slots.second, high: offset), second: second)
  }

  /// Turns the load that was emitted last, whose value the comparison reads from the accumulator, into a
  /// branch that loads, stores to the slot, and compares. Returns whether it did; only the branch's word is left to append.
  mutating func emitComparedLoad(_ chosen: SelectedComparison, isCheck: Bool) -> Bool {
    guard chosen.type.isInteger, let last = code.lastOperation, code.position == last + 2 else { return false }
    // Kinds of operand: a constant or a slot, on whichever side.
    var condition = chosen.condition
    let operand: Int
    let second: UInt64
    switch chosen.pair.form {
    case .aiN: (operand, second) = (2, chosen.pair.immediate & 0xFFFF_FFFF)
    case .asN: (operand, second) = (3, pack(chosen.pair.b))
    case .saN:
      (operand, second) = (3, pack(chosen.pair.a))
      condition = Comparison(chosen.type, condition).swapped
    default: return false
    }
    let found = code.number(at: last)
    let loads: [Opcode] = [.i32Load8U, .i32Load8S, .i32Load16U, .i32Load, .i64Load]
    for (number, load) in loads.enumerated() where (load == .i64Load) == (chosen.type == .i64) {
      let row = Int(load.row) * 10
      let kind: Int
      if found == ThreadedTables.selection[row + OperandForm.ssD.rawValue] {
        kind = 0
      } else if found == ThreadedTables.selection[row + OperandForm.asD.rawValue] {
        kind = 1
      } else if found == ThreadedTables.addressModes[absoluteLoadBase(load)] {
        kind = 2
      } else {
        continue
      }
      let base = (((number * 10 + Int(condition.rawValue)) * 4 + operand) * 3 + kind) * 2
      let branch = ThreadedTables.loadBranch[base + (isCheck ? 1 : 0)]
      if branch == .max { return false }
      code.words[last] = UInt64(branch)
      // The absolute form has its destination where the address would be, this one in the second field.
      if kind == 2 {
        let word = code.words[last + 1]
        code.words[last + 1] = word & ~0xFFFF_FFFF | (word & 0xFFFF) << 16
      }
      code.append(word: second)
      return true
    }
    return false
  }

  /// Takes the addition of a constant before the loop's step that was emitted last into it; the operation, or nil if there
  /// is none.
  mutating func doubleStep() -> Int? {
    guard let last = code.lastOperation, let previous = code.previousOperation, previous + 2 == last,
      code.position == last + 3, code.number(at: previous) == ThreadedOperation.i32Add_si_d.number,
      let index = (0..<120).first(where: { ThreadedTables.stepBranch[$0] == code.number(at: last) })
    else { return nil }
    let number = ThreadedTables.doubleStepBranch[index]
    if number == .max { return nil }
    let added = code.words[previous + 1]
    let step = code.words[last + 1]
    let bound = code.words[last + 2]
    code.takeBack(to: previous)
    code.append(number: number)
    code.append(word: added)
    code.append(word: step)
    code.append(word: bound)
    return previous
  }

  /// Two additions of constants in a row become one operation.
  mutating func joinAdditions() {
    guard let last = code.lastOperation, let previous = code.previousOperation, previous + 2 == last,
      code.position == last + 2, code.number(at: previous) == ThreadedOperation.i32Add_si_d.number,
      code.number(at: last) == ThreadedOperation.i32Add_si_d.number
    else { return }
    let first = code.words[previous + 1]
    let second = code.words[last + 1]
    code.takeBack(to: previous)
    code.append(.i32AddTwo)
    code.append(word: first)
    code.append(word: second)
  }

  /// Where the forms of a load from a constant address are in the table of address modes.
  private mutating func absoluteLoadBase(_ load: Opcode) -> Int {
    (Int(load.row - Opcode.i32Load.row) * 6 + AddressSelection.Mode.absolute.rawValue) * 9
  }

  /// Turns the addition that was emitted last, whose sum the comparison reads from the accumulator, into a loop's step:
  /// an operation that adds, compares and goes back. Returns whether it did; only the branch's word is left to append.
  mutating func emitStep(_ chosen: SelectedComparison) -> Bool {
    guard chosen.type.isInteger else { return false }
    let type = chosen.type == .i32 ? 0 : 1
    let column: Int
    switch chosen.pair.form {
    case .aiN: column = 0
    case .asN: column = 1
    case .saN: column = 2
    default: return false
    }
    let add = Int((chosen.type == .i32 ? Opcode.i32Add : .i64Add).row) * 10
    guard let last = code.lastOperation, code.position == last + 2 else { return false }
    let kind: Int
    switch UInt16(truncatingIfNeeded: code.words[last]) {
    case ThreadedTables.selection[add + OperandForm.siD.rawValue]: kind = 0
    case ThreadedTables.selection[add + OperandForm.ssD.rawValue]: kind = 1
    default: return false
    }
    let number =
      ThreadedTables.stepBranch[
        ((type * 2 + kind) * 10 + Int(chosen.condition.rawValue)) * 3 + column]
    if number == .max { return false }
    code.words[last] = UInt64(number)
    switch column {
    case 0: code.append(word: chosen.pair.immediate & 0xFFFF_FFFF)
    case 1: code.append(word: pack(chosen.pair.b))
    default: code.append(word: pack(chosen.pair.a))
    }
    return true
  }
}

/// Up to three slots of an operation.
struct OperandSlots {
  var first = 0
  var second = 0
  var third = 0
  private(set) var count = 0

  mutating func append(_ slot: Int) {
    switch count {
    case 0: first = slot
    case 1: second = slot
    default: third = slot
    }
    count += 1
  }
}
