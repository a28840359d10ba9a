// Instructions that contain no others: their immediates, by the column of the operator table.
//
// Source: WebAssembly 3.0, sections 6.5.3 to 6.5.10.

import WasmBinary
import WebAssembly

extension ModuleParser {
  /// Reads the immediates of `opcode`, whose word `token` has been read, and writes the instruction.
  mutating func plainInstruction(_ opcode: Opcode, _ token: Token) throws(TextError) {
    let immediates = opcode.info.immediates
    switch immediates {
    case .none where opcode == .select && cursor.isAtForm(.result):
      body.select(types: try signature(.forbidden).results)
    case .none: body.opcode(opcode)
    case .local: writeIndex(opcode, try local())
    case .label: writeIndex(opcode, try label())
    case .function: writeIndex(opcode, try index(.function))
    case .global: writeIndex(opcode, try index(.global))
    case .tag: writeIndex(opcode, try index(.tag))
    case .type: writeIndex(opcode, try index(.type))
    case .element: writeIndex(opcode, try index(.element))
    case .data:
      usesDataIndices = true
      writeIndex(opcode, try index(.data))
    case .table: writeIndex(opcode, try optionalIndex(.table))
    case .memory: writeIndex(opcode, try optionalIndex(.memory))
    case .i32:
      let value = try cursor.integer(bits: 32)
      body.opcode(opcode)
      body.s32(Int32(truncatingIfNeeded: value))
    case .i64:
      let value = try cursor.integer(bits: 64)
      body.opcode(opcode)
      body.s64(Int64(bitPattern: value))
    case .f32:
      let value = try cursor.float(.binary32)
      body.opcode(opcode)
      body.fixed32(UInt32(truncatingIfNeeded: value))
    case .f64:
      let value = try cursor.float(.binary64)
      body.opcode(opcode)
      body.fixed64(value)
    case .memoryArgument:
      let memory = try optionalIndex(.memory)
      let argument = try memoryArgument(opcode)
      body.opcode(opcode)
      body.memoryArgument(alignment: argument.alignment, memory: memory, offset: argument.offset)
    case .memoryLane: try memoryLane(opcode)
    case .lane:
      let lane = try cursor.laneIndex()
      body.opcode(opcode)
      body.byte(lane)
    case .v128: try vectorConstant(opcode)
    case .shuffle: try shuffle(opcode)
    case .labelTable: try branchTable()
    case .callIndirect:
      let table = try optionalIndex(.table)
      writeIndices(opcode, try typeUse(.forbidden), table)
    case .heapType: try heapTypeOperator(opcode)
    case .castBranch: try castBranch(opcode)
    case .typeField:
      let type = try index(.type)
      writeIndices(opcode, type, try field(of: type))
    case .typeCount:
      let type = try index(.type)
      writeIndices(opcode, type, try cursor.u32())
    case .typeData:
      usesDataIndices = true
      let type = try index(.type)
      writeIndices(opcode, type, try index(.data))
    case .typeElement:
      let type = try index(.type)
      writeIndices(opcode, type, try index(.element))
    case .typeType:
      let destination = try index(.type)
      writeIndices(opcode, destination, try index(.type))
    case .memoryMemory: try twoOptionalIndices(opcode, .memory)
    case .tableTable: try twoOptionalIndices(opcode, .table)
    case .dataMemory:
      usesDataIndices = true
      try segmentOperator(opcode, segment: .data, container: .memory)
    case .elementTable: try segmentOperator(opcode, segment: .element, container: .table)
    case .blockType, .tryTable, .selectTypes:
      // Blocks are no plain instructions, and typed `select` is recognised by its result types.
      throw cursor.unexpected(token)
    }
  }

  private mutating func writeIndex(_ opcode: Opcode, _ index: UInt32) {
    body.opcode(opcode)
    body.u32(index)
  }

  private mutating func writeIndices(_ opcode: Opcode, _ first: UInt32, _ second: UInt32) {
    body.opcode(opcode)
    body.u32(first)
    body.u32(second)
  }

  private mutating func local() throws(TextError) -> UInt32 {
    if cursor.token.kind != .identifier { return try cursor.u32() }
    guard let local = scope.local(identifiers.identifier(cursor.token, cursor.lexer)) else {
      throw cursor.error(.unknownLocal)
    }
    try cursor.advance()
    return local
  }

  private mutating func field(of type: UInt32) throws(TextError) -> UInt32 {
    if cursor.token.kind != .identifier { return try cursor.u32() }
    guard let field = types.field(identifiers.identifier(cursor.token, cursor.lexer), of: type) else {
      throw cursor.error(.unknownField)
    }
    try cursor.advance()
    return field
  }

  /// Destination and source: both or neither are given.
  private mutating func twoOptionalIndices(_ opcode: Opcode, _ space: Space) throws(TextError) {
    if !cursor.isAtIndex { return writeIndices(opcode, 0, 0) }
    let destination = try index(space)
    writeIndices(opcode, destination, try index(space))
  }

