// Emission of loads and stores, bulk operations, tables and globals.

import WebAssembly

extension Lowering {
  /// Emits memory and table operators.
  mutating func emitMemoryOrTable(_ index: Int, _ node: Node, _ opcode: Opcode) {
    if node.operation.info.isScalarAccess {
      if node.type == .none { emitStore(node, opcode) } else { emitLoad(index, node, opcode) }
      return
    }
    switch opcode {
    case .memorySize:
      let slot = storedDestination(index)
      code.append(.memorySize)
      code.append(word: pack(Int(node.c), slot))
      finish(index, slot)
    case .memoryGrow:
      let pages = readSlot(Value(node.a))
      let slot = storedDestination(index)
      locatePending()
      code.append(context.wideMemories[Int(node.c)] ? .memoryGrow64 : .memoryGrow32)
      code.append(word: pack(Int(node.c), pages, slot))
      finish(index, slot)
    case .memoryFill:
      let wide = context.wideMemories[Int(node.imm)]
      emitBulk(.memoryFill, node, flags: wide ? 1 : 0, word: node.imm & 0xFFFF)
    case .memoryCopy:
      let to = Int(node.imm & 0xFFFF_FFFF)
      let from = Int(node.imm >> 32)
      let wideTo = context.wideMemories[to]
      let wideFrom = context.wideMemories[from]
      let flags = (wideTo ? 1 : 0) | (wideFrom ? 2 : 0) | (wideTo && wideFrom ? 4 : 0)
      emitBulk(.memoryCopy, node, flags: flags, word: pack(to, from))
    case .memoryInit:
      let memory = Int(node.imm >> 32)
      emitBulk(
        .memoryInit, node, flags: context.wideMemories[memory] ? 1 : 0,
        word: pack(memory, 0, high: UInt32(truncatingIfNeeded: node.imm)))
    case .dataDrop:
      code.append(.dataDrop)
      code.append(word: node.imm & 0xFFFF_FFFF)
    case .elemDrop:
      code.append(.elementDrop)
      code.append(word: node.imm & 0xFFFF_FFFF)
    case .tableGet:
      let element = readSlot(Value(node.a))
      let slot = storedDestination(index)
      locatePending()
      code.append(.tableGet)
      code.append(word: pack(element, slot, high: UInt32(truncatingIfNeeded: node.imm)))
      finish(index, slot)
    case .tableSet:
      let element = readSlot(Value(node.a))
      let value = readSlot(Value(node.b))
      locatePending()
      code.append(.tableSet)
      code.append(word: pack(element, value, high: UInt32(truncatingIfNeeded: node.imm)))
    case .tableSize:
      let slot = storedDestination(index)
      code.append(.tableSize)
      code.append(word: pack(slot, 0, high: UInt32(truncatingIfNeeded: node.imm)))
      finish(index, slot)
    case .tableGrow:
      let value = readSlot(Value(node.a))
      let count = readSlot(Value(node.b))
      let slot = storedDestination(index)
      code.append(.tableGrow)
      code.append(word: pack(value, count, slot))
      code.append(word: node.imm & 0xFFFF_FFFF)
      finish(index, slot)
    case .tableFill: emitTableBulk(.tableFill, node, word: node.imm & 0xFFFF_FFFF)
    case .tableCopy, .tableInit:
      emitTableBulk(opcode == .tableCopy ? .tableCopy : .tableInit, node, word: tableWord(node, opcode))
    case .refFunc:
      let slot = storedDestination(index)
      code.append(.functionReference)
      code.append(word: pack(slot, 0, high: UInt32(truncatingIfNeeded: node.imm)))
      finish(index, slot)
    case .refAsNonNull:
      let slot = readSlot(Value(node.a))
      let target = storedDestination(index)
      locatePending()
      code.append(.trapIfNull)
      code.append(word: pack(slot, Int(TrapKind.nullReference.rawValue)))
      if slot != target { emitMove(slot, target) }
      finish(index, target, inAccumulator: false)
    default: preconditionFailure("operator \(opcode) has no code")
    }
  }

