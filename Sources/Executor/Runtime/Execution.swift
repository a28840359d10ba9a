// Executions: a call of a function from the host, which can stop and go on.
//
// An execution that ran out of instructions, or whose host function waits, is a value: it can be resumed later, on any
// thread, or dropped. It owns its store until then.

import Compiler
import Synchronization
import WebAssembly

/// A wrong use of the execution interface.
public enum ExecutionError: Error, Hashable, Sendable {
  /// The function's code in the artifact breaks the format.
  case invalidArtifact(ArtifactError)
  /// A suspended execution owns the store.
  case storeIsSuspended
  /// A host function wants to wait, but was called from an execution inside another host function.
  case cannotSuspend
  /// The arguments, or the results given to a host call, do not fit the type.
  case typeMismatch(String)
  /// The execution has ended or does not wait for this.
  case notResumable
  /// The system has no memory for a stack.
  case outOfMemory
  /// The execution is parked: it goes on after `unpark`.
  case parked
  /// The execution is not parked.
  case notParked
  /// The store doesn't track writes, so that the execution's can't be taken out of it.
  case notTracked
  /// The store's committed state is another than when the execution was parked, or has changes that are not committed.
  case storeHasChanged
}

extension ExecutionError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .invalidArtifact(let error): "artifact refused: \(error)"
    case .storeIsSuspended: "the store belongs to an execution that has not ended"
    case .cannotSuspend: "a host function wants to wait where the execution can't be suspended"
    case .typeMismatch(let what): what
    case .notResumable: "the execution has ended, or does not wait for this"
    case .outOfMemory: "the system has no memory for a stack"
    case .parked: "the execution is parked"
    case .notParked: "the execution is not parked"
    case .notTracked: "the store doesn't track writes"
    case .storeHasChanged: "the store has changed since the execution was parked"
    }
  }
}

/// Why `Execution.run` returned.
public enum ExecutionState {
  case finished([Value])
  /// The counter fell below 0 at a check point. `resume(instructions:)` goes on.
  case outOfInstructions
  /// A host function of this type waits. `resume(results:)` goes on.
  case waitingForHost(FunctionType)
  /// `InterruptHandle.interrupt` was called. `resume()` goes on.
  case interrupted
  case trapped(Trap)
}

/// A call of a function, which can be stopped and go on. It owns its store until it ends; an execution that is dropped before is
/// abandoned.
public final class Execution {
  /// The store of the function, which no other execution can use meanwhile.
  public var store: Store { function.store }
  /// The function that is called.
  public let function: Function
  /// Counter value that the present slice began with.
  private var sliceLimit: Int
  /// Without a limit, a counter that came to its end is set again.
  private var isLimited: Bool
  private var executedBefore: UInt64 = 0
  var state: State
  let before: StateBeforeExecution
  /// What was taken out of the store while the execution is parked.
  var parked: ParkedExecution?
  /// Whether the stack is left to others when the execution ends; otherwise results are read from it then.
  private let leavesStack: Bool
  /// Whether the execution goes on owning its store when its code has returned or trapped (`stayOpen`). Private, as each
  /// look at what other modules may change is a call that checks for exclusive access.
  private var isOpen = false

  enum State {
    /// Not started, or interrupted.
    case ready
    case running, outOfInstructions, waiting, ended
    /// The code has returned or trapped, and the execution is to be ended.
    case open
    /// `parked` has the state to which it goes back.
    case parked
  }

  /// Why the execution doesn't go on.
  private var refusal: ExecutionError { state == .parked ? .parked : .notResumable }

  /// Prepares a call of `function`, which `run` starts. `instructions` limits it; nil means no limit.
  ///
  /// Throws if the arguments do not fit or the store is owned by a suspended execution.
  public init(_ function: Function, arguments: [Value], instructions: UInt64? = nil) throws(ExecutionError) {
    let limit = Int(clamping: instructions ?? UInt64(Int.max))
    before = try function.store.begin(function.record, arguments, limit: limit)
    leavesStack = true
    self.function = function
    isLimited = instructions != nil
    sliceLimit = limit
    state = .ready
  }

  /// Takes over a call of `function` without a limit that has begun and stopped.
  init(continuing function: Function, _ before: StateBeforeExecution) {
    self.function = function
    self.before = before
    leavesStack = false
    isLimited = false
    sliceLimit = Int.max
    state = .running
  }

  deinit {
    if state != .ended { abandon() }
  }

  /// Instructions executed so far: of all slices, each counted to where it stopped. 0 without metering, where the counter
  /// only paces the checks for interrupts.
  public var instructionsExecuted: UInt64 {
    if function.instance?.module.artifact.policy == MeteringPolicy.none { return 0 }
    if case .ended = state { return executedBefore }
    if case .parked = state, let parked { return parked.executed }
    return executedToNow
  }

