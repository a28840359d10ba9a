// Lane-wise integer arithmetic, shifts and reductions.
//
// Source: WebAssembly 3.0, section 4.3.6 (Vector Operations), on the integer operations of section 4.3.2.

import CProcessor

extension Vector {
  // MARK: i8x16

  @inlinable @inline(__always)
  public static func i8x16Add(_ a: V128, _ b: V128) -> V128 {
    V128(u8x16: a.u8x16 &+ b.u8x16)
  }
  @inlinable @inline(__always)
  public static func i8x16Sub(_ a: V128, _ b: V128) -> V128 {
    V128(u8x16: a.u8x16 &- b.u8x16)
  }
  @inlinable @inline(__always)
  public static func i8x16Neg(_ a: V128) -> V128 {
    V128(u8x16: SIMD16<UInt8>() &- a.u8x16)
  }
  @inlinable @inline(__always)
  public static func i8x16Abs(_ a: V128) -> V128 {
    let sign = V128(mask: a.i8x16 .< SIMD16<Int8>()).i8x16
    return V128(i8x16: (a.i8x16 ^ sign) &- sign)
  }
  @inlinable @inline(__always)
  public static func i8x16MinS(_ a: V128, _ b: V128) -> V128 {
    v128Bitselect(a, b, V128(mask: a.i8x16 .< b.i8x16))
  }
  @inlinable @inline(__always)
  public static func i8x16MinU(_ a: V128, _ b: V128) -> V128 {
    v128Bitselect(a, b, V128(mask: a.u8x16 .< b.u8x16))
  }
  @inlinable @inline(__always)
  public static func i8x16MaxS(_ a: V128, _ b: V128) -> V128 {
    v128Bitselect(a, b, V128(mask: a.i8x16 .> b.i8x16))
  }
  @inlinable @inline(__always)
  public static func i8x16MaxU(_ a: V128, _ b: V128) -> V128 {
    v128Bitselect(a, b, V128(mask: a.u8x16 .> b.u8x16))
  }
  /// Where the signs of the operands agree and the sum's differs, the sum is replaced by the bound on their side.
  @inlinable @inline(__always)
  public static func i8x16AddSatS(_ a: V128, _ b: V128) -> V128 {
    let sum = a.i8x16 &+ b.i8x16
    let overflow = ~(a.i8x16 ^ b.i8x16) & (a.i8x16 ^ sum)
    let bound = (sum &>> SIMD16<Int8>(repeating: 7)) ^ SIMD16<Int8>(repeating: .min)
    return v128Bitselect(V128(i8x16: bound), V128(i8x16: sum), V128(mask: overflow .< SIMD16<Int8>()))
  }
  @inlinable @inline(__always)
  public static func i8x16AddSatU(_ a: V128, _ b: V128) -> V128 {
    let sum = a.u8x16 &+ b.u8x16
    return V128(u8x16: sum | V128(mask: sum .< a.u8x16).u8x16)
  }
  @inlinable @inline(__always)
  public static func i8x16SubSatS(_ a: V128, _ b: V128) -> V128 {
    let difference = a.i8x16 &- b.i8x16
    let overflow = (a.i8x16 ^ b.i8x16) & (a.i8x16 ^ difference)
    let bound = (difference &>> SIMD16<Int8>(repeating: 7)) ^ SIMD16<Int8>(repeating: .min)
    return v128Bitselect(V128(i8x16: bound), V128(i8x16: difference), V128(mask: overflow .< SIMD16<Int8>()))
  }
  @inlinable @inline(__always)
  public static func i8x16SubSatU(_ a: V128, _ b: V128) -> V128 {
    V128(u8x16: i8x16MaxU(a, b).u8x16 &- b.u8x16)
  }
  /// (a + b + 1) / 2 without an intermediate carry.
  @inlinable @inline(__always)
  public static func i8x16AvgrU(_ a: V128, _ b: V128) -> V128 {
    V128(u8x16: (a.u8x16 | b.u8x16) &- ((a.u8x16 ^ b.u8x16) &>> SIMD16<UInt8>(repeating: 1)))
  }
  @inlinable @inline(__always)
  public static func i8x16Popcnt(_ a: V128) -> V128 {
    var lanes = a.u8x16
    for lane in 0..<16 { lanes[lane] = UInt8(truncatingIfNeeded: lanes[lane].nonzeroBitCount) }
    return V128(u8x16: lanes)
  }
  @inlinable @inline(__always)
  public static func i8x16Shl(_ a: V128, _ count: UInt32) -> V128 {
    V128(u8x16: a.u8x16 &<< SIMD16<UInt8>(repeating: UInt8(truncatingIfNeeded: count)))
  }
  @inlinable @inline(__always)
  public static func i8x16ShrS(_ a: V128, _ count: UInt32) -> V128 {
    V128(i8x16: a.i8x16 &>> SIMD16<Int8>(repeating: Int8(truncatingIfNeeded: count)))
  }
  @inlinable @inline(__always)
  public static func i8x16ShrU(_ a: V128, _ count: UInt32) -> V128 {
    V128(u8x16: a.u8x16 &>> SIMD16<UInt8>(repeating: UInt8(truncatingIfNeeded: count)))
  }
  @inlinable @inline(__always)
  public static func i8x16AllTrue(_ a: V128) -> Bool {
    !v128AnyTrue(V128(mask: a.u8x16 .== SIMD16<UInt8>()))
  }
  @inlinable @inline(__always)
  public static func i8x16Bitmask(_ a: V128) -> UInt32 { cannery_signs_8(a.u8x16) }

