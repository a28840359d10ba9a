// Simplification: blocks, their parameters, and the edges between them.

import WebAssembly

extension SimplificationOpt {
  // MARK: Blocks

  /// Starts the new block for old block `block`, whose forward edges are all known.
  mutating func startBlock(_ block: Int) {
    current = UInt32(truncatingIfNeeded: new.blocks.count)
    records[block].number = current
    var dominator = UInt32.max
    var edge = records[block].firstEdge
    memory.beginBlock()
    lastStore = .max
    while edge != .max {
      let from = new.edges[edge].from.index
      memory.addPredecessor(from)
      dominator = dominator == .max ? from : dominators.common(dominator, from)
      edge = edgeRecords[edge].next
    }
    if current != 0 { dominators.add(key: current, parent: dominator) }
    new.blocks.append(BlockData())
    let isHeader = old.blocks[block].loopEnd != .max
    if current == 0 {
      memory.forgetMemory()
      memory.forgetGlobals()
    }
    if isHeader {
      forgetWrites(ofLoop: block)
      records[block].headerParameters = UInt32(truncatingIfNeeded: headerParameters.count)
      if isMeeting(block) { records[block].meet() }
    }
    var index: UInt32 = 0
    var parameter = old.blocks[block].firstParameter
    while parameter != .max {
      if isHeader { headerParameters.append(HeaderParameter(parameter: parameter, incoming: old.nodes[parameter].a)) }
      if let value = singleValue(of: parameter, at: index, in: block, isHeader: isHeader) {
        values[parameter] = value
      } else {
        let node = old.nodes[parameter]
        offset = old.offsets[parameter]
        values[parameter] = add(Node(.parameter, type: node.type, b: current))
        parameters.append(values[parameter])
        if isHeader {
          loopParameters.append(
            LoopParameter(value: values[parameter], block: UInt32(truncatingIfNeeded: block), index: index))
        } else {
          setIncoming(of: values[parameter], at: index, in: block)
        }
      }
      index += 1
      parameter = old.nodes[parameter].c
    }
    if isHeader { headerParameters.append(HeaderParameter(parameter: .max, incoming: 0)) }
    new.blocks[current].first = UInt32(truncatingIfNeeded: new.nodes.count)
  }

  /// The value that parameter `parameter`, the block's `index`th, gets over all edges, if it is always the same.
  private mutating func singleValue(of parameter: UInt32, at index: UInt32, in block: Int, isHeader: Bool) -> UInt32? {
    var edge = records[block].firstEdge
    let value = arguments[edgeRecords[edge].arguments + index]
    while edge != .max {
      if arguments[edgeRecords[edge].arguments + index] != value { return nil }
      edge = edgeRecords[edge].next
    }
    if !isHeader { return value }
    let data = old.blocks[block]
    for position in 0..<data.predecessorCount {
      let from = old.edges[old.predecessors[data.predecessorStart + position]].from.index
      if from >= block && old.operands[old.nodes[parameter].a + position] != parameter { return nil }
    }
    return value
  }

  private mutating func setIncoming(of parameter: UInt32, at index: UInt32, in block: Int) {
    new.nodes[parameter].a = UInt32(truncatingIfNeeded: new.operands.count)
    var edge = records[block].firstEdge
    while edge != .max {
      new.operands.append(arguments[edgeRecords[edge].arguments + index])
      edge = edgeRecords[edge].next
    }
  }

  /// Leaves out a block that no edge leads to, and those that are only reached from it.
  mutating func leaveOut(_ block: Int) {
    var block = block
    while true {
      records[block].finish()
      old.forEachSuccessor(of: block) { edge in
        let target = old.edges[edge].to
        records[target].remaining -= 1
        if isUnreached(target) { unreached.append(target.index) }
      }
      if unreached.isEmpty { return }
      block = Int(unreached.removeLast())
    }
  }

  /// Whether no edge leads to a block any more.
  @inline(__always)
  private func isUnreached(_ block: Block) -> Bool {
    records[block].remaining == 0 && !records[block].hasEdges && !records[block].isDone
  }

  /// Writes the nodes of old block `block` to the current block. Returns the block to be joined to it, if any.
  mutating func writeBlock(_ block: Int) -> Int? {
    records[block].finish()
    let range = old.nodeRange(of: block)
    if range.count > SimplificationOpt.discardedStep && block == front {
      for index in range.lowerBound..<range.upperBound - 1 {
        writeNode(index)
        if index % SimplificationOpt.discardedStep == 0 { discardNodes(before: index) }
      }
    } else {
      for index in range.lowerBound..<range.upperBound - 1 { writeNode(index) }
    }
    let index = range.upperBound - 1
    let node = old.nodes[index]
    offset = old.offsets[index]
    switch node.operation {
    case .jump: return writeJump(node.a, from: block)
    case .branch: return writeBranch(node, from: block)
    case .switch: return writeSwitch(node, from: block)
    default:
      writeNode(index)
      endBlock()
      return nil
    }
  }

  mutating func endBlock() {
    new.blocks[current].end = UInt32(truncatingIfNeeded: new.nodes.count)
    memory.endBlock(current)
  }

