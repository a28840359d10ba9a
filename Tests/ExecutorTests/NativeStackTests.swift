// However long or deep Wasm code runs, it takes no native stack: programs on a thread with 64 KiB of it. A step between
// two operations that is a call instead of a jump takes 8 bytes or more and does not give them back, so that some
// thousand of them end the process.

import Cannery
import Testing

struct StackProgram: CustomTestStringConvertible, Sendable {
  var name: String
  /// Imports `env`.`host` and what `other` exports.
  var module: String
  /// How often `f` goes round; none for programs that recurse until the stack's limit.
  var rounds: Int32?
  /// A second instance, made first.
  var other: String?
  var testDescription: String { name }
}

private func loop(_ body: String) -> String {
  """
  (loop \(body)
    (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
  """
}

private let rounds: Int32 = dispatchesThroughTrampoline ? 100_000 : 2_000_000
private let calls: Int32 = dispatchesThroughTrampoline ? 50_000 : 500_000

private let programs: [StackProgram] = [
  StackProgram(
    name: "a loop of arithmetic, loads and stores",
    module: """
      (module (memory 1) (func (export "f") (param i32) (local f64 v128)
        \(loop("""
          (i32.store (i32.and (local.get 0) (i32.const 0xFFFC)) (i32.mul (local.get 0) (i32.const 3)))
          (local.set 1
            (f64.add (local.get 1) (f64.convert_i32_u (i32.load (i32.and (local.get 0) (i32.const 0xFFF0))))))
          (local.set 2 (i32x4.add (local.get 2) (v128.load (i32.and (local.get 0) (i32.const 0xFFF0)))))
          """))))
      """,
    rounds: rounds),
  StackProgram(
    name: "a loop that branches by a table",
    module: """
      (module (func (export "f") (param i32)
        \(loop("""
          (block (block (block (br_table 0 1 2 (i32.rem_u (local.get 0) (i32.const 5)))) (nop)) (nop))
          """))))
      """,
    rounds: rounds),
  StackProgram(
    name: "a loop of bulk operations and growing",
    module: """
      (module (memory 1 1) (table 8 funcref) (func (export "f") (param i32)
        \(loop("""
          (memory.fill (i32.const 0) (i32.const 1) (i32.const 9))
          (memory.copy (i32.const 1) (i32.const 0) (i32.const 9))
          (drop (memory.grow (i32.const 1)))
          (table.set (i32.const 1) (table.get (i32.const 0)))
          (drop (table.size))
          (table.fill (i32.const 0) (ref.null func) (i32.const 2))
          """))))
      """,
    rounds: calls),
  StackProgram(
    name: "a loop of direct calls",
    module: """
      (module (func $g (param i32) (result i32) (local i32 i32 i32 i32 i32) (local.get 0))
        (func (export "f") (param i32) \(loop("(drop (call $g (local.get 0)))"))))
      """,
    rounds: rounds),
  StackProgram(
    name: "a loop of indirect calls",
    module: """
      (module (type $t (func (param i32) (result i32))) (table funcref (elem $g $h))
        (func $g (type $t) (local.get 0)) (func $h (type $t) (i32.const 1))
        (func (export "f") (param i32)
          \(loop("(drop (call_indirect (type $t) (local.get 0) (i32.and (local.get 0) (i32.const 1))))"))))
      """,
    rounds: rounds),
  StackProgram(
    name: "a loop of calls through references",
    module: """
      (module (type $t (func (param i32) (result i32))) (elem declare func $g)
        (func $g (type $t) (local.get 0))
        (func (export "f") (param i32) \(loop("(drop (call_ref $t (local.get 0) (ref.func $g)))"))))
      """,
    rounds: calls),
  StackProgram(
    name: "a loop of calls into another instance",
    module: """
      (module (import "other" "g" (func $g (param i32) (result i32))) (memory 1)
        (func (export "f") (param i32) \(loop("(drop (call $g (i32.load8_u (i32.const 0))))"))))
      """,
    rounds: rounds,
    other: "(module (memory 1) (func (export \"g\") (param i32) (result i32) (i32.load8_u (i32.const 5))))"),
  StackProgram(
    name: "a loop of host calls",
    module: """
      (module (import "env" "host" (func $h (param i32) (result i32)))
        (func (export "f") (param i32) \(loop("(drop (call $h (local.get 0)))"))))
      """,
    rounds: calls),
  StackProgram(
    name: "a loop of indirect host calls",
    module: """
      (module (type $t (func (param i32) (result i32))) (import "env" "host" (func $h (type $t)))
        (table funcref (elem $h))
        (func (export "f") (param i32) \(loop("(drop (call_indirect (type $t) (local.get 0) (i32.const 0)))"))))
      """,
    rounds: calls),
  StackProgram(
    name: "a loop of tail calls to the host",
    module: """
      (module (import "env" "host" (func $h (param i32) (result i32)))
        (func $g (param i32) (result i32) (return_call $h (local.get 0)))
        (func (export "f") (param i32) \(loop("(drop (call $g (local.get 0)))"))))
      """,
    rounds: calls),
  StackProgram(
    name: "a function that tail-calls itself",
    module: """
      (module (func $f (export "f") (param i32)
        (if (local.get 0) (then (return_call $f (i32.sub (local.get 0) (i32.const 1)))))))
      """,
    rounds: rounds),
  StackProgram(
    name: "functions that tail-call each other through a table",
    module: """
      (module (type $t (func (param i32))) (table funcref (elem $f $g))
        (func $g (param i32) (local i64 i64)
          (return_call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))
        (func $f (export "f") (param i32)
          (if (local.get 0) (then (return_call_indirect (type $t) (local.get 0) (i32.const 1))))))
      """,
    rounds: rounds),
  StackProgram(
    name: "a function that tail-calls through a reference",
    module: """
      (module (type $t (func (param i32))) (elem declare func $f)
        (func $f (export "f") (type $t)
          (if (local.get 0) (then (return_call_ref $t (i32.sub (local.get 0) (i32.const 1)) (ref.func $f))))))
      """,
    rounds: calls),
  StackProgram(
    name: "instances that tail-call each other",
    module: """
      (module (type $t (func (param i32))) (import "other" "g" (func $g (param i32)))
        (import "other" "t" (table 1 funcref))
        (elem (i32.const 0) $f)
        (func $f (export "f") (type $t)
          (if (local.get 0) (then (return_call $g (i32.sub (local.get 0) (i32.const 1)))))))
      """,
    rounds: rounds,
    other: """
      (module (type $t (func (param i32))) (table (export "t") 1 funcref)
        (func (export "g") (type $t) (return_call_indirect (type $t) (local.get 0) (i32.const 0))))
      """),
  StackProgram(
    name: "recursion",
    module: "(module (func $f (export \"f\") (param i32) (call $f (local.get 0))))"),
  StackProgram(
    name: "recursion with large frames",
    module: """
      (module (func $f (export "f") (param i32) (local \(String(repeating: "i64 ", count: 9000)))
        (call $f (local.get 0))))
      """),
  StackProgram(
    name: "recursion through a table",
    module: """
      (module (type $t (func (param i32))) (table funcref (elem $f))
        (func $f (export "f") (type $t) (call_indirect (type $t) (local.get 0) (i32.const 0))))
      """),
  StackProgram(
    name: "recursion over an instance's border",
    module: """
      (module (type $t (func (param i32))) (import "other" "g" (func $g (param i32)))
        (import "other" "t" (table 1 funcref))
        (elem (i32.const 0) $f)
        (func $f (export "f") (type $t) (call $g (local.get 0))))
      """,
    other: """
      (module (type $t (func (param i32))) (table (export "t") 1 funcref)
        (func (export "g") (type $t) (call_indirect (type $t) (local.get 0) (i32.const 0))))
      """),
  StackProgram(
    name: "host calls from every frame of a recursion",
    module: """
      (module (import "env" "host" (func $h (param i32) (result i32)))
        (func $f (export "f") (param i32) (drop (call $h (local.get 0))) (call $f (local.get 0))))
      """),
]

