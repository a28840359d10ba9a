// Queries: executions on the present state that leave no trace. Composite queries call others, which are evaluated at
// once, one after the other.
//
// Source: dfinity/ic, rs/execution_environment/src/query_handler.

import Candid
import Cannery
import SystemAPI

extension CanisterRuntime {
  /// Executes a query method, or a composite one, on the present state. Nothing changes, and it costs the canister nothing.
  ///
  /// Throws a `CanisterReject`.
  public func query(
    _ receiver: Principal, _ method: String, _ argument: [UInt8], sender: Principal = .anonymous
  ) throws(CanisterReject) -> [UInt8] {
    var evaluation = QueryEvaluation(self)
    let response = evaluation.evaluate(receiver, method, argument, caller: sender)
    report(evaluation.reports)
    for (id, numbers) in evaluation.statistics {
      add(numbers, to: id)
      recorder?.count(id, numbers)
    }
    switch response {
    case .reply(let bytes): return bytes
    case .reject(let reject): throw reject
    }
  }

  /// Lets a canister look at an ingress message.
  ///
  /// Throws a `CanisterError` if it doesn't accept it.
  func inspect(_ message: IngressMessage, _ canister: Canister) throws(CanisterError) {
    guard let machine = canister.machine else { return }
    var context = MessageContext(
      .inspectMessage, caller: message.sender, time: time, instructionLimit: fees.inspectInstructions)
    context.argument = message.argument
    context.methodName = message.method
    let result = try canister.whileParked { () throws(CanisterError) in
      let execution = try CanisterExecution(
        machine, .export("canister_inspect_message"), context, canister.state,
        capacity: memoryCapacity, slice: fees.inspectInstructions)
      return execution.run()
    }
    if let error = result.error { throw error }
    guard result.effects.acceptsMessage else {
      throw CanisterError(
        .canisterRejectedMessage, "Error from Canister \(canister.id): Canister rejected the message")
    }
  }
}

extension CanisterRuntime {
  /// Counts queries that were executed somewhere else.
  func add(_ numbers: QueryStatistics, to id: Principal) { canisters[id]?.queryStatistics.add(numbers) }
}

extension QueryStatistics {
  mutating func add(_ other: QueryStatistics) {
    calls &+= other.calls
    requestBytes &+= other.requestBytes
    responseBytes &+= other.responseBytes
    instructions &+= other.instructions
  }

  /// Of one query.
  init(request: Int, response: Int, instructions: UInt64) {
    self.init()
    (calls, self.instructions) = (1, instructions)
    (requestBytes, responseBytes) = (UInt64(request), UInt64(response))
  }
}

/// A query with all that it calls.
struct QueryEvaluation {
  private let runtime: CanisterRuntime
  private var fees: SubnetConfiguration { runtime.fees }
  private(set) var reports: [ExecutionReport] = []
  /// Of each query that was executed, whether it succeeded or not, without its callbacks.
  private(set) var statistics: [Principal: QueryStatistics] = [:]
  /// Instructions of all executions, with what calls count for.
  private var instructions: UInt64 = 0
  /// The canisters whose queries wait for others. Each can be called again, and is then seen as it is committed.
  private var path: [Principal] = []
  /// Why no more is executed: an error of the whole query, which no callback sees.
  private var failure: CanisterError?

  /// Queries leave no trace, so how long they take is no input.
  private let began = ContinuousClock.now

  init(_ runtime: CanisterRuntime) { self.runtime = runtime }

  mutating func evaluate(_ id: Principal, _ method: String, _ argument: [UInt8], caller: Principal) -> Response {
    if id == .managementCanister {
      countCall()
      return runtime.queryManagement(method, argument, by: caller)
    }
    do throws(CanisterError) {
      let canister = try runtime.canister(id)
      let (machine, kind) = try accept(canister, method)
      defer { countCall() }
      try checkNotFrozen(canister)
      var context = MessageContext(
        kind == .query ? .query : .compositeQuery, caller: caller, time: runtime.time, instructionLimit: remaining)
      context.argument = argument
      if (path.first ?? id) == id, machine.installed.usesCertificates {
        context.dataCertificate = runtime.certificate(of: canister)
      }
      let entry = EntryPoint.export("\(kind.rawValue) \(method)")
      if path.contains(id) {
        return try machine.whileSetAside { () throws(CanisterError) in
          try execute(canister, entry, context, name: method)
        }
      }
      return try canister.whileParked { () throws(CanisterError) in
        try execute(canister, entry, context, name: method)
      }
    } catch {
      return .reject(CanisterReject(error))
    }
  }

