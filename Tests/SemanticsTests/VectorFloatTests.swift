// The floating-point vector operators give in each lane, bit for bit, what the scalar operator gives.

import Semantics
import Testing

private let floats: [UInt32] = [
  0, 0x8000_0000, 0x3F80_0000, 0xBF80_0000, 0x3F00_0000, 0xBF00_0000, 0x3FC0_0000, 0x4020_0000, 0xC020_0000, 1,
  0x8000_0001, 0x007F_FFFF, 0x7F7F_FFFF, 0xFF7F_FFFF, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0xFFC0_0000, 0x7FA0_0000,
  0xFF80_0001, 0x7FFF_FFFF, 0x4F00_0000, 0xCF00_0000, 0xCF00_0001, 0x4F7F_FFFF, 0x4F80_0000, 0x4EFF_FFFF, 0x4B00_0001,
  0x4AFF_FFFF, 0x3EFF_FFFF, 0x40490FDB, 0xC2F6_E979,
]
private let numbers: [Double] = [
  0.0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .leastNormalMagnitude,
  .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .infinity, -.infinity, 0x1p31, -0x1p31, 0x1.fffffffcp30,
  -0x1.00000002p31, 0x1.fffffffep30, -0x1.00000001p31, 0x1p32, 0x1.fffffffep31, 0x1.ffffffffp31, -0.9,
  4503599627370497.5, 4503599627370496, 1e300, 0.1, 3.141592653589793, 1e-40,
]
private let nans: [UInt64] = [
  0x7FF8_0000_0000_0000, 0xFFF8_0000_0000_0000, 0x7FF4_0000_0000_0000, 0xFFF0_0000_0000_0001, 0x7FFF_FFFF_FFFF_FFFF,
]
private let doubles: [UInt64] = numbers.map(\.bitPattern) + nans

private func vector(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32) -> V128 {
  V128(low: UInt64(a) | UInt64(b) << 32, high: UInt64(c) | UInt64(d) << 32)
}
private func words(_ v: V128) -> [UInt32] {
  [v.low, v.low >> 32, v.high, v.high >> 32].map { UInt32(truncatingIfNeeded: $0) }
}

/// Four pairs of single lanes at a time, so that each lane position sees each pair of values.
private func forEachPair(_ body: (V128, V128) -> Void) {
  for (i, a) in floats.enumerated() {
    for j in floats.indices {
      let b = { floats[(j + $0) % floats.count] }
      body(vector(a, floats[(i + 1) % floats.count], a, a), vector(b(0), b(1), b(2), b(3)))
    }
  }
}
private func forEachDoublePair(_ body: (V128, V128) -> Void) {
  for a in doubles {
    for (j, b) in doubles.enumerated() {
      body(V128(low: a, high: b), V128(low: b, high: doubles[(j + 7) % doubles.count]))
    }
  }
}

private typealias VectorUnary = @Sendable (V128) -> V128
private typealias VectorBinary = @Sendable (V128, V128) -> V128

