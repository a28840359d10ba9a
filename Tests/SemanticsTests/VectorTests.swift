// The vector operators against plain references that work on one lane at a time.
//
// An 8-bit binary operator is tried on all 65,536 pairs of operands; wider ones on pairs of edge cases and random bits.

import Semantics
import Testing

/// Views a vector as an array of lanes and back, without the views of `V128`.
private protocol Lane: FixedWidthInteger {}
extension UInt8: Lane {}
extension Int8: Lane {}
extension UInt16: Lane {}
extension Int16: Lane {}
extension UInt32: Lane {}
extension Int32: Lane {}
extension UInt64: Lane {}
extension Int64: Lane {}

extension V128 {
  fileprivate func lanes<T: Lane>(_: T.Type = T.self) -> [T] {
    let words = [low, high]
    let perWord = 64 / T.bitWidth
    return (0..<2 * perWord).map { T(truncatingIfNeeded: words[$0 / perWord] >> ($0 % perWord * T.bitWidth)) }
  }

  fileprivate init<T: Lane>(lanes: [T]) {
    let perWord = 64 / T.bitWidth
    var words: [UInt64] = [0, 0]
    for (index, lane) in lanes.enumerated() {
      let bits = UInt64(truncatingIfNeeded: lane) & (UInt64.max >> (64 - T.bitWidth))
      words[index / perWord] |= bits << (index % perWord * T.bitWidth)
    }
    self.init(low: words[0], high: words[1])
  }
}

/// A small deterministic generator of 64-bit values.
private struct Random {
  var state: UInt64 = 0x9E37_79B9_7F4A_7C15
  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}

/// Vectors of lanes of type T whose lanes are edge cases or random, in many combinations.
private func samples<T: Lane>(_: T.Type) -> [V128] {
  var random = Random()
  let edges: [T] = [0, 1, .min, .max, .min &+ 1, .max &- 1, ~0, .max >> 1, .min >> 1]
  let count = 128 / T.bitWidth
  return (0..<40).map { sample in
    V128(
      lanes: (0..<count).map { (_: Int) -> T in
        let bits = random.next()
        return sample < 20 ? edges[Int(bits >> 32) % edges.count] : T(truncatingIfNeeded: bits >> 5)
      })
  }
}

/// All pairs of bytes, 16 at a time; for wider lanes all pairs of samples.
private func pairs<T: Lane>(_ type: T.Type) -> [(V128, V128)] {
  if T.bitWidth == 8 {
    return (0..<4096).map { index in
      let first = UInt8(truncatingIfNeeded: index >> 4)
      let second = (0..<16).map { UInt8(truncatingIfNeeded: (index & 15) * 16 + $0) }
      return (V128(lanes: [UInt8](repeating: first, count: 16)), V128(lanes: second))
    }
  }
  let all = samples(type)
  return all.flatMap { a in all.map { (a, $0) } }
}

private typealias Unary = (V128) -> V128
private typealias Binary = (V128, V128) -> V128

private func check<T: Lane>(_ name: String, _ operation: Binary, _ reference: (T, T) -> T) {
  for (a, b) in pairs(T.self) {
    let expected = V128(lanes: zip(a.lanes(T.self), b.lanes(T.self)).map(reference))
    guard operation(a, b) == expected else {
      Issue.record("\(name)(\(a.lanes(T.self)), \(b.lanes(T.self))) = \(operation(a, b).lanes(T.self))")
      return
    }
  }
}

private func check<T: Lane>(_ name: String, _ operation: Unary, _ reference: (T) -> T) {
  for (a, b) in pairs(T.self) {
    for v in [a, b] where operation(v) != V128(lanes: v.lanes(T.self).map(reference)) {
      Issue.record("\(name)(\(v.lanes(T.self))) = \(operation(v).lanes(T.self))")
      return
    }
  }
}

private func mask<T: Lane>(_ condition: Bool) -> T { condition ? ~0 : 0 }
private func clamp<T: Lane>(_ value: Int) -> T { T(clamping: value) }

