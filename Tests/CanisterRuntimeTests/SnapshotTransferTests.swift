// Snapshots in parts: reading them, uploading them, and what is wrong with what was uploaded.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

@Suite struct SnapshotTransferTests: SnapshotSuite {
  let fixture: Fixture

  init() throws {
    fixture = try Fixture(keeper())
    try set(1)
  }

  /// Copies a snapshot to another canister in parts.
  private func copy(_ snapshot: [UInt8], to other: Principal, metadata changed: String = "") throws -> [UInt8] {
    let of = "snapshot_id = \(blob(snapshot))"
    let metadata = try runtime.manage("read_canister_snapshot_metadata", argument(of))
    var fields = [CandidField("canister_id", .principal(other)), CandidField("replace_snapshot", .opt(nil))]
    for name in [
      "wasm_module_size", "globals", "wasm_memory_size", "stable_memory_size", "certified_data", "global_timer",
      "on_low_wasm_memory_hook_status",
    ] { fields.append(CandidField(CandidLabel(name), try #require(metadata[name]))) }
    let record = try #require(CandidRecord(fields))
    let types = try #require(ManagementInterface.methods["upload_canister_snapshot_metadata"])
    let made = try runtime.manage(
      "upload_canister_snapshot_metadata", encodeArguments([.record(record)], as: types.arguments))
    let new = try bytes(decodeArguments(made, as: types.results)["snapshot_id"])
    func number(_ name: String) -> UInt64 { if case .nat64(let number) = metadata[name] { number } else { 0 } }
    for (kind, size) in [
      ("wasm_module", number("wasm_module_size")), ("wasm_memory", number("wasm_memory_size")),
      ("stable_memory", number("stable_memory_size")),
    ] {
      // In parts that end where no page does.
      for offset in stride(from: 0, to: size, by: 50_001) {
        let count = min(50_001, size - offset)
        let part = try runtime.manage(
          "read_canister_snapshot_data",
          argument("\(of); kind = variant { \(kind) = record { offset = \(offset); size = \(count) } }"))
        try runtime.manage(
          "upload_canister_snapshot_data",
          argument(
            "snapshot_id = \(blob(new)); kind = variant { \(kind) = record { offset = \(offset) } }; "
              + "chunk = \(blob(bytes(part["chunk"])))", of: other))
      }
    }
    guard case .vec(let chunks) = metadata["wasm_chunk_store"] else { return new }
    for chunk in chunks {
      let hash = try bytes([chunk]["hash"])
      let part = try runtime.manage(
        "read_canister_snapshot_data",
        argument("\(of); kind = variant { wasm_chunk = record { hash = \(blob(hash)) } }"))
      try runtime.manage(
        "upload_canister_snapshot_data",
        argument(
          "snapshot_id = \(blob(new)); kind = variant { wasm_chunk }; chunk = \(blob(bytes(part["chunk"])))", of: other)
      )
    }
    return new
  }

  @Test func copies() throws {
    try runtime.manage("upload_chunk", argument("chunk = blob \"abc\""))
    let snapshot = try take()
    let metadata = try runtime.manage("read_canister_snapshot_metadata", argument("snapshot_id = \(blob(snapshot))"))
    #expect(metadata["source"] == .variant("taken_from_canister", .reserved))
    #expect(
      metadata["globals"]
        == .vec([
          .variant("i32", .int32(1)), .variant("i64", .int64(7)), .variant("f32", .float32(1)),
          .variant("f64", .float64(1)), .variant("v128", .nat(Natural(limbs: [1, 1]))),
        ]))
    #expect(metadata["wasm_memory_size"] == .nat64(2 << 16))
    #expect(metadata["stable_memory_size"] == .nat64(3 << 16))
    #expect(metadata["certified_data"] == .blob([1]))
    #expect(metadata["global_timer"] == .opt(.variant("active", .nat64(9_000_000_000_000_000_001))))
    #expect(metadata["on_low_wasm_memory_hook_status"] == .opt(.variant("condition_not_satisfied")))
    #expect(metadata["canister_version"] == .nat64(try runtime.state(of: id).version))
    let other = try runtime.createCanister()
    let copied = try copy(snapshot, to: other)
    // The counter of instructions isn't counted among the globals of one that is uploaded.
    #expect(try runtime.state(of: other).fixedMemory.snapshots == snapshotsSize() - 32)
    try load(copied, onto: other)
    #expect(try get(other) == everywhere(1))
    let state = try runtime.state(of: other)
    #expect(state.certifiedData == [1] && state.globalTimer == 9_000_000_000_000_000_001)
    #expect(state.fixedMemory.chunks == 1 << 20)
    let details = try #require(try [history(other).last!]["details"])
    guard case .variant(let field) = details else { return #expect(Bool(false)) }
    #expect([field.value]["source"] == .variant("metadata_upload", .reserved))
    // Only what is uploaded can be written.
    let error = failure {
      try runtime.manage(
        "upload_canister_snapshot_data",
        argument("snapshot_id = \(blob(snapshot)); kind = variant { wasm_chunk }; chunk = blob \"\""))
    }
    #expect(
      error
        == CanisterError(
          .canisterSnapshotImmutable, "Only canister snapshots created by metadata upload can be mutated."))
  }

  @Test func uploadsSayTimerAndHook() throws {
    let plain = try upload()
    let before = try runtime.state(of: id).globalTimer
    try load(plain)
    #expect(try runtime.state(of: id).globalTimer == before)
    try load(try upload(fields: "global_timer = opt variant { inactive }"))
    #expect(try runtime.state(of: id).globalTimer == 0)
    try load(
      try upload(
        fields: "global_timer = opt variant { active = 8_000_000_000_000_000_000 }; "
          + "on_low_wasm_memory_hook_status = opt variant { condition_not_satisfied }"))
    #expect(try runtime.state(of: id).globalTimer == 8_000_000_000_000_000_000)
    let wrong = try upload(fields: "on_low_wasm_memory_hook_status = opt variant { ready }")
    let version = try runtime.state(of: id).version
    let error = failure { try load(wrong) }
    #expect(error?.code == .invalidManagementPayload)
    #expect(
      error?.message
        == "Hook status (Some(Ready)) of uploaded snapshot is inconsistent with the canister's state (hook "
        + "condition satisfied: false).")
    #expect(try runtime.state(of: id).version == version)
    var change = SettingsChange()
    change.wasmMemoryLimit = 4 << 16
    change.wasmMemoryThreshold = 3 << 16
    try runtime.updateSettings(id, change)
    try load(wrong)
    #expect(failure { try load(plain) } == nil)
  }

  @Test(arguments: [
    ("wasm_module_size = 0", "WasmModuleEmpty"), ("wasm_module_size = 104_857_601", "WasmModuleTooLarge"),
    ("wasm_memory_size = 65_535", "WasmMemoryNotPageAligned"),
    ("wasm_memory_size = 4_295_032_832", "WasmMemoryTooLarge"),
    ("stable_memory_size = 1", "StableMemoryNotPageAligned"),
    ("stable_memory_size = 536_870_977_536", "StableMemoryTooLarge"),
    ("globals = vec { \(String(repeating: "variant { i32 = 1 };", count: 1001)) }", "ExportedGlobalsTooLarge"),
    ("certified_data = blob \"123456789012345678901234567890123\"", "CertifiedDataTooLarge"),
  ])
  func badMetadata(field: String, mistake: String) throws {
    var fields = [
      "wasm_module_size = 1", "globals = vec {}", "wasm_memory_size = 0", "stable_memory_size = 0",
      "certified_data = blob \"\"",
    ]
    let name = field.split(separator: " ")[0]
    fields.removeAll { $0.hasPrefix(name) }
    fields.append(field)
    let error = failure {
      try runtime.manage("upload_canister_snapshot_metadata", argument(fields.joined(separator: "; ")))
    }
    #expect(
      error == CanisterError(.invalidManagementPayload, "Snapshot Metadata contains invalid data: \(mistake)"))
    #expect(try snapshotsSize() == 0)
  }

