// The values of locals in SSA form, found on demand.
//
// Each local has a history: the blocks that assign it, in layout order, with the value at the end of each; a loop that
// assigns it counts as an assignment at its header (`LoopScan` knows them beforehand). To find the value at a block, take
// the last assignment at or before it in layout order, and climb the dominator tree as long as dominators come after that
// assignment. The dominator above is either the assigning block, whose value it is, or lies before it: then paths with
// and without the assignment meet in the last block climbed, and if this is a join, it gets a parameter. The parameters'
// incoming values are found in the same way once all edges are known.
//
// This makes the parameters that on-demand construction makes (Braun et al., "Simple and Efficient Construction of Static
// Single Assignment Form", 2013), but a search costs a logarithm however many blocks are between. The parameters
// themselves can be quadratic in number: beyond `workLimit` the function is built anew with pinned locals, which are
// nodes `localGet` and `localSet`.

import WasmBinary
import WebAssembly

struct LocalRun: BitwiseCopyable {
  /// The index after the run's last local.
  var end: UInt32
  var type: IRType
}

/// What is known of a local. Valid if `generation` is the builder's: so that a function with many declared locals costs
/// nothing for those that it doesn't use.
struct LocalState: BitwiseCopyable {
  var generation: UInt32 = 0
  /// Latest entry of its history; 0, the root, stands for the initial value.
  var latest: UInt32 = 0
  /// Its value in block `cachedBlock`.
  var cachedBlock: UInt32 = .max
  var cachedValue: UInt32 = 0
  /// The value at the function's start.
  var initial: UInt32 = 0
  /// Offset of the last assignment that `LoopScan` saw.
  var lastAssignment: UInt32 = 0
  var type: IRType = .none
}

extension FunctionBuilder {
  /// In a history: the loop header's parameter has not been needed yet.
  private static let pending = UInt32.max

  mutating func resetLocals(parameters signature: TypeRange, pinned: Bool) {
    isPinned = pinned
    generation &+= 1
    parameterCount = Int(signature.count)
    parameterTypes = signature
    localRuns.truncate(to: 0)
    history.reset()
    historyValues.truncate(to: 0)
    historyValues.append(0)
    dominators.reset()
    isJoin.truncate(to: 0)
    joinParameters.reset()
    parameters.truncate(to: 0)
    loops.reset()
  }

  private var localCount: Int { localRuns.isEmpty ? parameterCount : Int(localRuns[localRuns.count - 1].end) }

  /// Emits the arguments, and a zero of each type that declared locals have.
  mutating func defineInitialValues(_ operators: InstructionReader) throws(ModuleError) {
    let missing = localCount - locals.count
    if missing > 0 { locals.append(repeating: LocalState(), count: missing) }
    // Many parameters of small functions: those that the body doesn't name cost nothing.
    if parameterCount > 16 && parameterCount > operators.reader.remaining / 4 {
      try defineNamedArguments(operators)
    } else {
      for index in 0..<parameterCount { defineArgument(index) }
    }
    zeros.truncate(to: 0)
    zeros.append(repeating: .max, count: Int(IRType.v128.rawValue) + 1)
    for run in 0..<localRuns.count {
      let type = localRuns[run].type
      if zeros[Int(type.rawValue)] == .max { zeros[Int(type.rawValue)] = zero(type).index }
    }
  }

  private mutating func defineArgument(_ index: Int) {
    let type = parameterType(index)
    let value = ir.add(Node(.argument, type: type, imm: UInt64(index)), offset: offset)
    locals[index] = LocalState(generation: generation, initial: value.index, type: type)
  }

  /// Emits the arguments of the parameters that the body names.
  private mutating func defineNamedArguments(_ operators: InstructionReader) throws(ModuleError) {
    var reader = operators
    var instruction = Instruction()
    while !reader.isAtEnd {
      try reader.next(&instruction)
      guard instruction.opcode.info.immediatesCode == Immediates.local.rawValue else { continue }
      let index = Int(instruction.a)
      if index < parameterCount && locals[index].generation != generation { defineArgument(index) }
    }
  }

