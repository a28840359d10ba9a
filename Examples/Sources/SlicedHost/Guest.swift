// A guest: one module, instantiated in a store of its own, and the execution of one of its exports, which is stopped and
// continued by the scheduler. What it needs from outside it asks for with the import `host.ask`.

import Cannery

final class Guest {
  enum Status {
    case ready
    /// Waits for the answer to this question.
    case asking(Int32)
    case done([Value])
    case failed(String)
  }

  let name: String
  private(set) var status = Status.ready
  private(set) var slices = 0
  private let instance: Instance
  private let execution: Execution
  private let inbox: Inbox
  private let budget: UInt64

  /// What the host function tells the scheduler. The function itself answers later.
  private final class Inbox {
    var question: Int32 = 0
  }

  /// Prepares a call of `export`, which may execute `budget` instructions in all.
  init(
    _ name: String, _ module: Module, on engine: Engine, call export: String, _ arguments: [Value], budget: UInt64
  )
    throws
  {
    self.name = name
    self.budget = budget
    let store = try engine.makeStore(tracksWrites: true)
    let inbox = Inbox()
    self.inbox = inbox
    var linker = Linker(store)
    // A host function on raw slots: parameters come in them, results go there. `.suspend` stops the guest as a value.
    let ask = try store.makeHostFunction(FunctionType(parameters: [.i32], results: [.i32]), name: "host.ask") {
      caller, slots in
      try caller.charge(100)
      inbox.question = Int32(truncatingIfNeeded: slots[0])
      return .suspend
    }
    linker.define("host", "ask", .function(ask))
    instance = try linker.instantiate(module)
    guard case .function(let function)? = instance.export(export) else { throw GuestError.noExport(export) }
    execution = try Execution(function, arguments: arguments, instructions: 0)
  }

  var instructions: UInt64 { execution.instructionsExecuted }
  /// Pages of 4 KiB that differ from what they were before the call.
  var changedPages: Int { instance.memories.reduce(0) { $0 + $1.dirtyPages().count } }

  /// Executes at most about `slice` instructions: a slice ends at the next check point.
  func run(slice: UInt64) throws {
    slices += 1
    note(try execution.resume(instructions: slice))
  }

  func answer(_ value: Int32) throws { note(try execution.resume(results: [.i32(value)])) }

  private func note(_ state: ExecutionState) {
    switch state {
    case .finished(let results): status = .done(results)
    case .trapped(let trap): status = .failed("\(trap.kind.message)")
    case .waitingForHost: status = .asking(inbox.question)
    case .outOfInstructions, .interrupted:
      status = .ready
      if execution.instructionsExecuted >= budget { stop("used up its budget") }
    }
  }

  /// Drops the execution: memories and globals are as before the call.
  private func stop(_ reason: String) {
    execution.abandon()
    status = .failed(reason)
  }
}

enum GuestError: Error {
  case noExport(String)
}
