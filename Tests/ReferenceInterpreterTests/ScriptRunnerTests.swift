// The script runner must notice what is wrong: each command here breaks its own promise, and each must be reported.

import EngineComparison
import Testing
import WasmText
import WastRunner

private let definitions = """
  (module $m
    (func (export "one") (result i32) (i32.const 1))
    (func (export "two") (result i32 i32) (i32.const 1) (i32.const 2))
    (func (export "nan") (param i32) (result f32) (f32.reinterpret_i32 (local.get 0)))
    (func (export "nan64") (param i64) (result f64) (f64.reinterpret_i64 (local.get 0)))
    (func (export "lanes") (result v128) (v128.const f32x4 1 nan 3 -nan:0x600000))
    (func (export "trap") (unreachable))
    (func (export "func") (result funcref) (ref.func 0))
    (func (export "same") (param externref) (result externref) (local.get 0))
    (func $deep (export "deep") (call $deep))
    (global (export "g") i64 (i64.const 7)))
  """

private func run(_ commands: String) throws -> ScriptReport {
  var runner = ScriptRunner(engine: OracleEngine())
  return runner.run(try Script(parsing: definitions + "\n" + commands))
}

@Suite struct ScriptRunnerTests {
  @Test(arguments: [
    #"(assert_return (invoke "one") (i32.const 1))"#,
    #"(assert_return (invoke $m "two") (i32.const 1) (i32.const 2))"#,
    #"(assert_return (get "g") (i64.const 7))"#,
    #"(assert_return (invoke "one") (either (i32.const 2) (i32.const 1)))"#,
    #"(assert_return (invoke "nan" (i32.const 0x7fc00000)) (f32.const nan:canonical))"#,
    #"(assert_return (invoke "nan" (i32.const 0xffc00000)) (f32.const nan:canonical))"#,
    #"(assert_return (invoke "nan" (i32.const 0xffc00001)) (f32.const nan:arithmetic))"#,
    #"(assert_return (invoke "nan" (i32.const 0x7f800001)) (f32.const nan:0x1))"#,
    #"(assert_return (invoke "nan64" (i64.const 0xfff8000000000000)) (f64.const nan:canonical))"#,
    #"(assert_return (invoke "nan64" (i64.const 0x7ffc000000000000)) (f64.const nan:arithmetic))"#,
    #"(assert_return (invoke "lanes") (v128.const f32x4 1 nan:canonical 3 nan:arithmetic))"#,
    #"(assert_return (invoke "func") (ref.func))"#,
    #"(assert_return (invoke "same" (ref.extern 3)) (ref.extern 3))"#,
    #"(assert_return (invoke "same" (ref.extern 3)) (ref.extern))"#,
    #"(assert_return (invoke "same" (ref.null extern)) (ref.null extern))"#,
    #"(assert_return (invoke "same" (ref.null extern)) (ref.null))"#,
    #"(assert_trap (invoke "trap") "unreachable")"#,
    #"(assert_trap (module (func $s (unreachable)) (start $s)) "unreachable")"#,
    #"(assert_exhaustion (invoke "deep") "call stack exhausted")"#,
    #"(assert_invalid (module (func (result i32))) "type mismatch")"#,
    #"(assert_malformed (module quote "(func") "unexpected end")"#,
    #"(assert_malformed (module binary "") "unexpected end")"#,
    #"(assert_unlinkable (module (import "spectest" "none" (func))) "unknown import")"#,
    #"(assert_unlinkable (module (import "spectest" "print" (func (param i64)))) "incompatible import type")"#,
    #"(register "m" $m) (module (import "m" "one" (func (result i32)))) (assert_return (invoke $m "one") (i32.const 1))"#,
    #"(module definition $d (func (export "f") (result i32) (i32.const 5))) (module instance $i $d)"#
      + #"(assert_return (invoke $i "f") (i32.const 5))"#,
  ])
  func holds(_ command: String) throws {
    let report = try run(command)
    #expect(report.passed == 1 && report.failures.isEmpty && report.skipped.isEmpty, "\(report)")
  }

