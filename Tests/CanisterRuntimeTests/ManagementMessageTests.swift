// Messages to the management canister, as users and canisters send them: who may, what comes back, what the history tells.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

/// Sends its argument, after the 16 bytes of an amount of cycles and a method's name in 32 bytes, to the management canister,
/// and answers with what comes back: the byte 0 and the reply, or the reject code and its text; then 16 bytes of refund.
private let sender = Wat(
  [
    "msg_arg_data_size", "msg_arg_data_copy", "msg_reply_data_append", "msg_reply", "call_new", "call_data_append",
    "call_perform", "call_cycles_add128", "msg_reject_code", "msg_reject_msg_size", "msg_reject_msg_copy",
    "msg_cycles_refunded128", "canister_version",
  ],
  memory: "(memory 64)",
  """
  (table funcref (elem $onReply $onReject))
  (func $length (param i32) (result i32) (local i32)
    (loop $l
      (if (i32.and (i32.lt_u (local.get 1) (i32.const 32)) (i32.ne (i32.load8_u (i32.add (local.get 0) (local.get 1))) (i32.const 0)))
        (then (local.set 1 (i32.add (local.get 1) (i32.const 1))) (br $l))))
    (local.get 1))
  (func (export "canister_update send")
    (call $msg_arg_data_copy (i32.const 0x10000) (i32.const 0) (call $msg_arg_data_size))
    (call $call_new (i32.const 0) (i32.const 0) (i32.const 0x10010) (call $length (i32.const 0x10010))
      (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0))
    (call $call_cycles_add128 (i64.load (i32.const 0x10008)) (i64.load (i32.const 0x10000)))
    (call $call_data_append (i32.const 0x10030) (i32.sub (call $msg_arg_data_size) (i32.const 48)))
    (if (call $call_perform) (then (unreachable))))
  (func $finish
    (call $msg_cycles_refunded128 (i32.const 64))
    (call $msg_reply_data_append (i32.const 64) (i32.const 16))
    (call $msg_reply))
  (func $onReply (param i32)
    (call $msg_arg_data_copy (i32.const 0x10000) (i32.const 0) (call $msg_arg_data_size))
    (call $msg_reply_data_append (i32.const 32) (i32.const 1))
    (call $msg_reply_data_append (i32.const 0x10000) (call $msg_arg_data_size))
    (call $finish))
  (func $onReject (param i32)
    (i32.store8 (i32.const 33) (call $msg_reject_code))
    (call $msg_reject_msg_copy (i32.const 0x10000) (i32.const 0) (call $msg_reject_msg_size))
    (call $msg_reply_data_append (i32.const 33) (i32.const 1))
    (call $msg_reply_data_append (i32.const 0x10000) (call $msg_reject_msg_size))
    (call $finish))
  (func (export "canister_query version")
    (i64.store (i32.const 0) (call $canister_version))
    (call $msg_reply_data_append (i32.const 0) (i32.const 8)) (call $msg_reply))
  """)

@Suite struct ManagementMessageTests {
  let runtime = CanisterRuntime()
  let alice = Principal(selfAuthenticating: [UInt8](repeating: 1, count: 28))!
  let bob = Principal(selfAuthenticating: [UInt8](repeating: 2, count: 28))!
  /// Controlled by Alice and by `agent`.
  let target: Principal
  let agent: Principal

  init() throws {
    agent = try runtime.createCanister()
    try runtime.install(agent, sender.bytes)
    var settings = SettingsChange()
    settings.controllers = [alice, agent]
    target = try runtime.createCanister(settings, controller: alice)
    try runtime.install(target, scripted.bytes)
  }

  /// What the canister `agent` gets back.
  struct Answer {
    /// 0 for a reply.
    var code: UInt8
    var bytes: [UInt8]
    var refund: Cycles
  }

  private func send(_ method: String, _ argument: String, cycles: Cycles = 0) throws -> Answer {
    var message = withUnsafeBytes(of: cycles.littleEndian) { Array($0) }
    message += Array(method.utf8) + [UInt8](repeating: 0, count: 32 - method.utf8.count)
    message += try encodeArguments(parseArguments(argument))
    let reply = try runtime.call(agent, "send", message)
    let refund = reply.suffix(16).reversed().reduce(0 as Cycles) { $0 << 8 | Cycles($1) }
    return Answer(code: reply[0], bytes: Array(reply.dropFirst().dropLast(16)), refund: refund)
  }

  private func submit(_ method: String, _ argument: String, by user: Principal) throws -> [UInt8] {
    try runtime.call(.managementCanister, method, encodeArguments(parseArguments(argument)), sender: user)
  }

  private var version: UInt64 {
    get throws {
      try runtime.query(agent, "version", []).enumerated().reduce(0) { $0 | UInt64($1.element) << (8 * $1.offset) }
    }
  }

  private func history() throws -> [CandidRecord] {
    let info = try send(
      "canister_info", "(record { canister_id = principal \"\(target)\"; num_requested_changes = opt 20 : opt nat64 })")
    let changes = try decodeArguments(info.bytes).values[0].record()
    guard case .vec(let list) = changes["recent_changes"] else { return [] }
    return try list.map { try $0.record() }
  }

