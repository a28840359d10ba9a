// The parts of control operations that are too large to stand in every handler: traps, the end of a slice, calls over
// an instance's border.

import Compiler
import Synchronization
import WebAssembly

/// Ends execution with a trap. The registers say where.
@inline(never)
func trapped(_ pc: PC, _ fp: FP, _ cx: CX, _ rm: Int, _ status: Int) -> Int {
  let store = instanceContext(cx).store
  store.pointee.registers.pc = pc
  store.pointee.registers.fp = fp
  store.pointee.registers.cx = cx
  store.pointee.registers.rm = rm
  return status
}

/// `rm` fell below 0 at a check point; `pc` is where execution goes on. Refills it from the reserve, or stops.
@inline(never)
func outOfInstructions(
  _ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double
) -> Int {
  let store = instanceContext(cx).store
  // The counter of the whole limit is rm + reserve; a refill must not hide that it is negative.
  var status = Status.outOfInstructions
  var left = rm
  if store.pointee.interrupt.pointee.load(ordering: .relaxed) {
    status = Status.interrupted
  } else if rm &+ store.pointee.reserve >= 0 {
    // At least what is missing, and a slice more if there is one.
    let wanted = min(store.pointee.reserve, store.pointee.slice &- rm)
    store.pointee.reserve -= wanted
    left = rm + wanted
    return next(pc, fp, md, cx, ac, left, x0, x1)
  }
  store.pointee.registers = Registers(pc: pc, fp: fp, md: md, cx: cx, ac: ac, rm: left, x0: x0, x1: x1)
  return status
}

/// A dynamic charge: `amount` counts as unsigned; a counter that would fall below the least integer stays there.
@inline(never)
func chargeAmount(
  _ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double, _ amount: UInt64
) -> Int {
  if rm >= 0 && amount <= UInt64(rm) { return next(pc, fp, md, cx, ac, rm - Int(amount), x0, x1) }
  let store = instanceContext(cx).store
  let counter = Int128(rm) + Int128(store.pointee.reserve) - Int128(amount)
  if counter < 0 {
    store.pointee.reserve = 0
    return outOfInstructions(pc, fp, md, cx, ac, Int(max(counter, Int128(Int.min))), x0, x1)
  }
  let left = min(Int(counter), store.pointee.slice)
  store.pointee.reserve = Int(counter) - left
  return next(pc, fp, md, cx, ac, left, x0, x1)
}

/// The callee has not been called before: verify and link it, then execute the same operation again.
@inline(never)
func linkAndRetry(_ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double) -> Int {
  let function = Int(pc[1] & 0xFFFF_FFFF)
  if let status = linkFunction(cx, function) { return trapped(pc, fp, cx, rm, status) }
  return next(pc, fp, md, cx, ac, rm, x0, x1)
}

/// Links function `index` of the instance. Returns nil if that went well.
private func linkFunction(_ cx: CX, _ index: Int) -> Int? {
  let instance = Unmanaged<Instance>.fromOpaque(instanceContext(cx).pointer.pointee.object).takeUnretainedValue()
  do throws(ArtifactError) {
    try instance.code.link(index)
    return nil
  } catch {
    instance.store.pendingError = error
    return TrapKind.hostError.status
  }
}

// MARK: Calls through records

/// Calls `record` for the call operation at `pc`, whose arguments are in the frame that word 2 names.
@inline(never)
func callRecord(
  _ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double,
  _ optional: UnsafeMutablePointer<FunctionRecord>?
) -> Int {
  // Sound: callers pass the record of an import or a checked table element.
  let record = optional.unsafelyUnwrapped
  return callFunction(pc, fp, md, cx, ac, rm, x0, x1, record, 3)
}

/// `length`: words of the call operation that come before its return address.
@inline(never)
func callFunction(
  _ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double,
  _ record: UnsafeMutablePointer<FunctionRecord>, _ length: Int
) -> Int {
  let z = pc[length - 1]
  let frame = fp + Int(z & 0xFFFF_FFFF)
  guard let cell = record.pointee.cell else {
    return callHost(pc, fp, md, cx, ac, rm, x0, x1, record, frame, pc + length)
  }
  var code = cell.pointee.load(ordering: .acquiring)
  if code == 0 {
    if let status = linkFunction(record.pointee.context, Int(record.pointee.index)) {
      return trapped(pc, fp, cx, rm, status)
    }
    code = cell.pointee.load(ordering: .acquiring)
  }
  frame[-1] = UInt64(UInt(bitPattern: pc + length))
  let target = PC(bitPattern: code).unsafelyUnwrapped
  if record.pointee.context == cx { return next(target, frame, md, cx, ac, rm, x0, x1) }
  return enterInstance(target, pc, fp, frame, frame, cx, rm, record)
}

