// Snapshots: what they keep and bring back, what they cost and take, who may do what with them, and that they are part of
// the state. How they are read and uploaded is in SnapshotTransferTests.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

/// A canister with something in each place that a snapshot keeps. `set` puts the byte that it gets everywhere, `get` answers
/// with them.
func keeper(_ version: Int = 1, memory: String = "(memory 2 20)") -> Wat {
  Wat(
    [
      "msg_arg_data_copy", "msg_reply_data_append", "msg_reply", "stable64_grow", "stable64_size", "stable64_write",
      "stable64_read", "certified_data_set", "global_timer_set",
    ],
    memory: memory,
    """
    (global $a (mut i32) (i32.const -1))
    (global $b (export "b") i64 (i64.const 7))
    (global $c (mut f32) (f32.const 0.5))
    (global $d (mut f64) (f64.const -0.25))
    (global $v (mut v128) (v128.const i64x2 1 2))
    (global $hidden i32 (i32.const 3))
    (func (export "canister_update set")
      (call $msg_arg_data_copy (i32.const 0) (i32.const 0) (i32.const 1))
      (i32.store8 (i32.const 70000) (i32.load8_u (i32.const 0)))
      (if (i64.eqz (call $stable64_size)) (then (drop (call $stable64_grow (i64.const 3)))))
      (call $stable64_write (i64.const 130000) (i64.const 0) (i64.const 1))
      (call $certified_data_set (i32.const 0) (i32.const 1))
      (global.set $a (i32.load8_u (i32.const 0)))
      (global.set $c (f32.convert_i32_u (global.get $a)))
      (global.set $d (f64.convert_i32_u (global.get $a)))
      (global.set $v (i64x2.splat (i64.extend_i32_u (global.get $a))))
      (drop (call $global_timer_set (i64.add (i64.const 9000000000000000000) (i64.extend_i32_u (global.get $a)))))
      (call $msg_reply))
    (func (export "canister_update grow") (drop (memory.grow (i32.const 5))) (call $msg_reply))
    (func (export "canister_query get")
      (i32.store8 (i32.const 1) (i32.load8_u (i32.const 70000)))
      (call $stable64_read (i64.const 2) (i64.const 130000) (i64.const 1))
      (i32.store8 (i32.const 3) (global.get $a))
      (i32.store8 (i32.const 4) (i32.trunc_f32_u (global.get $c)))
      (i32.store8 (i32.const 5) (i32.trunc_f64_u (global.get $d)))
      (i32.store8 (i32.const 6) (i32.wrap_i64 (i64x2.extract_lane 1 (global.get $v))))
      (i32.store8 (i32.const 7) (i32.const \(version)))
      (call $msg_reply_data_append (i32.const 0) (i32.const 8)) (call $msg_reply))
    (func (export "canister_on_low_wasm_memory"))
    """)
}

/// Tests of snapshots of a keeper, with what all of them do.
protocol SnapshotSuite {
  var fixture: Fixture { get }
}

extension SnapshotSuite {
  var runtime: CanisterRuntime { fixture.runtime }
  var id: Principal { fixture.id }

  func set(_ byte: UInt8, on id: Principal? = nil) throws { _ = try runtime.call(id ?? self.id, "set", [byte]) }

  func get(_ id: Principal? = nil) throws -> [UInt8] { try runtime.query(id ?? self.id, "get", []) }

  func everywhere(_ byte: UInt8, version: UInt8 = 1) -> [UInt8] {
    [UInt8](repeating: byte, count: 7) + [version]
  }

  func argument(_ fields: String = "", of id: Principal? = nil) -> String {
    "(record { canister_id = principal \"\(id ?? self.id)\"; \(fields) })"
  }

  func take(_ fields: String = "") throws -> [UInt8] {
    try bytes(runtime.manage("take_canister_snapshot", argument(fields))["id"])
  }

  func load(_ snapshot: [UInt8], onto id: Principal? = nil) throws {
    try runtime.manage("load_canister_snapshot", argument("snapshot_id = \(blob(snapshot))", of: id))
  }

  func bytes(_ value: CandidValue?) throws -> [UInt8] {
    if case .blob(let bytes) = value { return bytes }
    return try #require(nil)
  }

  func history(_ id: Principal? = nil) throws -> [CandidValue] {
    let info = try runtime.manage(
      "canister_info", argument("num_requested_changes = opt 20", of: id), through: proxied())
    guard case .vec(let changes) = info["recent_changes"] else { return [] }
    return changes
  }

  func proxied() throws -> Principal {
    let id = try runtime.createCanister()
    try runtime.install(id, proxy.bytes)
    return id
  }

