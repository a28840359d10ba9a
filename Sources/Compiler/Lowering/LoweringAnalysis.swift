// What lowering must know of values before it can give them slots: which are used and where, which are emitted with
// their user (constants, comparisons that a branch tests), which pass through an accumulator only, and when they live: all
// of it in one walk over the blocks.
//
// Positions: node n is used at 2n and defines at 2n + 1; a block's parameters are defined just before its first node.

import WebAssembly

extension Lowering {
  /// Fills `facts` and `loops`.
  mutating func analyse() {
    facts.truncate(to: 0)
    facts.append(repeating: ValueFacts(), count: function.nodes.count)
    lifetimes.truncate(to: 0)
    lifetimes.append(repeating: Lifetime(), count: function.nodes.count)
    findPlaces()
    findLoops()
    countUses()
    fuseComparisons()
    if hasVectors { findVectorConstants() }
    findRelatedValues()
    openLoops.truncate(to: 0)
    emittedNodes.truncate(to: 0)
    emittedStart.truncate(to: 0)
    for block in 0..<function.blocks.count {
      emittedStart.append(UInt32(truncatingIfNeeded: emittedNodes.count))
      while !openLoops.isEmpty && loopEnds[openLoops[openLoops.count - 1]] < UInt32(block) {
        _ = openLoops.removeLast()
      }
      if loopEnds[block] != .max { openLoops.append(UInt32(block)) }
      guard function.blocks[block].isReachable else { continue }
      // Computing a value later keeps its operands longer: frames in proportion have no slots for that.
      if coalesces { fuse(block) }
      analyse(block)
    }
    emittedStart.append(UInt32(truncatingIfNeeded: emittedNodes.count))
  }

  private mutating func findPlaces() {
    places.resizeWithoutContents(to: function.edges.count)
    for block in 0..<function.blocks.count {
      let data = function.blocks[block]
      for place in 0..<data.predecessorCount {
        places[function.predecessors[data.predecessorStart + place]] = place
      }
    }
  }

  /// Contiguous extents of the loops, nested properly: a loop reaches at least as far as the loops inside it.
  private mutating func findLoops() {
    loopEnds.truncate(to: 0)
    loopEnds.append(repeating: UInt32.max, count: function.blocks.count)
    for index in 0..<function.edges.count {
      let edge = function.edges[index]
      guard edge.to.index <= edge.from.index, edge.from.index != .max, function.blocks[edge.from].isReachable else {
        continue
      }
      let old = loopEnds[edge.to]
      loopEnds[edge.to] = old == .max ? edge.from.index : max(old, edge.from.index)
    }
    // From the last header to the first, with the loops that are not inside another yet.
    var open = GrowableBuffer<UInt32>()
    var header = function.blocks.count - 1
    while header >= 0 {
      if loopEnds[header] != .max {
        while !open.isEmpty {
          let inner = open[open.count - 1]
          if inner > loopEnds[header] { break }
          loopEnds[header] = max(loopEnds[header], loopEnds[inner])
          _ = open.removeLast()
        }
        open.append(UInt32(header))
      }
      header -= 1
    }
  }

  /// Counts uses, leaving out those by values that nobody uses, and what calls need. Definitions come before uses in the order of nodes except
  /// through block parameters, whose incoming values always count.
  private mutating func countUses() {
    for block in 0..<function.blocks.count where function.blocks[block].isReachable {
      function.forEachParameter(of: block) { parameter in
        lifetimes[parameter].block = UInt32(block)
        function.forEachOperand(of: parameter) { facts[$0].countUse() }
      }
    }
    var block = function.blocks.count - 1
    while block >= 0 {
      defer { block -= 1 }
      guard function.blocks[block].isReachable else { continue }
      let range = function.nodeRange(of: block)
      var node = range.upperBound - 1
      while node >= range.lowerBound {
        defer { node -= 1 }
        let info = function.nodes[node].operation.info
        if info.effects.contains(.phantom) { continue }
        lifetimes[node].block = UInt32(block)
        if !info.effects.isDisjoint(with: [.call, .counter]) {
          if info.effects.contains(.call) {
            countOutgoingSlots(Int(node), function.nodes[node])
          } else if function.nodes[node].operation == .charge && function.nodes[node].imm > UInt64(UInt32.max) {
            unchargeable = node
          }
        }
        if facts[node].uses == 0 && info.effects.isOnlyValue { continue }
        let shape = info.shape
        if shape.contains(.a) { facts[function.nodes[node].a].countUse() }
        if shape.contains(.b) { facts[function.nodes[node].b].countUse() }
        if shape.contains(.c) { facts[function.nodes[node].c].countUse() }
        if shape.contains(.list) {
          let start = function.nodes[node].b
          for position in start..<start + function.nodes[node].c { facts[function.operands[position]].countUse() }
        }
      }
    }
  }

