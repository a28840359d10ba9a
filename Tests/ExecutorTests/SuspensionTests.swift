// Host functions that wait, in every way to call one; and what a stopped execution lets others do with its store.

import Cannery
import Semantics
import Testing

/// A type of host function, with what it is called with and what it answers.
struct WaitingFunction: CustomTestStringConvertible, Sendable {
  var parameters: [ValueType]
  var arguments: [Value]
  var results: [ValueType]
  var answer: [Value]

  var testDescription: String { "\(parameters) -> \(results)" }

  static let all: [WaitingFunction] = [
    WaitingFunction(parameters: [], arguments: [], results: [], answer: []),
    WaitingFunction(parameters: [.i32], arguments: [.i32(-5)], results: [.i32], answer: [.i32(7)]),
    WaitingFunction(parameters: [.f64], arguments: [.double(1.5)], results: [.f64], answer: [.double(-0.25)]),
    WaitingFunction(parameters: [.f32], arguments: [.float(3)], results: [.f32], answer: [.float(.infinity)]),
    WaitingFunction(
      parameters: [.v128, .i64], arguments: [.v128(V128(low: 1, high: 2)), .i64(3)], results: [.v128],
      answer: [.v128(V128(low: .max, high: 9))]),
    WaitingFunction(
      parameters: [.i64, .v128, .f32, .i32], arguments: [.i64(.min), .v128(V128(low: 5, high: 6)), .float(7), .i32(8)],
      results: [.i32, .v128, .f64, .i64, .f32],
      answer: [.i32(1), .v128(V128(low: 2, high: 3)), .double(4), .i64(5), .float(6)]),
  ]
}

/// How the host function is called.
enum Way: CaseIterable {
  case direct, indirect, reference, tail, indirectTail, referenceTail, otherInstance, otherInstanceTail

  func body(_ arguments: String) -> String {
    switch self {
    case .direct: "(call $wait \(arguments))"
    case .indirect: "(call_indirect (type $t) \(arguments) (i32.const 1))"
    case .reference: "(call_ref $t \(arguments) (ref.func $wait))"
    case .tail: "(return_call $wait \(arguments))"
    case .indirectTail: "(return_call_indirect (type $t) \(arguments) (i32.const 1))"
    case .referenceTail: "(return_call_ref $t \(arguments) (ref.func $wait))"
    case .otherInstance: "(call $relay \(arguments))"
    case .otherInstanceTail: "(return_call $relay \(arguments))"
    }
  }
}

@Suite struct SuspensionTests {
  /// `f` calls `g`, which calls the host; an f64 and a vector stay alive meanwhile, and come behind the results.
  private func module(_ function: WaitingFunction, _ way: Way) -> String {
    let parameters = function.parameters.map(\.description).joined(separator: " ")
    let results = function.results.map(\.description).joined(separator: " ")
    let type = "(param \(parameters)) (result \(results))"
    let arguments = function.parameters.indices.map { "(local.get \($0))" }.joined(separator: " ")
    let f64 = function.parameters.count
    return """
      (module
        (type $t (func \(type)))
        (import "env" "wait" (func $wait (type $t)))
        (import "relay" "relay" (func $relay (type $t)))
        (table funcref (elem $relay $wait))
        (func $g (type $t) \(way.body(arguments)))
        (func (export "f") (param \(parameters)) (result \(results) f64 v128) (local f64 v128)
          (local.set \(f64) (f64.add (local.get \(f64)) (f64.const 2.5)))
          (local.set \(f64 + 1) (i64x2.splat (i64.reinterpret_f64 (local.get \(f64)))))
          (call $g \(arguments))
          (f64.add (local.get \(f64)) (f64.const 1))
          (i64x2.add (local.get \(f64 + 1)) (i64x2.splat (i64.const 1)))))
      """
  }

