// Emission: operands and destinations, constants, moves, and the walk over blocks and nodes.

import WebAssembly

/// Where an operation finds an operand.
enum OperandSource {
  case slot(Int)
  case accumulator
  case constant(UInt64)
}

/// Columns of the selection table; the generator's `Form`.
enum OperandForm: Int {
  case ssD, ssN, asD, asN, saD, saN, siD, siN, aiD, aiN
}

/// A constant whose upper half is 0 or all ones, as operations have it: the lower half, and 16 bits of the upper one.
struct ShortConstant {
  var lower: UInt32
  var upper: Int

  init?(_ bits: UInt64) {
    let half = UInt32(truncatingIfNeeded: bits >> 32)
    guard half == 0 || half == .max else { return nil }
    lower = UInt32(truncatingIfNeeded: bits)
    upper = Int(half & 0xFFFF)
  }
}

extension Lowering {
  mutating func emit() {
    blockLabels.truncate(to: 0)
    for _ in 0..<function.blocks.count { blockLabels.append(code.makeLabel()) }
    findHeadCharges()
    findPassages()
    code.place(function.sites)
    emitEntry()
    for index in 0..<function.blocks.count where hasCode(index) {
      block = index
      nextBlock = index + 1
      while nextBlock < function.blocks.count && !hasCode(nextBlock) { nextBlock += 1 }
      code.bind(blockLabels[index])
      inAccumulator = .none
      inFloat = .none
      for position in emittedStart[index]..<emittedStart[index + 1] {
        let node = emittedNodes[position]
        if node != headCharges[index] && facts[node].residence != .edge { emitNode(Int(node)) }
      }
    }
  }

  private mutating func hasCode(_ block: Int) -> Bool { function.blocks[block].isReachable && passages[block].isNone }

  // MARK: Charges

  /// Fills `headCharges`.
  mutating func findHeadCharges() {
    headCharges.truncate(to: 0)
    headCharges.append(repeating: .max, count: function.blocks.count)
    for block in 0..<function.blocks.count where function.blocks[block].isReachable {
      for index in function.nodeRange(of: block) {
        let operation = function.nodes[index].operation
        if operation.info.effects.contains(.phantom) || operation.isScalarConstant { continue }
        if operation == .charge { headCharges[block] = UInt32(truncatingIfNeeded: index) }
        break
      }
    }
  }

  /// What an edge into `block` charges, and whether it checks.
  mutating func headCost(of block: Int) -> (cost: UInt64, isCheck: Bool) {
    let head = headCharges[block]
    return head == .max ? (0, false) : cost(of: function.nodes[head])
  }

  mutating func cost(of charge: Node) -> (cost: UInt64, isCheck: Bool) {
    let isCheck = charge.flags & NodeFlags.check != 0
    // Without metering, check points count themselves, so that slices end and interrupts are seen.
    if context.policy == .none && isCheck { return (1, true) }
    return (charge.imm, isCheck)
  }

  mutating func emitCharge(_ cost: UInt64, isCheck: Bool) {
    if cost == 0 && !isCheck { return }
    code.append(isCheck ? .chargeCheck : .charge)
    code.append(word: cost)
  }

  private mutating func emitEntry() {
    let parameterSlots = function.parameterTypes.reduce(0) { $0 + $1.slotCount }
    let (cost, isCheck) = headCost(of: 0)
    assert(isCheck && cost <= UInt64(UInt32.max))
    let isLarge = frameSlots > function.frameCost + frameReserve
    locate(0)
    code.append(isLarge ? .enterLarge : .enter)
    code.append(word: pack(low: Int(cost), high: function.frameCost))
    code.append(word: pack(low: max(crossingEnd - parameterSlots, 0), high: parameterSlots))
    if isLarge { code.append(word: UInt64(frameSlots)) }
  }

  /// Notes the module offset of the node at `index` for the operation that is emitted next.
  @inline(__always)
  mutating func locate(_ index: Int) {
    if index < function.offsets.count { code.locate(word: code.position, offset: Int(function.offsets[index])) }
  }

  // MARK: Operands

  /// Where `value` is now, for an operation that can read it from its accumulator.
  @inline(__always)
  mutating func source(_ value: Value) -> OperandSource {
    let residence = facts[value].residence
    if residence == .constant { return .constant(function.nodes[value].imm) }
    if value == inAccumulator || value == inFloat { return .accumulator }
    assert(residence == .slot, "a value that is in no slot was overwritten")
    return .slot(slot(of: value))
  }

