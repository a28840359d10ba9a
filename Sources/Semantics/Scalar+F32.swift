// The floating-point operators of f32.
//
// A NaN that an operator computes is always the positive canonical one; `abs`, `neg` and `copysign` only touch the sign
// bit. Nothing here is ever fused: each operation rounds once, to nearest, ties to even.
//
// Source: WebAssembly 3.0, section 4.3.3 (Floating-Point Operations), in its deterministic profile.

extension Scalar {
  /// `a`, or the positive canonical NaN if `a` is any NaN. The test is a branch that is hardly ever taken, and so stays
  /// off the chain of dependent operations.
  @inlinable @inline(__always)
  public static func f32Canonical(_ a: Float) -> Float {
    if _fastPath(a == a) { return a }
    return Float(bitPattern: 0x7FC0_0000)
  }

  // MARK: Comparisons

  @inlinable @inline(__always) public static func f32Eq(_ a: Float, _ b: Float) -> Bool { a == b }
  @inlinable @inline(__always) public static func f32Ne(_ a: Float, _ b: Float) -> Bool { a != b }
  @inlinable @inline(__always) public static func f32Lt(_ a: Float, _ b: Float) -> Bool { a < b }
  @inlinable @inline(__always) public static func f32Gt(_ a: Float, _ b: Float) -> Bool { a > b }
  @inlinable @inline(__always) public static func f32Le(_ a: Float, _ b: Float) -> Bool { a <= b }
  @inlinable @inline(__always) public static func f32Ge(_ a: Float, _ b: Float) -> Bool { a >= b }

  // MARK: Signs, bit-exact

  @inlinable @inline(__always)
  public static func f32Abs(_ a: Float) -> Float {
    Float(bitPattern: a.bitPattern & ~0x8000_0000)
  }
  @inlinable @inline(__always)
  public static func f32Neg(_ a: Float) -> Float {
    Float(bitPattern: a.bitPattern ^ 0x8000_0000)
  }
  @inlinable @inline(__always)
  public static func f32Copysign(_ a: Float, _ b: Float) -> Float {
    Float(bitPattern: a.bitPattern & ~0x8000_0000 | b.bitPattern & 0x8000_0000)
  }

  // MARK: Rounding to an integer

  @inlinable @inline(__always) public static func f32Ceil(_ a: Float) -> Float { f32Canonical(a.rounded(.up)) }
  @inlinable @inline(__always) public static func f32Floor(_ a: Float) -> Float { f32Canonical(a.rounded(.down)) }
  @inlinable @inline(__always) public static func f32Trunc(_ a: Float) -> Float { f32Canonical(a.rounded(.towardZero)) }
  @inlinable @inline(__always)
  public static func f32Nearest(_ a: Float) -> Float {
    f32Canonical(a.rounded(.toNearestOrEven))
  }

  // MARK: Arithmetic

  /// The root is taken of the magnitude, which the compiler knows to need no error path into the C library.
  @inlinable @inline(__always)
  public static func f32Sqrt(_ a: Float) -> Float {
    let root = Float(bitPattern: a.bitPattern & 0x7FFF_FFFF).squareRoot()
    if _fastPath(a > 0) { return root }
    return a == 0 ? a : Float(bitPattern: 0x7FC0_0000)
  }
  @inlinable @inline(__always) public static func f32Add(_ a: Float, _ b: Float) -> Float { f32Canonical(a + b) }
  @inlinable @inline(__always) public static func f32Sub(_ a: Float, _ b: Float) -> Float { f32Canonical(a - b) }
  @inlinable @inline(__always) public static func f32Mul(_ a: Float, _ b: Float) -> Float { f32Canonical(a * b) }
  @inlinable @inline(__always) public static func f32Div(_ a: Float, _ b: Float) -> Float { f32Canonical(a / b) }

  // Minimum and maximum select twice, once in each order. The two selections differ only for zeros of different sign,
  // where -0 is the lesser, and for NaNs, which survive in their union.

  @inlinable @inline(__always)
  public static func f32Min(_ a: Float, _ b: Float) -> Float {
    let first = a < b ? a : b
    let second = b < a ? b : a
    return f32Canonical(Float(bitPattern: first.bitPattern | second.bitPattern))
  }

  @inlinable @inline(__always)
  public static func f32Max(_ a: Float, _ b: Float) -> Float {
    let first = a > b ? a : b
    let second = b > a ? b : a
    if _fastPath(a <= b || a > b) { return Float(bitPattern: first.bitPattern & second.bitPattern) }
    return Float(bitPattern: 0x7FC0_0000)
  }
}
