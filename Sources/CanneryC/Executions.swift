// Executions that stop and go on, interrupts, and kinds of traps.

import CWasm
import Cannery
import WebAssembly

/// A call in progress, and how it ended.
package final class ExecutionObject {
  package let execution: Execution
  package let store: StoreObject
  /// What ends with the execution.
  package let companion: AnyObject?
  /// How the last step ended.
  package private(set) var state: cannery_state_t?
  var results: [Value] = []
  package private(set) var trap: Trap?
  /// The results that the host function has that waits.
  private(set) var awaited: [ValueType] = []

  package init(_ execution: Execution, _ store: StoreObject, companion: AnyObject? = nil) {
    self.execution = execution
    self.store = store
    self.companion = companion
  }

  /// Takes over how a step ended.
  package func take(_ ended: ExecutionState) -> cannery_state_t {
    let state =
      switch ended {
      case .finished: CANNERY_FINISHED
      case .trapped: CANNERY_TRAPPED
      case .outOfInstructions: CANNERY_OUT_OF_INSTRUCTIONS
      case .waitingForHost: CANNERY_WAITING
      case .interrupted: CANNERY_INTERRUPTED
      }
    if case .finished(let values) = ended { results = values }
    if case .trapped(let trap) = ended { self.trap = trap }
    if case .waitingForHost(let type) = ended { awaited = type.results } else { awaited = [] }
    self.state = state
    return state
  }
}

private func values(
  _ vector: UnsafePointer<wasm_val_vec_t>?, _ types: [ValueType], _ store: StoreObject
) throws -> [Value] {
  guard vector?.pointee.size ?? 0 == types.count else {
    throw ArgumentError("\(types.count) values are needed, and \(vector?.pointee.size ?? 0) were given")
  }
  return try types.enumerated().map { index, type in
    guard let value = vector?.pointee.data.flatMap({ Value($0[index], type, store) }) else {
      throw ArgumentError("value \(index) is not of the type \(type)")
    }
    return value
  }
}

/// Values of these types in slots, each vector in two.
private func values(
  _ slots: UnsafePointer<UInt64>?, _ count: Int, _ types: [ValueType]
) throws -> [Value] {
  let needed = types.reduce(0) { $0 + $1.slotCount }
  guard count >= needed, needed == 0 || slots != nil else {
    throw ArgumentError("\(needed) slots are needed, and \(count) were given")
  }
  guard var next = slots else { return [] }
  return types.map { type in
    defer { next += type.slotCount }
    return Value(type: type, from: next)
  }
}

private func newExecution(
  _ function: OpaquePointer?, _ instructions: UInt64, _ out: UnsafeMutablePointer<OpaquePointer?>?,
  _ arguments: ([ValueType], StoreObject) throws -> [Value]
) -> OpaquePointer? {
  failing {
    guard let function, let out else { throw ArgumentError("an argument is NULL") }
    let callee = reference(function).object(as: FunctionObject.self)
    let execution = try callee.store.using {
      try Execution(
        callee.function, arguments: arguments(callee.function.type.parameters, callee.store),
        instructions: instructions == .max ? nil : instructions)
    }
    out.pointee = retained(ExecutionObject(execution, callee.store))
  }
}

@c @implementation
public func cannery_execution_new(
  _ function: OpaquePointer?, _ arguments: UnsafePointer<wasm_val_vec_t>?, _ instructions: UInt64,
  _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  newExecution(function, instructions, out) { try values(arguments, $0, $1) }
}

@c @implementation
public func cannery_execution_new_slots(
  _ function: OpaquePointer?, _ slots: UnsafePointer<UInt64>?, _ count: Int, _ instructions: UInt64,
  _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  newExecution(function, instructions, out) { types, _ in try values(slots, count, types) }
}

@c @implementation
public func cannery_execution_result_slots(
  _ execution: OpaquePointer?, _ slots: UnsafeMutablePointer<UInt64>?, _ count: Int
) -> Int {
  guard let execution else { return 0 }
  let results = object(execution, as: ExecutionObject.self).results
  let needed = results.reduce(0) { $0 + $1.type.slotCount }
  guard count >= needed, var next = slots else { return needed }
  for value in results {
    value.store(to: next)
    next += value.type.slotCount
  }
  return needed
}

@c @implementation
public func cannery_execution_delete(_ execution: OpaquePointer?) {
  if let execution { object(execution, as: ExecutionObject.self).store.holdWhileUsed() }
  release(execution)
}

