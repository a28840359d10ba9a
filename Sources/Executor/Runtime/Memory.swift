// Linear memories: reserved address space that is opened as they grow, with optional write tracking.
//
// With tracking, a memory keeps the old contents of each 4 KiB page at the first write to it since the last `commit` or
// `rollBack`. So undoing or comparing costs what was touched, not what there is.

import WebAssembly

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A linear memory of a store.
public final class Memory {
  /// The type that the memory was made with; its minimum is the size at first, in 64 KiB pages.
  public let type: MemoryType
  package let record: UnsafeMutablePointer<MemoryRecord>
  /// Bytes of address space that are reserved; at least the size.
  private var capacity: Int
  /// The most pages that the memory may have, by its type and the store's limit.
  private let maximumPages: UInt64
  package let isTracked: Bool
  /// Bytes in `record.writeMap`.
  private var mapCapacity: Int
  /// Tracking: the pages kept, in order of first write, and their old contents, page after page.
  private var keptPages: [UInt32] = []
  private var keptContents: [UnsafeMutableRawPointer] = []
  private var committedSize: UInt

  package static let trackedPageSize = 4096
  /// Bytes of address space that a memory reserves at most.
  private static let reservationLimit: UInt64 = 8 << 30

  /// Fails where the type asks for more than `pageLimit` pages or the system has no memory.
  package init(type: MemoryType, pageLimit: UInt64, isTracked: Bool) throws(ResourceError) {
    let most: UInt64 = type.limits.address == .i32 ? 65_536 : 1 << 32
    maximumPages = min(type.limits.maximum ?? most, most, pageLimit)
    guard type.limits.minimum <= maximumPages else { throw .memoryLimit(pages: type.limits.minimum) }
    self.type = type
    self.isTracked = isTracked
    let size = Int(type.limits.minimum * MemoryType.pageSize)
    // Address space for all that the memory may become, as far as that is reasonable: then it never moves. An empty
    // memory has an address too, of which nothing is ever read.
    let wanted = max(Int(min(maximumPages * MemoryType.pageSize, Memory.reservationLimit)), size, 4096)
    var reserved = wanted
    var address = Memory.reserve(wanted)
    if address == nil {
      reserved = max(size, 4096)
      address = Memory.reserve(reserved)
    }
    guard let base = address, Memory.open(base, size) else { throw .outOfMemory(bytes: size) }
    capacity = reserved
    mapCapacity = isTracked ? size / Memory.trackedPageSize + 1 : 1
    let map = UnsafeMutablePointer<UInt8>.allocate(capacity: mapCapacity)
    map.initialize(repeating: isTracked ? 0 : 1, count: mapCapacity)
    record = .allocate(capacity: 1)
    committedSize = UInt(size)
    record.initialize(
      to: MemoryRecord(base: base, size: UInt(size), writeMap: map, object: UnsafeMutableRawPointer(record)))
    record.pointee.object = Unmanaged.passUnretained(self).toOpaque()
  }

  deinit {
    munmap(record.pointee.base, capacity)
    record.pointee.writeMap.deallocate()
    record.deallocate()
    for page in keptContents { page.deallocate() }
  }

  /// Bytes.
  public var count: Int { Int(record.pointee.size) }
  /// 64 KiB pages.
  public var pageCount: UInt64 { UInt64(record.pointee.size) / MemoryType.pageSize }

  /// The memory's type as an importing module sees it: the minimum is the present size.
  package var currentType: MemoryType {
    MemoryType(limits: Limits(address: type.limits.address, minimum: pageCount, maximum: type.limits.maximum))
  }

