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
}

extension ExecutionError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .invalidArtifact(let error): "artifact refused: \(error)"
    case .storeIsSuspended: "the store belongs to an execution that has not ended"
    case .cannotSuspend: "a host function wants to wait where the execution can't be suspended"
    case .typeMismatch(let what): what
    case .notResumable: "the execution has ended, or does not wait for this"
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
  public let store: Store
  /// The function that is called.
  public let function: Function
  /// Counter value that the present slice began with.
  private var sliceLimit: Int
  /// Without a limit, a counter that came to its end is set again.
  private var isLimited: Bool
  private var executedBefore: UInt64 = 0
  private var state: State
  private let type: FunctionType
  /// The counter before it: that of a host function that the host called itself, if one makes the execution.
  private let counterBefore: Counter
  /// The globals before it, to undo what a dropped execution wrote (stores with write tracking).
  private var globalsBefore = GlobalValues()

  private enum State {
    /// Not started, or interrupted.
    case ready
    case running, outOfInstructions, waiting, ended
  }

  /// Prepares a call of `function`, which `run` starts. `instructions` limits it; nil means no limit.
  ///
  /// Throws if the arguments do not fit or the store is owned by a suspended execution.
  public init(_ function: Function, arguments: [Value], instructions: UInt64? = nil) throws(ExecutionError) {
    store = function.store
    self.function = function
    type = function.type
    guard !store.isSuspended, store.depth == 0 else { throw .storeIsSuspended }
    guard function.record.pointee.cell != nil else {
      throw .typeMismatch("a host function cannot be suspended; call it directly")
    }
    isLimited = instructions != nil
    sliceLimit = Int(clamping: instructions ?? UInt64(Int.max))
    state = .ended
    counterBefore = store.counter
    try store.prepareEntry(function, arguments, type: type)
    store.setCounter(sliceLimit)
    store.isSuspended = true
    state = .ready
    if store.tracksWrites {
      for memory in store.trackedMemories { memory.beginExecution() }
      globalsBefore = GlobalValues(of: store.trackedGlobals)
    }
  }

  deinit {
    if state != .ended { abandon() }
  }

  /// Instructions executed so far: of all slices, each counted to where it stopped. 0 without metering, where the counter
  /// only paces the checks for interrupts.
  public var instructionsExecuted: UInt64 {
    if function.instance?.module.artifact.policy == MeteringPolicy.none { return 0 }
    if case .ended = state { return executedBefore }
    return executedToNow
  }

  /// Starts the execution, or goes on after `interrupted`.
  public func run() throws(ExecutionError) -> ExecutionState {
    guard state == .ready else { throw .notResumable }
    return step()
  }

  /// Goes on after `outOfInstructions`, or after `interrupted`, with the counter set to `instructions`.
  public func resume(instructions: UInt64) throws(ExecutionError) -> ExecutionState {
    guard state == .ready || state == .outOfInstructions else { throw .notResumable }
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
  private var executedToNow: UInt64 {
    let (sum, overflow) = executedBefore.addingReportingOverflow(store.executed(of: sliceLimit))
    return overflow ? .max : sum
  }

  /// Goes on after `waitingForHost`, with the results of the host function.
  public func resume(results: [Value]) throws(ExecutionError) -> ExecutionState {
    guard state == .waiting, let call = store.pendingHostCall else { throw .notResumable }
    let expected = store.hostFunctions[Int(call.record.pointee.index)].type.results
    try storeValues(results, expected, at: call.frame)
    return step()
  }

  /// Goes on after `waitingForHost` as if the host function had thrown `error`: with a trap that carries it.
  public func resume(throwing error: any Error) throws(ExecutionError) -> ExecutionState {
    guard state == .waiting, let call = store.pendingHostCall else { throw .notResumable }
    store.failedHostFunction = Int(call.record.pointee.index)
    if let kind = error as? TrapKind { return trapped(kind.status) }
    store.pendingError = error
    return trapped(TrapKind.hostError.status)
  }

  /// Ends the execution without finishing it. Where the store tracks writes, memories and globals are as before it;
  /// tables stay as they are. Does nothing while the execution runs, or after its end.
  public func abandon() {
    guard state != .ended && state != .running else { return }
    if store.tracksWrites {
      for memory in store.trackedMemories { memory.abandonExecution() }
      globalsBefore.restore()
    }
    end()
  }

  private func end() {
    for memory in store.trackedMemories { memory.endExecution() }
    executedBefore = executedToNow
    store.counter = counterBefore
    state = .ended
    store.isSuspended = false
    store.pendingHostCall = nil
  }

  private func trapped(_ status: Int) -> ExecutionState {
    let trap = store.takeTrap(status)
    // An interrupt that ended an execution inside a host function was for this one.
    if trap.kind == .interrupted { store.interruptHandle.flag.pointee.store(false, ordering: .relaxed) }
    end()
    return .trapped(trap)
  }

  private func step() -> ExecutionState {
    state = .running
    // The host may have grown the memory while the execution stood still.
    let instance = instanceContext(store.context.pointee.registers.cx)
    instance.refreshMemory()
    store.context.pointee.registers.md = instance.currentMemory.pointee.base
    store.depth += 1
    var status = dispatch(store.context)
    while status == Status.outOfInstructions && !isLimited {
      beginSlice(Int.max)
      status = dispatch(store.context)
    }
    store.depth -= 1
    switch status {
    case Status.finished:
      let results = store.results(type)
      end()
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
      return .waitingForHost(store.hostFunctions[Int(call.record.pointee.index)].type)
    default: return trapped(status)
    }
  }
}