private let singles32: [(name: String, vector: VectorUnary, scalar: @Sendable (Float) -> Float)] = [
  ("abs", Vector.f32x4Abs, Scalar.f32Abs), ("neg", Vector.f32x4Neg, Scalar.f32Neg),
  ("sqrt", Vector.f32x4Sqrt, Scalar.f32Sqrt), ("ceil", Vector.f32x4Ceil, Scalar.f32Ceil),
  ("floor", Vector.f32x4Floor, Scalar.f32Floor), ("trunc", Vector.f32x4Trunc, Scalar.f32Trunc),
  ("nearest", Vector.f32x4Nearest, Scalar.f32Nearest),
]
private let singles64: [(name: String, vector: VectorUnary, scalar: @Sendable (Double) -> Double)] = [
  ("abs", Vector.f64x2Abs, Scalar.f64Abs), ("neg", Vector.f64x2Neg, Scalar.f64Neg),
  ("sqrt", Vector.f64x2Sqrt, Scalar.f64Sqrt), ("ceil", Vector.f64x2Ceil, Scalar.f64Ceil),
  ("floor", Vector.f64x2Floor, Scalar.f64Floor), ("trunc", Vector.f64x2Trunc, Scalar.f64Trunc),
  ("nearest", Vector.f64x2Nearest, Scalar.f64Nearest),
]
private let binaries32: [(name: String, vector: VectorBinary, scalar: @Sendable (Float, Float) -> Float)] = [
  ("add", Vector.f32x4Add, Scalar.f32Add), ("sub", Vector.f32x4Sub, Scalar.f32Sub),
  ("mul", Vector.f32x4Mul, Scalar.f32Mul), ("div", Vector.f32x4Div, Scalar.f32Div),
  ("min", Vector.f32x4Min, Scalar.f32Min), ("max", Vector.f32x4Max, Scalar.f32Max),
  ("relaxed_min", Vector.f32x4RelaxedMin, Scalar.f32Min), ("relaxed_max", Vector.f32x4RelaxedMax, Scalar.f32Max),
  ("pmin", Vector.f32x4Pmin, { $1 < $0 ? $1 : $0 }), ("pmax", Vector.f32x4Pmax, { $0 < $1 ? $1 : $0 }),
]
private let binaries64: [(name: String, vector: VectorBinary, scalar: @Sendable (Double, Double) -> Double)] = [
  ("add", Vector.f64x2Add, Scalar.f64Add), ("sub", Vector.f64x2Sub, Scalar.f64Sub),
  ("mul", Vector.f64x2Mul, Scalar.f64Mul), ("div", Vector.f64x2Div, Scalar.f64Div),
  ("min", Vector.f64x2Min, Scalar.f64Min), ("max", Vector.f64x2Max, Scalar.f64Max),
  ("relaxed_min", Vector.f64x2RelaxedMin, Scalar.f64Min), ("relaxed_max", Vector.f64x2RelaxedMax, Scalar.f64Max),
  ("pmin", Vector.f64x2Pmin, { $1 < $0 ? $1 : $0 }), ("pmax", Vector.f64x2Pmax, { $0 < $1 ? $1 : $0 }),
]
private let comparisons32: [(name: String, vector: VectorBinary, scalar: @Sendable (Float, Float) -> Bool)] = [
  ("eq", Vector.f32x4Eq, Scalar.f32Eq), ("ne", Vector.f32x4Ne, Scalar.f32Ne), ("lt", Vector.f32x4Lt, Scalar.f32Lt),
  ("gt", Vector.f32x4Gt, Scalar.f32Gt), ("le", Vector.f32x4Le, Scalar.f32Le), ("ge", Vector.f32x4Ge, Scalar.f32Ge),
]
private let comparisons64: [(name: String, vector: VectorBinary, scalar: @Sendable (Double, Double) -> Bool)] = [
  ("eq", Vector.f64x2Eq, Scalar.f64Eq), ("ne", Vector.f64x2Ne, Scalar.f64Ne), ("lt", Vector.f64x2Lt, Scalar.f64Lt),
  ("gt", Vector.f64x2Gt, Scalar.f64Gt), ("le", Vector.f64x2Le, Scalar.f64Le), ("ge", Vector.f64x2Ge, Scalar.f64Ge),
]

@Suite struct VectorFloatTests {
  @Test func f32x4() {
    forEachPair { a, b in
      let (x, y) = (words(a).map(Float.init(bitPattern:)), words(b).map(Float.init(bitPattern:)))
      for (name, vector, scalar) in binaries32 {
        #expect(words(vector(a, b)) == zip(x, y).map { scalar($0, $1).bitPattern }, "\(name) of \(x) and \(y)")
      }
      for (name, vector, scalar) in comparisons32 {
        #expect(words(vector(a, b)) == zip(x, y).map { scalar($0, $1) ? .max : 0 }, "\(name) of \(x) and \(y)")
      }
      for (name, vector, scalar) in singles32 {
        #expect(words(vector(b)) == y.map { scalar($0).bitPattern }, "\(name) of \(y)")
      }
      let c = Vector.f32x4Neg(b)
      let madd = zip(x, y).map { Scalar.f32Add(Scalar.f32Mul($0, $1), Scalar.f32Neg($1)).bitPattern }
      let nmadd = zip(x, y).map { Scalar.f32Add(Scalar.f32Mul(Scalar.f32Neg($0), $1), Scalar.f32Neg($1)).bitPattern }
      #expect(words(Vector.f32x4RelaxedMadd(a, b, c)) == madd && words(Vector.f32x4RelaxedNmadd(a, b, c)) == nmadd)
    }
  }

