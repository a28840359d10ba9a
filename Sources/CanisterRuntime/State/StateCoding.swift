// The runtime's state as bytes: the same bytes for the same state, so that they can be hashed as well as stored.
//
// Numbers are in as few bytes as LEB128 takes; what has a length begins with it; maps are in the order of their keys.
// Reading believes nothing: lengths are compared with what is left before anything is allocated.

import Candid
import Cannery
import SystemAPI

/// Why bytes are no state.
public enum StateError: Error, Hashable, Sendable {
  /// The bytes end in the middle, or hold what no state has; `at` is where.
  case malformed(at: Int)
  /// Written by another version of this software.
  case otherVersion(UInt64)
  /// The checksum is wrong: the file was damaged.
  case damaged
}

extension StateError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformed(let offset): "the state is malformed at byte \(offset)"
    case .otherVersion(let version): "the state was written by another version (\(version))"
    case .damaged: "the state is damaged: its checksum is wrong"
    }
  }
}

/// How large the numbers are that a state may hold. Whatever was stored has come there by counting from 0, and is so far from
/// overflowing that nobody who adds to it has to look; a checksum doesn't keep others from being made up.
enum StateLimit {
  /// Of what happened: executions, instructions, rounds, messages.
  static let count: UInt64 = 1 << 62
  /// Of memory.
  static let bytes: UInt64 = 1 << 48
  static let logBytes = 1 << 48
  static let depth = 1 << 48
}

struct StateWriter {
  private(set) var bytes: [UInt8] = []

  mutating func number(_ value: some UnsignedInteger) {
    var value = UInt128(value)
    while value >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(value))
  }

  mutating func raw(_ new: some Collection<UInt8>) { bytes += new }

  mutating func put(_ value: some StateCodable) { value.write(to: &self) }
}

struct StateReader {
  private let bytes: ArraySlice<UInt8>
  private(set) var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  var isAtEnd: Bool { position == bytes.endIndex }
  var malformed: StateError { .malformed(at: position) }
  var remaining: Int { bytes.endIndex - position }

  mutating func wide() throws(StateError) -> UInt128 {
    var value: UInt128 = 0
    var shift: UInt128 = 0
    while true {
      guard position < bytes.endIndex, shift < 128 else { throw malformed }
      let byte = bytes[position]
      position += 1
      let part = UInt128(byte & 0x7F)
      guard (part << shift) >> shift == part else { throw malformed }
      value |= part << shift
      if byte & 0x80 == 0 { return value }
      shift += 7
    }
  }

  mutating func number<Number: FixedWidthInteger>(_: Number.Type = Number.self) throws(StateError) -> Number {
    guard let value = Number(exactly: try wide()) else { throw malformed }
    return value
  }

  /// A number of elements, each of which takes at least a byte.
  mutating func count() throws(StateError) -> Int {
    let count: Int = try number()
    guard count <= remaining else { throw malformed }
    return count
  }

  mutating func raw(_ count: Int) throws(StateError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= remaining else { throw malformed }
    defer { position += count }
    return bytes[position..<position + count]
  }

  mutating func take<Value: StateCodable>(_: Value.Type = Value.self) throws(StateError) -> Value {
    try Value(from: &self)
  }

  /// A number from 0 to `limit`.
  mutating func take<Number: StateCodable & BinaryInteger>(upTo limit: Number) throws(StateError) -> Number {
    let number: Number = try take()
    guard number >= 0, number <= limit else { throw malformed }
    return number
  }
}

/// What can be a part of the state.
protocol StateCodable {
  func write(to writer: inout StateWriter)
  init(from reader: inout StateReader) throws(StateError)
}

/// What is coded field by field: one list of the fields serves both directions.
protocol StateRecord: StateCodable {
  /// Makes a value of the fields that `field` gives, each once and in their order.
  static func coded(_ field: inout FieldCoder<Self>) throws(StateError) -> Self
}

/// Gives the fields of a value: of one that is written, writing them; of one that is read, reading them.
struct FieldCoder<Value> {
  fileprivate let value: Value?
  fileprivate var writer = StateWriter()
  fileprivate var reader = StateReader([])

  var malformed: StateError { reader.malformed }

  mutating func callAsFunction<Field: StateCodable>(_ field: KeyPath<Value, Field>) throws(StateError) -> Field {
    guard let value else { return try reader.take() }
    writer.put(value[keyPath: field])
    return value[keyPath: field]
  }

  /// The same of a number, which is read only from 0 to `limit`.
  mutating func callAsFunction<Field: StateCodable & BinaryInteger>(
    _ field: KeyPath<Value, Field>, upTo limit: Field
  ) throws(StateError) -> Field {
    if value == nil { return try reader.take(upTo: limit) }
    return try self(field)
  }
}

