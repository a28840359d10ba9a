// Calls of the management canister: who may make them, when they are executed, and how they are answered.

import Candid
import SystemAPI

/// A call of the management canister on its way.
struct ManagementCall: Hashable, Sendable {
  var caller: ManagementCaller
  var method: String
  var argument: [UInt8]
  var cycles: Cycles
}

/// What a method gives back.
struct ManagementReply {
  /// Nil where the answer comes later.
  var values: [CandidValue]?
  /// Of the cycles that came with the call.
  var acceptedCycles: Cycles = 0
}

extension CanisterRuntime {
  /// Executes the calls that wait, in their order.
  func executeManagementCalls() {
    var waiting = managementCalls
    managementCalls = Queue()
    while let call = waiting.popFirst() {
      do throws(CanisterError) {
        let reply = try perform(call)
        guard let values = reply.values else { continue }
        let bytes: [UInt8]
        do throws(CandidError) {
          bytes = try encodeArguments(values, as: types(of: call.method).results)
        } catch {
          preconditionFailure("the result of \(call.method): \(error)")
        }
        payDelayedInduction(call)
        answer(call.caller, .success(bytes), refund: call.cycles - reply.acceptedCycles)
      } catch {
        answer(call.caller, .failure(error), refund: call.cycles)
      }
    }
  }

  private func types(of method: String) -> CandidMethod {
    guard let types = ManagementInterface.methods[method] else { preconditionFailure("there is no method \(method)") }
    return types
  }

  /// Answers whoever made a call.
  func answer(_ caller: ManagementCaller, _ result: Result<[UInt8], CanisterError>, refund: Cycles = 0) {
    switch caller {
    case .host: break
    case .ingress(let id, _):
      guard ingressStatuses[id] != nil else { return }
      switch result {
      case .success(let bytes): ingressStatuses[id] = .replied(bytes)
      case .failure(let error): ingressStatuses[id] = .rejected(CanisterReject(error))
      }
    case .canister(let id, let callback, let deadline, _):
      let response: Response =
        switch result {
        case .success(let bytes): .reply(bytes)
        case .failure(let error): .reject(CanisterReject(error))
        }
      deliver(
        CanisterResponse(
          receiver: id, callback: callback, respondent: .managementCanister, response: response, refund: refund,
          deadline: deadline))
    }
  }

  /// Methods that only canisters may call, and those that exist where nothing but this machine does.
  private static let canisterMethods: Set<String> = [
    "create_canister", "canister_info", "canister_metadata", "deposit_cycles", "raw_rand",
  ]
  private static let withoutCanister: Set<String> = ["provisional_create_canister_with_cycles"]
  static let unavailable: Set<String> = [
    "http_request", "ecdsa_public_key", "sign_with_ecdsa", "schnorr_public_key", "sign_with_schnorr",
    "vetkd_public_key",
    "vetkd_derive_key", "bitcoin_get_balance", "bitcoin_get_utxos", "bitcoin_send_transaction",
    "bitcoin_get_current_fee_percentiles", "bitcoin_get_block_headers",
  ]

  /// Checks a user's call before it comes in, and takes its cost off the canister that it is about.
  func admitManagementCall(_ message: IngressMessage) throws(CanisterError) {
    let method = message.method
    guard ManagementInterface.methods[method] != nil else {
      throw Self.unavailable.contains(method) ? refused(method) : unknown(method)
    }
    if Self.canisterMethods.contains(method) { throw refused(method) }
    if method == "fetch_canister_logs" {
      throw CanisterError(
        .canisterRejectedMessage, "fetch_canister_logs API is only accessible in non-replicated mode")
    }
    if Self.withoutCanister.contains(method) { return }
    let argument = try decode(method, message.argument)
    let id = try argument.principal(method == "install_chunked_code" ? "target_canister" : "canister_id")
    let canister = try canister(id)
    if method == "provisional_top_up_canister" { return }
    let caller = ManagementCaller.ingress(message.id, message.sender)
    if method == "canister_status" {
      try check(canister.state.settings.statusVisibility, canister, caller)
    } else if !canister.state.isController(message.sender) {
      throw CanisterError(
        .canisterInvalidController, "Only controllers of canister \(id) can call ic00 method \(method)")
    }
    // A frozen canister can be rescued by its settings; what the message costs is paid when they are changed.
    if method == "update_settings", message.argument.count <= Self.delayedInduction { return }
    try payInduction(message, canister)
  }

