// Loads, stores and bulk memory operators.

import Semantics
import WebAssembly

/// The low `bits` bits of `value`, sign-extended.
private func signed(_ value: UInt64, _ bits: UInt64) -> UInt64 {
  UInt64(bitPattern: Int64(bitPattern: value << (64 - bits)) >> Int64(64 - bits))
}

extension OracleMachine {
  // MARK: Bulk operators

  mutating func bulkMemory(_ instruction: Instruction) throws(OracleStop) {
    switch instruction.opcode {
    case .dataDrop: return instance.data[Int(instruction.a)] = ByteRange(start: 0, end: 0)
    case .memoryInit:
      let (count, source, destination) = (pop().address, pop().address, pop().address)
      return try instance.initMemory(Int(instruction.b), from: Int(instruction.a), destination, source, count)
    default: break
    }
    let memory = instance.memories[Int(instruction.a)]
    switch instruction.opcode {
    case .memorySize: push(OracleValue(memory.pageCount, memory.type.limits.address))
    case .memoryGrow: push(OracleValue(memory.grow(by: pop().address) ?? .max, memory.type.limits.address))
    case .memoryFill:
      let count = pop().address
      let byte = UInt8(truncatingIfNeeded: popI32())
      let start = pop().address
      guard memory.contains(start, count) else { throw .trap(.outOfBoundsMemoryAccess) }
      for offset in 0..<count { memory[start + offset] = byte }
    case .memoryCopy:
      let source = instance.memories[Int(instruction.b)]
      let (count, from, to) = (pop().address, pop().address, pop().address)
      guard memory.contains(to, count), source.contains(from, count) else { throw .trap(.outOfBoundsMemoryAccess) }
      // The ranges may overlap, so all is read before anything is written.
      memory.write(source.bytes(from..<from + count), at: to)
    default: preconditionFailure("not a bulk memory operator")
    }
  }

  // MARK: Loads and stores

  /// The memory and the effective address of an access whose base address is on the stack. An address beyond 64 bits is
  /// beyond any memory.
  private mutating func place(_ instruction: Instruction) throws(OracleStop) -> (OracleMemory, UInt64) {
    let (address, overflow) = pop().address.addingReportingOverflow(instruction.value)
    if overflow { throw .trap(.outOfBoundsMemoryAccess) }
    return (instance.memories[Int(instruction.b)], address)
  }

  /// Loads `count` bytes, little-endian, zero-extended.
  private mutating func load(_ instruction: Instruction, _ count: UInt64) throws(OracleStop) -> UInt64 {
    let (memory, address) = try place(instruction)
    return try memory.load(address, count: count)
  }

  private mutating func store(_ instruction: Instruction, _ value: UInt64, _ count: UInt64) throws(OracleStop) {
    let (memory, address) = try place(instruction)
    try memory.store(value, address, count: count)
  }

  mutating func access(_ instruction: Instruction) throws(OracleStop) {
    func i32(_ value: UInt64) { push(.i32(UInt32(truncatingIfNeeded: value))) }
    func i64(_ value: UInt64) { push(.i64(value)) }
    switch instruction.opcode {
    case .i32Load: i32(try load(instruction, 4))
    case .i64Load: i64(try load(instruction, 8))
    case .f32Load: push(.f32(UInt32(try load(instruction, 4))))
    case .f64Load: push(.f64(try load(instruction, 8)))
    case .i32Load8S: i32(signed(try load(instruction, 1), 8))
    case .i32Load8U: i32(try load(instruction, 1))
    case .i32Load16S: i32(signed(try load(instruction, 2), 16))
    case .i32Load16U: i32(try load(instruction, 2))
    case .i64Load8S: i64(signed(try load(instruction, 1), 8))
    case .i64Load8U: i64(try load(instruction, 1))
    case .i64Load16S: i64(signed(try load(instruction, 2), 16))
    case .i64Load16U: i64(try load(instruction, 2))
    case .i64Load32S: i64(signed(try load(instruction, 4), 32))
    case .i64Load32U: i64(try load(instruction, 4))
    case .i32Store, .i64Store32, .f32Store: try store(instruction, popBits(), 4)
    case .i64Store, .f64Store: try store(instruction, popBits(), 8)
    case .i32Store8, .i64Store8: try store(instruction, popBits(), 1)
    case .i32Store16, .i64Store16: try store(instruction, popBits(), 2)
    default: try vectorAccess(instruction)
    }
  }

  /// The bits of a number.
  private mutating func popBits() -> UInt64 {
    switch pop() {
    case .i32(let value), .f32(let value): UInt64(value)
    case .i64(let value), .f64(let value): value
    default: preconditionFailure("validated code has a number here")
    }
  }

