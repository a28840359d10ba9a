// Splats, lane access and byte permutation.
//
// A lane index is taken modulo the number of lanes, so that none is out of bounds; validated code never has such a one.
// `i8x16Shuffle` takes its sixteen immediate lane numbers as a vector.
//
// Source: WebAssembly 3.0, section 4.3.6 (Vector Operations) and the execution of `splat`, `extract_lane`,
// `replace_lane`, `shuffle` and `swizzle` in section 4.6.3.

import CProcessor

extension Vector {
  // MARK: Splats

  @inlinable @inline(__always)
  public static func i8x16Splat(_ x: UInt32) -> V128 {
    V128(u8x16: SIMD16(repeating: UInt8(truncatingIfNeeded: x)))
  }
  @inlinable @inline(__always)
  public static func i16x8Splat(_ x: UInt32) -> V128 {
    V128(u16x8: SIMD8(repeating: UInt16(truncatingIfNeeded: x)))
  }
  @inlinable @inline(__always) public static func i32x4Splat(_ x: UInt32) -> V128 { V128(u32x4: SIMD4(repeating: x)) }
  @inlinable @inline(__always) public static func i64x2Splat(_ x: UInt64) -> V128 { V128(u64x2: SIMD2(repeating: x)) }
  @inlinable @inline(__always) public static func f32x4Splat(_ x: Float) -> V128 { V128(f32x4: SIMD4(repeating: x)) }
  @inlinable @inline(__always) public static func f64x2Splat(_ x: Double) -> V128 { V128(f64x2: SIMD2(repeating: x)) }

  // MARK: Lane access

  @inlinable @inline(__always)
  public static func i8x16ExtractLaneS(_ a: V128, _ lane: Int) -> UInt32 {
    UInt32(bitPattern: Int32(a.i8x16[lane & 15]))
  }
  @inlinable @inline(__always)
  public static func i8x16ExtractLaneU(_ a: V128, _ lane: Int) -> UInt32 {
    UInt32(a.u8x16[lane & 15])
  }
  @inlinable @inline(__always)
  public static func i16x8ExtractLaneS(_ a: V128, _ lane: Int) -> UInt32 {
    UInt32(bitPattern: Int32(a.i16x8[lane & 7]))
  }
  @inlinable @inline(__always)
  public static func i16x8ExtractLaneU(_ a: V128, _ lane: Int) -> UInt32 {
    UInt32(a.u16x8[lane & 7])
  }
  @inlinable @inline(__always)
  public static func i32x4ExtractLane(_ a: V128, _ lane: Int) -> UInt32 {
    a.u32x4[lane & 3]
  }
  @inlinable @inline(__always)
  public static func i64x2ExtractLane(_ a: V128, _ lane: Int) -> UInt64 {
    a.u64x2[lane & 1]
  }
  @inlinable @inline(__always)
  public static func f32x4ExtractLane(_ a: V128, _ lane: Int) -> Float {
    a.f32x4[lane & 3]
  }
  @inlinable @inline(__always)
  public static func f64x2ExtractLane(_ a: V128, _ lane: Int) -> Double {
    a.f64x2[lane & 1]
  }

  @inlinable @inline(__always)
  public static func i8x16ReplaceLane(_ a: V128, _ x: UInt32, _ lane: Int) -> V128 {
    var lanes = a.u8x16
    lanes[lane & 15] = UInt8(truncatingIfNeeded: x)
    return V128(u8x16: lanes)
  }
  @inlinable @inline(__always)
  public static func i16x8ReplaceLane(_ a: V128, _ x: UInt32, _ lane: Int) -> V128 {
    var lanes = a.u16x8
    lanes[lane & 7] = UInt16(truncatingIfNeeded: x)
    return V128(u16x8: lanes)
  }
  @inlinable @inline(__always)
  public static func i32x4ReplaceLane(_ a: V128, _ x: UInt32, _ lane: Int) -> V128 {
    var lanes = a.u32x4
    lanes[lane & 3] = x
    return V128(u32x4: lanes)
  }
  @inlinable @inline(__always)
  public static func i64x2ReplaceLane(_ a: V128, _ x: UInt64, _ lane: Int) -> V128 {
    var lanes = a.u64x2
    lanes[lane & 1] = x
    return V128(u64x2: lanes)
  }
  @inlinable @inline(__always)
  public static func f32x4ReplaceLane(_ a: V128, _ x: Float, _ lane: Int) -> V128 {
    var lanes = a.f32x4
    lanes[lane & 3] = x
    return V128(f32x4: lanes)
  }
  @inlinable @inline(__always)
  public static func f64x2ReplaceLane(_ a: V128, _ x: Double, _ lane: Int) -> V128 {
    var lanes = a.f64x2
    lanes[lane & 1] = x
    return V128(f64x2: lanes)
  }

  // MARK: Byte permutation

  /// Each byte of `a` that `b` selects; zero where the selector is 16 or more: adding 0x70 with saturation brings those to
  /// 0x80 and above.
  @inlinable @inline(__always)
  public static func i8x16Swizzle(_ a: V128, _ b: V128) -> V128 {
    V128(u8x16: cannery_pick_bytes(a.u8x16, i8x16AddSatU(b, V128(u8x16: SIMD16(repeating: 0x70))).u8x16))
  }
  /// Each byte of the 32 of `a` and `b` that `lanes` selects.
  @inlinable @inline(__always)
  public static func i8x16Shuffle(_ a: V128, _ b: V128, _ lanes: V128) -> V128 {
    let inA = lanes.u8x16 &+ SIMD16<UInt8>(repeating: 0x70)
    let inB = lanes.u8x16 &- SIMD16<UInt8>(repeating: 16)
    return V128(u8x16: cannery_pick_bytes(a.u8x16, inA) | cannery_pick_bytes(b.u8x16, inB))
  }
}
