// What a canister has to do: ingress and the messages of other canisters, taken in turn; of canisters, one sender after
// the other, each in its order.

import Candid
import SystemAPI

struct InputQueues: Sendable {
  private var ingress = Queue<IngressMessage>()
  private var canisters: [Principal: Queue<CanisterMessage>] = [:]
  /// Senders with messages, in the order of their turns.
  private var turns = Queue<Principal>()
  private var isIngressNext = false
  /// Messages of all kinds.
  private(set) var count = 0
  /// The calls that have their responses here.
  private var responded: Set<UInt64> = []
  /// Bytes of requests and responses of best-effort calls.
  private(set) var bestEffortBytes: UInt64 = 0
  /// Bytes of requests beyond the room that is kept for their responses.
  private(set) var oversizeBytes: UInt64 = 0

  var isEmpty: Bool { count == 0 }

  init() {}

  /// Queues with these messages, whose senders take turns in this order; nil if these aren't the senders.
  init?(_ messages: [CanisterMessage], turns: [Principal], takesIngressNext: Bool) {
    for message in messages { push(message) }
    guard Set(turns) == Set(canisters.keys), turns.count == canisters.count else { return nil }
    self.turns = Queue()
    for sender in turns { self.turns.append(sender) }
    isIngressNext = takesIngressNext
  }

  mutating func push(_ message: CanisterMessage) {
    count(message)
    switch message {
    case .ingress(let message): ingress.append(message)
    case .request(let request): push(message, from: request.sender)
    case .response(let response): push(message, from: response.respondent)
    }
  }

  private mutating func count(_ message: CanisterMessage) {
    count += 1
    if case .response(let response) = message { responded.insert(response.callback) }
    if message.isBestEffort { bestEffortBytes += UInt64(message.size) }
    oversizeBytes += message.oversize
  }

  private mutating func discount(_ message: CanisterMessage) {
    count -= 1
    if case .response(let response) = message { responded.remove(response.callback) }
    if message.isBestEffort { bestEffortBytes -= UInt64(message.size) }
    oversizeBytes -= message.oversize
  }

  private mutating func push(_ message: CanisterMessage, from sender: Principal) {
    if canisters[sender]?.isEmpty ?? true { turns.append(sender) }
    canisters[sender, default: Queue()].append(message)
  }

  /// The next message: canisters and ingress take turns.
  mutating func pop() -> CanisterMessage? {
    for _ in 0..<2 {
      defer { isIngressNext.toggle() }
      if isIngressNext {
        if let message = ingress.popFirst() {
          count -= 1
          return .ingress(message)
        }
      } else if let sender = turns.popFirst(), let message = canisters[sender]?.popFirst() {
        if canisters[sender]?.isEmpty ?? true { canisters[sender] = nil } else { turns.append(sender) }
        discount(message)
        return message
      }
    }
    return nil
  }

  /// Takes out the requests and ingress messages that `isDropped` says: what is too old, or can't be answered any more.
  mutating func remove(where isDropped: (CanisterMessage) -> Bool) -> [CanisterMessage] {
    var removed: [CanisterMessage] = []
    ingress.removeAll {
      let message = CanisterMessage.ingress($0)
      let drops = isDropped(message)
      if drops { removed.append(message) }
      return drops
    }
    for sender in canisters.keys.sorted() {
      canisters[sender]?.removeAll { message in
        let drops = isDropped(message)
        if drops { removed.append(message) }
        return drops
      }
    }
    for message in removed { discount(message) }
    canisters = canisters.filter { !$0.value.isEmpty }
    turns.removeAll { canisters[$0] == nil }
    return removed
  }

  /// Whether the response to the call with this number waits here.
  func hasResponse(to callback: UInt64) -> Bool { responded.contains(callback) }

  /// Takes out the largest best-effort message, of several the first.
  mutating func removeLargestBestEffort() -> CanisterMessage? {
    let candidates = all.filter(\.isBestEffort)
    guard let largest = candidates.map(\.size).max() else { return nil }
    var isFound = false
    return remove { message in
      if isFound || !message.isBestEffort || message.size != largest { return false }
      isFound = true
      return true
    }.first
  }

  /// All messages, for hashing and storing: ingress first, then by sender.
  var all: [CanisterMessage] {
    ingress.elements.map { .ingress($0) } + canisters.keys.sorted().flatMap { canisters[$0]?.elements ?? [] }
  }

  var turnOrder: [Principal] { turns.elements }
  var takesIngressNext: Bool { isIngressNext }
}
