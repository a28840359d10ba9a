// Charges made by host functions: a charge that the slice can't pay stops the execution like any check point, and the
// function runs again when the execution goes on, without being charged twice.

import Cannery
import Testing
import WasmText

@Suite struct HostChargeTests {
  private static let text = """
    (module
      (type $f (func (param i32 i32) (result i32)))
      (import "host" "work" (func $work (type $f)))
      (table 1 funcref)
      (elem (i32.const 0) func $work)
      (func (export "direct") (type $f)
        (i32.add (call $work (local.get 0) (local.get 1)) (i32.const 1)))
      (func (export "indirect") (type $f)
        (i32.add (call_indirect (type $f) (local.get 0) (local.get 1) (i32.const 0)) (i32.const 1)))
      (func $tail (type $f) (return_call $work (local.get 1) (local.get 0)))
      (func (export "tail") (type $f)
        (i32.add (call $tail (local.get 1) (local.get 0)) (i32.const 1))))
    """

  private final class Log {
    var runs = 0
    var effects = 0
  }

  /// A function of the module whose import charges 300 and 400 before its effect, and 5 after.
  private func function(_ name: String, _ log: Log) throws -> Function {
    let engine = Engine(EngineConfiguration(metering: .icp))
    let store = try engine.makeStore()
    let type = FunctionType(parameters: [.i32, .i32], results: [.i32])
    let work = try store.makeHostFunction(type, name: "work") { caller, slots in
      log.runs += 1
      try caller.charge(300)
      try caller.charge(400)
      log.effects += 1
      slots[0] = UInt64(UInt32(truncatingIfNeeded: slots[0] &- slots[1]))
      return .done
    }
    var linker = Linker(store)
    linker.define("host", "work", .function(work))
    let instance = try linker.instantiate(try engine.compile(Array(HostChargeTests.text.utf8)))
    guard case .function(let function)? = instance.export(name) else { throw ExecutionError.notResumable }
    return function
  }

  @Test(arguments: ["direct", "indirect", "tail"], [5, 100, 310, 500, 699, 10_000] as [UInt64])
  func slicesChangeNothing(_ name: String, _ slice: UInt64) throws {
    let whole = Log()
    let execution = try Execution(try function(name, whole), arguments: [.i32(50), .i32(8)], instructions: 1_000_000)
    guard case .finished(let results) = try execution.run() else { throw ExecutionError.notResumable }
    #expect(results == [.i32(43)])
    #expect(whole.runs == 1)

    let log = Log()
    let sliced = try Execution(try function(name, log), arguments: [.i32(50), .i32(8)], instructions: slice)
    var state = try sliced.run()
    var stops = 0
    while case .outOfInstructions = state {
      stops += 1
      if stops > 100 { break }
      state = try sliced.resume(instructions: slice)
    }
    guard case .finished(results) = state else {
      Issue.record("\(state)")
      return
    }
    #expect(sliced.instructionsExecuted == execution.instructionsExecuted)
    #expect(log.effects == 1)
    #expect((stops > 0) == (slice < 700))
  }

  /// Where the function has called Wasm code it can't run again.
  @Test func afterCallingWasmTheErrorIsFinal() throws {
    let engine = Engine()
    let store = try engine.makeStore()
    var linker = Linker(store)
    var inner: Function?
    let type = FunctionType(parameters: [], results: [])
    linker.define(
      "host", "enter",
      .function(
        try store.makeHostFunction(type, name: "enter") { caller, _ in
          _ = try inner?.call()
          try caller.charge(1_000)
          return .done
        }))
    let text = """
      (module (import "host" "enter" (func $enter)) (func (export "inner")) (func (export "outer") (call $enter)))
      """
    let instance = try linker.instantiate(try engine.compile(Array(text.utf8)))
    guard case .function(let outer)? = instance.export("outer"),
      case .function(let function)? = instance.export("inner")
    else { throw ExecutionError.notResumable }
    inner = function
    let execution = try Execution(outer, arguments: [], instructions: 500)
    guard case .trapped(let trap) = try execution.run() else {
      Issue.record("the execution did not trap")
      return
    }
    #expect(trap.kind == .outOfInstructions)
    #expect(execution.instructionsExecuted == 1_007)
  }