@Suite struct VectorIntegerTests {
  private func signed<T: Lane & SignedInteger>(
    _ shape: String, _: T.Type, compare: [Binary], arithmetic: [Binary], unary: [Unary]
  ) {
    let comparisons: [(T, T) -> Bool] = [(<), (>), (<=), (>=)]
    for (index, operation) in compare.enumerated() {
      check("\(shape) signed comparison \(index)", operation) { (a: T, b: T) in mask(comparisons[index](a, b)) }
    }
    let references: [(T, T) -> T] = [(&+), (&-), { min($0, $1) }, { max($0, $1) }]
    for (index, operation) in arithmetic.enumerated() {
      check("\(shape) signed arithmetic \(index)", operation, references[index])
    }
    let unaries: [(T) -> T] = [{ 0 &- $0 }, { $0 < 0 ? 0 &- $0 : $0 }]
    for (index, operation) in unary.enumerated() { check("\(shape) unary \(index)", operation, unaries[index]) }
  }

  private func unsigned<T: Lane & UnsignedInteger>(_ shape: String, _: T.Type, compare: [Binary], minMax: [Binary]) {
    let comparisons: [(T, T) -> Bool] = [(==), (!=), (<), (>), (<=), (>=)]
    for (index, operation) in compare.enumerated() {
      check("\(shape) comparison \(index)", operation) { (a: T, b: T) in mask(comparisons[index](a, b)) }
    }
    let references: [(T, T) -> T] = [{ min($0, $1) }, { max($0, $1) }]
    for (index, operation) in minMax.enumerated() {
      check("\(shape) unsigned arithmetic \(index)", operation, references[index])
    }
  }

  @Test func i8x16() {
    signed(
      "i8x16", Int8.self, compare: [Vector.i8x16LtS, Vector.i8x16GtS, Vector.i8x16LeS, Vector.i8x16GeS],
      arithmetic: [Vector.i8x16Add, Vector.i8x16Sub, Vector.i8x16MinS, Vector.i8x16MaxS],
      unary: [Vector.i8x16Neg, Vector.i8x16Abs])
    unsigned(
      "i8x16", UInt8.self,
      compare: [
        Vector.i8x16Eq, Vector.i8x16Ne, Vector.i8x16LtU, Vector.i8x16GtU, Vector.i8x16LeU, Vector.i8x16GeU,
      ], minMax: [Vector.i8x16MinU, Vector.i8x16MaxU])
    check("popcnt", Vector.i8x16Popcnt) { (a: UInt8) in UInt8(a.nonzeroBitCount) }
    check("avgr_u", Vector.i8x16AvgrU) { (a: UInt8, b: UInt8) in UInt8((Int(a) + Int(b) + 1) / 2) }
    check("add_sat_s", Vector.i8x16AddSatS) { (a: Int8, b: Int8) in clamp(Int(a) + Int(b)) }
    check("add_sat_u", Vector.i8x16AddSatU) { (a: UInt8, b: UInt8) in clamp(Int(a) + Int(b)) }
    check("sub_sat_s", Vector.i8x16SubSatS) { (a: Int8, b: Int8) in clamp(Int(a) - Int(b)) }
    check("sub_sat_u", Vector.i8x16SubSatU) { (a: UInt8, b: UInt8) in clamp(Int(a) - Int(b)) }
  }

  @Test func i16x8() {
    signed(
      "i16x8", Int16.self, compare: [Vector.i16x8LtS, Vector.i16x8GtS, Vector.i16x8LeS, Vector.i16x8GeS],
      arithmetic: [Vector.i16x8Add, Vector.i16x8Sub, Vector.i16x8MinS, Vector.i16x8MaxS],
      unary: [Vector.i16x8Neg, Vector.i16x8Abs])
    unsigned(
      "i16x8", UInt16.self,
      compare: [
        Vector.i16x8Eq, Vector.i16x8Ne, Vector.i16x8LtU, Vector.i16x8GtU, Vector.i16x8LeU, Vector.i16x8GeU,
      ], minMax: [Vector.i16x8MinU, Vector.i16x8MaxU])
    check("mul", Vector.i16x8Mul) { (a: UInt16, b: UInt16) in a &* b }
    check("avgr_u", Vector.i16x8AvgrU) { (a: UInt16, b: UInt16) in UInt16((Int(a) + Int(b) + 1) / 2) }
    check("add_sat_s", Vector.i16x8AddSatS) { (a: Int16, b: Int16) in clamp(Int(a) + Int(b)) }
    check("add_sat_u", Vector.i16x8AddSatU) { (a: UInt16, b: UInt16) in clamp(Int(a) + Int(b)) }
    check("sub_sat_s", Vector.i16x8SubSatS) { (a: Int16, b: Int16) in clamp(Int(a) - Int(b)) }
    check("sub_sat_u", Vector.i16x8SubSatU) { (a: UInt16, b: UInt16) in clamp(Int(a) - Int(b)) }
    for operation in [Vector.i16x8Q15mulrSatS, Vector.i16x8RelaxedQ15mulrS] as [Binary] {
      check("q15mulr_sat_s", operation) { (a: Int16, b: Int16) in clamp((Int(a) * Int(b) + 0x4000) >> 15) }
    }
  }

