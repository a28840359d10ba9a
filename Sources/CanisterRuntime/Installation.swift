// One installation of code: all stages succeed, or nothing has happened but for the instructions and the log. It may be
// spread over rounds; until its end the canister is as it was, and whoever asks sees that.
//
// Source: the Internet Computer interface specification, "IC method install_code"; dfinity/ic,
// rs/execution_environment/src/execution/{install,upgrade,install_code}.rs.

import Candid
import Cannery
import SystemAPI
import WasmBinary
import WebAssembly

/// What is to be installed, and for whom: enough to begin anew.
struct InstallationOrder: Hashable, Sendable {
  var caller: ManagementCaller
  /// As it was uploaded.
  var module: [UInt8]
  var mode: InstallMode
  var argument: [UInt8]
  /// What came with the call, and goes back with the answer.
  var cycles: Cycles
  /// What was paid for the instructions, and whether at the price of 64-bit memory.
  var prepaid: Cycles
  var is64: Bool
  /// Chunks of which the module was made, each charged as a full one.
  var chunks: UInt64
}

/// An installation that has not ended.
final class Installation {
  let order: InstallationOrder
  /// What has been done of it; nil before it begins, or where it begins anew.
  var run: InstallationRun?
  /// How it ended.
  var outcome: InstallationProgress?

  init(_ order: InstallationOrder) { self.order = order }

  /// Forgets what has been done; it begins anew when its turn comes.
  func abort() {
    run?.abort()
    run = nil
  }
}

enum InstallationProgress {
  case paused
  case succeeded
  case failed(CanisterError)
}

/// The stages of an installation. They share a budget of instructions, and nothing is committed before the last has
/// succeeded: they work on a copy of the canister's state, on a machine of their own, and on stable memory that can be
/// rolled back.
final class InstallationRun {
  private enum Stage { case beginning, preUpgrade, start, entry }

  private let order: InstallationOrder
  private let fees: SubnetConfiguration
  private let time: UInt64
  private let id: Principal
  /// The canister's state when it began, and what has become of it.
  private let base: SystemState
  private var state: SystemState
  private let oldMachine: CanisterMachine?
  private var newMachine: CanisterMachine?
  /// Whether the new machine has the old one's heap.
  private var adopts = false
  private var stable: StableMemory
  private var module: InstalledModule?
  private var stage = Stage.beginning
  private var execution: CanisterExecution?
  private var dirtyPages = 0
  private var stablePages = 0
  private var log: CanisterLog
  /// Instructions of the stages that have ended, and of the module's compilation.
  private var used: UInt64 = 0

  init(_ order: InstallationOrder, _ canister: Canister, _ runtime: CanisterRuntime) {
    self.order = order
    id = canister.id
    fees = runtime.fees
    time = runtime.time
    base = canister.state
    state = canister.state
    oldMachine = canister.machine
    stable = canister.stable
    log = CanisterLog(capacity: canister.state.log.capacity)
  }

  private var isUpgrade: Bool { if case .upgrade = order.mode { true } else { false } }
  private var limit: UInt64 { fees.installInstructions }
  private var prefix: String { "Error from Canister \(id): " }

  /// Instructions so far.
  var instructions: UInt64 { used + (execution?.executed ?? 0) }

  // MARK: Stages

  /// Goes on to the end of a slice, or to the end.
  func step(_ canister: Canister, _ runtime: CanisterRuntime) -> InstallationProgress {
    do throws(CanisterError) {
      repeat {
        guard let execution else { continue }
        guard let result = execution.step() else { return .paused }
        self.execution = nil
        try take(result)
      } while try enterNextStage(canister, runtime)
      try commit(canister, runtime)
      return .succeeded
    } catch {
      undo()
      return .failed(error)
    }
  }