  /// Table in the low half, the other table or the segment in the high half.
  private mutating func tableWord(_ node: Node, _ opcode: Opcode) -> UInt64 {
    opcode == .tableCopy ? node.imm : node.imm >> 32 | node.imm << 32
  }

  private mutating func emitBulk(_ operation: ThreadedOperation, _ node: Node, flags: Int, word: UInt64) {
    let a = readSlot(Value(node.a))
    let b = readSlot(Value(node.b))
    let c = readSlot(Value(node.c))
    locatePending()
    code.append(operation)
    code.append(word: pack(a, b, c, flags))
    code.append(word: word)
  }

  private mutating func emitTableBulk(_ operation: ThreadedOperation, _ node: Node, word: UInt64) {
    let a = readSlot(Value(node.a))
    let b = readSlot(Value(node.b))
    let c = readSlot(Value(node.c))
    locatePending()
    code.append(operation)
    code.append(word: pack(a, b, c))
    code.append(word: word)
  }

  // MARK: Loads and stores

  /// Makes the memory of an access current, if it is not memory 0.
  mutating func beginAccess(_ memory: UInt32) {
    if memory == 0 { return }
    code.append(.useMemory)
    code.append(word: pack(Int(memory)))
  }

  mutating func endAccess(_ memory: UInt32) {
    if memory == 0 { return }
    code.append(.useMemory)
    code.append(word: 0)
  }

  mutating func selected(_ opcode: Opcode, _ form: OperandForm, memory: UInt32) -> UInt16 {
    let index = opcode.row * 10 + form.rawValue
    return context.wideMemories[Int(memory)] ? ThreadedTables.wideSelection[index] : ThreadedTables.selection[index]
  }

  /// The address operand and the offset that remains; an offset beyond 32 bits is added beforehand.
  mutating func addressOperand(_ node: Node) -> (slot: Int?, offset: UInt32) {
    if let offset = UInt32(exactly: node.imm) {
      if case .accumulator = source(Value(node.a)) { return (nil, offset) }
      return (readSlot(Value(node.a)), offset)
    }
    let base = readSlot(Value(node.a))
    let slot = takeTemporary(1)
    code.append(.addOffset)
    code.append(word: pack(base, slot))
    code.append(word: node.imm)
    inAccumulator = .none
    return (slot, 0)
  }

  private mutating func emitLoad(_ index: Int, _ node: Node, _ opcode: Opcode) {
    let (address, offset) = addressOperand(node)
    let slot = destination(index)
    let form: OperandForm = address == nil ? (slot == nil ? .asN : .asD) : (slot == nil ? .ssN : .ssD)
    beginAccess(node.c)
    locatePending()
    code.append(number: selected(opcode, form, memory: node.c))
    code.append(word: pack(address ?? 0, slot ?? 0, high: offset))
    endAccess(node.c)
    finish(index, slot)
  }

  private mutating func emitStore(_ node: Node, _ opcode: Opcode) {
    var (address, offset) = addressOperand(node)
    let value = Value(node.b)
    var stored = source(value)
    if address == nil, case .accumulator = stored {
      // No form reads both accumulators; one of the two values has a slot as well.
      if facts[value].residence == .slot { stored = .slot(readSlot(value)) } else { address = readSlot(Value(node.a)) }
    }
    switch stored {
    case .constant(let bits):
      // An immediate needs the address in a slot.
      let slot = address ?? addressInSlot(Value(node.a))
      if let slot {
        beginAccess(node.c)
        locatePending()
        code.append(number: selected(opcode, .siN, memory: node.c))
        code.append(word: pack(slot, 0, high: offset))
        code.append(word: bits)
      } else {
        let constant = constantSlot(bits, function.nodes[value].type)
        beginAccess(node.c)
        locatePending()
        code.append(number: selected(opcode, .asN, memory: node.c))
        code.append(word: pack(0, constant, high: offset))
      }
    case .accumulator:
      beginAccess(node.c)
      locatePending()
      code.append(number: selected(opcode, .saN, memory: node.c))
      code.append(word: pack(address!, 0, high: offset))
    case .slot:
      let slot = readSlot(value)
      beginAccess(node.c)
      locatePending()
      code.append(number: selected(opcode, address == nil ? .asN : .ssN, memory: node.c))
      code.append(word: pack(address ?? 0, slot, high: offset))
    }
    endAccess(node.c)
  }

