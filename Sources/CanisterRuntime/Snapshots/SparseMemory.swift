// A memory that is kept and not executed on: only pages that aren't all zeros take space, and memories that are like each
// other share them.

import Cannery
import SystemAPI

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
    forEach { page, contents in
      if let old = other?.pages[page], old.withUnsafeBytes({ $0.elementsEqual(contents) }) {
        pages[page] = old
      } else {
        pages[page] = Array(contents)
      }
    }
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
    writer.number(pageCount)
    var next: UInt64 = 0
    for page in pages.keys.sorted() {
      guard let contents = pages[page] else { continue }
      writer.number(page + 1 - next)
      let isShared = other?.pages[page] == contents
      writer.put(isShared)
      if !isShared { writer.raw(contents) }
      next = page + 1
    }
    writer.number(0 as UInt64)
  }

  init(from reader: inout StateReader, like other: SparseMemory?) throws(StateError) {
    pageCount = try reader.number()
    let (count, isTooLarge) = pageCount.multipliedReportingOverflow(by: MemoryType.pageSize / UInt64(smallPage))
    guard !isTooLarge, count <= UInt64.max / UInt64(smallPage) else { throw reader.malformed }
    var next: UInt64 = 0
    while true {
      let step: UInt64 = try reader.number()
      if step == 0 { return }
      let (after, overflow) = next.addingReportingOverflow(step)
      guard !overflow, after <= count else { throw reader.malformed }
      if try reader.take(Bool.self) {
        guard let shared = other?.pages[after - 1] else { throw reader.malformed }
        pages[after - 1] = shared
      } else {
        pages[after - 1] = Array(try reader.raw(smallPage))
      }
      next = after
    }
  }
}