  @Test func stoppingAnswersWithNothing() throws {
    let answer = try send("stop_canister", "(record { canister_id = principal \"\(target)\" })", cycles: 77)
    #expect(answer.code == 0)
    #expect(try decodeArguments(answer.bytes).values.isEmpty)
    #expect(answer.refund == 77)
    // Of a canister that has stopped already as well.
    let again = try send("stop_canister", "(record { canister_id = principal \"\(target)\" })", cycles: 78)
    #expect(again.code == 0 && again.bytes == answer.bytes && again.refund == 78)
  }

  @Test func versionsOfCallers() throws {
    let id = "canister_id = principal \"\(target)\""
    let seen = try version
    let answer = try send("uninstall_code", "(record { \(id); sender_canister_version = opt \(seen) : opt nat64 })")
    #expect(answer.code == 0, "\(String(decoding: answer.bytes, as: UTF8.self))")
    let wrong = try send("uninstall_code", "(record { \(id); sender_canister_version = opt \(seen) : opt nat64 })")
    #expect(wrong.code == 5)
    #expect(String(decoding: wrong.bytes, as: UTF8.self).contains("does not match the actual sender canister version"))
    _ = try send("uninstall_code", "(record { \(id) })")
    // The history has the version that was told, and none where none was. An empty canister can be emptied too.
    let origins = try history().suffix(2).map { try $0.get("origin", as: CandidValue.self).variant().candidRecord() }
    #expect(try origins[0].get("canister_version", as: UInt64?.self) == seen)
    #expect(try origins[1].get("canister_version", as: UInt64?.self) == nil)
  }

  @Test func changesOfControllers() throws {
    let count = try history().count
    for list in ["\(alice)\"; principal \"\(agent)", "\(agent)\"; principal \"\(alice)"] {
      _ = try submit(
        "update_settings",
        "(record { canister_id = principal \"\(target)\"; settings = record { controllers = opt vec { principal \"\(list)\" } } })",
        by: alice)
    }
    #expect(try history().count == count + 2)
  }

  @Test func whoSeesTheStatus() throws {
    let argument = "(record { canister_id = principal \"\(target)\" })"
    #expect(throws: CanisterError.self) { try submit("canister_status", argument, by: bob) }
    var change = SettingsChange()
    change.statusVisibility = .allowedViewers([bob])
    try runtime.updateSettings(target, change)
    _ = try submit("canister_status", argument, by: bob)
    change.statusVisibility = .everyone
    try runtime.updateSettings(target, change)
    _ = try submit("canister_status", argument, by: .anonymous)
    #expect(throws: CanisterError.self) { try submit("stop_canister", argument, by: bob) }
  }

  @Test func frozenCanistersCanBeRescued() throws {
    var change = SettingsChange()
    change.freezingThreshold = 1 << 60
    try runtime.updateSettings(target, change)
    let argument = "record { canister_id = principal \"\(target)\""
    #expect(throws: CanisterError.self) { try submit("start_canister", "(\(argument) })", by: alice) }
    let before = try runtime.state(of: target).balance
    _ = try submit(
      "update_settings", "(\(argument); settings = record { freezing_threshold = opt (100 : nat) } })", by: alice)
    #expect(try runtime.state(of: target).settings.freezingThreshold == 100)
    #expect(try runtime.state(of: target).balance < before)
    _ = try submit("start_canister", "(\(argument) })", by: alice)
  }

  @Test func idsOfCanisters() throws {
    for id in ["aaaaa-aa", "\(alice)", "2vxsx-fae"] {
      #expect(throws: CanisterReject.self) {
        try submit(
          "provisional_create_canister_with_cycles", "(record { specified_id = opt principal \"\(id)\" })", by: alice)
      }
    }
    #expect(throws: CanisterReject.self) {
      try submit(
        "provisional_create_canister_with_cycles", "(record { specified_id = opt principal \"\(target)\" })", by: alice)
    }
    // What fails takes no id.
    let next = try runtime.createCanister()
    #expect(next.canisterNumber == target.canisterNumber.map { $0 + 1 })
  }

  @Test func creationIsAccountedFor() throws {
    let answer = try send("create_canister", "(record {})", cycles: 600_000_000_000)
    #expect(answer.code == 0 && answer.refund == 0)
    let created = try decodeArguments(answer.bytes).values[0].record().get("canister_id", as: Principal.self)
    #expect(try runtime.state(of: created).balance == 100_000_000_000)
    #expect(try runtime.state(of: created).consumed[Int(CycleUse.creation.rawValue)] == 500_000_000_000)
  }

  @Test func amountsOfMemory() throws {
    do {
      var change = SettingsChange()
      change.memoryAllocation = 3 << 40
      try runtime.updateSettings(target, change)
      Issue.record("more memory than there is")
    } catch {
      #expect(error.code == .subnetOversubscribed)
      #expect(error.message.hasPrefix("Canister requested ") && error.message.contains("TiB of memory but only"))
    }
  }
}

extension CandidField {
  fileprivate func candidRecord() throws -> CandidRecord { try get(CandidValue.self).record() }
}
