// Memories and tables in generated bodies.

import WebAssembly

extension BodyGenerator {
  // MARK: Memories

  private mutating func smallConstant(_ value: Int, _ type: ValueType) {
    emit(type == .i64 ? .i64Const : .i32Const, signedLeb(Int64(value)))
  }

  /// An address in memory `memory` that mostly exists. Often it is near others, so that accesses meet.
  private mutating func address(memory: Int, depth: Int) {
    let type = layout.addressType(memory: memory)
    if random.chance(1, in: 2) {
      emit(.localGet, leb(firstLocal(type)))
      smallConstant(0x7FFF, type)
      emit(type == .i64 ? .i64And : .i32And)
      if random.chance(1, in: 3) {
        smallConstant(random.pick([-4, -1, 1, 4, 8]), type)
        emit(type == .i64 ? .i64Add : .i32Add)
      }
      return
    }
    expression(type, depth: depth + 1)
    if random.chance(39, in: 40) {
      smallConstant(0x7FFF, type)
      emit(type == .i64 ? .i64And : .i32And)
    }
  }

  private mutating func memoryArgument(_ memory: Int) -> [UInt8] {
    var offset = random.pick([0, 0, 1, 2, 4, 4, 8, 100, 4090, 32_760, 32_766])
    if random.chance(1, in: 100) { offset = layout.wideMemories[memory] ? 1 << 40 : 0xFFFF_FFFF }
    return memory == 0 ? [0] + leb(offset) : [0x40] + leb(memory) + leb(offset)
  }

  /// Loads by the type of their result, and stores by that of their value; with lanes, of vectors.
  private static let loads = accesses { info in info.result }
  private static let stores = accesses { info in info.result == .none ? info.operand(1) : .none }

  private static func accesses(_ type: (OperatorInfo) -> SignatureType) -> [SignatureType: [Opcode]] {
    var lists: [SignatureType: [Opcode]] = [:]
    for row in 0..<Opcode.count {
      let info = Opcode(row: UInt16(row)).info
      guard info.hasFixedSignature, [.memoryArgument, .memoryLane].contains(info.immediates) else { continue }
      lists[type(info), default: []].append(Opcode(row: UInt16(row)))
    }
    return lists
  }

  private func signature(_ type: ValueType) -> SignatureType {
    switch type {
    case .i32: .i32
    case .i64: .i64
    case .f32: .f32
    case .f64: .f64
    default: .v128
    }
  }

  mutating func load(_ type: ValueType, depth: Int) {
    let opcode = random.pick(BodyGenerator.loads[signature(type)]!)
    let memory = random.below(2)
    address(memory: memory, depth: depth)
    if opcode.info.immediates == .memoryLane { expression(.v128, depth: depth + 1) }
    access(opcode, memory)
  }

  private mutating func access(_ opcode: Opcode, _ memory: Int) {
    var immediates = memoryArgument(memory)
    if opcode.info.immediates == .memoryLane {
      immediates.append(UInt8(random.below(16 >> Int(opcode.info.alignmentOrLanes))))
    }
    emit(opcode, immediates)
  }

  mutating func store(depth: Int) {
    let type = random.pick(layout.types.filter { !$0.isReference })
    let memory = random.below(2)
    address(memory: memory, depth: depth)
    expression(type, depth: depth + 1)
    access(random.pick(BodyGenerator.stores[signature(type)]!), memory)
  }

  /// The size of a memory or table with addresses of `type`, or a growth of it; something simpler if there is none.
  mutating func size(_ type: ValueType, depth: Int) {
    let memories = layout.wideMemories.indices.filter { layout.addressType(memory: $0) == type }
    let tables = layout.tables.indices.filter { layout.indexType(table: $0) == type }
    switch random.below(4) {
    case 0 where !memories.isEmpty: emit(.memorySize, leb(random.pick(memories)))
    case 1 where !memories.isEmpty:
      if random.chance(1, in: 4) { expression(type, depth: depth + 1) } else { smallConstant(random.below(2), type) }
      emit(.memoryGrow, leb(random.pick(memories)))
    case 2 where !tables.isEmpty: emit(.tableSize, leb(random.pick(tables)))
    case 3 where layout.tables.count > 1 && !tables.isEmpty:
      let table = random.pick(tables)
      expression(layout.tables[table].element, depth: depth + 1)
      smallConstant(random.below(3), type)
      emit(.tableGrow, leb(table))
    default: leaf(type)
    }
  }

