// Globals: a cell of two slots each, whose address the code has.

import WebAssembly

/// The value of a global as bits: an integer or the bits of a float in `low`; of a vector the upper half in `high`; of a
/// reference the handle.
public struct GlobalBits: Hashable, Sendable {
  public var low: UInt64
  public var high: UInt64

  /// The bits of a value; only vectors have an upper half.
  public init(low: UInt64, high: UInt64 = 0) {
    self.low = low
    self.high = high
  }
}

/// A global variable of a store. Its value is one slot, or two for a vector.
public final class Global {
  /// The type of the value, and whether it can be set.
  public let type: GlobalType
  package let cell: UnsafeMutablePointer<UInt64>
  /// Tells which store the global belongs to.
  let owner: FunctionRegistry
  /// Whether the store has it among its tracked globals.
  var isListed = false

  init(type: GlobalType, low: UInt64, high: UInt64 = 0, owner: FunctionRegistry) {
    self.type = type
    self.owner = owner
    cell = .allocate(capacity: 2)
    cell[0] = low
    cell[1] = high
  }

  /// The present value.
  public var value: Value { Value(type: type.value, from: cell) }

  /// Sets a mutable global. Returns false, and changes nothing, where the global is immutable or the type differs.
  public func set(_ value: Value) -> Bool {
    guard type.isMutable, value.fits(type.value) else { return false }
    value.store(to: cell)
    return true
  }

  /// The present value as bits.
  public var bits: GlobalBits { GlobalBits(low: cell[0], high: cell[1]) }

  /// Sets a mutable global to bits that `bits` gave: of those that its type doesn't have, none are taken. Returns false, and
  /// changes nothing, where the global is immutable.
  ///
  /// A reference's bits are a handle, which means something in one store only; what is no handle is found out where the
  /// reference is used.
  public func set(_ bits: GlobalBits) -> Bool {
    guard type.isMutable else { return false }
    let isHalf = type.value == .i32 || type.value == .f32
    cell[0] = isHalf ? bits.low & 0xFFFF_FFFF : bits.low
    cell[1] = type.value == .v128 ? bits.high : 0
    return true
  }

  deinit { cell.deallocate() }
}
