// A runtime for C programs: one call at a time, and what was executed since somebody asked.

import CCanister
import CWasm
import Candid
import CanisterRuntime
import CanneryC
import SystemAPI

final class RuntimeObject {
  let runtime: CanisterRuntime
  private let gate = Gate()
  /// What was executed and logged, and not told yet: of very much, the latest.
  private var reports: [ExecutionReport] = []
  private var logs: [(canister: Principal, record: LogRecord)] = []
  private static let activityLimit = 10_000
  /// Of each canister, how many log records were told.
  private var toldRecords: [Principal: UInt64] = [:]
  /// What messages were for that aren't answered yet.
  private var messages: [UInt64: (canister: Principal, method: String)] = [:]
  /// By the module's hash; nil for modules that tell none.
  private var interfaces: [[UInt8]: CandidInterface?] = [:]

  init(_ runtime: CanisterRuntime, _ configuration: RuntimeConfigurationObject?) {
    self.runtime = runtime
    if let hook = configuration?.certify {
      runtime.dataCertificate = { canister, data in
        var id = canister.inC
        let data = CText(data)
        var certificate = wasm_byte_vec_t()
        guard hook.function(hook.environment.pointer, &id, data.pointer, data.count, &certificate) else { return nil }
        defer { wasm_byte_vec_delete(&certificate) }
        return Array(
          UnsafeRawBufferPointer(
            start: certificate.data, count: certificate.data == nil ? 0 : max(certificate.size, 0)))
      }
    }
    for id in runtime.canisterIDs { toldRecords[id] = (try? runtime.state(of: id))?.log.nextIndex }
  }

  /// Does `body`, while no other call is in progress.
  func using<Result>(_ body: (CanisterRuntime) throws -> Result) throws -> Result {
    try gate.using("the runtime") { try body(runtime) }
  }

  // MARK: What was executed

  /// Does `body`. Returns its result, and what was executed and logged meanwhile.
  func observing<Result>(_ body: () throws -> Result) rethrows -> (Result, ActivityObject) {
    collect()
    let result = try body()
    let new = runtime.takeReports()
    return (result, ActivityObject(new, newRecords(of: new)))
  }

  /// What was executed and logged since the last time.
  func takeActivity() -> ActivityObject {
    collect()
    defer { (reports, logs) = ([], []) }
    return ActivityObject(reports, logs)
  }

  /// Takes over what the runtime has to report.
  func collect() {
    let new = runtime.takeReports()
    if new.isEmpty { return }
    reports += new
    logs += newRecords(of: new)
    reports.removeFirst(max(reports.count - RuntimeObject.activityLimit, 0))
    logs.removeFirst(max(logs.count - RuntimeObject.activityLimit, 0))
  }

  /// What the canisters that executed have logged since they were looked at last, in the order of time.
  private func newRecords(of reports: [ExecutionReport]) -> [(canister: Principal, record: LogRecord)] {
    var records: [(canister: Principal, record: LogRecord)] = []
    var seen: Set<Principal> = []
    for report in reports where seen.insert(report.canister).inserted {
      guard let log = (try? runtime.state(of: report.canister))?.log else { continue }
      let told = toldRecords[report.canister] ?? 0
      // A canister that was deleted and made anew counts from 0.
      let first = told > log.nextIndex ? 0 : told
      records += log.records.drop { $0.index < first }.map { (report.canister, $0) }
      toldRecords[report.canister] = log.nextIndex
    }
    if seen.count < 2 { return records }
    return records.enumerated()
      .sorted { ($0.element.record.timestamp, $0.offset) < ($1.element.record.timestamp, $1.offset) }
      .map(\.element)
  }

  // MARK: Interfaces

  /// The management canister's, parsed when it is first needed.
  private lazy var managementInterface = try? CandidInterface(parsing: CanisterRuntime.managementInterface)

  /// What a canister's module tells, parsed once; nil if it tells nothing.
  func interface(of id: Principal) throws -> CandidInterface? {
    if id == .managementCanister { return managementInterface }
    return try runtime.module(of: id).flatMap(interface)
  }

  func interface(of module: InstalledModule) -> CandidInterface? {
    if let known = interfaces[module.hash] { return known }
    let interface = module.interface
    if interfaces.count > 1_000 { interfaces = [:] }
    interfaces[module.hash] = .some(interface)
    return interface
  }

  /// What gives the types of a method's results, when they are needed.
  func results(of canister: Principal, _ method: String) -> @Sendable () -> CandidTypes? {
    if canister == .managementCanister {
      let results = managementInterface?.method(method)?.results
      return { results }
    }
    guard let module = try? runtime.module(of: canister) else { return { nil } }
    if case let known?? = interfaces[module.hash] { return { known.method(method)?.results } }
    return { module.interface?.method(method)?.results }
  }

  // MARK: Messages

  func remember(_ id: IngressID, _ canister: Principal, _ method: String) { messages[id.number] = (canister, method) }

  func forget(_ id: IngressID) {
    runtime.forget(id)
    messages[id.number] = nil
  }

  /// What gives the types of the answer to a message.
  func results(of id: IngressID) -> @Sendable () -> CandidTypes? {
    guard let message = messages[id.number] else { return { nil } }
    return results(of: message.canister, message.method)
  }
}

/// Does `body` with a runtime, while no other call on it is in progress.
func with(_ pointer: OpaquePointer?, _ body: (RuntimeObject, CanisterRuntime) throws -> Void) -> OpaquePointer? {
  failing {
    let object = try given(pointer, "the runtime", as: RuntimeObject.self)
    try object.using { try body(object, $0) }
  }
}

@c @implementation
public func cannery_runtime_delete(_ pointer: OpaquePointer?) { release(pointer) }
