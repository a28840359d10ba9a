// A cursor over the bytes of a module: single bytes, LEB128 integers, names. Every error carries its byte offset.
//
// Source: WebAssembly 3.0, section 5.2.

import WebAssembly

/// Reads from a range of a module's bytes.
///
/// Invariant that makes the unchecked pointer sound: `position <= end`, both inside one buffer that outlives the reader;
/// every read compares with `end` first.
@frozen
public struct ByteReader {
  public let base: UnsafeRawPointer
  public var position: UnsafeRawPointer
  public let end: UnsafeRawPointer

  /// A reader over `range` of `buffer`. The buffer must outlive the reader.
  @inlinable
  public init(_ buffer: UnsafeRawBufferPointer, range: ByteRange) {
    precondition(range.start >= 0 && range.start <= range.end && range.end <= buffer.count)
    // An empty buffer may have no address; any non-null one serves, as nothing is ever read.
    base = buffer.baseAddress ?? UnsafeRawPointer(bitPattern: 16)!
    position = base + range.start
    end = base + range.end
  }

  /// A reader from `position` to `end`, two places in the buffer that begins at `base`.
  @inlinable @inline(__always)
  init(base: UnsafeRawPointer, position: UnsafeRawPointer, end: UnsafeRawPointer) {
    self.base = base
    self.position = position
    self.end = end
  }

  /// Byte offset in the module of the next byte.
  @inlinable @inline(__always)
  public var offset: Int { position - base }
  @inlinable @inline(__always)
  public var isAtEnd: Bool { position == end }
  @inlinable @inline(__always)
  public var remaining: Int { end - position }

  @inlinable @inline(__always)
  public mutating func byte() throws(ModuleError) -> UInt8 {
    if position == end { throw unexpectedEnd() }
    let value = position.load(as: UInt8.self)
    position += 1
    return value
  }

  /// An unsigned LEB128 integer of at most 32 bits.
  @inlinable @inline(__always)
  public mutating func u32() throws(ModuleError) -> UInt32 {
    if position != end {
      let first = position.load(as: UInt8.self)
      if first < 0x80 {
        position += 1
        return UInt32(first)
      }
    }
    return UInt32(truncatingIfNeeded: try unsigned(bits: 32))
  }

  @inlinable @inline(__always)
  public mutating func u64() throws(ModuleError) -> UInt64 { try unsigned(bits: 64) }

  @inlinable @inline(__always)
  public mutating func s32() throws(ModuleError) -> Int32 {
    if position != end {
      let first = position.load(as: UInt8.self)
      if first < 0x80 {
        position += 1
        return Int32(Int8(bitPattern: first << 1) >> 1)
      }
    }
    return Int32(truncatingIfNeeded: try signed(bits: 32))
  }

  @inlinable @inline(__always)
  public mutating func s33() throws(ModuleError) -> Int64 { try signed(bits: 33) }

  @inlinable @inline(__always)
  public mutating func s64() throws(ModuleError) -> Int64 { try signed(bits: 64) }

  /// A LEB128 integer that ends after five bytes at most, if at least eight are left: its bits put together, and how many
  /// these are. Moves behind it if `isValid` says so of both.
  @inlinable @inline(__always)
  mutating func shortInteger(_ isValid: (_ bits: UInt64, _ width: UInt64) -> Bool) -> (bits: UInt64, width: UInt64)? {
    if remaining < 8 { return nil }
    let word = UInt64(littleEndian: position.loadUnaligned(as: UInt64.self))
    let ends = ~word & 0x80_8080_8080
    if ends == 0 { return nil }
    // 8 for each byte.
    let size = UInt64(truncatingIfNeeded: ends.trailingZeroBitCount) &+ 1
    let kept = word & UInt64.max &>> (64 &- size)
    let low = kept & 0x7F | kept &>> 1 & 0x3F80 | kept &>> 2 & 0x1F_C000
    let bits = low | kept &>> 3 & 0xFE0_0000 | kept &>> 4 & 0x7_F000_0000
    let width = size &- size &>> 3
    if !isValid(bits, width) { return nil }
    position += Int(truncatingIfNeeded: size &>> 3)
    return (bits, width)
  }

  /// An unsigned LEB128 integer of at most `bits` bits, 32 or more, if it has a short form.
  @inlinable @inline(__always)
  mutating func shortUnsigned(bits: UInt64) -> UInt64? {
    shortInteger { value, _ in bits >= 35 || value &>> bits == 0 }?.bits
  }

  /// A signed LEB128 integer of at most `bits` bits, 32 or more, if it has a short form.
  @inlinable @inline(__always)
  mutating func shortSigned(bits: UInt64) -> Int64? {
    // The value must be what its last `bits` bits alone give.
    let short = shortInteger { value, width in
      bits >= 35 || ByteReader.extend(value, from: width) == ByteReader.extend(value, from: min(width, bits))
    }
    guard let short else { return nil }
    return ByteReader.extend(short.bits, from: short.width)
  }

  /// An unsigned LEB128 integer of at most `bits` bits: 32 or more.
  @inlinable
  public mutating func unsigned(bits: UInt64) throws(ModuleError) -> UInt64 {
    if let short = shortUnsigned(bits: bits) { return short }
    return try unsignedByteByByte(bits: bits)
  }

