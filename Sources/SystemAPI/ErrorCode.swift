// The codes of errors and rejects.
//
// Source: dfinity/ic, packages/ic-error-types; the Internet Computer interface specification, "Reject codes".

/// Why a call was rejected, as the caller sees it.
public enum RejectCode: UInt8, CaseIterable, Hashable, Sendable {
  /// Trying again is of no use.
  case systemFatal = 1
  /// Trying again may help.
  case systemTransient = 2
  /// There is no such canister.
  case destinationInvalid = 3
  /// The callee, or the management canister, refused.
  case canisterReject = 4
  /// The callee failed.
  case canisterError = 5
  /// Of best-effort calls: what became of the call is unknown.
  case systemUnknown = 6

  /// The name in the specification.
  public var name: String {
    switch self {
    case .systemFatal: "SYS_FATAL"
    case .systemTransient: "SYS_TRANSIENT"
    case .destinationInvalid: "DESTINATION_INVALID"
    case .canisterReject: "CANISTER_REJECT"
    case .canisterError: "CANISTER_ERROR"
    case .systemUnknown: "SYS_UNKNOWN"
    }
  }
}

/// What went wrong; the hundreds are the reject code.
public enum ErrorCode: UInt16, CaseIterable, Hashable, Sendable {
  case subnetOversubscribed = 101
  case maxNumberOfCanistersReached = 102
  case canisterQueueFull = 201
  case ingressMessageTimeout = 202
  case canisterQueueNotEmpty = 203
  case ingressHistoryFull = 204
  case canisterIdAlreadyExists = 205
  case stopCanisterRequestTimeout = 206
  case canisterOutOfCycles = 207
  case certifiedStateUnavailable = 208
  case canisterInstallCodeRateLimited = 209
  case canisterHeapDeltaRateLimited = 210
  case canisterNotFound = 301
  case canisterSnapshotNotFound = 305
  case insufficientMemoryAllocation = 402
  case insufficientCyclesForCreateCanister = 403
  case subnetNotFound = 404
  case canisterNotHostedBySubnet = 405
  case canisterRejectedMessage = 406
  case unknownManagementMessage = 407
  case invalidManagementPayload = 408
  case canisterSnapshotImmutable = 409
  case canisterTrapped = 502
  case canisterCalledTrap = 503
  case canisterContractViolation = 504
  case canisterInvalidWasm = 505
  case canisterDidNotReply = 506
  case canisterOutOfMemory = 507
  case canisterStopped = 508
  case canisterStopping = 509
  case canisterNotStopped = 510
  case canisterStoppingCancelled = 511
  case canisterInvalidController = 512
  case canisterFunctionNotFound = 513
  case canisterNonEmpty = 514
  case queryCallGraphLoopDetected = 517
  case insufficientCyclesInCall = 520
  case canisterWasmEngineError = 521
  case canisterInstructionLimitExceeded = 522
  case canisterMemoryAccessLimitExceeded = 524
  case queryCallGraphTooDeep = 525
  case queryCallGraphTotalInstructionLimitExceeded = 526
  case compositeQueryCalledInReplicatedMode = 527
  case queryTimeLimitExceeded = 528
  case queryCallGraphInternal = 529
  case insufficientCyclesInComputeAllocation = 530
  case insufficientCyclesInMemoryAllocation = 531
  case insufficientCyclesInMemoryGrow = 532
  case reservedCyclesLimitExceededInMemoryAllocation = 533
  case reservedCyclesLimitExceededInMemoryGrow = 534
  case insufficientCyclesInMessageMemoryGrow = 535
  case canisterMethodNotFound = 536
  case canisterWasmModuleNotFound = 537
  case canisterAlreadyInstalled = 538
  case canisterWasmMemoryLimitExceeded = 539
  case reservedCyclesLimitIsTooLow = 540
  case deadlineExpired = 601
  case responseDropped = 602

  /// The reject code that callers see.
  public var rejectCode: RejectCode {
    guard let code = RejectCode(rawValue: UInt8(rawValue / 100)) else { preconditionFailure("no such reject code") }
    return code
  }
}

extension ErrorCode: CustomStringConvertible {
  /// `IC0503`
  public var description: String {
    let digits = String(rawValue)
    return "IC" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
  }
}

/// Why a message, or an execution for it, failed.
public struct CanisterError: Error, Hashable, Sendable {
  public var code: ErrorCode
  public var message: String

  public init(_ code: ErrorCode, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The error of a callback of which the cleanup failed too.
  public func with(cleanup other: CanisterError) -> CanisterError {
    CanisterError(code, "\(message)\n\ncall_on_cleanup also failed:\n\n\(other.message)")
  }
}

extension CanisterError: CustomStringConvertible {
  /// `IC0503: the message`
  public var description: String { "\(code): \(message)" }
}
