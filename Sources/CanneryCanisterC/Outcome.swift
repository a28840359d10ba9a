// What became of a message, for C programs.

import CCanister
import CWasm
import Candid
import CanisterRuntime
import CanneryC
import SystemAPI
import WebAssembly

/// An outcome. But for the reply's text, which is made when somebody asks for it, nobody changes it.
final class OutcomeObject: Sendable {
  enum Answer: Sendable {
    case replied([UInt8])
    case rejected(CanisterReject)
    case unanswered
  }
  let answer: Answer
  let ingress: UInt64
  /// Sound to share: the activity that it retains is never changed.
  nonisolated(unsafe) let activity: OpaquePointer
  /// The reply, and a zero, so that there is always an address.
  let reply: CText?
  let rejectName: CText?
  let errorName: CText?
  let message: CText?
  /// Gives the types of the reply, if they are known.
  private let types: @Sendable () -> CandidTypes?
  private let text = Locked<(isMade: Bool, text: CText?)>((false, nil))

  init(
    _ answer: Answer, ingress: UInt64 = 0, _ activity: ActivityObject,
    types: @escaping @Sendable () -> CandidTypes? = { nil }
  ) {
    self.answer = answer
    self.ingress = ingress
    self.activity = retained(activity)
    self.types = types
    if case .replied(let bytes) = answer { reply = CText(bytes) } else { reply = nil }
    if case .rejected(let reject) = answer {
      rejectName = CText(reject.code.name)
      errorName = CText("\(reject.error)")
      message = CText(reject.message)
    } else {
      (rejectName, errorName, message) = (nil, nil, nil)
    }
  }

  deinit { release(activity) }

  var reject: CanisterReject? {
    if case .rejected(let reject) = answer { reject } else { nil }
  }

  /// The reply as Candid text; nil if it is no Candid message.
  var replyText: CText? {
    guard case .replied(let bytes) = answer else { return nil }
    return text.withLock { text in
      if !text.isMade {
        // What isn't of the interface's types is shown as it is.
        let shown = types().flatMap { try? decode(bytes, $0) } ?? (try? decode(bytes, nil))
        text = (true, shown.map { CText($0) })
      }
      return text.text
    }
  }
}

private func outcome(_ pointer: OpaquePointer?) -> OutcomeObject? { pointer.map { object($0) } }

@c @implementation
public func cannery_outcome_delete(_ pointer: OpaquePointer?) { release(pointer) }

@c @implementation
public func cannery_outcome_status(_ pointer: OpaquePointer?) -> cannery_outcome_status_t {
  switch outcome(pointer)?.answer {
  case .replied: CANNERY_REPLIED
  case .rejected: CANNERY_REJECTED
  case .unanswered, nil: CANNERY_UNANSWERED
  }
}

@c @implementation
public func cannery_outcome_reply(
  _ pointer: OpaquePointer?, _ size: UnsafeMutablePointer<Int>?
) -> UnsafePointer<UInt8>? {
  let reply = outcome(pointer)?.reply
  size?.pointee = reply?.count ?? 0
  return reply?.pointer.map { UnsafeRawPointer($0).assumingMemoryBound(to: UInt8.self) }
}

@c @implementation
public func cannery_outcome_reply_text(_ pointer: OpaquePointer?) -> UnsafePointer<CChar>? {
  outcome(pointer)?.replyText?.pointer
}

@c @implementation
public func cannery_outcome_reject_code(_ pointer: OpaquePointer?) -> cannery_reject_code_t {
  cannery_reject_code_t(UInt32(outcome(pointer)?.reject?.code.rawValue ?? 0))
}

@c @implementation
public func cannery_outcome_reject_name(_ pointer: OpaquePointer?) -> UnsafePointer<CChar>? {
  outcome(pointer)?.rejectName?.pointer
}

@c @implementation
public func cannery_outcome_error_code(_ pointer: OpaquePointer?) -> UInt32 {
  UInt32(outcome(pointer)?.reject?.error.rawValue ?? 0)
}

@c @implementation
public func cannery_outcome_error_name(_ pointer: OpaquePointer?) -> UnsafePointer<CChar>? {
  outcome(pointer)?.errorName?.pointer
}

@c @implementation
public func cannery_outcome_message(_ pointer: OpaquePointer?) -> UnsafePointer<CChar>? {
  outcome(pointer)?.message?.pointer
}

@c @implementation
public func cannery_outcome_ingress(_ pointer: OpaquePointer?) -> UInt64 { outcome(pointer)?.ingress ?? 0 }

@c @implementation
public func cannery_outcome_activity(_ pointer: OpaquePointer?) -> OpaquePointer? {
  outcome(pointer)?.activity
}
