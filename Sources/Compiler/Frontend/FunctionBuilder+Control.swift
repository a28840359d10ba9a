// Structured control flow: constructs, branches and the blocks that they make.

import WasmBinary
import WebAssembly

extension FunctionBuilder {
  // MARK: Blocks and edges

  /// Adds an edge from the current block to a block that is not known yet.
  private mutating func addEdge(values: UInt32 = 0) -> UInt32 {
    let edge = UInt32(truncatingIfNeeded: ir.edges.count)
    ir.edges.append(Edge(from: Block(current), to: .none))
    edgeInfo.append(EdgeInfo(next: .max, values: values))
    return edge
  }

  /// Adds an edge from the current block to the label of the frame at `index`.
  private mutating func addEdge(toLabel index: Int, values: UInt32) -> UInt32 {
    let edge = addEdge(values: values)
    ir.edges[edge].to = Block(frames[index].header)
    edgeInfo[edge].next = frames[index].edges
    frames[index].edges = edge
    frames[index].edgeCount += 1
    return edge
  }

  /// Ends the current block with `node`.
  private mutating func terminate(_ node: Node) {
    emit(node)
    ir.blocks[current].end = UInt32(truncatingIfNeeded: ir.nodes.count)
  }

  private mutating func startBlock(dominator: UInt32, isJoin joins: Bool) {
    current = UInt32(truncatingIfNeeded: ir.blocks.count)
    var block = BlockData()
    block.first = UInt32(truncatingIfNeeded: ir.nodes.count)
    ir.blocks.append(block)
    dominators.add(key: current, parent: dominator)
    isJoin.append(joins)
  }

  /// Starts a block with the single predecessor edge `edge`.
  private mutating func startBlock(from edge: UInt32) {
    let from = ir.edges[edge].from
    startBlock(dominator: from.index, isJoin: false)
    ir.edges[edge].to = Block(current)
  }

  /// Copies the top `count` values to `edgeValues` for an edge to carry; leaves them on the stack.
  private mutating func saveTop(_ count: UInt32) throws(ModuleError) -> UInt32 {
    if count == 0 { return 0 }
    try expand(by: Int(count))
    let start = UInt32(truncatingIfNeeded: edgeValues.count)
    for position in stack.count - Int(count)..<stack.count { edgeValues.append(stack[position]) }
    return start
  }

  /// Counts values that are copied for operators of a few bytes.
  mutating func expand(by count: Int) throws(ModuleError) {
    expansion += count
    if expansion > expansionLimit {
      throw error(.limit, .limitExceeded, at: Int(offset), "results of labels and calls multiply too much")
    }
  }

  private mutating func restoreHeight(of frame: ControlFrame) {
    stack.truncate(to: frame.height)
    vectorCount = frame.vectors
  }

  /// After an unconditional branch.
  mutating func skip() {
    mode = .skipping
    skipDepth = 0
  }

  /// Cuts off the nodes of dead code.
  private mutating func cutDeadCode() {
    if deadStart.nodes < 0 { return }
    ir.nodes.truncate(to: deadStart.nodes)
    ir.offsets.truncate(to: deadStart.nodes)
    ir.operands.truncate(to: deadStart.operands)
    ir.vectors.truncate(to: deadStart.vectors)
    deadStart.nodes = -1
  }

  /// Goes on in dead code, with values of `types` on the stack.
  private mutating func continueDead(with types: TypeRange) throws(ModuleError) {
    if deadStart.nodes < 0 {
      deadStart = (nodes: ir.nodes.count, operands: ir.operands.count, vectors: ir.vectors.count)
    }
    mode = .dead
    if types.count > 1 { try expand(by: Int(types.count)) }
    for index in 0..<types.count {
      let type = tables.types[Int(types.start + index)]
      push(zero(type), type)
    }
  }

  // MARK: Constructs

  func signature(of type: BlockType) -> BlockSignature {
    switch type {
    case .empty: BlockSignature(parameters: .empty, results: .empty)
    case .value(let type):
      BlockSignature(parameters: .empty, results: TypeRange(start: UInt32(IRType(type).rawValue), count: 1))
    case .type(let index): tables.signatures[Int(index)]
    }
  }

  /// A frame for a construct whose parameters are on the stack.
  private mutating func frame(_ kind: ControlFrame.Kind, _ type: BlockType) throws(ModuleError) -> ControlFrame {
    let signature = signature(of: type)
    let height = stack.count - Int(signature.parameters.count)
    var vectors = vectorCount
    if vectors != 0 {
      try expand(by: Int(signature.parameters.count))
      for position in height..<stack.count where ir.nodes[stack[position]].type == .v128 { vectors -= 1 }
    }
    return ControlFrame(kind: kind, isLive: mode == .live, height: height, vectors: vectors, signature: signature)
  }

  mutating func enterBlock(_ type: BlockType) throws(ModuleError) { frames.append(try frame(.block, type)) }

