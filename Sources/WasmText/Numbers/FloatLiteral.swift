// Floating-point literals of the text format, decimal and hexadecimal, to the bits of the nearest value of their type.
//
// Hexadecimal literals are rounded once, from an exact significand. Short decimal ones are computed exactly by one
// floating-point operation; all others go through the standard library, which rounds correctly, after a normalization
// that bounds their length, so that a literal costs time linear in its text.
//
// Source: WebAssembly 3.0, section 6.3.2.

package enum FloatLiteral {
  /// The bits of the literal `text` in `format`.
  package static func bits(of text: UnsafeBufferPointer<UInt8>, as format: FloatFormat) throws(NumberFault) -> UInt64 {
    var index = 0
    var sign: UInt64 = 0
    if let first = text.first, first == UInt8(ascii: "+") || first == UInt8(ascii: "-") {
      index = 1
      if first == UInt8(ascii: "-") { sign = format.signBit }
    }
    let magnitude = UnsafeBufferPointer(rebasing: text[index...])
    guard let first = magnitude.first else { throw .malformed }
    if first == UInt8(ascii: "i") {
      guard magnitude.elementsEqual("inf".utf8) else { throw .malformed }
      return sign | format.infinity
    }
    if first == UInt8(ascii: "n") { return try sign | nan(magnitude, format) }
    if magnitude.count > 2 && first == UInt8(ascii: "0") && magnitude[1] == UInt8(ascii: "x") {
      return try sign | hexadecimal(UnsafeBufferPointer(rebasing: magnitude[2...]), format)
    }
    return try sign | decimal(magnitude, format)
  }

  private static func nan(_ text: UnsafeBufferPointer<UInt8>, _ format: FloatFormat) throws(NumberFault) -> UInt64 {
    if text.elementsEqual("nan".utf8) { return format.canonicalNaN }
    guard text.starts(with: "nan:0x".utf8), let payload = IntegerLiteral(UnsafeBufferPointer(rebasing: text[4...]))
    else {
      throw .malformed
    }
    let value = try payload.unsigned(bits: format.fractionBits)
    if value == 0 { throw .outOfRange }
    return format.infinity | value
  }

  // MARK: Hexadecimal

  private static func hexadecimal(
    _ text: UnsafeBufferPointer<UInt8>, _ format: FloatFormat
  ) throws(NumberFault) -> UInt64 {
    var digits = DigitReader(text, isHexadecimal: true)
    var significand: UInt64 = 0
    var exponent = 0
    var isInexact = false
    while let digit = try digits.next() {
      if significand >> 60 == 0 {
        significand = significand << 4 | UInt64(digit)
        if digits.isAfterPoint { exponent -= 4 }
      } else {
        isInexact = isInexact || digit != 0
        if !digits.isAfterPoint { exponent += 4 }
      }
    }
    exponent += try digits.exponent()
    // Fill the top bit, so that what was dropped is less than one unit.
    let shift = significand.leadingZeroBitCount
    if significand != 0 {
      significand <<= UInt64(shift)
      exponent -= shift
    }
    guard let bits = format.rounded(significand: significand, exponent: exponent, isInexact: isInexact) else {
      throw .outOfRange
    }
    return bits
  }

  // MARK: Decimal

  /// Digits that matter: a binary64 value, or the midpoint of two, has at most 767 significant decimal digits, so that
  /// whether any later digit is not zero is all that one needs to know of those.
  private static let maximumDigits = 800

  private static func decimal(_ text: UnsafeBufferPointer<UInt8>, _ format: FloatFormat) throws(NumberFault) -> UInt64 {
    var digits = DigitReader(text, isHexadecimal: false)
    var small: UInt64 = 0
    var count = 0
    var exponent = 0
    var isInexact = false
    var long: [UInt8] = []
    while let digit = try digits.next() {
      if digits.isAfterPoint { exponent -= 1 }
      if count == 0 && digit == 0 { continue }
      count += 1
      if count <= 19 {
        small = small * 10 + UInt64(digit)
      } else if count <= maximumDigits {
        if long.isEmpty { long = Array("\(small)".utf8) }
        long.append(UInt8(ascii: "0") + digit)
      } else {
        isInexact = isInexact || digit != 0
        exponent += 1
      }
    }
    exponent += try digits.exponent()
    if small == 0 { return 0 }
    if count <= 19, let bits = short(small, exponent, format) { return bits }
    if long.isEmpty { long = Array("\(small)".utf8) }
    if isInexact {
      long.append(UInt8(ascii: "1"))
      exponent -= 1
    }
    // The magnitude is below 10^(exponent + digits); far beyond both ends of the range, the exact exponent is
    // irrelevant.
    let scale = exponent + long.count
    if scale > 400 { throw .outOfRange }
    if scale < -400 { return 0 }
    let literal = String(decoding: long, as: UTF8.self) + "e\(exponent)"
    if format.precision == 24 {
      guard let value = Float(literal), value.isFinite else { throw .outOfRange }
      return UInt64(value.bitPattern)
    }
    guard let value = Double(literal), value.isFinite else { throw .outOfRange }
    return value.bitPattern
  }

  private static let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
  ]

  /// The bits of `digits` · 10^`exponent` if both factors are exact in the format: then one operation rounds correctly.
  private static func short(_ digits: UInt64, _ exponent: Int, _ format: FloatFormat) -> UInt64? {
    let limit = format.precision == 24 ? 10 : 22
    guard digits >> UInt64(format.precision) == 0, exponent >= -limit, exponent <= limit else { return nil }
    let power = powersOfTen[abs(exponent)]
    if format.precision == 24 {
      let value = exponent < 0 ? Float(digits) / Float(power) : Float(digits) * Float(power)
      return UInt64(value.bitPattern)
    }
    return (exponent < 0 ? Double(digits) / power : Double(digits) * power).bitPattern
  }
}

