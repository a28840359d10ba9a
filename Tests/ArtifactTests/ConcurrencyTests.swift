// One module, many threads: stores of their own, first calls that race to link. `tools/thread-sanitizer` runs these tests
// with the thread sanitizer.

import Cannery
import Executor
import Foundation
import ProgramGenerator
import Synchronization
import Testing

/// What the threads of a race share.
private final class Race<Result: Sendable>: Sendable {
  let waiting = Atomic(0)
  let results = Locked([Int: Result]())
}

@Suite struct ConcurrencyTests {
  /// More threads than cores.
  private static let threads = 8
  private static let rounds = dispatchesThroughTrampoline ? 6 : 40

  /// Runs `body` on all threads, released at once, and returns what each made.
  private static func race<Result: Sendable>(_ body: @escaping @Sendable (Int) -> Result) -> [Result] {
    let shared = Race<Result>()
    let group = DispatchGroup()
    for number in 0..<threads {
      group.enter()
      let thread = Thread {
        shared.waiting.wrappingAdd(1, ordering: .acquiringAndReleasing)
        while shared.waiting.load(ordering: .acquiring) < threads { sched_yield() }
        let result = body(number)
        shared.results.withLock { $0[number] = result }
        group.leave()
      }
      thread.start()
    }
    group.wait()
    return shared.results.withLock { results in (0..<threads).compactMap { results[$0] } }
  }

  /// What calling every function of an instance gives: results or the trap with its backtrace, and the instructions.
  private static func outcomes(
    _ module: Module, of engine: Engine, tracksWrites: Bool, from first: Int
  ) throws -> [Int: String] {
    let store = try engine.makeStore(tracksWrites: tracksWrites)
    let count = module.spaces.functions.count
    var found: [Int: String] = [:]
    for step in 0..<count {
      // Each thread begins with another function, and none finds the state that others left.
      let instance = try store.instantiate(module, imports: [])
      let index = (first + step) % count
      let function = instance.function(at: index)
      var random = Random(seed: UInt64(index))
      let arguments = function.type.parameters.map { type in argument(type, random.next()) }
      let execution = try Execution(function, arguments: arguments, instructions: 3000)
      let state = try execution.run()
      let text: String
      switch state {
      case .finished(let results): text = "\(results)"
      case .trapped(let trap): text = "\(trap)"
      default: text = "\(state)"
      }
      found[index] = "\(text), \(execution.instructionsExecuted) instructions"
    }
    return found
  }

  private static func argument(_ type: ValueType, _ bits: UInt64) -> RuntimeValue {
    switch type {
    case .i32: .i32(Int32(truncatingIfNeeded: bits % 100))
    case .i64: .i64(Int64(bits % 100))
    case .f32: .float(Float(bits % 1000))
    default: .double(Double(bits % 1000))
    }
  }

  /// All threads link the same functions for the first time, for both kinds of memory, some by verifying all at once.
  @Test func firstCallsRace() throws {
    var shape = ProgramShape()
    shape.functions = 24
    for round in 0..<ConcurrencyTests.rounds {
      shape.functionSize = [20, 60, 150][round % 3]
      let engine = Engine()
      let artifact = try engine.precompile(GeneratedModule(seed: UInt64(round), shape: shape).bytes)
      let expected = try ConcurrencyTests.outcomes(
        engine.load(artifact: artifact), of: engine, tracksWrites: false, from: 0)
      let module = try engine.load(artifact: artifact)
      let results = ConcurrencyTests.race { number -> [Int: String] in
        do {
          if number == 3 { try module.verify() }
          return try ConcurrencyTests.outcomes(
            module, of: engine, tracksWrites: number % 2 == 1, from: number * 3)
        } catch {
          return [-1: "\(error)"]
        }
      }
      #expect(results.count == ConcurrencyTests.threads)
      for result in results { #expect(result == expected) }
    }
  }

  /// Threads that compile and load modules with one engine, whose types it numbers for all of them.
  @Test func modulesAreLoadedAtOnce() throws {
    let engine = Engine(EngineConfiguration(compiler: CompilerOptions(verifiesIR: false, threads: 2)))
    let programs = (0..<UInt64(4)).map { GeneratedModule(seed: $0).bytes }
    let expected = try programs.map { try engine.precompile($0) }
    let results = ConcurrencyTests.race { number -> [[UInt8]] in
      programs.indices.map { index in
        let bytes = try? engine.precompile(programs[(index + number) % programs.count])
        guard let bytes, let module = try? engine.load(artifact: bytes), (try? module.verify()) != nil else {
          return []
        }
        return bytes
      }
    }
    for (number, result) in results.enumerated() {
      for index in programs.indices { #expect(result[index] == expected[(index + number) % programs.count]) }
    }
  }

  /// An execution goes on on another thread than the one where it stopped, and other threads stop it.
  @Test func executionsMoveAndAreInterrupted() throws {
    let engine = Engine()
    let module = try engine.compile(
      Array("(module (func (export \"f\") (param i64) (loop (br_if 0 (i64.ne (local.get 0) (i64.const 0))))))".utf8))
    let stopped = ConcurrencyTests.race { _ -> Bool in
      guard let store = try? engine.makeStore(), let instance = try? store.instantiate(module, imports: []),
        let execution = try? Execution(instance.function(at: 0), arguments: [.i64(1)])
      else { return false }
      let handle = store.interruptHandle
      let other = Thread { handle.interrupt() }
      other.start()
      guard case .interrupted? = try? execution.run() else { return false }
      return true
    }
    #expect(stopped == Array(repeating: true, count: ConcurrencyTests.threads))
    let store = try engine.makeStore()
    let instance = try store.instantiate(module, imports: [])
    let execution = try Execution(instance.function(at: 0), arguments: [.i64(1)], instructions: 1000)
    _ = try execution.run()
    struct Sent: @unchecked Sendable { let execution: Execution }  // used by one thread after the other
    let sent = Sent(execution: execution)
    for _ in 0..<4 {
      let group = DispatchGroup()
      group.enter()
      Thread {
        if case .outOfInstructions? = try? sent.execution.resume(instructions: 1000) {
        } else {
          Issue.record("did not go on")
        }
        group.leave()
      }.start()
      group.wait()
    }
    #expect(execution.instructionsExecuted >= 5000)
  }
}
