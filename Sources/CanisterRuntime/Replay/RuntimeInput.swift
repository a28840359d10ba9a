// What comes into a runtime from outside. All that a runtime does follows from these inputs in their order, so that a log of
// them is enough to have the same state again.

import Candid
import SystemAPI

/// An input. What an input fails with isn't part of it: it fails in the same way again.
enum RuntimeInput: Hashable, Sendable {
  case create(SettingsChange, cycles: Cycles, controller: Principal, id: Principal?)
  case install(Principal, module: [UInt8], InstallMode, argument: [UInt8], sender: Principal)
  case updateSettings(Principal, SettingsChange, sender: Principal)
  case uninstall(Principal, sender: Principal)
  case start(Principal, sender: Principal)
  case stop(Principal, sender: Principal)
  case delete(Principal, sender: Principal)
  case topUp(Principal, Cycles)
  case submit(receiver: Principal, method: String, argument: [UInt8], sender: Principal, cycles: Cycles)
  case forget(IngressID)
  case advanceTime(UInt64)
  case setTime(UInt64)
  case randomness([UInt8])
  case takeSnapshot(Principal, replacing: [UInt8]?, uninstalls: Bool, sender: Principal)
  case loadSnapshot(Principal, [UInt8], sender: Principal)
  case deleteSnapshot(Principal, [UInt8], sender: Principal)
  /// What queries added to a canister's statistics, which its status tells to others: of queries nothing else matters.
  case statistics(Principal, QueryStatistics)
  /// A round was executed; with the hash of the state after it, if that was wanted.
  case round(hash: [UInt8]?)
  /// Executions that were paused have been given up, and the state, whose hash this is, may have been stored.
  case checkpoint(hash: [UInt8])

  private enum Kind: UInt8, StateCodable {
    case module, create, install, updateSettings, uninstall, start, stop, delete, topUp, submit, forget, advanceTime,
      setTime, randomness, statistics, round, checkpoint, takeSnapshot, loadSnapshot, deleteSnapshot
  }
}

extension RuntimeInput {
  /// Modules that a log holds: each of them once.
  struct Modules {
    private var numbers: [[UInt8]: Int] = [:]
    private var all: [[UInt8]] = []

    /// The number of a module, and whether it is new.
    fileprivate mutating func number(of module: [UInt8]) -> (number: Int, isNew: Bool) {
      if let number = numbers[module] { return (number, false) }
      numbers[module] = all.count
      all.append(module)
      return (all.count - 1, true)
    }

    fileprivate mutating func append(_ module: [UInt8]) { all.append(module) }
    fileprivate subscript(_ number: Int) -> [UInt8]? { all.indices.contains(number) ? all[number] : nil }
  }

  func write(to writer: inout StateWriter, _ modules: inout Modules) {
    func begin(_ kind: Kind) { writer.put(kind) }
    switch self {
    case .create(let settings, let cycles, let controller, let id):
      begin(.create)
      writer.put(settings)
      writer.put(cycles)
      writer.put(controller)
      writer.put(id)
    case .install(let id, let module, let mode, let argument, let sender):
      let (number, isNew) = modules.number(of: module)
      if isNew {
        begin(.module)
        writer.put(module)
      }
      begin(.install)
      writer.put(id)
      writer.number(UInt64(number))
      writer.put(mode)
      writer.put(argument)
      writer.put(sender)
    case .updateSettings(let id, let change, let sender):
      begin(.updateSettings)
      writer.put(id)
      writer.put(change)
      writer.put(sender)
    case .uninstall(let id, let sender):
      begin(.uninstall)
      writer.put(id)
      writer.put(sender)
    case .start(let id, let sender):
      begin(.start)
      writer.put(id)
      writer.put(sender)
    case .stop(let id, let sender):
      begin(.stop)
      writer.put(id)
      writer.put(sender)
    case .delete(let id, let sender):
      begin(.delete)
      writer.put(id)
      writer.put(sender)
    case .topUp(let id, let cycles):
      begin(.topUp)
      writer.put(id)
      writer.put(cycles)
    case .submit(let receiver, let method, let argument, let sender, let cycles):
      begin(.submit)
      writer.put(receiver)
      writer.put(method)
      writer.put(argument)
      writer.put(sender)
      writer.put(cycles)
    case .forget(let id):
      begin(.forget)
      writer.put(id)
    case .advanceTime(let nanoseconds):
      begin(.advanceTime)
      writer.put(nanoseconds)
    case .setTime(let nanoseconds):
      begin(.setTime)
      writer.put(nanoseconds)
    case .randomness(let bytes):
      begin(.randomness)
      writer.put(bytes)
    case .takeSnapshot(let id, let old, let uninstalls, let sender):
      begin(.takeSnapshot)
      writer.put(id)
      writer.put(old)
      writer.put(uninstalls)
      writer.put(sender)
    case .loadSnapshot(let id, let snapshot, let sender):
      begin(.loadSnapshot)
      writer.put(id)
      writer.put(snapshot)
      writer.put(sender)
    case .deleteSnapshot(let id, let snapshot, let sender):
      begin(.deleteSnapshot)
      writer.put(id)
      writer.put(snapshot)
      writer.put(sender)
    case .statistics(let id, let statistics):
      begin(.statistics)
      writer.put(id)
      writer.put(statistics)
    case .round(let hash):
      begin(.round)
      writer.put(hash)
    case .checkpoint(let hash):
      begin(.checkpoint)
      writer.put(hash)
    }
  }

