// Emission of terminators, edges and calls.

import WebAssembly

extension Lowering {
  mutating func emitTerminator(_ index: Int, _ node: Node) {
    switch node.operation {
    case .jump: emitJump(node.a)
    case .branch: emitBranch(index, node)
    case .switch: emitSwitch(node)
    case .return: emitReturn(node, cost: 0)
    case .trap:
      locate(index)
      code.append(.trap)
      code.append(word: pack(Int(node.imm)))
    default: preconditionFailure("operation \(node.operation.code) has no code")
    }
  }

  // MARK: Edges

  private mutating func target(_ edge: UInt32) -> Int { Int(function.edges[edge].to.index) }

  /// Finds the blocks that only charge and go on: edges to them go where they do, and charge both at once. They have no
  /// code of their own. And those that do nothing by which the counter could be observed before they go on: edges to them
  /// charge what follows as well.
  mutating func findPassages() {
    passages.truncate(to: 0)
    passages.append(repeating: .none, count: function.blocks.count)
    prepaid.truncate(to: 0)
    prepaid.append(repeating: 0, count: function.blocks.count)
    var block = function.blocks.count - 1
    while block > 0 {
      defer { block -= 1 }
      guard function.blocks[block].isReachable, let (edge, isEmpty) = quietExit(of: block) else { continue }
      let (cost, isCheck) = headCost(of: block)
      if isCheck { continue }
      // Behind the block in the layout all is known; before it is a loop's header.
      let onward = destination(ofEdge: edge)
      let (sum, overflow) = onward.cost.addingReportingOverflow(cost)
      if overflow || sum >= context.narrowCost { continue }
      if isEmpty && function.blocks[block].firstParameter == .max && !needsMoves(edge) && onward.block != block {
        passages[block] = CompactPassage(Passage(block: onward.block, cost: sum, isCheck: onward.isCheck))
      } else if !onward.isCheck {
        prepaid[block] = UInt32(truncatingIfNeeded: onward.cost)
      }
    }
  }

  /// The edge by which `block` goes on, if nothing in it traps, calls or counts but for the charge at its head; and whether
  /// there is nothing else in it.
  private mutating func quietExit(of block: Int) -> (edge: UInt32, isEmpty: Bool)? {
    let last = Int(function.blocks[block].end) - 1
    guard function.nodes[last].operation == .jump else { return nil }
    var isEmpty = true
    for position in emittedStart[block]..<emittedStart[block + 1] {
      let index = Int(emittedNodes[position])
      if index == headCharges[block] || index == last || facts[index].residence == .edge { continue }
      if !function.nodes[index].operation.info.effects.isDisjoint(with: [.mayTrap, .call, .counter]) { return nil }
      // What is fused with it may be a load.
      switch facts[index].fusion {
      case .none, .pairA, .pairB: break
      default: return nil
      }
      isEmpty = false
    }
    return (function.nodes[last].a, isEmpty)
  }

  /// Where an edge leads, what it charges, and whether it checks.
  private mutating func destination(ofEdge edge: UInt32) -> Passage {
    let block = target(edge)
    if !passages[block].isNone { return passages[block].passage }
    let (cost, isCheck) = headCost(of: block)
    return Passage(block: block, cost: cost + UInt64(prepaid[block]), isCheck: isCheck)
  }

  /// Whether the edge's values are not yet where its target expects them.
  private mutating func needsMoves(_ edge: UInt32) -> Bool {
    var parameter = function.blocks[target(edge)].firstParameter
    while parameter != .max {
      let node = function.nodes[parameter]
      if facts[parameter].uses > 0 {
        let value = Value(function.operands[node.a + places[edge]])
        if facts[value].residence != .slot || slot(of: value) != slot(of: Value(parameter)) { return true }
      }
      parameter = node.c
    }
    return false
  }

