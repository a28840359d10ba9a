// Reading snapshots in parts, and uploading them: first what they are like, then their contents.
//
// Source: the Internet Computer interface specification, "IC method read_canister_snapshot_metadata" and those after it;
// dfinity/ic, rs/execution_environment/src/canister_manager.rs, rs/replicated_state/src/canister_snapshots.rs.

import Candid
import Cannery
import SystemAPI

/// A part of a snapshot's contents.
enum SnapshotPart: Hashable, Sendable {
  case module(offset: UInt64)
  case heap(offset: UInt64)
  case stable(offset: UInt64)
  /// Of the chunk store; where one is read, with its hash.
  case chunk(hash: [UInt8]?)
}

/// What controllers say of a snapshot that they upload.
struct SnapshotMetadata {
  var moduleSize: UInt64
  var globals: [CanisterSnapshot.Global]
  var heapSize: UInt64
  var stableSize: UInt64
  var certifiedData: [UInt8]
  var timer: UInt64?
  var hook: LowMemoryHook?
}

extension CanisterRuntime {
  /// Bytes that are read at once.
  static let sliceLimit: UInt64 = 2_000_000
  private static let moduleLimit: UInt64 = 100 << 20
  private static let globalLimit = 1000

  /// A snapshot, for those who may see it.
  func snapshot(
    _ id: Principal, _ snapshot: SnapshotID, by caller: ManagementCaller
  ) throws(CanisterError) -> CanisterSnapshot {
    let canister = try canister(id)
    try check(canister.state.settings.snapshotVisibility, canister, caller)
    return canister.snapshots[try position(of: snapshot, in: canister)]
  }

  private func invalidSlice(_ offset: UInt64, _ size: UInt64) -> CanisterError {
    CanisterError(
      .invalidManagementPayload,
      "Invalid subslice into wasm module / main memory / stable memory: offset: \(offset), size: \(size)")
  }

  /// A part of a snapshot. The canister pays for as much as is asked for.
  func readSnapshot(
    _ id: Principal, _ snapshotID: SnapshotID, _ part: SnapshotPart, size: UInt64, by caller: ManagementCaller
  ) throws(CanisterError) -> [UInt8] {
    let snapshot = try snapshot(id, snapshotID, by: caller)
    guard size <= Self.sliceLimit else {
      throw CanisterError(
        .invalidManagementPayload, "Requested slice too large: \(size) > \(Self.sliceLimit)")
    }
    let canister = try canister(id)
    var length = size
    if case .chunk = part { length = Self.chunkSize }
    try payInstructions(fees.snapshotDataInstructions + length, &canister.state, cannotPay: snapshottingFailed)
    let bytes: [UInt8]?
    let offset: UInt64
    switch part {
    case .module(let start):
      offset = start
      let module = snapshot.module.bytes
      let isInside = size <= UInt64(module.count) && offset <= UInt64(module.count) - size
      bytes = isInside ? Array(module[Int(offset)..<Int(offset + size)]) : nil
    case .heap(let start): (offset, bytes) = (start, snapshot.heap.read(at: start, count: size))
    case .stable(let start): (offset, bytes) = (start, snapshot.stable.read(at: start, count: size))
    case .chunk(let hash):
      guard let chunk = snapshot.chunks[hash ?? []] else {
        throw chunkStoreError("WasmChunkHash \(hexadecimal(hash ?? [])) not found.")
      }
      return chunk
    }
    guard let bytes else { throw invalidSlice(offset, size) }
    return bytes
  }

