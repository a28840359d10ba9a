// Interrupts from another thread: code that never ends stops, and what ends is not changed.

import Cannery
import Foundation
import Synchronization
import Testing

private struct Endless: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var text: String
}

private let endless: [Endless] = [
  Endless(testDescription: "a loop", text: #"(module (func (export "f") (loop (br 0))))"#),
  Endless(testDescription: "a loop of calls", text: #"(module (func $g) (func (export "f") (loop (call $g) (br 0))))"#),
  Endless(testDescription: "tail calls", text: #"(module (func $f (export "f") (return_call $f)))"#),
  Endless(
    testDescription: "tail calls through a table",
    text: """
      (module (type $t (func)) (table funcref (elem $f))
        (func $f (export "f") (return_call_indirect (type $t) (i32.const 0))))
      """),
  Endless(
    testDescription: "bulk operations",
    text: """
      (module (memory 1) (func (export "f")
        (loop (memory.fill (i32.const 0) (i32.const 0) (i32.const 1000)) (br 0))))
      """),
]

@Suite struct InterruptTests {
  /// Interrupts `handle` on another thread while `body` runs, and until it ends. A thread, since tasks share a few threads,
  /// and endless code keeps one.
  private func interrupting(_ handle: InterruptHandle, _ body: () throws -> Void) rethrows {
    let isOver = Flag()
    let ended = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      while !isOver.value.load(ordering: .relaxed) {
        handle.interrupt()
        usleep(1000)
      }
      ended.signal()
    }
    defer {
      isOver.value.store(true, ordering: .relaxed)
      ended.wait()
    }
    try body()
  }

  private final class Flag: Sendable {
    let value = Atomic(false)
  }

  @Test(arguments: endless, [MeteringPolicy.icp, .operators, .none])
  private func endlessCodeStops(_ program: Endless, _ metering: MeteringPolicy) throws {
    var machine = try Machine(metering: metering)
    let function = try machine.add(program.text).function("f")
    try interrupting(machine.store.interruptHandle) {
      let execution = try Execution(function, arguments: [])
      for _ in 0..<3 { #expect(try execution.run().isInterrupted) }
    }
    // `call` cannot stop: it fails.
    try interrupting(machine.store.interruptHandle) {
      do {
        _ = try function.call()
        Issue.record("an endless function ended")
      } catch let trap as Trap {
        #expect(trap.kind == .interrupted)
      }
    }
  }

  /// Charges of host functions do not put off the end of the slice.
  @Test(arguments: [MeteringPolicy.icp, .operators])
  func endlessHostCallsStop(_ metering: MeteringPolicy) throws {
    var machine = try Machine(metering: metering)
    try machine.host("charge") { caller, _ in
      try caller.charge(10_000)
      return .done
    }
    let function = try machine.add(
      #"(module (import "env" "charge" (func $charge)) (func (export "f") (loop (call $charge) (br 0))))"#
    ).function("f")
    try interrupting(machine.store.interruptHandle) {
      let execution = try Execution(function, arguments: [])
      for _ in 0..<3 { #expect(try execution.run().isInterrupted) }
    }
  }

  @Test func countsStayTheSame() throws {
    var counts: Set<UInt64> = []
    for interrupts in [false, true] {
      var machine = try Machine()
      machine.store.context.pointee.slice = 500
      let function = try machine.add(
        """
        (module (func (export "f") (param i32) (result i32) (local i32)
          (loop
            (local.set 1 (i32.add (local.get 1) (local.get 0)))
            (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
          (local.get 1)))
        """
      ).function("f")
      let execution = try Execution(function, arguments: [.i32(100_000)])
      let run = {
        var state = try execution.run()
        while state.isInterrupted { state = try execution.run() }
        #expect(state.results == [.i32(705_082_704)])
      }
      if interrupts { try interrupting(machine.store.interruptHandle, run) } else { try run() }
      counts.insert(execution.instructionsExecuted)
    }
    #expect(counts.count == 1)
  }

  /// An interrupt inside a host function's execution ends the outer one too, unless the host function goes on: then it
  /// stops the outer one. The next execution is not concerned.
  @Test(arguments: [false, true])
  func insideHostFunctions(survives: Bool) throws {
    var machine = try Machine()
    machine.store.context.pointee.slice = 100
    var instance: Instance?
    try machine.host("nest") { _, _ in
      do { _ = try instance?.call("spin") } catch TrapKind.interrupted where survives {}
      return .done
    }
    instance = try machine.add(
      """
      (module (import "env" "nest" (func $nest)) (func (export "spin") (loop (br 0)))
        (func (export "f") (call $nest) (loop (br 0)))
        (func (export "g") (param i32) (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
      """)
    guard let instance else { return }
    do {
      let execution = try Execution(instance.function("f"), arguments: [])
      machine.store.interruptHandle.interrupt()
      let state = try execution.run()
      if survives { #expect(state.isInterrupted) } else { #expect(state.trap?.kind == .interrupted) }
    }
    #expect(try instance.call("g", .i32(1000)) == [])
  }
}
