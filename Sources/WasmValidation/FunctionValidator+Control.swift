// Structured control instructions and branches.
//
// Source: WebAssembly 3.0, section 3.4 (control instructions).

import WasmBinary
import WebAssembly

extension FunctionValidator {
  // MARK: Frames

  /// Opens a frame whose parameters have been popped, and pushes them.
  @inline(__always)
  mutating func enter(_ kind: ControlKind, parameters: TypeList, results: TypeList) throws(ModuleError) {
    if depth == frameCapacity { try growFrames() }
    frames[depth] = ControlFrame(
      kind: kind, isUnreachable: false, parameters: parameters, results: results, height: UInt32(height),
      vectors: UInt32(vectors), initializations: locals.logCount, mark: 0)
    depth &+= 1
    if depth > maximumDepth { maximumDepth = depth }
    base = height
    try pushList(parameters)
  }

  @inline(never)
  private mutating func growFrames() throws(ModuleError) {
    if depth == ImplementationLimits.controlDepth {
      throw ModuleError(.limit, .limitExceeded, offset: instruction.offset, function: function, detail: "nested blocks")
    }
    let capacity = min(2 * frameCapacity, ImplementationLimits.controlDepth)
    let larger = UnsafeMutablePointer<ControlFrame>.allocate(capacity: capacity)
    larger.moveInitialize(from: frames, count: depth)
    frames.deallocate()
    frames = larger
    frameCapacity = capacity
  }

  /// Checks that the innermost block ends with exactly its results on the stack, pops them and closes the frame.
  @inline(__always)
  private mutating func leave() throws(ModuleError) -> ControlFrame {
    let frame = frames[depth &- 1]
    try popList(frame.results)
    if height != base { throw surplus() }
    locals.forget(downTo: frame.initializations)
    depth &-= 1
    return frame
  }

  @inline(never)
  private mutating func surplus() -> ModuleError {
    fail(.typeMismatch, "values remaining on the stack at the end of the block")
  }

  /// The parameters and results of a block.
  @inline(__always)
  mutating func signature(_ type: BlockType) throws(ModuleError) -> (parameters: TypeList, results: TypeList) {
    switch type {
    case .empty: return (.empty, .empty)
    case .value(let type):
      try checkType(type)
      return (.empty, tables.single(type))
    case .type(let index):
      try require(.multiValue)
      let entry = try functionType(index)
      return (entry.parameters, entry.results)
    }
  }

  /// The entry of type `index`, which must exist and be a function type.
  mutating func functionType(_ index: UInt32) throws(ModuleError) -> TypeEntry {
    if index >= tables.typeCount { throw fail(.unknownType, "\(index)") }
    let entry = tables.types[Int(index)]
    if entry.kind != .function { throw fail(.nonFunctionType, "type \(index)") }
    return entry
  }

  // MARK: Blocks

  @inline(__always)
  mutating func block(_ kind: ControlKind, _ type: BlockType) throws(ModuleError) {
    let (parameters, results) = try signature(type)
    try popList(parameters)
    try enter(kind, parameters: parameters, results: results)
  }

  mutating func elseOperator() throws(ModuleError) {
    if frames[depth &- 1].kind != .if {
      throw ModuleError(
        .malformed, .endOpcodeExpected, offset: instruction.offset, function: function, detail: "else without if")
    }
    let frame = try leave()
    try enter(.else, parameters: frame.parameters, results: frame.results)
  }

  @inline(__always)
  mutating func end() throws(ModuleError) {
    let frame = try leave()
    if frame.kind == .if && !tables.matches(frame.parameters, frame.results) {
      throw fail(.typeMismatch, "if without else must leave its parameters as results")
    }
    if depth == 0 { return }
    base = Int(frames[depth &- 1].height)
    try pushList(frame.results)
  }

  // MARK: Branches

  /// The frame that label `index` names.
  @inline(__always)
  mutating func frame(ofLabel index: UInt32) throws(ModuleError) -> UnsafeMutablePointer<ControlFrame> {
    if Int(index) >= depth { throw fail(.unknownLabel, "\(index)") }
    return frames + (depth &- 1 &- Int(index))
  }

  mutating func branch(_ label: UInt32) throws(ModuleError) {
    try popList(try frame(ofLabel: label).pointee.labelTypes)
    setUnreachable()
  }

  /// Checks that the topmost operands match `list`, and gives them the list's types.
  @inline(__always)
  mutating func retype(_ list: TypeList) throws(ModuleError) {
    if list.count == 0 { return }
    try popList(list)
    try pushList(list)
  }

  @inline(__always)
  mutating func conditionalBranch(_ label: UInt32) throws(ModuleError) {
    try pop(.i32)
    try retype(try frame(ofLabel: label).pointee.labelTypes)
  }

  /// `br_table`. Each label is checked once, however often the table names it, so the cost is bounded by the length of
  /// the table plus the types of the open blocks.
  mutating func branchTable() throws(ModuleError) {
    try pop(.i32)
    mark += 1
    var labels = reader.vector(of: instruction)
    var arity: UInt16?
    // Lists checked before in this table: frames next to each other often share one.
    var last: UInt32?
    for _ in 0...instruction.a {
      let label = try labels.u32()
      let frame = try frame(ofLabel: label)
      if frame.pointee.mark == mark { continue }
      frame.pointee.mark = mark
      let list = frame.pointee.labelTypes
      if let arity, arity != list.count {
        throw fail(.typeMismatch, "labels of br_table take \(arity) and \(list.count) values")
      }
      arity = list.count
      if list.start == last { continue }
      last = list.start
      _ = try checkList(list)
    }
    setUnreachable()
  }

  mutating func returnOperator() throws(ModuleError) {
    try popList(frames[0].results)
    setUnreachable()
  }
}
