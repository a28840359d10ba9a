// What was executed and logged, for C programs.

import CCanister
import CWasm
import Candid
import CanisterRuntime
import CanneryC
import SystemAPI

/// Executions and log records. Nobody changes it.
final class ActivityObject: Sendable {
  private let executions: [(report: ExecutionReport, name: CText)]
  private let logs: [(canister: Principal, record: LogRecord, text: CText)]
  let instructions: UInt64
  let cycles: Cycles

  init(_ reports: [ExecutionReport] = [], _ records: [(canister: Principal, record: LogRecord)] = []) {
    executions = reports.map { ($0, CText($0.name)) }
    logs = records.map { ($0.canister, $0.record, CText($0.record.content)) }
    instructions = reports.reduce(0) { sum, report in
      let (sum, overflow) = sum.addingReportingOverflow(report.instructions)
      return overflow ? .max : sum
    }
    cycles = reports.reduce(0) { $0.addingSaturated($1.cycles) }
  }

  var executionCount: Int { executions.count }
  var logCount: Int { logs.count }

  func execution(_ index: Int) -> cannery_execution_report_t? {
    guard executions.indices.contains(index) else { return nil }
    let (report, name) = executions[index]
    return cannery_execution_report_t(
      canister: report.canister.inC, name: name.pointer, instructions: report.instructions, cycles: report.cycles.inC,
      dirty_pages: report.dirtyPages, error_code: UInt32(report.error?.code.rawValue ?? 0))
  }

  func log(_ index: Int) -> cannery_log_record_t? {
    guard logs.indices.contains(index) else { return nil }
    let (canister, record, text) = logs[index]
    return cannery_log_record_t(
      canister: canister.inC, index: record.index, time: record.timestamp, text: text.pointer, size: text.count)
  }
}

private func activity(_ pointer: OpaquePointer?) -> ActivityObject? { pointer.map { object($0) } }

@c @implementation
public func cannery_activity_delete(_ pointer: OpaquePointer?) { release(pointer) }

@c @implementation
public func cannery_activity_execution_count(_ pointer: OpaquePointer?) -> Int {
  activity(pointer)?.executionCount ?? 0
}

@c @implementation
public func cannery_activity_execution(
  _ pointer: OpaquePointer?, _ index: Int, _ out: UnsafeMutablePointer<cannery_execution_report_t>?
) -> Bool {
  guard let out, let execution = activity(pointer)?.execution(index) else { return false }
  out.pointee = execution
  return true
}

@c @implementation
public func cannery_activity_log_count(_ pointer: OpaquePointer?) -> Int { activity(pointer)?.logCount ?? 0 }

@c @implementation
public func cannery_activity_log(
  _ pointer: OpaquePointer?, _ index: Int, _ out: UnsafeMutablePointer<cannery_log_record_t>?
) -> Bool {
  guard let out, let record = activity(pointer)?.log(index) else { return false }
  out.pointee = record
  return true
}

@c @implementation
public func cannery_activity_instructions(_ pointer: OpaquePointer?) -> UInt64 { activity(pointer)?.instructions ?? 0 }

@c @implementation
public func cannery_activity_cycles(_ pointer: OpaquePointer?) -> cannery_cycles_t {
  (activity(pointer)?.cycles ?? 0).inC
}
