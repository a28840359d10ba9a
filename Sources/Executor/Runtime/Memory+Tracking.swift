// Write tracking: what a memory was at its last commit, and when the execution in progress began.
//
// Where a byte of `record.writeMap` is 0, the page is not kept yet: whoever writes keeps it first. An execution that
// begins when pages are kept already starts keeping anew, so that dropping it undoes its writes alone.

import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What a tracked memory keeps.
struct WriteTracking {
  /// Of pages written since the last commit, or since the execution in progress began.
  var kept = KeptPages()
  /// Bytes at the last commit.
  var committedSize: UInt
  /// While an execution is in progress that began with pages kept: those pages, and the bytes that the memory had.
  var before: (kept: KeptPages, size: UInt)?
  /// Another number whenever what is committed may have changed, and in each memory.
  var version = WriteTracking.newVersion()

  init(committedSize: UInt) { self.committedSize = committedSize }

  private static let versions = Atomic<UInt64>(0)
  static func newVersion() -> UInt64 { versions.add(1, ordering: .relaxed).newValue }

  /// Whether the memory, now of `size` bytes, is as it was committed, as far as tracking tells.
  func isClean(_ size: UInt) -> Bool { kept.isEmpty && before == nil && size == committedSize }
}

extension Memory {
  package static let trackedPageSize = KeptPages.pageSize

  /// Keeps the pages of `length` (at least 1) bytes at `offset` that are not kept yet.
  package func keep(_ offset: UInt, _ length: UInt) {
    let pageSize = UInt(KeptPages.pageSize)
    let map = record.pointee.writeMap
    for page in offset / pageSize...(offset + length - 1) / pageSize where map[Int(page)] == 0 {
      map[Int(page)] = 1
      noteTouched(page)
      tracking.kept.keep(UInt64(page), of: record.pointee.base)
    }
  }

  /// The pages (4 KiB each, by number) whose bytes differ from what they were at the last commit, in ascending order.
  public func dirtyPages() -> [UInt64] {
    var dirty: [UInt64] = []
    func compare(_ page: UInt64, _ old: UnsafeRawPointer) {
      let start = Int(page) * KeptPages.pageSize
      if start < count, memcmp(record.pointee.base + start, old, KeptPages.pageSize) != 0 { dirty.append(page) }
    }
    if let before = tracking.before?.kept { for (page, old) in before.pages { compare(page, old) } }
    for (page, old) in tracking.kept.pages where tracking.before?.kept.copy(of: page) == nil { compare(page, old) }
    return dirty.sorted()
  }

  /// The number of pages (4 KiB) whose bytes differ from what they were when the execution in progress began.
  package var pagesOfExecution: Int {
    tracking.kept.pages.count { page, old in
      let start = Int(page) * KeptPages.pageSize
      return start < count && memcmp(record.pointee.base + start, old, KeptPages.pageSize) != 0
    }
  }

  /// Makes the present contents the committed ones. Costs what was written since the last commit.
  public func commit() {
    if tracking.isClean(record.pointee.size) { return }
    tracking.version = WriteTracking.newVersion()
    tracking.committedSize = record.pointee.size
    tracking.before?.kept.removeAll()
    tracking.before = nil
    forgetKept()
  }

  /// Puts back contents and size of the last commit.
  public func rollBack() {
    precondition(isTracked, "rolling back a memory without write tracking")
    tracking.kept.restore(to: record.pointee.base)
    tracking.before?.kept.restore(to: record.pointee.base)
    giveBackZeros(tracking.kept)
    if let before = tracking.before?.kept { giveBackZeros(before) }
    tracking.before?.kept.removeAll()
    tracking.before = nil
    shrink(to: tracking.committedSize)
    forgetKept()
  }

  /// The committed contents of a page (4 KiB), whatever an execution in progress has written; nil beyond the end.
  public func committedPage(_ page: UInt64) -> [UInt8]? {
    let (start, overflow) = page.multipliedReportingOverflow(by: UInt64(KeptPages.pageSize))
    guard !overflow, start < UInt64(isTracked ? tracking.committedSize : record.pointee.size) else { return nil }
    guard let old = tracking.before?.kept.copy(of: page) ?? tracking.kept.copy(of: page) else {
      return read(at: start, count: KeptPages.pageSize)
    }
    return [UInt8](UnsafeRawBufferPointer(start: old, count: KeptPages.pageSize))
  }

  /// Calls `body` for each page (4 KiB) that has other bytes than zeros, in ascending order: with its number, and its
  /// committed contents, which are valid during the call. With write tracking only pages are looked at that were ever
  /// written, and without it all, and what there is counts as committed.
  public func forEachNonzeroPage(
    _ body: (_ page: UInt64, _ contents: UnsafeRawBufferPointer) throws -> Void
  ) rethrows {
    let size = isTracked ? tracking.committedSize : record.pointee.size
    let count = UInt64(size) / UInt64(KeptPages.pageSize)
    func visit(_ page: UInt64) throws {
      var contents = UnsafeRawPointer(record.pointee.base + Int(page) * KeptPages.pageSize)
      if isTracked, let old = tracking.before?.kept.copy(of: page) ?? tracking.kept.copy(of: page) { contents = old }
      if Memory.isZero(contents) { return }
      try body(page, UnsafeRawBufferPointer(start: contents, count: KeptPages.pageSize))
    }
    if !isTracked {
      for page in 0..<count { try visit(page) }
      return
    }
    for word in 0..<(count + 63) / 64 {
      var bits = touched[Int(word)]
      while bits != 0 {
        let page = word * 64 + UInt64(bits.trailingZeroBitCount)
        bits &= bits &- 1
        if page < count { try visit(page) }
      }
    }
  }

