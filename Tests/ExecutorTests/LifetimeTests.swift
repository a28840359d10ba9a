// What keeps what: functions keep their instances, and instances their store, however they are held.

import Cannery
import Testing

@Suite struct LifetimeTests {
  private static let text = """
    (module (type $t (func (param i32) (result i32))) (memory (export "m") 1) (table (export "t") 2 funcref)
      (global (export "g") (mut i32) (i32.const 6)) (elem (i32.const 1) $f) (data (i32.const 0) "*")
      (func $f (export "f") (type $t) (i32.add (local.get 0) (i32.load8_u (i32.const 0)))))
    """

  private func make() throws -> Instance {
    var machine = try Machine()
    return try machine.add(Self.text)
  }

  @Test func anInstanceAlone() throws {
    let instance = try make()
    #expect(try instance.call("f", .i32(1)) == [.i32(43)])
    #expect(instance.module.module.exports.count == 4)
    #expect(instance.store.instances == [instance])
  }

  @Test func aFunctionAlone() throws {
    let function = try make().function("f")
    #expect(try function.call([.i32(2)]) == [.i32(44)])
    #expect(function.type == FunctionType(parameters: [.i32], results: [.i32]))
    #expect(function.instance?.memories.count == 1)
  }

  @Test func anExecutionAlone() throws {
    let execution = try Execution(try make().function("f"), arguments: [.i32(3)], instructions: 1)
    #expect(try execution.run().isOutOfInstructions)
    #expect(try execution.resume(instructions: 100).results == [.i32(45)])
  }

  /// Memories, tables and globals hold what they hold when store and instance are gone.
  @Test func itemsAlone() throws {
    let memory = try make().memory("m")
    #expect(memory.read(at: 0, count: 1) == [42])
    let table = try make().table("t")
    #expect(table.get(0) == 0)
    #expect(table.get(1) != nil)
    #expect(table.get(2) == nil)
    #expect(table.set(0, 1))
    #expect(table.get(0) == 1)
    #expect(!table.set(0, 999))
    #expect(table.grow(by: 1, 0) == 2)
    let global = try make().global("g")
    #expect(global.set(.i32(5)))
    #expect(global.value == .i32(5))
  }

  /// A table with functions of an instance that nobody else holds.
  @Test func functionsInTables() throws {
    var machine = try Machine()
    try machine.add("(module (table (export \"t\") 2 funcref))", as: "tables")
    for number in 0..<2 {
      let text = """
        (module (import "tables" "t" (table 2 funcref)) (memory 1) (data (i32.const 0) "\(number)")
          (elem (i32.const \(number)) $f) (func $f (result i32) (i32.load8_u (i32.const 0))))
        """
      _ = try machine.linker.instantiate(try machine.engine.compile(Array(text.utf8)))
    }
    let caller = try machine.add(
      """
      (module (type $t (func (result i32))) (import "tables" "t" (table 2 funcref))
        (func (export "f") (param i32) (result i32) (call_indirect (type $t) (local.get 0))))
      """)
    #expect(try caller.call("f", .i32(0)) == [.i32(48)])
    #expect(try caller.call("f", .i32(1)) == [.i32(49)])
  }

  /// An instance whose segments or start function trap may have left functions in tables of others.
  @Test func functionsOfFailedInstances() throws {
    var machine = try Machine()
    let tables = try machine.add("(module (table (export \"t\") 2 funcref))", as: "tables")
    for failing in ["(memory 1) (data (i32.const 65536) \"x\")", "(start $s) (func $s unreachable)"] {
      let text = """
        (module (import "tables" "t" (table 2 funcref)) \(failing) (memory 1) (global $g (mut i32) (i32.const 0))
          (elem (i32.const 0) $f)
          (func $f (result i32) (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g)))
        """
      #expect(throws: InstantiationError.self) {
        try machine.linker.instantiate(try machine.engine.compile(Array(text.utf8)))
      }
      let handle = try #require(tables.tables[0].get(0))
      let function = try #require(Function(Reference(handle: handle), in: machine.store))
      #expect(try function.call() == [.i32(1)])
      #expect(try function.call() == [.i32(2)])
    }
  }

  /// Nothing that a store holds keeps it.
  @Test func storesEnd() throws {
    weak var store: Store?
    do {
      var machine = try Machine(tracksWrites: true)
      try machine.host("h") { _, _ in .done }
      let instance = try machine.add(#"(module (import "env" "h" (func $h)) (memory 1) (func (export "f") (call $h)))"#)
      _ = try instance.call("f")
      store = machine.store
      #expect(store != nil)
    }
    #expect(store == nil)
  }
}
