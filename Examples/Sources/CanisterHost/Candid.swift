// Candid, as far as the examples need it: values are encoded with a type that is given, and decoded with the type table
// that comes with them.
//
// Source: the Candid specification, "Binary format".

public indirect enum CandidType: Hashable, Sendable {
  case null, bool, nat, nat8, nat64, text, principal
  case opt(CandidType)
  case vec(CandidType)
  /// Fields by name; names of digits are numbers (tuples).
  case record([String: CandidType])
  case variant([String: CandidType])

  public static let blob = CandidType.vec(.nat8)
  public static func tuple(_ types: CandidType...) -> CandidType {
    .record(Dictionary(uniqueKeysWithValues: types.enumerated().map { ("\($0)", $1) }))
  }
}

public indirect enum CandidValue: Hashable, Sendable {
  case null
  case bool(Bool)
  /// Natural numbers of all widths.
  case nat(UInt128)
  case text(String)
  case blob([UInt8])
  case principal(Principal)
  case none
  case some(CandidValue)
  case vec([CandidValue])
  case record([String: CandidValue])
  case variant(String, CandidValue)
}

public enum CandidError: Error, Hashable, Sendable {
  case malformed(at: Int)
  /// A type that this decoder does not read.
  case unsupported(Int64)
  /// The value to encode is not of the type.
  case mismatch
}

/// The id of a field: a polynomial in 223 over the bytes of its name; a number is its own id.
public func candidFieldId(_ name: String) -> UInt32 {
  if let number = UInt32(name) { return number }
  return name.utf8.reduce(0) { $0 &* 223 &+ UInt32($1) }
}

// MARK: Encoding

/// The message with one argument, or with none.
public func candidEncode(_ value: CandidValue? = nil, as type: CandidType = .null) throws(CandidError) -> [UInt8] {
  var encoder = CandidEncoder()
  guard let value else { return encoder.header(arguments: []) }
  var body: [UInt8] = []
  try encoder.encode(value, type, into: &body)
  return encoder.header(arguments: [type]) + body
}

private struct CandidEncoder {
  /// Entries of the type table, in order.
  var entries: [[UInt8]] = []
  var indices: [CandidType: Int] = [:]

  mutating func header(arguments: [CandidType]) -> [UInt8] {
    var types: [UInt8] = []
    for type in arguments { signed(reference(type), into: &types) }
    var bytes = Array("DIDL".utf8)
    unsigned(UInt128(entries.count), into: &bytes)
    for entry in entries { bytes += entry }
    unsigned(UInt128(arguments.count), into: &bytes)
    return bytes + types
  }

  /// A primitive type's code, or the index in the table.
  mutating func reference(_ type: CandidType) -> Int {
    switch type {
    case .null: return -1
    case .bool: return -2
    case .nat: return -3
    case .nat8: return -5
    case .nat64: return -8
    case .text: return -15
    case .principal: return -24
    case .opt, .vec, .record, .variant: break
    }
    if let index = indices[type] { return index }
    let index = entries.count
    indices[type] = index
    entries.append([])
    var entry: [UInt8] = []
    switch type {
    case .opt(let element), .vec(let element):
      if case .opt = type { signed(-18, into: &entry) } else { signed(-19, into: &entry) }
      signed(reference(element), into: &entry)
    case .record(let fields), .variant(let fields):
      if case .record = type { signed(-20, into: &entry) } else { signed(-21, into: &entry) }
      unsigned(UInt128(fields.count), into: &entry)
      for (name, field) in sorted(fields) {
        unsigned(UInt128(candidFieldId(name)), into: &entry)
        signed(reference(field), into: &entry)
      }
    default: break
    }
    entries[index] = entry
    return index
  }

