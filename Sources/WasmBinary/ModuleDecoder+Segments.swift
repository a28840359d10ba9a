// The element and data sections, and the extent of constant expressions.
//
// Source: WebAssembly 3.0, sections 5.4.9, 5.5.12 and 5.5.14.

import WebAssembly

extension ModuleDecoder {
  mutating func elementSection(_ reader: inout ByteReader) throws(ModuleError) {
    let count = try sectionCount(&reader, "element segments", limit: ImplementationLimits.elementSegments)
    module.elements.reserveCapacity(min(count, reader.remaining / 3))
    for _ in 0..<count { module.elements.append(try elementSegment(&reader)) }
  }

  /// An element segment. Its flags: bit 0 passive or declarative; bit 1 declarative, or else a table index is given; bit 2 the
  /// elements are expressions instead of function indices. The type is written only if bit 0 or bit 1 is set.
  private func elementSegment(_ reader: inout ByteReader) throws(ModuleError) -> ElementSegment {
    let start = reader.offset
    let flags = try reader.u32()
    if flags > 7 { throw reader.error(.malformedElementFlags, at: start, detail: "\(flags)") }
    let mode: SegmentMode
    if flags & 1 != 0 {
      mode = flags & 2 != 0 ? .declarative : .passive
    } else {
      let table = flags & 2 != 0 ? try reader.u32() : 0
      mode = .active(index: table, offset: try reader.constantExpression())
    }
    if flags & 4 != 0 {
      let type = flags & 3 != 0 ? try reader.referenceType() : .funcref
      let count = try elementCount(&reader)
      var expressions: [ConstantExpression] = []
      expressions.reserveCapacity(min(count, reader.remaining / 2))
      for _ in 0..<count { expressions.append(try reader.constantExpression()) }
      return ElementSegment(type: type, mode: mode, items: .expressions(expressions))
    }
    if flags & 3 != 0 {
      let kind = try reader.byte()
      if kind != 0 { throw reader.error(.malformedElementKind, at: reader.offset - 1, detail: "\(kind)") }
    }
    let count = try elementCount(&reader)
    var functions: [UInt32] = []
    functions.reserveCapacity(count)
    for _ in 0..<count { functions.append(try reader.u32()) }
    return ElementSegment(type: .ref(.func, nullable: false), mode: mode, items: .functions(functions))
  }

  private func elementCount(_ reader: inout ByteReader) throws(ModuleError) -> Int {
    let start = reader.offset
    let count = Int(try reader.vectorCount())
    try ImplementationLimits.check(count, ImplementationLimits.elements, "elements", at: start)
    return count
  }

  mutating func dataSection(_ reader: inout ByteReader) throws(ModuleError) {
    let start = reader.offset
    let count = try sectionCount(&reader, "data segments", limit: ImplementationLimits.dataSegments)
    if let announced = module.dataCount, Int(announced) != count {
      let detail = "\(announced) announced, \(count) data segments"
      throw reader.error(.dataCountMismatch, at: start, detail: detail)
    }
    module.data.reserveCapacity(min(count, reader.remaining / 2))
    for _ in 0..<count { module.data.append(try dataSegment(&reader)) }
  }

  /// A data segment. Its flags: 0 active in memory 0; 1 passive; 2 active in the memory given.
  private func dataSegment(_ reader: inout ByteReader) throws(ModuleError) -> DataSegment {
    let start = reader.offset
    let flags = try reader.u32()
    if flags > 2 { throw reader.error(.malformedDataFlags, at: start, detail: "\(flags)") }
    let mode: SegmentMode
    if flags == 1 {
      mode = .passive
    } else {
      let memory = flags == 2 ? try reader.u32() : 0
      mode = .active(index: memory, offset: try reader.constantExpression())
    }
    let size = try reader.u32()
    return DataSegment(mode: mode, bytes: try reader.skip(Int(size)))
  }
}

extension ByteReader {
  /// The extent of a constant expression, whose operators are decoded to find the `end` that closes it. That they are
  /// constant is for the validator to check, so nested blocks may occur; they are counted, not recursed into.
  mutating func constantExpression() throws(ModuleError) -> ConstantExpression {
    let start = offset
    var operators = InstructionReader(self)
    var instruction = Instruction()
    var depth = 0
    while true {
      try operators.next(&instruction)
      switch instruction.opcode {
      case .block, .loop, .if, .tryTable: depth += 1
      case .else where depth == 0: throw error(.endOpcodeExpected, at: instruction.offset)
      case .end:
        if depth == 0 {
          position = operators.reader.position
          return ConstantExpression(range: ByteRange(start: start, end: offset))
        }
        depth -= 1
      default: break
      }
    }
  }
}
