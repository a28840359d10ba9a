// Host functions and calls on slots: nothing is allocated, and no value is converted.

import CWasm
import Cannery
import Executor
import WebAssembly

/// What a pointer to a caller points to, while the host function runs.
private struct CallerFrame {
  enum Signal {
    case none
    /// The trap that stands for it.
    case suspend(Token)
    case trap(TrapKind)
  }
  let caller: Caller
  let owner: Unmanaged<StoreObject>
  var signal = Signal.none
  /// A trap that the function asked for without returning one; owned.
  var pending: OpaquePointer?
}

private func frame(_ pointer: OpaquePointer) -> UnsafeMutablePointer<CallerFrame> { UnsafeMutablePointer(pointer) }

/// The store whose code called a host function.
package func owner(ofCaller pointer: OpaquePointer) -> StoreObject {
  frame(pointer).pointee.owner.takeUnretainedValue()
}

@c @implementation
public func cannery_func_new(
  _ store: OpaquePointer?, _ type: UnsafePointer<wasm_functype_t>?, _ name: UnsafePointer<CChar>?,
  _ callback: cannery_callback_t?, _ environment: UnsafeMutableRawPointer?,
  _ finalizer: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
) -> OpaquePointer? {
  guard let store, let type, let callback, let signature = FunctionType(type) else { return missing(nil) }
  let owner = object(store, as: StoreObject.self)
  let kept = Environment(environment)
  let unowned = Unmanaged.passUnretained(owner)
  return reporting {
    let function = try owner.using {
      try owner.store.makeHostFunction(signature, name: name.map { String(cString: $0) } ?? "") { caller, slots in
        var frame = CallerFrame(caller: caller, owner: unowned)
        var trap = withUnsafeMutablePointer(to: &frame) { callback(kept.pointer, OpaquePointer($0), slots) }
        if let pending = frame.pending {
          if let returned = trap { wasm_trap_delete(returned) }
          trap = pending
        }
        if _fastPath(trap == nil) { return .done }
        return try outcome(trap.unsafelyUnwrapped, frame.signal)
      }
    }
    kept.finalizer = finalizer
    return newPointer(CANNERY_REFERENCE_FUNC, FunctionObject(function, owner))
  }
}

/// What a trap means that a callback returned.
@inline(never)
private func outcome(_ trap: OpaquePointer, _ signal: CallerFrame.Signal) throws -> HostOutcome {
  let cause = reference(trap).object(as: TrapObject.self)
  let (kind, error) = (cause.trap.kind, HostTrap(cause))
  wasm_trap_delete(trap)
  switch signal {
  // Another trap is one.
  case .suspend(let token): if token === error.token { return .suspend }
  case .trap(let kind): throw kind
  case .none: break
  }
  if kind == .outOfInstructions || kind == .interrupted { throw kind }
  throw error
}

@c @implementation
public func cannery_func_call(
  _ function: OpaquePointer?, _ slots: UnsafeMutablePointer<UInt64>?, _ count: Int
) -> OpaquePointer? {
  guard let function else { return missing(nil) }
  // Sound without counting references: the program must not delete a reference that it calls with, and whoever gives one
  // back inside the call makes the store hold itself (`StoreObject.holdWhileUsed`), which keeps the record.
  let target = reference(function).unmanagedObject(as: FunctionObject.self)._withUnsafeGuaranteedRef { $0.target }
  let needed = Int(max(target.record.pointee.parameterSlots, target.record.pointee.resultSlots))
  return target.owner._withUnsafeGuaranteedRef { owner in
    do {
      guard count >= needed, needed == 0 || slots != nil else {
        throw ArgumentError("the function needs \(needed) slots, and \(count) were given")
      }
      return try owner.using {
        do {
          try target.store._withUnsafeGuaranteedRef {
            try $0.call(
              target.record, slots: UnsafeMutableBufferPointer(start: slots, count: slots == nil ? 0 : count))
          }
          return nil
        } catch {
          // Still inside: the trap keeps the store.
          return owner.trapReference(error)
        }
      }
    } catch {
      return owner.trapReference(error)
    }
  }
}