/// Reads the digits of a float, then its exponent, and checks the grammar: digits, optionally a point and digits,
/// optionally
/// `e` or `p` and a decimal exponent. Single underscores may stand between digits.
private struct DigitReader {
  private let text: UnsafeBufferPointer<UInt8>
  private let isHexadecimal: Bool
  private var index = 0
  private var lastWasDigit = false
  /// The digit that `next` returned stands after the point.
  private(set) var isAfterPoint = false

  init(_ text: UnsafeBufferPointer<UInt8>, isHexadecimal: Bool) {
    self.text = text
    self.isHexadecimal = isHexadecimal
  }

  /// The next digit of the significand; nil at its end.
  mutating func next() throws(NumberFault) -> UInt8? {
    while index < text.count {
      let byte = text[index]
      if let digit = hexadecimalDigit(byte), isHexadecimal || digit < 10 {
        index += 1
        lastWasDigit = true
        return digit
      }
      if byte == UInt8(ascii: "_") {
        guard lastWasDigit else { throw .malformed }
        lastWasDigit = false
      } else if byte == UInt8(ascii: ".") && !isAfterPoint {
        guard lastWasDigit else { throw .malformed }
        isAfterPoint = true
        // No digits need to follow, but an underscore may not.
        if index + 1 < text.count && text[index + 1] == UInt8(ascii: "_") { throw .malformed }
      } else {
        break
      }
      index += 1
    }
    // An underscore or nothing at the end.
    guard index > 0, lastWasDigit, text[index - 1] != UInt8(ascii: "_") else { throw .malformed }
    return nil
  }

  /// The exponent after the digits; 0 if there is none. Beyond ±10^17 it stays there.
  mutating func exponent() throws(NumberFault) -> Int {
    if index == text.count { return 0 }
    let marker: UInt8 = isHexadecimal ? UInt8(ascii: "p") : UInt8(ascii: "e")
    guard text[index] | 0x20 == marker, index + 1 < text.count else { throw .malformed }
    index += 1
    var isNegative = false
    if text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") {
      isNegative = text[index] == UInt8(ascii: "-")
      index += 1
    }
    var value = 0
    lastWasDigit = false
    while index < text.count {
      let byte = text[index]
      index += 1
      if byte == UInt8(ascii: "_") {
        guard lastWasDigit else { throw .malformed }
        lastWasDigit = false
        continue
      }
      guard let digit = hexadecimalDigit(byte), digit < 10 else { throw .malformed }
      lastWasDigit = true
      if value < 100_000_000_000_000_000 { value = value * 10 + Int(digit) }
    }
    guard lastWasDigit else { throw .malformed }
    return isNegative ? -value : value
  }
}