  @Test func i32x4() {
    signed(
      "i32x4", Int32.self, compare: [Vector.i32x4LtS, Vector.i32x4GtS, Vector.i32x4LeS, Vector.i32x4GeS],
      arithmetic: [Vector.i32x4Add, Vector.i32x4Sub, Vector.i32x4MinS, Vector.i32x4MaxS],
      unary: [Vector.i32x4Neg, Vector.i32x4Abs])
    unsigned(
      "i32x4", UInt32.self,
      compare: [
        Vector.i32x4Eq, Vector.i32x4Ne, Vector.i32x4LtU, Vector.i32x4GtU, Vector.i32x4LeU, Vector.i32x4GeU,
      ], minMax: [Vector.i32x4MinU, Vector.i32x4MaxU])
    check("mul", Vector.i32x4Mul) { (a: UInt32, b: UInt32) in a &* b }
  }

  @Test func i64x2() {
    signed(
      "i64x2", Int64.self, compare: [Vector.i64x2LtS, Vector.i64x2GtS, Vector.i64x2LeS, Vector.i64x2GeS],
      arithmetic: [Vector.i64x2Add, Vector.i64x2Sub], unary: [Vector.i64x2Neg, Vector.i64x2Abs])
    unsigned("i64x2", UInt64.self, compare: [Vector.i64x2Eq, Vector.i64x2Ne], minMax: [])
    check("mul", Vector.i64x2Mul) { (a: UInt64, b: UInt64) in a &* b }
  }

  private func shifts<S: Lane & SignedInteger, U: Lane & UnsignedInteger>(
    _: S.Type, _: U.Type, _ shl: (V128, UInt32) -> V128, _ shrS: (V128, UInt32) -> V128, _ shrU: (V128, UInt32) -> V128
  ) {
    for v in samples(S.self) {
      for count in (0..<130).map(UInt32.init) + [.max] {
        let n = U(truncatingIfNeeded: Int(count) % U.bitWidth)
        #expect(shl(v, count) == V128(lanes: v.lanes(U.self).map { $0 << n }))
        #expect(shrU(v, count) == V128(lanes: v.lanes(U.self).map { $0 >> n }))
        #expect(shrS(v, count) == V128(lanes: v.lanes(S.self).map { $0 >> S(truncatingIfNeeded: n) }))
      }
    }
  }

  @Test func shifts() {
    shifts(Int8.self, UInt8.self, Vector.i8x16Shl, Vector.i8x16ShrS, Vector.i8x16ShrU)
    shifts(Int16.self, UInt16.self, Vector.i16x8Shl, Vector.i16x8ShrS, Vector.i16x8ShrU)
    shifts(Int32.self, UInt32.self, Vector.i32x4Shl, Vector.i32x4ShrS, Vector.i32x4ShrU)
    shifts(Int64.self, UInt64.self, Vector.i64x2Shl, Vector.i64x2ShrS, Vector.i64x2ShrU)
  }

