// Machines, for C programs.

import CCanister
import CWasm
import Cannery
import CanneryC
import SystemAPI
import WebAssembly

/// Does `body` with a machine, on the committed state.
private func with(_ pointer: OpaquePointer?, _ body: (MachineObject) throws -> Void) -> OpaquePointer? {
  failing {
    let machine = try given(pointer, "the machine", as: MachineObject.self)
    try machine.using { try body(machine) }
  }
}

/// What machines are made of.
private func parts(
  _ module: OpaquePointer?, _ system: OpaquePointer?
) throws -> (ModuleObject, SystemObject) {
  guard let module else { throw ArgumentError("the module is NULL") }
  return (
    reference(module).object(as: ModuleObject.self), try given(system, "the system", as: SystemObject.self)
  )
}

@c @implementation
public func cannery_machine_new(
  _ module: OpaquePointer?, _ system: OpaquePointer?, _ limits: UnsafePointer<cannery_limits_t>?,
  _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  failing {
    let out = try target(out)
    let (module, system) = try parts(module, system)
    out.pointee = retained(try MachineObject(module, system, StoreLimits(limits)))
  }
}

@c @implementation
public func cannery_machine_delete(_ pointer: OpaquePointer?) { release(pointer) }

@c @implementation
public func cannery_machine_store(_ pointer: OpaquePointer?) -> OpaquePointer? {
  pointer.map { retained(object($0, as: MachineObject.self).owner) }
}

@c @implementation
public func cannery_machine_has_entry(_ pointer: OpaquePointer?, _ entry: UnsafePointer<cannery_entry_t>?) -> Bool {
  guard let pointer, let entry = entry?.pointee else { return false }
  let machine = object(pointer, as: MachineObject.self)
  do {
    return try machine.owner.using {
      _ = try machine.callee(entry)
      return true
    }
  } catch {
    return false
  }
}

// MARK: Executions

@c @implementation
public func cannery_machine_execute(
  _ pointer: OpaquePointer?, _ entry: UnsafePointer<cannery_entry_t>?, _ instructions: UInt64, _ commits: Bool,
  _ context: UnsafeMutableRawPointer?, _ out: UnsafeMutablePointer<cannery_ending_t>?
) -> OpaquePointer? {
  failing {
    let out = try target(out)
    let machine = try given(pointer, "the machine", as: MachineObject.self)
    let entry = try given(entry, "the entry")
    try machine.using {
      let run = try machine.begin(entry, instructions, context)
      var ending = cannery_ending_t()
      var state = try run.execution.run()
      while case .waitingForHost = state {
        state = try run.execution.resume(
          throwing: HostTrap(message: "a host function waits where the execution can't be suspended"))
      }
      switch state {
      case .finished: ending.state = CANNERY_FINISHED
      case .trapped(let trap):
        ending.state = CANNERY_TRAPPED
        ending.trap = machine.owner.trapReference(trap)
      case .outOfInstructions: ending.state = CANNERY_OUT_OF_INSTRUCTIONS
      case .interrupted, .waitingForHost: ending.state = CANNERY_INTERRUPTED
      }
      ending.instructions = run.execution.instructionsExecuted
      (ending.dirty_pages, ending.stable_pages) = run.changedPages
      if commits, case .finished = state { try run.commit() }
      out.pointee = ending
    }
  }
}

@c @implementation
public func cannery_machine_begin(
  _ pointer: OpaquePointer?, _ entry: UnsafePointer<cannery_entry_t>?, _ instructions: UInt64,
  _ context: UnsafeMutableRawPointer?, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  with(pointer) { machine in
    let out = try target(out)
    let run = try machine.begin(given(entry, "the entry"), instructions, context)
    out.pointee = retained(ExecutionObject(run.execution, machine.owner, companion: run))
  }
}

/// The machine's part of an execution.
private func run(_ pointer: OpaquePointer?) throws -> (ExecutionObject, MachineExecution) {
  let execution = try given(pointer, "the execution", as: ExecutionObject.self)
  guard let run = execution.companion as? MachineExecution else {
    throw ArgumentError("the execution isn't a machine's")
  }
  return (execution, run)
}

