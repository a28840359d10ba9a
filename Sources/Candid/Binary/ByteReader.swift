// Reads the pieces that the binary format is made of. Every read is checked against the bytes that are left.

struct ByteReader {
  let bytes: [UInt8]
  private(set) var offset = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var remaining: Int { bytes.count - offset }

  func malformed(_ reason: MalformedReason) -> CandidError { .malformed(reason, offset: offset) }

  mutating func byte() throws(CandidError) -> UInt8 {
    guard offset < bytes.count else { throw malformed(.unexpectedEnd) }
    offset += 1
    return bytes[offset - 1]
  }

  mutating func take(_ count: UInt64) throws(CandidError) -> ArraySlice<UInt8> {
    guard count <= UInt64(remaining) else { throw malformed(.unexpectedEnd) }
    offset += Int(count)
    return bytes[offset - Int(count)..<offset]
  }

  /// A number of fixed width, the least significant byte first.
  mutating func fixed<Number: FixedWidthInteger>(_: Number.Type) throws(CandidError) -> Number {
    let size = Number.bitWidth / 8
    guard size <= remaining else { throw malformed(.unexpectedEnd) }
    var number: Number = 0
    for index in 0..<size { number |= Number(truncatingIfNeeded: bytes[offset + index]) << Number(8 * index) }
    offset += size
    return number
  }

  /// An LEB128 number of at most 64 bits. Longer forms than necessary are allowed up to ten bytes.
  mutating func unsigned() throws(CandidError) -> UInt64 {
    var result: UInt64 = 0
    for shift in stride(from: UInt64(0), through: 63, by: 7) {
      let byte = try byte()
      guard shift < 63 || byte <= 1 else { throw malformed(.integerTooLarge) }
      result |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return result }
    }
    throw malformed(.integerTooLarge)
  }

  /// A signed LEB128 number of at most 64 bits.
  mutating func signed() throws(CandidError) -> Int64 {
    var result: Int64 = 0
    for shift in stride(from: Int64(0), through: 63, by: 7) {
      let byte = try byte()
      guard shift < 63 || byte == 0 || byte == 0x7F else { throw malformed(.integerTooLarge) }
      result |= Int64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return byte & 0x40 != 0 && shift < 57 ? result | -1 << (shift + 7) : result }
    }
    throw malformed(.integerTooLarge)
  }

  /// A count of things that take at least a byte each, so that more of them than bytes can't be.
  mutating func count() throws(CandidError) -> Int {
    let count = try unsigned()
    guard count <= UInt64(remaining) else { throw malformed(.unexpectedEnd) }
    return Int(count)
  }

  mutating func text() throws(CandidError) -> String {
    let start = offset
    guard let text = String(validating: try take(unsigned()), as: UTF8.self) else {
      throw .malformed(.invalidUTF8, offset: start)
    }
    return text
  }

  /// The bytes of an LEB128 number of any size.
  private mutating func digits() throws(CandidError) -> ArraySlice<UInt8> {
    let start = offset
    while try byte() & 0x80 != 0 {}
    return bytes[start..<offset]
  }

  mutating func nat() throws(CandidError) -> Natural {
    let digits = try digits()
    if digits.count <= Self.smallDigitCount { return Natural(Self.small(digits)) }
    return Natural(limbs: Self.limbs(digits, fill: 0))
  }

  mutating func int() throws(CandidError) -> Integer {
    let digits = try digits()
    if digits.count <= Self.smallDigitCount {
      // The number's sign is brought to the highest bit, and spread from there.
      let shift = Int64(UInt64.bitWidth - 7 * digits.count)
      return Integer((Int64(bitPattern: Self.small(digits)) << shift) >> shift)
    }
    return Integer(twosComplement: Self.limbs(digits, fill: digits.last! & 0x40 != 0 ? .max : 0))
  }

  /// So many groups of seven bits have room in 64 bits.
  private static let smallDigitCount = 9

  private static func small(_ digits: ArraySlice<UInt8>) -> UInt64 {
    digits.reversed().reduce(UInt64(0)) { $0 << 7 | UInt64($1 & 0x7F) }
  }

  /// The number that groups of seven bits make, the least significant first, and `fill` above them. Takes linear time.
  private static func limbs(_ digits: ArraySlice<UInt8>, fill: UInt64) -> [UInt64] {
    var limbs: [UInt64] = []
    limbs.reserveCapacity(digits.count * 7 / UInt64.bitWidth + 1)
    var bits: UInt64 = 0
    var bitCount = 0
    for digit in digits {
      let digit = UInt64(digit & 0x7F)
      bits |= digit << UInt64(bitCount)
      bitCount += 7
      if bitCount >= UInt64.bitWidth {
        limbs.append(bits)
        bitCount -= UInt64.bitWidth
        bits = digit >> UInt64(7 - bitCount)
      }
    }
    limbs.append(bits | fill << UInt64(bitCount))
    return limbs
  }
}
