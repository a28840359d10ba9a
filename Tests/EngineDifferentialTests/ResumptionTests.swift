// Which ways to go on are open to a stopped execution.

import Cannery
import Testing
import WasmText

@Suite struct ResumptionTests {
  /// An execution of an endless loop, which costs 3 in each iteration.
  private func execution(instructions: UInt64, interrupted: Bool = false) throws -> Execution {
    let engine = Engine(EngineConfiguration(metering: .icp))
    let store = try engine.makeStore()
    store.context.pointee.slice = 10
    let module = try engine.compile(Array(#"(module (func (export "f") (loop (nop) (br 0))))"#.utf8))
    guard case .function(let function)? = try Linker(store).instantiate(module).export("f") else {
      preconditionFailure("the module exports f")
    }
    if interrupted { store.interruptHandle.interrupt() }
    return try Execution(function, arguments: [], instructions: instructions)
  }

  private func isOutOfInstructions(_ state: ExecutionState) -> Bool {
    if case .outOfInstructions = state { true } else { false }
  }

  private func isInterrupted(_ state: ExecutionState) -> Bool {
    if case .interrupted = state { true } else { false }
  }

  /// Running on with a counter that a check has found to be negative would pass the check.
  @Test func outOfInstructionsNeedsMore() throws {
    let execution = try execution(instructions: 100)
    #expect(isOutOfInstructions(try execution.run()))
    #expect(execution.instructionsExecuted == 103)
    #expect(throws: ExecutionError.notResumable) { try execution.run() }
    #expect(execution.instructionsExecuted == 103)
    #expect(isOutOfInstructions(try execution.resume(instructions: 8)))
    #expect(execution.instructionsExecuted == 112)
  }

  @Test func anInterruptDoesNotPassACheck() throws {
    let execution = try execution(instructions: 100, interrupted: true)
    #expect(isInterrupted(try execution.run()))
    execution.store.interruptHandle.interrupt()
    #expect(isInterrupted(try execution.run()))
    #expect(isOutOfInstructions(try execution.run()))
    #expect(execution.instructionsExecuted == 103)
  }

  /// An interrupt that comes when instructions run out waits for the execution to go on.
  @Test func anInterruptWaits() throws {
    let execution = try execution(instructions: 5, interrupted: true)
    #expect(isOutOfInstructions(try execution.run()))
    #expect(execution.instructionsExecuted == 7)
    #expect(isInterrupted(try execution.resume(instructions: 100)))
    #expect(isOutOfInstructions(try execution.run()))
  }

  @Test func anInterruptedSliceCanBeCut() throws {
    let execution = try execution(instructions: 100, interrupted: true)
    #expect(isInterrupted(try execution.run()))
    let executed = execution.instructionsExecuted
    #expect(isOutOfInstructions(try execution.resume(instructions: 2)))
    #expect(execution.instructionsExecuted == executed + 3)
  }
}