  /// Queries inside each other at most, whatever the subnet's limit: each takes native stack.
  static let mostDepth = 12

  /// What a call counts for.
  private mutating func countCall() {
    if !path.isEmpty { instructions = instructions.addingSaturated(fees.compositeCallInstructions) }
  }

  /// Keeps a report; of very many, the latest.
  private mutating func report(_ report: ExecutionReport) {
    reports.append(report)
    if reports.count > 20_000 { reports.removeFirst(10_000) }
  }

  /// What is left of the instructions for all executions.
  private var remaining: UInt64 { fees.queryInstructions - min(instructions, fees.queryInstructions) }

  private func accept(
    _ canister: Canister, _ method: String
  ) throws(CanisterError) -> (CanisterMachine, InstalledModule.MethodKind) {
    let id = canister.id
    switch canister.state.status {
    case .running: break
    case .stopping: throw CanisterError(.canisterStopping, "Canister \(id) is stopping")
    case .stopped: throw CanisterError(.canisterStopped, "Canister \(id) is stopped")
    }
    guard let machine = canister.machine else {
      throw CanisterError(
        .canisterWasmModuleNotFound,
        "Error from Canister \(id): Attempted to execute a message, but the canister contains no Wasm module")
    }
    guard let kind = machine.installed.methodKind(method), kind != .update else {
      throw CanisterError(
        .canisterMethodNotFound, "Error from Canister \(id): Canister has no query method '\(method)'.")
    }
    return (machine, kind)
  }

  private func checkNotFrozen(_ canister: Canister) throws(CanisterError) {
    guard canister.state.balance < canister.state.freezingBalance(fees) else { return }
    throw CanisterError(
      .canisterOutOfCycles,
      "Canister \(canister.id) is unable to process query calls because it's frozen. Please top up the canister")
  }

  /// Executes a query on `canister`, and all that it calls.
  private mutating func execute(
    _ canister: Canister, _ entry: EntryPoint, _ first: MessageContext, name: String
  ) throws(CanisterError) -> Response {
    guard let machine = canister.machine else { preconditionFailure("there is no module to execute") }
    path.append(canister.id)
    defer { path.removeLast() }
    defer { machine.discard() }
    var waiting = Queue<OutgoingCall>()
    var capacity = runtime.memoryCapacity
    capacity.outgoing = canister.calls.callees
    capacity.callbacks =
      max(fees.guaranteedCallbacks - canister.calls.calls.count, 0) + max(fees.callbackPool - runtime.index.calls, 0)
    var state = canister.state
    var answer: Response?
    var lastError: CanisterError?
    /// Instructions of this evaluation's own executions.
    var own: UInt64 = 0
    func run(
      _ entry: EntryPoint, _ context: MessageContext, _ name: String, _ evaluation: inout QueryEvaluation
    ) throws(CanisterError) -> Bool {
      let execution: CanisterExecution
      do throws(CanisterError) {
        execution = try CanisterExecution(
          machine, entry, context, state, capacity: capacity, slice: context.instructionLimit)
      } catch {
        throw CanisterError(error.code, "Error from Canister \(canister.id): \(error.message)")
      }
      let result = execution.run()
      evaluation.instructions = evaluation.instructions.addingSaturated(result.instructions)
      own = own.addingSaturated(result.instructions)
      evaluation.report(
        ExecutionReport(
          canister: canister.id, name: name, mode: context.mode, instructions: result.instructions, cycles: 0,
          dirtyPages: result.dirtyPages, error: result.error))
      lastError = result.error
      guard result.error == nil else { return false }
      state = result.system
      for call in result.effects.calls {
        waiting.append(call)
        capacity.queryPayload -= call.queryPayload
        capacity.outgoing[call.callee, default: 0] += 1
        capacity.callbacks -= 1
      }
      if let response = result.effects.response { answer = response }
      return true
    }
    let hasSucceeded = try run(entry, first, name, &self)
    var response = 0
    if case .reply(let bytes) = answer { response = bytes.count }
    statistics[canister.id, default: QueryStatistics()].add(
      QueryStatistics(request: first.argument.count, response: response, instructions: own))
    while hasSucceeded && answer == nil {
      if let failure = checkLimits() { return failure }
      guard let call = waiting.popFirst() else { break }
      let response = evaluate(call.callee, call.method, call.argument, caller: canister.id)
      if let failure = checkLimits() { return failure }
      capacity.queryPayload += call.queryPayload
      capacity.outgoing[call.callee, default: 1] -= 1
      capacity.callbacks += 1
      var context = MessageContext(
        .compositeReplyCallback, caller: first.caller, time: first.time, instructionLimit: remaining)
      context.instructionsBefore = own
      let callback: Callback
      switch response {
      case .reply(let bytes):
        context.argument = bytes
        callback = call.onReply
      case .reject(let reject):
        context.mode = .compositeRejectCallback
        context.reject = reject
        callback = call.onReject
      }
      let hasSucceeded: Bool
      do throws(CanisterError) {
        hasSucceeded = try run(.callback(callback), context, "callback of \(name)", &self)
      } catch {
        lastError = error
        hasSucceeded = false
      }
      if !hasSucceeded, let cleanup = call.onCleanup, let error = lastError {
        var context = context
        context.mode = .compositeCleanup
        context.isAnswered = true
        context.instructionLimit = remaining
        do throws(CanisterError) {
          _ = try run(.callback(cleanup), context, "cleanup of \(name)", &self)
        } catch {
          lastError = error
        }
        // Still that of the callback if the cleanup had none.
        lastError = lastError.map { error.with(cleanup: $0) } ?? error
      }
      // Without calls that could still answer, there is none.
      if answer == nil && waiting.isEmpty { break }
    }
    if let answer { return answer }
    return .reject(
      CanisterReject(
        lastError
          ?? CanisterError(.canisterDidNotReply, "Canister \(canister.id) did not produce a response")))
  }

