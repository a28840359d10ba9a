// Which blocks lie on every path to which.
//
// Layout order is a topological order of the forward edges, and back edges lead to blocks that dominate their sources
// (the verifier checks both), so one pass over the forward edges is enough. O(edges × log blocks).

struct DominatorTree: ~Copyable {
  private var forest = AncestorForest()
  /// Position of each block in `forest`; blocks that are not reachable have none.
  private var entries = GrowableBuffer<UInt32>()

  init(_ function: borrowing IRFunction) {
    forest.reset()
    entries.append(repeating: .max, count: function.blocks.count)
    entries[0] = 0
    for block in 1..<max(function.blocks.count, 1) where function.blocks[block].isReachable {
      var parent = UInt32.max
      let start = function.blocks[block].predecessorStart
      for position in start..<start + function.blocks[block].predecessorCount {
        let from = Int(function.edges[function.predecessors[position]].from.index)
        if from >= block || entries[from] == .max { continue }
        parent = parent == .max ? entries[from] : forest.common(parent, entries[from])
      }
      if parent == .max { continue }
      entries[block] = UInt32(forest.count)
      forest.add(key: UInt32(block), parent: parent)
    }
  }

  /// The nearest other block on every path to `block`; `nil` for the entry and for blocks that no path leads to.
  func immediateDominator(of block: Int) -> Int? {
    if block == 0 || entries[block] == .max { return nil }
    return Int(forest.key(forest.parent(entries[block])))
  }

  /// Whether every path to `second` leads through `first`; a block dominates itself.
  func dominates(_ first: Int, _ second: Int) -> Bool {
    if first == second { return true }
    if first > second || entries[first] == .max || entries[second] == .max { return false }
    return forest.nearest(entries[second], atMost: UInt32(first)) == entries[first]
  }
}