  /// Each frame of a backtrace tells where its call is.
  @Test func backtracesNameTheCalls() throws {
    let engine = Engine()
    let store = try engine.makeStore()
    let bytes = try parseModule(
      Array(
        """
        (module
          (func $inner unreachable)
          (func $middle nop nop call $inner)
          (func (export "outer") nop call $middle nop))
        """.utf8))
    let instance = try Linker(store).instantiate(try engine.compile(bytes))
    guard case .function(let outer)? = instance.export("outer") else { throw ExecutionError.notResumable }
    guard case .trapped(let trap) = try Execution(outer, arguments: []).run() else {
      Issue.record("the execution did not trap")
      return
    }
    // The operators at these offsets.
    let operators = trap.backtrace.map { frame in frame.offset.map { bytes[$0] } }
    #expect(operators == [0x00, 0x10, 0x10])
    #expect(trap.backtrace.map(\.function) == [0, 1, 2])
  }

  /// A host function that the host calls itself has no limit, and takes nothing of a stopped execution's.
  @Test func calledByTheHost() throws {
    let engine = Engine(EngineConfiguration(metering: .icp))
    let store = try engine.makeStore()
    let charge = try store.makeFunction(FunctionType(parameters: [.i64], results: [.i64])) { caller, arguments in
      guard case .i64(let amount) = arguments[0] else { return [] }
      try caller.charge(UInt64(amount))
      return [.i64(Int64(caller.remainingInstructions))]
    }
    #expect(try charge.call([.i64(1000)]) == [.i64(.max - 1000)])
    let module = try engine.compile(Array("(module (func (export \"f\") (loop (br 0))))".utf8))
    let function = try store.instantiate(module, imports: []).function(at: 0)
    let execution = try Execution(function, arguments: [], instructions: 50)
    guard case .outOfInstructions = try execution.run() else { throw ExecutionError.notResumable }
    #expect(execution.instructionsExecuted == 51)
    #expect(try charge.call([.i64(1000)]) == [.i64(.max - 1000)])
    #expect(execution.instructionsExecuted == 51)
    execution.abandon()
    #expect(execution.instructionsExecuted == 51)
    #expect(try charge.call([.i64(1000)]) == [.i64(.max - 1000)])
  }

  /// The same for executions that such a host function makes.
  @Test func executionInsideACallByTheHost() throws {
    let engine = Engine(EngineConfiguration(metering: .icp))
    let store = try engine.makeStore()
    let module = try engine.compile(Array("(module (func (export \"f\") (loop (br 0))))".utf8))
    let function = try store.instantiate(module, imports: []).function(at: 0)
    let host = try store.makeFunction(FunctionType(parameters: [], results: [])) { caller, _ in
      try caller.charge(10)
      let execution = try Execution(function, arguments: [], instructions: 50)
      _ = try execution.run()
      #expect(execution.instructionsExecuted == 51)
      execution.abandon()
      #expect(caller.remainingInstructions == .max - 10)
      try caller.charge(10)
      return []
    }
    _ = try host.call()
  }

  /// A start function that is a host function is limited, and counted, by its charges.
  @Test func startFunctionOfTheHosts() throws {
    let engine = Engine(EngineConfiguration(metering: .icp))
    var linker = Linker(try engine.makeStore())
    try linker.function("env", "start", FunctionType(parameters: [], results: [])) { caller, _ in
      try caller.charge(300)
      return []
    }
    let module = try engine.compile(Array("(module (import \"env\" \"start\" (func)) (start 0))".utf8))
    #expect(try linker.instantiate(module).startInstructions == 300)
    #expect(try linker.instantiate(module, instructions: 300).startInstructions == 300)
    #expect(throws: InstantiationError.self) { try linker.instantiate(module, instructions: 299) }
  }

  /// What a host function charges that another one calls stops the execution just so.
  @Test func calledByAnotherHostFunction() throws {
    let engine = Engine(EngineConfiguration(metering: .icp))
    let store = try engine.makeStore()
    let type = FunctionType(parameters: [], results: [.i32])
    let inner = try store.makeFunction(type) { caller, _ in
      try caller.charge(300)
      return [.i32(7)]
    }
    let outer = try store.makeFunction(type) { caller, _ in
      try caller.charge(50)
      return try inner.call()
    }
    let text = #"(module (import "env" "outer" (func (result i32))) (func (export "f") (result i32) (call 0)))"#
    let instance = try store.instantiate(try engine.compile(Array(text.utf8)), imports: [.function(outer)])
    let execution = try Execution(instance.function(at: 1), arguments: [], instructions: 100)
    guard case .outOfInstructions = try execution.run() else { throw ExecutionError.notResumable }
    guard case .finished(let results) = try execution.resume(instructions: 1000) else {
      throw ExecutionError.notResumable
    }
    #expect(results == [.i32(7)])
    #expect(execution.instructionsExecuted == 1 + 5 + 350)
  }
}
