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
    switch response {
    case .reply(let bytes):
      canisters[receiver]?.queryStatistics.count(
        request: argument.count, response: bytes.count, instructions: evaluation.instructions)
      recorder?.count(
        receiver, request: argument.count, response: bytes.count, instructions: evaluation.instructions)
      return bytes
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

  mutating func count(request: Int, response: Int, instructions: UInt64) {
    var one = QueryStatistics()
    (one.calls, one.instructions) = (1, instructions)
    (one.requestBytes, one.responseBytes) = (UInt64(request), UInt64(response))
    add(one)
  }
}

/// A query with all that it calls.
struct QueryEvaluation {
  private let runtime: CanisterRuntime
  private var fees: SubnetConfiguration { runtime.fees }
  private(set) var reports: [ExecutionReport] = []
  /// Instructions of all executions, with what calls count for.
  private(set) var instructions: UInt64 = 0
  /// The canisters whose queries wait for others: none of them can be called again.
  private var path: [Principal] = []

  init(_ runtime: CanisterRuntime) { self.runtime = runtime }

  mutating func evaluate(_ id: Principal, _ method: String, _ argument: [UInt8], caller: Principal) -> Response {
    if id == .managementCanister { return runtime.queryManagement(method, argument, by: caller) }
    do throws(CanisterError) {
      let canister = try runtime.canister(id)
      let kind = try accept(canister, method)
      var context = MessageContext(
        kind == .query ? .query : .compositeQuery, caller: caller, time: runtime.time,
        instructionLimit: try remaining())
      context.argument = argument
      if path.isEmpty, canister.machine?.installed.usesCertificates == true {
        context.dataCertificate = runtime.certificate(of: canister)
      }
      path.append(id)
      defer { path.removeLast() }
      return try canister.whileParked { () throws(CanisterError) in
        try execute(canister, .export("\(kind.rawValue) \(method)"), context, name: method)
      }
    } catch {
      return .reject(CanisterReject(error))
    }
  }

  /// What is left of the instructions for all executions.
  private func remaining() throws(CanisterError) -> UInt64 {
    guard instructions < fees.queryInstructions else {
      throw CanisterError(
        .queryCallGraphTotalInstructionLimitExceeded,
        "Query call exceeded the instruction limit of its call graph: \(fees.queryInstructions)")
    }
    return fees.queryInstructions - instructions
  }

  private func accept(_ canister: Canister, _ method: String) throws(CanisterError) -> InstalledModule.MethodKind {
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
    if canister.state.balance < canister.state.freezingBalance(fees) {
      throw CanisterError(
        .canisterOutOfCycles,
        "Canister \(id) is unable to process query calls because it's frozen. Please top up the canister")
    }
    guard let kind = machine.installed.methodKind(method), kind != .update else {
      throw CanisterError(
        .canisterMethodNotFound, "Error from Canister \(id): Canister has no query method '\(method)'.")
    }
    return kind
  }

  /// Executes a query on `canister`, and all that it calls.
  private mutating func execute(
    _ canister: Canister, _ entry: EntryPoint, _ first: MessageContext, name: String
  ) throws(CanisterError) -> Response {
    guard let machine = canister.machine else { preconditionFailure("there is no module to execute") }
    defer { machine.discard() }
    var waiting = Queue<OutgoingCall>()
    var capacity = runtime.memoryCapacity
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
      evaluation.instructions += result.instructions
      own += result.instructions
      evaluation.reports.append(
        ExecutionReport(
          canister: canister.id, name: name, mode: context.mode, instructions: result.instructions, cycles: 0,
          dirtyPages: result.dirtyPages, error: result.error))
      lastError = result.error
      guard result.error == nil else { return false }
      state = result.system
      for call in result.effects.calls {
        waiting.append(call)
        capacity.queryPayload -= call.queryPayload
      }
      if let response = result.effects.response { answer = response }
      return true
    }
    _ = try run(entry, first, name, &self)
    while answer == nil, let call = waiting.popFirst() {
      let response = evaluate(call)
      capacity.queryPayload += call.queryPayload
      var context = MessageContext(
        .compositeReplyCallback, caller: first.caller, time: first.time, instructionLimit: try remaining())
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
        context.instructionsBefore = own
        context.instructionLimit = try remaining()
        do throws(CanisterError) {
          _ = try run(.callback(cleanup), context, "cleanup of \(name)", &self)
        } catch {
          lastError = error
        }
        // Still that of the callback if the cleanup had none.
        lastError = lastError.map { error.with(cleanup: $0) } ?? error
      }
    }
    if let answer { return answer }
    return .reject(
      CanisterReject(
        lastError
          ?? CanisterError(
            .canisterDidNotReply, "Error from Canister \(canister.id): Canister did not reply to the call")))
  }

  /// Evaluates what a composite query calls.
  private mutating func evaluate(_ call: OutgoingCall) -> Response {
    let callee = call.callee
    func fail(_ code: ErrorCode, _ text: String) -> Response { .reject(CanisterReject(CanisterError(code, text))) }
    if path.count > fees.compositeDepth {
      return fail(.queryCallGraphTooDeep, "Call exceeds the limit on the depth of query calls: \(fees.compositeDepth)")
    }
    if path.contains(callee) {
      return fail(.queryCallGraphLoopDetected, "Query call graph contains a loop: \(callee) is called again")
    }
    instructions += fees.compositeCallInstructions
    return evaluate(callee, call.method, call.argument, caller: path.last ?? callee)
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
