// Settings of canisters, for C programs.

import CCanister
import CWasm
import Candid
import CanisterRuntime
import CanneryC
import SystemAPI

/// Some or all settings.
final class SettingsObject {
  var change: SettingsChange
  /// The environment's texts as C reads them, made anew with each change.
  private(set) var environment: [(name: CText, value: CText)] = []

  init(_ change: SettingsChange = SettingsChange()) {
    self.change = change
    renewEnvironment()
  }

  convenience init(_ settings: CanisterSettings) {
    var change = SettingsChange()
    change.controllers = settings.controllers
    change.computeAllocation = settings.computeAllocation
    change.memoryAllocation = settings.memoryAllocation
    change.freezingThreshold = settings.freezingThreshold
    change.reservedCyclesLimit = settings.reservedCyclesLimit
    change.minimumIncomingCallCycles = settings.minimumIncomingCallCycles
    change.wasmMemoryLimit = settings.wasmMemoryLimit
    change.wasmMemoryThreshold = settings.wasmMemoryThreshold
    change.logVisibility = settings.logVisibility
    change.logMemoryLimit = settings.logMemoryLimit
    change.snapshotVisibility = settings.snapshotVisibility
    change.statusVisibility = settings.statusVisibility
    change.environment = settings.environment
    self.init(change)
  }

  func renewEnvironment() {
    environment = (change.environment ?? []).map { (CText($0.name), CText($0.value)) }
  }

  /// The numbers that a setting is kept as.
  enum Number {
    case bits64(WritableKeyPath<SettingsChange, UInt64?>)
    case cycles(WritableKeyPath<SettingsChange, Cycles?>)

    init?(_ setting: cannery_setting_t) {
      switch setting {
      case CANNERY_SETTING_COMPUTE_ALLOCATION: self = .bits64(\.computeAllocation)
      case CANNERY_SETTING_MEMORY_ALLOCATION: self = .bits64(\.memoryAllocation)
      case CANNERY_SETTING_FREEZING_THRESHOLD: self = .bits64(\.freezingThreshold)
      case CANNERY_SETTING_RESERVED_CYCLES_LIMIT: self = .cycles(\.reservedCyclesLimit)
      case CANNERY_SETTING_MINIMUM_INCOMING_CALL_CYCLES: self = .cycles(\.minimumIncomingCallCycles)
      case CANNERY_SETTING_WASM_MEMORY_LIMIT: self = .bits64(\.wasmMemoryLimit)
      case CANNERY_SETTING_WASM_MEMORY_THRESHOLD: self = .bits64(\.wasmMemoryThreshold)
      case CANNERY_SETTING_LOG_MEMORY_LIMIT: self = .bits64(\.logMemoryLimit)
      default: return nil
      }
    }
  }
}

private func settings(_ pointer: OpaquePointer?) -> SettingsObject? { pointer.map { object($0) } }

@c @implementation
public func cannery_settings_new() -> OpaquePointer? { retained(SettingsObject()) }

@c @implementation
public func cannery_settings_delete(_ pointer: OpaquePointer?) { release(pointer) }

@c @implementation
public func cannery_settings_set(
  _ pointer: OpaquePointer?, _ setting: cannery_setting_t, _ value: cannery_cycles_t
) -> Bool {
  guard let settings = settings(pointer), let number = SettingsObject.Number(setting) else { return false }
  switch number {
  case .cycles(let path): settings.change[keyPath: path] = UInt128(value)
  case .bits64(let path):
    guard value.high == 0 else { return false }
    settings.change[keyPath: path] = value.low
  }
  return true
}

@c @implementation
public func cannery_settings_get(
  _ pointer: OpaquePointer?, _ setting: cannery_setting_t, _ out: UnsafeMutablePointer<cannery_cycles_t>?
) -> Bool {
  guard let settings = settings(pointer), let number = SettingsObject.Number(setting), let out else { return false }
  let value: Cycles?
  switch number {
  case .cycles(let path): value = settings.change[keyPath: path]
  case .bits64(let path): value = settings.change[keyPath: path].map { Cycles($0) }
  }
  guard let value else { return false }
  out.pointee = value.inC
  return true
}

