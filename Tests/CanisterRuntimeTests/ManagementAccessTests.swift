// Who may call which method of the management canister, in which way, and what the methods tell.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

@Suite struct ManagementAccessTests {
  static let alice = Principal(selfAuthenticating: [UInt8](repeating: 1, count: 28))!
  static let bob = Principal(selfAuthenticating: [UInt8](repeating: 2, count: 28))!
  static let admin = Principal(selfAuthenticating: [UInt8](repeating: 3, count: 28))!

  let runtime: CanisterRuntime
  /// Controlled by Alice and by `friend`.
  let target: Principal
  let friend: Principal
  let stranger: Principal

  init() throws {
    var configuration = RuntimeConfiguration()
    configuration.subnet.subnetAdmins = [Self.admin]
    runtime = CanisterRuntime(configuration)
    friend = try runtime.createCanister()
    stranger = try runtime.createCanister()
    for id in [friend, stranger] { try runtime.install(id, proxy.bytes) }
    var settings = SettingsChange()
    settings.controllers = [Self.alice, friend]
    target = try runtime.createCanister(settings, controller: Self.alice)
    try runtime.install(target, Wat(["debug_print", "msg_reply"], logging).bytes)
  }

  private let logging = """
    (data (i32.const 0) "0123456789")
    (func (export "canister_update log") (call $debug_print (i32.const 0) (i32.const 10)) (call $msg_reply))
    """

  private func argument(_ fields: String = "", of id: Principal? = nil) -> String {
    "(record { canister_id = principal \"\(id ?? target)\"; \(fields) })"
  }

  /// In short how a call went: the code of the error, or what canisters see of it, or nothing.
  private func outcome(_ body: () throws -> Void) -> String {
    do {
      try body()
      return ""
    } catch let error as CanisterError {
      return "\(error.code)"
    } catch let reject as CanisterReject {
      return "\(reject.error)"
    } catch let seen as SeenReject {
      return "\(seen.code)"
    } catch {
      return "\(error)"
    }
  }

  /// Of a method: outcomes for a controller, a stranger and an admin as users; for a canister that is a controller and one
  /// that isn't; and as queries of a controller, a stranger, an admin, and the canister that is a controller.
  struct Row: CustomStringConvertible {
    var method: String
    var fields: String
    var users: [String]
    var canisters: [String]
    var queries: [String]
    var description: String { method }

    init(_ method: String, _ fields: String, _ users: [String], _ canisters: [String], _ queries: [String]? = nil) {
      (self.method, self.fields, self.users, self.canisters) = (method, fields, users, canisters)
      self.queries = queries ?? ["IC0536", "IC0536", "IC0536", "5"]
    }
  }

  private static let controllers = ["", "IC0512", "IC0512"]
  private static let orAdmins = ["", "IC0512", ""]
  private static let nobody = ["IC0406", "IC0406", "IC0406"]
  private static let noSnapshot =
    "snapshot_id = blob \"\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\02\\01\\01\""

