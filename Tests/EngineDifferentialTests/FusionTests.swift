// What must not be computed elsewhere than where it stands, and operands that are the same, shared or wrapped: small
// functions on engine and oracle together. Each has the parameters p, q (i32), x, y (i64), f (f64), and a result.

import Cannery
import EngineComparison
import ProgramGenerator
import ReferenceInterpreter
import Testing

private let functions: [(name: String, body: String)] = [
  // Loads and what has an effect.
  ("load, then store", "(i32.add (i32.load (local.get $p)) (call $store (local.get $p) (local.get $q)))"),
  (
    "load, then store in place",
    "(local $l i32) (local.set $l (i32.load (local.get $p))) (i32.store (local.get $p) (local.get $q)) "
      + "(i32.xor (local.get $l) (local.get $q))"
  ),
  (
    "store what was loaded over what is loaded",
    "(local $l i32) (local.set $l (i32.load8_u (local.get $q))) (i32.store8 (local.get $q) (i32.const 77)) "
      + "(i32.store8 offset=1 (local.get $p) (local.get $l)) (i32.load (local.get $q))"
  ),
  (
    "load that traps before a division does",
    "(i32.add (i32.load (local.get $p)) (i32.div_u (local.get $q) (local.get $p)))"
  ),
  (
    "division that traps before a load does",
    "(i32.add (i32.div_u (local.get $q) (i32.and (local.get $p) (i32.const 1))) (i32.load (local.get $p)))"
  ),
  ("two loads", "(i32.sub (i32.load (local.get $p)) (i32.load8_s offset=3 (local.get $q)))"),
  (
    "load, then a global",
    "(i32.add (i32.load (local.get $p)) (block (result i32) (global.set $n (local.get $q)) "
      + "(global.get $n)))"
  ),
  ("load, then growth", "(i32.add (i32.load offset=65536 (local.get $p)) (memory.grow (i32.const 1)))"),
  (
    "load before a branch that is taken after a store",
    "(local $l i32) (local.set $l (i32.load (local.get $p))) (i32.store (local.get $p) (i32.const 5)) "
      + "(if (result i32) (i32.eq (local.get $l) (i32.const 5)) (then (i32.const 1)) (else (local.get $l)))"
  ),
  (
    "load before a loop",
    "(local $l i32) (local.set $l (i32.load (local.get $p))) (loop $l "
      + "(i32.store (local.get $p) (i32.add (i32.load (local.get $p)) (i32.const 1))) "
      + "(br_if $l (local.tee $q (i32.and (i32.sub (local.get $q) (i32.const 1)) (i32.const 7))))) "
      + "(i32.add (local.get $l) (i32.load (local.get $p)))"
  ),
  (
    "a store whose value is loaded from where it goes",
    "(i32.store (i32.add (local.get $p) (local.get $q)) (i32.load (i32.add (local.get $p) (local.get $q)))) (i32.const 1)"
  ),
  (
    "a store, a global that is set, and a store to the same address",
    "(i32.store (local.get $p) (i32.const 1)) (global.set $n (local.get $q)) (i32.store (local.get $p) (i32.const 2)) "
      + "(i32.load (i32.const 20))"
  ),
  (
    "cases that lead past tests to where other cases lead",
    "(local $a i32) (local $b i32) (block $y (block $x (block $z (block $t2 (block $t1 (local.set $a (i32.const 0)) "
      + "(br_if $t1 (i32.eq (local.get $p) (i32.const 10))) (local.set $b (i32.const 1)) "
      + "(br_if $t2 (i32.eq (local.get $p) (i32.const 11))) (local.set $a (i32.const 1)) (local.set $b (i32.const 2)) "
      + "(br_table $t1 $t2 (local.get $p))) (br_if $x (local.get $a)) (br $z)) "
      + "(br_if $x (i32.eq (local.get $b) (i32.const 7))) (br $y)) (return (i32.const 3))) (return (i32.const 42))) "
      + "(i32.const 5)"
  ),
  // The same operand several times.
  ("x * x + x", "(i32.add (i32.mul (local.get $p) (local.get $p)) (local.get $p))"),
  ("(x + y) * (x + y)", "(i32.mul (local.tee $p (i32.add (local.get $p) (local.get $q))) (local.get $p))"),
  (
    "x - (x << 3), in the accumulator",
    "(local $l i32) (local.set $l (i32.popcnt (local.get $p))) (i32.sub (local.get $l) (i32.shl (local.get $l) "
      + "(i32.const 3)))"
  ),
  ("store of the address", "(i32.store (local.get $p) (local.get $p)) (i32.const 1)"),
  (
    "store of a part of the address",
    "(i32.store (i32.add (local.get $p) (local.get $q)) (local.get $q)) (i32.const 1)"
  ),
  (
    "store of the sum that is the address",
    "(local $l i32) (local.set $l (i32.add (local.get $p) (local.get $q))) (i32.store (local.get $l) (local.get $l)) "
      + "(i32.const 1)"
  ),
  (
    "store of an accumulator to an address from it",
    "(local $l i32) (local.set $l (i32.extend16_s (local.get $p))) "
      + "(i32.store (i32.add (local.get $l) (i32.const 5)) (local.get $l)) (i32.const 1)"
  ),
  (
    "store of an integer to an address that is computed after it",
    "(i32.store (i32.add (i32.popcnt (local.get $p)) (local.get $q)) (i32.clz (local.get $q))) (i32.const 1)"
  ),
  (
    "store of a float with an address in the accumulator",
    "(f64.store (i32.add (i32.popcnt (local.get $p)) (local.get $q)) (f64.sqrt (local.get $f))) (i32.const 1)"
  ),
  (
    "store of a float sum with a scaled address",
    "(f64.store (i32.add (local.get $q) (i32.mul (i32.popcnt (local.get $p)) (i32.const 8))) "
      + "(f64.add (f64.mul (local.get $f) (local.get $f)) (f64.neg (local.get $f)))) (i32.const 1)"
  ),
  (
    "an index that is used twice",
    "(local $l i32) (local.set $l (i32.mul (local.get $p) (i32.const 4))) "
      + "(i32.add (i32.load (i32.add (local.get $q) (local.get $l))) (local.get $l))"
  ),
  (
    "an address that is used twice",
    "(local $l i32) (local.set $l (i32.add (local.get $q) (i32.shl (local.get $p) (i32.const 2)))) "
      + "(i32.store (local.get $l) (i32.add (i32.load (local.get $l)) (i32.const 1))) (i32.load (local.get $l))"
  ),
  (
    "long sums",
    "(i32.add (i32.sub (i32.mul (i32.add (local.get $p) (local.get $q)) (local.get $q)) (i32.xor (local.get $p) "
      + "(i32.const 9))) (i32.shl (i32.sub (local.get $q) (i32.rotl (local.get $p) (local.get $q))) (i32.const 3)))"
  ),
  (
    "long float sums",
    "(i32.wrap_i64 (i64.reinterpret_f64 (f64.sub (f64.mul (f64.add (local.get $f) (f64.const 0x1p-30)) (local.get $f)) "
      + "(f64.mul (f64.sub (local.get $f) (f64.convert_i32_s (local.get $p))) (local.get $f)))))"
  ),
  // What is read as an i32 though it has 64 bits.
  (
    "wrapped operands",
    "(i32.shr_u (i32.add (i32.wrap_i64 (local.get $x)) (i32.wrap_i64 (local.get $y))) (i32.wrap_i64 (local.get $x)))"
  ),
  (
    "a wrapped sum, extended",
    "(i32.wrap_i64 (i64.shr_u (i64.extend_i32_u (i32.sub (i32.wrap_i64 (local.get $x)) (i32.wrap_i64 (local.get $y)))) "
      + "(i64.const 4)))"
  ),
  ("a wrapped address", "(i32.load8_u (i32.wrap_i64 (local.get $x)))"),
  (
    "a wrapped part of an address",
    "(i32.load8_u (i32.add (i32.wrap_i64 (local.get $x)) (i32.mul (i32.wrap_i64 (local.get $y)) (i32.const 3))))"
  ),
  (
    "a wrapped value, stored and compared",
    "(i32.store16 (local.get $p) (i32.wrap_i64 (local.get $x))) "
      + "(if (result i32) (i32.lt_u (i32.load16_u (local.get $p)) (i32.wrap_i64 (local.get $y))) (then (i32.const 4)) "
      + "(else (i32.const 5)))"
  ),
  (
    "bits of wrapped values",
    "(if (result i32) (i32.and (i32.wrap_i64 (local.get $x)) (i32.wrap_i64 (local.get $y))) (then (i32.const 4)) "
      + "(else (i32.const 5)))"
  ),
  (
    "a wrapped condition",
    "(i32.add (select (local.get $p) (local.get $q) (i32.wrap_i64 (local.get $x))) "
      + "(if (result i32) (i32.wrap_i64 (local.get $y)) (then (i32.const 4)) (else (i32.const 5))))"
  ),
  ("a wrapped divisor", "(i32.div_u (local.get $p) (i32.wrap_i64 (local.get $x)))"),
  ("a wrapped value converted", "(i32.wrap_i64 (i64.extend_i32_s (i32.wrap_i64 (local.get $x))))"),
  (
    "a wrapped case",
    "(block $a (block $b (block $c (br_table $a $b $c (i32.wrap_i64 (local.get $x)))) (return (i32.const 1))) "
      + "(return (i32.const 2))) (i32.const 3)"
  ),
  // Loads of one width whose values are read in the other.
  (
    "an extended load as an operand",
    "(i32.wrap_i64 (i64.shr_u (i64.xor (local.get $x) (i64.extend_i32_u (i32.load (local.get $p)))) (i64.const 17)))"
  ),
  (
    "an extended byte as an operand",
    "(i32.wrap_i64 (i64.shr_u (i64.sub (local.get $x) (i64.extend_i32_u (i32.load8_u (local.get $p)))) (i64.const 17)))"
  ),
  (
    "a wrapped load as an operand",
    "(i32.wrap_i64 (i64.shr_u (i64.extend_i32_u (i32.add (local.get $q) (i32.wrap_i64 (i64.load (local.get $p))))) "
      + "(i64.const 17)))"
  ),
  (
    "an extended load, compared",
    "(if (result i32) (i64.eq (local.get $x) (i64.extend_i32_u (i32.load (local.get $p)))) (then (i32.const 1)) "
      + "(else (i64.lt_s (i64.extend_i32_u (i32.load offset=4 (local.get $p))) (local.get $y))))"
  ),
  (
    "an extended load, compared by its sign",
    "(if (result i32) (i64.lt_s (local.get $x) (i64.extend_i32_u (i32.load (local.get $p)))) (then (i32.const 1)) "
      + "(else (i32.const 2)))"
  ),
  (
    "a wrapped load, compared",
    "(drop (call $store (i32.const 68) (local.get $p))) "
      + "(if (result i32) (i32.eq (local.get $q) (i32.wrap_i64 (i64.load (i32.and (local.get $q) (i32.const 64))))) "
      + "(then (i32.const 1)) (else (i32.const 2)))"
  ),
  (
    "a wrapped load as a condition",
    "(drop (call $store (i32.const 68) (local.get $p))) "
      + "(if (result i32) (i32.wrap_i64 (i64.load (i32.or (i32.and (local.get $q) (i32.const 32)) (i32.const 64)))) "
      + "(then (i32.const 1)) (else (i32.const 2)))"
  ),
  (
    "wrapped bits as a condition",
    "(if (result i32) (i32.wrap_i64 (i64.and (local.get $x) (local.get $y))) (then (i32.const 1)) (else (i32.const 2)))"
  ),
  (
    "wrapped bits that are zero",
    "(if (result i32) (i32.eqz (i32.wrap_i64 (i64.and (local.get $x) (i64.const -0x100)))) (then (i32.const 1)) "
      + "(else (i32.const 2)))"
  ),
  (
    "extended bits",
    "(if (result i32) (i64.eqz (i64.extend_i32_u (i32.and (local.get $p) (local.get $q)))) "
      + "(then (i32.const 1)) (else (i32.const 2)))"
  ),
  // Loops whose counters are stepped on edges.
  (
    "the counter before its step is compared",
    "(loop $l (local.set $q (local.get $p)) (local.set $p (i32.add (local.get $p) (i32.const 1))) "
      + "(br_if $l (i32.and (local.get $q) (i32.const 7)))) (i32.sub (local.get $p) (local.get $q))"
  ),
  (
    "a string's end",
    "(local.set $p (i32.and (local.get $p) (i32.const 255))) (loop $l (br_if $l (i32.load8_u (block (result i32) "
      + "(local.get $p) (local.set $p (i32.add (local.get $p) (i32.const 1))))))) (local.get $p)"
  ),
  (
    "two counters, one of 64 bits",
    "(local.set $q (i32.and (local.get $q) (i32.const 15))) (loop $l (i64.store (i32.mul (local.get $q) (i32.const 8)) "
      + "(local.get $x)) (local.set $x (i64.add (local.get $x) (i64.const -3))) "
      + "(br_if $l (i32.lt_u (local.get $q) (local.tee $q (i32.add (local.get $q) (i32.const -1)))) ) "
      + "(br_if $l (local.get $q))) (i32.wrap_i64 (local.get $x))"
  ),
  (
    "counters that change places",
    "(local $l i32) (local.set $l (i32.const 9)) (loop $l (local.get $p) (local.set $p (i32.add (local.get $q) "
      + "(i32.const 1))) (local.set $q) (br_if $l (local.tee $l (i32.sub (local.get $l) (i32.const 1))))) "
      + "(i32.sub (local.get $p) (local.get $q))"
  ),
  (
    "a step whose value is used after the loop",
    "(local $l i32) (loop $l (local.set $l (i32.add (local.get $p) (i32.const 2))) (global.set $n (local.get $p)) "
      + "(local.set $p (local.get $l)) (br_if $l (i32.and (local.get $l) (i32.const 12)))) "
      + "(i32.add (local.get $l) (local.get $p))"
  ),
  // A memory that is not the first.
  (
    "the second memory",
    "(i32.store 1 (i32.add (local.get $p) (i32.const 8)) (local.get $q)) "
      + "(i64.store8 1 (i32.add (local.get $q) (i32.mul (i32.popcnt (local.get $p)) (i32.const 4))) (i64.clz (local.get $x))) "
      + "(i32.store 1 (i32.const 12) (i32.const 7)) (i32.add (i32.load 1 (local.get $p)) (i32.load (local.get $p)))"
  ),
  (
    "branches on constant addresses in the second memory",
    "(i32.store8 1 (i32.const 9) (local.get $p)) (if (i32.load8_u 1 (i32.const 9)) (then (return (i32.const 1)))) "
      + "(if (i32.lt_u (i32.load 1 (i32.const 70000)) (local.get $q)) (then (return (i32.const 2)))) (i32.const 3)"
  ),
  (
    "a comparison with a constant address in the second memory",
    "(i32.store8 1 (i32.const 9) (local.get $p)) "
      + "(if (i32.eq (i32.load8_u 1 (i32.const 9)) (i32.const 1)) (then (return (i32.const 1)))) (i32.const 3)"
  ),
]

