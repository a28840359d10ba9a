// The System API for one canister: the functions of the module `ic0` that the examples import, each with its price.
//
// Source: the Internet Computer interface specification, "System imports". Prices are in instructions, as the replica
// charges them on top of the `call` operator.

import Cannery

/// What a canister passed to `ic0.trap`, or what it did wrong.
struct CanisterTrap: Error {
  var text: String
}

/// What the System API functions of one canister read and write.
final class SystemState {
  var message = Message("")
  var instructionLimit: UInt64 = 0
  var replyBuffer: [UInt8] = []
  var reply: [UInt8]?
  var isAccepted = false
  /// Nanoseconds since 1970.
  var time: UInt64 = 1_700_000_000_000_000_000

  /// What a failed message must not change.
  struct Persistent {
    var stableMemory: [UInt8] = []
    var certifiedData: [UInt8] = []
    var timer: UInt64 = 0
  }
  private var persistent = Persistent()
  var stableMemory: [UInt8] {
    get { persistent.stableMemory }
    _modify { yield &persistent.stableMemory }
  }
  var certifiedData: [UInt8] {
    get { persistent.certifiedData }
    set { persistent.certifiedData = newValue }
  }
  var timer: UInt64 {
    get { persistent.timer }
    set { persistent.timer = newValue }
  }
  /// Pages of 4 KiB of stable memory that the present message wrote.
  var writtenStablePages: Set<UInt64> = []

  func begin(_ message: Message, limit: UInt64) -> Persistent {
    self.message = message
    instructionLimit = limit
    replyBuffer = []
    reply = nil
    isAccepted = false
    writtenStablePages = []
    return persistent
  }

  func rollBack(to state: Persistent) { persistent = state }
}

private let stablePage = 65536

