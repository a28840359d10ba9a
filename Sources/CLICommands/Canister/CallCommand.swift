// `cannery canister call`, `query` and `request-status`: calls a method, of a canister that is kept or of one that is made
// for it, and asks for the answer again.

import ArgumentParser
import Candid
import CanisterRuntime
import Cannery
import SystemAPI

/// How long an answer is waited for.
struct WaitOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Rounds that are executed at most.", valueName: "number"))
  var rounds = 10_000
  @Option(
    help: ArgumentHelp(
      "How much time passes at most until the answer; canisters' time, which is set forward to what is due.",
      valueName: "time"))
  var timeout = DurationAmount(nanoseconds: 300_000_000_000)

  func validate() throws {
    if rounds < 0 { throw ValidationError("--rounds can't be negative") }
  }

  /// The answer to a message.
  ///
  /// Throws a `CommandFailure` of the kind `no-answer` if there is none; `advice` says what can be done then.
  func answer(to id: IngressID, of runtime: CanisterRuntime, advice: String) throws -> [UInt8] {
    do {
      return try runtime.answer(to: id, rounds: rounds, timeout: timeout.nanoseconds)
    } catch RuntimeError.noAnswer(let rounds) {
      let due = runtime.nextDeadline.map {
        "; the next timer or deadline is \(spent($0 - min(runtime.time, $0))) ahead"
      }
      throw CommandFailure(
        .guestFailed, "no-answer", "no answer after \(grouped(rounds)) rounds\(due ?? ""). \(advice)",
        details: [.init("request", .unsigned(id.number))])
    }
  }

  private func spent(_ nanoseconds: UInt64) -> String {
    let seconds = nanoseconds / 1_000_000_000
    return seconds == 0 ? "less than a second" : "\(grouped(seconds)) s"
  }
}

/// What `call` and `query` do.
struct MethodCall {
  var options: CallOptions
  var cycles: Cycles = 0
  var isQuery: Bool?
  var wait: WaitOptions?
  /// Whether nobody waits for the answer.
  var isAsynchronous = false

  private var argument: ArgumentOptions { options.argument }
  private var advance: UInt64 { options.advanceTime?.nanoseconds ?? 0 }

  func execute(on console: Console) throws -> ExitStatus {
    let report = try options.state == nil ? callOnce(console) : callKept(console)
    if let request = report.request {
      if !options.report.json { console.print("\(request)") }
      if !options.report.quiet { console.note("cannery: message \(request) was sent. \(advice(request))") }
    }
    return report.print(on: console, raw: argument.raw, options.report)
  }

  private func advice(_ request: UInt64) -> String {
    guard let state = options.state else { return "With --state a call can go on later, or with a longer --timeout" }
    return "`cannery canister request-status \(request) --state \(state)` goes on with it"
  }

  /// Calls a canister that is kept.
  private func callKept(_ console: Console) throws -> CallReport {
    let mayBeQuery = isQuery != false && !isAsynchronous && advance == 0
    var (directory, method) = try open(mayBeQuery ? (isQuery == true ? .read : .changeIfFree) : .change, console)
    // A query changes nothing, so it needs nothing that others could have.
    let onlyReads = mayBeQuery && method.isQuery
    if onlyReads {
      directory.unlock()
    } else if !directory.mayChange {
      (directory, method) = try open(.change, console)
    }
    let watch = ActivityWatch(directory.runtime)
    do {
      var report = try call(method, of: directory.runtime, console)
      report.activity = watch.activity()
      if !onlyReads { try directory.save() }
      return report
    } catch var failure as CommandFailure where failure.kind == "no-answer" {
      try directory.save()
      failure.report = watch.activity().members
      throw failure
    }
  }

  private func open(_ access: StateDirectory.Access, _ console: Console) throws -> (StateDirectory, Method) {
    let directory = try StateDirectory(options.state ?? "", for: access)
    let target = options.target
    let id = try Principal.isManagementCanister(target) ? .managementCanister : directory.canister(target)
    return (directory, try method(of: id, in: directory.runtime, console))
  }

