// Vector loads and stores on memory that has been checked. Source: WebAssembly 3.0, section 4.6.9.

import Semantics
import WebAssembly

enum VectorAccess {
  @inline(__always) static func v128Load(_ p: UnsafeRawPointer) -> V128 { p.loadUnaligned(as: V128.self) }
  @inline(__always) static func v128Store(_ p: UnsafeMutableRawPointer, _ v: V128) {
    p.storeBytes(of: v, as: V128.self)
  }

  @inline(__always) static func v128Load8x8S(_ p: UnsafeRawPointer) -> V128 {
    Vector.i16x8ExtendLowI8x16S(V128(low: p.loadUnaligned(as: UInt64.self), high: 0))
  }
  @inline(__always) static func v128Load8x8U(_ p: UnsafeRawPointer) -> V128 {
    Vector.i16x8ExtendLowI8x16U(V128(low: p.loadUnaligned(as: UInt64.self), high: 0))
  }
  @inline(__always) static func v128Load16x4S(_ p: UnsafeRawPointer) -> V128 {
    V128(i32x4: SIMD4<Int32>(truncatingIfNeeded: p.loadUnaligned(as: SIMD4<Int16>.self)))
  }
  @inline(__always) static func v128Load16x4U(_ p: UnsafeRawPointer) -> V128 {
    V128(u32x4: SIMD4<UInt32>(truncatingIfNeeded: p.loadUnaligned(as: SIMD4<UInt16>.self)))
  }
  @inline(__always) static func v128Load32x2S(_ p: UnsafeRawPointer) -> V128 {
    V128(i64x2: SIMD2<Int64>(truncatingIfNeeded: p.loadUnaligned(as: SIMD2<Int32>.self)))
  }
  @inline(__always) static func v128Load32x2U(_ p: UnsafeRawPointer) -> V128 {
    V128(u64x2: SIMD2<UInt64>(truncatingIfNeeded: p.loadUnaligned(as: SIMD2<UInt32>.self)))
  }
  @inline(__always) static func v128Load8Splat(_ p: UnsafeRawPointer) -> V128 {
    V128(u8x16: SIMD16<UInt8>(repeating: p.loadUnaligned(as: UInt8.self)))
  }
  @inline(__always) static func v128Store8Lane(_ p: UnsafeMutableRawPointer, _ v: V128, _ lane: Int) {
    p.storeBytes(of: v.u8x16[lane & 15], as: UInt8.self)
  }
  @inline(__always) static func v128Load16Splat(_ p: UnsafeRawPointer) -> V128 {
    V128(u16x8: SIMD8<UInt16>(repeating: p.loadUnaligned(as: UInt16.self)))
  }
  @inline(__always) static func v128Store16Lane(_ p: UnsafeMutableRawPointer, _ v: V128, _ lane: Int) {
    p.storeBytes(of: v.u16x8[lane & 7], as: UInt16.self)
  }
  @inline(__always) static func v128Load32Splat(_ p: UnsafeRawPointer) -> V128 {
    V128(u32x4: SIMD4<UInt32>(repeating: p.loadUnaligned(as: UInt32.self)))
  }
  @inline(__always) static func v128Store32Lane(_ p: UnsafeMutableRawPointer, _ v: V128, _ lane: Int) {
    p.storeBytes(of: v.u32x4[lane & 3], as: UInt32.self)
  }
  @inline(__always) static func v128Load64Splat(_ p: UnsafeRawPointer) -> V128 {
    V128(u64x2: SIMD2<UInt64>(repeating: p.loadUnaligned(as: UInt64.self)))
  }
  @inline(__always) static func v128Store64Lane(_ p: UnsafeMutableRawPointer, _ v: V128, _ lane: Int) {
    p.storeBytes(of: v.u64x2[lane & 1], as: UInt64.self)
  }
  @inline(__always) static func v128Load32Zero(_ p: UnsafeRawPointer) -> V128 {
    V128(low: UInt64(p.loadUnaligned(as: UInt32.self)), high: 0)
  }
  @inline(__always) static func v128Load64Zero(_ p: UnsafeRawPointer) -> V128 {
    V128(low: p.loadUnaligned(as: UInt64.self), high: 0)
  }
}

/// Replaces one lane of the vector in slots `slot` and the next. The lane is masked, as lanes in code from outside are only
/// checked for being below 16.
@inline(__always)
func setLane<Lane: BitwiseCopyable>(_ fp: FP, _ slot: Int, _ lane: Int, _ value: Lane) {
  let size = MemoryLayout<Lane>.size
  UnsafeMutableRawPointer(fp + slot).storeBytes(of: value, toByteOffset: (lane & (16 / size - 1)) * size, as: Lane.self)
}
