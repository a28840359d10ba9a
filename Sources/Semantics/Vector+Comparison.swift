// Comparisons: each lane becomes all ones or all zeros. And the operators on a vector as 128 bits.
//
// Source: WebAssembly 3.0, section 4.3.6 (Vector Operations).

extension Vector {
  // MARK: 128 bits

  @inlinable @inline(__always) public static func v128Not(_ a: V128) -> V128 { V128(u64x2: ~a.u64x2) }
  @inlinable @inline(__always)
  public static func v128And(_ a: V128, _ b: V128) -> V128 {
    V128(u64x2: a.u64x2 & b.u64x2)
  }
  @inlinable @inline(__always)
  public static func v128Andnot(_ a: V128, _ b: V128) -> V128 {
    V128(u64x2: a.u64x2 & ~b.u64x2)
  }
  @inlinable @inline(__always)
  public static func v128Or(_ a: V128, _ b: V128) -> V128 {
    V128(u64x2: a.u64x2 | b.u64x2)
  }
  @inlinable @inline(__always)
  public static func v128Xor(_ a: V128, _ b: V128) -> V128 {
    V128(u64x2: a.u64x2 ^ b.u64x2)
  }
  /// The bits of `a` where `mask` is 1, of `b` where it is 0.
  @inlinable @inline(__always)
  public static func v128Bitselect(_ a: V128, _ b: V128, _ mask: V128) -> V128 {
    V128(u64x2: (a.u64x2 & mask.u64x2) | (b.u64x2 & ~mask.u64x2))
  }
  @inlinable @inline(__always) public static func v128AnyTrue(_ a: V128) -> Bool { a.low | a.high != 0 }

  // MARK: i8x16

  @inlinable @inline(__always)
  public static func i8x16Eq(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.u8x16 .== b.u8x16)
  }
  @inlinable @inline(__always)
  public static func i8x16Ne(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.u8x16 .!= b.u8x16)
  }
  @inlinable @inline(__always)
  public static func i8x16LtS(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.i8x16 .< b.i8x16)
  }
  @inlinable @inline(__always)
  public static func i8x16LtU(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.u8x16 .< b.u8x16)
  }
  @inlinable @inline(__always)
  public static func i8x16GtS(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.i8x16 .> b.i8x16)
  }
  @inlinable @inline(__always)
  public static func i8x16GtU(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.u8x16 .> b.u8x16)
  }
  @inlinable @inline(__always)
  public static func i8x16LeS(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.i8x16 .<= b.i8x16)
  }
  @inlinable @inline(__always)
  public static func i8x16LeU(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.u8x16 .<= b.u8x16)
  }
  @inlinable @inline(__always)
  public static func i8x16GeS(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.i8x16 .>= b.i8x16)
  }
  @inlinable @inline(__always)
  public static func i8x16GeU(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.u8x16 .>= b.u8x16)
  }

  // MARK: i16x8

  @inlinable @inline(__always)
  public static func i16x8Eq(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.u16x8 .== b.u16x8)
  }
  @inlinable @inline(__always)
  public static func i16x8Ne(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.u16x8 .!= b.u16x8)
  }
  @inlinable @inline(__always)
  public static func i16x8LtS(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.i16x8 .< b.i16x8)
  }
  @inlinable @inline(__always)
  public static func i16x8LtU(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.u16x8 .< b.u16x8)
  }
  @inlinable @inline(__always)
  public static func i16x8GtS(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.i16x8 .> b.i16x8)
  }
  @inlinable @inline(__always)
  public static func i16x8GtU(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.u16x8 .> b.u16x8)
  }
  @inlinable @inline(__always)
  public static func i16x8LeS(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.i16x8 .<= b.i16x8)
  }
  @inlinable @inline(__always)
  public static func i16x8LeU(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.u16x8 .<= b.u16x8)
  }
  @inlinable @inline(__always)
  public static func i16x8GeS(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.i16x8 .>= b.i16x8)
  }
  @inlinable @inline(__always)
  public static func i16x8GeU(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.u16x8 .>= b.u16x8)
  }

  // MARK: i32x4

  @inlinable @inline(__always)
  public static func i32x4Eq(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.u32x4 .== b.u32x4)
  }
  @inlinable @inline(__always)
  public static func i32x4Ne(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.u32x4 .!= b.u32x4)
  }
  @inlinable @inline(__always)
  public static func i32x4LtS(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.i32x4 .< b.i32x4)
  }
  @inlinable @inline(__always)
  public static func i32x4LtU(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.u32x4 .< b.u32x4)
  }
  @inlinable @inline(__always)
  public static func i32x4GtS(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.i32x4 .> b.i32x4)
  }
  @inlinable @inline(__always)
  public static func i32x4GtU(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.u32x4 .> b.u32x4)
  }
  @inlinable @inline(__always)
  public static func i32x4LeS(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.i32x4 .<= b.i32x4)
  }
  @inlinable @inline(__always)
  public static func i32x4LeU(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.u32x4 .<= b.u32x4)
  }
  @inlinable @inline(__always)
  public static func i32x4GeS(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.i32x4 .>= b.i32x4)
  }
  @inlinable @inline(__always)
  public static func i32x4GeU(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.u32x4 .>= b.u32x4)
  }

  // MARK: i64x2

  @inlinable @inline(__always)
  public static func i64x2Eq(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.u64x2 .== b.u64x2)
  }
  @inlinable @inline(__always)
  public static func i64x2Ne(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.u64x2 .!= b.u64x2)
  }
  @inlinable @inline(__always)
  public static func i64x2LtS(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.i64x2 .< b.i64x2)
  }
  @inlinable @inline(__always)
  public static func i64x2GtS(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.i64x2 .> b.i64x2)
  }
  @inlinable @inline(__always)
  public static func i64x2LeS(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.i64x2 .<= b.i64x2)
  }
  @inlinable @inline(__always)
  public static func i64x2GeS(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.i64x2 .>= b.i64x2)
  }

  // MARK: f32x4

  @inlinable @inline(__always)
  public static func f32x4Eq(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.f32x4 .== b.f32x4)
  }
  @inlinable @inline(__always)
  public static func f32x4Ne(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.f32x4 .!= b.f32x4)
  }
  @inlinable @inline(__always)
  public static func f32x4Lt(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.f32x4 .< b.f32x4)
  }
  @inlinable @inline(__always)
  public static func f32x4Gt(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.f32x4 .> b.f32x4)
  }
  @inlinable @inline(__always)
  public static func f32x4Le(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.f32x4 .<= b.f32x4)
  }
  @inlinable @inline(__always)
  public static func f32x4Ge(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.f32x4 .>= b.f32x4)
  }

  // MARK: f64x2

  @inlinable @inline(__always)
  public static func f64x2Eq(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.f64x2 .== b.f64x2)
  }
  @inlinable @inline(__always)
  public static func f64x2Ne(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.f64x2 .!= b.f64x2)
  }
  @inlinable @inline(__always)
  public static func f64x2Lt(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.f64x2 .< b.f64x2)
  }
  @inlinable @inline(__always)
  public static func f64x2Gt(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.f64x2 .> b.f64x2)
  }
  @inlinable @inline(__always)
  public static func f64x2Le(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.f64x2 .<= b.f64x2)
  }
  @inlinable @inline(__always)
  public static func f64x2Ge(_ a: V128, _ b: V128) -> V128 {
    V128(mask: a.f64x2 .>= b.f64x2)
  }
}
