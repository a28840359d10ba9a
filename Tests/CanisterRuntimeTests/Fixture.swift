// A runtime with a canister made of text, and what tests ask of them.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import WasmText

/// A canister's module: imports by name, a memory, functions.
struct Wat {
  var text: String

  /// A module with the named System API calls imported as `$name`, and `body` after them.
  init(_ imports: [String], memory: String = "(memory 1)", is64: Bool = false, _ body: String) {
    var text = "(module\n"
    for name in imports { text += "  (import \"ic0\" \"\(name)\" (func $\(name) \(Wat.signature(name, is64))))\n" }
    self.text = text + "  \(memory)\n\(body))"
  }

  private static func signature(_ name: String, _ is64: Bool) -> String {
    guard let type = SystemCall.named(name)?.type(is64: is64) else { preconditionFailure("no System API call \(name)") }
    return type.parameters.map { "(param \($0))" }.joined() + type.results.map { "(result \($0))" }.joined()
  }

  /// The binary module.
  var bytes: [UInt8] { try! parseModule(text) }
}

/// An update method `f` with this body.
func update(_ body: String, locals: String = "") -> String { "(func (export \"canister_update f\") \(locals) \(body))" }

/// A runtime with one canister.
struct Fixture {
  let runtime: CanisterRuntime
  let id: Principal

  init(
    _ module: Wat, _ configure: (inout RuntimeConfiguration) -> Void = { _ in }, cycles: Cycles = 1 << 80
  ) throws {
    var configuration = RuntimeConfiguration()
    configure(&configuration)
    runtime = CanisterRuntime(configuration)
    id = try runtime.createCanister(cycles: cycles)
    try runtime.install(id, module.bytes)
    _ = runtime.takeReports()
  }

  /// Calls the update method `f`; what was executed for it.
  func execute(_ argument: [UInt8] = []) throws -> ExecutionReport {
    _ = try? runtime.call(id, "f", argument)
    let reports = runtime.takeReports().filter { $0.mode == .update }
    guard let report = reports.first else { throw MissingReport() }
    return report
  }

  struct MissingReport: Error {}
}

// MARK: The management canister

/// A canister that makes the call that its method `call`, or the composite query `ask`, is told of: the callee's length and id, the name's length and the
/// name, 16 bytes of cycles, the argument. It answers with 0 and the reply, or with the reject code and the message.
let proxy = Wat(
  [
    "msg_arg_data_size", "msg_arg_data_copy", "msg_reply_data_append", "msg_reply", "msg_reject_code",
    "msg_reject_msg_size", "msg_reject_msg_copy", "call_new", "call_data_append", "call_perform", "call_cycles_add128",
  ],
  memory: "(memory 80)",
  """
  (table funcref (elem $onReply $onReject))
  (func $begin (result i32)
    (local $name i32) (local $cycles i32)
    (call $msg_arg_data_copy (i32.const 1000) (i32.const 0) (call $msg_arg_data_size))
    (local.set $name (i32.add (i32.const 1001) (i32.load8_u (i32.const 1000))))
    (local.set $cycles
      (i32.add (i32.add (local.get $name) (i32.const 1)) (i32.load8_u (local.get $name))))
    (call $call_new (i32.const 1001) (i32.load8_u (i32.const 1000))
      (i32.add (local.get $name) (i32.const 1)) (i32.load8_u (local.get $name))
      (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0))
    (call $call_data_append (i32.add (local.get $cycles) (i32.const 16))
      (i32.sub (i32.sub (i32.add (call $msg_arg_data_size) (i32.const 1000)) (local.get $cycles)) (i32.const 16)))
    (local.get $cycles))
  (func (export "canister_update call")
    (local $cycles i32)
    (local.set $cycles (call $begin))
    (call $call_cycles_add128 (i64.load offset=8 (local.get $cycles)) (i64.load (local.get $cycles)))
    (if (call $call_perform) (then (unreachable))))
  (func (export "canister_composite_query ask")
    (drop (call $begin))
    (if (call $call_perform) (then (unreachable))))
  (func $onReply (param i32)
    (call $msg_arg_data_copy (i32.const 1000) (i32.const 0) (call $msg_arg_data_size))
    (call $msg_reply_data_append (i32.const 0) (i32.const 1))
    (call $msg_reply_data_append (i32.const 1000) (call $msg_arg_data_size))
    (call $msg_reply))
  (func $onReject (param i32)
    (i32.store8 (i32.const 999) (call $msg_reject_code))
    (call $msg_reject_msg_copy (i32.const 1000) (i32.const 0) (call $msg_reject_msg_size))
    (call $msg_reply_data_append (i32.const 999) (i32.add (call $msg_reject_msg_size) (i32.const 1)))
    (call $msg_reply))
  """)

