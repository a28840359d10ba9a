// Values at the border between host and Wasm code.

import Semantics
import WebAssembly

/// A function or external reference as Wasm code sees it: a handle of its store. 0 is null.
public struct Reference: Hashable, Sendable {
  /// The number by which the store knows the function or object; 0 is null.
  public let handle: UInt64
  /// The reference with this handle. What is no handle of the store is found out where the reference is used.
  public init(handle: UInt64) { self.handle = handle }
  /// No function, no object.
  public static let null = Reference(handle: 0)
  /// Whether it refers to nothing.
  public var isNull: Bool { handle == 0 }
}

/// A value of a Wasm type. Floats are kept as bits, so that NaNs pass unchanged.
public enum Value: Hashable, Sendable {
  case i32(Int32)
  case i64(Int64)
  /// The bits of an f32.
  case f32(UInt32)
  /// The bits of an f64.
  case f64(UInt64)
  case v128(V128)
  case funcref(Reference)
  case externref(Reference)

  /// An f32.
  public static func float(_ value: Float) -> Value { .f32(value.bitPattern) }
  /// An f64.
  public static func double(_ value: Double) -> Value { .f64(value.bitPattern) }

  /// The value's type; of references the nullable abstract one.
  public var type: ValueType {
    switch self {
    case .i32: .i32
    case .i64: .i64
    case .f32: .f32
    case .f64: .f64
    case .v128: .v128
    case .funcref: .funcref
    case .externref: .externref
    }
  }

  /// Writes the value to one slot, or two for a vector.
  package func store(to slots: UnsafeMutablePointer<UInt64>) {
    switch self {
    case .i32(let value): slots[0] = UInt64(UInt32(bitPattern: value))
    case .i64(let value): slots[0] = UInt64(bitPattern: value)
    case .f32(let bits): slots[0] = UInt64(bits)
    case .f64(let bits): slots[0] = bits
    case .v128(let value):
      slots[0] = value.low
      slots[1] = value.high
    case .funcref(let reference), .externref(let reference): slots[0] = reference.handle
    }
  }

  /// Reads a value of `type` from one slot, or two for a vector.
  package init(type: ValueType, from slots: UnsafePointer<UInt64>) {
    switch type {
    case .i32: self = .i32(Int32(truncatingIfNeeded: slots[0]))
    case .i64: self = .i64(Int64(bitPattern: slots[0]))
    case .f32: self = .f32(UInt32(truncatingIfNeeded: slots[0]))
    case .f64: self = .f64(slots[0])
    case .v128: self = .v128(V128(low: slots[0], high: slots[1]))
    default:
      let isFunction = type.heapType.isConcrete || type.heapType == .func || type.heapType == .nofunc
      self = isFunction ? .funcref(Reference(handle: slots[0])) : .externref(Reference(handle: slots[0]))
    }
  }

  /// Whether the value may stand where `type` is expected.
  package func fits(_ type: ValueType) -> Bool {
    switch self {
    case .funcref(.null), .externref(.null): return type.isReference && type.isNullable
    case .funcref(let reference):
      guard type.isReference, !(reference.isNull && !type.isNullable) else { return false }
      return type.heapType.isConcrete || type.heapType == .func || (type.heapType == .nofunc && reference.isNull)
    case .externref(let reference):
      guard type.isReference, !(reference.isNull && !type.isNullable) else { return false }
      return type.heapType == .extern || (type.heapType == .noextern && reference.isNull)
    default: return self.type == type
    }
  }
}

// Names for modules that import others with the same ones, and cannot say `Executor.Value`: the concurrency library has a
// protocol `Executor`.
/// See `Value`.
public typealias RuntimeValue = Value
/// See `Table`.
public typealias RuntimeTable = Table
/// See `Global`.
public typealias RuntimeGlobal = Global

extension Value: CustomStringConvertible {
  /// The type and the value, such as `i32(-5)`.
  public var description: String {
    switch self {
    case .i32(let value): "i32(\(value))"
    case .i64(let value): "i64(\(value))"
    case .f32(let bits): "f32(\(Float(bitPattern: bits)))"
    case .f64(let bits): "f64(\(Double(bitPattern: bits)))"
    case .v128(let value): "v128(0x\(String(value.high, radix: 16)), 0x\(String(value.low, radix: 16)))"
    case .funcref(let reference): "funcref(\(reference.isNull ? "null" : "\(reference.handle)"))"
    case .externref(let reference): "externref(\(reference.isNull ? "null" : "\(reference.handle)"))"
    }
  }
}

extension Value {
  /// The value that a local variable of `type` begins with: zero, or null.
  package static func zero(of type: ValueType) -> Value {
    ([0, 0] as [UInt64]).withUnsafeBufferPointer { slots in
      guard let base = slots.baseAddress else { preconditionFailure("the array has two elements") }
      return Value(type: type, from: base)
    }
  }
}
