// Rounds, time and randomness; reading, storing and replaying the state.

import CCanister
import CWasm
import Candid
import CanisterRuntime
import CanneryC
import Executor
import SystemAPI
import WebAssembly

// MARK: Rounds, time, randomness

@c @implementation
public func cannery_runtime_tick(_ pointer: OpaquePointer?, _ rounds: UInt64) -> OpaquePointer? {
  with(pointer) { object, runtime in
    var left = rounds
    while left > 0 {
      runtime.executeRound()
      left -= 1
      // Of very many, each report would cost all.
      if left % 1_000 == 0 { object.collect() }
    }
  }
}

@c @implementation
public func cannery_runtime_rounds(_ pointer: OpaquePointer?, _ out: UnsafeMutablePointer<UInt64>?) -> OpaquePointer? {
  with(pointer) { _, runtime in try target(out).pointee = runtime.round }
}

@c @implementation
public func cannery_runtime_time(_ pointer: OpaquePointer?, _ out: UnsafeMutablePointer<UInt64>?) -> OpaquePointer? {
  with(pointer) { _, runtime in try target(out).pointee = runtime.time }
}

@c @implementation
public func cannery_runtime_set_time(_ pointer: OpaquePointer?, _ nanoseconds: UInt64) -> OpaquePointer? {
  with(pointer) { _, runtime in runtime.setTime(nanoseconds) }
}

@c @implementation
public func cannery_runtime_advance_time(
  _ pointer: OpaquePointer?, _ nanoseconds: UInt64, _ rounds: UInt64
) -> OpaquePointer? {
  with(pointer) { _, runtime in
    if rounds == 0 {
      runtime.advanceTime(by: nanoseconds)
    } else {
      runtime.advanceTime(by: nanoseconds, rounds: Int(clamping: rounds))
    }
  }
}

@c @implementation
public func cannery_runtime_next_deadline(
  _ pointer: OpaquePointer?, _ out: UnsafeMutablePointer<UInt64>?
) -> OpaquePointer? {
  with(pointer) { _, runtime in try target(out).pointee = runtime.nextDeadline ?? .max }
}

@c @implementation
public func cannery_runtime_add_randomness(
  _ pointer: OpaquePointer?, _ bytes: UnsafeRawPointer?, _ size: Int
) -> OpaquePointer? {
  with(pointer) { _, runtime in runtime.addRandomness(try given(bytes: bytes, size, "bytes")) }
}

@c @implementation
public func cannery_runtime_take_activity(
  _ pointer: OpaquePointer?, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  with(pointer) { object, _ in
    let out = try target(out)
    out.pointee = retained(object.takeActivity())
  }
}

// MARK: Reading

@c @implementation
public func cannery_runtime_canisters(
  _ pointer: OpaquePointer?, _ ids: UnsafeMutablePointer<cannery_principal_t>?, _ capacity: Int,
  _ count: UnsafeMutablePointer<Int>?
) -> OpaquePointer? {
  with(pointer) { _, runtime in
    let count = try target(count, "count")
    count.pointee = try write(runtime.canisterIDs.map(\.inC), ids, capacity: capacity)
  }
}

@c @implementation
public func cannery_runtime_status(
  _ pointer: OpaquePointer?, _ id: UnsafePointer<cannery_principal_t>?,
  _ out: UnsafeMutablePointer<cannery_canister_status_t>?
) -> OpaquePointer? {
  with(pointer) { _, runtime in
    let out = try target(out)
    let id = try given(principal: id)
    let state = try runtime.state(of: id)
    var status = cannery_canister_status_t()
    status.state = cannery_canister_state_t(UInt32(state.status.rawValue))
    if let module = try runtime.module(of: id) {
      status.has_module = true
      withUnsafeMutableBytes(of: &status.module_hash) { $0.copyBytes(from: module.hash.prefix($0.count)) }
    }
    status.version = state.version
    status.balance = state.balance.inC
    status.reserved_balance = state.reservedBalance.inC
    status.idle_cycles_per_day = state.idleCyclesPerDay(runtime.configuration.subnet).inC
    status.memory_size = state.memoryUsage
    status.heap_size = state.heapBytes
    status.stable_size = state.stableBytes
    status.snapshots_size = state.fixedMemory.snapshots
    status.global_timer = state.globalTimer
    out.pointee = status
  }
}