  // MARK: Tables

  /// An index of table `table` that mostly exists.
  mutating func index(table: Int, depth: Int) {
    let type = layout.indexType(table: table)
    expression(type, depth: depth + 1)
    if random.chance(19, in: 20) {
      smallConstant(ModuleLayout.tableSize - 1, type)
      emit(type == .i64 ? .i64And : .i32And)
    }
  }

  mutating func tableGet(_ type: ValueType, depth: Int) {
    let table = random.pick(layout.tables.indices.filter { layout.tables[$0].element == type })
    index(table: table, depth: depth)
    emit(.tableGet, leb(table))
  }

  // MARK: Bulk operators

  /// An operator on a range of a memory or table.
  mutating func bulk(depth: Int) {
    let length = random.below(40)
    switch random.below(8) {
    case 0, 1:
      let memory = random.below(2)
      address(memory: memory, depth: depth)
      expression(.i32, depth: depth + 1)
      smallConstant(length, layout.addressType(memory: memory))
      emit(.memoryFill, leb(memory))
    case 2, 3:
      let (to, from) = (random.below(2), random.below(2))
      address(memory: to, depth: depth)
      address(memory: from, depth: depth)
      // The length has the smaller of the two address types.
      smallConstant(length, layout.wideMemories[to] && layout.wideMemories[from] ? .i64 : .i32)
      emit(.memoryCopy, leb(to) + leb(from))
    case 4:
      let memory = random.below(2)
      address(memory: memory, depth: depth)
      smallConstant(random.below(8), .i32)
      smallConstant(random.below(ModuleLayout.dataSize), .i32)
      emit(.memoryInit, [0] + leb(memory))
      if random.chance(1, in: 20) { emit(.dataDrop, [0]) }
    case 5:
      index(table: 0, depth: depth)
      index(table: 0, depth: depth)
      emit(.tableGet, [0])
      emit(.tableSet, [0])
    case 6 where layout.tables.count > 1: tableRange(depth: depth)
    case 6:
      for bound in [6, 6, 4] { smallConstant(random.below(bound), .i32) }
      if random.chance(1, in: 2) { emit(.tableCopy, [0, 0]) } else { emit(.tableInit, [1, 0]) }
    default:
      emit(.refFunc, leb(layout.imports.count))
      smallConstant(1, .i32)
      emit(.tableGrow, [0])
      emit(.drop)
    }
  }

  private mutating func tableRange(depth: Int) {
    let functionTables = layout.tables.indices.filter { layout.tables[$0].element == .funcref }
    func type(_ table: Int) -> ValueType { layout.indexType(table: table) }
    switch random.below(5) {
    case 0:
      let table = random.below(layout.tables.count)
      index(table: table, depth: depth)
      expression(layout.tables[table].element, depth: depth + 1)
      emit(.tableSet, leb(table))
    case 1:
      let table = random.below(layout.tables.count)
      smallConstant(random.below(8), type(table))
      expression(layout.tables[table].element, depth: depth + 1)
      smallConstant(random.below(4), type(table))
      emit(.tableFill, leb(table))
    case 2:
      let (to, from) = (random.pick(functionTables), random.pick(functionTables))
      smallConstant(random.below(6), type(to))
      smallConstant(random.below(6), type(from))
      smallConstant(random.below(4), type(to) == .i64 && type(from) == .i64 ? .i64 : .i32)
      emit(.tableCopy, leb(to) + leb(from))
    case 3:
      let table = random.pick(functionTables)
      smallConstant(random.below(6), type(table))
      smallConstant(random.below(4), .i32)
      smallConstant(random.below(3), .i32)
      emit(.tableInit, leb(1 + random.below(2)) + leb(table))
      if random.chance(1, in: 20) { emit(.elemDrop, leb(1 + random.below(2))) }
    default:
      smallConstant(random.below(6), type(1))
      smallConstant(random.below(6), type(1))
      smallConstant(random.below(4), type(1))
      emit(.tableCopy, [1, 1])
    }
  }
}
