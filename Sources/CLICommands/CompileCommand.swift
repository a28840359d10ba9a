// `cannery compile`: a module to an artifact, or to the text of one of the compiler's stages.

import ArgumentParser
import Cannery
import HostFiles
import WasmBinary
import WasmValidation

import struct Compiler.ArtifactParts
import struct Compiler.Disassembler
import struct Compiler.ModuleIR
import func Compiler.compileInParts

struct CompileCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "compile", abstract: "Compiles a module ahead of time.",
    discussion: """
      The artifact is written to MODULE.canned beside the module, whole or not at all. With --emit the compiler's \
      intermediate representation or its threaded code is printed instead; the latter of an artifact too.
      """)

  enum Emission: String, CaseIterable, ExpressibleByArgument { case artifact, ir, threaded }

  @Argument(help: .moduleFile, completion: .modules)
  var module: String
  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: ArgumentHelp("The file to write; - is standard output.", valueName: "out"), completion: .file())
  var outputPath: String?
  @Option(
    parsing: .unconditional, help: FeatureSelection.help, completion: FeatureSelection.completion,
    transform: { try FeatureSelection(parsing: $0) })
  var features: FeatureSelection?
  @Option(help: MeteringChoice.help)
  var metering: MeteringChoice = .icp
  @Option(help: OptimizationChoice.help)
  var optimization: OptimizationChoice = .full
  @Option(help: "Threads that compile; 0 is one for each core. The artifact does not depend on it.")
  var threads = 0
  @Option(help: "What to make.")
  var emit: Emission = .artifact
  @Flag(help: "Print how long each stage took.")
  var timings = false
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if !(0...1024).contains(threads) { throw ValidationError("--threads must be from 0 to 1024") }
    if emit == .artifact, outputPath == nil, module == "-" {
      throw ValidationError("an artifact of standard input needs -o")
    }
    if outputPath == "-", output.json { throw ValidationError("-o - and --json both use standard output") }
  }

  func execute(on console: Console) throws -> ExitStatus {
    var times = StageTimes()
    let file = try times.measure("read") { try InputFile(module, console) }
    if case .artifact(let bytes) = file.contents, emit == .threaded {
      let artifact = try naming(file.name) { try Artifact(bytes) }
      return try printThreadedCode(artifact, file, console, &times)
    }
    let bytes = try file.moduleBytes(advice: "--emit threaded is all that can be made of it")
    if emit == .artifact, outputPath == "-", console.outputIsTerminal {
      throw CommandFailure.usage("standard output is a terminal: no artifact is written to it")
    }
    let selection = features ?? .standard
    let configuration = EngineConfiguration(
      features: selection.features, metering: metering.policy,
      compiler: CompilerOptions(optimization: optimization.level, threads: threads),
      requiresCanister: selection.isCanister)
    let engine = Engine(configuration)
    let decoded = try naming(file.name) { try times.measure("decode") { try engine.decode(bytes) } }
    try naming(file.name) {
      try times.measure("validate") {
        let info = try WasmValidation.validate(decoded, features: selection.features)
        if selection.isCanister { try validateCanister(decoded, info) }
      }
    }
    if emit == .ir { return try printIR(decoded, configuration, file, console, &times) }
    let artifact = try naming(file.name) {
      try times.measure("compile") {
        try compileInParts(
          decoded, features: configuration.features, policy: configuration.metering, options: configuration.compiler)
      }
    }
    if emit == .threaded {
      return try printThreadedCode(Artifact(ModuleBytes(artifact.bytes)), file, console, &times)
    }
    return try write(artifact, of: decoded, console, &times)
  }

  // MARK: Artifacts

  private func write(
    _ artifact: ArtifactParts, of decoded: WebAssembly.Module, _ console: Console, _ times: inout StageTimes
  ) throws -> ExitStatus {
    if outputPath == "-" {
      artifact.forEachPart { console.write(piece: $0) }
      report(times, console)
      return .success
    }
    let path = outputPath ?? module + InputFile.artifactExtension
    try refuseInput(path)
    try times.measure("write") { try FileWriter.write(to: path, artifact.forEachPart) }
    if output.json {
      var result: [JSONValue.Member] = [
        .init("output", .string(path)), .init("size", JSONValue(artifact.count)),
        .init("metering", .string(metering.rawValue)),
        .init(
          "module",
          [
            "sha256": .string(sha256(of: decoded.bytes)), "size": JSONValue(decoded.bytes.count),
            "codeSize": JSONValue(decoded.codeSection?.count ?? 0), "functions": JSONValue(decoded.functions.count),
          ]),
      ]
      if timings { result.append(.init("timings", times.json)) }
      console.print(JSONValue.object(result))
    } else {
      if !output.quiet {
        console.print(
          "\(path): \(artifact.count) bytes of \(decoded.functions.count) functions, from a module of "
            + "\(decoded.bytes.count) bytes")
      }
      report(times, console)
    }
    return .success
  }

  // MARK: Texts

  private func printIR(
    _ decoded: WebAssembly.Module, _ configuration: EngineConfiguration, _ file: InputFile, _ console: Console,
    _ times: inout StageTimes
  ) throws -> ExitStatus {
    let ir = ModuleIR(decoded, policy: configuration.metering, options: configuration.compiler)
    return try printFunctions(decoded, file, console, &times) { try ir.text(of: $0) }
  }

  private func printThreadedCode(
    _ artifact: Artifact, _ file: InputFile, _ console: Console, _ times: inout StageTimes
  ) throws -> ExitStatus {
    let disassembler = Disassembler(artifact)
    return try printFunctions(artifact.module, file, console, &times) { try disassembler.text(of: $0) }
  }

  /// Prints the text of each function that `decoded` defines, to the file if one was named.
  private func printFunctions(
    _ decoded: WebAssembly.Module, _ file: InputFile, _ console: Console, _ times: inout StageTimes,
    _ text: (Int) throws -> String
  ) throws -> ExitStatus {
    let path = outputPath == "-" ? nil : outputPath
    let imported = IndexSpaces(decoded).importedFunctionCount
    let names = NameSection(decoded).functions
    var bytes: [UInt8] = []
    var functions: [JSONValue] = []
    try times.measure("print") {
      for index in decoded.functions.indices {
        let text = try naming(file.name) { try text(index) }
        if path != nil {
          bytes.append(contentsOf: text.utf8)
        } else if output.json {
          let number = UInt32(imported + index)
          functions.append([
            "index": JSONValue(number), "name": JSONValue(names.name(of: number)), "text": .string(text),
          ])
        } else {
          console.write(visible(text).utf8)
        }
      }
    }
    if let path {
      try refuseInput(path)
      try times.measure("write") { try FileWriter.write(bytes, to: path) }
    }
    if output.json {
      var result: [JSONValue.Member] = [.init("emit", .string(emit.rawValue))]
      result.append(path.map { .init("output", .string($0)) } ?? .init("functions", .array(functions)))
      if timings { result.append(.init("timings", times.json)) }
      console.print(JSONValue.object(result))
    } else {
      report(times, console)
    }
    return .success
  }

  private func report(_ times: StageTimes, _ console: Console) {
    if timings { console.note(times.text) }
  }

  private func refuseInput(_ path: String) throws(CommandFailure) {
    if module != "-", FileAccess.isSame(module, path) {
      throw .usage("\(path) is the input itself, which is not overwritten")
    }
  }
}

/// How long the stages of a command took, in the order in which they ran.
struct StageTimes {
  private var stages: [(name: String, microseconds: Int64)] = []

  mutating func measure<Result>(_ name: String, _ body: () throws -> Result) rethrows -> Result {
    let start = ContinuousClock.now
    defer {
      let (seconds, attoseconds) = (ContinuousClock.now - start).components
      stages.append((name, seconds * 1_000_000 + attoseconds / 1_000_000_000_000))
    }
    return try body()
  }

  /// Milliseconds by stage.
  var json: JSONValue { .object(stages.map { .init($0.name, .thousandths($0.microseconds)) }) }

  var text: String {
    stages.map { "\($0.name) \(JSONValue.thousandths($0.microseconds).text) ms" }.joined(separator: ", ")
  }
}
