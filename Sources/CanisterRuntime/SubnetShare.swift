// What a round's iteration gives to those that execute in it.

import SystemAPI

/// What is the same for all canisters of a round's iteration.
struct RoundParameters: Sendable {
  /// Nanoseconds since 1970.
  var time: UInt64
  var subnet: SubnetInformation

  var configuration: SubnetConfiguration { subnet.configuration }
}

/// What of the subnet a logical core's canisters may still take in an iteration: cores don't see what others take.
struct SubnetShare: Sendable {
  /// Bytes of memory, without and with what is left to callbacks, and those in use.
  var memory: UInt64
  var callbackMemory: UInt64
  var memoryUse: UInt64
  /// Bytes for guaranteed responses.
  var responseMemory: UInt64
  /// Calls beyond those that each canister may have.
  var callbacks: Int

  /// Takes what an execution took.
  mutating func take(memory bytes: UInt64, responses: UInt64, callbacks count: Int) {
    memory = memory.subtractingSaturated(bytes)
    callbackMemory = callbackMemory.subtractingSaturated(bytes)
    memoryUse += bytes
    responseMemory = responseMemory.subtractingSaturated(responses)
    callbacks = max(callbacks - count, 0)
  }
}

/// What an execution has taken of the subnet that hasn't ended: nobody else can have it until then.
struct HeldCapacity: Hashable, Sendable {
  /// Bytes of memory, and for guaranteed responses.
  var memory: UInt64 = 0
  var responses: UInt64 = 0

  static func + (left: HeldCapacity, right: HeldCapacity) -> HeldCapacity {
    HeldCapacity(
      memory: left.memory.addingSaturated(right.memory), responses: left.responses.addingSaturated(right.responses))
  }
}
