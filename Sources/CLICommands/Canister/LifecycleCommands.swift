// The commands that make, change and end canisters.

import ArgumentParser
import Candid
import CanisterRuntime
import Cannery
import SystemAPI

extension ConsoleCommand {
  /// Prints a line, or an object with `--json`.
  func say(_ text: String, _ members: [JSONValue.Member], on console: Console) {
    console.print(output.json ? JSONValue.object(members).text : text)
  }
}

struct CanisterOptions: ParsableArguments {
  @Argument(help: "The canister's name or id.")
  var canister: String
  @OptionGroup var state: StateOptions
  @Option(help: ArgumentHelp("Who asks; anonymous by default.", valueName: "principal"))
  var caller: PrincipalArgument = PrincipalArgument(argument: "anonymous")!
  @OptionGroup var output: OutputOptions
}

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
  @OptionGroup var output: OutputOptions

  func execute(on console: Console) throws -> ExitStatus {
    let id = try state.change(makes: true) { directory in
      if let name, directory.names[name] != nil {
        throw CommandFailure(.inputWrong, "name-exists", "there is a canister \(quoted(name)) already")
      }
      if let name, name.isEmpty || name.contains("\n") || Principal(name) != nil {
        throw CommandFailure.usage("\(quoted(name)) can't be a name")
      }
      var settings = SettingsChange()
      if !controller.isEmpty { settings.controllers = controller.map(\.principal) }
      let id = try reportingRejects {
        try directory.runtime.createCanister(settings, cycles: cycles?.amount, id: self.id?.principal)
      }
      if let name { directory.names[name] = id }
      return id
    }
    say("\(id)", [.init("canister", .string("\(id)"))], on: console)
    return .success
  }
}

/// What installing, upgrading and reinstalling share.
struct InstallOptions: ParsableArguments {
  @Argument(help: "The canister's name or id.")
  var canister: String
  @Argument(help: .moduleFile, completion: .modules)
  var module: String
  @OptionGroup var state: StateOptions
  @OptionGroup var argument: ArgumentOptions
  @Option(help: ArgumentHelp("Who asks; anonymous by default.", valueName: "principal"))
  var caller: PrincipalArgument = PrincipalArgument(argument: "anonymous")!
  @Flag(name: [.short, .long], help: "Print nothing on success.")
  var quiet = false
  @OptionGroup var output: OutputOptions

  func install(_ mode: InstallMode, on console: Console) throws -> ExitStatus {
    let file = try InputFile(module, console)
    let bytes = Array(try file.moduleBytes(advice: "a canister is installed from its module").buffer)
    let report = try state.change { directory in
      let id = try directory.canister(canister)
      let module = try naming(file.name) { try directory.runtime.prepare(bytes) }
      let interface = try argument.interface(of: module)
      // Most modules take none when they are upgraded, whatever they take at first.
      let isUpgrade = if case .upgrade = mode { true } else { false }
      let argument = try argument.bytes(interface?.initArguments, mayLack: isUpgrade, console)
      _ = directory.runtime.takeReports()
      try reportingRejects {
        try directory.runtime.install(id, bytes, mode: mode, argument: argument, sender: caller.principal)
      }
      return directory.runtime.takeReports().last
    }
    guard let report else { return .success }
    if output.json {
      let members: [JSONValue.Member] = [
        .init("canister", .string("\(report.canister)")), .init("instructions", .unsigned(report.instructions)),
        .init("cycles", .string("\(report.cycles)")),
      ]
      console.print(JSONValue.object(members).text)
    } else if !quiet {
      console.note(
        "\(report.canister): installed, \(grouped(report.instructions)) instructions, \(grouped(report.cycles)) cycles")
    }
    return .success
  }
}

struct CanisterInstallCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "install", abstract: "Installs a module in an empty canister.")
  @OptionGroup var options: InstallOptions
  @Option(help: ArgumentHelp("What becomes of what is there: install, reinstall or upgrade.", valueName: "mode"))
  var mode: Mode = .install
  var output: OutputOptions { options.output }

  enum Mode: String, CaseIterable, ExpressibleByArgument { case install, reinstall, upgrade }

  func execute(on console: Console) throws -> ExitStatus {
    switch mode {
    case .install: try options.install(.install, on: console)
    case .reinstall: try options.install(.reinstall, on: console)
    case .upgrade: try options.install(.upgrade(), on: console)
    }
  }
}

