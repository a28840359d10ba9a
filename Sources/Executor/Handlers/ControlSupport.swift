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

/// The rest of `enter` for a frame with slots that must be zeroed.
@inline(never)
func enterAndZero(
  _ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double
) -> Int {
  let z = pc[2]
  var count = Int(z & 0xFFFF_FFFF)
  var slot = fp + Int(z >> 32)
  // By fours with a store each: for the few slots of most frames cheaper than a call.
  while count >= 4 {
    slot[0] = 0
    slot[1] = 0
    slot[2] = 0
    slot[3] = 0
    slot += 4
    count &-= 4
  }
  if count & 2 != 0 {
    slot[0] = 0
    slot[1] = 0
    slot += 2
  }
  if count & 1 != 0 { slot[0] = 0 }
  let left = rm &- Int(pc[1] & 0xFFFF_FFFF)
  if _slowPath(left < 0) { return outOfInstructions(pc + 3, fp, md, cx, ac, left, x0, x1) }
  return next(pc + 3, fp, md, cx, ac, left, x0, x1)
}

/// The rest of `enterLarge`.
@inline(never)
func enterLargeAndZero(
  _ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double
) -> Int {
  let z = pc[2]
  (fp + Int(z >> 32)).update(repeating: 0, count: Int(z & 0xFFFF_FFFF))
  let left = rm &- Int(pc[1] & 0xFFFF_FFFF)
  if _slowPath(left < 0) { return outOfInstructions(pc + 4, fp, md, cx, ac, left, x0, x1) }
  return next(pc + 4, fp, md, cx, ac, left, x0, x1)
}

/// `rm` fell below 0 at a check point; `pc` is where execution goes on. Refills it from the reserve, or stops.
@inline(never)
func outOfInstructions(
  _ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double
) -> Int {
  let store = instanceContext(cx).store
  var status = Status.outOfInstructions
  var left = rm
  // The counter of the whole limit is rm + reserve; neither a refill nor an interrupt must hide that it is negative.
  if rm &+ store.pointee.reserve >= 0 {
    // At least what is missing, and a slice more if there is one.
    let wanted = min(store.pointee.reserve, store.pointee.slice &- rm)
    store.pointee.reserve -= wanted
    left = rm + wanted
    if !store.pointee.interrupt.pointee.load(ordering: .relaxed) { return next(pc, fp, md, cx, ac, left, x0, x1) }
    status = Status.interrupted
  }
  store.pointee.registers = Registers(pc: pc, fp: fp, md: md, cx: cx, ac: ac, rm: left, x0: x0, x1: x1)
  return status
}

/// A dynamic charge of more than the slice holds, for the operation at `pc`: the amount counts as unsigned; a counter
/// that would fall below the least integer stays there.
@inline(never)
func chargeBeyondSlice(
  _ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double
) -> Int {
  let isWide = pc.pointee == HandlerTables.plain[.chargeDynamic64]
  let bits = fp[slot0(pc[1])]
  let store = instanceContext(cx).store
  let counter = Int128(rm) + Int128(store.pointee.reserve) - Int128(isWide ? bits : bits & 0xFFFF_FFFF)
  if counter < 0 {
    store.pointee.reserve = 0
    return outOfInstructions(pc + 2, fp, md, cx, ac, Int(max(counter, Int128(Int.min))), x0, x1)
  }
  // Nothing is left of the slice: the next check point looks for interrupts. A new slice here could keep it from doing so
  // for ever.
  store.pointee.reserve = Int(counter)
  return next(pc + 2, fp, md, cx, ac, 0, x0, x1)
}

/// The callee has not been called before: verify and link it, then execute the same operation again.
@inline(never)
func linkAndRetry(
  _ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double
) -> Int {
  let status = linkFunction(cx, Int(pc[1] & 0xFFFF_FFFF))
  if status != 0 { return trapped(pc, fp, cx, rm, status) }
  return next(pc, fp, md, cx, ac, rm, x0, x1)
}

/// Links function `index` of the instance. Returns 0, or the status of a trap.
@inline(never)
private func linkFunction(_ cx: CX, _ index: Int) -> Int {
  let instance = moduleInstance(cx)
  do throws(ArtifactError) {
    try instance.code.link(index)
    return 0
  } catch {
    instance.store.pendingError = error
    return TrapKind.hostError.status
  }
}

// MARK: Calls through records
//
// Functions that go on with the dispatch have at most six integer parameters: more would travel on the native stack, and
// calling such a function could not be a jump. So these pass on only what a call does not kill.

@inline(never)
func callImport(_ pc: PC, _ fp: FP, _ cx: CX, _ rm: Int) -> Int {
  // Sound to unwrap: instantiation fills in the records of imports.
  callFunction(pc, fp, cx, rm, instanceContext(cx).functions[Int(pc[1] & 0xFFFF_FFFF)].unsafelyUnwrapped, 3)
}