  /// Moves the edge's values to the slots of its target's parameters.
  private mutating func emitEdgeMoves(_ edge: UInt32) {
    let block = target(edge)
    if function.blocks[block].firstParameter == .max { return }
    temporary = 0
    edgeConstants.truncate(to: 0)
    edgeSteps.truncate(to: 0)
    var parameter = function.blocks[block].firstParameter
    while parameter != .max {
      let node = function.nodes[parameter]
      defer { parameter = node.c }
      if facts[parameter].uses == 0 { continue }
      let value = Value(function.operands[node.a + places[edge]])
      let to = slot(of: Value(parameter))
      if facts[value].residence == .constant {
        edgeConstants.append(EdgeConstant(bits: function.nodes[value].imm, type: node.type, slot: to))
      } else if facts[value].residence == .edge {
        edgeSteps.append(function.nodes[value])
      } else {
        let from = slot(of: value)
        for part in 0..<node.type.slotCount { moves.add(from + part, to + part) }
      }
    }
    emitPendingMoves()
    for index in 0..<edgeConstants.count {
      let constant = edgeConstants[index]
      emitConstant(constant.bits, constant.type, to: constant.slot)
    }
    for index in 0..<edgeSteps.count { emitStepInPlace(edgeSteps[index]) }
  }

  private mutating func emitPendingMoves() {
    if moves.isEmpty { return }
    moves.resolve(temporary: moveTemporary).withUnsafeBufferPointer { emitMoves($0) }
  }

  /// Adds a constant to a block parameter, in its slot.
  private mutating func emitStepInPlace(_ step: Node) {
    let slot = slot(of: Value(step.a))
    let saved = temporary
    let narrow = slot < narrowSlots ? slot : takeTemporary(1)
    if narrow != slot { emitMove(slot, narrow) }
    let row = Int((step.type == .i32 ? Opcode.i32Add : .i64Add).row) * 10
    code.append(number: ThreadedTables.selection[row + OperandForm.siD.rawValue])
    code.append(word: pack(narrow, narrow, high: UInt32(truncatingIfNeeded: function.nodes[step.b].imm)))
    inAccumulator = .none
    if narrow != slot { emitMove(narrow, slot) }
    temporary = saved
  }

  /// Goes along an edge at the end of a block: moves, charge, and a jump unless the target comes next.
  private mutating func emitJump(_ edge: UInt32) {
    var onward = destination(ofEdge: edge)
    if prepaid[block] > 0 { onward.cost = 0 }
    if isNext(onward) {
      emitEdgeMoves(edge)
      emitCharge(onward.cost, isCheck: onward.isCheck)
    } else {
      emitWay(edge, onward)
    }
  }

  /// Goes along an edge that does not lead to the next block.
  private mutating func emitWay(_ edge: UInt32, _ onward: Passage) {
    if emitExit(edge, onward) || emitTail(edge, onward) { return }
    emitEdgeMoves(edge)
    emitJumpOperation(to: onward.block, onward.cost, isCheck: onward.isCheck)
  }

  /// Where an edge leads to a block with at most two operations that then goes on: does that here, and goes where the block
  /// goes. Both are charged at once.
  private mutating func emitTail(_ edge: UInt32, _ onward: Passage) -> Bool {
    let tail = onward.block
    // Before all else, or many jumps to a long block would take quadratic time.
    guard emittedStart[tail + 1] - emittedStart[tail] <= 8 else { return false }
    guard !onward.isCheck, tail != block, let (exit, _) = quietExit(of: tail) else { return false }
    let last = Int(function.blocks[tail].end) - 1
    var count = 0
    for position in emittedStart[tail]..<emittedStart[tail + 1] where isTailOperation(position, tail, last) {
      count += 1
      if count > 2 { return false }
    }
    var way = destination(ofEdge: exit)
    guard way.block != tail else { return false }
    way.cost = prepaid[tail] > 0 ? onward.cost : onward.cost &+ way.cost
    guard way.cost < context.narrowCost else { return false }
    emitEdgeMoves(edge)
    for position in emittedStart[tail]..<emittedStart[tail + 1] where isTailOperation(position, tail, last) {
      emitNode(Int(emittedNodes[position]))
    }
    if isNext(way) {
      emitEdgeMoves(exit)
      emitCharge(way.cost, isCheck: way.isCheck)
    } else if !emitExit(exit, way) {
      emitEdgeMoves(exit)
      emitJumpOperation(to: way.block, way.cost, isCheck: way.isCheck)
    }
    return true
  }

