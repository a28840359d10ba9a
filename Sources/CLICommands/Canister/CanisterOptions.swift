// Options that the canister commands share, and what all commands do that change a canister.

import ArgumentParser
import Candid
import CanisterRuntime
import Cannery
import SystemAPI

struct StateOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("The folder that the canisters are kept in.", valueName: "dir"), completion: .directory)
  var state: String

  /// Does `body` with the state, and keeps what it changed.
  func change<Result>(
    makes: Bool = false, _ body: (inout StateDirectory) throws -> Result
  ) throws -> (result: Result, activity: Activity) {
    var directory = try StateDirectory(state, for: .change, makes: makes)
    let watch = ActivityWatch(directory.runtime)
    do {
      let result = try reportingRejects { try body(&directory) }
      try directory.save()
      return (result, watch.activity())
    } catch var failure as GuestFailure {
      // What it cost, and what it logged, stays.
      try directory.save()
      failure.activity = watch.activity()
      throw failure
    }
  }

  /// Does `body` with the state, which it doesn't change.
  func read<Result>(_ body: (StateDirectory) throws -> Result) throws -> Result {
    try reportingRejects { try body(StateDirectory(state, for: .read)) }
  }
}

/// A canister that is read.
struct KeptCanister: ParsableArguments {
  @Argument(help: "The canister's name or id.")
  var canister: String
  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  func read<Result>(_ body: (Principal, StateDirectory) throws -> Result) throws -> Result {
    try state.read { try body($0.canister(canister), $0) }
  }
}

/// Who asks for a change that controllers may make.
struct ControllerOptions: ParsableArguments {
  @Option(
    name: .customLong("caller"),
    help: ArgumentHelp(
      "Who asks, and must be a controller. Without it everything is allowed; code that is installed sees the anonymous "
        + "principal, or the first controller where that is none.", valueName: "principal"))
  var given: PrincipalArgument?

  var principal: Principal { given?.principal ?? .anonymous }

  /// Refuses who is named and no controller.
  func check(_ id: Principal, in runtime: CanisterRuntime) throws {
    if let given { try runtime.checkController(of: id, given.principal) }
  }
}

/// A canister that is changed.
struct CanisterOptions: ParsableArguments {
  @Argument(help: "The canister's name or id.")
  var canister: String
  @OptionGroup var state: StateOptions
  @OptionGroup var caller: ControllerOptions
  @OptionGroup var report: OutputOptions
}

/// A command that changes a canister.
protocol CanisterAction: ConsoleCommand {
  var options: CanisterOptions { get }
  /// Whether only controllers may do it.
  var isForControllers: Bool { get }
  /// Does it; what is printed about it.
  func act(on id: Principal, in directory: inout StateDirectory) throws -> ActionResult
}

struct ActionResult {
  /// The line that is printed.
  var text: String?
  /// Members of the JSON object.
  var members: [JSONValue.Member] = []
  /// What is wrong although the state is kept.
  var failure: CommandFailure?

  static let done = ActionResult()
}

extension CanisterAction {
  var output: OutputOptions { options.report }
  var isForControllers: Bool { true }

  func execute(on console: Console) throws -> ExitStatus {
    let ((id, result), activity) = try options.report.notingFailures(on: console) {
      try options.state.change { directory in
        let id = try directory.canister(options.canister)
        if isForControllers { try options.caller.check(id, in: directory.runtime) }
        return (id, try act(on: id, in: &directory))
      }
    }
    if var failure = result.failure {
      failure.report = activity.members
      throw failure
    }
    let members = [.init("canister", .string("\(id)"))] + result.members
    options.report.print(result.text, members, activity, on: console)
    return .success
  }
}

extension OutputOptions {
  /// Does `body`; what happened before it failed is printed.
  func notingFailures<Result>(on console: Console, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let failure as GuestFailure {
      if !quiet && !json {
        failure.activity.noteLogs(on: console, failure: failure)
        failure.activity.noteExecutions(on: console)
      }
      throw failure
    }
  }

  /// Prints a line, and what happened; or an object with `--json`.
  func print(_ text: String?, _ members: [JSONValue.Member], _ activity: Activity, on console: Console) {
    if json { return console.print(JSONValue.object(members + activity.members)) }
    if !quiet { activity.noteLogs(on: console) }
    if let text { console.print(text) }
    if !quiet { activity.noteExecutions(on: console) }
  }
}

extension ConsoleCommand {
  /// Prints a line, or an object with `--json`.
  func say(_ text: String, _ members: [JSONValue.Member], on console: Console) {
    if output.json { console.print(JSONValue.object(members)) } else { console.print(text) }
  }

  /// Prints members line by line, or as an object with `--json`.
  func list(_ members: [JSONValue.Member], on console: Console) {
    if output.json { return console.print(JSONValue.object(members)) }
    for member in members { console.print("\(member.name): \(member.value.line)") }
  }
}

extension JSONValue {
  /// The value as people read it.
  var line: String {
    switch self {
    case .null: "none"
    case .string(let text): text
    case .array(let values): values.isEmpty ? "none" : values.map(\.line).joined(separator: " ")
    default: text
    }
  }
}
