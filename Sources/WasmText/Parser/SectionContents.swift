// A section, or another vector, that grows entry by entry while the text is read.
//
// Source: WebAssembly 3.0, section 5.5.

import WasmBinary
import WebAssembly

struct SectionContents {
  private(set) var count: UInt32 = 0
  private var writer = BinaryWriter()

  mutating func append(_ write: (inout BinaryWriter) -> Void) {
    count += 1
    write(&writer)
  }

  /// Writes the section, unless it has no entries.
  func write(_ id: SectionId, to output: inout BinaryWriter) {
    if count == 0 { return }
    output.byte(id.rawValue)
    var header = BinaryWriter()
    header.u32(count)
    output.u32(UInt32(header.bytes.count + writer.bytes.count))
    write(to: &output)
  }

  /// Writes the entries as a vector.
  func write(to output: inout BinaryWriter) {
    output.u32(count)
    output.append(writer.bytes)
  }
}