  /// Whether the node with code at `position` is one between the charge at the head of block `tail` and its end, `last`.
  private mutating func isTailOperation(_ position: UInt32, _ tail: Int, _ last: Int) -> Bool {
    let index = emittedNodes[position]
    return index != headCharges[tail] && Int(index) != last && facts[index].residence != .edge
  }

  /// Where an edge leads to a block that only returns, perhaps after it has set a global: does that instead of going there.
  private mutating func emitExit(_ edge: UInt32, _ onward: Passage) -> Bool {
    guard !onward.isCheck, onward.cost < context.narrowCost, let exit = exit(of: onward.block) else { return false }
    var result: UInt32?
    if exit.node.c == 1 {
      guard let value = incoming(function.operands[exit.node.b], edge, onward.block) else { return false }
      result = value
    }
    var global = exit.global
    if let set = global {
      guard let value = incoming(set.a, edge, onward.block) else { return false }
      global!.a = value
    }
    temporary = 0
    if let global {
      // The result may be in the accumulator, which setting a global leaves as it is.
      emitGlobalSet(global)
    }
    if let result {
      emitScalarReturn(Value(result), function.nodes[result].type, cost: onward.cost)
    } else {
      appendReturn(cost: onward.cost)
    }
    return true
  }

  /// What a value of `block` is where one comes along `edge`, which leads there: parameters are what the edge brings, and
  /// behind a passage they are in their slots. Nil for what is only computed on the edge.
  private mutating func incoming(_ value: UInt32, _ edge: UInt32, _ block: Int) -> UInt32? {
    guard target(edge) == block, function.nodes[value].operation == .parameter else { return value }
    var parameter = function.blocks[block].firstParameter
    while parameter != value {
      // A parameter of a block above.
      if parameter == .max { return value }
      parameter = function.nodes[parameter].c
    }
    let from = function.operands[function.nodes[value].a + places[edge]]
    return facts[from].residence == .edge ? nil : from
  }

  /// The nodes of a block that only returns a scalar or nothing, perhaps after it has set a global.
  private mutating func exit(of block: Int) -> (global: Node?, node: Node)? {
    var global: Node?
    for position in emittedStart[block]..<emittedStart[block + 1] {
      let index = emittedNodes[position]
      if index == headCharges[block] || facts[index].residence == .edge { continue }
      let node = function.nodes[index]
      if node.operation == .return {
        if node.c == 0 { return (global, node) }
        guard node.c == 1, function.nodes[function.operands[node.b]].type != .v128 else { return nil }
        return (global, node)
      }
      guard global == nil, node.operation == Operation(.globalSet), facts[index].fusion == .none,
        function.nodes[node.a].type.isInteger, !function.nodes[node.a].operation.isScalarConstant
      else { return nil }
      global = node
    }
    return nil
  }

  private mutating func emitJumpOperation(to block: Int, _ cost: UInt64, isCheck: Bool) {
    let operation = code.position
    if cost > UInt64(UInt32.max >> 1) {
      // Cost beyond the field: a charge of its own. The check stays on the jump.
      emitCharge(cost, isCheck: false)
      emitJumpOperation(to: block, 0, isCheck: isCheck)
      return
    }
    if let moved = jumpWithOperation(isCheck: isCheck) {
      code.append(word: cost << 32, target: blockLabels[block], of: moved)
      return
    }
    code.append(isCheck ? .jumpCheck : .jump)
    code.append(word: cost << 32, target: blockLabels[block], of: operation)
  }

