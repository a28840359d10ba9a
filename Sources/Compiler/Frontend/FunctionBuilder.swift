// Builds the SSA form of function bodies, in one walk over the operators.
//
// The operand stack holds values; operators become nodes of the current block. Blocks are numbered as they are begun: a
// forward label gets its block at its `end`, when all branches to it are known, a loop its header at `loop`. Locals have
// no place of their own: `FunctionBuilder+Locals` finds the value that reaches a use. Code is in one of three modes:
//
// - live: nodes are emitted;
// - skipping: after an unconditional branch the operators are decoded for their nesting only;
// - dead: after the `end` of a construct that nothing leaves, code is valid and has typed operands, although nothing
//   reaches it. Nodes are emitted, so that operand heights are counted (`StackCost`), and cut off again at its end; no
//   edges come from it.

import WasmBinary
import WebAssembly

/// Builds one function after the other, reusing its scratch memory. One per thread.
public struct FunctionBuilder: ~Copyable {
  let context: FrontendContext
  let tables: FrontendTables
  var ir = IRFunction()

  // Where the walk is.
  enum Mode: UInt8 { case live, dead, skipping }
  var mode = Mode.live
  /// Constructs opened while skipping and not yet closed.
  var skipDepth = 0
  /// Numbers of nodes, operands and vectors when dead code began; -1 if none was emitted since the last live block.
  var deadStart = (nodes: -1, operands: 0, vectors: 0)
  /// Offset of the present operator.
  var offset: UInt32 = 0
  var current: UInt32 = 0

  // The operand stack.
  var stack = GrowableBuffer<UInt32>(minimumCapacity: 64)
  /// How many of the stack's values are v128, which take two slots.
  var vectorCount = 0
  var greatestHeight = 0

  // Control.
  var frames = GrowableBuffer<ControlFrame>()
  /// Of each edge: the next edge to the same label and where its values are.
  var edgeInfo = GrowableBuffer<EdgeInfo>()
  /// Values that edges carry to their labels.
  var edgeValues = GrowableBuffer<UInt32>()
  var tableStamp: UInt32 = 0
  /// The edges of the label that is being bound, oldest first.
  var bound = GrowableBuffer<UInt32>()

  // Metering (`FunctionBuilder+Metering`).
  /// The charge of the present unit, or `UInt32.max`.
  var unitCharge = UInt32.max
  var unitCost: UInt64 = 0
  /// Offset of the present unit's first operator.
  var unitStart = 0

  // Locals (`FunctionBuilder+Locals`).
  var isPinned = false
  var generation: UInt32 = 0
  var functionType: UInt32 = 0
  var parameterCount = 0
  var parameterTypes = TypeRange.empty
  var localRuns = GrowableBuffer<LocalRun>()
  var locals = GrowableBuffer<LocalState>()
  /// Of each type (by raw value), its zero in the entry block, or `UInt32.max`.
  var zeros = GrowableBuffer<UInt32>()
  var history = AncestorForest()
  var historyValues = GrowableBuffer<UInt32>()
  var dominators = AncestorForest()
  var isJoin = GrowableBuffer<Bool>()
  var joinParameters = ParameterTable()
  /// All block parameters, in the order of their creation.
  var parameters = GrowableBuffer<UInt32>()
  var loops = LoopScan()

  // Bounds.
  /// Steps taken to find values of locals, and the limit from which on the function is built with pinned locals.
  var work = 0
  var workLimit = 0
  /// Values that labels and calls multiplied, and the limit.
  var expansion = 0
  var expansionLimit = 0

  // Inlining (`FunctionBuilder+Inlining`).
  /// Whether small functions' bodies are built in place of calls.
  var inlines: Bool
  /// Bytes of bodies that may still be built in place of calls: of other functions, and of the function itself.
  var inlineBudget = 0
  var recursionBudget = 0
  /// Of the body being walked over: what makes an offset of it one of its site; the number of its first local; its frame,
  /// or -1 for the function itself; and its site, or `UInt32.max`.
  var inlined = InlinedBody()
  /// The next offset and the next local for a site.
  var nextSiteStart = 0
  var nextInlinedLocal = 0

