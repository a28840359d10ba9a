// The modes as a runtime reaches them: every entry point, callbacks, cleanup, and what they see.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

/// A runtime with a canister that executes steps in all its entry points: methods those in their argument, the others
/// those that an update has put in their place.
private final class Entries {
  let runtime: CanisterRuntime
  let id: Principal
  let is64: Bool

  // Where the steps of other entry points are.
  static let preUpgrade: UInt64 = 0x30000
  static let heartbeat: UInt64 = 0x31000
  static let timer: UInt64 = 0x32000
  static let lowMemory: UInt64 = 0x33000
  static let inspection: UInt64 = 0x34000
  /// Where those of callbacks are: their environments.
  static let onReply: UInt64 = 0x38000
  static let onReject: UInt64 = 0x39000
  static let onCleanup: UInt64 = 0x3A000
  /// An argument for calls.
  static let argument: UInt64 = 0x3C000
  // Texts.
  static let update: UInt64 = 0x100
  static let query: UInt64 = 0x101
  static let composite: UInt64 = 0x102
  static let missing: UInt64 = 0x103

  static func module(is64: Bool) -> [UInt8] {
    let address = is64 ? "i64" : "i32"
    func call(_ place: UInt64) -> String { "(call $run (\(address).const \(place)))" }
    let body = """
      (data (\(address).const \(update)) "uqcx")
      (func $argument
        (call $msg_arg_data_copy (\(address).const \(Script.program)) (\(address).const 0) (call $msg_arg_data_size))
        \(call(Script.program)))
      (func (export "canister_init") (call $argument))
      (func (export "canister_post_upgrade") (call $argument))
      (func (export "canister_update u") (call $argument))
      (func (export "canister_query q") (call $argument))
      (func (export "canister_composite_query c") (call $argument))
      (func (export "canister_pre_upgrade") \(call(preUpgrade)))
      (func (export "canister_heartbeat") \(call(heartbeat)))
      (func (export "canister_global_timer") \(call(timer)))
      (func (export "canister_on_low_wasm_memory") \(call(lowMemory)))
      (func (export "canister_inspect_message")
        \(call(inspection))
        (if (i64.eqz (i64.load (\(address).const \(inspection)))) (then (call $accept_message))))
      """
    return Array(Script.text(is64: is64, body).utf8)
  }

  init(is64: Bool = false, _ configure: (inout RuntimeConfiguration) -> Void = { _ in }) throws {
    self.is64 = is64
    var configuration = RuntimeConfiguration()
    configuration.compiler = CompilerOptions(optimization: .none)
    configure(&configuration)
    runtime = CanisterRuntime(configuration)
    id = try runtime.createCanister(cycles: 1 << 80)
    try runtime.install(id, Self.module(is64: is64))
    _ = runtime.takeReports()
  }

  /// An argument of which the steps first put `places` where they belong.
  static func argument(_ steps: [Step], _ places: [UInt64: [UInt8]] = [:]) -> [UInt8] {
    var offset = UInt64(8 + 80 * (places.count + steps.count))
    var copies: [Step] = []
    var tail: [UInt8] = []
    for (place, bytes) in places.sorted(by: { $0.key < $1.key }) {
      copies.append(Step(.msgArgDataCopy, place, offset, UInt64(bytes.count)))
      offset += UInt64(bytes.count)
      tail += bytes
    }
    return Script.encode(copies + steps) + tail
  }

  /// Steps that call a method of this canister, with the steps in its place as argument.
  static func call(_ method: UInt64, _ arguments: [Step] = [], cleanup: Bool = true, timeout: UInt64? = nil) -> [Step] {
    var steps = [
      Step(.canisterSelfCopy, 0, 0, 10),
      Step(.callNew, 0, 10, method, 1, Script.callback, onReply, Script.callback, onReject),
      Step(.callDataAppend, argument, UInt64(Script.encode(arguments).count)),
    ]
    if cleanup { steps.append(Step(.callOnCleanup, Script.callback, onCleanup)) }
    if let timeout { steps.append(Step(.callWithBestEffortResponse, timeout)) }
    return steps + [Step(.callPerform)]
  }

