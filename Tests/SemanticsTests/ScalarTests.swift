// The edge cases of the scalar operators, as tables of operands and the results that the specification demands.

import Semantics
import Testing

private let nan32 = Float(bitPattern: 0x7FC0_0000)
private let nan64 = Double(bitPattern: 0x7FF8_0000_0000_0000)
/// Signalling and quiet NaNs with payloads and either sign.
private let nans32: [Float] = [0x7F80_0001, 0xFFC0_0000, 0xFFFF_FFFF, 0x7FA0_0000].map(Float.init(bitPattern:))
private let nans64: [Double] = [
  0x7FF0_0000_0000_0001, 0xFFF8_0000_0000_0000, 0xFFFF_FFFF_FFFF_FFFF, 0x7FF4_0000_0000_0000,
].map(Double.init(bitPattern:))

@Suite struct ScalarIntegerTests {
  @Test(arguments: [
    (a: 7, b: 2, div: 3, rem: 1), (-7, 2, -3, -1), (7, -2, -3, 1), (-7, -2, 3, -1), (Int32.min, 1, Int32.min, 0),
    (Int32.min, 2, -0x4000_0000, 0), (Int32.max, -1, -Int32.max, 0), (0, 5, 0, 0),
  ])
  func signedDivision(a: Int32, b: Int32, div: Int32, rem: Int32) {
    let (x, y) = (UInt32(bitPattern: a), UInt32(bitPattern: b))
    #expect(Scalar.i32DivSTrap(x, y) == 0)
    #expect(Int32(bitPattern: Scalar.i32DivS(x, y)) == div)
    #expect(Int32(bitPattern: Scalar.i32RemS(x, y)) == rem)
    let (wx, wy) = (Scalar.i64ExtendI32S(x), Scalar.i64ExtendI32S(y))
    #expect(Int64(bitPattern: Scalar.i64DivS(wx, wy)) == Int64(div))
    #expect(Int64(bitPattern: Scalar.i64RemS(wx, wy)) == Int64(rem))
  }

  @Test func divisionTraps() {
    let zero = NumericTrap.integerDivideByZero.rawValue
    let overflow = NumericTrap.integerOverflow.rawValue
    for a: UInt32 in [0, 1, 0x8000_0000, .max] {
      #expect(Scalar.i32DivSTrap(a, 0) == zero && Scalar.i32DivUTrap(a, 0) == zero)
      #expect(Scalar.i32RemSTrap(a, 0) == zero && Scalar.i32RemUTrap(a, 0) == zero)
      // The value functions are called by speculation too: any value will do, but no crash.
      _ = (Scalar.i32DivS(a, 0), Scalar.i32DivU(a, 0), Scalar.i32RemS(a, 0), Scalar.i32RemU(a, 0))
    }
    for a: UInt64 in [0, 1, 1 << 63, .max] {
      #expect(Scalar.i64DivSTrap(a, 0) == zero && Scalar.i64DivUTrap(a, 0) == zero)
      #expect(Scalar.i64RemSTrap(a, 0) == zero && Scalar.i64RemUTrap(a, 0) == zero)
      _ = (Scalar.i64DivS(a, 0), Scalar.i64DivU(a, 0), Scalar.i64RemS(a, 0), Scalar.i64RemU(a, 0))
    }
    #expect(Scalar.i32DivSTrap(0x8000_0000, .max) == overflow && Scalar.i64DivSTrap(1 << 63, .max) == overflow)
    _ = (Scalar.i32DivS(0x8000_0000, .max), Scalar.i64DivS(1 << 63, .max))
    #expect(Scalar.i32RemSTrap(0x8000_0000, .max) == 0 && Scalar.i32RemS(0x8000_0000, .max) == 0)
    #expect(Scalar.i64RemSTrap(1 << 63, .max) == 0 && Scalar.i64RemS(1 << 63, .max) == 0)
  }

  @Test(arguments: [0, 1, 31, 32, 33, 63, 64, 65, UInt32.max])
  func shiftsTakeTheCountModuloTheWidth(count: UInt32) {
    let a: UInt32 = 0x8765_4321
    let n = count % 32
    #expect(Scalar.i32Shl(a, count) == a << n)
    #expect(Scalar.i32ShrU(a, count) == a >> n)
    #expect(Int32(bitPattern: Scalar.i32ShrS(a, count)) == Int32(bitPattern: a) >> Int32(n))
    #expect(Scalar.i32Rotl(a, count) == (n == 0 ? a : a << n | a >> (32 - n)))
    #expect(Scalar.i32Rotr(a, count) == (n == 0 ? a : a >> n | a << (32 - n)))
    let b: UInt64 = 0x8765_4321_0FED_CBA9
    let wide = UInt64(count) | 0xABCD_0000_0000_0000
    let m = wide % 64
    #expect(Scalar.i64Shl(b, wide) == b << m)
    #expect(Scalar.i64ShrU(b, wide) == b >> m)
    #expect(Int64(bitPattern: Scalar.i64ShrS(b, wide)) == Int64(bitPattern: b) >> Int64(m))
    #expect(Scalar.i64Rotl(b, wide) == (m == 0 ? b : b << m | b >> (64 - m)))
    #expect(Scalar.i64Rotr(b, wide) == (m == 0 ? b : b >> m | b << (64 - m)))
  }