  private let pinsAllLocals: Bool
  /// Bodies of so many bytes make large functions (`IRFunction.isLarge`).
  private let largeBody: Int

  /// With `pinsAllLocals`, no function gets SSA form for its locals; with `inlines`, small functions' bodies are built in
  /// place of calls.
  public init(_ context: FrontendContext, pinsAllLocals: Bool = false, inlines: Bool = false, largeBody: Int = .max) {
    self.context = context
    self.pinsAllLocals = pinsAllLocals
    self.largeBody = largeBody
    self.inlines = inlines && !pinsAllLocals
    tables = context.tables
  }

  /// Gives back the memory that the last function took.
  mutating func release() {
    self = FunctionBuilder(context, pinsAllLocals: pinsAllLocals, inlines: inlines, largeBody: largeBody)
  }

  /// Builds the defined function with index `functionIndex` among the module's own; its body must be valid.
  ///
  /// Linear time and memory in the size of the body. Throws `.unsupported` for bodies that use garbage collection or
  /// exceptions, and `.limit` where results of calls and labels multiply beyond all reason.
  public mutating func build(functionIndex: Int) throws(ModuleError) -> IRFunction {
    var function = IRFunction()
    try build(functionIndex: functionIndex, into: &function)
    return function
  }

  /// The same in the memory of `function`, whose contents don't matter.
  mutating func build(functionIndex: Int, into function: inout IRFunction) throws(ModuleError) {
    swap(&function, &ir)
    defer { swap(&function, &ir) }
    let isBuilt = pinsAllLocals ? false : try attemptInlining(functionIndex)
    if !isBuilt {
      if ir.isLarge { release() }
      _ = try attempt(functionIndex, pinned: true)
    }
  }

  /// The first attempt. A limit that is met with bodies in place of calls may not be one of the function itself.
  private mutating func attemptInlining(_ functionIndex: Int) throws(ModuleError) -> Bool {
    do throws(ModuleError) {
      return try attempt(functionIndex, pinned: false)
    } catch {
      if ir.sites.isEmpty { throw error }
      inlines = false
      defer { inlines = true }
      return try attempt(functionIndex, pinned: false)
    }
  }

  /// Returns false if finding the values of locals takes too long.
  private mutating func attempt(_ functionIndex: Int, pinned: Bool) throws(ModuleError) -> Bool {
    let type = context.module.functions[functionIndex]
    let body = context.module.bodies[functionIndex]
    ir.reset(
      index: UInt32(context.spaces.importedFunctionCount + functionIndex),
      parameterTypes: context.parameters(ofType: type), resultTypes: context.results(ofType: type))
    functionType = type
    let size = body.range.count
    ir.isLarge = size >= largeBody
    reset(signature: tables.signatures[Int(type)], size: size, pinned: pinned)

    let buffer = context.module.bytes.buffer
    var declarations = try LocalDeclarations(buffer, body: body, parameterCount: parameterCount)
    var localCount = UInt32(parameterCount)
    while let run = try declarations.next() {
      localCount += run.count
      localRuns.append(LocalRun(end: localCount, type: IRType(run.type)))
    }
    nextInlinedLocal = Int(localCount)
    var reader = InstructionReader(buffer, range: declarations.operators)
    try begin(reader)
    guard try walk(&reader) else { return false }
    return finish()
  }

  private mutating func reset(signature: BlockSignature, size: Int, pinned: Bool) {
    mode = .live
    skipDepth = 0
    deadStart.nodes = -1
    current = 0
    stack.truncate(to: 0)
    vectorCount = 0
    greatestHeight = 0
    frames.truncate(to: 0)
    edgeInfo.truncate(to: 0)
    edgeValues.truncate(to: 0)
    tableStamp = 0
    unitCharge = .max
    unitCost = 0
    work = 0
    workLimit = 262_144 + size
    expansion = 0
    expansionLimit = 65_536 + 32 * size
    resetLocals(parameters: signature.parameters, pinned: pinned)
    resetInlining(size: size)
    frames.append(
      ControlFrame(kind: .function, isLive: true, height: 0, vectors: 0, signature: signature))
  }

