// `bench gate`: counts the instructions that the kernels execute and compares them with a baseline.

import ArgumentParser
import Foundation
import Harness

struct Gate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compares the number of executed instructions with a baseline.",
    discussion: """
      Fails if a kernel takes more instructions than the band allows. Exits with 75 where the baseline holds for another \
      compiler or architecture, or valgrind can't be started, and compares nothing.
      """)

  @Option(help: ArgumentHelp("The program of Benchmarks/Host.", valueName: "file"))
  var host: String

  @Option(help: ArgumentHelp("The baseline.", valueName: "file"))
  var baseline: String

  @Option(help: "How many percent more than in the baseline are allowed.")
  var band = 3.0

  @Flag(help: "Makes what is counted now the baseline.")
  var accept = false

  @Option(help: "The longest time that counting may take, in seconds.")
  var limit = 600.0

  @OptionGroup var selection: KernelOptions

  func validate() throws {
    if accept, !selection.kernel.isEmpty { throw ValidationError("a baseline is made of all kernels") }
  }

  func run() throws {
    let compiler = swiftVersion() ?? "unknown"
    let architecture = currentArchitecture
    var committed: Baseline?
    if let text = try? String(contentsOfFile: baseline, encoding: .utf8) { committed = try Baseline(parsing: text) }
    if !accept {
      guard let committed else { throw ValidationError("no baseline at \(baseline): --accept makes one") }
      if committed.compiler != compiler || committed.architecture != architecture {
        skip(
          "the baseline is of \(committed.compiler) on \(committed.architecture), this is \(compiler) on \(architecture)"
        )
      }
    }
    let kernels = try selection.list()
    let counts: [InstructionCounts]
    do {
      counts = try countInstructions(of: kernels, host: host, limit: limit)
    } catch HarnessError.cannotStart(let text) {
      skip(text)
    }
    let before = committed?.entries.filter { entry in
      selection.kernel.isEmpty || selection.kernel.contains(entry.kernel)
    }
    print(table(counts, against: before ?? []), terminator: "")
    if accept {
      let new = Baseline(compiler: compiler, architecture: architecture, entries: counts)
      try new.text.write(toFile: baseline, atomically: true, encoding: .utf8)
      print("accepted as \(baseline)")
      return
    }
    let verdict = Verdict(counts, against: before ?? [], band: band / 100)
    for line in verdict.gains { print("fewer: \(line)") }
    if !verdict.gains.isEmpty { print("Renew the baseline, so that what was gained stays: Benchmarks/gate --accept") }
    for line in verdict.failures { print("FAILED: \(line)") }
    if !verdict.failures.isEmpty { throw ExitCode.failure }
  }

  private func skip(_ reason: String) -> Never {
    note("NOTE: THE INSTRUCTION GATE IS SKIPPED: \(reason)")
    Foundation.exit(75)
  }

  private var currentArchitecture: String {
    #if arch(x86_64)
    "x86_64"
    #elseif arch(arm64)
    "arm64"
    #else
    "other"
    #endif
  }
}
