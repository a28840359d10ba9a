// Lowering: from the SSA form of one function to threaded code.
//
// In order: analysis (uses, residences, lifetimes), slot allocation, emission block by block. All of it is linear in the
// function's size, up to the logarithm of the depth of loops and of the number of live values.

import WebAssembly

/// What lowering any function of a module needs to know; shared by all threads.
public struct LoweringContext: Sendable {
  let spaces: IndexSpaces
  let policy: MeteringPolicy
  /// Result and parameter slots by type index.
  let signatures: [SignatureSlots]
  /// First slot of each result by type index.
  let resultOffsets: [[Int]]
  let functionTypes: [UInt32]
  let importedFunctions: Int
  let wideMemories: [Bool]
  let wideTables: [Bool]
  /// Slots from this number on are reached by wide moves only. Tests lower it to force them.
  let narrowSlots: Int
  /// Costs from this number on do not fit a branch's field. Tests lower it likewise.
  let narrowCost: UInt64

  public init(
    module: Module, spaces: IndexSpaces, policy: MeteringPolicy, narrowSlots: Int = 65_536, narrowCost: UInt64 = 65_536
  ) {
    self.spaces = spaces
    self.policy = policy
    signatures = module.types.map { type in
      guard case .function(let function) = type.composite else {
        return SignatureSlots(parameters: 0, results: 0, scalar: .none)
      }
      let results = function.results.reduce(0) { $0 + $1.slotCount }
      return SignatureSlots(
        parameters: function.parameters.reduce(0) { $0 + $1.slotCount }, results: results,
        scalar: function.results.count == 1 && results == 1 ? IRType(function.results[0]) : .none)
    }
    resultOffsets = module.types.map { type in
      guard case .function(let function) = type.composite else { return [] }
      var offset = 0
      return function.results.map { result in
        defer { offset += result.slotCount }
        return offset
      }
    }
    functionTypes = spaces.functions
    importedFunctions = spaces.importedFunctionCount
    wideMemories = spaces.memories.map { $0.limits.address == .i64 }
    wideTables = spaces.tables.map { $0.limits.address == .i64 }
    self.narrowSlots = narrowSlots
    self.narrowCost = narrowCost
  }
}

struct SignatureSlots: Sendable {
  var parameters: Int
  var results: Int
  /// The type of the single result that travels in an accumulator; `.none` for other shapes.
  var scalar: IRType
}

