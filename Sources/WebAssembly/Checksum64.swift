// A 64-bit checksum for artifacts: it finds damage, not malice (an artifact's code is verified, whatever its checksum). A
// cryptographic hash would cost more than verifying does, so this one reads eight bytes at a step.
//
// The design, our own. Four lanes take the words of the input in turn, so that four multiplications are under way at
// once. A lane takes a word by
//
//     lane := rotateLeft((lane xor word) · M, 29)      M odd
//
// which is one-to-one in `word` for a given lane and one-to-one in the lane for a given word. At the end the length and
// the four lanes are taken in the same way by one accumulator, and its bits are mixed, again one-to-one. Therefore two
// inputs of equal length that differ within one aligned word always differ in their checksums: any single flipped bit
// and any burst inside a word is found for certain, other damage with probability 1 - 2^-64. The lanes start differently
// and the length is included, so words that change places and zeros that are added are found too.

public enum Checksum64 {
  private static let multiplier: UInt64 = 0x9E6D_62D0_6F6A_9A9B
  private static let starts: (UInt64, UInt64, UInt64, UInt64) = (
    0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7344, 0xA409_3822_299F_31D0, 0x082E_FA98_EC4E_6C89
  )

  /// The checksum of `bytes`. Part of the artifact format: it must never change without a new format version.
  public static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var (a, b, c, d) = starts
    var result = UInt64(bytes.count)
    if let base = bytes.baseAddress {
      let stripes = bytes.count / 32
      // In range: each stripe is 32 bytes, and `stripes` of them end at or before `bytes.count`.
      for stripe in 0..<stripes {
        let words = base + 32 &* stripe
        a = take(a, word(words, 0))
        b = take(b, word(words, 8))
        c = take(c, word(words, 16))
        d = take(d, word(words, 24))
      }
      // The rest, up to 31 bytes: whole words, then one that is filled up with zeros.
      var offset = 32 * stripes
      while bytes.count - offset >= 8 {
        (a, b, c, d) = (b, c, d, take(a, word(base, offset)))
        offset += 8
      }
      if offset < bytes.count {
        var last: UInt64 = 0
        for index in offset..<bytes.count { last |= UInt64(bytes[index]) << UInt64(8 * (index - offset)) }
        a = take(a, last)
      }
    }
    for lane in [a, b, c, d] { result = take(result, lane) }
    result ^= result >> 32
    result &*= multiplier
    result ^= result >> 29
    result &*= multiplier
    return result ^ result >> 32
  }

  /// The checksum of `bytes`.
  public static func checksum(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes { checksum($0) } }

  @inline(__always)
  private static func word(_ base: UnsafeRawPointer, _ offset: Int) -> UInt64 {
    UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  @inline(__always)
  private static func take(_ lane: UInt64, _ word: UInt64) -> UInt64 {
    let product = (lane ^ word) &* multiplier
    return product &<< 29 | product &>> 35
  }
}
