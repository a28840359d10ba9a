// One function in SSA form: arenas of nodes, blocks, edges and operand lists.
//
// Order carries meaning. Blocks are numbered in layout order, which is that of the Wasm code: an edge to a higher number
// goes forward, an edge to the same or a lower number is a back edge and its target a loop header. The nodes of a block
// are contiguous in `nodes` (block parameters, which can be created later, may lie anywhere).

import WebAssembly

public struct BlockData: BitwiseCopyable, Sendable {
  /// The block's nodes: `first ..< end`, the last of them a terminator. Nodes with operation `parameter` or `removed` in
  /// the range are not instructions.
  public var first: UInt32 = 0
  public var end: UInt32 = 0
  /// Incoming edges: `predecessors[predecessorStart ..< predecessorStart + predecessorCount]`.
  public var predecessorStart: UInt32 = 0
  public var predecessorCount: UInt32 = 0
  /// The first block parameter, or `UInt32.max`.
  public var firstParameter: UInt32 = .max
  /// For a loop header: the highest block from which an edge or an inner loop leads back to it, so that the ranges from
  /// header to end nest; else `UInt32.max`. See `computeLoops`.
  public var loopEnd: UInt32 = .max
  /// Header of the innermost loop whose range has the block (itself, if it is one); `UInt32.max` outside loops.
  public var loopHeader: UInt32 = .max
  public var isReachable = true
  public init() {}
}

public struct Edge: BitwiseCopyable, Sendable {
  public var from: Block
  public var to: Block
  public init(from: Block, to: Block) {
    self.from = from
    self.to = to
  }
}

public struct IRFunction: ~Copyable {
  /// Index in the module's function index space.
  public var index: UInt32
  public var parameterTypes: [IRType]
  public var resultTypes: [IRType]
  public var nodes = GrowableBuffer<Node>(minimumCapacity: 256)
  /// Byte offset in the module of the operator that each node comes from; as long as `nodes`.
  public var offsets = GrowableBuffer<UInt32>(minimumCapacity: 256)
  public var blocks = GrowableBuffer<BlockData>()
  public var edges = GrowableBuffer<Edge>()
  /// Edge ids, grouped by target block, ascending within each block.
  public var predecessors = GrowableBuffer<UInt32>()
  /// Operand lists: value indices, or edge ids for `switch`.
  public var operands = GrowableBuffer<UInt32>()
  /// 128-bit immediates, low half first.
  public var vectors = GrowableBuffer<(UInt64, UInt64)>(minimumCapacity: 4)
  /// Types of the pinned locals; empty in the usual case that locals are in SSA form. A function's parameters come first
  /// and have the arguments' values on entry (there are no `argument` nodes then); the others are zero.
  public var pinnedLocals: [IRType] = []
  /// The logical frame: what a call of this function costs of the stack limit, in slots (`StackCost`).
  public var frameCost: Int = 0
  /// The calls whose callees' bodies stand in their places, in the order of their offsets.
  public var sites = GrowableBuffer<InlineSite>(minimumCapacity: 4)
  /// Whether the function is so large that each step gives back the memory that the next one doesn't need, instead of keeping
  /// it for the next function.
  package var isLarge = false

  public init(index: UInt32, parameterTypes: [IRType], resultTypes: [IRType]) {
    self.index = index
    self.parameterTypes = parameterTypes
    self.resultTypes = resultTypes
  }

  /// Makes this another function, without contents, in the memory that it has.
  mutating func reset(index: UInt32, parameterTypes: [IRType], resultTypes: [IRType]) {
    self.index = index
    self.parameterTypes = parameterTypes
    self.resultTypes = resultTypes
    nodes.truncate(to: 0)
    offsets.truncate(to: 0)
    blocks.truncate(to: 0)
    edges.truncate(to: 0)
    predecessors.truncate(to: 0)
    operands.truncate(to: 0)
    vectors.truncate(to: 0)
    if !pinnedLocals.isEmpty { pinnedLocals = [] }
    frameCost = 0
    sites.truncate(to: 0)
    isLarge = false
  }

  /// A function without contents, to be filled by others.
  init() { self.init(index: 0, parameterTypes: [], resultTypes: []) }

  /// Adds a node and returns the value that it defines.
  @inline(__always) @discardableResult
  public mutating func add(_ node: Node, offset: UInt32) -> Value {
    let value = Value(nodes.count)
    nodes.append(node)
    offsets.append(offset)
    return value
  }

  /// The value that `value` stands for, looking through copies (and shortening chains of them).
  @inline(__always)
  public mutating func resolve(_ value: Value) -> Value {
    if nodes[value].operation != .copy { return value }
    return resolveChain(value)
  }

  private mutating func resolveChain(_ value: Value) -> Value {
    var root = value
    while nodes[root].operation == .copy { root = Value(nodes[root].a) }
    var next = value
    while nodes[next].operation == .copy {
      let following = Value(nodes[next].a)
      nodes[next].a = root.index
      next = following
    }
    return root
  }
}
