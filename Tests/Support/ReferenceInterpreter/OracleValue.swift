// The values that the oracle computes with.

import Semantics
import WebAssembly

/// A reference: nothing, a function of the store, or something of the host's that Wasm code can only pass on.
public enum OracleReference: Hashable, Sendable {
  case null
  /// A function by its address in the store.
  case function(Int)
  /// A host value by a number that means something to the host.
  case external(UInt32)
}

/// A value with its type. Floats are given by their bits, so that equality is equality of bits.
public enum OracleValue: Hashable, Sendable {
  case i32(UInt32)
  case i64(UInt64)
  case f32(UInt32)
  case f64(UInt64)
  case v128(V128)
  case reference(OracleReference)

  /// The initial value of a local of `type`: zero or null. A local of a type without default is written before it is read,
  /// so null does for it too.
  public init(defaultOf type: ValueType) {
    switch type {
    case .i32: self = .i32(0)
    case .i64: self = .i64(0)
    case .f32: self = .f32(0)
    case .f64: self = .f64(0)
    case .v128: self = .v128(.zero)
    default: self = .reference(.null)
    }
  }

  /// An address, size or count of the given address type.
  init(_ address: UInt64, _ type: AddressType) {
    self = type == .i32 ? .i32(UInt32(truncatingIfNeeded: address)) : .i64(address)
  }

  /// The value of an address, size or count, zero-extended.
  var address: UInt64 {
    switch self {
    case .i32(let value): UInt64(value)
    case .i64(let value): value
    default: preconditionFailure("an address is an integer in validated code")
    }
  }

  /// Whether the value is of a number or vector type `type`, or is a reference and `type` a reference type.
  func matches(_ type: ValueType) -> Bool {
    switch self {
    case .i32: type == .i32
    case .i64: type == .i64
    case .f32: type == .f32
    case .f64: type == .f64
    case .v128: type == .v128
    case .reference(let reference): type.isReference && (reference != .null || type.isNullable)
    }
  }
}