  @Test func bitCounts() {
    #expect(Scalar.i32Clz(0) == 32 && Scalar.i32Ctz(0) == 32 && Scalar.i32Popcnt(.max) == 32)
    #expect(Scalar.i64Clz(0) == 64 && Scalar.i64Ctz(0) == 64 && Scalar.i64Popcnt(.max) == 64)
    #expect(Scalar.i32Clz(1) == 31 && Scalar.i32Ctz(0x8000_0000) == 31)
  }

  @Test func signExtension() {
    #expect(Scalar.i32Extend8S(0x1234_5680) == 0xFFFF_FF80 && Scalar.i32Extend16S(0x1234_7FFF) == 0x7FFF)
    #expect(Scalar.i64Extend8S(0x7F) == 0x7F && Scalar.i64Extend16S(0x8000) == 0xFFFF_FFFF_FFFF_8000)
    #expect(Scalar.i64Extend32S(0x8000_0000) == 0xFFFF_FFFF_8000_0000)
  }
}

@Suite struct ScalarFloatTests {
  @Test func arithmeticGivesTheCanonicalNaN() {
    for nan in nans32 {
      let results = [
        Scalar.f32Add(nan, 1), Scalar.f32Sub(1, nan), Scalar.f32Mul(nan, nan), Scalar.f32Div(nan, 0),
        Scalar.f32Min(nan, 1),
        Scalar.f32Min(1, nan), Scalar.f32Max(nan, -.infinity), Scalar.f32Max(-.infinity, nan), Scalar.f32Min(nan, nan),
        Scalar.f32Max(nan, nan), Scalar.f32Sqrt(nan), Scalar.f32Ceil(nan), Scalar.f32Floor(nan), Scalar.f32Trunc(nan),
        Scalar.f32Nearest(nan), Scalar.f32Sqrt(-1), Scalar.f32Div(0, 0), Scalar.f32Sub(.infinity, .infinity),
        Scalar.f32DemoteF64(nans64[1]),
      ]
      #expect(results.allSatisfy { $0.bitPattern == nan32.bitPattern })
    }
    for nan in nans64 {
      let results = [
        Scalar.f64Add(nan, 1), Scalar.f64Sub(1, nan), Scalar.f64Mul(nan, nan), Scalar.f64Div(nan, 0),
        Scalar.f64Min(nan, 1),
        Scalar.f64Min(1, nan), Scalar.f64Max(nan, -.infinity), Scalar.f64Max(-.infinity, nan), Scalar.f64Min(nan, nan),
        Scalar.f64Max(nan, nan), Scalar.f64Sqrt(nan), Scalar.f64Ceil(nan), Scalar.f64Floor(nan), Scalar.f64Trunc(nan),
        Scalar.f64Nearest(nan), Scalar.f64Sqrt(-1), Scalar.f64Div(0, 0), Scalar.f64Sub(.infinity, .infinity),
        Scalar.f64PromoteF32(nans32[1]),
      ]
      #expect(results.allSatisfy { $0.bitPattern == nan64.bitPattern })
    }
  }

  @Test func signOperatorsAreBitExact() {
    for nan in nans32 {
      #expect(Scalar.f32Neg(nan).bitPattern == nan.bitPattern ^ 0x8000_0000)
      #expect(Scalar.f32Abs(nan).bitPattern == nan.bitPattern & 0x7FFF_FFFF)
      #expect(Scalar.f32Copysign(nan, -1).bitPattern == nan.bitPattern | 0x8000_0000)
      #expect(Scalar.f32ReinterpretI32(Scalar.i32ReinterpretF32(nan)).bitPattern == nan.bitPattern)
    }
    for nan in nans64 {
      #expect(Scalar.f64Neg(nan).bitPattern == nan.bitPattern ^ 1 << 63)
      #expect(Scalar.f64Abs(nan).bitPattern == nan.bitPattern & ~(1 << 63))
      #expect(Scalar.f64Copysign(nan, 1).bitPattern == nan.bitPattern & ~(1 << 63))
      #expect(Scalar.f64ReinterpretI64(Scalar.i64ReinterpretF64(nan)).bitPattern == nan.bitPattern)
    }
  }