/// Calls `record` for the call operation at `pc`, of `length` words, whose last word names the frame.
@inline(never)
private func callFunction(
  _ pc: PC, _ fp: FP, _ cx: CX, _ rm: Int, _ record: UnsafeMutablePointer<FunctionRecord>, _ length: Int
) -> Int {
  guard let cell = record.pointee.cell else { return callHost(pc, fp, cx, rm, record, length) }
  let code = cell.pointee.load(ordering: .acquiring)
  if code == 0 { return linkAndCall(pc, fp, cx, rm, record, length) }
  if record.pointee.context != cx { return callOverBorder(pc, fp, cx, rm, record, length) }
  let frame = fp + Int(pc[length - 1] & 0xFFFF_FFFF)
  frame[-1] = UInt64(UInt(bitPattern: pc + length))
  let target = PC(bitPattern: code).unsafelyUnwrapped
  return next(target, frame, instanceContext(cx).currentMemory.pointee.base, cx, 0, rm, 0, 0)
}

/// The rest of `callFunction` for a function that has not been called before.
@inline(never)
private func linkAndCall(
  _ pc: PC, _ fp: FP, _ cx: CX, _ rm: Int, _ record: UnsafeMutablePointer<FunctionRecord>, _ length: Int
) -> Int {
  let status = linkFunction(record.pointee.context, Int(record.pointee.index))
  if status != 0 { return trapped(pc, fp, cx, rm, status) }
  return callFunction(pc, fp, cx, rm, record, length)
}

/// The rest of `callFunction` for a function of another instance.
@inline(never)
private func callOverBorder(
  _ pc: PC, _ fp: FP, _ cx: CX, _ rm: Int, _ record: UnsafeMutablePointer<FunctionRecord>, _ length: Int
) -> Int {
  let frame = fp + Int(pc[length - 1] & 0xFFFF_FFFF)
  frame[-1] = UInt64(UInt(bitPattern: pc + length))
  if !crossBorder(cx, frame, frame, record) {
    return trapped(pc, fp, cx, rm, TrapKind.callStackExhausted.status)
  }
  // Sound to unwrap: `callFunction` has found the code.
  let code = record.pointee.cell.unsafelyUnwrapped.pointee.load(ordering: .acquiring)
  let target = PC(bitPattern: code).unsafelyUnwrapped
  let callee = record.pointee.context
  return next(target, frame + borderSlots, instanceContext(callee).currentMemory.pointee.base, callee, 0, rm, 0, 0)
}

/// Words that a call over an instance's border puts between the frames: the caller's context, the shape of the results,
/// the caller's limit on the stack, and the callee's return address.
let borderSlots = 4

/// Prepares the entry into another instance: saves the caller's context at `frame`, moves the arguments behind it, and
/// makes the callee's memory current. False where the stack has no room.
@inline(never)
private func crossBorder(_ cx: CX, _ frame: FP, _ arguments: FP, _ record: UnsafeMutablePointer<FunctionRecord>) -> Bool
{
  let caller = instanceContext(cx)
  let raised = caller.stackLimit &+ UInt(borderSlots * 8)
  let count = Int(record.pointee.parameterSlots)
  if raised > caller.stackEnd || UInt(bitPattern: frame + borderSlots + count) > caller.stackEnd { return false }
  // Moves within one stack; the ranges may overlap.
  UnsafeMutableRawPointer(frame + borderSlots).copyMemory(from: arguments, byteCount: count * 8)
  frame[0] = UInt64(UInt(bitPattern: cx))
  frame[1] = UInt64(record.pointee.resultSlots) | (record.pointee.returnsScalar ? 1 << 32 : 0)
  frame[2] = UInt64(caller.stackLimit)
  frame[3] = UInt64(UInt(bitPattern: RuntimeCode.leaveInstance))
  let callee = instanceContext(record.pointee.context)
  callee.stackLimit = raised
  callee.useMemory(callee.pointer.pointee.memories[0])
  return true
}

