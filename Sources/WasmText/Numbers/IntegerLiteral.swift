// Integers of the text format: decimal or hexadecimal digits, single underscores between them, an optional sign.
//
// Source: WebAssembly 3.0, section 6.3.1.

/// What is wrong with a number.
package enum NumberFault: Error {
  /// Not a number of this kind at all.
  case malformed
  /// Well-formed, but the type has no such value.
  case outOfRange
}

/// A well-formed integer of any size.
package struct IntegerLiteral {
  enum Sign { case none, plus, minus }
  private(set) var sign = Sign.none
  private(set) var magnitude: UInt64 = 0
  /// The magnitude does not fit 64 bits.
  private(set) var overflows = false

  /// Fails if `text` is not an integer.
  package init?(_ text: UnsafeBufferPointer<UInt8>) {
    var index = 0
    switch text.first {
    case UInt8(ascii: "+"): (sign, index) = (.plus, 1)
    case UInt8(ascii: "-"): (sign, index) = (.minus, 1)
    default: break
    }
    let isHexadecimal =
      text.count - index > 2 && text[index] == UInt8(ascii: "0") && text[index + 1] == UInt8(ascii: "x")
    if isHexadecimal { index += 2 }
    var lastWasDigit = false
    while index < text.count {
      let byte = text[index]
      index += 1
      if byte == UInt8(ascii: "_") {
        guard lastWasDigit else { return nil }
        lastWasDigit = false
        continue
      }
      guard let digit = hexadecimalDigit(byte), isHexadecimal || digit < 10 else { return nil }
      lastWasDigit = true
      let (shifted, overflow1) = magnitude.multipliedReportingOverflow(by: isHexadecimal ? 16 : 10)
      let (sum, overflow2) = shifted.addingReportingOverflow(UInt64(digit))
      if overflow1 || overflow2 { overflows = true }
      magnitude = sum
    }
    guard lastWasDigit else { return nil }
  }

  /// The value as an unsigned integer of `bits` bits. A sign is not allowed.
  package func unsigned(bits: Int) throws(NumberFault) -> UInt64 {
    if sign != .none { throw .malformed }
    if overflows || magnitude > UInt64.max >> (64 - UInt64(bits)) { throw .outOfRange }
    return magnitude
  }

  /// The value as an integer of `bits` bits that may be meant as signed or unsigned: the bits, with zeros above them.
  package func uninterpreted(bits: Int) throws(NumberFault) -> UInt64 {
    let mask = UInt64.max >> (64 - UInt64(bits))
    if overflows { throw .outOfRange }
    if sign == .minus {
      if magnitude > mask / 2 + 1 { throw .outOfRange }
      return (0 &- magnitude) & mask
    }
    if magnitude > mask { throw .outOfRange }
    return magnitude
  }
}