  func encode(_ value: CandidValue, _ type: CandidType, into bytes: inout [UInt8]) throws(CandidError) {
    switch (value, type) {
    case (.null, .null): break
    case (.bool(let flag), .bool): bytes.append(flag ? 1 : 0)
    case (.nat(let number), .nat): unsigned(number, into: &bytes)
    case (.nat(let number), .nat8): bytes.append(UInt8(truncatingIfNeeded: number))
    case (.nat(let number), .nat64):
      for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * shift))) }
    case (.text(let text), .text):
      unsigned(UInt128(text.utf8.count), into: &bytes)
      bytes += text.utf8
    case (.principal(let principal), .principal):
      bytes.append(1)
      unsigned(UInt128(principal.bytes.count), into: &bytes)
      bytes += principal.bytes
    case (.none, .opt): bytes.append(0)
    case (.some(let inner), .opt(let element)):
      bytes.append(1)
      try encode(inner, element, into: &bytes)
    case (.blob(let contents), .vec(.nat8)):
      unsigned(UInt128(contents.count), into: &bytes)
      bytes += contents
    case (.vec(let items), .vec(let element)):
      unsigned(UInt128(items.count), into: &bytes)
      for item in items { try encode(item, element, into: &bytes) }
    case (.record(let values), .record(let fields)):
      for (name, field) in sorted(fields) {
        guard let value = values[name] else { throw .mismatch }
        try encode(value, field, into: &bytes)
      }
    case (.variant(let name, let inner), .variant(let fields)):
      guard let index = sorted(fields).firstIndex(where: { $0.key == name }), let field = fields[name] else {
        throw .mismatch
      }
      unsigned(UInt128(index), into: &bytes)
      try encode(inner, field, into: &bytes)
    default: throw .mismatch
    }
  }

  private func sorted(_ fields: [String: CandidType]) -> [(key: String, value: CandidType)] {
    fields.sorted { candidFieldId($0.key) < candidFieldId($1.key) }
  }

  private func unsigned(_ value: UInt128, into bytes: inout [UInt8]) {
    var value = value
    while value >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(value))
  }

  private func signed(_ value: Int, into bytes: inout [UInt8]) {
    var value = value
    while value < -64 || value > 63 {
      bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: value) & 0x7F)
  }
}

// MARK: Decoding

/// The arguments of a message. Field names are found among `names`; others are shown as their ids.
public func candidDecode(_ bytes: [UInt8], names: [String] = []) throws(CandidError) -> [CandidValue] {
  var decoder = CandidDecoder(bytes: bytes)
  for name in names { decoder.names[candidFieldId(name)] = name }
  return try decoder.message()
}

private struct CandidDecoder {
  private enum Entry {
    case opt(Int), vec(Int)
    case record([(id: UInt32, type: Int)]), variant([(id: UInt32, type: Int)])
  }

  let bytes: [UInt8]
  var position = 0
  var names: [UInt32: String] = [:]
  private var table: [Entry] = []

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func message() throws(CandidError) -> [CandidValue] {
    guard bytes.starts(with: "DIDL".utf8) else { throw .malformed(at: 0) }
    position = 4
    for _ in 0..<(try count()) {
      let kind = try signed()
      switch kind {
      case -18: table.append(.opt(Int(try signed())))
      case -19: table.append(.vec(Int(try signed())))
      case -20, -21:
        var fields: [(id: UInt32, type: Int)] = []
        for _ in 0..<(try count()) { fields.append((UInt32(truncatingIfNeeded: try unsigned()), Int(try signed()))) }
        table.append(kind == -20 ? .record(fields) : .variant(fields))
      default: throw .unsupported(kind)
      }
    }
    var types: [Int] = []
    for _ in 0..<(try count()) { types.append(Int(try signed())) }
    var values: [CandidValue] = []
    for type in types { values.append(try value(type)) }
    guard position == bytes.count else { throw .malformed(at: position) }
    return values
  }

