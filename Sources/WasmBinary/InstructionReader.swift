// Decodes operators with their immediates, one at a time, into one reused `Instruction`: the loop under the validator,
// the compiler's frontend, the text printer and the reference interpreter. It allocates nothing.
//
// Source: WebAssembly 3.0, section 5.4.

import WebAssembly

@frozen
public struct InstructionReader {
  public var reader: ByteReader
  /// Whether an operator read so far names its memory in the notation of the multi-memory proposal: by bit 6 of a memory
  /// argument's flags, or by an index that is more than one byte, if only 0. Before, one byte was reserved.
  public internal(set) var namesMemories = false
  @usableFromInline let info: UnsafePointer<OperatorInfo>
  @usableFromInline let primary: UnsafePointer<UInt16>
  @usableFromInline let quick: UnsafePointer<UInt64>

  /// Reads the operators in `range` of `buffer`, which must outlive the reader.
  @inlinable
  public init(_ buffer: UnsafeRawBufferPointer, range: ByteRange) {
    self.init(ByteReader(buffer, range: range))
  }

  /// Reads the operators that `reader` stands before.
  @inlinable
  public init(_ reader: ByteReader) {
    self.reader = reader
    info = OperatorTable.info
    primary = OperatorTable.primary
    quick = QuickForm.table
  }

  @inlinable @inline(__always)
  public var offset: Int { reader.offset }
  @inlinable @inline(__always)
  public var isAtEnd: Bool { reader.isAtEnd }

  /// Decodes the next instruction into `instruction`. Fields that the operator does not use have any value.
  @inlinable @inline(__always)
  public mutating func next(_ instruction: inout Instruction) throws(ModuleError) {
    if reader.remaining >= 4 {
      let word = UInt64(UInt32(littleEndian: reader.position.loadUnaligned(as: UInt32.self)))
      let form = quick[Int(word & 0xFF)]
      if word &<< QuickForm.excludedShift & form == 0 {
        instruction.offset = reader.offset
        instruction.opcode = Opcode(row: UInt16(truncatingIfNeeded: form))
        instruction.a = UInt32(truncatingIfNeeded: word &>> 8 & 0xFF)
        instruction.b = UInt32(truncatingIfNeeded: word &>> 16 & (form &>> QuickForm.secondShift & 0xFF))
        let left = Int64(bitPattern: word &<< (form &>> QuickForm.leftShift))
        let value = UInt64(bitPattern: left &>> Int64(truncatingIfNeeded: form &>> QuickForm.rightShift))
        instruction.value = value & UInt64.max &>> (form &>> QuickForm.narrowShift & 32)
        reader.position += Int(truncatingIfNeeded: form &>> QuickForm.lengthShift & 3)
        return
      }
    }
    if !nextOfLongForm(&instruction) { try nextOfAnyForm(&instruction) }
  }

  /// Decodes the next instruction if it has one of the usual immediates, in more bytes than one. Else returns false, and the
  /// reader is where it was.
  @usableFromInline @inline(never)
  mutating func nextOfLongForm(_ instruction: inout Instruction) -> Bool {
    let start = reader.position
    if reader.end - start < 16 { return false }
    let row = primary[Int(start.load(as: UInt8.self))]
    if row == OperatorTable.noRow { return false }
    reader.position = start + 1
    var isRead = true
    switch info[Int(row)].immediatesCode {
    case Immediates.local.rawValue, Immediates.label.rawValue, Immediates.function.rawValue, Immediates.global.rawValue:
      let index = reader.shortUnsigned(bits: 32)
      instruction.a = UInt32(truncatingIfNeeded: index ?? 0)
      isRead = index != nil
    case Immediates.i32.rawValue:
      let value = reader.shortSigned(bits: 32)
      instruction.value = UInt64(UInt32(truncatingIfNeeded: value ?? 0))
      isRead = value != nil
    case Immediates.i64.rawValue:
      let value = reader.shortSigned(bits: 64)
      instruction.value = UInt64(bitPattern: value ?? 0)
      isRead = value != nil
    case Immediates.memoryArgument.rawValue:
      let flags = reader.position.load(as: UInt8.self)
      reader.position += 1
      let offset = reader.shortUnsigned(bits: 64)
      instruction.a = UInt32(flags)
      instruction.b = 0
      instruction.value = offset ?? 0
      isRead = flags < 0x40 && offset != nil
    case Immediates.blockType.rawValue:
      isRead = reader.position.load(as: UInt8.self) == 0x40
      reader.position += 1
      instruction.blockType = .empty
    default: isRead = false
    }
    if !isRead {
      reader.position = start
      return false
    }
    instruction.offset = start - reader.base
    instruction.opcode = Opcode(row: row)
    return true
  }

