// SHA-256 against the examples of FIPS 180-4 and an independent implementation (Python's hashlib); the checksum against a
// second implementation of its description, and for what the description promises.

import Testing
import WebAssembly

/// `count` bytes that differ from those for other counts.
private func sample(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: 7 * $0 + count) } }

@Suite struct SHA256Tests {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
  ])
  func examples(text: String, digest: String) {
    #expect(SHA256.hash(Array(text.utf8)).description == digest)
  }

  @Test func oneMillionLetters() {
    var hash = SHA256()
    for _ in 0..<1000 { hash.update([UInt8](repeating: UInt8(ascii: "a"), count: 1000)) }
    #expect(hash.finalize().description == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  /// The hash of the hashes of `sample(0)` to `sample(199)`: every length of the last block, several times.
  @Test func lengths() {
    var all = SHA256()
    for count in 0..<200 { all.update(SHA256.hash(sample(count)).bytes) }
    #expect(all.finalize().description == "8c7c9ff69da76fc28823a1cb97268672663e628e1ea955868b16db46bab0545d")
  }

  @Test func partsDoNotMatter() {
    let bytes = sample(200)
    let whole = SHA256.hash(bytes)
    for first in stride(from: 0, through: 200, by: 3) {
      for second in stride(from: first, through: 200, by: 17) {
        var hash = SHA256()
        hash.update(Array(bytes[..<first]))
        hash.update(Array(bytes[first..<second]))
        _ = hash.finalize()
        hash.update(Array(bytes[second...]))
        #expect(hash.finalize() == whole, "\(first) \(second)")
      }
    }
  }

  /// What the processor computes, if it can, and what Swift code does.
  @Test func processorAndPortableCodeAgree() {
    let blocks = sample(64 * 5)
    for count in 0...5 {
      let hashed = SHA256.hash(Array(blocks[..<(64 * count)]))
      // The padding of whole blocks is a block of its own.
      var padding = [UInt8](repeating: 0, count: 64)
      padding[0] = 0x80
      padding[62] = UInt8((512 * count) >> 8)
      padding[63] = UInt8(truncatingIfNeeded: 512 * count)
      var state = SHA256.initialState
      blocks.withUnsafeBytes { SHA256.compressPortably(&state, $0.baseAddress!, blocks: count) }
      padding.withUnsafeBytes { SHA256.compressPortably(&state, $0.baseAddress!, blocks: 1) }
      #expect(SHA256.Digest(words: state) == hashed)
    }
  }

  @Test func digests() {
    let digest = SHA256.hash([1])
    #expect(SHA256.Digest(bytes: digest.bytes) == digest)
    #expect(SHA256.Digest(bytes: digest.bytes.dropLast()) == nil)
  }
}

@Suite struct Checksum64Tests {
  @Test(
    arguments: [
      (0, 0x86e6_9c75_0b1f_3544), (1, 0x12e2_5e9a_56c4_6ed2), (8, 0x228d_c13c_0733_7c85), (31, 0x4b07_cebb_cfec_0331),
      (32, 0xb3c6_6ad6_d3b4_d613), (33, 0x0560_7f4e_51f7_169f), (100, 0x6920_dc67_aa70_34d2),
      (1000, 0xffcd_0751_c8bf_74c3),
    ] as [(Int, UInt64)])
  func values(count: Int, checksum: UInt64) {
    #expect(Checksum64.checksum(sample(count)) == checksum)
  }

  @Test func everyFlippedBitIsFound() {
    for count in [1, 7, 8, 9, 32, 61, 100] {
      var bytes = sample(count)
      let checksum = Checksum64.checksum(bytes)
      for bit in 0..<8 * count {
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        #expect(Checksum64.checksum(bytes) != checksum)
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      }
    }
  }

  /// Lengths, alignment, and words that change places.
  @Test func allThatIsDifferentDiffers() {
    var seen: Set<UInt64> = []
    for count in 0...200 { seen.insert(Checksum64.checksum([UInt8](repeating: 0, count: count))) }
    #expect(seen.count == 201)
    let bytes = sample(128)
    var swapped: Set<UInt64> = [Checksum64.checksum(bytes)]
    for first in 0..<16 {
      for second in 0..<first {
        var copy = bytes
        for index in 0..<8 { copy.swapAt(8 * first + index, 8 * second + index) }
        swapped.insert(Checksum64.checksum(copy))
      }
    }
    #expect(swapped.count == 121)
    let shifted = [0] + bytes
    shifted.withUnsafeBytes { buffer in
      let inner = UnsafeRawBufferPointer(rebasing: buffer[1...])
      #expect(Checksum64.checksum(inner) == Checksum64.checksum(bytes))
    }
  }
}
