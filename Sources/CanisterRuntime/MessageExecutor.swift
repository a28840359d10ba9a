// Executes what one canister has to do: messages, callbacks, tasks. It sees its canister and the round's parameters only,
// so that canisters can be executed at the same time; what leaves the canister is collected in the output.
//
// Source: dfinity/ic, rs/execution_environment/src/execution/{call_or_task,replicated_query,response,common}.rs.

import Candid
import Cannery
import SystemAPI

/// What an execution did, for those who want to know.
public struct ExecutionReport: Hashable, Sendable {
  public var canister: Principal
  /// The method, or the entry point: `canister_heartbeat`, `reply callback` and so on.
  public var name: String
  public var mode: ExecutionMode
  /// As billed.
  public var instructions: UInt64
  /// What the execution cost, without what messages cost.
  public var cycles: Cycles
  public var dirtyPages: Int
  public var error: CanisterError?
}

/// What leaves a canister.
struct CanisterOutput: Sendable {
  var requests: [Request] = []
  var responses: [CanisterResponse] = []
  var ingress: [(id: IngressID, status: IngressStatus)] = []
  var reports: [ExecutionReport] = []
}

/// An execution that stopped at the end of a slice, and what is to be done when it ends.
struct PausedExecution {
  var execution: CanisterExecution
  /// Slices that it has had.
  var slices = 1
  var job: ExecutionJob
  var held = HeldCapacity()
}

/// What starts anew.
struct AbortedExecution: Sendable {
  var entry: EntryPoint
  var context: MessageContext
  var job: ExecutionJob
}

/// What an execution is for, besides its context.
struct ExecutionJob: Sendable {
  var name: String
  var mode: ExecutionMode
  var context: UInt64
  /// What was paid for its instructions; of callbacks, when the call was made.
  var prepaid: Cycles
  var limit: UInt64
  /// Of callbacks: what runs if they fail.
  var cleanup: Callback?
  /// Instructions that a callback used before its cleanup, and its error.
  var callbackInstructions: UInt64 = 0
  var callbackError: CanisterError?
}

struct MessageExecutor {
  let canister: Canister
  let round: RoundParameters
  private(set) var share: SubnetShare
  var output = CanisterOutput()
  /// Bytes of pages that the executions changed.
  private(set) var heapDelta: UInt64 = 0
  private var configuration: SubnetConfiguration { round.configuration }

  init(_ canister: Canister, _ round: RoundParameters, _ share: SubnetShare) {
    self.canister = canister
    self.round = round
    self.share = share
  }

  /// Executes the next slice, task or message. Returns the instructions that count for the round.
  mutating func executeNext() -> UInt64 {
    if let paused = canister.paused {
      canister.paused = nil
      return advance(paused.execution, paused.job, slices: paused.slices, held: paused.held)
    }
    if let aborted = canister.aborted {
      canister.aborted = nil
      var context = aborted.context
      context.time = round.time
      return start(aborted.entry, context, aborted.job)
    }
    // It comes before everything else, as soon as it is due.
    if canister.hasDueHook(configuration) {
      canister.tasks.removeAll { $0 == .lowMemoryHook }
      return execute(.lowMemoryHook)
    }
    if !canister.tasks.isEmpty { return execute(canister.tasks.removeFirst()) }
    switch canister.changeQueues({ $0.pop() }) {
    case .ingress(let message):
      let origin = CallOrigin.ingress(message.id, sender: message.sender)
      output.ingress.append((message.id, .processing))
      return execute(origin, message.method, message.argument, cycles: message.cycles, depth: 0)
    case .request(let request):
      let origin = CallOrigin.canister(request.sender, callback: request.callback, deadline: request.deadline)
      return execute(origin, request.method, request.argument, cycles: request.cycles, depth: request.depth)
    case .response(let response): return execute(response)
    case nil: return 0
    }
  }

  // MARK: Calls