@Suite struct FusionTests {
  @Test(arguments: EngineVariant.all)
  func agrees(_ variant: EngineVariant) throws {
    var text = "(module (memory 1 20) (memory 1) (global $n (mut i32) (i32.const 0)) "
    text += "(data (i32.const 0) \"\\01\\02\\00\\84\\05\\ff\\07\\08hello, world\\00and more\\00\") "
    text +=
      "(func $store (param i32 i32) (result i32) (i32.store (local.get 0) (local.get 1)) (i32.load8_s (local.get 0))) "
    for (index, function) in functions.enumerated() {
      text += "(func (export \"\(index)\") (param $p i32) (param $q i32) (param $x i64) (param $y i64) (param $f f64) "
      text += "(result i32) \(function.body))\n"
    }
    let (pair, instance) = try variant.pair(text + ")", stackSlots: 2000)
    var random = Random(seed: 3)
    for (index, item) in functions.enumerated() {
      let function = try #require(instance.export("\(index)"))
      for round in 0..<16 {
        let far: [UInt32] = [0, 1, 65532, 65533, 65535, 65536, .max, 1 << 31, .max - 7, 20]
        func integer() -> UInt32 { random.chance(1, in: 2) ? random.pick(far) : UInt32(random.below(40)) }
        func long() -> UInt64 {
          UInt64(random.pick([0, 0, 1, UInt32.max, 1 << 31])) << 32 | UInt64(integer())
        }
        let number = random.pick([0, -0.0, 1, 1 / 3, .infinity, .nan, .greatestFiniteMagnitude, -7.25])
        let arguments: [OracleValue] = [
          .i32(integer()), .i32(integer()), .i64(long()), .i64(long()), .f64(number.bitPattern),
        ]
        var schedule = InstructionSchedule(first: 300)
        if round % 4 == 0 {
          schedule = InstructionSchedule(first: 1, further: Array(repeating: 1, count: 20) + [100], interrupts: 3)
        }
        pair.invoke(function, arguments, schedule)
        #expect(pair.differences == [], "\(item.name), \(arguments), \(variant)")
        if !pair.differences.isEmpty { return }
      }
    }
  }
}
