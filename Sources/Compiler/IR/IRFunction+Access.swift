// Reading a function: its blocks' nodes, parameters and edges.

extension IRFunction {
  /// Indices of the block's nodes; some may be `removed`, `copy` or `parameter`, which are not instructions.
  @inline(__always)
  public func nodeRange(of block: Int) -> Range<Int> { Int(blocks[block].first)..<Int(blocks[block].end) }

  /// Whether the node at `index` has a result that instructions use: parameters of blocks apart.
  @inline(__always)
  public func definesValue(_ index: Int) -> Bool {
    let node = nodes[index]
    return node.type != .none && node.operation != .parameter && node.operation != .removed
  }

  /// Calls `body` with the node index of each parameter of the block, in order.
  @inline(__always)
  public func forEachParameter(of block: Int, _ body: (Int) -> Void) {
    var parameter = blocks[block].firstParameter
    while parameter != .max {
      body(Int(parameter))
      parameter = nodes[parameter].c
    }
  }

  /// Calls `body` with the edges that enter the block, in the order of its parameters' incoming values.
  @inline(__always)
  public func forEachPredecessor(of block: Int, _ body: (UInt32) -> Void) {
    let start = blocks[block].predecessorStart
    for position in start..<start + blocks[block].predecessorCount { body(predecessors[position]) }
  }

  /// Calls `body` with the edges that leave the block, each once, in the order of its terminator.
  @inline(__always)
  public func forEachSuccessor(of block: Int, _ body: (UInt32) -> Void) {
    let node = nodes[blocks[block].end - 1]
    switch node.operation {
    case .jump: body(node.a)
    case .branch:
      body(node.b)
      body(node.c)
    case .switch:
      // The same edge may stand there many times, but is numbered when it is first named: so new ones ascend.
      var last: UInt32?
      for position in node.b..<node.b + node.c {
        let edge = operands[position]
        if let last, edge <= last { continue }
        last = edge
        body(edge)
      }
    default: break
    }
  }

  /// Where `edge` is among the predecessors of its target: predecessors ascend.
  public func position(ofEdge edge: UInt32) -> Int? {
    let block = blocks[edges[edge].to]
    var low = Int(block.predecessorStart)
    var high = low + Int(block.predecessorCount)
    while low < high {
      let middle = (low + high) / 2
      if predecessors[middle] < edge { low = middle + 1 } else { high = middle }
    }
    guard low < Int(block.predecessorStart + block.predecessorCount), predecessors[low] == edge else { return nil }
    return low - Int(block.predecessorStart)
  }
}