  /// A narrow slot that holds `value`; constants and values in wide slots are brought to a temporary.
  mutating func readSlot(_ value: Value) -> Int {
    let node = function.nodes[value]
    if facts[value].residence == .constant { return constantSlot(node.imm, node.type) }
    return narrow(slot(of: value), count: node.type.slotCount)
  }

  /// `slot`, or a temporary with its contents if narrow fields cannot name it.
  mutating func narrow(_ slot: Int, count: Int) -> Int {
    if slot + count <= narrowSlots { return slot }
    let temporary = takeTemporary(count)
    for part in 0..<count { emitMove(slot + part, temporary + part) }
    return temporary
  }

  /// A temporary that lives until the end of the present node.
  mutating func takeTemporary(_ count: Int) -> Int {
    defer { temporary += count }
    assert(temporary + count < Lowering.temporaries)
    return temporaryBase + temporary
  }

  /// The temporary for cycles of moves.
  var moveTemporary: Int { temporaryBase + Lowering.temporaries - 1 }

  mutating func constantSlot(_ bits: UInt64, _ type: IRType) -> Int {
    let temporary = takeTemporary(1)
    emitConstant(bits, type, to: temporary)
    return temporary
  }

  /// Puts a constant into a slot; the accumulators keep what they hold.
  mutating func emitConstant(_ bits: UInt64, _ type: IRType, to slot: Int) {
    guard slot < narrowSlots else {
      let saved = temporary
      let narrow = takeTemporary(1)
      emitConstant(bits, type, to: narrow)
      emitMove(narrow, slot)
      temporary = saved
      return
    }
    if let short = ShortConstant(bits) {
      if let last = code.lastOperation, code.position == last + 2,
        code.number(at: last) == ThreadedOperation.const32_d.number
      {
        // The one before it as well.
        let word = code.words[last + 1]
        code.replace(last, .const32Two_d)
        code.words[last + 1] = word & ~0xFFFF_0000 | UInt64(slot) << 16
        code.append(word: UInt64(short.lower) | (word >> 16 & 0xFFFF) << 32 | UInt64(short.upper) << 48)
        return
      }
      code.append(.const32_d)
      code.append(word: pack(slot, short.upper, high: short.lower))
    } else {
      code.append(.const64_d)
      code.append(word: pack(slot))
      code.append(word: bits)
    }
  }

  /// Moves one slot; the accumulators keep what they hold.
  mutating func emitMove(_ from: Int, _ to: Int) {
    if from < narrowSlots && to < narrowSlots {
      code.append(.move)
      code.append(word: pack(from, to))
    } else {
      code.append(.moveWide)
      code.append(word: pack(low: from, high: to))
    }
  }

  /// Emits moves in the order given, two at a time.
  mutating func emitMoves(_ list: UnsafeBufferPointer<SlotMove>) {
    var index = 0
    while index < list.count {
      let move = list[index]
      if index + 1 < list.count {
        let other = list[index + 1]
        let highest = max(move.source, move.destination, other.source, other.destination)
        if highest < narrowSlots {
          code.append(.moveTwo)
          code.append(word: pack(move.source, move.destination, other.source, other.destination))
          index += 2
          continue
        }
      }
      emitMove(move.source, move.destination)
      index += 1
    }
  }

  // MARK: Destinations

  /// The slot that the operation for the node at `index` stores to, or nil if its result stays in an accumulator. Wide
  /// slots are replaced by a temporary, from which `finish` moves.
  mutating func destination(_ index: Int) -> Int? {
    guard facts[index].residence == .slot else { return nil }
    let slot = slot(of: Value(index))
    let count = function.nodes[index].type.slotCount
    return slot + count <= narrowSlots ? slot : takeTemporary(count)
  }

  /// The destination for operations that always store: a temporary where nobody reads the result from a slot.
  mutating func storedDestination(_ index: Int) -> Int {
    destination(index) ?? takeTemporary(max(function.nodes[index].type.slotCount, 1))
  }

  /// After the operation for the node at `index`, which stored to `slot`: notes what the accumulators hold, and moves
  /// the result to a wide slot.
  mutating func finish(_ index: Int, _ slot: Int?, inAccumulator isInAccumulator: Bool = true) {
    let value = Value(index)
    switch AccumulatorClass(function.nodes[index].type) {
    case .integer: inAccumulator = isInAccumulator ? value : .none
    case .float:
      let node = function.nodes[index]
      inFloat = isInAccumulator && (node.type != .v128 || leavesVector(node)) ? value : .none
    case .none: break
    }
    guard facts[index].residence == .slot, let slot else { return }
    let wanted = self.slot(of: value)
    if slot != wanted {
      for part in 0..<function.nodes[index].type.slotCount { emitMove(slot + part, wanted + part) }
    }
  }

