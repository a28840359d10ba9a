// The machine of a canister with a module: an instance that lives as long as the module is installed, and executions in it.
//
// The replica makes a fresh instance for each execution, with memory and mutable globals carried over. Here the instance
// stays, and an execution that fails is undone by what write tracking kept.

import Candid
import Cannery
import SystemAPI

/// An instance of a canister's module, with its memories.
package final class CanisterMachine {
  package let installed: InstalledModule
  package let interface: SystemInterface
  package let store: Store
  private let engine: Engine
  private(set) var instance: Instance
  /// By the handle of what they forward to.
  private var forwarders: [UInt64: (function: Function, cost: UInt64)] = [:]
  package var memory: Memory? { instance.memories.first }

  /// What an instance begins with.
  package enum Beginning {
    /// What the module says.
    case initialized
    /// Another machine's heap, which that one lacks then; nothing of it is committed, and `giveBack` undoes it.
    case adopting(CanisterMachine)
    /// These sizes and globals; the heap is zeros for `Memory.restore` to fill.
    case restored(InstanceState)
  }

  /// Makes the instance; no code of it is run.
  package init(
    _ installed: InstalledModule, engine: Engine, subnet: SubnetInformation, system: SystemState, stable: StableMemory,
    from beginning: Beginning = .initialized
  ) throws(CanisterError) {
    self.installed = installed
    self.engine = engine
    interface = SystemInterface(subnet, system, stable: stable, is64: installed.is64)
    do {
      var limits = StoreLimits()
      let bytes = installed.is64 ? subnet.configuration.heapLimit64 : subnet.configuration.heapLimit32
      limits.memoryPages = bytes / MemoryType.pageSize
      store = try engine.makeStore(limits: limits, tracksWrites: true)
      var imports: [ExternalValue] = []
      for (index, value) in try interface.imports(of: installed.module, in: store).enumerated() {
        let item = installed.module.module.imports[index]
        guard let value else { throw InstantiationError.unknownImport(index: index, item) }
        imports.append(value)
      }
      instance =
        switch beginning {
        case .initialized: try store.makeInstance(installed.module, imports: imports)
        case .adopting(let old): try store.adopt(memoryOf: old.instance, installed.module, imports: imports)
        case .restored(let state): try store.restore(installed.module, imports: imports, state: state)
        }
    } catch let error as InstantiationError where error.isAboutMemory {
      throw CanisterError(
        .canisterOutOfMemory, "Error from Canister \(system.id): Canister cannot grow its memory usage.")
    } catch {
      throw CanisterError(.canisterInvalidWasm, "Canister's Wasm module cannot be instantiated: \(error)")
    }
    interface.memory = memory
    store.memoryGrowthHook = { [interface] _, old, new in try interface.heapHasGrown(from: old, to: new) }
    if case .adopting = beginning { return }
    store.commit()
  }

  /// Undoes having adopted the heap of `old`: both have what was committed before that.
  func giveBack(to old: CanisterMachine) {
    store.rollBack()
    do throws(MemoryExchangeError) {
      try instance.exchangeMemory(with: old.instance)
    } catch {
      preconditionFailure("the heap was the old machine's before: \(error)")
    }
  }

  /// Exchanges the heap with another machine's, where neither has changes that aren't committed.
  func exchangeHeap(with other: CanisterMachine) {
    do throws(MemoryExchangeError) {
      try instance.exchangeMemory(with: other.instance)
    } catch {
      preconditionFailure("the heap is one of the same canister: \(error)")
    }
  }

  /// A function of Wasm code that only calls `function` of the System API, and what its own code is counted: executions
  /// begin in Wasm code, but a module may export what it imports.
  func forwarder(to function: Function) throws(CanisterError) -> (function: Function, cost: UInt64) {
    if let known = forwarders[function.reference.handle] { return known }
    do {
      let module = try engine.makeForwarder(to: function.type)
      let code = try store.makeInstance(module, imports: [.function(function)]).function(at: 1)
      let forwarder = (code, MeteringPolicy.icp.costOfForwarding(function.type))
      forwarders[function.reference.handle] = forwarder
      return forwarder
    } catch {
      throw CanisterError(.canisterWasmEngineError, "Canister encountered a Wasm engine error: \(error)")
    }
  }

  /// Undoes all that wasn't committed.
  package func discard() {
    store.rollBack()
    interface.stable.rollBack()
  }

  /// Bytes.
  var heapBytes: UInt64 { UInt64(memory?.count ?? 0) }
}