  private func parameterType(_ index: Int) -> IRType { tables.types[Int(parameterTypes.start) + index] }

  private func declaredType(_ local: Int) -> IRType {
    var low = 0
    var high = localRuns.count - 1
    while low < high {
      let middle = (low + high) / 2
      if local < Int(localRuns[middle].end) { high = middle } else { low = middle + 1 }
    }
    return localRuns[low].type
  }

  /// Slots of the parameters and of the declared locals.
  func localSlotCount() -> (parameters: Int, declared: Int) {
    var slots = (parameters: tables.parameterSlots[Int(functionType)], declared: 0)
    var start = parameterCount
    for run in 0..<localRuns.count {
      slots.declared += (Int(localRuns[run].end) - start) * localRuns[run].type.slotCount
      start = Int(localRuns[run].end)
    }
    return slots
  }

  mutating func pinLocals() {
    ir.pinnedLocals.reserveCapacity(localCount)
    for index in 0..<parameterCount { ir.pinnedLocals.append(parameterType(index)) }
    for run in 0..<localRuns.count {
      let count = Int(localRuns[run].end) - ir.pinnedLocals.count
      ir.pinnedLocals.append(contentsOf: repeatElement(localRuns[run].type, count: count))
    }
  }

  /// Whether searches have taken so long that locals must be pinned.
  @inline(__always)
  var isOverworked: Bool { work &+ joinParameters.probes > workLimit }

  @inline(__always)
  private mutating func touch(_ local: Int) {
    if locals[local].generation != generation {
      // Parameters have their state from the start.
      let type = declaredType(local)
      locals[local] = LocalState(generation: generation, initial: zeros[Int(type.rawValue)], type: type)
    }
  }

  // MARK: Reading and writing

  @inline(__always)
  mutating func getLocal(_ local: Int) {
    if isPinned {
      emitValue(Node(.localGet, type: ir.pinnedLocals[local], imm: UInt64(local)))
      return
    }
    touch(local)
    let state = locals[local]
    if state.cachedBlock == current && mode == .live {
      push(Value(state.cachedValue), state.type)
    } else {
      findLocal(local)
    }
  }

  private mutating func findLocal(_ local: Int) {
    let type = locals[local].type
    if mode == .dead { return push(zero(type), type) }
    let value = lookUp(local, at: current)
    locals[local].cachedBlock = current
    locals[local].cachedValue = value.index
    push(value, type)
  }

  @inline(__always)
  mutating func setLocal(_ local: Int, to value: UInt32) {
    if isPinned { return emit(Node(.localSet, a: value, imm: UInt64(local))) }
    if mode == .dead { return }
    touch(local)
    locals[local].cachedBlock = current
    locals[local].cachedValue = value
    let latest = locals[local].latest
    if latest != 0 && history.key(latest) == current {
      historyValues[latest] = value
    } else {
      appendHistory(local, block: current, value: value)
    }
  }

  @inline(__always)
  private mutating func appendHistory(_ local: Int, block: UInt32, value: UInt32) {
    let entry = UInt32(truncatingIfNeeded: history.count)
    history.add(key: block, parent: locals[local].latest)
    historyValues.append(value)
    locals[local].latest = entry
  }

  /// The value of a touched local at the end of `block`, as far as `block` is built.
  private mutating func lookUp(_ local: Int, at block: UInt32) -> Value {
    var block = block
    var entry = locals[local].latest
    while true {
      work &+= 1
      entry = history.nearest(entry, atMost: block)
      let assigning = history.key(entry)
      if assigning == block { break }
      let meeting = dominators.farthest(block, above: assigning)
      let above = dominators.parent(meeting)
      if above == assigning { break }
      if isJoin[meeting] { return joinParameter(local, meeting, after: entry) }
      // The assignment is on a path that doesn't lead here.
      block = above
    }
    if entry == 0 { return Value(locals[local].initial) }
    if historyValues[entry] == FunctionBuilder.pending {
      historyValues[entry] = addParameter(of: history.key(entry), local).index
    }
    return Value(historyValues[entry])
  }

