// Simplification: what reads and writes memories and globals.
//
// A load of bytes that an earlier load or store has shown is that value, or what a narrower load makes of it; it can't
// trap. A store that the next one overwrites goes, if nothing between could tell. While an execution is suspended nobody
// writes its memories, so charges with checks end nothing here but the time in which a store can be taken back.
//
// Globals are numbered, so a set replaces what is known of the global, wherever it stands; but two imported ones may be one.

import WebAssembly

extension SimplificationOpt {
  /// Writes a node that has effects or depends on them. Returns its value.
  mutating func writeEffect(_ node: Node, _ info: OperationInfo) -> UInt32 {
    let effects = info.effects
    if info.isAccess { return writeAccess(node) }
    switch node.operation {
    case Operation(.globalGet):
      if let known = memory.value(ofGlobal: node.imm), isBlockAbove(known.block) { return known.value }
      let value = add(node)
      memory.learn(global: node.imm, value, in: current)
      return value
    case Operation(.globalSet):
      if node.imm < context.spaces.importedGlobalCount { memory.forgetGlobals() }
      memory.learn(global: node.imm, node.a, in: current)
      // A store behind this can trap where one before it would have, too late.
      lastStore = .max
      return add(node)
    case .localGet, .localSet, .result: return add(node)
    default: break
    }
    lastStore = .max
    if effects.contains(.call) {
      memory.forgetMemory()
      memory.forgetGlobals()
    } else if effects.contains(.writes) {
      memory.forgetMemory()
    }
    return add(node)
  }

  // MARK: Loads and stores

  private mutating func writeAccess(_ node: Node) -> UInt32 {
    guard let access = MemoryAccess(node.operation),
      let bytes = bytes(at: node.a, memory: node.c, offset: node.imm, size: access.size)
    else {
      lastStore = .max
      if node.type == .none { memory.forgetMemory() }
      return add(node)
    }
    if access.isStore {
      takeBack(node)
      memory.overwrite(bytes.range)
      let value = add(node)
      memory.learn(bytes, node.b)
      lastStore = value
      return value
    }
    if let known = memory.contents(of: bytes), isAvailable(known.value),
      let value = part(of: known.value, access, node.type)
    {
      return value
    }
    lastStore = .max
    let value = add(node)
    memory.learn(bytes, value)
    return value
  }

  /// What an access touches whose address is new value `address`; nil if it traps always.
  private mutating func bytes(at address: UInt32, memory: UInt32, offset: UInt64, size: UInt8) -> AccessedBytes? {
    if let constant = constant(address) { return absoluteBytes(constant, memory, offset, size) }
    let is64 = context.tables.memories[Int(memory)]
    let mask: UInt64 = is64 ? .max : 0xFFFF_FFFF
    var range = MemoryRange(displacement: offset & mask, root: address, memory: memory, size: size, is64: is64)
    let sum = new.nodes[address]
    if sum.operation == Operation(is64 ? .i64Add : .i32Add), let summand = constant(sum.b) {
      range.root = sum.a
      range.displacement = (summand &+ offset) & mask
    }
    return AccessedBytes(range: range, offset: offset)
  }

  private mutating func absoluteBytes(
    _ address: UInt64, _ memory: UInt32, _ offset: UInt64, _ size: UInt8
  ) -> AccessedBytes? {
    let is64 = context.tables.memories[Int(memory)]
    let (sum, overflow) = address.addingReportingOverflow(offset)
    if overflow || !is64 && sum > 0xFFFF_FFFF { return nil }
    let range = MemoryRange(displacement: sum, root: MemoryRange.absolute, memory: memory, size: size, is64: is64)
    return AccessedBytes(range: range, offset: 0)
  }

  // MARK: Loops

  /// Finds the old nodes that may write memories, and counts those that may set globals, in each block.
  mutating func findWrites() {
    writes.truncate(to: 0)
    firstWrites.truncate(to: 0)
    firstSets.truncate(to: 0)
    var hasLoops = false
    for block in 0..<old.blocks.count where old.blocks[block].loopEnd != .max { hasLoops = true }
    if !hasLoops { return }
    var sets: UInt32 = 0
    for block in 0..<old.blocks.count {
      firstWrites.append(UInt32(truncatingIfNeeded: writes.count))
      firstSets.append(sets)
      guard old.blocks[block].isReachable else { continue }
      for index in old.nodeRange(of: block) {
        let operation = old.nodes[index].operation
        if operation.info.effects.isDisjoint(with: [.writes, .call]) || operation == .localSet { continue }
        if operation.info.effects.contains(.call) || operation == Operation(.globalSet) { sets += 1 }
        if operation != Operation(.globalSet) { writes.append(UInt32(truncatingIfNeeded: index)) }
      }
    }
    firstWrites.append(UInt32(truncatingIfNeeded: writes.count))
    firstSets.append(sets)
  }

