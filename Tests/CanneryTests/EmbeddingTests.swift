// What a host may do between and inside of executions, and what Wasm code finds afterwards.

import Cannery
import Testing

@Suite struct EmbeddingTests {
  private func function(_ name: String, of instance: Instance) throws -> Function {
    guard case .function(let function) = instance.export(name) else { throw ExecutionError.notResumable }
    return function
  }

  /// A call from inside a host function that traps in the middle of an access to another memory.
  @Test func nestedTrapLeavesTheCallersMemory() throws {
    let engine = Engine()
    let module = try engine.compile(
      Array(
        """
        (module
          (import "env" "host" (func $host))
          (memory 1) (memory 1)
          (data (memory 0) (i32.const 0) "\\01")
          (data (memory 1) (i32.const 0) "\\02")
          (func (export "trap") (drop (i32.load 1 (i32.const 65536))))
          (func (export "run") (result i32) (call $host) (i32.load8_u (i32.const 0))))
        """.utf8))
    var linker = Linker(try engine.makeStore())
    try linker.function("env", "host", FunctionType(parameters: [], results: [])) { caller, _ in
      guard let instance = caller.instance, case .function(let trap) = instance.export("trap") else { return [] }
      #expect(throws: Trap.self) { try trap.call() }
      return []
    }
    let instance = try linker.instantiate(module)
    #expect(try function("run", of: instance).call() == [.i32(1)])
  }

  /// A call from inside a host function that comes back to the calling instance by way of another one, and traps there.
  /// Limits that differ by less than a frame show every difference of a slot.
  @Test(arguments: 1024..<1032)
  func nestedTrapLeavesTheCallersStackLimit(_ stackSlots: Int) throws {
    let engine = Engine()
    func compile(_ text: String) throws -> Module { try engine.compile(Array(text.utf8)) }
    var limits = StoreLimits()
    limits.stackSlots = stackSlots
    let store = try engine.makeStore(limits: limits)
    var linker = Linker(store)
    var isNested = true
    var other: Instance?
    try linker.function("env", "host", FunctionType(parameters: [], results: [])) { _, _ in
      guard isNested, let other, case .function(let run) = other.export("run") else { return [] }
      #expect(throws: Trap.self) { try run.call() }
      return []
    }
    let main = try linker.instantiate(
      compile(
        """
        (module
          (import "env" "host" (func $host))
          (func $deep (param i32) (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1))))))
          (func (export "trap") unreachable)
          (func (export "run") (param i32) (call $host) (call $deep (local.get 0))))
        """))
    linker.define("main", main)
    other = try linker.instantiate(
      compile("(module (import \"main\" \"trap\" (func $trap)) (func (export \"run\") (call $trap)))"))
    func overflow() throws -> Int32 {
      var depth: Int32 = 0
      while true {
        do { _ = try function("run", of: main).call([.i32(depth)]) } catch is Trap { return depth }
        depth += 1
      }
    }
    let nested = try overflow()
    isNested = false
    #expect(try overflow() == nested)
  }

  /// The host grows a memory while an execution waits.
  @Test func memoryGrowsWhileAnExecutionStandsStill() throws {
    let engine = Engine()
    let module = try engine.compile(
      Array(
        """
        (module
          (memory (export "memory") 1 2)
          (func (export "run") (result i32)
            (local $count i32)
            (loop (br_if 0 (i32.lt_u (local.tee $count (i32.add (local.get $count) (i32.const 1))) (i32.const 1000))))
            (i32.load (i32.const 65536))))
        """.utf8))
    let linker = Linker(try engine.makeStore())
    let instance = try linker.instantiate(module)
    let execution = try Execution(function("run", of: instance), arguments: [], instructions: 500)
    guard case .outOfInstructions = try execution.run() else {
      Issue.record("the execution did not stop")
      return
    }
    guard case .memory(let memory) = instance.export("memory") else { return }
    #expect(memory.grow(by: 1) == 1)
    guard case .finished(let results) = try execution.resume(instructions: 100_000) else {
      Issue.record("the new page is not there")
      return
    }
    #expect(results == [.i32(0)])
  }

  /// A table of the host's whose elements have a function type of a module.
  @Test func tableOfTypedFunctions() throws {
    let engine = Engine()
    let module = try engine.compile(
      Array(
        """
        (module
          (type $t (func (result i32)))
          (import "env" "t" (table 1 (ref null $t)))
          (func (export "f") (result i32) (call_indirect (type $t) (i32.const 0))))
        """.utf8))
    var linker = Linker(try engine.makeStore())
    let host = try linker.store.makeFunction(FunctionType(parameters: [], results: [.i32])) { _, _ in [.i32(5)] }
    // The engine's first type is that of the module.
    let element = ValueType.ref(.concrete(0), nullable: true)
    let type = TableType(element: element, limits: Limits(address: .i32, minimum: 1, maximum: nil))
    linker.define("env", "t", .table(try linker.store.makeTable(type, initial: host.reference)))
    let instance = try linker.instantiate(module)
    #expect(try function("f", of: instance).call() == [.i32(5)])
  }

  /// Code for memories with write tracking does not run on others.
  @Test func memoryOfAnotherKindOfStore() throws {
    let engine = Engine()
    let module = try engine.compile(Array("(module (import \"env\" \"m\" (memory 1)))".utf8))
    let type = MemoryType(limits: Limits(address: .i32, minimum: 1, maximum: nil))
    for tracks in [false, true] {
      let memory = try engine.makeStore(tracksWrites: !tracks).makeMemory(type)
      var linker = Linker(try engine.makeStore(tracksWrites: tracks))
      linker.define("env", "m", .memory(memory))
      #expect(throws: InstantiationError.self) { try linker.instantiate(module) }
    }
  }
}