/// The principals of a list; nil where one has too many bytes, or there are none to read.
private func list(_ pointer: UnsafePointer<cannery_principal_t>?, _ count: Int) -> [Principal]? {
  try? given(pointer, count, "principals").map { try Principal($0) }
}

@c @implementation
public func cannery_settings_set_controllers(
  _ pointer: OpaquePointer?, _ controllers: UnsafePointer<cannery_principal_t>?, _ count: Int
) -> Bool {
  guard let settings = settings(pointer), let list = list(controllers, count) else { return false }
  settings.change.controllers = list
  return true
}

@c @implementation
public func cannery_settings_controllers(
  _ pointer: OpaquePointer?, _ controllers: UnsafeMutablePointer<cannery_principal_t>?, _ capacity: Int
) -> Int {
  let list = settings(pointer)?.change.controllers ?? []
  return (try? write(list.map(\.inC), controllers, capacity: controllers == nil ? 0 : capacity)) ?? 0
}

private func path(_ what: cannery_visible_t) -> WritableKeyPath<SettingsChange, Visibility?>? {
  switch what {
  case CANNERY_VISIBLE_LOG: \.logVisibility
  case CANNERY_VISIBLE_SNAPSHOTS: \.snapshotVisibility
  case CANNERY_VISIBLE_STATUS: \.statusVisibility
  default: nil
  }
}

@c @implementation
public func cannery_settings_set_visibility(
  _ pointer: OpaquePointer?, _ what: cannery_visible_t, _ visibility: cannery_visibility_t,
  _ viewers: UnsafePointer<cannery_principal_t>?, _ count: Int
) -> Bool {
  guard let settings = settings(pointer), let path = path(what) else { return false }
  switch visibility {
  case CANNERY_VISIBILITY_CONTROLLERS: settings.change[keyPath: path] = .controllers
  case CANNERY_VISIBILITY_PUBLIC: settings.change[keyPath: path] = .everyone
  case CANNERY_VISIBILITY_VIEWERS:
    guard let list = list(viewers, count) else { return false }
    settings.change[keyPath: path] = .allowedViewers(list)
  default: return false
  }
  return true
}

@c @implementation
public func cannery_settings_visibility(
  _ pointer: OpaquePointer?, _ what: cannery_visible_t, _ out: UnsafeMutablePointer<cannery_visibility_t>?,
  _ viewers: UnsafeMutablePointer<cannery_principal_t>?, _ capacity: Int
) -> Int {
  let visibility = path(what).flatMap { settings(pointer)?.change[keyPath: $0] }
  switch visibility {
  case .controllers, nil: out?.pointee = CANNERY_VISIBILITY_CONTROLLERS
  case .everyone: out?.pointee = CANNERY_VISIBILITY_PUBLIC
  case .allowedViewers(let list):
    out?.pointee = CANNERY_VISIBILITY_VIEWERS
    return (try? write(list.map(\.inC), viewers, capacity: viewers == nil ? 0 : capacity)) ?? 0
  }
  return 0
}

@c @implementation
public func cannery_settings_set_environment(
  _ pointer: OpaquePointer?, _ names: UnsafePointer<UnsafePointer<CChar>?>?,
  _ values: UnsafePointer<UnsafePointer<CChar>?>?, _ count: Int
) -> Bool {
  guard let settings = settings(pointer), let names = try? given(names, count, "names"),
    let values = try? given(values, count, "values"),
    let variables = try? zip(names, values).map({
      EnvironmentVariable(name: try given(text: $0, "a name"), value: try given(text: $1, "a value"))
    })
  else { return false }
  settings.change.environment = variables
  settings.renewEnvironment()
  return true
}

@c @implementation
public func cannery_settings_environment_count(_ pointer: OpaquePointer?) -> Int {
  settings(pointer)?.environment.count ?? 0
}

@c @implementation
public func cannery_settings_environment(
  _ pointer: OpaquePointer?, _ index: Int, _ name: UnsafeMutablePointer<UnsafePointer<CChar>?>?,
  _ value: UnsafeMutablePointer<UnsafePointer<CChar>?>?
) -> Bool {
  guard let settings = settings(pointer), settings.environment.indices.contains(index) else { return false }
  let variable = settings.environment[index]
  name?.pointee = variable.name.pointer
  value?.pointee = variable.value.pointer
  return true
}