/// What to execute.
package enum EntryPoint: Hashable, Sendable {
  /// The module's start function.
  case start
  /// A function that is exported under this name.
  case export(String)
  case callback(Callback)
}

/// How an execution ended.
package struct ExecutionResult: Sendable {
  /// Nil for success.
  package var error: CanisterError?
  /// As they are billed: with dirty pages, and at most the limit.
  package var instructions: UInt64
  /// Instructions that the Wasm code itself was counted, for other limits.
  package var executedInstructions: UInt64
  package var dirtyPages: Int
  /// Pages of stable memory that it wrote.
  var stablePages = 0
  package var effects: ExecutionEffects
  /// The canister's state afterwards; after a failure without its changes.
  package var system: SystemState
  /// The state that the execution began with: the canister's may have changed since then.
  var before: SystemState
  var acceptedCycles: Cycles { effects.acceptedCycles }
}

/// An execution for a message, which may be spread over slices.
package final class CanisterExecution {
  let machine: CanisterMachine
  let entry: EntryPoint
  let context: MessageContext
  private let before: SystemState
  private let execution: Execution
  /// What the code that isn't the canister's counts: where the entry point is a function of the System API.
  private let forwardingCost: UInt64
  /// The limit of a slice, and what the last one used beyond.
  private let slice: UInt64
  private var overshoot: UInt64 = 0
  private var sliceStart: UInt64 = 0
  private var sliceLimit: UInt64 = 0
  private var slices: UInt64 = 1
  /// Twice as many as would be enough if none used more than its part.
  private var mostSlices: UInt64 {
    let limits = machine.interface.subnet.configuration.sliceLimits
    let (double, overflow) = (context.instructionLimit / max(slice, 1)).multipliedReportingOverflow(by: 2)
    return min(max(overflow ? .max : double, limits.lowerBound), limits.upperBound)
  }
  private var hasStarted = false
  private var parked: SystemInterface.Parked?
  /// What a successful execution commits of what it wrote; of the rest others decide.
  private let commits: Commits

  package enum Commits: Sendable { case everything, heap, nothing }
  /// Pages of the heap that it changed; where the next execution starts from what isn't committed, counted as it ends.
  private var changedPages = 0
  private var startsUncommitted: Bool { context.mode.isComposite || commits == .nothing }
  private var trackedPages: Int { startsUncommitted ? changedPages : machine.memory?.dirtyPages().count ?? 0 }

  /// Prepares an execution. `system` is the canister's state, with what the execution costs already taken off its balance;
  /// `slice` limits the instructions of one step.
  ///
  /// Throws a `CanisterError` if the entry point is missing or no function of its type.
  package init(
    _ machine: CanisterMachine, _ entry: EntryPoint, _ context: MessageContext, _ system: SystemState,
    capacity: SubnetCapacity, slice: UInt64, commits: Commits = .everything
  ) throws(CanisterError) {
    self.machine = machine
    self.entry = entry
    self.context = context
    self.slice = slice
    self.commits = commits
    before = system
    var (function, arguments) = try CanisterExecution.function(machine, entry)
    if function.isHost {
      (function, forwardingCost) = try machine.forwarder(to: function)
    } else {
      forwardingCost = 0
    }
    machine.interface.begin(context, system, capacity)
    machine.interface.taskName = CanisterExecution.taskNames[entry]
    sliceLimit = min(slice, context.instructionLimit)
    do throws(ExecutionError) {
      // As in a fresh instance; tables can't change.
      try machine.instance.restoreSegments()
      execution = try Execution(
        function, arguments: arguments, instructions: sliceLimit.addingSaturated(forwardingCost))
    } catch {
      throw CanisterError(.canisterWasmEngineError, "Canister encountered a Wasm engine error: \(error)")
    }
    if startsUncommitted { execution.stayOpen() }
  }

  private static let taskNames: [EntryPoint: String] = [
    .export("canister_heartbeat"): "heartbeat", .export("canister_global_timer"): "global timer",
    .export("canister_on_low_wasm_memory"): "on low Wasm memory",
  ]

  private static func function(
    _ machine: CanisterMachine, _ entry: EntryPoint
  ) throws(CanisterError) -> (Function, [Value]) {
    switch entry {
    case .start:
      guard let start = machine.installed.module.module.start else { break }
      return (machine.instance.function(at: Int(start)), [])
    case .export(let name):
      guard case .function(let function) = machine.instance.export(name) else { break }
      return (function, [])
    case .callback(let callback):
      let environment: Value
      let type: WebAssembly.FunctionType
      if machine.installed.is64 {
        environment = .i64(Int64(bitPattern: callback.environment))
        type = WebAssembly.FunctionType(parameters: [.i64], results: [])
      } else {
        // A canister that was 64-bit when it made the call may have given more.
        guard let narrow = UInt32(exactly: callback.environment) else {
          throw CanisterError(
            .canisterContractViolation,
            "Canister violated contract: Failed to convert the callback environment \(callback.environment) to u32")
        }
        environment = .i32(Int32(bitPattern: narrow))
        type = WebAssembly.FunctionType(parameters: [.i32], results: [])
      }
      guard let table = machine.instance.tables.first else {
        throw CanisterError(
          .canisterFunctionNotFound,
          "Canister requested to invoke a non-existent Wasm function \(callback.function) from table 0")
      }
      guard callback.function < table.count else {
        throw CanisterError(
          .canisterFunctionNotFound,
          "Canister requested to invoke a non-existent Wasm function \(callback.function) from table 0")
      }
      guard let handle = table.get(callback.function),
        let function = Function(Reference(handle: handle), in: machine.store)
      else {
        throw CanisterError(
          .canisterContractViolation,
          "Canister violated contract: unexpected null function reference at \(callback.function) in table 0")
      }
      guard function.type == type else {
        throw CanisterError(
          .canisterContractViolation,
          "Canister violated contract: function invocation does not match its signature")
      }
      return (function, [environment])
    }
    throw CanisterError(.canisterMethodNotFound, "Canister has no function to execute.")
  }

  /// Instructions executed so far.
  var executed: UInt64 { execution.instructionsExecuted - min(forwardingCost, execution.instructionsExecuted) }

  /// Executes a slice. Returns nil if the execution is to go on. An execution that succeeds fails nevertheless with what
  /// `check` says about its state after it and before.
  func step(
    _ check: (_ after: SystemState, _ before: SystemState) -> CanisterError? = { _, _ in nil }
  ) -> ExecutionResult? {
    do throws(ExecutionError) {
      let interface = machine.interface
      let state: ExecutionState
      if hasStarted {
        sliceStart = executed
        interface.grantedInstructions = sliceStart + sliceLimit
        state = try execution.resume(instructions: sliceLimit)
      } else {
        hasStarted = true
        interface.grantedInstructions = sliceLimit
        state = try execution.run()
      }
      switch state {
      case .finished:
        // Its cycles are back before the balance is looked at.
        interface.dropCall()
        let error = reservedPagesError ?? check(interface.system, before)
        close(hasFailed: error != nil)
        return end(error)
      case .trapped(let trap):
        let error = reservedPagesError ?? error(of: trap)
        close(hasFailed: true)
        return end(error)
      case .outOfInstructions: return nextSlice() ? nil : end(reservedPagesError ?? outOfInstructions)
      case .waitingForHost, .interrupted:
        return end(CanisterError(.canisterWasmEngineError, "Canister encountered a Wasm engine error: it stopped"))
      }
    } catch {
      return end(CanisterError(.canisterWasmEngineError, "Canister encountered a Wasm engine error: \(error)"))
    }
  }

  /// What of the subnet it may still take: bytes of memory, and for guaranteed responses.
  var room: (memory: UInt64, responses: UInt64) {
    (machine.interface.capacity.memory, machine.interface.capacity.responseMemory)
  }

  /// An execution that goes on may take what there is now, without what it has taken.
  func renewCapacity(_ capacity: SubnetCapacity) {
    machine.interface.capacity.memory = capacity.memory
    machine.interface.capacity.memoryUse = capacity.memoryUse
    machine.interface.capacity.responseMemory = capacity.responseMemory
  }

  /// Executes to the end.
  package func run() -> ExecutionResult {
    while true { if let result = step() { return result } }
  }

  /// Makes room for other executions in the machine, on the committed state, until `unpark`.
  func park() {
    do throws(ExecutionError) {
      try execution.park()
    } catch {
      preconditionFailure("an execution that stopped can be parked: \(error)")
    }
    parked = machine.interface.park()
  }

  /// Takes the machine again.
  func unpark() {
    guard let parked else { preconditionFailure("the execution isn't parked") }
    machine.interface.unpark(parked)
    self.parked = nil
    do throws(ExecutionError) {
      try execution.unpark()
    } catch {
      preconditionFailure("what was parked can go on: \(error)")
    }
  }

  /// Gives up an execution that hasn't ended, without a trace.
  func abort() {
    execution.abandon()
    undo()
  }

  /// Decides how large the next slice is; false if there is none.
  private func nextSlice() -> Bool {
    let executed = executed
    if executed >= context.instructionLimit || slices >= mostSlices { return false }
    slices += 1
    overshoot = executed - sliceStart > sliceLimit ? executed - sliceStart - sliceLimit : 0
    if overshoot >= slice { return false }
    sliceLimit = min(slice - overshoot, context.instructionLimit - executed)
    return sliceLimit > 0
  }

  private var outOfInstructions: CanisterError {
    if overshoot >= slice {
      return CanisterError(
        .canisterInstructionLimitExceeded,
        prefix
          + "Canister attempted to perform a large memory operation that used \(executed - sliceStart) "
          + "instructions and exceeded the slice limit \(slice).")
    }
    return CanisterError(
      .canisterInstructionLimitExceeded,
      prefix + "Canister exceeded the limit of \(context.instructionLimit) instructions for single message execution.")
  }

  private var prefix: String { "Error from Canister \(before.id): " }

  // MARK: The end

  /// The code has returned or trapped.
  private func close(hasFailed: Bool) {
    guard startsUncommitted else { return }
    changedPages = machine.memory?.pagesOfExecution ?? 0
    execution.end(undoing: hasFailed && context.mode.isComposite)
  }

  private func end(_ error: CanisterError?) -> ExecutionResult {
    execution.abandon()
    let interface = machine.interface
    let executed = executed
    let isTracked = context.mode.tracksHeap
    let dirty = isTracked ? trackedPages : 0
    let price = machine.interface.subnet.configuration.dirtyPagePrice(is64: machine.installed.is64)
    let (total, overflow) = executed.addingReportingOverflow(UInt64(dirty) * price)
    var result = ExecutionResult(
      error: error, instructions: min(overflow ? .max : total, context.instructionLimit),
      executedInstructions: min(executed, context.instructionLimit), dirtyPages: dirty, effects: interface.effects,
      system: before, before: before)
    result.stablePages = interface.stable.dirtyPages
    if error == nil {
      result.system = interface.system
      result.effects = interface.effects
    }
    if context.mode.isComposite {
      // What it wrote stays for its callbacks; whoever evaluates the query undoes it at the end. After a failure what was
      // there before stays: the heap is as it was already.
      if error != nil { interface.stable.undoExecution() }
    } else if error != nil || !context.mode.keepsHeap {
      undo()
      result.system.heapBytes = before.heapBytes
      result.system.stableBytes = before.stableBytes
    } else {
      if commits != .nothing { machine.store.commit() }
      if commits == .everything { interface.stable.commit() }
    }
    return result
  }

  /// The error of a heap that has come to what is reserved at its end; nil where it has not.
  private var reservedPagesError: CanisterError? {
    let reserved = machine.installed.reservedPages * MemoryType.pageSize
    if reserved == 0 || machine.heapBytes <= (1 << 32) - reserved { return nil }
    return CanisterError(.canisterOutOfMemory, prefix + "Canister ran out of available Wasm memory.")
  }

  private func undo() {
    machine.store.rollBack()
    machine.interface.stable.rollBack()
  }

  /// The error that a trap means.
  private func error(of trap: Trap) -> CanisterError {
    if let error = trap.underlying as? CanisterError {
      if let message = machine.interface.trapMessage { log(trap, message.isEmpty ? "(no message)" : message) }
      return CanisterError(error.code, prefix + error.message + backtrace(trap))
    }
    let text: String
    switch trap.kind {
    case .outOfInstructions: return outOfInstructions
    case .unreachable: text = "unreachable"
    case .integerDivideByZero: text = "integer division by 0"
    case .outOfBoundsMemoryAccess: text = "heap out of bounds"
    case .outOfBoundsTableAccess, .undefinedElement: text = "table out of bounds"
    case .callStackExhausted: text = "stack overflow"
    case .indirectCallTypeMismatch:
      return CanisterError(
        .canisterContractViolation,
        prefix + "Canister violated contract: function invocation does not match its signature" + backtrace(trap))
    default: text = "unknown"
    }
    log(trap, text)
    return CanisterError(.canisterTrapped, prefix + "Canister trapped: \(text)" + backtrace(trap))
  }

  /// The canister's log tells of the trap.
  private func log(_ trap: Trap, _ text: String) {
    machine.interface.effects.log.append(Array("[TRAP]: \(text)\(backtrace(trap))".utf8), at: context.time)
  }

  private func backtrace(_ trap: Trap) -> String {
    if forwardingCost > 0 { return "" }
    let names = trap.backtrace.filter { !$0.isHost }.prefix(20).map {
      $0.name ?? "unknown function at index \($0.function)"
    }
    return names.isEmpty ? "" : "\nCanister Backtrace:\n" + names.joined(separator: "\n")
  }
}

