// `cannery wast`: runs specification scripts on the engine.

import ArgumentParser
import Cannery
import WasmText
import WastRunner

struct WastCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "wast", abstract: "Runs specification scripts.",
    discussion: """
      The scripts of the WebAssembly core test suite: modules, calls, and assertions about them. Assertions that need \
      what the engine does not execute are skipped.
      """)

  @Argument(
    help: ArgumentHelp("Scripts (.wast); - is standard input.", valueName: "script"),
    completion: .file(extensions: ["wast"]))
  var scripts: [String]
  @Option(help: MeteringChoice.help)
  var metering: MeteringChoice = .icp
  @Option(help: OptimizationChoice.help)
  var optimization: OptimizationChoice = .full
  @Flag(help: "Run in a store that tracks writes to memories.")
  var trackWrites = false
  @OptionGroup var output: OutputOptions

  func execute(on console: Console) throws -> ExitStatus {
    var status = ExitStatus.success
    var totals = (passed: 0, failed: 0, skipped: 0)
    var files: [JSONValue] = []
    for path in scripts {
      do {
        let report = try run(path, console)
        totals.passed += report.passed
        totals.failed += report.failures.count
        totals.skipped += report.skipped.count
        if !report.failures.isEmpty { status = max(status, .guestFailed) }
        if output.json { files.append(json(path, report)) } else { print(path, report, console) }
      } catch {
        // The other scripts still run.
        let failure = CommandFailure(error, file: path)
        console.note("cannery: \(failure.message)")
        status = max(status, failure.status)
        if output.json, case .object(let members) = failure.json {
          files.append(.object([.init("file", .string(path))] + members))
        }
      }
    }
    if output.json {
      let result: JSONValue = [
        "passed": JSONValue(totals.passed), "failed": JSONValue(totals.failed), "skipped": JSONValue(totals.skipped),
        "files": .array(files),
      ]
      console.print(result)
    } else if scripts.count > 1 && !output.quiet {
      console.print("total: \(totals.passed) passed, \(totals.failed) failed, \(totals.skipped) skipped")
    }
    return status
  }

  private func run(_ path: String, _ console: Console) throws -> ScriptReport {
    let file = try InputFile(path, console)
    let text = try file.moduleBytes(advice: "scripts are text")
    let script = try naming(file.name) { try Script(parsing: Array(text.buffer)) }
    let engine = try CanneryScriptEngine(
      metering: metering.policy, optimization: optimization.level, tracksWrites: trackWrites)
    var runner = ScriptRunner(engine: engine)
    return runner.run(script)
  }

  private func print(_ path: String, _ report: ScriptReport, _ console: Console) {
    if !output.quiet {
      console.print(
        "\(path): \(report.passed) passed, \(report.failures.count) failed, \(report.skipped.count) skipped")
    }
    for entry in report.failures { console.print("\(path):\(entry.line): failed: \(entry.reason)") }
    if output.quiet { return }
    for entry in report.skipped { console.print("\(path):\(entry.line): skipped: \(entry.reason)") }
  }

  private func json(_ path: String, _ report: ScriptReport) -> JSONValue {
    func entries(_ list: [ScriptReport.Entry]) -> JSONValue {
      .array(list.map { ["line": JSONValue($0.line), "reason": .string($0.reason)] })
    }
    return [
      "file": .string(path), "passed": JSONValue(report.passed), "failed": JSONValue(report.failures.count),
      "skipped": JSONValue(report.skipped.count), "failures": entries(report.failures),
      "skips": entries(report.skipped),
    ]
  }
}