  /// Calls the update method. Returns its reject, if there is one.
  @discardableResult
  func update(_ steps: [Step], _ places: [UInt64: [Step]] = [:]) throws -> CanisterReject? {
    do {
      _ = try runtime.call(id, "u", Self.argument(steps, places.mapValues(Script.encode)))
      return nil
    } catch let reject as CanisterReject {
      return reject
    }
  }

  /// The error of the first execution in `mode`, of those since the last time.
  func error(_ mode: ExecutionMode) -> CanisterError? {
    runtime.takeReports().first { $0.mode == mode }?.error
  }

  func results(_ count: Int, at program: UInt64) throws -> [UInt64] {
    try (0..<count).map { index in
      let bytes = try runtime.heap(of: id, at: Script.result(index, at: program), count: 8) ?? []
      return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
  }
}

@Suite struct SystemAPIEntryTests {
  private let reply = Step(.msgReply)
  private let accept = Step(.acceptMessage)

  private func isRefusal(_ message: String?, _ call: String, _ mode: String) -> Bool {
    message?.contains("Canister violated contract: \"ic0_\(call)\" cannot be executed in \(mode) mode") == true
  }

  // MARK: Modes

  @Test(arguments: [false, true]) func installation(is64: Bool) throws {
    let entries = try Entries(is64: is64)
    func failure(_ mode: InstallMode, _ module: [UInt8], _ argument: [UInt8] = []) -> String? {
      do throws(CanisterError) {
        try entries.runtime.install(entries.id, module, mode: mode, argument: argument)
        return nil
      } catch {
        return error.code == .canisterContractViolation ? error.message : nil
      }
    }
    let start = Wat(["time"], "(func $start (drop (call $time))) (start $start)")
    #expect(isRefusal(failure(.reinstall, start.bytes), "time", "start"))
    let module = Entries.module(is64: is64)
    let argument = Script.encode([reply])
    #expect(isRefusal(failure(.reinstall, module, argument), "msg_reply", "init"))
    #expect(isRefusal(failure(.upgrade(), module, argument), "msg_reply", "init"))
    #expect(try entries.update([reply], [Entries.preUpgrade: [Step(.msgArgDataSize)]]) == nil)
    #expect(isRefusal(failure(.upgrade(), module), "msg_arg_data_size", "pre upgrade"))
    #expect(failure(.upgrade(UpgradeOptions(skipsPreUpgrade: true)), module) == nil)
  }

  @Test(arguments: [false, true]) func methods(is64: Bool) throws {
    let entries = try Entries(is64: is64)
    let (runtime, id) = (entries.runtime, entries.id)
    #expect(isRefusal(try entries.update([accept])?.message, "accept_message", "update"))
    func rejection(_ execute: () throws -> [UInt8]) -> String? {
      do {
        _ = try execute()
        return nil
      } catch {
        return (error as? CanisterReject)?.message
      }
    }
    let argument = Script.encode([accept])
    #expect(isRefusal(rejection { try runtime.call(id, "q", argument) }, "accept_message", "replicated query"))
    #expect(isRefusal(rejection { try runtime.query(id, "q", argument) }, "accept_message", "non replicated query"))
    #expect(isRefusal(rejection { try runtime.query(id, "c", argument) }, "accept_message", "composite query"))
  }

  @Test(arguments: [false, true]) func inspection(is64: Bool) throws {
    let entries = try Entries(is64: is64)
    try entries.update([reply], [Entries.inspection: [reply]])
    do {
      try entries.update([reply])
      Issue.record("it came in")
    } catch let error as CanisterError {
      #expect(error.code == .canisterContractViolation)
      #expect(isRefusal(error.message, "msg_reply", "inspect message"))
    }
  }

