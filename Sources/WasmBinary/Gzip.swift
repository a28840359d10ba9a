// Compressed modules. The size of what a gzip file inflates to can't be trusted, so it is inflated in steps, into memory
// that grows with what really came out, and never past the limit.
//
// Source: RFC 1952; zlib checks each member's CRC and size.

import CZlib
import WebAssembly

/// `bytes` themselves, or what they inflate to if they are a gzip file (they begin with 1f 8b).
///
/// A file of several members inflates to their concatenation, as RFC 1952 says; anything else after a member is an error.
///
/// - Parameter limit: The greatest size in bytes of the result; by default 100 MiB, what the Internet Computer accepts. It
///   does not apply to input that is not compressed.
/// - Throws: `ModuleError`: `malformed` with the reason `malformedGzip` and what is wrong; `limit` if the result would be
///   larger than `limit`. The offset is one in `bytes`.
/// - Complexity: linear in the sizes of input and result; at most about three times the result's size in memory.
public func inflateIfCompressed(
  _ bytes: ModuleBytes, limit: Int = 104_857_600
) throws(ModuleError) -> ModuleBytes {
  let input = bytes.buffer
  guard input.count >= 2, input[0] == 0x1F, input[1] == 0x8B else { return bytes }
  var output = InflatedBytes(limit: min(max(limit, 0), .max / 4), expected: expectedSize(input))
  if let error = withExtendedLifetime(bytes, { inflate(input, into: &output) }) {
    output.discard()
    throw error
  }
  return output.finish()
}

/// The size that the last member's trailer gives, as a first guess: no more than deflate can reach (1,032 to 1).
private func expectedSize(_ input: UnsafeRawBufferPointer) -> Int {
  if input.count < 18 { return 0 }
  let size = UInt32(littleEndian: input.loadUnaligned(fromByteOffset: input.count - 4, as: UInt32.self))
  return min(Int(size), 1032 * input.count)
}

/// Inflates all members; returns the error instead of throwing it, so that the caller can release the output.
private func inflate(_ input: UnsafeRawBufferPointer, into output: inout InflatedBytes) -> ModuleError? {
  var stream = z_stream()
  func failure(_ detail: String, at offset: Int) -> ModuleError {
    ModuleError(.malformed, .malformedGzip, offset: offset, detail: detail)
  }
  // 15 bits of window, and 16: a gzip header and trailer are required. The version and size are what the macro
  // inflateInit2 passes.
  let started = inflateInit2_(&stream, 15 + 16, zlibVersion(), CInt(MemoryLayout<z_stream>.size))
  if started != Z_OK { return failure("zlib can't be started (code \(started))", at: 0) }
  defer { inflateEnd(&stream) }

  var position = 0
  while true {
    // zlib counts in 32 bits.
    let pieceIn = min(input.count - position, 1 << 30)
    if output.room == 0 { output.grow() }
    let pieceOut = min(output.room, 1 << 30)
    // zlib does not write to its input, in spite of the type.
    stream.next_in = UnsafeMutablePointer(
      mutating: input.baseAddress!.advanced(by: position).assumingMemoryBound(to: UInt8.self))
    stream.avail_in = UInt32(pieceIn)
    stream.next_out = output.end.assumingMemoryBound(to: UInt8.self)
    stream.avail_out = UInt32(pieceOut)
    let code = CZlib.inflate(&stream, Z_NO_FLUSH)
    position += pieceIn - Int(stream.avail_in)
    output.count += pieceOut - Int(stream.avail_out)
    if output.count > output.limit {
      let detail = "the inflated module is larger than \(output.limit) bytes"
      return ModuleError(.limit, .limitExceeded, offset: position, detail: detail)
    }
    switch code {
    case Z_OK: break
    case Z_BUF_ERROR:
      // No progress: there was room, so the input has ended too early.
      return failure("truncated", at: position)
    case Z_STREAM_END:
      if position == input.count { return nil }
      guard input.count - position >= 2, input[position] == 0x1F, input[position + 1] == 0x8B else {
        return failure("\(input.count - position) bytes follow the compressed data", at: position)
      }
      inflateReset(&stream)
    default:
      return failure(stream.msg.map { String(cString: $0) } ?? "zlib code \(code)", at: position)
    }
  }
}

/// The output: a buffer that doubles, up to one byte more than the limit, which shows that the limit is exceeded.
private struct InflatedBytes {
  let limit: Int
  private var buffer: UnsafeMutableRawBufferPointer
  /// Bytes written so far.
  var count = 0

  init(limit: Int, expected: Int) {
    self.limit = limit
    let capacity = min(max(expected, 4096), limit) + 1
    buffer = .allocate(byteCount: capacity, alignment: 16)
  }

  var room: Int { buffer.count - count }
  /// Where the next byte goes.
  var end: UnsafeMutableRawPointer { buffer.baseAddress! + count }

  mutating func grow() {
    replace(capacity: min(2 * buffer.count, limit + 1))
  }

  private mutating func replace(capacity: Int) {
    let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(capacity, 1), alignment: 16)
    larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    buffer.deallocate()
    buffer = larger
  }

  func discard() { buffer.deallocate() }

  /// Hands the bytes over, without much unused memory behind them.
  mutating func finish() -> ModuleBytes {
    if buffer.count - count > count / 4 { replace(capacity: count) }
    return ModuleBytes(adopting: UnsafeRawBufferPointer(rebasing: buffer[..<count])) { $0.deallocate() }
  }
}
