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
  /// The number of a message that isn't answered yet, or that nobody waits for.
  var request: UInt64?

  /// Does `body`, which gives the reply.
  init(_ types: CandidTypes? = nil, _ body: () throws -> [UInt8]) throws {
    do {
      let reply = try reportingRejects(body)
      self.reply = reply
      if let types, let values = try? decodeArguments(reply, as: types) {
        text = printArguments(values)
      } else if let decoded: (values: [CandidValue], types: CandidTypes) = try? decodeArguments(reply) {
        text = printArguments(decoded.values)
      }
    } catch let failure as GuestFailure {
      self.failure = failure
    }
  }

  init(request: UInt64) { self.request = request }

  private var instructions: UInt64 { activity.executions.reduce(0) { $0 + $1.instructions } }
  private var cycles: Cycles { activity.executions.reduce(0) { $0 + $1.cycles } }

  func print(on console: Console, raw: Bool, _ options: ReportOptions) -> ExitStatus {
    if options.output.json {
      console.print(json.text)
    } else {
      if !options.quiet { activity.noteLogs(on: console, failure: failure) }
      if let reply {
        if text == nil && !raw { console.note("the reply is no Candid message; these are its bytes") }
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
        .init("instructions", .unsigned(instructions)), .init("cycles", .string("\(cycles)")),
      ] + activity.members)
  }
}