extension InstantiationError {
  /// Whether there is no room for a memory as large as it would have to be.
  fileprivate var isAboutMemory: Bool {
    switch self {
    case .memoryExchange(.memoryLimit), .resource(.memoryLimit), .resource(.outOfMemory): true
    default: false
    }
  }
}

extension ExecutionMode {
  /// Whether changed pages of the heap are charged.
  var tracksHeap: Bool {
    switch self {
    case .query, .replicatedQuery, .transform, .inspectMessage: false
    default: true
    }
  }

  /// Whether memories and globals stay as a successful execution leaves them. Of composite queries they stay for the
  /// callbacks, until the query ends.
  var keepsHeap: Bool {
    switch self {
    case .query, .replicatedQuery, .transform, .inspectMessage: false
    default: !isComposite
    }
  }
}

extension SubnetConfiguration {
  /// Instructions that copying so many changed pages counts to the round: it isn't billed.
  func copying(_ pages: Int) -> UInt64 {
    if UInt64(pages) <= uncountedCopies { return 0 }
    let (cost, overflow) = UInt64(pages).multipliedReportingOverflow(by: pageCopyInstructions)
    return overflow ? 1 << 60 : min(cost, 1 << 60)
  }

  /// Instructions for a changed page of the heap.
  func dirtyPagePrice(is64: Bool) -> UInt64 { dirtyPageInstructions * (is64 ? dirtyPageFactor64 : 1) }
}