/// Words that a call over an instance's border puts between the frames: the caller's context, the shape of the results,
/// and the callee's return address.
let borderSlots = 3

/// Enters another instance: saves the caller's context at `frame`, and starts the callee's frame behind it with the
/// arguments that are at `arguments`.
private func enterInstance(
  _ target: PC, _ pc: PC, _ fp: FP, _ frame: FP, _ arguments: FP, _ cx: CX, _ rm: Int,
  _ record: UnsafeMutablePointer<FunctionRecord>
) -> Int {
  let caller = instanceContext(cx)
  let raised = caller.stackLimit &+ UInt(borderSlots * 8)
  let count = Int(record.pointee.parameterSlots)
  if raised > caller.stackEnd || UInt(bitPattern: frame + borderSlots + count) > caller.stackEnd {
    return trapped(pc, fp, cx, rm, TrapKind.callStackExhausted.status)
  }
  let callee = frame + borderSlots
  // Moves within one stack; the ranges may overlap.
  UnsafeMutableRawPointer(callee).copyMemory(from: arguments, byteCount: count * 8)
  frame[0] = UInt64(UInt(bitPattern: cx))
  frame[1] = UInt64(record.pointee.resultSlots) | (record.pointee.returnsScalar ? 1 << 32 : 0)
  frame[2] = UInt64(UInt(bitPattern: RuntimeCode.leaveInstance))
  let target_ = instanceContext(record.pointee.context)
  target_.stackLimit = raised
  target_.useMemory(target_.pointer.pointee.memories[0])
  return next(target, callee, target_.currentMemory.pointee.base, record.pointee.context, 0, rm, 0, 0)
}

/// A callee behind an instance's border returned; `fp` is where its caller's context was saved.
@inline(never)
func leaveInstance(_ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double) -> Int {
  let callerContext = CX(bitPattern: UInt(fp[0])).unsafelyUnwrapped
  let shape = fp[1]
  let caller = instanceContext(callerContext)
  // Saturating: code from outside may have lowered the limit, but must not make it wrap.
  caller.stackLimit = max(instanceContext(cx).stackLimit, UInt(borderSlots * 8)) &- UInt(borderSlots * 8)
  caller.useMemory(caller.pointer.pointee.memories[0])
  let back = PC(bitPattern: UInt(fp[-1])).unsafelyUnwrapped
  let z = back[-1]
  let frame = fp - Int(z & 0xFFFF_FFFF)
  if shape >> 32 != 0 {
    frame[Int(z >> 32)] = fp[2]
  } else {
    UnsafeMutableRawPointer(fp).copyMemory(from: fp + borderSlots, byteCount: Int(shape & 0xFFFF_FFFF) * 8)
  }
  return next(back, frame, caller.currentMemory.pointee.base, callerContext, ac, rm, x0, x1)
}

/// The record of element `index` of the table that word `q` names, if its type is the one that `q` names; else a trap.
@inline(__always)
private func indirectCallee(
  _ q: UInt64, _ cx: CX, _ index: UInt64
) -> (record: UnsafeMutablePointer<FunctionRecord>?, trap: Int) {
  let table = instanceContext(cx).tables[Int(q >> 32)]
  if index >= UInt64(table.pointee.count) { return (nil, TrapKind.undefinedElement.status) }
  // Sound: function tables hold addresses of records of this store, or 0; `tableSet` and its kin see to it.
  guard let record = UnsafeMutablePointer<FunctionRecord>(bitPattern: UInt(table.pointee.elements[Int(index)])) else {
    return (nil, TrapKind.uninitializedElement.status)
  }
  let expected = instanceContext(cx).types[Int(q & 0xFFFF_FFFF)]
  if record.pointee.type != expected && !isSubtype(cx, record.pointee.type, expected) {
    return (nil, TrapKind.indirectCallTypeMismatch.status)
  }
  return (record, 0)
}

