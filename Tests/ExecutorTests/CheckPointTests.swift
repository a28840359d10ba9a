// Host functions whose calls are no check points, in every way to call one.

import Cannery
import Testing

@Suite struct CheckPointTests {
  private static let calls = [
    "(call $h)", "(call_indirect (type $t) (i32.const 0))", "(call_ref $t (ref.func $h))", "(return_call $h)",
    "(return_call_indirect (type $t) (i32.const 0))", "(return_call_ref $t (ref.func $h))",
  ]

  @Test(arguments: calls, OptimizationLevel.allCases)
  func stopOrGoOn(_ call: String, _ optimization: OptimizationLevel) throws {
    // Instructions that are executed up to the call: those of the branch are charged without a check.
    var used = 0
    for isCheckPoint in [true, true, false] {
      var machine = try Machine(optimization: optimization)
      var remaining: [Int] = []
      let type = FunctionType(parameters: [], results: [.i64])
      let function = try machine.store.makeHostFunction(type, name: "h", isCheckPoint: isCheckPoint) { caller, slots in
        remaining.append(caller.remainingInstructions)
        slots[0] = 6
        return .done
      }
      machine.linker.define("env", "h", .function(function))
      let instance = try machine.add(
        """
        (module (type $t (func (result i64))) (import "env" "h" (func $h (type $t))) (memory 1)
          (table funcref (elem $h)) (elem declare func $h)
          (func (export "f") (param i32) (result i64)
            (if (local.get 0) (then (drop (memory.grow (i32.const 0))) (return \(call))))
            (i64.const 5)))
        """)
      let limit = used == 0 ? 10_000 : used - 1
      let execution = try Execution(instance.function("f"), arguments: [.i32(1)], instructions: UInt64(limit))
      let state = try execution.run()
      if used == 0 {
        used = 10_000 - (remaining.first ?? 0)
        #expect(used > 300)
      } else if isCheckPoint {
        #expect(state.isOutOfInstructions)
        #expect(remaining == [])
        #expect(try execution.resume(instructions: 10_000).results == [.i64(6)])
        #expect(remaining == [10_000])
      } else {
        #expect(state.results == [.i64(6)])
        #expect(remaining == [-1])
        #expect(execution.instructionsExecuted >= UInt64(used))
      }
    }
  }

  /// The check point behind the call stops the execution, with the call done.
  @Test func stopsBehindTheCall() throws {
    var machine = try Machine()
    var calls = 0
    let function = try machine.store.makeHostFunction(
      FunctionType(parameters: [], results: []), isCheckPoint: false
    ) { caller, _ in
      calls += 1
      // This is a check point in any case.
      if caller.remainingInstructions < 0 { #expect(throws: TrapKind.outOfInstructions) { try caller.charge(0) } }
      return .done
    }
    machine.linker.define("env", "h", .function(function))
    let instance = try machine.add(
      """
      (module (import "env" "h" (func $h)) (memory 1)
        (func (export "f") (param i32) (result i32)
          (if (local.get 0)
            (then
              (drop (memory.grow (i32.const 0))) (call $h)
              (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
          (local.get 0)))
      """)
    let execution = try Execution(instance.function("f"), arguments: [.i32(9)], instructions: 100)
    #expect(try execution.run().isOutOfInstructions)
    #expect(calls == 1)
    #expect(try execution.resume(instructions: 10_000).results == [.i32(0)])
    #expect(calls == 1)
  }
}