  /// Adds `pages` pages of zeros. Returns the old number of pages, or nil where the maximum or the system forbids it.
  public func grow(by pages: UInt64) -> UInt64? {
    let old = pageCount
    let (sum, overflow) = old.addingReportingOverflow(pages)
    guard !overflow, sum <= maximumPages, sum <= UInt64(Int.max) / MemoryType.pageSize else { return nil }
    if pages == 0 { return old }
    let size = Int(sum * MemoryType.pageSize)
    if size > capacity {
      // Beyond the reservation: move.
      let larger = max(size, min(size * 2, Int(maximumPages * MemoryType.pageSize)))
      guard let base = Memory.reserve(larger) else { return nil }
      guard Memory.open(base, size) else {
        munmap(base, larger)
        return nil
      }
      base.copyMemory(from: record.pointee.base, byteCount: count)
      munmap(record.pointee.base, capacity)
      record.pointee.base = base
      capacity = larger
    } else if !Memory.open(record.pointee.base, size) {
      return nil
    }
    if isTracked {
      let needed = size / Memory.trackedPageSize + 1
      if needed > mapCapacity {
        let map = UnsafeMutablePointer<UInt8>.allocate(capacity: needed)
        map.initialize(from: record.pointee.writeMap, count: mapCapacity)
        (map + mapCapacity).initialize(repeating: 0, count: needed - mapCapacity)
        record.pointee.writeMap.deallocate()
        record.pointee.writeMap = map
        mapCapacity = needed
      }
    }
    record.pointee.size = UInt(size)
    return old
  }

  // MARK: Access by the host

  /// Copies `bytes.count` bytes from `offset` on. Returns false, with nothing copied, where they are not all inside.
  public func read(at offset: UInt64, into bytes: UnsafeMutableRawBufferPointer) -> Bool {
    guard contains(offset, UInt64(bytes.count)) else { return false }
    if let target = bytes.baseAddress {
      target.copyMemory(from: record.pointee.base + Int(offset), byteCount: bytes.count)
    }
    return true
  }

  /// The `count` bytes from `offset` on, or nil where they are not all inside.
  public func read(at offset: UInt64, count: Int) -> [UInt8]? {
    guard count >= 0, contains(offset, UInt64(count)) else { return nil }
    return [UInt8](UnsafeRawBufferPointer(start: record.pointee.base + Int(offset), count: count))
  }

