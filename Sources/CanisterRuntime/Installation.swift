// Installing code: all stages succeed, or nothing has happened but for the instructions and the log.
//
// Source: the Internet Computer interface specification, "IC method install_code"; dfinity/ic,
// rs/execution_environment/src/execution/{install,upgrade,install_code}.rs.

import Candid
import Cannery
import SystemAPI

extension CanisterRuntime {
  /// Installs a module in a canister.
  func installCode(
    _ id: Principal, _ bytes: [UInt8], mode: InstallMode, argument: [UInt8], by caller: ManagementCaller
  ) throws(CanisterError) {
    let canister = try canister(id)
    try checkController(canister, caller)
    try checkInstallable(canister, mode, caller)
    var installation = Installation(runtime: self, canister: canister, caller: caller)
    defer { index.update(canister) }
    do throws(CanisterError) {
      try installation.prepay()
      let module = try installation.compile(bytes)
      try installation.checkUpgrade(to: module, mode)
      try installation.run(module, mode, argument)
    } catch {
      installation.undo()
      installation.settle(error)
      throw error
    }
    installation.settle(nil)
    canister.record(
      .deployment(mode, moduleHash: canister.machine?.installed.hash ?? []), by: caller.origin, at: time)
  }

  private func checkInstallable(
    _ canister: Canister, _ mode: InstallMode, _ caller: ManagementCaller
  ) throws(CanisterError) {
    let id = canister.id
    if canister.paused != nil || canister.aborted != nil {
      throw CanisterError(
        .canisterQueueNotEmpty, "Canister \(id) is executing a message; its code can be changed when that has ended")
    }
    if canister.installDebt > 0 && !caller.isHost {
      throw CanisterError(
        .canisterInstallCodeRateLimited,
        "Canister \(id) is rate limited because it executed too many instructions in the "
          + "previous install_code messages. Please retry installation after several minutes.")
    }
    switch mode {
    case .install:
      if !canister.isEmpty {
        throw CanisterError(
          .canisterNonEmpty,
          "Canister \(id) cannot be installed because the canister is not empty. Try installing with mode='reinstall' instead."
        )
      }
    case .upgrade:
      if canister.isEmpty {
        throw CanisterError(
          .canisterWasmModuleNotFound, "The canister \(id) contains no Wasm module, so it can't be upgraded")
      }
    case .reinstall: break
    }
  }
}

/// One installation: the stages share a budget of instructions, and nothing is committed before the last has succeeded.
private struct Installation {
  let runtime: CanisterRuntime
  let canister: Canister
  let caller: ManagementCaller
  private let fees: SubnetConfiguration
  private let time: UInt64
  private let oldMachine: CanisterMachine?
  private let oldStable: StableMemory
  private let oldState: SystemState
  private let oldHook: LowMemoryHook
  /// The new machine, while it has the old one's heap.
  private var adopter: CanisterMachine?
  private var used: UInt64 = 0
  private var prepaid: Cycles = 0
  private var is64 = false
  private var dirtyPages = 0
  private var log: CanisterLog

  init(runtime: CanisterRuntime, canister: Canister, caller: ManagementCaller) {
    self.runtime = runtime
    self.canister = canister
    self.caller = caller
    fees = runtime.fees
    time = runtime.time
    oldMachine = canister.machine
    oldStable = canister.stable
    oldState = canister.state
    oldHook = canister.lowMemoryHook
    log = CanisterLog(capacity: canister.state.log.capacity)
  }

  private var limit: UInt64 { fees.installInstructions }
  private var prefix: String { "Error from Canister \(canister.id): " }

  /// Takes the cost of all instructions that may be used.
  mutating func prepay() throws(CanisterError) {
    // The new module's memory decides the price; it isn't known yet whether there will be one.
    is64 = canister.machine?.installed.is64 ?? false
    let cost = fees.executionCost(instructions: limit, is64: is64)
    let needed = cost.addingSaturated(canister.state.freezingBalance(fees))
    guard canister.state.balance >= needed else {
      throw CanisterError(
        .canisterOutOfCycles,
        "Canister installation failed with `Canister \(canister.id) is out of cycles: please top up the canister with at "
          + "least \(needed - canister.state.balance) additional cycles`")
    }
    canister.state.spend(cost, on: .instructions)
    prepaid = cost
  }

  mutating func compile(_ bytes: [UInt8]) throws(CanisterError) -> InstalledModule {
    do throws(CanisterError) {
      return try runtime.installedModule(bytes)
    } catch {
      used = min(UInt64(bytes.count) * fees.compileInstructions, limit)
      throw CanisterError(error.code, prefix + error.message)
    }
  }

  /// Whether the upgrade says what has to be said about the heap.
  func checkUpgrade(to module: InstalledModule, _ mode: InstallMode) throws(CanisterError) {
    guard case .upgrade(let options) = mode, let old = oldMachine?.installed else { return }
    if options.keepsHeap == true && !module.hasOrthogonalPersistence {
      throw CanisterError(
        .canisterContractViolation,
        prefix
          + "Invalid upgrade option: Enhanced orthogonal persistence requires the `enhanced-orthogonal-persistence` "
          + "section in the new canister module.")
    }
    if options.keepsHeap == nil && old.hasOrthogonalPersistence {
      throw CanisterError(
        .canisterContractViolation,
        prefix
          + "Missing upgrade option: Enhanced orthogonal persistence requires the `wasm_memory_persistence` upgrade "
          + "option.")
    }
  }