  // MARK: i16x8

  @inlinable @inline(__always)
  public static func i16x8Add(_ a: V128, _ b: V128) -> V128 {
    V128(u16x8: a.u16x8 &+ b.u16x8)
  }
  @inlinable @inline(__always)
  public static func i16x8Sub(_ a: V128, _ b: V128) -> V128 {
    V128(u16x8: a.u16x8 &- b.u16x8)
  }
  @inlinable @inline(__always)
  public static func i16x8Mul(_ a: V128, _ b: V128) -> V128 {
    V128(u16x8: a.u16x8 &* b.u16x8)
  }
  @inlinable @inline(__always)
  public static func i16x8Neg(_ a: V128) -> V128 {
    V128(u16x8: SIMD8<UInt16>() &- a.u16x8)
  }
  @inlinable @inline(__always)
  public static func i16x8Abs(_ a: V128) -> V128 {
    let sign = V128(mask: a.i16x8 .< SIMD8<Int16>()).i16x8
    return V128(i16x8: (a.i16x8 ^ sign) &- sign)
  }
  @inlinable @inline(__always)
  public static func i16x8MinS(_ a: V128, _ b: V128) -> V128 {
    v128Bitselect(a, b, V128(mask: a.i16x8 .< b.i16x8))
  }
  @inlinable @inline(__always)
  public static func i16x8MinU(_ a: V128, _ b: V128) -> V128 {
    v128Bitselect(a, b, V128(mask: a.u16x8 .< b.u16x8))
  }
  @inlinable @inline(__always)
  public static func i16x8MaxS(_ a: V128, _ b: V128) -> V128 {
    v128Bitselect(a, b, V128(mask: a.i16x8 .> b.i16x8))
  }
  @inlinable @inline(__always)
  public static func i16x8MaxU(_ a: V128, _ b: V128) -> V128 {
    v128Bitselect(a, b, V128(mask: a.u16x8 .> b.u16x8))
  }
  /// Where the signs of the operands agree and the sum's differs, the sum is replaced by the bound on their side.
  @inlinable @inline(__always)
  public static func i16x8AddSatS(_ a: V128, _ b: V128) -> V128 {
    let sum = a.i16x8 &+ b.i16x8
    let overflow = ~(a.i16x8 ^ b.i16x8) & (a.i16x8 ^ sum)
    let bound = (sum &>> SIMD8<Int16>(repeating: 15)) ^ SIMD8<Int16>(repeating: .min)
    return v128Bitselect(V128(i16x8: bound), V128(i16x8: sum), V128(mask: overflow .< SIMD8<Int16>()))
  }
  @inlinable @inline(__always)
  public static func i16x8AddSatU(_ a: V128, _ b: V128) -> V128 {
    let sum = a.u16x8 &+ b.u16x8
    return V128(u16x8: sum | V128(mask: sum .< a.u16x8).u16x8)
  }
  @inlinable @inline(__always)
  public static func i16x8SubSatS(_ a: V128, _ b: V128) -> V128 {
    let difference = a.i16x8 &- b.i16x8
    let overflow = (a.i16x8 ^ b.i16x8) & (a.i16x8 ^ difference)
    let bound = (difference &>> SIMD8<Int16>(repeating: 15)) ^ SIMD8<Int16>(repeating: .min)
    return v128Bitselect(V128(i16x8: bound), V128(i16x8: difference), V128(mask: overflow .< SIMD8<Int16>()))
  }
  @inlinable @inline(__always)
  public static func i16x8SubSatU(_ a: V128, _ b: V128) -> V128 {
    V128(u16x8: i16x8MaxU(a, b).u16x8 &- b.u16x8)
  }
  /// (a + b + 1) / 2 without an intermediate carry.
  @inlinable @inline(__always)
  public static func i16x8AvgrU(_ a: V128, _ b: V128) -> V128 {
    V128(u16x8: (a.u16x8 | b.u16x8) &- ((a.u16x8 ^ b.u16x8) &>> SIMD8<UInt16>(repeating: 1)))
  }
  @inlinable @inline(__always)
  public static func i16x8Shl(_ a: V128, _ count: UInt32) -> V128 {
    V128(u16x8: a.u16x8 &<< SIMD8<UInt16>(repeating: UInt16(truncatingIfNeeded: count)))
  }
  @inlinable @inline(__always)
  public static func i16x8ShrS(_ a: V128, _ count: UInt32) -> V128 {
    V128(i16x8: a.i16x8 &>> SIMD8<Int16>(repeating: Int16(truncatingIfNeeded: count)))
  }
  @inlinable @inline(__always)
  public static func i16x8ShrU(_ a: V128, _ count: UInt32) -> V128 {
    V128(u16x8: a.u16x8 &>> SIMD8<UInt16>(repeating: UInt16(truncatingIfNeeded: count)))
  }
  @inlinable @inline(__always)
  public static func i16x8AllTrue(_ a: V128) -> Bool {
    !v128AnyTrue(V128(mask: a.u16x8 .== SIMD8<UInt16>()))
  }
  @inlinable @inline(__always)
  public static func i16x8Bitmask(_ a: V128) -> UInt32 { cannery_signs_16(a.u8x16) }

