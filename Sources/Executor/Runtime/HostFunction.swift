// Host functions: Swift closures that Wasm code calls.

import Compiler
import WebAssembly

/// How a host function ended.
public enum HostOutcome: Sendable {
  /// The results are in the slots.
  case done
  /// Execution stops here as a value; whoever resumes it gives the results.
  case suspend
}

/// The body of a host function. `slots` hold the parameters, and take the results; of an i32 or f32 the low half of its
/// slot counts. A thrown error ends the execution with
/// a trap that carries it; a thrown `TrapKind` traps as that.
public typealias RawHostFunction = (_ caller: Caller, _ slots: UnsafeMutablePointer<UInt64>) throws -> HostOutcome

extension TrapKind: Error {}

/// A host function of a store. Calls reach it through its record, without counting references.
final class HostFunction {
  let signature: UnsafePointer<FunctionType>
  let name: String
  let body: RawHostFunction

  init(type: FunctionType, name: String, body: @escaping RawHostFunction) {
    let signature = UnsafeMutablePointer<FunctionType>.allocate(capacity: 1)
    signature.initialize(to: type)
    self.signature = UnsafePointer(signature)
    self.name = name
    // `FunctionRecord.narrowSlots` tells those before.
    let distant = slotsOfHalves(type.results).filter { $0 >= 64 }
    if distant.isEmpty {
      self.body = body
    } else {
      self.body = { caller, slots in
        let outcome = try body(caller, slots)
        if case .done = outcome { for slot in distant { slots[slot] &= 0xFFFF_FFFF } }
        return outcome
      }
    }
  }

  deinit { UnsafeMutablePointer(mutating: signature).deinitialize(count: 1).deallocate() }
}

/// Of values that stand in slots one after the other: the slots of those of 32 bits.
func slotsOfHalves(_ types: [ValueType]) -> [Int] {
  var slots: [Int] = []
  var slot = 0
  for type in types {
    if type == .i32 || type == .f32 { slots.append(slot) }
    slot += type.slotCount
  }
  return slots
}

/// The first 64 of these slots, as bits.
func narrowSlots(_ types: [ValueType]) -> UInt64 { slotsOfHalves(types).reduce(0) { $0 | 1 << UInt64($1) } }

/// Clears the upper halves of the slots in `narrow`.
@inline(__always)
func clearUpperHalves(_ slots: UnsafeMutablePointer<UInt64>, _ narrow: UInt64) {
  var rest = narrow
  while rest != 0 {
    slots[rest.trailingZeroBitCount] &= 0xFFFF_FFFF
    rest &= rest &- 1
  }
}

/// What the host function that runs has charged.
struct HostCharges {
  /// What it charged before, in a run that ended because the counter ran out.
  var credit: UInt64 = 0
  /// All that it charged in this run, from the credit too.
  var charged: UInt64 = 0
  var ranOut = false
  /// Whether it has called Wasm code: then it can't be run again.
  var calledWasm = false
}

/// The host function that runs, for what it may do: charge, and call Wasm code. Left as it is when the function ends; an
/// execution inside it puts it back.
struct RunningHostFunction {
  /// The call's frame: parameters and results. Nil before the first call.
  var frame: FP?
  /// Nil before the first call.
  var record: UnsafeMutablePointer<FunctionRecord>?
  var charges = HostCharges()
}

/// A host call that waits for its results, or to be run again.
struct PendingHostCall {
  var record: UnsafeMutablePointer<FunctionRecord>
  var frame: FP
  /// Where the caller goes on; nil after a tail call, which returns to its caller's caller.
  var back: PC?
  var fp: FP
  /// The call operation, for backtraces.
  var pc: PC
  /// What the function charged in the run that ended because the counter ran out.
  var credit: UInt64 = 0
}

/// The view that a host function has of the code that called it. Valid during the call only.
public struct Caller {
  let cx: CX

  /// The calling instance; nil where the host calls the function itself.
  public var instance: Instance? {
    if cx == UnsafeMutableRawPointer(store.hostContext) { return nil }
    return Instance(store: store, object: moduleInstance(cx))
  }

  /// The store in which the call happens.
  public var store: Store {
    Unmanaged<Store>.fromOpaque(instanceContext(cx).store.pointee.object).takeUnretainedValue()
  }

  /// The bytes of the calling instance's memory 0, until it grows, without counting references; nil where it has none, or an
  /// empty one, or writes are tracked, of which such a pointer would know nothing.
  @inline(__always)
  package var untrackedMemory: UnsafeMutableRawBufferPointer? {
    let context = instanceContext(cx)
    // Sound: the store is there while code of it runs.
    let store = Unmanaged<Store>.fromOpaque(context.store.pointee.object)
    guard
      store._withUnsafeGuaranteedRef({ !$0.tracksWrites && cx != UnsafeMutableRawPointer($0.hostContext) })
    else { return nil }
    let memory = context.memories[0].pointee
    return memory.size == 0 ? nil : UnsafeMutableRawBufferPointer(start: memory.base, count: Int(memory.size))
  }

