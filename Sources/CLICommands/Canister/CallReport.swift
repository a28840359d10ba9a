// What a call gave, for people and for programs.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI

struct CallReport {
  var reply: [UInt8]?
  var failure: GuestFailure?
  var activity = Activity()
  /// The reply as text.
  var text: String?
  /// Why there is no text of a reply.
  private var undecoded: CandidError?
  /// The number of a message that isn't answered yet, or that nobody waits for.
  var request: UInt64?

  /// Does `body`, which gives the reply.
  init(_ types: CandidTypes? = nil, _ body: () throws -> [UInt8]) throws {
    do {
      let reply = try reportingRejects(body)
      self.reply = reply
      do throws(CandidError) {
        text = printArguments(try CallReport.decode(reply, types))
      } catch {
        undecoded = error
      }
    } catch let failure as GuestFailure {
      self.failure = failure
    }
  }

  init(request: UInt64) { self.request = request }

  /// The values in a reply: as those of `types`, or as what they were sent as.
  private static func decode(_ reply: [UInt8], _ types: CandidTypes?) throws(CandidError) -> [CandidValue] {
    if let types, let values = try? decodeArguments(reply, as: types) { return values }
    let (values, _): ([CandidValue], CandidTypes) = try decodeArguments(reply)
    return values
  }

  private var instructions: UInt64 { activity.executions.reduce(0) { $0 + $1.instructions } }
  private var cycles: Cycles { activity.executions.reduce(0) { $0 + $1.cycles } }

  func print(on console: Console, raw: Bool, _ options: OutputOptions) -> ExitStatus {
    if options.json {
      console.print(json)
    } else {
      if !options.quiet { activity.noteLogs(on: console, failure: failure) }
      if let reply {
        if let undecoded, !raw { console.note("\(undecoded.complaint); these are its bytes") }
        console.print(raw ? hexadecimal(reply) : text ?? hexadecimal(reply))
      }
      if !options.quiet { activity.noteExecutions(on: console) }
    }
    guard let failure else { return .success }
    console.note("cannery: \(failure.failure.message)")
    return failure.status
  }

  private var json: JSONValue {
    .object(
      [
        .init("reply", text.map { .string($0) } ?? .null),
        .init("replyBytes", reply.map { .string(hexadecimal($0)) } ?? .null),
        .init("reject", failure.map { .object($0.members) } ?? .null),
        .init("request", request.map { .unsigned($0) } ?? .null),
        .init("instructions", .unsigned(instructions)), .init("cycles", .digits(cycles)),
      ] + activity.members)
  }
}

extension CandidError {
  /// What is wrong with a reply.
  fileprivate var complaint: String {
    switch self {
    case .limitExceeded(.decoding, _), .limitExceeded(.skipping, _):
      "the reply exceeds the quota for decoding (\(self))"
    case .limitExceeded: "the reply exceeds a limit of decoding (\(self))"
    default: "the reply is no Candid message (\(self))"
    }
  }
}