// MARK: Callers

private func memory(_ caller: OpaquePointer?, _ index: UInt32) -> Memory? {
  guard let caller, let memories = frame(caller).pointee.caller.instance?.memories, Int(index) < memories.count else {
    return nil
  }
  return memories[Int(index)]
}

@c @implementation
public func cannery_caller_memory(
  _ caller: OpaquePointer?, _ index: UInt32, _ size: UnsafeMutablePointer<Int>?
) -> UnsafeMutableRawPointer? {
  if index == 0, let caller, let bytes = frame(caller).pointee.caller.untrackedMemory {
    size?.pointee = bytes.count
    return bytes.baseAddress
  }
  guard let memory = memory(caller, index), let base = memory.untrackedBase else { return missing(nil) }
  size?.pointee = memory.count
  return base
}

@c @implementation
public func cannery_caller_read(
  _ caller: OpaquePointer?, _ index: UInt32, _ offset: UInt64, _ bytes: UnsafeMutableRawPointer?, _ count: Int
) -> Bool {
  guard let target = buffer(bytes, count) else { return false }
  return memory(caller, index)?.read(at: offset, into: target) ?? false
}

@c @implementation
public func cannery_caller_write(
  _ caller: OpaquePointer?, _ index: UInt32, _ offset: UInt64, _ bytes: UnsafeRawPointer?, _ count: Int
) -> Bool {
  guard let source = buffer(bytes, count) else { return false }
  return memory(caller, index)?.write(source, at: offset) ?? false
}

@c @implementation
public func cannery_caller_instance(_ caller: OpaquePointer?) -> OpaquePointer? {
  guard let caller else { return missing(nil) }
  let owner = frame(caller).pointee.owner.takeUnretainedValue()
  return frame(caller).pointee.caller.instance.map {
    newPointer(CANNERY_REFERENCE_INSTANCE, InstanceObject($0, owner))
  }
}

@c @implementation
public func cannery_caller_charge(_ caller: OpaquePointer?, _ instructions: UInt64) -> OpaquePointer? {
  guard let caller else { return missing(nil) }
  do throws(TrapKind) {
    try frame(caller).pointee.caller.charge(instructions)
    return nil
  } catch {
    frame(caller).pointee.signal = .trap(error)
    return frame(caller).pointee.owner.takeUnretainedValue().trapReference(error)
  }
}

@c @implementation
public func cannery_caller_instructions_left(_ caller: OpaquePointer?) -> UInt64 {
  caller.map { UInt64(max(frame($0).pointee.caller.remainingInstructions, 0)) } ?? 0
}

@c @implementation
public func cannery_suspend(_ caller: OpaquePointer?) -> OpaquePointer? {
  guard let caller else { return missing(nil) }
  let token = Token()
  frame(caller).pointee.signal = .suspend(token)
  let owner = frame(caller).pointee.owner.takeUnretainedValue()
  return owner.trapReference(HostTrap(message: "suspended", token: token))
}

@c @implementation
public func cannery_caller_trap(_ caller: OpaquePointer?, _ message: UnsafePointer<CChar>?) {
  guard let caller else { return }
  let owner = frame(caller).pointee.owner.takeUnretainedValue()
  if let old = frame(caller).pointee.pending { wasm_trap_delete(old) }
  frame(caller).pointee.pending = owner.trapReference(
    HostTrap(message: message.map { String(cString: $0) } ?? "", token: Token()))
}

@c @implementation
public func cannery_caller_pending_trap(_ caller: OpaquePointer?) -> OpaquePointer? {
  guard let caller, let pending = frame(caller).pointee.pending else { return nil }
  frame(caller).pointee.pending = nil
  return pending
}

@c @implementation
public func cannery_caller_trap_of(_ caller: OpaquePointer?, _ kind: cannery_trap_kind_t) -> OpaquePointer? {
  guard let caller, let kind = TrapKind(rawValue: UInt8(kind.rawValue)) else { return missing(nil) }
  frame(caller).pointee.signal = .trap(kind)
  return frame(caller).pointee.owner.takeUnretainedValue().trapReference(kind)
}
