// What a round may use, and what happens at its end: checkpoints, debts, memory of messages, priorities, new ingress.
//
// Source: dfinity/ic, rs/execution_environment/src/scheduler.rs, scheduler/round_schedule.rs.

import Candid
import SystemAPI

/// What a round has used, and who had a part in it.
struct RoundProgress {
  /// Instructions that each logical core has left.
  var budgets: [Int64]
  /// Bytes of pages that executions have changed.
  var heapDelta: UInt64 = 0
  /// Canisters that had something to do, those that executed, and those that have had their slice.
  var active: Set<Principal> = []
  var executed: Set<Principal> = []
  var sliced: Set<Principal> = []

  init(_ fees: SubnetConfiguration) {
    // An execution begins with the last instruction of the budget, and may use a slice: both together are what a round has.
    let round = Int64(clamping: fees.roundInstructions)
    let slice = Int64(clamping: fees.sliceInstructions)
    budgets = Array(repeating: max(round - min(slice, round), 0) + 1, count: max(fees.schedulerCores, 1))
  }

  /// Looking at all canisters after an iteration counts too.
  mutating func chargeFinalization(canisters: Int, _ fees: SubnetConfiguration) {
    let (cost, overflow) = UInt64(canisters).multipliedReportingOverflow(by: fees.finalizationOverhead)
    for core in budgets.indices {
      let (left, isLess) = budgets[core].subtractingReportingOverflow(overflow ? .max : Int64(clamping: cost))
      budgets[core] = isLess ? .min : left
    }
  }
}

/// What comes in with the next round.
struct IngressBlock: Hashable, Sendable {
  var messages = 0
  var bytes = 0

  /// Takes a message, if there is room for it. An empty block has room for any.
  mutating func take(_ message: IngressMessage, _ fees: SubnetConfiguration) -> Bool {
    let size = CanisterMessage.ingress(message).size
    guard messages == 0 || (messages < fees.ingressPerRound && bytes + size <= fees.ingressBytesPerRound) else {
      return false
    }
    messages += 1
    bytes += size
    return true
  }
}

extension CanisterRuntime {
  func endRound(_ progress: RoundProgress) {
    shedMessages()
    if fees.checkpointInterval > 0 && round % fees.checkpointInterval == 0 {
      beginCheckpoint()
    } else {
      abortSurplusExecutions()
    }
    chargeForResources()
    reduceDebts()
    finishStopping()
    ingress.prune(at: time)
    updatePriorities(progress)
    admitWaitingIngress()
  }

  // MARK: Changes of memory

  /// How much of memory may have been changed since the last checkpoint for a round to execute anything: a reserve that is
  /// there at once, and more from round to round.
  var scheduledHeapDelta: UInt64 {
    let interval = fees.checkpointInterval
    if interval == 0 { return .max }
    let passed = round % interval
    let remaining = passed == 0 ? 0 : interval - passed
    let spread = fees.heapDeltaCapacity - min(fees.heapDeltaReserve, fees.heapDeltaCapacity)
    let kept = UInt128(spread) * UInt128(remaining) / UInt128(interval)
    return fees.heapDeltaCapacity - UInt64(kept)
  }

  /// At a checkpoint nothing is in the middle of executing, and changes count from there.
  func beginCheckpoint() {
    giveUpPausedExecutions()
    heapDelta = 0
    chargedModules = []
    for canister in canisters.values {
      canister.changedBytes = 0
      for snapshot in canister.snapshots.indices { canister.snapshots[snapshot].changedBytes = 0 }
    }
  }

  /// Starts executions anew that were paused beyond what is kept. Those that have come farthest stay, so that they end; of
  /// others, those that have waited most.
  private func abortSurplusExecutions() {
    let paused = inOrder(index.inMiddle).filter { $0.paused != nil }
      .sorted {
        ($1.paused?.slices ?? 0, $1.priority, $0.id) < ($0.paused?.slices ?? 0, $0.priority, $1.id)
      }
    for canister in paused.dropFirst(max(fees.pausedExecutions, 1)) {
      canister.abortExecution()
      // What it held is there for others.
      index.update(canister)
    }
  }

  /// Starts all paused executions and installations anew.
  func giveUpPausedExecutions() {
    for canister in inOrder(index.inMiddle) {
      canister.abortExecution()
      canister.installation?.abort()
      index.update(canister)
    }
  }

  // MARK: Messages

  var ingressTimeout: CanisterError {
    CanisterError(.ingressMessageTimeout, "Ingress message timed out waiting to start executing.")
  }

  /// Rejects a message that isn't executed, if anybody still waits for its answer.
  func reject(_ message: IngressMessage, _ error: CanisterError) {
    ingress.set(message.id, .rejected(CanisterReject(error)), at: time)
  }

