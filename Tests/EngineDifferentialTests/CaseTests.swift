// Small programs on engine and oracle together: what once differed, and what random programs seldom do.

import EngineComparison
import ProgramGenerator
import ReferenceInterpreter
import Testing
import WasmBinary
import WasmText
import WasmValidation
import WebAssembly

struct ProgramCase: CustomTestStringConvertible, Sendable {
  var name: String
  var module: String
  var arguments: [OracleValue] = []
  /// Of the functions that the module imports.
  var host = EnginePair.HostBehavior()
  var stackSlots = 2000
  /// What `f` must come to with enough instructions; nil where that is not the point.
  var outcome: EnginePair.Outcome?
  var testDescription: String { name }
}

extension EngineVariant {
  /// An instance of the module that `text` describes, and its pair.
  func pair(
    _ text: String, stackSlots: Int, host: EnginePair.HostBehavior = EnginePair.HostBehavior()
  ) throws -> (EnginePair, EnginePair.Instance) {
    let module: Module = try decodeModule(ModuleBytes(try parseModule(text)))
    _ = try validate(module)
    let pair = try EnginePair(self, stackSlots: stackSlots)
    var functions: [EnginePair.External] = []
    for item in module.imports {
      guard case .function(let index) = item.description, case .function(let type) = module.types[Int(index)].composite
      else { continue }
      functions.append(try pair.hostFunction(type, host))
    }
    var next = functions.makeIterator()
    return (pair, try pair.instantiate(module) { _ in next.next() })
  }
}

private func reentering(_ name: String, survivesTraps: Bool = false) -> EnginePair.HostBehavior {
  var behavior = EnginePair.HostBehavior()
  behavior.reenters = name
  behavior.survivesTraps = survivesTraps
  return behavior
}