  /// What comes over the back edges to old block `header` has been written by the loop.
  mutating func forgetWrites(ofLoop header: Int) {
    let end = old.blocks[header].loopEnd + 1
    if firstSets[end] != firstSets[header] { memory.forgetGlobals() }
    let written = firstWrites[header]..<firstWrites[end]
    if written.count > Self.loopWrites {
      memory.forgetMemory()
      return
    }
    for position in written {
      guard let range = rangeBeforehand(of: old.nodes[writes[position]]) else {
        memory.forgetMemory()
        return
      }
      memory.overwrite(range)
    }
  }

  /// What old node `node` writes, as far as that is known before the loop that it is in.
  private mutating func rangeBeforehand(of node: Node) -> MemoryRange? {
    guard let access = MemoryAccess(node.operation), access.isStore else { return nil }
    if values[node.a] != .max {
      return bytes(at: values[node.a], memory: node.c, offset: node.imm, size: access.size)?.range
    }
    let address = old.nodes[node.a]
    if address.operation.isScalarConstant { return absoluteBytes(address.imm, node.c, node.imm, access.size)?.range }
    let is64 = context.tables.memories[Int(node.c)]
    guard address.operation == Operation(is64 ? .i64Add : .i32Add), values[address.a] != .max,
      let summand = constantBeforehand(address.b),
      var range = bytes(at: values[address.a], memory: node.c, offset: node.imm, size: access.size)?.range
    else { return nil }
    range.displacement = (range.displacement &+ summand) & (is64 ? .max : 0xFFFF_FFFF)
    return range
  }

  /// The bits of an old value, if it is a constant. What is written may be discarded.
  private mutating func constantBeforehand(_ value: UInt32) -> UInt64? {
    if values[value] != .max { return constant(values[value]) }
    return old.nodes[value].operation.isScalarConstant ? old.nodes[value].imm : nil
  }

  /// Takes the last store back, if the one that comes now overwrites it. Where both would trap, the first is to blame.
  private mutating func takeBack(_ node: Node) {
    if lastStore == .max { return }
    let last = new.nodes[lastStore]
    guard last.a == node.a, last.imm == node.imm, last.c == node.c, let former = MemoryAccess(last.operation),
      let present = MemoryAccess(node.operation), former.size == present.size
    else { return }
    new.nodes[lastStore] = Node(.removed)
    offset = new.offsets[lastStore]
  }

  /// What a load of type `type` reads where the low bytes of `value` are stored; nil if that takes more than it saves.
  private mutating func part(of value: UInt32, _ access: MemoryAccess, _ type: IRType) -> UInt32? {
    let from = new.nodes[value].type
    guard type.isInteger && from.isInteger else { return type == from ? value : nil }
    var value = value
    if type == .i32 && from == .i64 { value = computed(Node(Operation(.i32WrapI64), type: .i32, a: value)) }
    if type == .i64 && from == .i32 {
      guard access.size == 4 else { return nil }
      return computed(Node(Operation(access.isSigned ? .i64ExtendI32S : .i64ExtendI32U), type: .i64, a: value))
    }
    if access.size == (type == .i32 ? 4 : 8) { return value }
    if !access.isSigned {
      let mask = constant(type, 1 << UInt64(8 * access.size) - 1)
      return computed(Node(Operation(type == .i32 ? .i32And : .i64And), type: type, a: value, b: mask))
    }
    let extensions: [Opcode] =
      type == .i32 ? [.i32Extend8S, .i32Extend16S] : [.i64Extend8S, .i64Extend16S, .i64Extend32S]
    return computed(Node(Operation(extensions[access.size.trailingZeroBitCount]), type: type, a: value))
  }
}

/// A load or store of a whole value, or of the low bytes of an integer.
private struct MemoryAccess {
  /// Bytes.
  var size: UInt8
  var isSigned = false
  var isStore = false

  @inline(__always)
  init?(_ operation: Operation) {
    guard let opcode = operation.opcode else { return nil }
    switch opcode {
    case .i32Load, .f32Load: size = 4
    case .i64Load, .f64Load: size = 8
    case .i32Load8U, .i64Load8U: size = 1
    case .i32Load16U, .i64Load16U: size = 2
    case .i64Load32U: size = 4
    case .i32Load8S, .i64Load8S: (size, isSigned) = (1, true)
    case .i32Load16S, .i64Load16S: (size, isSigned) = (2, true)
    case .i64Load32S: (size, isSigned) = (4, true)
    case .i32Store, .f32Store, .i64Store32: (size, isStore) = (4, true)
    case .i64Store, .f64Store: (size, isStore) = (8, true)
    case .i32Store8, .i64Store8: (size, isStore) = (1, true)
    case .i32Store16, .i64Store16: (size, isStore) = (2, true)
    case .v128Load: size = 16
    case .v128Store: (size, isStore) = (16, true)
    default: return nil
    }
  }
}
