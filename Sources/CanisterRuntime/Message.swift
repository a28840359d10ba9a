// Messages: what users and canisters send, and what comes back.

import Candid
import SystemAPI

/// Names an ingress message.
public struct IngressID: Hashable, Comparable, Sendable {
  public let number: UInt64
  /// The message with this number, which `submit` gave it.
  public init(_ number: UInt64) { self.number = number }
  public static func < (left: IngressID, right: IngressID) -> Bool { left.number < right.number }
}

/// A user's call, on its way.
struct IngressMessage: Hashable, Sendable {
  var id: IngressID
  var sender: Principal
  /// The canister that is called, or the management canister.
  var receiver: Principal
  var method: String
  var argument: [UInt8]
  /// Nanoseconds since 1970: it isn't started afterwards.
  var expiry: UInt64
  var cycles: Cycles = 0
}

/// A canister's call, on its way.
struct Request: Hashable, Sendable {
  var sender: Principal
  /// The sender's number for what waits for the response.
  var callback: UInt64
  var receiver: Principal
  var method: String
  var argument: [UInt8]
  var cycles: Cycles
  /// Nanoseconds since 1970 of a best-effort call's end; 0 for a guaranteed response.
  var deadline: UInt64
  /// Calls above this one.
  var depth: Int
  /// The version of the sender that the execution saw which made the call.
  var version: UInt64
}

/// The answer to a request, on its way.
struct CanisterResponse: Hashable, Sendable {
  var receiver: Principal
  var callback: UInt64
  var respondent: Principal
  var response: Response
  var refund: Cycles
  var deadline: UInt64
}

/// What a canister takes from its queues.
enum CanisterMessage: Hashable, Sendable {
  case ingress(IngressMessage)
  case request(Request)
  case response(CanisterResponse)

  /// Whether it belongs to a call with a deadline.
  var isBestEffort: Bool {
    switch self {
    case .ingress: false
    case .request(let request): request.deadline != 0
    case .response(let response): response.deadline != 0
    }
  }

  /// Bytes of a request with a guaranteed response for which the room that is kept for the response isn't enough.
  var oversize: UInt64 {
    guard case .request(let request) = self, request.deadline == 0 else { return 0 }
    return UInt64(max(size - CanisterMessage.largestResponse, 0))
  }

  /// Bytes for which there is room while a guaranteed response is waited for.
  private static let largestResponse = 2 << 20

  /// Bytes that are held while it waits.
  var size: Int {
    switch self {
    case .ingress(let message): message.method.utf8.count + message.argument.count
    case .request(let request): request.method.utf8.count + request.argument.count
    case .response(let response):
      switch response.response {
      case .reply(let bytes): bytes.count
      case .reject(let reject): reject.message.utf8.count
      }
    }
  }
}

/// What became of an ingress message.
public enum IngressStatus: Hashable, Sendable {
  case received
  case processing
  case replied([UInt8])
  case rejected(CanisterReject)

  /// Whether the answer is there.
  public var isAnswered: Bool {
    switch self {
    case .received, .processing: false
    case .replied, .rejected: true
    }
  }
}

/// A first-in-first-out queue without shifting.
struct Queue<Element> {
  private var items: [Element?] = []
  private var start = 0

  var count: Int { items.count - start }
  var isEmpty: Bool { start == items.count }

  var first: Element? { isEmpty ? nil : items[start] }

  mutating func append(_ item: Element) { items.append(item) }

  mutating func popFirst() -> Element? {
    guard start < items.count else { return nil }
    let item = items[start]
    items[start] = nil
    start += 1
    if start == items.count || (start > 64 && start > items.count / 2) {
      items.removeFirst(start)
      start = 0
    }
    return item
  }

  /// The elements in order.
  var elements: [Element] { items[start...].compactMap { $0 } }

  mutating func removeAll(where condition: (Element) -> Bool) {
    items = elements.filter { !condition($0) }
    start = 0
  }
}

extension Queue: Sendable where Element: Sendable {}