  /// Whether the node at `index` is emitted for itself.
  @inline(__always)
  mutating func isEmitted(_ index: Int) -> Bool {
    let info = function.nodes[index].operation.info
    if info.effects.contains(.phantom) { return false }
    if facts[index].residence == .fused || facts[index].residence == .constant || facts[index].residence == .edge {
      return false
    }
    return facts[index].uses > 0 || !info.effects.isOnlyValue
  }

  /// Comparisons whose only use is a branch in the same block are tested by the branch itself.
  private mutating func fuseComparisons() {
    for block in 0..<function.blocks.count where function.blocks[block].isReachable {
      let last = Int(function.blocks[block].end) - 1
      let branch = function.nodes[last]
      guard branch.operation == .branch else { continue }
      var condition = Value(branch.a)
      while canFuse(condition, block: block) {
        facts[condition].residence = .fused
        let node = function.nodes[condition]
        // Only a test for zero looks through to what it tests.
        guard node.operation == Operation(.i32Eqz) else { break }
        condition = Value(node.a)
      }
    }
  }

  private mutating func canFuse(_ value: Value, block: Int) -> Bool {
    let node = function.nodes[value]
    guard facts[value].uses == 1, lifetimes[value].block == UInt32(block), let opcode = node.operation.opcode else {
      return false
    }
    return Comparison(opcode) != nil
  }

  // MARK: Residences and lifetimes

  /// Decides, for the values that a block defines, how they reach their uses, and notes where values are used.
  private mutating func analyse(_ block: Int) {
    let range = function.nodeRange(of: block)
    lastCall = range.lowerBound - 1
    function.forEachParameter(of: block) { parameter in
      if facts[parameter].uses > 0 { facts[parameter].residence = .slot }
      lifetimes[parameter].end = max(lifetimes[parameter].end, UInt32(truncatingIfNeeded: 2 * range.lowerBound - 1))
      facts[parameter].cross()
    }
    // Values that are in an accumulator if nothing overwrites it, with the uses that have been found in reach.
    var candidates: (integer: Int, float: Int) = (-1, -1)
    var found: (integer: UInt32, float: UInt32) = (0, 0)
    var spoiled: (integer: Bool, float: Bool) = (false, false)
    for index in range {
      let node = function.nodes[index]
      let effects = node.operation.info.effects
      if effects.contains(.phantom) || facts[index].residence == .fused { continue }
      if node.type != .none && facts[index].uses > 0 {
        if node.operation.isScalarConstant {
          facts[index].residence = .constant
          continue
        }
        if facts[index].residence == .constant { continue }
        facts[index].residence = .slot
      }
      // As `isEmitted` says.
      if facts[index].uses == 0 && effects.isOnlyValue { continue }
      emittedNodes.append(UInt32(truncatingIfNeeded: index))
      lifetimes[index].end = max(lifetimes[index].end, UInt32(truncatingIfNeeded: 2 * index + 1))
      // Uses by this node, of the candidates among others.
      var readsInteger = false
      var readsFloat = false
      collectOperands(of: index, node)
      for position in 0..<realOperands.count {
        let value = realOperands[position].value
        let accepts = realOperands[position].acceptsAccumulator
        use(value, at: UInt32(truncatingIfNeeded: 2 * index), block: block)
        if Int(value.index) == candidates.integer {
          readsInteger = true
          found.integer += 1
          if !accepts { spoiled.integer = true }
        } else if Int(value.index) == candidates.float {
          readsFloat = true
          found.float += 1
          if !accepts { spoiled.float = true }
        }
      }
      // No operation reads both accumulators.
      if readsInteger && readsFloat { spoiled.integer = true }
      if candidates.integer >= 0 && !spoiled.integer && found.integer == UInt32(facts[candidates.integer].uses) {
        facts[candidates.integer].residence = .accumulator
        candidates.integer = -1
      }
      if candidates.float >= 0 && !spoiled.float && found.float == UInt32(facts[candidates.float].uses) {
        facts[candidates.float].residence = .accumulator
        candidates.float = -1
      }
      // What this node leaves in the accumulators. Arguments and further results are in slots already.
      if node.operation == .argument || node.operation == .result { continue }
      if effects.contains(.call) {
        candidates = (-1, -1)
        if !effects.contains(.terminator) {
          directArguments(index, block: block)
          lastCall = index
        }
      }
      if overwritesInteger(node) { candidates.integer = -1 }
      switch AccumulatorClass(node.type) {
      case .integer:
        candidates.integer = facts[index].residence == .slot ? index : -1
        found.integer = 0
        spoiled.integer = false
      case .float:
        candidates.float =
          facts[index].residence == .slot && (node.type != .v128 || leavesVector(node)) ? index : -1
        found.float = 0
        spoiled.float = false
      case .none: break
      }
    }
    passAlongEdges(from: block, at: UInt32(truncatingIfNeeded: 2 * (range.upperBound - 1)))
  }