  @usableFromInline @inline(never)
  mutating func nextOfAnyForm(_ instruction: inout Instruction) throws(ModuleError) {
    instruction.offset = reader.offset
    let first = try reader.byte()
    var row = primary[Int(first)]
    if row == OperatorTable.noRow { row = try prefixed(first, at: instruction.offset) }
    instruction.opcode = Opcode(row: row)
    switch info[Int(row)].immediatesCode {
    case Immediates.none.rawValue: break
    case Immediates.local.rawValue, Immediates.label.rawValue, Immediates.function.rawValue, Immediates.global.rawValue,
      Immediates.table.rawValue, Immediates.type.rawValue, Immediates.data.rawValue, Immediates.element.rawValue,
      Immediates.tag.rawValue:
      instruction.a = try reader.u32()
    case Immediates.memory.rawValue: instruction.a = try memoryIndex()
    case Immediates.memoryArgument.rawValue: try memoryArgument(&instruction)
    case Immediates.i32.rawValue: instruction.value = UInt64(UInt32(bitPattern: try reader.s32()))
    case Immediates.i64.rawValue: instruction.value = UInt64(bitPattern: try reader.s64())
    case Immediates.blockType.rawValue: instruction.blockType = try reader.blockType()
    default: try rare(&instruction, Immediates(rawValue: info[Int(row)].immediatesCode)!)
    }
  }

  @inlinable @inline(__always)
  mutating func memoryArgument(_ instruction: inout Instruction) throws(ModuleError) {
    let start = reader.offset
    let flags = try reader.u32()
    if flags >= 0x80 { throw reader.error(.malformedMemopFlags, at: start) }
    instruction.a = flags & 0x3F
    instruction.b = flags & 0x40 != 0 ? try namedMemory() : 0
    instruction.value = try reader.u64()
  }

  @usableFromInline
  mutating func namedMemory() throws(ModuleError) -> UInt32 {
    namesMemories = true
    return try reader.u32()
  }

  @usableFromInline
  mutating func memoryIndex() throws(ModuleError) -> UInt32 {
    let start = reader.offset
    let index = try reader.u32()
    if reader.offset - start > 1 { namesMemories = true }
    return index
  }

  @usableFromInline
  mutating func prefixed(_ first: UInt8, at start: Int) throws(ModuleError) -> UInt16 {
    let table: UnsafePointer<UInt16>
    let limit: UInt32
    switch first {
    case 0xFB: (table, limit) = (OperatorTable.prefixFB, 32)
    case 0xFC: (table, limit) = (OperatorTable.prefixFC, 32)
    case 0xFD: (table, limit) = (OperatorTable.prefixFD, 512)
    default: throw reader.error(.illegalOpcode, at: start, detail: hexadecimal(UInt32(first)))
    }
    let code = try reader.u32()
    guard code < limit, table[Int(code)] != OperatorTable.noRow else {
      throw reader.error(.illegalOpcode, at: start, detail: "\(hexadecimal(UInt32(first))) \(hexadecimal(code))")
    }
    return table[Int(code)]
  }

  private func hexadecimal(_ value: UInt32) -> String { (value < 16 ? "0" : "") + String(value, radix: 16) }

  @usableFromInline
  mutating func rare(_ instruction: inout Instruction, _ immediates: Immediates) throws(ModuleError) {
    switch immediates {
    case .f32: instruction.value = UInt64(try reader.fixed32())
    case .f64: instruction.value = try reader.fixed64()
    case .v128, .shuffle:
      instruction.value = try reader.fixed64()
      instruction.high = try reader.fixed64()
    case .lane: instruction.lane = try reader.byte()
    case .memoryLane:
      try memoryArgument(&instruction)
      instruction.lane = try reader.byte()
    case .callIndirect, .typeField, .typeCount, .typeData, .typeElement, .typeType, .elementTable, .tableTable:
      instruction.a = try reader.u32()
      instruction.b = try reader.u32()
    case .dataMemory:
      instruction.a = try reader.u32()
      instruction.b = try memoryIndex()
    case .memoryMemory:
      instruction.a = try memoryIndex()
      instruction.b = try memoryIndex()
    case .labelTable:
      instruction.a = try reader.vectorCount()
      instruction.vector = reader.offset
      for _ in 0...instruction.a { _ = try reader.u32() }
    case .selectTypes:
      instruction.a = try reader.vectorCount()
      instruction.vector = reader.offset
      for index in 0..<instruction.a {
        let type = try reader.valueType()
        if index == 0 { instruction.type = type }
      }
    case .heapType:
      let nullable =
        instruction.opcode == .refNull || instruction.opcode == .refTestNull || instruction.opcode == .refCastNull
      instruction.type = .ref(try reader.heapType(), nullable: nullable)
    case .castBranch:
      let start = reader.offset
      let flags = try reader.byte()
      if flags > 3 { throw reader.error(.malformedCastFlags, at: start) }
      instruction.a = try reader.u32()
      instruction.type = .ref(try reader.heapType(), nullable: flags & 1 != 0)
      instruction.type2 = .ref(try reader.heapType(), nullable: flags & 2 != 0)
    case .tryTable:
      instruction.blockType = try reader.blockType()
      instruction.a = try reader.vectorCount()
      instruction.vector = reader.offset
      for _ in 0..<instruction.a { _ = try reader.catchClause() }
    default: preconditionFailure("immediates \(immediates) are read by next(_:)")
    }
  }