  /// Makes a snapshot of zeros, to be filled by `writeSnapshot`.
  func makeSnapshot(
    _ id: Principal, _ metadata: SnapshotMetadata, replacing old: SnapshotID?, by caller: ManagementCaller
  ) throws(CanisterError) -> SnapshotID {
    let canister = try canister(id)
    try checkController(canister, caller)
    if let mistake = mistake(in: metadata, is64: canister.machine?.installed.is64 ?? false) {
      throw CanisterError(.invalidManagementPayload, "Snapshot Metadata contains invalid data: \(mistake)")
    }
    let replaced = try replaced(old, in: canister)
    try checkHeapDelta(canister, caller)
    let snapshotID = SnapshotID(canister: id, number: canister.nextSnapshot)
    let snapshot = CanisterSnapshot(
      id: snapshotID, isUploaded: true, takenAt: time, version: canister.state.version,
      module: .uploaded([UInt8](repeating: 0, count: Int(metadata.moduleSize))), globals: metadata.globals,
      heap: SparseMemory(pageCount: metadata.heapSize / MemoryType.pageSize),
      stable: SparseMemory(pageCount: metadata.stableSize / MemoryType.pageSize),
      certifiedData: metadata.certifiedData, timer: metadata.timer, hook: metadata.hook)
    var state = canister.state
    if let replaced { state.fixedMemory.snapshots -= canister.snapshots[replaced].size }
    state.fixedMemory.snapshots += snapshot.size
    let instructions = fees.snapshotInstructions + snapshot.size
    let cost = fees.executionCost(instructions: instructions, is64: false)
    try takeMemory(&state, from: canister.state.billedMemory, cost: cost, cannotPay: snapshottingFailed)
    canister.state = state
    add(snapshot, to: canister, inPlaceOf: replaced)
    managementInstructions -= Int64(clamping: instructions)
    return snapshotID
  }

  /// What is wrong, as the replica names it.
  private func mistake(in metadata: SnapshotMetadata, is64: Bool) -> String? {
    let page = MemoryType.pageSize
    if metadata.moduleSize == 0 { return "WasmModuleEmpty" }
    if metadata.moduleSize > Self.moduleLimit { return "WasmModuleTooLarge" }
    if metadata.heapSize % page != 0 { return "WasmMemoryNotPageAligned" }
    if metadata.heapSize > (is64 ? fees.heapLimit64 : fees.heapLimit32) { return "WasmMemoryTooLarge" }
    if metadata.stableSize % page != 0 { return "StableMemoryNotPageAligned" }
    if metadata.stableSize > fees.stableLimit { return "StableMemoryTooLarge" }
    if metadata.globals.count > Self.globalLimit { return "ExportedGlobalsTooLarge" }
    if metadata.certifiedData.count > SystemInterface.certifiedDataLimit { return "CertifiedDataTooLarge" }
    return nil
  }

  /// Writes a part of a snapshot that is uploaded.
  func writeSnapshot(
    _ id: Principal, _ snapshotID: SnapshotID, _ part: SnapshotPart, _ bytes: [UInt8], by caller: ManagementCaller
  ) throws(CanisterError) {
    let canister = try canister(id)
    try checkController(canister, caller)
    let position = try position(of: snapshotID, in: canister)
    guard canister.snapshots[position].isUploaded else {
      throw CanisterError(
        .canisterSnapshotImmutable, "Only canister snapshots created by metadata upload can be mutated.")
    }
    try checkHeapDeltaForUpload(canister, caller)
    var length = UInt64(bytes.count)
    if case .chunk = part { length = Self.chunkSize }
    try payInstructions(fees.snapshotDataInstructions + length, &canister.state, cannotPay: snapshottingFailed)
    switch part {
    case .module(let offset):
      guard case .uploaded(var module) = canister.snapshots[position].module, length <= UInt64(module.count),
        offset <= UInt64(module.count) - length
      else { throw invalidSlice(offset, length) }
      // The only copy, so that writing copies nothing else.
      canister.snapshots[position].module = .uploaded([])
      module.replaceSubrange(Int(offset)..<Int(offset + length), with: bytes)
      canister.snapshots[position].module = .uploaded(module)
    case .heap(let offset):
      guard canister.snapshots[position].heap.write(bytes, at: offset) else { throw invalidSlice(offset, length) }
    case .stable(let offset):
      guard canister.snapshots[position].stable.write(bytes, at: offset) else { throw invalidSlice(offset, length) }
    case .chunk:
      guard let hash = try newChunk(bytes, canister.snapshots[position].chunks) else { return }
      var state = canister.state
      state.fixedMemory.snapshots += Self.chunkSize
      try takeMemory(&state, from: canister.state.billedMemory)
      canister.state = state
      canister.snapshots[position].chunks[hash] = bytes
    }
    canister.snapshots[position].changedBytes = canister.snapshots[position].changedBytes.addingSaturated(length)
    count(changes: length, of: canister, by: caller)
    managementInstructions -= Int64(clamping: fees.snapshotDataInstructions + length)
    canister.updateLowMemoryHook(fees)
    index.update(canister)
  }
}
