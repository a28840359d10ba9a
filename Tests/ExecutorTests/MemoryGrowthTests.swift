// The hook that is asked when Wasm code has grown a memory.

import Cannery
import Testing

@Suite struct MemoryGrowthTests {
  private struct TooLarge: Error, Equatable { var pages: UInt64 }

  /// What the hook is told.
  private struct Growth: Equatable {
    var memory: ObjectIdentifier
    var pages: [UInt64]

    init(_ memory: Memory, _ old: UInt64, _ new: UInt64) {
      self.memory = ObjectIdentifier(memory)
      pages = [old, new]
    }
  }

  private static let text = """
    (module (import "env" "again" (func $again (param i32)))
      (memory (export "m") 1 10) (memory (export "second") i64 2 10)
      (func $grow (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
      (func (export "growSecond") (param i64) (result i64) (memory.grow 1 (local.get 0)))
      (func $store (export "store") (param i32 i32) (result i32)
        (drop (memory.grow (local.get 0)))
        (i32.store (local.get 1) (i32.const 7)) (memory.size))
      (func (export "growAndLoop") (param i32) (drop (call $grow (local.get 0))) (loop (br 0)))
      (func (export "catch") (param i32) (result i32) (call $again (local.get 0)) (memory.size)))
    """

  private func machine(
    tracksWrites: Bool = false, _ optimization: OptimizationLevel = .full
  ) throws -> (Machine, Instance) {
    var machine = try Machine(optimization: optimization, tracksWrites: tracksWrites)
    try machine.host("again", [.i32]) { caller, slots in
      let trap = try caller.instance?.trap("grow", .i32(Int32(slots[0])))
      #expect(trap?.underlying is TooLarge)
      return .done
    }
    let instance = try machine.add(Self.text)
    return (machine, instance)
  }

  @Test func isTold() throws {
    var (machine, owner) = try machine()
    let user = try machine.add(
      """
      (module (import "m" "second" (memory i64 1))
        (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0))))
      """, as: "n")
    var seen: [Growth] = []
    machine.store.memoryGrowthHook = { seen.append(Growth($0, $1, $2)) }
    let first = try owner.memory("m")
    let second = try owner.memory("second")
    #expect(try owner.call("grow", .i32(3)) == [.i32(1)])
    #expect(try owner.call("growSecond", .i64(1)) == [.i64(2)])
    #expect(try user.call("grow", .i64(2)) == [.i64(3)])
    #expect(seen == [Growth(first, 1, 4), Growth(second, 2, 3), Growth(second, 3, 5)])
    // Neither what fails, nor growth by nothing, nor the host's.
    #expect(try owner.call("grow", .i32(7)) == [.i32(-1)])
    #expect(try owner.call("grow", .i32(-1)) == [.i32(-1)])
    #expect(try owner.call("grow", .i32(0)) == [.i32(4)])
    #expect(first.grow(by: 1) == 4)
    #expect(seen.count == 3)
    machine.store.memoryGrowthHook = nil
    #expect(try owner.call("grow", .i32(1)) == [.i32(5)])
    #expect(seen.count == 3)
  }

  @Test(arguments: ["grow", "store", "growSecond"], OptimizationLevel.allCases)
  func refuses(_ name: String, _ optimization: OptimizationLevel) throws {
    let (machine, instance) = try machine(tracksWrites: true, optimization)
    machine.store.memoryGrowthHook = { if $2 > 3 { throw TooLarge(pages: $2) } }
    let function = try instance.function(name)
    let arguments: [Value] = name == "growSecond" ? [.i64(3)] : name == "store" ? [.i32(4), .i32(8)] : [.i32(4)]
    let execution = try Execution(function, arguments: arguments, instructions: 10_000)
    let trap = try execution.run().trap
    #expect(trap?.kind == .hostError)
    #expect(trap?.underlying as? TooLarge == TooLarge(pages: 5))
    #expect(trap?.backtrace.count == 1)
    let module = try machine.engine.decode(Array(Self.text.utf8)).bytes
    #expect(trap?.backtrace.first?.offset.map { module.buffer[$0] } == 0x40)
    // The operators behind it, in the same run, are charged as well.
    let whole = try Execution(self.machine().1.function(name), arguments: arguments, instructions: 10_000)
    #expect(try whole.run().results != nil)
    #expect(execution.instructionsExecuted == whole.instructionsExecuted)
    let memory = instance.memories[name == "growSecond" ? 1 : 0]
    #expect(memory.pageCount == 5)
    machine.store.rollBack()
    #expect(memory.pageCount == (name == "growSecond" ? 2 : 1))
    #expect(memory.dirtyPages().isEmpty)
    // The next one is none of this.
    #expect(try instance.call("grow", .i32(2)) == [.i32(1)])
    #expect(try instance.trap("store", .i32(0), .i32(-1))?.kind == .outOfBoundsMemoryAccess)
  }