@c @implementation
public func cannery_execution_commit(_ pointer: OpaquePointer?) -> OpaquePointer? {
  failing {
    let (execution, run) = try run(pointer)
    guard execution.state == CANNERY_FINISHED else { throw ArgumentError("the execution hasn't finished") }
    try execution.store.using { try run.commit() }
  }
}

@c @implementation
public func cannery_execution_dirty_pages(_ pointer: OpaquePointer?) -> Int {
  guard let (execution, run) = try? run(pointer) else { return 0 }
  return (try? execution.store.using { run.changedPages.heap }) ?? 0
}

@c @implementation
public func cannery_execution_stable_pages(_ pointer: OpaquePointer?) -> Int {
  guard let (execution, run) = try? run(pointer) else { return 0 }
  return (try? execution.store.using { run.changedPages.stable }) ?? 0
}

@c @implementation
public func cannery_execution_park(_ pointer: OpaquePointer?) -> OpaquePointer? {
  failing {
    let (execution, run) = try run(pointer)
    try execution.store.using { try run.park() }
  }
}

@c @implementation
public func cannery_execution_unpark(_ pointer: OpaquePointer?) -> OpaquePointer? {
  failing {
    let (execution, run) = try run(pointer)
    try execution.store.using { try run.unpark() }
  }
}

// MARK: For host functions

@c @implementation
public func cannery_caller_context(_ caller: OpaquePointer?) -> UnsafeMutableRawPointer? {
  MachineCore.of(caller: caller)?.context
}

@c @implementation
public func cannery_caller_stable_size(_ caller: OpaquePointer?) -> UInt64 {
  MachineCore.of(caller: caller)?.stable.pageCount ?? 0
}

@c @implementation
public func cannery_caller_stable_grow(_ caller: OpaquePointer?, _ pages: UInt64) -> Bool {
  MachineCore.of(caller: caller)?.stable.grow(by: pages) ?? false
}

extension StableMemory {
  /// Copies bytes out. False, and nothing copied, where they aren't all inside.
  fileprivate func copy(_ offset: UInt64, to bytes: UnsafeMutableRawPointer?, _ count: Int) -> Bool {
    guard let target = buffer(bytes, count), contains(offset, UInt64(count)) else { return false }
    read(offset, into: target)
    return true
  }

  /// Copies bytes in, likewise.
  fileprivate func copy(_ offset: UInt64, from bytes: UnsafeRawPointer?, _ count: Int) -> Bool {
    guard let source = buffer(bytes, count), contains(offset, UInt64(count)) else { return false }
    mark(offset, UInt64(count), isWrite: true)
    write(offset, source)
    return true
  }
}

@c @implementation
public func cannery_caller_stable_read(
  _ caller: OpaquePointer?, _ offset: UInt64, _ bytes: UnsafeMutableRawPointer?, _ count: Int
) -> Bool {
  MachineCore.of(caller: caller)?.stable.copy(offset, to: bytes, count) ?? false
}

@c @implementation
public func cannery_caller_stable_write(
  _ caller: OpaquePointer?, _ offset: UInt64, _ bytes: UnsafeRawPointer?, _ count: Int
) -> Bool {
  MachineCore.of(caller: caller)?.stable.copy(offset, from: bytes, count) ?? false
}

// MARK: The state

private func outside() -> ArgumentError { ArgumentError("not all of these bytes are there") }

/// The heap of a machine that has one.
private func heap(_ machine: MachineObject) throws -> Memory {
  guard let memory = machine.heap else { throw ArgumentError("the module has no memory") }
  return memory
}

@c @implementation
public func cannery_machine_heap_size(
  _ pointer: OpaquePointer?, _ out: UnsafeMutablePointer<UInt64>?
) -> OpaquePointer? {
  with(pointer) { try target(out).pointee = $0.heap?.pageCount ?? 0 }
}