  @Test func minimumAndMaximumOfZeros() {
    for (a, b, low, high) in [
      (0.0, -0.0, -0.0, 0.0), (-0.0, 0.0, -0.0, 0.0), (-0.0, -0.0, -0.0, -0.0), (0, 0, 0, 0), (1, 2, 1, 2),
      (-.infinity, 3, -.infinity, 3),
    ] {
      #expect(Scalar.f64Min(a, b).bitPattern == low.bitPattern && Scalar.f64Max(a, b).bitPattern == high.bitPattern)
      #expect(Scalar.f32Min(Float(a), Float(b)).bitPattern == Float(low).bitPattern)
      #expect(Scalar.f32Max(Float(a), Float(b)).bitPattern == Float(high).bitPattern)
    }
  }

  @Test(arguments: [
    (a: 0.5, ceil: 1.0, floor: 0.0, trunc: 0.0, nearest: 0.0), (1.5, 2, 1, 1, 2), (2.5, 3, 2, 2, 2),
    (-0.5, -0.0, -1, -0.0, -0.0), (-1.5, -1, -2, -1, -2), (-0.0, -0.0, -0.0, -0.0, -0.0),
    (8388607.5, 8388608, 8388607, 8388607, 8388608),
  ])
  func rounding(a: Double, ceil: Double, floor: Double, trunc: Double, nearest: Double) {
    #expect(Scalar.f64Ceil(a).bitPattern == ceil.bitPattern && Scalar.f64Floor(a).bitPattern == floor.bitPattern)
    #expect(Scalar.f64Trunc(a).bitPattern == trunc.bitPattern && Scalar.f64Nearest(a).bitPattern == nearest.bitPattern)
    #expect(Scalar.f32Ceil(Float(a)).bitPattern == Float(ceil).bitPattern)
    #expect(Scalar.f32Floor(Float(a)).bitPattern == Float(floor).bitPattern)
    #expect(Scalar.f32Trunc(Float(a)).bitPattern == Float(trunc).bitPattern)
    #expect(Scalar.f32Nearest(Float(a)).bitPattern == Float(nearest).bitPattern)
  }
}

@Suite struct ScalarConversionTests {
  private let invalid = NumericTrap.invalidConversion.rawValue
  private let overflow = NumericTrap.integerOverflow.rawValue