  /// Turns the moves, the constant or the addition that were emitted last into a jump that does them; its operation, or nil if there are none.
  private mutating func jumpWithOperation(isCheck: Bool) -> Int? {
    guard let last = code.lastOperation, code.position == last + 2 else { return nil }
    switch UInt16(truncatingIfNeeded: code.words[last]) {
    case ThreadedOperation.const32_d.number: code.replace(last, isCheck ? .jumpCheckConstant : .jumpConstant)
    case ThreadedOperation.move.number: code.replace(last, isCheck ? .jumpCheckMove : .jumpMove)
    case ThreadedOperation.moveTwo.number: code.replace(last, isCheck ? .jumpCheckMoveTwo : .jumpMoveTwo)
    case ThreadedOperation.i32Add_si_d.number: code.replace(last, isCheck ? .stepI32JumpCheck : .stepI32Jump)
    case ThreadedOperation.i64Add_si_d.number: code.replace(last, isCheck ? .stepI64JumpCheck : .stepI64Jump)
    default: return nil
    }
    return last
  }

  /// The moves of a switch's edges, directly behind it: so that only back edges go back.
  private mutating func emitStubs() {
    for stub in stubs {
      code.bind(stub.label)
      inAccumulator = .none
      inFloat = .none
      emitWay(stub.edge, destination(ofEdge: stub.edge))
    }
    stubs.removeAll(keepingCapacity: true)
  }

  /// Where a switch goes along `edge`, and what it charges: the target itself, or moves and a jump out of line.
  private mutating func takenTarget(_ edge: UInt32, limit: UInt64) -> (label: Label, cost: UInt64, isCheck: Bool) {
    let onward = destination(ofEdge: edge)
    if !needsMoves(edge) && onward.cost < limit { return (blockLabels[onward.block], onward.cost, onward.isCheck) }
    let label = code.makeLabel()
    stubs.append(Stub(label: label, edge: edge))
    return (label, 0, false)
  }

  // MARK: Branches

  private mutating func emitBranch(_ index: Int, _ node: Node) {
    temporary = 0
    let (condition, comparison, isNegated) = testedNode(node)
    // The edge taken where the condition holds, and the other.
    var taken = isNegated ? node.c : node.b
    var other = isNegated ? node.b : node.c
    var tested = comparison ?? Comparison(.i32, .ne, isZeroTest: true)
    var takesFailure = false
    // The branch goes to an edge without moves, rather to one that does not come next.
    let takenIsDirect = isDirect(taken)
    let otherIsDirect = isDirect(other)
    let isSplit = !takenIsDirect && !otherIsDirect
    let goesToOther =
      isSplit ? !leadsToNext(taken) : otherIsDirect && (!takenIsDirect || leadsToNext(taken) && !leadsToNext(other))
    if goesToOther {
      swap(&taken, &other)
      if let negated = tested.negated { tested.condition = negated } else { takesFailure = true }
    }
    let chosen = selectBranch(index, condition, comparison, tested, takesFailure: takesFailure)
    let takenOnward = destination(ofEdge: taken)
    let (takenCost, isCheck) = isSplit ? (0, false) : (takenOnward.cost, takenOnward.isCheck)
    let label = isSplit ? code.makeLabel() : blockLabels[takenOnward.block]
    let otherOnward = destination(ofEdge: other)
    let (otherCost, otherIsCheck) = (otherOnward.cost, otherOnward.isCheck)
    // The other way's charge is fused where it is no check.
    let isFused = !isSplit && !otherIsCheck && otherCost < context.narrowCost
    var operation = code.position
    if let compared = chosen.comparison, isCheck && emitStep(compared) || emitComparedLoad(compared, isCheck: isCheck) {
      operation = code.lastOperation!
      if let step = doubleStep() { operation = step }
    } else {
      assert(chosen.number != .max && chosen.checked != .max)
      code.append(number: isCheck ? chosen.checked : chosen.number)
      if let first = chosen.first { code.append(word: first) }
      if let second = chosen.second { code.append(word: second) }
    }
    code.append(word: takenCost << 32 | (isFused ? otherCost << 48 : 0), target: label, of: operation)
    // What the branch leaves in the accumulators depends on its form.
    inAccumulator = .none
    inFloat = .none
    if isSplit {
      // Both ways have moves: one here, the other behind a label of its own.
      emitWay(other, otherOnward)
      code.bind(label)
      inAccumulator = .none
      inFloat = .none
      emitJump(taken)
    } else if isNext(otherOnward) {
      emitEdgeMoves(other)
      if !isFused { emitCharge(otherCost, isCheck: otherIsCheck) }
    } else {
      emitWay(other, Passage(block: otherOnward.block, cost: isFused ? 0 : otherCost, isCheck: otherIsCheck))
    }
  }