  // MARK: Terminators

  /// Old edge `edge` is never taken.
  mutating func drop(_ edge: UInt32) {
    let target = old.edges[edge].to
    records[target].remaining -= 1
    if isUnreached(target) { leaveOut(Int(target.index)) }
  }

  private mutating func writeJump(_ edge: UInt32, from block: Int) -> Int? {
    let target = chargeNow(route(edge))
    if canJoin(target.block, to: block) {
      bindParameters(of: target.block, to: target.arguments)
      arguments.truncate(to: Int(target.arguments))
      return target.block
    }
    let edge = addEdge(target)
    add(Node(.jump, a: edge))
    endBlock()
    return nil
  }

  /// Makes old block `block`'s parameters stand for the values in `arguments` from `position` on.
  mutating func bindParameters(of block: Int, to position: UInt32) {
    var parameter = old.blocks[block].firstParameter
    var position = position
    while parameter != .max {
      values[parameter] = arguments[position]
      position += 1
      parameter = old.nodes[parameter].c
    }
  }

  /// Charges what is due on the way to `target`.
  private mutating func chargeNow(_ target: Target) -> Target {
    if target.charge == 0 { return target }
    add(Node(.charge, imm: target.charge))
    var target = target
    target.charge = 0
    return target
  }

  /// Whether `target`, to which the block being written now jumps, can go on in its place: nothing else leads there. Blocks
  /// of other loops stay where they are, as the layout decides what a loop has.
  private mutating func canJoin(_ target: Int, to block: Int) -> Bool {
    if records[target].remaining != 0 || records[target].hasEdges || records[target].isDone { return false }
    return old.blocks[target].loopHeader == old.blocks[block].loopHeader || isNext(target, after: block)
  }

  /// Whether only blocks that are done or left out lie between.
  private mutating func isNext(_ target: Int, after block: Int) -> Bool {
    var next = block + 1
    // A few steps only: the walk must stay linear.
    while next < target && next < block + 4 && (records[next].isDone || !old.blocks[next].isReachable) { next += 1 }
    return next == target
  }

  private mutating func writeBranch(_ node: Node, from block: Int) -> Int? {
    var condition = values[node.a]
    var (taken, otherwise) = (node.b, node.c)
    if let truth = truth(of: &condition, &taken, &otherwise) {
      drop(truth ? otherwise : taken)
      return writeJump(truth ? taken : otherwise, from: block)
    }
    let first = route(taken)
    // It is reached, whatever is found not to be.
    records[first.block].remaining += 1
    let second = route(otherwise)
    records[first.block].remaining -= 1
    if isSame(first, second) {
      let edge = addEdge(chargeNow(first))
      add(Node(.jump, a: edge))
    } else {
      let b = addEdge(first)
      let c = addEdge(second)
      add(Node(.branch, a: condition, b: b, c: c))
    }
    endBlock()
    writeSplits()
    return nil
  }

  /// Brings a condition into a simpler form, exchanging the edges where it is negated. Returns its truth if it is constant.
  private mutating func truth(of condition: inout UInt32, _ taken: inout UInt32, _ otherwise: inout UInt32) -> Bool? {
    while true {
      let stripped = strippedCondition(condition)
      if stripped.value == condition { break }
      condition = stripped.value
      if stripped.isNegated { swap(&taken, &otherwise) }
    }
    return constant(condition).map { $0 != 0 }
  }

  private mutating func writeSwitch(_ node: Node, from block: Int) -> Int? {
    let selector = values[node.a]
    let isOneEdge = (node.b..<node.b + node.c).allSatisfy { old.operands[$0] == old.operands[node.b] }
    let chosen = constant(selector).map { min(UInt32(truncatingIfNeeded: $0), node.c - 1) }
    if chosen != nil || isOneEdge {
      let taken = old.operands[node.b + (chosen ?? 0)]
      dropCases(of: node, but: taken)
      return writeJump(taken, from: block)
    }
    // The cases' edges are numbered in the order in which they first stand there, so an edge beyond all others is new.
    let start = UInt32(truncatingIfNeeded: new.operands.count)
    switchEdges.truncate(to: 0)
    let first = old.operands[node.b]
    for position in node.b..<node.b + node.c {
      let edge = old.operands[position]
      let number = Int(edge - first)
      if number >= switchEdges.count {
        switchEdges.append(repeating: .max, count: number + 1 - switchEdges.count)
        switchEdges[number] = addEdge(route(edge))
      }
      new.operands.append(switchEdges[number])
    }
    add(Node(.switch, a: selector, b: start, c: node.c))
    endBlock()
    writeSplits()
    return nil
  }

  /// Drops the edges of a `switch` but one. They ascend where they first stand.
  private mutating func dropCases(of node: Node, but taken: UInt32) {
    var next = old.operands[node.b]
    for position in node.b..<node.b + node.c {
      let edge = old.operands[position]
      if edge < next { continue }
      next = edge + 1
      if edge != taken { drop(edge) }
    }
  }

  // MARK: Edges

  struct Target {
    /// Old number of a block.
    var block: Int
    /// Where the values for its parameters start in `arguments`.
    var arguments: UInt32
    /// What is charged on the way.
    var charge: UInt64 = 0
  }