  static let rows: [Row] = [
    Row("update_settings", "settings = record {}", controllers, ["", "5"]),
    Row("upload_chunk", "chunk = blob \"a\"", controllers, ["", "5"]),
    Row("clear_chunk_store", "", controllers, ["", "5"]),
    Row("stored_chunks", "", controllers, ["", "5"]),
    Row(
      "install_code", "mode = variant { reinstall }; wasm_module = blob \"\\00asm\\01\\00\\00\\00\"; arg = blob \"\"",
      controllers, ["", "5"]),
    Row("uninstall_code", "", orAdmins, ["", "5"]),
    Row("start_canister", "", orAdmins, ["", "5"]),
    Row("stop_canister", "", orAdmins, ["", "5"]),
    Row("delete_canister", "", ["IC0510", "IC0512", "IC0510"], ["5", "5"]),
    Row("canister_status", "", orAdmins, ["", "5"], ["", "IC0406", "", ""]),
    Row("canister_metrics", "", orAdmins, ["", "5"], ["", "IC0406", "", ""]),
    Row("canister_info", "", nobody, ["", ""]),
    Row("canister_metadata", "name = \"none\"", nobody, ["4", "4"]),
    Row("deposit_cycles", "", nobody, ["", ""]),
    Row("take_canister_snapshot", "", controllers, ["", "5"]),
    Row("load_canister_snapshot", noSnapshot, ["IC0305", "IC0512", "IC0512"], ["3", "5"]),
    Row("list_canister_snapshots", "", controllers, ["", "5"]),
    Row("delete_canister_snapshot", noSnapshot, ["IC0305", "IC0512", "IC0512"], ["3", "5"]),
    Row("read_canister_snapshot_metadata", noSnapshot, ["IC0305", "IC0512", "IC0512"], ["3", "5"]),
    Row(
      "read_canister_snapshot_data", noSnapshot + "; kind = variant { wasm_chunk = record { hash = blob \"\" } }",
      ["IC0305", "IC0512", "IC0512"], ["3", "5"]),
    Row(
      "upload_canister_snapshot_metadata",
      "wasm_module_size = 1; globals = vec {}; wasm_memory_size = 0; stable_memory_size = 0; certified_data = blob \"\"",
      controllers, ["", "5"]),
    Row(
      "upload_canister_snapshot_data", noSnapshot + "; kind = variant { wasm_chunk }; chunk = blob \"\"",
      ["IC0305", "IC0512", "IC0512"], ["3", "5"]),
    Row("fetch_canister_logs", "", nobody, ["4", "4"], ["", "IC0406", "IC0406", ""]),
    Row("provisional_top_up_canister", "amount = 1", ["", "", ""], ["", ""]),
  ]

  @Test(arguments: rows)
  func access(row: Row) throws {
    let argument = argument(row.fields)
    let users = [Self.alice, Self.bob, Self.admin]
    for (user, expected) in zip(users, row.queries) {
      #expect(outcome { _ = try runtime.ask(row.method, argument, by: user) } == expected, "query by \(user)")
    }
    #expect(outcome { _ = try runtime.ask(row.method, argument, through: friend) } == row.queries[3])
    for (id, expected) in zip([friend, stranger], row.canisters).reversed() {
      #expect(outcome { try runtime.manage(row.method, argument, through: id) } == expected, "canister \(id)")
    }
    // Debts of installing in vain.
    runtime.executeRound()
    for (user, expected) in zip(users, row.users).reversed() {
      #expect(outcome { try runtime.manage(row.method, argument, by: user) } == expected, "user \(user)")
      runtime.executeRound()
    }
  }

  @Test func methodsAboutNoCanister() throws {
    for (method, argument, user, canister, query) in [
      ("create_canister", "(record {})", "IC0406", "", "IC0536"),
      ("raw_rand", "()", "IC0406", "", "IC0536"),
      (
        "subnet_info", "(record { subnet_id = principal \"\(runtime.configuration.subnetID)\" })", "IC0406", "",
        "IC0536"
      ),
      ("subnet_info", argument().replacing("canister_id", with: "subnet_id"), "IC0406", "4", "IC0536"),
      (
        "node_metrics_history",
        "(record { subnet_id = principal \"\(runtime.configuration.subnetID)\"; start_at_timestamp_nanos = 0 })",
        "IC0406",
        "", "IC0536"
      ),
      ("list_canisters", "()", "IC0406", "4", "IC0406"),
      ("provisional_create_canister_with_cycles", "(record {})", "", "", "IC0536"),
    ] {
      #expect(outcome { try runtime.manage(method, argument, by: Self.bob) } == user, "\(method)")
      #expect(outcome { try runtime.manage(method, argument, through: stranger) } == canister, "\(method)")
      #expect(outcome { _ = try runtime.ask(method, argument, by: Self.bob) } == query, "\(method)")
    }
    let subnet = "(record { subnet_id = principal \"\(runtime.configuration.subnetID)\" })"
    let info = try runtime.manage("subnet_info", subnet, through: stranger)
    #expect(info["registry_version"] == .nat64(1))
  }