@Suite struct NativeStackTests {
  /// Short internal slices, so that running out of one and going on is part of every program.
  @Test(arguments: programs, [false, true])
  func staysSmall(_ program: StackProgram, tracksWrites: Bool) throws {
    var machine = try Machine(tracksWrites: tracksWrites)
    machine.store.context.pointee.slice = 50
    try machine.host("host", [.i32], [.i32]) { _, slots in
      slots[0] &+= 1
      return .done
    }
    if let other = program.other { try machine.add(other, as: "other") }
    let function = try machine.add(program.module).function("f")
    var trap: TrapKind?
    try onSmallThread {
      do { _ = try function.call([.i32(program.rounds ?? 1)]) } catch let error as Trap { trap = error.kind }
    }
    #expect(trap == (program.rounds == nil ? .callStackExhausted : nil))
  }

  /// An execution that stops and goes on very often, on the same small stack.
  @Test func stopsTakeNoStack() throws {
    var machine = try Machine()
    let function = try machine.add("(module (func (export \"f\") (param i32) \(loop("(nop)"))))").function("f")
    var stops = 0
    try onSmallThread {
      let execution = try Execution(function, arguments: [.i32(50_000)], instructions: 10)
      var state = try execution.run()
      while state.isOutOfInstructions {
        stops += 1
        state = try execution.resume(instructions: 10)
      }
      #expect(state.results == [])
    }
    #expect(stops > 10_000)
  }
}
