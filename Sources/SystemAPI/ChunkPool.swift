// Where the chunks of stable memories come from: large mappings, of which only those pages take memory that are written.
// An allocator would clear a chunk as a whole, and a byte written to each would make all of it resident.

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Chunks of 64 KiB, all zeros when they are taken. Whoever has the pool says when all of them are freed.
struct ChunkPool {
  static let chunkSize = 65_536
  /// Chunks of the first mapping, and of the largest: each is as large as all before it, so that there are few.
  private static let sizes = 16...16_384

  private var slabs: [UnsafeMutableRawBufferPointer] = []
  /// Bytes of the last mapping that were handed out.
  private var used = 0
  /// Chunks that came back: their pages take no memory.
  private var returned: [UnsafeMutableRawPointer] = []

  /// A chunk of zeros; nil where the system has no memory.
  mutating func take() -> UnsafeMutableRawPointer? {
    if let chunk = returned.popLast() { return chunk }
    if used == slabs.last?.count ?? 0 {
      let total = slabs.reduce(0) { $0 + $1.count } / Self.chunkSize
      let size = min(max(total, Self.sizes.lowerBound), Self.sizes.upperBound) * Self.chunkSize
      // A smaller one may still be there, but others need what is left.
      guard let slab = Self.map(size) else { return nil }
      slabs.append(slab)
      used = 0
    }
    guard let base = slabs.last?.baseAddress else { return nil }
    defer { used += Self.chunkSize }
    return base + used
  }

  /// Takes back chunks, whose contents are gone then.
  mutating func give(_ chunks: [UnsafeMutableRawPointer]) {
    // Neighbours together: what was taken together mostly lies together.
    var run: (start: UnsafeMutableRawPointer, count: Int)?
    for chunk in chunks.sorted() {
      if let (start, count) = run, start + count == chunk {
        run = (start, count + Self.chunkSize)
      } else {
        if let (start, count) = run { Self.clear(start, count) }
        run = (chunk, Self.chunkSize)
      }
    }
    if let (start, count) = run { Self.clear(start, count) }
    returned += chunks
  }

  /// Frees all chunks, also those that were taken.
  mutating func freeAll() {
    for slab in slabs { munmap(slab.baseAddress, slab.count) }
    slabs = []
    used = 0
    returned = []
  }

  private static func map(_ size: Int) -> UnsafeMutableRawBufferPointer? {
    #if os(Linux)
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | Int32(MAP_NORESERVE)
    #else
    let flags = MAP_PRIVATE | MAP_ANONYMOUS
    #endif
    guard let address = mmap(nil, size, PROT_READ | PROT_WRITE, flags, -1, 0), address != MAP_FAILED else { return nil }
    #if os(Linux)
    // A huge page would be resident for one byte of it.
    madvise(address, size, MADV_NOHUGEPAGE)
    #endif
    return UnsafeMutableRawBufferPointer(start: address, count: size)
  }

  /// Makes a range zeros that take no memory.
  private static func clear(_ start: UnsafeMutableRawPointer, _ count: Int) {
    #if os(Linux)
    if madvise(start, count, MADV_DONTNEED) == 0 { return }
    #endif
    start.initializeMemory(as: UInt8.self, repeating: 0, count: count)
  }
}
