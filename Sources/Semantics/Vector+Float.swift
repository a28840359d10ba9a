// Lane-wise floating-point arithmetic: in each lane what the scalar operator does, all lanes at once.
//
// Source: WebAssembly 3.0, section 4.3.6 (Vector Operations), on the operations of section 4.3.3 in the deterministic
// profile.

extension Vector {
  // MARK: f32x4

  /// `lanes` with every NaN replaced by the positive canonical one; see `Scalar.f32Canonical` for the branch.
  @inlinable @inline(__always)
  static func f32x4Canonical(_ lanes: SIMD4<Float>) -> V128 {
    let isNaN = lanes .!= lanes
    if _fastPath(!v128AnyTrue(V128(mask: isNaN))) { return V128(f32x4: lanes) }
    return V128(f32x4: lanes.replacing(with: Float(bitPattern: 0x7FC0_0000), where: isNaN))
  }

  @inlinable @inline(__always)
  public static func f32x4Abs(_ a: V128) -> V128 {
    V128(u32x4: a.u32x4 & SIMD4<UInt32>(repeating: ~0x8000_0000))
  }
  @inlinable @inline(__always)
  public static func f32x4Neg(_ a: V128) -> V128 {
    V128(u32x4: a.u32x4 ^ SIMD4<UInt32>(repeating: 0x8000_0000))
  }
  @inlinable @inline(__always)
  public static func f32x4Add(_ a: V128, _ b: V128) -> V128 {
    f32x4Canonical(a.f32x4 + b.f32x4)
  }
  @inlinable @inline(__always)
  public static func f32x4Sub(_ a: V128, _ b: V128) -> V128 {
    f32x4Canonical(a.f32x4 - b.f32x4)
  }
  @inlinable @inline(__always)
  public static func f32x4Mul(_ a: V128, _ b: V128) -> V128 {
    f32x4Canonical(a.f32x4 * b.f32x4)
  }
  @inlinable @inline(__always)
  public static func f32x4Div(_ a: V128, _ b: V128) -> V128 {
    f32x4Canonical(a.f32x4 / b.f32x4)
  }
  @inlinable @inline(__always) public static func f32x4Ceil(_ a: V128) -> V128 { f32x4Canonical(a.f32x4.rounded(.up)) }
  @inlinable @inline(__always)
  public static func f32x4Floor(_ a: V128) -> V128 {
    f32x4Canonical(a.f32x4.rounded(.down))
  }
  @inlinable @inline(__always)
  public static func f32x4Trunc(_ a: V128) -> V128 {
    f32x4Canonical(a.f32x4.rounded(.towardZero))
  }
  @inlinable @inline(__always)
  public static func f32x4Nearest(_ a: V128) -> V128 {
    f32x4Canonical(a.f32x4.rounded(.toNearestOrEven))
  }
  /// The root of the magnitude, which needs no error path, gets the sign back for the sake of -0; less than 0 is NaN.
  @inlinable @inline(__always)
  public static func f32x4Sqrt(_ a: V128) -> V128 {
    let sign = SIMD4<UInt32>(repeating: 0x8000_0000)
    let magnitude = V128(u32x4: a.u32x4 & ~sign).f32x4
    let root = SIMD4<Float>(
      magnitude[0].squareRoot(), magnitude[1].squareRoot(), magnitude[2].squareRoot(), magnitude[3].squareRoot())
    let signed = V128(u32x4: V128(f32x4: root).u32x4 | (a.u32x4 & sign)).f32x4
    let valid = a.f32x4 .>= SIMD4<Float>()
    return V128(f32x4: signed.replacing(with: Float(bitPattern: 0x7FC0_0000), where: .!valid))
  }
  /// See `Scalar.f32Min` for the idea.
  @inlinable @inline(__always)
  public static func f32x4Min(_ a: V128, _ b: V128) -> V128 {
    let first = v128Bitselect(a, b, V128(mask: a.f32x4 .< b.f32x4))
    let second = v128Bitselect(b, a, V128(mask: b.f32x4 .< a.f32x4))
    let union = v128Or(first, second).f32x4
    return V128(f32x4: union.replacing(with: Float(bitPattern: 0x7FC0_0000), where: union .!= union))
  }
  @inlinable @inline(__always)
  public static func f32x4Max(_ a: V128, _ b: V128) -> V128 {
    let first = v128Bitselect(a, b, V128(mask: a.f32x4 .> b.f32x4))
    let second = v128Bitselect(b, a, V128(mask: b.f32x4 .> a.f32x4))
    let union = v128Or(first, second).f32x4
    let common = v128And(first, second).f32x4
    return V128(f32x4: common.replacing(with: Float(bitPattern: 0x7FC0_0000), where: union .!= union))
  }
  /// `b < a ? b : a`, bit-exact.
  @inlinable @inline(__always)
  public static func f32x4Pmin(_ a: V128, _ b: V128) -> V128 {
    v128Bitselect(b, a, V128(mask: b.f32x4 .< a.f32x4))
  }
  /// `a < b ? b : a`, bit-exact.
  @inlinable @inline(__always)
  public static func f32x4Pmax(_ a: V128, _ b: V128) -> V128 {
    v128Bitselect(b, a, V128(mask: a.f32x4 .< b.f32x4))
  }

