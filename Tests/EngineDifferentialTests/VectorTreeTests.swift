// Trees of vector operators over loads, constants, splats and locals, on engine and oracle together: which operators and
// operands meet in one operation is up to chance, not only what the superinstructions are made for.

import Cannery
import EngineComparison
import ProgramGenerator
import ReferenceInterpreter
import Testing

private struct TreeMaker {
  var random: Random

  private static let binary = [
    "i8x16.add", "i16x8.add", "i16x8.sub", "i16x8.mul", "i32x4.add", "i32x4.sub", "i32x4.mul", "i64x2.add",
    "i64x2.sub", "f32x4.add", "f32x4.sub", "f32x4.mul", "f64x2.add", "f64x2.sub", "f64x2.mul", "v128.and", "v128.or",
    "v128.xor", "v128.andnot", "i32x4.eq", "i16x8.lt_s", "f32x4.lt", "i8x16.swizzle", "i8x16.min_u",
  ]
  private static let unary = [
    "i32x4.abs", "i32x4.neg", "i64x2.neg", "v128.not", "f32x4.neg", "i8x16.popcnt", "f64x2.abs",
  ]
  private static let shifts = ["i32x4.shl", "i32x4.shr_u", "i32x4.shr_s", "i64x2.shl", "i64x2.shr_u", "i16x8.shl"]

  mutating func tree(_ depth: Int) -> String {
    if depth == 0 || random.chance(1, in: 6) { return leaf() }
    switch random.below(10) {
    case 0: return "(\(random.pick(TreeMaker.unary)) \(tree(depth - 1)))"
    case 1: return "(\(random.pick(TreeMaker.shifts)) \(tree(depth - 1)) (i32.const \(random.below(70))))"
    case 2: return rotation()
    case 4: return sumOfProduct()
    case 3: return "(v128.bitselect \(tree(depth - 1)) \(tree(depth - 1)) \(leaf()))"
    default: return "(\(random.pick(TreeMaker.binary)) \(tree(depth - 1)) \(tree(depth - 1)))"
    }
  }

  private mutating func sumOfProduct() -> String {
    let shape = random.pick(["i16x8", "i32x4", "f32x4", "f64x2"])
    let (product, summand) = ("(\(shape).mul \(leaf()) \(leaf()))", leaf())
    let sum = random.pick(["add", "sub"])
    return random.chance(1, in: 2)
      ? "(\(shape).\(sum) \(product) \(summand))" : "(\(shape).\(sum) \(summand) \(product))"
  }

  private mutating func rotation() -> String {
    let shape = random.pick(["i32x4", "i64x2"])
    let count = 1 + random.below(31)
    let sum = shape == "i32x4" ? 32 : 64
    let other = random.chance(1, in: 4) ? count : sum - count
    return """
      (v128.or (\(shape).shl (local.tee $t \(tree(1))) (i32.const \(count)))
        (\(shape).shr_u (local.get $t) (i32.const \(other))))
      """
  }

  private mutating func leaf() -> String {
    switch random.below(7) {
    case 0: return "(v128.const i32x4 \(random.below(9)) 7 -1 0x3F800000)"
    case 1: return "(i32x4.splat (local.get $q))"
    case 2: return "(f32x4.splat (f32.const \(random.below(5)).5))"
    case 3: return "(v128.load (local.get $p))"
    case 4: return "(v128.load offset=\(8 * random.below(6)) (i32.add (local.get $p) (i32.const 16)))"
    case 5: return "(v128.load32_splat (i32.add (local.get $p) (local.get $q)))"
    default: return "(local.get $\(random.pick(["v", "w"])))"
    }
  }

  mutating func function(_ index: Int) -> String {
    let end =
      random.chance(1, in: 4)
      ? "(if (result i64) (\(random.pick(["v128.any_true", "i32x4.all_true", "i8x16.bitmask"])) (local.get $v)) "
        + "(then (i64.const 1)) (else (i64x2.extract_lane 1 (local.get $v))))"
      : "(i64.xor (i64x2.extract_lane 0 (local.get $v)) (i64x2.extract_lane 1 (local.get $v)))"
    return """
      (func (export "\(index)") (param $p i32) (param $q i32) (result i64) (local $v v128) (local $w v128) (local $t v128)
        (local.set $v \(tree(2))) (local.set $w \(tree(2)))
        \(random.chance(1, in: 2) ? "(v128.store offset=64 (local.get $p) \(tree(2)))" : "")
        (local.set $v \(tree(3))) \(end))

      """
  }
}

@Suite struct VectorTreeTests {
  /// In a debug build, two variants that differ in most.
  private static let variants =
    dispatchesThroughTrampoline ? [EngineVariant.all[0], EngineVariant.all[3]] : EngineVariant.all

  @Test(arguments: variants)
  func agrees(_ variant: EngineVariant) throws {
    let count = 300
    var maker = TreeMaker(random: Random(seed: 17))
    var text =
      "(module (memory 1) (data (i32.const 0) \"\\01\\02\\00\\84\\05\\ff\\07\\08\\00\\00\\80\\3f, world\\00and more\") "
    for index in 0..<count { text += maker.function(index) }
    let (pair, instance) = try variant.pair(text + ")", stackSlots: 2000)
    for index in 0..<count {
      let function = try #require(instance.export("\(index)"))
      for (p, q) in [(0, 3), (5, 40), (65_500, 0), (8, 0xFFFF_FFF8)] as [(UInt32, UInt32)] {
        pair.invoke(function, [.i32(p), .i32(q)], InstructionSchedule(first: 1000))
        #expect(pair.differences == [], "\(index), \(variant)")
        if !pair.differences.isEmpty { return }
      }
    }
  }
}