  private mutating func execute(
    _ origin: CallOrigin, _ method: String, _ argument: [UInt8], cycles: Cycles, depth: Int
  ) -> UInt64 {
    do throws(CanisterError) {
      let machine = try accept(origin, cycles)
      let kind = machine.installed.methodKind(method)
      let mode: ExecutionMode = kind == .query ? .replicatedQuery : .update
      let limit = mode == .update ? configuration.messageInstructions : configuration.replicatedQueryInstructions
      let prepaid = try prepay(limit)
      do throws(CanisterError) { try check(kind, method) } catch {
        // Looking for the method costs what every execution does.
        canister.state.refund(
          configuration.refund(instructions: limit, is64: machine.installed.is64), of: .instructions)
        throw error
      }
      let id = canister.calls.open(
        CallContext(
          origin: origin, cyclesAvailable: cycles, isAnswered: false, depth: depth, startTime: round.time))
      var context = MessageContext(mode, caller: origin.caller, time: round.time, instructionLimit: limit)
      context.argument = argument
      context.deadline = origin.deadline
      context.cyclesAvailable = cycles
      let job = ExecutionJob(name: method, mode: mode, context: id, prepaid: prepaid, limit: limit)
      return start(.export("\((kind ?? .update).rawValue) \(method)"), context, job)
    } catch {
      answer(origin, .reject(CanisterReject(error)), refund: cycles)
      return 0
    }
  }

  /// The machine that executes a call, if the canister takes it.
  private func accept(_ origin: CallOrigin, _ cycles: Cycles) throws(CanisterError) -> CanisterMachine {
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
    if case .canister(let sender, _, _) = origin, sender != id {
      let least = canister.state.settings.minimumIncomingCallCycles
      if cycles < least {
        throw CanisterError(
          .insufficientCyclesInCall,
          "Canister \(id) accepts calls with at least \(least) cycles; this one had \(cycles)"
        )
      }
    }
    return machine
  }

  /// Whether the method can be called as an update.
  private func check(_ kind: InstalledModule.MethodKind?, _ method: String) throws(CanisterError) {
    let id = canister.id
    guard let kind else {
      throw CanisterError(
        .canisterMethodNotFound, "Error from Canister \(id): Canister has no update method '\(method)'.")
    }
    if kind == .compositeQuery {
      throw CanisterError(
        .compositeQueryCalledInReplicatedMode,
        "Error from Canister \(id): Composite query method '\(method)' can't be called in replicated mode.")
    }
    if kind == .update {
      let limit = canister.state.settings.wasmMemoryLimit
      if limit > 0, canister.state.heapBytes > limit {
        throw CanisterError(
          .canisterWasmMemoryLimitExceeded,
          "Error from Canister \(id): Canister exceeded its current Wasm memory limit of \(limit) bytes. The peak Wasm "
            + "memory usage was \(canister.state.heapBytes) bytes.")
      }
    }
  }

  /// Takes the cost of an execution's instruction limit off the balance.
  private func prepay(_ limit: UInt64) throws(CanisterError) -> Cycles {
    let (cost, needed) = canister.price(ofInstructions: limit, configuration)
    guard canister.state.balance >= needed else {
      throw CanisterError(.canisterOutOfCycles, canister.state.outOfCycles(needed - canister.state.balance))
    }
    canister.state.spend(cost, on: .instructions)
    return cost
  }

  // MARK: Tasks

  private mutating func execute(_ task: CanisterTask) -> UInt64 {
    let entry =
      switch task {
      case .lowMemoryHook: "canister_on_low_wasm_memory"
      case .globalTimer: "canister_global_timer"
      case .heartbeat: "canister_heartbeat"
      }
    guard canister.state.status == .running, let machine = canister.machine else { return 0 }
    guard machine.installed.exports(entry) else {
      // Without a hook there is nothing to wait for: it counts as executed.
      if task == .lowMemoryHook { canister.lowMemoryHook = .executed }
      return 0
    }
    let limit = configuration.messageInstructions
    // A frozen canister's hook and timer stay due.
    guard let prepaid = try? prepay(limit) else { return 0 }
    switch task {
    case .lowMemoryHook: canister.lowMemoryHook = .executed
    case .globalTimer: canister.state.globalTimer = 0
    case .heartbeat: break
    }
    let id = canister.calls.open(
      CallContext(
        origin: .systemTask, cyclesAvailable: 0, isAnswered: true, depth: 0, startTime: round.time))
    var context = MessageContext(
      .systemTask, caller: .managementCanister, time: round.time, instructionLimit: limit)
    context.isAnswered = true
    return start(
      .export(entry), context,
      ExecutionJob(name: entry, mode: .systemTask, context: id, prepaid: prepaid, limit: limit))
  }

