// Code that the verifier accepts although no compiler makes it: what it does stays inside of its instance.

import Cannery
import Compiler
import Testing

@Suite struct HostileCodeTests {
  private func linker(_ artifact: EditedArtifact) throws -> Linker {
    var linker = Linker(try artifact.makeStore())
    try linker.function("env", "host", FunctionType(parameters: [.i32], results: [.i32])) { _, arguments in arguments }
    return linker
  }

  /// Numbers that are no functions, put into a table of functions.
  @Test(arguments: [UInt64(999), UInt64.max, 1 << 40])
  func junkDoesNotBecomeAFunction(_ handle: UInt64) throws {
    var artifact = try EditedArtifact(sampleText)
    try artifact.setField(.table, at: artifact.place(of: .tableSet, in: 8), 0)
    try artifact.setField(.table, at: artifact.place(of: .tableGrow, in: 8), 0)
    let linker = try linker(artifact)
    let instance = try artifact.instantiate(linker)
    let function = try instance.function("tables")
    let trap = #expect(throws: Trap.self) {
      try function.call([.externref(Reference(handle: handle)), .i32(1)])
    }
    #expect(trap?.kind == .outOfBoundsTableAccess)
    guard case .table(let table) = instance.export("functions") else { return }
    #expect((0..<table.count).allSatisfy { table.get($0) == 0 })
  }

  @Test func referencesAreCheckedWhenTheyAreCalled() throws {
    let artifact = try EditedArtifact(sampleText)
    let linker = try linker(artifact)
    let instance = try artifact.instantiate(linker)
    let function = try instance.function("callReference")
    for (handle, kind) in [
      (999, TrapKind.nullFunctionReference),
      (try instance.function("pairs").reference.handle, .indirectCallTypeMismatch),
    ] {
      let trap = #expect(throws: Trap.self) { try function.call([.i32(1), .funcref(Reference(handle: handle))]) }
      #expect(trap?.kind == kind)
    }
  }

  /// An instance that moves the limit on the stack moves its own only.
  @Test(arguments: [ThreadedOperation.lowerStack, .raiseStack])
  func stackLimitOfTheCaller(_ operation: ThreadedOperation) throws {
    var artifact = try EditedArtifact(
      "(module (global (mut i32) (i32.const 0)) (global (mut i32) (i32.const 0)) (func (export \"f\") (param i32) "
        + "(global.set 0 (local.get 0)) (global.set 1 (local.get 0))))")
    let caller = """
      (module
        (import "hostile" "f" (func $f (param i32)))
        (func $deep (export "deep") (param i32) (result i32)
          (if (result i32) (i32.eqz (local.get 0))
            (then (i32.const 0))
            (else (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))))
        (func (export "run") (param i32) (result i32) (call $f (i32.const 0)) (call $deep (local.get 0))))
      """
    func overflow() throws -> Int {
      var limits = StoreLimits()
      limits.stackSlots = 4096
      let store = try artifact.makeStore(limits)
      var linker = Linker(store)
      linker.define("hostile", try artifact.instantiate(linker))
      let instance = try linker.instantiate(artifact.compile(caller))
      let run = try instance.function("run")
      var depth = 0
      while true {
        do { _ = try run.call([.i32(Int32(depth))]) } catch let trap as Trap where trap.kind == .callStackExhausted {
          return depth
        }
        depth += 1
      }
    }
    let before = try overflow()
    let place = try artifact.place(of: .globalSet_s)
    artifact.setOperation(at: place, operation)
    artifact.setWord(at: place + 8, operation == .lowerStack ? 1 << 20 : 1000)
    #expect(try overflow() == before)
    #expect(before > 100)
  }
}