  @Test func inspectionAccepts() throws {
    let entries = try Entries()
    try entries.update([reply], [Entries.inspection: [accept]])
    #expect(try entries.update([reply]) == nil)
    // What it did is gone.
    try entries.update([reply], [Entries.inspection: [accept, .grow(1), Step(.stable64Grow, 1)]])
    #expect(try entries.update([reply]) == nil)
    #expect(try entries.runtime.state(of: entries.id).heapBytes == Script.heapSize)
    try entries.update([reply], [Entries.inspection: [Step(.time)]])
    do {
      try entries.update([reply])
      Issue.record("it came in")
    } catch let error as CanisterError {
      #expect(error.code == .canisterRejectedMessage)
      #expect(error.message == "Error from Canister \(entries.id): Canister rejected the message")
    }
  }

  @Test(arguments: [false, true]) func tasks(is64: Bool) throws {
    let entries = try Entries(is64: is64)
    try entries.update([reply], [Entries.heartbeat: [reply]])
    _ = entries.error(.systemTask)
    entries.runtime.executeRound()
    #expect(isRefusal(entries.error(.systemTask)?.message, "msg_reply", "heartbeat"))
    // The timer; the heartbeat does nothing now.
    try entries.update(
      [Step(.globalTimerSet, 1), reply],
      [Entries.heartbeat: [], Entries.timer: [Step(.msgCallerSize), Step(.globalTimerSet, 0), Step(.msgArgDataSize)]])
    _ = entries.runtime.takeReports()
    entries.runtime.executeRound()
    let failure = entries.runtime.takeReports().first { $0.name == "canister_global_timer" }?.error
    #expect(isRefusal(failure?.message, "msg_arg_data_size", "global timer"))
    // It is off, though it failed.
    #expect(try entries.runtime.state(of: entries.id).globalTimer == 0)
    // The caller is nobody, and the timer is off before it runs.
    try entries.update(
      [Step(.globalTimerSet, 1), reply],
      [Entries.timer: [Step(.msgCallerSize), Step(.globalTimerSet, 5 << 60)]])
    entries.runtime.executeRound()
    #expect(try entries.results(2, at: Entries.timer) == [0, 0])
    #expect(try entries.runtime.state(of: entries.id).globalTimer == 5 << 60)
  }

  @Test func lowMemory() throws {
    let entries = try Entries()
    try entries.update([reply], [Entries.lowMemory: [Step(.inReplicatedExecution), reply]])
    var change = SettingsChange()
    change.wasmMemoryLimit = Script.heapSize + 65_536
    change.wasmMemoryThreshold = 65_537
    try entries.runtime.updateSettings(entries.id, change)
    _ = entries.runtime.takeReports()
    entries.runtime.executeRound()
    let failure = entries.runtime.takeReports().first { $0.name == "canister_on_low_wasm_memory" }?.error
    #expect(isRefusal(failure?.message, "msg_reply", "on low Wasm memory"))
  }

  // MARK: Callbacks

  /// Makes a call of which the callback fails with a refusal, and so does the cleanup.
  @Test(arguments: [true, false], [false, true]) func callbacks(replies: Bool, is64: Bool) throws {
    let entries = try Entries(is64: is64)
    let failing: [UInt64: [Step]] = [
      Entries.argument: [reply], Entries.onReply: [accept], Entries.onReject: [accept],
      Entries.onCleanup: [Step(.msgRejectCode), Step(.msgArgDataSize)],
    ]
    let method = replies ? Entries.query : Entries.missing
    let mode = replies ? "reply callback" : "reject callback"
    let reject = try entries.update(Entries.call(method, [reply]), failing)
    #expect(reject?.error == .canisterContractViolation)
    #expect(isRefusal(reject?.message, "accept_message", mode))
    // Both texts.
    #expect(reject?.message.contains("call_on_cleanup also failed:") == true)
    #expect(isRefusal(reject?.message, "msg_arg_data_size", "cleanup"))
  }

