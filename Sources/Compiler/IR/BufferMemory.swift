// The memory of `GrowableBuffer`: small blocks from the allocator, large ones mapped. A mapping grows without copying, takes
// memory only for the pages that were written, and gives it back when it is freed. So that the compiler's peak is what it
// needs at one time, whatever was there before.

import CMapping

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

package enum BufferMemory {
  /// Blocks of at least so many bytes are mapped.
  static let mappedSize = 1 << 18
  private static let page = 1 << 14

  @inline(__always)
  static func isMapped(_ size: Int) -> Bool { size >= mappedSize }

  /// The size that a block of `size` bytes grows to where one with `needed` bytes is wanted: more than that, so that
  /// appending takes constant time on average.
  static func grown(_ size: Int, for needed: Int) -> Int {
    if needed < mappedSize { return max(2 * size, needed) }
    // Growing a mapping costs next to nothing.
    let larger = max(size + size / 4, needed, mappedSize)
    return (larger + page - 1) & ~(page - 1)
  }

  static func allocate(_ size: Int, alignment: Int) -> UnsafeMutableRawPointer {
    if !isMapped(size) { return .allocate(byteCount: size, alignment: alignment) }
    let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let memory, memory != MAP_FAILED else { fatalError("out of memory") }
    MemoryObserver.note(.mapped(memory, size))
    return memory
  }

  static func free(_ memory: UnsafeMutableRawPointer, _ size: Int) {
    if !isMapped(size) { return memory.deallocate() }
    MemoryObserver.note(.unmapped(memory))
    munmap(memory, size)
  }

  /// A block of `newSize` bytes that begins with the first `used` bytes of this one, which is gone.
  static func resize(
    _ memory: UnsafeMutableRawPointer, from size: Int, to newSize: Int, used: Int, alignment: Int
  ) -> UnsafeMutableRawPointer {
    if isMapped(size) && isMapped(newSize) {
      let moved = cannery_mapping_resize(memory, size, newSize)
      if let moved, moved != MAP_FAILED {
        MemoryObserver.note(.moved(memory, moved, newSize))
        return moved
      }
    }
    let other = allocate(newSize, alignment: alignment)
    other.copyMemory(from: memory, byteCount: used)
    free(memory, size)
    return other
  }

  /// Gives back the pages of the first `count` bytes of a block with `size`, if it is mapped. What these bytes hold is
  /// undefined from then on.
  static func discard(_ count: Int, of memory: UnsafeMutableRawPointer, size: Int) {
    if !isMapped(size) { return }
    MemoryObserver.note(.discarding)
    madvise(memory, count & ~(page - 1), MADV_DONTNEED)
  }
}
