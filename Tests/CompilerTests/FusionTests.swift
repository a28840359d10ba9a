// Which operations small functions become: what is fused, and what must not be.

import Compiler
import OperationCases
import Testing
import WebAssembly

struct FusionCase: CustomTestStringConvertible, Sendable {
  var name: String
  /// The function, without the parentheses around it. It has $p, $q, $r (i32), $x, $y (i64), $f (f64) as parameters.
  var body: String
  /// Operations that the code must have.
  var has: [String] = []
  /// Operations that it must not have, by the beginning of their names.
  var lacks: [String] = []
  var testDescription: String { name }
}

private let cases: [FusionCase] = [
  // Arithmetic.
  FusionCase(
    name: "two operators", body: "(result i32) (i32.add (i32.mul (local.get $p) (local.get $q)) (local.get $r))",
    has: ["i32MulAdd_vv_sss_n"], lacks: ["i32Mul_", "i32Add_"]),
  FusionCase(
    name: "the first operator's constant",
    body: "(result i32) (i32.sub (local.get $q) (i32.shl (local.get $p) (i32.const 4)))",
    has: ["i32ShlRsub_iv_ss_n"]),
  FusionCase(
    name: "the second operator's constant",
    body: "(result i64) (i64.and (i64.add (local.get $x) (local.get $y)) (i64.const -32768))",
    has: ["i64AddAnd_vi_ss_n"]),
  FusionCase(
    name: "a constant of 33 bits with a variable",
    body: "(result i64) (i64.and (i64.add (local.get $x) (local.get $y)) (i64.const 0x1ffffffff))",
    has: ["i64Add_ss_n", "i64And_aw_n"]),
  FusionCase(
    name: "two constants of 32 bits",
    body: "(result i32) (i32.and (i32.shr_u (local.get $p) (i32.const 9)) (i32.const 0x10000f))",
    has: ["i32ShrUAnd_ii_s_n"]),
  FusionCase(
    name: "a constant of 33 bits beside another one",
    body: "(result i64) (i64.and (i64.shr_u (local.get $x) (i64.const 9)) (i64.const 0x10000000f))",
    has: ["i64ShrU_si_n", "i64And_aw_n"]),
  FusionCase(
    name: "a first result that is used twice",
    body: "(result i32) (local.set $p (i32.mul (local.get $p) (local.get $q))) "
      + "(i32.xor (i32.add (local.get $p) (local.get $r)) (local.get $p))",
    has: ["i32Mul_ss_d", "i32AddXor_vv_ass_n"], lacks: ["i32MulAdd"]),
  FusionCase(
    name: "operands in another block",
    body: "(result i32) (local.set $p (i32.mul (local.get $p) (local.get $q))) (if (local.get $q) (then (return "
      + "(i32.add (local.get $p) (local.get $r))))) (local.get $r)",
    has: ["i32Mul_ss_d", "i32Add_ss_r"], lacks: ["i32MulAdd"]),
  FusionCase(
    name: "each second operator of a chain",
    body:
      "(result i32) (i32.xor (i32.add (i32.mul (i32.add (local.get $p) (local.get $q)) (local.get $r)) (local.get $q)) "
      + "(local.get $p))",
    has: ["i32AddMul_vv_sss_n", "i32AddXor_vv_ass_n"], lacks: ["i32Xor_", "i32Mul_"]),
  // Addresses.
  FusionCase(
    name: "an element of an array",
    body: "(result i32) (i32.load offset=8 (i32.add (local.get $p) (i32.shl (local.get $q) (i32.const 2))))",
    has: ["i32Load_scaled_ss_n"], lacks: ["i32Shl", "i32Add"]),
  FusionCase(
    name: "an address that is used twice",
    body: "(result i32) (local.set $p (i32.add (local.get $p) (local.get $q))) "
      + "(i32.store (local.get $p) (local.get $r)) (local.get $p)",
    has: ["i32Add_ss_n", "i32Store_as"], lacks: ["i32Store_sum"]),
  FusionCase(
    name: "a constant address", body: "(i64.store8 offset=8 (i32.const 16) (local.get $x))",
    has: ["i64Store8_absolute_s"]),
  FusionCase(
    name: "a constant address beyond 32 bits", body: "(i64.store8 offset=8 (i32.const -1) (local.get $x))",
    has: ["i64Store8_ss"], lacks: ["i64Store8_absolute"]),
  FusionCase(
    name: "a constant that is stored at a sum",
    body: "(i32.store (i32.add (local.get $p) (local.get $q)) (i32.const 7))",
    has: ["i32Store_sum_ss_i"]),
  // Vectors.
  FusionCase(
    name: "a vector through the accumulator, and one from memory",
    body: "(v128.store (local.get $q) "
      + "(i32x4.add (i32x4.splat (local.get $r)) (v128.load offset=16 (i32.add (local.get $p) (i32.const 4)))))",
    has: ["i32x4Add_am_n", "v128Store_sa"], lacks: ["v128Load", "i32Add"]),
  FusionCase(
    name: "a vector load before a store",
    body: "(local $v v128) (local.set $v (v128.load (local.get $p))) (i32.store (local.get $q) (local.get $r)) "
      + "(v128.store (local.get $q) (i32x4.add (i32x4.splat (local.get $r)) (local.get $v)))",
    has: ["v128Load", "i32x4Add_as_n"], lacks: ["i32x4Add_am", "i32x4Add_sm"]),
  FusionCase(
    name: "a sum with a product of which a factor is loaded before a store",
    body: "(local $v v128) (local.set $v (v128.load (local.get $p))) (i32.store (local.get $q) (local.get $r)) "
      + "(v128.store (local.get $q) (f32x4.add (f32x4.mul (f32x4.splat (f32.const 3)) (local.get $v)) "
      + "(i32x4.splat (local.get $r))))",
    has: ["v128Load_s_n"], lacks: ["f32x4MulAdd_sms", "f32x4MulAdd_ams", "f32x4Mul_sm", "f32x4Mul_am"]),
  FusionCase(
    name: "a vector constant",
    body: "(v128.store (local.get $q) (v128.and (v128.const i32x4 1 2 3 4) (i32x4.splat (local.get $r))))",
    has: ["v128And_ai_n"], lacks: ["constVector"]),
  FusionCase(
    name: "a vector constant that a slot holds anyway",
    body: "(local $v v128) (local.set $v (v128.const i32x4 1 2 3 4)) (v128.store (local.get $p) (local.get $v)) "
      + "(v128.store (local.get $q) (v128.and (local.get $v) (i32x4.splat (local.get $r))))",
    has: ["constVector_d", "v128And_as_n"], lacks: ["v128And_ai"]),
  FusionCase(
    name: "a rotation",
    body: "(local $v v128) (local.set $v (i32x4.splat (local.get $r))) (v128.store (local.get $q) (v128.or "
      + "(i32x4.shr_u (local.get $v) (i32.const 25)) (i32x4.shl (local.get $v) (i32.const 7))))",
    has: ["i32x4Rotl_a_n"], lacks: ["i32x4Shl", "i32x4ShrU", "v128Or"]),
  FusionCase(
    name: "different vectors shifted",
    body: "(local $v v128) (local.set $v (i32x4.splat (local.get $r))) (v128.store (local.get $q) (v128.or "
      + "(i32x4.shr_u (local.get $v) (i32.const 25)) (i32x4.shl (i32x4.splat (local.get $p)) (i32.const 7))))",
    lacks: ["i32x4Rotl"]),
  FusionCase(
    name: "a branch on a vector",
    body: "(if (v128.any_true (i32x4.splat (local.get $r))) (then (i32.store (local.get $p) (local.get $q))))",
    has: ["brNotV128AnyTrue_a"], lacks: ["v128AnyTrue"]),
  // Loads as operands.
  FusionCase(
    name: "a load and an operator", body: "(result i32) (i32.sub (local.get $q) (i32.load16_u (local.get $p)))",
    has: ["i32Load16URsub_ss_n"]),
  FusionCase(
    name: "a load that would pass a store",
    body: "(result i32) (local.set $q (i32.load (local.get $p))) (i32.store (local.get $p) (local.get $r)) "
      + "(i32.add (local.get $q) (local.get $r))",
    has: ["i32Load_s_n", "i32Add_as_r"], lacks: ["i32LoadAdd"]),
  FusionCase(
    name: "a constant that is added to a product with a loaded factor",
    body: "(v128.store (local.get $q) (i32x4.add (v128.const i32x4 7 7 7 7) "
      + "(i32x4.mul (i32x4.splat (local.get $r)) (v128.load (local.get $p)))))",
    has: ["i32x4Mul_am_d", "i32x4Add_ai_n"], lacks: ["i32x4MulAdd", "const"]),
  FusionCase(
    name: "vectors of one address that are no shifts",
    body: "(v128.store (local.get $q) (v128.or (v128.load (local.get $p)) (v128.load offset=16 (local.get $p))))",
    lacks: ["i32x4Rotl", "i64x2Rotl"]),
  FusionCase(
    name: "unary operators of one vector",
    body: "(local $v v128) (local.set $v (i32x4.splat (local.get $r))) "
      + "(v128.store (local.get $q) (v128.or (i32x4.abs (local.get $v)) (i32x4.neg (local.get $v))))",
    has: ["i32x4Neg", "v128Or_as_n"]),
  FusionCase(
    name: "a load that would pass a call",
    body: "(result i32) (local.set $q (i32.load (local.get $p))) (call $f) (i32.add (local.get $q) (local.get $r))",
    has: ["i32Load_s_d", "i32Add_ss_r"], lacks: ["i32LoadAdd"]),
  FusionCase(
    name: "a load that would pass a charge",
    body:
      "(result i32) (local.set $q (i32.load (local.get $p))) (memory.fill (local.get $r) (i32.const 0) (local.get $r)) "
      + "(i32.add (local.get $q) (local.get $r))",
    has: ["chargeDynamic32", "i32Load_s_n", "i32Add_as_r"], lacks: ["i32LoadAdd"]),
  FusionCase(
    name: "a load that would pass what may trap",
    body: "(result i32) (i32.add (i32.load (local.get $p)) (i32.div_u (local.get $q) (local.get $r)))",
    has: ["i32Load_s_d", "i32DivU_ss_n", "i32Add_as_r"], lacks: ["i32LoadAdd"]),
  FusionCase(
    name: "a loaded value that is used twice",
    body: "(result i32) (local.set $p (i32.load (local.get $p))) (i32.mul (i32.popcnt (local.get $q)) "
      + "(i32.add (local.get $p) (i32.and (local.get $p) (local.get $r))))",
    has: ["i32Load_s_d"], lacks: ["i32LoadA"]),
  // Branches.
  FusionCase(
    name: "a loop's step",
    body: "(loop $l (br_if $l (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 2))) (local.get $q))))",
    has: ["stepI32LtU_si_as"], lacks: ["i32Add", "brI32"]),
  FusionCase(
    name: "a step that the edge makes",
    body: "(result i32) (loop $l (local.set $q (local.get $p)) (local.set $p (i32.add (local.get $p) (i32.const 1))) "
      + "(br_if $l (i32.load8_u (local.get $q)))) (local.get $q)",
    has: ["brI32Load8UEq_si", "stepI32JumpCheck"], lacks: ["move", "jump"]),
  FusionCase(
    name: "bits that are tested", body: "(if (i32.eqz (i32.and (local.get $p) (i32.const 64))) (then (call $f)))",
    has: ["testI32NotZero_si"], lacks: ["i32And", "brI32"]),
  FusionCase(
    name: "bits that are tested and used",
    body: "(result i32) (local.set $p (i32.and (local.get $p) (i32.const 64))) (if (local.get $p) (then (call $f))) "
      + "(local.get $p)",
    has: ["i32And_si_d", "brI32Eq_ai"], lacks: ["test"]),
  FusionCase(
    name: "a byte that is compared",
    body: "(block $b (br_if $b (i32.eq (i32.load8_u offset=1 (local.get $p)) (i32.const 10))) (call $f))",
    has: ["brI32Load8UEq_si"], lacks: ["i32Load8U_"]),
  FusionCase(
    name: "a byte that is zero or not", body: "(block $b (br_if $b (i32.load8_u (local.get $p))) (call $f))",
    has: ["brI32Load8UNe_si"], lacks: ["i32Load8U_"]),
  FusionCase(
    name: "a loaded value that is compared with a constant of 33 bits",
    body: "(block $b (br_if $b (i64.eq (i64.load (local.get $p)) (i64.const 0x100000000))) (call $f))",
    has: ["i64Load_s_n", "brI64Eq_as"], lacks: ["brI64Load"]),
  FusionCase(
    name: "a comparison of floats with a constant, negated",
    body: "(block $b (br_if $b (i32.eqz (f64.lt (local.get $f) (f64.const 1.5)))) (call $f))", has: ["brNotF64Lt_si"]),
  // Selections and jumps.
  FusionCase(
    name: "constants to choose from", body: "(result i64) (select (i64.const -1) (i64.const 5) (local.get $p))",
    has: ["select_s_ii"]),
  FusionCase(
    name: "an i32 below zero, which slots hold with its upper half zero",
    body: "(result i32) (select (i32.const 5) (i32.const -1) (local.get $p))", has: ["select_s_ii"]),
  FusionCase(
    name: "a loaded value that is only stored",
    body: "(i64.store offset=8 (local.get $q) (i64.load (i32.add (local.get $p) (i32.const 16))))", has: ["copy64"],
    lacks: ["i64Load", "i32Add"]),
  FusionCase(
    name: "a loaded value that is stored behind another effect",
    body: "(local.set $q (i32.load (local.get $p))) (i32.store (local.get $r) (i32.const 1)) "
      + "(i32.store (local.get $p) (local.get $q))",
    has: ["i32Load_s_n", "i32Store_si", "i32Store_sa"], lacks: ["copy"]),
  FusionCase(
    name: "a return behind several branches",
    body: "(result i32) (block $out (result i32) (drop (br_if $out (i32.const -1) (local.get $p))) (if (local.get $q) "
      + "(then (br $out (i32.div_u (local.get $q) (local.get $r))))) (i32.const 4)) (drop (i32.const 1))",
    has: ["return_i", "chargeReturn_a"]),
  FusionCase(
    name: "an addition before a jump",
    body: "(result i32) (if (local.get $q) (then (local.set $p (i32.add (local.get $p) (i32.const 3)))) "
      + "(else (local.set $p (i32.mul (local.get $p) (local.get $q))))) (i32.popcnt (local.get $p))",
    has: ["stepI32Jump"]),
]

@Suite struct FusionTests {
  @Test(arguments: cases)
  func operations(_ item: FusionCase) throws {
    let parameters = "(param $p i32) (param $q i32) (param $r i32) (param $x i64) (param $y i64) (param $f f64)"
    let module = try module(
      "(module (memory 1) (func \(parameters) \(item.body)) (func $f (global.set 0 (i32.const 1)) (loop)) "
        + "(global (mut i32) (i32.const 0)))")
    let artifact = try Artifact(ModuleBytes(compile(module, features: .wasm3, policy: .icp)))
    let names = try artifact.operationNames(of: 0)
    for name in item.has { #expect(names.contains(name), "\(name) is not among \(names)") }
    for name in item.lacks { #expect(!names.contains { $0.hasPrefix(name) }, "\(name) is among \(names)") }
  }
}
