// `bench compare`: runs the kernels on several engines, checks that they agree, and prints times, ratios and more.

import ArgumentParser
import Foundation
import Harness

struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compares results and times of several engines.",
    discussion: """
      An engine is NAME=COMMAND, where {wasm} stands for the compiled kernel, {native} for its native executable, {name} \
      for its name, {n} for the argument of `run`; the last integer that the command prints is the result. The first \
      engine is what the others are compared with. A compiler is NAME=COMMAND too, where {wasm} stands for the module and \
      {out} for the file to write.

      Each execution is a process. The time is that of the timed size less that of n = 0 (start and compilation), medians \
      of all rounds or the least times; engines take turns. By default it is processor time, user and system, of all the \
      process's threads.
      """)

  @Option(help: ArgumentHelp("An engine; may be given several times.", valueName: "name=command"))
  var engine: [String] = []

  @Option(
    help: ArgumentHelp(
      "An engine that makes no native code: the best of them has a column.", valueName: "name=command"))
  var interpreter: [String] = []

  @Option(help: ArgumentHelp("A compiler of --module; may be given several times.", valueName: "name=command"))
  var compiler: [String] = []

  @Option(help: ArgumentHelp("A module that is compiled; may be given several times.", valueName: "file"))
  var module: [String] = []

  @Option(help: ArgumentHelp("A command that prints figures: lines of name, value, unit.", valueName: "command"))
  var figures: String?

  @Option(
    help: ArgumentHelp("Only the engine or compiler of this name; may be given several times.", valueName: "name"))
  var only: [String] = []

  @Option(help: "How often each kernel is run on each engine.")
  var rounds = 5

  @Option(help: "The longest time that one execution may take, in seconds.")
  var limit = 120.0

  @Option(help: "Which time is compared: cpu or wall.")
  var metric = Metric.cpu

  @Option(help: "Which of the rounds' times is compared: median or least.")
  var statistic = Statistic.median

  @Option(
    help: ArgumentHelp(
      "An engine that should be like others of which this is said, too: the report tells how far apart their means are.",
      valueName: "name"))
  var alike: [String] = []

  @Option(
    help: ArgumentHelp(
      "An engine that the geometric means are given against, beside the first; may be given several times.",
      valueName: "name"))
  var against: [String] = []

  @Option(help: ArgumentHelp("Writes every sample to this file.", valueName: "file"))
  var csv: String?

  @Option(
    help: ArgumentHelp(
      "Writes the report to this file as Markdown: between \(MarkdownMarker.begin) and its end, if it has these lines.",
      valueName: "file"))
  var markdown: String?

  @Option(help: ArgumentHelp("Draws the comparison into this file.", valueName: "file"))
  var svg: String?

  @Option(help: ArgumentHelp("A line for the head of the report, such as a version.", valueName: "text"))
  var remark: [String] = []

  @Flag(help: "Compares results only: one round with the small sizes, no times.")
  var check = false

  @OptionGroup var selection: KernelOptions

  func validate() throws {
    if rounds < 1 { throw ValidationError("--rounds must be at least 1") }
    if engine.isEmpty && interpreter.isEmpty { throw ValidationError("no engine given") }
  }

  func run() throws {
    var kernels = try selection.list()
    if check {
      for index in kernels.indices { kernels[index].timeSize = kernels[index].checkSize }
    }
    let all =
      try engine.map { try CommandEngine(parsing: $0, limit: limit) }
      + interpreter.map { try CommandEngine(parsing: $0, isInterpreter: true, limit: limit) }
    let engines = all.filter { only.isEmpty || only.contains($0.name) }
    if engines.isEmpty { throw ValidationError("no such engine; there are \(all.map(\.name).joined(separator: ", "))") }

    let (measurements, samples) = measure(
      kernels, on: engines, rounds: check ? 1 : rounds, by: metric, reducedTo: statistic
    ) { note("\($0) …") }
    if !check { try report(measurements, samples, engines) }
    for line in failures(measurements) { print(line) }
    let differences = disagreements(measurements)
    for line in differences { print(line) }
    // Peers may lack what a kernel needs; the first engine may not.
    let first = measurements.filter { $0.engine == engines[0].name }
    if !differences.isEmpty || !failures(first).isEmpty { throw ExitCode.failure }
    print("\(kernels.count) kernels, \(engines.count) engines: all results agree")
  }

  private func report(_ measurements: [Harness.Measurement], _ executions: [Sample], _ engines: [CommandEngine]) throws
  {
    var samples = executions
    let head = machineFacts() + remark
    for line in head { print(line) }
    let time = metric == .cpu ? "processor time" : "wall time"
    let method = "\(time), \(statistic == .median ? "medians" : "least") of \(rounds)"
    print("\nExecution: \(method); ratios to \(engines[0].name), above 1: slower")
    let comparison = Comparison(
      measurements, engines: engines.map(\.name),
      interpreters: Set(engines.filter(\.isInterpreter).map(\.name)))
    let bases = against.filter { name in engines.contains { $0.name == name } }
    print(table(comparison, against: bases, floor: peakFloor()))
    if let (fastest, slowest, apart) = comparison.extremes(of: alike) {
      let much = String(format: "%.1f %%", apart * 100)
      print("The means of \(alike.joined(separator: ", ")) are at most \(much) apart: \(slowest) to \(fastest)\n")
    }

    var written = MarkdownReport(comparison, method: method)
    written.against = bases
    written.notes = head
    let compilers = try compiler.map { try CommandCompiler(parsing: $0, limit: limit) }
      .filter { only.isEmpty || only.contains($0.name) }
    if !compilers.isEmpty, !module.isEmpty {
      let (compilations, more) = measureCompilation(
        of: module.map { URL(fileURLWithPath: $0) }, smallest: try smallestKernel(), with: compilers, rounds: rounds
      ) { note("\($0) …") }
      samples += more
      print("Compilation: a second of processor time, medians of \(rounds)")
      print(table(compilations, floor: peakFloor()))
      written.compilations = compilations
    }

    if let figures {
      note("figures …")
      written.figures = try Figure.measured(by: figures.split(separator: " ").map(String.init), limit: limit)
      print("In the process of \(engines[0].name): medians")
      print(table(written.figures))
    }
    if let csv { try Harness.csv(samples, written.figures).write(toFile: csv, atomically: true, encoding: .utf8) }
    if let markdown {
      let text = written.text(floor: peakFloor())
      let document = try? String(contentsOfFile: markdown, encoding: .utf8)
      try (document.flatMap { inserting(text, into: $0) } ?? text).write(
        toFile: markdown, atomically: true, encoding: .utf8)
    }
    if let svg {
      let title = "\(engines[0].name) and others on \(comparison.kernels.count) kernels"
      let picture = chart(comparison, title: title, notes: head)
      try picture.write(toFile: svg, atomically: true, encoding: .utf8)
    }
  }

  /// What compilers start with: compiling it takes next to nothing.
  private func smallestKernel() throws -> URL {
    let modules = try KernelOptions.parse(["--kernels", selection.kernels]).list().map(\.wasm)
    let sizes = modules.map { (try? $0.resourceValues(forKeys: [.fileSizeKey]).fileSize) ?? .max }
    return modules[sizes.indices.min { sizes[$0] < sizes[$1] }!]
  }
}

extension Metric: ExpressibleByArgument {}
extension Statistic: ExpressibleByArgument {}
