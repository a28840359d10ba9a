// What a store may use, and the limit on the stack at every optimisation level.

import Cannery
import Testing

@Suite struct LimitTests {
  private func resource(_ body: () throws -> Void) -> ResourceError? {
    do { try body() } catch InstantiationError.resource(let error) { return error } catch {}
    return nil
  }

  @Test func memoryPages() throws {
    var limits = StoreLimits()
    limits.memoryPages = 3
    var machine = try Machine(limits: limits)
    #expect(resource { _ = try machine.add("(module (memory 4))") } == .memoryLimit(pages: 4))
    #expect(resource { _ = try machine.add("(module (memory 1) (memory i64 4))") } == .memoryLimit(pages: 4))
    let instance = try machine.add(
      "(module (memory (export \"m\") 2 9) (func (export \"f\") (param i32) (result i32) (memory.grow (local.get 0))))")
    #expect(try instance.call("f", .i32(2)) == [.i32(-1)])
    #expect(try instance.call("f", .i32(1)) == [.i32(2)])
    #expect(try instance.call("f", .i32(1)) == [.i32(-1)])
    #expect(try instance.memory("m").grow(by: 1) == nil)
    #expect(throws: ResourceError.memoryLimit(pages: 4)) {
      try machine.store.makeMemory(MemoryType(limits: Limits(address: .i32, minimum: 4, maximum: nil)))
    }
  }

  @Test func tableElements() throws {
    var limits = StoreLimits()
    limits.tableElements = 100
    var machine = try Machine(limits: limits)
    #expect(resource { _ = try machine.add("(module (table 101 funcref))") } == .tableLimit(elements: 101))
    let instance = try machine.add(
      """
      (module (table 90 funcref)
        (func (export "f") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))
      """)
    #expect(try instance.call("f", .i32(11)) == [.i32(-1)])
    #expect(try instance.call("f", .i32(10)) == [.i32(90)])
    #expect(try instance.call("f", .i32(1)) == [.i32(-1)])
    // More than there is memory for, whatever the limit.
    limits.tableElements = .max
    machine = try Machine(limits: limits)
    #expect(resource { _ = try machine.add("(module (table i64 0x8000000000000000 funcref))") } != nil)
    #expect(resource { _ = try machine.add("(module (table i64 0x1000000000000000 funcref))") } != nil)
  }

  @Test func instances() throws {
    var limits = StoreLimits()
    limits.instances = 2
    var machine = try Machine(limits: limits)
    try machine.add("(module)", as: "a")
    try machine.add("(module)", as: "b")
    #expect(resource { _ = try machine.add("(module)", as: "c") } == .instanceLimit(2))
  }

  /// A frame costs 4, its parameters and locals, and the greatest height of its operands.
  @Test(arguments: [100, 101, 102, 103, 104, 105, 106, 107, 108, 200])
  func stackSlots(_ slots: Int) throws {
    var limits = StoreLimits()
    limits.stackSlots = slots
    var machine = try Machine(limits: limits)
    let instance = try machine.add(
      """
      (module (global (export "n") (mut i32) (i32.const 0))
        (func $f (export "f") (param i32) (local v128)
          (global.set 0 (i32.add (global.get 0) (i32.const 1)))
          (call $f (local.get 0))))
      """)
    #expect(try instance.trap("f", .i32(0))?.kind == .callStackExhausted)
    #expect(try instance.global("n").value == .i32(Int32(slots / (4 + 1 + 2 + 2))))
  }

  @Test func nestedExecutions() throws {
    var limits = StoreLimits()
    limits.nestedExecutions = 7
    var machine = try Machine(limits: limits)
    var instance: Instance?
    var depth = 0
    try machine.host("enter") { _, _ in
      depth += 1
      _ = try instance?.call("f")
      return .done
    }
    instance = try machine.add(
      #"(module (import "env" "enter" (func $enter)) (func (export "f") (call $enter)))"#)
    var trap = try #require(try instance?.trap("f"))
    #expect(depth == 7)
    // Each host function's error is the next one's.
    for _ in 0..<7 {
      #expect(trap.kind == .hostError)
      trap = try #require(trap.underlying as? Trap)
    }
    #expect(trap.kind == .callStackExhausted)
    #expect(machine.store.depth == 0)
  }

  /// The default leaves room on a thread with 512 KiB, the smallest that systems make unless told otherwise; in a debug
  /// build, whose frames are several times larger, on one of 4 MiB.
  @Test func nestedExecutionsFitOnAThread() throws {
    var machine = try Machine()
    var instance: Instance?
    try machine.host("enter") { _, _ in
      _ = try instance?.call("f")
      return .done
    }
    let made = try machine.add(
      #"(module (import "env" "enter" (func $enter)) (func (export "f") (call $enter)))"#)
    instance = made
    var trap: Trap?
    try onSmallThread(stackBytes: dispatchesThroughTrampoline ? 4 << 20 : 512 << 10) { trap = try made.trap("f") }
    #expect(trap?.kind == .hostError)
  }
}

/// Recursions that count their calls in the exported global `n`.
struct Recursion: CustomTestStringConvertible, Sendable {
  var name: String
  var module: String
  var other: String?
  var testDescription: String { name }
}

private let count = "(global.set $n (i32.add (global.get $n) (i32.const 1)))"

/// Sums that are needed before and after a call, which optimisation keeps over it.
private func sums(_ count: Int) -> String {
  (0..<count).map { "(local.set 1 (i32.xor (local.get 1) (i32.mul (local.get 0) (i32.const \($0 * 2 + 3)))))" }
    .joined(separator: "\n")
}

private let recursions: [Recursion] = [
  Recursion(
    name: "plain",
    module: """
      (module (global $n (export "n") (mut i32) (i32.const 0))
        (func $f (export "f") (param i32) (result i32) \(count) (i32.add (local.get 0) (call $f (local.get 0)))))
      """),
  Recursion(
    name: "values that live over the call",
    module: """
      (module (global $n (export "n") (mut i32) (i32.const 0))
        (func $f (export "f") (param i32) (result i32) (local i32) \(count)
          \(sums(10)) (local.set 1 (i32.add (local.get 1) (call $f (local.get 0)))) \(sums(10)) (local.get 1)))
      """),
  Recursion(
    name: "very many values that live over the call",
    module: """
      (module (global $n (export "n") (mut i32) (i32.const 0))
        (func $f (export "f") (param i32) (result i32) (local i32) \(count)
          \(sums(400)) (local.set 1 (i32.add (local.get 1) (call $f (local.get 0)))) \(sums(400)) (local.get 1)))
      """),
  Recursion(
    name: "through a table",
    module: """
      (module (type $t (func (param i32) (result i32))) (table funcref (elem $f))
        (global $n (export "n") (mut i32) (i32.const 0))
        (func $f (export "f") (type $t) (local i32) \(count)
          \(sums(5)) (drop (call_indirect (type $t) (local.get 0) (i32.const 0))) \(sums(5)) (local.get 1)))
      """),
  Recursion(
    name: "with an import in every frame",
    module: """
      (module (import "other" "g" (func $g (param i32) (result i32))) (global $n (export "n") (mut i32) (i32.const 0))
        (func $f (export "f") (param i32) (result i32) (local i32) \(count)
          \(sums(5)) (drop (call $g (local.get 0))) (drop (call $f (local.get 0))) \(sums(5)) (local.get 1)))
      """,
    other: """
      (module (func $deep (param i32) (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1))))))
        (func (export "g") (param i32) (result i32) (call $deep (local.get 0)) (local.get 0)))
      """),
  Recursion(
    name: "over an instance's border",
    module: """
      (module (type $t (func (param i32) (result i32))) (import "other" "g" (func $g (type $t)))
        (import "other" "t" (table 1 funcref)) (elem (i32.const 0) $f) (global $n (export "n") (mut i32) (i32.const 0))
        (func $f (export "f") (type $t) (local i32) \(count) \(sums(5)) (drop (call $g (local.get 0))) \(sums(5)) (local.get 1)))
      """,
    other: """
      (module (type $t (func (param i32) (result i32))) (table (export "t") 1 funcref)
        (func (export "g") (type $t) (local i32)
          \(sums(3)) (drop (call_indirect (type $t) (local.get 0) (i32.const 0))) \(sums(3)) (local.get 1)))
      """),
]

@Suite struct StackDepthTests {
  @Test(arguments: recursions)
  func isTheSameAtEveryLevel(_ recursion: Recursion) throws {
    for slots in [500, 503, 655_360] {
      var limits = StoreLimits()
      limits.stackSlots = slots
      var depths: [Value] = []
      for optimization in OptimizationLevel.allCases {
        for metering in [MeteringPolicy.icp, .none] {
          var machine = try Machine(metering: metering, optimization: optimization, limits: limits)
          if let other = recursion.other { try machine.add(other, as: "other") }
          let instance = try machine.add(recursion.module)
          #expect(try instance.trap("f", .i32(3))?.kind == .callStackExhausted)
          depths.append(try instance.global("n").value)
        }
      }
      #expect(Set(depths).count == 1, "\(slots) slots: \(depths)")
    }
  }

  /// Limits on the stack that no system can give are errors, not crashes; what is below 0 is 0.
  @Test(arguments: [Int.max, .max / 2, 1 << 55, 1 << 48, 0, -1, -1_000_000, .min])
  func impossibleStackSlots(_ slots: Int) throws {
    var limits = StoreLimits()
    limits.stackSlots = slots
    if slots > 0 {
      #expect(throws: ResourceError.self) { try Machine(limits: limits) }
    } else {
      var machine = try Machine(limits: limits)
      let instance = try machine.add(#"(module (func (export "f")))"#)
      #expect(try instance.trap("f")?.kind == .callStackExhausted)
    }
  }
}