  // MARK: f64x2

  /// `lanes` with every NaN replaced by the positive canonical one; see `Scalar.f64Canonical` for the branch.
  @inlinable @inline(__always)
  static func f64x2Canonical(_ lanes: SIMD2<Double>) -> V128 {
    let isNaN = lanes .!= lanes
    if _fastPath(!v128AnyTrue(V128(mask: isNaN))) { return V128(f64x2: lanes) }
    return V128(f64x2: lanes.replacing(with: Double(bitPattern: 0x7FF8_0000_0000_0000), where: isNaN))
  }

  @inlinable @inline(__always)
  public static func f64x2Abs(_ a: V128) -> V128 {
    V128(u64x2: a.u64x2 & SIMD2<UInt64>(repeating: ~0x8000_0000_0000_0000))
  }
  @inlinable @inline(__always)
  public static func f64x2Neg(_ a: V128) -> V128 {
    V128(u64x2: a.u64x2 ^ SIMD2<UInt64>(repeating: 0x8000_0000_0000_0000))
  }
  @inlinable @inline(__always)
  public static func f64x2Add(_ a: V128, _ b: V128) -> V128 {
    f64x2Canonical(a.f64x2 + b.f64x2)
  }
  @inlinable @inline(__always)
  public static func f64x2Sub(_ a: V128, _ b: V128) -> V128 {
    f64x2Canonical(a.f64x2 - b.f64x2)
  }
  @inlinable @inline(__always)
  public static func f64x2Mul(_ a: V128, _ b: V128) -> V128 {
    f64x2Canonical(a.f64x2 * b.f64x2)
  }
  @inlinable @inline(__always)
  public static func f64x2Div(_ a: V128, _ b: V128) -> V128 {
    f64x2Canonical(a.f64x2 / b.f64x2)
  }
  @inlinable @inline(__always) public static func f64x2Ceil(_ a: V128) -> V128 { f64x2Canonical(a.f64x2.rounded(.up)) }
  @inlinable @inline(__always)
  public static func f64x2Floor(_ a: V128) -> V128 {
    f64x2Canonical(a.f64x2.rounded(.down))
  }
  @inlinable @inline(__always)
  public static func f64x2Trunc(_ a: V128) -> V128 {
    f64x2Canonical(a.f64x2.rounded(.towardZero))
  }
  @inlinable @inline(__always)
  public static func f64x2Nearest(_ a: V128) -> V128 {
    f64x2Canonical(a.f64x2.rounded(.toNearestOrEven))
  }
  /// The root of the magnitude, which needs no error path, gets the sign back for the sake of -0; less than 0 is NaN.
  @inlinable @inline(__always)
  public static func f64x2Sqrt(_ a: V128) -> V128 {
    let sign = SIMD2<UInt64>(repeating: 0x8000_0000_0000_0000)
    let magnitude = V128(u64x2: a.u64x2 & ~sign).f64x2
    let root = SIMD2<Double>(
      magnitude[0].squareRoot(), magnitude[1].squareRoot())
    let signed = V128(u64x2: V128(f64x2: root).u64x2 | (a.u64x2 & sign)).f64x2
    let valid = a.f64x2 .>= SIMD2<Double>()
    return V128(f64x2: signed.replacing(with: Double(bitPattern: 0x7FF8_0000_0000_0000), where: .!valid))
  }
  /// See `Scalar.f64Min` for the idea.
  @inlinable @inline(__always)
  public static func f64x2Min(_ a: V128, _ b: V128) -> V128 {
    let first = v128Bitselect(a, b, V128(mask: a.f64x2 .< b.f64x2))
    let second = v128Bitselect(b, a, V128(mask: b.f64x2 .< a.f64x2))
    let union = v128Or(first, second).f64x2
    return V128(f64x2: union.replacing(with: Double(bitPattern: 0x7FF8_0000_0000_0000), where: union .!= union))
  }
  @inlinable @inline(__always)
  public static func f64x2Max(_ a: V128, _ b: V128) -> V128 {
    let first = v128Bitselect(a, b, V128(mask: a.f64x2 .> b.f64x2))
    let second = v128Bitselect(b, a, V128(mask: b.f64x2 .> a.f64x2))
    let union = v128Or(first, second).f64x2
    let common = v128And(first, second).f64x2
    return V128(f64x2: common.replacing(with: Double(bitPattern: 0x7FF8_0000_0000_0000), where: union .!= union))
  }
  /// `b < a ? b : a`, bit-exact.
  @inlinable @inline(__always)
  public static func f64x2Pmin(_ a: V128, _ b: V128) -> V128 {
    v128Bitselect(b, a, V128(mask: b.f64x2 .< a.f64x2))
  }
  /// `a < b ? b : a`, bit-exact.
  @inlinable @inline(__always)
  public static func f64x2Pmax(_ a: V128, _ b: V128) -> V128 {
    v128Bitselect(b, a, V128(mask: a.f64x2 .< b.f64x2))
  }
}