  // MARK: Nodes

  mutating func emitNode(_ index: Int) {
    temporary = 0
    let node = function.nodes[index]
    let operation = node.operation
    // At the end of a loop the second one may become part of its step.
    if operation != .branch && operation != .jump { joinAdditions() }
    guard let opcode = operation.opcode else {
      switch operation {
      case .argument: break
      case .result: emitResult(index, node)
      case .charge:
        let (cost, isCheck) = cost(of: node)
        emitCharge(cost, isCheck: isCheck)
      case .enter:
        locate(index)
        code.append(.enterInlined)
        code.append(word: pack(low: Int(cost(of: node).cost), high: Int(node.a)))
      case .chargeDynamic:
        let slot = readSlot(Value(node.a))
        code.append(node.flags & NodeFlags.wide != 0 ? .chargeDynamic64 : .chargeDynamic32)
        code.append(word: pack(slot))
      case .localGet: emitLocalGet(index, node)
      case .localSet: emitLocalSet(node)
      default: emitTerminator(index, node)
      }
      return
    }
    if operation.info.effects.contains(.mayTrap) || operation.info.effects.contains(.call) { pendingOffset = index }
    if facts[index].fusion != .none {
      emitFused(index, node)
      return
    }
    switch opcode {
    case .call: emitCall(index, node)
    case .callIndirect: emitCallIndirect(index, node)
    case .callRef: emitCallReference(index, node)
    case .returnCall: emitTailCall(index, node)
    case .returnCallRef: emitTailCallReference(index, node)
    case .returnCallIndirect: emitTailCallIndirect(index, node)
    case .select: emitSelect(index, node)
    case .globalGet: emitGlobalGet(index, node)
    case .globalSet: emitGlobalSet(node)
    case .v128Const:
      let slot = storedDestination(index)
      let (low, high) = function.vectors[Int(node.imm)]
      code.append(.constVector_d)
      code.append(word: pack(slot))
      code.append(word: low)
      code.append(word: high)
      finish(index, slot)
    default:
      if operation.info.isPlainScalar {
        emitScalar(index, node, opcode)
      } else if opcode.info.prefix == 0xFD {
        emitVector(index, node, opcode)
      } else {
        emitMemoryOrTable(index, node, opcode)
      }
    }
  }

  /// Notes the location of the operation that is about to be emitted, if its node may trap or call.
  @inline(__always)
  mutating func locatePending() {
    guard let index = pendingOffset else { return }
    pendingOffset = nil
    locate(index)
  }

  private mutating func emitLocalGet(_ index: Int, _ node: Node) {
    let from = pinnedStart[Int(node.imm)]
    if facts[index].residence == .accumulator {
      let slot = narrow(from, count: 1)
      code.append(node.type.isFloat ? .loadFloat_n : .load_n)
      code.append(word: pack(slot))
      finish(index, nil)
      return
    }
    let to = slot(of: Value(index))
    for part in 0..<node.type.slotCount { emitMove(from + part, to + part) }
    finish(index, nil, inAccumulator: false)
  }

  private mutating func emitLocalSet(_ node: Node) {
    let to = pinnedStart[Int(node.imm)]
    emitCopy(Value(node.a), to: to)
  }

  /// Puts `value` into `slot`, from wherever it is.
  mutating func emitCopy(_ value: Value, to slot: Int) {
    let type = function.nodes[value].type
    // No operation stores the vector accumulator: a vector that goes elsewhere has a slot.
    switch type == .v128 ? .slot(self.slot(of: value)) : source(value) {
    case .constant(let bits): emitConstant(bits, type, to: slot)
    case .accumulator:
      if slot < narrowSlots {
        code.append(type.isFloat ? .storeFloat_a : .store_a)
        code.append(word: pack(slot))
      } else {
        let saved = temporary
        let narrow = takeTemporary(1)
        code.append(type.isFloat ? .storeFloat_a : .store_a)
        code.append(word: pack(narrow))
        emitMove(narrow, slot)
        temporary = saved
      }
    case .slot(let from):
      if from != slot { for part in 0..<type.slotCount { emitMove(from + part, slot + part) } }
    }
  }
}
