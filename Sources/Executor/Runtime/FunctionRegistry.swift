// The functions of a store by handle. Tables keep the registry too, since their elements are addresses of its records:
// that way a table outlives its store without keeping it.

/// Function records in chunks with stable addresses; handle h is record h - 1. Also what tells stores apart.
final class FunctionRegistry {
  private var chunks: [UnsafeMutablePointer<FunctionRecord>] = []
  private var count = 0
  private static let chunkSize = 1024

  deinit { for chunk in chunks { chunk.deallocate() } }

  /// Adds a record; its handle and address stay valid as long as the registry.
  func add(_ record: FunctionRecord) -> UnsafeMutablePointer<FunctionRecord> {
    if count % Self.chunkSize == 0 { chunks.append(.allocate(capacity: Self.chunkSize)) }
    let pointer = chunks[count / Self.chunkSize] + count % Self.chunkSize
    pointer.initialize(to: record)
    count += 1
    pointer.pointee.handle = UInt64(count)
    return pointer
  }

  /// The record behind a handle; nil for null and for bits that are no handle.
  func record(_ handle: UInt64) -> UnsafeMutablePointer<FunctionRecord>? {
    guard handle != 0, handle <= UInt64(count) else { return nil }
    let index = Int(handle - 1)
    return chunks[index / Self.chunkSize] + index % Self.chunkSize
  }
}
