// Executions that end before they are finished: with write tracking, what they wrote is undone; nothing else is.

import Cannery
import Testing

@Suite struct DroppedExecutionTests {
  private static let text = """
    (module
      (import "env" "wait" (func $wait))
      (memory (export "m") 1 4)
      (memory (export "second") 1 4)
      (table (export "t") 2 funcref)
      (global (export "g") (mut i64) (i64.const 5))
      (global (export "v") (mut v128) (v128.const i64x2 1 2))
      (data (i32.const 0) "abc")
      (func $f (export "write") (param i32)
        (i32.store8 (i32.const 0) (local.get 0))
        (i32.store8 (i32.const 8192) (local.get 0))
        (i32.store8 1 (i32.const 4095) (local.get 0))
        (drop (memory.grow (i32.const 1)))
        (i32.store8 (i32.add (i32.const 65536) (local.get 0)) (local.get 0))
        (global.set 0 (i64.extend_i32_u (local.get 0)))
        (global.set 1 (i64x2.splat (i64.extend_i32_u (local.get 0))))
        (table.set (i32.const 0) (ref.func $f)))
      (func (export "writeAndWait") (param i32) (call $f (local.get 0)) (call $wait))
      (func (export "writeAndSpin") (param i32) (call $f (local.get 0)) (loop (br 0)))
      (func (export "trap") (param i32) (call $f (local.get 0)) unreachable))
    """

  /// Everything that could be written.
  private struct Image: Equatable {
    var memories: [[UInt8]]
    var globals: [Value]

    init(_ instance: Instance) {
      memories = instance.memories.map { $0.read(at: 0, count: $0.count) ?? [] }
      globals = instance.globals.map(\.value)
    }
  }

  private func machine(tracksWrites: Bool) throws -> (Machine, Instance) {
    var machine = try Machine(tracksWrites: tracksWrites)
    try machine.host("wait") { _, _ in .suspend }
    let instance = try machine.add(Self.text)
    return (machine, instance)
  }

  @Test(arguments: ["writeAndWait", "writeAndSpin"], [false, true])
  func isUndone(_ name: String, byName: Bool) throws {
    let (machine, instance) = try machine(tracksWrites: true)
    let before = Image(instance)
    var execution: Execution? = try Execution(instance.function(name), arguments: [.i32(7)], instructions: 20_000)
    _ = try execution?.run()
    #expect(Image(instance) != before)
    // What was committed can be seen meanwhile.
    for (memory, old) in zip(instance.memories, before.memories) {
      for page in 0..<UInt64(memory.count / 4096) {
        let start = Int(page) * 4096
        #expect(memory.committedPage(page) == (start < old.count ? Array(old[start..<start + 4096]) : nil))
      }
    }
    #expect(try instance.memory("m").dirtyPages() == [0, 2, 16])
    if byName { execution?.abandon() } else { execution = nil }
    #expect(Image(instance) == before)
    #expect(instance.memories.map { $0.dirtyPages() } == [[], []])
    // Tables are not tracked.
    #expect(try instance.table("t").get(0) != 0)
    #expect(throws: Trap.self) { try instance.call("trap", .i32(1)) }
    _ = machine
  }

  @Test(arguments: ["writeAndWait", "writeAndSpin"])
  func staysWithoutTracking(_ name: String) throws {
    let (_, instance) = try machine(tracksWrites: false)
    do {
      let execution = try Execution(instance.function(name), arguments: [.i32(7)], instructions: 20_000)
      _ = try execution.run()
    }
    #expect(try instance.memory("m").read(at: 65_543, count: 1) == [7])
    #expect(try instance.global("g").value == .i64(7))
    #expect(try instance.call("write", .i32(3)) == [])
  }

  /// What came before the dropped execution and was not committed stays, as do its counts of dirty pages.
  @Test func onlyItsOwnWritesAreUndone() throws {
    let (machine, instance) = try machine(tracksWrites: true)
    let start = Image(instance)
    let memory = try instance.memory("m")
    #expect(memory.write([9], at: 40_000))
    _ = try instance.call("write", .i32(3))
    let before = Image(instance)
    #expect(memory.dirtyPages() == [0, 2, 9, 16])
    do {
      let execution = try Execution(instance.function("writeAndWait"), arguments: [.i32(200)])
      #expect(try execution.run().isWaiting)
      #expect(memory.dirtyPages() == [0, 2, 9, 16])
      // Committed is what was before all of it.
      #expect(memory.committedPage(0) == Array(start.memories[0][..<4096]))
      #expect(memory.committedPage(9) == Array(start.memories[0][36_864..<40_960]))
      #expect(memory.committedPage(16) == nil)
    }
    #expect(Image(instance) == before)
    #expect(memory.dirtyPages() == [0, 2, 9, 16])
    // And of finished ones all writes together are kept until the commit.
    _ = try instance.call("write", .i32(100))
    #expect(memory.dirtyPages() == [0, 2, 9, 16])
    #expect(memory.pageCount == 3)
    machine.store.rollBack()
    #expect(Image(instance) == start)
    #expect(memory.dirtyPages() == [])
    #expect(memory.pageCount == 1)
    // What grows again is zero.
    #expect(memory.grow(by: 1) == 1)
    #expect(memory.read(at: 65_536, count: 65_536)?.allSatisfy { $0 == 0 } == true)
  }

