// Conversions between lanes of integers and floats.
//
// Source: WebAssembly 3.0, section 4.3.6 (Vector Operations), on the conversions of section 4.3.4.

extension Vector {
  // MARK: Integer to float

  @inlinable @inline(__always)
  public static func f32x4ConvertI32x4S(_ a: V128) -> V128 {
    V128(f32x4: SIMD4<Float>(a.i32x4))
  }
  @inlinable @inline(__always)
  public static func f32x4ConvertI32x4U(_ a: V128) -> V128 {
    V128(f32x4: SIMD4<Float>(a.u32x4))
  }
  @inlinable @inline(__always)
  public static func f64x2ConvertLowI32x4S(_ a: V128) -> V128 {
    V128(f64x2: SIMD2<Double>(a.i32x4.lowHalf))
  }
  @inlinable @inline(__always)
  public static func f64x2ConvertLowI32x4U(_ a: V128) -> V128 {
    V128(f64x2: SIMD2<Double>(a.u32x4.lowHalf))
  }

  // MARK: Float to float

  @inlinable @inline(__always)
  public static func f32x4DemoteF64x2Zero(_ a: V128) -> V128 {
    f32x4Canonical(SIMD4<Float>(lowHalf: SIMD2<Float>(a.f64x2), highHalf: SIMD2<Float>()))
  }
  @inlinable @inline(__always)
  public static func f64x2PromoteLowF32x4(_ a: V128) -> V128 {
    f64x2Canonical(SIMD2<Double>(a.f32x4.lowHalf))
  }

  // MARK: Float to integer, saturating
  //
  // The lanes, as doubles, are clamped to the range of the result and truncated. Adding 2^52 (or 2^52 + 2^51, which
  // leaves room for a sign) to such an integer is exact and leaves it in the low 32 bits of the significand.

  @inlinable @inline(__always)
  static func signed(_ a: SIMD2<Double>) -> SIMD2<UInt32> {
    let (low, high) = (SIMD2<Double>(repeating: -0x1p31), SIMD2<Double>(repeating: 0x1p31 - 1))
    return low32(a, low, high, SIMD2<Double>(repeating: 0x1.8p52))
  }
  @inlinable @inline(__always)
  static func unsigned(_ a: SIMD2<Double>) -> SIMD2<UInt32> {
    let (low, high) = (SIMD2<Double>(), SIMD2<Double>(repeating: 0x1p32 - 1))
    return low32(a, low, high, SIMD2<Double>(repeating: 0x1p52))
  }
  @inlinable @inline(__always)
  static func low32(
    _ a: SIMD2<Double>, _ low: SIMD2<Double>, _ high: SIMD2<Double>, _ magic: SIMD2<Double>
  ) -> SIMD2<UInt32> {
    let raised = v128Bitselect(V128(f64x2: a), V128(f64x2: low), V128(mask: a .> low)).f64x2
    let clamped = v128Bitselect(V128(f64x2: raised), V128(f64x2: high), V128(mask: raised .< high)).f64x2
    return SIMD2<UInt32>(truncatingIfNeeded: V128(f64x2: clamped.rounded(.towardZero) + magic).u64x2)
  }
  /// `a` with zero for every NaN.
  @inlinable @inline(__always)
  static func f32x4Numbers(_ a: V128) -> SIMD4<Float> { v128And(a, V128(mask: a.f32x4 .== a.f32x4)).f32x4 }
  @inlinable @inline(__always)
  static func f64x2Numbers(_ a: V128) -> SIMD2<Double> { v128And(a, V128(mask: a.f64x2 .== a.f64x2)).f64x2 }

  @inlinable @inline(__always)
  public static func i32x4TruncSatF32x4S(_ a: V128) -> V128 {
    let lanes = f32x4Numbers(a)
    let low = signed(SIMD2<Double>(lanes.lowHalf))
    let high = signed(SIMD2<Double>(lanes.highHalf))
    return V128(u32x4: SIMD4<UInt32>(lowHalf: low, highHalf: high))
  }
  @inlinable @inline(__always)
  public static func i32x4TruncSatF32x4U(_ a: V128) -> V128 {
    let lanes = f32x4Numbers(a)
    let low = unsigned(SIMD2<Double>(lanes.lowHalf))
    let high = unsigned(SIMD2<Double>(lanes.highHalf))
    return V128(u32x4: SIMD4<UInt32>(lowHalf: low, highHalf: high))
  }
  @inlinable @inline(__always)
  public static func i32x4TruncSatF64x2SZero(_ a: V128) -> V128 {
    V128(u32x4: SIMD4<UInt32>(lowHalf: signed(f64x2Numbers(a)), highHalf: SIMD2<UInt32>()))
  }
  @inlinable @inline(__always)
  public static func i32x4TruncSatF64x2UZero(_ a: V128) -> V128 {
    V128(u32x4: SIMD4<UInt32>(lowHalf: unsigned(f64x2Numbers(a)), highHalf: SIMD2<UInt32>()))
  }
}