/// Lowers one function after the other, reusing its memory. One per thread.
///
/// Methods are mutating even where they change nothing: the compiler lends so large a value to a borrowing method by moving
/// it out and back, a kilobyte each time.
struct Lowering: ~Copyable {
  var function = IRFunction()
  let context: LoweringContext
  var facts = GrowableBuffer<ValueFacts>()
  var lifetimes = GrowableBuffer<Lifetime>()
  /// By block: the last block of the loop that it heads, else `UInt32.max`.
  var loopEnds = GrowableBuffer<UInt32>()
  var openLoops = GrowableBuffer<UInt32>()
  var lastCall = 0
  var realOperands = GrowableBuffer<RealOperand>()
  /// Of each value in `classed`.
  var classes = GrowableBuffer<SlotClass>()
  var intervals = GrowableBuffer<LoweringInterval>()
  var buckets = GrowableBuffer<UInt32>()
  var chain = GrowableBuffer<UInt32>()
  var ends = Heap<SlotEnd>()
  var crossingSlots = SlotPool()
  var localSlots = SlotPool()
  /// The values that can share slots, ascending; those that edges compute are among them.
  var classed = GrowableBuffer<UInt32>()
  /// By parameter's first slot and by parameter: whether a class is bound to it, and where it is.
  var isBound = GrowableBuffer<Bool>()
  var parameterStart = GrowableBuffer<Int32>()
  /// The nodes with code of their own, block by block, and where each block's are.
  var emittedNodes = GrowableBuffer<UInt32>()
  var emittedStart = GrowableBuffer<UInt32>()
  /// By block: the charge that begins it, which its incoming edges make; `UInt32.max` if there is none.
  var headCharges = GrowableBuffer<UInt32>()
  /// By edge: its place among the predecessors of its target.
  var places = GrowableBuffer<UInt32>()
  /// By node: whether dropping a conversion would be of no use, or whether a vector constant needs a slot.
  var isNeeded = GrowableBuffer<Bool>()
  /// Whether a value is a vector.
  var hasVectors = false
  /// For LiveSegments: uses of values that meet in block parameters, and the walk's state.
  var useRecords = GrowableBuffer<UseRecord>()
  var aliveAtEnd = GrowableBuffer<UInt32>()
  var pendingBlocks = GrowableBuffer<UInt32>()
  var segments = GrowableBuffer<LoweringInterval>()
  var segmentBudget = 0
  /// How many segments were found, with those that are part of others.
  var segmentCount = 0
  /// Whether values that are passed along edges share slots.
  var coalesces = true
  /// Slots of pinned locals that are not parameters.
  var pinnedSlots = 0
  var resultSlots = 0
  /// Slots behind the parameters that are kept for temporaries, in large frames.
  var lowTemporaries = 0
  var temporaryBase = 0
  /// Slots from this one on take wide moves.
  var narrowSlots = 0
  /// First slot of each pinned local.
  var pinnedStart: [Int] = []
  /// Slots below this are parameters or zeroed at entry.
  var crossingEnd = 0
  /// End of the slots of values; temporaries follow.
  var frameEnd = 0
  /// Distance to the frames of callees.
  var stride = 0
  /// The first charge that is larger than the format allows.
  var unchargeable: Int?
  /// Slots for arguments and results from there on; 0 without calls.
  var outgoingSlots = 0
  /// Slots from there on that no callee's frame takes.
  var leastDepth = 0
  /// Slots that the frame may touch.
  var frameSlots = 0
  var code = CodeBuffer()
  /// The values that the accumulators hold, or none; `inFloat` may be a vector.
  var inAccumulator = Value.none
  var inFloat = Value.none
  var blockLabels = GrowableBuffer<Label>()
  /// By block: where edges to it go instead.
  var passages = GrowableBuffer<CompactPassage>()
  /// By block: what edges to it charge for what follows it.
  var prepaid = GrowableBuffer<UInt32>()
  var stubs: [Stub] = []
  /// Scratch for the ways of a `switch`, by edge.
  var ways = GrowableBuffer<SwitchWay>()
  /// The block being emitted, the next one in the layout, and the next temporary.
  var block = 0
  var nextBlock = 0
  var temporary = 0
  /// The node whose module offset belongs to the next operation that may trap or call.
  var pendingOffset: Int?
  var moves = MoveResolver()
  /// The moves of a call's arguments.
  var argumentMoves = GrowableBuffer<SlotMove>()
  /// What an edge brings to slots beside moves.
  var edgeConstants = GrowableBuffer<EdgeConstant>()
  var edgeSteps = GrowableBuffer<Node>()

  /// Slots of a callee's frame are numbered from here until the stride is known.
  static let outgoing: Int32 = 1 << 29
  /// Temporaries at the end of the frame: operands that need a slot for one operation, and cycles of moves.
  static let temporaries = 10

  /// Where edges lead in the end, and what they charge on the way.
  struct Passage: BitwiseCopyable {
    var block: Int
    var cost: UInt64
    var isCheck: Bool
  }

  /// What `passages` has. Costs below `LoweringContext.narrowCost`, which is at most 2^16, are all that go there.
  struct CompactPassage: BitwiseCopyable {
    /// `UInt32.max` for no passage.
    private var block: UInt32
    private var cost: UInt32

    static var none: CompactPassage { CompactPassage(block: .max, cost: 0) }

    private init(block: UInt32, cost: UInt32) {
      self.block = block
      self.cost = cost
    }

    init(_ passage: Passage) {
      assert(passage.cost < 1 << 31)
      block = UInt32(truncatingIfNeeded: passage.block)
      cost = UInt32(truncatingIfNeeded: passage.cost) << 1 | (passage.isCheck ? 1 : 0)
    }