  // MARK: i32x4

  @inlinable @inline(__always)
  public static func i32x4Add(_ a: V128, _ b: V128) -> V128 {
    V128(u32x4: a.u32x4 &+ b.u32x4)
  }
  @inlinable @inline(__always)
  public static func i32x4Sub(_ a: V128, _ b: V128) -> V128 {
    V128(u32x4: a.u32x4 &- b.u32x4)
  }
  @inlinable @inline(__always)
  public static func i32x4Mul(_ a: V128, _ b: V128) -> V128 {
    V128(u32x4: a.u32x4 &* b.u32x4)
  }
  @inlinable @inline(__always)
  public static func i32x4Neg(_ a: V128) -> V128 {
    V128(u32x4: SIMD4<UInt32>() &- a.u32x4)
  }
  @inlinable @inline(__always)
  public static func i32x4Abs(_ a: V128) -> V128 {
    let sign = V128(mask: a.i32x4 .< SIMD4<Int32>()).i32x4
    return V128(i32x4: (a.i32x4 ^ sign) &- sign)
  }
  @inlinable @inline(__always)
  public static func i32x4MinS(_ a: V128, _ b: V128) -> V128 {
    v128Bitselect(a, b, V128(mask: a.i32x4 .< b.i32x4))
  }
  @inlinable @inline(__always)
  public static func i32x4MinU(_ a: V128, _ b: V128) -> V128 {
    v128Bitselect(a, b, V128(mask: a.u32x4 .< b.u32x4))
  }
  @inlinable @inline(__always)
  public static func i32x4MaxS(_ a: V128, _ b: V128) -> V128 {
    v128Bitselect(a, b, V128(mask: a.i32x4 .> b.i32x4))
  }
  @inlinable @inline(__always)
  public static func i32x4MaxU(_ a: V128, _ b: V128) -> V128 {
    v128Bitselect(a, b, V128(mask: a.u32x4 .> b.u32x4))
  }
  @inlinable @inline(__always)
  public static func i32x4Shl(_ a: V128, _ count: UInt32) -> V128 {
    V128(u32x4: a.u32x4 &<< SIMD4<UInt32>(repeating: UInt32(truncatingIfNeeded: count)))
  }
  @inlinable @inline(__always)
  public static func i32x4ShrS(_ a: V128, _ count: UInt32) -> V128 {
    V128(i32x4: a.i32x4 &>> SIMD4<Int32>(repeating: Int32(truncatingIfNeeded: count)))
  }
  @inlinable @inline(__always)
  public static func i32x4ShrU(_ a: V128, _ count: UInt32) -> V128 {
    V128(u32x4: a.u32x4 &>> SIMD4<UInt32>(repeating: UInt32(truncatingIfNeeded: count)))
  }
  @inlinable @inline(__always)
  public static func i32x4AllTrue(_ a: V128) -> Bool {
    !v128AnyTrue(V128(mask: a.u32x4 .== SIMD4<UInt32>()))
  }
  @inlinable @inline(__always)
  public static func i32x4Bitmask(_ a: V128) -> UInt32 { cannery_signs_32(a.u8x16) }