  /// Subtracts `amount` from the instruction counter; a check point.
  ///
  /// Throws `TrapKind.outOfInstructions` if the counter is, or falls, below 0. A host function that lets this error
  /// through stops the execution as any check point does (`ExecutionState.outOfInstructions`): when it is resumed, the
  /// function is called again from its start, and what it charged is not charged again. So a host function charges before
  /// it does anything that must not happen twice, and before it overwrites its parameters. The error is final where the
  /// execution can't be stopped: inside another host function, or after the function has called Wasm code.
  public func charge(_ amount: UInt64) throws(TrapKind) {
    let context = instanceContext(cx).store
    let counter = Int128(context.pointee.registers.rm) + Int128(context.pointee.reserve)
    if counter < 0 { throw .outOfInstructions }
    let charges = context.pointee.host.charges
    let paid = min(amount, charges.credit)
    context.pointee.host.charges.credit = charges.credit - paid
    context.pointee.host.charges.charged = UInt64(clamping: Int128(charges.charged) + Int128(amount))
    // Clamped: code from outside can drive the counter anywhere.
    let rest = min(max(counter - Int128(amount - paid), Int128(Int.min)), Int128(Int.max))
    // Of the slice stays what was left of it: a new one here could keep check points from looking for interrupts for ever.
    let left = min(rest, max(Int128(context.pointee.registers.rm) - Int128(amount - paid), 0))
    context.pointee.registers.rm = Int(left)
    context.pointee.reserve = Int(rest - left)
    if rest < 0 {
      context.pointee.host.charges.ranOut = true
      throw .outOfInstructions
    }
  }

  /// What remains of the instruction limit; negative between check points if it is overrun.
  public var remainingInstructions: Int {
    let store = instanceContext(cx).store
    let (sum, overflow) = store.pointee.registers.rm.addingReportingOverflow(store.pointee.reserve)
    return overflow ? Int.max : sum
  }
}

/// Calls a host function for the call operation at `pc`, of `length` words, whose last word names the frame that holds
/// parameters and takes results.
@inline(never)
func callHost(
  _ pc: PC, _ fp: FP, _ cx: CX, _ rm: Int, _ record: UnsafeMutablePointer<FunctionRecord>, _ length: Int
) -> Int {
  // A host call is a check point, with few exceptions.
  if _slowPath(rm < 0), record.pointee.isCheckPoint { return stopBeforeCall(pc, fp, cx, rm) }
  let frame = fp + Int(pc[length - 1] & 0xFFFF_FFFF)
  let status = runHostFunction(pc, fp, cx, rm, record, frame, pc + length, credit: 0)
  if _slowPath(status != 0) { return status }
  return finishHostCall(cx, fp, record, frame, pc + length)
}

/// Calls a host function for the tail call at `pc`. It has no frame to replace ours with: it is called from here, and
/// its results are returned to our caller.
@inline(never)
func tailCallHost(_ pc: PC, _ fp: FP, _ cx: CX, _ rm: Int, _ record: UnsafeMutablePointer<FunctionRecord>) -> Int {
  if rm < 0, record.pointee.isCheckPoint { return stopBeforeCall(pc, fp, cx, rm) }
  moveArguments(fp, pc[2])
  let status = runHostFunction(pc, fp, cx, rm, record, fp, nil, credit: 0)
  if status != 0 { return status }
  return finishHostCall(cx, fp, record, fp, nil)
}

/// A call stops at its check point; it is executed again if execution goes on.
@inline(never)
private func stopBeforeCall(_ pc: PC, _ fp: FP, _ cx: CX, _ rm: Int) -> Int {
  let context = instanceContext(cx)
  return outOfInstructions(pc, fp, context.currentMemory.pointee.base, cx, context.store.pointee.registers.ac, rm, 0, 0)
}

/// Runs the closure. Returns 0, or the status that ends or suspends the execution. `credit` is what it has paid already.
@inline(__always)
private func runHostFunction(
  _ pc: PC, _ fp: FP, _ cx: CX, _ rm: Int, _ record: UnsafeMutablePointer<FunctionRecord>, _ frame: FP, _ back: PC?,
  credit: UInt64
) -> Int {
  let context = instanceContext(cx).store
  // Where the execution is, for backtraces and for executions inside this one. The other registers are dead.
  context.pointee.registers.pc = pc
  context.pointee.registers.fp = fp
  context.pointee.registers.cx = cx
  context.pointee.registers.rm = rm
  context.pointee.host = RunningHostFunction(frame: frame, record: record, charges: HostCharges(credit: credit))
  do {
    // Sound: the record is a host function's, which the store keeps; so it needs no counting while it runs.
    let outcome = try record.pointee.host.unsafelyUnwrapped._withUnsafeGuaranteedRef {
      try $0.body(Caller(cx: cx), frame)
    }
    // No credit is left to whatever charges next.
    context.pointee.host.charges.credit = 0
    if case .done = outcome { return 0 }
  } catch {
    return hostFunctionFailed(error, cx, back)
  }
  return hostFunctionWaits(cx, back)
}

