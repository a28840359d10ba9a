// Upgrades that keep the heap: what stays, what failure undoes, and what the stages are charged; and how often code can be
// installed.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

@Suite struct UpgradeTests {
  private static let imports = [
    "msg_reply_data_append", "msg_reply", "stable64_grow", "stable64_write", "stable64_read",
  ]

  /// A module that keeps its heap: memory of `pages` units, `data` at 100, what hooks do, and a query that answers with the
  /// first 200 bytes, the size of memory, 8 bytes of stable memory, and a global.
  private func module(
    pages: Int = 1, data: String = "", global: Int = 5, start: String = "", preUpgrade: String = "",
    postUpgrade: String = ""
  ) -> Wat {
    Wat(
      Self.imports, memory: "(memory \(pages))",
      """
      (@custom "icp:private enhanced-orthogonal-persistence" "")
      (data (i32.const 100) "\(data)")
      (global $global (mut i32) (i32.const \(global)))
      (func (export "canister_init")
        (drop (call $stable64_grow (i64.const 1))) (global.set $global (i32.const 9)))
      (func (export "canister_update f")
        (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
        (i32.store (i32.const 65532) (i32.const 7))
        (call $stable64_write (i64.const 0) (i64.const 0) (i64.const 4)) (call $msg_reply))
      (func $start \(start))
      (start $start)
      (func (export "canister_pre_upgrade") \(preUpgrade))
      (func (export "canister_post_upgrade") \(postUpgrade))
      (func (export "canister_query get")
        (i32.store (i32.const 192) (memory.size))
        (i32.store (i32.const 196) (global.get $global))
        (call $stable64_read (i64.const 184) (i64.const 0) (i64.const 8))
        (call $msg_reply_data_append (i32.const 0) (i32.const 200)) (call $msg_reply))
      """)
  }

  private let keep = InstallMode.upgrade(UpgradeOptions(keepsHeap: true))

  private func get(_ fixture: Fixture) throws -> (first: UInt8, data: UInt8, stable: UInt8, pages: UInt8, global: UInt8)
  {
    let bytes = try fixture.runtime.query(fixture.id, "get", [])
    return (bytes[0], bytes[100], bytes[184], bytes[192], bytes[196])
  }

  @Test(arguments: [1, 3])
  func heapIsKept(pages: Int) throws {
    let fixture = try Fixture(module(pages: 2, data: "a"))
    _ = try fixture.execute()
    try fixture.runtime.install(fixture.id, module(pages: pages, data: "b", global: 6).bytes, mode: keep)
    // New data segments are not applied, globals are the new module's, and memory grows if it has to.
    #expect(try get(fixture) == (1, 0x61, 1, UInt8(max(pages, 2)), 6))
    #expect(try fixture.runtime.heap(of: fixture.id, at: 65532, count: 1) == [7])
    #expect(try fixture.runtime.state(of: fixture.id).heapBytes == UInt64(max(pages, 2)) << 16)
    _ = try fixture.execute()
    #expect(try get(fixture).first == 2)
    let stored = try CanisterRuntime(state: fixture.runtime.state())
    #expect(stored.stateHash() == fixture.runtime.stateHash())
    #expect(try stored.query(fixture.id, "get", [])[0] == 2)
  }

