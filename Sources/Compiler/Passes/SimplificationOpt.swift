// Simplifies a function in one walk over its blocks, writing it anew: constants are folded, equal computations become one
// (value numbering), copies disappear, branches on constants become jumps, what they no longer reach is left out, blocks
// in a straight line are joined, edges to blocks that only jump go where these do, as do those to tests that they decide, and what memory is known to hold is not
// loaded.
//
// The walk is in layout order. All that a block uses is written before it, but for what comes over back edges, so each
// old value has its new one (`values`) when it is needed. The new function is compact: no copies, no removed nodes.
//
// `Simplification+Blocks` and `Simplification+Threading` have the control flow, `Simplification+Nodes` the nodes, `Simplification+Memory` those with effects,
// `ConstantFolding` and `Identities` what a node can become.

import WebAssembly

/// The pass. Methods are mutating even where they change nothing, as in `Lowering`.
struct SimplificationOpt: ~Copyable {
  /// Of an edge of the new function, whose `to` is the old number of the block that it leads to until `finish`.
  struct EdgeRecord: BitwiseCopyable {
    /// The next edge into the same block.
    var next: UInt32
    /// Where the values for the block's parameters are in `arguments`; `UInt32.max` if it leads to a new block, which only
    /// charges.
    var arguments: UInt32
  }

  /// Of a block of the old function.
  struct BlockRecord: BitwiseCopyable {
    /// Its new number; `UInt32.max` if it is not written, or joined to another block.
    var number = UInt32.max
    /// New edges into it: the first and the last of a list, oldest first.
    var firstEdge = UInt32.max
    var lastEdge = UInt32.max
    /// `remaining` in 29 bits, then `isMeeting`, whether `link` is `headerParameters`, and `isDone`.
    private var state: UInt32 = 0
    private var link = UInt32.max

    @inline(__always) var hasEdges: Bool { firstEdge != .max }

    /// Old edges into it that the walk has not come to.
    @inline(__always)
    var remaining: UInt32 {
      get { state & ~(7 << 29) }
      set { state = state & 7 << 29 | newValue }
    }

    @inline(__always) var isDone: Bool { state >> 31 != 0 }
    @inline(__always) mutating func finish() { state |= 1 << 31 }

    /// Of a loop's header that is written: what `isMeeting` says of it.
    @inline(__always) var isMeeting: Bool { state & 1 << 29 != 0 }
    mutating func meet() { state |= 1 << 29 }

    /// Only tests what its parameters bring, and defines nothing that others use.
    var isTest = false

    /// The edge of its jump, if it does nothing else; else `UInt32.max`.
    @inline(__always)
    var onlyJump: UInt32 {
      get { state & 1 << 30 == 0 ? link : .max }
      set { link = newValue }
    }

    /// Of a loop's header that is written, which never only jumps: its first parameter in `headerParameters`; else
    /// `UInt32.max`.
    @inline(__always)
    var headerParameters: UInt32 {
      get { state & 1 << 30 == 0 ? .max : link }
      set {
        state |= 1 << 30
        link = newValue
      }
    }
  }

  /// Of a parameter of an old loop header.
  struct HeaderParameter: BitwiseCopyable {
    var parameter: UInt32
    /// Where its incoming values start in the old function's operands.
    var incoming: UInt32
  }

  /// Of a parameter of a new loop header.
  struct LoopParameter: BitwiseCopyable {
    var value: UInt32
    /// The old header, and the parameter's place among the parameters of that.
    var block: UInt32
    var index: UInt32
  }

  let context: FrontendContext
  var old = IRFunction()
  var new = IRFunction()
  /// The new value of each old one; `UInt32.max` for none yet.
  var values = GrowableBuffer<UInt32>()
  var records = GrowableBuffer<BlockRecord>()
  /// Place of each old edge among its target's predecessors.
  var positions = GrowableBuffer<UInt32>()
  var edgeRecords = GrowableBuffer<EdgeRecord>()
  var arguments = GrowableBuffer<UInt32>()
  var dominators = AncestorForest()
  /// Block of each new node.
  var blockOf = GrowableBuffer<UInt32>()
  var table = ValueTable()
  /// What memories and globals are known to hold.
  var memory = MemoryKnowledge()
  /// Old nodes that may write memories, and where those of each old block begin, and how many old nodes before it may set
  /// globals; one more than blocks. Empty without loops, which need them.
  var writes = GrowableBuffer<UInt32>()
  var firstWrites = GrowableBuffer<UInt32>()
  var firstSets = GrowableBuffer<UInt32>()
  /// Of loops with more writes nothing is known.
  static let loopWrites = 8
  /// The last new node if that is a store, or what followed can't tell that it has been executed; else `UInt32.max`.
  var lastStore = UInt32.max
  /// New number of the block being written.
  var current: UInt32 = 0
  /// Offset that new nodes get.
  var offset: UInt32 = 0
  /// How many more values edges may carry because they were led around blocks.
  var growth = 0
  /// All block parameters of the new function.
  var parameters = GrowableBuffer<UInt32>()
  /// The block that only tests and defines an old node; `UInt32.max` for none. Empty without such blocks.
  var confined = GrowableBuffer<UInt32>()
  /// Edges of the block being written that charge.
  var splits = GrowableBuffer<Split>()
  var loopParameters = GrowableBuffer<LoopParameter>()
  /// Old loop headers' parameters, one header's after the other, with an end mark (`UInt32.max`) behind each: their nodes
  /// may be discarded when the back edges are written.
  var headerParameters = GrowableBuffer<HeaderParameter>()
  /// Nodes of a large old function that were discarded; `Int.max` if they must stay.
  var discarded = 0
  /// The block before which all are written, or will not be; of a large function.
  var front = 0
  /// Scratch: blocks to be left out.
  var unreached = GrowableBuffer<UInt32>()
  /// Scratch for the new edges of a `switch`, by old edge.
  var switchEdges = GrowableBuffer<UInt32>()

