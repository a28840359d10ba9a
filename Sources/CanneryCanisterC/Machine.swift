// A canister's state with its module, for embedders who bring their own System API.
//
// One instance lives as long as the machine. An execution finds in it what a fresh instance with the committed heap, globals
// and stable memory would have; what it changes is undone by what write tracking kept, unless it is committed.

import CCanister
import CWasm
import Cannery
import CanneryC
import Executor
import SystemAPI
import WebAssembly

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What the host functions of a machine need. The store keeps it, so that they have it as long as they can be called.
final class MachineCore {
  var stable = StableMemory()
  /// Of the execution that the machine is in.
  var context: UnsafeMutableRawPointer?
  /// What the host functions were defined with.
  fileprivate var environments: [Environment] = []

  /// That of the machine whose code called a host function; nil outside of machines.
  static func of(caller: OpaquePointer?) -> MachineCore? {
    guard let caller, let companion = owner(ofCaller: caller).companion, type(of: companion) == MachineCore.self else {
      return nil
    }
    return unsafeDowncast(companion, to: MachineCore.self)
  }
}

final class MachineObject {
  let owner: StoreObject
  let core = MachineCore()
  let module: CompiledModule
  let instance: Instance
  /// Whether an execution has begun that isn't committed, undone or parked.
  fileprivate(set) var isBusy = false
  /// Counts the changes of what is committed.
  private(set) var version: UInt64 = 0

  var store: Store { owner.store }
  var stable: StableMemory { core.stable }
  var heap: Memory? { instance.memories.first }

  /// With `state`, memories are zeros of its sizes, to be filled.
  init(_ module: ModuleObject, _ system: SystemObject, _ limits: StoreLimits, state: InstanceState? = nil) throws {
    self.module = module.thing
    owner = try StoreObject(module.store.engine, limits, tracksWrites: true)
    var imports: [ExternalValue] = []
    for (index, item) in self.module.module.imports.enumerated() {
      guard case .function = item.description, let function = system.lookUp(item.module, item.name) else {
        throw InstantiationError.unknownImport(index: index, item)
      }
      imports.append(.function(try MachineObject.make(function, "\(item.module).\(item.name)", owner)))
      core.environments.append(function.environment)
    }
    if let state {
      instance = try owner.store.restore(self.module, imports: imports, state: state)
    } else {
      instance = try owner.store.makeInstance(self.module, imports: imports)
    }
    owner.companion = core
    if let growth = system.growth {
      owner.store.memoryGrowthHook = { [core] _, old, new in
        guard growth.function(growth.environment.pointer, core.context, old, new) else {
          throw HostTrap(message: "the memory must not grow")
        }
      }
    }
    owner.store.commit()
  }

  /// A function of the store that does what is defined.
  private static func make(_ function: SystemFunction, _ name: String, _ owner: StoreObject) throws -> Function {
    let store = retained(owner)
    defer { release(store) }
    let type = function.type.inC
    defer { wasm_functype_delete(type) }
    guard let made = cannery_func_new(store, type, name, function.callback, function.environment.pointer, nil) else {
      throw FailedError(CANNERY_ERROR_RESOURCE, "the host function \(name) can't be made")
    }
    defer { wasm_func_delete(made) }
    return reference(made).object(as: FunctionObject.self).function
  }

  /// Does `body` on the committed state.
  ///
  /// Throws `BusyError` while an execution is in the machine, or another thread uses it.
  func using<Result>(_ body: () throws -> Result) throws -> Result {
    try owner.using {
      try checkIdle()
      return try body()
    }
  }

  fileprivate func checkIdle() throws {
    if isBusy { throw BusyError("the machine is in use: an execution on it hasn't been committed or deleted") }
  }

  // MARK: Entries

  /// The function that is to be executed, with its arguments.
  ///
  /// Throws an error of the kind `CANNERY_ERROR_LINK` if there is none, or it takes another number of slots.
  func callee(_ entry: cannery_entry_t) throws -> Function {
    let found: Function?
    switch entry.kind {
    case CANNERY_ENTRY_EXPORT:
      let name = try given(text: entry.name, "the entry's name")
      guard case .function(let function)? = instance.export(name) else {
        throw FailedError(CANNERY_ERROR_LINK, "there is no exported function \(name)")
      }
      found = function
    case CANNERY_ENTRY_TABLE:
      found = instance.tables.first?.get(entry.index).flatMap { Function(Reference(handle: $0), in: store) }
    case CANNERY_ENTRY_START: found = module.module.start.map { instance.function(at: Int($0)) }
    default: throw ArgumentError("there is no such kind of entry")
    }
    guard let found else { throw FailedError(CANNERY_ERROR_LINK, "there is no such function") }
    guard entry.slot_count >= 0 else { throw ArgumentError("there can't be so many slots") }
    guard entry.slot_count == Int(found.record.pointee.parameterSlots) else {
      throw FailedError(
        CANNERY_ERROR_LINK,
        "the function takes \(found.record.pointee.parameterSlots) slots, and \(entry.slot_count) were given")
    }
    return found
  }

