// Relaxed SIMD in the deterministic profile: of the results that the specification allows, always the first one it
// lists. So each operator is its strict counterpart, multiply-add rounds twice, and the dot products are signed.
//
// Source: WebAssembly 3.0, section 4.3.5 (Relaxed Operations) and appendix "Profiles".

extension Vector {
  @inlinable @inline(__always)
  public static func i8x16RelaxedSwizzle(_ a: V128, _ b: V128) -> V128 {
    i8x16Swizzle(a, b)
  }
  @inlinable @inline(__always) public static func i32x4RelaxedTruncF32x4S(_ a: V128) -> V128 { i32x4TruncSatF32x4S(a) }
  @inlinable @inline(__always) public static func i32x4RelaxedTruncF32x4U(_ a: V128) -> V128 { i32x4TruncSatF32x4U(a) }
  @inlinable @inline(__always)
  public static func i32x4RelaxedTruncF64x2SZero(_ a: V128) -> V128 {
    i32x4TruncSatF64x2SZero(a)
  }
  @inlinable @inline(__always)
  public static func i32x4RelaxedTruncF64x2UZero(_ a: V128) -> V128 {
    i32x4TruncSatF64x2UZero(a)
  }
  @inlinable @inline(__always)
  public static func f32x4RelaxedMadd(_ a: V128, _ b: V128, _ c: V128) -> V128 {
    f32x4Add(f32x4Mul(a, b), c)
  }
  @inlinable @inline(__always)
  public static func f32x4RelaxedNmadd(_ a: V128, _ b: V128, _ c: V128) -> V128 {
    f32x4Add(f32x4Mul(f32x4Neg(a), b), c)
  }
  @inlinable @inline(__always)
  public static func f64x2RelaxedMadd(_ a: V128, _ b: V128, _ c: V128) -> V128 {
    f64x2Add(f64x2Mul(a, b), c)
  }
  @inlinable @inline(__always)
  public static func f64x2RelaxedNmadd(_ a: V128, _ b: V128, _ c: V128) -> V128 {
    f64x2Add(f64x2Mul(f64x2Neg(a), b), c)
  }
  @inlinable @inline(__always)
  public static func i8x16RelaxedLaneselect(_ a: V128, _ b: V128, _ mask: V128) -> V128 {
    v128Bitselect(a, b, mask)
  }
  @inlinable @inline(__always)
  public static func i16x8RelaxedLaneselect(_ a: V128, _ b: V128, _ mask: V128) -> V128 {
    v128Bitselect(a, b, mask)
  }
  @inlinable @inline(__always)
  public static func i32x4RelaxedLaneselect(_ a: V128, _ b: V128, _ mask: V128) -> V128 {
    v128Bitselect(a, b, mask)
  }
  @inlinable @inline(__always)
  public static func i64x2RelaxedLaneselect(_ a: V128, _ b: V128, _ mask: V128) -> V128 {
    v128Bitselect(a, b, mask)
  }
  @inlinable @inline(__always) public static func f32x4RelaxedMin(_ a: V128, _ b: V128) -> V128 { f32x4Min(a, b) }
  @inlinable @inline(__always) public static func f32x4RelaxedMax(_ a: V128, _ b: V128) -> V128 { f32x4Max(a, b) }
  @inlinable @inline(__always) public static func f64x2RelaxedMin(_ a: V128, _ b: V128) -> V128 { f64x2Min(a, b) }
  @inlinable @inline(__always) public static func f64x2RelaxedMax(_ a: V128, _ b: V128) -> V128 { f64x2Max(a, b) }
  @inlinable @inline(__always)
  public static func i16x8RelaxedQ15mulrS(_ a: V128, _ b: V128) -> V128 {
    i16x8Q15mulrSatS(a, b)
  }
  /// The sum of each pair of products of signed bytes; it wraps.
  @inlinable @inline(__always)
  public static func i16x8RelaxedDotI8x16I7x16S(_ a: V128, _ b: V128) -> V128 {
    let half = SIMD8<Int16>(repeating: 8)
    let even = ((a.i16x8 &<< half) &>> half) &* ((b.i16x8 &<< half) &>> half)
    let odd = (a.i16x8 &>> half) &* (b.i16x8 &>> half)
    return V128(i16x8: even &+ odd)
  }
  @inlinable @inline(__always)
  public static func i32x4RelaxedDotI8x16I7x16AddS(_ a: V128, _ b: V128, _ c: V128) -> V128 {
    i32x4Add(i32x4ExtaddPairwiseI16x8S(i16x8RelaxedDotI8x16I7x16S(a, b)), c)
  }
}