private let cases: [ProgramCase] = [
  ProgramCase(
    name: "an argument in its place while the next one needs several temporaries",
    module: """
      (module (func $g (param i64 f64) (result i64) (local.get 0))
        (func (export "f") (param i64) (result i64)
          (call $g (i64.clz (local.get 0)) (select (f64.const 1) (f64.const inf) (i32.const 100)))))
      """,
    arguments: [.i64(1)], outcome: .results([.i64(63)])),
  ProgramCase(
    name: "more results than parameters, some of them constants and in wide slots",
    module: """
      (module (func (export "f") (param i32 i64) (result i64 i32 v128 f64 v128 i64 v128 i32 i64 v128 i64 i32)
        (local $v v128)
        (local.set $v (i64x2.splat (local.get 1)))
        (local.get 1) (local.get 0) (local.get $v) (f64.const 5) (local.get $v) (local.get 1)
        (v128.const i64x2 7 8) (i32.const 9) (i64.const 10) (local.get $v) (i64.const 11) (local.get 0)))
      """,
    arguments: [.i32(3), .i64(4)]),
  ProgramCase(
    name: "results that permute parameters and locals",
    module: """
      (module (func (export "f") (param i64 i64) (result i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
        (local i64 i64)
        (local.set 2 (i64.add (local.get 0) (local.get 1)))
        (local.set 3 (i64.mul (local.get 0) (local.get 1)))
        (local.get 1) (local.get 0) (local.get 3) (local.get 2) (local.get 1) (local.get 0) (local.get 3) (local.get 2)
        (local.get 3) (local.get 2) (local.get 1) (local.get 0) (local.get 0) (local.get 3) (local.get 2) (local.get 1)))
      """,
    arguments: [.i64(3), .i64(4)]),
  ProgramCase(
    name: "a function called from inside a host function is as deep as one in its place",
    module: """
      (module (import "host" "h" (func $h (param i64 i64 i64 i64) (result i64 i64)))
        (func $f (export "f") (param i32) (local i64 i64 i64)
          (call $h (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4)) (drop) (drop)
          (call $f (local.get 0))))
      """,
    arguments: [.i32(1)], host: reentering("f"), stackSlots: 300, outcome: .trap(.callStackExhausted)),
  ProgramCase(
    name: "a function that a tail-called host function calls has the place of the caller",
    module: """
      (module (import "host" "h" (func $h (param i64) (result i64)))
        (func $t (param i64) (result i64) (local i64 i64 i64 i64 i64 i64) (return_call $h (local.get 0)))
        (func $f (export "f") (param i64) (result i64)
          (i64.add (call $t (local.get 0)) (call $f (i64.add (local.get 0) (i64.const 1))))))
      """,
    arguments: [.i64(1)], host: reentering("f"), stackSlots: 300, outcome: .trap(.callStackExhausted)),
  ProgramCase(
    name: "a host function goes on after a trap in a second memory",
    module: """
      (module (import "host" "h" (func $h)) (memory 1) (memory 1) (data (i32.const 0) "\\05")
        (func (export "t") (i32.store8 1 (i32.const 65536) (i32.const 1)))
        (func (export "f") (result i32) (call $h) (i32.store8 (i32.const 8) (i32.const 7)) (i32.load8_u (i32.const 0))))
      """,
    host: reentering("t", survivesTraps: true), outcome: .results([.i32(5)])),
  ProgramCase(
    name: "a host function goes on after the stack was exhausted",
    module: """
      (module (import "host" "h" (func $h)) (func $t (export "t") (local i64 i64 i64) (call $t))
        (func $f (export "f") (param i32) (call $h) (call $f (local.get 0))))
      """,
    arguments: [.i32(1)], host: reentering("t", survivesTraps: true), stackSlots: 300,
    outcome: .trap(.callStackExhausted)),
  ProgramCase(
    name: "an integer in the accumulator while the address of a float is computed there",
    module: """
      (module (memory i64 1) (func (export "f") (param i64) (result i64)
        (i64.add (local.get 0) (i64.const 1))
        (drop (f64.load offset=0x100000000 (local.get 0)))
        (i64.mul (i64.const 3))))
      """,
    arguments: [.i64(1)], outcome: .trap(.outOfBoundsMemoryAccess)),
  ProgramCase(
    name: "a vector that a call returns as the second argument of the next call",
    module: """
      (module
        (func $v (result v128) (v128.const i64x2 1 2))
        (func $f (param i64 v128) (result i64)
          (i64.add (local.get 0) (i64x2.extract_lane 1 (local.get 1))))
        (func (export "f") (param i64) (result i64)
          (call $f (i64.popcnt (local.get 0)) (call $v))))
      """,
    arguments: [.i64(7)], outcome: .results([.i64(5)])),
  ProgramCase(
    name: "an i64 constant that is wrapped where it is compared, without optimisation",
    module: """
      (module (func (export "f") (param i32) (result i32)
        (i32.ge_u (i32.wrap_i64 (i64.const -36028797018963969)) (i32.wrap_i64 (i64.const 0x1_8000_0000)))
        (i32.lt_u (local.get 0) (i32.wrap_i64 (i64.const 0x1_0000_0005)))
        (i32.add)))
      """,
    arguments: [.i32(6)], outcome: .results([.i32(1)])),
  ProgramCase(
    name: "a loop without costs of its own",
    module: #"(module (func (export "f") (loop (br 0))))"#),
  ProgramCase(
    name: "a bulk operator at the start of a function, of a loop and in the midst of a unit",
    module: """
      (module (memory 1) (func (export "f") (param i32) (local i32 i32 i32)
        (local.get 1) (local.get 2) (local.get 3)
        (loop (param i32 i32 i32) (memory.fill)
          (memory.copy (i32.const 8) (i32.const 0) (i32.const 16))
          (local.get 1) (local.get 2) (local.get 0)
          (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))
          (memory.fill))))
      """,
    arguments: [.i32(4)], outcome: .results([])),
]

@Suite struct CaseTests {
  @Test(arguments: cases, EngineVariant.all)
  func agrees(_ program: ProgramCase, _ variant: EngineVariant) throws {
    let (pair, instance) = try variant.pair(program.module, stackSlots: program.stackSlots, host: program.host)
    guard let function = instance.export("f") else {
      Issue.record("no export f")
      return
    }
    let outcome = pair.invoke(function, program.arguments, InstructionSchedule(first: 100_000))
    if let wanted = program.outcome { #expect(outcome == wanted) }
    // Every limit up to where it makes no difference, and every place for a stop.
    for limit in 0..<400 as Range<Int64> {
      pair.invoke(function, program.arguments, InstructionSchedule(first: limit))
      // An interrupt would end an execution inside a host function.
      let interrupts = program.host.reenters == nil ? 3 : 0
      pair.invoke(
        function, program.arguments, InstructionSchedule(first: limit, further: [7, 0, 200], interrupts: interrupts))
    }
    #expect(pair.differences == [], "\(program.name), \(variant)")
  }
}
