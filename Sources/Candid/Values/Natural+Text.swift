// Natural numbers as text. Hexadecimal takes linear time, decimal quadratic time in limbs of 64 bits: a few nanoseconds
// for each pair of them. Callers that don't know how large their numbers are limit them (`TextForm`).

extension Natural: LosslessStringConvertible {
  /// The largest power of ten that a limb has room for.
  private static let chunkDigits = 19
  private static let chunk: UInt64 = 10_000_000_000_000_000_000

  /// The number in decimal.
  public var description: String {
    if let small { return String(small) }
    var rest = limbs
    var chunks: [UInt64] = []
    while !rest.isEmpty {
      var remainder: UInt64 = 0
      for index in rest.indices.reversed() {
        (rest[index], remainder) = Self.chunk.dividingFullWidth((remainder, rest[index]))
      }
      if rest.last == 0 { rest.removeLast() }
      chunks.append(remainder)
    }
    return Self.joined(chunks, radix: 10, width: Self.chunkDigits)
  }

  /// The number in hexadecimal, without a prefix.
  public var hexadecimal: String {
    if let small { return String(small, radix: 16) }
    return Self.joined(limbs, radix: 16, width: 16)
  }

  /// The digits of parts, the least significant first, of which all but the last have `width` digits.
  private static func joined(_ parts: [UInt64], radix: Int, width: Int) -> String {
    var text: [UInt8] = []
    text.reserveCapacity(parts.count * width)
    for part in parts.reversed() {
      let digits = String(part, radix: radix).utf8
      if !text.isEmpty { text.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: width - digits.count)) }
      text.append(contentsOf: digits)
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The number that digits give, and nothing but digits; `nil` if there are none.
  public init?(_ decimal: String) {
    guard !decimal.isEmpty else { return nil }
    var limbs: [UInt64] = []
    var (part, scale): (UInt64, UInt64) = (0, 1)
    for byte in decimal.utf8 {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      part = part * 10 + UInt64(byte - UInt8(ascii: "0"))
      scale *= 10
      if scale == Self.chunk {
        Self.multiply(&limbs, by: scale, adding: part)
        (part, scale) = (0, 1)
      }
    }
    if scale > 1 { Self.multiply(&limbs, by: scale, adding: part) }
    self.init(limbs: limbs)
  }

  private static func multiply(_ limbs: inout [UInt64], by factor: UInt64, adding addend: UInt64) {
    var carry = addend
    for index in limbs.indices {
      let (high, low) = limbs[index].multipliedFullWidth(by: factor)
      let (sum, overflow) = low.addingReportingOverflow(carry)
      limbs[index] = sum
      carry = high + (overflow ? 1 : 0)
    }
    if carry > 0 { limbs.append(carry) }
  }

  /// The number that hexadecimal digits give, and nothing but digits; `nil` if there are none.
  public init?(hexadecimal: some StringProtocol) {
    guard !hexadecimal.isEmpty else { return nil }
    var limbs: [UInt64] = []
    var (limb, shift): (UInt64, UInt64) = (0, 0)
    for byte in hexadecimal.utf8.reversed() {
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: return nil
      }
      limb |= UInt64(digit) << shift
      shift += 4
      if shift == 64 {
        limbs.append(limb)
        (limb, shift) = (0, 0)
      }
    }
    limbs.append(limb)
    self.init(limbs: limbs)
  }
}
