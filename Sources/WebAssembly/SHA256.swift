// SHA-256: the identity of modules in artifact keys and in a canister's status.
//
// Source: FIPS 180-4, sections 4.1.2, 5.1.1, 5.3.3 and 6.2.

import CProcessor

/// An incremental SHA-256 hash.
///
/// ```swift
/// var hash = SHA256()
/// hash.update(part1)
/// hash.update(part2)
/// let digest = hash.finalize()
/// ```
public struct SHA256: Sendable {
  /// The 32 bytes of a hash.
  public struct Digest: Hashable, Sendable, CustomStringConvertible {
    /// The eight 32-bit words; word 0 holds the first four bytes, big-endian.
    public let words: SIMD8<UInt32>
    public init(words: SIMD8<UInt32>) { self.words = words }

    /// The digest that `bytes`, exactly 32, spell.
    public init?(bytes: some Collection<UInt8>) {
      if bytes.count != 32 { return nil }
      var words = SIMD8<UInt32>()
      for (index, byte) in bytes.enumerated() { words[index / 4] = words[index / 4] << 8 | UInt32(byte) }
      self.words = words
    }

    public var bytes: [UInt8] {
      (0..<32).map { UInt8(truncatingIfNeeded: words[$0 / 4] >> (24 - 8 * UInt32($0 % 4))) }
    }

    /// 64 hexadecimal digits, in lower case.
    public var description: String {
      let digits = Array("0123456789abcdef".utf8)
      return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
  }

  private var state = initialState
  /// The first `pendingCount` bytes of a block that is not full yet, big-endian in the words.
  private var pending = SIMD16<UInt32>()
  private var pendingCount = 0
  private var length: UInt64 = 0

  public init() {}

  /// The hash of `bytes`.
  public static func hash(_ bytes: UnsafeRawBufferPointer) -> Digest {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finalize()
  }

  /// The hash of `bytes`.
  public static func hash(_ bytes: [UInt8]) -> Digest { bytes.withUnsafeBytes { hash($0) } }

  public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

  /// Adds `bytes` to what is hashed.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    length &+= UInt64(bytes.count)
    var index = 0
    while pendingCount != 0 && index < bytes.count {
      append(bytes[index])
      index += 1
    }
    if let base = bytes.baseAddress {
      let blocks = (bytes.count - index) / 64
      // In range: `blocks` whole blocks from `index` end at or before `bytes.count`.
      SHA256.compress(&state, base + index, blocks: blocks)
      index += 64 * blocks
    }
    while index < bytes.count {
      append(bytes[index])
      index += 1
    }
  }