struct CanisterReinstallCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "reinstall", abstract: "Installs a module in place of another; memory and stable memory are lost.")
  @OptionGroup var options: InstallOptions
  var output: OutputOptions { options.output }

  func execute(on console: Console) throws -> ExitStatus { try options.install(.reinstall, on: console) }
}

struct CanisterUpgradeCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "upgrade", abstract: "Installs a module in place of another; stable memory is kept.")
  @OptionGroup var options: InstallOptions
  @Flag(help: "Don't run the old module's canister_pre_upgrade.")
  var skipPreUpgrade = false
  @Option(
    help: ArgumentHelp(
      "What becomes of the heap: kept, or replaced by the new module's. Modules with orthogonal persistence demand it.",
      valueName: "keep|replace"))
  var wasmMemoryPersistence: Persistence?
  var output: OutputOptions { options.output }

  enum Persistence: String, CaseIterable, ExpressibleByArgument { case keep, replace }

  func execute(on console: Console) throws -> ExitStatus {
    let upgrade = UpgradeOptions(
      skipsPreUpgrade: skipPreUpgrade, keepsHeap: wasmMemoryPersistence.map { $0 == .keep })
    return try options.install(.upgrade(upgrade), on: console)
  }
}

struct CanisterUninstallCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "uninstall", abstract: "Drops a canister's code, memory and stable memory.")
  @OptionGroup var options: CanisterOptions
  var output: OutputOptions { options.output }

  func execute(on console: Console) throws -> ExitStatus {
    try options.state.change { directory in
      let id = try directory.canister(options.canister)
      try reportingRejects { try directory.runtime.uninstall(id, sender: options.caller.principal) }
    }
    return .success
  }
}

struct CanisterStartCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(commandName: "start", abstract: "Lets a canister take calls again.")
  @OptionGroup var options: CanisterOptions
  var output: OutputOptions { options.output }

  func execute(on console: Console) throws -> ExitStatus {
    try options.state.change { directory in
      let id = try directory.canister(options.canister)
      try reportingRejects { try directory.runtime.start(id, sender: options.caller.principal) }
    }
    return .success
  }
}

struct CanisterStopCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "stop", abstract: "Stops a canister: it finishes what it has begun, and takes no more calls.")
  @OptionGroup var options: CanisterOptions
  var output: OutputOptions { options.output }

  func execute(on console: Console) throws -> ExitStatus {
    let hasStopped = try options.state.change { directory in
      let id = try directory.canister(options.canister)
      return try reportingRejects { try directory.runtime.stop(id, sender: options.caller.principal) }
    }
    if hasStopped { return .success }
    throw CommandFailure(
      .guestFailed, "stopping", "the canister waits for answers to its calls; it stops when they are there")
  }
}

struct CanisterDeleteCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Deletes a stopped canister, with its cycles.")
  @OptionGroup var options: CanisterOptions
  var output: OutputOptions { options.output }

  func execute(on console: Console) throws -> ExitStatus {
    try options.state.change { directory in
      let id = try directory.canister(options.canister)
      try reportingRejects { try directory.runtime.delete(id, sender: options.caller.principal) }
      directory.names = directory.names.filter { $0.value != id }
    }
    return .success
  }
}

struct CanisterTopUpCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "top-up", abstract: "Adds cycles to a canister's balance.")
  @Argument(help: "The canister's name or id.")
  var canister: String
  @Argument(help: "Cycles, such as 1_000 or 2t.")
  var cycles: CyclesAmount
  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  func execute(on console: Console) throws -> ExitStatus {
    let balance = try state.change { directory in
      let id = try directory.canister(canister)
      try directory.runtime.topUp(id, cycles.amount)
      return try directory.runtime.state(of: id).balance
    }
    say("\(grouped(balance)) cycles", [.init("cycles", .string("\(balance)"))], on: console)
    return .success
  }
}