  mutating func run(_ module: InstalledModule, _ mode: InstallMode, _ argument: [UInt8]) throws(CanisterError) {
    var keepsHeap = false
    if case .upgrade(let options) = mode {
      keepsHeap = options.keepsHeap == true
      if !options.skipsPreUpgrade, let machine = oldMachine, machine.installed.exports("canister_pre_upgrade") {
        try execute(machine, .export("canister_pre_upgrade"), .preUpgrade, [], commits: .nothing)
      }
    } else {
      canister.stable = StableMemory()
      canister.state.stableBytes = 0
      canister.state.certifiedData = []
    }
    used += module.compileInstructions
    if used > limit { throw exceeded() }
    let machine: CanisterMachine
    if keepsHeap, let oldMachine, oldMachine.memory != nil, module.hasMemory {
      machine = try runtime.makeMachine(canister, module, from: .adopting(oldMachine))
      adopter = machine
    } else {
      machine = try runtime.makeMachine(canister, module)
    }
    canister.machine = machine
    canister.state.globalTimer = 0
    canister.state.version += 1
    try account(for: machine)
    // A failure drops the new machine with its heap, but stable memory is the old one's, as is a heap that is kept.
    let commits = adopter == nil ? CanisterExecution.Commits.heap : .nothing
    let starts = module.module.module.start != nil
    if starts { try execute(machine, .start, .start, [], commits: commits) }
    let entry = if case .upgrade = mode { "canister_post_upgrade" } else { "canister_init" }
    if module.exports(entry) { try execute(machine, .export(entry), .initialization, argument, commits: commits) }
    let memoryLimit = canister.state.settings.wasmMemoryLimit
    if memoryLimit > 0 && canister.state.heapBytes > memoryLimit {
      throw CanisterError(
        .canisterWasmMemoryLimitExceeded,
        prefix
          + "Canister exceeded its current Wasm memory limit of \(memoryLimit) bytes. The peak Wasm memory usage was "
          + "\(canister.state.heapBytes) bytes.")
    }
    try runtime.checkNotFrozen(
      canister.state, canister.state.billedMemory - min(oldState.billedMemory, canister.state.billedMemory))
    machine.store.commit()
    canister.stable.commit()
    if case .upgrade = mode {} else { canister.state.log.clear() }
  }

  /// Counts the module and its memory to what the canister uses, and makes sure that it can pay for it.
  private func account(for machine: CanisterMachine) throws(CanisterError) {
    canister.state.setInstalled(machine.installed, heapBytes: machine.heapBytes)
    try runtime.takeMemory(&canister.state, from: oldState.billedMemory)
  }

  private func exceeded() -> CanisterError {
    CanisterError(
      .canisterInstructionLimitExceeded,
      prefix + "Canister exceeded the limit of \(limit) instructions for single message execution.")
  }

  private mutating func execute(
    _ machine: CanisterMachine, _ entry: EntryPoint, _ mode: ExecutionMode, _ argument: [UInt8],
    commits: CanisterExecution.Commits
  ) throws(CanisterError) {
    var context = MessageContext(mode, caller: caller.principal, time: time, instructionLimit: limit - used)
    context.argument = argument
    let execution = try CanisterExecution(
      machine, entry, context, canister.state, capacity: CallCapacity(callbacks: 0, responseMemory: 0),
      slice: fees.installSliceInstructions, commits: commits)
    machine.interface.subnetMemoryUse = runtime.index.memory
    let result = execution.run()
    used += result.instructions
    dirtyPages += result.dirtyPages
    log.append(result.effects.log)
    if let error = result.error {
      // Of all stages together the limit is reached.
      throw error.code == .canisterInstructionLimitExceeded ? exceeded() : error
    }
    canister.state.take(result.system, since: result.before)
  }

  /// Puts back everything but what was used and logged.
  mutating func undo() {
    canister.machine = oldMachine
    canister.stable = oldStable
    if let adopter, let oldMachine { adopter.giveBack(to: oldMachine) }
    oldMachine?.store.rollBack()
    oldStable.rollBack()
    let balance = oldState.balance
    canister.state = oldState
    canister.lowMemoryHook = oldHook
    // Paid again below.
    canister.state.balance = balance
    if prepaid > 0 { canister.state.spend(prepaid, on: .instructions) }
  }

  /// Pays for what was used, keeps the log and tells what happened.
  mutating func settle(_ error: CanisterError?) {
    let cost = min(fees.executionCost(instructions: used, is64: is64), prepaid)
    canister.state.refund(prepaid - cost, of: .instructions)
    canister.state.log.append(log)
    // What the host does is no message of a round.
    if !caller.isHost { canister.installDebt += used }
    runtime.report([
      ExecutionReport(
        canister: canister.id, name: "install_code", mode: .initialization, instructions: used, cycles: cost,
        dirtyPages: dirtyPages, error: error)
    ])
    canister.updateLowMemoryHook(fees)
  }
}
