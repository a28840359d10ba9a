// Calls about the message, and its answer.

import Candid
import Cannery

extension SystemInterface {
  func performMessage(_ call: SystemCall, _ operands: Operands) throws(CanisterError) {
    switch call {
    case .msgArgDataSize: operands.result(UInt64(context.argument.count))
    case .msgArgDataCopy: try copy(call, context.argument, "payload", operands)
    case .msgCallerSize: operands.result(UInt64(context.caller.bytes.count))
    case .msgCallerCopy: try copy(call, context.caller.bytes, "id", operands)
    case .msgCallerInfoDataSize: operands.result(UInt64(context.callerInfo.count))
    case .msgCallerInfoDataCopy: try copy(call, context.callerInfo, "info", operands)
    case .msgCallerInfoSignerSize: operands.result(UInt64(context.callerInfoSigner.count))
    case .msgCallerInfoSignerCopy: try copy(call, context.callerInfoSigner, "signer", operands)
    case .msgRejectCode: operands.result(UInt64(context.reject?.code.rawValue ?? 0))
    case .msgRejectMsgSize: operands.result(UInt64(rejectMessage.utf8.count))
    case .msgRejectMsgCopy: try copy(call, Array(rejectMessage.utf8), "msg", operands)
    case .msgDeadline: operands.result(context.deadline)
    case .msgReplyDataAppend: try appendReply(call, operands.pointer(0), operands.pointer(1))
    case .msgReply:
      try beginAnswer(call)
      answer(.reply(replyBuffer))
    case .msgReject: try reject(call, operands.pointer(0), operands.pointer(1))
    case .msgMethodNameSize: operands.result(UInt64(context.methodName.utf8.count))
    case .msgMethodNameCopy: try copy(call, Array(context.methodName.utf8), "payload", operands)
    case .acceptMessage:
      if effects.acceptsMessage { throw violation("ic0_accept_message: the function was already called.") }
      effects.acceptsMessage = true
    default: preconditionFailure("\(call.name) is not about the message")
    }
  }

  private var rejectMessage: String { context.reject?.message ?? "" }

  private var responseLimit: Int {
    context.mode.isReplicated ? configuration.responseLimit : configuration.queryResponseLimit
  }

  private func beginAnswer(_ call: SystemCall) throws(CanisterError) {
    if context.isAnswered { throw violation("ic0_\(call.name): the call is already replied") }
  }

  private func answer(_ response: Response) {
    context.isAnswered = true
    effects.response = response
    replyBuffer = []
  }

  private func appendReply(_ call: SystemCall, _ source: UInt64, _ size: UInt64) throws(CanisterError) {
    try beginAnswer(call)
    let limit = responseLimit
    guard size <= UInt64(limit - replyBuffer.count) else {
      let total = UInt128(size) + UInt128(replyBuffer.count)
      throw violation("ic0_\(call.name): application payload size (\(total)) cannot be larger than \(limit).")
    }
    replyBuffer += try load(call, source, size)
  }

  private func reject(_ call: SystemCall, _ source: UInt64, _ size: UInt64) throws(CanisterError) {
    try beginAnswer(call)
    let limit = responseLimit
    guard size <= UInt64(limit) else {
      throw violation("ic0_\(call.name): application payload size (\(size)) cannot be larger than \(limit).")
    }
    let bytes = try load(call, source, size)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw violation("ic0_\(call.name): invalid UTF-8 string provided")
    }
    answer(.reject(CanisterReject(code: .canisterReject, error: .canisterRejectedMessage, message: text)))
  }
}