  func snapshotsSize() throws -> UInt64 { try runtime.state(of: id).fixedMemory.snapshots }

  /// Uploads a snapshot of the keeper with these metadata.
  func upload(
    globals: String = "variant { i32 = 1 }; variant { i64 = 7 }; variant { f32 = 1.0 }; variant { f64 = 1.0 }; "
      + "variant { v128 = 1 }", module: [UInt8] = keeper().bytes, heap: UInt64 = 2 << 16, stable: UInt64 = 0,
    fields: String = ""
  ) throws -> [UInt8] {
    let made = try runtime.manage(
      "upload_canister_snapshot_metadata",
      argument(
        "wasm_module_size = \(module.count); globals = vec { \(globals) }; wasm_memory_size = \(heap); "
          + "stable_memory_size = \(stable); certified_data = blob \"\"; \(fields)"))
    let snapshot = try bytes(made["snapshot_id"])
    try runtime.manage(
      "upload_canister_snapshot_data",
      argument(
        "snapshot_id = \(blob(snapshot)); kind = variant { wasm_module = record { offset = 0 } }; "
          + "chunk = \(blob(module))"))
    return snapshot
  }
}

@Suite struct SnapshotTests: SnapshotSuite {
  let fixture: Fixture
  private var fees: SubnetConfiguration { runtime.configuration.subnet }

  init() throws {
    fixture = try Fixture(keeper())
    try set(1)
  }

  // MARK: Taking and loading