  @Test(arguments: [true, false], [false, true]) func compositeCallbacks(replies: Bool, is64: Bool) throws {
    let entries = try Entries(is64: is64)
    let other = try entries.runtime.createCanister()
    try entries.runtime.install(other, Entries.module(is64: is64))
    let places: [UInt64: [UInt8]] = [
      Entries.argument: Script.encode([reply]), Entries.onReply: Script.encode([accept]),
      Entries.onReject: Script.encode([accept]), Entries.onCleanup: Script.encode([Step(.msgRejectCode)]),
      0x80: other.bytes,
    ]
    let steps = [
      Step(
        .callNew, 0x80, 10, replies ? Entries.query : Entries.missing, 1, Script.callback, Entries.onReply,
        Script.callback,
        Entries.onReject),
      Step(.callDataAppend, Entries.argument, UInt64(Script.encode([reply]).count)),
      Step(.callOnCleanup, Script.callback, Entries.onCleanup), Step(.callPerform),
    ]
    do {
      _ = try entries.runtime.query(entries.id, "c", Entries.argument(steps, places))
      Issue.record("it was answered")
    } catch {
      let reject = error as CanisterReject
      #expect(reject.error == .canisterContractViolation)
      #expect(
        isRefusal(reject.message, "accept_message", replies ? "composite reply callback" : "composite reject callback"))
      #expect(reject.message.contains("call_on_cleanup also failed:"))
      #expect(isRefusal(reject.message, "msg_reject_code", "composite cleanup"))
    }
  }

  /// A callback of a composite query that fails leaves what was written before it, and no more.
  @Test(arguments: [false, true]) func compositeRollback(is64: Bool) throws {
    let stage = try Stage(is64: is64)
    let unit: UInt64 = 65_536
    stage.put([UInt8](1...20), at: 0)
    let callback = { (steps: [Step], place: UInt64) in stage.put(Script.encode(steps), at: place) }
    stage.put(
      Script.encode([
        Step(.stable64Grow, 1), Step(.stable64Write, 0, 0, 4), Step(.msgCallerCopy, 0x8000, 0, 3), .grow(1),
      ]), at: Script.program)
    callback(
      [
        Step(.stable64Write, 2, 4, 4), Step(.stable64Grow, 1), Step(.stable64Write, unit, 4, 4),
        Step(.msgCallerCopy, 0x8001, 0, 3), Step(.msgCallerCopy, 0x9000, 0, 3), .grow(1), .unreachable,
      ], Entries.onReply)
    callback(
      [Step(.stable64Size), Step(.stable64Write, 1, 19, 1), Step(.msgCallerCopy, 0x9004, 0, 3)], Entries.onReject)
    func execute(_ mode: ExecutionMode, _ place: UInt64) throws -> ExecutionResult {
      try stage.execute(mode, .callback(Callback(function: Script.callback, environment: place)))
    }
    func check(_ stable: [UInt8], _ heap: [UInt8]) {
      #expect(stage.stable.read(at: 0, count: 8) == stable)
      #expect(stage.stable.pageCount == 1)
      #expect(stage.heap(0x8000, 4) == heap)
      #expect(stage.machine.memory?.pageCount == 65)
      #expect(stage.state.stableBytes == unit && stage.state.heapBytes == 65 * unit)
    }
    let query = try stage.execute(.compositeQuery, .export(stage.entry))
    // The steps' results and what they copied.
    #expect(query.error == nil && query.dirtyPages == 2)
    check([1, 2, 3, 4, 0, 0, 0, 0], [1, 2, 3, 0])
    for _ in 0..<2 {
      let failed = try execute(.compositeReplyCallback, Entries.onReply)
      #expect(failed.error?.code == .canisterTrapped && failed.dirtyPages == 3)
      check([1, 2, 3, 4, 0, 0, 0, 0], [1, 2, 3, 0])
      #expect(stage.heap(0x9000, 3) == [0, 0, 0])
    }
    // Only what it changed is counted.
    let cleanup = try execute(.compositeCleanup, Entries.onReject)
    #expect(cleanup.error == nil && cleanup.dirtyPages == 2)
    check([1, 20, 3, 4, 0, 0, 0, 0], [1, 2, 3, 0])
    #expect(stage.heap(0x9000, 7) == [0, 0, 0, 0, 1, 2, 3])
    #expect(try execute(.compositeReplyCallback, Entries.onReply).error != nil)
    check([1, 20, 3, 4, 0, 0, 0, 0], [1, 2, 3, 0])
    #expect(stage.stable.changedPages == [0])
    stage.machine.discard()
    #expect(stage.stable.pageCount == 0)
    #expect(stage.heap(0x8000, 4) == [0, 0, 0, 0] && stage.heap(0x9004, 3) == [0, 0, 0])
    #expect(stage.machine.memory?.pageCount == 64)
  }