  // MARK: i64x2

  @inlinable @inline(__always)
  public static func i64x2Add(_ a: V128, _ b: V128) -> V128 {
    V128(u64x2: a.u64x2 &+ b.u64x2)
  }
  @inlinable @inline(__always)
  public static func i64x2Sub(_ a: V128, _ b: V128) -> V128 {
    V128(u64x2: a.u64x2 &- b.u64x2)
  }
  @inlinable @inline(__always)
  public static func i64x2Mul(_ a: V128, _ b: V128) -> V128 {
    V128(u64x2: a.u64x2 &* b.u64x2)
  }
  @inlinable @inline(__always)
  public static func i64x2Neg(_ a: V128) -> V128 {
    V128(u64x2: SIMD2<UInt64>() &- a.u64x2)
  }
  @inlinable @inline(__always)
  public static func i64x2Abs(_ a: V128) -> V128 {
    let sign = V128(mask: a.i64x2 .< SIMD2<Int64>()).i64x2
    return V128(i64x2: (a.i64x2 ^ sign) &- sign)
  }
  @inlinable @inline(__always)
  public static func i64x2Shl(_ a: V128, _ count: UInt32) -> V128 {
    V128(u8x16: cannery_shift_left_64(a.u8x16, count & 63))
  }
  @inlinable @inline(__always)
  public static func i64x2ShrS(_ a: V128, _ count: UInt32) -> V128 {
    V128(i64x2: a.i64x2 &>> SIMD2<Int64>(repeating: Int64(truncatingIfNeeded: count)))
  }
  @inlinable @inline(__always)
  public static func i64x2ShrU(_ a: V128, _ count: UInt32) -> V128 {
    V128(u8x16: cannery_shift_right_64(a.u8x16, count & 63))
  }
  @inlinable @inline(__always)
  public static func i64x2AllTrue(_ a: V128) -> Bool {
    !v128AnyTrue(V128(mask: a.u64x2 .== SIMD2<UInt64>()))
  }
  @inlinable @inline(__always)
  public static func i64x2Bitmask(_ a: V128) -> UInt32 {
    UInt32(truncatingIfNeeded: a.low &>> 63 | a.high &>> 62 & 2)
  }
}