  @Test func whatIsKept() throws {
    let chunk = try bytes(runtime.manage("upload_chunk", argument("chunk = blob \"abc\""))["hash"])
    let before = try runtime.state(of: id)
    let summary = try runtime.manage("take_canister_snapshot", argument())
    let snapshot = try bytes(summary["id"])
    #expect(snapshot == [0, 0, 0, 0, 0, 0, 0, 0] + id.bytes)
    // Two and three units, six globals of 32 bytes with the counter, a chunk, and a byte of certified data.
    let size: UInt64 = UInt64(keeper().bytes.count) + 5 * 65_536 + 6 * 32 + 1_048_576 + 1
    #expect(summary["total_size"] == .nat64(size))
    #expect(summary["taken_at_timestamp"] == .nat64(runtime.time))
    #expect(try snapshotsSize() == size)
    #expect(try runtime.state(of: id).version == before.version)
    // Everything is another afterwards: contents, sizes, module, chunks.
    try set(2)
    _ = try runtime.call(id, "grow", [])
    try runtime.install(id, keeper(2).bytes, mode: .upgrade())
    try set(3)
    try runtime.manage("clear_chunk_store", argument())
    #expect(try get() == everywhere(3, version: 2))
    let changed = try runtime.state(of: id)
    try load(snapshot)
    #expect(try get() == everywhere(1))
    let loaded = try runtime.state(of: id)
    #expect(loaded.version == changed.version + 1)
    #expect(loaded.certifiedData == [1])
    #expect(loaded.heapBytes == 2 << 16 && loaded.stableBytes == 3 << 16)
    #expect(loaded.fixedMemory.module == UInt64(keeper().bytes.count))
    #expect(loaded.fixedMemory.chunks == 1 << 20)
    // The timer stays as it was.
    #expect(loaded.globalTimer == changed.globalTimer && loaded.globalTimer == 9_000_000_000_000_000_003)
    #expect(try runtime.manage("stored_chunks", argument()).records.map { $0["hash"] } == [.blob(chunk)])
    #expect(
      try [history().last!]["details"]
        == .variant(
          "load_snapshot",
          .record([
            "from_canister_id": .opt(nil), "snapshot_id": .blob(snapshot), "canister_version": .nat64(before.version),
            "taken_at_timestamp": summary["taken_at_timestamp"]!,
            "source": .variant("taken_from_canister", .reserved),
          ])))
    // Executions start from what was loaded, and are undone to it.
    try set(4)
    #expect(try get() == everywhere(4))
    try load(snapshot)
    #expect(try get() == everywhere(1))
    try runtime.install(id, keeper().bytes, mode: .reinstall)
    #expect(try runtime.manage("list_canister_snapshots", argument()).records.count == 1)
  }

  @Test func costs() throws {
    func cost(_ body: () throws -> Void) throws -> (instructions: Cycles, induction: Cycles) {
      let before = try runtime.state(of: id).consumed
      try body()
      let after = try runtime.state(of: id).consumed
      func spent(_ use: CycleUse) -> Cycles { after[Int(use.rawValue)] - before[Int(use.rawValue)] }
      return (spent(.instructions), spent(.ingressInduction))
    }
    var snapshot: [UInt8] = []
    let taken = try cost { snapshot = try take() }
    let size = try snapshotsSize()
    #expect(taken.instructions == fees.executionCost(instructions: 2_000_000_000 + size, is64: false))
    #expect(taken.induction > 0)
    let loaded = try cost { try load(snapshot) }
    // The module was installed before.
    let compile = try #require(try runtime.module(of: id)).compileInstructions / 100
    #expect(
      loaded.instructions == fees.executionCost(instructions: 2_000_000_000, is64: false)
        + fees.executionCost(instructions: compile + size, is64: false))
    let part = "snapshot_id = \(blob(snapshot)); kind = variant { wasm_memory = record { offset = 0; size = 1000 } }"
    let read = try cost { try runtime.manage("read_canister_snapshot_data", argument(part)) }
    #expect(read.instructions == fees.executionCost(instructions: 5_001_000, is64: false))
    let listed = try cost { try runtime.manage("list_canister_snapshots", argument()) }
    #expect(listed.instructions == 0)
    // A failure costs nothing but the message.
    let failed = try cost { #expect(failure { try load([UInt8](repeating: 9, count: 8) + id.bytes) } != nil) }
    #expect(failed.instructions == 0)
  }

  @Test func limits() throws {
    var snapshots: [[UInt8]] = []
    for _ in 0..<10 { snapshots.append(try take()) }
    let size = try snapshotsSize()
    let error = failure { _ = try take() }
    #expect(error?.code == .canisterRejectedMessage)
    #expect(error?.message == "Canister \(id) has reached the maximum number of snapshots allowed: 10.")
    let new = try take("replace_snapshot = opt \(blob(snapshots[3]))")
    #expect(Array(new.prefix(8)) == [0, 0, 0, 0, 0, 0, 0, 10])
    #expect(try snapshotsSize() == size)
    let listed = try runtime.manage("list_canister_snapshots", argument()).records.map { try bytes($0["id"]) }
    #expect(listed == snapshots[..<3] + snapshots[4...] + [new])
    #expect(failure { try load(snapshots[3]) }?.code == .canisterSnapshotNotFound)
    try runtime.manage("delete_canister_snapshot", argument("snapshot_id = \(blob(new))"))
    #expect(try snapshotsSize() == size / 10 * 9)
    #expect(try take().prefix(8).last == 11)
  }

  @Test func uninstalling() throws {
    let version = try runtime.state(of: id).version
    let snapshot = try take("uninstall_code = opt true")
    #expect(try runtime.module(of: id) == nil)
    let state = try runtime.state(of: id)
    #expect(state.version == version + 1 && state.heapBytes == 0 && state.stableBytes == 0)
    #expect(try [history().last!]["details"] == .variant("code_uninstall"))
    let empty = failure { _ = try take() }
    #expect(empty?.code == .canisterRejectedMessage)
    #expect(empty?.message == "Failed to create snapshot for empty canister \(id):")
    try load(snapshot)
    #expect(try get() == everywhere(1))
  }

  @Test func otherCanisters() throws {
    let user = Principal(selfAuthenticating: [UInt8](repeating: 2, count: 28))!
    let other = try runtime.createCanister(controller: user)
    var change = SettingsChange()
    change.controllers = [user, .anonymous]
    try runtime.updateSettings(other, change, sender: user)
    let snapshot = try take()
    try load(snapshot, onto: other)
    #expect(try get(other) == everywhere(1))
    try set(2)
    try set(3, on: other)
    #expect(try get() == everywhere(2))
    #expect(try get(other) == everywhere(3))
    let details = try #require(try [history(other).last!]["details"])
    guard case .variant(let field) = details else { return #expect(Bool(false)) }
    #expect([field.value]["from_canister_id"] == .opt(.principal(id)))
    // Who controls one of them only.
    func loading(_ snapshot: [UInt8], by sender: Principal, onto id: Principal) -> CanisterError? {
      failure {
        try runtime.manage("load_canister_snapshot", argument("snapshot_id = \(blob(snapshot))", of: id), by: sender)
      }
    }
    let text = "0000000000000000" + id.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    #expect(
      loading(snapshot, by: user, onto: other)
        == CanisterError(
          .canisterRejectedMessage,
          "Only a controller of the canister that snapshot \(text) belongs to can load it on canister \(other). "
            + "Sender: \(user)."))
    #expect(loading(snapshot, by: user, onto: id)?.code == .canisterInvalidController)
    // Everything but loading is about a canister's own snapshots.
    let mine = "snapshot_id = \(blob(snapshot))"
    for (method, fields) in [
      ("delete_canister_snapshot", mine), ("read_canister_snapshot_metadata", mine),
      ("read_canister_snapshot_data", mine + "; kind = variant { wasm_chunk = record { hash = blob \"\" } }"),
      ("upload_canister_snapshot_data", mine + "; kind = variant { wasm_chunk }; chunk = blob \"\""),
      ("take_canister_snapshot", "replace_snapshot = opt \(blob(snapshot))"),
    ] {
      let error = failure { try runtime.manage(method, argument(fields, of: other)) }
      #expect(
        error
          == CanisterError(
            .canisterRejectedMessage, "The snapshot \(text) does not belong to canister \(other)."), "\(method)")
    }
    // With its canister a snapshot is gone.
    try runtime.stop(id)
    try runtime.delete(id)
    #expect(loading(snapshot, by: .anonymous, onto: other)?.code == .canisterSnapshotNotFound)
    try set(4, on: other)
  }

  @Test(arguments: [
    (
      "load_canister_snapshot",
      "snapshot_id = blob \"\\00\\00\\00\\00\\00\\00\\00\\09\\00\\00\\00\\00\\00\\00\\00\\00\\01\\01\"",
      ErrorCode.canisterSnapshotNotFound,
      "Could not find the snapshot ID 000000000000000900000000000000000101 for canister "
    ),
    ("delete_canister_snapshot", "snapshot_id = blob \"abc\"", .invalidManagementPayload, "616263 is not the id"),
    (
      "read_canister_snapshot_metadata", "snapshot_id = blob \"012345678\"", .canisterSnapshotNotFound, "Could not find"
    ),
    (
      "take_canister_snapshot", "replace_snapshot = opt blob \"012345678\"", .canisterSnapshotNotFound, "Could not find"
    ),
  ])
  func missing(method: String, fields: String, code: ErrorCode, text: String) throws {
    let error = failure { try runtime.manage(method, argument(fields)) }
    #expect(error?.code == code)
    #expect(error?.message.contains(text) ?? false, "\(error?.message ?? "")")
  }

  /// What the subnet, the balance and the limit on reserved cycles don't allow, changes nothing.
  @Test(arguments: [
    (ErrorCode.subnetOversubscribed, "Canister requested "),
    (.insufficientCyclesInMemoryGrow, "Canister cannot grow memory by "),
    (.canisterOutOfCycles, "Canister snapshotting failed with: `Canister "),
    (.reservedCyclesLimitExceededInMemoryGrow, "due to its reserved cycles limit"),
  ])
  func notEnough(code: ErrorCode, text: String) throws {
    let fixture = try Fixture(
      keeper(),
      {
        if code == .subnetOversubscribed {
          $0.subnet.callbackMemory = 0; $0.subnet.subnetMemory = 600_000; $0.subnet.reservationThreshold = 500_000
        }
        if code == .reservedCyclesLimitExceededInMemoryGrow {
          $0.subnet.callbackMemory = 0
          $0.subnet.subnetMemory = 10_000_000
          $0.subnet.reservationThreshold = 0
        }
      }, cycles: 1 << 60)
    let runtime = fixture.runtime
    _ = try runtime.call(fixture.id, "set", [1])
    var change = SettingsChange()
    let state = try runtime.state(of: fixture.id)
    let fees = runtime.configuration.subnet
    // A freezing threshold that the balance reaches, with the snapshot's memory, but for so many cycles.
    func freeze(exceptFor cycles: Int128) {
      let size = state.memoryUsage + 5 * 65_536 + 6 * 32 + 1 + UInt64(keeper().bytes.count)
      let days = (Int128(state.balance) - cycles) / Int128(fees.memoryCost(bytes: size, seconds: 86_400))
      change.freezingThreshold = UInt64(days) * 86_400
    }
    switch code {
    case .insufficientCyclesInMemoryGrow: freeze(exceptFor: -100_000_000)
    // Enough for the memory, but not for the work.
    case .canisterOutOfCycles: freeze(exceptFor: 100_000_000)
    case .reservedCyclesLimitExceededInMemoryGrow: change.reservedCyclesLimit = state.reservedBalance
    default: break
    }
    try runtime.updateSettings(fixture.id, change)
    let error = failure { _ = try runtime.takeSnapshot(of: fixture.id) }
    #expect(error?.code == code)
    #expect(error?.message.contains(text) ?? false, "\(error?.message ?? "")")
    #expect(try runtime.state(of: fixture.id).balance == state.balance)
    #expect(try runtime.snapshots(of: fixture.id).isEmpty)
    #expect(try runtime.state(of: fixture.id).fixedMemory.snapshots == 0)
  }

  /// Growth reserves cycles where the subnet is full enough.
  @Test func storageIsReserved() throws {
    let fixture = try Fixture(keeper()) {
      $0.subnet.callbackMemory = 0
      $0.subnet.subnetMemory = 10_000_000
      $0.subnet.reservationThreshold = 0
    }
    let before = try fixture.runtime.state(of: fixture.id)
    let snapshot = try fixture.runtime.takeSnapshot(of: fixture.id)
    let after = try fixture.runtime.state(of: fixture.id)
    let reserved = fixture.runtime.configuration.subnet.reservation(growth: snapshot.size, used: before.memoryUsage)
    #expect(reserved > 0)
    #expect(after.reservedBalance == before.reservedBalance + reserved)
    try fixture.runtime.loadSnapshot(snapshot.id, onto: fixture.id)
    try fixture.runtime.deleteSnapshot(snapshot.id, of: fixture.id)
    #expect(try fixture.runtime.state(of: fixture.id).fixedMemory.snapshots == 0)
  }

  // MARK: The state

  @Test func stateHoldsSnapshots() throws {
    let none = runtime.state()
    let first = try take()
    let one = runtime.state()
    // The canister's own pages are there once too.
    #expect(one.count - none.count < 400)
    let second = try take()
    let two = runtime.state()
    // What both have is there once: a page of heap and one of stable memory more would be 8 KiB.
    #expect(two.count - one.count < 300)
    #expect(try runtime.state(of: id).fixedMemory.snapshots > 0)
    let uploaded = try upload()
    try set(2)
    let third = try take()
    let stored = try CanisterRuntime(state: runtime.state())
    #expect(stored.stateHash() == runtime.stateHash())
    #expect(stored.state() == runtime.state())
    for (snapshot, byte) in [(first, 1), (second, 1), (third, 2)] as [([UInt8], UInt8)] {
      try stored.loadSnapshot(snapshot, onto: id)
      #expect(try stored.query(id, "get", []) == everywhere(byte))
    }
    try stored.loadSnapshot(uploaded, onto: id)
    // Deleting the one whose pages others share.
    try stored.deleteSnapshot(first, of: id)
    try stored.deleteSnapshot(second, of: id)
    let again = try CanisterRuntime(state: stored.state())
    #expect(again.stateHash() == stored.stateHash())
    try again.loadSnapshot(third, onto: id)
    #expect(try again.query(id, "get", []) == everywhere(2))
    // A snapshot changes the hash.
    let hash = again.stateHash()
    try again.deleteSnapshot(third, of: id)
    #expect(again.stateHash() != hash)
  }

  /// Where an execution isn't at its end, snapshots are of what was committed, and none can be loaded.
  @Test func longExecutions() throws {
    let fixture = try Fixture(scripted) { $0.subnet.sliceInstructions = 100_000 }
    let runtime = fixture.runtime
    _ = try runtime.call(fixture.id, "inc", [])
    let message = try runtime.submit(to: fixture.id, method: "spin", argument: [])
    runtime.executeRound()
    #expect(runtime.status(of: message) == .processing)
    let snapshot = try runtime.takeSnapshot(of: fixture.id)
    #expect(
      failure { try runtime.loadSnapshot(snapshot.id, onto: fixture.id) }
        == CanisterError(
          .canisterRejectedMessage, "The canister \(fixture.id) is currently executing a long-running message."))
    runtime.executeUntilIdle()
    #expect(try runtime.query(fixture.id, "get", []) == [2, 0, 0, 0])
    try runtime.loadSnapshot(snapshot.id, onto: fixture.id)
    #expect(try runtime.query(fixture.id, "get", []) == [1, 0, 0, 0])
    #expect(try runtime.state(of: fixture.id).stableBytes == 0)
  }

  @Test func wide() throws {
    let module = Wat(
      ["msg_reply", "msg_reply_data_append"], memory: "(memory i64 1)", is64: true,
      """
      (func (export "canister_update f")
        (i64.store (i64.const 65000) (i64.add (i64.load (i64.const 65000)) (i64.const 1))) (call $msg_reply))
      (func (export "canister_query get")
        (call $msg_reply_data_append (i64.const 65000) (i64.const 1)) (call $msg_reply))
      """)
    let fixture = try Fixture(module)
    _ = try fixture.execute()
    let snapshot = try fixture.runtime.takeSnapshot(of: fixture.id)
    _ = try fixture.execute()
    try fixture.runtime.loadSnapshot(snapshot.id, onto: fixture.id)
    #expect(try fixture.runtime.query(fixture.id, "get", []) == [1])
  }
}