    @inline(__always) var isNone: Bool { block == .max }
    @inline(__always) var passage: Passage {
      Passage(block: Int(block), cost: UInt64(cost >> 1), isCheck: cost & 1 != 0)
    }
  }

  /// A constant that an edge passes to a block parameter.
  struct EdgeConstant: BitwiseCopyable {
    var bits: UInt64
    var type: IRType
    var slot: Int
  }

  /// Where a `switch` goes along an edge, and what that charges: in the highest bit, whether it checks.
  struct SwitchWay: BitwiseCopyable {
    var label: Label
    var charge: UInt32
  }

  /// Moves on an edge that stand out of line.
  struct Stub {
    var label: Label
    var edge: UInt32
  }

  init(_ context: LoweringContext) { self.context = context }

  /// Lowers `function`, whose contents don't matter afterwards; nil if its frame would be out of proportion to its logical
  /// cost (`frameRatio`).
  ///
  /// Throws a `ModuleError` of kind `limit` where a charge is larger than the format allows.
  mutating func lower(_ function: inout IRFunction) throws(ModuleError) -> FunctionCode? {
    swap(&function, &self.function)
    defer { swap(&function, &self.function) }
    reset()
    try allocate()
    return isProportionate ? try generate() : nil
  }

  /// Lowers `function`, which has pinned locals and went through no pass, to a frame in proportion: all its values are
  /// operands, and each has a slot of its own while it is on the operand stack.
  ///
  /// Throws a `ModuleError` of kind `limit` where the frame or a charge is larger than the format allows.
  mutating func lowerInProportion(_ function: inout IRFunction) throws(ModuleError) -> FunctionCode {
    swap(&function, &self.function)
    defer { swap(&function, &self.function) }
    reset()
    coalesces = false
    try allocate()
    assert(stride <= 2 * frameRatio * self.function.frameCost)
    return try generate()
  }

  /// Forgets the last function; what each step fills anew stays until then.
  private mutating func reset() {
    coalesces = true
    lowTemporaries = 0
    outgoingSlots = 0
    leastDepth = .max
    pendingBlocks.truncate(to: 0)
    code.reset()
    stubs.removeAll(keepingCapacity: true)
    temporary = 0
    pendingOffset = nil
    moves.reset()
  }
}

extension Lowering {
  /// Finds the slots of all values.
  mutating func allocate() throws(ModuleError) {
    // Results are returned in the first slots of the frame, and temporaries must not be among them: they help to put them
    // there.
    let parameterSlots = function.parameterTypes.reduce(0) { $0 + $1.slotCount }
    resultSlots = function.resultTypes.reduce(0) { $0 + $1.slotCount }
    let borderSlots = max(parameterSlots, resultSlots)
    narrowSlots = max(context.narrowSlots, borderSlots + Lowering.temporaries)
    dropConversions()
    if function.isLarge { isNeeded = GrowableBuffer() }
    unchargeable = nil
    analyse()
    if let unchargeable {
      throw exceeds("a straight run of operators that costs \(function.nodes[unchargeable].imm)", at: unchargeable)
    }
    placePinnedLocals()
    allocateSlots()
    placeCallees()
    if temporaryBase + Lowering.temporaries > narrowSlots {
      // Temporaries must be reachable by narrow fields: they go before the other slots.
      lowTemporaries = borderSlots - parameterSlots + Lowering.temporaries
      placePinnedLocals()
      scan()
      placeCallees()
      temporaryBase = borderSlots
    }
    if function.isLarge { releaseClasses() }
    let outgoing = outgoingSlots == 0 ? 0 : stride + outgoingSlots
    frameSlots = max(frameEnd, temporaryBase + Lowering.temporaries, outgoing, resultSlots)
  }

  /// Whether the frame is at most `frameRatio` times what it costs. What coalescing, common subexpressions or values that
  /// live long make of it has no such bound; recursion would end before the stack's limit.
  var isProportionate: Bool {
    stride <= frameRatio * function.frameCost && frameSlots <= frameRatio * function.frameCost + frameReserve
  }

