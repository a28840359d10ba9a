// `cannery canister call` and `query`: calls a method, of a canister that is kept or of one that is made for it.

import ArgumentParser
import Candid
import CanisterRuntime
import Cannery
import SystemAPI

/// What both commands do.
struct MethodCall {
  var target: String
  var method: String
  var positional: String?
  var state: String?
  var argument: ArgumentOptions
  var initArgument: String?
  var caller: Principal
  var cycles: Cycles
  var isQuery: Bool?
  var advance: UInt64
  var quiet: Bool
  var output: OutputOptions

  func execute(on console: Console) throws -> ExitStatus {
    var report: CallReport
    if let state {
      let directory = try StateDirectory(state, makes: false)
      let id = try directory.canister(target)
      report = try call(directory.runtime, id, console)
      // A query changes nothing.
      if report.executions.contains(where: { $0.mode.isReplicated }) || advance > 0 || report.failure != nil {
        try directory.save()
      }
    } else {
      let file = try InputFile(target, console)
      let bytes = Array(
        try file.moduleBytes(advice: "a canister is installed from its module").buffer)
      let runtime = CanisterRuntime()
      let id = try runtime.createCanister(controller: caller)
      do {
        let module = try naming(file.name) { try runtime.prepare(bytes) }
        let interface = try argument.interface(of: module)
        let options = try ArgumentOptions.parse(initArgument.map { ["--arg", $0] } ?? [])
        let first = try options.bytes(interface?.initArguments, console)
        try reportingRejects { try runtime.install(id, bytes, argument: first, sender: caller) }
      } catch let failure as GuestFailure {
        report = CallReport(failure: failure, executions: runtime.takeReports(), logs: logs(runtime))
        return finish(report, console)
      }
      report = try call(runtime, id, console)
    }
    return finish(report, console)
  }

  private func finish(_ report: CallReport, _ console: Console) -> ExitStatus {
    if output.json {
      console.print(report.json.text)
    } else {
      report.print(on: console, raw: argument.raw, quiet: quiet)
    }
    guard let failure = report.failure else { return .success }
    console.note("cannery: \(failure.failure.message)")
    return .guestFailed
  }

  private func logs(_ runtime: CanisterRuntime) -> [(canister: Principal, record: LogRecord)] {
    runtime.canisterIDs.flatMap { id in ((try? runtime.state(of: id))?.log.records ?? []).map { (id, $0) } }
  }

  private func call(_ runtime: CanisterRuntime, _ id: Principal, _ console: Console) throws -> CallReport {
    let module = try runtime.module(of: id)
    let interface = try argument.interface(of: module)
    let types = interface?.method(method)
    if let interface, types == nil, module?.methodKind(method) == nil {
      let known = interface.methods.map(\.name).joined(separator: ", ")
      throw CommandFailure(
        .wrongUsage, "unknown-method", "there is no method \(quoted(method)); the canister has \(known)")
    }
    let bytes = try argument.bytes(types?.arguments, positional: positional, console)
    let asQuery = isQuery ?? types?.isQuery ?? (module?.methodKind(method).map { $0 != .update } ?? false)
    let before = Dictionary(
      uniqueKeysWithValues: runtime.canisterIDs.map { ($0, (try? runtime.state(of: $0))?.log.nextIndex ?? 0) })
    _ = runtime.takeReports()
    if advance > 0 { runtime.advanceTime(by: advance) }
    var report = CallReport(executions: [], logs: [])
    do {
      report.reply = try reportingRejects {
        asQuery
          ? try runtime.query(id, method, bytes, sender: caller)
          : try runtime.call(id, method, bytes, sender: caller, cycles: cycles)
      }
      report.decode(types?.results)
    } catch let failure as GuestFailure {
      report.failure = failure
    }
    report.executions = runtime.takeReports()
    report.logs = logs(runtime).filter { $0.record.index >= before[$0.canister] ?? 0 }
    return report
  }
}

struct CallOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("A module, or with --state a canister's name or id."), completion: .modules)
  var target: String
  @Argument(help: "The method's name.")
  var method: String
  @Argument(help: ArgumentHelp("The argument as Candid text; the same as --arg.", valueName: "text"))
  var positional: String?
  @Option(
    help: ArgumentHelp("The folder that the canister is kept in.", valueName: "dir"), completion: .directory)
  var state: String?
  @OptionGroup var argument: ArgumentOptions
  @Option(
    help: ArgumentHelp(
      "The argument of canister_init, for a module that is installed for this call.", valueName: "text"))
  var initArg: String?
  @Option(help: ArgumentHelp("The caller; anonymous by default.", valueName: "principal"))
  var caller: PrincipalArgument = PrincipalArgument(argument: "anonymous")!
  @Option(
    help: ArgumentHelp("Time that passes before the call, such as 10s, 5m, 2h or 1d.", valueName: "time"))
  var advanceTime: DurationAmount?
  @Flag(name: [.short, .long], help: "Print the reply only.")
  var quiet = false
  @OptionGroup var output: OutputOptions

  func call(cycles: Cycles, isQuery: Bool?) -> MethodCall {
    MethodCall(
      target: target, method: method, positional: positional, state: state, argument: argument, initArgument: initArg,
      caller: caller.principal, cycles: cycles, isQuery: isQuery, advance: advanceTime?.nanoseconds ?? 0, quiet: quiet,
      output: output)
  }
}

struct CanisterCallCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "call", abstract: "Calls a method of a canister.",
    discussion: """
      Without --state, the target is a module: it is installed in memory for this call. A method that the interface calls a \
      query is executed as one, unless --update is given.

      The reply is printed as Candid text on standard output; what the call cost, and what it logged, on standard error.
      """)

  @OptionGroup var options: CallOptions
  @Flag(help: "Execute the method as a query.")
  var query = false
  @Flag(help: "Execute the method as an update, also if it is a query.")
  var update = false
  @Option(help: ArgumentHelp("Cycles that come with the call, such as 1_000 or 2t.", valueName: "amount"))
  var cycles: CyclesAmount?
  var output: OutputOptions { options.output }

  func validate() throws {
    if query && update { throw ValidationError("--query and --update contradict each other") }
    if query && cycles != nil { throw ValidationError("no cycles come with a query") }
  }

  func execute(on console: Console) throws -> ExitStatus {
    let isQuery: Bool? = query ? true : update || cycles != nil ? false : nil
    return try options.call(cycles: cycles?.amount ?? 0, isQuery: isQuery).execute(on: console)
  }
}

struct CanisterQueryCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "query", abstract: "Calls a query method: the same as call --query.")
  @OptionGroup var options: CallOptions
  var output: OutputOptions { options.output }

  func execute(on console: Console) throws -> ExitStatus {
    try options.call(cycles: 0, isQuery: true).execute(on: console)
  }
}