  /// Code in branches, of which the compiler may charge several together.
  @Test func chargesAreExact() throws {
    var counts: Set<[UInt64]> = []
    for optimization in OptimizationLevel.allCases {
      var machine = try Machine(optimization: optimization)
      machine.store.memoryGrowthHook = { _, _, _ in throw TooLarge(pages: 0) }
      let instance = try machine.add(
        """
        (module (memory 1)
          (func (export "f") (param i32 i32) (result i32)
            (if (local.get 0)
              (then (local.set 1 (i32.add (local.get 1) (i32.const 5))))
              (else
                (if (local.get 1) (then (local.set 1 (memory.grow (local.get 1)))))
                (local.set 1 (i32.mul (local.get 1) (i32.const 9)))))
            (local.set 1 (i32.xor (local.get 1) (i32.const 3)))
            (block (br_if 0 (memory.grow (local.get 0))) (local.set 1 (i32.rotl (local.get 1) (local.get 0))))
            (local.get 1)))
        """)
      counts.insert(
        try [(Int32(0), Int32(0)), (0, 1), (1, 0), (1, 1)].map { first, second in
          let execution = try Execution(instance.function("f"), arguments: [.i32(first), .i32(second)])
          #expect((try execution.run().trap != nil) == (first + second > 0))
          return execution.instructionsExecuted
        })
    }
    #expect(counts.count == 1)
  }

  @Test func kindsOfTraps() throws {
    let (machine, instance) = try machine()
    machine.store.memoryGrowthHook = { _, _, _ in throw TrapKind.unreachable }
    let trap = try instance.trap("grow", .i32(1))
    #expect(trap?.kind == .unreachable)
    #expect(trap?.underlying == nil)
  }

  @Test func abandonedGrowthIsUndone() throws {
    let (machine, instance) = try machine(tracksWrites: true)
    var calls = 0
    machine.store.memoryGrowthHook = { _, _, _ in calls += 1 }
    let execution = try Execution(instance.function("growAndLoop"), arguments: [.i32(4)], instructions: 2000)
    #expect(try execution.run().isOutOfInstructions)
    #expect(try instance.memory("m").pageCount == 5)
    execution.abandon()
    #expect(try instance.memory("m").pageCount == 1)
    #expect(calls == 1)
  }

  /// What is refused inside a host function ends only what that has called.
  @Test func insideHostFunctions() throws {
    let (machine, instance) = try machine()
    machine.store.memoryGrowthHook = { if $2 > 3 { throw TooLarge(pages: $2) } }
    #expect(try instance.call("catch", .i32(5)) == [.i32(6)])
  }

  /// A hook may use memories, but has no frame from which to call Wasm code.
  @Test func whatHooksCanDo() throws {
    let (machine, instance) = try machine(tracksWrites: true)
    var errors: [ExecutionError?] = []
    machine.store.memoryGrowthHook = { memory, _, new in
      do { _ = try instance.call("grow", .i32(1)) } catch { errors.append(error as? ExecutionError) }
      do { _ = try Execution(instance.function("grow"), arguments: [.i32(1)]) } catch {
        errors.append(error as? ExecutionError)
      }
      #expect(memory.grow(by: 1) == new)
      #expect(memory.write([1], at: new * 65_536))
    }
    // The code sees the host's page too.
    #expect(try instance.call("store", .i32(1), .i32(2 * 65_536 + 8)) == [.i32(3)])
    #expect(errors == [.storeIsSuspended, .storeIsSuspended])
    #expect(try instance.memory("m").dirtyPages() == [32])
    #expect(try instance.memory("m").read(at: 131_072, count: 9) == [1, 0, 0, 0, 0, 0, 0, 0, 7])
  }
}
