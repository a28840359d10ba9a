// One decoded instruction, and the facts of its operator.

/// The immediates of an operator, in binary order.
public enum Immediates: UInt8, Sendable, CaseIterable {
  case none, blockType, label, labelTable, function, callIndirect, type, selectTypes, tryTable, local, global, table
  case memory, memoryArgument, memoryLane, lane, i32, i64, f32, f64, v128, shuffle, heapType
  case typeField, typeCount, typeData, typeElement, typeType, castBranch
  case dataMemory, data, memoryMemory, elementTable, element, tableTable, tag
}

/// The type of a block: nothing, one result, or a function type by index.
@frozen
public enum BlockType: Hashable, Sendable {
  case empty
  case value(ValueType)
  case type(UInt32)
}

/// One instruction as the reader hands it out. A reader fills the same value again and again; nothing in it owns memory.
///
/// Where the immediates are:
///
/// | immediates | fields |
/// | --- | --- |
/// | label, function, local, global, table, memory, type, data, element, tag | `a` |
/// | callIndirect | `a` type index, `b` table index |
/// | memoryArgument | `a` alignment exponent, `b` memory index, `value` offset |
/// | memoryLane | as memoryArgument, and `lane` |
/// | typeField, typeCount, typeData, typeElement, typeType | `a` type index, `b` the other |
/// | dataMemory | `a` data segment, `b` memory |
/// | elementTable | `a` element segment, `b` table |
/// | memoryMemory, tableTable | `a` destination, `b` source |
/// | i32, i64, f32, f64 | `value`: the bits (i32 and f32 zero-extended) |
/// | v128, shuffle | `value` the low, `high` the high 8 bytes, little-endian |
/// | lane | `lane` |
/// | heapType | `type.heapType`; for `ref.null` and the `_null` casts `type.isNullable` |
/// | castBranch | `a` label, `type` and `type2` source and target |
/// | blockType | `blockType` |
/// | labelTable | `a` number of labels without the default; `vector` at the first label |
/// | selectTypes | `a` number of types; `type` the first of them |
/// | tryTable | `blockType`; `a` number of catch clauses; `vector` at the first clause |
@frozen
public struct Instruction {
  public var opcode: Opcode = .nop
  public var lane: UInt8 = 0
  public var a: UInt32 = 0
  public var b: UInt32 = 0
  public var value: UInt64 = 0
  public var high: UInt64 = 0
  /// Byte offset in the module of the operator's first byte.
  public var offset: Int = 0
  public var blockType: BlockType = .empty
  public var type: ValueType = .bottom
  public var type2: ValueType = .bottom
  /// Byte offset in the module where a vector of labels or catch clauses begins.
  public var vector: Int = 0
  @inlinable public init() {}
}

/// The operand or result types of an operator whose signature is fixed.
public enum SignatureType: UInt8, Sendable {
  case none, i32, i64, f32, f64, v128
  /// i32 or i64, as the memory is.
  case address
}

/// One row of the operator table, packed into 64 bits.
///
/// Bits 0–11 code, 12–19 prefix, 20–25 immediates, 26–31 proposal, 32–43 signature (three bits each for three operands
/// and a result; all ones if variable), 44–49 natural alignment or lane count, 50–56 and 57–63 the ICP weights divided as `packWeight` says.
@frozen
public struct OperatorInfo: Sendable {
  public let bits: UInt64
  @inlinable @inline(__always) public init(bits: UInt64) { self.bits = bits }

