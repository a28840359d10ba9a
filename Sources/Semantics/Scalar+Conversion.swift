// The conversions between i32, i64, f32 and f64.
//
// A float-to-integer truncation is defined for the values whose integral part the result type can represent. The bounds
// below are the nearest values outside that range. That the operand is finite follows from them; but Swift's conversions
// ask all three questions too, and asked in their words they are asked once.
//
// Source: WebAssembly 3.0, section 4.3.4 (Conversions).

extension Scalar {
  // MARK: Integer to integer

  @inlinable @inline(__always) public static func i32WrapI64(_ a: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: a) }
  @inlinable @inline(__always)
  public static func i64ExtendI32S(_ a: UInt32) -> UInt64 {
    UInt64(bitPattern: Int64(Int32(bitPattern: a)))
  }
  @inlinable @inline(__always) public static func i64ExtendI32U(_ a: UInt32) -> UInt64 { UInt64(a) }

  // MARK: Integer to float, rounded to nearest, ties to even

  @inlinable @inline(__always) public static func f32ConvertI32S(_ a: UInt32) -> Float { Float(Int32(bitPattern: a)) }
  @inlinable @inline(__always) public static func f32ConvertI32U(_ a: UInt32) -> Float { Float(a) }
  @inlinable @inline(__always) public static func f32ConvertI64S(_ a: UInt64) -> Float { Float(Int64(bitPattern: a)) }
  @inlinable @inline(__always) public static func f32ConvertI64U(_ a: UInt64) -> Float { Float(a) }
  @inlinable @inline(__always) public static func f64ConvertI32S(_ a: UInt32) -> Double { Double(Int32(bitPattern: a)) }
  @inlinable @inline(__always) public static func f64ConvertI32U(_ a: UInt32) -> Double { Double(a) }
  @inlinable @inline(__always) public static func f64ConvertI64S(_ a: UInt64) -> Double { Double(Int64(bitPattern: a)) }
  @inlinable @inline(__always) public static func f64ConvertI64U(_ a: UInt64) -> Double { Double(a) }

  // MARK: Float to float

  @inlinable @inline(__always) public static func f32DemoteF64(_ a: Double) -> Float { f32Canonical(Float(a)) }
  @inlinable @inline(__always) public static func f64PromoteF32(_ a: Float) -> Double { f64Canonical(Double(a)) }

  // MARK: Reinterpretations, bit-exact

  @inlinable @inline(__always) public static func i32ReinterpretF32(_ a: Float) -> UInt32 { a.bitPattern }
  @inlinable @inline(__always) public static func i64ReinterpretF64(_ a: Double) -> UInt64 { a.bitPattern }
  @inlinable @inline(__always) public static func f32ReinterpretI32(_ a: UInt32) -> Float { Float(bitPattern: a) }
  @inlinable @inline(__always) public static func f64ReinterpretI64(_ a: UInt64) -> Double { Double(bitPattern: a) }

  // MARK: i32.trunc_f32_s

  @inlinable @inline(__always)
  public static func i32TruncF32SIsDefined(_ a: Float) -> Bool {
    a.isFinite && a > -0x1.000002p31 && a < 0x1p31
  }
  @inlinable @inline(__always)
  public static func i32TruncF32STrap(_ a: Float) -> UInt8 {
    if _fastPath(i32TruncF32SIsDefined(a)) { return 0 }
    return a == a ? NumericTrap.integerOverflow.rawValue : NumericTrap.invalidConversion.rawValue
  }
  @inlinable @inline(__always)
  public static func i32TruncF32S(_ a: Float) -> UInt32 {
    i32TruncF32SIsDefined(a) ? UInt32(bitPattern: Int32(a)) : 0
  }
  @inlinable @inline(__always)
  public static func i32TruncSatF32S(_ a: Float) -> UInt32 {
    if _fastPath(i32TruncF32SIsDefined(a)) { return UInt32(bitPattern: Int32(a)) }
    if a < 0 { return 1 &<< 31 }
    return a == a ? UInt32.max &>> 1 : 0
  }

  // MARK: i32.trunc_f32_u

  @inlinable @inline(__always) public static func i32TruncF32UIsDefined(_ a: Float) -> Bool {
    a.isFinite && a > -1 && a < 0x1p32
  }
  @inlinable @inline(__always)
  public static func i32TruncF32UTrap(_ a: Float) -> UInt8 {
    if _fastPath(i32TruncF32UIsDefined(a)) { return 0 }
    return a == a ? NumericTrap.integerOverflow.rawValue : NumericTrap.invalidConversion.rawValue
  }
  @inlinable @inline(__always)
  public static func i32TruncF32U(_ a: Float) -> UInt32 {
    i32TruncF32UIsDefined(a) ? UInt32(a) : 0
  }
  @inlinable @inline(__always)
  public static func i32TruncSatF32U(_ a: Float) -> UInt32 {
    if _fastPath(i32TruncF32UIsDefined(a)) { return UInt32(a) }
    return a > 0 ? UInt32.max : 0
  }

  // MARK: i32.trunc_f64_s

  @inlinable @inline(__always)
  public static func i32TruncF64SIsDefined(_ a: Double) -> Bool {
    a.isFinite && a > -0x1.00000002p31 && a < 0x1p31
  }
  @inlinable @inline(__always)
  public static func i32TruncF64STrap(_ a: Double) -> UInt8 {
    if _fastPath(i32TruncF64SIsDefined(a)) { return 0 }
    return a == a ? NumericTrap.integerOverflow.rawValue : NumericTrap.invalidConversion.rawValue
  }
  @inlinable @inline(__always)
  public static func i32TruncF64S(_ a: Double) -> UInt32 {
    i32TruncF64SIsDefined(a) ? UInt32(bitPattern: Int32(a)) : 0
  }
  @inlinable @inline(__always)
  public static func i32TruncSatF64S(_ a: Double) -> UInt32 {
    if _fastPath(i32TruncF64SIsDefined(a)) { return UInt32(bitPattern: Int32(a)) }
    if a < 0 { return 1 &<< 31 }
    return a == a ? UInt32.max &>> 1 : 0
  }

  // MARK: i32.trunc_f64_u

  @inlinable @inline(__always) public static func i32TruncF64UIsDefined(_ a: Double) -> Bool {
    a.isFinite && a > -1 && a < 0x1p32
  }
  @inlinable @inline(__always)
  public static func i32TruncF64UTrap(_ a: Double) -> UInt8 {
    if _fastPath(i32TruncF64UIsDefined(a)) { return 0 }
    return a == a ? NumericTrap.integerOverflow.rawValue : NumericTrap.invalidConversion.rawValue
  }
  @inlinable @inline(__always)
  public static func i32TruncF64U(_ a: Double) -> UInt32 {
    i32TruncF64UIsDefined(a) ? UInt32(a) : 0
  }
  @inlinable @inline(__always)
  public static func i32TruncSatF64U(_ a: Double) -> UInt32 {
    if _fastPath(i32TruncF64UIsDefined(a)) { return UInt32(a) }
    return a > 0 ? UInt32.max : 0
  }

  // MARK: i64.trunc_f32_s

  @inlinable @inline(__always)
  public static func i64TruncF32SIsDefined(_ a: Float) -> Bool {
    a.isFinite && a > -0x1.000002p63 && a < 0x1p63
  }
  @inlinable @inline(__always)
  public static func i64TruncF32STrap(_ a: Float) -> UInt8 {
    if _fastPath(i64TruncF32SIsDefined(a)) { return 0 }
    return a == a ? NumericTrap.integerOverflow.rawValue : NumericTrap.invalidConversion.rawValue
  }
  @inlinable @inline(__always)
  public static func i64TruncF32S(_ a: Float) -> UInt64 {
    i64TruncF32SIsDefined(a) ? UInt64(bitPattern: Int64(a)) : 0
  }
  @inlinable @inline(__always)
  public static func i64TruncSatF32S(_ a: Float) -> UInt64 {
    if _fastPath(i64TruncF32SIsDefined(a)) { return UInt64(bitPattern: Int64(a)) }
    if a < 0 { return 1 &<< 63 }
    return a == a ? UInt64.max &>> 1 : 0
  }

  // MARK: i64.trunc_f32_u

  @inlinable @inline(__always) public static func i64TruncF32UIsDefined(_ a: Float) -> Bool {
    a.isFinite && a > -1 && a < 0x1p64
  }
  @inlinable @inline(__always)
  public static func i64TruncF32UTrap(_ a: Float) -> UInt8 {
    if _fastPath(i64TruncF32UIsDefined(a)) { return 0 }
    return a == a ? NumericTrap.integerOverflow.rawValue : NumericTrap.invalidConversion.rawValue
  }
  @inlinable @inline(__always)
  public static func i64TruncF32U(_ a: Float) -> UInt64 {
    i64TruncF32UIsDefined(a) ? UInt64(a) : 0
  }
  @inlinable @inline(__always)
  public static func i64TruncSatF32U(_ a: Float) -> UInt64 {
    if _fastPath(i64TruncF32UIsDefined(a)) { return UInt64(a) }
    return a > 0 ? UInt64.max : 0
  }

  // MARK: i64.trunc_f64_s

  @inlinable @inline(__always)
  public static func i64TruncF64SIsDefined(_ a: Double) -> Bool {
    a.isFinite && a > -0x1.0000000000001p63 && a < 0x1p63
  }
  @inlinable @inline(__always)
  public static func i64TruncF64STrap(_ a: Double) -> UInt8 {
    if _fastPath(i64TruncF64SIsDefined(a)) { return 0 }
    return a == a ? NumericTrap.integerOverflow.rawValue : NumericTrap.invalidConversion.rawValue
  }
  @inlinable @inline(__always)
  public static func i64TruncF64S(_ a: Double) -> UInt64 {
    i64TruncF64SIsDefined(a) ? UInt64(bitPattern: Int64(a)) : 0
  }
  @inlinable @inline(__always)
  public static func i64TruncSatF64S(_ a: Double) -> UInt64 {
    if _fastPath(i64TruncF64SIsDefined(a)) { return UInt64(bitPattern: Int64(a)) }
    if a < 0 { return 1 &<< 63 }
    return a == a ? UInt64.max &>> 1 : 0
  }

  // MARK: i64.trunc_f64_u

  @inlinable @inline(__always) public static func i64TruncF64UIsDefined(_ a: Double) -> Bool {
    a.isFinite && a > -1 && a < 0x1p64
  }
  @inlinable @inline(__always)
  public static func i64TruncF64UTrap(_ a: Double) -> UInt8 {
    if _fastPath(i64TruncF64UIsDefined(a)) { return 0 }
    return a == a ? NumericTrap.integerOverflow.rawValue : NumericTrap.invalidConversion.rawValue
  }
  @inlinable @inline(__always)
  public static func i64TruncF64U(_ a: Double) -> UInt64 {
    i64TruncF64UIsDefined(a) ? UInt64(a) : 0
  }
  @inlinable @inline(__always)
  public static func i64TruncSatF64U(_ a: Double) -> UInt64 {
    if _fastPath(i64TruncF64UIsDefined(a)) { return UInt64(a) }
    return a > 0 ? UInt64.max : 0
  }
}
