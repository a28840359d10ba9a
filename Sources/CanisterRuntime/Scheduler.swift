// Rounds: which canisters execute, in which order, and how their messages reach each other.
//
// Canisters are divided over logical cores in the order of their priority, and each core executes its canisters one after
// the other, until nothing is left or its instructions are used up. What they send is delivered after all cores are done,
// in the order of the schedule. So the result does not depend on how many threads there are.
//
// Source: dfinity/ic, rs/execution_environment/src/scheduler.rs.

import Candid
import Cannery
import SystemAPI

extension CanisterRuntime {
  /// Executes a round: management calls, due tasks, messages. Time passes by the configured duration.
  public func executeRound() {
    recorder?.flushStatistics()
    round &+= 1
    pass(configuration.roundDuration)
    expireMessages()
    var progress = RoundProgress(fees)
    // Else nothing is executed until enough rounds have passed.
    if heapDelta < scheduledHeapDelta {
      managementInstructions = Int64(clamping: fees.roundInstructions / 16)
      advanceInstallations()
      executeManagementCalls()
      addTasks()
      while executeIteration(&progress) {}
      dropTasks()
    }
    endRound(progress)
    record(.round(hash: recorder?.wantsHash(after: round) ?? false ? stateHash() : nil))
    #if DEBUG
    if Self.checksStates { checkState() }
    #endif
  }

  /// Executes rounds until no canister has anything to do, at most `limit`. Returns whether that was so.
  @discardableResult
  public func executeUntilIdle(limit: Int = 1_000) -> Bool {
    for _ in 0..<limit {
      if isIdle { return true }
      executeRound()
    }
    return isIdle
  }

  /// Whether no message waits and nothing is paused.
  public var isIdle: Bool {
    waitingIngress.isEmpty && managementCalls.isEmpty && index.ready.isEmpty && index.stopping.isEmpty
      && index.installing.isEmpty
  }

  /// Lets time pass: `nanoseconds`, and what is due then happens in the next round.
  public func advanceTime(by nanoseconds: UInt64) {
    record(.advanceTime(nanoseconds))
    pass(nanoseconds)
  }

  /// Sets the time, which never goes back.
  public func setTime(_ nanoseconds: UInt64) {
    record(.setTime(nanoseconds))
    time = min(max(time, nanoseconds), Self.latestTime)
  }

  private func pass(_ nanoseconds: UInt64) { time += min(nanoseconds, Self.latestTime - time) }

  // MARK: An iteration

  /// A logical core's part of an iteration.
  private final class Lane: @unchecked Sendable {
    // Sound as Sendable: one thread at a time has a lane and its canisters, and they are taken over after it has ended.
    let canisters: [Canister]
    let mostHeapDelta: UInt64
    var share: SubnetShare
    var budget: Int64
    var heapDelta: UInt64 = 0
    var outputs: [CanisterOutput] = []
    var executed: [Principal] = []

    init(_ canisters: [Canister], _ share: SubnetShare, budget: Int64, mostHeapDelta: UInt64) {
      self.canisters = canisters
      self.share = share
      self.budget = budget
      self.mostHeapDelta = mostHeapDelta
    }

    func execute(_ round: RoundParameters) {
      for canister in canisters {
        var executor = MessageExecutor(canister, round, share)
        var used: UInt64 = 0
        let before = heapDelta
        var isExecuted = false
        while budget > 0, heapDelta < mostHeapDelta, canister.hasWork || canister.hasDueHook(round.configuration) {
          isExecuted = true
          let isLong = canister.paused != nil
          let instructions = executor.executeNext()
          used = used.addingReportingOverflow(instructions).partialValue
          budget -= Int64(clamping: instructions)
          heapDelta = before + executor.heapDelta
          // The next slice is the next round's, and after the last others come first.
          if isLong || canister.paused != nil { break }
        }
        share = executor.share
        if isExecuted { executed.append(canister.id) }
        if used > 0 { budget -= Int64(clamping: round.configuration.canisterOverhead) }
        outputs.append(executor.output)
      }
    }
  }

  /// Executes what waits, and delivers what comes of it. Returns false if nothing was left to do.
  private func executeIteration(_ progress: inout RoundProgress) -> Bool {
    guard progress.heapDelta < fees.heapDeltaPerRound else { return false }
    // What had to be given up waits until there is room to pause it again.
    let isFull = index.ready.reduce(0) { $0 + (canisters[$1]?.paused == nil ? 0 : 1) } >= max(fees.pausedExecutions, 1)
    let ready = inOrder(index.ready.subtracting(progress.sliced)).filter {
      (!isFull || $0.aborted == nil) && $0.heapDebt < fees.heapDeltaRateLimit
    }
    if ready.isEmpty { return false }
    progress.active.formUnion(ready.map(\.id))
    let count = progress.budgets.count
    let share = share(of: min(count, ready.count))
    let lanes = (0..<count).map { core in
      Lane(
        stride(from: core, to: ready.count, by: count).map { ready[$0] }, share, budget: progress.budgets[core],
        mostHeapDelta: fees.heapDeltaPerRound)
    }
    let parameters = RoundParameters(time: time, subnet: subnet)
    let busy = lanes.filter { !$0.canisters.isEmpty && $0.budget > 0 }
    runInParallel(busy.count, threads: configuration.threads) { busy[$0].execute(parameters) }
    for (core, lane) in lanes.enumerated() {
      progress.budgets[core] = lane.budget
      progress.heapDelta += lane.heapDelta
      heapDelta += lane.heapDelta
      progress.executed.formUnion(lane.executed)
    }
    progress.chargeFinalization(canisters: canisters.count, fees)
    for index in ready.indices {
      let lane = lanes[index % count]
      guard index / count < lane.outputs.count else { continue }
      let output = lane.outputs[index / count]
      if ready[index].paused != nil { progress.sliced.insert(ready[index].id) }
      deliver(output)
    }
    for canister in ready { self.index.update(canister) }
    return busy.contains { !$0.executed.isEmpty }
  }