  @Test(arguments: [
    #"(assert_return (invoke "one") (i32.const 2))"#,
    #"(assert_return (invoke "one") (i64.const 1))"#,
    #"(assert_return (invoke "one"))"#,
    #"(assert_return (invoke "two") (i32.const 1))"#,
    #"(assert_return (invoke "two") (i32.const 2) (i32.const 1))"#,
    #"(assert_return (invoke "none"))"#,
    #"(assert_return (invoke "g"))"#,
    #"(assert_return (get "one") (i32.const 1))"#,
    #"(assert_return (get "g") (i64.const 8))"#,
    #"(assert_return (invoke "one") (either (i32.const 2) (i32.const 3)))"#,
    #"(assert_return (invoke "trap"))"#,
    #"(assert_return (invoke "nan" (i32.const 0x7fc00001)) (f32.const nan:canonical))"#,
    #"(assert_return (invoke "nan" (i32.const 0x7f800001)) (f32.const nan:arithmetic))"#,
    #"(assert_return (invoke "nan" (i32.const 0x7f800000)) (f32.const nan:arithmetic))"#,
    #"(assert_return (invoke "nan" (i32.const 0xffc00000)) (f32.const nan))"#,
    #"(assert_return (invoke "nan" (i32.const 0x80000000)) (f32.const 0))"#,
    #"(assert_return (invoke "nan64" (i64.const 0x7ff8000000000001)) (f64.const nan:canonical))"#,
    #"(assert_return (invoke "nan64" (i64.const 0x7ff4000000000000)) (f64.const nan:arithmetic))"#,
    #"(assert_return (invoke "lanes") (v128.const f32x4 1 nan:canonical 3 nan:canonical))"#,
    #"(assert_return (invoke "lanes") (v128.const f32x4 1 nan:canonical 4 nan:arithmetic))"#,
    #"(assert_return (invoke "func") (ref.null func))"#,
    #"(assert_return (invoke "func") (ref.extern))"#,
    #"(assert_return (invoke "same" (ref.extern 3)) (ref.extern 4))"#,
    #"(assert_return (invoke "same" (ref.null extern)) (ref.extern))"#,
    #"(assert_trap (invoke "one") "unreachable")"#,
    #"(assert_trap (invoke "trap") "integer overflow")"#,
    #"(assert_trap (module (func $s) (start $s)) "unreachable")"#,
    #"(assert_exhaustion (invoke "trap") "call stack exhausted")"#,
    #"(assert_exception (invoke "trap"))"#,
    #"(assert_exception (invoke "one"))"#,
    #"(assert_invalid (module (func)) "type mismatch")"#,
    #"(assert_invalid (module quote "(func") "type mismatch")"#,
    #"(assert_malformed (module quote "(func)") "unexpected end")"#,
    #"(assert_malformed (module quote "(func (result i32))") "unexpected end")"#,
    #"(assert_unlinkable (module (import "spectest" "print" (func))) "unknown import")"#,
    #"(module (import "spectest" "none" (func)))"#,
    #"(module (func (result i32)))"#,
    #"(module (func $s (unreachable)) (start $s))"#,
    #"(invoke "trap")"#,
  ])
  func fails(_ command: String) throws {
    let report = try run(command)
    #expect(report.failures.map(\.line) == [12] && report.passed == 0 && report.skipped.isEmpty, "\(report)")
  }

  @Test func whatNeedsAnUnsupportedModuleIsSkipped() throws {
    let report = try run(
      """
      (module $u (type $s (struct)) (func (export "f") (drop (struct.new $s))) (global (export "g") i32 (i32.const 1)))
      (assert_return (invoke "f"))
      (assert_return (get "g") (i32.const 1))
      (module $v (global structref (struct.new 0)) (type (struct)) (func (export "f")))
      (assert_return (invoke "f"))
      (register "v")
      (module (import "v" "f" (func)) (func (export "g")))
      (assert_return (invoke "g"))
      """)
    #expect(report.passed == 1 && report.failures.isEmpty)
    #expect(report.skipped.map(\.line) == [13, 16, 19])
    #expect(Set(report.skipped.map(\.reason)) == ["struct.new"])
  }

  @Test func aFailedModuleDoesNotLeaveTheOneBefore() throws {
    let report = try run("(module (func (result i32)))\n(assert_return (invoke \"one\") (i32.const 1))")
    #expect(report.passed == 0 && report.failures.map(\.line) == [12] && report.skipped.map(\.line) == [13])
  }
}
