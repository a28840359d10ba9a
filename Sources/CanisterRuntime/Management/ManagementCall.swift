// Calls of the management canister: who may make them, when they are executed, and how they are answered.

import Candid
import SystemAPI

/// A call of the management canister on its way.
struct ManagementCall: Hashable, Sendable {
  var caller: ManagementCaller
  var method: String
  var argument: [UInt8]
  var cycles: Cycles
  /// Of a user's call, nanoseconds since 1970: it isn't started afterwards. 0 for no end.
  var expiry: UInt64 = 0
}

extension ManagementCall {
  /// A user's call.
  init(_ message: IngressMessage) {
    self.init(
      caller: .ingress(message.id, message.sender), method: message.method, argument: message.argument, cycles: 0,
      expiry: message.expiry)
  }
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
      if call.expiry != 0 && call.expiry < time {
        answer(call.caller, .failure(ingressTimeout))
        continue
      }
      if mustWait(call) {
        managementCalls.append(call)
        continue
      }
      do throws(CanisterError) {
        let reply = try perform(call)
        guard let values = reply.values else { continue }
        let bytes = encodeReply(values, of: call.method)
        payDelayedInduction(call)
        answer(call.caller, .success(bytes), refund: call.cycles - reply.acceptedCycles)
      } catch {
        answer(call.caller, .failure(error), refund: call.cycles)
      }
    }
  }

  /// The message with what a method gives back.
  func encodeReply(_ values: [CandidValue], of method: String) -> [UInt8] {
    guard let types = ManagementInterface.methods[method] else { preconditionFailure("there is no method \(method)") }
    do throws(CandidError) {
      return try encodeArguments(values, as: types.results)
    } catch {
      preconditionFailure("the result of \(method): \(error)")
    }
  }

  /// Answers whoever made a call.
  func answer(_ caller: ManagementCaller, _ result: Result<[UInt8], CanisterError>, refund: Cycles = 0) {
    switch caller {
    case .host: break
    case .ingress(let id, _):
      switch result {
      case .success(let bytes): ingress.set(id, .replied(bytes), at: time)
      case .failure(let error): ingress.set(id, .rejected(CanisterReject(error)), at: time)
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

  /// Services that a machine alone doesn't have.
  static let unavailable: Set<String> = [
    "http_request", "ecdsa_public_key", "sign_with_ecdsa", "schnorr_public_key", "sign_with_schnorr",
    "vetkd_public_key",
    "vetkd_derive_key", "bitcoin_get_balance", "bitcoin_get_utxos", "bitcoin_send_transaction",
    "bitcoin_get_current_fee_percentiles", "bitcoin_get_block_headers",
  ]

  /// Bytes of an argument of `update_settings` for which the canister pays only afterwards.
  static let delayedInduction = 324

  /// Takes what an ingress message costs, once the settings that it brought are in force, as far as there are cycles.
  private func payDelayedInduction(_ call: ManagementCall) {
    guard case .ingress = call.caller, call.method == "update_settings",
      call.argument.count <= Self.delayedInduction,
      let id = try? decode(call.method, call.argument).principal("canister_id"), let canister = canisters[id]
    else { return }
    let cost = fees.ingressCost(bytes: call.method.utf8.count + call.argument.count)
    canister.state.spend(min(cost, canister.state.balance), on: .ingressInduction)
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
