// Completing a function's block structure after its nodes have been written: predecessors, parameter lists, copies.

extension IRFunction {
  /// Groups the edges by target: fills `predecessors`, ascending within each block.
  package mutating func groupPredecessors() {
    for edge in 0..<edges.count { blocks[edges[edge].to].predecessorCount += 1 }
    var start: UInt32 = 0
    for block in 0..<blocks.count {
      blocks[block].predecessorStart = start
      start += blocks[block].predecessorCount
      blocks[block].predecessorCount = 0
    }
    predecessors.truncate(to: 0)
    predecessors.append(repeating: 0, count: Int(start))
    for edge in 0..<edges.count {
      let to = edges[edge].to
      predecessors[blocks[to].predecessorStart + blocks[to].predecessorCount] = UInt32(edge)
      blocks[to].predecessorCount += 1
    }
  }

  /// Makes the blocks' parameter lists of those in `parameters` that are still parameters, in that order.
  package mutating func linkParameters(_ parameters: borrowing GrowableBuffer<UInt32>) {
    var index = parameters.count
    while index > 0 {
      index -= 1
      let parameter = parameters[index]
      let node = nodes[parameter]
      if node.operation != .parameter { continue }
      nodes[parameter].c = blocks[node.b].firstParameter
      blocks[node.b].firstParameter = parameter
    }
  }

  /// Makes a parameter whose incoming values are all one value (or itself) a copy of it. Returns whether it did.
  mutating func simplifyParameter(_ parameter: UInt32) -> Bool {
    let node = nodes[parameter]
    if node.operation != .parameter { return false }
    var unique = Value.none
    for position in node.a..<node.a + blocks[node.b].predecessorCount {
      let value = resolve(Value(operands[position]))
      if value.index == parameter || value == unique { continue }
      if unique != .none { return false }
      unique = value
    }
    if unique == .none { return false }
    nodes[parameter] = Node(.copy, type: node.type, a: unique.index)
    return true
  }

  /// Replaces operands that are copies by what they stand for, and removes the copies.
  mutating func removeCopies() {
    for index in 0..<nodes.count where nodes[index].operation != .copy {
      mapOperands(of: index) { function, value in function.resolve(value) }
    }
    for index in 0..<nodes.count where nodes[index].operation == .copy { nodes[index] = Node(.removed) }
  }
}