  // MARK: Callbacks

  private mutating func execute(_ response: CanisterResponse) -> UInt64 {
    // A response that came too late: the call has ended by its deadline.
    guard let call = canister.calls.take(response.callback) else { return 0 }
    if call.isGuaranteed {
      let held = UInt64(configuration.responseLimit)
      canister.state.messageMemory -= min(held, canister.state.messageMemory)
    }
    let size = CanisterMessage.response(response).size
    let transmission = min(configuration.transmissionCost(bytes: size), call.responsePrepayment)
    canister.state.refund(call.responsePrepayment - transmission, of: .transmission)
    canister.state.credit(response.refund)
    guard let context = canister.calls[call.context], !context.isDeleted, canister.machine != nil else {
      // Nothing is executed, but the fee for an execution is kept.
      let is64 = canister.machine?.installed.is64 ?? false
      let refund = configuration.refund(instructions: configuration.messageInstructions, is64: is64)
      canister.state.refund(min(refund, call.callbackPrepayment), of: .instructions)
      canister.calls.closeIfDone(call.context)
      return 0
    }
    let limit = configuration.messageInstructions / 100 * 95
    let mode: ExecutionMode
    let callback: Callback
    var message: MessageContext
    switch response.response {
    case .reply(let bytes):
      (mode, callback) = (.replyCallback, call.onReply)
      message = MessageContext(mode, caller: context.origin.caller, time: round.time, instructionLimit: limit)
      message.argument = bytes
    case .reject(let reject):
      (mode, callback) = (.rejectCallback, call.onReject)
      message = MessageContext(mode, caller: context.origin.caller, time: round.time, instructionLimit: limit)
      message.reject = reject
    }
    complete(&message, context)
    message.cyclesRefunded = response.refund
    let job = ExecutionJob(
      name: mode == .replyCallback ? "reply callback" : "reject callback", mode: mode, context: call.context,
      prepaid: call.callbackPrepayment, limit: limit, cleanup: call.onCleanup)
    return start(.callback(callback), message, job)
  }

  private func complete(_ message: inout MessageContext, _ context: CallContext) {
    message.deadline = context.origin.deadline
    message.cyclesAvailable = context.cyclesAvailable
    message.isAnswered = context.isAnswered
    message.instructionsBefore = context.instructionsExecuted
  }

  // MARK: Executing

  private mutating func start(_ entry: EntryPoint, _ context: MessageContext, _ job: ExecutionJob) -> UInt64 {
    guard let machine = canister.machine else { preconditionFailure("there is no module to execute") }
    do throws(CanisterError) {
      let execution = try CanisterExecution(
        machine, entry, context, canister.state, capacity: capacity(in: context.mode),
        slice: configuration.sliceInstructions)
      return advance(execution, job)
    } catch {
      let error = CanisterError(error.code, "Error from Canister \(canister.id): \(error.message)")
      let after = finish(
        ExecutionResult(
          error: error, instructions: 0, executedInstructions: 0, dirtyPages: 0,
          effects: ExecutionEffects(logCapacity: canister.state.log.capacity), system: canister.state,
          before: canister.state),
        job, context)
      return configuration.executionOverhead + after
    }
  }

  private func capacity(in mode: ExecutionMode) -> SubnetCapacity {
    SubnetCapacity(
      outgoing: canister.calls.callees, callbacks: ownCallbacks + share.callbacks,
      responseMemory: share.responseMemory, memory: mode.isCallback ? share.callbackMemory : share.memory,
      memoryUse: share.memoryUse)
  }

  /// Calls that the canister may make whatever others do.
  private var ownCallbacks: Int { max(configuration.guaranteedCallbacks - canister.calls.calls.count, 0) }

  /// Counts what an execution took of the subnet, of which it had held a part already.
  private mutating func count(_ result: ExecutionResult, _ held: HeldCapacity) {
    let calls = result.effects.calls
    let growth = result.system.billedMemory.subtractingSaturated(result.before.billedMemory)
    let responses = calls.reduce(0) { $0 + $1.guaranteedMemory(configuration) }
    share.take(
      memory: growth.subtractingSaturated(held.memory), responses: responses.subtractingSaturated(held.responses),
      callbacks: max(calls.count - ownCallbacks, 0))
  }

