// The commands that make, change and end canisters.

import ArgumentParser
import Candid
import CanisterRuntime
import Cannery
import SystemAPI

struct CanisterCreateCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Makes an empty canister; the state's folder too, if it isn't there.")
  @Argument(help: "A name for the canister.")
  var name: String?
  @OptionGroup var state: StateOptions
  @Option(help: ArgumentHelp("The balance that it begins with (default: 100t).", valueName: "amount"))
  var cycles: CyclesAmount?
  @Option(help: ArgumentHelp("A controller; anonymous by default. May be given several times.", valueName: "principal"))
  var controller: [PrincipalArgument] = []
  @Option(help: ArgumentHelp("The canister's id; by default the next one.", valueName: "principal"))
  var id: PrincipalArgument?
  @OptionGroup var settings: SettingsOptions
  @OptionGroup var output: OutputOptions

  func execute(on console: Console) throws -> ExitStatus {
    let id = try state.change(makes: true) { directory in
      if let name, directory.names[name] != nil {
        throw CommandFailure(.inputWrong, "name-exists", "there is a canister \(quoted(name)) already")
      }
      if let name, name.isEmpty || name.contains(where: \.isNewline) || Principal(name) != nil {
        throw CommandFailure.usage("\(quoted(name)) can't be a name")
      }
      if let id = self.id?.principal, !id.isCanister {
        throw CommandFailure.usage("\(id) can't be a canister's id: those end in -cai")
      }
      var change = try settings.change()
      if !controller.isEmpty { change.controllers = controller.map(\.principal) }
      let id = try directory.runtime.createCanister(change, cycles: cycles?.amount, id: self.id?.principal)
      if let name { directory.names[name] = id }
      return id
    }.result
    say("\(id)", [.init("canister", .string("\(id)"))], on: console)
    return .success
  }
}

extension Principal {
  /// Whether the id has the form of a canister's: its number and two ones.
  fileprivate var isCanister: Bool { bytes.count == 10 && bytes.suffix(2) == [1, 1] }
}

struct CanisterUninstallCommand: CanisterAction {
  static let configuration = CommandConfiguration(
    commandName: "uninstall", abstract: "Drops a canister's code, memory and stable memory.",
    aliases: ["uninstall-code"])
  @OptionGroup var options: CanisterOptions

  func act(on id: Principal, in directory: inout StateDirectory) throws -> ActionResult {
    try directory.runtime.uninstall(id, sender: options.caller.principal)
    return .done
  }
}

struct CanisterStartCommand: CanisterAction {
  static let configuration = CommandConfiguration(commandName: "start", abstract: "Lets a canister take calls again.")
  @OptionGroup var options: CanisterOptions

  func act(on id: Principal, in directory: inout StateDirectory) throws -> ActionResult {
    try directory.runtime.start(id, sender: options.caller.principal)
    return .done
  }
}

struct CanisterStopCommand: CanisterAction {
  static let configuration = CommandConfiguration(
    commandName: "stop", abstract: "Stops a canister: it finishes what it has begun, and takes no more calls.")
  @OptionGroup var options: CanisterOptions

  func act(on id: Principal, in directory: inout StateDirectory) throws -> ActionResult {
    if try directory.runtime.stop(id, sender: options.caller.principal) { return .done }
    return ActionResult(
      failure: CommandFailure(
        .guestFailed, "stopping",
        "the canister waits for answers to its calls; it stops when they are there: `cannery canister tick` goes on"))
  }
}

struct CanisterDeleteCommand: CanisterAction {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Deletes a stopped canister, with its cycles.")
  @OptionGroup var options: CanisterOptions

  func act(on id: Principal, in directory: inout StateDirectory) throws -> ActionResult {
    try directory.runtime.delete(id, sender: options.caller.principal)
    directory.names = directory.names.filter { $0.value != id }
    return .done
  }
}

struct CanisterTopUpCommand: CanisterAction {
  static let configuration = CommandConfiguration(
    commandName: "top-up", abstract: "Adds cycles to a canister's balance.", aliases: ["deposit-cycles"])
  @OptionGroup var options: CanisterOptions
  var isForControllers: Bool { false }
  @Argument(help: "Cycles, such as 1_000 or 2t.")
  var cycles: CyclesAmount

  func act(on id: Principal, in directory: inout StateDirectory) throws -> ActionResult {
    try directory.runtime.topUp(id, cycles.amount)
    let balance = try directory.runtime.state(of: id).balance
    return ActionResult(text: "\(grouped(balance)) cycles", members: [.init("cycles", .digits(balance))])
  }
}

struct TickCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "tick",
    abstract: "Lets time pass: timers and what waits are executed when they are due, heartbeats with each round.",
    discussion: "Without a time, one round is executed.", aliases: ["advance"])
  @Argument(help: "The time that passes, such as 10s, 5m, 2h or 1d; what is due on the way is executed.")
  var time: DurationAmount?
  @Option(help: ArgumentHelp("Rounds that are executed; with a time, at most.", valueName: "number"))
  var rounds: Int?
  @OptionGroup var state: StateOptions
  @OptionGroup var report: OutputOptions
  var output: OutputOptions { report }

  /// Rounds that a time that passes takes at most.
  static let roundLimit = 100_000

  func validate() throws {
    if let rounds, rounds < 0 { throw ValidationError("--rounds can't be negative") }
  }

  func execute(on console: Console) throws -> ExitStatus {
    let ((now, isComplete), activity) = try state.change { directory in
      let runtime = directory.runtime
      var isComplete = true
      if let time {
        isComplete = runtime.advanceTime(by: time.nanoseconds, rounds: rounds ?? TickCommand.roundLimit)
      } else {
        for _ in 0..<(rounds ?? 1) { runtime.executeRound() }
      }
      return (runtime.time, isComplete)
    }
    if !isComplete { console.note(TickCommand.incomplete(rounds ?? TickCommand.roundLimit)) }
    report.print(nil, [.init("time", .digits(now)), .init("complete", .bool(isComplete))], activity, on: console)
    return .success
  }

  /// What is said where rounds came to their end before the time.
  static func incomplete(_ rounds: Int) -> String {
    "\(grouped(rounds)) rounds were executed; what was due in the rest of the time waits for the end of it, or is left out: with "
      + "--rounds `tick` executes more"
  }
}
