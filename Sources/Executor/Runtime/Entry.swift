// How code from outside enters Wasm code: arguments on the stack, registers, the counter, results.

import Compiler
import Synchronization
import WebAssembly

/// The instruction counter: their sum.
struct Counter {
  /// What is left of the internal slice.
  var slice: Int
  /// What is in no slice yet.
  var reserve: Int
}

/// What an execution puts back when it ends or is dropped.
struct StateBeforeExecution {
  /// That of a host function that the host called itself, if one makes the execution.
  var counter: Counter
  /// To undo what a dropped execution wrote; nil without write tracking.
  var globals: GlobalValues?
  /// Segments that had been dropped.
  var droppedSegments: Int
}

/// A call from outside that can begin: its arguments go to `fp`.
struct Entry {
  var code: PC
  var fp: FP
  /// The stack's limit for the function's instance.
  var stackLimit: UInt
}

extension Store {
  // MARK: Entering

  /// The entry of a call that is not inside another execution; `record` must be that of a function of an instance.
  @inline(__always)
  func outermostEntry(_ record: UnsafeMutablePointer<FunctionRecord>) throws(ExecutionError) -> Entry {
    let code = try linkedCode(record)
    let fp = try takeStack() + 1
    return Entry(code: code, fp: fp, stackLimit: UInt(bitPattern: fp + limits.stackSlots))
  }

  /// The entry of a call inside a host function.
  func nestedEntry(_ record: UnsafeMutablePointer<FunctionRecord>) throws -> Entry {
    guard let frame = context.pointee.host.frame, let host = context.pointee.host.record else {
      throw ExecutionError.storeIsSuspended
    }
    // The host function takes nothing of the stack's limit: what it calls is as deep as a Wasm function in its place.
    let slots = Int(max(host.pointee.parameterSlots, host.pointee.resultSlots)) + 1
    let limit = instanceContext(context.pointee.registers.cx).stackLimit + UInt((slots + 1) * 8)
    let fp = frame + slots + 1
    // Deeper, there is no room for what a frame may take beyond the limit.
    let stackEnd = context.pointee.stackEnd
    guard UInt(bitPattern: fp + Int(record.pointee.parameterSlots)) < stackEnd, limit <= stackEnd,
      depth < limits.nestedExecutions
    else {
      throw Trap(kind: .callStackExhausted)
    }
    return Entry(code: try linkedCode(record), fp: fp, stackLimit: limit)
  }

  @inline(__always)
  private func linkedCode(_ record: UnsafeMutablePointer<FunctionRecord>) throws(ExecutionError) -> PC {
    let code = record.pointee.cell.unsafelyUnwrapped.pointee.load(ordering: .acquiring)
    return if let linked = PC(bitPattern: code) { linked } else { try linkNow(record) }
  }

  @inline(never)
  private func linkNow(_ record: UnsafeMutablePointer<FunctionRecord>) throws(ExecutionError) -> PC {
    let code = moduleInstance(record.pointee.context).code
    let index = Int(record.pointee.index)
    do throws(ArtifactError) { try code.link(index) } catch { throw .invalidArtifact(error) }
    return PC(bitPattern: code.cells[index].load(ordering: .acquiring)).unsafelyUnwrapped
  }

  /// Points the registers at the function, whose arguments stand at the entry's frame.
  @inline(__always)
  func enter(_ record: UnsafeMutablePointer<FunctionRecord>, _ entry: Entry) {
    entry.fp[-1] = UInt64(UInt(bitPattern: context.pointee.exit))
    let cx = record.pointee.context
    let reference = instanceContext(cx)
    reference.useMemory(reference.memories[0])
    // The limit holds for all executions on this stack together.
    reference.stackLimit = entry.stackLimit
    context.pointee.registers = Registers(
      pc: entry.code, fp: entry.fp, md: reference.currentMemory.pointee.base, cx: cx, rm: context.pointee.registers.rm)
  }