  /// Whether the code of a node uses the integer accumulator, whatever the node's result: addresses with an offset beyond
  /// 32 bits are computed there.
  private mutating func overwritesInteger(_ node: Node) -> Bool {
    node.operation.info.isAccess && node.imm > UInt64(UInt32.max)
  }

  /// Fills `realOperands` with the values that the code of the node at `index` reads. The operands of a fused comparison
  /// are those of its branch.
  @inline(__always)
  private mutating func collectOperands(of index: Int, _ node: Node) {
    realOperands.truncate(to: 0)
    let shape = node.operation.info.shape
    if facts[index].fusion != .none || shape.contains(.list) || node.operation == .branch {
      collectOtherOperands(index, node, shape)
      return
    }
    let same = node.a == node.b
    if shape.contains(.a) { collect(Value(node.a), !same && acceptsAccumulator(node, 0)) }
    if shape.contains(.b) { collect(Value(node.b), !same && acceptsAccumulator(node, 1)) }
    if shape.contains(.c) {
      collect(Value(node.c), node.c != node.a && node.c != node.b && acceptsAccumulator(node, 2))
    }
  }

  /// The same for branches, what has lists of operands, and what computes operands itself.
  private mutating func collectOtherOperands(_ index: Int, _ node: Node, _ shape: OperandShape) {
    if facts[index].fusion != .none {
      collectFusedOperands(index, node)
    } else if node.operation == .branch {
      let condition = Value(node.a)
      if facts[condition].residence == .fused {
        collectComparisonOperands(condition)
      } else {
        collect(condition, true)
      }
    } else {
      // A callee comes before its arguments.
      if shape.contains(.a) { collect(Value(node.a), acceptsAccumulator(node, 0)) }
      let last = node.b &+ node.c &- 1
      for position in node.b..<node.b + node.c {
        let value = Value(function.operands[position])
        let accepts =
          node.operation == .return
          ? node.c == 1 && function.nodes[value].type != .v128
          : position == last && node.operation == Operation(.callIndirect)
        collect(value, accepts)
      }
    }
  }

  @inline(__always)
  mutating func collect(_ value: Value, _ accepts: Bool) {
    realOperands.append(RealOperand(value: value, acceptsAccumulator: accepts))
  }

  /// Whether the load that a branch compares has a variable address.
  private mutating func readsAddress(_ index: Int, _ node: Node) -> Bool {
    let tested = function.nodes[testedNode(node).value]
    let load = function.nodes[facts[index].fusion == .comparedA ? tested.a : tested.b]
    return !function.nodes[load.a].operation.isScalarConstant
  }

  private mutating func collectFusedOperands(_ index: Int, _ node: Node) {
    collectVariables(of: index)
    let fusion = facts[index].fusion
    let isCompared = fusion == .comparedA || fusion == .comparedB
    let readsAddress = !isCompared || readsAddress(index, node)
    for position in 0..<realOperands.count {
      let value = realOperands[position].value
      // A value that is read twice is read from its slot. So is what a loaded value is compared with.
      var accepts = fusion == .address ? node.c == 0 : fusion != .copied
      if fusion.isVector { accepts = realOperands[position].acceptsAccumulator }
      if isCompared && (position > 0 || !readsAddress) { accepts = false }
      for other in 0..<realOperands.count where other != position && realOperands[other].value == value {
        accepts = false
      }
      realOperands[position].acceptsAccumulator = accepts
    }
  }

