// The commands about snapshots of canisters.

import ArgumentParser
import Candid
import CanisterRuntime
import Cannery
import SystemAPI

/// A snapshot's id: hexadecimal digits.
struct SnapshotArgument: ExpressibleByArgument {
  var bytes: [UInt8]

  init?(argument: String) {
    let digits = argument.hasPrefix("0x") ? String(argument.dropFirst(2)) : argument
    guard !digits.isEmpty, let bytes = try? ArgumentOptions.bytes(hexadecimal: digits) else { return nil }
    self.bytes = bytes
  }

  static let help = ArgumentHelp("The snapshot's id, as list prints it.", valueName: "snapshot")
}

struct SnapshotCreateCommand: CanisterAction {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Takes a snapshot of a canister, and prints its id.", aliases: ["take"])
  @OptionGroup var options: CanisterOptions
  @Option(help: ArgumentHelp("A snapshot that the new one takes the place of.", valueName: "snapshot"))
  var replace: SnapshotArgument?

  func act(on id: Principal, in directory: inout StateDirectory) throws -> ActionResult {
    let snapshot = try directory.runtime.takeSnapshot(
      of: id, replacing: replace?.bytes, sender: options.caller.principal)
    return ActionResult(text: hexadecimal(snapshot.id), members: snapshot.members)
  }
}

struct SnapshotListCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists a canister's snapshots: ids, bytes, times in nanoseconds since 1970.",
    discussion: "With --quiet only ids are printed.")
  @OptionGroup var canister: KeptCanister
  var output: OutputOptions { canister.output }

  func execute(on console: Console) throws -> ExitStatus {
    let (id, snapshots) = try canister.read { ($0, try $1.runtime.snapshots(of: $0)) }
    if output.json {
      let members: [JSONValue.Member] = [
        .init("canister", .string("\(id)")), .init("snapshots", .array(snapshots.map { .object($0.members) })),
      ]
      console.print(JSONValue.object(members))
    } else {
      for snapshot in snapshots {
        let facts = output.quiet ? "" : " \(grouped(snapshot.size)) bytes, taken at \(snapshot.takenAt)"
        console.print(hexadecimal(snapshot.id) + facts)
      }
    }
    return .success
  }
}

extension SnapshotSummary {
  fileprivate var members: [JSONValue.Member] {
    [
      .init("snapshot", .string(hexadecimal(id))), .init("takenAt", .digits(takenAt)), .init("size", .unsigned(size)),
    ]
  }
}

struct SnapshotRestoreCommand: CanisterAction {
  static let configuration = CommandConfiguration(
    commandName: "restore", abstract: "Makes a canister what a snapshot of it, or of another canister, says.",
    aliases: ["load"])
  @OptionGroup var options: CanisterOptions
  @Argument(help: SnapshotArgument.help)
  var snapshot: SnapshotArgument

  func act(on id: Principal, in directory: inout StateDirectory) throws -> ActionResult {
    try directory.runtime.loadSnapshot(snapshot.bytes, onto: id, sender: options.caller.principal)
    return .done
  }
}

struct SnapshotDeleteCommand: CanisterAction {
  static let configuration = CommandConfiguration(commandName: "delete", abstract: "Deletes a snapshot.")
  @OptionGroup var options: CanisterOptions
  @Argument(help: SnapshotArgument.help)
  var snapshot: SnapshotArgument

  func act(on id: Principal, in directory: inout StateDirectory) throws -> ActionResult {
    try directory.runtime.deleteSnapshot(snapshot.bytes, of: id, sender: options.caller.principal)
    return .done
  }
}

struct SnapshotCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "snapshot", abstract: "Takes, lists, restores and deletes snapshots of canisters.",
    subcommands: [
      SnapshotCreateCommand.self, SnapshotListCommand.self, SnapshotRestoreCommand.self, SnapshotDeleteCommand.self,
    ])
}
