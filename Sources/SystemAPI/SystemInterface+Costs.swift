// What things cost, for canisters that ask; and debugging.

import Cannery

extension SystemInterface {
  func performCosts(_ call: SystemCall, _ operands: Operands) throws(CanisterError) {
    switch call {
    case .costCall:
      // For 13 nodes on every subnet, as the replica does.
      var reference = configuration
      reference.nodes = SubnetConfiguration.referenceNodes
      let (bytes, overflow) = operands.i64(0).addingReportingOverflow(operands.i64(1))
      let costs = reference.callPrepayment(requestBytes: overflow ? .max : bytes, is64: is64)
      let total = costs.request.addingSaturated(costs.response).addingSaturated(costs.execution)
      try store(call, total, at: operands.pointer(2))
    case .costCreateCanister:
      try store(call, configuration.creationCost, at: operands.pointer(0))
    case .costHttpRequest:
      let cost = configuration.outcallCost(requestBytes: operands.i64(0), responseBytes: operands.i64(1))
      try store(call, cost, at: operands.pointer(2))
    case .costSignWithEcdsa, .costSignWithSchnorr, .costVetkdDeriveKey:
      let name = try load(call, operands.pointer(0), operands.pointer(1))
      guard String(validating: name, as: UTF8.self) != nil else {
        throw violation("ic0_\(call.name): invalid UTF-8 string provided")
      }
      // No curve or algorithm beyond these; and the subnet holds no keys. So nothing is ever written.
      let known: UInt32 = call == .costSignWithSchnorr ? 2 : 1
      operands.result(operands.i32(2) < known ? Self.unknownKey : Self.unknownCurve)
    case .costHttpRequestV2:
      throw violation("ic0_\(call.name) is not available on this subnet")
    default: preconditionFailure("\(call.name) is not about costs")
    }
  }

  private static let unknownCurve: UInt64 = 1
  private static let unknownKey: UInt64 = 2
  /// Bytes of a text that are shown.
  private static let textLimit: UInt64 = 32 << 10

  func performDebugging(_ call: SystemCall, _ operands: Operands) throws(CanisterError) {
    let (source, size) = (operands.pointer(0), operands.pointer(1))
    guard let memory else { throw violation("WebAssembly module must define memory") }
    switch call {
    case .debugPrint:
      // A bad range is no error, as printing must not change what a program does.
      let text =
        memory.read(at: source, count: Int(clamping: min(size, Self.textLimit)))
        ?? Array("(debug_print message out of memory bounds)".utf8)
      subnet.debugPrint?(system.id, text)
      // In queries too, where nobody reads it: what is there already changes the charge for more.
      effects.log.append(text, at: context.time)
    case .trap:
      let bytes = memory.read(at: source, count: Int(clamping: min(size, Self.textLimit)))
      let text = bytes.map { String(decoding: $0, as: UTF8.self) } ?? "(trap message out of memory bounds)"
      trapMessage = text
      throw CanisterError(.canisterCalledTrap, "Canister called `ic0.trap` with message: '\(text)'")
    default: preconditionFailure("\(call.name) is not for debugging")
    }
  }
}
