// What became of ingress messages, for those who ask. Whoever has the answer can have it forgotten; of what nobody forgets,
// the old goes when there is much of it.
//
// Source: dfinity/ic, rs/limits/src/lib.rs (how long answers are kept), rs/config/src/execution_environment.rs (memory).

/// The answers that are kept, and the messages that wait for one.
struct IngressHistory {
  /// A message that was answered, and when: nanoseconds since 1970.
  struct Answered: Hashable, Sendable {
    var id: IngressID
    var time: UInt64
  }

  private(set) var statuses: [IngressID: IngressStatus] = [:]
  /// In the order of their answers; of some the status was forgotten meanwhile.
  private var answered = Queue<Answered>()
  /// Messages of `answered` that are not forgotten, and the bytes of their answers.
  private var count = 0
  private(set) var bytes: UInt64 = 0

  /// Nanoseconds for which each answer stays, and how much of what is older does too: this many answers and bytes.
  static let keptFor: UInt64 = 300_000_000_000
  static let keptCount = 1_000
  static let keptBytes: UInt64 = 64 << 20

  init() {}

  /// A history from a stored state, at a time when `next` is the next message's number; nil where the parts don't belong
  /// together.
  init?(_ statuses: [IngressID: IngressStatus], answered: [Answered], before next: UInt64, at time: UInt64) {
    guard statuses.keys.allSatisfy({ $0.number < next }), answered.allSatisfy({ $0.time <= time }),
      zip(answered, answered.dropFirst()).allSatisfy({ $0.time <= $1.time })
    else { return nil }
    var seen: Set<IngressID> = []
    for item in answered {
      guard let status = statuses[item.id], status.isAnswered, seen.insert(item.id).inserted else { return nil }
      self.answered.append(item)
      count += 1
      bytes += status.size
    }
    guard statuses.values.count(where: \.isAnswered) == count else { return nil }
    self.statuses = statuses
  }

  /// Those that are not forgotten, in the order of their answers.
  var answers: [Answered] { answered.elements.filter { statuses[$0.id] != nil } }

  subscript(id: IngressID) -> IngressStatus? { statuses[id] }

  /// A message came in.
  mutating func begin(_ id: IngressID) { statuses[id] = .received }

  /// Something became of a message, if anybody still waits for its answer.
  mutating func set(_ id: IngressID, _ status: IngressStatus, at time: UInt64) {
    guard let old = statuses[id], !old.isAnswered else { return }
    statuses[id] = status
    guard status.isAnswered else { return }
    answered.append(Answered(id: id, time: time))
    count += 1
    bytes += status.size
  }

  mutating func forget(_ id: IngressID) {
    guard let status = statuses.removeValue(forKey: id), status.isAnswered else { return }
    count -= 1
    bytes -= status.size
    // Amortised: each time, at least half of them go.
    if answered.count > 2 * count + 64 { answered.removeAll { statuses[$0.id] == nil } }
  }

  /// Forgets old answers where there are many, the oldest first.
  mutating func prune(at time: UInt64) {
    while count > Self.keptCount || bytes > Self.keptBytes, let first = answered.first,
      statuses[first.id] == nil || time - min(first.time, time) > Self.keptFor
    {
      _ = answered.popFirst()
      guard let status = statuses.removeValue(forKey: first.id) else { continue }
      count -= 1
      bytes -= status.size
    }
  }
}

extension IngressStatus {
  /// Bytes of the answer.
  fileprivate var size: UInt64 {
    switch self {
    case .received, .processing: 0
    case .replied(let bytes): UInt64(bytes.count)
    case .rejected(let reject): UInt64(reject.message.utf8.count)
    }
  }
}
