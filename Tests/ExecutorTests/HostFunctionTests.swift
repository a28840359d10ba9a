// What host functions throw, and where traps say that they come from.

import Cannery
import Testing

@Suite struct HostFunctionTests {
  private struct Refusal: Error, Equatable { var code: Int }

  /// How `f` gets to the host function `fail`, innermost call first: by the names of the frames of the backtrace.
  private static let ways: [(body: String, frames: [String])] = [
    ("(call $fail)", ["fail", "f"]),
    ("(call_indirect (type $t) (i32.const 0))", ["fail", "f"]),
    ("(call_ref $t (ref.func $fail))", ["fail", "f"]),
    ("(call $tail)", ["fail", "tail", "f"]),
    ("(call $deep (i32.const 2))", ["fail", "deep", "deep", "deep", "f"]),
    ("(call $relay)", ["fail", "relay", "f"]),
    ("(call $relayTail)", ["fail", "f"]),
  ]

  @Test(arguments: ways.indices)
  func errorsAreCarried(_ way: Int) throws {
    let (body, frames) = Self.ways[way]
    var machine = try Machine()
    var error: any Error = Refusal(code: 5)
    try machine.host("fail") { _, _ in throw error }
    try machine.add(
      """
      (module (import "env" "fail" (func $fail))
        (func $relay (export "relay") (call $fail)) (func $relayTail (export "relayTail") (return_call $fail)))
      """, as: "other")
    let instance = try machine.add(
      """
      (module (type $t (func)) (import "env" "fail" (func $fail))
        (import "other" "relay" (func $relay)) (import "other" "relayTail" (func $relayTail))
        (table funcref (elem $fail)) (elem declare func $fail)
        (func $tail (return_call $fail))
        (func $deep (param i32)
          (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1)))) (else (call $fail))))
        (func $f (export "f") \(body)))
      """)
    let trap = try instance.trap("f")
    #expect(trap?.kind == .hostError)
    #expect(trap?.underlying as? Refusal == Refusal(code: 5))
    let names = trap?.backtrace.map { $0.name ?? "?" }
    // A function that was replaced by a tail call may still be named, as its frame is there while the host runs.
    #expect(names == frames || names == frames.prefix(1) + ["relayTail"] + frames.dropFirst())
    #expect(trap?.backtrace.first?.isHost == true)
    #expect(trap?.backtrace.dropFirst().allSatisfy { !$0.isHost && $0.offset != nil } == true)
    // The next trap is a new one.
    error = TrapKind.integerOverflow
    let second = try instance.trap("f")
    #expect(second?.kind == .integerOverflow)
    #expect(second?.underlying == nil)
    #expect(second?.backtrace.first?.name == "fail")
    error = CancellationError()
    #expect(try instance.trap("f")?.underlying is CancellationError)
  }

  /// A trap of Wasm code after a host function has failed and been caught has no trace of it.
  @Test func caughtErrorsAreForgotten() throws {
    var machine = try Machine()
    var instance: Instance?
    try machine.host("fail") { _, _ in throw Refusal(code: 1) }
    try machine.host("catch") { _, _ in
      let trap = try instance?.trap("fail")
      #expect(trap?.underlying as? Refusal == Refusal(code: 1))
      return .done
    }
    instance = try machine.add(
      """
      (module (import "env" "fail" (func $fail)) (import "env" "catch" (func $catch))
        (func (export "fail") (call $fail)) (func $f (export "f") (call $catch) unreachable))
      """)
    let trap = try instance?.trap("f")
    #expect(trap?.kind == .unreachable)
    #expect(trap?.underlying == nil)
    #expect(trap?.backtrace.map(\.name) == ["f"])
  }