  /// Bytes of an argument of `update_settings` for which the canister pays only afterwards.
  private static let delayedInduction = 324

  /// Takes what an ingress message costs, once the settings that it brought are in force, as far as there are cycles.
  private func payDelayedInduction(_ call: ManagementCall) {
    guard case .ingress = call.caller, call.method == "update_settings",
      call.argument.count <= Self.delayedInduction,
      let id = try? decode(call.method, call.argument).principal("canister_id"), let canister = canisters[id]
    else { return }
    let cost = fees.ingressCost(bytes: call.method.utf8.count + call.argument.count)
    canister.state.spend(min(cost, canister.state.balance), on: .ingressInduction)
  }

  func refused(_ method: String) -> CanisterError {
    CanisterError(.canisterRejectedMessage, "Only canisters can call ic00 method \(method)")
  }

  func unknown(_ method: String) -> CanisterError {
    CanisterError(.unknownManagementMessage, "Management canister has no method '\(method)'")
  }

  /// The argument of a method, of its type.
  func decode(_ method: String, _ bytes: [UInt8]) throws(CanisterError) -> ManagementArgument {
    guard let types = ManagementInterface.methods[method] else { throw unknown(method) }
    do throws(CandidError) {
      // A megabyte of module comes as a blob; but nothing unfolds to much more than was sent.
      let values = try decodeArguments(bytes, as: types.arguments)
      return ManagementArgument(values.first)
    } catch {
      throw CanisterError(.invalidManagementPayload, "Error decoding candid: \(error)")
    }
  }
}

/// The record that a method gets.
struct ManagementArgument {
  private let record: CandidRecord

  init(_ value: CandidValue?) {
    if case .record(let record) = value { self.record = record } else { record = [:] }
  }

  private func missing(_ name: String) -> CanisterError {
    CanisterError(.invalidManagementPayload, "Error decoding candid: the field \(name) is missing or too large")
  }

  /// A field; nil for a null.
  func value(_ name: String) -> CandidValue? {
    guard let value = record[CandidLabel(name)] else { return nil }
    if case .opt(let content) = value { return content }
    return value
  }

  func principal(_ name: String) throws(CanisterError) -> Principal {
    guard case .principal(let principal) = value(name) else { throw missing(name) }
    return principal
  }

  func optionalPrincipal(_ name: String) -> Principal? {
    guard case .principal(let principal) = value(name) else { return nil }
    return principal
  }

  func blob(_ name: String) throws(CanisterError) -> [UInt8] {
    switch value(name) {
    case .blob(let bytes): return bytes
    case .vec(let values) where values.isEmpty: return []
    default: throw missing(name)
    }
  }

  func text(_ name: String) throws(CanisterError) -> String {
    guard case .text(let text) = value(name) else { throw missing(name) }
    return text
  }

  func list(_ name: String) -> [CandidValue]? {
    guard case .vec(let values) = value(name) else { return nil }
    return values
  }

  func nat64(_ name: String) -> UInt64? {
    guard case .nat64(let number) = value(name) else { return nil }
    return number
  }

  /// A number; nil for a null.
  func cycles(_ name: String) throws(CanisterError) -> Cycles? {
    guard case .nat(let number) = value(name) else { return nil }
    guard let amount = Cycles(exactly: number) else { throw missing(name) }
    return amount
  }

  func word(_ name: String) throws(CanisterError) -> UInt64? {
    guard let amount = try cycles(name) else { return nil }
    guard let word = UInt64(exactly: amount) else { throw missing(name) }
    return word
  }

  func argument(_ name: String) -> ManagementArgument { ManagementArgument(value(name)) }

  /// A case of a variant.
  func variant(_ name: String) throws(CanisterError) -> CandidField {
    guard case .variant(let field) = value(name) else { throw missing(name) }
    return field
  }
}
