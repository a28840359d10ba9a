// Sends messages to the ledger, prints what becomes of them, and stops where a reply is not the expected one.

import CanisterHost

/// A reply that is not the expected one.
struct Surprise: Error, CustomStringConvertible {
  var description: String
}

struct Session {
  var canister: Canister
  /// Whether each message is printed.
  var isVerbose: Bool
  /// Instructions of all messages so far.
  private(set) var instructions: UInt64 = 0
  private(set) var messages = 0

  init(_ canister: Canister, isVerbose: Bool) {
    self.canister = canister
    self.isVerbose = isVerbose
  }

  /// Sends a message. Returns the reply, nil where the entry ends without one; `expected` must begin the reply's text, or
  /// the error's.
  @discardableResult
  mutating func send(
    _ entry: String, _ argument: CandidValue? = nil, as type: CandidType = .null, from caller: Principal = .anonymous,
    expect expected: String? = nil, quietly: Bool = false
  ) throws -> CandidValue? {
    try send(
      Message(entry, argument: candidEncode(argument, as: type), caller: caller), expect: expected, quietly: quietly)
  }

  @discardableResult
  mutating func send(_ message: Message, expect expected: String? = nil, quietly: Bool = false) throws -> CandidValue? {
    let outcome = try canister.execute(message)
    instructions += outcome.instructions
    messages += 1
    var text: String
    var reply: CandidValue?
    switch outcome.result {
    case .replied(let bytes):
      reply = try candidDecode(bytes, names: names).first
      text = reply.map { "\($0)" } ?? "()"
    case .finished: text = "done"
    case .failed(let error): text = "failed: \(error)"
    }
    if isVerbose && !quietly {
      print("\(message.entry)\n    \(shortened(text))")
      print(
        "    \(outcome.instructions) instructions, \(outcome.changedPages) changed pages, \(shown(outcome.duration))")
    }
    if case .failed = outcome.result, expected == nil { throw Surprise(description: "\(message.entry): \(text)") }
    if let expected, !text.hasPrefix(expected) {
      throw Surprise(description: "\(message.entry): expected \(expected)…, got \(text)")
    }
    return reply
  }

  private func shortened(_ text: String) -> String { text.count <= 300 ? text : text.prefix(300) + " …" }
}

func shown(_ duration: Duration) -> String {
  let microseconds = duration / .microseconds(1)
  return microseconds < 10_000 ? "\(tenths(microseconds)) µs" : "\(tenths(microseconds / 1000)) ms"
}

func tenths(_ value: Double) -> String {
  let tenths = Int((value * 10).rounded())
  return "\(tenths / 10).\(tenths % 10)"
}
