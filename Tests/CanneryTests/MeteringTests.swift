// The engine's counts: the worked examples of the metering rules, at each optimisation level.

import Cannery
import MeteringExamples
import Testing

@Suite struct MeteringTests {
  @Test(arguments: meteringExamples, OptimizationLevel.allCases)
  func example(_ example: MeteringExample, optimization: OptimizationLevel) throws {
    let engine = Engine(EngineConfiguration(compiler: CompilerOptions(optimization: optimization, threads: 1)))
    let store = try engine.makeStore()
    let instance = try Linker(store).instantiate(engine.compile(Array(example.module.utf8)))
    guard case .function(let function)? = instance.export("f") else {
      Issue.record("no export f")
      return
    }
    let execution = try Execution(function, arguments: [], instructions: UInt64(example.limit))
    var trap: TrapKind?
    switch try execution.run() {
    case .finished: break
    case .outOfInstructions: trap = .outOfInstructions
    case .trapped(let cause): trap = cause.kind
    case .waitingForHost, .interrupted: Issue.record("neither waits nor is interrupted")
    }
    #expect(trap == example.trap)
    #expect(execution.instructionsExecuted == example.executed)
    if let wanted = example.global, case .global(let global)? = instance.export("g") {
      #expect(global.value == .i64(Int64(wanted)))
    }
  }
}