  /// The cleanup knows what its callback was told.
  @Test(arguments: [true, false]) func cleanupSeesTheRejectCode(replies: Bool) throws {
    let entries = try Entries()
    let reject = try entries.update(
      Entries.call(replies ? Entries.query : Entries.missing, [reply]),
      [
        Entries.argument: [reply], Entries.onReply: [.unreachable], Entries.onReject: [.unreachable],
        Entries.onCleanup: [Step(.msgRejectCode), Step(.msgCallerSize)],
      ])
    #expect(reject?.error == .canisterTrapped)
    #expect(reject?.message.contains("call_on_cleanup") == false)
    #expect(try entries.results(2, at: Entries.onCleanup) == [replies ? 0 : 5, 1])
  }

  /// Functions that are no callbacks.
  @Test(
    arguments: [
      (Script.tableSize, ErrorCode.canisterFunctionNotFound, "non-existent"),
      (UInt64(UInt32.max), .canisterFunctionNotFound, "non-existent"),
      (Script.null, .canisterContractViolation, "null"),
      (Script.wrongType, .canisterContractViolation, "function invocation does not match its signature"),
    ] as [(UInt64, ErrorCode, String)], [false, true])
  func badCallbacks(callback: (function: UInt64, code: ErrorCode, text: String), is64: Bool) throws {
    let entries = try Entries(is64: is64)
    let places: [UInt64: [Step]] = [Entries.argument: [reply], Entries.onCleanup: [Step(.time)]]
    for method in [Entries.query, Entries.missing] {
      let call = [
        Step(.canisterSelfCopy, 0, 0, 10),
        Step(.callNew, 0, 10, method, 1, callback.function, Entries.onReply, callback.function, Entries.onReject),
        Step(.callDataAppend, Entries.argument, UInt64(Script.encode([reply]).count)),
      ]
      let cleanup = Step(.callOnCleanup, Script.callback, Entries.onCleanup)
      var reject = try entries.update(call + [Step(.callPerform)], places)
      #expect(reject?.error == callback.code)
      #expect(reject?.message.contains(callback.text) == true)
      #expect(reject?.message.hasPrefix("Error from Canister \(entries.id): Canister ") == true)
      // The cleanup runs.
      reject = try entries.update(call + [cleanup, Step(.callPerform)], places)
      #expect(reject?.error == callback.code)
      #expect(try entries.results(1, at: Entries.onCleanup) != [0])
      // It may be no callback either.
      let bad = Step(.callOnCleanup, callback.function, 0)
      reject = try entries.update(call + [bad, Step(.callPerform)], places)
      #expect(reject?.error == callback.code)
    }
    // A cleanup that isn't needed isn't looked at.
    let fine = try entries.update(
      [
        Step(.canisterSelfCopy, 0, 0, 10),
        Step(.callNew, 0, 10, Entries.query, 1, Script.callback, Entries.onReply, callback.function, Entries.onReject),
        Step(.callDataAppend, Entries.argument, UInt64(Script.encode([reply]).count)),
        Step(.callOnCleanup, callback.function, 0), Step(.callPerform),
      ], [Entries.argument: [reply], Entries.onReply: [reply]])
    #expect(fine == nil)
  }

