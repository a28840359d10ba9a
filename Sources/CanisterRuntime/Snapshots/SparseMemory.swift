// A memory that is kept and not executed on: only pages that aren't all zeros take space, and memories that are like each
// other share them.

import Cannery
import SystemAPI

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

struct SparseMemory: Hashable, Sendable {
  /// Units of 64 KiB.
  let pageCount: UInt64
  /// By number: pages of 4 KiB. All zeros where there is none.
  private var pages: [UInt64: [UInt8]] = [:]

  /// A memory of zeros.
  init(pageCount: UInt64) { self.pageCount = pageCount }

  /// A memory with the pages that `forEach` gives; those that `other` has too are shared with it.
  init(
    pageCount: UInt64, like other: SparseMemory? = nil,
    _ forEach: ((_ page: UInt64, _ contents: UnsafeRawBufferPointer) -> Void) -> Void
  ) {
    self.pageCount = pageCount
    forEach { pages[$0] = SparseMemory.page($1, at: $0, like: other) }
  }

  /// A page, shared with `other` if that has it.
  private static func page(
    _ contents: UnsafeRawBufferPointer, at number: UInt64, like other: SparseMemory?
  ) -> [UInt8] {
    if let other, other.has(contents, at: number), let shared = other.pages[number] { return shared }
    return Array(contents)
  }

  /// Whether a page has these contents, which aren't all zeros.
  func has(_ contents: UnsafeRawBufferPointer, at number: UInt64) -> Bool {
    guard contents.count == smallPage, let start = contents.baseAddress else { return false }
    return withPage(number) { $0.baseAddress.map { memcmp($0, start, smallPage) == 0 } ?? false } ?? false
  }

  /// Gives the contents of a page to `body`; nil where they are all zeros.
  func withPage<Result>(_ number: UInt64, _ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
    pages[number]?.withUnsafeBytes { body($0) }
  }

  /// Bytes.
  var count: UInt64 { pageCount * MemoryType.pageSize }

  private func contains(_ offset: UInt64, _ length: UInt64) -> Bool { length <= count && offset <= count - length }

  /// Calls `body` for each page that there is, in ascending order.
  func forEachPage(_ body: (_ page: UInt64, _ contents: UnsafeRawBufferPointer) -> Void) {
    for page in pages.keys.sorted() { pages[page]?.withUnsafeBytes { body(page, $0) } }
  }

  /// A part of the contents; nil where it isn't all inside.
  func read(at offset: UInt64, count length: UInt64) -> [UInt8]? {
    guard contains(offset, length) else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(length))
    forEachPart(offset, Int(length)) { page, start, range in
      guard let contents = pages[page] else { return }
      bytes.replaceSubrange(range, with: contents[start..<start + range.count])
    }
    return bytes
  }

  /// Writes bytes; false, with nothing written, where they don't fit.
  mutating func write(_ bytes: [UInt8], at offset: UInt64) -> Bool {
    guard contains(offset, UInt64(bytes.count)) else { return false }
    forEachPart(offset, bytes.count) { page, start, range in
      pages[page, default: [UInt8](repeating: 0, count: smallPage)].replaceSubrange(
        start..<start + range.count, with: bytes[range])
      if pages[page]?.allSatisfy({ $0 == 0 }) ?? false { pages[page] = nil }
    }
    return true
  }

  /// Cuts a range into parts that lie within a page.
  private func forEachPart(_ offset: UInt64, _ length: Int, _ body: (UInt64, Int, Range<Int>) -> Void) {
    var done = 0
    while done < length {
      let position = offset + UInt64(done)
      let start = Int(position % UInt64(smallPage))
      let part = min(length - done, smallPage - start)
      body(position / UInt64(smallPage), start, done..<done + part)
      done += part
    }
  }

  // MARK: The stored state

  /// Writes the memory; of pages that `other` has too, only that it does.
  func write(to writer: inout StateWriter, like other: SparseMemory?) {
    writer.putPages(of: pageCount, like: other) { forEachPage($0) }
  }

  init(from reader: inout StateReader, like other: SparseMemory?) throws(StateError) {
    pageCount = try reader.take(upTo: StateLimit.bytes / MemoryType.pageSize)
    var pages: [UInt64: [UInt8]] = [:]
    try reader.takePages(of: pageCount, like: other) { offset, contents in
      let number = offset / UInt64(smallPage)
      pages[number] = SparseMemory.page(contents, at: number, like: other)
      return true
    }
    self.pages = pages
  }
}