  private mutating func advance(
    _ execution: CanisterExecution, _ job: ExecutionJob, slices: Int = 0, held: HeldCapacity = HeldCapacity()
  ) -> UInt64 {
    let before = execution.executed
    let keepsThreshold = job.mode == .update || job.mode == .systemTask
    // Others may have taken meanwhile what there was when it began.
    if slices > 0 { execution.renewCapacity(capacity(in: job.mode)) }
    let room = execution.room
    let result = execution.step { [canister, configuration] after, before in
      canister.state.lacking(after: after, since: before, keepsThreshold: keepsThreshold, configuration)
    }
    guard let result else {
      let left = execution.room
      let taken = HeldCapacity(
        memory: room.memory.subtractingSaturated(left.memory),
        responses: room.responses.subtractingSaturated(left.responses))
      share.take(memory: taken.memory, responses: taken.responses, callbacks: 0)
      canister.paused = PausedExecution(execution: execution, slices: slices + 1, job: job, held: held + taken)
      return execution.executed - before + configuration.executionOverhead
    }
    let after = finish(result, job, execution.context, held)
    return result.executedInstructions - min(before, result.executedInstructions)
      + configuration.copying(result.error == nil ? result.dirtyPages : 0) + configuration.executionOverhead + after
  }

  /// Takes over what an execution did, and settles what it cost. Returns the instructions of a cleanup, as they count for the
  /// round.
  @discardableResult
  private mutating func finish(
    _ result: ExecutionResult, _ job: ExecutionJob, _ message: MessageContext, _ held: HeldCapacity = HeldCapacity()
  ) -> UInt64 {
    if result.error != nil, let cleanup = job.cleanup {
      return startCleanup(result, job, cleanup, after: message)
    }
    let instructions = min(result.instructions, job.limit) + job.callbackInstructions
    var error = job.callbackError ?? result.error
    if let callback = job.callbackError, let cleanup = result.error { error = callback.with(cleanup: cleanup) }
    if result.error == nil {
      count(result, held)
      canister.state.take(result.system, since: result.before)
      canister.state.version += 1
      if job.mode.keepsHeap {
        let delta = UInt64(result.dirtyPages + result.stablePages) * UInt64(StableMemory.pageSize)
        heapDelta += delta
        canister.changedBytes = canister.changedBytes.addingSaturated(delta)
        canister.addHeapDebt(delta, configuration)
      }
    }
    canister.state.log.append(result.effects.log)
    let cost = cost(instructions, job)
    canister.state.refund(job.prepaid - cost, of: .instructions)
    // What a callback cost was reported when it failed.
    let callbackCost = job.callbackError == nil ? 0 : self.cost(job.callbackInstructions, job)
    output.reports.append(
      ExecutionReport(
        canister: canister.id, name: job.name, mode: job.mode, instructions: instructions - job.callbackInstructions,
        cycles: cost - min(callbackCost, cost), dirtyPages: result.dirtyPages, error: result.error))
    canister.calls.update(job.context) { $0.instructionsExecuted += instructions }
    if result.error == nil { take(result.effects, job, message.time, version: result.before.version) }
    settle(job.context, error)
    updateLowMemoryHook()
    return 0
  }

  /// A callback failed: its cleanup runs on what was before it. Returns the instructions that count for the round.
  private mutating func startCleanup(
    _ result: ExecutionResult, _ job: ExecutionJob, _ cleanup: Callback, after callback: MessageContext
  ) -> UInt64 {
    canister.state.log.append(result.effects.log)
    guard let context = canister.calls[job.context], let error = result.error else { return 0 }
    output.reports.append(
      ExecutionReport(
        canister: canister.id, name: job.name, mode: job.mode, instructions: result.instructions,
        cycles: cost(result.instructions, job), dirtyPages: result.dirtyPages, error: error))
    let limit = configuration.messageInstructions - min(result.instructions, configuration.messageInstructions)
    var message = MessageContext(
      .cleanup, caller: context.origin.caller, time: round.time, instructionLimit: limit)
    complete(&message, context)
    message.reject = callback.reject
    message.isAnswered = true
    var next = job
    next.name = "cleanup"
    next.mode = .cleanup
    next.limit = limit
    next.cleanup = nil
    next.callbackInstructions = result.instructions
    next.callbackError = error
    return start(.callback(cleanup), message, next)
  }

