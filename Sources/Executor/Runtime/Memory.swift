// Linear memories: reserved address space that is opened as they grow, with optional write tracking.
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
  /// The most pages that the memory may have, by its type and the store's limit.
  private let maximumPages: UInt64
  package let isTracked: Bool
  /// Bytes in `record.writeMap`.
  private var mapCapacity: Int
  var tracking: WriteTracking
  /// Tells which store the memory belongs to.
  let owner: FunctionRegistry
  /// What parts of it are mapped to.
  private var images: [MemoryImage] = []
  /// Whether the store has it among its tracked memories.
  var isListed = false

  /// Bytes of address space that a memory reserves at most.
  private static let reservationLimit: UInt64 = 8 << 30

  /// Fails where the type asks for more than `pageLimit` pages or the system has no memory.
  init(type: MemoryType, pageLimit: UInt64, isTracked: Bool, owner: FunctionRegistry) throws(ResourceError) {
    let most: UInt64 = type.limits.address == .i32 ? 65_536 : 1 << 32
    maximumPages = min(type.limits.maximum ?? most, most, pageLimit)
    guard type.limits.minimum <= maximumPages else { throw .memoryLimit(pages: type.limits.minimum) }
    self.type = type
    self.isTracked = isTracked
    self.owner = owner
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
    guard let base = address else { throw .outOfMemory(bytes: size) }
    let mapSize = isTracked ? size / KeptPages.pageSize + 1 : 1
    guard Memory.open(base, size), let map = zeroedBytes(mapSize) else {
      munmap(base, reserved)
      throw .outOfMemory(bytes: size)
    }
    if !isTracked { map[0] = 1 }
    capacity = reserved
    mapCapacity = mapSize
    tracking = WriteTracking(committedSize: UInt(size))
    record = .allocate(capacity: 1)
    record.initialize(
      to: MemoryRecord(base: base, size: UInt(size), writeMap: map, object: UnsafeMutableRawPointer(record)))
    record.pointee.object = Unmanaged.passUnretained(self).toOpaque()
  }

  deinit {
    munmap(record.pointee.base, capacity)
    freeWords(record.pointee.writeMap)
    record.deallocate()
    tracking.kept.removeAll()
    tracking.before?.kept.removeAll()
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
    if isTracked {
      let needed = size / KeptPages.pageSize + 1
      if needed > mapCapacity {
        // Twice as large: growing page by page must not copy the map each time.
        let larger = max(needed, min(mapCapacity * 2, Int(maximumPages * MemoryType.pageSize) / KeptPages.pageSize + 1))
        guard let map = zeroedBytes(larger) else { return nil }
        map.update(from: record.pointee.writeMap, count: mapCapacity)
        freeWords(record.pointee.writeMap)
        record.pointee.writeMap = map
        mapCapacity = larger
      }
    }
    guard size <= capacity ? Memory.open(record.pointee.base, size) : move(size) else { return nil }
    record.pointee.size = UInt(size)
    return old
  }

  /// Moves the memory to an address where `size` bytes have room, beyond the reservation.
  private func move(_ size: Int) -> Bool {
    var larger = max(size, min(size * 2, Int(maximumPages * MemoryType.pageSize)))
    var address = Memory.reserve(larger)
    if address == nil {
      larger = size
      address = Memory.reserve(larger)
    }
    guard let base = address else { return false }
    guard Memory.open(base, size) else {
      munmap(base, larger)
      return false
    }
    // Pages of zeros are left out: most of a memory so large was never touched, and should not take memory now.
    for start in stride(from: 0, to: count, by: KeptPages.pageSize) {
      let page = record.pointee.base + start
      let isZero = (0..<KeptPages.pageSize / 8).allSatisfy { page.load(fromByteOffset: $0 * 8, as: UInt64.self) == 0 }
      if !isZero { (base + start).copyMemory(from: page, byteCount: KeptPages.pageSize) }
    }
    munmap(record.pointee.base, capacity)
    record.pointee.base = base
    capacity = larger
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
      return true
    }
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
    guard mmap(address, image.count, PROT_READ | PROT_WRITE, flags, -1, 0) != MAP_FAILED else {
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
