// Stacks of many stores: few are kept, and those that go from one store to another don't mix anything up.

import Cannery
import Dispatch
import Executor
import Testing

@Suite struct StackPoolTests {
  private static let text = """
    (module (import "env" "wait" (func $wait))
      (func $sum (export "sum") (param i32) (result i64 i64)
        (if (result i64 i64) (local.get 0)
          (then
            (i64.extend_i32_u (local.get 0)) (call $sum (i32.sub (local.get 0) (i32.const 1)))
            (i64.add (i64.const 1))
            (local.set 0 (i32.wrap_i64)) (i64.add) (i64.extend_i32_u (local.get 0)))
          (else (i64.const 0) (i64.const 0))))
      (func (export "wait") (param i32) (result i64 i64)
        (call $sum (local.get 0)) (call $wait)))
    """

  /// Each test has a size of its own, whose stacks it can count.
  private func stores(_ count: Int, slots: Int) throws -> [Instance] {
    let engine = Engine()
    let module = try engine.compile(Array(Self.text.utf8))
    var limits = StoreLimits()
    limits.stackSlots = slots
    return try (0..<count).map { _ in
      let store = try engine.makeStore(limits: limits, tracksWrites: true)
      let wait = try store.makeHostFunction(FunctionType(parameters: [], results: [])) { _, _ in .suspend }
      return try store.instantiate(module, imports: [.function(wait)])
    }
  }

  private func expected(_ n: Int32) -> [Value] { [.i64(Int64(n) * (Int64(n) + 1) / 2), .i64(Int64(n))] }

  /// Results stand on the stack: they must be read before another store has it.
  @Test func storesThatExecuteInTurn() throws {
    let instances = try stores(300, slots: 30_000)
    let store = try #require(instances.first?.store)
    for round: Int32 in 0..<2 {
      for (number, instance) in instances.enumerated() {
        let n = Int32(number) + round
        #expect(try instance.call("sum", .i32(n)) == expected(n))
        var slots: [UInt64] = [UInt64(n), 0]
        try slots.withUnsafeMutableBufferPointer { try instance.function("sum").call(slots: $0) }
        #expect(slots == [UInt64(n) * UInt64(n + 1) / 2, UInt64(n)])
        #expect(throws: ExecutionError.self) { try instance.call("sum", .i64(0)) }
      }
      #expect(store.stackCount <= 90)
    }
    // Those that stand still have one each.
    let executions = try instances.prefix(200).map { instance in
      let execution = try Execution(instance.function("wait"), arguments: [.i32(100)])
      #expect(try execution.run().isWaiting)
      return execution
    }
    #expect(store.stackCount >= 200)
    for execution in executions.reversed() {
      #expect(try execution.resume(results: []).results == expected(100))
    }
    #expect(store.stackCount <= 90)
    // And those that are parked.
    let parked = try instances.prefix(3).map { instance in
      try (Int32(0)..<50).map { n in
        let execution = try Execution(instance.function("wait"), arguments: [.i32(n)])
        #expect(try execution.run().isWaiting)
        try execution.park()
        return execution
      }
    }
    #expect(store.stackCount >= 150)
    for group in parked {
      for (n, execution) in group.enumerated().reversed() where n % 2 == 0 {
        try execution.unpark()
        #expect(try execution.resume(results: []).results == expected(Int32(n)))
      }
    }
  }

  @Test func manyThreads() throws {
    nonisolated(unsafe) let instances = try stores(200, slots: 60_000)
    let failures = Locked(0)
    DispatchQueue.concurrentPerform(iterations: 8) { thread in
      for round in 0..<20 {
        for index in stride(from: thread, to: instances.count, by: 8) {
          let n = Int32(index + round)
          if (try? instances[index].call("sum", .i32(n))) != expected(n) { failures.withLock { $0 += 1 } }
        }
      }
    }
    #expect(failures.withLock { $0 } == 0)
    #expect(instances[0].store.stackCount <= 110)
  }
}