  /// What instructions cost, of what was paid for all that a job may use.
  private func cost(_ instructions: UInt64, _ job: ExecutionJob) -> Cycles {
    let paid =
      job.mode == .replicatedQuery ? configuration.replicatedQueryInstructions : configuration.messageInstructions
    let unused = paid - min(instructions, paid)
    let is64 = canister.machine?.installed.is64 ?? false
    return job.prepaid - min(configuration.refund(instructions: unused, is64: is64), job.prepaid)
  }

  /// Sends the calls that an execution made and its answer.
  private mutating func take(_ effects: ExecutionEffects, _ job: ExecutionJob, _ time: UInt64, version: UInt64) {
    let depth = canister.calls[job.context]?.depth ?? 0
    for call in effects.calls {
      // A deadline is in whole seconds, from the time that the execution saw.
      let deadline = call.timeout.map { (time / 1_000_000_000 + $0) * 1_000_000_000 } ?? 0
      let id = canister.calls.add(
        PendingCall(
          context: job.context, callee: call.callee, cycles: call.cycles, onReply: call.onReply,
          onReject: call.onReject, onCleanup: call.onCleanup, deadline: deadline,
          responsePrepayment: call.responsePrepayment, callbackPrepayment: call.callbackPrepayment))
      output.requests.append(
        Request(
          sender: canister.id, callback: id, receiver: call.callee, method: call.method, argument: call.argument,
          cycles: call.cycles, deadline: deadline, depth: depth + 1, version: version))
    }
    canister.calls.update(job.context) { $0.cyclesAvailable -= effects.acceptedCycles }
    if let response = effects.response { answer(job.context, response) }
  }

  private mutating func answer(_ id: UInt64, _ response: Response) {
    guard let context = canister.calls[id], !context.isAnswered else { return }
    answer(context.origin, response, refund: context.cyclesAvailable)
    canister.calls.update(id) {
      $0.isAnswered = true
      $0.cyclesAvailable = 0
    }
  }

  private mutating func answer(_ origin: CallOrigin, _ response: Response, refund: Cycles) {
    switch origin {
    case .systemTask: break
    case .ingress(let id, _):
      switch response {
      case .reply(let bytes): output.ingress.append((id, .replied(bytes)))
      case .reject(let reject): output.ingress.append((id, .rejected(reject)))
      }
    case .canister(let sender, let callback, let deadline):
      output.responses.append(
        CanisterResponse(
          receiver: sender, callback: callback, respondent: canister.id, response: response, refund: refund,
          deadline: deadline))
    }
  }

  /// After an execution: a call that nothing will answer any more is answered by the system.
  private mutating func settle(_ id: UInt64, _ error: CanisterError?) {
    if let context = canister.calls[id], !context.isAnswered, context.outstanding == 0 {
      let reason =
        error
        ?? CanisterError(
          .canisterDidNotReply, "Error from Canister \(canister.id): Canister did not reply to the call")
      answer(id, .reject(CanisterReject(reason)))
    }
    canister.calls.closeIfDone(id)
  }

  /// Whether little of the heap is left that controllers allow.
  private func updateLowMemoryHook() { canister.updateLowMemoryHook(configuration) }
}

extension ExecutionMode {
  /// Whether the execution is for a response, and has the memory that is left to these.
  fileprivate var isCallback: Bool { self == .replyCallback || self == .rejectCallback || self == .cleanup }
}

extension Canister {
  /// What an execution of so many instructions costs, and what the balance must be for it.
  func price(
    ofInstructions limit: UInt64, _ configuration: SubnetConfiguration
  ) -> (cost: Cycles, needed: Cycles) {
    let cost = configuration.executionCost(instructions: limit, is64: machine?.installed.is64 ?? false)
    return (cost, cost.addingSaturated(state.freezingBalance(configuration)))
  }

  /// Whether the canister can pay for a hook or a timer now; if not, these stay due.
  func canPayForTasks(_ configuration: SubnetConfiguration) -> Bool {
    state.balance >= price(ofInstructions: configuration.messageInstructions, configuration).needed
  }
}
