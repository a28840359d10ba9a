// Calls to other canisters.

import Candid
import Cannery

extension SystemInterface {
  /// Bytes of a method's name at most.
  private static let nameLimit: UInt64 = 20_000
  /// `call_perform`: the call was not made, and may be tried again.
  private static let transientFailure: UInt64 = 2

  func performCall(_ call: SystemCall, _ operands: Operands) throws(CanisterError) {
    switch call {
    case .callNew: try beginCall(call, operands)
    case .callOnCleanup:
      try change(call) { building throws(CanisterError) in
        guard building.onCleanup == nil else {
          throw violation(
            "ic0.call_on_cleanup can be called at most once between `ic0.call_new` and `ic0.call_perform`")
        }
        building.onCleanup = Callback(function: operands.pointer(0), environment: operands.pointer(1))
      }
    case .callDataAppend:
      try change(call) { building throws(CanisterError) in
        let size = operands.pointer(1)
        let limit = configuration.localPayloadLimit
        guard size <= UInt64(max(limit - building.payloadSize, 0)) else {
          let total = UInt128(size) + UInt128(building.payloadSize)
          throw violation("ic0_\(call.name): request size (\(total)) cannot be larger than \(limit).")
        }
        building.argument += try load(call, operands.pointer(0), size)
      }
    case .callWithBestEffortResponse:
      try change(call) { building throws(CanisterError) in
        guard building.timeout == nil else {
          throw violation("ic0_call_with_best_effort_response failed because a timeout is already set.")
        }
        building.timeout = min(UInt64(operands.i32(0)), configuration.callTimeout)
      }
    case .callPerform:
      guard let building = callUnderConstruction else {
        throw violation("ic0.call_perform called when no call is under construction.")
      }
      operands.result(send(building))
    default: preconditionFailure("\(call.name) is not about calls")
    }
  }

  private func change(
    _ call: SystemCall, _ body: (inout OutgoingCall) throws(CanisterError) -> Void
  ) throws(CanisterError) {
    guard var building = callUnderConstruction else {
      throw violation("ic0.\(call.name) called when no call is under construction.")
    }
    callUnderConstruction = nil
    defer { callUnderConstruction = building }
    try body(&building)
  }

  private func beginCall(_ call: SystemCall, _ operands: Operands) throws(CanisterError) {
    dropCall()
    let (nameSource, nameSize) = (operands.pointer(2), operands.pointer(3))
    guard nameSize <= Self.nameLimit else {
      throw violation("ic0_call_new: name of size \(nameSize) exceeds the allowed limit of \(Self.nameLimit)")
    }
    let name = String(decoding: try load(call, nameSource, nameSize), as: UTF8.self)
    let (source, size) = (operands.pointer(0), operands.pointer(1))
    try checkHeap(call, source, size)
    guard size <= UInt64(Principal.maximumLength), let callee = Principal(try load(call, source, size)) else {
      throw CanisterError(.canisterContractViolation, "Canister provided invalid principal id")
    }
    callUnderConstruction = OutgoingCall(
      callee: callee, method: name,
      onReply: Callback(function: operands.pointer(4), environment: operands.pointer(5)),
      onReject: Callback(function: operands.pointer(6), environment: operands.pointer(7)))
  }

  /// Takes a call into the execution's effects, and pays for it. Returns what `call_perform` does.
  private func send(_ building: OutgoingCall) -> UInt64 {
    var call = building
    // Queries pay nothing, but what waits for being evaluated has its place in queues, and takes memory.
    let queued = capacity.outgoing[call.callee, default: 0]
    if context.mode.isComposite {
      guard capacity.callbacks > 0, queued < configuration.queueCapacity, call.queryPayload <= capacity.queryPayload
      else {
        dropCall()
        return Self.transientFailure
      }
      capacity.outgoing[call.callee] = queued + 1
      capacity.callbacks -= 1
      capacity.queryPayload -= call.queryPayload
      callUnderConstruction = nil
      effects.calls.append(call)
      return 0
    }
    let costs = configuration.callPrepayment(requestBytes: UInt64(call.payloadSize), is64: is64)
    let total = costs.request.addingSaturated(costs.response).addingSaturated(costs.execution)
    let isGuaranteed = call.timeout == nil
    let response = UInt64(configuration.responseLimit)
    // What is kept for the response is memory too, and raises the freezing threshold.
    var holding = system
    if isGuaranteed { holding.messageMemory += response }
    guard capacity.callbacks > 0, queued < configuration.queueCapacity,
      total <= holding.liquidBalance(configuration), capacity.responseMemory >= call.guaranteedMemory(configuration)
    else {
      dropCall()
      return Self.transientFailure
    }
    callUnderConstruction = nil
    system.spend(costs.request + costs.response, on: .transmission)
    system.spend(costs.execution, on: .instructions)
    call.responsePrepayment = costs.response
    call.callbackPrepayment = costs.execution
    capacity.outgoing[call.callee] = queued + 1
    capacity.callbacks -= 1
    if isGuaranteed {
      capacity.responseMemory -= call.guaranteedMemory(configuration)
      system.messageMemory += response
    }
    effects.calls.append(call)
    return 0
  }
}
