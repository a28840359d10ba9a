// The commands that tell about canisters.

import ArgumentParser
import Candid
import CanisterRuntime
import Cannery
import SystemAPI

struct CanisterListCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists the canisters; with --quiet their ids only.")
  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  func execute(on console: Console) throws -> ExitStatus {
    try state.read { directory in
      let ids = directory.runtime.canisterIDs
      if output.json {
        let canisters: [JSONValue] = try ids.map { id in
          .object([
            .init("canister", .string("\(id)")), .init("name", directory.name(of: id).map { .string($0) } ?? .null),
            .init("status", .string(try directory.runtime.state(of: id).status.name)),
          ])
        }
        console.print(JSONValue.object([.init("canisters", .array(canisters))]))
        return
      }
      for id in ids {
        if output.quiet {
          console.print("\(id)")
          continue
        }
        let status = try directory.runtime.state(of: id).status.name
        console.print("\(id) \(status)" + (directory.name(of: id).map { " \($0)" } ?? ""))
      }
    }
    return .success
  }
}

extension CanisterStatus {
  /// The status's name in Candid.
  var name: String {
    switch self {
    case .running: "running"
    case .stopping: "stopping"
    case .stopped: "stopped"
    }
  }
}

struct CanisterStatusCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Tells what the system keeps of a canister.")
  @OptionGroup var canister: KeptCanister
  var output: OutputOptions { canister.output }

  func execute(on console: Console) throws -> ExitStatus {
    list(
      try canister.read { id, directory in
        let state = try directory.runtime.state(of: id)
        let module = try directory.runtime.module(of: id)
        let fees = directory.runtime.configuration.subnet
        return [
          .init("canister", .string("\(id)")), .init("name", directory.name(of: id).map { .string($0) } ?? .null),
          .init("status", .string(state.status.name)),
          .init("controllers", .array(state.settings.controllers.map { .string("\($0)") })),
          .init("moduleHash", module.map { .string(hexadecimal($0.hash)) } ?? .null),
          .init("version", .unsigned(state.version)), .init("memory", .unsigned(state.memoryUsage)),
          .init("heap", .unsigned(state.heapBytes)), .init("stable", .unsigned(state.stableBytes)),
          .init("cycles", .digits(state.balance)), .init("reservedCycles", .digits(state.reservedBalance)),
          .init("idleCyclesPerDay", .digits(state.idleCyclesPerDay(fees))),
          .init("freezingThreshold", .digits(state.settings.freezingThreshold)),
          .init("computeAllocation", .digits(state.settings.computeAllocation)),
          .init("memoryAllocation", .digits(state.settings.memoryAllocation)),
          .init("globalTimer", .digits(state.globalTimer)),
          .init("certifiedData", .string(hexadecimal(state.certifiedData))),
          .init("time", .digits(directory.runtime.time)),
        ]
      }, on: console)
    return .success
  }
}

struct CanisterInfoCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Tells what everybody may know of a canister, and which methods its module has.")
  @OptionGroup var canister: KeptCanister
  var output: OutputOptions { canister.output }

  func execute(on console: Console) throws -> ExitStatus {
    list(
      try canister.read { id, directory in
        let state = try directory.runtime.state(of: id)
        let module = try directory.runtime.module(of: id)
        func methods(_ kind: InstalledModule.MethodKind) -> JSONValue {
          let methods = module?.allMethods.filter { $0.value == kind } ?? [:]
          return .array(methods.keys.map(\.text).sorted().map { .string($0) })
        }
        let metadata = module?.metadata.filter(\.value.isPublic) ?? [:]
        return [
          .init("canister", .string("\(id)")),
          .init("controllers", .array(state.settings.controllers.map { .string("\($0)") })),
          .init("moduleHash", module.map { .string(hexadecimal($0.hash)) } ?? .null),
          .init("memory", module.map { .string($0.is64 ? "64-bit" : "32-bit") } ?? .null),
          .init("metadata", .array(metadata.keys.map(\.text).sorted().map { .string($0) })),
          .init("updates", methods(.update)), .init("queries", methods(.query)),
          .init("compositeQueries", methods(.compositeQuery)),
        ]
      }, on: console)
    return .success
  }
}