func storeValues(_ values: [Value], _ types: [ValueType], at slots: UnsafeMutablePointer<UInt64>) throws(ExecutionError)
{
  guard values.count == types.count else {
    throw .typeMismatch("\(types.count) values expected, \(values.count) given")
  }
  var slot = slots
  for (index, value) in values.enumerated() {
    guard value.fits(types[index]) else {
      throw .typeMismatch("value \(index) must be \(types[index]), not \(value.type)")
    }
    value.store(to: slot)
    slot += types[index].slotCount
  }
}

/// The instruction counter: their sum.
struct Counter {
  /// What is left of the internal slice.
  var slice: Int
  /// What is in no slice yet.
  var reserve: Int
}

extension Store {
  /// Puts arguments and return address of a call from the host on the stack, and points the registers at the function,
  /// which must be one of an instance.
  func prepareEntry(_ function: Function, _ arguments: [Value], type: FunctionType) throws(ExecutionError) {
    let instance = moduleInstance(function.record.pointee.context)
    let index = Int(function.record.pointee.index)
    do throws(ArtifactError) { try instance.code.link(index) } catch { throw .invalidArtifact(error) }
    let code = PC(bitPattern: instance.code.cells[index].load(ordering: .acquiring)).unsafelyUnwrapped
    let header = nestedBase ?? context.pointee.stackBase
    let fp = header + 1
    try storeValues(arguments, type.parameters, at: fp)
    fp[-1] = UInt64(UInt(bitPattern: RuntimeCode.exit))
    let cx = function.record.pointee.context
    let reference = instanceContext(cx)
    reference.useMemory(reference.pointer.pointee.memories[0])
    // The limit holds for all executions on this stack together.
    reference.stackLimit = nestedBase == nil ? UInt(bitPattern: fp + limits.stackSlots) : nestedLimit
    context.pointee.registers = Registers(
      pc: code, fp: fp, md: reference.currentMemory.pointee.base, cx: cx,
      rm: context.pointee.registers.rm)
  }

  /// The instruction counter.
  var counter: Counter {
    get { Counter(slice: context.pointee.registers.rm, reserve: context.pointee.reserve) }
    set {
      context.pointee.registers.rm = newValue.slice
      context.pointee.reserve = newValue.reserve
    }
  }

  /// Sets the instruction counter.
  func setCounter(_ limit: Int) {
    let first = min(limit, context.pointee.slice)
    counter = Counter(slice: first, reserve: limit - first)
  }

  /// Instructions used of a counter that began at `limit`: never negative, saturating.
  func executed(of limit: Int) -> UInt64 {
    let counter = Int128(context.pointee.registers.rm) + Int128(context.pointee.reserve)
    return UInt64(clamping: Int128(limit) - counter)
  }

  /// The results of the outermost frame.
  func results(_ type: FunctionType) -> [Value] {
    var slot = UnsafePointer(context.pointee.registers.fp)
    return type.results.map { type in
      defer { slot += type.slotCount }
      return Value(type: type, from: slot)
    }
  }

  /// The trap that `status` stands for, with its backtrace and what a host function threw.
  func takeTrap(_ status: Int) -> Trap {
    let kind = TrapKind(rawValue: UInt8(truncatingIfNeeded: status)) ?? .unreachable
    let trap = Trap(kind: kind, backtrace: backtrace(), underlying: pendingError)
    pendingError = nil
    return trap
  }
}