  /// Begins the next stage, which may have nothing to execute; false after the last.
  private func enterNextStage(_ canister: Canister, _ runtime: CanisterRuntime) throws(CanisterError) -> Bool {
    switch stage {
    case .beginning:
      stage = .preUpgrade
      guard case .upgrade(let options) = order.mode, !options.skipsPreUpgrade, let machine = oldMachine,
        machine.installed.exports("canister_pre_upgrade")
      else { break }
      try execute(machine, .export("canister_pre_upgrade"), .preUpgrade, runtime, commits: .nothing)
    case .preUpgrade:
      stage = .start
      let module = try compile(runtime)
      self.module = module
      try checkUpgrade(to: module)
      let machine = try makeMachine(canister, runtime)
      if machine.installed.module.module.start != nil {
        try execute(machine, .start, .start, runtime, commits: newCommits)
      }
    case .start:
      stage = .entry
      guard let machine = newMachine else { break }
      let entry = isUpgrade ? "canister_post_upgrade" : "canister_init"
      if machine.installed.exports(entry) {
        try execute(
          machine, .export(entry), .initialization, runtime, argument: order.argument, commits: newCommits)
      }
    case .entry: return false
    }
    return true
  }

  /// A failure drops the new machine with its heap, but stable memory is the old one's, as is a heap that is kept.
  private var newCommits: CanisterExecution.Commits { adopts ? .nothing : .heap }

  private func compile(_ runtime: CanisterRuntime) throws(CanisterError) -> InstalledModule {
    try useInstructions(order.chunks * CanisterRuntime.chunkSize)
    do throws(CanisterError) {
      // Text is for hosts: the network takes binary modules, compressed or not.
      let isBinary = [[0, 0x61, 0x73, 0x6D], [0x1F, 0x8B, 8]].contains { order.module.starts(with: $0 as [UInt8]) }
      guard isBinary || order.caller.isHost else {
        throw CanisterError(
          .canisterInvalidWasm,
          "Canister's Wasm module is not valid: Failed to decode wasm module: unsupported canister module format.")
      }
      return try runtime.installedModule(order.module)
    } catch {
      // By its size, given or inflated.
      let inflated = (try? inflateIfCompressed(ModuleBytes(order.module)).count) ?? 0
      try useInstructions(UInt64(max(order.module.count, inflated)) * fees.compileInstructions)
      throw CanisterError(error.code, prefix + error.message)
    }
  }

  private func useInstructions(_ count: UInt64) throws(CanisterError) {
    used = min(used.addingReportingOverflow(count).partialValue, UInt64(Int64.max))
    guard used <= limit else {
      used = limit
      throw exceeded()
    }
  }

