// Parked executions: what a suspended execution has changed is taken out of its store, which others can use meanwhile.
//
// Pages that it wrote are exchanged with their committed contents; registers, counter, globals and stack are put aside. All
// of that costs what the execution touched, whatever the memories' sizes. It can be put back only where the store is, to
// the bit, as it was left: so nothing that happens meanwhile can mix with it.

import Compiler
import WebAssembly

/// What a parked execution has written to a memory.
struct ParkedMemory {
  let memory: Memory
  /// That of what is committed.
  let version: UInt64
  /// Bytes.
  let size: UInt
  /// As in `WriteTracking`, but with the execution's contents in place of the old ones.
  var kept: KeptPages
  var before: (kept: KeptPages, size: UInt)?
}

/// What a parked execution has taken out of its store. An object, since hardly any execution has one.
final class ParkedExecution {
  /// Of the execution.
  let state: Execution.State
  let memories: [ParkedMemory]
  let globals: GlobalValues
  /// The globals that it left behind.
  let committedGlobals: GlobalValues
  let segments: [DroppedSegment]
  /// Of the store's list.
  let committedDrops: Int
  let registers: Registers
  let counter: Counter
  let hostCall: PendingHostCall?
  let stack: FP
  /// Of the instance that the registers are in; others find theirs on the stack.
  let stackLimit: UInt
  let currentMemory: UnsafeMutablePointer<MemoryRecord>
  /// Instructions executed.
  let executed: UInt64

  /// Takes the memories' changes out; what else is to be changed in the store is the caller's.
  init(
    _ state: Execution.State, of store: Store, stack: FP, stackLimit: UInt,
    currentMemory: UnsafeMutablePointer<MemoryRecord>, executed: UInt64
  ) {
    self.state = state
    memories = store.trackedMemories.map { $0.park() }
    globals = GlobalValues(of: store.trackedGlobals)
    committedGlobals = store.committedGlobals
    segments = Array(store.droppedSegments[store.committedDrops...])
    committedDrops = store.committedDrops
    registers = store.context.pointee.registers
    counter = store.counter
    hostCall = store.pendingHostCall
    self.stack = stack
    self.stackLimit = stackLimit
    self.currentMemory = currentMemory
    self.executed = executed
  }
}

extension Execution {
  /// Whether the execution is parked.
  public var isParked: Bool { state == .parked }

  /// Takes a stopped execution, or one that has not begun, out of its store: memories and globals are as they were at the
  /// last commit, segments too, and the store is free for others, with a whole stack. What else was not committed is put
  /// aside as well. Tables stay as they are. Costs what was written since the commit.
  ///
  /// Others may execute anything meanwhile, if what they change is rolled back before `unpark`. `abandon`, or dropping the
  /// execution, forgets it and what else was put aside.
  ///
  /// Throws `notResumable` where the execution runs or has ended, or a host function called it from outside of executions;
  /// `parked` where it is parked; `notTracked` in a store without write tracking.
  public func park() throws(ExecutionError) {
    guard state != .parked else { throw .parked }
    guard state != .ended && state != .running && state != .open else { throw .notResumable }
    guard store.depth == 0, store.directCalls == 0 else { throw .notResumable }
    guard store.tracksWrites else { throw .notTracked }
    let context = store.context
    let instance = instanceContext(context.pointee.registers.cx)
    let executed = executedToNow
    guard let stack = store.removeStack() else { preconditionFailure("an execution without a stack") }
    parked = ParkedExecution(
      state, of: store, stack: stack, stackLimit: instance.stackLimit, currentMemory: instance.currentMemory,
      executed: executed)
    state = .parked
    store.committedGlobals.restore()
    store.restoreSegments(after: store.committedDrops)
    store.pendingHostCall = nil
    context.pointee.host = RunningHostFunction()
    store.counter = before.counter
    store.isSuspended = false
  }

  /// Puts a parked execution back into its store, to go on as if nothing had been.
  ///
  /// Throws `notParked`; `storeIsSuspended` while another execution is in progress; `storeHasChanged` where something is
  /// not as the execution left it: another commit, or changes that are not committed, in memories or globals, or other
  /// segments dropped. Then the execution stays parked.
  public func unpark() throws(ExecutionError) {
    guard let parked else { throw .notParked }
    guard !store.isSuspended, store.depth == 0, store.directCalls == 0 else { throw .storeIsSuspended }
    guard store.trackedMemories.allSatisfy({ $0.tracking.isClean($0.record.pointee.size) }),
      parked.memories.allSatisfy({ $0.memory.tracking.version == $0.version }),
      parked.committedGlobals.areCurrent, store.committedGlobals.areCurrent,
      store.droppedSegments.count == parked.committedDrops, store.committedDrops == parked.committedDrops
    else { throw .storeHasChanged }
    for memory in parked.memories { memory.memory.unpark(memory) }
    parked.globals.restore()
    store.drop(parked.segments)
    store.pendingHostCall = parked.hostCall
    store.exchangeStack(for: parked.stack)
    store.context.pointee.registers = parked.registers
    store.counter = parked.counter
    let instance = instanceContext(parked.registers.cx)
    instance.stackLimit = parked.stackLimit
    instance.useMemory(parked.currentMemory)
    store.isSuspended = true
    state = parked.state
    self.parked = nil
  }

  /// Forgets what was put aside.
  func discard(_ parked: ParkedExecution) {
    self.parked = nil
    for var memory in parked.memories {
      memory.kept.removeAll()
      memory.before?.kept.removeAll()
    }
    store.stacks.give(UnsafeMutableRawPointer(parked.stack))
  }
}