  init(_ context: FrontendContext) { self.context = context }

  /// Simplifies `function`. Returns whether running again may find more.
  mutating func run(_ function: inout IRFunction) -> Bool {
    swap(&function, &old)
    new.reset(index: old.index, parameterTypes: old.parameterTypes, resultTypes: old.resultTypes)
    new.pinnedLocals = old.pinnedLocals
    new.frameCost = old.frameCost
    swap(&new.sites, &old.sites)
    new.isLarge = old.isLarge
    prepare()
    for block in 0..<old.blocks.count where old.blocks[block].isReachable && !records[block].isDone {
      if old.isLarge {
        front = block
        if block > 0 { discardNodes(before: Int(old.blocks[block - 1].end)) }
      }
      if block != 0 && !records[block].hasEdges {
        leaveOut(block)
        continue
      }
      startBlock(block)
      var next: Int? = block
      while let block = next { next = writeBlock(block) }
    }
    let findsMore = finish()
    // The three take turns: the next function is written where this one's predecessor was.
    swap(&function, &new)
    if function.isLarge { self = SimplificationOpt(context) }
    return findsMore
  }

  /// Gives back the memory of old nodes before `index`, which are written, and of blocks. What later blocks need of earlier
  /// ones is in `records` and `headerParameters`.
  mutating func discardNodes(before index: Int) {
    if index < discarded || index - discarded < SimplificationOpt.discardedStep { return }
    discarded = index
    old.nodes.discard(before: index)
    old.offsets.discard(before: index)
    old.blocks.discard(before: max(front - 1, 0))
  }

  /// So many nodes are discarded at once.
  static var discardedStep: Int { 1 << 14 }

  private mutating func prepare() {
    values.truncate(to: 0)
    values.append(repeating: .max, count: old.nodes.count)
    records.truncate(to: 0)
    records.append(repeating: BlockRecord(), count: old.blocks.count)
    positions.truncate(to: 0)
    positions.append(repeating: 0, count: old.edges.count)
    edgeRecords.truncate(to: 0)
    arguments.truncate(to: 0)
    dominators.reset()
    blockOf.truncate(to: 0)
    parameters.truncate(to: 0)
    loopParameters.truncate(to: 0)
    headerParameters.truncate(to: 0)
    discarded = old.isLarge && canDiscardNodes() ? 0 : .max
    table.reset(count: old.nodes.count)
    memory.reset()
    findWrites()
    growth = 256 + old.operands.count
    for block in 0..<old.blocks.count where old.blocks[block].isReachable {
      let data = old.blocks[block]
      for position in 0..<data.predecessorCount {
        positions[old.predecessors[data.predecessorStart + position]] = position
      }
      records[block].remaining = data.predecessorCount
      let last = old.nodes[data.end - 1]
      if last.operation == .jump && data.loopEnd == .max && block != 0 && isEmpty(data) {
        records[block].onlyJump = last.a
      }
    }
    findTests()
    if old.isLarge { confined = GrowableBuffer() }
  }

  /// Whether the old nodes stand in the order of the blocks, and a block's parameters behind the nodes of the blocks before it.
  private mutating func canDiscardNodes() -> Bool {
    var end: UInt32 = 0
    for block in 0..<old.blocks.count where old.blocks[block].isReachable {
      if old.blocks[block].first < end { return false }
      var parameter = old.blocks[block].firstParameter
      while parameter != .max {
        if parameter < end { return false }
        parameter = old.nodes[parameter].c
      }
      end = old.blocks[block].end
    }
    return true
  }

  /// Whether nothing stands before the block's terminator.
  private mutating func isEmpty(_ block: BlockData) -> Bool {
    for index in block.first..<block.end - 1 {
      let operation = old.nodes[index].operation
      if operation != .removed && operation != .parameter && operation != .copy { return false }
    }
    return true
  }

  /// Adds a node to the current block.
  @inline(__always) @discardableResult
  mutating func add(_ node: Node) -> UInt32 {
    blockOf.append(current)
    return new.add(node, offset: offset).index
  }
}
