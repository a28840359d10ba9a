// JSON as the commands print it: one line, members in the order in which they were given.
//
// Source: RFC 8259.

/// A JSON value. Objects keep the order of their members, so that outputs can be compared as text.
package enum JSONValue: Hashable, Sendable {
  package struct Member: Hashable, Sendable {
    package var name: String
    package var value: JSONValue
    package init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  case null
  case bool(Bool)
  case integer(Int64)
  case unsigned(UInt64)
  /// Thousandths, printed with three decimals.
  case thousandths(Int64)
  case string(String)
  case array([JSONValue])
  case object([Member])

  /// The value as text, without a newline.
  package var text: String {
    var text = ""
    write(to: &text)
    return text
  }

  private func write(to text: inout String) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .unsigned(let value): text += String(value)
    case .thousandths(let value):
      let digits = String(value.magnitude % 1000)
      text += (value < 0 ? "-" : "") + String(value.magnitude / 1000) + "."
      text += String(repeating: "0", count: 3 - digits.utf8.count) + digits
    case .string(let value): JSONValue.quote(value, to: &text)
    case .array(let elements):
      text += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { text += "," }
        element.write(to: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { text += "," }
        JSONValue.quote(member.name, to: &text)
        text += ":"
        member.value.write(to: &text)
      }
      text += "}"
    }
  }

  private static func quote(_ string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      default:
        if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) {
          let digits = String(scalar.value, radix: 16)
          text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
        } else {
          text.unicodeScalars.append(scalar)
        }
      }
    }
    text += "\""
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int64) { self = .integer(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension JSONValue: ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(elements.map { Member($0.0, $0.1) })
  }
}

extension JSONValue {
  /// A number as decimal digits in a string: one that may have more than 53 bits, of which many readers lose some.
  static func digits(_ value: some BinaryInteger) -> JSONValue { .string(String(value)) }

  init(_ value: Int) { self = .integer(Int64(value)) }
  init(_ value: UInt64) { self = .unsigned(value) }
  init(_ value: UInt32) { self = .unsigned(UInt64(value)) }
  init(_ value: String) { self = .string(value) }
  init(_ value: Int?) { self = value.map { .integer(Int64($0)) } ?? .null }
  init(_ value: String?) { self = value.map { .string($0) } ?? .null }
  init(_ values: [String]) { self = .array(values.map { .string($0) }) }
}