  /// `container? segment` in the text, the segment first in the binary form.
  private mutating func segmentOperator(_ opcode: Opcode, segment: Space, container: Space) throws(TextError) {
    let hasContainer =
      cursor.isAtIndex && (cursor.ahead.kind == .number || cursor.ahead.kind == .identifier)
    let containerIndex = hasContainer ? try index(container) : 0
    writeIndices(opcode, try index(segment), containerIndex)
  }

  private mutating func branchTable() throws(TextError) {
    var labels = [try label()]
    while cursor.isAtIndex { labels.append(try label()) }
    let last = labels.removeLast()
    body.branchTable(labels: labels, default: last)
  }

  // MARK: References

  private mutating func heapTypeOperator(_ opcode: Opcode) throws(TextError) {
    if opcode == .refNull {
      let type = try heapType()
      body.opcode(opcode)
      body.heapType(type)
      return
    }
    let type = try referenceType()
    switch opcode {
    case .refTest: body.opcode(type.isNullable ? .refTestNull : .refTest)
    case .refCast: body.opcode(type.isNullable ? .refCastNull : .refCast)
    default: body.opcode(opcode)
    }
    body.heapType(type.heapType)
  }

  private mutating func castBranch(_ opcode: Opcode) throws(TextError) {
    var instruction = Instruction()
    instruction.opcode = opcode
    instruction.a = try label()
    instruction.type = try referenceType()
    instruction.type2 = try referenceType()
    body.instruction(instruction)
  }

  // MARK: Memory

  /// `offset=…` and `align=…`, both optional; the alignment as an exponent of two.
  private mutating func memoryArgument(_ opcode: Opcode) throws(TextError) -> (alignment: UInt32, offset: UInt64) {
    let offset = try assignment("offset=") ?? 0
    var alignment = opcode.info.alignmentOrLanes
    let token = cursor.token
    if let bytes = try assignment("align=") {
      if bytes.nonzeroBitCount != 1 { throw cursor.error(.alignmentNotPowerOfTwo, token) }
      alignment = UInt32(bytes.trailingZeroBitCount)
    }
    return (alignment, offset)
  }

  /// The value of a word that begins with `prefix`; nil if none is next.
  private mutating func assignment(_ prefix: StaticString) throws(TextError) -> UInt64? {
    guard isAtAssignment(prefix) else { return nil }
    let range = cursor.token.start + prefix.utf8CodeUnitCount..<cursor.token.end
    guard let literal = IntegerLiteral(cursor.lexer.bytes(range)) else { throw cursor.error(.unknownOperator) }
    let value: UInt64
    do { value = try literal.unsigned(bits: 64) } catch {
      throw cursor.error(error == .outOfRange ? .constantOutOfRange : .unknownOperator)
    }
    try cursor.advance()
    return value
  }

  private func isAtAssignment(_ prefix: StaticString) -> Bool {
    let token = cursor.token
    guard token.kind == .word, token.keyword == .none, token.row == OperatorTable.noRow else { return false }
    return cursor.lexer.text(of: token).starts(
      with: UnsafeBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount))
  }

  /// A number alone is the lane; before another number, `offset=` or `align=` it is the memory.
  private mutating func memoryLane(_ opcode: Opcode) throws(TextError) {
    let ahead = cursor.ahead
    var memory: UInt32 = 0
    if cursor.token.kind == .identifier {
      memory = try index(.memory)
    } else if cursor.token.kind == .number
      && (ahead.kind == .number || ahead.kind == .word && ahead.keyword == .none && ahead.row == OperatorTable.noRow)
    {
      memory = try cursor.u32()
    }
    let argument = try memoryArgument(opcode)
    let lane = try cursor.laneIndex()
    body.opcode(opcode)
    body.memoryArgument(alignment: argument.alignment, memory: memory, offset: argument.offset)
    body.byte(lane)
  }

  // MARK: Vectors

  private mutating func shuffle(_ opcode: Opcode) throws(TextError) {
    body.opcode(opcode)
    for _ in 0..<16 {
      guard cursor.isAtLane else { throw cursor.error(.invalidLaneLength) }
      guard cursor.isAtNatural else { throw cursor.error(.i8ConstantOutOfRange) }
      body.byte(try cursor.laneIndex())
    }
    if cursor.token.kind == .number { throw cursor.error(.invalidLaneLength) }
  }

  private mutating func vectorConstant(_ opcode: Opcode) throws(TextError) {
    guard let shape = VectorShape(cursor.token) else { throw cursor.unexpected() }
    try cursor.advance()
    body.opcode(opcode)
    for _ in 0..<shape.laneCount {
      guard cursor.isAtLane else { throw cursor.error(.wrongNumberOfLaneLiterals) }
      body.lane(try cursor.lane(shape), shape)
    }
    if cursor.token.kind == .number { throw cursor.error(.wrongNumberOfLaneLiterals) }
  }
}
