// Configurations and stores beyond wasm.h.

import CWasm
import Cannery
import WebAssembly

/// Does `body`. Returns nil, or an error that the caller owns.
func failing(_ body: () throws -> Void) -> OpaquePointer? {
  do {
    try body()
    return nil
  } catch {
    return retained(ErrorObject(error))
  }
}

private func change(_ config: OpaquePointer?, _ body: (inout EngineConfiguration) -> Void) {
  guard let config else { return }
  body(&object(config, as: ConfigurationObject.self).configuration)
}

@c @implementation
public func cannery_config_set_features(_ config: OpaquePointer?, _ features: cannery_features_t) {
  change(config) {
    switch features {
    case CANNERY_FEATURES_WASM1: $0.features = .wasm1
    case CANNERY_FEATURES_WASM2: $0.features = .wasm2
    case CANNERY_FEATURES_ICP: $0.features = .icp
    default: $0.features = .wasm3
    }
  }
}

@c @implementation
public func cannery_config_set_metering(_ config: OpaquePointer?, _ metering: cannery_metering_t) {
  change(config) {
    switch metering {
    case CANNERY_METERING_OPERATORS: $0.metering = .operators
    case CANNERY_METERING_ICP: $0.metering = .icp
    default: $0.metering = .none
    }
  }
}

@c @implementation
public func cannery_config_set_optimization(_ config: OpaquePointer?, _ isOn: Bool) {
  change(config) { $0.compiler.optimization = isOn ? .full : .none }
}

@c @implementation
public func cannery_config_set_threads(_ config: OpaquePointer?, _ threads: Int) {
  change(config) { $0.compiler.threads = max(threads, 0) }
}

@c @implementation
public func cannery_config_set_inflated_size_limit(_ config: OpaquePointer?, _ limit: Int) {
  change(config) { $0.inflatedSizeLimit = limit < 0 ? .max : limit }
}

@c @implementation
public func cannery_config_set_logger(
  _ config: OpaquePointer?, _ function: cannery_log_callback_t?, _ environment: UnsafeMutableRawPointer?,
  _ level: cannery_log_level_t
) {
  guard let config else { return }
  object(config, as: ConfigurationObject.self).logger = function.map {
    Logger(function: $0, environment: environment, level: level)
  }
}

@c @implementation
public func cannery_limits_default(_ out: UnsafeMutablePointer<cannery_limits_t>?) {
  let limits = StoreObject.defaultLimits
  out?.pointee = cannery_limits_t(
    memory_pages: limits.memoryPages, table_elements: limits.tableElements, instances: UInt64(limits.instances),
    nested_calls: UInt64(limits.nestedExecutions), stack_slots: UInt64(limits.stackSlots))
}

@c @implementation
public func cannery_store_new(
  _ engine: OpaquePointer?, _ limits: UnsafePointer<cannery_limits_t>?, _ tracksWrites: Bool,
  _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  failing {
    guard let engine, let out else { throw ArgumentError("an argument is NULL") }
    out.pointee = retained(try StoreObject(object(engine), StoreLimits(limits), tracksWrites: tracksWrites))
  }
}

extension StoreLimits {
  /// What C says, or the default.
  package init(_ limits: UnsafePointer<cannery_limits_t>?) {
    self = StoreObject.defaultLimits
    guard let limits = limits?.pointee else { return }
    memoryPages = limits.memory_pages
    tableElements = limits.table_elements
    instances = Int(clamping: limits.instances)
    nestedExecutions = Int(clamping: limits.nested_calls)
    stackSlots = Int(clamping: limits.stack_slots)
  }
}

@c @implementation
public func cannery_store_commit(_ store: OpaquePointer?) {
  guard let store else { return }
  let owner = object(store, as: StoreObject.self)
  owner.using(otherwise: ()) { owner.store.commit() }
}

@c @implementation
public func cannery_store_roll_back(_ store: OpaquePointer?) {
  guard let store else { return }
  let owner = object(store, as: StoreObject.self)
  owner.using(otherwise: ()) {
    guard owner.store.tracksWrites else { throw ArgumentError("the store doesn't track writes") }
    owner.store.rollBack()
  }
}

@c @implementation
public func cannery_memory_dirty_pages(_ memory: OpaquePointer?) -> Int {
  guard let memory else { return 0 }
  let object = reference(memory).object(as: MemoryObject.self)
  return object.store.using(otherwise: 0) { object.thing.dirtyPages().count }
}

@c @implementation
public func cannery_memory_read(
  _ memory: OpaquePointer?, _ offset: UInt64, _ bytes: UnsafeMutableRawPointer?, _ count: Int
) -> Bool {
  guard let memory, let target = buffer(bytes, count) else { return missing(false) }
  let object = reference(memory).object(as: MemoryObject.self)
  return object.store.using(otherwise: false) { object.thing.read(at: offset, into: target) }
}

@c @implementation
public func cannery_memory_write(
  _ memory: OpaquePointer?, _ offset: UInt64, _ bytes: UnsafeRawPointer?, _ count: Int
) -> Bool {
  guard let memory, let source = buffer(bytes, count) else { return missing(false) }
  let object = reference(memory).object(as: MemoryObject.self)
  return object.store.using(otherwise: false) { object.thing.write(source, at: offset) }
}