  @Test(arguments: [
    ("", "", "(unreachable)"), ("", "(i32.store (i32.const 0) (i32.const 77)) (unreachable)", ""),
    ("(i32.store (i32.const 4096) (i32.const 99)) (i32.store (i32.const 0) (i32.const 88))", "", "(unreachable)"),
    (
      "(i32.store (i32.const 0) (i32.const 88)) (drop (memory.grow (i32.const 4)))",
      "(i32.store (i32.const 0) (i32.const 77))",
      "(call $stable64_write (i64.const 0) (i64.const 100) (i64.const 4)) (drop (memory.grow (i32.const 4))) (unreachable)"
    ),
    ("(unreachable)", "", ""),
  ])
  func failuresLeaveTheOldCanister(preUpgrade: String, start: String, postUpgrade: String) throws {
    let fixture = try Fixture(module(pages: 2, data: "a", preUpgrade: preUpgrade))
    _ = try fixture.execute()
    let heap = try fixture.runtime.heap(of: fixture.id, at: 0, count: 2 << 16)
    let state = try fixture.runtime.state(of: fixture.id)
    let new = module(pages: 5, data: "b", global: 6, start: start, postUpgrade: postUpgrade)
    #expect(throws: CanisterError.self) { try fixture.runtime.install(fixture.id, new.bytes, mode: keep) }
    #expect(try fixture.runtime.heap(of: fixture.id, at: 0, count: 2 << 16) == heap)
    #expect(try fixture.runtime.heap(of: fixture.id, at: 2 << 16, count: 1) == nil)
    #expect(try get(fixture) == (1, 0x61, 1, 2, 9))
    #expect(try fixture.runtime.state(of: fixture.id).heapBytes == state.heapBytes)
    #expect(try fixture.runtime.state(of: fixture.id).version == state.version)
    _ = try fixture.execute()
    #expect(try get(fixture).first == 2)
    // Without the old module's hook, the heap can still be kept.
    let mode = InstallMode.upgrade(UpgradeOptions(skipsPreUpgrade: true, keepsHeap: true))
    try fixture.runtime.install(fixture.id, module(data: "b").bytes, mode: mode)
    #expect(try get(fixture) == (2, 0x61, 2, 2, 5))
  }

  @Test func memoryLimitsUndoToo() throws {
    let fixture = try Fixture(module(pages: 2, data: "a"))
    _ = try fixture.execute()
    var change = SettingsChange()
    change.wasmMemoryLimit = 3 << 16
    try fixture.runtime.updateSettings(fixture.id, change)
    let large = module(pages: 5)
    let error = failure { try fixture.runtime.install(fixture.id, large.bytes, mode: keep) }
    #expect(error?.code == .canisterWasmMemoryLimitExceeded)
    #expect(try get(fixture) == (1, 0x61, 1, 2, 9))
  }

  /// Each stage pays for the pages that it changes itself.
  @Test func stagesPayForTheirPages() throws {
    let store = "(i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))"
    let fixture = try Fixture(module(preUpgrade: store))
    _ = try fixture.execute()
    _ = fixture.runtime.takeReports()
    let new = module(start: store, postUpgrade: store + "(i32.store (i32.const 8192) (i32.const 1))")
    try fixture.runtime.install(fixture.id, new.bytes, mode: keep)
    #expect(fixture.runtime.takeReports().map(\.dirtyPages) == [4])
    #expect(try get(fixture).first == 4)
  }

  @Test(arguments: [true, false])
  func modulesWithoutMemory(before: Bool) throws {
    let without = Wat(
      [], memory: "",
      "(@custom \"icp:private enhanced-orthogonal-persistence\" \"\") (func (export \"canister_query q\"))")
    let fixture = try Fixture(before ? without : module(data: "a"))
    try fixture.runtime.install(fixture.id, before ? module(data: "b").bytes : without.bytes, mode: keep)
    #expect(try fixture.runtime.heap(of: fixture.id, at: 100, count: 1) == (before ? [0x62] : nil))
    #expect(try fixture.runtime.state(of: fixture.id).heapBytes == (before ? 1 << 16 : 0))
  }

  /// A message that installs code is refused while the canister's last ones aren't made up for; the host isn't limited.
  @Test func installationsAreLimited() throws {
    let fixture = try Fixture(module()) { ($0.subnet.installRateLimit, $0.subnet.knownModuleDivisor) = (1_000_000, 1) }
    let install =
      "(record { mode = variant { reinstall }; canister_id = principal \"\(fixture.id)\"; "
      + "wasm_module = \(blob(module().bytes)); arg = blob \"\" })"
    // Not even the first is limited, as the host installed what there was.
    try fixture.runtime.manage("install_code", install)
    let used = try #require(fixture.runtime.takeReports().first { $0.name == "install_code" }?.instructions)
    #expect(used > 2_000_000)
    let error = failure { try fixture.runtime.manage("install_code", install) }
    #expect(error?.code == .canisterInstallCodeRateLimited)
    #expect(
      error?.message == "Canister \(fixture.id) is rate limited because it executed too many instructions in the "
        + "previous install_code messages. Please retry installation after several minutes.")
    // One round made up for a part already, and another as the second was refused.
    for _ in 0..<(used - 1) / 1_000_000 - 2 { fixture.runtime.executeRound() }
    #expect(failure { try fixture.runtime.manage("install_code", install) }?.code == .canisterInstallCodeRateLimited)
    try fixture.runtime.manage("install_code", install)
    // What fails took its instructions too.
    for _ in 0..<used / 1_000_000 { fixture.runtime.executeRound() }
    let bad = install.replacing(blob(module().bytes), with: blob(module(start: "(unreachable)").bytes))
    #expect(failure { try fixture.runtime.manage("install_code", bad) }?.code == .canisterTrapped)
    #expect(failure { try fixture.runtime.manage("install_code", bad) }?.code == .canisterInstallCodeRateLimited)
    try fixture.runtime.install(fixture.id, module().bytes, mode: .reinstall)
    let stored = try CanisterRuntime(state: fixture.runtime.state(), fixture.runtime.configuration)
    #expect(failure { try stored.manage("install_code", install) }?.code == .canisterInstallCodeRateLimited)
  }
}