@c @implementation
public func cannery_machine_read_heap(
  _ pointer: OpaquePointer?, _ offset: UInt64, _ bytes: UnsafeMutableRawPointer?, _ count: Int
) -> OpaquePointer? {
  with(pointer) { machine in
    machine.undo()
    guard let target = buffer(bytes, count), try heap(machine).read(at: offset, into: target) else { throw outside() }
  }
}

@c @implementation
public func cannery_machine_write_heap(
  _ pointer: OpaquePointer?, _ offset: UInt64, _ bytes: UnsafeRawPointer?, _ count: Int
) -> OpaquePointer? {
  with(pointer) { machine in
    machine.undo()
    guard let source = buffer(bytes, count), try heap(machine).write(source, at: offset) else { throw outside() }
    machine.commit()
  }
}

@c @implementation
public func cannery_machine_stable_size(
  _ pointer: OpaquePointer?, _ out: UnsafeMutablePointer<UInt64>?
) -> OpaquePointer? {
  with(pointer) { try target(out).pointee = $0.stable.pageCount }
}

@c @implementation
public func cannery_machine_grow_stable(_ pointer: OpaquePointer?, _ pages: UInt64) -> OpaquePointer? {
  with(pointer) { machine in
    machine.undo()
    guard machine.stable.grow(by: pages) else {
      throw FailedError(CANNERY_ERROR_RESOURCE, "the stable memory can't grow by \(pages) pages")
    }
    machine.commit()
  }
}

@c @implementation
public func cannery_machine_read_stable(
  _ pointer: OpaquePointer?, _ offset: UInt64, _ bytes: UnsafeMutableRawPointer?, _ count: Int
) -> OpaquePointer? {
  with(pointer) { machine in
    machine.undo()
    guard machine.stable.copy(offset, to: bytes, count) else { throw outside() }
  }
}

@c @implementation
public func cannery_machine_write_stable(
  _ pointer: OpaquePointer?, _ offset: UInt64, _ bytes: UnsafeRawPointer?, _ count: Int
) -> OpaquePointer? {
  with(pointer) { machine in
    machine.undo()
    guard machine.stable.copy(offset, from: bytes, count) else { throw outside() }
    machine.commit()
  }
}

@c @implementation
public func cannery_machine_save(
  _ pointer: OpaquePointer?, _ out: UnsafeMutablePointer<wasm_byte_vec_t>?
) -> OpaquePointer? {
  with(pointer) { machine in
    let out = try target(out)
    out.pointee = newBytes(try machine.state())
  }
}

@c @implementation
public func cannery_machine_load(
  _ module: OpaquePointer?, _ system: OpaquePointer?, _ limits: UnsafePointer<cannery_limits_t>?,
  _ state: UnsafeRawPointer?, _ size: Int, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  failing {
    let out = try target(out)
    let (module, system) = try parts(module, system)
    out.pointee = retained(
      try MachineObject.load(given(bytes: state, size, "the state"), module, system, StoreLimits(limits)))
  }
}

/// Does `body` with two machines, which may be the same.
private func with(
  _ left: OpaquePointer?, _ right: OpaquePointer?, _ body: (MachineObject, MachineObject) throws -> Void
) -> OpaquePointer? {
  with(left) { left in
    let right = try given(right, "the other machine", as: MachineObject.self)
    if left === right { return }
    try right.using {
      left.undo()
      right.undo()
      try body(left, right)
      left.commit()
      right.commit()
    }
  }
}

@c @implementation
public func cannery_machine_exchange_stable(_ left: OpaquePointer?, _ right: OpaquePointer?) -> OpaquePointer? {
  with(left, right) { left, right in
    let stable = left.core.stable
    left.core.stable = right.core.stable
    right.core.stable = stable
  }
}

@c @implementation
public func cannery_machine_exchange_heap(_ left: OpaquePointer?, _ right: OpaquePointer?) -> OpaquePointer? {
  with(left, right) { left, right in
    do {
      try left.instance.exchangeMemory(with: right.instance)
    } catch {
      throw ArgumentError("the heaps can't be exchanged: \(error)")
    }
  }
}