  @Test func wrongResults() throws {
    var machine = try Machine()
    var results: [Value] = []
    try machine.linker.function("env", "h", FunctionType(parameters: [], results: [.i32, .f64])) { _, _ in results }
    let instance = try machine.add(
      #"(module (import "env" "h" (func $h (result i32 f64))) (func (export "f") (result i32 f64) (call $h)))"#)
    for wrong in [[], [.i32(1)], [.double(1), .i32(1)], [.i32(1), .double(2), .i32(3)]] as [[Value]] {
      results = wrong
      #expect(try instance.trap("f")?.underlying is ExecutionError)
    }
    results = [.i32(1), .double(2)]
    #expect(try instance.call("f") == results)
  }

  /// A host function that has called Wasm code, which called another one, is still the one that runs.
  @Test func hostFunctionsAfterNestedOnes() throws {
    var machine = try Machine()
    var charge = false
    try machine.host("inner") { _, _ in .done }
    try machine.host("outer", [.i64, .i64]) { caller, _ in
      guard let instance = caller.instance else { return .suspend }
      for _ in 0..<2 { _ = try instance.function("middle").call() }
      if charge { try caller.charge(1000) }
      throw Refusal(code: 6)
    }
    let instance = try machine.add(
      """
      (module (import "env" "inner" (func $inner)) (import "env" "outer" (func $outer (param i64 i64)))
        (func (export "middle") (call $inner))
        (func (export "f") (call $outer (i64.const 1) (i64.const 2))))
      """)
    #expect(try instance.trap("f")?.backtrace.map { $0.name } == ["outer", nil])
    // It has called Wasm code: so it isn't run again.
    charge = true
    let execution = try Execution(instance.function("f"), arguments: [], instructions: 500)
    #expect(try execution.run().trap?.kind == .outOfInstructions)
  }

  /// Host functions that the host calls, that make others, and that call Wasm code in the same instance.
  @Test func hostFunctionsInHostFunctions() throws {
    var machine = try Machine()
    let store = machine.store
    var instance: Instance?
    try machine.host("outer", [.i32], [.i32]) { caller, slots in
      #expect(caller.instance == instance)
      let made = try store.makeHostFunction(FunctionType(parameters: [.i32], results: [.i32])) { caller, slots in
        #expect(caller.instance == nil)
        slots[0] += 1
        return .done
      }
      let more = try made.call([.i32(Int32(slots[0]))])
      guard case .i32(let value) = try instance?.call("double", more[0]).first else { return .done }
      slots[0] = UInt64(value)
      return .done
    }
    instance = try machine.add(
      """
      (module (import "env" "outer" (func $outer (param i32) (result i32)))
        (func (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
        (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (call $outer (local.get 0)))))
      """)
    #expect(try instance?.call("f", .i32(20)) == [.i32(62)])
  }

  /// What a function that a host function calls executes counts for the whole execution.
  @Test func nestedInstructionsCount() throws {
    var machine = try Machine()
    var instance: Instance?
    try machine.host("nest") { _, _ in
      _ = try instance?.call("spin", .i32(100))
      return .done
    }
    let made = try machine.add(
      """
      (module (import "env" "nest" (func $nest))
        (func $spin (export "spin") (param i32)
          (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
        (func (export "direct") (call $spin (i32.const 100)))
        (func (export "nested") (call $nest)))
      """)
    instance = made
    func executed(_ name: String, _ arguments: Value...) throws -> UInt64 {
      let execution = try Execution(made.function(name), arguments: arguments)
      #expect(try execution.run().results != nil)
      return execution.instructionsExecuted
    }
    // The direct call has one constant more.
    #expect(try executed("direct") == executed("nested") + 1)
    // Without enough instructions the inner one cannot stop: it traps, and with it all.
    let execution = try Execution(made.function("nested"), arguments: [], instructions: 50)
    #expect(try execution.run().trap?.kind == .outOfInstructions)
    #expect(execution.instructionsExecuted >= 50)
  }

  /// A type that names one which the engine has not seen is an error, not a crash.
  @Test func unknownTypes() throws {
    let machine = try Machine()
    let reference = ValueType.ref(.concrete(1_000_000), nullable: true)
    for type in [
      FunctionType(parameters: [reference], results: []), FunctionType(parameters: [.i32], results: [.i32, reference]),
    ] {
      #expect(throws: ModuleError.self) { try machine.store.makeHostFunction(type) { _, _ in .done } }
    }
  }

  /// What ends a start function that a host function runs is told as what it is.
  @Test func startFunctionRunsOut() throws {
    var machine = try Machine()
    let module = try machine.engine.compile(Array("(module (func (loop (br 0))) (start 0))".utf8))
    var kinds: [TrapKind] = []
    try machine.host("instantiate") { caller, _ in
      do { _ = try caller.store.instantiate(module, imports: []) } catch InstantiationError.trap(let trap) {
        kinds.append(trap.kind)
      }
      return .done
    }
    let instance = try machine.add(#"(module (import "env" "instantiate" (func)) (func (export "f") (call 0)))"#)
    _ = try Execution(instance.function("f"), arguments: [], instructions: 100).run()
    #expect(kinds == [.outOfInstructions])
  }

  /// What a host function leaves above a result of 32 bits is not part of it.
  @Test func upperHalvesOfResults() throws {
    var machine = try Machine()
    try machine.host("one", [], [.i32]) { _, slots in
      slots[0] = UInt64(bitPattern: -2)
      return .done
    }
    try machine.host("zero", [], [.i32]) { _, slots in
      slots[0] = 1 << 40
      return .done
    }
    try machine.host("several", [], [.i32, .v128, .f32, .i64]) { _, slots in
      for slot in 0..<5 { slots[slot] = UInt64(bitPattern: -3) }
      return .done
    }
    let instance = try machine.add(
      """
      (module
        (import "env" "one" (func $one (result i32)))
        (import "env" "several" (func $several (result i32 v128 f32 i64)))
        (import "env" "zero" (func $zero (result i32)))
        (memory 1)
        (table 1 funcref)
        (global $g (mut i32) (i32.const 0))
        (elem (i32.const 0) $one)
        (func (export "zeros") (result i32) (local i32)
          (i32.load (call $zero))
          (if (result i32) (call $zero) (then (i32.const 1)) (else (i32.const 0)))
          (i32.add)
          (i32.add (i32.ne (i32.const 0) (call $zero)))
          (i32.add (i32.gt_u (call $zero) (i32.const 0)))
          (i32.add (i32.eqz (i32.eqz (call $zero))))
          (i32.add (select (i32.const 1) (i32.const 0) (call $zero)))
          (i32.add (block (result i32) (br_if 0 (i32.const 1) (call $zero)) drop (i32.const 0)))
          (i32.add (i32.add (i32.clz (i32.eq (call $zero) (i32.const 0))) (i32.const -31)))
          (i32.add (i32.popcnt (call $zero)))
          (i32.add (i32.shr_u (call $zero) (i32.const 10)))
          (i32.add (i32.div_u (call $zero) (i32.const 3)))
          (i32.add (i32.wrap_i64 (i64.shr_u (i64.extend_i32_u (call $zero)) (i64.const 40))))
          (i32.add (i32.add (i32.const 2) (call_indirect (result i32) (call $zero))))
          (local.set 0 (call $zero))
          (i32.add (i32.load offset=4 (local.get 0)))
          (i32.add (i32.ne (local.get 0) (i32.const 0)))
          (global.set $g (local.get 0))
          (i32.add (i32.wrap_i64 (i64.shr_u (i64.extend_i32_u (global.get $g)) (i64.const 40))))
          (i32.store (local.get 0) (local.get 0))
          (memory.fill (local.get 0) (i32.const 0) (local.get 0))
          (i32.add (i32.load (i32.const 4))))
        (func (export "extend") (result i64) (i64.extend_i32_u (call $one)))
        (func (export "compare") (result i32) (i32.eq (call $one) (i32.const -2)))
        (func (export "add") (result i64) (i64.extend_i32_u (i32.add (call $one) (i32.const 3))))
        (func (export "load") (result i32) (i32.load (i32.add (call $one) (i32.const 6))))
        (func $tail (export "tail") (result i32) (return_call $one))
        (func (export "useTail") (result i64) (i64.extend_i32_u (call $tail)))
        (func (export "several") (result i64 i64 i64) (local $x f32) (local $y i64)
          call $several
          local.set $y
          local.set $x
          drop
          i64.extend_i32_u
          (i64.extend_i32_u (i32.reinterpret_f32 (local.get $x)))
          (local.get $y)))
      """)
    #expect(try instance.call("zeros") == [.i32(0)])
    #expect(try instance.call("extend") == [.i64(0xFFFF_FFFE)])
    #expect(try instance.call("compare") == [.i32(1)])
    #expect(try instance.call("add") == [.i64(1)])
    #expect(try instance.call("load") == [.i32(0)])
    #expect(try instance.call("useTail") == [.i64(0xFFFF_FFFE)])
    #expect(try instance.call("several") == [.i64(0xFFFF_FFFD), .i64(0xFFFF_FFFD), .i64(-3)])
  }
}
