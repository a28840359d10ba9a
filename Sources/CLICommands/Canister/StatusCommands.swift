// The commands that tell about canisters.

import ArgumentParser
import Candid
import CanisterRuntime
import Cannery
import SystemAPI

struct CanisterListCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(commandName: "list", abstract: "Lists the canisters.")
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
        console.print(JSONValue.object([.init("canisters", .array(canisters))]).text)
        return
      }
      for id in ids {
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
  @Argument(help: "The canister's name or id.")
  var canister: String
  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  func execute(on console: Console) throws -> ExitStatus {
    let members: [JSONValue.Member] = try state.read { directory in
      let id = try directory.canister(canister)
      let state = try directory.runtime.state(of: id)
      let module = try directory.runtime.module(of: id)
      let fees = directory.runtime.configuration.subnet
      return [
        .init("canister", .string("\(id)")), .init("status", .string(state.status.name)),
        .init("controllers", .array(state.settings.controllers.map { .string("\($0)") })),
        .init("moduleHash", module.map { .string(hexadecimal($0.hash)) } ?? .null),
        .init("version", .unsigned(state.version)), .init("memory", .unsigned(state.memoryUsage)),
        .init("heap", .unsigned(state.heapBytes)), .init("stable", .unsigned(state.stableBytes)),
        .init("cycles", .string("\(state.balance)")), .init("reservedCycles", .string("\(state.reservedBalance)")),
        .init("idleCyclesPerDay", .string("\(state.idleCyclesPerDay(fees))")),
        .init("freezingThreshold", .unsigned(state.settings.freezingThreshold)),
        .init("computeAllocation", .unsigned(state.settings.computeAllocation)),
        .init("memoryAllocation", .unsigned(state.settings.memoryAllocation)),
        .init("globalTimer", .unsigned(state.globalTimer)),
        .init("certifiedData", .string(hexadecimal(state.certifiedData))),
      ]
    }
    if output.json {
      console.print(JSONValue.object(members).text)
    } else {
      for member in members {
        switch member.value {
        case .string(let text): console.print("\(member.name): \(text)")
        case .array(let values):
          let texts = values.map { if case .string(let text) = $0 { text } else { $0.text } }
          console.print("\(member.name): \(texts.joined(separator: " "))")
        default: console.print("\(member.name): \(member.value.text)")
        }
      }
    }
    return .success
  }
}

struct CanisterLogsCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(commandName: "logs", abstract: "Prints what a canister has logged.")
  @Argument(help: "The canister's name or id.")
  var canister: String
  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  func execute(on console: Console) throws -> ExitStatus {
    let records = try state.read { directory in
      try directory.runtime.state(of: directory.canister(canister)).log.records
    }
    if output.json {
      let logs: [JSONValue] = records.map {
        .object([
          .init("index", .unsigned($0.index)), .init("time", .unsigned($0.timestamp)),
          .init("text", .string(String(decoding: $0.content, as: UTF8.self))),
        ])
      }
      console.print(JSONValue.object([.init("logs", .array(logs))]).text)
    } else {
      for record in records {
        console.print("[\(record.index)] \(visible(String(decoding: record.content, as: UTF8.self)))")
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
      """,
    subcommands: [
      CanisterCreateCommand.self, CanisterInstallCommand.self, CanisterUpgradeCommand.self,
      CanisterReinstallCommand.self, CanisterUninstallCommand.self, CanisterCallCommand.self, CanisterQueryCommand.self,
      CanisterStatusCommand.self, CanisterStartCommand.self, CanisterStopCommand.self, CanisterDeleteCommand.self,
      CanisterTopUpCommand.self, CanisterListCommand.self, CanisterLogsCommand.self,
    ])
}