  /// The operation of the branch at `index` on `tested`, which is the comparison of its condition, perhaps turned round.
  private mutating func selectBranch(
    _ index: Int, _ condition: Value, _ comparison: Comparison?, _ tested: Comparison, takesFailure: Bool
  ) -> BranchSelection {
    switch facts[index].fusion {
    case .test: return selectTest(bits(condition, comparison), isNotZero: tested.condition == .ne)
    case .comparedA, .comparedB:
      return selectComparedLoad(tested, function.nodes[condition], facts[index].fusion)
    case .vectorTest: return selectVectorTest(bits(condition, comparison), isNotZero: tested.condition == .ne)
    case .loaded: return selectComparedLoad(tested, Node(.removed, a: condition.index), .comparedA)
    default: break
    }
    let chosen =
      comparison == nil
      ? select(tested, Node(.removed, a: condition.index)) : select(tested, function.nodes[condition])
    let base = Int(chosen.opcode.row) * 10 + chosen.pair.form.rawValue / 2 * 2
    let (first, second) = operandWords(chosen.pair, type: chosen.type, destination: 0)
    return BranchSelection(
      number: takesFailure ? ThreadedTables.negatedBranch[base] : ThreadedTables.branch[base],
      checked: takesFailure ? ThreadedTables.negatedBranch[base + 1] : ThreadedTables.branch[base + 1],
      first: first, second: second,
      comparison: takesFailure ? nil : chosen)
  }

  /// Whether a branch can go along an edge by itself.
  private mutating func isDirect(_ edge: UInt32) -> Bool {
    !needsMoves(edge) && destination(ofEdge: edge).cost < context.narrowCost
  }

  /// Whether an edge leads to the block that is emitted next.
  private mutating func isNext(_ passage: Passage) -> Bool { passage.block == nextBlock && nextBlock > block }
  private mutating func leadsToNext(_ edge: UInt32) -> Bool { isNext(destination(ofEdge: edge)) }

  private mutating func emitSwitch(_ node: Node) {
    var slot: Int?
    if case .accumulator = source(Value(node.a)) {} else { slot = readSlot(Value(node.a)) }
    var operation = code.position
    if slot == nil, let load = switchOnLoad(count: Int(node.c)) {
      operation = load
    } else {
      code.append(slot == nil ? .switch_a : .switch_s)
      code.append(word: pack(low: slot ?? 0, high: Int(node.c)))
    }
    // An edge that needs moves has one stub, however many cases take it. Edges are numbered in the order in which they first
    // stand there, so one beyond all others is new.
    ways.truncate(to: 0)
    let first = function.operands[node.b]
    for position in node.b..<node.b + node.c {
      let edge = function.operands[position]
      let number = Int(edge - first)
      if number >= ways.count {
        ways.append(repeating: SwitchWay(label: Label(index: 0), charge: 0), count: number + 1 - ways.count)
        let (label, cost, isCheck) = takenTarget(edge, limit: 1 << 31)
        ways[number] = SwitchWay(
          label: label, charge: UInt32(truncatingIfNeeded: cost) | (isCheck ? 1 << 31 : 0))
      }
      code.append(word: UInt64(ways[number].charge) << 32 | UInt64(ways[number].label.index))
    }
    code.addTargets(Int(node.c), of: operation)
    emitStubs()
  }