  public var code: UInt32 { UInt32(truncatingIfNeeded: bits & 0xFFF) }
  /// 0, 0xFB, 0xFC or 0xFD.
  public var prefix: UInt8 { UInt8(truncatingIfNeeded: bits >> 12) }
  public var immediates: Immediates { Immediates(rawValue: UInt8(truncatingIfNeeded: bits >> 20 & 63))! }
  @inlinable @inline(__always) public var immediatesCode: UInt8 { UInt8(truncatingIfNeeded: bits >> 20 & 63) }
  public var proposal: Proposal { Proposal(rawValue: UInt8(truncatingIfNeeded: bits >> 26 & 63))! }
  @inlinable @inline(__always) public var proposalCode: UInt8 { UInt8(truncatingIfNeeded: bits >> 26 & 63) }
  @inlinable public var hasFixedSignature: Bool { bits >> 32 & 0xFFF != 0xFFF }
  /// Operand `index` (0 to 2) of a fixed signature.
  public func operand(_ index: Int) -> SignatureType {
    SignatureType(rawValue: UInt8(truncatingIfNeeded: bits >> (32 + 3 * UInt64(index)) & 7))!
  }
  @inlinable @inline(__always) public func operandCode(_ index: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: bits &>> (32 &+ 3 &* UInt64(truncatingIfNeeded: index)) & 7)
  }
  public var result: SignatureType { SignatureType(rawValue: UInt8(truncatingIfNeeded: bits >> 41 & 7))! }
  @inlinable @inline(__always) public var resultCode: UInt8 { UInt8(truncatingIfNeeded: bits >> 41 & 7) }
  /// Memory accesses: log2 of the natural alignment in bytes. Lane operators: the number of lanes.
  @inlinable @inline(__always) public var alignmentOrLanes: UInt32 { UInt32(truncatingIfNeeded: bits >> 44 & 63) }
  /// What the ICP replica charges for the operator in a module with 32-bit memory.
  public var weight32: UInt32 { OperatorInfo.weight(UInt32(truncatingIfNeeded: bits >> 50 & 127)) }
  /// The same in a module with 64-bit memory.
  public var weight64: UInt32 { OperatorInfo.weight(UInt32(truncatingIfNeeded: bits >> 57 & 127)) }

  /// Weights up to 100 stand for themselves; the two larger ones of the table have codes of their own.
  private static func weight(_ code: UInt32) -> UInt32 { code == 126 ? 130 : code == 127 ? 300 : code }
}

extension Opcode {
  /// The operator with table row `index`, which must be below `Opcode.count`.
  @inlinable @inline(__always)
  public init(row index: UInt16) {
    // Sound: the generated enumeration has more than 256 cases without payload, so it is stored as a UInt16 that counts
    // them in order; `OpcodeTests` compares every case.
    self = unsafeBitCast(index, to: Opcode.self)
  }
  /// The operator's row in the table.
  @inlinable @inline(__always)
  public var row: Int { Int(unsafeBitCast(self, to: UInt16.self)) }
  @inlinable @inline(__always)
  public var info: OperatorInfo { OperatorTable.info[row] }
  /// The text format's spelling.
  public var mnemonic: String { opcodeMnemonics[row] }
}

/// The operator table in the form that inner loops use: raw pointers to memory that is made once and never freed.
public enum OperatorTable {
  // Sound as shared state: written once here, only read afterwards.
  public nonisolated(unsafe) static let info: UnsafePointer<OperatorInfo> = {
    let rows = UnsafeMutablePointer<OperatorInfo>.allocate(capacity: Opcode.count)
    for (index, bits) in operatorRows.enumerated() { rows[index] = OperatorInfo(bits: bits) }
    return UnsafePointer(rows)
  }()

  /// Rows by code for each prefix; `noRow` where the code is illegal. Valid for codes below the matching count.
  public static let noRow: UInt16 = 0xFFFF
  public nonisolated(unsafe) static let primary = rows(prefix: 0, count: 256)
  public nonisolated(unsafe) static let prefixFB = rows(prefix: 0xFB, count: 32)
  public nonisolated(unsafe) static let prefixFC = rows(prefix: 0xFC, count: 32)
  public nonisolated(unsafe) static let prefixFD = rows(prefix: 0xFD, count: 512)

  private static func rows(prefix: UInt8, count: Int) -> UnsafePointer<UInt16> {
    let table = UnsafeMutablePointer<UInt16>.allocate(capacity: count)
    table.initialize(repeating: noRow, count: count)
    for row in 0..<Opcode.count where info[row].prefix == prefix { table[Int(info[row].code)] = UInt16(row) }
    return UnsafePointer(table)
  }
}