  private func reductions<T: Lane & SignedInteger>(
    _: T.Type, _ allTrue: (V128) -> Bool, _ bitmask: (V128) -> UInt32
  ) {
    for v in samples(T.self) + [.zero, V128(low: .max, high: .max), V128(low: 1, high: 0), V128(low: 0, high: 1 << 63)]
    {
      let lanes = v.lanes(T.self)
      #expect(allTrue(v) == lanes.allSatisfy { $0 != 0 })
      var signs: UInt32 = 0
      for (index, lane) in lanes.enumerated() where lane < 0 { signs |= 1 << UInt32(index) }
      #expect(bitmask(v) == signs)
      #expect(Vector.v128AnyTrue(v) == lanes.contains { $0 != 0 })
    }
    for bits in 0..<1 << min(lanesOf(T.self), 8) {
      let v = V128(lanes: (0..<lanesOf(T.self)).map { bits >> ($0 % 8) & 1 == 1 ? T.min : T.max })
      #expect(bitmask(v) & 0xFF == UInt32(bits))
    }
  }
  private func lanesOf<T: Lane>(_: T.Type) -> Int { 128 / T.bitWidth }

  @Test func reductions() {
    reductions(Int8.self, Vector.i8x16AllTrue, Vector.i8x16Bitmask)
    reductions(Int16.self, Vector.i16x8AllTrue, Vector.i16x8Bitmask)
    reductions(Int32.self, Vector.i32x4AllTrue, Vector.i32x4Bitmask)
    reductions(Int64.self, Vector.i64x2AllTrue, Vector.i64x2Bitmask)
  }

  @Test func bits() {
    for a in samples(UInt64.self) {
      for b in samples(UInt32.self) {
        let m = V128(low: a.high ^ b.low, high: a.low &+ b.high)
        #expect(Vector.v128Not(a) == V128(low: ~a.low, high: ~a.high))
        #expect(Vector.v128And(a, b) == V128(low: a.low & b.low, high: a.high & b.high))
        #expect(Vector.v128Andnot(a, b) == V128(low: a.low & ~b.low, high: a.high & ~b.high))
        #expect(Vector.v128Or(a, b) == V128(low: a.low | b.low, high: a.high | b.high))
        #expect(Vector.v128Xor(a, b) == V128(low: a.low ^ b.low, high: a.high ^ b.high))
        let low: UInt64 = (a.low & m.low) | (b.low & ~m.low)
        let high: UInt64 = (a.high & m.high) | (b.high & ~m.high)
        let selected = V128(low: low, high: high)
        #expect(Vector.v128Bitselect(a, b, m) == selected)
        #expect(
          Vector.i8x16RelaxedLaneselect(a, b, m) == selected && Vector.i16x8RelaxedLaneselect(a, b, m) == selected)
        #expect(
          Vector.i32x4RelaxedLaneselect(a, b, m) == selected && Vector.i64x2RelaxedLaneselect(a, b, m) == selected)
      }
    }
  }
}