  /// Calls a canister that is made for it.
  private func callOnce(_ console: Console) throws -> CallReport {
    let file: InputFile
    do {
      file = try InputFile(options.target, console)
    } catch {
      throw CommandFailure(
        .inputWrong, "file", "\(error); without --state, the target is a module's file, not a canister's name")
    }
    let bytes = Array(try file.moduleBytes(advice: "a canister is installed from its module").buffer)
    let runtime = CanisterRuntime()
    let caller = options.caller.principal
    let module = try naming(file.name) { try runtime.prepare(bytes) }
    let first = try options.initBytes(argument.initTypes(of: module, console), console)
    let id = try runtime.createCanister(controller: caller)
    let watch = ActivityWatch(runtime)
    var report = try CallReport {
      try runtime.install(id, bytes, argument: first, sender: caller)
      runtime.executeDue(rounds: InstallOptions.roundsAfterwards)
      return []
    }
    if report.failure == nil {
      _ = runtime.takeReports()
      do {
        report = try call(method(of: id, in: runtime, console), of: runtime, console)
      } catch var failure as CommandFailure where failure.kind == "no-answer" {
        failure.report = watch.activity().members
        throw failure
      }
    }
    report.activity = watch.activity()
    return report
  }

  /// Names of methods; of many, those that begin like the one that was given, or the first.
  private func shown(_ names: [String]) -> String {
    if names.isEmpty { return "none" }
    let beginning = options.method.utf8.prefix(3)
    let like = names.filter { $0.utf8.starts(with: beginning) }
    let chosen = (names.count <= 30 ? names : like.isEmpty ? names : like).prefix(30)
    let rest = names.count - chosen.count
    return chosen.map { quoted($0) }.joined(separator: ", ")
      + (rest == 0 ? "" : " and \(rest) other\(rest == 1 ? "" : "s")")
  }

  /// A method of a canister, and how it is called.
  private struct Method {
    var canister: Principal
    var types: CandidMethod?
    var isQuery: Bool
  }

  private func method(of id: Principal, in runtime: CanisterRuntime, _ console: Console) throws -> Method {
    let module = id == .managementCanister ? nil : try runtime.module(of: id)
    let interface = try argument.interface(of: id, in: runtime, console)
    let types = interface?.method(options.method)
    let kind = module?.methodKind(options.method)
    if id == .managementCanister && types == nil
      && CanisterRuntime.unavailableManagementMethods.contains(options.method)
    {
      return Method(canister: id, types: nil, isQuery: false)
    }
    if types == nil, kind == nil,
      let known = interface?.methods.map(\.name) ?? module?.allMethods.keys.map(\.text).sorted()
    {
      throw CommandFailure(
        .wrongUsage, "unknown-method",
        "there is no method \(quoted(options.method)); the canister has \(shown(known))")
    }
    if interface != nil && types == nil {
      console.noteOnce(
        "the interface has no method \(quoted(options.method)): the argument's types are inferred, and fields of the reply are "
          + "shown by number")
    }
    let isQuery = isQuery ?? (!isAsynchronous && (types?.isQuery ?? kind.map { $0 != .update } ?? false))
    return Method(canister: id, types: types, isQuery: isQuery)
  }

  private func call(_ method: Method, of runtime: CanisterRuntime, _ console: Console) throws -> CallReport {
    let (id, types, name) = (method.canister, method.types, options.method)
    let bytes = try argument.bytes(types?.arguments, positional: options.positional, console)
    if advance > 0, !runtime.advanceTime(by: advance, rounds: TickCommand.roundLimit) {
      console.note(TickCommand.incomplete(TickCommand.roundLimit))
    }
    let caller = options.caller.principal
    if method.isQuery { return try CallReport(types?.results) { try runtime.query(id, name, bytes, sender: caller) } }
    let number: IngressID
    do {
      number = try runtime.submit(to: id, method: name, argument: bytes, sender: caller, cycles: cycles)
    } catch {
      return try CallReport { throw error }
    }
    if isAsynchronous { return CallReport(request: number.number) }
    return try CallReport(types?.results) {
      let reply = Result {
        try (wait ?? WaitOptions.parse([])).answer(to: number, of: runtime, advice: advice(number.number) + ".")
      }
      if runtime.status(of: number)?.isAnswered != false { runtime.forget(number) }
      return try reply.get()
    }
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
    parsing: .unconditional,
    help: ArgumentHelp(
      "The argument of canister_init, for a module that is installed for this call.", valueName: "text"))
  var initArg: String?
  @Option(help: ArgumentHelp("A file with it.", valueName: "file"), completion: .file())
  var initArgFile: String?
  @Option(help: ArgumentHelp("The caller.", valueName: "principal"))
  var caller = PrincipalArgument.anonymous
  @Option(
    help: ArgumentHelp(
      "Time that passes before the call, such as 10s, 5m, 2h or 1d; what is due on the way is executed.",
      valueName: "time"))
  var advanceTime: DurationAmount?
  @OptionGroup var report: OutputOptions

  func validate() throws {
    if state != nil, initArg != nil || initArgFile != nil {
      throw ValidationError("--init-arg is for modules; a canister that is kept gets it when it is installed")
    }
  }