  /// The slot of a value that is in the accumulator, if it has one that narrow fields can name.
  private mutating func addressInSlot(_ value: Value) -> Int? {
    guard facts[value].residence == .slot else { return nil }
    let slot = slot(of: value)
    return slot < narrowSlots ? slot : nil
  }

  // MARK: Globals

  mutating func emitGlobalGet(_ index: Int, _ node: Node) {
    let global = UInt32(truncatingIfNeeded: node.imm)
    if node.type == .v128 {
      let slot = storedDestination(index)
      code.append(.globalGetPair)
      code.append(word: pack(slot, 0, high: global))
      finish(index, slot)
    } else {
      let slot = destination(index)
      if node.type.isInteger {
        code.append(slot == nil ? .globalGet_n : .globalGet_d)
      } else {
        code.append(slot == nil ? .globalGetFloat_n : .globalGetFloat_d)
      }
      code.append(word: pack(slot ?? 0, 0, high: global))
      finish(index, slot)
    }
  }

  /// The global is set to a sum with a constant, which was emitted last: of a slot, or of the global as it was. One operation
  /// then does it all. Returns false for other values.
  private mutating func emitGlobalStep(_ global: UInt32) -> Bool {
    guard let last = code.lastOperation, code.position == last + 2 else { return false }
    let word = code.words[last + 1]
    let number = code.number(at: last)
    if number == ThreadedOperation.i32Add_si_n.number || number == ThreadedOperation.i64Add_si_n.number {
      code.replace(last, number == ThreadedOperation.i32Add_si_n.number ? .globalSetSumI32 : .globalSetSumI64)
      code.words[last + 1] = pack(Int(word & 0xFFFF), 0, high: global)
      code.append(word: word >> 32)
      return true
    }
    // A destination in a wide slot would be moved afterwards.
    let is32 = number == ThreadedOperation.i32Add_ai_d.number || number == ThreadedOperation.i32Add_ai_n.number
    let is64 = number == ThreadedOperation.i64Add_ai_d.number || number == ThreadedOperation.i64Add_ai_n.number
    guard is32 || is64, let previous = code.previousOperation, previous + 2 == last else { return false }
    let read = code.words[previous + 1]
    let keeps = code.number(at: previous) == ThreadedOperation.globalGet_d.number
    guard keeps || code.number(at: previous) == ThreadedOperation.globalGet_n.number, UInt32(read >> 32) == global
    else { return false }
    let stores = number == ThreadedOperation.i32Add_ai_d.number || number == ThreadedOperation.i64Add_ai_d.number
    let operation: ThreadedOperation
    switch (is32, keeps, stores) {
    case (true, true, true): operation = .globalStepI32_kd
    case (true, true, false): operation = .globalStepI32_kn
    case (true, false, true): operation = .globalStepI32_nd
    case (true, false, false): operation = .globalStepI32_nn
    case (false, true, true): operation = .globalStepI64_kd
    case (false, true, false): operation = .globalStepI64_kn
    case (false, false, true): operation = .globalStepI64_nd
    case (false, false, false): operation = .globalStepI64_nn
    }
    code.takeBack(to: previous)
    code.append(operation)
    // The sum has its destination in the second field.
    code.append(word: pack(Int(read & 0xFFFF), Int(word >> 16 & 0xFFFF), high: global))
    code.append(word: word >> 32)
    return true
  }

  mutating func emitGlobalSet(_ node: Node) {
    let value = Value(node.a)
    let type = function.nodes[value].type
    let global = UInt32(truncatingIfNeeded: node.imm)
    if type == .v128 {
      let slot = readSlot(value)
      code.append(.globalSetPair)
      code.append(word: pack(slot, 0, high: global))
    } else if case .accumulator = source(value) {
      if type.isInteger && emitGlobalStep(global) { return }
      code.append(type.isFloat ? .globalSetFloat_a : .globalSet_a)
      code.append(word: pack(0, 0, high: global))
    } else {
      let slot = readSlot(value)
      code.append(.globalSet_s)
      code.append(word: pack(slot, 0, high: global))
    }
  }
}
