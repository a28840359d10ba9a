// Emission of vector operators, alone and with what is fused with them (see VectorFusion).

import WebAssembly

extension Lowering {
  /// Whether `value` is in the accumulator of its class.
  @inline(__always)
  private mutating func isHeld(_ value: Value) -> Bool {
    value != .none && (value == inAccumulator || value == inFloat)
  }

  mutating func emitVector(_ index: Int, _ node: Node, _ opcode: Opcode) {
    switch opcode.info.immediates {
    case .memoryArgument, .memoryLane: emitVectorAccess(index, node, opcode)
    case .lane: emitLane(index, node, opcode)
    default: emitVectorOperator(index, node, opcode)
    }
  }

  private mutating func emitVectorOperator(_ index: Int, _ node: Node, _ opcode: Opcode) {
    let shape = node.operation.info.shape
    var first = Value(node.a)
    var last = shape.contains(.c) ? Value(node.c) : shape.contains(.b) ? Value(node.b) : .none
    var form = OperandForm.ssD
    if last != .none && facts[last].residence == .constant && hasForm(node.operation, .siD) {
      form = isHeld(first) ? .aiD : .siD
    } else if isHeld(first) && first != last && hasForm(node.operation, .asD) {
      form = .asD
    } else if isHeld(last) && first != last {
      if hasForm(node.operation, .saD) {
        form = .saD
      } else if node.operation.info.isCommutative && hasForm(node.operation, .asD) {
        swap(&first, &last)
        form = .asD
      }
    }
    let isFirstHeld = form == .asD || form == .aiD
    let isLastInSlot = last != .none && (form == .ssD || form == .asD)
    let a = isFirstHeld ? 0 : readSlot(first)
    let middle = shape.contains(.c) ? readSlot(Value(node.b)) : 0
    let z = isLastInSlot ? (last == first ? a : readSlot(last)) : 0
    var slot = destination(index)
    if slot == nil, let without = OperandForm(rawValue: form.rawValue + 1), hasForm(node.operation, without) {
      form = without
    } else if slot == nil {
      slot = storedDestination(index)
    }
    code.append(number: ThreadedTables.selection[opcode.row * 10 + form.rawValue])
    let isConstant = form.rawValue >= OperandForm.siD.rawValue
    if isConstant && function.nodes[last].type == .i32 {
      code.append(word: pack(a, slot ?? 0, high: UInt32(truncatingIfNeeded: function.nodes[last].imm)))
    } else if shape.contains(.c) {
      code.append(word: pack(a, middle, z, slot ?? 0))
    } else {
      code.append(word: pack(a, z, 0, slot ?? 0))
      if isConstant { appendVector(function.nodes[last].imm) }
      if opcode.info.immediates == .shuffle { appendVector(node.imm) }
    }
    finish(index, slot)
  }

  private mutating func appendVector(_ number: UInt64) {
    let (low, high) = function.vectors[Int(number)]
    code.append(word: low)
    code.append(word: high)
  }

  /// Extracts or replaces a lane.
  private mutating func emitLane(_ index: Int, _ node: Node, _ opcode: Opcode) {
    let a = readSlot(Value(node.a))
    let b = node.operation.info.shape.contains(.b) ? readSlot(Value(node.b)) : 0
    let slot = storedDestination(index)
    code.append(number: ThreadedTables.selection[opcode.row * 10 + OperandForm.ssD.rawValue])
    code.append(word: pack(a, b, slot, Int(node.flags)))
    finish(index, slot)
  }

  // MARK: Accesses

  private mutating func emitVectorAccess(_ index: Int, _ node: Node, _ opcode: Opcode) {
    let isLane = opcode.info.immediates == .memoryLane
    var (address, offset) = addressOperand(node)
    if address == nil { address = readSlot(Value(node.a)) }
    let isStore = node.type == .none
    let isNarrow = !context.wideMemories[Int(node.c)]
    var form = isStore ? OperandForm.ssN : .ssD
    var vector = 0
    if isStore || isLane {
      if isStore && isNarrow && isHeld(Value(node.b)) && hasForm(node.operation, .saN) {
        form = .saN
      } else {
        vector = readSlot(Value(node.b))
      }
    }
    var slot = isStore ? nil : destination(index)
    if !isStore && slot == nil {
      if isNarrow && !isLane && hasForm(node.operation, .ssN) {
        form = .ssN
      } else {
        slot = storedDestination(index)
      }
    }
    beginAccess(node.c)
    locatePending()
    code.append(number: selected(opcode, form, memory: node.c))
    code.append(word: pack(address!, isStore || isLane ? vector : slot ?? 0, high: offset))
    if isLane { code.append(word: pack(slot ?? 0, Int(node.flags))) }
    endAccess(node.c)
    if !isStore { finish(index, slot) }
  }

  // MARK: Superinstructions

  mutating func emitFusedVector(_ index: Int, _ node: Node) {
    switch facts[index].fusion {
    case .vectorAddress: emitAddressedVector(index, node)
    case .vectorLoadA, .vectorLoadB: emitLoadedOperand(index, node)
    case .vectorProductA, .vectorProductB: emitLoadedProduct(index, node)
    default: emitVectorPair(index, node)
    }
  }

