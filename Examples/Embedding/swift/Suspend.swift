// Executions that stop and go on: by slices of instructions, and where the host answers later. No thread waits.

import Cannery

func suspend(_ arguments: [String]) throws {
  let engine = Engine(EngineConfiguration(metering: .icp))
  var linker = Linker(try engine.makeStore())
  var question: UInt32 = 0
  let ask = try linker.store.makeHostFunction(FunctionType(parameters: [.i32], results: [.i32]), name: "ask") {
    _, slots in
    question = UInt32(truncatingIfNeeded: slots[0])
    return .suspend
  }
  linker.define("host", "ask", .function(ask))
  let instance = try linker.instantiate(engine.compile(path: arguments[0]))

  let counting = try Execution(instance.function("count"), arguments: [.i32(10_000)], instructions: 10_000)
  var slices = 1
  var state = try counting.run()
  while case .outOfInstructions = state {
    // Here others could take their turn.
    state = try counting.resume(instructions: 10_000)
    slices += 1
  }
  guard case .finished(let counted) = state, case .i32(let turns)? = counted.first else { return }
  print("count(10000) = \(turns) in \(slices) slices")

  let asking = try Execution(instance.function("product"), arguments: [])
  guard case .waitingForHost = try asking.run() else { return }
  print("the guest asks: \(question)")
  // Later, on any thread.
  guard case .finished(let results) = try asking.resume(results: [.i32(7)]), case .i32(let product)? = results.first
  else {
    return
  }
  print("product() = \(product)")
}