  private mutating func collectComparisonOperands(_ condition: Value) {
    let node = function.nodes[condition]
    if node.operation.info.shape.contains(.b) {
      collect(Value(node.a), node.a != node.b)
      collect(Value(node.b), node.a != node.b)
    } else if facts[node.a].residence == .fused {
      collectComparisonOperands(Value(node.a))
    } else {
      collect(Value(node.a), true)
    }
  }

  /// Whether operand `position` of `node` has a form that reads the accumulator.
  private mutating func acceptsAccumulator(_ node: Node, _ position: Int) -> Bool {
    if node.operation == .switch { return true }
    guard let opcode = node.operation.opcode else { return false }
    switch opcode {
    case .select: return position == 2
    case .globalSet: return function.nodes[node.a].type != .v128
    default: break
    }
    let info = opcode.operationInfo
    if info.isScalarAccess { return node.imm <= UInt64(UInt32.max) && node.c == 0 }
    return info.isPlainScalar || node.operation.isVector && acceptsHeld(node, position)
  }

  // MARK: Lifetimes

  /// The values that a block's edges pass to parameters are used at its end.
  private mutating func passAlongEdges(from block: Int, at position: UInt32) {
    let terminator = function.nodes[Int(function.blocks[block].end) - 1]
    switch terminator.operation {
    case .jump: passAlong(terminator.a, from: block, at: position, isJump: true)
    case .branch:
      passAlong(terminator.b, from: block, at: position, isJump: false)
      passAlong(terminator.c, from: block, at: position, isJump: false)
    case .switch:
      // An edge may stand there many times; they ascend in the order in which they first do.
      var last: UInt32?
      for place in terminator.b..<terminator.b + terminator.c {
        let edge = function.operands[place]
        if let last, edge <= last { continue }
        last = edge
        passAlong(edge, from: block, at: position, isJump: false)
      }
    default: break
    }
  }

  private mutating func passAlong(_ edge: UInt32, from block: Int, at position: UInt32, isJump: Bool) {
    let target = Int(function.edges[edge].to.index)
    var parameter = function.blocks[target].firstParameter
    while parameter != .max {
      let node = function.nodes[parameter]
      if facts[parameter].uses > 0 {
        let value = Value(function.operands[node.a + places[edge]])
        use(value, at: position, block: block)
        // Moves on the edges of a conditional branch may stand behind a label of their own.
        if !isJump { facts[value].cross() }
      }
      parameter = node.c
    }
  }

  private mutating func use(_ value: Value, at position: UInt32, block: Int) {
    noteUse(value, at: position)
    var end = position
    let definition = lifetimes[value].block
    if definition != UInt32(block) {
      facts[value].cross()
      // The outermost loop around the use that does not contain the definition: the value lives to its end.
      var low = 0
      var high = openLoops.count
      while low < high {
        let middle = (low + high) / 2
        if openLoops[middle] > definition { high = middle } else { low = middle + 1 }
      }
      if low < openLoops.count {
        end = max(end, UInt32(2 * (Int(function.blocks[loopEnds[openLoops[low]]].end) - 1) + 1))
      }
    }
    if end > lifetimes[value].end { lifetimes[value].end = end }
  }

  /// Arguments that are computed for this call alone, with no other call in between, are computed in their place.
  private mutating func directArguments(_ call: Int, block: Int) {
    let node = function.nodes[call]
    var slot = Int32(function.depth(of: call))
    let count = node.operation == Operation(.callIndirect) ? node.c - 1 : node.c
    // No call lies between a value and this one if the value is younger than the last call, or its result.
    for position in node.b..<node.b + count {
      let value = Value(function.operands[position])
      let type = function.nodes[value].type
      if facts[value].residence == .slot && facts[value].uses == 1 && lifetimes[value].block == UInt32(block)
        && !function.nodes[value].operation.info.effects.contains(.phantom) && Int(value.index) >= lastCall
        && function.nodes[value].operation != .argument && function.nodes[value].operation != .result
      {
        // A value that meets others has a use on an edge, and so another than this one.
        assert(!facts[value].isRelated)
        facts[value].passDirectly()
        facts[value].slot = Lowering.outgoing + slot
      }
      slot += Int32(type.slotCount)
    }
  }
}