  @Test func textsOfRefusals() throws {
    func message(_ body: () throws -> Void) -> String { failure(body)?.message ?? "" }
    #expect(
      message { try runtime.manage("stored_chunks", argument(), by: Self.bob) }
        == "Only controllers of canister \(target) can call ic00 method stored_chunks")
    #expect(
      message { try runtime.manage("canister_info", argument(), by: Self.bob) }
        == "Only canisters can call ic00 method canister_info")
    for method in ["fetch_canister_logs"] {
      #expect(
        message { try runtime.manage(method, argument(), by: Self.alice) }
          == "\(method) API is only accessible in non-replicated mode")
      #expect(
        message { _ = try runtime.ask(method, argument(), by: Self.bob) }
          == "Caller \(Self.bob) is not allowed to query ic00 method \(method)")
    }
    #expect(message { _ = try runtime.ask("raw_rand", "()") } == "Query method raw_rand not found.")
    #expect(
      message { _ = try runtime.ask("canister_status", argument(of: Principal(canister: 99))) }
        == "Canister \(Principal(canister: 99)) not found")
    #expect(
      failure { _ = try runtime.query(.managementCanister, "canister_status", [1, 2, 3]) }?.code
        == .invalidManagementPayload)
  }

  /// Services that are nowhere answer so, and the cycles that came with the call go back.
  @Test(arguments: [
    "http_request", "ecdsa_public_key", "sign_with_ecdsa", "schnorr_public_key", "sign_with_schnorr",
    "vetkd_public_key",
    "vetkd_derive_key", "bitcoin_get_balance", "bitcoin_get_utxos", "bitcoin_send_transaction",
    "bitcoin_get_current_fee_percentiles", "bitcoin_get_block_headers",
  ])
  func unavailableServices(method: String) throws {
    let before = try runtime.state(of: friend)
    #expect {
      _ = try runtime.manage(method, [UInt8]([68, 73, 68, 76, 0, 0]), through: friend, cycles: 1 << 40)
    } throws: {
      $0 as? SeenReject == SeenReject(code: 4, message: "\(method) is not available on this subnet")
    }
    #expect(before.balance - (try runtime.state(of: friend)).balance < 1 << 30)
    #expect(
      failure { _ = try runtime.call(.managementCanister, method, []) }
        == CanisterError(.canisterRejectedMessage, "Only canisters can call ic00 method \(method)"))
  }

  @Test func unknownMethods() throws {
    #expect(failure { _ = try runtime.call(.managementCanister, "no", []) }?.code == .unknownManagementMessage)
    #expect(outcome { _ = try runtime.manage("no", [UInt8]([]), through: friend) } == "4")
  }

  // MARK: Visibility

  @Test(arguments: [
    ("status_visibility", "canister_status", "IC0512"), ("snapshot_visibility", "list_canister_snapshots", "IC0512"),
    ("log_visibility", "fetch_canister_logs", "IC0406"),
  ])
  func visibility(setting: String, method: String, refusal: String) throws {
    func see(_ user: Principal) -> String {
      method == "fetch_canister_logs"
        ? outcome { _ = try runtime.ask(method, argument(), by: user) }
        : outcome { try runtime.manage(method, argument(), by: user) }
    }
    func set(_ value: String) throws {
      try runtime.manage("update_settings", argument("settings = record { \(setting) = opt \(value) }"), by: Self.alice)
    }
    #expect(see(Self.alice) == "" && see(Self.bob) == refusal)
    try set("variant { allowed_viewers = vec { principal \"\(stranger)\" } }")
    #expect(see(Self.alice) == "" && see(Self.bob) == refusal && see(stranger) == "")
    if method != "fetch_canister_logs" {
      #expect(outcome { try runtime.manage(method, argument(), through: stranger) } == "")
    }
    try set("variant { public }")
    #expect(see(Self.alice) == "" && see(Self.bob) == "")
    try set("variant { controllers }")
    #expect(see(Self.bob) == refusal)
    let viewers = String(repeating: "principal \"\(Self.bob)\";", count: 11)
    #expect(outcome { try set("variant { allowed_viewers = vec { \(viewers) } }") } == "IC0408")
  }

  @Test func canistersSeeTheirOwnStatus() throws {
    #expect(outcome { try runtime.manage("canister_status", argument(of: stranger), through: stranger) } == "")
    var change = SettingsChange()
    change.controllers = [Self.bob]
    try runtime.updateSettings(stranger, change, sender: Self.bob)
    #expect(outcome { try runtime.manage("canister_status", argument(of: stranger), through: stranger) } == "")
    #expect(outcome { _ = try runtime.ask("canister_status", argument(of: stranger), through: stranger) } == "")
    #expect(outcome { try runtime.manage("canister_metrics", argument(of: stranger), through: stranger) } == "5")
    #expect(
      outcome { try runtime.manage("upload_chunk", argument("chunk = blob \"\"", of: stranger), through: stranger) }
        == "")
  }

  // MARK: What they tell

  @Test func queriesTellTheSame() throws {
    for method in ["canister_status", "canister_metrics"] {
      let queried = try runtime.ask(method, argument(), through: friend)
      #expect(try runtime.ask(method, argument(), by: Self.alice) == queried)
      let told = try runtime.manage(method, argument(), through: friend)
      #expect(told == queried, "\(method)")
    }
    let hash = runtime.stateHash()
    _ = try runtime.ask("canister_status", argument(), by: Self.alice)
    #expect(runtime.stateHash() == hash)
  }

  /// The parts of the memory are all of it.
  @Test func memoryHasParts() throws {
    try runtime.manage("upload_chunk", argument("chunk = blob \"a\""), by: Self.alice)
    try runtime.manage("take_canister_snapshot", argument(), by: Self.alice)
    let status = try runtime.ask("canister_status", argument(), by: Self.alice)
    guard case .record(let metrics) = status["memory_metrics"] else { return #expect(Bool(false)) }
    var sum: UInt64 = 0
    for field in metrics.fields { if case .nat(let part) = field.value { sum += UInt64(exactly: part) ?? 0 } }
    #expect(status["memory_size"] == .nat(Natural(sum)))
    // Creation with two controllers, and an installation.
    #expect(status["memory_metrics.canister_history_size"] == .nat(Natural(184 * 2 + 30 * 2)))
    #expect(status["memory_metrics.wasm_chunk_store_size"] == .nat(Natural(1 << 20)))
    #expect(status["memory_metrics.global_memory_size"] == .nat(Natural(32)))
  }

  @Test func canistersInRanges() throws {
    let seventh = try runtime.createCanister(id: Principal(canister: 7))
    let ranges = try runtime.ask("list_canisters", "()", by: Self.admin)
    #expect(
      ranges["canisters"]
        == .vec([
          .record(["start": .principal(friend), "end": .principal(target)]),
          .record(["start": .principal(seventh), "end": .principal(seventh)]),
        ]))
    #expect(outcome { _ = try runtime.ask("list_canisters", "()", through: friend) } == "4")
  }

  @Test func adminsMakeCanistersForFree() throws {
    let made = try runtime.manage("create_canister", "(record {})", by: Self.admin)
    guard case .principal(let id) = made["canister_id"] else { return #expect(Bool(false)) }
    #expect(try runtime.state(of: id).settings.controllers == [Self.admin])
    #expect(try runtime.state(of: id).balance == 0)
    #expect(outcome { try runtime.manage("create_canister", "(record {})", through: friend) } == "")
  }

  // MARK: Logs

  private func logs(_ filter: String = "") throws -> [UInt64] {
    let log = try runtime.ask("fetch_canister_logs", argument(filter), by: Self.alice)
    guard case .vec(let records) = log["canister_log_records"] else { return [] }
    return records.compactMap { if case .nat64(let index) = [$0]["idx"] { index } else { nil } }
  }

  @Test func logsAreFiltered() throws {
    for _ in 0..<5 {
      _ = try runtime.call(target, "log", [])
      runtime.advanceTime(by: 1_000_000_000)
    }
    #expect(try logs() == [0, 1, 2, 3, 4])
    #expect(try logs("filter = opt variant { by_idx = record { start = 1; end = 3 } }") == [1, 2])
    let log = try runtime.ask("fetch_canister_logs", argument(), by: Self.alice)
    guard case .vec(let records) = log["canister_log_records"], case .nat64(let time) = [records[3]]["timestamp_nanos"]
    else { return #expect(Bool(false)) }
    #expect([records[3]]["content"] == .blob(Array("0123456789".utf8)))
    #expect(
      try logs("filter = opt variant { by_timestamp_nanos = record { start = \(time); end = \(time + 1) } }") == [3])
  }

  @Test func logsAreLimited() throws {
    func limit(_ bytes: Int) throws {
      try runtime.manage(
        "update_settings", argument("settings = record { log_memory_limit = opt \(bytes) }"), by: Self.alice)
    }
    for (bytes, text) in [
      (1, "The canister log memory limit 1 is too low. It must be at least 4096."),
      (4095, "The canister log memory limit 4095 is too low. It must be at least 4096."),
      (2_097_153, "The canister log memory limit 2097153 is too high. It must be at most 2097152."),
    ] {
      #expect(failure { try limit(bytes) } == CanisterError(.canisterRejectedMessage, text))
    }
    let status = try runtime.ask("canister_status", argument(), by: Self.alice)
    #expect(status["settings.log_memory_limit"] == .nat(Natural(4096)))
    try limit(6000)
    // Each takes 50 bytes.
    for _ in 0..<130 { _ = try runtime.call(target, "log", []) }
    #expect(try logs().count == 120)
    let stored = try CanisterRuntime(state: runtime.state(), runtime.configuration)
    #expect(stored.stateHash() == runtime.stateHash())
    try limit(4096)
    #expect(try logs() == Array(49..<130))
    try limit(0)
    #expect(try logs() == [])
    _ = try runtime.call(target, "log", [])
    #expect(try logs() == [])
  }

  // MARK: Out of cycles

  @Test func exhaustedCanistersLoseEverything() throws {
    try runtime.manage("take_canister_snapshot", argument(), by: Self.alice)
    var change = SettingsChange()
    change.freezingThreshold = 0
    try runtime.updateSettings(target, change, sender: Self.alice)
    change.computeAllocation = 10
    try runtime.updateSettings(target, change, sender: Self.alice)
    let before = try runtime.state(of: target)
    // Ten percent cost 10^8 cycles a second.
    let seconds = UInt64(before.balance / 100_000_000) - 5
    runtime.advanceTime(by: seconds * 1_000_000_000)
    runtime.executeRound()
    #expect(try runtime.module(of: target) != nil)
    let almost = try runtime.state(of: target)
    runtime.advanceTime(by: 60_000_000_000)
    runtime.executeRound()
    let after = try runtime.state(of: target)
    #expect(try runtime.module(of: target) == nil)
    #expect(after.balance == 0 && after.reservedBalance == 0)
    #expect(after.settings.computeAllocation == 0 && after.settings.memoryAllocation == 0)
    #expect(try runtime.snapshots(of: target).isEmpty)
    #expect(after.memoryUsage == 0)
    try runtime.topUp(friend, 1 << 80)
    let info = try runtime.manage("canister_info", argument("num_requested_changes = opt 20"), through: friend)
    #expect(info["recent_changes"] == .vec([]))
    // What was left is counted as gone with the code.
    let uninstall = Int(CycleUse.uninstall.rawValue)
    #expect(after.consumed[uninstall] > 0)
    let spent = zip(after.consumed, almost.consumed).reduce(0) { $0 + $1.0 - $1.1 }
    #expect(spent == almost.balance + almost.reservedBalance)
  }
}
