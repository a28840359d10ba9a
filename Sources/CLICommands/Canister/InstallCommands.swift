// The commands that install code.

import ArgumentParser
import Candid
import CanisterRuntime
import Cannery
import SystemAPI

/// What installing, upgrading and reinstalling share.
struct InstallOptions: ParsableArguments {
  @Argument(help: "The canister's name or id.")
  var canister: String
  @Argument(help: .moduleFile, completion: .modules)
  var module: String
  @OptionGroup var state: StateOptions
  @OptionGroup var argument: ArgumentOptions
  @OptionGroup var caller: ControllerOptions
  @OptionGroup var report: OutputOptions

  /// Rounds that are executed afterwards at most.
  static let roundsAfterwards = 20

  /// `mode` decides by the module that is installed, and the one that comes.
  func install(
    on console: Console, _ mode: (_ old: InstalledModule?, _ new: InstalledModule) -> InstallMode
  ) throws -> ExitStatus {
    let file = try InputFile(module, console)
    let bytes = Array(try file.moduleBytes(advice: "a canister is installed from its module").buffer)
    let ((id, used), activity) = try report.notingFailures(on: console) {
      try state.change { directory in try install(bytes, file, mode, in: directory, console) }
    }
    let costs = activity.executions.last { $0.name == "install_code" && $0.canister == id }
    if report.json {
      let members: [JSONValue.Member] = [
        .init("canister", .string("\(id)")), .init("mode", .string(used.name)),
        .init("instructions", .unsigned(costs?.instructions ?? 0)), .init("cycles", .digits(costs?.cycles ?? 0)),
      ]
      report.print(nil, members, activity, on: console)
    } else if !report.quiet {
      activity.noteLogs(on: console)
      console.note(
        "\(id): \(used.participle), \(grouped(costs?.instructions ?? 0)) instructions, \(grouped(costs?.cycles ?? 0)) cycles"
      )
    }
    return .success
  }

  private func install(
    _ bytes: [UInt8], _ file: InputFile, _ mode: (_ old: InstalledModule?, _ new: InstalledModule) -> InstallMode,
    in directory: StateDirectory, _ console: Console
  ) throws -> (Principal, InstallMode) {
    let runtime = directory.runtime
    let id = try directory.canister(canister)
    try caller.check(id, in: runtime)
    let module = try naming(file.name) { try runtime.prepare(bytes) }
    let mode = mode(try runtime.module(of: id), module)
    // Most modules take none when they are upgraded, whatever they take at first.
    let isUpgrade = if case .upgrade = mode { true } else { false }
    let types = try argument.initTypes(of: module, console)
    let argument = try argumentBytes(types, isUpgrade: isUpgrade, console)
    // Without a caller, somebody who may do it.
    let controllers = try runtime.state(of: id).settings.controllers
    let sender =
      caller.given != nil || controllers.contains(.anonymous) ? caller.principal : controllers.first ?? .anonymous
    try runtime.install(id, bytes, mode: mode, argument: argument, sender: sender)
    // On a network rounds go on: what the code has set up for now is executed.
    runtime.executeDue(rounds: InstallOptions.roundsAfterwards)
    return (id, mode)
  }

  /// The argument. An interface tells what `canister_init` takes; modules may take something else when they are upgraded.
  private func argumentBytes(_ types: CandidTypes?, isUpgrade: Bool, _ console: Console) throws -> [UInt8] {
    guard isUpgrade else { return try argument.bytes(types, what: "the argument of canister_init", console) }
    do {
      return try argument.bytes(types, mayLack: true, what: "the argument of canister_post_upgrade", console)
    } catch let failure as CommandFailure where failure.kind == "arguments" && types != nil && argument.file != "-" {
      guard let inferred = try? argument.bytes(nil, mayLack: true, console) else { throw failure }
      console.note(
        "the argument isn't what the interface says of canister_init, so its types are inferred: canister_post_upgrade may take "
          + "something else")
      return inferred
    }
  }
}

extension InstallMode {
  fileprivate var participle: String {
    switch self {
    case .install: "installed"
    case .reinstall: "reinstalled"
    case .upgrade(let options): options.keepsHeap == true ? "upgraded, with its heap kept" : "upgraded"
    }
  }
}

/// How a module takes the place of another.
struct UpgradeModeOptions: ParsableArguments {
  @Flag(help: "Don't run the old module's canister_pre_upgrade.")
  var skipPreUpgrade = false
  @Option(
    help: ArgumentHelp(
      "What becomes of the heap at an upgrade: kept, or replaced by the new module's. By default it is kept where both "
        + "modules have orthogonal persistence.", valueName: "keep|replace"))
  var wasmMemoryPersistence: Persistence?

  enum Persistence: String, CaseIterable, ExpressibleByArgument { case keep, replace }

  func mode(from old: InstalledModule?, to new: InstalledModule) -> InstallMode {
    let keeps = wasmMemoryPersistence.map { $0 == .keep }
    let both = old?.hasOrthogonalPersistence == true && new.hasOrthogonalPersistence
    return .upgrade(UpgradeOptions(skipsPreUpgrade: skipPreUpgrade, keepsHeap: keeps ?? (both ? true : nil)))
  }

  var isGiven: Bool { skipPreUpgrade || wasmMemoryPersistence != nil }
}

struct CanisterInstallCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "install", abstract: "Installs a module in a canister.")
  @OptionGroup var options: InstallOptions
  @Option(
    help: ArgumentHelp(
      "What becomes of what is there: install, reinstall, upgrade, or auto: upgrade a canister that has a module.",
      valueName: "mode"))
  var mode: Mode = .install
  @OptionGroup var upgrade: UpgradeModeOptions
  var output: OutputOptions { options.report }

  enum Mode: String, CaseIterable, ExpressibleByArgument { case install, reinstall, upgrade, auto }

  func validate() throws {
    if upgrade.isGiven && mode != .upgrade && mode != .auto {
      throw ValidationError("--skip-pre-upgrade and --wasm-memory-persistence are for upgrades")
    }
  }

  func execute(on console: Console) throws -> ExitStatus {
    try options.install(on: console) { old, new in
      switch mode {
      case .install: .install
      case .reinstall: .reinstall
      case .upgrade: upgrade.mode(from: old, to: new)
      case .auto: old == nil ? .install : upgrade.mode(from: old, to: new)
      }
    }
  }
}

struct CanisterReinstallCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "reinstall", abstract: "Installs a module in place of another; memory and stable memory are lost.")
  @OptionGroup var options: InstallOptions
  var output: OutputOptions { options.report }

  func execute(on console: Console) throws -> ExitStatus { try options.install(on: console) { _, _ in .reinstall } }
}

struct CanisterUpgradeCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "upgrade", abstract: "Installs a module in place of another; stable memory is kept.")
  @OptionGroup var options: InstallOptions
  @OptionGroup var upgrade: UpgradeModeOptions
  var output: OutputOptions { options.report }

  func execute(on console: Console) throws -> ExitStatus {
    try options.install(on: console) { upgrade.mode(from: $0, to: $1) }
  }
}