  @Test(arguments: WaitingFunction.all, Way.allCases)
  func waits(_ function: WaitingFunction, _ way: Way) throws {
    for optimization in OptimizationLevel.allCases {
      var machine = try Machine(optimization: optimization)
      var seen: [Value] = []
      try machine.host("wait", function.parameters, function.results) { _, slots in
        var slot = UnsafePointer(slots)
        for type in function.parameters {
          seen.append(Value(type: type, from: slot))
          slot += type.slotCount
        }
        return .suspend
      }
      let types =
        "(param \(function.parameters.map(\.description).joined(separator: " "))) "
        + "(result \(function.results.map(\.description).joined(separator: " ")))"
      let arguments = function.parameters.indices.map { "(local.get \($0))" }.joined(separator: " ")
      try machine.add(
        """
        (module (import "env" "wait" (func $wait \(types))) (memory 1)
          (func (export "relay") \(types) (return_call $wait \(arguments))))
        """, as: "relay")
      let instance = try machine.add(module(function, way))
      let execution = try Execution(instance.function("f"), arguments: function.arguments)
      guard case .waitingForHost(let type) = try execution.run() else {
        Issue.record("does not wait")
        return
      }
      #expect(type == FunctionType(parameters: function.parameters, results: function.results))
      #expect(seen == function.arguments)
      // Other things are not what it waits for, and change nothing.
      #expect(throws: ExecutionError.notResumable) { try execution.run() }
      #expect(throws: ExecutionError.notResumable) { try execution.resume(instructions: 1) }
      #expect(throws: ExecutionError.self) { try execution.resume(results: function.answer + [.i32(0)]) }
      // It goes on on another thread.
      var state = ExecutionState.outOfInstructions
      try onSmallThread(stackBytes: 512 << 10) { state = try execution.resume(results: function.answer) }
      let v128 = V128(low: 0x4004_0000_0000_0001, high: 0x4004_0000_0000_0001)
      #expect(state.results == function.answer + [.double(3.5), .v128(v128)])
      #expect(throws: ExecutionError.notResumable) { try execution.resume(results: function.answer) }
    }
  }

  @Test(arguments: Way.allCases)
  func failsWhileItWaits(_ way: Way) throws {
    struct Broken: Error {}
    var machine = try Machine()
    try machine.host("wait", [.i32], [.i32]) { _, _ in .suspend }
    let types = "(param i32) (result i32)"
    try machine.add(
      """
      (module (import "env" "wait" (func $wait \(types)))
        (func (export "relay") \(types) (return_call $wait (local.get 0))))
      """, as: "relay")
    let instance = try machine.add(module(WaitingFunction.all[1], way))
    for error in [Broken() as any Error, TrapKind.unreachable] {
      let execution = try Execution(instance.function("f"), arguments: [.i32(1)])
      #expect(try execution.run().isWaiting)
      let trap = try execution.resume(throwing: error).trap
      #expect(trap?.kind == (error is Broken ? .hostError : .unreachable))
      #expect(trap?.underlying is Broken == error is Broken)
      #expect(trap?.backtrace.first?.name == "wait")
      #expect(trap?.backtrace.last?.function == 3)
    }
    #expect(try instance.function("f").store === machine.store)
  }

  @Test func theStoreBelongsToIt() throws {
    var machine = try Machine()
    var waits = true
    try machine.host("wait") { _, _ in waits ? .suspend : .done }
    let instance = try machine.add(
      """
      (module (import "env" "wait" (func $wait)) (memory (export "m") 1)
        (func (export "f") (call $wait)) (func (export "g")))
      """)
    let other = try machine.engine.compile(Array("(module)".utf8))
    var execution: Execution? = try Execution(instance.function("f"), arguments: [])
    func expectRefusals() {
      #expect(throws: ExecutionError.storeIsSuspended) { try instance.call("g") }
      #expect(throws: ExecutionError.storeIsSuspended) { try Execution(instance.function("g"), arguments: []) }
      do {
        _ = try machine.linker.instantiate(other)
        Issue.record("made an instance")
      } catch {
        guard case .storeIsSuspended = error else {
          Issue.record("\(error)")
          return
        }
      }
    }
    // From its making on, not only from its start.
    expectRefusals()
    #expect(try execution?.run().isWaiting == true)
    expectRefusals()
    execution = nil
    #expect(try instance.call("g") == [])
    waits = false
    #expect(try instance.call("f") == [])
  }