@Suite struct VectorWideningTests {
  /// Extension, widening products and pairwise sums from lanes N to lanes W.
  private func widening<N: Lane, W: Lane>(
    _: N.Type, _: W.Type, low: Unary, high: Unary, mulLow: Binary, mulHigh: Binary, pairwise: Unary?
  ) {
    for (a, b) in pairs(N.self) {
      let x = a.lanes(N.self).map { W($0) }
      let y = b.lanes(N.self).map { W($0) }
      let half = x.count / 2
      #expect(low(b) == V128(lanes: Array(y[..<half])))
      #expect(high(b) == V128(lanes: Array(y[half...])))
      let products: [W] = zip(x, y).map { (pair: (W, W)) -> W in pair.0 &* pair.1 }
      #expect(mulLow(a, b) == V128(lanes: Array(products[..<half])))
      #expect(mulHigh(a, b) == V128(lanes: Array(products[half...])))
      let sums: [W] = (0..<half).map { (index: Int) -> W in y[2 * index] &+ y[2 * index + 1] }
      if let pairwise { #expect(pairwise(b) == V128(lanes: sums)) }
    }
  }

  @Test func widening() {
    widening(
      Int8.self, Int16.self, low: Vector.i16x8ExtendLowI8x16S, high: Vector.i16x8ExtendHighI8x16S,
      mulLow: Vector.i16x8ExtmulLowI8x16S, mulHigh: Vector.i16x8ExtmulHighI8x16S,
      pairwise: Vector.i16x8ExtaddPairwiseI8x16S)
    widening(
      UInt8.self, UInt16.self, low: Vector.i16x8ExtendLowI8x16U, high: Vector.i16x8ExtendHighI8x16U,
      mulLow: Vector.i16x8ExtmulLowI8x16U, mulHigh: Vector.i16x8ExtmulHighI8x16U,
      pairwise: Vector.i16x8ExtaddPairwiseI8x16U)
    widening(
      Int16.self, Int32.self, low: Vector.i32x4ExtendLowI16x8S, high: Vector.i32x4ExtendHighI16x8S,
      mulLow: Vector.i32x4ExtmulLowI16x8S, mulHigh: Vector.i32x4ExtmulHighI16x8S,
      pairwise: Vector.i32x4ExtaddPairwiseI16x8S)
    widening(
      UInt16.self, UInt32.self, low: Vector.i32x4ExtendLowI16x8U, high: Vector.i32x4ExtendHighI16x8U,
      mulLow: Vector.i32x4ExtmulLowI16x8U, mulHigh: Vector.i32x4ExtmulHighI16x8U,
      pairwise: Vector.i32x4ExtaddPairwiseI16x8U)
    widening(
      Int32.self, Int64.self, low: Vector.i64x2ExtendLowI32x4S, high: Vector.i64x2ExtendHighI32x4S,
      mulLow: Vector.i64x2ExtmulLowI32x4S, mulHigh: Vector.i64x2ExtmulHighI32x4S, pairwise: nil)
    widening(
      UInt32.self, UInt64.self, low: Vector.i64x2ExtendLowI32x4U, high: Vector.i64x2ExtendHighI32x4U,
      mulLow: Vector.i64x2ExtmulLowI32x4U, mulHigh: Vector.i64x2ExtmulHighI32x4U, pairwise: nil)
  }

  private func narrowing<W: Lane, N: Lane>(_: W.Type, _: N.Type, _ operation: Binary) {
    for (a, b) in pairs(W.self) {
      #expect(operation(a, b) == V128(lanes: (a.lanes(W.self) + b.lanes(W.self)).map { N(clamping: $0) }))
    }
  }

  @Test func narrowing() {
    narrowing(Int16.self, Int8.self, Vector.i8x16NarrowI16x8S)
    narrowing(Int16.self, UInt8.self, Vector.i8x16NarrowI16x8U)
    narrowing(Int32.self, Int16.self, Vector.i16x8NarrowI32x4S)
    narrowing(Int32.self, UInt16.self, Vector.i16x8NarrowI32x4U)
  }

  @Test func dotProducts() {
    for (a, b) in pairs(Int16.self) {
      let (x, y) = (a.lanes(Int16.self).map(Int.init), b.lanes(Int16.self).map(Int.init))
      let products = zip(x, y).map { $0 * $1 }
      let expected = (0..<4).map { Int32(truncatingIfNeeded: products[2 * $0] + products[2 * $0 + 1]) }
      #expect(Vector.i32x4DotI16x8S(a, b) == V128(lanes: expected))
    }
    for (a, b) in pairs(Int8.self) {
      let products = zip(a.lanes(Int8.self), b.lanes(Int8.self)).map { Int($0) * Int($1) }
      let sums = (0..<8).map { Int16(truncatingIfNeeded: products[2 * $0] + products[2 * $0 + 1]) }
      #expect(Vector.i16x8RelaxedDotI8x16I7x16S(a, b) == V128(lanes: sums))
      let c = Vector.v128Xor(a, b)
      let added = zip(0..<4, c.lanes(Int32.self)).map { Int32(sums[2 * $0]) &+ Int32(sums[2 * $0 + 1]) &+ $1 }
      #expect(Vector.i32x4RelaxedDotI8x16I7x16AddS(a, b, c) == V128(lanes: added))
    }
  }
}

@Suite struct VectorLaneTests {
  @Test func splatsAndLanes() {
    var random = Random()
    for v in samples(UInt8.self) {
      let bits = random.next()
      let word = UInt32(truncatingIfNeeded: bits)
      for lane in 0..<16 {
        var bytes = v.lanes(UInt8.self)
        #expect(Vector.i8x16ExtractLaneU(v, lane) == UInt32(bytes[lane]))
        #expect(Vector.i8x16ExtractLaneS(v, lane) == UInt32(bitPattern: Int32(Int8(bitPattern: bytes[lane]))))
        bytes[lane] = UInt8(truncatingIfNeeded: bits)
        #expect(Vector.i8x16ReplaceLane(v, word, lane) == V128(lanes: bytes))
      }
      for lane in 0..<8 {
        var lanes = v.lanes(UInt16.self)
        #expect(Vector.i16x8ExtractLaneU(v, lane) == UInt32(lanes[lane]))
        #expect(Vector.i16x8ExtractLaneS(v, lane) == UInt32(bitPattern: Int32(Int16(bitPattern: lanes[lane]))))
        lanes[lane] = UInt16(truncatingIfNeeded: bits)
        #expect(Vector.i16x8ReplaceLane(v, word, lane) == V128(lanes: lanes))
      }
      for lane in 0..<4 {
        var lanes = v.lanes(UInt32.self)
        #expect(Vector.i32x4ExtractLane(v, lane) == lanes[lane])
        #expect(Vector.f32x4ExtractLane(v, lane).bitPattern == lanes[lane])
        lanes[lane] = word
        #expect(Vector.i32x4ReplaceLane(v, word, lane) == V128(lanes: lanes))
        #expect(Vector.f32x4ReplaceLane(v, Float(bitPattern: word), lane) == V128(lanes: lanes))
      }
      for lane in 0..<2 {
        var lanes = v.lanes(UInt64.self)
        #expect(Vector.i64x2ExtractLane(v, lane) == lanes[lane])
        #expect(Vector.f64x2ExtractLane(v, lane).bitPattern == lanes[lane])
        lanes[lane] = bits
        #expect(Vector.i64x2ReplaceLane(v, bits, lane) == V128(lanes: lanes))
        #expect(Vector.f64x2ReplaceLane(v, Double(bitPattern: bits), lane) == V128(lanes: lanes))
      }
      #expect(Vector.i8x16Splat(word) == V128(lanes: [UInt8](repeating: UInt8(truncatingIfNeeded: word), count: 16)))
      #expect(Vector.i16x8Splat(word) == V128(lanes: [UInt16](repeating: UInt16(truncatingIfNeeded: word), count: 8)))
      #expect(Vector.i32x4Splat(word) == V128(lanes: [UInt32](repeating: word, count: 4)))
      #expect(Vector.f32x4Splat(Float(bitPattern: word)) == V128(lanes: [UInt32](repeating: word, count: 4)))
      #expect(Vector.i64x2Splat(bits) == V128(low: bits, high: bits))
      #expect(Vector.f64x2Splat(Double(bitPattern: bits)) == V128(low: bits, high: bits))
    }
  }