  // MARK: Vector loads and stores

  private mutating func vectorAccess(_ instruction: Instruction) throws(OracleStop) {
    switch instruction.opcode {
    case .v128Load:
      let (memory, address) = try place(instruction)
      guard memory.contains(address, 16) else { throw .trap(.outOfBoundsMemoryAccess) }
      push(.v128(V128(low: try memory.load(address, count: 8), high: try memory.load(address + 8, count: 8))))
    case .v128Store:
      let vector = V128.pop(from: &self)
      let (memory, address) = try place(instruction)
      guard memory.contains(address, 16) else { throw .trap(.outOfBoundsMemoryAccess) }
      try memory.store(vector.low, address, count: 8)
      try memory.store(vector.high, address + 8, count: 8)
    case .v128Load8x8S: try extend(instruction, 8) { signed($0, 8) }
    case .v128Load8x8U: try extend(instruction, 8) { $0 }
    case .v128Load16x4S: try extend(instruction, 16) { signed($0, 16) }
    case .v128Load16x4U: try extend(instruction, 16) { $0 }
    case .v128Load32x2S: try extend(instruction, 32) { signed($0, 32) }
    case .v128Load32x2U: try extend(instruction, 32) { $0 }
    case .v128Load8Splat: try splat(instruction, 8)
    case .v128Load16Splat: try splat(instruction, 16)
    case .v128Load32Splat: try splat(instruction, 32)
    case .v128Load64Splat: try splat(instruction, 64)
    case .v128Load32Zero: push(.v128(V128(low: try load(instruction, 4), high: 0)))
    case .v128Load64Zero: push(.v128(V128(low: try load(instruction, 8), high: 0)))
    case .v128Load8Lane: try loadLane(instruction, 8)
    case .v128Load16Lane: try loadLane(instruction, 16)
    case .v128Load32Lane: try loadLane(instruction, 32)
    case .v128Load64Lane: try loadLane(instruction, 64)
    case .v128Store8Lane: try storeLane(instruction, 8)
    case .v128Store16Lane: try storeLane(instruction, 16)
    case .v128Store32Lane: try storeLane(instruction, 32)
    case .v128Store64Lane: try storeLane(instruction, 64)
    default: preconditionFailure("not a load or store")
    }
  }

  private func mask(_ bits: UInt64) -> UInt64 { UInt64.max >> (64 - bits) }

  /// Lane `lane` of `bits` bits of a vector.
  private func lane(_ vector: V128, _ bits: UInt64, _ lane: UInt64) -> UInt64 {
    let half = lane * bits < 64 ? vector.low : vector.high
    return half >> (lane * bits % 64) & mask(bits)
  }

  private func replacing(_ vector: V128, _ bits: UInt64, _ lane: UInt64, _ value: UInt64) -> V128 {
    let shift = lane * bits % 64
    func replaced(_ half: UInt64) -> UInt64 { half & ~(mask(bits) << shift) | (value & mask(bits)) << shift }
    return lane * bits < 64
      ? V128(low: replaced(vector.low), high: vector.high) : V128(low: vector.low, high: replaced(vector.high))
  }

  /// Loads 64 bits as lanes of `bits` bits and widens each to twice that by `widen`.
  private mutating func extend(
    _ instruction: Instruction, _ bits: UInt64, _ widen: (UInt64) -> UInt64
  ) throws(OracleStop) {
    let narrow = V128(low: try load(instruction, 8), high: 0)
    var vector = V128.zero
    for index in 0..<64 / bits { vector = replacing(vector, 2 * bits, index, widen(lane(narrow, bits, index))) }
    push(.v128(vector))
  }

  private mutating func splat(_ instruction: Instruction, _ bits: UInt64) throws(OracleStop) {
    let value = try load(instruction, bits / 8)
    var vector = V128.zero
    for index in 0..<128 / bits { vector = replacing(vector, bits, index, value) }
    push(.v128(vector))
  }

  private mutating func loadLane(_ instruction: Instruction, _ bits: UInt64) throws(OracleStop) {
    let vector = V128.pop(from: &self)
    push(.v128(replacing(vector, bits, UInt64(instruction.lane), try load(instruction, bits / 8))))
  }

  private mutating func storeLane(_ instruction: Instruction, _ bits: UInt64) throws(OracleStop) {
    let vector = V128.pop(from: &self)
    try store(instruction, lane(vector, bits, UInt64(instruction.lane)), bits / 8)
  }
}