  @Test func badUploadsAreNotLoaded() throws {
    let hash = runtime.stateHash()
    let text = "Wasm exported globals of canister module and snapshot metadata do not match."
    for globals in [
      "", "variant { i32 = 1 }",
      "variant { i64 = 1 }; variant { i64 = 7 }; variant { f32 = 1.0 }; "
        + "variant { f64 = 1.0 }; variant { v128 = 1 }",
    ] {
      let snapshot = try upload(globals: globals)
      #expect(failure { try load(snapshot) } == CanisterError(.invalidManagementPayload, text))
    }
    #expect(failure { try load(try upload(module: [0, 97, 115])) }?.code == .canisterInvalidWasm)
    let large = failure { try load(try upload(heap: 21 << 16)) }
    #expect(large?.code == .canisterOutOfMemory)
    #expect(try get() == everywhere(1))
    #expect(hash != runtime.stateHash())
  }

  @Test(arguments: ["wasm_module", "wasm_memory", "stable_memory"])
  func ranges(kind: String) throws {
    let snapshot = try upload(module: [1, 2, 3], heap: 1 << 16, stable: 1 << 16)
    let size: UInt64 = kind == "wasm_module" ? 3 : 65_536
    func read(_ offset: UInt64, _ count: UInt64) throws -> [UInt8] {
      try bytes(
        runtime.manage(
          "read_canister_snapshot_data",
          argument(
            "snapshot_id = \(blob(snapshot)); kind = variant { \(kind) = record { offset = \(offset); size = \(count) } }"
          ))["chunk"])
    }
    func write(_ offset: UInt64, _ chunk: [UInt8]) throws {
      try runtime.manage(
        "upload_canister_snapshot_data",
        argument(
          "snapshot_id = \(blob(snapshot)); kind = variant { \(kind) = record { offset = \(offset) } }; "
            + "chunk = \(blob(chunk))"))
    }
    try write(size - 2, [8, 9])
    #expect(try read(size - 2, 2) == [8, 9])
    #expect(try read(size, 0) == [])
    for (offset, count) in [(size, 1), (size - 1, 2), (UInt64.max, 2), (1, size)] as [(UInt64, UInt64)] {
      let text = "Invalid subslice into wasm module / main memory / stable memory: offset: \(offset), size: \(count)"
      #expect(failure { _ = try read(offset, count) } == CanisterError(.invalidManagementPayload, text))
      if count < 10 {
        let chunk = [UInt8](repeating: 0, count: Int(count))
        #expect(failure { try write(offset, chunk) } == CanisterError(.invalidManagementPayload, text))
      }
    }
    #expect(
      failure { _ = try read(0, 2_000_001) }
        == CanisterError(.invalidManagementPayload, "Requested slice too large: 2000001 > 2000000"))
    #expect(try read(size - 2, 2) == [8, 9])
  }
}