  /// A signed LEB128 integer of at most `bits` bits: 32 or more.
  @inlinable
  public mutating func signed(bits: UInt64) throws(ModuleError) -> Int64 {
    if let short = shortSigned(bits: bits) { return short }
    return try signedByteByByte(bits: bits)
  }

  /// The lower `width` bits with their sign.
  @inlinable @inline(__always)
  static func extend(_ bits: UInt64, from width: UInt64) -> Int64 {
    let unused = Int64(truncatingIfNeeded: 64 &- width)
    return (Int64(bitPattern: bits) &<< unused) &>> unused
  }

  @usableFromInline @inline(never)
  mutating func unsignedByteByByte(bits: UInt64) throws(ModuleError) -> UInt64 {
    var result: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = UInt64(try self.byte())
      let left = bits &- shift
      if left < 7 {
        // The last byte that an integer of this width can have.
        if byte & 0x80 != 0 { throw error(.integerRepresentationTooLong, at: offset - 1) }
        if byte >> left != 0 { throw error(.integerTooLarge, at: offset - 1) }
      }
      result |= (byte & 0x7F) &<< shift
      if byte & 0x80 == 0 { return result }
      shift &+= 7
      if shift >= bits { throw error(.integerRepresentationTooLong, at: offset - 1) }
    }
  }

  @usableFromInline @inline(never)
  mutating func signedByteByByte(bits: UInt64) throws(ModuleError) -> Int64 {
    var result: Int64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = try self.byte()
      let left = bits &- shift
      if left < 7 {
        if byte & 0x80 != 0 { throw error(.integerRepresentationTooLong, at: offset - 1) }
        // The unused bits must repeat the sign bit.
        let extended = Int8(bitPattern: byte << 1) >> 1
        let rest = extended >> (Int8(truncatingIfNeeded: left) - 1)
        if rest != 0 && rest != -1 { throw error(.integerTooLarge, at: offset - 1) }
      }
      result |= Int64(byte & 0x7F) &<< Int64(shift)
      shift &+= 7
      if byte & 0x80 == 0 {
        if shift < 64 && byte & 0x40 != 0 { result |= -1 &<< Int64(shift) }
        return result
      }
      if shift >= bits { throw error(.integerRepresentationTooLong, at: offset - 1) }
    }
  }

  /// Little-endian fixed-width words, for floats and vectors.
  @inlinable @inline(__always)
  public mutating func fixed32() throws(ModuleError) -> UInt32 {
    if remaining < 4 { throw unexpectedEnd() }
    let value = UInt32(littleEndian: position.loadUnaligned(as: UInt32.self))
    position += 4
    return value
  }

  @inlinable @inline(__always)
  public mutating func fixed64() throws(ModuleError) -> UInt64 {
    if remaining < 8 { throw unexpectedEnd() }
    let value = UInt64(littleEndian: position.loadUnaligned(as: UInt64.self))
    position += 8
    return value
  }

  /// Skips `count` bytes and returns their range.
  @inlinable
  public mutating func skip(_ count: Int) throws(ModuleError) -> ByteRange {
    if count < 0 || count > remaining { throw error(.lengthOutOfBounds, at: offset) }
    let start = offset
    position += count
    return ByteRange(start: start, end: offset)
  }

  /// Skips `count` bytes and returns a reader over them.
  @inlinable
  public mutating func slice(_ count: Int) throws(ModuleError) -> ByteReader {
    let start = position
    _ = try skip(count)
    return ByteReader(base: base, position: start, end: position)
  }

  /// The length of a vector. Each element takes at least one byte, so a greater length than what remains is an error here
  /// already: whatever a caller reserves for the elements is bounded by the size of the input.
  public mutating func vectorCount() throws(ModuleError) -> UInt32 {
    let count = try u32()
    if Int(count) > remaining { throw ModuleError(.malformed, .unexpectedEnd, offset: offset + remaining) }
    return count
  }

  /// A name: a length and that many bytes of UTF-8.
  public mutating func name() throws(ModuleError) -> String {
    let contents = try nameBytes()
    guard let text = String(validating: contents, as: UTF8.self) else { throw malformedName(contents) }
    return text
  }

  /// A name, left where it is: the range of its bytes, which are UTF-8.
  mutating func nameRange() throws(ModuleError) -> ByteRange {
    let contents = try nameBytes()
    let isASCII = contents.allSatisfy { $0 < 0x80 }
    if !isASCII && String(validating: contents, as: UTF8.self) == nil { throw malformedName(contents) }
    return ByteRange(start: offset - contents.count, end: offset)
  }

  private mutating func nameBytes() throws(ModuleError) -> UnsafeRawBufferPointer {
    let start = offset
    let count = Int(try u32())
    if count > remaining { throw error(.lengthOutOfBounds, at: start, detail: "a name of \(count) bytes") }
    let contents = UnsafeRawBufferPointer(start: position, count: count)
    position += count
    return contents
  }

  private func malformedName(_ contents: UnsafeRawBufferPointer) -> ModuleError {
    error(.malformedUTF8, at: offset - contents.count)
  }

  @inlinable
  public func error(_ reason: ModuleErrorReason, at offset: Int, detail: String? = nil) -> ModuleError {
    ModuleError(.malformed, reason, offset: offset, detail: detail)
  }

  @inlinable @inline(never)
  public func unexpectedEnd() -> ModuleError { ModuleError(.malformed, .unexpectedEnd, offset: offset) }
}
