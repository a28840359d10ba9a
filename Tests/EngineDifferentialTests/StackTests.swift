// The stack's limit is reached at the same call in every variant, and where the oracle reaches it: whatever the frames of
// the compiled code hold, over the borders of instances, through tables and references, and with tail calls.

import Cannery
import EngineComparison
import ReferenceInterpreter
import Testing
import WasmBinary
import WasmText
import WasmValidation
import WebAssembly

/// Text `count` times, with the number in place of `#`.
private func times(_ count: Int, _ text: String) -> String {
  (0..<count).map { text.replacing("#", with: "\($0)") }.joined(separator: " ")
}

struct RecursiveProgram: CustomTestStringConvertible, Sendable {
  var name: String
  /// Modules; each imports from those before it, by number. The last one exports `f`, which takes an i32.
  var modules: [String]
  var isEndless = true
  var testDescription: String { name }
}

private let programs: [RecursiveProgram] = [
  RecursiveProgram(
    name: "nothing but the call", modules: [#"(module (func $f (export "f") (param i32) (call $f (local.get 0))))"#]),
  RecursiveProgram(
    name: "common subexpressions before and after the call",
    modules: [
      """
      (module (global $g (mut i32) (i32.const 0))
        (func $f (export "f") (param i32)
          \(times(300, "(global.set $g (i32.xor (global.get $g) (i32.mul (local.get 0) (i32.const 1#))))"))
          (call $f (i32.add (local.get 0) (i32.const 1)))
          \(times(300, "(global.set $g (i32.xor (global.get $g) (i32.mul (local.get 0) (i32.const 1#))))"))))
      """
    ]),
  RecursiveProgram(
    name: "values on their way to many labels",
    modules: [
      """
      (module (memory 1)
        (func $f (export "f") (param i32)
          \(times(600, "(block (result i32)"))
          (i32.const 0)
          \((0..<600).map { "(br_if \($0) (i32.load (i32.const \(4 * $0))))" }.joined(separator: " "))
          \(times(600, ") (drop) (call $g (i32.const 0) (i32.const #)) (i32.load (i32.const 8))"))
          (drop) (call $f (local.get 0)))
        (func $g (param i32 i32)))
      """
    ]),
  RecursiveProgram(
    name: "one local with another value in every arm",
    modules: [
      """
      (module (memory 1) (global $g (mut i32) (i32.const 0))
        (func $f (export "f") (param i32) (local $x i32)
          (local.set $x (i32.load (i32.const 0)))
          \(times(500, "(if (i32.load (i32.const 4)) (then (global.set $g (local.get $x))) (else (local.set $x (i32.load (i32.const #)))"))
          (call $f (local.get 0))
          \(times(500, "))"))
          (global.set $g (local.get $x))))
      """
    ]),
  RecursiveProgram(
    name: "hundreds of locals that live over the call",
    modules: [
      """
      (module (memory 1)
        (func $f (export "f") (param i32) (local \(times(300, "i32 i64 v128")))
          \((1..<300).map { "(local.set \($0 / 3 * 3 + 1) (i32.load (i32.const \($0))))" }.joined(separator: " "))
          (call $f (local.get 0))
          \((1..<300).map { "(i32.store (i32.const \($0)) (local.get \($0 / 3 * 3 + 1)))" }.joined(separator: " "))))
      """
    ]),
  RecursiveProgram(
    name: "many operands below the call",
    modules: [
      """
      (module (memory 1)
        (func $f (param i32) (result v128)
          \(times(200, "(v128.load (i32.const #))")) (call $f (local.get 0)) \(times(200, "(i32x4.add)")))
        (func (export "f") (param i32) (drop (call $f (local.get 0)))))
      """
    ]),
  RecursiveProgram(
    name: "frames of different sizes in turn",
    modules: [
      """
      (module
        (func $a (param i32) (local i64 i64 i64) (call $b (local.get 0) (i64.const 1)))
        (func $b (param i32 i64) (local v128) (call $c (local.get 0) (v128.const i64x2 1 2) (f64.const 1)))
        (func $c (param i32 v128 f64) (result) (local f32) (call $f (i32.add (local.get 0) (i32.const 1))))
        (func $f (export "f") (param i32)
          (if (i32.and (local.get 0) (i32.const 1)) (then (call $a (local.get 0)))
            (else (call $b (local.get 0) (i64.const 2))))))
      """
    ]),
  RecursiveProgram(
    name: "a function that tail calls another with a larger frame",
    modules: [
      """
      (module
        (func $g (param i32) (local \(times(50, "i64"))) (call $f (local.get 0)) (drop (i32.const 1)))
        (func $f (export "f") (param i32) (return_call $g (local.get 0))))
      """
    ]),
  RecursiveProgram(
    name: "tail calls alone never exhaust it",
    modules: [
      """
      (module (type $t (func (param i32 i64)))
        (table 2 funcref) (elem (i32.const 0) $g $h)
        (func $g (type $t) (local f64 f64)
          (if (i32.eqz (local.get 0)) (then (return)))
          (return_call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i64.const 1)
            (i32.and (local.get 0) (i32.const 1))))
        (func $h (type $t)
          (return_call $g (local.get 0) (local.get 1)))
        (func (export "f") (param i32) (call $g (i32.const 3000) (i64.const 2))))
      """
    ], isEndless: false),
  RecursiveProgram(
    name: "small functions in each other, before and after which others are called",
    modules: [
      """
      (module (global $g (mut i64) (i64.const 0))
        (func $leaf (param i32) (result i32) (local i64 i64) (i32.mul (local.get 0) (i32.const 3)))
        (func $large (param i32) (result i32) (loop) (i32.add (local.get 0) (call $leaf (local.get 0))))
        (func $h (param i32) (result i32) (local v128)
          (i32.add (call $large (local.get 0)) (call $f (call $leaf (i32.add (local.get 0) (i32.const 1))))))
        (func $g (param i32 i64) (result i32) (local f64)
          (global.set $g (local.get 1))
          (call $h (i32.add (local.get 0) (call $large (i32.const 1)))))
        (func $f (export "f") (param i32) (result i32)
          (drop (call $large (local.get 0)))
          (if (result i32) (i32.and (local.get 0) (i32.const 5))
            (then (call $g (local.get 0) (global.get $g)))
            (else (i32.xor (call $h (local.get 0)) (call $leaf (i32.const 9)))))))
      """
    ]),
  RecursiveProgram(
    name: "the last call that fits is one of a small function",
    modules: [
      """
      (module
        (func $wide (param i32) (local v128 v128 v128) (global.set 0 (local.get 0)))
        (func $f (export "f") (param i32) (loop) (call $wide (local.get 0)) (call $f (i32.add (local.get 0) (i32.const 1))))
        (global (mut i32) (i32.const 0)))
      """
    ]),
  RecursiveProgram(
    name: "through a table",
    modules: [
      """
      (module (type $t (func (param i32) (result i64))) (table 2 funcref) (elem (i32.const 0) $a $b)
        (func $a (type $t) (i64.add (i64.const 1)
          (call_indirect (type $t) (i32.add (local.get 0) (i32.const 1)) (i32.and (local.get 0) (i32.const 1)))))
        (func $b (type $t) (local i64 i64 i64 i64 i64 i64 i64)
          (call_indirect (type $t) (i32.mul (local.get 0) (i32.const 3)) (i32.const 0)))
        (func (export "f") (param i32) (drop (call $a (local.get 0)))))
      """
    ]),
  RecursiveProgram(
    name: "over the border of two instances",
    modules: [
      """
      (module (type $t (func (param i32) (result i32))) (table (export "t") 2 funcref)
        (func (export "a") (param i32) (result i32) (local i64)
          (i32.add (i32.const 1) (call_indirect (type $t) (local.get 0) (i32.const 0)))))
      """,
      """
      (module (type $t (func (param i32) (result i32))) (import "0" "a" (func $a (type $t)))
        (import "0" "t" (table 2 funcref)) (elem (i32.const 0) $b)
        (func $b (type $t) (local f64 f64 f64) (i32.sub (call $a (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
        (func (export "f") (param i32) (drop (call $b (local.get 0)))))
      """,
    ]),
  RecursiveProgram(
    name: "over a border by tail calls and back by calls",
    modules: [
      """
      (module (type $t (func (param i32 i64) (result i32))) (table (export "t") 2 funcref)
        (func (export "a") (type $t) (local i64)
          (return_call_indirect (type $t) (local.get 0) (local.get 1) (i32.const 0))))
      """,
      """
      (module (type $t (func (param i32 i64) (result i32))) (import "0" "a" (func $a (type $t)))
        (import "0" "t" (table 2 funcref)) (elem (i32.const 0) $b $c)
        (func $b (type $t) (local f64 f64 f64) (i32.sub (call $c (local.get 0) (local.get 1)) (i32.const 1)))
        (func $c (type $t) (return_call $a (i32.add (local.get 0) (i32.const 1)) (local.get 1)))
        (func (export "f") (param i32) (drop (call $b (local.get 0) (i64.const 5)))))
      """,
    ]),
  RecursiveProgram(
    name: "tail calls over borders alone never exhaust it",
    modules: [
      """
      (module (type $t (func (param i32) (result i32 i64))) (table (export "t") 2 funcref)
        (func (export "a") (type $t) (local i64)
          (return_call_indirect (type $t) (local.get 0) (i32.const 0))))
      """,
      """
      (module (type $t (func (param i32) (result i32 i64))) (import "0" "a" (func $a (type $t)))
        (import "0" "t" (table 2 funcref)) (elem (i32.const 0) $b)
        (func $b (type $t)
          (if (i32.eqz (local.get 0)) (then (return (i32.const 1) (i64.const 2))))
          (return_call $a (i32.sub (local.get 0) (i32.const 1))))
        (func (export "f") (param i32) (call $b (i32.const 2000)) (drop) (drop)))
      """,
    ], isEndless: false),
]

@Suite struct StackTests {
  private func agrees(_ program: RecursiveProgram, _ variant: EngineVariant, stackSlots: Int) throws {
    let pair = try EnginePair(variant, stackSlots: stackSlots)
    for text in program.modules {
      let module: WebAssembly.Module = try decodeModule(ModuleBytes(try parseModule(text)))
      _ = try validate(module)
      let before = pair.instances
      _ = try pair.instantiate(module) { item in Int(item.module).flatMap { before[$0].export(item.name) } }
    }
    guard let function = pair.instances.last?.export("f") else {
      Issue.record("no export f")
      return
    }
    let outcome = pair.invoke(function, [.i32(1)], InstructionSchedule(first: 100_000_000))
    #expect(outcome == (program.isEndless ? .trap(.callStackExhausted) : .results([])))
    #expect(pair.differences == [], "\(variant), \(stackSlots) slots")
  }

  /// In a debug build, two variants that differ in most.
  private static let variants =
    dispatchesThroughTrampoline ? [EngineVariant.all[0], EngineVariant.all[3]] : EngineVariant.all

  @Test(arguments: programs, variants)
  func limitIsReachedAtTheSameCall(_ program: RecursiveProgram, _ variant: EngineVariant) throws {
    for stackSlots in [1500, 1501] { try agrees(program, variant, stackSlots: stackSlots) }
  }
}
