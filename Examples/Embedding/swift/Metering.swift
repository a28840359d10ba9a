// Counting instructions as the Internet Computer does, and limiting them.

import Cannery

func metering(_ arguments: [String]) throws {
  let engine = Engine(EngineConfiguration(metering: .icp))
  let instance = try Linker(engine.makeStore()).instantiate(engine.compile(path: arguments[0]))
  let factorial = try instance.function("factorial")

  // An execution is a call that can be limited, stopped and resumed.
  let whole = try Execution(factorial, arguments: [.i64(20)], instructions: 1_000_000)
  guard case .finished(let results) = try whole.run(), case .i64(let product)? = results.first else { return }
  print("factorial(20) = \(product)")
  print("instructions: \(whole.instructionsExecuted)")

  // It could be resumed with more; dropped, it is as if it had been stopped here for good.
  let stopped = try Execution(factorial, arguments: [.i64(20)], instructions: 50)
  if case .outOfInstructions = try stopped.run() { print("with 50 instructions: out of instructions") }
}