  /// What each of so many cores may take of the subnet.
  private func share(of cores: Int) -> SubnetShare {
    let held = UInt64(index.guaranteedCalls) * UInt64(fees.responseLimit) + index.oversizeRequests
    let cores64 = UInt64(cores)
    return SubnetShare(
      memory: freeMemory / cores64, callbackMemory: fees.subnetMemory.subtractingSaturated(index.memory) / cores64,
      memoryUse: index.memory, responseMemory: fees.guaranteedResponseMemory.subtractingSaturated(held) / cores64,
      callbacks: max(fees.callbackPool - index.calls, 0) / cores)
  }

  /// Takes what left a canister to where it goes.
  func deliver(_ output: CanisterOutput) {
    report(output.reports)
    for (id, status) in output.ingress { ingress.set(id, status, at: time) }
    for request in output.requests { deliver(request) }
    for response in output.responses { deliver(response) }
  }

  private func deliver(_ request: Request) {
    if request.receiver == .managementCanister {
      managementCalls.append(
        ManagementCall(
          caller: .canister(
            request.sender, callback: request.callback, deadline: request.deadline, version: request.version),
          method: request.method, argument: request.argument, cycles: request.cycles))
    } else if let receiver = canisters[request.receiver] {
      receiver.changeQueues { $0.push(.request(request)) }
      index.update(receiver)
    } else {
      reject(request, CanisterError(.canisterNotFound, "Canister \(request.receiver) not found"))
    }
  }

  func deliver(_ response: CanisterResponse) {
    // Of a deleted canister nobody is left to hear it.
    guard let receiver = canisters[response.receiver] else { return }
    // A late one: the call has ended by its deadline.
    let number = response.callback
    guard receiver.calls.calls[number] != nil, !receiver.queues.hasResponse(to: number) else { return }
    receiver.changeQueues { $0.push(.response(response)) }
    index.update(receiver)
  }

  func reject(_ request: Request, _ error: CanisterError) {
    deliver(
      CanisterResponse(
        receiver: request.sender, callback: request.callback, respondent: request.receiver,
        response: .reject(CanisterReject(error)), refund: request.cycles, deadline: request.deadline))
  }

  // MARK: Around the iterations

  /// Adds tasks that are due to canisters that are in the middle of nothing. Timer, heartbeat and messages take turns:
  /// where it is the messages' turn, and there are any, there are no tasks in this round.
  private func addTasks() {
    for canister in inOrder(index.hooks.union(index.timers).union(index.heartbeats)) where !canister.isInMiddle {
      let id = canister.id
      let isHookDue = index.hooks.contains(id)
      if isHookDue { canister.tasks.append(.lowMemoryHook) }
      let timer = canister.state.globalTimer
      let isTimerDue = timer != 0 && timer <= time && index.timers.contains(id)
      let hasHeartbeat = index.heartbeats.contains(id)
      if isTimerDue || hasHeartbeat {
        for _ in TaskTurn.allCases {
          let turn = canister.turn
          canister.turn = turn.next
          if isHookDue { break }
          if turn == .message && !canister.queues.isEmpty { break }
          if turn == .globalTimer && isTimerDue {
            canister.tasks += hasHeartbeat ? [.globalTimer, .heartbeat] : [.globalTimer]
            break
          }
          if turn == .heartbeat && hasHeartbeat {
            canister.tasks += isTimerDue ? [.heartbeat, .globalTimer] : [.heartbeat]
            break
          }
        }
      }
      index.update(canister)
    }
  }

  /// Tasks that the round had no time for are forgotten; the timer's comes again.
  private func dropTasks() {
    for canister in inOrder(index.ready) where !canister.tasks.isEmpty {
      canister.tasks.removeAll()
      index.update(canister)
    }
  }

  /// Canisters by priority, and by id where it is the same.
  func inOrder(_ ids: Set<Principal>) -> [Canister] {
    ids.compactMap { canisters[$0] }.sorted { ($1.priority, $0.id) < ($0.priority, $1.id) }
  }

  /// Ends what has waited too long: ingress messages, and best-effort calls.
  private func expireMessages() {
    let now = time
    for canister in inOrder(index.deadlines) {
      let id = canister.id
      if !canister.queues.isEmpty {
        let expired = canister.changeQueues {
          $0.remove { message in
            switch message {
            case .ingress(let message): message.expiry < now
            case .request(let request): request.deadline != 0 && request.deadline < now
            case .response: false
            }
          }
        }
        for case .ingress(let message) in expired { reject(message, ingressTimeout) }
      }
      for number in canister.calls.callNumbers {
        // A response that is here already is in time.
        guard let call = canister.calls.calls[number], call.deadline != 0, call.deadline < now,
          !canister.queues.hasResponse(to: number)
        else { continue }
        deliver(
          CanisterResponse(
            receiver: id, callback: number, respondent: call.callee,
            response: .reject(CanisterReject(CanisterError(.deadlineExpired, "Call deadline has expired."))), refund: 0,
            deadline: call.deadline))
      }
      index.update(canister)
    }
  }
}