  // MARK: What executions see

  /// The counter of a call counts all its executions.
  @Test(arguments: [false, true]) func countersOfCalls(is64: Bool) throws {
    let entries = try Entries(is64: is64)
    let reject = try entries.update(
      Entries.call(Entries.query, [reply]),
      [
        Entries.argument: [reply],
        Entries.onReply: [Step(.performanceCounter, 0), Step(.performanceCounter, 1), reply],
      ])
    #expect(reject == nil)
    let first = entries.runtime.takeReports().first { $0.mode == .update }?.instructions ?? 0
    let counters = try entries.results(2, at: Entries.onReply)
    // Between them is one step of this execution.
    let between = counters[1] - counters[0] - first
    #expect(between > 200 && between < 300)
  }

  @Test(arguments: [false, true]) func deadlines(isBestEffort: Bool) throws {
    let entries = try Entries()
    let time = entries.runtime.time
    let steps = [
      Step(.msgDeadline), Step(.msgReplyDataAppend, Script.result(0), 8), reply,
    ]
    let reject = try entries.update(
      Entries.call(Entries.query, steps, timeout: isBestEffort ? 10 : nil),
      [
        Entries.argument: steps,
        Entries.onReply: [Step(.msgArgDataCopy, 8, 0, 8), Step(.msgDeadline), reply],
      ])
    #expect(reject == nil)
    let bytes = try entries.runtime.heap(of: entries.id, at: 8, count: 8) ?? []
    let deadline = bytes.reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    // In whole seconds.
    #expect(deadline == (isBestEffort ? (time / 1_000_000_000 + 10) * 1_000_000_000 : 0))
    // The caller's own call has none.
    #expect(try entries.results(2, at: Entries.onReply)[1] == 0)
  }

  @Test func versions() throws {
    let entries = try Entries()
    let copy = [
      Step(.canisterVersion), Step(.stable64Grow, 1),
      Step(.stable64Write, 0, Script.result(0, at: Entries.preUpgrade), 8),
    ]
    try entries.update([reply], [Entries.preUpgrade: copy])
    let version = try entries.runtime.state(of: entries.id).version
    let argument = Script.encode([Step(.canisterVersion), Step(.stable64Read, 0, 0, 8)])
    try entries.runtime.install(entries.id, Entries.module(is64: false), mode: .upgrade(), argument: argument)
    let old = try entries.runtime.heap(of: entries.id, at: 0, count: 8) ?? []
    #expect(old.reversed().reduce(0) { $0 << 8 | UInt64($1) } == version)
    #expect(try entries.results(1, at: Script.program) == [version + 1])
  }

  @Test func certifiedData() throws {
    let entries = try Entries()
    entries.runtime.dataCertificate = { _, data in [0xCE] + data }
    try entries.update([Step(.certifiedDataSet, 0x7000, 3), reply], [0x7000: [Step(.time)]])
    let read = Script.encode([
      Step(.dataCertificateCopy, 0, 0, 4), Step(.msgReplyDataAppend, 0, 4), reply,
    ])
    #expect(try entries.runtime.query(entries.id, "q", read) == [0xCE, 1, 0, 0])
    // As an update there is none.
    let present = Script.encode([
      Step(.dataCertificatePresent), Step(.msgReplyDataAppend, Script.result(0), 1), reply,
    ])
    #expect(try entries.runtime.call(entries.id, "q", present) == [0])
    #expect(try entries.runtime.query(entries.id, "q", present) == [1])
  }
}
