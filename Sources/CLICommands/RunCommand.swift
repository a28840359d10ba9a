// `cannery run`: instantiates a module or an artifact, and calls one of its exports.

import ArgumentParser
import Cannery

struct RunCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Executes an export of a module.",
    usage: "cannery run [<options>] <file> [--invoke <export> [<arg> ...]]",
    discussion: """
      Options come before the export; all that follows it is passed on as it stands, so -5 is a number. Arguments are \
      read by the export's parameter types. Without --invoke the module is instantiated, and its start function runs.

      Integers are decimal or hexadecimal; floats also inf, nan and nan:0x…; a v128 is 32 hexadecimal digits, the highest \
      lane first; a reference is null. Results are printed the same way, integers signed.

      An artifact is executed as it was compiled: --metering and --features must not contradict it.
      """)

  enum ImportChoice: String, CaseIterable, ExpressibleByArgument { case trap }
  enum Verification: String, CaseIterable, ExpressibleByArgument { case lazy, all, recompile }

  @Argument(help: .file, completion: .modules)
  var file: String
  @Option(
    help: ArgumentHelp(
      "The most instructions that the call may execute, and the start function before it.", valueName: "limit"))
  var instructions: UInt64?
  @Option(
    help: """
      How instructions are counted: as the Internet Computer does, 1 for each, or not. By default as icp, or as the \
      artifact was compiled.
      """)
  var metering: MeteringChoice?
  @Option(
    parsing: .unconditional, help: FeatureSelection.help, completion: FeatureSelection.completion,
    transform: { try FeatureSelection(parsing: $0) })
  var features: FeatureSelection?
  @Option(
    help: """
      What stands for imports that nothing provides. With 'trap' each call of such a function traps; memories and tables \
      are empty, globals 0. By default a module with unknown imports is refused.
      """)
  var imports: ImportChoice?
  @Option(
    help: ArgumentHelp(
      "Another module or artifact, whose exports can be imported from the module name NAME.", valueName: "name=file"),
    transform: { try Preload(parsing: $0) })
  var preload: [Preload] = []
  @Option(
    help: """
      How an artifact is verified before it is executed: each function when it is first called, all of them at once, or by \
      compiling its module again, which --module names, and comparing byte by byte.
      """)
  var verify: Verification = .lazy
  @Option(
    help: ArgumentHelp("The module that the artifact was compiled from, for --verify recompile.", valueName: "module"),
    completion: .modules)
  var module: String?
  @Flag(
    help: """
      Execute in a store that tracks writes to memories, as hosts do that undo or compare them, and tell how many pages of \
      4 KiB the call changed.
      """)
  var trackWrites = false
  @OptionGroup var output: OutputOptions
  @Option(
    parsing: .remaining,
    help: ArgumentHelp("The exported function to call, and its arguments.", valueName: "export [arg ...]"))
  var invoke: [String] = []

  /// A value of `--preload`.
  struct Preload: Hashable, Sendable {
    var name: String
    var path: String

    init(parsing text: String) throws {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[1].isEmpty else { throw ValidationError("NAME=FILE is expected") }
      name = String(parts[0])
      path = String(parts[1])
    }
  }

  func validate() throws {
    if instructions != nil, metering == .some(.uncounted) {
      throw ValidationError("--instructions limits nothing with --metering none")
    }
    if (verify == .recompile) != (module != nil) {
      throw ValidationError("--verify recompile and --module go together")
    }
  }

  func execute(on console: Console) throws -> ExitStatus {
    let main = try InputFile(file, console)
    let artifact = try naming(main.name) { try main.artifact() }
    if let artifact { try naming(main.name) { try check(artifact) } }
    let policy = artifact?.policy ?? metering?.policy ?? .icp
    if instructions != nil, policy == .none {
      throw CommandFailure.usage("--instructions limits nothing: \(main.name) was compiled with metering none")
    }
    let selection = features ?? .standard
    let engine = Engine(
      EngineConfiguration(
        features: selection.features, metering: policy, requiresCanister: selection.isCanister))
    let module = try load(main, artifact, engine, console)
    let call = try invoke.first.map { try Invocation($0, invoke.dropFirst(), of: module) }

    var session = try RunSession(
      engine, instructions: instructions, trapsUnknownImports: imports == .trap, tracksWrites: trackWrites)
    var report = RunReport(limit: instructions)
    do {
      for preload in preload {
        let input = try InputFile(preload.path, console)
        try session.preload(engine.open(input), as: preload.name, file: input.name)
      }
      let instance = try session.instantiate(module, file: main.name)
      if let call { try report.run(call, on: instance, file: main.name) }
    } catch let trap as Trap {
      if let error = trap.artifactError { throw CommandFailure(error, file: main.name) }
      report.trap = trap
    }
    report.startInstructions = session.startInstructions
    if output.json { console.print(report.json) } else { report.print(on: console, policy, isQuiet: output.quiet) }
    return report.trap == nil ? .success : .guestFailed
  }

  /// The module in `file`, verified as far as it was asked for.
  private func load(
    _ file: InputFile, _ artifact: Artifact?, _ engine: Engine, _ console: Console
  ) throws -> CompiledModule {
    guard let artifact else {
      if verify == .recompile { throw CommandFailure.usage("\(file.name) is a module: only artifacts are compared") }
      return try naming(file.name) { try engine.compile(file) }
    }
    if let module {
      let source = try InputFile(module, console)
      let bytes = try source.moduleBytes(advice: "the artifact is compared with what is compiled from its module")
      do { return try engine.recompile(artifact, from: bytes) } catch let error as ArtifactError {
        throw CommandFailure(error, file: file.name)
      } catch {
        throw CommandFailure(error, file: source.name)
      }
    }
    return try naming(file.name) {
      let module = try engine.load(artifact)
      if verify == .all { try module.verify() }
      return module
    }
  }

  /// Refuses an artifact that contradicts the options.
  private func check(_ artifact: Artifact) throws(ArtifactError) {
    if let wanted = metering?.policy, wanted != artifact.policy {
      throw .stale("compiled with metering \(artifact.policy), not \(wanted)")
    }
    if let wanted = features?.features, !wanted.isSuperset(of: artifact.features) {
      let more = proposalNames(artifact.features.subtracting(wanted)).joined(separator: ", ")
      throw .stale("compiled with more features than asked for: \(more)")
    }
  }
}

