// Snapshots in the management canister's terms.

import Candid
import Cannery
import SystemAPI

extension CanisterRuntime {
  /// Executes a method about snapshots; nil if it is none.
  func performSnapshot(
    _ method: String, _ argument: ManagementArgument, by caller: ManagementCaller
  ) throws(CanisterError) -> [CandidValue]? {
    func id() throws(CanisterError) -> Principal { try argument.principal("canister_id") }
    func snapshot() throws(CanisterError) -> SnapshotID { try snapshotID(argument.blob("snapshot_id")) }
    func replaced() throws(CanisterError) -> SnapshotID? {
      argument.value("replace_snapshot") == nil ? nil : try snapshotID(argument.blob("replace_snapshot"))
    }
    switch method {
    case "take_canister_snapshot":
      let uninstalls = argument.value("uninstall_code") == .bool(true)
      return [summary(try takeSnapshot(id(), replacing: replaced(), uninstalls: uninstalls, by: caller))]
    case "load_canister_snapshot":
      try loadSnapshot(id(), snapshot(), by: caller)
      return []
    case "list_canister_snapshots": return [.vec(try listSnapshots(id(), by: caller).map(summary))]
    case "delete_canister_snapshot":
      try deleteSnapshot(id(), snapshot(), by: caller)
      return []
    case "read_canister_snapshot_metadata":
      return [metadata(try self.snapshot(id(), snapshot(), by: caller))]
    case "read_canister_snapshot_data":
      let (part, size) = try part(argument)
      return [.record(["chunk": .blob(try readSnapshot(id(), snapshot(), part, size: size, by: caller))])]
    case "upload_canister_snapshot_metadata":
      let id = try makeSnapshot(id(), metadata(argument), replacing: replaced(), by: caller)
      return [.record(["snapshot_id": .blob(id.bytes)])]
    case "upload_canister_snapshot_data":
      try writeSnapshot(id(), snapshot(), part(argument).part, argument.blob("chunk"), by: caller)
      return []
    default: return nil
    }
  }

  func snapshotID(_ bytes: [UInt8]) throws(CanisterError) -> SnapshotID {
    guard let id = SnapshotID(bytes) else {
      throw CanisterError(
        .invalidManagementPayload, "Error decoding candid: \(hexadecimal(bytes)) is not the id of a snapshot")
    }
    return id
  }

  private func summary(_ summary: SnapshotSummary) -> CandidValue {
    .record([
      "id": .blob(summary.id), "taken_at_timestamp": .nat64(summary.takenAt), "total_size": .nat64(summary.size),
    ])
  }

  // MARK: Metadata

  private func metadata(_ snapshot: CanisterSnapshot) -> CandidValue {
    let hook: CandidValue? = snapshot.hook.map {
      switch $0 {
      case .notSatisfied: .variant("condition_not_satisfied")
      case .ready: .variant("ready")
      case .executed: .variant("executed")
      }
    }
    let hashes = snapshot.chunks.keys.sorted { $0.lexicographicallyPrecedes($1) }
    return .record([
      "source": .variant(snapshot.isUploaded ? "metadata_upload" : "taken_from_canister", .reserved),
      "taken_at_timestamp": .nat64(snapshot.takenAt),
      "wasm_module_size": .nat64(UInt64(snapshot.module.bytes.count)),
      "globals": .vec(snapshot.globals.map(\.candid)),
      "wasm_memory_size": .nat64(snapshot.heap.count),
      "stable_memory_size": .nat64(snapshot.stable.count),
      "wasm_chunk_store": .vec(hashes.map { .record(["hash": .blob($0)]) }),
      "canister_version": .nat64(snapshot.version),
      "certified_data": .blob(snapshot.certifiedData),
      "global_timer": .opt(snapshot.timer.map { $0 == 0 ? .variant("inactive") : .variant("active", .nat64($0)) }),
      "on_low_wasm_memory_hook_status": .opt(hook),
    ])
  }

  private func metadata(_ argument: ManagementArgument) throws(CanisterError) -> SnapshotMetadata {
    var globals: [CanisterSnapshot.Global] = []
    for value in argument.list("globals") ?? [] {
      guard let global = CanisterSnapshot.Global(value) else {
        throw CanisterError(.invalidManagementPayload, "Error decoding candid: a global is too large")
      }
      globals.append(global)
    }
    var metadata = SnapshotMetadata(
      moduleSize: argument.nat64("wasm_module_size") ?? 0, globals: globals,
      heapSize: argument.nat64("wasm_memory_size") ?? 0, stableSize: argument.nat64("stable_memory_size") ?? 0,
      certifiedData: try argument.blob("certified_data"))
    if case .variant(let timer) = argument.value("global_timer") {
      if case .nat64(let time) = timer.value { metadata.timer = time } else { metadata.timer = 0 }
    }
    if case .variant(let hook) = argument.value("on_low_wasm_memory_hook_status") {
      switch hook.label {
      case "ready": metadata.hook = .ready
      case "executed": metadata.hook = .executed
      default: metadata.hook = .notSatisfied
      }
    }
    return metadata
  }

  /// What part of a snapshot is meant, and how much of it.
  private func part(_ argument: ManagementArgument) throws(CanisterError) -> (part: SnapshotPart, size: UInt64) {
    let kind = try argument.variant("kind")
    let range = ManagementArgument(kind.value)
    let offset = range.nat64("offset") ?? 0
    let size = range.nat64("size") ?? 0
    switch kind.label {
    case "wasm_module": return (.module(offset: offset), size)
    case "wasm_memory": return (.heap(offset: offset), size)
    case "stable_memory": return (.stable(offset: offset), size)
    default: return (.chunk(hash: range.value("hash") == nil ? nil : try range.blob("hash")), 0)
    }
  }
}

extension CanisterSnapshot.Global {
  var candid: CandidValue {
    switch kind {
    case .i32: .variant("i32", .int32(Int32(truncatingIfNeeded: bits.low)))
    case .i64: .variant("i64", .int64(Int64(bitPattern: bits.low)))
    case .f32: .variant("f32", .float32(Float(bitPattern: UInt32(truncatingIfNeeded: bits.low))))
    case .f64: .variant("f64", .float64(Double(bitPattern: bits.low)))
    case .v128: .variant("v128", .nat(Natural(limbs: [bits.low, bits.high])))
    }
  }

  /// Nil if the value is no global's.
  init?(_ value: CandidValue) {
    guard case .variant(let field) = value else { return nil }
    switch field.value {
    case .int32(let number): self.init(kind: .i32, bits: GlobalBits(low: UInt64(UInt32(bitPattern: number))))
    case .int64(let number): self.init(kind: .i64, bits: GlobalBits(low: UInt64(bitPattern: number)))
    case .float32(let number): self.init(kind: .f32, bits: GlobalBits(low: UInt64(number.bitPattern)))
    case .float64(let number): self.init(kind: .f64, bits: GlobalBits(low: number.bitPattern))
    case .nat(let number):
      guard let bits = UInt128(exactly: number) else { return nil }
      self.init(
        kind: .v128,
        bits: GlobalBits(low: UInt64(truncatingIfNeeded: bits), high: UInt64(truncatingIfNeeded: bits >> 64)))
    default: return nil
    }
  }
}