private func step(
  _ execution: OpaquePointer?, _ out: UnsafeMutablePointer<cannery_state_t>?,
  _ body: (ExecutionObject) throws -> ExecutionState
) -> OpaquePointer? {
  failing {
    guard let execution, let out else { throw ArgumentError("an argument is NULL") }
    let object = object(execution, as: ExecutionObject.self)
    out.pointee = object.take(try object.store.using { try body(object) })
  }
}

@c @implementation
public func cannery_execution_run(
  _ execution: OpaquePointer?, _ out: UnsafeMutablePointer<cannery_state_t>?
) -> OpaquePointer? {
  step(execution, out) { try $0.execution.run() }
}

@c @implementation
public func cannery_execution_resume(
  _ execution: OpaquePointer?, _ instructions: UInt64, _ out: UnsafeMutablePointer<cannery_state_t>?
) -> OpaquePointer? {
  step(execution, out) { try $0.execution.resume(instructions: instructions) }
}

@c @implementation
public func cannery_execution_resume_host(
  _ execution: OpaquePointer?, _ results: UnsafePointer<wasm_val_vec_t>?, _ trap: OpaquePointer?,
  _ out: UnsafeMutablePointer<cannery_state_t>?
) -> OpaquePointer? {
  defer { wasm_trap_delete(trap) }
  return step(execution, out) { object in
    if let trap {
      let cause = reference(trap).object(as: TrapObject.self)
      return try object.execution.resume(throwing: HostTrap(cause))
    }
    return try object.execution.resume(results: values(results, object.awaited, object.store))
  }
}

@c @implementation
public func cannery_execution_resume_host_slots(
  _ execution: OpaquePointer?, _ slots: UnsafePointer<UInt64>?, _ count: Int,
  _ out: UnsafeMutablePointer<cannery_state_t>?
) -> OpaquePointer? {
  step(execution, out) { object in
    try object.execution.resume(results: values(slots, count, object.awaited))
  }
}

@c @implementation
public func cannery_execution_instructions(_ execution: OpaquePointer?) -> UInt64 {
  execution.map { object($0, as: ExecutionObject.self).execution.instructionsExecuted } ?? 0
}

@c @implementation
public func cannery_execution_results(_ execution: OpaquePointer?, _ out: UnsafeMutablePointer<wasm_val_vec_t>?) {
  wasm_val_vec_new_empty(out)
  guard let execution, let out else { return }
  let object = object(execution, as: ExecutionObject.self)
  object.store.using(otherwise: ()) {
    let results = object.results.map { $0.inC(object.store) }
    wasm_val_vec_new(out, results.count, results)
  }
}

@c @implementation
public func cannery_execution_trap(_ execution: OpaquePointer?) -> OpaquePointer? {
  guard let execution else { return nil }
  let object = object(execution, as: ExecutionObject.self)
  return object.trap.map { object.store.trapReference($0) }
}

// MARK: Interrupts

@c @implementation
public func cannery_interrupt_new(_ store: OpaquePointer?) -> OpaquePointer? {
  store.map { retained(object($0, as: StoreObject.self).store.interruptHandle) }
}

@c @implementation
public func cannery_interrupt(_ interrupt: OpaquePointer?) {
  if let interrupt { object(interrupt, as: InterruptHandle.self).interrupt() }
}

@c @implementation
public func cannery_interrupt_delete(_ interrupt: OpaquePointer?) { release(interrupt) }

// MARK: Traps

@c @implementation
public func cannery_trap_kind(_ trap: OpaquePointer?) -> cannery_trap_kind_t {
  guard let trap else { return CANNERY_TRAP_HOST }
  return cannery_trap_kind_t(UInt32(reference(trap).object(as: TrapObject.self).trap.kind.rawValue))
}

/// The names with zeros at their ends, for ever. Sound to share: nobody writes to them.
nonisolated(unsafe) private let kindNames: [Int: UnsafePointer<CChar>] = {
  var names: [Int: UnsafePointer<CChar>] = [:]
  for kind in TrapKind.allCases {
    let bytes = Array(kind.name.utf8CString)
    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
    copy.initialize(from: bytes, count: bytes.count)
    names[Int(kind.rawValue)] = UnsafePointer(copy)
  }
  return names
}()

@c @implementation
public func cannery_trap_kind_name(_ kind: cannery_trap_kind_t) -> UnsafePointer<CChar>? {
  kindNames[Int(kind.rawValue)]
}
