// Compressed modules, written here with a small gzip writer so that zlib is not tested against itself.

import Testing
import WasmBinary
import WebAssembly

/// The gzip file that holds `content` in stored (uncompressed) blocks; `size` and `crc` replace the trailer's true values.
private func stored(_ content: [UInt8], size: UInt32? = nil, crc: UInt32? = nil) -> [UInt8] {
  encoded { writer in
    writer.append(header)
    var rest = content[...]
    repeat {
      let block = rest.prefix(65_535)
      rest = rest.dropFirst(65_535)
      writer.byte(rest.isEmpty ? 1 : 0)
      writer.fixed32(UInt32(block.count) | ~UInt32(block.count) << 16)
      writer.append(block)
    } while !rest.isEmpty
    writer.fixed32(crc ?? checksum(content))
    writer.fixed32(size ?? UInt32(content.count))
  }
}

/// The gzip file that holds 1 + 258 · `repeats` zeros in one block with fixed codes: 13 bits for 258 zeros.
private func zeros(repeats: Int) -> [UInt8] {
  encoded { writer in
    writer.append(header)
    var bits: UInt64 = 0
    var used: UInt64 = 0
    func put(_ code: UInt64, _ count: UInt64) {
      bits |= code << used
      used += count
      while used >= 8 {
        writer.byte(UInt8(truncatingIfNeeded: bits))
        bits >>= 8
        used -= 8
      }
    }
    put(0b011, 3)  // last block, fixed codes
    put(0b0000_1100, 8)  // the literal 0, code 00110000, first bit lowest
    for _ in 0..<repeats {
      put(0b1010_0011, 8)  // length 258, code 11000101
      put(0, 5)  // distance 1
    }
    put(0, 7 + 7)  // end of block, padding
    let count = 1 + 258 * repeats
    writer.fixed32(checksum([UInt8](repeating: 0, count: count)))
    writer.fixed32(UInt32(count))
  }
}

private let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]

/// CRC-32 as RFC 1952 defines it.
private func checksum(_ content: [UInt8]) -> UInt32 {
  var crc: UInt32 = ~0
  for byte in content {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
  }
  return ~crc
}

private func inflated(_ bytes: [UInt8], limit: Int = 1 << 20) throws -> [UInt8] {
  let output = try inflateIfCompressed(ModuleBytes(bytes), limit: limit)
  return withExtendedLifetime(output) { [UInt8](output.buffer) }
}

@Suite struct GzipTests {
  static let module = moduleBytes { $0.customSection("a") { $0.append(1...100) } }

  @Test func uncompressedBytesAreHandedBack() throws {
    for bytes in [[], [0x1F], [0x8B, 0x1F], GzipTests.module] {
      let input = ModuleBytes(bytes)
      #expect(try inflateIfCompressed(input, limit: 0) === input)
    }
  }

  @Test func membersAreConcatenated() throws {
    let (first, second) = (GzipTests.module[..<20], GzipTests.module[20...])
    #expect(try inflated(stored(GzipTests.module)) == GzipTests.module)
    #expect(try inflated(stored([UInt8](first)) + stored([]) + stored([UInt8](second))) == GzipTests.module)
    #expect(try inflated(stored([])) == [])
    let module = try decodeModule(inflateIfCompressed(ModuleBytes(stored(GzipTests.module))))
    #expect(module.customSections.map(\.name) == ["a"])
  }

  @Test func largeContents() throws {
    let content = (0..<150_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
    #expect(try inflated(stored(content)) == content)
    // The trailer of the last member says nothing about the whole.
    #expect(try inflated(stored(content) + stored([1])) == content + [1])
    #expect(try inflated(zeros(repeats: 400)) == [UInt8](repeating: 0, count: 103_201))
  }

  @Test func limits() throws {
    let file = stored(GzipTests.module)
    #expect(try inflated(file, limit: GzipTests.module.count) == GzipTests.module)
    #expect(try inflated(file, limit: .max) == GzipTests.module)
    for (bytes, limit) in [
      (file, GzipTests.module.count - 1), (file, 0), (file, -1), (file + file, 2 * GzipTests.module.count - 1),
      (zeros(repeats: 400), 103_200), (zeros(repeats: 400), 5000),
    ] {
      let error = moduleError { _ = try inflated(bytes, limit: limit) }
      #expect(error?.kind == .limit && error?.reason == .limitExceeded)
      #expect(error?.detail == "the inflated module is larger than \(max(limit, 0)) bytes")
    }
  }

  @Test func everyTruncationIsRefused() {
    let file = stored(GzipTests.module)
    for count in 2..<file.count {
      let error = moduleError { _ = try inflated([UInt8](file[..<count])) }
      #expect(error?.kind == .malformed && error?.reason == .malformedGzip && error?.detail == "truncated")
      #expect(error?.offset == count)
    }
  }

  @Test func corruptFiles() {
    let file = stored(GzipTests.module)
    var wrongMethod = file
    wrongMethod[2] = 7
    var wrongBlock = file
    wrongBlock[10] = 7
    for (bytes, text) in [
      (wrongMethod, "unknown compression method"), (wrongBlock, "invalid block type"),
      (stored(GzipTests.module, crc: 1), "incorrect data check"),
      (stored(GzipTests.module, size: 1), "incorrect length check"),
      (file + [0], "1 bytes follow the compressed data"),
      (file + [0x1F, 0x8C, 8], "3 bytes follow the compressed data"),
      (file + [0x1F, 0x8B], "truncated"),
    ] {
      let error = moduleError { _ = try inflated(bytes) }
      #expect(error?.kind == .malformed && error?.reason == .malformedGzip && error?.detail == text)
    }
  }
}