  @Test func f64x2() {
    forEachDoublePair { a, b in
      let (x, y) = ([a.low, a.high].map(Double.init(bitPattern:)), [b.low, b.high].map(Double.init(bitPattern:)))
      for (name, vector, scalar) in binaries64 {
        let result = vector(a, b)
        #expect([result.low, result.high] == zip(x, y).map { scalar($0, $1).bitPattern }, "\(name) of \(x) and \(y)")
      }
      for (name, vector, scalar) in comparisons64 {
        let result = vector(a, b)
        #expect([result.low, result.high] == zip(x, y).map { scalar($0, $1) ? .max : 0 }, "\(name) of \(x) and \(y)")
      }
      for (name, vector, scalar) in singles64 {
        let result = vector(b)
        #expect([result.low, result.high] == y.map { scalar($0).bitPattern }, "\(name) of \(y)")
      }
      let c = Vector.f64x2Neg(b)
      let madd = zip(x, y).map { Scalar.f64Add(Scalar.f64Mul($0, $1), Scalar.f64Neg($1)).bitPattern }
      let nmadd = zip(x, y).map { Scalar.f64Add(Scalar.f64Mul(Scalar.f64Neg($0), $1), Scalar.f64Neg($1)).bitPattern }
      #expect(Vector.f64x2RelaxedMadd(a, b, c) == V128(low: madd[0], high: madd[1]))
      #expect(Vector.f64x2RelaxedNmadd(a, b, c) == V128(low: nmadd[0], high: nmadd[1]))
    }
  }

  @Test func conversionsFromF32x4() {
    forEachPair { _, v in
      let lanes = words(v).map(Float.init(bitPattern:))
      let signed = lanes.map(Scalar.i32TruncSatF32S)
      let unsigned = lanes.map(Scalar.i32TruncSatF32U)
      #expect(words(Vector.i32x4TruncSatF32x4S(v)) == signed, "\(lanes)")
      #expect(words(Vector.i32x4TruncSatF32x4U(v)) == unsigned, "\(lanes)")
      #expect(
        words(Vector.i32x4RelaxedTruncF32x4S(v)) == signed && words(Vector.i32x4RelaxedTruncF32x4U(v)) == unsigned)
      let promoted = lanes[..<2].map { Scalar.f64PromoteF32($0).bitPattern }
      #expect(Vector.f64x2PromoteLowF32x4(v) == V128(low: promoted[0], high: promoted[1]))
    }
  }

  @Test func conversionsFromF64x2() {
    forEachDoublePair { v, _ in
      let lanes = [v.low, v.high].map(Double.init(bitPattern:))
      let signed = lanes.map(Scalar.i32TruncSatF64S) + [0, 0]
      let unsigned = lanes.map(Scalar.i32TruncSatF64U) + [0, 0]
      #expect(words(Vector.i32x4TruncSatF64x2SZero(v)) == signed, "\(lanes)")
      #expect(words(Vector.i32x4TruncSatF64x2UZero(v)) == unsigned, "\(lanes)")
      #expect(words(Vector.i32x4RelaxedTruncF64x2SZero(v)) == signed)
      #expect(words(Vector.i32x4RelaxedTruncF64x2UZero(v)) == unsigned)
      #expect(words(Vector.f32x4DemoteF64x2Zero(v)) == lanes.map { Scalar.f32DemoteF64($0).bitPattern } + [0, 0])
    }
  }

  @Test func conversionsFromI32x4() {
    forEachPair { _, v in
      let lanes = words(v)
      #expect(words(Vector.f32x4ConvertI32x4S(v)) == lanes.map { Scalar.f32ConvertI32S($0).bitPattern })
      #expect(words(Vector.f32x4ConvertI32x4U(v)) == lanes.map { Scalar.f32ConvertI32U($0).bitPattern })
      let signed = lanes[..<2].map { Scalar.f64ConvertI32S($0).bitPattern }
      let unsigned = lanes[..<2].map { Scalar.f64ConvertI32U($0).bitPattern }
      #expect(Vector.f64x2ConvertLowI32x4S(v) == V128(low: signed[0], high: signed[1]))
      #expect(Vector.f64x2ConvertLowI32x4U(v) == V128(low: unsigned[0], high: unsigned[1]))
    }
  }
}
