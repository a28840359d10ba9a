// What the host of a runtime does with canisters, without a message.

import CCanister
import CWasm
import Candid
import CanisterRuntime
import CanneryC
import SystemAPI

@c @implementation
public func cannery_runtime_create(
  _ pointer: OpaquePointer?, _ settings: OpaquePointer?, _ cycles: UnsafePointer<cannery_cycles_t>?,
  _ id: UnsafePointer<cannery_principal_t>?, _ out: UnsafeMutablePointer<cannery_principal_t>?
) -> OpaquePointer? {
  with(pointer) { _, runtime in
    let out = try target(out)
    let change = settings.map { object($0, as: SettingsObject.self).change } ?? SettingsChange()
    let made = try runtime.createCanister(
      change, cycles: cycles.map { Cycles($0.pointee) }, id: id.map { try Principal($0.pointee) })
    out.pointee = made.inC
  }
}

@c @implementation
public func cannery_runtime_update_settings(
  _ pointer: OpaquePointer?, _ id: UnsafePointer<cannery_principal_t>?, _ settings: OpaquePointer?
) -> OpaquePointer? {
  with(pointer) { _, runtime in
    let change = try given(settings, "the settings", as: SettingsObject.self).change
    try runtime.updateSettings(given(principal: id), change)
  }
}

@c @implementation
public func cannery_runtime_settings(
  _ pointer: OpaquePointer?, _ id: UnsafePointer<cannery_principal_t>?, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  with(pointer) { _, runtime in
    let out = try target(out)
    out.pointee = retained(SettingsObject(try runtime.state(of: given(principal: id)).settings))
  }
}

@c @implementation
public func cannery_runtime_uninstall(
  _ pointer: OpaquePointer?, _ id: UnsafePointer<cannery_principal_t>?
) -> OpaquePointer? {
  with(pointer) { _, runtime in try runtime.uninstall(given(principal: id)) }
}

@c @implementation
public func cannery_runtime_start(
  _ pointer: OpaquePointer?, _ id: UnsafePointer<cannery_principal_t>?
) -> OpaquePointer? {
  with(pointer) { _, runtime in try runtime.start(given(principal: id)) }
}

@c @implementation
public func cannery_runtime_stop(
  _ pointer: OpaquePointer?, _ id: UnsafePointer<cannery_principal_t>?, _ rounds: UInt64,
  _ stopped: UnsafeMutablePointer<Bool>?
) -> OpaquePointer? {
  with(pointer) { _, runtime in
    let hasStopped = try runtime.stop(given(principal: id), rounds: Int(clamping: rounds))
    stopped?.pointee = hasStopped
  }
}

@c @implementation
public func cannery_runtime_remove(
  _ pointer: OpaquePointer?, _ id: UnsafePointer<cannery_principal_t>?
) -> OpaquePointer? {
  with(pointer) { _, runtime in try runtime.delete(given(principal: id)) }
}

@c @implementation
public func cannery_runtime_top_up(
  _ pointer: OpaquePointer?, _ id: UnsafePointer<cannery_principal_t>?, _ amount: cannery_cycles_t
) -> OpaquePointer? {
  with(pointer) { _, runtime in try runtime.topUp(given(principal: id), Cycles(amount)) }
}

// MARK: Snapshots

extension cannery_snapshot_t {
  fileprivate init(_ summary: SnapshotSummary) {
    self.init()
    id_size = UInt8(min(summary.id.count, MemoryLayout.size(ofValue: id)))
    withUnsafeMutableBytes(of: &id) { $0.copyBytes(from: summary.id.prefix($0.count)) }
    taken_at = summary.takenAt
    size = summary.size
  }

  /// The bytes of the id.
  fileprivate func bytes() throws -> [UInt8] {
    guard Int(id_size) <= MemoryLayout.size(ofValue: id) else { throw ArgumentError("the snapshot's id is too long") }
    return withUnsafeBytes(of: id) { Array($0.prefix(Int(id_size))) }
  }
}

@c @implementation
public func cannery_runtime_take_snapshot(
  _ pointer: OpaquePointer?, _ id: UnsafePointer<cannery_principal_t>?,
  _ replaced: UnsafePointer<cannery_snapshot_t>?, _ uninstalls: Bool, _ out: UnsafeMutablePointer<cannery_snapshot_t>?
) -> OpaquePointer? {
  with(pointer) { _, runtime in
    let summary = try runtime.takeSnapshot(
      of: given(principal: id), replacing: replaced?.pointee.bytes(), uninstalls: uninstalls)
    out?.pointee = cannery_snapshot_t(summary)
  }
}

@c @implementation
public func cannery_runtime_load_snapshot(
  _ pointer: OpaquePointer?, _ id: UnsafePointer<cannery_principal_t>?, _ snapshot: UnsafePointer<cannery_snapshot_t>?
) -> OpaquePointer? {
  with(pointer) { _, runtime in
    try runtime.loadSnapshot(given(snapshot, "the snapshot").bytes(), onto: given(principal: id))
  }
}

@c @implementation
public func cannery_runtime_delete_snapshot(
  _ pointer: OpaquePointer?, _ id: UnsafePointer<cannery_principal_t>?, _ snapshot: UnsafePointer<cannery_snapshot_t>?
) -> OpaquePointer? {
  with(pointer) { _, runtime in
    try runtime.deleteSnapshot(given(snapshot, "the snapshot").bytes(), of: given(principal: id))
  }
}

@c @implementation
public func cannery_runtime_snapshots(
  _ pointer: OpaquePointer?, _ id: UnsafePointer<cannery_principal_t>?,
  _ snapshots: UnsafeMutablePointer<cannery_snapshot_t>?, _ capacity: Int, _ count: UnsafeMutablePointer<Int>?
) -> OpaquePointer? {
  with(pointer) { _, runtime in
    let list = try runtime.snapshots(of: given(principal: id)).map { cannery_snapshot_t($0) }
    let count = try target(count, "count")
    count.pointee = try write(list, snapshots, capacity: capacity)
  }
}