@inline(never)
private func isSubtype(_ cx: CX, _ type: UInt32, _ expected: UInt32) -> Bool {
  let instance = Unmanaged<Instance>.fromOpaque(instanceContext(cx).pointer.pointee.object).takeUnretainedValue()
  return instance.store.types.isSubtype(type, of: expected)
}

@inline(never)
func callIndirect(
  _ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double, _ index: UInt64
) -> Int {
  let (found, trap) = indirectCallee(pc[2], cx, index)
  guard let record = found else { return trapped(pc, fp, cx, rm, trap) }
  if record.pointee.context == cx, let cell = record.pointee.cell {
    let code = cell.pointee.load(ordering: .acquiring)
    if code != 0 {
      let frame = fp + Int(pc[3] & 0xFFFF_FFFF)
      frame[-1] = UInt64(UInt(bitPattern: pc + 4))
      return next(PC(bitPattern: code).unsafelyUnwrapped, frame, md, cx, ac, rm, x0, x1)
    }
  }
  return callFunction(pc, fp, md, cx, ac, rm, x0, x1, record, 4)
}

@inline(never)
func callReference(_ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double) -> Int {
  guard let record = functionRecord(cx, fp[slot0(pc[1])]) else {
    return trapped(pc, fp, cx, rm, TrapKind.nullReference.status)
  }
  return callFunction(pc, fp, md, cx, ac, rm, x0, x1, record, 3)
}

// MARK: Tail calls

/// Moves the arguments of a tail call from where word `z` says to the start of the frame.
@inline(__always)
func moveArguments(_ fp: FP, _ z: UInt64) {
  let from = fp + Int(z & 0xFFFF_FFFF)
  var index = 0
  let count = Int(z >> 32)
  while index < count {
    fp[index] = from[index]
    index &+= 1
  }
}

@inline(never)
func tailCallRecord(
  _ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double,
  _ optional: UnsafeMutablePointer<FunctionRecord>?
) -> Int {
  let record = optional.unsafelyUnwrapped
  let z = pc[2]
  guard let cell = record.pointee.cell else {
    // A host function has no frame to replace: call it here, then return its results to our caller.
    moveArguments(fp, z)
    return callHost(pc, fp, md, cx, ac, rm, x0, x1, record, fp, nil)
  }
  var code = cell.pointee.load(ordering: .acquiring)
  if code == 0 {
    if let status = linkFunction(record.pointee.context, Int(record.pointee.index)) {
      return trapped(pc, fp, cx, rm, status)
    }
    code = cell.pointee.load(ordering: .acquiring)
  }
  let target = PC(bitPattern: code).unsafelyUnwrapped
  if record.pointee.context == cx {
    moveArguments(fp, z)
    return next(target, fp, md, cx, ac, rm, x0, x1)
  }
  if PC(bitPattern: UInt(fp[-1])) == RuntimeCode.leaveInstance {
    // Our caller is behind a border already: whoever returns over it restores that caller's context.
    moveArguments(fp, z)
    let callee = instanceContext(record.pointee.context)
    callee.stackLimit = instanceContext(cx).stackLimit
    callee.useMemory(callee.pointer.pointee.memories[0])
    return next(target, fp, callee.currentMemory.pointee.base, record.pointee.context, 0, rm, 0, 0)
  }
  return enterInstance(target, pc, fp, fp, fp + Int(z & 0xFFFF_FFFF), cx, rm, record)
}

@inline(never)
func tailCallIndirect(
  _ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double
) -> Int {
  let (found, trap) = indirectCallee(pc[3], cx, fp[slot0(pc[1])])
  guard let record = found else { return trapped(pc, fp, cx, rm, trap) }
  return tailCallRecord(pc, fp, md, cx, ac, rm, x0, x1, record)
}

@inline(never)
func tailCallReference(
  _ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double
) -> Int {
  guard let record = functionRecord(cx, fp[slot0(pc[1])]) else {
    return trapped(pc, fp, cx, rm, TrapKind.nullReference.status)
  }
  return tailCallRecord(pc, fp, md, cx, ac, rm, x0, x1, record)
}

/// The outermost frame returned: its results are in its first slots.
@inline(never)
func finished(_ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double) -> Int {
  instanceContext(cx).store.pointee.registers = Registers(
    pc: pc, fp: fp, md: md, cx: cx, ac: ac, rm: rm, x0: x0, x1: x1)
  return Status.finished
}
