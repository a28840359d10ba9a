// The floating-point operators of f64.
//
// A NaN that an operator computes is always the positive canonical one; `abs`, `neg` and `copysign` only touch the sign
// bit. Nothing here is ever fused: each operation rounds once, to nearest, ties to even.
//
// Source: WebAssembly 3.0, section 4.3.3 (Floating-Point Operations), in its deterministic profile.

extension Scalar {
  /// `a`, or the positive canonical NaN if `a` is any NaN. The test is a branch that is hardly ever taken, and so stays
  /// off the chain of dependent operations.
  @inlinable @inline(__always)
  public static func f64Canonical(_ a: Double) -> Double {
    if _fastPath(a == a) { return a }
    return Double(bitPattern: 0x7FF8_0000_0000_0000)
  }

  // MARK: Comparisons

  @inlinable @inline(__always) public static func f64Eq(_ a: Double, _ b: Double) -> Bool { a == b }
  @inlinable @inline(__always) public static func f64Ne(_ a: Double, _ b: Double) -> Bool { a != b }
  @inlinable @inline(__always) public static func f64Lt(_ a: Double, _ b: Double) -> Bool { a < b }
  @inlinable @inline(__always) public static func f64Gt(_ a: Double, _ b: Double) -> Bool { a > b }
  @inlinable @inline(__always) public static func f64Le(_ a: Double, _ b: Double) -> Bool { a <= b }
  @inlinable @inline(__always) public static func f64Ge(_ a: Double, _ b: Double) -> Bool { a >= b }

  // MARK: Signs, bit-exact

  @inlinable @inline(__always)
  public static func f64Abs(_ a: Double) -> Double {
    Double(bitPattern: a.bitPattern & ~0x8000_0000_0000_0000)
  }
  @inlinable @inline(__always)
  public static func f64Neg(_ a: Double) -> Double {
    Double(bitPattern: a.bitPattern ^ 0x8000_0000_0000_0000)
  }
  @inlinable @inline(__always)
  public static func f64Copysign(_ a: Double, _ b: Double) -> Double {
    Double(bitPattern: a.bitPattern & ~0x8000_0000_0000_0000 | b.bitPattern & 0x8000_0000_0000_0000)
  }

  // MARK: Rounding to an integer

  @inlinable @inline(__always) public static func f64Ceil(_ a: Double) -> Double { f64Canonical(a.rounded(.up)) }
  @inlinable @inline(__always) public static func f64Floor(_ a: Double) -> Double { f64Canonical(a.rounded(.down)) }
  @inlinable @inline(__always)
  public static func f64Trunc(_ a: Double) -> Double {
    f64Canonical(a.rounded(.towardZero))
  }
  @inlinable @inline(__always)
  public static func f64Nearest(_ a: Double) -> Double {
    f64Canonical(a.rounded(.toNearestOrEven))
  }

  // MARK: Arithmetic

  /// The root is taken of the magnitude, which the compiler knows to need no error path into the C library.
  @inlinable @inline(__always)
  public static func f64Sqrt(_ a: Double) -> Double {
    let root = Double(bitPattern: a.bitPattern & 0x7FFF_FFFF_FFFF_FFFF).squareRoot()
    if _fastPath(a > 0) { return root }
    return a == 0 ? a : Double(bitPattern: 0x7FF8_0000_0000_0000)
  }
  @inlinable @inline(__always) public static func f64Add(_ a: Double, _ b: Double) -> Double { f64Canonical(a + b) }
  @inlinable @inline(__always) public static func f64Sub(_ a: Double, _ b: Double) -> Double { f64Canonical(a - b) }
  @inlinable @inline(__always) public static func f64Mul(_ a: Double, _ b: Double) -> Double { f64Canonical(a * b) }
  @inlinable @inline(__always) public static func f64Div(_ a: Double, _ b: Double) -> Double { f64Canonical(a / b) }

  // Minimum and maximum select twice, once in each order. The two selections differ only for zeros of different sign,
  // where -0 is the lesser, and for NaNs, which survive in their union.

  @inlinable @inline(__always)
  public static func f64Min(_ a: Double, _ b: Double) -> Double {
    let first = a < b ? a : b
    let second = b < a ? b : a
    return f64Canonical(Double(bitPattern: first.bitPattern | second.bitPattern))
  }

  @inlinable @inline(__always)
  public static func f64Max(_ a: Double, _ b: Double) -> Double {
    let first = a > b ? a : b
    let second = b > a ? b : a
    if _fastPath(a <= b || a > b) { return Double(bitPattern: first.bitPattern & second.bitPattern) }
    return Double(bitPattern: 0x7FF8_0000_0000_0000)
  }
}
