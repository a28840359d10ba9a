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

struct HostFunction {
  var type: FunctionType
  var name: String
  var body: RawHostFunction
  /// The slots of results of 32 bits.
  var narrowResults: [Int] = []

  init(type: FunctionType, name: String, body: @escaping RawHostFunction) {
    self.type = type
    self.name = name
    self.body = body
    var slot = 0
    for result in type.results {
      if result == .i32 || result == .f32 { narrowResults.append(slot) }
      slot += result.slotCount
    }
  }

  /// Calls the closure. Of results of 32 bits the upper halves are cleared: Wasm code relies on it, and hosts may well
  /// have extended a sign.
  func call(_ caller: Caller, _ slots: UnsafeMutablePointer<UInt64>) throws -> HostOutcome {
    let outcome = try body(caller, slots)
    if case .done = outcome { for slot in narrowResults { slots[slot] &= 0xFFFF_FFFF } }
    return outcome
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

  /// Subtracts `amount` from the instruction counter; a check point.
  ///
  /// Throws `TrapKind.outOfInstructions` if the counter is, or falls, below 0. A host function that lets this error
  /// through stops the execution as any check point does (`ExecutionState.outOfInstructions`): when it is resumed, the
  /// function is called again from its start, and what it charged is not charged again. So a host function charges before
  /// it does anything that must not happen twice, and before it overwrites its parameters. The error is final where the
  /// execution can't be stopped: inside another host function, or after the function has called Wasm code.
  public func charge(_ amount: UInt64) throws(TrapKind) {
    let context = instanceContext(cx).store
    let store = self.store
    let counter = Int128(context.pointee.registers.rm) + Int128(context.pointee.reserve)
    if counter < 0 { throw .outOfInstructions }
    let paid = min(amount, store.hostCharges.credit)
    store.hostCharges.credit -= paid
    store.hostCharges.charged = UInt64(clamping: Int128(store.hostCharges.charged) + Int128(amount))
    // Clamped: code from outside can drive the counter anywhere.
    let rest = min(max(counter - Int128(amount - paid), Int128(Int.min)), Int128(Int.max))
    // Of the slice stays what was left of it: a new one here could keep check points from looking for interrupts for ever.
    let left = min(rest, max(Int128(context.pointee.registers.rm) - Int128(amount - paid), 0))
    context.pointee.registers.rm = Int(left)
    context.pointee.reserve = Int(rest - left)
    if rest < 0 {
      store.hostCharges.ranOut = true
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
  // A host call is a check point.
  if rm < 0 { return stopBeforeCall(pc, fp, cx, rm) }
  let frame = fp + Int(pc[length - 1] & 0xFFFF_FFFF)
  let status = invokeHost(pc, fp, cx, rm, record, frame, pc + length)
  if status != 0 { return status }
  return finishHostCall(cx, fp, record, frame, pc + length)
}

/// Calls a host function for the tail call at `pc`. It has no frame to replace ours with: it is called from here, and
/// its results are returned to our caller.
@inline(never)
func tailCallHost(_ pc: PC, _ fp: FP, _ cx: CX, _ rm: Int, _ record: UnsafeMutablePointer<FunctionRecord>) -> Int {
  if rm < 0 { return stopBeforeCall(pc, fp, cx, rm) }
  moveArguments(fp, pc[2])
  let status = invokeHost(pc, fp, cx, rm, record, fp, nil)
  if status != 0 { return status }
  return finishHostCall(cx, fp, record, fp, nil)
}

/// A call stops at its check point; it is executed again if execution goes on.
@inline(never)
private func stopBeforeCall(_ pc: PC, _ fp: FP, _ cx: CX, _ rm: Int) -> Int {
  let context = instanceContext(cx)
  return outOfInstructions(pc, fp, context.currentMemory.pointee.base, cx, context.store.pointee.registers.ac, rm, 0, 0)
}

/// Runs the closure. Returns 0, or the status that ends or suspends the execution.
@inline(never)
private func invokeHost(
  _ pc: PC, _ fp: FP, _ cx: CX, _ rm: Int, _ record: UnsafeMutablePointer<FunctionRecord>, _ frame: FP,
  _ back: PC?
) -> Int {
  let storeContext = instanceContext(cx).store
  storeContext.pointee.registers = Registers(
    pc: pc, fp: fp, md: instanceContext(cx).currentMemory.pointee.base, cx: cx, ac: 0, rm: rm)
  let store = Unmanaged<Store>.fromOpaque(storeContext.pointee.object).takeUnretainedValue()
  let outer = store.nestedBase
  let outerLimit = store.nestedLimit
  let outerCharges = store.hostCharges
  // The host function takes nothing of the stack's limit: what it calls is as deep as a Wasm function in its place.
  let slots = Int(max(record.pointee.parameterSlots, record.pointee.resultSlots)) + 1
  store.nestedBase = frame + slots
  store.nestedLimit = instanceContext(cx).stackLimit + UInt((slots + 1) * 8)
  store.hostCharges = HostCharges(credit: store.retryCredit)
  store.retryCredit = 0
  defer {
    store.nestedBase = outer
    store.nestedLimit = outerLimit
    store.hostCharges = outerCharges
  }
  do {
    switch try store.hostFunctions[Int(record.pointee.index)].call(Caller(cx: cx), frame) {
    case .done: return 0
    case .suspend:
      guard store.depth <= 1 else {
        store.failedHostFunction = Int(record.pointee.index)
        store.pendingError = ExecutionError.cannotSuspend
        return TrapKind.hostError.status
      }
      store.pendingHostCall = PendingHostCall(record: record, frame: frame, back: back, fp: fp, pc: pc)
      storeContext.pointee.registers.pc = RuntimeCode.resumeHostCall
      return Status.suspended
    }
  } catch let kind as TrapKind {
    let charges = store.hostCharges
    if kind == .outOfInstructions && charges.ranOut && !charges.calledWasm && store.depth <= 1 {
      store.pendingHostCall = PendingHostCall(
        record: record, frame: frame, back: back, fp: fp, pc: pc, credit: charges.charged)
      storeContext.pointee.registers.pc = RuntimeCode.retryHostCall
      return Status.outOfInstructions
    }
    store.failedHostFunction = Int(record.pointee.index)
    return kind.status
  } catch {
    store.failedHostFunction = Int(record.pointee.index)
    store.pendingError = error
    return TrapKind.hostError.status
  }
}

/// Passes the results at `frame` on to the caller.
@inline(never)
private func finishHostCall(
  _ cx: CX, _ fp: FP, _ record: UnsafeMutablePointer<FunctionRecord>, _ frame: FP, _ back: PC?
) -> Int {
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
  let store = Unmanaged<Store>.fromOpaque(instanceContext(cx).store.pointee.object).takeUnretainedValue()
  store.retryCredit = call.credit
  return invokeHost(call.pc, call.fp, cx, rm, call.record, call.frame, call.back)
}

@inline(never)
private func takePendingHostCall(_ cx: CX) -> PendingHostCall {
  let store = Unmanaged<Store>.fromOpaque(instanceContext(cx).store.pointee.object).takeUnretainedValue()
  guard let call = store.pendingHostCall else { preconditionFailure("no host call waits") }
  store.pendingHostCall = nil
  return call
}
