// Operators whose result lanes are wider or narrower than their operands': extension, pairwise addition, widening
// multiplication, dot product, narrowing, and the Q15 product that is computed at twice the width.
//
// Source: WebAssembly 3.0, section 4.3.6 (Vector Operations).

import CProcessor

extension Vector {
  // MARK: i8x16 to i16x8

  @inlinable @inline(__always)
  public static func i16x8ExtendLowI8x16S(_ a: V128) -> V128 { V128(u8x16: cannery_extend_low_s8(a.u8x16)) }
  @inlinable @inline(__always)
  public static func i16x8ExtendLowI8x16U(_ a: V128) -> V128 { V128(u8x16: cannery_extend_low_u8(a.u8x16)) }
  @inlinable @inline(__always)
  public static func i16x8ExtendHighI8x16S(_ a: V128) -> V128 { V128(u8x16: cannery_extend_high_s8(a.u8x16)) }
  @inlinable @inline(__always)
  public static func i16x8ExtendHighI8x16U(_ a: V128) -> V128 { V128(u8x16: cannery_extend_high_u8(a.u8x16)) }
  @inlinable @inline(__always)
  public static func i16x8ExtmulLowI8x16S(_ a: V128, _ b: V128) -> V128 {
    V128(i16x8: i16x8ExtendLowI8x16S(a).i16x8 &* i16x8ExtendLowI8x16S(b).i16x8)
  }
  @inlinable @inline(__always)
  public static func i16x8ExtmulLowI8x16U(_ a: V128, _ b: V128) -> V128 {
    V128(u16x8: i16x8ExtendLowI8x16U(a).u16x8 &* i16x8ExtendLowI8x16U(b).u16x8)
  }
  @inlinable @inline(__always)
  public static func i16x8ExtmulHighI8x16S(_ a: V128, _ b: V128) -> V128 {
    V128(i16x8: i16x8ExtendHighI8x16S(a).i16x8 &* i16x8ExtendHighI8x16S(b).i16x8)
  }
  @inlinable @inline(__always)
  public static func i16x8ExtmulHighI8x16U(_ a: V128, _ b: V128) -> V128 {
    V128(u16x8: i16x8ExtendHighI8x16U(a).u16x8 &* i16x8ExtendHighI8x16U(b).u16x8)
  }
  /// The even lanes are extended by shifting them up and down, the odd ones by shifting them down.
  @inlinable @inline(__always)
  public static func i16x8ExtaddPairwiseI8x16S(_ a: V128) -> V128 {
    let half = SIMD8<Int16>(repeating: 8)
    return V128(i16x8: ((a.i16x8 &<< half) &>> half) &+ (a.i16x8 &>> half))
  }
  @inlinable @inline(__always)
  public static func i16x8ExtaddPairwiseI8x16U(_ a: V128) -> V128 {
    let half = SIMD8<UInt16>(repeating: 8)
    return V128(u16x8: ((a.u16x8 &<< half) &>> half) &+ (a.u16x8 &>> half))
  }

  // MARK: i16x8 to i32x4

  @inlinable @inline(__always)
  public static func i32x4ExtendLowI16x8S(_ a: V128) -> V128 {
    V128(i32x4: SIMD4<Int32>(truncatingIfNeeded: a.i16x8.lowHalf))
  }
  @inlinable @inline(__always)
  public static func i32x4ExtendLowI16x8U(_ a: V128) -> V128 {
    V128(u32x4: SIMD4<UInt32>(truncatingIfNeeded: a.u16x8.lowHalf))
  }
  @inlinable @inline(__always)
  public static func i32x4ExtendHighI16x8S(_ a: V128) -> V128 {
    V128(i32x4: SIMD4<Int32>(truncatingIfNeeded: a.i16x8.highHalf))
  }
  @inlinable @inline(__always)
  public static func i32x4ExtendHighI16x8U(_ a: V128) -> V128 {
    V128(u32x4: SIMD4<UInt32>(truncatingIfNeeded: a.u16x8.highHalf))
  }
  @inlinable @inline(__always)
  public static func i32x4ExtmulLowI16x8S(_ a: V128, _ b: V128) -> V128 {
    V128(i32x4: i32x4ExtendLowI16x8S(a).i32x4 &* i32x4ExtendLowI16x8S(b).i32x4)
  }
  @inlinable @inline(__always)
  public static func i32x4ExtmulLowI16x8U(_ a: V128, _ b: V128) -> V128 {
    V128(u32x4: i32x4ExtendLowI16x8U(a).u32x4 &* i32x4ExtendLowI16x8U(b).u32x4)
  }
  @inlinable @inline(__always)
  public static func i32x4ExtmulHighI16x8S(_ a: V128, _ b: V128) -> V128 {
    V128(i32x4: i32x4ExtendHighI16x8S(a).i32x4 &* i32x4ExtendHighI16x8S(b).i32x4)
  }
  @inlinable @inline(__always)
  public static func i32x4ExtmulHighI16x8U(_ a: V128, _ b: V128) -> V128 {
    V128(u32x4: i32x4ExtendHighI16x8U(a).u32x4 &* i32x4ExtendHighI16x8U(b).u32x4)
  }
  /// The even lanes are extended by shifting them up and down, the odd ones by shifting them down.
  @inlinable @inline(__always)
  public static func i32x4ExtaddPairwiseI16x8S(_ a: V128) -> V128 {
    let half = SIMD4<Int32>(repeating: 16)
    return V128(i32x4: ((a.i32x4 &<< half) &>> half) &+ (a.i32x4 &>> half))
  }
  @inlinable @inline(__always)
  public static func i32x4ExtaddPairwiseI16x8U(_ a: V128) -> V128 {
    let half = SIMD4<UInt32>(repeating: 16)
    return V128(u32x4: ((a.u32x4 &<< half) &>> half) &+ (a.u32x4 &>> half))
  }