  private mutating func value(_ type: Int) throws(CandidError) -> CandidValue {
    if type >= 0 {
      guard type < table.count else { throw .malformed(at: position) }
      switch table[type] {
      case .opt(let element): return try byte() == 0 ? .none : .some(value(element))
      case .vec(-5): return .blob(try take(count()))
      case .vec(let element):
        var items: [CandidValue] = []
        for _ in 0..<(try count()) { items.append(try value(element)) }
        return .vec(items)
      case .record(let fields):
        var values: [String: CandidValue] = [:]
        for field in fields { values[name(field.id)] = try value(field.type) }
        return .record(values)
      case .variant(let fields):
        let index = try count()
        guard index < fields.count else { throw .malformed(at: position) }
        return .variant(name(fields[index].id), try value(fields[index].type))
      }
    }
    switch type {
    case -1: return .null
    case -2: return .bool(try byte() != 0)
    case -3: return .nat(try unsigned())
    case -5: return .nat(try fixed(1))
    case -6: return .nat(try fixed(2))
    case -7: return .nat(try fixed(4))
    case -8: return .nat(try fixed(8))
    case -15: return .text(String(decoding: try take(count()), as: UTF8.self))
    case -24:
      guard try byte() == 1 else { throw .malformed(at: position) }
      return .principal(Principal(try take(count())))
    default: throw .unsupported(Int64(type))
    }
  }

  private func name(_ id: UInt32) -> String { names[id] ?? String(id) }

  private mutating func byte() throws(CandidError) -> UInt8 {
    guard position < bytes.count else { throw .malformed(at: position) }
    position += 1
    return bytes[position - 1]
  }

  private mutating func take(_ count: Int) throws(CandidError) -> [UInt8] {
    guard count <= bytes.count - position else { throw .malformed(at: position) }
    position += count
    return Array(bytes[position - count..<position])
  }

  private mutating func fixed(_ width: Int) throws(CandidError) -> UInt128 {
    try take(width).reversed().reduce(0) { $0 << 8 | UInt128($1) }
  }

  private mutating func unsigned() throws(CandidError) -> UInt128 {
    var value: UInt128 = 0
    var shift: UInt128 = 0
    while true {
      let byte = try byte()
      guard shift < 126 else { throw .malformed(at: position) }
      value |= UInt128(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
  }

  private mutating func count() throws(CandidError) -> Int {
    let value = try unsigned()
    guard value <= UInt128(bytes.count) else { throw .malformed(at: position) }
    return Int(value)
  }

  private mutating func signed() throws(CandidError) -> Int64 {
    var value: Int64 = 0
    var shift: Int64 = 0
    while true {
      let byte = try byte()
      guard shift < 63 else { throw .malformed(at: position) }
      value |= Int64(byte & 0x7F) << shift
      shift += 7
      if byte < 0x80 { return byte & 0x40 != 0 ? value | -1 << shift : value }
    }
  }
}

// MARK: Text

extension CandidValue: CustomStringConvertible {
  /// The textual notation, without type annotations.
  public var description: String {
    switch self {
    case .null, .none: return "null"
    case .bool(let flag): return "\(flag)"
    case .nat(let number): return grouped(number)
    case .text(let text): return "\"\(text)\""
    case .blob(let bytes):
      return "blob \"" + bytes.map { "\\" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "\""
    case .principal(let principal): return "principal \"\(principal)\""
    case .some(let value): return "opt \(value)"
    case .vec(let items): return "vec { " + items.map { "\($0); " }.joined() + "}"
    case .record(let fields):
      let list = fields.sorted { $0.key < $1.key }
      // A record of the fields 0, 1, … is a tuple.
      let isTuple = list.enumerated().allSatisfy { "\($0.offset)" == $0.element.key }
      return "record { " + list.map { isTuple ? "\($0.value); " : "\($0.key) = \($0.value); " }.joined() + "}"
    case .variant(let name, let value):
      return "variant { \(name)" + (value == .null ? "" : " = \(value)") + " }"
    }
  }

  private func grouped(_ number: UInt128) -> String {
    var text = ""
    for (index, digit) in String(number).reversed().enumerated() {
      if index > 0 && index % 3 == 0 { text.append("_") }
      text.append(digit)
    }
    return String(text.reversed())
  }
}
