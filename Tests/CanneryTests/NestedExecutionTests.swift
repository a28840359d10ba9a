// Host functions that call Wasm code, which calls them again: the thread's own stack must not overflow.

import Cannery
import Testing
import WasmText

@Suite struct NestedExecutionTests {
  private static let text = """
    (module (import "host" "again" (func $again (param i32) (result i32)))
      (func (export "f") (param i32) (result i32)
        (if (result i32) (local.get 0) (then (call $again (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 7)))))
    """

  private func result(levels: Int32) throws -> [Value] {
    let engine = Engine()
    let store = try engine.makeStore()
    var linker = Linker(store)
    try linker.function("host", "again", FunctionType(parameters: [.i32], results: [.i32])) { caller, arguments in
      guard case .function(let function)? = caller.instance?.export("f") else { return [] }
      return try function.call(arguments)
    }
    let instance = try linker.instantiate(engine.compile(Array(NestedExecutionTests.text.utf8)))
    guard case .function(let function)? = instance.export("f") else { return [] }
    return try function.call([.i32(levels)])
  }

  @Test func levelsUpToTheLimit() throws {
    #expect(try result(levels: Int32(StoreLimits().nestedExecutions) - 1) == [.i32(7)])
  }

  @Test func levelsWithoutEnd() throws {
    let trap = try #require(throws: Trap.self) { try result(levels: .max) }
    #expect(trap.kind == .hostError)
    // Each level's host function passes on the trap of the one inside.
    var inner = trap
    var levels = 1
    while let next = inner.underlying as? Trap {
      inner = next
      levels += 1
    }
    #expect(inner.kind == .callStackExhausted)
    #expect(levels == StoreLimits().nestedExecutions + 1)
  }
}