  /// The hash of all that was added. The value may be given more afterwards.
  public func finalize() -> Digest {
    var copy = self
    copy.append(0x80)
    while copy.pendingCount != 56 { copy.append(0) }
    let bits = length &* 8
    for shift in stride(from: 56, through: 0, by: -8) { copy.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift))) }
    return Digest(words: copy.state)
  }

  private mutating func append(_ byte: UInt8) {
    pending[pendingCount / 4] = pending[pendingCount / 4] << 8 | UInt32(byte)
    pendingCount += 1
    if pendingCount == 64 {
      var block = pending
      for index in 0..<16 { block[index] = block[index].bigEndian }
      withUnsafeBytes(of: block) { SHA256.compress(&state, $0.baseAddress!, blocks: 1) }
      pendingCount = 0
    }
  }

  package static let initialState = SIMD8<UInt32>(
    0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19)

  /// The round constants, in memory that is made once and never freed: the compression function reads them unchecked.
  private nonisolated(unsafe) static let constants: UnsafePointer<UInt32> = {
    let values: [UInt32] = [
      0x428A_2F98, 0x7137_4491, 0xB5C0_FBCF, 0xE9B5_DBA5, 0x3956_C25B, 0x59F1_11F1, 0x923F_82A4, 0xAB1C_5ED5,
      0xD807_AA98, 0x1283_5B01, 0x2431_85BE, 0x550C_7DC3, 0x72BE_5D74, 0x80DE_B1FE, 0x9BDC_06A7, 0xC19B_F174,
      0xE49B_69C1, 0xEFBE_4786, 0x0FC1_9DC6, 0x240C_A1CC, 0x2DE9_2C6F, 0x4A74_84AA, 0x5CB0_A9DC, 0x76F9_88DA,
      0x983E_5152, 0xA831_C66D, 0xB003_27C8, 0xBF59_7FC7, 0xC6E0_0BF3, 0xD5A7_9147, 0x06CA_6351, 0x1429_2967,
      0x27B7_0A85, 0x2E1B_2138, 0x4D2C_6DFC, 0x5338_0D13, 0x650A_7354, 0x766A_0ABB, 0x81C2_C92E, 0x9272_2C85,
      0xA2BF_E8A1, 0xA81A_664B, 0xC24B_8B70, 0xC76C_51A3, 0xD192_E819, 0xD699_0624, 0xF40E_3585, 0x106A_A070,
      0x19A4_C116, 0x1E37_6C08, 0x2748_774C, 0x34B0_BCB5, 0x391C_0CB3, 0x4ED8_AA4A, 0x5B9C_CA4F, 0x682E_6FF3,
      0x748F_82EE, 0x78A5_636F, 0x84C8_7814, 0x8CC7_0208, 0x90BE_FFFA, 0xA450_6CEB, 0xBEF9_A3F7, 0xC671_78F2,
    ]
    let memory = UnsafeMutablePointer<UInt32>.allocate(capacity: values.count)
    memory.initialize(from: values, count: values.count)
    return UnsafePointer(memory)
  }()

  /// Whether the processor compresses by itself, ten times as fast.
  private static let isInProcessor = cannery_has_sha256() != 0

  /// The compression function over `blocks` blocks of 64 bytes at `data`.
  private static func compress(_ state: inout SIMD8<UInt32>, _ data: UnsafeRawPointer, blocks: Int) {
    if isInProcessor {
      // Sound: `data` holds the blocks, and the state's eight words lie one after the other.
      withUnsafeMutableBytes(of: &state) {
        cannery_sha256_compress($0.baseAddress!.assumingMemoryBound(to: UInt32.self), data, blocks, constants)
      }
    } else {
      compressPortably(&state, data, blocks: blocks)
    }
  }

  /// The same without instructions for it.
  package static func compressPortably(_ state: inout SIMD8<UInt32>, _ data: UnsafeRawPointer, blocks: Int) {
    let constants = constants
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { schedule in
      // Sound: every index below is less than 64, and `data` holds 64 bytes for each block.
      let w = schedule.baseAddress!
      for block in 0..<blocks {
        let words = data + 64 * block
        for t in 0..<16 { w[t] = UInt32(bigEndian: words.loadUnaligned(fromByteOffset: 4 * t, as: UInt32.self)) }
        for t in 16..<64 {
          let (early, late) = (w[t &- 15], w[t &- 2])
          let sigma0 = rotateRight(early, 7) ^ rotateRight(early, 18) ^ early &>> 3
          let sigma1 = rotateRight(late, 17) ^ rotateRight(late, 19) ^ late &>> 10
          w[t] = w[t &- 16] &+ sigma0 &+ w[t &- 7] &+ sigma1
        }
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        // Eight rounds at a time: the variables take turns instead of being moved.
        for t in stride(from: 0, to: 64, by: 8) {
          round(a, b, c, &d, e, f, g, &h, constants[t] &+ w[t])
          round(h, a, b, &c, d, e, f, &g, constants[t &+ 1] &+ w[t &+ 1])
          round(g, h, a, &b, c, d, e, &f, constants[t &+ 2] &+ w[t &+ 2])
          round(f, g, h, &a, b, c, d, &e, constants[t &+ 3] &+ w[t &+ 3])
          round(e, f, g, &h, a, b, c, &d, constants[t &+ 4] &+ w[t &+ 4])
          round(d, e, f, &g, h, a, b, &c, constants[t &+ 5] &+ w[t &+ 5])
          round(c, d, e, &f, g, h, a, &b, constants[t &+ 6] &+ w[t &+ 6])
          round(b, c, d, &e, f, g, h, &a, constants[t &+ 7] &+ w[t &+ 7])
        }
        state &+= SIMD8(a, b, c, d, e, f, g, h)
      }
    }
  }

  /// One round; `word` is the round's constant plus its word of the schedule.
  @inline(__always)
  private static func round(
    _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: inout UInt32, _ e: UInt32, _ f: UInt32, _ g: UInt32,
    _ h: inout UInt32, _ word: UInt32
  ) {
    let sum1 = rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25)
    let choice = g ^ (e & (f ^ g))
    h = h &+ sum1 &+ choice &+ word
    d = d &+ h
    let sum0 = rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22)
    let majority = (a & b) | (c & (a | b))
    h = h &+ sum0 &+ majority
  }

  @inline(__always)
  private static func rotateRight(_ value: UInt32, _ count: UInt32) -> UInt32 {
    value &>> count | value &<< (32 &- count)
  }
}
