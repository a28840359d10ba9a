// What canisters did while a command worked with them: what was executed, and what they logged.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI

struct Activity {
  var executions: [ExecutionReport] = []
  /// Executions before them that are only counted.
  var droppedExecutions = 0
  var logs: [(canister: Principal, record: LogRecord)] = []
  /// Records before them that logs had no room for, by canister.
  var droppedLogs: [(canister: Principal, count: UInt64)] = []

  private var executionCount: Int { droppedExecutions + executions.count }

  /// `executions` and `logs`; of very many executions the latest, and how many there were.
  var members: [JSONValue.Member] {
    [
      .init("executionCount", JSONValue(executionCount)), .init("executions", .array(executions.map(\.json))),
      .init("logCount", .unsigned(droppedLogs.reduce(UInt64(logs.count)) { $0 + $1.count })),
      .init("logs", .array(logs.map(json))),
    ]
  }

  private func json(_ canister: Principal, _ record: LogRecord) -> JSONValue {
    .object([
      .init("canister", .string("\(canister)")), .init("index", .unsigned(record.index)),
      .init("text", .string(String(decoding: record.content, as: UTF8.self))),
    ])
  }

  /// Prints logs to standard error, but not the trap that `failure` tells of.
  func noteLogs(on console: Console, failure: GuestFailure? = nil) {
    for (canister, count) in droppedLogs {
      console.note(
        "[\(canister)] \(grouped(count)) earlier record\(count == 1 ? "" : "s") \(count == 1 ? "is" : "are") not in the log any more"
      )
    }
    for (canister, record) in logs {
      let text = String(decoding: record.content, as: UTF8.self)
      if let failure, text.hasPrefix(Activity.trapPrefix) {
        let trap = text.dropFirst(Activity.trapPrefix.count).prefix { !$0.isNewline }
        if failure.message.contains(trap) { continue }
      }
      console.note("[\(canister)] \(text)")
    }
  }

  private static let trapPrefix = "[TRAP]: "

  /// Prints what each execution took to standard error.
  func noteExecutions(on console: Console) {
    for execution in executions.suffix(Activity.shownExecutions) {
      let error = execution.error.map { ", failed with \($0.code)" } ?? ""
      console.note(
        "\(execution.canister) \(execution.name): \(grouped(execution.instructions)) instructions, "
          + "\(grouped(execution.cycles)) cycles\(error)")
    }
    if executionCount > Activity.shownExecutions {
      console.note("these are the last \(Activity.shownExecutions) of \(grouped(executionCount)) executions")
    }
  }

  private static let shownExecutions = 100
}

extension ExecutionReport {
  fileprivate var json: JSONValue {
    .object([
      .init("canister", .string("\(canister)")), .init("name", .string(name)),
      .init("instructions", .unsigned(instructions)), .init("cycles", .digits(cycles)),
      .init("dirtyPages", JSONValue(dirtyPages)), .init("error", error.map { .string("\($0.code)") } ?? .null),
    ])
  }
}

/// Sees what happens in a runtime from when it is made.
struct ActivityWatch {
  private let runtime: CanisterRuntime
  private let logged: [Principal: UInt64]

  init(_ runtime: CanisterRuntime) {
    self.runtime = runtime
    logged = Dictionary(
      uniqueKeysWithValues: runtime.canisterIDs.map { ($0, (try? runtime.state(of: $0))?.log.nextIndex ?? 0) })
    _ = runtime.takeReports()
  }

  /// What has happened since.
  func activity() -> Activity {
    var logs: [(canister: Principal, record: LogRecord)] = []
    var droppedLogs: [(canister: Principal, count: UInt64)] = []
    for id in runtime.canisterIDs {
      guard let log = (try? runtime.state(of: id))?.log else { continue }
      let first = logged[id] ?? 0
      let new = log.records.filter { $0.index >= first }
      let count = log.nextIndex - min(first, log.nextIndex)
      if count > UInt64(new.count) { droppedLogs.append((id, count - UInt64(new.count))) }
      logs += new.map { (id, $0) }
    }
    let dropped = runtime.droppedReports
    return Activity(executions: runtime.takeReports(), droppedExecutions: dropped, logs: logs, droppedLogs: droppedLogs)
  }
}
