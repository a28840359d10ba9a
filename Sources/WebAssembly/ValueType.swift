// Value types, reference types and heap types, each packed into one 32-bit word so that validators and compilers can
// keep stacks of them without allocation.
//
// Source: WebAssembly 3.0, sections 2.3.2 to 2.3.6 and 5.3.2 to 5.3.5.

/// A value type: a number, a vector, or a reference. `.bottom` stands for the unknown type of unreachable code and never
/// occurs in a module.
///
/// Layout of `bits`: bits 0–2 the kind; for references bit 3 nullable, bit 4 concrete, bits 5–31 the abstract heap type
/// or the type index.
@frozen
public struct ValueType: Hashable, Sendable {
  public let bits: UInt32

  @inlinable @inline(__always)
  public init(bits: UInt32) { self.bits = bits }

  @inlinable public static var bottom: ValueType { ValueType(bits: 0) }
  @inlinable public static var i32: ValueType { ValueType(bits: 1) }
  @inlinable public static var i64: ValueType { ValueType(bits: 2) }
  @inlinable public static var f32: ValueType { ValueType(bits: 3) }
  @inlinable public static var f64: ValueType { ValueType(bits: 4) }
  @inlinable public static var v128: ValueType { ValueType(bits: 5) }

  /// The reference type with heap type `heap`.
  @inlinable
  public static func ref(_ heap: HeapType, nullable: Bool) -> ValueType {
    ValueType(bits: 6 | (nullable ? 8 : 0) | heap.bits << 4)
  }

  @inlinable public static var funcref: ValueType { ValueType.ref(.func, nullable: true) }
  @inlinable public static var externref: ValueType { ValueType.ref(.extern, nullable: true) }
  @inlinable public static var exnref: ValueType { ValueType.ref(.exn, nullable: true) }

  @inlinable public var isReference: Bool { bits & 7 == 6 }
  @inlinable public var isNumeric: Bool { let k = bits & 7; return k >= 1 && k <= 4 }
  @inlinable public var isVector: Bool { bits & 7 == 5 }
  /// For a reference type: whether null belongs to it.
  @inlinable public var isNullable: Bool { bits & 8 != 0 }
  /// For a reference type: its heap type.
  @inlinable public var heapType: HeapType { HeapType(bits: bits >> 4) }
  /// Whether a local of this type has a default value (zero or null).
  @inlinable public var isDefaultable: Bool { !isReference || isNullable }
  /// 64-bit stack slots that a value takes: 2 for v128, 1 for all others.
  @inlinable public var slotCount: Int { bits & 7 == 5 ? 2 : 1 }
}

/// A heap type: abstract, or a type index of the module.
///
/// Layout of `bits`: bit 0 concrete, bits 1–27 the abstract type's number or the type index.
@frozen
public struct HeapType: Hashable, Sendable {
  public let bits: UInt32

  @inlinable @inline(__always)
  public init(bits: UInt32) { self.bits = bits }

  /// The heap type that type index `index` (below 2^27) of the module defines.
  @inlinable
  public static func concrete(_ index: UInt32) -> HeapType { HeapType(bits: 1 | index << 1) }

  @inlinable public static var `func`: HeapType { HeapType(bits: 0 << 1) }
  @inlinable public static var extern: HeapType { HeapType(bits: 1 << 1) }
  @inlinable public static var any: HeapType { HeapType(bits: 2 << 1) }
  @inlinable public static var eq: HeapType { HeapType(bits: 3 << 1) }
  @inlinable public static var i31: HeapType { HeapType(bits: 4 << 1) }
  @inlinable public static var `struct`: HeapType { HeapType(bits: 5 << 1) }
  @inlinable public static var array: HeapType { HeapType(bits: 6 << 1) }
  @inlinable public static var none: HeapType { HeapType(bits: 7 << 1) }
  @inlinable public static var nofunc: HeapType { HeapType(bits: 8 << 1) }
  @inlinable public static var noextern: HeapType { HeapType(bits: 9 << 1) }
  @inlinable public static var exn: HeapType { HeapType(bits: 10 << 1) }
  @inlinable public static var noexn: HeapType { HeapType(bits: 11 << 1) }

  @inlinable public var isConcrete: Bool { bits & 1 != 0 }
  /// The type index of a concrete heap type.
  @inlinable public var typeIndex: UInt32 { bits >> 1 }
}

/// The abstract heap types with their text keyword and their binary code (one byte, a negative s33).
/// Source: WebAssembly 3.0, section 5.3.3.
public let abstractHeapTypes: [(type: HeapType, keyword: String, shorthand: String, code: UInt8)] = [
  (.func, "func", "funcref", 0x70), (.extern, "extern", "externref", 0x6F), (.any, "any", "anyref", 0x6E),
  (.eq, "eq", "eqref", 0x6D), (.i31, "i31", "i31ref", 0x6C), (.struct, "struct", "structref", 0x6B),
  (.array, "array", "arrayref", 0x6A), (.exn, "exn", "exnref", 0x69), (.none, "none", "nullref", 0x71),
  (.noextern, "noextern", "nullexternref", 0x72), (.nofunc, "nofunc", "nullfuncref", 0x73),
  (.noexn, "noexn", "nullexnref", 0x74),
]

extension HeapType: CustomStringConvertible {
  public var description: String {
    if isConcrete { return "\(typeIndex)" }
    return abstractHeapTypes.first { $0.type == self }?.keyword ?? "invalid"
  }
}

extension ValueType: CustomStringConvertible {
  /// The text format's spelling; nullable abstract references in their short form (`funcref`).
  public var description: String {
    switch self {
    case .bottom: return "bot"
    case .i32: return "i32"
    case .i64: return "i64"
    case .f32: return "f32"
    case .f64: return "f64"
    case .v128: return "v128"
    default:
      if isNullable, let row = abstractHeapTypes.first(where: { $0.type == heapType }) { return row.shorthand }
      return isNullable ? "(ref null \(heapType))" : "(ref \(heapType))"
    }
  }
}
