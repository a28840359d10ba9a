// Call contexts: what a canister owes an answer to, and the calls that it waits for.
//
// Source: the Internet Computer interface specification, "Call contexts".

import Candid
import SystemAPI

/// Where a call comes from.
enum CallOrigin: Hashable, Sendable {
  case ingress(IngressID, sender: Principal)
  case canister(Principal, callback: UInt64, deadline: UInt64)
  /// Heartbeat, timer, low-memory hook: nobody waits for an answer.
  case systemTask

  var caller: Principal {
    switch self {
    case .ingress(_, let sender): sender
    case .canister(let sender, _, _): sender
    case .systemTask: .managementCanister
    }
  }

  var deadline: UInt64 {
    if case .canister(_, _, let deadline) = self { return deadline }
    return 0
  }
}

/// A call that a canister executes.
struct CallContext: Hashable, Sendable {
  var origin: CallOrigin
  /// Cycles that came with the call and weren't accepted.
  var cyclesAvailable: Cycles
  /// Whether the answer is given; of tasks from the start.
  var isAnswered: Bool
  /// Uninstalled: no code of it runs any more.
  var isDeleted = false
  var instructionsExecuted: UInt64 = 0
  /// Calls that it waits for.
  var outstanding = 0
  var depth: Int
  /// Nanoseconds since 1970.
  var startTime: UInt64
}

/// What waits for a response.
struct PendingCall: Hashable, Sendable {
  var context: UInt64
  var callee: Principal
  var cycles: Cycles
  var onReply: Callback
  var onReject: Callback
  var onCleanup: Callback?
  /// Nanoseconds since 1970; 0 for a guaranteed response.
  var deadline: UInt64
  var responsePrepayment: Cycles
  var callbackPrepayment: Cycles

  var isGuaranteed: Bool { deadline == 0 }
}

/// The call contexts of a canister, and the calls that it waits for. Both are in the order of their numbers.
struct CallContexts: Sendable {
  private(set) var contexts: [UInt64: CallContext] = [:]
  private(set) var calls: [UInt64: PendingCall] = [:]
  private(set) var nextContext: UInt64 = 1
  private(set) var nextCall: UInt64 = 1
  /// Open calls by callee.
  private(set) var callees: [Principal: Int] = [:]
  private(set) var guaranteedCalls = 0
  /// Whether any call has a deadline.
  var hasDeadlines: Bool { guaranteedCalls < calls.count }

  init() {}

  /// Contexts and calls that were stored; nil if they don't belong together.
  init?(_ contexts: [UInt64: CallContext], _ calls: [UInt64: PendingCall], nextContext: UInt64, nextCall: UInt64) {
    self.contexts = contexts
    self.nextContext = nextContext
    for call in calls.values {
      if contexts[call.context] == nil { return nil }
      callees[call.callee, default: 0] += 1
      if call.isGuaranteed { guaranteedCalls += 1 }
      self.contexts[call.context]?.outstanding += 1
    }
    self.calls = calls
    self.nextCall = nextCall
    guard contexts.keys.allSatisfy({ $0 < nextContext }), calls.keys.allSatisfy({ $0 < nextCall }) else { return nil }
  }

  /// Contexts that somebody waits for or that wait for somebody: what keeps a canister from being stopped.
  var isEmpty: Bool { contexts.isEmpty }

  mutating func open(_ context: CallContext) -> UInt64 {
    defer { nextContext += 1 }
    contexts[nextContext] = context
    return nextContext
  }

  subscript(_ id: UInt64) -> CallContext? { contexts[id] }

  mutating func update(_ id: UInt64, _ change: (inout CallContext) -> Void) {
    if contexts[id] != nil { change(&contexts[id]!) }
  }

  /// A call that the context `call.context` makes.
  mutating func add(_ call: PendingCall) -> UInt64 {
    defer { nextCall += 1 }
    calls[nextCall] = call
    callees[call.callee, default: 0] += 1
    if call.isGuaranteed { guaranteedCalls += 1 }
    contexts[call.context]?.outstanding += 1
    return nextCall
  }

  /// The response to a call is here: nil if nothing waits for it.
  mutating func take(_ id: UInt64) -> PendingCall? {
    guard let call = calls.removeValue(forKey: id) else { return nil }
    let left = callees[call.callee, default: 1] - 1
    callees[call.callee] = left == 0 ? nil : left
    if call.isGuaranteed { guaranteedCalls -= 1 }
    contexts[call.context]?.outstanding -= 1
    return call
  }

  /// Forgets a context that is answered and waits for nothing.
  mutating func closeIfDone(_ id: UInt64) {
    if let context = contexts[id], context.isAnswered, context.outstanding == 0 { contexts[id] = nil }
  }

  /// The numbers of the contexts, ascending.
  var contextNumbers: [UInt64] { contexts.keys.sorted() }
  /// The numbers of the calls that wait, ascending.
  var callNumbers: [UInt64] { calls.keys.sorted() }
}