  private mutating func emitAddressedVector(_ index: Int, _ node: Node) {
    let address = vectorAddress(node, nil)!
    let isSum = address.mode == .sum
    let isStore = node.type == .none
    let base = (vectorAccess(node)! * 2 + (isSum ? 1 : 0)) * 2
    let x = readSlot(address.x)
    let y = isSum ? readSlot(address.y) : 0
    var slot: Int?
    var form = 0
    if isStore {
      if isHeld(Value(node.b)) { form = 1 } else { slot = readSlot(Value(node.b)) }
    } else {
      slot = destination(index)
      if slot == nil && ThreadedTables.vectorAddresses[base + 1] != .max { form = 1 }
      if slot == nil && form == 0 { slot = storedDestination(index) }
    }
    beginAccess(node.c)
    locatePending()
    code.append(number: ThreadedTables.vectorAddresses[base + form])
    code.append(word: pack(x, y, high: UInt32(truncatingIfNeeded: node.imm)))
    if !isSum {
      code.append(word: address.constant & 0xFFFF_FFFF | UInt64(slot ?? 0) << 32)
    } else if form == 0 {
      code.append(word: UInt64(slot ?? 0) << 32)
    }
    endAccess(node.c)
    if !isStore { finish(index, slot) }
  }

  private mutating func emitLoadedOperand(_ index: Int, _ node: Node) {
    let isA = facts[index].fusion == .vectorLoadA
    let load = Value(isA ? node.a : node.b)
    let loadNode = function.nodes[load]
    let other = Value(isA ? node.b : node.a)
    let address = vectorAddress(loadNode, nil)
    let held = isHeld(other)
    let x = readSlot(address?.x ?? Value(loadNode.a))
    let y = held ? 0 : readSlot(other)
    let base = Int(node.operation.code) * 4 + (held ? 2 : 0)
    var slot = destination(index)
    let stores = slot != nil || ThreadedTables.loadedOperands[base + 1] == .max
    if stores && slot == nil { slot = storedDestination(index) }
    pendingOffset = nil
    locate(Int(load.index))
    code.append(number: ThreadedTables.loadedOperands[base + (stores ? 0 : 1)])
    code.append(word: pack(x, y, high: UInt32(truncatingIfNeeded: loadNode.imm)))
    code.append(word: (address?.constant ?? 0) & 0xFFFF_FFFF | UInt64(slot ?? 0) << 32)
    finish(index, slot)
  }

  private mutating func emitLoadedProduct(_ index: Int, _ node: Node) {
    let (load, factor, summand) = productOperands(node, facts[index].fusion)
    let loadNode = function.nodes[load]
    let product = function.nodes[facts[index].fusion == .vectorProductA ? node.a : node.b]
    let address = vectorAddress(loadNode, nil)
    let held = isHeld(factor) && factor != summand
    let x = readSlot(address?.x ?? Value(loadNode.a))
    let y = held ? 0 : readSlot(factor)
    let z = readSlot(summand)
    let slot = storedDestination(index)
    locate(Int(load.index))
    code.append(number: ThreadedTables.loadedProducts[loadedProduct(node, product)! + (held ? 1 : 0)])
    code.append(word: pack(x, y, high: UInt32(truncatingIfNeeded: loadNode.imm)))
    code.append(word: (address?.constant ?? 0) & 0xFFFF_FFFF | UInt64(z) << 32 | UInt64(slot) << 48)
    finish(index, slot)
  }

  /// The branch on what the vector operator `tested` gives.
  mutating func selectVectorTest(_ tested: Value, isNotZero: Bool) -> BranchSelection {
    let node = function.nodes[tested]
    let held = isHeld(Value(node.a))
    let slot = held ? 0 : readSlot(Value(node.a))
    let base = vectorBranch(node)! + (isNotZero ? 4 : 0) + (held ? 2 : 0)
    return BranchSelection(
      number: ThreadedTables.vectorBranches[base], checked: ThreadedTables.vectorBranches[base + 1],
      first: held ? nil : pack(slot))
  }

  private mutating func emitVectorPair(_ index: Int, _ node: Node) {
    var pair = chosenVectorPair(node, facts[index].fusion)
    // Of the first operator's operands, which can change places, the one that is held comes first.
    if pair.y != .none && isHeld(pair.y) { swap(&pair.x, &pair.y) }
    var form = 0
    if isHeld(pair.x) && pair.x != pair.y && pair.x != pair.z {
      form = 1
    } else if isHeld(pair.z) && pair.z != pair.x && pair.z != pair.y {
      form = 2
    }
    let x = form == 1 ? 0 : readSlot(pair.x)
    let y = pair.y == .none ? 0 : readSlot(pair.y)
    let z = form == 2 || pair.z == .none ? 0 : readSlot(pair.z)
    var slot = destination(index)
    let base = pair.base + form * 2
    let stores = slot != nil || ThreadedTables.vectorPairs[base + 1] == .max
    if stores && slot == nil { slot = storedDestination(index) }
    code.append(number: ThreadedTables.vectorPairs[base + (stores ? 0 : 1)])
    switch pair.kind {
    case .first, .last: code.append(word: pack(x, y, z, slot ?? 0))
    case .shift:
      code.append(word: pack(x, z, 0, slot ?? 0))
      code.append(word: pair.count & 0xFFFF_FFFF)
    case .rotate, .xorRotate:
      code.append(word: pack(x, y, 0, slot ?? 0))
      code.append(word: pair.count & 0xFFFF_FFFF | pair.secondCount << 32)
    }
    finish(index, slot)
  }
}
