// Writes the pieces that the binary format is made of.

import BigInt

struct ByteWriter {
  private(set) var bytes: [UInt8] = []

  mutating func byte(_ byte: UInt8) { bytes.append(byte) }

  mutating func append(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

  mutating func fixed<Number: FixedWidthInteger>(_ number: Number) {
    for shift in stride(from: 0, to: Number.bitWidth, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: number >> Number(shift)))
    }
  }

  mutating func unsigned(_ number: UInt64) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func count(_ count: Int) { unsigned(UInt64(count)) }

  mutating func signed(_ number: Int64) {
    var rest = number
    while rest < -0x40 || rest >= 0x40 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest & 0x7F))
  }

  mutating func text(_ text: String) {
    count(text.utf8.count)
    append(text.utf8)
  }

  mutating func nat(_ number: BigUInt) {
    if let small = UInt64(exactly: number) { return unsigned(small) }
    digits(of: Array(number.words), count: (number.bitWidth + 6) / 7, fill: 0)
  }

  mutating func int(_ number: BigInt) {
    if let small = Int64(exactly: number) { return signed(small) }
    // Of -2^(w-1) to 2^(w-1)-1, the numbers of w bits, the smallest w with room for this one.
    let magnitude = number.sign == .minus ? number.magnitude - 1 : number.magnitude
    let bits = magnitude.bitWidth + 1
    let words = number.sign == .minus ? magnitude.words.map { ~$0 } : Array(magnitude.words)
    digits(of: words, count: (bits + 6) / 7, fill: number.sign == .minus ? .max : 0)
  }

  /// Groups of seven bits, the least significant first, of a number that continues with `fill`.
  private mutating func digits(of words: [UInt], count: Int, fill: UInt) {
    for index in 0..<count {
      let (word, shift) = (7 * index / UInt.bitWidth, 7 * index % UInt.bitWidth)
      let low = word < words.count ? words[word] : fill
      let high = word + 1 < words.count ? words[word + 1] : fill
      let digit = low >> UInt(shift) | (shift > 0 ? high << UInt(UInt.bitWidth - shift) : 0)
      bytes.append(UInt8(truncatingIfNeeded: digit & 0x7F) | (index + 1 < count ? 0x80 : 0))
    }
  }
}
