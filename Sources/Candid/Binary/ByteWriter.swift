// Writes the pieces that the binary format is made of.

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

  mutating func nat(_ number: Natural) {
    if let small = number.small { return unsigned(small) }
    digits(of: number.limbs, count: (number.bitWidth + 6) / 7, fill: 0)
  }

  mutating func int(_ number: Integer) {
    if let small = Int64(exactly: number) { return signed(small) }
    let limbs = number.twosComplement
    // All bits of the highest limb that are like those beyond are one sign.
    let signBits = (limbs[limbs.count - 1] ^ number.fill).leadingZeroBitCount
    let bitCount = limbs.count * UInt64.bitWidth - signBits + 1
    digits(of: limbs, count: (bitCount + 6) / 7, fill: number.fill)
  }

  /// Groups of seven bits, the least significant first, of a number that continues with `fill`.
  private mutating func digits(of limbs: [UInt64], count: Int, fill: UInt64) {
    for index in 0..<count {
      let (limb, shift) = (7 * index / UInt64.bitWidth, 7 * index % UInt64.bitWidth)
      let low = limb < limbs.count ? limbs[limb] : fill
      let high = limb + 1 < limbs.count ? limbs[limb + 1] : fill
      // A shift by all 64 bits gives 0.
      let digit = low >> UInt64(shift) | high << UInt64(UInt64.bitWidth - shift)
      bytes.append(UInt8(truncatingIfNeeded: digit & 0x7F) | (index + 1 < count ? 0x80 : 0))
    }
  }
}