/// Defines `ic0` for one canister.
func defineSystemAPI(in linker: inout Linker, _ system: SystemState) throws {
  /// `body` gets the arguments as bit patterns, all widened to 64 bits without sign, and gives the result the same way.
  func define(
    _ name: String, _ parameters: [ValueType], _ results: [ValueType],
    _ body: @escaping (Caller, [UInt64]) throws -> UInt64
  ) throws {
    let type = FunctionType(parameters: parameters, results: results)
    try linker.function("ic0", name, type) { caller, arguments in
      let result = try body(caller, arguments.map(\.widened))
      return results.map { $0 == .i32 ? .i32(Int32(truncatingIfNeeded: result)) : .i64(Int64(bitPattern: result)) }
    }
  }
  /// A pair of functions that give the size of a blob and copy a part of it into memory.
  func defineBlob(_ name: String, _ blob: @escaping () -> [UInt8]) throws {
    try define("\(name)_size", [], [.i32]) { caller, _ in
      try caller.charge(500)
      return UInt64(blob().count)
    }
    try define("\(name)_copy", [.i32, .i32, .i32], []) { caller, arguments in
      try caller.charge(500 + arguments[2])
      let bytes = blob()
      guard arguments[1] + arguments[2] <= bytes.count else { throw CanisterTrap(text: "\(name)_copy: out of range") }
      let first = Int(arguments[1])
      try caller.write(Array(bytes[first..<first + Int(arguments[2])]), at: arguments[0])
      return 0
    }
  }

  try defineBlob("msg_arg_data") { system.message.argument }
  try defineBlob("msg_caller") { system.message.caller.bytes }
  try defineBlob("msg_method_name") { Array(system.message.entry.utf8) }

  try define("msg_reply_data_append", [.i32, .i32], []) { caller, arguments in
    try caller.charge(500 + 50 * arguments[1])
    guard system.reply == nil else { throw CanisterTrap(text: "the message is already answered") }
    system.replyBuffer += try caller.read(arguments[0], arguments[1])
    return 0
  }
  try define("msg_reply", [], []) { caller, _ in
    try caller.charge(500)
    guard system.reply == nil else { throw CanisterTrap(text: "the message is already answered") }
    system.reply = system.replyBuffer
    return 0
  }
  try define("accept_message", [], []) { caller, _ in
    try caller.charge(500)
    system.isAccepted = true
    return 0
  }
  try define("trap", [.i32, .i32], []) { caller, arguments in
    try caller.charge(500 + arguments[1])
    throw CanisterTrap(text: String(decoding: try caller.read(arguments[0], arguments[1]), as: UTF8.self))
  }
  try define("time", [], [.i64]) { caller, _ in
    try caller.charge(500)
    return system.time
  }
  try define("global_timer_set", [.i64], [.i64]) { caller, arguments in
    try caller.charge(500)
    defer { system.timer = arguments[0] }
    return system.timer
  }
  try define("certified_data_set", [.i32, .i32], []) { caller, arguments in
    try caller.charge(500 + arguments[1])
    guard arguments[1] <= 32 else { throw CanisterTrap(text: "certified data of more than 32 bytes") }
    system.certifiedData = try caller.read(arguments[0], arguments[1])
    return 0
  }
  try define("canister_cycle_balance128", [.i32], []) { caller, arguments in
    try caller.charge(500)
    // Three trillion cycles, little-endian.
    var rest: UInt64 = 3_000_000_000_000
    let bytes = (0..<16).map { _ in
      defer { rest >>= 8 }
      return UInt8(truncatingIfNeeded: rest)
    }
    try caller.write(bytes, at: arguments[0])
    return 0
  }
  try define("performance_counter", [.i32], [.i64]) { caller, _ in
    try caller.charge(200)
    return system.instructionLimit - UInt64(max(caller.remainingInstructions, 0))
  }

  // Stable memory.
  try define("stable64_size", [], [.i64]) { _, _ in UInt64(system.stableMemory.count / stablePage) }
  try define("stable64_grow", [.i64], [.i64]) { caller, arguments in
    try caller.charge(100)
    let old = system.stableMemory.count / stablePage
    guard arguments[0] <= 16384 else { return .max }
    system.stableMemory += [UInt8](repeating: 0, count: Int(arguments[0]) * stablePage)
    return UInt64(old)
  }
  try define("stable64_read", [.i64, .i64, .i64], []) { caller, arguments in
    try caller.charge(20 + arguments[2])
    let range = try stableRange(system, arguments[1], arguments[2])
    try caller.write(Array(system.stableMemory[range]), at: arguments[0])
    return 0
  }
  try define("stable64_write", [.i64, .i64, .i64], []) { caller, arguments in
    try caller.charge(20 + arguments[2])
    let range = try stableRange(system, arguments[0], arguments[2])
    if range.isEmpty { return 0 }
    var fresh: UInt64 = 0
    for page in UInt64(range.lowerBound / 4096)...UInt64((range.upperBound - 1) / 4096)
    where system.writtenStablePages.insert(page).inserted {
      fresh += 1
    }
    try caller.charge(fresh * Canister.changedPageCost)
    system.stableMemory.replaceSubrange(range, with: try caller.read(arguments[1], arguments[2]))
    return 0
  }
}

private func stableRange(_ system: SystemState, _ offset: UInt64, _ count: UInt64) throws -> Range<Int> {
  let size = UInt64(system.stableMemory.count)
  guard count <= size, offset <= size - count else { throw CanisterTrap(text: "stable memory out of bounds") }
  return Int(offset)..<Int(offset + count)
}

extension Caller {
  /// The calling canister's memory.
  private func memory() throws -> Memory {
    guard let memory = instance?.memories.first else { throw CanisterTrap(text: "the canister has no memory") }
    return memory
  }

  func read(_ offset: UInt64, _ count: UInt64) throws -> [UInt8] {
    let memory = try memory()
    guard count <= UInt64(memory.count), let bytes = memory.read(at: offset, count: Int(count)) else {
      throw CanisterTrap(text: "heap out of bounds")
    }
    return bytes
  }

  func write(_ bytes: [UInt8], at offset: UInt64) throws {
    guard try memory().write(bytes, at: offset) else { throw CanisterTrap(text: "heap out of bounds") }
  }
}

extension Value {
  /// An integer's bits, without sign.
  fileprivate var widened: UInt64 {
    switch self {
    case .i32(let number): UInt64(UInt32(bitPattern: number))
    case .i64(let number): UInt64(bitPattern: number)
    default: 0
    }
  }
}
