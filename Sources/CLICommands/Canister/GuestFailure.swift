// A canister said no, or failed: the one error of the canister commands that is the guest's.

import CanisterRuntime
import SystemAPI

struct GuestFailure: Error {
  var code: ErrorCode
  var rejectCode: RejectCode
  var message: String
  /// What happened before.
  var activity = Activity()

  init(_ error: CanisterError) {
    code = error.code
    rejectCode = error.code.rejectCode
    message = error.message
  }

  init(_ reject: CanisterReject) {
    code = reject.error
    rejectCode = reject.code
    message = reject.message
  }

  var members: [JSONValue.Member] {
    [
      .init("code", .string("\(code)")), .init("rejectCode", JSONValue(UInt64(rejectCode.rawValue))),
      .init("rejectName", .string(rejectCode.name)), .init("message", .string(message)),
    ]
  }

  /// A module that can't be a canister's is wrong input; all else is the guest's fault.
  var status: ExitStatus { code == .canisterInvalidWasm ? .inputWrong : .guestFailed }

  var failure: CommandFailure {
    CommandFailure(
      status, status == .inputWrong ? "invalid" : "rejected", "\(code) (\(rejectCode.name)): \(message)",
      details: Array(members.prefix(3)),
      report: activity.members)
  }
}

/// Does `body`; what canisters and the system refuse becomes a `GuestFailure`.
func reportingRejects<Result>(_ body: () throws -> Result) throws -> Result {
  do {
    return try body()
  } catch let error as CanisterError {
    throw GuestFailure(error)
  } catch let reject as CanisterReject {
    throw GuestFailure(reject)
  }
}
