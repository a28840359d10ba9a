// Writes the binary format into a growing array of bytes: integers, names, sections, vectors, limits. The text parser,
// the module encoder and the tests build modules with it; types are in BinaryWriter+Types.swift, instructions in
// BinaryWriter+Instructions.swift. Every LEB128 integer is written in its shortest form.
//
// Source: WebAssembly 3.0, sections 5.2 and 5.5.

import WebAssembly

/// A byte buffer with the writing functions of the binary format. Lengths that precede their contents (sections, function
/// bodies) are filled in after the contents are written.
public struct BinaryWriter: Sendable {
  public var bytes: [UInt8]

  public init() { bytes = [] }

  /// `\0asm` and version 1.
  public mutating func moduleHeader() {
    bytes += [0x00, 0x61, 0x73, 0x6D, 0x01, 0x00, 0x00, 0x00]
  }

  // MARK: Integers

  public mutating func byte(_ value: UInt8) { bytes.append(value) }

  public mutating func append(_ content: some Sequence<UInt8>) { bytes.append(contentsOf: content) }

  public mutating func u32(_ value: UInt32) { u64(UInt64(value)) }

  public mutating func u64(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  public mutating func s32(_ value: Int32) { s64(Int64(value)) }

  /// A signed integer of 33 bits: type indices where abstract types are written as negative numbers.
  public mutating func s33(_ value: Int64) {
    precondition(value >= -(1 << 32) && value < 1 << 32, "\(value) does not fit 33 bits")
    s64(value)
  }

  public mutating func s64(_ value: Int64) {
    var rest = value
    while rest < -0x40 || rest >= 0x40 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest) & 0x7F)
  }

  /// Four bytes, little-endian.
  public mutating func fixed32(_ value: UInt32) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Eight bytes, little-endian.
  public mutating func fixed64(_ value: UInt64) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  // MARK: Structure

  /// The length in bytes of the UTF-8 form, and the bytes.
  public mutating func name(_ text: String) {
    var text = text
    text.withUTF8 {
      u32(UInt32($0.count))
      bytes.append(contentsOf: $0)
    }
  }

  /// A vector of bytes: their number, and the bytes.
  public mutating func byteVector(_ content: some Collection<UInt8>) {
    u32(UInt32(content.count))
    bytes.append(contentsOf: content)
  }

  /// A vector: the number of elements, and each of them as `write` encodes it.
  public mutating func vector<Elements: Collection>(
    _ elements: Elements, _ write: (inout BinaryWriter, Elements.Element) throws -> Void
  ) rethrows {
    u32(UInt32(elements.count))
    for element in elements { try write(&self, element) }
  }

  /// What `write` encodes, preceded by its length in bytes.
  public mutating func sized(_ write: (inout BinaryWriter) throws -> Void) rethrows {
    let start = bytes.count
    try write(&self)
    var length = BinaryWriter()
    length.u32(UInt32(bytes.count - start))
    bytes.insert(contentsOf: length.bytes, at: start)
  }

  /// A section: its id, its size, and the contents as `write` encodes them.
  public mutating func section(_ id: SectionId, _ write: (inout BinaryWriter) throws -> Void) rethrows {
    byte(id.rawValue)
    try sized(write)
  }

  /// A custom section with `name`, and the contents as `write` encodes them.
  public mutating func customSection(_ name: String, _ write: (inout BinaryWriter) throws -> Void) rethrows {
    try section(.custom) { writer in
      writer.name(name)
      try write(&writer)
    }
  }

  public mutating func limits(_ limits: Limits) {
    byte((limits.maximum == nil ? 0 : 1) | (limits.address == .i64 ? 4 : 0))
    u64(limits.minimum)
    if let maximum = limits.maximum { u64(maximum) }
  }
}
