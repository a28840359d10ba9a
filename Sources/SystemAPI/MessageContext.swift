// What an execution is for, and what came of it.

import Candid
import Cannery

/// A function of table 0 with the argument that it gets.
public struct Callback: Hashable, Sendable {
  public var function: UInt64
  public var environment: UInt64

  public init(function: UInt64, environment: UInt64) {
    self.function = function
    self.environment = environment
  }
}

/// A call that an execution makes.
public struct OutgoingCall: Hashable, Sendable {
  public var callee: Principal
  public var method: String
  public var argument: [UInt8] = []
  public var cycles: Cycles = 0
  public var onReply: Callback
  public var onReject: Callback
  public var onCleanup: Callback?
  /// Seconds of a best-effort call; nil for a guaranteed response.
  public var timeout: UInt64?
  /// What was paid for the response's transmission and for the callback's execution.
  public var responsePrepayment: Cycles = 0
  public var callbackPrepayment: Cycles = 0

  public init(callee: Principal, method: String, onReply: Callback, onReject: Callback) {
    self.callee = callee
    self.method = method
    self.onReply = onReply
    self.onReject = onReject
  }

  /// Bytes that are charged for and limited: name and argument.
  public var payloadSize: Int { method.utf8.count + argument.count }
}

/// The answer to a call.
public enum Response: Hashable, Sendable {
  case reply([UInt8])
  case reject(CanisterReject)
}

/// A refusal, as callers see it.
public struct CanisterReject: Hashable, Sendable {
  public var code: RejectCode
  /// What went wrong in detail; what a canister rejects by itself is `canisterRejectedMessage`.
  public var error: ErrorCode
  public var message: String

  public init(_ error: CanisterError) {
    code = error.code.rejectCode
    self.error = error.code
    message = error.message
  }

  public init(code: RejectCode, error: ErrorCode, message: String) {
    self.code = code
    self.error = error
    self.message = message
  }
}

/// What an execution is given.
public struct MessageContext: Sendable {
  public var mode: ExecutionMode
  /// Of a reply callback, the reply.
  public var argument: [UInt8] = []
  /// Of callbacks, the caller of the call context.
  public var caller: Principal
  public var callerInfo: [UInt8] = []
  public var callerInfoSigner: [UInt8] = []
  /// Of reject callbacks.
  public var reject: CanisterReject?
  /// Of `canister_inspect_message`.
  public var methodName = ""
  /// Nanoseconds since 1970 of a best-effort call's end; else 0.
  public var deadline: UInt64 = 0
  /// Cycles that the call still offers, and that came back with a response.
  public var cyclesAvailable: Cycles = 0
  public var cyclesRefunded: Cycles = 0
  /// Whether the call has its answer, or there is nobody to answer to.
  public var isAnswered = false
  /// Instructions of earlier executions for the same call.
  public var instructionsBefore: UInt64 = 0
  /// Nanoseconds since 1970.
  public var time: UInt64
  /// A certificate for the data of the canister, where a query has one.
  public var dataCertificate: [UInt8]?
  /// The most instructions, over all slices.
  public var instructionLimit: UInt64

  public init(_ mode: ExecutionMode, caller: Principal, time: UInt64, instructionLimit: UInt64) {
    self.mode = mode
    self.caller = caller
    self.time = time
    self.instructionLimit = instructionLimit
  }
}

/// What an execution does beyond its canister's state; without consequence unless it succeeds, but for the log.
public struct ExecutionEffects: Sendable {
  public var response: Response?
  /// In the order in which they were made.
  public var calls: [OutgoingCall] = []
  public var acceptedCycles: Cycles = 0
  /// Of `canister_inspect_message`: whether the message may come in.
  public var acceptsMessage = false
  public var log: CanisterLog

  public init(logCapacity: Int) { log = CanisterLog(capacity: logCapacity) }
}
