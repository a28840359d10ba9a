// The integer operators of i32.
//
// Source: WebAssembly 3.0, section 4.3.2 (Integer Operations).

extension Scalar {
  // MARK: Comparisons

  @inlinable @inline(__always) public static func i32Eqz(_ a: UInt32) -> Bool { a == 0 }
  @inlinable @inline(__always) public static func i32Eq(_ a: UInt32, _ b: UInt32) -> Bool { a == b }
  @inlinable @inline(__always) public static func i32Ne(_ a: UInt32, _ b: UInt32) -> Bool { a != b }
  @inlinable @inline(__always)
  public static func i32LtS(_ a: UInt32, _ b: UInt32) -> Bool {
    Int32(bitPattern: a) < Int32(bitPattern: b)
  }
  @inlinable @inline(__always) public static func i32LtU(_ a: UInt32, _ b: UInt32) -> Bool { a < b }
  @inlinable @inline(__always)
  public static func i32GtS(_ a: UInt32, _ b: UInt32) -> Bool {
    Int32(bitPattern: a) > Int32(bitPattern: b)
  }
  @inlinable @inline(__always) public static func i32GtU(_ a: UInt32, _ b: UInt32) -> Bool { a > b }
  @inlinable @inline(__always)
  public static func i32LeS(_ a: UInt32, _ b: UInt32) -> Bool {
    Int32(bitPattern: a) <= Int32(bitPattern: b)
  }
  @inlinable @inline(__always) public static func i32LeU(_ a: UInt32, _ b: UInt32) -> Bool { a <= b }
  @inlinable @inline(__always)
  public static func i32GeS(_ a: UInt32, _ b: UInt32) -> Bool {
    Int32(bitPattern: a) >= Int32(bitPattern: b)
  }
  @inlinable @inline(__always) public static func i32GeU(_ a: UInt32, _ b: UInt32) -> Bool { a >= b }

  // MARK: Bits

  @inlinable @inline(__always)
  public static func i32Clz(_ a: UInt32) -> UInt32 {
    UInt32(truncatingIfNeeded: a.leadingZeroBitCount)
  }
  @inlinable @inline(__always)
  public static func i32Ctz(_ a: UInt32) -> UInt32 {
    UInt32(truncatingIfNeeded: a.trailingZeroBitCount)
  }
  @inlinable @inline(__always)
  public static func i32Popcnt(_ a: UInt32) -> UInt32 {
    UInt32(truncatingIfNeeded: a.nonzeroBitCount)
  }
  @inlinable @inline(__always) public static func i32And(_ a: UInt32, _ b: UInt32) -> UInt32 { a & b }
  @inlinable @inline(__always) public static func i32Or(_ a: UInt32, _ b: UInt32) -> UInt32 { a | b }
  @inlinable @inline(__always) public static func i32Xor(_ a: UInt32, _ b: UInt32) -> UInt32 { a ^ b }

  // MARK: Shifts and rotations; the count is taken modulo 32

  @inlinable @inline(__always) public static func i32Shl(_ a: UInt32, _ b: UInt32) -> UInt32 { a &<< b }
  @inlinable @inline(__always)
  public static func i32ShrS(_ a: UInt32, _ b: UInt32) -> UInt32 {
    UInt32(bitPattern: Int32(bitPattern: a) &>> Int32(bitPattern: b))
  }
  @inlinable @inline(__always) public static func i32ShrU(_ a: UInt32, _ b: UInt32) -> UInt32 { a &>> b }
  @inlinable @inline(__always)
  public static func i32Rotl(_ a: UInt32, _ b: UInt32) -> UInt32 {
    a &<< b | a &>> (0 &- b)
  }
  @inlinable @inline(__always)
  public static func i32Rotr(_ a: UInt32, _ b: UInt32) -> UInt32 {
    a &>> b | a &<< (0 &- b)
  }

  // MARK: Arithmetic

  @inlinable @inline(__always) public static func i32Add(_ a: UInt32, _ b: UInt32) -> UInt32 { a &+ b }
  @inlinable @inline(__always) public static func i32Sub(_ a: UInt32, _ b: UInt32) -> UInt32 { a &- b }
  @inlinable @inline(__always) public static func i32Mul(_ a: UInt32, _ b: UInt32) -> UInt32 { a &* b }

  // Division. Swift's reporting forms never trap; behind the matching `…Trap` check only the bare division is left.

  @inlinable @inline(__always)
  public static func i32DivS(_ a: UInt32, _ b: UInt32) -> UInt32 {
    UInt32(bitPattern: Int32(bitPattern: a).dividedReportingOverflow(by: Int32(bitPattern: b)).partialValue)
  }
  @inlinable @inline(__always)
  public static func i32DivU(_ a: UInt32, _ b: UInt32) -> UInt32 {
    a.dividedReportingOverflow(by: b).partialValue
  }
  @inlinable @inline(__always)
  public static func i32RemS(_ a: UInt32, _ b: UInt32) -> UInt32 {
    UInt32(bitPattern: Int32(bitPattern: a).remainderReportingOverflow(dividingBy: Int32(bitPattern: b)).partialValue)
  }
  @inlinable @inline(__always)
  public static func i32RemU(_ a: UInt32, _ b: UInt32) -> UInt32 {
    a.remainderReportingOverflow(dividingBy: b).partialValue
  }

  @inlinable @inline(__always)
  public static func i32DivSTrap(_ a: UInt32, _ b: UInt32) -> UInt8 {
    if _slowPath(b == 0) { return NumericTrap.integerDivideByZero.rawValue }
    if _slowPath(b == UInt32.max) && a == 1 &<< 31 { return NumericTrap.integerOverflow.rawValue }
    return 0
  }
  @inlinable @inline(__always)
  public static func i32DivUTrap(_ a: UInt32, _ b: UInt32) -> UInt8 {
    b == 0 ? NumericTrap.integerDivideByZero.rawValue : 0
  }
  @inlinable @inline(__always)
  public static func i32RemSTrap(_ a: UInt32, _ b: UInt32) -> UInt8 {
    b == 0 ? NumericTrap.integerDivideByZero.rawValue : 0
  }
  @inlinable @inline(__always)
  public static func i32RemUTrap(_ a: UInt32, _ b: UInt32) -> UInt8 {
    b == 0 ? NumericTrap.integerDivideByZero.rawValue : 0
  }

  // MARK: Sign extension

  @inlinable @inline(__always)
  public static func i32Extend8S(_ a: UInt32) -> UInt32 {
    UInt32(truncatingIfNeeded: Int8(truncatingIfNeeded: a))
  }
  @inlinable @inline(__always)
  public static func i32Extend16S(_ a: UInt32) -> UInt32 {
    UInt32(truncatingIfNeeded: Int16(truncatingIfNeeded: a))
  }
}
