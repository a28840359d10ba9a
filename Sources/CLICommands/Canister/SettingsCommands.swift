// What controllers decide about a canister: the options, and the commands that show and change it.

import ArgumentParser
import Candid
import CanisterRuntime
import Cannery
import SystemAPI

/// Settings that a canister can be made with too.
struct SettingsOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The share of a core that is kept for the canister.", valueName: "percent"))
  var computeAllocation: UInt64?
  @Option(help: ArgumentHelp("Memory that is kept for it, such as 1GiB; 0 for none.", valueName: "bytes"))
  var memoryAllocation: BytesAmount?
  @Option(
    help: ArgumentHelp(
      "It freezes before its cycles last shorter than this: seconds, or such as 30d.", valueName: "time"))
  var freezingThreshold: SecondsAmount?
  @Option(help: ArgumentHelp("Cycles that are set aside for its storage at most.", valueName: "amount"))
  var reservedCyclesLimit: CyclesAmount?
  @Option(help: ArgumentHelp("Bytes that its heap has at most; 0 for no limit.", valueName: "bytes"))
  var wasmMemoryLimit: BytesAmount?
  @Option(
    help: ArgumentHelp("Its canister_on_low_wasm_memory runs when fewer bytes are left.", valueName: "bytes"))
  var wasmMemoryThreshold: BytesAmount?
  @Option(help: ArgumentHelp("Who may read its log.", valueName: "controllers|public"))
  var logVisibility: LogVisibility?
  @Option(help: ArgumentHelp("One who may read its log. May be given several times.", valueName: "principal"))
  var logViewer: [PrincipalArgument] = []
  @Option(
    help: ArgumentHelp(
      "A variable of its environment; those that are given replace all. May be given several times.",
      valueName: "name=value"))
  var environmentVariable: [String] = []

  enum LogVisibility: String, CaseIterable, ExpressibleByArgument {
    case controllers
    case everyone = "public"
  }

  func validate() throws {
    if logVisibility != nil && !logViewer.isEmpty {
      throw ValidationError("--log-visibility and --log-viewer contradict each other")
    }
  }

  func change() throws -> SettingsChange {
    var change = SettingsChange()
    change.computeAllocation = computeAllocation
    change.memoryAllocation = memoryAllocation?.bytes
    change.freezingThreshold = freezingThreshold?.seconds
    change.reservedCyclesLimit = reservedCyclesLimit?.amount
    change.wasmMemoryLimit = wasmMemoryLimit?.bytes
    change.wasmMemoryThreshold = wasmMemoryThreshold?.bytes
    change.logVisibility = logVisibility.map { $0 == .everyone ? .everyone : .controllers }
    if !logViewer.isEmpty { change.logVisibility = .allowedViewers(logViewer.map(\.principal)) }
    if !environmentVariable.isEmpty {
      change.environment = try environmentVariable.map { text in
        guard let sign = text.firstIndex(of: "=") else {
          throw CommandFailure.usage("\(quoted(text)) is no variable: one is given as NAME=VALUE")
        }
        return EnvironmentVariable(name: String(text[..<sign]), value: String(text[text.index(after: sign)...]))
      }
    }
    return change
  }
}

struct SettingsUpdateCommand: CanisterAction {
  static let configuration = CommandConfiguration(commandName: "update", abstract: "Changes settings of a canister.")
  @OptionGroup var options: CanisterOptions
  @OptionGroup var settings: SettingsOptions
  @Option(
    help: ArgumentHelp(
      "A controller, in place of all that there are. May be given several times.", valueName: "principal"))
  var setController: [PrincipalArgument] = []
  @Option(help: ArgumentHelp("One more controller. May be given several times.", valueName: "principal"))
  var addController: [PrincipalArgument] = []
  @Option(help: ArgumentHelp("Who is controller no more. May be given several times.", valueName: "principal"))
  var removeController: [PrincipalArgument] = []
  @Flag(help: "Drop all variables of the environment.")
  var clearEnvironment = false

  func validate() throws {
    if clearEnvironment && !settings.environmentVariable.isEmpty {
      throw ValidationError("--clear-environment and --environment-variable contradict each other")
    }
  }

  func act(on id: Principal, in directory: inout StateDirectory) throws -> ActionResult {
    var change = try settings.change()
    if clearEnvironment { change.environment = [] }
    var controllers = setController.map(\.principal)
    let old = try directory.runtime.state(of: id).settings.controllers
    if controllers.isEmpty { controllers = old }
    controllers += addController.map(\.principal)
    for caller in removeController {
      guard controllers.contains(caller.principal) else {
        throw CommandFailure(.inputWrong, "no-controller", "\(caller.principal) is no controller of \(id)")
      }
      controllers.removeAll { $0 == caller.principal }
    }
    // Also if they are the same: who says so has given a setting.
    if !(setController + addController + removeController).isEmpty { change.controllers = controllers }
    if change == SettingsChange() { throw CommandFailure.usage("no setting is given; see --help") }
    try directory.runtime.updateSettings(id, change, sender: options.caller.principal)
    return .done
  }
}

struct SettingsShowCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(commandName: "show", abstract: "Shows the settings of a canister.")
  @OptionGroup var canister: KeptCanister
  var output: OutputOptions { canister.output }

  func execute(on console: Console) throws -> ExitStatus {
    list(
      try canister.read { id, directory in
        [.init("canister", .string("\(id)"))] + (try directory.runtime.state(of: id)).settings.members
      }, on: console)
    return .success
  }
}

extension CanisterSettings {
  /// For printing.
  var members: [JSONValue.Member] {
    [
      .init("controllers", .array(controllers.map { .string("\($0)") })),
      .init("computeAllocation", .digits(computeAllocation)),
      .init("memoryAllocation", .digits(memoryAllocation)), .init("freezingThreshold", .digits(freezingThreshold)),
      .init("reservedCyclesLimit", .digits(reservedCyclesLimit)),
      .init("minimumIncomingCallCycles", .digits(minimumIncomingCallCycles)),
      .init("wasmMemoryLimit", .digits(wasmMemoryLimit)), .init("wasmMemoryThreshold", .digits(wasmMemoryThreshold)),
      .init("logVisibility", logVisibility.json), .init("snapshotVisibility", snapshotVisibility.json),
      .init("statusVisibility", statusVisibility.json),
      .init("environment", .array(environment.map { .string("\($0.name)=\($0.value)") })),
    ]
  }
}

extension Visibility {
  fileprivate var json: JSONValue {
    switch self {
    case .controllers: .string("controllers")
    case .everyone: .string("public")
    case .allowedViewers(let viewers): .array(viewers.map { .string("\($0)") })
    }
  }
}

struct SettingsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "settings", abstract: "Shows and changes what controllers decide about a canister.",
    subcommands: [SettingsShowCommand.self, SettingsUpdateCommand.self])
}

/// The same as `settings update`.
struct UpdateSettingsCommand: CanisterAction {
  static let configuration = CommandConfiguration(
    commandName: "update-settings", abstract: "The same as settings update.", shouldDisplay: false)
  @OptionGroup var update: SettingsUpdateCommand
  var options: CanisterOptions { update.options }

  func act(on id: Principal, in directory: inout StateDirectory) throws -> ActionResult {
    try update.act(on: id, in: &directory)
  }
}