  @Test func permutation() {
    var random = Random()
    for a in samples(UInt8.self) {
      for b in samples(UInt8.self) {
        let (x, y) = (a.lanes(UInt8.self), b.lanes(UInt8.self))
        let swizzled = V128(lanes: y.map { $0 < 16 ? x[Int($0)] : 0 })
        #expect(Vector.i8x16Swizzle(a, b) == swizzled && Vector.i8x16RelaxedSwizzle(a, b) == swizzled)
        let lanes = (0..<16).map { _ in UInt8(random.next() >> 40 & 31) }
        #expect(Vector.i8x16Swizzle(a, V128(lanes: lanes)) == V128(lanes: lanes.map { $0 < 16 ? x[Int($0)] : 0 }))
        #expect(Vector.i8x16Shuffle(a, b, V128(lanes: lanes)) == V128(lanes: lanes.map { (x + y)[Int($0)] }))
      }
    }
  }

  @Test func memory() {
    let bytes = (0..<40).map { UInt8($0 * 3) }
    for offset in 0..<24 {
      let loaded = bytes.withUnsafeBytes { V128(loading: $0.baseAddress! + offset) }
      #expect(loaded.lanes(UInt8.self) == Array(bytes[offset..<offset + 16]))
      var copy = [UInt8](repeating: 0, count: 40)
      copy.withUnsafeMutableBytes { loaded.store(to: $0.baseAddress! + offset) }
      #expect(Array(copy[offset..<offset + 16]) == loaded.lanes(UInt8.self))
    }
  }
}