  /// The same with its arguments.
  func function(_ entry: cannery_entry_t) throws -> (Function, [Value]) {
    let found = try callee(entry)
    let slots = try given(entry.slots, entry.slot_count, "the slots")
    var position = 0
    let arguments = found.type.parameters.map { type in
      defer { position += type.slotCount }
      // Sound: there are as many slots as the types take.
      return Value(type: type, from: slots.baseAddress.unsafelyUnwrapped + position)
    }
    return (found, arguments)
  }

  // MARK: Executions

  /// Prepares an execution of what `entry` names. `using` must be around it.
  func begin(
    _ entry: cannery_entry_t, _ instructions: UInt64, _ context: UnsafeMutableRawPointer?
  ) throws -> MachineExecution {
    let (function, arguments) = try function(entry)
    // What was changed outside of executions doesn't count.
    undo()
    try instance.restoreSegments()
    stable.beginExecution()
    let execution = try Execution(
      function, arguments: arguments, instructions: instructions == unlimited ? nil : instructions)
    return MachineExecution(self, execution, context)
  }

  func undo() {
    store.rollBack()
    stable.rollBack()
  }

  /// Makes what the memories and globals are now the committed state.
  func commit() {
    store.commit()
    stable.commit()
    version += 1
  }

  /// Pages of the heap that are different from what is committed.
  fileprivate var dirtyPages: Int { instance.memories.reduce(0) { $0 + $1.dirtyPages().count } }
}

/// `CANNERY_UNLIMITED`, which the importer of C doesn't see.
private let unlimited = UInt64.max

/// An execution in a machine, until what it did is committed or undone.
final class MachineExecution {
  let machine: MachineObject
  let execution: Execution
  private let context: UnsafeMutableRawPointer?
  private var state = State.inMachine
  /// As they were when the execution was committed or parked.
  private var pages = (heap: 0, stable: 0)

  private enum State {
    case inMachine
    /// With the machine's version.
    case parked(StableMemory.Parked, version: UInt64)
    case committed
  }

  fileprivate init(_ machine: MachineObject, _ execution: Execution, _ context: UnsafeMutableRawPointer?) {
    self.machine = machine
    self.execution = execution
    self.context = context
    enter()
  }

  private func enter() {
    machine.isBusy = true
    machine.core.context = context
  }

  private func leave() {
    machine.isBusy = false
    machine.core.context = nil
  }

  deinit {
    switch state {
    case .committed: break
    case .inMachine:
      // Others only find out that the machine is busy, which doesn't take long.
      while true {
        let isDone: Void? = try? machine.owner.using {
          execution.abandon()
          machine.undo()
          leave()
        }
        if isDone != nil { break }
        sched_yield()
      }
    case .parked(let parked, _):
      execution.abandon()
      StableMemory.discard(parked)
    }
  }

  /// Makes what the execution did the machine's state. It must have finished.
  func commit() throws {
    guard case .inMachine = state else { throw ArgumentError("the execution is parked, or committed already") }
    pages = (machine.dirtyPages, machine.stable.dirtyPages)
    machine.commit()
    leave()
    state = .committed
  }

  /// Pages that it has changed.
  var changedPages: (heap: Int, stable: Int) {
    if case .inMachine = state { (machine.dirtyPages, machine.stable.dirtyPages) } else { pages }
  }

  func park() throws {
    guard case .inMachine = state else { throw ArgumentError("the execution is parked already, or committed") }
    let present = changedPages
    try execution.park()
    state = .parked(machine.stable.park(), version: machine.version)
    pages = present
    leave()
  }

  func unpark() throws {
    guard case .parked(let parked, let version) = state else { throw ArgumentError("the execution isn't parked") }
    try machine.checkIdle()
    guard version == machine.version else { throw ExecutionError.storeHasChanged }
    machine.undo()
    try execution.unpark()
    machine.stable.unpark(parked)
    state = .inMachine
    enter()
  }
}