  /// Turns the load that was emitted last, whose value only the switch reads, into a switch on memory; its operation, or
  /// nil if it is another one.
  private mutating func switchOnLoad(count: Int) -> Int? {
    guard let last = code.lastOperation, code.position == last + 2 else { return nil }
    let word = code.words[last + 1]
    let operation: ThreadedOperation
    switch code.number(at: last) {
    case ThreadedOperation.i32Load8U_s_n.number: operation = .switchLoad8U_s
    case ThreadedOperation.i32Load8U_a_n.number: operation = .switchLoad8U_a
    case ThreadedOperation.i32Load_s_n.number: operation = .switchLoad_s
    case ThreadedOperation.i32Load_a_n.number: operation = .switchLoad_a
    default: return nil
    }
    let address = word & 0xFFFF
    let offset = word >> 32
    if let step = code.previousOperation, step + 2 == last,
      code.number(at: step) == ThreadedOperation.i32Add_si_d.number,
      operation == .switchLoad8U_s || operation == .switchLoad_s
    {
      // An addition before it, as of an instruction pointer: unless the address is the sum of another slot.
      let added = code.words[step + 1]
      let from = added & 0xFFFF
      let to = added >> 16 & 0xFFFF
      if to != address || from == address {
        // The load has a location, which stays where it is: at the second word from here.
        code.takeBack(to: step)
        code.append(operation == .switchLoad_s ? .stepSwitchLoad : .stepSwitchLoad8U)
        code.append(word: pack(Int(address), Int(to), high: UInt32(count)))
        code.append(word: pack(low: Int(offset), high: Int(added >> 32)))
        code.append(word: from)
        return step
      }
    }
    code.replace(last, operation)
    code.words[last + 1] = address | UInt64(count) << 32
    code.append(word: offset)
    return last
  }

  // MARK: Returns

  private mutating func emitReturn(_ node: Node, cost: UInt64) {
    if node.c == 1 {
      let value = Value(function.operands[node.b])
      let type = function.nodes[value].type
      if type != .v128 {
        emitScalarReturn(value, type, cost: cost)
        return
      }
    }
    // Several results, or a vector: into the first slots of the frame.
    temporary = 0
    var constants: [(bits: UInt64, type: IRType, slot: Int)] = []
    var to = 0
    for position in node.b..<node.b + node.c {
      let value = Value(function.operands[position])
      let type = function.nodes[value].type
      if facts[value].residence == .constant {
        constants.append((function.nodes[value].imm, type, to))
      } else {
        let from = slot(of: value)
        for part in 0..<type.slotCount { moves.add(from + part, to + part) }
      }
      to += type.slotCount
    }
    emitPendingMoves()
    for constant in constants { emitConstant(constant.bits, constant.type, to: constant.slot) }
    appendReturn(cost: cost)
  }

  /// A return of what is in the first slots.
  private mutating func appendReturn(cost: UInt64) {
    if setGlobalBeforeReturn(.globalSetReturn, cost: cost) { return }
    code.append(cost == 0 ? .return : .chargeReturn)
    if cost > 0 { code.append(word: cost) }
  }

  private mutating func emitScalarReturn(_ value: Value, _ type: IRType, cost: UInt64) {
    switch source(value) {
    case .accumulator:
      if type.isFloat {
        emitCharge(cost, isCheck: false)
        code.append(.returnFloat_a)
      } else if setGlobalBeforeReturn(.globalSetReturn_a, cost: cost) {
      } else if cost > 0 {
        code.append(.chargeReturn_a)
        code.append(word: cost)
      } else if let last = code.lastOperation, code.position == last + 2,
        let returning = ThreadedTables.returning(code.number(at: last))
      {
        code.words[last] = UInt64(returning)
      } else {
        code.append(.return_a)
      }
    case .constant(let bits):
      if type.isInteger, let short = ShortConstant(bits) {
        if setGlobalBeforeReturn(.globalSetReturn_i, cost: cost) {
          code.append(word: UInt64(short.lower) | UInt64(short.upper) << 32)
        } else {
          code.append(.return_i)
          code.append(word: pack(Int(cost), short.upper, high: short.lower))
        }
      } else {
        emitSlotReturn(constantSlot(bits, type), type, cost: cost)
      }
    case .slot:
      let slot = readSlot(value)
      if type.isInteger && setGlobalBeforeReturn(.globalSetReturn_s, cost: cost) {
        code.append(word: pack(slot))
      } else {
        emitSlotReturn(slot, type, cost: cost)
      }
    }
  }