  mutating func generate() throws(ModuleError) -> FunctionCode {
    guard frameSlots < 1 << 24 else { throw exceeds("a frame of \(frameSlots) slots", at: 0) }
    emit()
    code.resolve()
    var result = FunctionCode()
    result.frameSlots = frameSlots
    result.frameCost = function.frameCost
    let isLarge = function.isLarge
    if isLarge { releaseFunction() }
    result.words = Array(code.words.elements)
    result.locations = Array(code.locations.elements)
    if isLarge { code = CodeBuffer() }
    return result
  }

  /// Gives back the memory that the last function took.
  mutating func release() { self = Lowering(context) }

  /// Gives back what only finding slots needs.
  private mutating func releaseClasses() {
    lifetimes = GrowableBuffer()
    classed = GrowableBuffer()
    classes = GrowableBuffer()
    intervals = GrowableBuffer()
    buckets = GrowableBuffer()
    chain = GrowableBuffer()
    ends = Heap()
    crossingSlots = SlotPool()
    localSlots = SlotPool()
  }

  /// Gives back everything but the code.
  private mutating func releaseFunction() {
    function = IRFunction()
    facts = GrowableBuffer()
    loopEnds = GrowableBuffer()
    emittedNodes = GrowableBuffer()
    emittedStart = GrowableBuffer()
    headCharges = GrowableBuffer()
    places = GrowableBuffer()
    blockLabels = GrowableBuffer()
    passages = GrowableBuffer()
    prepaid = GrowableBuffer()
    ways = GrowableBuffer()
    stubs = []
    code.releaseLabels()
  }

  private mutating func placePinnedLocals() {
    var slot = 0
    pinnedStart.removeAll()
    pinnedSlots = 0
    for (index, type) in function.pinnedLocals.enumerated() {
      if index == function.parameterTypes.count {
        slot = function.parameterTypes.reduce(0) { $0 + $1.slotCount } + lowTemporaries
      }
      pinnedStart.append(slot)
      slot += type.slotCount
      if index >= function.parameterTypes.count { pinnedSlots += type.slotCount }
    }
  }

  /// Decides where callees' frames begin: at the frame's logical cost, so that the stack's limit is met at the same call
  /// whatever the layout; or behind our own slots if those are more. And where temporaries are: behind the outgoing
  /// arguments, which may stand there long before their call. Temporaries are dead at calls, so frames may overlap them.
  /// Calls in bodies that stand in place of calls have their callees' frames behind the logical frames of these.
  private mutating func placeCallees() {
    let depth = outgoingSlots == 0 ? 0 : leastDepth
    stride = max(function.frameCost, frameEnd + 1 - depth)
    let fitsBefore = outgoingSlots == 0 || max(frameEnd, resultSlots) + Lowering.temporaries < stride + depth
    temporaryBase = max(fitsBefore ? frameEnd : stride + outgoingSlots, resultSlots)
  }

  /// Counts the slots that the call `node`, at `index`, needs for arguments and results.
  mutating func countOutgoingSlots(_ index: Int, _ node: Node) {
    let signature: SignatureSlots
    switch node.operation.opcode {
    case .call, .returnCall: signature = context.signatures[Int(context.functionTypes[Int(node.imm)])]
    default: signature = context.signatures[Int(node.imm & 0xFFFF_FFFF)]
    }
    // A call names a slot for its result even if it has none: the first outgoing one.
    let depth = function.depth(of: index)
    leastDepth = min(leastDepth, depth)
    outgoingSlots = max(outgoingSlots, depth + max(signature.parameters, signature.results, 1))
  }

  private mutating func exceeds(_ what: String, at node: Int) -> ModuleError {
    ModuleError(
      .limit, .limitExceeded, offset: node < function.offsets.count ? function.moduleOffset(function.offsets[node]) : 0,
      function: function.index, detail: what)
  }

  /// A value's slot in the frame.
  @inline(__always)
  mutating func slot(of value: Value) -> Int {
    let slot = facts[value].slot
    assert(slot >= 0)
    return slot >= Lowering.outgoing ? Int(slot - Lowering.outgoing) + stride : Int(slot)
  }
}