/// Why a call of a canister failed, as canisters see it.
struct SeenReject: Error, Equatable {
  var code: UInt8
  var message: String
}

extension CanisterRuntime {
  /// Calls a method of the management canister, with an argument as text: as a user, or through a `proxy`.
  @discardableResult
  func manage(
    _ method: String, _ argument: String, by sender: Principal = .anonymous, through proxy: Principal? = nil,
    cycles: Cycles = 0
  ) throws -> [CandidValue] {
    guard let types = ManagementInterface.methods[method] else {
      throw CanisterError(.unknownManagementMessage, method)
    }
    let bytes = try encodeArguments(parseArguments(argument, as: types.arguments), as: types.arguments)
    let reply = try manage(method, bytes, by: sender, through: proxy, cycles: cycles)
    return try decodeArguments(reply, as: types.results)
  }

  func manage(
    _ method: String, _ argument: [UInt8], by sender: Principal = .anonymous, through proxy: Principal? = nil,
    cycles: Cycles = 0
  ) throws -> [UInt8] {
    guard let proxy else { return try call(.managementCanister, method, argument, sender: sender) }
    return try answer(call(proxy, "call", proxied(method, argument, cycles)))
  }

  /// Queries a method of the management canister, as a user, or through a `proxy`.
  func ask(
    _ method: String, _ argument: String, by sender: Principal = .anonymous, through proxy: Principal? = nil
  ) throws -> [CandidValue] {
    let types = try methodTypes(method)
    let bytes = try encodeArguments(parseArguments(argument, as: types.arguments), as: types.arguments)
    let reply: [UInt8]
    if let proxy {
      reply = try answer(query(proxy, "ask", proxied(method, bytes, 0)))
    } else {
      reply = try query(.managementCanister, method, bytes, sender: sender)
    }
    return try decodeArguments(reply, as: types.results)
  }

  private func methodTypes(_ method: String) throws -> CandidMethod {
    guard let types = ManagementInterface.methods[method] else {
      throw CanisterError(.unknownManagementMessage, method)
    }
    return types
  }

  private func proxied(_ method: String, _ argument: [UInt8], _ cycles: Cycles) -> [UInt8] {
    let amount = withUnsafeBytes(of: cycles.littleEndian) { Array($0) }
    return [0, UInt8(method.utf8.count)] + Array(method.utf8) + amount + argument
  }

  private func answer(_ reply: [UInt8]) throws -> [UInt8] {
    guard let code = reply.first else { throw SeenReject(code: 0, message: "no reply") }
    if code == 0 { return Array(reply.dropFirst()) }
    throw SeenReject(code: code, message: String(decoding: reply.dropFirst(), as: UTF8.self))
  }
}

extension [CandidValue] {
  /// A field of the only value, or of a record in it: `a.b`.
  subscript(path: String) -> CandidValue? {
    var value = first
    for name in path.split(separator: ".") {
      guard case .record(let record) = value else { return nil }
      value = record[CandidLabel(String(name))]
    }
    return value
  }

  /// The fields of the only value that is a list of records.
  var records: [[CandidValue]] {
    guard case .vec(let values) = first else { return [] }
    return values.map { [$0] }
  }
}

/// What `body` fails with, as a user sees it: code and text.
func failure(_ body: () throws -> Void) -> CanisterError? {
  do {
    try body()
    return nil
  } catch let error as CanisterError {
    return error
  } catch let reject as CanisterReject {
    return CanisterError(reject.error, reject.message)
  } catch {
    return CanisterError(.canisterRejectedMessage, "\(error)")
  }
}

/// Bytes as Candid text.
func blob(_ bytes: [UInt8]) -> String {
  "blob \""
    + bytes.map { byte in
      let digits = String(byte, radix: 16)
      return "\\" + (digits.utf8.count == 1 ? "0" : "") + digits
    }.joined() + "\""
}
