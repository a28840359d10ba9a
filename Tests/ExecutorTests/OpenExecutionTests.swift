// Executions that own their store beyond the end of their code, so that what they alone wrote can be looked at and undone.

import Cannery
import Executor
import Testing

@Suite struct OpenExecutionTests {
  private static let text = """
    (module
      (memory (export "m") 1 8)
      (global (export "g") (mut i32) (i32.const 5))
      (func (export "write") (param i32)
        (i32.store8 (i32.const 0) (local.get 0))
        (i32.store8 (i32.const 8192) (local.get 0))
        (drop (memory.grow (i32.const 1)))
        (i32.store8 (i32.add (i32.const 65536) (local.get 0)) (local.get 0))
        (global.set 0 (local.get 0)))
      (func (export "trap") (param i32) (call 0 (local.get 0)) unreachable))
    """

  private struct Image: Equatable {
    var bytes: [UInt8]?
    var global: Value

    init(_ instance: Instance) throws {
      let memory = try instance.memory("m")
      bytes = memory.read(at: 0, count: memory.count)
      global = try instance.global("g").value
    }
  }

  /// An instance with changes that aren't committed, and an execution beyond the end of its code.
  private func open(_ name: String, _ argument: Int32) throws -> (Instance, Execution, before: Image) {
    var machine = try Machine(tracksWrites: true)
    let instance = try machine.add(Self.text)
    _ = try instance.call("write", .i32(3))
    let before = try Image(instance)
    let execution = try Execution(instance.function(name), arguments: [.i32(argument)], instructions: 10_000)
    execution.stayOpen()
    switch try execution.run() {
    case .finished: #expect(name == "write")
    case .trapped(let trap): #expect(name == "trap" && trap.kind == .unreachable)
    default: Issue.record("the code didn't come to its end")
    }
    return (instance, execution, before)
  }

  @Test(arguments: ["write", "trap"], [false, true])
  func ends(_ name: String, undoing: Bool) throws {
    let (instance, execution, before) = try open(name, 7)
    let written = try Image(instance)
    #expect(written != before)
    #expect(try instance.memory("m").pagesOfExecution == 3)
    let executed = execution.instructionsExecuted
    #expect(executed > 5)
    execution.end(undoing: undoing)
    #expect(try Image(instance) == (undoing ? before : written))
    #expect(execution.instructionsExecuted == executed)
    // All is to be rolled back still, and the store is free.
    #expect(try instance.memory("m").dirtyPages() == [0, 2, 16])
    _ = try instance.call("write", .i32(9))
  }

  @Test func countsWhatDiffers() throws {
    // The same bytes again.
    let (instance, execution, _) = try open("write", 3)
    #expect(try instance.memory("m").pagesOfExecution == 0)
    execution.end(undoing: false)
  }

  @Test func ownsTheStore() throws {
    let (instance, execution, _) = try open("write", 7)
    #expect(throws: ExecutionError.storeIsSuspended) { _ = try instance.call("write", .i32(1)) }
    #expect(throws: ExecutionError.notResumable) { try execution.run() }
    #expect(throws: ExecutionError.notResumable) { try execution.resume(instructions: 1) }
    #expect(throws: ExecutionError.notResumable) { try execution.park() }
    execution.end(undoing: false)
    _ = try instance.call("write", .i32(1))
  }

  @Test(arguments: [false, true])
  func isUndoneWhereItIsDropped(byName: Bool) throws {
    let (instance, before) = try {
      let (instance, execution, before) = try open("write", 7)
      if byName { execution.abandon() }
      return (instance, before)
    }()
    #expect(try Image(instance) == before)
    _ = try instance.call("write", .i32(1))
  }
}