  fileprivate func initBytes(_ types: CandidTypes?, _ console: Console) throws -> [UInt8] {
    let words = (initArg.map { ["--arg", $0] } ?? []) + (initArgFile.map { ["--arg-file", $0] } ?? [])
    return try ArgumentOptions.parse(words).bytes(
      types, what: "the argument of canister_init (--init-arg)", console)
  }
}

struct CanisterCallCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "call", abstract: "Calls a method of a canister.",
    discussion: """
      Without --state, the target is a module: it is installed in memory for this call. A method that the interface calls a \
      query is executed as one, unless --update is given. With --state, the target may be the management canister, aaaaa-aa.

      The reply is printed as Candid text on standard output; what the call cost, and what it logged, on standard error.
      """)

  @OptionGroup var options: CallOptions
  @Flag(help: "Execute the method as a query.")
  var query = false
  @Flag(help: "Execute the method as an update, also if it is a query.")
  var update = false
  @Option(help: ArgumentHelp("Cycles that come with the call, such as 1_000 or 2t.", valueName: "amount"))
  var cycles: CyclesAmount?
  @OptionGroup var wait: WaitOptions
  @Flag(name: .customLong("async"), help: "Don't wait for the answer: print the message's number.")
  var isAsynchronous = false
  var output: OutputOptions { options.report }

  func validate() throws {
    if query && update { throw ValidationError("--query and --update contradict each other") }
    if query && cycles != nil { throw ValidationError("no cycles come with a query") }
    if isAsynchronous && (query || options.state == nil) {
      throw ValidationError("--async is for updates of canisters that are kept")
    }
  }

  func execute(on console: Console) throws -> ExitStatus {
    let call = MethodCall(
      options: options, cycles: cycles?.amount ?? 0, isQuery: query ? true : update || cycles != nil ? false : nil,
      wait: wait, isAsynchronous: isAsynchronous)
    return try call.execute(on: console)
  }
}

struct CanisterQueryCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "query", abstract: "Calls a query method: the same as call --query.")
  @OptionGroup var options: CallOptions
  var output: OutputOptions { options.report }

  func execute(on console: Console) throws -> ExitStatus {
    try MethodCall(options: options, isQuery: true).execute(on: console)
  }
}

struct RequestStatusCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "request-status",
    abstract: "Goes on with a call that wasn't answered, or that nobody waited for.",
    discussion: "Executes rounds until the answer is there, and prints it; it can be asked for once.")
  @Argument(help: "The message's number, as `call` told it.")
  var number: UInt64
  @Argument(help: "The canister that was called, whose interface tells the types of the answer.")
  var canister: String?
  @Argument(help: "The method that was called.")
  var method: String?
  @OptionGroup var state: StateOptions
  @OptionGroup var wait: WaitOptions
  @Option(
    help: ArgumentHelp(
      "A .did file with the canister's interface, in place of what the module says.", valueName: "file"),
    completion: .file(extensions: ["did"]))
  var candid: String?
  @Flag(help: "Print the reply as hexadecimal digits.")
  var raw = false
  @OptionGroup var report: OutputOptions
  var output: OutputOptions { report }

  func validate() throws {
    if canister != nil && method == nil { throw ValidationError("a canister needs its method: they tell the types") }
    if candid != nil && method == nil { throw ValidationError("--candid needs the canister and its method") }
  }

  func execute(on console: Console) throws -> ExitStatus {
    let id = IngressID(number)
    let (result, activity) = try state.change { directory -> Result<CallReport, CommandFailure> in
      let runtime = directory.runtime
      guard runtime.status(of: id) != nil else {
        throw CommandFailure(
          .inputWrong, "unknown-request", "there is no message \(number), or its answer was printed already")
      }
      var types: CandidTypes?
      if let canister, let method {
        let target =
          try Principal.isManagementCanister(canister) ? .managementCanister : directory.canister(canister)
        types = try ArgumentOptions.parse(candid.map { ["--candid", $0] } ?? []).interface(
          of: target, in: runtime, console)?.method(method)?.results
      }
      do {
        let report = try CallReport(types) {
          try wait.answer(to: id, of: runtime, advice: "The same command goes on with it.")
        }
        runtime.forget(id)
        return .success(report)
      } catch let failure as CommandFailure {
        return .failure(failure)
      }
    }
    switch result {
    case .success(var report):
      report.activity = activity
      return report.print(on: console, raw: raw, self.report)
    case .failure(var failure):
      failure.report = activity.members
      throw failure
    }
  }
}