  private mutating func emitSlotReturn(_ slot: Int, _ type: IRType, cost: UInt64) {
    code.append(type.isFloat ? .returnFloat_s : .return_s)
    code.append(word: pack(slot, Int(cost)))
  }

  /// Makes the operation that was emitted last, if it sets a global from a slot, `operation`, which returns as well. A
  /// further word is left to append.
  private mutating func setGlobalBeforeReturn(_ operation: ThreadedOperation, cost: UInt64) -> Bool {
    guard let last = code.lastOperation, code.position == last + 2,
      code.number(at: last) == ThreadedOperation.globalSet_s.number
    else { return false }
    code.replace(last, operation)
    code.words[last + 1] |= cost << 16
    return true
  }

  // MARK: Calls

  /// Puts the arguments where the callee's frame begins.
  private mutating func emitArguments(_ call: Int, _ start: UInt32, _ count: UInt32) {
    var to = stride + function.depth(of: call)
    argumentMoves.truncate(to: 0)
    for position in start..<start + count {
      let value = Value(function.operands[position])
      let type = function.nodes[value].type
      if facts[value].residence == .slot && value != inAccumulator && value != inFloat {
        let from = slot(of: value)
        if from != to {
          for part in 0..<type.slotCount {
            argumentMoves.append(SlotMove(source: from + part, destination: to + part))
          }
        }
      } else if facts[value].residence != .slot || slot(of: value) != to {
        emitCopy(value, to: to)
      }
      to += type.slotCount
    }
    emitMoves(argumentMoves.elements)
  }

  /// Raises the stack's limit where the frame is larger than its cost, around `body`.
  private var excess: Int { stride - function.frameCost }

  private mutating func beginCall() {
    if excess == 0 { return }
    code.append(.raiseStack)
    code.append(word: UInt64(excess))
  }

  private mutating func endCall() {
    if excess == 0 { return }
    code.append(.lowerStack)
    code.append(word: UInt64(excess))
  }

  /// The word that a return reads: the distance to the frame, and the slot for a single result.
  private mutating func callWord(_ index: Int, _ signature: SignatureSlots) -> UInt64 {
    // Where nobody reads the result from a slot it goes to the first outgoing one.
    let frame = stride + function.depth(of: index)
    let result = facts[index].residence == .slot ? slot(of: Value(index)) : frame
    return pack(low: frame, high: result)
  }

  private mutating func finishCall(_ index: Int, _ signature: SignatureSlots) {
    endCall()
    inAccumulator = .none
    inFloat = .none
    if signature.scalar != .none { finish(index, nil) }
    // A single vector is in the outgoing slots.
    if function.nodes[index].type == .v128 && facts[index].residence == .slot {
      let to = slot(of: Value(index))
      // Where it is the next call's second argument, the slots overlap.
      let frame = stride + function.depth(of: index)
      emitMove(frame + 1, to + 1)
      emitMove(frame, to)
    }
  }

  mutating func emitCall(_ index: Int, _ node: Node) {
    let callee = Int(node.imm)
    let signature = context.signatures[Int(context.functionTypes[callee])]
    emitArguments(index, node.b, node.c)
    if callee >= context.importedFunctions && callWithMoves(index, callee - context.importedFunctions) {
      code.append(word: callWord(index, signature))
      finishCall(index, signature)
      return
    }
    beginCall()
    locatePending()
    if callee < context.importedFunctions {
      code.append(.callImport)
      code.append(word: UInt64(callee))
    } else {
      code.append(.call)
      code.append(word: UInt64(callee - context.importedFunctions))
    }
    code.append(word: callWord(index, signature))
    finishCall(index, signature)
  }

