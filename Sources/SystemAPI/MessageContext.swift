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
  /// Bytes for which the subnet must have room: the largest response, or the request if that is larger. None without a
  /// guarantee.
  public func guaranteedMemory(_ subnet: SubnetConfiguration) -> UInt64 {
    timeout == nil ? UInt64(max(subnet.responseLimit, payloadSize)) : 0
  }
  /// Bytes that a query's call takes until it is evaluated, about.
  public var queryPayload: Int { payloadSize + 500 }
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

  /// Bytes of a message at most: of longer ones a part in the middle is left out.
  public static let messageLimit = 8_192

  public init(_ error: CanisterError) {
    code = error.code.rejectCode
    self.error = error.code
    message = error.message.shortened(to: CanisterReject.messageLimit, prefix: 50)
  }

  public init(code: RejectCode, error: ErrorCode, message: String) {
    self.code = code
    self.error = error
    self.message = message.shortened(to: CanisterReject.messageLimit, prefix: 75)
  }
}

extension String {
  /// The string if it has no more than `limit` bytes; else its beginning, which is `prefix` percent of the limit, `...` and
  /// its end, with no character cut.
  func shortened(to limit: Int, prefix: Int) -> String {
    let bytes = utf8
    if bytes.count <= limit { return self }
    let room = max(limit - 3, 0)
    let first = min(limit * prefix / 100, room)
    /// The start of the scalar at `index`, or of the next one.
    func boundary(_ index: String.Index, forward: Bool) -> String.Index {
      var index = index
      while index > startIndex, index < endIndex, bytes[index] & 0xC0 == 0x80 {
        index = forward ? bytes.index(after: index) : bytes.index(before: index)
      }
      return index
    }
    let head = boundary(bytes.index(startIndex, offsetBy: first), forward: false)
    let tail = boundary(bytes.index(endIndex, offsetBy: first - room), forward: true)
    return String(self[..<head]) + "..." + String(self[tail...])
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
