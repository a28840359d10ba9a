// A growing text: words, numbers, strings, lines. All output is bytes of UTF-8.
//
// Source: WebAssembly 3.0, section 6.3.

package struct TextWriter {
  package private(set) var bytes: [UInt8] = []
  /// How deep the next line stands.
  var depth = 0
  /// Lines are not indented deeper, else deep nesting would make a text of quadratic size.
  private static let maximumDepth = 32
  private static let spaces = [UInt8](repeating: 0x20, count: 2 * maximumDepth)

  package init() {}

  mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  mutating func append(_ text: some Sequence<UInt8>) { bytes.append(contentsOf: text) }

  mutating func newLine() {
    bytes.append(0x0A)
    bytes.append(contentsOf: TextWriter.spaces[..<(2 * min(depth, TextWriter.maximumDepth))])
  }

  // MARK: Numbers

  mutating func decimal(_ value: UInt64) {
    if value >= 10 { decimal(value / 10) }
    bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10))
  }

  mutating func decimal(_ value: UInt32) { decimal(UInt64(value)) }

  mutating func decimal(signed value: Int64) {
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    decimal(value.magnitude)
  }

  /// A number of `digits` hexadecimal digits after `0x`.
  mutating func hexadecimal(_ value: UInt64, digits: Int) {
    append("0x")
    for digit in (0..<digits).reversed() { hexadecimalDigit(UInt8(truncatingIfNeeded: value >> UInt64(4 * digit))) }
  }

  private mutating func hexadecimalDigit(_ value: UInt8) {
    let digit = value & 15
    bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
  }

  /// The shortest decimal that reads back as the same bits; NaNs with their payload, unless it is the canonical one.
  package mutating func float32(_ bits: UInt32) {
    let value = Float(bitPattern: bits)
    if value.isNaN { nan(UInt64(bits), .binary32) } else { append(value.description) }
  }

  package mutating func float64(_ bits: UInt64) {
    let value = Double(bitPattern: bits)
    if value.isNaN { nan(bits, .binary64) } else { append(value.description) }
  }

  private mutating func nan(_ bits: UInt64, _ format: FloatFormat) {
    if bits & format.signBit != 0 { append("-") }
    append("nan")
    let payload = bits & (1 << UInt64(format.fractionBits) - 1)
    if format.infinity | payload == format.canonicalNaN { return }
    append(":")
    hexadecimal(payload, digits: (format.fractionBits + 3) / 4)
  }

  // MARK: Strings

  /// A string of any bytes.
  mutating func string(_ contents: some Sequence<UInt8>) {
    bytes.append(UInt8(ascii: "\""))
    for byte in contents {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case 0x20..<0x7F: bytes.append(byte)
      default:
        bytes.append(UInt8(ascii: "\\"))
        hexadecimalDigit(byte >> 4)
        hexadecimalDigit(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// A string of characters. Those that a screen doesn't show as they are, or that rearrange their neighbours, are
  /// escaped.
  mutating func name(_ name: String) {
    bytes.append(UInt8(ascii: "\""))
    for scalar in name.unicodeScalars {
      switch scalar.value {
      case 0x22, 0x5C:
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(UInt8(truncatingIfNeeded: scalar.value))
      case 0..<0x20, 0x7F...0x9F, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF:
        append("\\u{" + String(scalar.value, radix: 16) + "}")
      default: append(UTF8.encode(scalar)!)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// `$` and the name, in quotes where it has other characters than identifiers may have. It must not be empty.
  mutating func identifier(_ name: String) {
    bytes.append(UInt8(ascii: "$"))
    if name.utf8.allSatisfy({ CharacterClass.table[Int($0)].isIdentifierCharacter }) {
      append(name)
    } else {
      self.name(name)
    }
  }
}
