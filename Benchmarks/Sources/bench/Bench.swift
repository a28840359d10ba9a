// `bench`: runs the kernels on the engines given, checks that they agree, and prints times and ratios.

import ArgumentParser
import Foundation
import Harness

@main
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Runs the kernels on several engines and compares results and times.",
    discussion: """
      Run Benchmarks/build-kernels first. An engine is NAME=COMMAND, where {wasm} stands for the compiled kernel, \
      {native} for its native executable, {name} for its name, {n} for the argument of `run`; the last integer that the \
      command prints is the result. The first engine is what the others are compared with.

      Each execution is a process. The time shown is that of the timed size less that of n = 0 (start and compilation), \
      medians of all rounds; engines take turns.
      """)

  @Option(help: ArgumentHelp("An engine; may be given several times.", valueName: "name=command"))
  var engine: [String] = ["native={native} {n}"]

  @Option(help: "Only this kernel; may be given several times.")
  var kernel: [String] = []

  @Option(help: "How often each kernel is run on each engine.")
  var rounds = 5

  @Option(help: "The longest time that one execution may take, in seconds.")
  var limit = 120.0

  @Option(help: ArgumentHelp("Writes every sample to this file.", valueName: "file"))
  var csv: String?

  @Flag(help: "Compares results only: one round with the small sizes, no times.")
  var check = false

  @Option(help: ArgumentHelp("The folder of the kernels.", valueName: "folder"))
  var kernels = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../kernels")
    .standardizedFileURL.path

  func validate() throws {
    if rounds < 1 { throw ValidationError("--rounds must be at least 1") }
    if engine.isEmpty { throw ValidationError("no engine given") }
  }

  func run() throws {
    let folder = URL(fileURLWithPath: kernels)
    var selected = try Kernel.list(
      String(contentsOf: folder.appending(path: "list"), encoding: .utf8), folder: folder)
    if !kernel.isEmpty {
      for name in kernel where !selected.contains(where: { $0.name == name }) {
        throw ValidationError("no such kernel: \(name); there are \(selected.map(\.name).joined(separator: ", "))")
      }
      selected.removeAll { !kernel.contains($0.name) }
    }
    if check {
      for index in selected.indices { selected[index].timeSize = selected[index].checkSize }
    }
    let engines = try engine.map { try CommandEngine(parsing: $0, limit: limit) }
    let (measurements, samples) = measure(selected, on: engines, rounds: check ? 1 : rounds) { name in
      FileHandle.standardError.write(Data("\(name) …\n".utf8))
    }

    if !check { print(table(measurements, engines: engines.map(\.name)), terminator: "") }
    if let csv { try Harness.csv(samples).write(toFile: csv, atomically: true, encoding: .utf8) }
    let problems = disagreements(measurements)
    for line in problems { print(line) }
    if !problems.isEmpty { throw ExitCode.failure }
    print("\(selected.count) kernels, \(engines.count) engines: all results agree")
  }
}
