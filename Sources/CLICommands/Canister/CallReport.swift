// What a call gave, for people and for programs.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI

struct CallReport {
  var reply: [UInt8]?
  var failure: GuestFailure?
  var executions: [ExecutionReport]
  var logs: [(canister: Principal, record: LogRecord)]
  /// The reply as text.
  var text: String?

  /// Decodes the reply with the types of the method's results, if they are known and fit.
  mutating func decode(_ types: CandidTypes?) {
    guard let reply else { return }
    if let types, let values = try? decodeArguments(reply, as: types) {
      text = printArguments(values)
    } else if let decoded: (values: [CandidValue], types: CandidTypes) = try? decodeArguments(reply) {
      text = printArguments(decoded.values)
    }
  }

  private var instructions: UInt64 { executions.reduce(0) { $0 + $1.instructions } }
  private var cycles: Cycles { executions.reduce(0) { $0 + $1.cycles } }

  func print(on console: Console, raw: Bool, quiet: Bool) {
    for (canister, record) in logs where !quiet {
      console.note("[\(canister)] \(String(decoding: record.content, as: UTF8.self))")
    }
    if let reply {
      console.print(!raw ? text ?? hexadecimal(reply) : hexadecimal(reply))
    }
    if quiet { return }
    for execution in executions {
      let error = execution.error.map { ", failed with \($0.code)" } ?? ""
      console.note(
        "\(execution.canister) \(execution.name): \(grouped(execution.instructions)) instructions, "
          + "\(grouped(execution.cycles)) cycles\(error)")
    }
  }

  var json: JSONValue {
    .object([
      .init("reply", text.map { .string($0) } ?? .null),
      .init("replyBytes", reply.map { .string(hexadecimal($0)) } ?? .null),
      .init("reject", failure.map { .object($0.members) } ?? .null),
      .init("instructions", .unsigned(instructions)),
      .init("cycles", .string("\(cycles)")),
      .init(
        "executions",
        .array(
          executions.map {
            .object([
              .init("canister", .string("\($0.canister)")), .init("name", .string($0.name)),
              .init("instructions", .unsigned($0.instructions)), .init("cycles", .string("\($0.cycles)")),
              .init("dirtyPages", JSONValue($0.dirtyPages)),
              .init("error", $0.error.map { .string("\($0.code)") } ?? .null),
            ])
          })),
      .init(
        "logs",
        .array(
          logs.map {
            .object([
              .init("canister", .string("\($0.canister)")), .init("index", .unsigned($0.record.index)),
              .init("text", .string(String(decoding: $0.record.content, as: UTF8.self))),
            ])
          })),
    ])
  }
}
