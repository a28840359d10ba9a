// The integer operators of i64.
//
// Source: WebAssembly 3.0, section 4.3.2 (Integer Operations).

extension Scalar {
  // MARK: Comparisons

  @inlinable @inline(__always) public static func i64Eqz(_ a: UInt64) -> Bool { a == 0 }
  @inlinable @inline(__always) public static func i64Eq(_ a: UInt64, _ b: UInt64) -> Bool { a == b }
  @inlinable @inline(__always) public static func i64Ne(_ a: UInt64, _ b: UInt64) -> Bool { a != b }
  @inlinable @inline(__always)
  public static func i64LtS(_ a: UInt64, _ b: UInt64) -> Bool {
    Int64(bitPattern: a) < Int64(bitPattern: b)
  }
  @inlinable @inline(__always) public static func i64LtU(_ a: UInt64, _ b: UInt64) -> Bool { a < b }
  @inlinable @inline(__always)
  public static func i64GtS(_ a: UInt64, _ b: UInt64) -> Bool {
    Int64(bitPattern: a) > Int64(bitPattern: b)
  }
  @inlinable @inline(__always) public static func i64GtU(_ a: UInt64, _ b: UInt64) -> Bool { a > b }
  @inlinable @inline(__always)
  public static func i64LeS(_ a: UInt64, _ b: UInt64) -> Bool {
    Int64(bitPattern: a) <= Int64(bitPattern: b)
  }
  @inlinable @inline(__always) public static func i64LeU(_ a: UInt64, _ b: UInt64) -> Bool { a <= b }
  @inlinable @inline(__always)
  public static func i64GeS(_ a: UInt64, _ b: UInt64) -> Bool {
    Int64(bitPattern: a) >= Int64(bitPattern: b)
  }
  @inlinable @inline(__always) public static func i64GeU(_ a: UInt64, _ b: UInt64) -> Bool { a >= b }

  // MARK: Bits

  @inlinable @inline(__always)
  public static func i64Clz(_ a: UInt64) -> UInt64 {
    UInt64(truncatingIfNeeded: a.leadingZeroBitCount)
  }
  @inlinable @inline(__always)
  public static func i64Ctz(_ a: UInt64) -> UInt64 {
    UInt64(truncatingIfNeeded: a.trailingZeroBitCount)
  }
  @inlinable @inline(__always)
  public static func i64Popcnt(_ a: UInt64) -> UInt64 {
    UInt64(truncatingIfNeeded: a.nonzeroBitCount)
  }
  @inlinable @inline(__always) public static func i64And(_ a: UInt64, _ b: UInt64) -> UInt64 { a & b }
  @inlinable @inline(__always) public static func i64Or(_ a: UInt64, _ b: UInt64) -> UInt64 { a | b }
  @inlinable @inline(__always) public static func i64Xor(_ a: UInt64, _ b: UInt64) -> UInt64 { a ^ b }

  // MARK: Shifts and rotations; the count is taken modulo 64

  @inlinable @inline(__always) public static func i64Shl(_ a: UInt64, _ b: UInt64) -> UInt64 { a &<< b }
  @inlinable @inline(__always)
  public static func i64ShrS(_ a: UInt64, _ b: UInt64) -> UInt64 {
    UInt64(bitPattern: Int64(bitPattern: a) &>> Int64(bitPattern: b))
  }
  @inlinable @inline(__always) public static func i64ShrU(_ a: UInt64, _ b: UInt64) -> UInt64 { a &>> b }
  @inlinable @inline(__always)
  public static func i64Rotl(_ a: UInt64, _ b: UInt64) -> UInt64 {
    a &<< b | a &>> (0 &- b)
  }
  @inlinable @inline(__always)
  public static func i64Rotr(_ a: UInt64, _ b: UInt64) -> UInt64 {
    a &>> b | a &<< (0 &- b)
  }

  // MARK: Arithmetic

  @inlinable @inline(__always) public static func i64Add(_ a: UInt64, _ b: UInt64) -> UInt64 { a &+ b }
  @inlinable @inline(__always) public static func i64Sub(_ a: UInt64, _ b: UInt64) -> UInt64 { a &- b }
  @inlinable @inline(__always) public static func i64Mul(_ a: UInt64, _ b: UInt64) -> UInt64 { a &* b }

  // Division. Swift's reporting forms never trap; behind the matching `…Trap` check only the bare division is left.

  @inlinable @inline(__always)
  public static func i64DivS(_ a: UInt64, _ b: UInt64) -> UInt64 {
    UInt64(bitPattern: Int64(bitPattern: a).dividedReportingOverflow(by: Int64(bitPattern: b)).partialValue)
  }
  @inlinable @inline(__always)
  public static func i64DivU(_ a: UInt64, _ b: UInt64) -> UInt64 {
    a.dividedReportingOverflow(by: b).partialValue
  }
  @inlinable @inline(__always)
  public static func i64RemS(_ a: UInt64, _ b: UInt64) -> UInt64 {
    UInt64(bitPattern: Int64(bitPattern: a).remainderReportingOverflow(dividingBy: Int64(bitPattern: b)).partialValue)
  }
  @inlinable @inline(__always)
  public static func i64RemU(_ a: UInt64, _ b: UInt64) -> UInt64 {
    a.remainderReportingOverflow(dividingBy: b).partialValue
  }

  @inlinable @inline(__always)
  public static func i64DivSTrap(_ a: UInt64, _ b: UInt64) -> UInt8 {
    if _slowPath(b == 0) { return NumericTrap.integerDivideByZero.rawValue }
    if _slowPath(b == UInt64.max) && a == 1 &<< 63 { return NumericTrap.integerOverflow.rawValue }
    return 0
  }
  @inlinable @inline(__always)
  public static func i64DivUTrap(_ a: UInt64, _ b: UInt64) -> UInt8 {
    b == 0 ? NumericTrap.integerDivideByZero.rawValue : 0
  }
  @inlinable @inline(__always)
  public static func i64RemSTrap(_ a: UInt64, _ b: UInt64) -> UInt8 {
    b == 0 ? NumericTrap.integerDivideByZero.rawValue : 0
  }
  @inlinable @inline(__always)
  public static func i64RemUTrap(_ a: UInt64, _ b: UInt64) -> UInt8 {
    b == 0 ? NumericTrap.integerDivideByZero.rawValue : 0
  }

  // MARK: Sign extension

  @inlinable @inline(__always)
  public static func i64Extend8S(_ a: UInt64) -> UInt64 {
    UInt64(truncatingIfNeeded: Int8(truncatingIfNeeded: a))
  }
  @inlinable @inline(__always)
  public static func i64Extend16S(_ a: UInt64) -> UInt64 {
    UInt64(truncatingIfNeeded: Int16(truncatingIfNeeded: a))
  }
  @inlinable @inline(__always)
  public static func i64Extend32S(_ a: UInt64) -> UInt64 {
    UInt64(truncatingIfNeeded: Int32(truncatingIfNeeded: a))
  }
}
