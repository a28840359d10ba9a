// The core suite on engine and oracle together: every action of its scripts gives the same results, traps, counts and
// state on both, and what the scripts assert. `CANNERY_ALL_VARIANTS` asks for all ways to execute, which takes minutes.

import Cannery
import EngineComparison
import Foundation
import ProgramGenerator
import Testing
import WasmText
import WastRunner

/// How the actions get their instructions.
enum SuiteMode: String, CaseIterable {
  /// As many as they need.
  case unlimited
  /// In slices, with interrupts: the scripts' assertions still hold.
  case sliced
  /// Few, so that most actions end where they run out; the assertions are not looked at.
  case limited

  func schedule(_ random: inout Random) -> InstructionSchedule {
    switch self {
    case .unlimited: return .unlimited
    case .sliced:
      var schedule = InstructionSchedule(
        total: Int64(random.below(200)), slices: random.below(8), interrupts: random.below(4), &random)
      schedule.further += InstructionSchedule.unlimited.further
      return schedule
    case .limited:
      return InstructionSchedule(total: Int64(random.below(60)), slices: random.below(4), interrupts: 0, &random)
    }
  }
}

struct SuiteRun: CustomTestStringConvertible {
  var variant: EngineVariant
  var mode: SuiteMode
  /// Bytes of the largest script that is run.
  var sizeLimit = Int.max
  var testDescription: String { "\(mode), \(variant)" }

  /// In a debug build, where handlers return to a trampoline and run 100 times slower, small scripts in one way.
  static let all: [SuiteRun] = {
    if ProcessInfo.processInfo.environment["CANNERY_ALL_VARIANTS"] != nil {
      return EngineVariant.all.flatMap { variant in SuiteMode.allCases.map { SuiteRun(variant: variant, mode: $0) } }
    }
    let tracked = EngineVariant(.icp, .full, tracksWrites: true, internalSlice: 1)
    if dispatchesThroughTrampoline { return [SuiteRun(variant: tracked, mode: .sliced, sizeLimit: 20_000)] }
    let wide = EngineVariant(.operators, .none, tracksWrites: false, hasWideForms: true)
    return [
      SuiteRun(variant: tracked, mode: .sliced, sizeLimit: 50_000),
      SuiteRun(variant: wide, mode: .limited, sizeLimit: 50_000),
    ]
  }()
}

/// Scripts that loop long, for the slow oracle: they are left to the run of all variants.
private let longScripts: Set = [
  "call_indirect.wast", "memory_grow64.wast", "return_call.wast", "return_call_indirect.wast", "return_call_ref.wast",
]

@Suite struct SuiteTests {
  @Test(arguments: SuiteRun.all)
  func coreSuite(_ run: SuiteRun) throws {
    if suiteScripts.isEmpty { print("SKIPPED: no core test suite; set WASM_TESTSUITE to its folder") }
    var invocations = 0
    var open = 0
    for file in suiteScripts {
      let text = [UInt8](try Data(contentsOf: file))
      let name = file.lastPathComponent
      if text.count > run.sizeLimit || run.sizeLimit < Int.max && longScripts.contains(name) { continue }
      let engine = try PairedScriptEngine(run.variant) { run.mode.schedule(&$0) }
      var runner = ScriptRunner(engine: engine)
      let report = runner.run(try Script(parsing: text))
      for difference in engine.pair.differences.prefix(5) { Issue.record("\(name): \(difference)") }
      if run.mode != .limited {
        for failure in report.failures.prefix(5) { Issue.record("\(name):\(failure.line): \(failure.reason)") }
      }
      invocations += engine.invocations
      open += report.skipped.count
    }
    print("core suite, \(run.testDescription): \(invocations) invocations, \(open) assertions open")
    #expect(suiteScripts.isEmpty || invocations > 1500)
  }
}