extension InputFile {
  /// The artifact, its header verified; nil for modules.
  func artifact() throws(ArtifactError) -> Artifact? {
    guard case .artifact(let bytes) = contents else { return nil }
    return try Artifact(bytes)
  }
}

extension Engine {
  /// Compiles the module in `file`, which is no artifact.
  fileprivate func compile(_ file: InputFile) throws -> CompiledModule {
    try load(artifact: precompile(decode(file.moduleBytes(advice: "it is loaded"))))
  }

  /// Loads the artifact or compiles the module in `file`.
  fileprivate func open(_ file: InputFile) throws(CommandFailure) -> CompiledModule {
    try naming(file.name) { try file.artifact().map { try load($0) } ?? compile(file) }
  }
}

/// A function to call, with its arguments.
struct Invocation {
  let name: String
  /// In the function index space.
  let function: Int
  let type: FunctionType
  let arguments: [Value]

  /// Finds the export called `name` and reads the arguments by its type.
  init(_ name: String, _ texts: ArraySlice<String>, of module: CompiledModule) throws(CommandFailure) {
    let exports = module.module.exports
    guard let export = exports.first(where: { isSameName($0.name, name) }) else {
      throw CommandFailure(
        .wrongUsage, "unknown-export", "there is no export \(quoted(name)); \(Invocation.list(module))",
        details: [.init("exports", JSONValue(exports.filter { $0.kind == .function }.map(\.name)))])
    }
    guard export.kind == .function else {
      throw CommandFailure(
        .wrongUsage, "unknown-export",
        "the export \(quoted(name)) is a \(export.kind), not a function; \(Invocation.list(module))",
        details: [.init("exports", JSONValue(exports.filter { $0.kind == .function }.map(\.name)))])
    }
    let type = module.functionType(export.index)
    let signature = "\(quoted(name)) has the type \(TypeText.text(type))"
    guard texts.count == type.parameters.count else {
      let expected = type.parameters.count == 1 ? "1 argument" : "\(type.parameters.count) arguments"
      throw CommandFailure(
        .wrongUsage, "arguments", "\(signature): it takes \(expected), \(texts.count) given")
    }
    var arguments: [Value] = []
    for (index, (text, type)) in zip(texts, type.parameters).enumerated() {
      do throws(ValueTextError) {
        arguments.append(try Value(parsing: text, as: type))
      } catch {
        throw CommandFailure(.wrongUsage, "arguments", "\(signature): argument \(index + 1): \(error)")
      }
    }
    self.name = name
    self.type = type
    self.arguments = arguments
    function = Int(export.index)
  }

  /// How many items a message lists.
  static let listLimit = 50

  /// The exported functions with their types, for messages.
  private static func list(_ module: CompiledModule) -> String {
    let functions = module.module.exports.filter { $0.kind == .function }
    if functions.isEmpty { return "it exports no functions" }
    let shown = functions.prefix(listLimit).map {
      "\n  \(quoted($0.name)) \(TypeText.text(module.functionType($0.index)))"
    }
    let more = functions.count - shown.count
    return "the exported functions are:" + shown.joined() + (more > 0 ? "\n  and \(more) more" : "")
  }
}