  mutating func enterLoop(_ type: BlockType, _ reader: InstructionReader) throws(ModuleError) {
    endUnit(next: reader.offset)
    var frame = try frame(.loop, type)
    if mode == .live {
      let types = frame.signature.parameters
      if types.count > 1 { try expand(by: Int(types.count)) }
      let edge = addEdge(values: try saveTop(types.count))
      terminate(Node(.jump, a: edge))
      restoreHeight(of: frame)
      startBlock(from: edge)
      frame.header = current
      frame.edges = edge
      frame.edgeCount = 1
      frame.saved = UInt32(truncatingIfNeeded: ir.nodes.count)
      for index in 0..<types.count { pushParameter(tables.types[Int(types.start + index)]) }
      if !isPinned { try markAssignedLocals(reader) }
    }
    frames.append(frame)
    beginCheckedUnit(cost: 0, at: reader.offset)
  }

  /// Pushes a new parameter of the current block; its incoming values follow later.
  private mutating func pushParameter(_ type: IRType) {
    let parameter = ir.add(Node(.parameter, type: type, b: current), offset: offset)
    parameters.append(parameter.index)
    push(parameter, type)
  }

  mutating func enterIf(_ type: BlockType, next: Int) throws(ModuleError) {
    let condition = pop()
    endUnit(next: next)
    var frame = try frame(.if, type)
    frame.saved = try saveTop(frame.signature.parameters.count)
    if mode == .live {
      let then = addEdge()
      frame.elseEdge = addEdge(values: frame.saved)
      terminate(Node(.branch, a: condition, b: then, c: frame.elseEdge))
      startBlock(from: then)
    }
    frames.append(frame)
  }

  mutating func enterElse(next: Int) throws(ModuleError) {
    endUnit(next: next)
    let index = frames.count - 1
    if mode == .live { try jump(toLabel: index) }
    let frame = frames[index]
    frames[index].kind = .else
    restoreHeight(of: frame)
    if frame.isLive {
      cutDeadCode()
      frames[index].elseEdge = .max
      startBlock(from: frame.elseEdge)
      mode = .live
    } else {
      mode = .dead
    }
    for position in 0..<frame.signature.parameters.count {
      let value = Value(edgeValues[frame.saved + position])
      push(value, tables.types[Int(frame.signature.parameters.start + position)])
    }
  }

  /// Ends the innermost construct. Returns true after the body's own `end`.
  mutating func endConstruct(next: Int) throws(ModuleError) -> Bool {
    endUnit(next: next)
    let frame = frames[frames.count - 1]
    if frame.kind == .loop {
      completeLoop(frame)
      frames.truncate(to: frames.count - 1)
      if mode == .skipping {
        restoreHeight(of: frame)
        try continueDead(with: frame.signature.results)
      }
      return false
    }
    let isFunction = frame.kind == .function
    let isBody = isFunction || frame.kind == .inlined
    if frame.edges == .max && frame.elseEdge == .max {
      frames.truncate(to: frames.count - 1)
      if isFunction {
        if mode == .live { returnTop() } else { countResults() }
        cutDeadCode()
      } else if mode == .skipping {
        restoreHeight(of: frame)
        try continueDead(with: frame.signature.results)
      }
      return isBody
    }
    if mode == .live { try jump(toLabel: frames.count - 1) }
    try bindLabel(frames[frames.count - 1])
    frames.truncate(to: frames.count - 1)
    if isFunction { returnTop() }
    return isBody
  }

  /// After the function's `end` its results are on the stack, as after the `end` of a block: they count for its height.
  private mutating func countResults() {
    var slots = 0
    for type in ir.resultTypes { slots += type.slotCount }
    greatestHeight = max(greatestHeight, slots)
  }

  /// Starts the block of a forward label: its predecessors are the edges that the frame has collected.
  private mutating func bindLabel(_ frame: ControlFrame) throws(ModuleError) {
    cutDeadCode()
    restoreHeight(of: frame)
    mode = .live
    gatherEdges(of: frame)
    var dominator = ir.edges[bound[0]].from.index
    for index in 1..<max(bound.count, 1) {
      dominator = dominators.common(dominator, ir.edges[bound[index]].from.index)
    }
    startBlock(dominator: dominator, isJoin: bound.count > 1)
    for index in 0..<bound.count { ir.edges[bound[index]].to = Block(current) }

    let types = frame.signature.results
    if types.count != 0 { try expand(by: (Int(types.count) - 1) * bound.count) }
    for position in 0..<types.count {
      let type = tables.types[Int(types.start + position)]
      let first = edgeValues[edgeInfo[bound[0]].values + position]
      var isSame = true
      for index in 1..<max(bound.count, 1) where edgeValues[edgeInfo[bound[index]].values + position] != first {
        isSame = false
        break
      }
      if isSame {
        push(Value(first), type)
      } else {
        pushParameter(type)
        setIncoming(of: stack[stack.count - 1], position: position)
      }
    }
  }