extension Function {
  /// Calls the function and waits for its end. From inside a host function the call shares the caller's instruction
  /// counter; otherwise it has no limit.
  ///
  /// Throws a `Trap`, or an `ExecutionError` where the call itself is wrong. Inside a host function also the `TrapKind`s
  /// `outOfInstructions` and `interrupted`, which concern the whole execution: let through, they end it as that.
  public func call(_ arguments: [Value] = []) throws -> [Value] {
    let type = self.type
    if record.pointee.cell == nil { return try callHostDirectly(arguments, type, instructions: nil) }
    if store.depth == 0 {
      let execution = try Execution(self, arguments: arguments)
      switch try execution.run() {
      case .finished(let results): return results
      case .trapped(let trap): throw trap
      case .interrupted: throw Trap(kind: .interrupted)
      case .outOfInstructions: preconditionFailure("out of instructions without a limit")
      case .waitingForHost: throw ExecutionError.cannotSuspend
      }
    }
    return try callNested(arguments, type)
  }

  /// Calls a host function, with a counter of its own unless another host function does it.
  func callHostDirectly(_ arguments: [Value], _ type: FunctionType, instructions: UInt64?) throws -> [Value] {
    if store.depth > 0 { return try callHostDirectly(arguments, type) }
    let outer = store.counter
    let limit = Int(clamping: instructions ?? UInt64(Int.max))
    store.setCounter(limit)
    defer {
      store.directlyExecuted = store.executed(of: limit)
      store.counter = outer
    }
    return try callHostDirectly(arguments, type)
  }

  private func callHostDirectly(_ arguments: [Value], _ type: FunctionType) throws -> [Value] {
    let count = Int(max(record.pointee.parameterSlots, record.pointee.resultSlots, 1))
    let slots = UnsafeMutablePointer<UInt64>.allocate(capacity: count)
    slots.initialize(repeating: 0, count: count)
    defer { slots.deallocate() }
    try storeValues(arguments, type.parameters, at: slots)
    do {
      guard
        case .done = try store.hostFunctions[Int(record.pointee.index)].call(Caller(cx: CX(store.hostContext)), slots)
      else {
        throw ExecutionError.cannotSuspend
      }
    } catch let kind as TrapKind {
      // These concern the execution that the calling host function belongs to.
      if store.depth > 0, kind == .outOfInstructions || kind == .interrupted { throw kind }
      throw Trap(kind: kind)
    }
    var slot = UnsafePointer(slots)
    return type.results.map { type in
      defer { slot += type.slotCount }
      return Value(type: type, from: slot)
    }
  }

  /// A call from inside a host function.
  private func callNested(_ arguments: [Value], _ type: FunctionType) throws -> [Value] {
    guard let base = store.nestedBase else { throw ExecutionError.storeIsSuspended }
    let outer = store.context.pointee.registers
    let caller = instanceContext(outer.cx)
    let callerLimit = caller.stackLimit
    // Deeper, there is no room for what a frame may take beyond the limit.
    let first = base + 1 + Int(record.pointee.parameterSlots)
    let stackEnd = store.context.pointee.stackEnd
    guard UInt(bitPattern: first) < stackEnd, store.nestedLimit <= stackEnd,
      store.depth < store.limits.nestedExecutions
    else {
      throw Trap(kind: .callStackExhausted)
    }
    try store.prepareEntry(self, arguments, type: type)
    store.hostCharges.calledWasm = true
    store.depth += 1
    let status = dispatch(store.context)
    store.depth -= 1
    defer {
      // The counter flows back; everything else is as the host function left it, wherever the execution ended.
      let rm = store.context.pointee.registers.rm
      store.context.pointee.registers = outer
      store.context.pointee.registers.rm = rm
      // The calling instance may have been entered again, and left by a trap in the midst of anything.
      caller.stackLimit = callerLimit
      caller.useMemory(caller.memories[0])
    }
    switch status {
    case Status.finished: return store.results(type)
    case Status.outOfInstructions: throw TrapKind.outOfInstructions
    case Status.interrupted: throw TrapKind.interrupted
    case Status.suspended:
      store.pendingHostCall = nil
      throw ExecutionError.cannotSuspend
    default: throw store.takeTrap(status)
    }
  }
}