  /// Around each bound: the last float inside and the first outside, with the saturated result.
  @Test(
    arguments: [
      (a: -2147483648.0, trap: false, value: 0x8000_0000), (-2147483648.9999995, false, 0x8000_0000),
      (-2147483649.0, true, 0x8000_0000), (2147483647.9999998, false, 0x7FFF_FFFF), (2147483648.0, true, 0x7FFF_FFFF),
      (-0.9, false, 0), (-1.5, false, 0xFFFF_FFFF), (.infinity, true, 0x7FFF_FFFF), (-.infinity, true, 0x8000_0000),
    ] as [(a: Double, trap: Bool, value: UInt32)])
  func i32FromF64Signed(a: Double, trap: Bool, value: UInt32) {
    #expect(Scalar.i32TruncF64STrap(a) == (trap ? overflow : 0))
    #expect(Scalar.i32TruncSatF64S(a) == value)
    if !trap { #expect(Scalar.i32TruncF64S(a) == value) }
  }

  @Test(
    arguments: [
      (a: -0.9999999999999999, trap: false, value: 0), (-1.0, true, 0), (4294967295.9999995, false, UInt32.max),
      (4294967296.0, true, UInt32.max), (-.infinity, true, 0), (3e9, false, 3_000_000_000),
    ] as [(a: Double, trap: Bool, value: UInt32)])
  func i32FromF64Unsigned(a: Double, trap: Bool, value: UInt32) {
    #expect(Scalar.i32TruncF64UTrap(a) == (trap ? overflow : 0))
    #expect(Scalar.i32TruncSatF64U(a) == value)
    if !trap { #expect(Scalar.i32TruncF64U(a) == value) }
  }

  @Test(
    arguments: [
      (a: -9223372036854775808.0, trap: false, value: 1 << 63), (-9223372036854777856.0, true, 1 << 63),
      (9223372036854774784.0, false, 9_223_372_036_854_774_784), (9223372036854775808.0, true, UInt64.max >> 1),
    ] as [(a: Double, trap: Bool, value: UInt64)])
  func i64FromF64Signed(a: Double, trap: Bool, value: UInt64) {
    #expect(Scalar.i64TruncF64STrap(a) == (trap ? overflow : 0))
    #expect(Scalar.i64TruncSatF64S(a) == value)
    if !trap { #expect(Scalar.i64TruncF64S(a) == value) }
  }

  @Test func boundsOfF32() {
    #expect(Scalar.i32TruncF32STrap(-0x1p31) == 0 && Scalar.i32TruncF32S(-0x1p31) == 0x8000_0000)
    #expect(
      Scalar.i32TruncF32STrap((-0x1p31 as Float).nextDown) == overflow && Scalar.i32TruncF32STrap(0x1p31) == overflow)
    #expect(Scalar.i32TruncF32S((0x1p31 as Float).nextDown) == 2_147_483_520)
    #expect(Scalar.i32TruncF32UTrap(-1) == overflow && Scalar.i32TruncF32UTrap((-1 as Float).nextUp) == 0)
    #expect(
      Scalar.i32TruncF32UTrap(0x1p32) == overflow && Scalar.i32TruncF32U((0x1p32 as Float).nextDown) == 4_294_967_040)
    #expect(Scalar.i64TruncF32STrap(-0x1p63) == 0 && Scalar.i64TruncF32STrap(0x1p63) == overflow)
    #expect(
      Scalar.i64TruncF32UTrap(0x1p64) == overflow
        && Scalar.i64TruncF32U((0x1p64 as Float).nextDown) == 18_446_742_974_197_923_840)
    #expect(
      Scalar.i64TruncF64UTrap(0x1p64) == overflow
        && Scalar.i64TruncF64U((0x1p64 as Double).nextDown) == 18_446_744_073_709_549_568)
    #expect(Scalar.i64TruncSatF32S(0x1p63) == .max >> 1 && Scalar.i64TruncSatF32U(-5) == 0)
    #expect(Scalar.i64TruncSatF64U(0x1p64) == .max && Scalar.i32TruncSatF32S(-.infinity) == 0x8000_0000)
    #expect(Scalar.i32TruncSatF32U(.infinity) == .max && Scalar.i64TruncSatF32U(.infinity) == .max)
  }

  @Test func truncationOfNaN() {
    for nan in nans32 {
      #expect(Scalar.i32TruncF32STrap(nan) == invalid && Scalar.i32TruncF32UTrap(nan) == invalid)
      #expect(Scalar.i64TruncF32STrap(nan) == invalid && Scalar.i64TruncF32UTrap(nan) == invalid)
      #expect(Scalar.i32TruncSatF32S(nan) == 0 && Scalar.i32TruncSatF32U(nan) == 0)
      #expect(Scalar.i64TruncSatF32S(nan) == 0 && Scalar.i64TruncSatF32U(nan) == 0)
      _ = (Scalar.i32TruncF32S(nan), Scalar.i32TruncF32U(nan), Scalar.i64TruncF32S(nan), Scalar.i64TruncF32U(nan))
    }
    for nan in nans64 {
      #expect(Scalar.i32TruncF64STrap(nan) == invalid && Scalar.i32TruncF64UTrap(nan) == invalid)
      #expect(Scalar.i64TruncF64STrap(nan) == invalid && Scalar.i64TruncF64UTrap(nan) == invalid)
      #expect(Scalar.i32TruncSatF64S(nan) == 0 && Scalar.i32TruncSatF64U(nan) == 0)
      #expect(Scalar.i64TruncSatF64S(nan) == 0 && Scalar.i64TruncSatF64U(nan) == 0)
      _ = (Scalar.i32TruncF64S(nan), Scalar.i32TruncF64U(nan), Scalar.i64TruncF64S(nan), Scalar.i64TruncF64U(nan))
    }
  }

  @Test func integersToFloats() {
    #expect(Scalar.f32ConvertI32S(.max) == -1 && Scalar.f32ConvertI32U(.max) == 4294967296)
    #expect(Scalar.f32ConvertI64U(.max) == 0x1p64 && Scalar.f32ConvertI64S(.max) == -1)
    // Ties to even, once, without an intermediate double: 2^24 + 1 rounds down, 2^24 + 3 up.
    #expect(Scalar.f32ConvertI32S(16_777_217) == 16_777_216 && Scalar.f32ConvertI32S(16_777_219) == 16_777_220)
    #expect(Scalar.f32ConvertI64U(0x7FFF_FFBF_FFFF_FFFF) == 0x1.fffffep62)
    #expect(Scalar.f64ConvertI64U(0x8000_0000_0000_0400) == 0x1p63)
    #expect(Scalar.f64ConvertI64U(0x8000_0000_0000_0401) == 0x1.0000000000001p63)
    #expect(Scalar.f64ConvertI32U(.max) == 4294967295 && Scalar.f64ConvertI32S(.max) == -1)
  }
}