  @Test func trapsUndoNothing() throws {
    let (machine, instance) = try machine(tracksWrites: true)
    let start = Image(instance)
    #expect(try instance.trap("trap", .i32(4))?.kind == .unreachable)
    #expect(try instance.memory("m").dirtyPages() == [0, 2, 16])
    let written = Image(instance)
    machine.store.commit()
    #expect(try instance.memory("m").dirtyPages() == [])
    _ = try instance.call("write", .i32(5))
    machine.store.rollBack()
    #expect(Image(instance) == written)
    #expect(written != start)
  }

  /// A call that is refused is no execution: nothing is undone.
  @Test func refusedCallsUndoNothing() throws {
    let (_, instance) = try machine(tracksWrites: true)
    _ = try instance.call("write", .i32(4))
    let before = Image(instance)
    #expect(throws: ExecutionError.self) { try Execution(instance.function("write"), arguments: []) }
    #expect(throws: ExecutionError.self) { try Execution(instance.function("write"), arguments: [.i64(0)]) }
    #expect(Image(instance) == before)
    #expect(try instance.call("write", .i32(4)) == [])
  }

  /// Committing while an execution stands still makes what it wrote so far final.
  @Test func commitMeanwhile() throws {
    let (machine, instance) = try machine(tracksWrites: true)
    _ = try instance.call("write", .i32(1))
    do {
      let execution = try Execution(instance.function("writeAndWait"), arguments: [.i32(2)])
      #expect(try execution.run().isWaiting)
      machine.store.commit()
      #expect(try instance.memory("m").write([77], at: 100))
    }
    #expect(try instance.memory("m").read(at: 100, count: 1) == [0])
    #expect(try instance.memory("m").read(at: 0, count: 1) == [2])
  }

  /// An instance that a host function makes while an execution runs does not commit the execution's writes.
  @Test func instancesMadeMeanwhile() throws {
    var machine = try Machine(tracksWrites: true)
    let engine = machine.engine
    var linker = machine.linker
    try machine.host("instantiate") { _, _ in
      _ = try linker.instantiate(
        try engine.compile(
          Array(
            #"(module (import "m" "m" (memory 1)) (memory 1) (data (i32.const 5) "x") (data (memory 1) (i32.const 5) "y"))"#
              .utf8
          )))
      return .done
    }
    try machine.host("wait") { _, _ in .suspend }
    let instance = try machine.add(
      """
      (module (import "env" "instantiate" (func $instantiate)) (import "env" "wait" (func $wait))
        (memory (export "m") 1)
        (func (export "f") (i32.store (i32.const 8) (i32.const 1)) (call $instantiate) (call $wait)))
      """)
    linker.define("m", instance)
    do {
      let execution = try Execution(instance.function("f"), arguments: [])
      #expect(try execution.run().isWaiting)
      let memories = machine.store.instances.flatMap(\.memories)
      #expect(memories.map { $0.dirtyPages() } == [[0], [0], []])
    }
    #expect(try instance.memory("m").read(at: 0, count: 16) == [UInt8](repeating: 0, count: 16))
    #expect(machine.store.instances[1].memories[1].read(at: 5, count: 1) == [121])
  }

  /// A memory that two instances share is put back once: to what it was before the execution, not at the last commit.
  @Test func sharedMemory() throws {
    var machine = try Machine(tracksWrites: true)
    let instance = try machine.add(
      """
      (module
        (memory (export "m") 1)
        (func (export "write") (param i32) (i32.store8 (local.get 0) (i32.const 1)))
        (func (export "spin") (i32.store8 (i32.const 2) (i32.const 1)) (loop (br 0))))
      """)
    machine.store.commit()
    _ = try instance.call("write", .i32(1))
    try machine.add(#"(module (import "m" "m" (memory 1)) (import "m" "m" (memory 1)))"#, as: "n")
    var execution: Execution? = try Execution(instance.function("spin"), arguments: [], instructions: 100)
    #expect(try execution?.run().isOutOfInstructions == true)
    #expect(try instance.memory("m").read(at: 0, count: 3) == [0, 1, 1])
    execution = nil
    #expect(try instance.memory("m").read(at: 0, count: 3) == [0, 1, 0])
    machine.store.rollBack()
    #expect(try instance.memory("m").read(at: 0, count: 3) == [0, 0, 0])
  }

  /// A memory that comes into the store's instances while the execution runs keeps what the host wrote before.
  @Test func memoryOfTheHostsThatIsImportedMeanwhile() throws {
    var machine = try Machine(tracksWrites: true)
    let memory = try machine.store.makeMemory(MemoryType(limits: Limits(address: .i32, minimum: 1, maximum: nil)))
    #expect(memory.write([7], at: 0))
    let engine = machine.engine
    try machine.host("instantiate") { caller, _ in
      let module = try engine.compile(
        Array(#"(module (import "env" "m" (memory 1)) (data (i32.const 1) "\08"))"#.utf8))
      _ = try caller.store.instantiate(module, imports: [.memory(memory)])
      return .done
    }
    let instance = try machine.add(
      #"(module (import "env" "instantiate" (func)) (func (export "f") (call 0) (loop (br 0))))"#)
    var execution: Execution? = try Execution(instance.function("f"), arguments: [], instructions: 100)
    #expect(try execution?.run().isOutOfInstructions == true)
    #expect(memory.read(at: 0, count: 2) == [7, 8])
    execution = nil
    #expect(memory.read(at: 0, count: 2) == [7, 0])
  }
}
