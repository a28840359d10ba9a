// Linear memories: reserved address space that they grow into, with optional write tracking.
//
// Every access is checked in software. So the reservation may be accessible from the start, where the system gives memory
// only for pages that are touched: neighbours are one mapping of the kernel then, and growing is no system call.
//
// With tracking, a memory keeps the old contents of each 4 KiB page at the first write to it since the last `commit` or
// `rollBack` (`Memory+Tracking.swift`). So undoing or comparing costs what was touched, not what there is.

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
  /// The first bytes of them, which can be accessed; at least the size.
  private var opened: Int
  /// The most pages that the memory may have, by its type and the store's limit.
  private let maximumPages: UInt64
  package let isTracked: Bool
  /// Bytes in `record.writeMap`.
  private(set) var mapCapacity: Int
  /// With write tracking: a bit for each page that was ever written, or begins with something else than zeros.
  private(set) var touched: UnsafeMutablePointer<UInt64>
  var tracking: WriteTracking
  /// Tells which store the memory belongs to.
  let owner: FunctionRegistry
  /// What parts of it are mapped to.
  private var images: [MemoryImage] = []
  /// Whether the store has it among its tracked memories.
  var isListed = false

  /// Bytes of address space that a memory reserves at most.
  private static let reservationLimit: UInt64 = 8 << 30

  /// Bytes from which on a memory may have huge pages of the system, where it gives them unasked.
  private static let hugePagesSize = 16 << 20

  /// A memory of `pages` pages, by default the type's minimum. Fails where these are more than `pageLimit` or the type's
  /// maximum, or the system has no memory.
  init(
    type: MemoryType, pages: UInt64? = nil, pageLimit: UInt64, isTracked: Bool, owner: FunctionRegistry
  ) throws(ResourceError) {
    let most: UInt64 = type.limits.address == .i32 ? 65_536 : 1 << 32
    let pages = pages ?? type.limits.minimum
    maximumPages = min(type.limits.maximum ?? most, most, pageLimit)
    guard pages <= maximumPages else { throw .memoryLimit(pages: pages) }
    self.type = type
    self.isTracked = isTracked
    self.owner = owner
    let size = Int(pages * MemoryType.pageSize)
    // Address space for all that the memory may become, as far as that is reasonable: then it never moves. An empty
    // memory has an address too, of which nothing is ever read.
    let wanted = max(Int(min(maximumPages * MemoryType.pageSize, Memory.reservationLimit)), size, 4096)
    guard let space = Memory.reserve(size, orBetter: wanted) else { throw .outOfMemory(bytes: size) }
    let mapSize = isTracked ? size / KeptPages.pageSize + 1 : 1
    guard let map = zeroedBytes(mapSize), let touched = zeroedBytes((mapSize / 64 + 1) * 8) else {
      munmap(space.base, space.capacity)
      throw .outOfMemory(bytes: size)
    }
    if !isTracked { map[0] = 1 }
    let base = space.base
    capacity = space.capacity
    opened = space.opened
    mapCapacity = mapSize
    self.touched = UnsafeMutableRawPointer(touched).bindMemory(to: UInt64.self, capacity: mapSize / 64 + 1)
    tracking = WriteTracking(committedSize: UInt(size))
    record = .allocate(capacity: 1)
    record.initialize(
      to: MemoryRecord(base: base, size: UInt(size), writeMap: map, object: UnsafeMutableRawPointer(record)))
    record.pointee.object = Unmanaged.passUnretained(self).toOpaque()
  }

  deinit {
    munmap(record.pointee.base, capacity)
    freeWords(record.pointee.writeMap)
    freeWords(touched)
    record.deallocate()
    tracking.kept.removeAll()
    tracking.before?.kept.removeAll()
  }

  /// Bytes.
  public var count: Int { Int(record.pointee.size) }

  /// The memory's bytes, until it grows; nil where writes are tracked, of which such a pointer would know nothing.
  package var untrackedBase: UnsafeMutableRawPointer? { isTracked ? nil : record.pointee.base }
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
    if isTracked {
      let needed = size / KeptPages.pageSize + 1
      if needed > mapCapacity {
        // Twice as large: growing page by page must not copy the map each time.
        let larger = max(needed, min(mapCapacity * 2, Int(maximumPages * MemoryType.pageSize) / KeptPages.pageSize + 1))
        guard let map = zeroedBytes(larger), let bits = zeroedBytes((larger / 64 + 1) * 8) else { return nil }
        map.update(from: record.pointee.writeMap, count: mapCapacity)
        freeWords(record.pointee.writeMap)
        record.pointee.writeMap = map
        let words = UnsafeMutableRawPointer(bits).bindMemory(to: UInt64.self, capacity: larger / 64 + 1)
        words.update(from: touched, count: mapCapacity / 64 + 1)
        freeWords(touched)
        touched = words
        mapCapacity = larger
      }
    }
    guard size <= capacity ? open(size) : move(size) else { return nil }
    record.pointee.size = UInt(size)
    return old
  }

  /// Moves the memory to an address where `size` bytes have room, beyond the reservation.
  private func move(_ size: Int) -> Bool {
    let wanted = max(size, min(size * 2, Int(maximumPages * MemoryType.pageSize)))
    guard let space = Memory.reserve(size, orBetter: wanted) else { return false }
    // Pages of zeros are left out: most of a memory so large was never touched, and should not take memory now.
    for start in stride(from: 0, to: count, by: KeptPages.pageSize) {
      let page = record.pointee.base + start
      if !Memory.isZero(page) { (space.base + start).copyMemory(from: page, byteCount: KeptPages.pageSize) }
    }
    munmap(record.pointee.base, capacity)
    record.pointee.base = space.base
    capacity = space.capacity
    opened = space.opened
    return true
  }

  /// Maps an image to `start`, a page of the system, in place of the zeros there: it is not a write, but what the memory
  /// begins with. False if the system refuses; then the zeros are still there.
  ///
  /// An image lies inside the initial size, which the memory never falls below: so `clear` never meets one, which would
  /// show again what the image holds.
  func map(_ image: MemoryImage, at start: Int) throws(ResourceError) -> Bool {
    precondition(start >= 0 && image.count <= Int(type.limits.minimum * MemoryType.pageSize) - start)
    let address = record.pointee.base + start
    if image.map(to: address) {
      images.append(image)
      if isTracked {
        for page in start / KeptPages.pageSize..<(start + image.count) / KeptPages.pageSize { noteTouched(UInt(page)) }
      }
      return true
    }
    guard mmap(address, image.count, PROT_READ | PROT_WRITE, Memory.flags | MAP_FIXED, -1, 0) != MAP_FAILED else {
      throw .outOfMemory(bytes: image.count)
    }
    return false
  }

  /// Bytes that are mapped from images.
  package var mappedBytes: Int { images.reduce(0) { $0 + $1.count } }

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
  ///
  /// A suspended execution owns its store: what is written before it goes on it may never see, unless it waits for a host
  /// function's result, because compiled code does not load again what it has loaded or stored.
  public func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) -> Bool {
    guard prepareWrite(offset, UInt64(bytes.count)) else { return false }
    if let source = bytes.baseAddress {
      (record.pointee.base + Int(offset)).copyMemory(from: source, byteCount: bytes.count)
    }
    return true
  }

  /// Writes `bytes` from `offset` on. Returns false, with nothing written, where they do not fit.
  public func write(_ bytes: [UInt8], at offset: UInt64) -> Bool { bytes.withUnsafeBytes { write($0, at: offset) } }

  /// Lets `source` fill `count` bytes from `offset` on. Returns false, without calling it, where they do not fit.
  public func copyIn(at offset: UInt64, count: UInt64, from source: (UnsafeMutableRawBufferPointer) -> Void) -> Bool {
    guard prepareWrite(offset, count) else { return false }
    source(UnsafeMutableRawBufferPointer(start: record.pointee.base + Int(offset), count: Int(count)))
    return true
  }

  /// Lends `count` bytes from `offset` on to `target`. Returns false, without calling it, where they are not all inside.
  public func copyOut(at offset: UInt64, count: UInt64, to target: (UnsafeRawBufferPointer) -> Void) -> Bool {
    guard contains(offset, count) else { return false }
    target(UnsafeRawBufferPointer(start: record.pointee.base + Int(offset), count: Int(count)))
    return true
  }

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

  // MARK: The mapping

  #if os(Linux)
  private static let flags = MAP_PRIVATE | MAP_ANONYMOUS | Int32(MAP_NORESERVE)
  #else
  private static let flags = MAP_PRIVATE | MAP_ANONYMOUS
  #endif

  /// Address space of which the first `opened` bytes can be accessed.
  private struct Space {
    var base: MD
    var capacity: Int
    var opened: Int
  }

  /// Address space for `wanted` bytes, or at least `size`, of which `size` can be accessed. Nil where the system refuses.
  private static func reserve(_ size: Int, orBetter wanted: Int) -> Space? {
    if !countsReservations, let base = map(wanted, PROT_READ | PROT_WRITE) {
      #if os(Linux)
      // A small memory should not become as large as a huge page.
      if size < hugePagesSize { madvise(base, wanted, MADV_NOHUGEPAGE) }
      #endif
      return Space(base: base, capacity: wanted, opened: wanted)
    }
    if let base = map(wanted, PROT_NONE) {
      if size == 0 || mprotect(base, size, PROT_READ | PROT_WRITE) == 0 {
        return Space(base: base, capacity: wanted, opened: size)
      }
      munmap(base, wanted)
    }
    let least = max(size, 4096)
    return map(least, PROT_READ | PROT_WRITE).map { Space(base: $0, capacity: least, opened: least) }
  }

  /// Whether the system counts all that is accessible as used, even if it is told not to: Linux does where it never promises
  /// more than there is. What is only reserved doesn't count.
  private static let countsReservations: Bool = {
    #if os(Linux)
    let file = Glibc.open("/proc/sys/vm/overcommit_memory", O_RDONLY)
    if file < 0 { return false }
    defer { close(file) }
    var mode: UInt8 = 0
    return Glibc.read(file, &mode, 1) == 1 && mode == UInt8(ascii: "2")
    #else
    return false
    #endif
  }()

  private static func map(_ size: Int, _ protection: Int32) -> MD? {
    let address = mmap(nil, size, protection, flags, -1, 0)
    return address == MAP_FAILED ? nil : address
  }

  /// Makes the first `size` bytes of the reservation accessible.
  private func open(_ size: Int) -> Bool {
    if size <= opened { return true }
    guard mprotect(record.pointee.base, size, PROT_READ | PROT_WRITE) == 0 else { return false }
    opened = size
    return true
  }

  // MARK: Pages

  /// Notes that a page may have other bytes than zeros.
  @inline(__always)
  func noteTouched(_ page: UInt) { touched[Int(page >> 6)] |= 1 << UInt64(page & 63) }

  // Sound as shared state: never written.
  nonisolated(unsafe) private static let zeros = UnsafeRawPointer(zeroedWords(KeptPages.pageSize, of: UInt8.self))

  /// Whether a page (4 KiB) has no other bytes than zeros.
  static func isZero(_ page: UnsafeRawPointer) -> Bool { memcmp(page, zeros, KeptPages.pageSize) == 0 }

  // MARK: Exchange

  /// Exchanges contents, size and what is kept with another memory. Both are tracked, or neither is; types and limits stay
  /// where they are.
  func exchangeContents(with other: Memory) {
    precondition(isTracked == other.isTracked)
    let mine = record.pointee
    record.pointee = other.record.pointee
    record.pointee.object = mine.object
    let object = other.record.pointee.object
    other.record.pointee = mine
    other.record.pointee.object = object
    (capacity, other.capacity) = (other.capacity, capacity)
    (opened, other.opened) = (other.opened, opened)
    (mapCapacity, other.mapCapacity) = (other.mapCapacity, mapCapacity)
    (touched, other.touched) = (other.touched, touched)
    (tracking, other.tracking) = (other.tracking, tracking)
    (images, other.images) = (other.images, images)
  }

  /// Whether the memory may have so many pages (64 KiB).
  func allows(_ pages: UInt64) -> Bool { pages <= maximumPages }
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