/// What waits: the call of the host function that ran last.
private func pendingCall(_ store: Store, _ back: PC?, credit: UInt64) -> PendingHostCall {
  let context = store.context.pointee
  guard let record = context.host.record, let frame = context.host.frame else {
    preconditionFailure("no host function has run")
  }
  return PendingHostCall(
    record: record, frame: frame, back: back, fp: context.registers.fp, pc: context.registers.pc, credit: credit)
}

/// The host function asked to wait.
@inline(never)
private func hostFunctionWaits(_ cx: CX, _ back: PC?) -> Int {
  let store = Caller(cx: cx).store
  guard store.depth <= 1 else {
    store.failedHostFunction = runningIndex(store)
    store.pendingError = ExecutionError.cannotSuspend
    return TrapKind.hostError.status
  }
  store.pendingHostCall = pendingCall(store, back, credit: 0)
  store.context.pointee.registers.pc = RuntimeCode.resumeHostCall
  return Status.suspended
}

/// The host function threw.
@inline(never)
private func hostFunctionFailed(_ error: any Error, _ cx: CX, _ back: PC?) -> Int {
  let store = Caller(cx: cx).store
  store.context.pointee.host.charges.credit = 0
  guard let kind = error as? TrapKind else {
    store.failedHostFunction = runningIndex(store)
    store.pendingError = error
    return TrapKind.hostError.status
  }
  let charges = store.context.pointee.host.charges
  if kind == .outOfInstructions && charges.ranOut && !charges.calledWasm && store.depth <= 1 {
    store.pendingHostCall = pendingCall(store, back, credit: charges.charged)
    store.context.pointee.registers.pc = RuntimeCode.retryHostCall
    return Status.outOfInstructions
  }
  store.failedHostFunction = runningIndex(store)
  return kind.status
}

/// The host function that ran last, among those of the store.
private func runningIndex(_ store: Store) -> Int? { store.context.pointee.host.record.map { Int($0.pointee.index) } }

/// Passes the results at `frame` on to the caller. Of those of 32 bits the upper halves are cleared: Wasm code relies on
/// it, and hosts may well have extended a sign.
@inline(__always)
private func finishHostCall(
  _ cx: CX, _ fp: FP, _ record: UnsafeMutablePointer<FunctionRecord>, _ frame: FP, _ back: PC?
) -> Int {
  clearUpperHalves(frame, record.pointee.narrowSlots)
  let caller = instanceContext(cx)
  caller.refreshMemory()
  let rm = caller.store.pointee.registers.rm
  let md = caller.currentMemory.pointee.base
  let value = frame[0]
  guard let back else {
    // After a tail call the results are at the start of the frame; return them as any function does.
    let outer = PC(bitPattern: UInt(fp[-1])).unsafelyUnwrapped
    let z = outer[-1]
    let callerFrame = fp - Int(z & 0xFFFF_FFFF)
    if record.pointee.returnsScalar { callerFrame[Int(z >> 32)] = value }
    return next(outer, callerFrame, md, cx, value, rm, Double(bitPattern: value), 0)
  }
  if record.pointee.returnsScalar { fp[Int(back[-1] >> 32)] = value }
  return next(back, fp, md, cx, value, rm, Double(bitPattern: value), 0)
}

/// Goes on after a suspended host call, whose results now stand in its frame.
@inline(never)
func resumeHostCall(
  _ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double
) -> Int {
  instanceContext(cx).store.pointee.registers.rm = rm
  let call = takePendingHostCall(cx)
  return finishHostCall(cx, call.fp, call.record, call.frame, call.back)
}

/// Calls a host function again whose charge was more than the counter held when it ran before.
@inline(never)
func retryHostCall(
  _ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double
) -> Int {
  if rm < 0 { return outOfInstructions(pc, fp, md, cx, ac, rm, x0, x1) }
  let call = takePendingHostCall(cx)
  let status = repeatHostCall(cx, call, rm)
  if status != 0 { return status }
  return finishHostCall(cx, call.fp, call.record, call.frame, call.back)
}

@inline(never)
private func repeatHostCall(_ cx: CX, _ call: PendingHostCall, _ rm: Int) -> Int {
  runHostFunction(call.pc, call.fp, cx, rm, call.record, call.frame, call.back, credit: call.credit)
}

@inline(never)
private func takePendingHostCall(_ cx: CX) -> PendingHostCall {
  let store = Caller(cx: cx).store
  guard let call = store.pendingHostCall else { preconditionFailure("no host call waits") }
  store.pendingHostCall = nil
  return call
}
