// Calls from the host that wait for their end.

import Compiler
import WebAssembly

extension Function {
  /// Calls the function and waits for its end. From inside a host function the call shares the caller's instruction
  /// counter; otherwise it has no limit.
  ///
  /// Throws a `Trap`, or an `ExecutionError` where the call itself is wrong. Inside a host function also the `TrapKind`s
  /// `outOfInstructions` and `interrupted`, which concern the whole execution: let through, they end it as that.
  public func call(_ arguments: [Value] = []) throws -> [Value] {
    if record.pointee.cell == nil { return try callHostDirectly(arguments, instructions: nil) }
    let isNested = store.depth > 0
    let entry = try isNested ? store.nestedEntry(record) : outermostEntry()
    defer { if !isNested { store.leaveStack() } }
    try storeArguments(arguments, record, at: entry.fp)
    let results = try isNested ? executeNested(entry) : execute(entry)
    return loadResults(record, from: results)
  }

  /// The same on slots, without allocating anything: they hold the parameters, one each, two for a vector, and then the
  /// results. Of an i32 or f32 the low half of its slot counts, and the upper half of a result is 0. A reference is its
  /// handle. There must be a slot for each parameter, and for each result.
  public func call(slots: UnsafeMutableBufferPointer<UInt64>) throws { try callOnSlots(slots) }

  @inline(__always)
  fileprivate func callOnSlots(_ slots: UnsafeMutableBufferPointer<UInt64>) throws {
    let parameterSlots = Int(record.pointee.parameterSlots)
    let resultSlots = Int(record.pointee.resultSlots)
    precondition(slots.count >= max(parameterSlots, resultSlots), "too few slots for the function's type")
    if record.pointee.cell == nil {
      // Also without slots a host function gets the address of one.
      guard let base = slots.baseAddress else {
        _ = try callHostDirectly([], instructions: nil)
        return
      }
      return try callHostDirectly(base, instructions: nil)
    }
    let isNested = store.depth > 0
    let entry = try isNested ? store.nestedEntry(record) : outermostEntry()
    defer { if !isNested { store.leaveStack() } }
    if let base = slots.baseAddress {
      for slot in 0..<parameterSlots { entry.fp[slot] = base[slot] }
      clearUpperHalves(entry.fp, record.pointee.narrowSlots)
      if parameterSlots > 64 { clearDistantHalves(entry.fp) }
    }
    let results = try isNested ? executeNested(entry) : execute(entry)
    if let base = slots.baseAddress { for slot in 0..<resultSlots { base[slot] = results[slot] } }
  }

  @inline(never)
  private func clearDistantHalves(_ slots: UnsafeMutablePointer<UInt64>) {
    for slot in slotsOfHalves(record.pointee.signature.pointee.parameters) { slots[slot] &= 0xFFFF_FFFF }
  }

  @inline(__always)
  private func outermostEntry() throws(ExecutionError) -> Entry {
    guard !store.isSuspended else { throw .storeIsSuspended }
    return try store.outermostEntry(record)
  }

  /// Executes a call that is inside no other execution. Returns where the results stand, until something else is executed.
  @inline(__always)
  private func execute(_ entry: Entry) throws -> UnsafePointer<UInt64> {
    let before = store.beginExecution(limit: Int.max)
    store.enter(record, entry)
    let status = store.execute()
    if _slowPath(status != Status.finished) { try finish(status, before) } else { store.endExecution(before) }
    return UnsafePointer(store.context.pointee.registers.fp)
  }

  /// The rest of a call that did not come to its end at once.
  @inline(never)
  private func finish(_ status: Int, _ before: StateBeforeExecution) throws {
    switch Execution(continuing: self, before).settle(status) {
    case .finished: return
    case .trapped(let trap): throw trap
    case .interrupted: throw Trap(kind: .interrupted)
    case .outOfInstructions: preconditionFailure("out of instructions without a limit")
    case .waitingForHost: throw ExecutionError.cannotSuspend
    }
  }

  /// Executes a call from inside a host function. Returns where the results stand, until something else is executed.
  private func executeNested(_ entry: Entry) throws -> UnsafePointer<UInt64> {
    let context = store.context
    let outer = context.pointee.registers
    let caller = instanceContext(outer.cx)
    let callerLimit = caller.stackLimit
    context.pointee.host.charges.calledWasm = true
    let host = context.pointee.host
    store.enter(record, entry)
    let status = store.execute()
    let results = UnsafePointer(context.pointee.registers.fp)
    defer {
      // The counter flows back; everything else is as the host function left it, wherever the execution ended.
      let rm = context.pointee.registers.rm
      context.pointee.registers = outer
      context.pointee.registers.rm = rm
      context.pointee.host = host
      // The calling instance may have been entered again, and left by a trap in the midst of anything.
      caller.stackLimit = callerLimit
      caller.useMemory(caller.memories[0])
    }
    switch status {
    case Status.finished: return results
    case Status.outOfInstructions: throw TrapKind.outOfInstructions
    case Status.interrupted: throw TrapKind.interrupted
    case Status.suspended:
      store.pendingHostCall = nil
      throw ExecutionError.cannotSuspend
    default: throw store.takeTrap(status)
    }
  }

  // MARK: Host functions

  /// Calls a host function, with a counter of its own unless another host function does it.
  func callHostDirectly(_ arguments: [Value], instructions: UInt64?, from caller: CX? = nil) throws -> [Value] {
    let count = Int(max(record.pointee.parameterSlots, record.pointee.resultSlots, 1))
    let slots = UnsafeMutablePointer<UInt64>.allocate(capacity: count)
    slots.initialize(repeating: 0, count: count)
    defer { slots.deallocate() }
    try storeArguments(arguments, record, at: slots)
    try callHostDirectly(slots, instructions: instructions, from: caller)
    return loadResults(record, from: slots)
  }

  private func callHostDirectly(
    _ slots: UnsafeMutablePointer<UInt64>, instructions: UInt64?, from caller: CX? = nil
  ) throws {
    if store.depth > 0 { return try callHostDirectly(slots, from: caller) }
    let outer = store.counter
    let limit = Int(clamping: instructions ?? UInt64(Int.max))
    store.setCounter(limit)
    store.directCalls += 1
    defer {
      store.directCalls -= 1
      store.directlyExecuted = store.executed(of: limit)
      store.counter = outer
    }
    try callHostDirectly(slots, from: caller)
  }

  private func callHostDirectly(_ slots: UnsafeMutablePointer<UInt64>, from caller: CX?) throws {
    do {
      let caller = Caller(cx: caller ?? CX(store.hostContext))
      guard case .done = try store.hostFunctions[Int(record.pointee.index)].body(caller, slots) else {
        throw ExecutionError.cannotSuspend
      }
    } catch let kind as TrapKind {
      // These concern the execution that the calling host function belongs to.
      if store.depth > 0, kind == .outOfInstructions || kind == .interrupted { throw kind }
      throw Trap(kind: kind)
    }
    clearUpperHalves(slots, record.pointee.narrowSlots)
  }
}

extension Store {
  /// `Function.call(slots:)` for the function of `record`, without a `Function` whose references would be counted.
  package func call(
    _ record: UnsafeMutablePointer<FunctionRecord>, slots: UnsafeMutableBufferPointer<UInt64>
  ) throws {
    try Function(store: self, record: record).callOnSlots(slots)
  }
}