  /// The answer to the whole query where it has gone as far as it may: each time that a query which waits for others goes
  /// on.
  private mutating func checkLimits() -> Response? {
    if failure == nil {
      if path.count > min(fees.compositeDepth, Self.mostDepth) {
        failure = CanisterError(.queryCallGraphTooDeep, "Composite query calls exceeded the maximum call depth.")
      } else if instructions >= fees.queryInstructions {
        failure = CanisterError(
          .queryCallGraphTotalInstructionLimitExceeded, "Composite query calls exceeded the instruction limit.")
      } else if ContinuousClock.now - began >= .nanoseconds(Int64(clamping: runtime.configuration.queryTimeLimit)) {
        failure = CanisterError(.queryTimeLimitExceeded, "Composite query call exceeded the time limit.")
      }
    }
    return failure.map { .reject(CanisterReject($0)) }
  }
}

extension Canister {
  /// Does `body` with the machine free for other executions, on the committed state.
  func whileParked<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    if let run = installation?.run {
      run.park()
      defer { run.unpark() }
      return try body()
    }
    guard let paused else { return try body() }
    paused.execution.park()
    defer { paused.execution.unpark() }
    return try body()
  }
}

extension CanisterMachine {
  /// Does `body` on the committed state, where a composite query waits that has changed it: its changes are there again
  /// afterwards. `body` commits nothing.
  ///
  /// Throws what `body` does, and a `CanisterError` where it can't begin: there is no memory, or the artifact is damaged.
  func whileSetAside<Result>(_ body: () throws(CanisterError) -> Result) throws(CanisterError) -> Result {
    // An execution that never begins holds what others have left.
    let functions = installed.module.spaces
    guard functions.importedFunctionCount < functions.functions.count else {
      throw CanisterError(.canisterWasmEngineError, "Canister encountered a Wasm engine error: it has no functions")
    }
    let function = instance.function(at: functions.importedFunctionCount)
    let holder: Execution
    do throws(ExecutionError) {
      holder = try Execution(function, arguments: function.type.parameters.map { Value.zero(of: $0) }, instructions: 0)
      try holder.park()
    } catch {
      throw CanisterError(.canisterWasmEngineError, "Canister encountered a Wasm engine error: \(error)")
    }
    let parked = interface.park()
    defer {
      interface.unpark(parked)
      do throws(ExecutionError) {
        try holder.unpark()
      } catch {
        preconditionFailure("what was put aside can come back: \(error)")
      }
      holder.abandon()
    }
    return try body()
  }
}