extension StateRecord {
  func write(to writer: inout StateWriter) {
    var coder = FieldCoder(value: self)
    // Moved there and back, so that the bytes are never copied.
    swap(&writer, &coder.writer)
    defer { swap(&writer, &coder.writer) }
    do throws(StateError) { _ = try Self.coded(&coder) } catch {
      preconditionFailure("the state of \(Self.self): \(error)")
    }
  }
  init(from reader: inout StateReader) throws(StateError) {
    var coder = FieldCoder<Self>(value: nil, reader: reader)
    defer { reader = coder.reader }
    self = try Self.coded(&coder)
  }
}

extension StateCodable where Self: FixedWidthInteger & UnsignedInteger {
  func write(to writer: inout StateWriter) { writer.number(self) }
  init(from reader: inout StateReader) throws(StateError) { self = try reader.number() }
}

extension UInt8: StateCodable {}
extension UInt16: StateCodable {}
extension UInt64: StateCodable {}
extension UInt128: StateCodable {}

extension Int: StateCodable {
  func write(to writer: inout StateWriter) { writer.number(UInt64(bitPattern: Int64(self))) }
  init(from reader: inout StateReader) throws(StateError) {
    self = Int(Int64(bitPattern: try reader.number(UInt64.self)))
  }
}

extension Int64: StateCodable {
  func write(to writer: inout StateWriter) { writer.number(UInt64(bitPattern: self)) }
  init(from reader: inout StateReader) throws(StateError) {
    self = Int64(bitPattern: try reader.number(UInt64.self))
  }
}

extension Bool: StateCodable {
  func write(to writer: inout StateWriter) { writer.number(self ? 1 : 0 as UInt8) }
  init(from reader: inout StateReader) throws(StateError) {
    switch try reader.number(UInt8.self) {
    case 0: self = false
    case 1: self = true
    default: throw reader.malformed
    }
  }
}

extension String: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.number(UInt64(utf8.count))
    writer.raw(utf8)
  }
  init(from reader: inout StateReader) throws(StateError) {
    let bytes = try reader.raw(reader.number())
    guard let text = String(validating: bytes, as: UTF8.self) else { throw reader.malformed }
    self = text
  }
}

extension Principal: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.number(UInt64(bytes.count))
    writer.raw(bytes)
  }
  init(from reader: inout StateReader) throws(StateError) {
    guard let principal = Principal(try reader.raw(reader.number())) else { throw reader.malformed }
    self = principal
  }
}

extension Optional: StateCodable where Wrapped: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.put(self != nil)
    if let self { writer.put(self) }
  }
  init(from reader: inout StateReader) throws(StateError) {
    self = try reader.take(Bool.self) ? try reader.take(Wrapped.self) : nil
  }
}

extension Array: StateCodable where Element: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.number(UInt64(count))
    if let bytes = self as? [UInt8] { return writer.raw(bytes) }
    for element in self { writer.put(element) }
  }
  init(from reader: inout StateReader) throws(StateError) {
    let count = try reader.count()
    if Element.self == UInt8.self, let bytes = [UInt8](try reader.raw(count)) as? [Element] {
      self = bytes
      return
    }
    self = []
    for _ in 0..<count { append(try reader.take()) }
  }
}

extension Dictionary: StateCodable where Key: StateCodable, Value: StateCodable {
  func write(to writer: inout StateWriter) {
    // In the order of the keys' bytes.
    let entries = map { entry in
      var key = StateWriter()
      key.put(entry.key)
      return (key: key.bytes, value: entry.value)
    }
    writer.number(UInt64(count))
    for (key, value) in entries.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      writer.raw(key)
      writer.put(value)
    }
  }
  init(from reader: inout StateReader) throws(StateError) {
    self = [:]
    for _ in 0..<(try reader.count()) {
      let key: Key = try reader.take()
      guard updateValue(try reader.take(), forKey: key) == nil else { throw reader.malformed }
    }
  }
}

extension StateCodable where Self: RawRepresentable, RawValue: StateCodable {
  func write(to writer: inout StateWriter) { writer.put(rawValue) }
  init(from reader: inout StateReader) throws(StateError) {
    guard let value = Self(rawValue: try reader.take()) else { throw reader.malformed }
    self = value
  }
}

extension RejectCode: StateCodable {}
extension ErrorCode: StateCodable {}
extension ExecutionMode: StateCodable {}
extension CanisterStatus: StateCodable {}
extension LowMemoryHook: StateCodable {}
extension TaskTurn: StateCodable {}
