// Principals: the names of canisters and users.

/// Up to 29 bytes.
public struct Principal: Hashable, Sendable {
  public var bytes: [UInt8]
  public init(_ bytes: [UInt8]) { self.bytes = bytes }
  /// A caller that did not identify itself.
  public static let anonymous = Principal([4])
}

extension Principal: CustomStringConvertible {
  /// Base 32 of a CRC-32 and the bytes, in groups of five characters.
  public var description: String {
    let checksum = crc32(bytes)
    let all = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: checksum >> $0) } + bytes
    let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567")
    var text = ""
    var bits: UInt32 = 0
    var count = 0
    var length = 0
    func put(_ index: UInt32) {
      if length > 0 && length % 5 == 0 { text.append("-") }
      text.append(alphabet[Int(index & 31)])
      length += 1
    }
    for byte in all {
      bits = bits << 8 | UInt32(byte)
      count += 8
      while count >= 5 {
        count -= 5
        put(bits >> count)
      }
    }
    if count > 0 { put(bits << (5 - count)) }
    return text
  }
}

private func crc32(_ bytes: [UInt8]) -> UInt32 {
  var crc = ~UInt32(0)
  for byte in bytes {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
  }
  return ~crc
}