  /// Whether the upgrade says what has to be said about the heap.
  private func checkUpgrade(to module: InstalledModule) throws(CanisterError) {
    guard case .upgrade(let options) = order.mode, let old = oldMachine?.installed else { return }
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

  private func makeMachine(_ canister: Canister, _ runtime: CanisterRuntime) throws(CanisterError) -> CanisterMachine {
    guard let module else { preconditionFailure("the module was compiled in the second stage") }
    var keepsHeap = false
    if case .upgrade(let options) = order.mode {
      keepsHeap = options.keepsHeap == true
    } else {
      stable = StableMemory()
      state.stableBytes = 0
      state.certifiedData = []
    }
    try runtime.checkCustomSections(module, inPlaceOf: oldMachine?.installed)
    try useInstructions(runtime.compileCharge(for: module))
    let machine: CanisterMachine
    if keepsHeap, let oldMachine, oldMachine.memory != nil, module.hasMemory {
      machine = try runtime.makeMachine(state, stable, module, from: .adopting(oldMachine))
      adopts = true
    } else {
      machine = try runtime.makeMachine(state, stable, module)
    }
    newMachine = machine
    // What the old code wrote last to a heap that isn't kept, and to globals, is of no use any more.
    oldMachine?.store.rollBack()
    state.globalTimer = 0
    state.version += 1
    state.setInstalled(module, heapBytes: machine.heapBytes)
    try runtime.checkRoom(for: state.billedMemory.subtractingSaturated(base.billedMemory))
    return machine
  }

  private func exceeded() -> CanisterError {
    CanisterError(
      .canisterInstructionLimitExceeded,
      prefix + "Canister exceeded the limit of \(limit) instructions for single message execution.")
  }

  private func execute(
    _ machine: CanisterMachine, _ entry: EntryPoint, _ mode: ExecutionMode, _ runtime: CanisterRuntime,
    argument: [UInt8] = [], commits: CanisterExecution.Commits
  ) throws(CanisterError) {
    var context = MessageContext(mode, caller: order.caller.principal, time: time, instructionLimit: limit - used)
    context.argument = argument
    do throws(CanisterError) {
      execution = try CanisterExecution(
        machine, entry, context, state, capacity: runtime.memoryCapacity,
        slice: fees.installSliceInstructions, commits: commits)
    } catch {
      throw CanisterError(error.code, prefix + error.message)
    }
  }

  private func take(_ result: ExecutionResult) throws(CanisterError) {
    used += result.instructions
    dirtyPages += result.dirtyPages
    stablePages += result.stablePages
    log.append(result.effects.log)
    if let error = result.error {
      // Of all stages together the limit is reached.
      throw error.code == .canisterInstructionLimitExceeded ? exceeded() : error
    }
    state.take(result.system, since: result.before)
  }

  // MARK: The end

  /// Makes the canister what the stages have made, if its settings and its cycles still allow that.
  private func commit(_ canister: Canister, _ runtime: CanisterRuntime) throws(CanisterError) {
    guard let machine = newMachine else { preconditionFailure("the new machine was made in the second stage") }
    let memoryLimit = canister.state.settings.wasmMemoryLimit
    if memoryLimit > 0 && state.heapBytes > memoryLimit {
      throw CanisterError(
        .canisterWasmMemoryLimitExceeded,
        prefix
          + "Canister exceeded its current Wasm memory limit of \(memoryLimit) bytes. The peak Wasm memory usage was "
          + "\(state.heapBytes) bytes.")
    }
    var result = canister.state
    if let error = result.lacking(after: state, since: base, keepsThreshold: false, fees) { throw error }
    result.take(state, since: base)
    result.setInstalled(machine.installed, heapBytes: state.heapBytes)
    let growth = result.billedMemory.subtractingSaturated(canister.state.billedMemory)
    try runtime.reserve(for: growth, &result)
    try runtime.checkNotFrozen(result, growth)
    // Others may have taken meanwhile what there was when it began.
    guard growth <= runtime.freeMemory else {
      throw CanisterError(.canisterOutOfMemory, prefix + "Canister cannot grow its memory usage.")
    }
    result.version += 1
    machine.store.commit()
    stable.commit()
    if !isUpgrade { result.log.clear() }
    canister.state = result
    let delta = UInt64(dirtyPages + stablePages) * UInt64(StableMemory.pageSize)
    runtime.count(changes: delta, of: canister, by: order.caller)
    runtime.managementInstructions -= Int64(clamping: fees.copying(dirtyPages))
    // Of memories that stay, what was changed before counts on; without an upgrade only chunks stay.
    let before = canister.changedBytes
    canister.changedBytes = delta.addingSaturated(isUpgrade ? before : min(before, canister.state.fixedMemory.chunks))
    canister.machine = machine
    canister.stable = stable
  }

  /// Gives up what has been done, without a trace.
  func abort() {
    execution?.abort()
    execution = nil
    undo()
  }

  private func undo() {
    if adopts, let newMachine, let oldMachine { newMachine.giveBack(to: oldMachine) }
    oldMachine?.store.rollBack()
    stable.rollBack()
  }

  /// Pays for what was used, keeps the log and tells what happened.
  func settle(_ canister: Canister, _ runtime: CanisterRuntime, _ error: CanisterError?) {
    let cost = min(fees.executionCost(instructions: used, is64: order.is64), order.prepaid)
    canister.state.refund(order.prepaid - cost, of: .instructions)
    canister.state.log.append(log)
    // What the host does is no message of a round.
    if !order.caller.isHost { canister.installDebt += used }
    runtime.report([
      ExecutionReport(
        canister: id, name: "install_code", mode: .initialization, instructions: used, cycles: cost,
        dirtyPages: dirtyPages, error: error)
    ])
    canister.updateLowMemoryHook(fees)
  }

  // MARK: Parking

  /// Lets others see the canister as it is committed, until `unpark`.
  func park() {
    execution?.park()
    if adopts, let newMachine, let oldMachine { newMachine.exchangeHeap(with: oldMachine) }
  }

  func unpark() {
    if adopts, let newMachine, let oldMachine { newMachine.exchangeHeap(with: oldMachine) }
    execution?.unpark()
  }
}
