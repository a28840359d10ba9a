// Principals as text: a checksum and the bytes in base 32, in groups of five joined by dashes.
//
// Source: Internet Computer interface specification, section "Textual representation of principals".

/// Why a text is no principal.
public enum PrincipalTextError: Error, Hashable, Sendable {
  case illegalCharacter
  /// The text ends within a byte, or in bits that aren't zero.
  case incomplete
  case tooShort
  case tooLong
  /// The checksum doesn't belong to the bytes.
  case wrongChecksum
  /// The dashes aren't after every fifth character; `expected` is the text as it should be.
  case wrongGroups(expected: String)
}

extension PrincipalTextError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .illegalCharacter: "a principal has letters, the digits 2 to 7, and dashes only"
    case .incomplete: "the principal is incomplete"
    case .tooShort: "the principal is too short"
    case .tooLong: "the principal is too long"
    case .wrongChecksum: "the principal's checksum is wrong"
    case .wrongGroups(let expected): "the principal should be written \(expected)"
    }
  }
}

extension Principal: LosslessStringConvertible {
  /// The principal that a text like `2vxsx-fae` stands for; `nil` if it is none. Capital letters count as small ones.
  public init?(_ text: String) {
    guard let principal = try? Principal(parsing: text) else { return nil }
    self = principal
  }

  /// The principal that a text like `2vxsx-fae` stands for. Capital letters count as small ones; everything else has to
  /// be as `description` writes it.
  public init(parsing text: some StringProtocol) throws(PrincipalTextError) {
    var bytes: [UInt8] = []
    var bits: UInt32 = 0
    var bitCount = 0
    // Four bytes of checksum and 29 of the principal take 53 characters; with their dashes, 63.
    guard text.utf8.count <= 63 else { throw .tooLong }
    for character in text.utf8 where character != UInt8(ascii: "-") {
      let digit: UInt8
      switch character {
      case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = character - UInt8(ascii: "a")
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = character - UInt8(ascii: "A")
      case UInt8(ascii: "2")...UInt8(ascii: "7"): digit = character - UInt8(ascii: "2") + 26
      default: throw .illegalCharacter
      }
      bits = bits << 5 | UInt32(digit)
      bitCount += 5
      if bitCount >= 8 {
        bitCount -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
      }
    }
    guard bitCount < 5, bits & (1 << UInt32(bitCount) - 1) == 0 else { throw .incomplete }
    guard bytes.count >= 4 else { throw .tooShort }
    guard let principal = Principal(bytes[4...]) else { throw .tooLong }
    let checksum = bytes[..<4].reduce(0) { $0 << 8 | UInt32($1) }
    guard checksum == CRC32.checksum(of: bytes[4...]) else { throw .wrongChecksum }
    let expected = principal.description
    guard text.utf8.elementsEqual(expected.utf8) || text.lowercased() == expected else {
      throw .wrongGroups(expected: expected)
    }
    self = principal
  }

  public var description: String {
    let bytes = self.bytes
    let checksum = CRC32.checksum(of: bytes)
    var text: [UInt8] = []
    var bits: UInt32 = 0
    var bitCount = 0
    func put(_ digit: UInt32) {
      if text.count % 6 == 5 { text.append(UInt8(ascii: "-")) }
      let digit = UInt8(digit & 31)
      text.append(digit < 26 ? UInt8(ascii: "a") + digit : UInt8(ascii: "2") + digit - 26)
    }
    for byte in (0..<4).map({ UInt8(truncatingIfNeeded: checksum >> UInt32(24 - 8 * $0)) }) + bytes {
      bits = bits << 8 | UInt32(byte)
      bitCount += 8
      while bitCount >= 5 {
        bitCount -= 5
        put(bits >> UInt32(bitCount))
      }
    }
    if bitCount > 0 { put(bits << UInt32(5 - bitCount)) }
    return String(decoding: text, as: UTF8.self)
  }
}

/// The checksum of zlib and Ethernet: polynomial 0xEDB88320, reflected.
private enum CRC32 {
  static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { rest, _ in rest & 1 == 0 ? rest >> 1 : rest >> 1 ^ 0xEDB8_8320 }
  }

  static func checksum(of bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { $0 >> 8 ^ table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] }
  }
}
