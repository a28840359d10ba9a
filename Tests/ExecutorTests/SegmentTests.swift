// Passive segments that code drops, and hosts bring back.

import Cannery
import Testing

@Suite struct SegmentTests {
  private static let text = """
    (module (memory (export "m") 1) (table 2 funcref)
      (data $passive "abc") (data $active (i32.const 8) "xyz") (data $other "123")
      (elem $functions func $f) (elem $inTable (i32.const 0) func $f) (elem $declared declare func $f)
      (func $f)
      (func $dropAll (export "drop")
        (data.drop $passive) (data.drop $active) (elem.drop $functions) (elem.drop $inTable) (elem.drop $declared)
        (data.drop $passive))
      (func (export "dropAndLoop") (call $dropAll) (data.drop $other) (loop (br 0)))
      (func (export "data") (memory.init $passive (i32.const 0) (i32.const 0) (i32.const 3)))
      (func (export "dataOther") (memory.init $other (i32.const 0) (i32.const 0) (i32.const 3)))
      (func (export "dataActive") (memory.init $active (i32.const 0) (i32.const 0) (i32.const 1)))
      (func (export "elements") (table.init $functions (i32.const 1) (i32.const 0) (i32.const 1)))
      (func (export "elementsActive") (table.init $inTable (i32.const 1) (i32.const 0) (i32.const 1)))
      (func (export "elementsDeclared") (table.init $declared (i32.const 1) (i32.const 0) (i32.const 1))))
    """

  /// Which of the segments are there.
  private func present(_ instance: Instance) throws -> [Bool] {
    try ["data", "dataOther", "dataActive", "elements", "elementsActive", "elementsDeclared"].map {
      try instance.trap($0) == nil
    }
  }

  private let fresh = [true, true, false, true, false, false]
  private let dropped = [false, true, false, false, false, false]

  @Test(arguments: [false, true])
  func areRestored(tracksWrites: Bool) throws {
    var machine = try Machine(tracksWrites: tracksWrites)
    let instance = try machine.add(Self.text)
    let other = try machine.add(Self.text, as: "other")
    for _ in 0..<3 {
      #expect(try present(instance) == fresh)
      try instance.restoreSegments()
      #expect(try present(instance) == fresh)
      _ = try instance.call("drop")
      _ = try other.call("drop")
      #expect(try present(instance) == dropped)
      try instance.restoreSegments()
      #expect(try present(instance) == fresh)
      #expect(try present(other) == dropped)
      try other.restoreSegments()
      #expect(try present(other) == fresh)
    }
    // The bytes are the module's.
    _ = try instance.call("data")
    #expect(try instance.memory("m").read(at: 0, count: 3) == Array("abc".utf8))
  }

  @Test func notWhileAnExecutionIsInProgress() throws {
    var machine = try Machine()
    let instance = try machine.add(Self.text)
    let execution = try Execution(instance.function("dropAndLoop"), arguments: [], instructions: 10_000)
    #expect(try execution.run().isOutOfInstructions)
    #expect(throws: ExecutionError.storeIsSuspended) { try instance.restoreSegments() }
    execution.abandon()
    try instance.restoreSegments()
    #expect(try present(instance) == fresh)
  }

  /// Dropping an execution brings back what it has dropped, where writes are tracked.
  @Test(arguments: [false, true])
  func abandonedExecutions(tracksWrites: Bool) throws {
    var machine = try Machine(tracksWrites: tracksWrites)
    let instance = try machine.add(Self.text)
    _ = try instance.call("drop")
    let execution = try Execution(instance.function("dropAndLoop"), arguments: [], instructions: 10_000)
    #expect(try execution.run().isOutOfInstructions)
    execution.abandon()
    #expect(try present(instance) == (tracksWrites ? dropped : [false, false, false, false, false, false]))
  }
}
