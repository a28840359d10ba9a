// Installing, calling, querying.

import CCanister
import CWasm
import Candid
import CanisterRuntime
import CanneryC
import SystemAPI

/// The argument of a call or installation: a message, or a text of the types that `types` gives.
private func message(
  _ bytes: UnsafeRawPointer?, _ size: Int, _ text: UnsafePointer<CChar>?, _ types: () throws -> CandidTypes?
) throws -> [UInt8] {
  if let text {
    guard bytes == nil else { throw ArgumentError("the argument is given twice") }
    return try encode(given(text: text, "the argument"), types())
  }
  // No argument is the Candid message of none, as canisters expect it.
  if bytes == nil && size == 0 { return try encodeArguments([]) }
  return try given(bytes: bytes, size, "the argument")
}

/// A caller who may be NULL.
private func caller(_ pointer: UnsafePointer<cannery_principal_t>?) throws -> Principal {
  try pointer.map { try Principal($0.pointee) } ?? .anonymous
}

@c @implementation
public func cannery_runtime_install(
  _ pointer: OpaquePointer?, _ id: UnsafePointer<cannery_principal_t>?, _ install: UnsafePointer<cannery_install_t>?,
  _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  with(pointer) { object, runtime in
    let out = try target(out)
    let install = try given(install, "the installation")
    let id = try given(principal: id)
    let module = try given(bytes: install.module, install.module_size, "the module")
    let mode: InstallMode
    switch install.mode {
    case CANNERY_INSTALL: mode = .install
    case CANNERY_REINSTALL: mode = .reinstall
    case CANNERY_UPGRADE:
      mode = .upgrade(
        UpgradeOptions(skipsPreUpgrade: install.skips_pre_upgrade, keepsHeap: install.keeps_heap ? true : nil))
    default: throw ArgumentError("there is no such mode of installing")
    }
    let sender = try caller(install.caller)
    let (answer, activity) = try object.observing { () throws -> OutcomeObject.Answer in
      do {
        let argument = try message(install.argument, install.argument_size, install.argument_text) {
          object.interface(of: try runtime.prepare(module))?.initArguments
        }
        try runtime.install(id, module, mode: mode, argument: argument, sender: sender)
        return .replied([])
      } catch let error as CanisterError {
        return .rejected(CanisterReject(error))
      }
    }
    out.pointee = retained(OutcomeObject(answer, activity))
  }
}

/// A call that is complete.
private struct Call {
  var canister: Principal
  var method: String
  var argument: [UInt8]
  var sender: Principal
  var cycles: Cycles
  var limits: WaitLimits

  init(_ pointer: UnsafePointer<cannery_call_t>?, _ object: RuntimeObject) throws {
    let call = try given(pointer, "the call")
    let canister = try call.canister.map { try Principal($0.pointee) } ?? .managementCanister
    let method = try given(text: call.method, "the method's name")
    argument = try message(call.argument, call.argument_size, call.argument_text) {
      try object.interface(of: canister)?.method(method)?.arguments
    }
    sender = try caller(call.caller)
    cycles = Cycles(call.cycles)
    limits = WaitLimits(call.rounds, call.timeout)
    (self.canister, self.method) = (canister, method)
  }
}

/// How long an answer is waited for.
private struct WaitLimits {
  var rounds: Int
  var timeout: UInt64

  init(_ rounds: UInt64, _ timeout: UInt64) {
    self.rounds = rounds == 0 ? 1_000 : Int(clamping: rounds)
    self.timeout = timeout == 0 ? 300_000_000_000 : timeout
  }
}

extension RuntimeObject {
  /// Executes rounds until a message is answered, and forgets it then.
  fileprivate func answer(_ id: IngressID, _ limits: WaitLimits) throws -> OutcomeObject.Answer {
    let answer: OutcomeObject.Answer
    do {
      answer = .replied(try runtime.answer(to: id, rounds: limits.rounds, timeout: limits.timeout))
    } catch let reject as CanisterReject {
      answer = .rejected(reject)
    } catch RuntimeError.noAnswer {
      return .unanswered
    }
    forget(id)
    return answer
  }
}

