// Calls about the canister, the subnet and time, and about the canister's environment variables.

import Candid
import Cannery

extension SystemInterface {
  /// Bytes that can be certified.
  public static let certifiedDataLimit = 32

  func performCanister(_ call: SystemCall, _ caller: Caller, _ operands: Operands) throws(CanisterError) {
    switch call {
    case .canisterSelfSize: operands.result(UInt64(system.id.bytes.count))
    case .canisterSelfCopy: try copy(call, system.id.bytes, "id", operands)
    case .subnetSelfSize: operands.result(UInt64(subnet.id.bytes.count))
    case .subnetSelfCopy: try copy(call, subnet.id.bytes, "id", operands)
    case .canisterStatus: operands.result(UInt64(system.status.rawValue))
    case .canisterVersion: operands.result(system.version)
    case .isController:
      let size = operands.pointer(1)
      try checkHeap(call, operands.pointer(0), size)
      guard size <= UInt64(Principal.maximumLength),
        let principal = Principal(try load(call, operands.pointer(0), size))
      else { throw CanisterError(.canisterContractViolation, "Canister provided invalid principal id") }
      operands.result(system.isController(principal))
    case .inReplicatedExecution: operands.result(context.mode.isReplicated)
    case .time: operands.result(context.time)
    case .globalTimerSet:
      let old = system.globalTimer
      system.globalTimer = operands.i64(0)
      operands.result(old)
    case .performanceCounter:
      let executed = executedInstructions(caller)
      switch operands.i32(0) {
      case 0: operands.result(executed)
      case 1: operands.result(context.instructionsBefore + executed)
      case let type: throw violation("Error getting performance counter type \(type)")
      }
    case .rootKeySize: operands.result(UInt64(subnet.rootKey.count))
    case .rootKeyCopy: try copy(call, subnet.rootKey, "root_key", operands)
    case .certifiedDataSet:
      let size = operands.pointer(1)
      guard size <= UInt64(Self.certifiedDataLimit) else {
        throw violation(
          "ic0_certified_data_set failed because the passed data must be no larger than 32 bytes. Found \(size) bytes")
      }
      system.certifiedData = try load(call, operands.pointer(0), size)
    case .dataCertificatePresent: operands.result(context.dataCertificate != nil)
    case .dataCertificateSize: operands.result(UInt64(try certificate(call).count))
    case .dataCertificateCopy: try copy(call, try certificate(call), "certificate", operands)
    default: preconditionFailure("\(call.name) is not about the canister")
    }
  }

  /// Instructions that this execution has used, in all its slices, with the unit that is being executed.
  func executedInstructions(_ caller: Caller) -> UInt64 {
    let remaining = Int128(caller.remainingInstructions)
    return UInt64(clamping: Int128(grantedInstructions) - remaining)
  }

  private func certificate(_ call: SystemCall) throws(CanisterError) -> [UInt8] {
    guard let certificate = context.dataCertificate else {
      throw violation("ic0_\(call.name) cannot be called: no data certificate is available")
    }
    return certificate
  }

  // MARK: Environment variables

  func performEnvironment(_ call: SystemCall, _ operands: Operands) throws(CanisterError) {
    switch call {
    case .envVarCount: operands.result(UInt64(system.settings.environment.count))
    case .envVarNameSize: operands.result(UInt64(try variable(call, operands.pointer(0)).name.utf8.count))
    case .envVarNameCopy:
      try copy(call, Array(try variable(call, operands.pointer(0)).name.utf8), "name", operands, first: 1)
    case .envVarNameExists:
      operands.result(system.settings.variable(named: try variableName(call, operands)) != nil)
    case .envVarValueSize: operands.result(UInt64(try namedVariable(call, operands).value.utf8.count))
    case .envVarValueCopy:
      try copy(call, Array(try namedVariable(call, operands).value.utf8), "value", operands, first: 2)
    default: preconditionFailure("\(call.name) is not about environment variables")
    }
  }

  private func variable(_ call: SystemCall, _ index: UInt64) throws(CanisterError) -> EnvironmentVariable {
    let variables = system.settings.environment
    guard index < UInt64(variables.count) else {
      throw violation("ic0_\(call.name): index \(index) is out of bounds for \(variables.count) environment variables")
    }
    return variables[Int(index)]
  }

  private func variableName(_ call: SystemCall, _ operands: Operands) throws(CanisterError) -> String {
    let size = operands.pointer(1)
    guard size <= UInt64(EnvironmentVariable.byteLimit) else {
      throw violation("ic0_\(call.name): the name's size \(size) exceeds the limit of \(EnvironmentVariable.byteLimit)")
    }
    guard let name = String(validating: try load(call, operands.pointer(0), size), as: UTF8.self) else {
      throw violation("ic0_\(call.name): invalid UTF-8 string provided")
    }
    return name
  }

  private func namedVariable(_ call: SystemCall, _ operands: Operands) throws(CanisterError) -> EnvironmentVariable {
    let name = try variableName(call, operands)
    guard let variable = system.settings.variable(named: name) else {
      throw violation("ic0_\(call.name): there is no environment variable \"\(name)\"")
    }
    return variable
  }
}