/// A callee behind an instance's border returned; `fp` is where its caller's context was saved.
@inline(never)
func leaveInstance(_ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double) -> Int {
  let callerContext = CX(bitPattern: UInt(fp[0])).unsafelyUnwrapped
  let shape = fp[1]
  let caller = instanceContext(callerContext)
  caller.stackLimit = UInt(fp[2])
  caller.useMemory(caller.pointer.pointee.memories[0])
  let back = PC(bitPattern: UInt(fp[-1])).unsafelyUnwrapped
  let z = back[-1]
  let frame = fp - Int(z & 0xFFFF_FFFF)
  if shape >> 32 != 0 {
    frame[Int(z >> 32)] = fp[borderSlots - 1]
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
  let instance = moduleInstance(cx)
  return instance.store.types.isSubtype(type, of: expected)
}

/// `ac` is the index, whichever form the operation has.
@inline(never)
func callIndirect(_ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int) -> Int {
  let (found, trap) = indirectCallee(pc[2], cx, ac)
  guard let record = found else { return trapped(pc, fp, cx, rm, trap) }
  if record.pointee.context == cx, let cell = record.pointee.cell {
    let code = cell.pointee.load(ordering: .acquiring)
    if code != 0 {
      let frame = fp + Int(pc[3] & 0xFFFF_FFFF)
      frame[-1] = UInt64(UInt(bitPattern: pc + 4))
      return enterCallee(PC(bitPattern: code).unsafelyUnwrapped, frame, md, cx, 0, rm, 0, 0)
    }
  }
  // If the call stops before it begins, it is executed again with the same accumulator.
  instanceContext(cx).store.pointee.registers.ac = ac
  return callFunction(pc, fp, cx, rm, record, 4)
}

/// The record behind the handle in the slot that word 1 names, if its type is `type` of the module; else a trap.
@inline(never)
private func referencedCallee(
  _ pc: PC, _ fp: FP, _ cx: CX, _ type: UInt64
) -> (record: UnsafeMutablePointer<FunctionRecord>?, trap: Int) {
  guard let record = functionRecord(cx, fp[slot0(pc[1])]) else { return (nil, TrapKind.nullFunctionReference.status) }
  // Validation has checked the type; code from outside has not seen validation.
  let expected = instanceContext(cx).types[Int(type & 0xFFFF_FFFF)]
  if record.pointee.type != expected && !isSubtype(cx, record.pointee.type, expected) {
    return (nil, TrapKind.indirectCallTypeMismatch.status)
  }
  return (record, 0)
}

@inline(never)
func callReference(_ pc: PC, _ fp: FP, _ cx: CX, _ rm: Int) -> Int {
  let (found, trap) = referencedCallee(pc, fp, cx, pc[2])
  guard let record = found else { return trapped(pc, fp, cx, rm, trap) }
  return callFunction(pc, fp, cx, rm, record, 4)
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

/// The loop that moves arguments takes more registers than a handler may use without saving them.
@inline(never)
func tailCall(_ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int) -> Int {
  let code = functionCode(cx, Int(pc[1] & 0xFFFF_FFFF))
  if _slowPath(code == 0) { return linkAndRetry(pc, fp, md, cx, ac, rm, 0, 0) }
  moveArguments(fp, pc[2])
  return next(PC(bitPattern: code).unsafelyUnwrapped, fp, md, cx, 0, rm, 0, 0)
}

@inline(never)
func tailCallImport(_ pc: PC, _ fp: FP, _ cx: CX, _ rm: Int) -> Int {
  // Sound to unwrap: instantiation fills in the records of imports.
  tailCallFunction(pc, fp, cx, rm, instanceContext(cx).functions[Int(pc[1] & 0xFFFF_FFFF)].unsafelyUnwrapped)
}

@inline(never)
private func tailCallFunction(
  _ pc: PC, _ fp: FP, _ cx: CX, _ rm: Int, _ record: UnsafeMutablePointer<FunctionRecord>
) -> Int {
  guard let cell = record.pointee.cell else { return tailCallHost(pc, fp, cx, rm, record) }
  var code = cell.pointee.load(ordering: .acquiring)
  if code == 0 {
    let status = linkFunction(record.pointee.context, Int(record.pointee.index))
    if status != 0 { return trapped(pc, fp, cx, rm, status) }
    code = cell.pointee.load(ordering: .acquiring)
  }
  let target = PC(bitPattern: code).unsafelyUnwrapped
  let callee = record.pointee.context
  let z = pc[2]
  var frame = fp
  if callee == cx {
    moveArguments(fp, z)
  } else if PC(bitPattern: UInt(fp[-1])) == RuntimeCode.leaveInstance {
    // Our caller is behind a border already: whoever returns over it restores that caller's context.
    moveArguments(fp, z)
    instanceContext(callee).stackLimit = instanceContext(cx).stackLimit
    instanceContext(callee).useMemory(instanceContext(callee).memories[0])
  } else {
    if !crossBorder(cx, fp, fp + Int(z & 0xFFFF_FFFF), record) {
      return trapped(pc, fp, cx, rm, TrapKind.callStackExhausted.status)
    }
    frame = fp + borderSlots
  }
  return next(target, frame, instanceContext(callee).currentMemory.pointee.base, callee, 0, rm, 0, 0)
}

@inline(never)
func tailCallIndirect(_ pc: PC, _ fp: FP, _ cx: CX, _ rm: Int) -> Int {
  let (found, trap) = indirectCallee(pc[3], cx, fp[slot0(pc[1])])
  guard let record = found else { return trapped(pc, fp, cx, rm, trap) }
  return tailCallFunction(pc, fp, cx, rm, record)
}

@inline(never)
func tailCallReference(_ pc: PC, _ fp: FP, _ cx: CX, _ rm: Int) -> Int {
  let (found, trap) = referencedCallee(pc, fp, cx, pc[3])
  guard let record = found else { return trapped(pc, fp, cx, rm, trap) }
  return tailCallFunction(pc, fp, cx, rm, record)
}

/// The outermost frame returned: its results are in its first slots.
@inline(never)
func finished(_ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double) -> Int {
  instanceContext(cx).store.pointee.registers = Registers(
    pc: pc, fp: fp, md: md, cx: cx, ac: ac, rm: rm, x0: x0, x1: x1)
  return Status.finished
}