  /// A reader over the labels of the `br_table` just decoded (`a` + 1 of them, the default last) or the catch clauses of
  /// the `try_table` just decoded.
  @inlinable
  public func vector(of instruction: Instruction) -> ByteReader {
    var copy = reader
    copy.position = copy.base + instruction.vector
    return copy
  }
}

/// A catch clause of `try_table`.
public struct CatchClause: Hashable, Sendable {
  /// The tag that is caught; `nil` for `catch_all`.
  public var tag: UInt32?
  /// Whether the exception itself is passed on (`catch_ref`, `catch_all_ref`).
  public var passesReference: Bool
  public var label: UInt32
  public init(tag: UInt32?, passesReference: Bool, label: UInt32) {
    self.tag = tag
    self.passesReference = passesReference
    self.label = label
  }
}

extension ByteReader {
  public mutating func catchClause() throws(ModuleError) -> CatchClause {
    let start = offset
    switch try byte() {
    case 0: return CatchClause(tag: try u32(), passesReference: false, label: try u32())
    case 1: return CatchClause(tag: try u32(), passesReference: true, label: try u32())
    case 2: return CatchClause(tag: nil, passesReference: false, label: try u32())
    case 3: return CatchClause(tag: nil, passesReference: true, label: try u32())
    default: throw error(.malformedCatch, at: start)
    }
  }

  @inlinable @inline(__always)
  public mutating func blockType() throws(ModuleError) -> BlockType {
    if !isAtEnd && position.load(as: UInt8.self) == 0x40 {
      position += 1
      return .empty
    }
    return try longBlockType()
  }

  @usableFromInline
  mutating func longBlockType() throws(ModuleError) -> BlockType {
    let start = offset
    let first = isAtEnd ? 0 : position.load(as: UInt8.self)
    if first & 0xC0 == 0x40 { return .value(try valueType()) }
    let index = try s33()
    if index < 0 { throw error(.malformedBlockType, at: start) }
    return .type(UInt32(truncatingIfNeeded: index))
  }

  @inlinable
  public mutating func valueType() throws(ModuleError) -> ValueType {
    let start = offset
    switch try byte() {
    case 0x7F: return .i32
    case 0x7E: return .i64
    case 0x7D: return .f32
    case 0x7C: return .f64
    case 0x7B: return .v128
    default:
      position = base + start
      return try referenceType(orThrow: .malformedValueType)
    }
  }

  /// A reference type: a shorthand, or `ref`/`ref null` and a heap type.
  public mutating func referenceType(
    orThrow reason: ModuleErrorReason = .malformedReferenceType
  ) throws(ModuleError) -> ValueType {
    let start = offset
    let code = try byte()
    if code == 0x64 { return .ref(try heapType(), nullable: false) }
    if code == 0x63 { return .ref(try heapType(), nullable: true) }
    guard let type = ByteReader.abstractHeapType(code) else { throw error(reason, at: start) }
    return .ref(type, nullable: true)
  }

  public mutating func heapType() throws(ModuleError) -> HeapType {
    let start = offset
    if !isAtEnd, let type = ByteReader.abstractHeapType(position.load(as: UInt8.self)) {
      position += 1
      return type
    }
    let index = try s33()
    if index < 0 { throw error(.malformedHeapType, at: start) }
    if index >= 1 << 27 { throw ModuleError(.limit, .limitExceeded, offset: start, detail: "type index \(index)") }
    return .concrete(UInt32(truncatingIfNeeded: index))
  }

  private static func abstractHeapType(_ code: UInt8) -> HeapType? {
    switch code {
    case 0x70: .func
    case 0x6F: .extern
    case 0x6E: .any
    case 0x6D: .eq
    case 0x6C: .i31
    case 0x6B: .struct
    case 0x6A: .array
    case 0x69: .exn
    case 0x71: HeapType.none
    case 0x72: .noextern
    case 0x73: .nofunc
    case 0x74: .noexn
    default: nil
    }
  }
}