  /// Starts the execution, or goes on after `interrupted`.
  public func run() throws(ExecutionError) -> ExecutionState {
    guard state == .ready else { throw refusal }
    return step()
  }

  /// Goes on after `outOfInstructions`, or after `interrupted`, with the counter set to `instructions`.
  public func resume(instructions: UInt64) throws(ExecutionError) -> ExecutionState {
    guard state == .ready || state == .outOfInstructions else { throw refusal }
    isLimited = true
    beginSlice(Int(clamping: instructions))
    return step()
  }

  private func beginSlice(_ limit: Int) {
    executedBefore = executedToNow
    sliceLimit = limit
    store.setCounter(limit)
  }

  /// What this slice and those before executed. The sum saturates: the length of one bulk operation can come near to 2^64.
  var executedToNow: UInt64 {
    let (sum, overflow) = executedBefore.addingReportingOverflow(store.executed(of: sliceLimit))
    return overflow ? .max : sum
  }

  /// Goes on after `waitingForHost`, with the results of the host function.
  public func resume(results: [Value]) throws(ExecutionError) -> ExecutionState {
    guard state == .waiting, let call = store.pendingHostCall else { throw refusal }
    try storeValues(results, call.record.pointee.signature.pointee.results, at: call.frame)
    return step()
  }

  /// Goes on after `waitingForHost` as if the host function had thrown `error`: with a trap that carries it.
  public func resume(throwing error: any Error) throws(ExecutionError) -> ExecutionState {
    guard state == .waiting, let call = store.pendingHostCall else { throw refusal }
    store.failedHostFunction = Int(call.record.pointee.index)
    if let kind = error as? TrapKind { return trapped(kind.status) }
    store.pendingError = error
    return trapped(TrapKind.hostError.status)
  }

  /// Ends the execution without finishing it. Where the store tracks writes, memories, globals and segments are as before
  /// it; tables stay as they are. Does nothing while the execution runs, or after its end.
  public func abandon() {
    guard state != .ended && state != .running else { return }
    if case .parked = state, let parked {
      executedBefore = parked.executed
      state = .ended
      discard(parked)
      return
    }
    store.undoExecution(before)
    end()
  }

  /// Lets the execution own its store beyond the end of its code, until `end(undoing:)`: till then memories know what it
  /// alone wrote (`Memory.pagesOfExecution`).
  package func stayOpen() { isOpen = true }

  /// Ends an execution that stays open, when its code has returned or trapped. Where it is undone, what wasn't committed
  /// before the execution stays.
  package func end(undoing: Bool) {
    guard state == .open else { preconditionFailure("the execution isn't open") }
    if undoing { store.undoExecution(before) }
    end()
  }

  /// The code has returned or trapped.
  private func close() {
    if isOpen { state = .open } else { end() }
  }

  private func end() {
    executedBefore = executedToNow
    store.endExecution(before)
    store.pendingHostCall = nil
    state = .ended
    if leavesStack { store.leaveStack() }
  }

  private func trapped(_ status: Int) -> ExecutionState {
    let trap = store.takeTrap(status)
    // An interrupt that ended an execution inside a host function was for this one.
    if trap.kind == .interrupted { store.interruptHandle.flag.pointee.store(false, ordering: .relaxed) }
    close()
    return .trapped(trap)
  }

  private func step() -> ExecutionState {
    state = .running
    return settle(executeOn())
  }

  /// Executes from the registers on.
  private func executeOn() -> Int {
    // The host may have grown the memory while the execution stood still.
    let instance = instanceContext(store.context.pointee.registers.cx)
    instance.refreshMemory()
    store.context.pointee.registers.md = instance.currentMemory.pointee.base
    return store.execute()
  }

  /// What it means that executing ended with this status.
  func settle(_ ended: Int) -> ExecutionState {
    var status = ended
    while status == Status.outOfInstructions && !isLimited {
      beginSlice(Int.max)
      status = executeOn()
    }
    switch status {
    case Status.finished:
      let results = loadResults(function.record, from: UnsafePointer(store.context.pointee.registers.fp))
      close()
      return .finished(results)
    case Status.outOfInstructions:
      state = .outOfInstructions
      return .outOfInstructions
    case Status.interrupted:
      state = .ready
      store.interruptHandle.flag.pointee.store(false, ordering: .relaxed)
      return .interrupted
    case Status.suspended:
      state = .waiting
      guard let call = store.pendingHostCall else { preconditionFailure("suspended without a host call") }
      return .waitingForHost(call.record.pointee.signature.pointee)
    default: return trapped(status)
    }
  }
}
