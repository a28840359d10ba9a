// Where things stand in the bytes of an artifact, and the checksums over them.
//
// Layout (little-endian; offsets in bytes from the start of the file, sections aligned to 8):
//
// | at | what |
// | --- | --- |
// | 0 | magic `CANNED`, 0, 1 |
// | 8 | hash of the format: the operation table and this layout |
// | 16 | hash of the operator table with the weights |
// | 24 | u32 features; u8 metering policy; u8 optimisation; u16 0 |
// | 32 | SHA-256 of the module (inflated) |
// | 64, 72 | offset and size of the skeleton: the module without its code section |
// | 80, 88 | offset of the directory; number of entries, one for each defined function |
// | 96, 104 | offset and size of the code |
// | 112, 120 | offset and size of the location tables |
// | 128 | size of the file |
// | 136 | size of the module |
// | 144 | checksum of skeleton and directory |
// | 152 | checksum of the bytes 0 to 151 |
//
// A directory entry has 24 bytes: u32 number of its first word in the code; u32 offset in the location tables; u32 slots
// of the frame; u32 logical cost of the frame; u64 checksum of words and locations. Words and locations of a function end
// where those of the next begin.
//
// In the file, word 0 of an operation is its number.

import WebAssembly

/// Facts of one function in an artifact's directory.
public struct ArtifactFunction: Sendable {
  /// Byte offset in the artifact of the function's words, and their number.
  public var codeOffset: Int
  public var wordCount: Int
  /// Slots that the frame may touch, outgoing arguments included.
  public var frameSlots: Int
  /// Logical cost of the frame, in slots.
  public var frameCost: Int
  public var locationOffset: Int
  public var locationSize: Int
  public var checksum: UInt64
}

/// The parts of an artifact: ranges that lie inside of it, by its header.
struct ArtifactLayout: Sendable {
  var skeleton: ByteRange
  /// Whole entries, one for each defined function.
  var directory: ByteRange
  var code: ByteRange
  var locations: ByteRange

  static let magic: [UInt8] = [0x43, 0x41, 0x4E, 0x4E, 0x45, 0x44, 0, 1]
  static let headerSize = 160
  static let entrySize = 24
  /// Where an entry has its checksum.
  static let checksumOffset = 16

  var functionCount: Int { directory.count / ArtifactLayout.entrySize }

  /// Reads the header of `raw`, which has at least `headerSize` bytes. Checksums are not looked at.
  init(_ raw: UnsafeRawBufferPointer) throws(ArtifactError) {
    func range(_ at: Int, _ what: String, unit: Int = 1) throws(ArtifactError) -> ByteRange {
      let start = raw.word(at)
      let count = raw.word(at + 8)
      guard start >= UInt64(ArtifactLayout.headerSize), start <= UInt64(raw.count), start % 8 == 0,
        count <= (UInt64(raw.count) - start) / UInt64(unit)
      else { throw .malformed("the range of \(what)") }
      return ByteRange(start: Int(start), end: Int(start) + Int(count) * unit)
    }
    skeleton = try range(64, "the skeleton")
    directory = try range(80, "the directory", unit: ArtifactLayout.entrySize)
    code = try range(96, "the code")
    guard code.count % 8 == 0 else { throw .malformed("the range of the code") }
    locations = try range(112, "the location tables")
  }

  /// The directory entry of function `index` (below `functionCount`) in `raw`, its ranges checked. Each field is read
  /// once: a mapped file may change at any time.
  func function(_ index: Int, in raw: UnsafeRawBufferPointer) throws(ArtifactError) -> ArtifactFunction {
    precondition(index >= 0 && index < functionCount)
    let entry = directory.start + index * ArtifactLayout.entrySize
    let next = entry + ArtifactLayout.entrySize
    let isLast = next == directory.end
    let start = raw.half(entry)
    let end = isLast ? code.count / 8 : raw.half(next)
    let locationStart = raw.half(entry + 4)
    let locationEnd = isLast ? locations.count : raw.half(next + 4)
    guard start <= end, end <= code.count / 8, index > 0 || start == 0 else {
      throw .malformed("the code range of function \(index)")
    }
    guard locationStart <= locationEnd, locationEnd <= locations.count, index > 0 || locationStart == 0
    else {
      throw .malformed("the location range of function \(index)")
    }
    return ArtifactFunction(
      codeOffset: code.start + 8 * start, wordCount: end - start, frameSlots: raw.half(entry + 8),
      frameCost: raw.half(entry + 12), locationOffset: locations.start + locationStart,
      locationSize: locationEnd - locationStart, checksum: raw.word(entry + ArtifactLayout.checksumOffset))
  }

  /// Whether the bytes behind skeleton and location tables, up to the next multiple of 8, are 0: no checksum covers them.
  func isPadded(in raw: UnsafeRawBufferPointer) -> Bool {
    [skeleton.end, locations.end].allSatisfy { end in
      raw[end..<min((end + 7) & ~7, raw.count)].allSatisfy { $0 == 0 }
    }
  }

  // MARK: Checksums

  /// The checksum of two ranges, in this order.
  static func checksum(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) -> UInt64 {
    Checksum64.checksum(first) &* 0x9E37_79B9_7F4A_7C15 &+ Checksum64.checksum(second)
  }

  /// The checksum of skeleton and directory.
  func checksum(in raw: UnsafeRawBufferPointer) -> UInt64 {
    ArtifactLayout.checksum(raw.part(skeleton), raw.part(directory))
  }

  /// The checksum of a function whose code has been copied to `words`.
  static func checksum(
    _ function: ArtifactFunction, words: UnsafeRawBufferPointer, in raw: UnsafeRawBufferPointer
  ) -> UInt64 {
    let end = function.locationOffset + function.locationSize
    return ArtifactLayout.checksum(words, raw.part(ByteRange(start: function.locationOffset, end: end)))
  }

  /// The checksum of the header.
  static func headerChecksum(_ raw: UnsafeRawBufferPointer) -> UInt64 {
    Checksum64.checksum(raw.part(ByteRange(start: 0, end: 152)))
  }
}

extension UnsafeRawBufferPointer {
  func word(_ offset: Int) -> UInt64 { UInt64(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }

  func half(_ offset: Int) -> Int { Int(UInt32(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))) }

  func part(_ range: ByteRange) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: self[range.start..<range.end])
  }
}