/// Modules in chunks.
@Suite struct ChunkedInstallationTests {
  /// Each chunk is charged as a full one, whatever it holds.
  /// Text is for hosts; of messages the network takes binary modules only.
  @Test func messagesInstallNoText() throws {
    let runtime = CanisterRuntime()
    let id = try runtime.createCanister()
    let text = "(module (memory 1))"
    let install = { (module: String) in
      "(record { canister_id = principal \"\(id)\"; mode = variant { reinstall }; wasm_module = blob \"\(module)\"; arg = blob \"\" })"
    }
    let error = failure { _ = try runtime.manage("install_code", install(text)) }
    #expect(
      error?.code == .canisterInvalidWasm && error?.message.hasSuffix("unsupported canister module format.") == true)
    _ = try runtime.manage("install_code", install("\\00asm\\01\\00\\00\\00"))
    try runtime.install(id, Array(text.utf8), mode: .reinstall)
  }

  @Test func chunksAreCharged() throws {
    let runtime = CanisterRuntime()
    let (whole, chunked) = (try runtime.createCanister(), try runtime.createCanister())
    let module = Array(proxy.bytes)
    let middle = module.count / 2
    var hashes: [String] = []
    for part in [module[..<middle], module[middle...]] {
      let argument = "(record { canister_id = principal \"\(chunked)\"; chunk = \(blob(Array(part))) })"
      guard case .blob(let hash) = try runtime.manage("upload_chunk", argument)["hash"] else { continue }
      hashes.append("record { hash = \(blob(hash)) }")
    }
    try runtime.manage(
      "install_code",
      "(record { mode = variant { install }; canister_id = principal \"\(whole)\"; wasm_module = \(blob(module)); "
        + "arg = blob \"\" })")
    let hash = try #require(try runtime.module(of: whole)?.hash)
    func install(_ hashes: [String], _ hash: [UInt8]) throws {
      try runtime.manage(
        "install_chunked_code",
        "(record { mode = variant { install }; target_canister = principal \"\(chunked)\"; "
          + "chunk_hashes_list = vec { \(hashes.joined(separator: ";")) }; wasm_module_hash = \(blob(hash)); "
          + "arg = blob \"\" })")
    }
    let wrong = failure { try install(hashes.reversed(), hash) }
    #expect(wrong?.code == .canisterContractViolation)
    #expect(try runtime.module(of: chunked) == nil)
    try install(hashes, hash)
    let installations = runtime.takeReports().filter { $0.name == "install_code" }
    #expect(installations.map(\.instructions).count == 2)
    // The second time, the module is known.
    let compile = try #require(try runtime.module(of: chunked)).compileInstructions
    #expect(installations[1].instructions == installations[0].instructions - compile + compile / 100 + 2_097_152)
  }

  /// What a canister isn't ready for comes before how often its code was installed.
  @Test func orderOfChecks() throws {
    let fixture = try Fixture(proxy) { $0.subnet.installRateLimit = 1 }
    let install =
      "(record { mode = variant { reinstall }; canister_id = principal \"\(fixture.id)\"; "
      + "wasm_module = \(blob(proxy.bytes)); arg = blob \"\" })"
    try fixture.runtime.manage("install_code", install)
    #expect(
      failure { try fixture.runtime.manage("install_code", install.replacing("reinstall", with: "install")) }?.code
        == .canisterNonEmpty)
    #expect(failure { try fixture.runtime.manage("install_code", install) }?.code == .canisterInstallCodeRateLimited)
  }
}