  // MARK: Executing

  /// Prepares an execution of the function, with the counter set to `limit`. A method of the store, for the caller holds
  /// it: a variable for it would count references.
  func begin(
    _ record: UnsafeMutablePointer<FunctionRecord>, _ arguments: [Value], limit: Int
  ) throws(ExecutionError) -> StateBeforeExecution {
    guard !isSuspended, depth == 0 else { throw .storeIsSuspended }
    guard record.pointee.cell != nil else {
      throw .typeMismatch("a host function cannot be suspended; call it directly")
    }
    let entry = try outermostEntry(record)
    do throws(ExecutionError) { try storeArguments(arguments, record, at: entry.fp) } catch {
      leaveStack()
      throw error
    }
    let before = beginExecution(limit: limit)
    enter(record, entry)
    return before
  }

  /// An execution begins to own the store, with the counter set to `limit`.
  @inline(__always)
  func beginExecution(limit: Int) -> StateBeforeExecution {
    var before = StateBeforeExecution(counter: counter, droppedSegments: context.pointee.droppedSegments)
    setCounter(limit)
    isSuspended = true
    if tracksWrites {
      for memory in trackedMemories { memory.beginExecution() }
      before.globals = GlobalValues(of: trackedGlobals)
    }
    return before
  }

  /// Executes from the registers on. Returns the status with which that ended.
  @inline(__always)
  func execute() -> Int {
    context.pointee.depth += 1
    let status = dispatch(context)
    context.pointee.depth -= 1
    return status
  }

  /// An execution ends; what it wrote stays.
  @inline(__always)
  func endExecution(_ before: StateBeforeExecution) {
    if tracksWrites { for memory in trackedMemories { memory.endExecution() } }
    counter = before.counter
    isSuspended = false
  }

  /// Undoes what the execution wrote that is about to end; tables stay as they are.
  func undoExecution(_ before: StateBeforeExecution) {
    guard tracksWrites else { return }
    for memory in trackedMemories { memory.abandonExecution() }
    before.globals?.restore()
    restoreSegments(after: before.droppedSegments)
  }

  /// The trap that `status` stands for, with its backtrace and what a host function threw.
  func takeTrap(_ status: Int) -> Trap {
    let kind = TrapKind(rawValue: UInt8(truncatingIfNeeded: status)) ?? .unreachable
    let trap = Trap(kind: kind, backtrace: backtrace(), underlying: pendingError)
    pendingError = nil
    return trap
  }

  // MARK: The counter

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
    let (counter, isBeyond) = context.pointee.registers.rm.addingReportingOverflow(context.pointee.reserve)
    let (used, isFar) = limit.subtractingReportingOverflow(counter)
    if !isBeyond && !isFar { return UInt64(max(used, 0)) }
    let exact = Int128(context.pointee.registers.rm) + Int128(context.pointee.reserve)
    return UInt64(clamping: Int128(limit) - exact)
  }
}

// MARK: Values in slots

/// Stores arguments for the function of `record`.
@inline(__always)
func storeArguments(
  _ values: [Value], _ record: UnsafeMutablePointer<FunctionRecord>, at slots: UnsafeMutablePointer<UInt64>
) throws(ExecutionError) {
  if values.isEmpty && record.pointee.parameterSlots == 0 { return }
  try storeValues(values, record.pointee.signature.pointee.parameters, at: slots)
}

/// The results of the function of `record`.
@inline(__always)
func loadResults(_ record: UnsafeMutablePointer<FunctionRecord>, from slots: UnsafePointer<UInt64>) -> [Value] {
  record.pointee.resultSlots == 0 ? [] : loadValues(record.pointee.signature.pointee.results, from: slots)
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

func loadValues(_ types: [ValueType], from slots: UnsafePointer<UInt64>) -> [Value] {
  var slot = slots
  return types.map { type in
    defer { slot += type.slotCount }
    return Value(type: type, from: slot)
  }
}
