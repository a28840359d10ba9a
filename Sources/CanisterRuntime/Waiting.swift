// Letting time pass: rounds until something has happened, with the time set forward to what is due next where nothing else
// is left to do.

import Candid
import SystemAPI

extension CanisterRuntime {
  /// Whether a round would execute something that waits.
  private var hasWork: Bool {
    !waitingIngress.isEmpty || !managementCalls.isEmpty || !index.ready.isEmpty || !index.installing.isEmpty
      || index.hooks.contains(where: canPayForTasks)
  }

  /// Whether a canister's hook and timer are executed when they are due.
  private func canPayForTasks(_ id: Principal) -> Bool { canisters[id]?.canPayForTasks(fees) ?? false }

  /// When something happens by itself, at the latest: a timer goes off, a call's deadline has passed, or a canister hasn't
  /// stopped in time. Nanoseconds since 1970; nil if nothing will.
  public var nextDeadline: UInt64? {
    var next = UInt64.max
    for id in index.timers where canPayForTasks(id) { next = min(next, canisters[id]?.state.globalTimer ?? .max) }
    for id in index.deadlines {
      guard let calls = canisters[id]?.calls else { continue }
      for call in calls.calls.values where call.deadline != 0 { next = min(next, call.deadline.addingSaturated(1)) }
    }
    for id in index.stopping {
      for request in canisters[id]?.stopRequests ?? [] {
        next = min(next, request.since.addingSaturated(fees.stopTimeout * 1_000_000_000).addingSaturated(1))
      }
    }
    return next == .max ? nil : next
  }

  /// Executes rounds until `isDone` after one of them. Where canisters have nothing to do but wait, time is set forward to
  /// what is due next. Gives up after `rounds` rounds, before `timeout` nanoseconds have passed, and where nothing more can
  /// happen. Returns whether `isDone`.
  @discardableResult
  public func executeRounds(_ rounds: Int, timeout: UInt64, until isDone: () -> Bool) -> Bool {
    let end = time.addingSaturated(timeout)
    for _ in 0..<rounds {
      executeRound()
      if isDone() { return true }
      if hasWork {
        if time >= end { return false }
        continue
      }
      // A heartbeat comes about once a second.
      let heartbeat = index.heartbeats.isEmpty ? nil : time.addingSaturated(1_000_000_000)
      guard let next = [nextDeadline, heartbeat].compactMap({ $0 }).min(), next <= end else { return false }
      setTime(beforeRound: next)
    }
    return false
  }

  /// Lets time pass: what is due on the way is executed when it is due, in at most `rounds` rounds, and what they leave
  /// waiting or due at the end. Returns whether the rounds were enough.
  @discardableResult
  public func advanceTime(by nanoseconds: UInt64, rounds: Int) -> Bool {
    let end = time.addingSaturated(nanoseconds)
    var isEnough = false
    for _ in 0..<rounds {
      isEnough = time >= end
      if !hasWork {
        guard let next = nextDeadline, next <= end else {
          isEnough = true
          break
        }
        setTime(beforeRound: next)
      }
      if time >= end { break }
      executeRound()
    }
    if !isEnough { isEnough = time >= end || !hasWork && nextDeadline.map { $0 > end } ?? true }
    setTime(beforeRound: end)
    executeRound()
    return isEnough
  }

  /// Executes what waits, and timers and deadlines that are due by now, in at most `rounds` rounds. Returns whether nothing of
  /// that is left.
  @discardableResult
  public func executeDue(rounds: Int) -> Bool {
    for _ in 0..<rounds {
      let isDue = nextDeadline.map { $0 <= time.addingSaturated(configuration.roundDuration) } ?? false
      if !hasWork && !isDue { return true }
      executeRound()
    }
    return false
  }

  /// Sets the time so that the next round has it.
  private func setTime(beforeRound end: UInt64) {
    let duration = configuration.roundDuration
    setTime(end - min(duration, end))
  }
}