  /// The parameter of join `block` for a local whose last assignment before the join is `entry`.
  private mutating func joinParameter(_ local: Int, _ block: UInt32, after entry: UInt32) -> Value {
    if entry == locals[local].latest {
      let parameter = addParameter(of: block, local)
      appendHistory(local, block: block, value: parameter.index)
      return parameter
    }
    let key = UInt64(block) << 32 | UInt64(local)
    if let parameter = joinParameters.value(of: key) { return Value(parameter) }
    let parameter = addParameter(of: block, local)
    joinParameters.insert(key, parameter.index)
    return parameter
  }

  /// A new parameter of `block`, without incoming values: until it has them, `imm` is the local's index + 1.
  private mutating func addParameter(of block: UInt32, _ local: Int) -> Value {
    let parameter = ir.add(
      Node(.parameter, type: locals[local].type, b: block, imm: UInt64(local + 1)), offset: offset)
    parameters.append(parameter.index)
    return parameter
  }

  /// Records at the current block, a loop header, the locals that its loop assigns.
  mutating func markAssignedLocals(_ reader: InstructionReader) throws(ModuleError) {
    if reader.offset > loops.end {
      try scanLoops(reader)
      // Then all locals will be pinned.
      if isOverworked { return }
    }
    var mark = loops.firstMark(ofLoopAt: offset)
    while mark != .max {
      let local = Int(loops.marks[mark].local)
      touch(local)
      appendHistory(local, block: current, value: FunctionBuilder.pending)
      mark = loops.marks[mark].next
    }
  }

  /// Walks over the loop whose `loop` operator `reader` has just passed.
  private mutating func scanLoops(_ reader: InstructionReader) throws(ModuleError) {
    var reader = reader
    var instruction = Instruction()
    loops.begin()
    loops.open(at: offset)
    repeat {
      try reader.next(&instruction)
      switch tables.rows[instruction.opcode.row].kind {
      case .loop: loops.open(at: UInt32(truncatingIfNeeded: instruction.offset))
      case .block, .if, .tryTable: loops.openOther()
      case .end: loops.close()
      case .localSet, .localTee:
        let local = Int(instruction.a)
        touch(local)
        work &+= loops.assign(instruction.a, after: locals[local].lastAssignment)
        locals[local].lastAssignment = UInt32(truncatingIfNeeded: instruction.offset)
      default: break
      }
    } while !loops.isClosed && !isOverworked
    loops.end = reader.offset
  }

  // MARK: Completion

  /// Finds the incoming values of the locals' parameters, which may add parameters, and turns those with only one value
  /// into copies. Returns false if it takes too long.
  mutating func completeParameters() -> Bool {
    var index = 0
    while index < parameters.count {
      let parameter = parameters[index]
      index += 1
      let node = ir.nodes[parameter]
      if node.imm == 0 { continue }
      let block = ir.blocks[node.b]
      work &+= Int(block.predecessorCount)
      if isOverworked { return false }
      ir.nodes[parameter].a = UInt32(truncatingIfNeeded: ir.operands.count)
      ir.nodes[parameter].imm = 0
      for position in 0..<block.predecessorCount {
        let from = ir.edges[ir.predecessors[block.predecessorStart + position]].from.index
        ir.operands.append(lookUp(Int(node.imm) - 1, at: from).index)
      }
    }
    return true
  }

  /// Replaces parameters with a single value, and lists each block's others.
  mutating func linkParameters() {
    var anyCopy = false
    for _ in 0..<4 {
      var changed = false
      for index in 0..<parameters.count where ir.simplifyParameter(parameters[index]) { changed = true }
      if !changed { break }
      anyCopy = true
    }
    if anyCopy { ir.removeCopies() }
    ir.linkParameters(parameters)
  }
}