  /// Turns the operation that was emitted last, if it places arguments, into a call that does; only the call's last word is
  /// left to append.
  private mutating func callWithMoves(_ index: Int, _ callee: Int) -> Bool {
    guard excess == 0, let last = code.lastOperation, code.position == last + 2 else { return false }
    let operation: ThreadedOperation
    switch code.number(at: last) {
    case ThreadedOperation.move.number: operation = .callMove
    case ThreadedOperation.moveTwo.number: operation = .callMoveTwo
    case ThreadedOperation.const32_d.number: operation = .callConstant
    case ThreadedOperation.i32Add_si_d.number: operation = .callAdd
    default: return false
    }
    // The accumulator that the addition leaves is not that of the call.
    pendingOffset = nil
    if index < function.offsets.count { code.locate(word: last, offset: Int(function.offsets[index])) }
    let moved = code.words[last + 1]
    code.replace(last, operation)
    code.words[last + 1] = UInt64(callee)
    code.append(word: moved)
    return true
  }

  mutating func emitCallIndirect(_ index: Int, _ node: Node) {
    let signature = context.signatures[Int(node.imm & 0xFFFF_FFFF)]
    let element = Value(function.operands[node.b + node.c - 1])
    emitArguments(index, node.b, node.c - 1)
    temporary = 0
    var slot: Int?
    if case .accumulator = source(element) {} else { slot = readSlot(element) }
    beginCall()
    locatePending()
    code.append(slot == nil ? .callIndirect_a : .callIndirect_s)
    code.append(word: pack(slot ?? 0))
    code.append(word: node.imm)
    code.append(word: callWord(index, signature))
    finishCall(index, signature)
  }

  mutating func emitTailCall(_ index: Int, _ node: Node) {
    let callee = Int(node.imm)
    let signature = context.signatures[Int(context.functionTypes[callee])]
    emitArguments(index, node.b, node.c)
    locatePending()
    if callee < context.importedFunctions {
      code.append(.tailCallImport)
      code.append(word: UInt64(callee))
    } else {
      code.append(.tailCall)
      code.append(word: UInt64(callee - context.importedFunctions))
    }
    code.append(word: pack(low: stride, high: signature.parameters))
  }

  mutating func emitTailCallIndirect(_ index: Int, _ node: Node) {
    let signature = context.signatures[Int(node.imm & 0xFFFF_FFFF)]
    let element = readSlot(Value(function.operands[node.b + node.c - 1]))
    emitArguments(index, node.b, node.c - 1)
    locatePending()
    code.append(.tailCallIndirect)
    code.append(word: pack(element))
    code.append(word: pack(low: stride, high: signature.parameters))
    code.append(word: node.imm)
  }

  mutating func emitCallReference(_ index: Int, _ node: Node) {
    let signature = context.signatures[Int(node.imm)]
    emitArguments(index, node.b, node.c)
    temporary = 0
    let slot = readSlot(Value(node.a))
    beginCall()
    locatePending()
    code.append(.callReference)
    code.append(word: pack(slot))
    code.append(word: node.imm)
    code.append(word: callWord(index, signature))
    finishCall(index, signature)
  }

  mutating func emitTailCallReference(_ index: Int, _ node: Node) {
    let signature = context.signatures[Int(node.imm)]
    let slot = readSlot(Value(node.a))
    emitArguments(index, node.b, node.c)
    locatePending()
    code.append(.tailCallReference)
    code.append(word: pack(slot))
    code.append(word: pack(low: stride, high: signature.parameters))
    code.append(word: node.imm)
  }

  /// One of several results of a call, from the outgoing slots to its own.
  mutating func emitResult(_ index: Int, _ node: Node) {
    guard facts[index].residence == .slot else { return }
    let call = function.nodes[node.a]
    let type =
      call.operation == Operation(.call) ? context.functionTypes[Int(call.imm)] : UInt32(call.imm & 0xFFFF_FFFF)
    let from = stride + function.depth(of: Int(node.a)) + context.resultOffsets[Int(type)][Int(node.imm)]
    let to = slot(of: Value(index))
    for part in 0..<node.type.slotCount { emitMove(from + part, to + part) }
  }
}