/// Copies bytes that are there to a caller's buffer.
private func copy(
  _ bytes: UnsafeMutableRawPointer?, _ count: Int, _ read: (Int) throws -> [UInt8]?
) throws {
  guard count >= 0, let found = try read(count) else { throw ArgumentError("not all of these bytes are there") }
  guard count == 0 || bytes != nil else { throw ArgumentError("bytes is NULL") }
  found.withUnsafeBytes { if let source = $0.baseAddress { bytes?.copyMemory(from: source, byteCount: count) } }
}

@c @implementation
public func cannery_runtime_read_heap(
  _ pointer: OpaquePointer?, _ id: UnsafePointer<cannery_principal_t>?, _ offset: UInt64,
  _ bytes: UnsafeMutableRawPointer?, _ count: Int
) -> OpaquePointer? {
  with(pointer) { _, runtime in
    let id = try given(principal: id)
    try copy(bytes, count) { try runtime.heap(of: id, at: offset, count: $0) }
  }
}

@c @implementation
public func cannery_runtime_read_stable(
  _ pointer: OpaquePointer?, _ id: UnsafePointer<cannery_principal_t>?, _ offset: UInt64,
  _ bytes: UnsafeMutableRawPointer?, _ count: Int
) -> OpaquePointer? {
  with(pointer) { _, runtime in
    let id = try given(principal: id)
    try copy(bytes, count) { try runtime.stableMemory(of: id, at: offset, count: $0) }
  }
}

@c @implementation
public func cannery_runtime_certified_data(
  _ pointer: OpaquePointer?, _ id: UnsafePointer<cannery_principal_t>?, _ out: UnsafeMutablePointer<wasm_byte_vec_t>?
) -> OpaquePointer? {
  with(pointer) { _, runtime in
    let out = try target(out)
    out.pointee = newBytes(try runtime.state(of: given(principal: id)).certifiedData)
  }
}

@c @implementation
public func cannery_runtime_logs(
  _ pointer: OpaquePointer?, _ id: UnsafePointer<cannery_principal_t>?, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  with(pointer) { _, runtime in
    let out = try target(out)
    let id = try given(principal: id)
    let records = try runtime.state(of: id).log.records
    out.pointee = retained(ActivityObject([], records.map { (id, $0) }))
  }
}

/// The module of a canister that has one.
private func module(_ id: UnsafePointer<cannery_principal_t>?, _ runtime: CanisterRuntime) throws -> InstalledModule {
  guard let module = try runtime.module(of: given(principal: id)) else {
    throw ArgumentError("the canister has no module")
  }
  return module
}

@c @implementation
public func cannery_runtime_module(
  _ pointer: OpaquePointer?, _ id: UnsafePointer<cannery_principal_t>?, _ out: UnsafeMutablePointer<wasm_byte_vec_t>?
) -> OpaquePointer? {
  with(pointer) { _, runtime in
    let out = try target(out)
    out.pointee = newBytes(try module(id, runtime).bytes)
  }
}

@c @implementation
public func cannery_runtime_metadata(
  _ pointer: OpaquePointer?, _ id: UnsafePointer<cannery_principal_t>?, _ name: UnsafePointer<CChar>?,
  _ out: UnsafeMutablePointer<wasm_byte_vec_t>?
) -> OpaquePointer? {
  with(pointer) { _, runtime in
    let out = try target(out)
    let name = try given(text: name, "the name")
    guard let section = try module(id, runtime).metadata[ExactName(name)] else {
      throw ArgumentError("the module has no metadata that is called \(name)")
    }
    out.pointee = newBytes(section.contents)
  }
}