  /// Puts the edges to the label of `frame` into `bound`, in the order of their creation.
  private mutating func gatherEdges(of frame: ControlFrame) {
    let hasElse = frame.elseEdge != .max
    let count = frame.edgeCount + (hasElse ? 1 : 0)
    bound.truncate(to: 0)
    bound.append(repeating: frame.elseEdge, count: count)
    var edge = frame.edges
    var index = count
    while edge != .max {
      index -= 1
      bound[index] = edge
      edge = edgeInfo[edge].next
    }
  }

  /// Makes value `position` of each edge in `bound` the incoming values of `parameter`.
  private mutating func setIncoming(of parameter: UInt32, position: UInt32) {
    ir.nodes[parameter].a = UInt32(truncatingIfNeeded: ir.operands.count)
    for index in 0..<bound.count { ir.operands.append(edgeValues[edgeInfo[bound[index]].values + position]) }
  }

  /// Gives a loop's parameters their incoming values: all back edges are known.
  private mutating func completeLoop(_ frame: ControlFrame) {
    let count = frame.signature.parameters.count
    if !frame.isLive || count == 0 { return }
    gatherEdges(of: frame)
    // Behind dead code, which will be cut off, operands would be lost.
    let keepsDead = deadStart.nodes >= 0
    if keepsDead { ir.operands.truncate(to: deadStart.operands) }
    for position in 0..<count { setIncoming(of: frame.saved + position, position: position) }
    if keepsDead { deadStart.operands = ir.operands.count }
  }

  // MARK: Branches

  private mutating func jump(toLabel index: Int) throws(ModuleError) {
    let edge = addEdge(toLabel: index, values: try saveTop(frames[index].labelTypes.count))
    terminate(Node(.jump, a: edge))
  }

  /// Returns the function's results from the top of the stack.
  private mutating func returnTop() {
    let count = ir.resultTypes.count
    let start = popOperands(count)
    terminate(Node(.return, b: start, c: UInt32(count)))
  }

  mutating func br(_ depth: UInt32, next: Int) throws(ModuleError) {
    endUnit(next: next)
    let index = frames.count - 1 - Int(depth)
    if mode == .live {
      if frames[index].kind == .function { returnTop() } else { try jump(toLabel: index) }
    }
    skip()
  }

  mutating func `return`(next: Int) throws(ModuleError) {
    endUnit(next: next)
    if mode == .live {
      if inlined.frame >= 0 { try jump(toLabel: inlined.frame) } else { returnTop() }
    }
    skip()
  }

  mutating func unreachable(next: Int) {
    endUnit(next: next)
    if mode == .live { terminate(Node(.trap, imm: UInt64(TrapKind.unreachable.rawValue))) }
    skip()
  }

  /// `br_if` on `condition`; with `whenFalse`, a branch if it is 0.
  mutating func brIf(_ depth: UInt32, condition: UInt32, next: Int) throws(ModuleError) {
    endUnit(next: next)
    if mode != .live { return }
    let index = frames.count - 1 - Int(depth)
    let taken = addEdge(toLabel: index, values: try saveTop(frames[index].labelTypes.count))
    let otherwise = addEdge()
    terminate(Node(.branch, a: condition, b: taken, c: otherwise))
    startBlock(from: otherwise)
  }

  mutating func brTable(_ labels: ByteReader, count: UInt32, next: Int) throws(ModuleError) {
    endUnit(next: next)
    let selector = pop()
    if mode == .live {
      var labels = labels
      tableStamp += 1
      let start = UInt32(truncatingIfNeeded: ir.operands.count)
      var values: UInt32 = 0
      for position in 0...count {
        let index = frames.count - 1 - Int(try labels.u32())
        // All labels take the same number of values.
        if position == 0 { values = try saveTop(frames[index].labelTypes.count) }
        if frames[index].tableStamp != tableStamp {
          frames[index].tableStamp = tableStamp
          frames[index].tableEdge = addEdge(toLabel: index, values: values)
        }
        ir.operands.append(frames[index].tableEdge)
      }
      if count == 0 {
        let edge = ir.operands.removeLast()
        terminate(Node(.jump, a: edge))
      } else {
        terminate(Node(.switch, a: selector, b: start, c: count + 1))
      }
    }
    skip()
  }

  /// Ends the current block with `node`, a tail call.
  mutating func tailCall(_ node: Node, next: Int) {
    endUnit(next: next)
    if mode == .live { terminate(node) }
    skip()
  }

  /// Traps with `kind` if `condition` is not 0.
  mutating func trapIf(_ condition: UInt32, _ kind: TrapKind) {
    if mode != .live { return }
    let failing = addEdge()
    let passing = addEdge()
    terminate(Node(.branch, a: condition, b: failing, c: passing))
    startBlock(from: failing)
    terminate(Node(.trap, imm: UInt64(kind.rawValue)))
    startBlock(from: passing)
  }
}