  /// Emits the entry block's beginning: the first charge, the arguments, and a zero of each type that locals have.
  private mutating func begin(_ operators: InstructionReader) throws(ModuleError) {
    offset = UInt32(truncatingIfNeeded: operators.offset)
    ir.blocks.append(BlockData())
    isJoin.append(false)
    beginCheckedUnit(cost: context.policy.functionEntryCost, at: operators.offset)
    if isPinned {
      pinLocals()
    } else {
      try defineInitialValues(operators)
    }
  }

  /// Brings blocks, edges and parameters into their final form. Returns false if that takes too long.
  private mutating func finish() -> Bool {
    if ir.isLarge { releaseWalk() }
    ir.groupPredecessors()
    if !isPinned, !completeParameters() { return false }
    if ir.isLarge { releaseHistories() }
    linkParameters()
    ir.computeLoops()
    let localSlots = localSlotCount()
    ir.frameCost = StackCost.frame(
      parameterSlots: localSlots.parameters, localSlots: localSlots.declared, operandSlots: greatestHeight)
    finishSites()
    return true
  }

  /// Gives back what only the walk over the operators needs.
  private mutating func releaseWalk() {
    stack = GrowableBuffer()
    frames = GrowableBuffer()
    edgeInfo = GrowableBuffer()
    edgeValues = GrowableBuffer()
    bound = GrowableBuffer()
    loops = LoopScan()
  }

  /// Gives back what only finding values of locals needs.
  private mutating func releaseHistories() {
    locals = GrowableBuffer()
    history = AncestorForest()
    historyValues = GrowableBuffer()
    dominators = AncestorForest()
    isJoin = GrowableBuffer()
    joinParameters = ParameterTable()
  }

  func error(_ kind: ModuleErrorKind, _ reason: ModuleErrorReason, at offset: Int, _ detail: String) -> ModuleError {
    ModuleError(kind, reason, offset: offset, function: ir.index, detail: detail)
  }

  // MARK: The operand stack

  @inline(__always)
  mutating func push(_ value: Value, _ type: IRType) {
    stack.append(value.index)
    if type == .v128 { vectorCount &+= 1 }
    let height = stack.count &+ vectorCount
    if height > greatestHeight { greatestHeight = height }
  }

  @inline(__always)
  mutating func pop() -> UInt32 {
    let value = stack.removeLast()
    if vectorCount != 0 && ir.nodes[value].type == .v128 { vectorCount &-= 1 }
    return value
  }

  /// Pops `count` values and leaves them at the end of `ir.operands`. Returns where they start.
  @inline(__always)
  mutating func popOperands(_ count: Int) -> UInt32 {
    let start = UInt32(truncatingIfNeeded: ir.operands.count)
    for position in stack.count - count..<stack.count { ir.operands.append(stack[position]) }
    drop(count)
    return start
  }

  @inline(__always)
  mutating func drop(_ count: Int) {
    if vectorCount == 0 {
      stack.truncate(to: stack.count - count)
    } else {
      for _ in 0..<count { _ = pop() }
    }
  }

  /// Adds a node without a result.
  @inline(__always)
  mutating func emit(_ node: Node) { ir.add(node, offset: offset) }

  /// Adds a node and pushes its result.
  @inline(__always)
  mutating func emitValue(_ node: Node) { push(ir.add(node, offset: offset), node.type) }

  /// A constant zero of `type`: what stands for values in dead code.
  mutating func zero(_ type: IRType) -> Value {
    if type != .v128 { return ir.add(Node(type.zeroOperation, type: type), offset: offset) }
    ir.vectors.append((0, 0))
    return ir.add(Node(type.zeroOperation, type: type, imm: UInt64(ir.vectors.count - 1)), offset: offset)
  }
}

/// Builds one function; see `FunctionBuilder.build`.
public func buildIR(_ context: borrowing FrontendContext, functionIndex: Int) throws(ModuleError) -> IRFunction {
  var builder = FunctionBuilder(copy context)
  return try builder.build(functionIndex: functionIndex)
}

extension IRType {
  /// The constant operator of the type.
  var zeroOperation: Operation {
    switch self {
    case .i32: Operation(.i32Const)
    case .f32: Operation(.f32Const)
    case .f64: Operation(.f64Const)
    case .v128: Operation(.v128Const)
    case .i64, .none: Operation(.i64Const)
    }
  }
}
