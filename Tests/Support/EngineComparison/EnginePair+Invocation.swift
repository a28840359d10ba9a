// Executing a function on both sides: first on the oracle, which notes where its instructions run out, then on the engine,
// which must stop at the same points, in the same state, and come to the same end.

import Cannery
import ReferenceInterpreter
import Synchronization
import WastRunner

extension EnginePair {
  /// How an invocation ended on the oracle's side.
  public enum Outcome: Sendable, Hashable, CustomStringConvertible {
    case results([OracleValue])
    case trap(TrapKind)
    /// The oracle does not execute what this text names; nothing was changed.
    case unsupported(String)

    public var description: String {
      switch self {
      case .results(let values): "\(values)"
      case .trap(let kind): kind.name
      case .unsupported(let what): "unsupported: \(what)"
      }
    }
  }

  /// Where the oracle ran out of a slice.
  private struct Stop {
    var executed: UInt64
    var snapshots: [OracleSnapshot]
  }

  private struct OracleRun {
    var outcome: Outcome
    var executed: UInt64
    var location: OracleLocation?
    var stops: [Stop]
  }

  /// Stops at which the state is compared, beside the last.
  private static let comparedStops = 3

  /// Calls `function`, which must be one, on both sides, and notes what differs in `differences`.
  @discardableResult
  public func invoke(
    _ function: External, _ arguments: [OracleValue], _ schedule: InstructionSchedule = .unlimited
  ) -> Outcome {
    guard case .function(let oracleFunction) = function.oracle, case .function(let engineFunction) = function.engine
    else { preconditionFailure("not a function") }
    let before = snapshots()
    oracleCalls = []
    engineCalls = []
    let run = runOracle(oracleFunction, arguments, schedule)
    if case .unsupported = run.outcome {
      for snapshot in before { snapshot.restore() }
      return run.outcome
    }
    let known = differences.count
    do {
      if engineFunction.instance == nil {
        compare(try engineFunction.call(arguments.map(engineValue)), run)
      } else {
        try runEngine(engineFunction, arguments, schedule, run, before)
      }
    } catch {
      differ("the engine fails: \(error)")
    }
    if oracleCalls != engineCalls {
      let place = zip(oracleCalls, engineCalls).prefix { $0 == $1 }.count
      differ(
        "host call \(place) is \(engineCalls.dropFirst(place).first.map { "\($0)" } ?? "none"), "
          + "not \(oracleCalls.dropFirst(place).first.map { "\($0)" } ?? "none")")
    }
    compareState(snapshots(), "at the end")
    commit()
    for index in known..<differences.count { differences[index] += " (\(schedule))" }
    return run.outcome
  }

  // MARK: The oracle

  private func runOracle(
    _ function: OracleFunction, _ arguments: [OracleValue], _ schedule: InstructionSchedule
  ) -> OracleRun {
    var stops: [Stop] = []
    oracle.nextSlice = { [unowned self] _ in
      // Whoever runs out inside a host function cannot be suspended.
      if hostDepth > 0 { return nil }
      let isLast = stops.count >= schedule.further.count
      let isCompared = isLast || stops.count < EnginePair.comparedStops
      stops.append(Stop(executed: oracle.executed, snapshots: isCompared ? snapshots() : []))
      return isLast ? nil : schedule.further[stops.count - 1]
    }
    oracle.setLimit(schedule.first)
    var location: OracleLocation?
    let outcome: Outcome
    do throws(OracleStop) {
      outcome = .results(try oracle.invoke(function, arguments))
    } catch {
      switch error {
      case .trap(let kind, let place):
        outcome = .trap(kind)
        location = place
      case .unsupported(let what): outcome = .unsupported(what)
      case .host(let error): preconditionFailure("host functions of a pair don't fail: \(error)")
      }
    }
    return OracleRun(outcome: outcome, executed: oracle.executed, location: location, stops: stops)
  }

  // MARK: The engine

  private func runEngine(
    _ function: Function, _ arguments: [OracleValue], _ schedule: InstructionSchedule, _ expected: OracleRun,
    _ before: [OracleSnapshot]
  ) throws {
    let execution = try Execution(
      function, arguments: arguments.map(engineValue), instructions: UInt64(schedule.first))
    var stops = 0
    var interrupts = 0
    if schedule.interrupts > 0 { store.interruptHandle.interrupt() }
    // An interrupt that came too late must not show in what comes next.
    defer { store.interruptHandle.flag.pointee.store(false, ordering: .relaxed) }
    var state = try execution.run()
    while true {
      switch state {
      case .finished(let values):
        compare(values, expected)
        compare(stops: stops, execution.instructionsExecuted, expected)
        return
      case .trapped(let trap):
        compare(trap, expected)
        compare(stops: stops, execution.instructionsExecuted, expected)
        return
      case .waitingForHost: state = try execution.resume(results: pendingResults.map(engineValue))
      case .interrupted:
        interrupts += 1
        if interrupts < schedule.interrupts { store.interruptHandle.interrupt() }
        state = try execution.run()
      case .outOfInstructions:
        guard stops < expected.stops.count else {
          differ("the engine stops after \(execution.instructionsExecuted); the oracle: \(expected.outcome)")
          return execution.abandon()
        }
        let stop = expected.stops[stops]
        if execution.instructionsExecuted != stop.executed {
          differ("stop \(stops) is after \(execution.instructionsExecuted), not \(stop.executed)")
        }
        compareState(stop.snapshots, "at stop \(stops)")
        stops += 1
        if stops <= schedule.further.count {
          state = try execution.resume(instructions: UInt64(schedule.further[stops - 1]))
          continue
        }
        execution.abandon()
        compare(stops: stops, execution.instructionsExecuted, expected)
        if variant.tracksWrites { for snapshot in before { snapshot.restoreMemoriesAndGlobals() } }
        return
      }
    }
  }

  private func compare(stops: Int, _ executed: UInt64, _ expected: OracleRun) {
    if stops != expected.stops.count { differ("\(stops) stops, not \(expected.stops.count)") }
    if executed != expected.executed { differ("\(executed) executed, not \(expected.executed): \(expected.outcome)") }
  }

  private func compare(_ values: [RuntimeValue], _ expected: OracleRun) {
    guard case .results(let wanted) = expected.outcome, wanted.count == values.count,
      zip(wanted, values).allSatisfy(isSame)
    else { return differ("results \(values), not \(expected.outcome)") }
  }

  private func compare(_ trap: Trap, _ expected: OracleRun) {
    guard expected.outcome == .trap(trap.kind) else { return differ("trap \(trap), not \(expected.outcome)") }
    // A stack that is exhausted is the callee's trap in one, the caller's in the other; what host functions pass on has
    // lost its place.
    guard let frame = trap.backtrace.first, !frame.isHost, trap.kind != .callStackExhausted else { return }
    guard let offset = frame.offset, let location = expected.location else {
      return differ(
        "no place of the trap \(trap.kind.name): \(trap.backtrace), \(String(describing: expected.location))")
    }
    if frame.function != location.function || offset != location.offset {
      differ(
        "\(trap.kind.name) in function \(frame.function) at \(offset), not in \(location.function) at \(location.offset)"
      )
    }
  }
}
