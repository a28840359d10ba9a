// Bytes that many memories begin with, without a copy for each: parts of one file in memory, mapped privately. What a
// memory writes there, the system copies page by page, and nobody else sees it.
//
// There is one such file in a process, so that any number of modules takes one descriptor; it is never closed. Each image
// has a range of its own in it, which no later one takes again; its memory is given back with the image.

import CMemoryFile
import WebAssembly

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A range of the file. Memories that it is mapped to keep it: after its end, what they haven't written would be zeros.
final class MemoryImage: Sendable {
  private let file: Int32
  private let offset: Int
  /// Bytes: whole pages of the system.
  let count: Int

  /// Bytes of the system's pages.
  static let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))

  private struct File {
    var descriptor: Int32
    var end = 0
  }

  /// The file; nil before it is made, and with the descriptor -1 where there can be none.
  private static let shared = Locked<File?>(nil)

  /// An image of `count` bytes, whole pages, all 0. Nil where the system has no such files.
  init?(count: Int) {
    precondition(count % MemoryImage.pageSize == 0)
    let range = MemoryImage.shared.withLock { shared -> (file: Int32, offset: Int)? in
      var file = shared ?? File(descriptor: MemoryImage.makeFile())
      defer { shared = file }
      let (end, overflow) = file.end.addingReportingOverflow(count)
      guard file.descriptor >= 0, !overflow, ftruncate(file.descriptor, end) == 0 else { return nil }
      defer { file.end = end }
      return (file.descriptor, file.end)
    }
    guard let range else { return nil }
    self.file = range.file
    offset = range.offset
    self.count = count
  }

  deinit { cannery_memory_file_discard(file, Int64(offset), Int64(count)) }

  private static func makeFile() -> Int32 {
    // A process whose files are limited would be ended when this one grows over the limit.
    var limit = rlimit()
    #if os(Linux)
    let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
    #else
    let resource = RLIMIT_FSIZE
    #endif
    guard getrlimit(resource, &limit) == 0, limit.rlim_cur == rlim_t.max else { return -1 }
    return cannery_memory_file()
  }

  /// Writes `bytes` at `position`, before the image is used. False where the system has no memory.
  func write(_ bytes: UnsafeRawBufferPointer, at position: Int) -> Bool {
    precondition(position >= 0 && bytes.count <= count - position)
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest)
      let written = pwrite(file, part.baseAddress, part.count, offset + position + (bytes.count - part.count))
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { return false }
      rest = rest.dropFirst(written)
    }
    return true
  }

  /// Maps the image to `address`, a page's, in place of what is there. False where the system refuses; then what was
  /// there may be gone.
  func map(to address: UnsafeMutableRawPointer) -> Bool {
    mmap(address, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file, offset) != MAP_FAILED
  }
}