  /// Where old edge `edge` leads to, past blocks that only jump, and with what values.
  private mutating func route(_ edge: UInt32) -> Target {
    let next = Int(old.edges[edge].to.index)
    records[next].remaining -= 1
    var target = Target(block: next, arguments: gatherArguments(edge, next))
    for _ in 0..<4 {
      guard let jump = jumpPast(target.block) else {
        guard let onward = threaded(target) else { break }
        target = onward
        continue
      }
      // The block's parameters stand for these values while those of the next block are gathered. If it is written after
      // all, it gets its own.
      bindParameters(of: target.block, to: target.arguments)
      arguments.truncate(to: Int(target.arguments))
      let following = Int(old.edges[jump].to.index)
      if records[target.block].remaining == 0 && !records[target.block].hasEdges {
        // All edges have been led past it.
        records[target.block].finish()
        records[following].remaining -= 1
        // Something comes to the next block now, so it is not unreached.
      }
      target = Target(block: following, arguments: gatherArguments(jump, following), charge: target.charge)
      growth -= arguments.count - Int(target.arguments)
    }
    return target
  }

  /// The edge by which an edge to `block` can go on at once, if the block only jumps.
  private mutating func jumpPast(_ block: Int) -> UInt32? {
    let jump = records[block].onlyJump
    if jump == .max || growth < 0 || records[block].isDone { return nil }
    // With other edges left, the block must not dominate what follows: there its parameters may be used.
    if old.blocks[block].predecessorCount == 1 { return jump }
    let target = Int(old.edges[jump].to.index)
    // What is done is a loop's header, which may be discarded.
    return (records[target].isDone ? records[target].isMeeting : isMeeting(target)) ? jump : nil
  }

  /// Whether two edges or more go forward to a block, as far as can be told soon.
  private mutating func isMeeting(_ block: Int) -> Bool {
    let data = old.blocks[block]
    if data.predecessorCount < 2 { return false }
    // Predecessors ascend by edge, not by block; two that go forward are found soon in practice.
    var forward = 0
    for position in 0..<min(data.predecessorCount, 8) {
      let from = old.edges[old.predecessors[data.predecessorStart + position]].from.index
      if from < block { forward += 1 }
      if forward == 2 { return true }
    }
    return false
  }

  /// Appends to `arguments` the new values that `edge` carries for the parameters of `block`.
  mutating func gatherArguments(_ edge: UInt32, _ block: Int) -> UInt32 {
    let start = UInt32(truncatingIfNeeded: arguments.count)
    let position = positions[edge]
    if records[block].headerParameters != .max {
      var place = records[block].headerParameters
      while headerParameters[place].parameter != .max {
        arguments.append(values[old.operands[headerParameters[place].incoming + position]])
        place += 1
      }
      return start
    }
    var parameter = old.blocks[block].firstParameter
    while parameter != .max {
      arguments.append(values[old.operands[old.nodes[parameter].a + position]])
      parameter = old.nodes[parameter].c
    }
    return start
  }

  /// Whether two targets, gathered one after the other, are one block with the same values.
  private mutating func isSame(_ first: Target, _ second: Target) -> Bool {
    if first.block != second.block || first.charge != second.charge { return false }
    let count = second.arguments - first.arguments
    for position in 0..<count where arguments[first.arguments + position] != arguments[second.arguments + position] {
      return false
    }
    return true
  }

  mutating func addEdge(_ target: Target) -> UInt32 {
    let edge = UInt32(truncatingIfNeeded: new.edges.count)
    if target.charge > 0 {
      splits.append(Split(edge: edge, target: target))
      // Until its block is written, its target must not seem to be unreached.
      records[target.block].remaining += 1
      new.edges.append(Edge(from: Block(current), to: .none))
      edgeRecords.append(EdgeRecord(next: .max, arguments: .max))
      return edge
    }
    new.edges.append(Edge(from: Block(current), to: Block(target.block)))
    edgeRecords.append(EdgeRecord(next: .max, arguments: target.arguments))
    let last = records[target.block].lastEdge
    if last == .max {
      records[target.block].firstEdge = edge
    } else {
      edgeRecords[last].next = edge
    }
    records[target.block].lastEdge = edge
    return edge
  }

  // MARK: Completion

  /// Completes the new function's edges and parameters. Returns whether loops' parameters became simple values.
  mutating func finish() -> Bool {
    for edge in 0..<new.edges.count where edgeRecords[edge].arguments != .max {
      new.edges[edge].to = Block(records[new.edges[edge].to].number)
    }
    for index in 0..<loopParameters.count {
      let parameter = loopParameters[index]
      setIncoming(of: parameter.value, at: parameter.index, in: Int(parameter.block))
    }
    new.groupPredecessors()
    var found = false
    for _ in 0..<4 {
      var changed = false
      for index in 0..<loopParameters.count where new.simplifyParameter(loopParameters[index].value) { changed = true }
      if !changed { break }
      found = true
    }
    if found { new.removeCopies() }
    new.linkParameters(parameters)
    new.computeLoops()
    return found
  }
}