  // MARK: i32x4 to i64x2

  @inlinable @inline(__always)
  public static func i64x2ExtendLowI32x4S(_ a: V128) -> V128 {
    V128(i64x2: SIMD2<Int64>(truncatingIfNeeded: a.i32x4.lowHalf))
  }
  @inlinable @inline(__always)
  public static func i64x2ExtendLowI32x4U(_ a: V128) -> V128 {
    V128(u64x2: SIMD2<UInt64>(truncatingIfNeeded: a.u32x4.lowHalf))
  }
  @inlinable @inline(__always)
  public static func i64x2ExtendHighI32x4S(_ a: V128) -> V128 {
    V128(i64x2: SIMD2<Int64>(truncatingIfNeeded: a.i32x4.highHalf))
  }
  @inlinable @inline(__always)
  public static func i64x2ExtendHighI32x4U(_ a: V128) -> V128 {
    V128(u64x2: SIMD2<UInt64>(truncatingIfNeeded: a.u32x4.highHalf))
  }
  @inlinable @inline(__always)
  public static func i64x2ExtmulLowI32x4S(_ a: V128, _ b: V128) -> V128 {
    V128(i64x2: i64x2ExtendLowI32x4S(a).i64x2 &* i64x2ExtendLowI32x4S(b).i64x2)
  }
  @inlinable @inline(__always)
  public static func i64x2ExtmulLowI32x4U(_ a: V128, _ b: V128) -> V128 {
    V128(u64x2: i64x2ExtendLowI32x4U(a).u64x2 &* i64x2ExtendLowI32x4U(b).u64x2)
  }
  @inlinable @inline(__always)
  public static func i64x2ExtmulHighI32x4S(_ a: V128, _ b: V128) -> V128 {
    V128(i64x2: i64x2ExtendHighI32x4S(a).i64x2 &* i64x2ExtendHighI32x4S(b).i64x2)
  }
  @inlinable @inline(__always)
  public static func i64x2ExtmulHighI32x4U(_ a: V128, _ b: V128) -> V128 {
    V128(u64x2: i64x2ExtendHighI32x4U(a).u64x2 &* i64x2ExtendHighI32x4U(b).u64x2)
  }

  // MARK: Products

  @inlinable @inline(__always)
  public static func i32x4DotI16x8S(_ a: V128, _ b: V128) -> V128 {
    let half = SIMD4<Int32>(repeating: 16)
    let even = ((a.i32x4 &<< half) &>> half) &* ((b.i32x4 &<< half) &>> half)
    let odd = (a.i32x4 &>> half) &* (b.i32x4 &>> half)
    return V128(i32x4: even &+ odd)
  }
  /// (a × b + 2^14) / 2^15 in each lane. Only -1 × -1 is out of range: its wrapped result, -2^15, which no other product
  /// gives, is inverted to 2^15 - 1.
  @inlinable @inline(__always)
  public static func i16x8Q15mulrSatS(_ a: V128, _ b: V128) -> V128 {
    let product = SIMD8<Int32>(truncatingIfNeeded: a.i16x8) &* SIMD8<Int32>(truncatingIfNeeded: b.i16x8)
    let rounded =
      (SIMD8<UInt32>(truncatingIfNeeded: product) &>> SIMD8<UInt32>(repeating: 14)) &+ SIMD8<UInt32>(repeating: 1)
    let wrapped = SIMD8<Int16>(truncatingIfNeeded: rounded &>> SIMD8<UInt32>(repeating: 1))
    return V128(i16x8: wrapped ^ V128(mask: wrapped .== SIMD8<Int16>(repeating: .min)).i16x8)
  }

  // MARK: Narrowing with saturation; the operands are signed in both forms

  @inlinable @inline(__always)
  public static func i8x16NarrowI16x8S(_ a: V128, _ b: V128) -> V128 {
    V128(u8x16: cannery_narrow_16_s(a.u8x16, b.u8x16))
  }
  @inlinable @inline(__always)
  public static func i8x16NarrowI16x8U(_ a: V128, _ b: V128) -> V128 {
    V128(u8x16: cannery_narrow_16_u(a.u8x16, b.u8x16))
  }
  @inlinable @inline(__always)
  public static func i16x8NarrowI32x4S(_ a: V128, _ b: V128) -> V128 {
    V128(u8x16: cannery_narrow_32_s(a.u8x16, b.u8x16))
  }
  @inlinable @inline(__always)
  public static func i16x8NarrowI32x4U(_ a: V128, _ b: V128) -> V128 {
    V128(u8x16: cannery_narrow_32_u(a.u8x16, b.u8x16))
  }
}