  /// Drops best-effort messages where all together take more memory than they may: of the canister that has most of them,
  /// the largest. A request that is dropped is not answered, so that its deadline ends the call; of a response, the caller
  /// hears that there was one.
  private func shedMessages() {
    var bytes = index.bestEffort.reduce(0) { $0 + (canisters[$1]?.queues.bestEffortBytes ?? 0) }
    while bytes > fees.bestEffortMemory {
      let holders = index.bestEffort.compactMap { canisters[$0] }
      guard
        let canister = holders.max(by: {
          ($0.queues.bestEffortBytes, $1.id) < ($1.queues.bestEffortBytes, $0.id)
        }), let message = canister.changeQueues({ $0.removeLargestBestEffort() })
      else { return }
      bytes -= UInt64(message.size)
      if case .response(let response) = message {
        let error = CanisterError(.responseDropped, "Call response dropped.")
        let dropped = CanisterResponse(
          receiver: response.receiver, callback: response.callback, respondent: response.respondent,
          response: .reject(CanisterReject(error)), refund: 0, deadline: response.deadline)
        // Not larger than what it stands for, or dropping would not end.
        if CanisterMessage.response(dropped).size < message.size {
          canister.changeQueues { $0.push(.response(dropped)) }
          bytes += UInt64(CanisterMessage.response(dropped).size)
        }
      }
      index.update(canister)
    }
  }

  /// The next round takes messages that wait, as many as come in with one.
  private func admitWaitingIngress() {
    block = IngressBlock()
    while let message = waitingIngress.first, block.take(message, fees) {
      _ = waitingIngress.popFirst()
      if message.expiry < time {
        reject(message, ingressTimeout)
      } else if message.receiver == .managementCanister {
        managementCalls.append(ManagementCall(message))
      } else if let canister = canisters[message.receiver] {
        canister.queues.push(.ingress(message))
        index.update(canister)
      } else {
        reject(message, CanisterError(.canisterNotFound, "Canister \(message.receiver) not found"))
      }
    }
  }

  // MARK: Priorities

  private static let roundsOfADay: UInt64 = 86_400

  /// Those that had something to do get their compute allocation and an equal part of what is left; those that executed pay
  /// for all of that together. So whoever waits comes before whoever executed, sooner or later, and one with an allocation
  /// sooner. Canisters with nothing to do keep nothing.
  private func updatePriorities(_ progress: RoundProgress) {
    // About once a day, what canisters are due is forgotten, so that nothing of long ago weighs.
    if round % Self.roundsOfADay == 0 { for canister in canisters.values { canister.priority = 0 } }
    let active = inOrder(progress.active.union(index.ready))
    let capacity = Int64(100 * max(fees.schedulerCores - 1, 1))
    let allocated = active.reduce(0) { $0 + Int64(clamping: $1.state.settings.computeAllocation) }
    let share = max(capacity - allocated, 0) * 100 / Int64(max(active.count, 1)) + 1
    var total: Int64 = 0
    for canister in active {
      let gain = Int64(clamping: canister.state.settings.computeAllocation) * 100 + share
      canister.priority += gain
      total += gain
    }
    let price = total / Int64(max(progress.executed.count, 1))
    for canister in active {
      if progress.executed.contains(canister.id) { canister.priority -= price }
      if !canister.hasWork { canister.priority = 0 }
    }
  }
}

extension UInt64 {
  /// The sum, at most the greatest number.
  func addingSaturated(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}

extension CanisterRuntime {
  /// Counts pages that were changed for a canister outside of its executions. What the host does is no message of a round.
  func count(changes bytes: UInt64, of canister: Canister, by caller: ManagementCaller) {
    heapDelta = heapDelta.addingSaturated(bytes)
    if !caller.isHost { canister.addHeapDebt(bytes, fees) }
  }

  /// Whether a canister has changed more than rounds have made up for yet; the host may go on nevertheless.
  private func isHeapDeltaLimited(_ canister: Canister, _ caller: ManagementCaller) -> Bool {
    canister.heapDebt >= fees.heapDeltaRateLimit && !caller.isHost
  }

  func checkHeapDelta(_ canister: Canister, _ caller: ManagementCaller) throws(CanisterError) {
    guard isHeapDeltaLimited(canister, caller) else { return }
    throw CanisterError(
      .canisterHeapDeltaRateLimited,
      "Canister \(canister.id) is heap delta rate limited: current delta debit is \(canister.heapDebt), but limit is "
        + "\(fees.heapDeltaRateLimit).")
  }

  /// The same, in the words that uploads have for it.
  func checkHeapDeltaForUpload(_ canister: Canister, _ caller: ManagementCaller) throws(CanisterError) {
    guard isHeapDeltaLimited(canister, caller) else { return }
    throw chunkStoreError(
      "Canister is heap delta rate limited. Current delta debit: \(canister.heapDebt), limit: \(fees.heapDeltaRateLimit)"
    )
  }
}

extension Canister {
  /// Counts bytes of changed pages to what later rounds make up for, where that is limited.
  func addHeapDebt(_ bytes: UInt64, _ fees: SubnetConfiguration) {
    if fees.heapDeltaRateLimit < .max { heapDebt = heapDebt.addingSaturated(bytes) }
  }
}
