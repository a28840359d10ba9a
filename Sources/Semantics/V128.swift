// The 128-bit vector value.

/// A v128: 16 bytes, little-endian, with views as lanes of each shape.
///
/// It is held as one SIMD register, so its alignment is 16 bytes: memory and stack slots have less, and are read and
/// written by `init(loading:)` and `store(to:)`.
@frozen
public struct V128: Hashable, Sendable {
  public var u64x2: SIMD2<UInt64>

  /// `low` holds lane 0 in its lowest bits, `high` the last lane in its highest.
  @inlinable @inline(__always) public init(low: UInt64, high: UInt64) { u64x2 = SIMD2<UInt64>(low, high) }
  @inlinable @inline(__always) public init(u64x2 lanes: SIMD2<UInt64>) { u64x2 = lanes }
  @inlinable @inline(__always) public var low: UInt64 { u64x2[0] }
  @inlinable @inline(__always) public var high: UInt64 { u64x2[1] }
  @inlinable @inline(__always) public static var zero: V128 { V128(u64x2: SIMD2<UInt64>()) }

  /// The 16 bytes at `address`, which needs no alignment.
  @inlinable @inline(__always)
  public init(loading address: UnsafeRawPointer) { self = address.loadUnaligned(as: V128.self) }
  @inlinable @inline(__always)
  public func store(to address: UnsafeMutableRawPointer) { address.storeBytes(of: self, as: V128.self) }
}

// Views. Sound: every lane type is 16 bytes without padding, and any bits are a value of it.
extension V128 {
  @inlinable @inline(__always) public var u8x16: SIMD16<UInt8> { unsafeBitCast(self, to: SIMD16<UInt8>.self) }
  @inlinable @inline(__always) public var i8x16: SIMD16<Int8> { unsafeBitCast(self, to: SIMD16<Int8>.self) }
  @inlinable @inline(__always) public var u16x8: SIMD8<UInt16> { unsafeBitCast(self, to: SIMD8<UInt16>.self) }
  @inlinable @inline(__always) public var i16x8: SIMD8<Int16> { unsafeBitCast(self, to: SIMD8<Int16>.self) }
  @inlinable @inline(__always) public var u32x4: SIMD4<UInt32> { unsafeBitCast(self, to: SIMD4<UInt32>.self) }
  @inlinable @inline(__always) public var i32x4: SIMD4<Int32> { unsafeBitCast(self, to: SIMD4<Int32>.self) }
  @inlinable @inline(__always) public var i64x2: SIMD2<Int64> { unsafeBitCast(self, to: SIMD2<Int64>.self) }
  @inlinable @inline(__always) public var f32x4: SIMD4<Float> { unsafeBitCast(self, to: SIMD4<Float>.self) }
  @inlinable @inline(__always) public var f64x2: SIMD2<Double> { unsafeBitCast(self, to: SIMD2<Double>.self) }

  @inlinable @inline(__always) public init(u8x16 lanes: SIMD16<UInt8>) { self = unsafeBitCast(lanes, to: V128.self) }
  @inlinable @inline(__always) public init(i8x16 lanes: SIMD16<Int8>) { self = unsafeBitCast(lanes, to: V128.self) }
  @inlinable @inline(__always) public init(u16x8 lanes: SIMD8<UInt16>) { self = unsafeBitCast(lanes, to: V128.self) }
  @inlinable @inline(__always) public init(i16x8 lanes: SIMD8<Int16>) { self = unsafeBitCast(lanes, to: V128.self) }
  @inlinable @inline(__always) public init(u32x4 lanes: SIMD4<UInt32>) { self = unsafeBitCast(lanes, to: V128.self) }
  @inlinable @inline(__always) public init(i32x4 lanes: SIMD4<Int32>) { self = unsafeBitCast(lanes, to: V128.self) }
  @inlinable @inline(__always) public init(i64x2 lanes: SIMD2<Int64>) { self = unsafeBitCast(lanes, to: V128.self) }
  @inlinable @inline(__always) public init(f32x4 lanes: SIMD4<Float>) { self = unsafeBitCast(lanes, to: V128.self) }
  @inlinable @inline(__always) public init(f64x2 lanes: SIMD2<Double>) { self = unsafeBitCast(lanes, to: V128.self) }

  // All ones in each lane where the mask is true, else all zeros. Sound: that is how a mask is stored.
  @inlinable @inline(__always) public init(mask: SIMDMask<SIMD16<Int8>>) { self = unsafeBitCast(mask, to: V128.self) }
  @inlinable @inline(__always) public init(mask: SIMDMask<SIMD8<Int16>>) { self = unsafeBitCast(mask, to: V128.self) }
  @inlinable @inline(__always) public init(mask: SIMDMask<SIMD4<Int32>>) { self = unsafeBitCast(mask, to: V128.self) }
  @inlinable @inline(__always) public init(mask: SIMDMask<SIMD2<Int64>>) { self = unsafeBitCast(mask, to: V128.self) }
}
