// Taking, loading, listing and deleting snapshots.
//
// Source: the Internet Computer interface specification, "IC method take_canister_snapshot" and those after it;
// dfinity/ic, rs/execution_environment/src/canister_manager.rs.

import Candid
import Cannery
import SystemAPI

/// What a list of snapshots says of each.
public struct SnapshotSummary: Hashable, Sendable {
  public var id: [UInt8]
  /// Nanoseconds since 1970.
  public var takenAt: UInt64
  /// Bytes, as they are billed.
  public var size: UInt64

  init(_ snapshot: CanisterSnapshot) { (id, takenAt, size) = (snapshot.id.bytes, snapshot.takenAt, snapshot.size) }
}

extension CanisterRuntime {
  func snapshottingFailed(_ text: String) -> CanisterError {
    CanisterError(.canisterOutOfCycles, "Canister snapshotting failed with: `\(text)`")
  }

  func notFound(_ id: SnapshotID, _ canister: Principal) -> CanisterError {
    CanisterError(.canisterSnapshotNotFound, "Could not find the snapshot ID \(id) for canister \(canister).")
  }

  /// Where a snapshot is among those of `canister`.
  func position(of id: SnapshotID, in canister: Canister) throws(CanisterError) -> Int {
    guard let owner = canisters[id.canister], let index = owner.snapshots.firstIndex(where: { $0.id == id }) else {
      throw notFound(id, canister.id)
    }
    guard owner === canister else {
      throw CanisterError(.canisterRejectedMessage, "The snapshot \(id) does not belong to canister \(canister.id).")
    }
    return index
  }

  /// The snapshot that a new one replaces, if any; without one there must be room.
  func replaced(_ id: SnapshotID?, in canister: Canister) throws(CanisterError) -> Int? {
    if let id { return try position(of: id, in: canister) }
    if canister.snapshots.count < CanisterSnapshot.limit { return nil }
    throw CanisterError(
      .canisterRejectedMessage,
      "Canister \(canister.id) has reached the maximum number of snapshots allowed: \(CanisterSnapshot.limit).")
  }

  /// Adds a snapshot whose memory was taken already, in place of another one.
  func add(_ snapshot: CanisterSnapshot, to canister: Canister, inPlaceOf old: Int?) {
    if let old { canister.snapshots.remove(at: old) }
    canister.snapshots.append(snapshot)
    canister.nextSnapshot += 1
    canister.updateLowMemoryHook(fees)
    index.update(canister)
  }

  func takeSnapshot(
    _ id: Principal, replacing old: SnapshotID?, uninstalls: Bool, by caller: ManagementCaller
  ) throws(CanisterError) -> SnapshotSummary {
    let canister = try canister(id)
    try checkController(canister, caller)
    let replaced = try replaced(old, in: canister)
    try checkHeapDelta(canister, caller)
    let size = canister.snapshotSize
    var state = canister.state
    if let replaced { state.fixedMemory.snapshots -= canister.snapshots[replaced].size }
    state.fixedMemory.snapshots += size
    var after = state
    if uninstalls { after.dropInstalled() }
    let instructions = fees.snapshotInstructions + size
    let cost = fees.executionCost(instructions: instructions, is64: false)
    try takeMemory(&after, from: canister.state.billedMemory, cost: cost, cannotPay: snapshottingFailed)
    let snapshotID = SnapshotID(canister: id, number: canister.nextSnapshot)
    guard let snapshot = canister.snapshot(snapshotID, at: time) else {
      throw CanisterError(.canisterRejectedMessage, "Failed to create snapshot for empty canister \(id):")
    }
    (state.balance, state.reservedBalance, state.consumed) = (after.balance, after.reservedBalance, after.consumed)
    canister.state = state
    count(changes: snapshot.changedBytes, of: canister, by: caller)
    add(snapshot, to: canister, inPlaceOf: replaced)
    managementInstructions -= Int64(clamping: instructions)
    if uninstalls { uninstall(canister, by: caller.origin) }
    return SnapshotSummary(snapshot)
  }

  func listSnapshots(_ id: Principal, by caller: ManagementCaller) throws(CanisterError) -> [SnapshotSummary] {
    let canister = try canister(id)
    try check(canister.state.settings.snapshotVisibility, canister, caller)
    return canister.snapshots.map(SnapshotSummary.init)
  }

  func deleteSnapshot(_ id: Principal, _ snapshot: SnapshotID, by caller: ManagementCaller) throws(CanisterError) {
    let canister = try canister(id)
    try checkController(canister, caller)
    let position = try position(of: snapshot, in: canister)
    var state = canister.state
    state.fixedMemory.snapshots -= canister.snapshots[position].size
    try takeMemory(&state, from: canister.state.billedMemory)
    canister.state = state
    canister.snapshots.remove(at: position)
    canister.updateLowMemoryHook(fees)
    index.update(canister)
  }

  // MARK: Loading

