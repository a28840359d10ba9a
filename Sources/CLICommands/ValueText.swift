// Values as text: how arguments are read and results are printed. What is printed can be read again.
//
// Integers are decimal and signed. Floats are the shortest decimal that reads back the same, `inf`, `nan` (canonical) or
// `nan:0x…` with the payload, each with `-` where the sign bit is set. Vectors are 32 hexadecimal digits, the highest lane
// first. References are `null` or a handle.

import Cannery
import Semantics

/// A text that is no value of the type.
package struct ValueTextError: Error, CustomStringConvertible {
  package let description: String
}

extension Value {
  /// The value as the commands print it.
  package var text: String {
    switch self {
    case .i32(let value): String(value)
    case .i64(let value): String(value)
    case .f32(let bits): Float(bitPattern: bits).text
    case .f64(let bits): Double(bitPattern: bits).text
    case .v128(let value): hexadecimal(value.high) + hexadecimal(value.low)
    case .funcref(let reference), .externref(let reference): reference.isNull ? "null" : String(reference.handle)
    }
  }

  /// Reads a value of `type`.
  package init(parsing text: String, as type: ValueType) throws(ValueTextError) {
    switch type {
    case .i32:
      guard let bits = integer(text, bits: 32) else {
        throw ValueTextError(text, type, "an integer from -2147483648 to 4294967295, decimal or hexadecimal (0x…)")
      }
      self = .i32(Int32(truncatingIfNeeded: bits))
    case .i64:
      guard let bits = integer(text, bits: 64) else {
        throw ValueTextError(text, type, "an integer of 64 bits, signed or unsigned, decimal or hexadecimal (0x…)")
      }
      self = .i64(Int64(bitPattern: bits))
    case .f32:
      guard let value = Float(parsing: text) else { throw ValueTextError(text, type, floatForms) }
      self = .f32(value.bitPattern)
    case .f64:
      guard let value = Double(parsing: text) else { throw ValueTextError(text, type, floatForms) }
      self = .f64(value.bitPattern)
    case .v128:
      let digits = text.hasPrefix("0x") ? text.dropFirst(2) : text[...]
      guard digits.utf8.count == 32, let high = UInt64(hexadecimal: digits.prefix(16)),
        let low = UInt64(hexadecimal: digits.suffix(16))
      else {
        throw ValueTextError(text, type, "32 hexadecimal digits, the highest lane first")
      }
      self = .v128(V128(low: low, high: high))
    default:
      guard text == "null", type.isReference, type.isNullable else {
        let isNullable = type.isReference && type.isNullable
        throw ValueTextError(text, type, isNullable ? "null" : "a reference, which cannot be given here")
      }
      let isFunction = type.heapType.isConcrete || type.heapType == .func || type.heapType == .nofunc
      self = isFunction ? .funcref(.null) : .externref(.null)
    }
  }
}

private let floatForms = "a decimal or hexadecimal number in range, inf, nan or nan:0x…"

extension ValueTextError {
  fileprivate init(_ text: String, _ type: ValueType, _ expected: String) {
    description = "'\(text)' is no \(type): expected \(expected)"
  }
}

private func hexadecimal(_ value: UInt64) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 16 - digits.utf8.count) + digits
}

extension UInt64 {
  /// Hexadecimal digits only: the standard library's own parser takes a sign too.
  fileprivate init?(hexadecimal digits: some StringProtocol) {
    guard digits.utf8.allSatisfy(isHexadecimalDigit) else { return nil }
    self.init(digits, radix: 16)
  }
}

private func isHexadecimalDigit(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
    UInt8(ascii: "A")...UInt8(ascii: "F"):
    true
  default: false
  }
}

/// The text without underscores, each of which must stand between two digits; nil otherwise.
private func withoutUnderscores(_ text: Substring) -> String? {
  var bytes: [UInt8] = []
  let source = Array(text.utf8)
  for (index, byte) in source.enumerated() {
    if byte != UInt8(ascii: "_") {
      bytes.append(byte)
    } else if index == 0 || index + 1 == source.count || !isHexadecimalDigit(source[index - 1])
      || !isHexadecimalDigit(source[index + 1])
    {
      return nil
    }
  }
  return String(decoding: bytes, as: UTF8.self)
}

/// The sign of a number's text, and the rest.
private func splitSign(_ text: String) -> (isNegative: Bool, rest: Substring) {
  if text.hasPrefix("-") { return (true, text.dropFirst()) }
  return (false, text.hasPrefix("+") ? text.dropFirst() : text[...])
}

/// An integer of `bits` bits that may be meant as signed or unsigned, as its bits with zeros above them.
private func integer(_ text: String, bits: UInt64) -> UInt64? {
  let (isNegative, rest) = splitSign(text)
  let isHexadecimal = rest.hasPrefix("0x") || rest.hasPrefix("0X")
  guard let digits = withoutUnderscores(isHexadecimal ? rest.dropFirst(2) : rest), !digits.isEmpty,
    digits.utf8.allSatisfy(isHexadecimalDigit), let magnitude = UInt64(digits, radix: isHexadecimal ? 16 : 10)
  else { return nil }
  let mask = UInt64.max >> (64 - bits)
  if isNegative { return magnitude <= mask / 2 + 1 ? (0 &- magnitude) & mask : nil }
  return magnitude <= mask ? magnitude : nil
}

/// The two float types, with what the standard library's protocols leave out.
private protocol WasmFloat: BinaryFloatingPoint, LosslessStringConvertible, CustomStringConvertible {
  /// A NaN with these bits of significand.
  static func nan(payload: UInt64) -> Self
  var payload: UInt64 { get }
}

extension Float: WasmFloat {
  static func nan(payload: UInt64) -> Float { Float(bitPattern: 0x7F80_0000 | UInt32(payload)) }
  var payload: UInt64 { UInt64(significandBitPattern) }
}

extension Double: WasmFloat {
  static func nan(payload: UInt64) -> Double { Double(bitPattern: 0x7FF0_0000_0000_0000 | payload) }
  var payload: UInt64 { significandBitPattern }
}

extension WasmFloat {
  private static var canonicalPayload: UInt64 { 1 << UInt64(significandBitCount - 1) }

  fileprivate var text: String {
    if !isNaN { return description }
    let sign = self.sign == .minus ? "-" : ""
    if payload == Self.canonicalPayload { return sign + "nan" }
    return sign + "nan:0x" + String(payload, radix: 16)
  }

  fileprivate init?(parsing text: String) {
    let (isNegative, rest) = splitSign(text)
    let magnitude: Self
    switch rest {
    case "inf": magnitude = .infinity
    case "nan": magnitude = .nan(payload: Self.canonicalPayload)
    default:
      if rest.hasPrefix("nan:0x") {
        guard let payload = UInt64(hexadecimal: rest.dropFirst(6)), payload > 0,
          payload < 1 << UInt64(Self.significandBitCount)
        else { return nil }
        magnitude = .nan(payload: payload)
      } else {
        // A digit comes first, so no name of infinity or NaN gets to the standard library's parser.
        guard let first = rest.utf8.first, first >= UInt8(ascii: "0"), first <= UInt8(ascii: "9"),
          let digits = withoutUnderscores(rest), let value = Self(digits), value.isFinite
        else { return nil }
        magnitude = value
      }
    }
    // Negation flips the sign bit of NaNs too.
    self = isNegative ? -magnitude : magnitude
  }
}