@c @implementation
public func cannery_runtime_interface(
  _ pointer: OpaquePointer?, _ id: UnsafePointer<cannery_principal_t>?, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  with(pointer) { object, _ in
    let out = try target(out)
    guard let interface = try object.interface(of: given(principal: id)) else {
      throw ArgumentError("the canister doesn't tell its interface")
    }
    out.pointee = retained(CandidObject(interface))
  }
}

// MARK: Storing and replaying

@c @implementation
public func cannery_runtime_state_hash(
  _ pointer: OpaquePointer?, _ out: UnsafeMutablePointer<UInt8>?
) -> OpaquePointer? {
  with(pointer) { _, runtime in
    let out = try target(out)
    for (index, byte) in runtime.stateHash().enumerated() { out[index] = byte }
  }
}

@c @implementation
public func cannery_runtime_save(
  _ pointer: OpaquePointer?, _ out: UnsafeMutablePointer<wasm_byte_vec_t>?
) -> OpaquePointer? {
  with(pointer) { _, runtime in
    let out = try target(out)
    out.pointee = newBytes(runtime.state())
  }
}

/// Makes a runtime of a configuration that may be NULL.
private func make(
  _ config: OpaquePointer?, _ out: UnsafeMutablePointer<OpaquePointer?>?,
  _ body: (RuntimeConfiguration) throws -> CanisterRuntime
) -> OpaquePointer? {
  failing {
    let out = try target(out)
    if let complaint = ProcessorBaseline.complaint { throw FailedError(CANNERY_ERROR_RESOURCE, complaint) }
    let config: RuntimeConfigurationObject? = config.map { object($0) }
    let runtime = try body(try config?.resolved() ?? RuntimeConfiguration())
    out.pointee = retained(RuntimeObject(runtime, config))
  }
}

@c @implementation
public func cannery_runtime_new(
  _ config: OpaquePointer?, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  make(config, out) { CanisterRuntime($0) }
}

@c @implementation
public func cannery_runtime_load(
  _ config: OpaquePointer?, _ state: UnsafeRawPointer?, _ size: Int, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  make(config, out) { try CanisterRuntime(state: given(bytes: state, size, "the state"), $0) }
}

@c @implementation
public func cannery_runtime_replay(
  _ config: OpaquePointer?, _ log: UnsafeRawPointer?, _ logSize: Int, _ state: UnsafeRawPointer?, _ stateSize: Int,
  _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  make(config, out) {
    let beginning = state == nil && stateSize == 0 ? nil : try given(bytes: state, stateSize, "the state")
    return try InputLog(given(bytes: log, logSize, "the log")).replay($0, from: beginning)
  }
}

@c @implementation
public func cannery_runtime_record(
  _ pointer: OpaquePointer?, _ limit: Int, _ hashInterval: UInt64
) -> OpaquePointer? {
  with(pointer) { _, runtime in
    runtime.startRecording(limit: limit < 0 ? .max : limit, hashInterval: hashInterval)
  }
}

@c @implementation
public func cannery_runtime_recorded(
  _ pointer: OpaquePointer?, _ out: UnsafeMutablePointer<wasm_byte_vec_t>?
) -> OpaquePointer? {
  with(pointer) { _, runtime in
    let out = try target(out)
    guard runtime.isRecording else { throw ArgumentError("nothing is being recorded") }
    out.pointee = newBytes(try runtime.inputLog().bytes)
  }
}

@c @implementation
public func cannery_runtime_stop_recording(_ pointer: OpaquePointer?) -> OpaquePointer? {
  with(pointer) { _, runtime in runtime.stopRecording() }
}

@c @implementation
public func cannery_runtime_checkpoint(
  _ pointer: OpaquePointer?, _ out: UnsafeMutablePointer<wasm_byte_vec_t>?
) -> OpaquePointer? {
  with(pointer) { _, runtime in
    let out = try target(out)
    out.pointee = newBytes(runtime.checkpoint())
  }
}