struct CanisterMetadataCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "metadata", abstract: "Prints a section of metadata of a canister's module, such as candid:service.")
  @OptionGroup var canister: KeptCanister
  @Argument(help: "The section's name, without icp:public or icp:private.")
  var section: String
  var output: OutputOptions { canister.output }

  func execute(on console: Console) throws -> ExitStatus {
    let metadata = try canister.read { id, directory in
      let metadata = try directory.runtime.module(of: id)?.metadata ?? [:]
      guard let found = metadata[ExactName(section)] else {
        let known = metadata.keys.map(\.text).sorted().map { quoted($0) }.joined(separator: ", ")
        throw CommandFailure(
          .inputWrong, "no-metadata",
          "the module has no metadata \(quoted(section))" + (known.isEmpty ? " nor any other" : "; it has \(known)"))
      }
      return found
    }
    guard output.json else {
      // As it is, so that it can go into a file.
      if !console.outputIsTerminal {
        console.write(metadata.contents)
      } else {
        let text = String(decoding: metadata.contents, as: UTF8.self)
        console.print(text.utf8.last == 0x0A ? String(text.unicodeScalars.dropLast()) : text)
      }
      return .success
    }
    let text = String(validating: metadata.contents, as: UTF8.self)
    console.print(
      JSONValue.object([
        .init("name", .string(section)), .init("public", .bool(metadata.isPublic)),
        .init("text", text.map { .string($0) } ?? .null), .init("bytes", .string(hexadecimal(metadata.contents))),
      ]))
    return .success
  }
}

struct CanisterIDCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(commandName: "id", abstract: "Prints a canister's id.")
  @OptionGroup var canister: KeptCanister
  var output: OutputOptions { canister.output }

  func execute(on console: Console) throws -> ExitStatus {
    let id = try canister.read { id, _ in id }
    say("\(id)", [.init("canister", .string("\(id)"))], on: console)
    return .success
  }
}

struct CanisterLogsCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(commandName: "logs", abstract: "Prints what a canister has logged.")
  @OptionGroup var canister: KeptCanister
  var output: OutputOptions { canister.output }

  func execute(on console: Console) throws -> ExitStatus {
    let records = try canister.read { id, directory in try directory.runtime.state(of: id).log.records }
    if output.json {
      let logs: [JSONValue] = records.map {
        .object([
          .init("index", .unsigned($0.index)), .init("time", .digits($0.timestamp)),
          .init("text", .string(String(decoding: $0.content, as: UTF8.self))),
        ])
      }
      console.print(JSONValue.object([.init("logs", .array(logs))]))
    } else {
      for record in records {
        console.print("[\(record.index)] \(String(decoding: record.content, as: UTF8.self))")
      }
    }
    return .success
  }
}

struct CanisterCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "canister", abstract: "Runs canisters: installs modules, calls their methods, keeps their state.",
    discussion: """
      Canisters are kept in a folder that --state names. `call` and `query` also take a module in place of a canister: it \
      is installed in memory for that call.

      With --json, cycles, times in nanoseconds and the numbers among the settings are strings of decimal digits, as they \
      may be larger than what many readers take for a number without loss; counts and sizes are numbers.
      """,
    subcommands: [
      CanisterCreateCommand.self, CanisterInstallCommand.self, CanisterUpgradeCommand.self,
      CanisterReinstallCommand.self, CanisterUninstallCommand.self, CanisterCallCommand.self, CanisterQueryCommand.self,
      RequestStatusCommand.self, CanisterStatusCommand.self, CanisterInfoCommand.self, CanisterMetadataCommand.self,
      CanisterIDCommand.self, CanisterListCommand.self, CanisterLogsCommand.self, SettingsCommand.self,
      UpdateSettingsCommand.self, SnapshotCommand.self, CanisterStartCommand.self, CanisterStopCommand.self,
      CanisterTopUpCommand.self,
      CanisterDeleteCommand.self, TickCommand.self,
    ])
}