@c @implementation
public func cannery_runtime_call(
  _ pointer: OpaquePointer?, _ call: UnsafePointer<cannery_call_t>?, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  with(pointer) { object, runtime in
    let out = try target(out)
    var ingress: UInt64 = 0
    let ((answer, types), activity) = try object.observing {
      () throws -> (OutcomeObject.Answer, @Sendable () -> CandidTypes?) in
      do {
        let call = try Call(call, object)
        let id = try runtime.submit(
          to: call.canister, method: call.method, argument: call.argument, sender: call.sender, cycles: call.cycles)
        ingress = id.number
        object.remember(id, call.canister, call.method)
        // What the canister is now: the call may change it.
        let types = object.results(of: id)
        return (try object.answer(id, call.limits), types)
      } catch let error as CanisterError {
        return (.rejected(CanisterReject(error)), { nil })
      }
    }
    out.pointee = retained(OutcomeObject(answer, ingress: ingress, activity, types: types))
  }
}

@c @implementation
public func cannery_runtime_query(
  _ pointer: OpaquePointer?, _ call: UnsafePointer<cannery_call_t>?, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  with(pointer) { object, runtime in
    let out = try target(out)
    let ((answer, types), activity) = try object.observing {
      () throws -> (OutcomeObject.Answer, @Sendable () -> CandidTypes?) in
      do {
        let call = try Call(call, object)
        guard call.cycles == 0 else { throw ArgumentError("no cycles come with a query") }
        let reply = try runtime.query(call.canister, call.method, call.argument, sender: call.sender)
        return (.replied(reply), object.results(of: call.canister, call.method))
      } catch let reject as CanisterReject {
        return (.rejected(reject), { nil })
      } catch let error as CanisterError {
        return (.rejected(CanisterReject(error)), { nil })
      }
    }
    out.pointee = retained(OutcomeObject(answer, activity, types: types))
  }
}

@c @implementation
public func cannery_runtime_submit(
  _ pointer: OpaquePointer?, _ call: UnsafePointer<cannery_call_t>?, _ ingress: UnsafeMutablePointer<UInt64>?
) -> OpaquePointer? {
  with(pointer) { object, runtime in
    let ingress = try target(ingress, "ingress")
    let call = try Call(call, object)
    let id = try runtime.submit(
      to: call.canister, method: call.method, argument: call.argument, sender: call.sender, cycles: call.cycles)
    object.remember(id, call.canister, call.method)
    ingress.pointee = id.number
  }
}

/// The status of a message.
///
/// Throws an `ArgumentError` if there is none.
private func status(_ id: IngressID, _ runtime: CanisterRuntime) throws -> IngressStatus {
  guard let status = runtime.status(of: id) else {
    throw ArgumentError("there is no message \(id.number), or its answer was taken already")
  }
  return status
}

@c @implementation
public func cannery_runtime_poll(
  _ pointer: OpaquePointer?, _ ingress: UInt64, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  with(pointer) { object, runtime in
    let out = try target(out)
    let id = IngressID(ingress)
    let answer: OutcomeObject.Answer =
      switch try status(id, runtime) {
      case .received, .processing: .unanswered
      case .replied(let bytes): .replied(bytes)
      case .rejected(let reject): .rejected(reject)
      }
    out.pointee = retained(
      OutcomeObject(answer, ingress: ingress, ActivityObject(), types: object.results(of: id)))
  }
}

@c @implementation
public func cannery_runtime_answer(
  _ pointer: OpaquePointer?, _ ingress: UInt64, _ rounds: UInt64, _ timeout: UInt64,
  _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  with(pointer) { object, runtime in
    let out = try target(out)
    let id = IngressID(ingress)
    _ = try status(id, runtime)
    let types = object.results(of: id)
    let (answer, activity) = try object.observing { try object.answer(id, WaitLimits(rounds, timeout)) }
    out.pointee = retained(OutcomeObject(answer, ingress: ingress, activity, types: types))
  }
}

@c @implementation
public func cannery_runtime_forget(_ pointer: OpaquePointer?, _ ingress: UInt64) -> OpaquePointer? {
  with(pointer) { object, _ in object.forget(IngressID(ingress)) }
}