  /// The next input; nil where a module was read, which others refer to.
  static func read(from reader: inout StateReader, _ modules: inout Modules) throws(StateError) -> RuntimeInput? {
    switch try reader.take(Kind.self) {
    case .module:
      modules.append(try reader.take())
      return nil
    case .create:
      return .create(
        try reader.take(), cycles: try reader.take(), controller: try reader.take(), id: try reader.take())
    case .install:
      let id: Principal = try reader.take()
      guard let module = modules[try reader.number()] else { throw reader.malformed }
      return .install(
        id, module: module, try reader.take(), argument: try reader.take(), sender: try reader.take())
    case .updateSettings: return .updateSettings(try reader.take(), try reader.take(), sender: try reader.take())
    case .uninstall: return .uninstall(try reader.take(), sender: try reader.take())
    case .start: return .start(try reader.take(), sender: try reader.take())
    case .stop: return .stop(try reader.take(), sender: try reader.take())
    case .delete: return .delete(try reader.take(), sender: try reader.take())
    case .topUp: return .topUp(try reader.take(), try reader.take())
    case .submit:
      return .submit(
        receiver: try reader.take(), method: try reader.take(), argument: try reader.take(),
        sender: try reader.take(), cycles: try reader.take())
    case .forget: return .forget(try reader.take())
    case .advanceTime: return .advanceTime(try reader.take())
    case .setTime: return .setTime(try reader.take())
    case .randomness: return .randomness(try reader.take())
    case .takeSnapshot:
      return .takeSnapshot(
        try reader.take(), replacing: try reader.take(), uninstalls: try reader.take(), sender: try reader.take())
    case .loadSnapshot: return .loadSnapshot(try reader.take(), try reader.take(), sender: try reader.take())
    case .deleteSnapshot: return .deleteSnapshot(try reader.take(), try reader.take(), sender: try reader.take())
    case .statistics: return .statistics(try reader.take(), try reader.take())
    case .round:
      let hash: [UInt8]? = try reader.take()
      guard hash?.count ?? 32 == 32 else { throw reader.malformed }
      return .round(hash: hash)
    case .checkpoint:
      let hash: [UInt8] = try reader.take()
      guard hash.count == 32 else { throw reader.malformed }
      return .checkpoint(hash: hash)
    }
  }
}

extension SettingsChange: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.put(controllers)
    writer.put(computeAllocation)
    writer.put(memoryAllocation)
    writer.put(freezingThreshold)
    writer.put(reservedCyclesLimit)
    writer.put(minimumIncomingCallCycles)
    writer.put(wasmMemoryLimit)
    writer.put(wasmMemoryThreshold)
    writer.put(logVisibility)
    writer.put(logMemoryLimit)
    writer.put(snapshotVisibility)
    writer.put(statusVisibility)
    writer.put(environment)
  }
  init(from reader: inout StateReader) throws(StateError) {
    self.init()
    controllers = try reader.take()
    computeAllocation = try reader.take()
    memoryAllocation = try reader.take()
    freezingThreshold = try reader.take()
    reservedCyclesLimit = try reader.take()
    minimumIncomingCallCycles = try reader.take()
    wasmMemoryLimit = try reader.take()
    wasmMemoryThreshold = try reader.take()
    logVisibility = try reader.take()
    logMemoryLimit = try reader.take()
    snapshotVisibility = try reader.take()
    statusVisibility = try reader.take()
    environment = try reader.take()
  }
}