  /// Makes a canister what a snapshot says. All or nothing.
  func loadSnapshot(_ id: Principal, _ snapshotID: SnapshotID, by caller: ManagementCaller) throws(CanisterError) {
    let canister = try canister(id)
    try checkController(canister, caller)
    try checkHeapDelta(canister, caller)
    guard let owner = canisters[snapshotID.canister],
      let snapshot = owner.snapshots.first(where: { $0.id == snapshotID })
    else { throw notFound(snapshotID, id) }
    if owner !== canister && !caller.isHost && !owner.state.isController(caller.principal) {
      throw CanisterError(
        .canisterRejectedMessage,
        "Only a controller of the canister that snapshot \(snapshotID) belongs to can load it on canister \(id). "
          + "Sender: \(caller.principal).")
    }
    try checkNoLongExecution(canister)
    var state = canister.state
    try payInstructions(fees.snapshotInstructions, &state, cannotPay: snapshottingFailed)
    let module: InstalledModule
    switch snapshot.module {
    case .installed(let installed): module = installed
    case .uploaded(let bytes):
      do throws(CanisterError) { module = try installedModule(bytes) } catch {
        throw CanisterError(error.code, "Error from Canister \(id): \(error.message)")
      }
      try checkGlobals(snapshot, module)
    }
    try checkCustomSections(module, inPlaceOf: canister.machine?.installed)
    let (machine, stable) = try restore(snapshot, module, canister)
    state.setInstalled(module, heapBytes: machine.heapBytes)
    state.stableBytes = stable.count
    state.fixedMemory.chunks = UInt64(snapshot.chunks.count) * Self.chunkSize
    state.certifiedData = snapshot.certifiedData
    var hook = canister.lowMemoryHook
    if snapshot.isUploaded {
      // What a canister's own snapshot has of these isn't restored, as the network does it.
      if let timer = snapshot.timer { state.globalTimer = timer }
      if let new = snapshot.hook {
        try checkHook(new, state)
        hook = new
      }
    }
    let compileCharge = compileCharge(for: module)
    let cost = fees.executionCost(instructions: compileCharge + snapshot.size, is64: module.is64)
    try takeMemory(&state, from: canister.state.billedMemory, cost: cost, cannotPay: snapshottingFailed)
    managementInstructions -= Int64(clamping: fees.snapshotInstructions + compileCharge + snapshot.size)
    state.version += 1
    canister.state = state
    canister.machine = machine
    canister.stable = stable
    canister.chunks = snapshot.chunks
    canister.lowMemoryHook = hook
    canister.changedBytes = snapshot.changedBytes
    count(changes: snapshot.changedBytes, of: canister, by: caller)
    canister.record(
      .snapshotLoad(
        version: snapshot.version, snapshot: snapshotID.bytes, takenAt: snapshot.takenAt,
        from: owner === canister ? nil : owner.id, isUploaded: snapshot.isUploaded),
      by: caller.origin, at: time)
    canister.updateLowMemoryHook(fees)
    index.update(canister)
  }

  /// Executions that aren't at their end have the canister's code and memory.
  func checkNoLongExecution(_ canister: Canister) throws(CanisterError) {
    if !canister.isInMiddle { return }
    throw CanisterError(
      .canisterRejectedMessage, "The canister \(canister.id) is currently executing a long-running message.")
  }

  private func checkGlobals(_ snapshot: CanisterSnapshot, _ module: InstalledModule) throws(CanisterError) {
    let kinds = module.keptGlobals.map { CanisterSnapshot.Global.Kind(module.module.spaces.globals[$0].value) }
    guard kinds == snapshot.globals.map(\.kind) else {
      throw CanisterError(
        .invalidManagementPayload, "Wasm exported globals of canister module and snapshot metadata do not match.")
    }
  }

  private func checkHook(_ hook: LowMemoryHook, _ state: SystemState) throws(CanisterError) {
    let isLow = state.isLowOnWasmMemory(fees)
    guard isLow == (hook != .notSatisfied) else {
      throw CanisterError(
        .invalidManagementPayload,
        "Hook status (Some(\(hook.replicaName))) of uploaded snapshot is inconsistent with the canister's state "
          + "(hook condition satisfied: \(isLow)).")
    }
  }

  /// A machine and a stable memory with a snapshot's contents.
  private func restore(
    _ snapshot: CanisterSnapshot, _ module: InstalledModule, _ canister: Canister
  ) throws(CanisterError) -> (CanisterMachine, StableMemory) {
    let stable = StableMemory()
    var fits = stable.grow(by: snapshot.stable.pageCount)
    if fits { snapshot.stable.forEachPage { fits = stable.restore($1, at: $0 * UInt64(smallPage)) && fits } }
    stable.commit()
    let beginning = module.state(pages: snapshot.heap.pageCount, snapshot.globals.map(\.bits))
    let machine = try CanisterMachine(
      module, engine: engine, subnet: subnet, system: canister.state, stable: stable, from: .restored(beginning))
    if let memory = machine.memory {
      snapshot.heap.forEachPage { fits = memory.restore($1, at: $0 * UInt64(smallPage)) && fits }
    }
    guard fits else {
      throw CanisterError(
        .canisterOutOfMemory, "Error from Canister \(canister.id): Canister cannot grow its memory usage.")
    }
    return (machine, stable)
  }
}

extension LowMemoryHook {
  /// As the replica's texts name it.
  var replicaName: String {
    switch self {
    case .notSatisfied: "ConditionNotSatisfied"
    case .ready: "Ready"
    case .executed: "Executed"
    }
  }
}

extension SystemState {
  /// The sizes with a module and its heap.
  mutating func setInstalled(_ module: InstalledModule, heapBytes: UInt64) {
    self.heapBytes = heapBytes
    fixedMemory.globals = module.globalsSize
    fixedMemory.module = module.size
    fixedMemory.customSections = module.customSectionsSize
  }

  /// The sizes without a module, and what goes with it.
  mutating func dropInstalled() {
    heapBytes = 0
    stableBytes = 0
    fixedMemory.globals = 0
    fixedMemory.module = 0
    fixedMemory.customSections = 0
    fixedMemory.chunks = 0
  }
}
