// Which canisters have something to do, and what all together use: so that a round costs what is active, however many
// canisters there are.

import Candid
import SystemAPI

struct CanisterIndex: Equatable {
  /// Canisters with messages, tasks or a paused execution.
  private(set) var ready: Set<Principal> = []
  private(set) var heartbeats: Set<Principal> = []
  /// Canisters whose timers are set.
  private(set) var timers: Set<Principal> = []
  /// Canisters whose low-memory hooks are due.
  private(set) var hooks: Set<Principal> = []
  /// Canisters with calls or requests that have a deadline, or with ingress messages.
  private(set) var deadlines: Set<Principal> = []
  /// Canisters whose installations or changes of memory took more than the rounds since then make up for.
  private(set) var indebted: Set<Principal> = []
  /// Canisters with best-effort messages.
  private(set) var bestEffort: Set<Principal> = []
  /// Canisters in which code is being installed, and those in the middle of anything.
  private(set) var installing: Set<Principal> = []
  private(set) var inMiddle: Set<Principal> = []
  /// Canisters that are being stopped.
  private(set) var stopping: Set<Principal> = []
  /// Bytes that all canisters are billed for, and what paused executions have taken beyond.
  private(set) var memory: UInt64 = 0
  /// Bytes of the custom sections that modules are kept for.
  private(set) var customSections: UInt64 = 0
  /// Calls that wait for responses, and those of them whose responses are guaranteed.
  private(set) var calls = 0
  private(set) var guaranteedCalls = 0
  /// Bytes of requests beyond the room that is kept for their responses, and what paused executions have taken for theirs.
  private(set) var oversizeRequests: UInt64 = 0
  private var known: [Principal: Numbers] = [:]

  private struct Numbers: Equatable {
    var memory: UInt64 = 0
    var oversize: UInt64 = 0
    var customSections: UInt64 = 0
    var calls = 0
    var guaranteed = 0
  }

  /// Follows a change of `canister`.
  mutating func update(_ canister: Canister) {
    let id = canister.id
    let isRunning = canister.state.status == .running
    let installed = canister.machine?.installed
    set(&ready, id, canister.hasWork)
    set(&heartbeats, id, isRunning && installed?.hasHeartbeat ?? false)
    set(&timers, id, isRunning && canister.state.globalTimer != 0 && installed?.hasTimer ?? false)
    set(&hooks, id, isRunning && canister.lowMemoryHook == .ready && installed != nil)
    set(&deadlines, id, canister.calls.hasDeadlines || !canister.queues.isEmpty)
    set(&installing, id, canister.installation != nil)
    set(&inMiddle, id, canister.isInMiddle)
    set(&stopping, id, canister.state.status == .stopping)
    set(&indebted, id, canister.installDebt > 0 || canister.heapDebt > 0)
    set(&bestEffort, id, canister.queues.bestEffortBytes > 0)
    let held = canister.paused?.held ?? HeldCapacity()
    let old = known[id] ?? Numbers()
    let new = Numbers(
      memory: canister.state.billedMemory.addingSaturated(held.memory),
      oversize: canister.queues.oversizeBytes.addingSaturated(held.responses),
      customSections: canister.state.fixedMemory.customSections, calls: canister.calls.calls.count,
      guaranteed: canister.calls.guaranteedCalls)
    customSections = customSections - old.customSections + new.customSections
    memory = memory - old.memory + new.memory
    calls += new.calls - old.calls
    guaranteedCalls += new.guaranteed - old.guaranteed
    oversizeRequests = oversizeRequests - old.oversize + new.oversize
    known[id] = new
  }

  mutating func remove(_ id: Principal) {
    ready.remove(id)
    heartbeats.remove(id)
    timers.remove(id)
    hooks.remove(id)
    deadlines.remove(id)
    installing.remove(id)
    inMiddle.remove(id)
    stopping.remove(id)
    indebted.remove(id)
    bestEffort.remove(id)
    guard let old = known.removeValue(forKey: id) else { return }
    memory -= old.memory
    customSections -= old.customSections
    calls -= old.calls
    guaranteedCalls -= old.guaranteed
    oversizeRequests -= old.oversize
  }

  private func set(_ set: inout Set<Principal>, _ id: Principal, _ isMember: Bool) {
    if isMember { set.insert(id) } else { set.remove(id) }
  }
}