  /// A host function that waits where nothing can wait: under `Function.call`, and inside another host function.
  @Test func cannotSuspend() throws {
    var machine = try Machine()
    var instance: Instance?
    var seen: (any Error)?
    try machine.host("wait") { _, _ in .suspend }
    try machine.host("enter") { _, _ in
      do { _ = try instance?.call("f") } catch { seen = error }
      return .done
    }
    instance = try machine.add(
      """
      (module (import "env" "wait" (func $wait)) (import "env" "enter" (func $enter))
        (func (export "f") (call $wait)) (func (export "outer") (call $enter)))
      """)
    #expect(throws: ExecutionError.cannotSuspend) { try instance?.call("f") }
    #expect(try instance?.call("outer") == [])
    let trap = seen as? Trap
    #expect(trap?.kind == .hostError)
    #expect(trap?.underlying as? ExecutionError == .cannotSuspend)
    #expect(trap?.backtrace.first?.name == "wait")
    // Called by the host itself.
    guard case .function(let wait)? = machine.linker.lookUp("env", "wait") else { return }
    #expect(throws: ExecutionError.cannotSuspend) { try wait.call() }
  }

  /// A host function has the execution that it runs in.
  @Test func theExecutionInItsOwnHostFunction() throws {
    var machine = try Machine(tracksWrites: true)
    var execution: Execution?
    var errors: [ExecutionError?] = []
    try machine.host("meddle") { _, _ in
      do { _ = try execution?.run() } catch { errors.append(error as? ExecutionError) }
      do { _ = try execution?.resume(instructions: 5) } catch { errors.append(error as? ExecutionError) }
      do { _ = try execution?.resume(results: []) } catch { errors.append(error as? ExecutionError) }
      execution?.abandon()
      return .done
    }
    let instance = try machine.add(
      """
      (module (import "env" "meddle" (func $meddle)) (memory (export "m") 1)
        (func (export "f") (result i32)
          (i32.store (i32.const 0) (i32.const 9)) (call $meddle) (i32.load (i32.const 0))))
      """)
    execution = try Execution(instance.function("f"), arguments: [])
    #expect(try execution?.run().results == [.i32(9)])
    #expect(errors == [.notResumable, .notResumable, .notResumable])
    #expect(try instance.memory("m").dirtyPages() == [0])
  }

  /// Without a limit, a charge of more than the counter can hold is no reason to stop.
  @Test func noLimit() throws {
    var machine = try Machine()
    let instance = try machine.add(
      """
      (module (memory i64 1)
        (func (export "f") (memory.fill (i64.const 0) (i32.const 0) (i64.const -1)))
        (func (export "twice") (local i32)
          (loop
            (if (i32.eqz (local.get 0)) (then (local.set 0 (i32.const 1)) (br 1))))
          (memory.fill (i64.const 0) (i32.const 0) (i64.const -1))))
      """)
    for name in ["f", "twice"] {
      let execution = try Execution(instance.function(name), arguments: [])
      #expect(try execution.run().trap?.kind == .outOfBoundsMemoryAccess)
      #expect(execution.instructionsExecuted == .max)
    }
    // With one it is.
    let limited = try Execution(instance.function("f"), arguments: [], instructions: .max)
    #expect(try limited.run().isOutOfInstructions)
    #expect(try limited.resume(instructions: .max).trap?.kind == .outOfBoundsMemoryAccess)
    #expect(limited.instructionsExecuted == .max)
  }
}
