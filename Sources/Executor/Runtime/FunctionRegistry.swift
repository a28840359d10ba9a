// The functions of a store by handle. Tables keep the registry too, since their elements are addresses of its records:
// that way a table outlives its store without keeping it.

/// Function records in chunks with stable addresses, each twice as large as the one before: many stores have few functions.
/// Handle h is record h - 1. Also what tells stores apart.
final class FunctionRegistry {
  private var chunks: [UnsafeMutablePointer<FunctionRecord>] = []
  private var count = 0
  private static let firstChunk = 64

  /// The chunk of a record, and its place there.
  private static func place(_ index: Int) -> (chunk: Int, offset: Int) {
    let chunk = (Int.bitWidth - 1) - (index / firstChunk + 1).leadingZeroBitCount
    return (chunk, index - firstChunk * ((1 << chunk) - 1))
  }

  deinit { for chunk in chunks { chunk.deallocate() } }

  /// Adds a record; its handle and address stay valid as long as the registry.
  func add(_ record: FunctionRecord) -> UnsafeMutablePointer<FunctionRecord> {
    let (chunk, offset) = Self.place(count)
    if chunk == chunks.count { chunks.append(.allocate(capacity: Self.firstChunk << chunk)) }
    let pointer = chunks[chunk] + offset
    pointer.initialize(to: record)
    count += 1
    pointer.pointee.handle = UInt64(count)
    return pointer
  }

  /// The record behind a handle; nil for null and for bits that are no handle.
  func record(_ handle: UInt64) -> UnsafeMutablePointer<FunctionRecord>? {
    guard handle != 0, handle <= UInt64(count) else { return nil }
    let (chunk, offset) = Self.place(Int(handle - 1))
    return chunks[chunk] + offset
  }
}
