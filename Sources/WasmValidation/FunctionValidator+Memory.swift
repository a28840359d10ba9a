// Memories and data segments, and the immediates of memory accesses and lane operators.
//
// Source: WebAssembly 3.0, section 3.4 (memory and vector instructions).

import WebAssembly

extension FunctionValidator {
  /// The address type of memory `index`.
  @inline(__always)
  mutating func memory(_ index: UInt32) throws(ModuleError) -> ValueType {
    if reader.namesMemories { try require(.multiMemory) }
    if index >= tables.memoryCount { throw fail(.unknownMemory, "\(index)") }
    return tables.memories[Int(index)]
  }

  /// Checks a memory argument and returns the memory's address type.
  @inline(__always)
  mutating func memoryArgument(_ info: OperatorInfo) throws(ModuleError) -> ValueType {
    let address = try memory(instruction.b)
    if instruction.a > info.alignmentOrLanes { throw fail(.alignmentTooLarge, "2^\(instruction.a)") }
    let offset = instruction.value
    if address == .i32 && offset > UInt64(UInt32.max) { throw fail(.offsetOutOfRange, "\(offset)") }
    return address
  }

  mutating func checkLane(_ lane: UInt8, count: UInt32) throws(ModuleError) {
    if UInt32(lane) >= count { throw fail(.invalidLaneIndex, "\(lane)") }
  }

  /// The sixteen lanes of `i8x16.shuffle` select from 32.
  mutating func checkShuffle() throws(ModuleError) {
    if (instruction.value | instruction.high) & 0xE0E0_E0E0_E0E0_E0E0 != 0 { throw fail(.invalidLaneIndex) }
  }

  mutating func checkData(_ index: UInt32) throws(ModuleError) {
    guard let count = tables.dataCount else {
      throw ModuleError(.malformed, .dataCountMissing, offset: instruction.offset, function: function)
    }
    if index >= count { throw fail(.unknownDataSegment, "\(index)") }
  }

  mutating func memorySize(_ index: UInt32) throws(ModuleError) { try push(try memory(index)) }

  mutating func memoryGrow(_ index: UInt32) throws(ModuleError) {
    let address = try memory(index)
    try pop(address)
    try push(address)
  }

  mutating func memoryFill(_ index: UInt32) throws(ModuleError) {
    let address = try memory(index)
    try pop(address)
    try pop(.i32)
    try pop(address)
  }

  mutating func memoryCopy() throws(ModuleError) {
    let destination = try memory(instruction.a)
    let source = try memory(instruction.b)
    try pop(destination == .i64 && source == .i64 ? .i64 : .i32)
    try pop(source)
    try pop(destination)
  }

  mutating func memoryInit() throws(ModuleError) {
    let address = try memory(instruction.b)
    try checkData(instruction.a)
    try pop(.i32)
    try pop(.i32)
    try pop(address)
  }
}