  /// Writes `bytes` from `offset` on. Returns false, with nothing written, where they do not fit.
  public func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) -> Bool {
    guard prepareWrite(offset, UInt64(bytes.count)) else { return false }
    if let source = bytes.baseAddress {
      (record.pointee.base + Int(offset)).copyMemory(from: source, byteCount: bytes.count)
    }
    return true
  }

  /// Writes `bytes` from `offset` on. Returns false, with nothing written, where they do not fit.
  public func write(_ bytes: [UInt8], at offset: UInt64) -> Bool { bytes.withUnsafeBytes { write($0, at: offset) } }

  /// Whether `length` bytes at `offset` are inside.
  @inline(__always)
  package func contains(_ offset: UInt64, _ length: UInt64) -> Bool {
    let size = UInt64(record.pointee.size)
    return length <= size && offset <= size - length
  }

  /// Checks a range that is about to be written, and keeps its old pages where the memory is tracked.
  package func prepareWrite(_ offset: UInt64, _ length: UInt64) -> Bool {
    guard contains(offset, length) else { return false }
    if isTracked && length > 0 { keep(UInt(offset), UInt(length)) }
    return true
  }

  // MARK: Write tracking

  /// Keeps the pages of `length` (at least 1) bytes at `offset` that are not kept yet.
  package func keep(_ offset: UInt, _ length: UInt) {
    let pageSize = UInt(Memory.trackedPageSize)
    for page in offset / pageSize...(offset + length - 1) / pageSize where record.pointee.writeMap[Int(page)] == 0 {
      record.pointee.writeMap[Int(page)] = 1
      let copy = UnsafeMutableRawPointer.allocate(byteCount: Memory.trackedPageSize, alignment: 16)
      copy.copyMemory(from: record.pointee.base + Int(page * pageSize), byteCount: Memory.trackedPageSize)
      keptPages.append(UInt32(page))
      keptContents.append(copy)
    }
  }

  /// The pages (4 KiB each, by number) whose bytes differ from what they were at the last commit, in ascending order.
  public func dirtyPages() -> [UInt32] {
    var dirty: [UInt32] = []
    for (index, page) in keptPages.enumerated() {
      let start = Int(page) * Memory.trackedPageSize
      if start < count, memcmp(record.pointee.base + start, keptContents[index], Memory.trackedPageSize) != 0 {
        dirty.append(page)
      }
    }
    return dirty.sorted()
  }

  /// Makes the present contents the committed ones. Costs what was written since the last commit.
  public func commit() {
    committedSize = record.pointee.size
    forgetKept()
  }

  /// Puts back contents and size of the last commit.
  public func rollBack() {
    precondition(isTracked, "rolling back a memory without write tracking")
    for (index, page) in keptPages.enumerated() {
      (record.pointee.base + Int(page) * Memory.trackedPageSize).copyMemory(
        from: keptContents[index], byteCount: Memory.trackedPageSize)
    }
    if record.pointee.size > committedSize {
      // Pages beyond the committed size are zero again when the memory next grows.
      clear(from: Int(committedSize), count: Int(record.pointee.size - committedSize))
      record.pointee.size = committedSize
    }
    forgetKept()
  }

  /// Sets whole Wasm pages to zero, by giving them back to the system where it promises zeros for them.
  private func clear(from start: Int, count: Int) {
    #if os(Linux)
    if madvise(record.pointee.base + start, count, MADV_DONTNEED) == 0 { return }
    #endif
    (record.pointee.base + start).initializeMemory(as: UInt8.self, repeating: 0, count: count)
  }

  /// The committed contents of a page (4 KiB), whatever an execution in progress has written.
  public func committedPage(_ page: UInt32) -> [UInt8]? {
    guard UInt(page) * UInt(Memory.trackedPageSize) < committedSize else { return nil }
    if isTracked, record.pointee.writeMap[Int(page)] != 0, let index = keptPages.firstIndex(of: page) {
      return [UInt8](UnsafeRawBufferPointer(start: keptContents[index], count: Memory.trackedPageSize))
    }
    return read(at: UInt64(page) * UInt64(Memory.trackedPageSize), count: Memory.trackedPageSize)
  }

  private func forgetKept() {
    for page in keptPages { record.pointee.writeMap[Int(page)] = 0 }
    for copy in keptContents { copy.deallocate() }
    keptPages.removeAll(keepingCapacity: keptPages.count < 1024)
    keptContents.removeAll(keepingCapacity: keptContents.count < 1024)
  }

  // MARK: The mapping

  /// Address space for `size` bytes, of which nothing can be accessed yet.
  private static func reserve(_ size: Int) -> MD? {
    #if os(Linux)
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | Int32(MAP_NORESERVE)
    #else
    let flags = MAP_PRIVATE | MAP_ANONYMOUS
    #endif
    let address = mmap(nil, size, PROT_NONE, flags, -1, 0)
    return address == MAP_FAILED ? nil : address
  }

  /// Makes the first `size` bytes of the reservation readable and writable.
  private static func open(_ base: MD, _ size: Int) -> Bool {
    size == 0 || mprotect(base, size, PROT_READ | PROT_WRITE) == 0
  }
}

/// A resource of a store that ran out.
public enum ResourceError: Error, Hashable, Sendable {
  /// A memory's minimum is over the store's limit or its own maximum.
  case memoryLimit(pages: UInt64)
  /// A table's minimum is over the store's limit.
  case tableLimit(elements: UInt64)
  /// The store has this many instances already.
  case instanceLimit(Int)
  /// The system gave no memory.
  case outOfMemory(bytes: Int)
}

extension ResourceError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .memoryLimit(let pages): "a memory of \(pages) pages is beyond the limit"
    case .tableLimit(let elements): "a table of \(elements) elements is beyond the limit"
    case .instanceLimit(let count): "more than \(count) instances"
    case .outOfMemory(let bytes): "no memory for \(bytes) bytes"
    }
  }
}
