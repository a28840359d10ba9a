// A linear memory: pages that exist only once something other than zero has been written to them, so that a memory of
// any declared size costs what it uses.

import WebAssembly

public final class OracleMemory {
  /// The declared type; its minimum is the initial size.
  public let type: MemoryType
  private let growthLimit: UInt64
  /// One entry for each page: its bytes, or nothing while all of them are zero.
  var pages: [[UInt8]]

  private static let pageSize = Int(MemoryType.pageSize)

  /// A memory of `type.limits.minimum` pages, all zero, that grows to no more than `growthLimit` pages.
  /// Returns nil if the minimum is above that limit.
  init?(type: MemoryType, growthLimit: UInt64) {
    guard type.limits.minimum <= growthLimit else { return nil }
    self.type = type
    self.growthLimit = growthLimit
    pages = Array(repeating: [], count: Int(type.limits.minimum))
  }

  /// The present size in pages of 64 KiB.
  public var pageCount: UInt64 { UInt64(pages.count) }
  /// The present size in bytes.
  public var byteCount: UInt64 { pageCount * MemoryType.pageSize }

  /// Adds `delta` pages and returns the size before, or nil if that is too many.
  func grow(by delta: UInt64) -> UInt64? {
    let old = pageCount
    let bound = min(type.limits.maximum ?? .max, growthLimit, type.limits.address == .i32 ? 1 << 16 : 1 << 48)
    guard delta <= bound, old + delta <= bound else { return nil }
    pages += Array(repeating: [], count: Int(delta))
    return old
  }

  /// Whether the `count` bytes from `address` all exist.
  func contains(_ address: UInt64, _ count: UInt64) -> Bool {
    let (end, overflow) = address.addingReportingOverflow(count)
    return !overflow && end <= byteCount
  }

  /// The byte at `address`, which must exist.
  public subscript(address: UInt64) -> UInt8 {
    get {
      let page = pages[Int(address) / OracleMemory.pageSize]
      return page.isEmpty ? 0 : page[Int(address) % OracleMemory.pageSize]
    }
    set {
      let index = Int(address) / OracleMemory.pageSize
      if pages[index].isEmpty {
        if newValue == 0 { return }
        pages[index] = Array(repeating: 0, count: OracleMemory.pageSize)
      }
      pages[index][Int(address) % OracleMemory.pageSize] = newValue
    }
  }

  /// The little-endian number in the `count` (at most 8) bytes at `address`.
  func load(_ address: UInt64, count: UInt64) throws(OracleStop) -> UInt64 {
    guard contains(address, count) else { throw .trap(.outOfBoundsMemoryAccess) }
    var value: UInt64 = 0
    for index in 0..<count { value |= UInt64(self[address + index]) << (8 * index) }
    return value
  }

  /// Writes the low `count` (at most 8) bytes of `value`, little-endian.
  func store(_ value: UInt64, _ address: UInt64, count: UInt64) throws(OracleStop) {
    guard contains(address, count) else { throw .trap(.outOfBoundsMemoryAccess) }
    for index in 0..<count { self[address + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
  }

  /// The bytes of `range`, which must exist.
  public func bytes(_ range: Range<UInt64>) -> [UInt8] { range.map { self[$0] } }

  /// Writes `bytes` at `address`; they must fit.
  public func write(_ bytes: some Collection<UInt8>, at address: UInt64) {
    for (index, byte) in bytes.enumerated() { self[address + UInt64(index)] = byte }
  }

  /// The bytes of each page that has any other than zero, by page number: equal for memories of equal contents.
  public var contents: [(page: Int, bytes: [UInt8])] {
    pages.enumerated().compactMap { $1.contains { $0 != 0 } ? ($0, $1) : nil }
  }

  /// The first of `pages` whose bytes are not those of `bytes` at its place; nil if there is none. Pages of which nothing
  /// was written are compared up to page `zeroPages`.
  static func firstDifference(_ pages: [[UInt8]], _ bytes: UnsafeRawBufferPointer, zeroPages: Int) -> Int? {
    for (index, page) in pages.enumerated() {
      let start = index * pageSize
      if page.isEmpty {
        if index >= zeroPages { continue }
        var word = 0
        while word < pageSize {
          if bytes.loadUnaligned(fromByteOffset: start + word, as: UInt64.self) != 0 { return index }
          word += 8
        }
      } else if !page.withUnsafeBytes({ isEqual($0, bytes, from: start) }) {
        return index
      }
    }
    return nil
  }

  /// Whether the page `page` is what `bytes` has from `start` on.
  private static func isEqual(_ page: UnsafeRawBufferPointer, _ bytes: UnsafeRawBufferPointer, from start: Int) -> Bool
  {
    var word = 0
    while word < pageSize {
      let left = page.loadUnaligned(fromByteOffset: word, as: UInt64.self)
      if left != bytes.loadUnaligned(fromByteOffset: start + word, as: UInt64.self) { return false }
      word += 8
    }
    return true
  }
}