  /// The numbers of the pages (4 KiB) whose committed contents are not all zeros, in ascending order.
  public func nonzeroPages() -> [UInt64] {
    var pages: [UInt64] = []
    forEachNonzeroPage { page, _ in pages.append(page) }
    return pages
  }

  /// Puts bytes from `offset` on into what is committed, as the host of a stored state does before anything is executed: it
  /// is no write, and nothing is kept. False, with nothing changed, where they do not fit, or where the memory has changes
  /// that are not committed.
  public func restore(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) -> Bool {
    guard contains(offset, UInt64(bytes.count)) else { return false }
    guard let source = bytes.baseAddress, !bytes.isEmpty else { return true }
    if isTracked {
      guard tracking.isClean(record.pointee.size) else { return false }
      let pageSize = UInt(KeptPages.pageSize)
      for page in UInt(offset) / pageSize...(UInt(offset) + UInt(bytes.count) - 1) / pageSize { noteTouched(page) }
      tracking.version = WriteTracking.newVersion()
    }
    (record.pointee.base + Int(offset)).copyMemory(from: source, byteCount: bytes.count)
    return true
  }

  // MARK: Executions

  /// An execution begins that may be dropped.
  func beginExecution() {
    guard isTracked, tracking.before == nil, !tracking.kept.isEmpty || record.pointee.size != tracking.committedSize
    else { return }
    setMap(tracking.kept, to: 0)
    tracking.before = (tracking.kept, record.pointee.size)
    tracking.kept = KeptPages()
  }

  /// It ended, and what it wrote stays.
  func endExecution() {
    guard var before = tracking.before else { return }
    tracking.before = nil
    before.kept.merge(&tracking.kept)
    tracking.kept = before.kept
    setMap(tracking.kept, to: 1)
  }

  /// It was dropped: puts back contents and size from before it.
  func abandonExecution() {
    guard let before = tracking.before else {
      if isTracked { rollBack() }
      return
    }
    tracking.before = nil
    tracking.kept.restore(to: record.pointee.base)
    shrink(to: before.size)
    forgetKept()
    tracking.kept = before.kept
    setMap(tracking.kept, to: 1)
  }

  // MARK: Parking

  /// Takes out what was written since the last commit: contents and size are those of the commit then. Costs what was
  /// written.
  func park() -> ParkedMemory {
    // Where both have a page, the older contents are those from before.
    tracking.kept.exchange(with: record.pointee.base)
    tracking.before?.kept.exchange(with: record.pointee.base)
    setMap(tracking.kept, to: 0)
    let parked = ParkedMemory(
      memory: self, version: tracking.version, size: record.pointee.size, kept: tracking.kept, before: tracking.before)
    tracking.kept = KeptPages()
    tracking.before = nil
    // Pages beyond it are zeros again.
    record.pointee.size = tracking.committedSize
    return parked
  }

  /// Puts back what `park` took out. What is committed must be as it was, and nothing written since.
  func unpark(_ parked: ParkedMemory) {
    precondition(parked.version == tracking.version && tracking.isClean(record.pointee.size))
    tracking.kept = parked.kept
    tracking.before = parked.before
    tracking.before?.kept.exchange(with: record.pointee.base)
    tracking.kept.exchange(with: record.pointee.base)
    setMap(tracking.kept, to: 1)
    record.pointee.size = parked.size
  }

  private func setMap(_ pages: KeptPages, to value: UInt8) {
    for page in pages.numbers { record.pointee.writeMap[Int(page)] = value }
  }

  private func forgetKept() {
    setMap(tracking.kept, to: 0)
    tracking.kept.removeAll()
  }

  private func shrink(to size: UInt) {
    let present = record.pointee.size
    if present <= size { return }
    // Pages beyond the size are zero when the memory next grows.
    clear(from: Int(size), count: Int(present - size))
    record.pointee.size = size
  }

  /// Pages fewer than these aren't worth asking the system.
  private static let fewPages = 256

  /// Of pages whose old contents have been put back, gives those that are zeros to the system: they take no memory then,
  /// and nobody looks at them any more.
  private func giveBackZeros(_ kept: KeptPages) {
    #if os(Linux)
    if kept.numbers.count < Memory.fewPages { return }
    let base = record.pointee.base
    let zeros = kept.numbers.filter { Memory.isZero(base + Int($0) * KeptPages.pageSize) }.sorted()
    var next = 0
    while next < zeros.count {
      let first = next
      repeat { next += 1 } while next < zeros.count && zeros[next] == zeros[next - 1] + 1
      for page in zeros[first..<next] { touched[Int(page >> 6)] &= ~(1 << (page & 63)) }
      let start = base + Int(zeros[first]) * KeptPages.pageSize
      let count = (next - first) * KeptPages.pageSize
      // An image would show again what it holds.
      if madvise(start, count, MADV_DONTNEED) == 0 && mappedBytes == 0 { continue }
      for offset in stride(from: 0, to: count, by: KeptPages.pageSize) where !Memory.isZero(start + offset) {
        (start + offset).initializeMemory(as: UInt8.self, repeating: 0, count: KeptPages.pageSize)
      }
    }
    #endif
  }

  /// Pages (4 KiB) that are looked at for other bytes than zeros.
  package var touchedPages: Int {
    (0...mapCapacity / 64).reduce(0) { $0 + touched[$1].nonzeroBitCount }
  }

  /// Sets whole Wasm pages to zero, by giving them back to the system where it promises zeros for them.
  private func clear(from start: Int, count: Int) {
    #if os(Linux)
    if madvise(record.pointee.base + start, count, MADV_DONTNEED) == 0 { return }
    #endif
    (record.pointee.base + start).initializeMemory(as: UInt8.self, repeating: 0, count: count)
  }
}
