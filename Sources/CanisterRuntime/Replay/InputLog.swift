// A log of all that came into a runtime: from it, the same states follow again.
//
// The format: a line that names it, a version, what the runtime was made with, the hash of the state that it began with,
// the inputs, and the SHA-256 of all that. Numbers and texts are as in a stored state.

import Candid
import Cannery
import SystemAPI

/// Why bytes are no log of inputs, or why it can't be replayed.
public enum InputLogError: Error, Hashable, Sendable {
  /// The bytes end in the middle, or hold what no log has; `at` is where.
  case malformed(at: Int)
  /// Written by another version of this software.
  case otherVersion(UInt64)
  /// The checksum is wrong: the file was damaged.
  case damaged
  /// More inputs came than the recorder was allowed to keep.
  case tooLarge(limit: Int)
  /// The runtime that it was recorded of had other fees or limits.
  case otherConfiguration
  /// It doesn't begin with an empty runtime, so it needs the state that it begins with.
  case needsState
  /// The state is none that the log begins with or that was stored meanwhile.
  case otherState
  /// After this round, the state is not the one that was recorded.
  case differs(round: UInt64)
}

extension InputLogError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformed(let offset): "the log of inputs is malformed at byte \(offset)"
    case .otherVersion(let version): "the log of inputs was written by another version (\(version))"
    case .damaged: "the log of inputs is damaged: its checksum is wrong"
    case .tooLarge(let limit): "there were more inputs than a log of \(limit) bytes holds"
    case .otherConfiguration: "the log of inputs was recorded with other fees or limits"
    case .needsState: "the log of inputs doesn't begin with an empty runtime: it needs the state that it begins with"
    case .otherState: "the state is none that the log of inputs begins with, or that was stored meanwhile"
    case .differs(let round): "the state after round \(round) is not the one that was recorded"
    }
  }
}

/// A log of inputs.
public struct InputLog: Sendable {
  /// As it is stored.
  public let bytes: [UInt8]
  /// Rounds that were executed meanwhile.
  public let rounds: Int
  /// What the runtime was made with, as far as the states depend on it and the log holds it.
  let origin: LogOrigin
  let inputs: [RuntimeInput]

  private static let magic = Array("CANNERY INPUTS\n".utf8)
  private static let version: UInt64 = 2

  /// Reads a log that was stored.
  public init(_ bytes: [UInt8]) throws(InputLogError) {
    let end = bytes.count - 32
    guard end >= Self.magic.count, bytes.starts(with: Self.magic) else { throw .malformed(at: 0) }
    var reader = StateReader(bytes[Self.magic.count..<end])
    do throws(StateError) {
      let version: UInt64 = try reader.number()
      guard version == Self.version else { throw .otherVersion(version) }
      guard Self.checksum(bytes[..<end]).elementsEqual(bytes[end...]) else { throw .damaged }
      origin = try LogOrigin(from: &reader)
      var modules = RuntimeInput.Modules()
      var inputs: [RuntimeInput] = []
      var rounds = 0
      while !reader.isAtEnd {
        guard let input = try RuntimeInput.read(from: &reader, &modules) else { continue }
        if case .round = input { rounds += 1 }
        inputs.append(input)
      }
      self.inputs = inputs
      self.rounds = rounds
    } catch {
      switch error {
      case .malformed(let offset): throw .malformed(at: offset)
      case .otherVersion(let version): throw .otherVersion(version)
      case .damaged: throw .damaged
      }
    }
    self.bytes = bytes
  }

  /// The beginning of a log, to which inputs are added.
  static func begin(_ origin: LogOrigin) -> StateWriter {
    var writer = StateWriter()
    writer.raw(magic)
    writer.number(version)
    writer.put(origin)
    return writer
  }

  /// All of a log that was begun so.
  static func end(_ writer: StateWriter) -> [UInt8] { writer.bytes + checksum(writer.bytes[...]) }

  private static func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    bytes.withUnsafeBytes { SHA256.hash($0).bytes }
  }
}

/// What a runtime was made with, beside how it is executed.
struct LogOrigin: Hashable, Sendable, StateCodable {
  var seed: UInt64
  var startTime: UInt64
  var roundDuration: UInt64
  var subnetID: Principal
  var rootKey: [UInt8]
  var firstCanister: UInt64
  /// SHA-256 of the fees and limits.
  var subnet: [UInt8]
  /// Of the state that the log begins with.
  var stateHash: [UInt8]

  init(_ configuration: RuntimeConfiguration, stateHash: [UInt8]) {
    seed = configuration.seed
    startTime = configuration.startTime
    roundDuration = configuration.roundDuration
    subnetID = configuration.subnetID
    rootKey = configuration.rootKey
    firstCanister = configuration.firstCanister
    subnet = configuration.subnet.fingerprint
    self.stateHash = stateHash
  }

  /// `configuration` as far as the log doesn't say otherwise.
  func applied(to configuration: RuntimeConfiguration) -> RuntimeConfiguration {
    var result = configuration
    result.seed = seed
    result.startTime = startTime
    result.roundDuration = roundDuration
    result.subnetID = subnetID
    result.rootKey = rootKey
    result.firstCanister = firstCanister
    return result
  }

  func write(to writer: inout StateWriter) {
    writer.put(seed)
    writer.put(startTime)
    writer.put(roundDuration)
    writer.put(subnetID)
    writer.put(rootKey)
    writer.put(firstCanister)
    writer.put(subnet)
    writer.put(stateHash)
  }

  init(from reader: inout StateReader) throws(StateError) {
    seed = try reader.take()
    startTime = try reader.take()
    roundDuration = try reader.take()
    subnetID = try reader.take()
    rootKey = try reader.take()
    firstCanister = try reader.take()
    subnet = try reader.take()
    stateHash = try reader.take()
  }
}

extension SubnetConfiguration {
  /// SHA-256 of all fees and limits with their names.
  var fingerprint: [UInt8] {
    let text = Mirror(reflecting: self).children.map { "\($0.label ?? "")=\($0.value)\n" }.joined()
    return Array(text.utf8).withUnsafeBytes { SHA256.hash($0).bytes }
  }
}
