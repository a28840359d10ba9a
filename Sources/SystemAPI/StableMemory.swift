// Stable memory: up to 500 GiB, of which only what was written takes memory. It keeps the old contents of the 4 KiB
// pages that an execution writes, so that undoing and comparing cost what was touched.
//
// Chunks of 64 KiB hold the contents; a table has their addresses. Nothing else has them, and a chunk stays where it is
// as long as the memory lives, until it shrinks, or until it is rolled back to before the chunk was there.

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A canister's stable memory. One thread at a time uses it.
public final class StableMemory {
  /// Bytes of a unit of growth, and of the unit that is tracked.
  public static let growthUnit: UInt64 = 65_536
  public static let pageSize = 4096

  /// Size in units of 64 KiB.
  public private(set) var pageCount: UInt64 = 0
  /// Addresses of chunks, as many as `pageCount`; nil where nothing was written.
  private var chunks: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
  private var capacity = 0
  /// Numbers of the chunks that there are, in the order in which they were made.
  private var written: [Int] = []
  private var pool = ChunkPool()

  // Since the last commit.
  private var committedCount: UInt64 = 0
  /// Chunks that there were: those made since are zeros in what is committed.
  private var committedChunks = 0
  /// By page: its old contents; nil for zeros.
  private var kept: [UInt64: UnsafeMutableRawPointer?] = [:]
  /// While an execution is in progress that began with pages kept, and can be undone alone: those pages, and the size
  /// that there was. `kept` has the contents from then.
  private var before: (kept: [UInt64: UnsafeMutableRawPointer?], pageCount: UInt64)?
  /// Pages that the execution in progress read or wrote, and those that it wrote.
  private var accessed: Set<UInt64> = []
  private var dirty: Set<UInt64> = []

  public init() {}

  deinit {
    pool.freeAll()
    free(chunks)
    mergeKept()
    for case let copy? in kept.values { copy.deallocate() }
  }

  /// Bytes.
  public var count: UInt64 { pageCount * StableMemory.growthUnit }

  /// Adds units of zeros. False where the system has no memory for the table.
  public func grow(by units: UInt64) -> Bool {
    let (sum, overflow) = pageCount.addingReportingOverflow(units)
    guard !overflow, sum <= 1 << 40 else { return false }
    if Int(sum) > capacity {
      let larger = max(Int(sum), capacity * 2, 16)
      // Untouched parts of so large a block take no memory.
      guard let table = calloc(larger, MemoryLayout<UnsafeMutableRawPointer?>.stride) else { return false }
      let typed = table.bindMemory(to: UnsafeMutableRawPointer?.self, capacity: larger)
      for chunk in written { typed[chunk] = chunks?[chunk] }
      free(chunks)
      chunks = typed
      capacity = larger
    }
    pageCount = sum
    return true
  }

  /// Whether a range is inside.
  public func contains(_ offset: UInt64, _ length: UInt64) -> Bool {
    length <= count && offset <= count - length
  }

  /// Copies bytes out. The range must be inside.
  public func read(_ offset: UInt64, into target: UnsafeMutableRawBufferPointer) {
    precondition(contains(offset, UInt64(target.count)))
    forEachChunk(offset, target.count) { chunk, start, range in
      let destination = UnsafeMutableRawBufferPointer(rebasing: target[range])
      if let source = chunks?[chunk] {
        destination.copyMemory(from: UnsafeRawBufferPointer(start: source + start, count: range.count))
      } else {
        destination.initializeMemory(as: UInt8.self, repeating: 0)
      }
    }
  }

  /// Makes a range, which must be inside, ready for being written. False where the system has no memory for it.
  public func prepare(_ offset: UInt64, _ length: UInt64) -> Bool {
    precondition(contains(offset, length))
    if length == 0 { return true }
    // Before there are chunks: what has none is zeros.
    for page in pages(offset, length) where kept[page] == nil { keep(page) }
    return makeChunks(offset, length)
  }

  private func makeChunks(_ offset: UInt64, _ length: UInt64) -> Bool {
    if length == 0 { return true }
    let chunks = Int(offset / Self.growthUnit)...Int((offset + length - 1) / Self.growthUnit)
    return chunks.allSatisfy { chunk($0) != nil }
  }

  /// Copies bytes in. The range must be inside.
  public func write(_ offset: UInt64, _ bytes: UnsafeRawBufferPointer) {
    if !prepare(offset, UInt64(bytes.count)) { fatalError("no memory for \(bytes.count) bytes of stable memory") }
    forEachChunk(offset, bytes.count) { chunk, start, range in
      let source = UnsafeRawBufferPointer(rebasing: bytes[range])
      (existingChunk(chunk) + start).copyMemory(from: source.baseAddress!, byteCount: source.count)
    }
  }

  /// The `count` bytes from `offset` on; nil where they are not all inside.
  public func read(at offset: UInt64, count: Int) -> [UInt8]? {
    guard count >= 0, contains(offset, UInt64(count)) else { return nil }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      read(offset, into: UnsafeMutableRawBufferPointer(buffer))
      initialized = count
    }
  }

  private func forEachChunk(_ offset: UInt64, _ length: Int, _ body: (Int, Int, Range<Int>) -> Void) {
    var done = 0
    while done < length {
      let position = offset + UInt64(done)
      let start = Int(position % StableMemory.growthUnit)
      let part = min(length - done, Int(StableMemory.growthUnit) - start)
      body(Int(position / StableMemory.growthUnit), start, done..<done + part)
      done += part
    }
  }

  /// A chunk, which is made if there is none; nil where the system has no memory.
  private func chunk(_ number: Int) -> UnsafeMutableRawPointer? {
    guard let chunks else { preconditionFailure("a chunk beyond the end") }
    if let chunk = chunks[number] { return chunk }
    guard let made = pool.take() else { return nil }
    chunks[number] = made
    written.append(number)
    return made
  }

  private func existingChunk(_ number: Int) -> UnsafeMutableRawPointer {
    guard let chunk = chunk(number) else { fatalError("no memory for a chunk of stable memory") }
    return chunk
  }

  /// Forgets the chunks from `first` on, in the order in which they were made, that `isDropped` says.
  private func dropChunks(from first: Int, where isDropped: (Int) -> Bool) {
    guard let chunks else { return }
    var left: [Int] = []
    var dropped: [UnsafeMutableRawPointer] = []
    for number in written[first...] {
      guard isDropped(number), let chunk = chunks[number] else {
        left.append(number)
        continue
      }
      dropped.append(chunk)
      chunks[number] = nil
    }
    written.replaceSubrange(first..., with: left)
    pool.give(dropped)
  }

  // MARK: Tracking

  private func address(_ page: UInt64) -> UnsafeMutableRawPointer? {
    let perChunk = StableMemory.growthUnit / UInt64(StableMemory.pageSize)
    guard page / perChunk < pageCount, let chunk = chunks?[Int(page / perChunk)] else { return nil }
    return chunk + Int(page % perChunk) * StableMemory.pageSize
  }

  private func keep(_ page: UInt64) {
    guard let source = address(page), !Self.isZero(source) else {
      kept[page] = .some(nil)
      return
    }
    let copy = UnsafeMutableRawPointer.allocate(byteCount: StableMemory.pageSize, alignment: 16)
    copy.copyMemory(from: source, byteCount: StableMemory.pageSize)
    kept[page] = copy
  }

  /// An execution begins: nothing is accessed or written yet. `canBeUndone` is for those that begin with changes that
  /// aren't committed, and may have to leave these as they are.
  public func beginExecution(canBeUndone: Bool = false) {
    mergeKept()
    if canBeUndone && (!kept.isEmpty || pageCount != committedCount) {
      before = (kept, pageCount)
      kept = [:]
    }
    accessed.removeAll(keepingCapacity: accessed.count < 1024)
    dirty.removeAll(keepingCapacity: dirty.count < 1024)
  }

  /// Undoes what the execution in progress wrote, and no more if it was begun to be undone.
  public func undoExecution() {
    guard let before else { return rollBack() }
    self.before = nil
    restoreKept()
    for case let copy? in kept.values { copy.deallocate() }
    shrink(to: before.pageCount)
    kept = before.kept
  }

  /// What an execution wrote is now among what isn't committed.
  private func mergeKept() {
    guard var all = before?.kept else { return }
    before = nil
    for (page, copy) in kept {
      if all[page] == nil { all.updateValue(copy, forKey: page) } else { copy?.deallocate() }
    }
    kept = all
  }

  private func restoreKept() {
    for (page, copy) in kept {
      guard let target = address(page) else { continue }
      if let copy {
        target.copyMemory(from: copy, byteCount: StableMemory.pageSize)
      } else {
        target.initializeMemory(as: UInt8.self, repeating: 0, count: StableMemory.pageSize)
      }
    }
  }

  /// Pages of a range that aren't among those accessed, or written, in this execution.
  public func newPages(_ offset: UInt64, _ length: UInt64) -> (accessed: UInt64, dirty: UInt64) {
    var counts: (accessed: UInt64, dirty: UInt64) = (0, 0)
    if length == 0 { return counts }
    for page in pages(offset, length) {
      if !accessed.contains(page) { counts.accessed += 1 }
      if !dirty.contains(page) { counts.dirty += 1 }
    }
    return counts
  }

  /// Counts the pages of a range as accessed, and as written with `isWrite`.
  public func mark(_ offset: UInt64, _ length: UInt64, isWrite: Bool) {
    if length == 0 { return }
    for page in pages(offset, length) {
      accessed.insert(page)
      if isWrite { dirty.insert(page) }
    }
  }

  private func pages(_ offset: UInt64, _ length: UInt64) -> ClosedRange<UInt64> {
    offset / UInt64(StableMemory.pageSize)...(offset + length - 1) / UInt64(StableMemory.pageSize)
  }

  /// Pages that the execution in progress accessed, and wrote.
  public var accessedPages: Int { accessed.count }
  public var dirtyPages: Int { dirty.count }

  // MARK: Parking

  /// What an execution did that stands still.
  public struct Parked {
    fileprivate var pageCount: UInt64
    /// By page: what the execution made of it; nil for zeros.
    fileprivate var pages: [UInt64: UnsafeMutableRawPointer?]
    fileprivate var accessed: Set<UInt64>
    fileprivate var dirty: Set<UInt64>
  }

  /// Takes out what the execution in progress did: then the memory is as it was committed, until `unpark`, before which
  /// others must have been committed or rolled back. Costs what the execution wrote.
  public func park() -> Parked {
    mergeKept()
    let parked = Parked(pageCount: pageCount, pages: exchange(kept), accessed: accessed, dirty: dirty)
    kept = [:]
    // Chunks beyond the committed end stay where they are: nobody can reach them, and a page that is reached by growing
    // is among those of the execution, and so zeros now.
    pageCount = committedCount
    beginExecution()
    return parked
  }

  /// Goes on with an execution.
  public func unpark(_ parked: Parked) {
    precondition(kept.isEmpty && pageCount == committedCount, "unparking over an execution that hasn't ended")
    let grown = grow(by: parked.pageCount - pageCount)
    precondition(grown, "the table was as large before")
    kept = exchange(parked.pages)
    accessed = parked.accessed
    dirty = parked.dirty
  }

  /// Forgets an execution that was parked.
  public static func discard(_ parked: Parked) {
    for case let contents? in parked.pages.values { contents.deallocate() }
  }

  /// Writes these contents to their pages. Returns what was there.
  private func exchange(_ pages: [UInt64: UnsafeMutableRawPointer?]) -> [UInt64: UnsafeMutableRawPointer?] {
    var old: [UInt64: UnsafeMutableRawPointer?] = [:]
    let size = StableMemory.pageSize
    let perChunk = StableMemory.growthUnit / UInt64(size)
    for (page, contents) in pages {
      let target = existingChunk(Int(page / perChunk)) + Int(page % perChunk) * size
      let copy = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
      copy.copyMemory(from: target, byteCount: size)
      old[page] = .some(copy)
      if let contents {
        target.copyMemory(from: contents, byteCount: size)
        contents.deallocate()
      } else {
        target.initializeMemory(as: UInt8.self, repeating: 0, count: size)
      }
    }
    return old
  }

  /// Makes the present contents the committed ones.
  public func commit() {
    mergeKept()
    for case let copy? in kept.values { copy.deallocate() }
    kept.removeAll(keepingCapacity: kept.count < 1024)
    committedCount = pageCount
    committedChunks = written.count
  }

  /// Puts back contents and size of the last commit.
  public func rollBack() {
    mergeKept()
    dropChunks(from: committedChunks) { _ in true }
    restoreKept()
    shrink(to: committedCount)
    commit()
  }

  private func shrink(to size: UInt64) {
    if size >= pageCount { return }
    pageCount = size
    // What is beyond the end is zeros where the memory grows again.
    let kept = size >= committedCount ? committedChunks : 0
    dropChunks(from: kept) { UInt64($0) >= size }
    committedChunks = min(committedChunks, written.count)
  }

  /// Pages (4 KiB, by number) that were written since the last commit, in ascending order.
  public var changedPages: [UInt64] { Set(kept.keys).union(before.map { Array($0.kept.keys) } ?? []).sorted() }

  /// Calls `body` for each page (4 KiB) that has other bytes than zeros, in ascending order: with its number, and its
  /// contents, which are valid during the call. Looks only at what was ever written.
  public func forEachNonzeroPage(_ body: (_ page: UInt64, _ contents: UnsafeRawBufferPointer) -> Void) {
    let perChunk = Int(StableMemory.growthUnit) / StableMemory.pageSize
    for chunk in written.sorted() where UInt64(chunk) < pageCount {
      guard let base = chunks?[chunk] else { continue }
      for page in 0..<perChunk {
        let contents = base + page * StableMemory.pageSize
        if Self.isZero(contents) { continue }
        body(
          UInt64(chunk * perChunk + page), UnsafeRawBufferPointer(start: contents, count: StableMemory.pageSize))
      }
    }
  }

  /// Whether a page is all zeros.
  private static func isZero(_ page: UnsafeMutableRawPointer) -> Bool {
    page.load(as: UInt64.self) == 0 && memcmp(page, page + 8, pageSize - 8) == 0
  }

  /// Puts bytes from `offset` on into what is committed. False, with nothing changed, where they don't fit.
  public func restore(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) -> Bool {
    guard contains(offset, UInt64(bytes.count)), makeChunks(offset, UInt64(bytes.count)) else { return false }
    mergeKept()
    precondition(kept.isEmpty, "restoring over changes that aren't committed")
    committedCount = pageCount
    forEachChunk(offset, bytes.count) { chunk, start, range in
      let source = UnsafeRawBufferPointer(rebasing: bytes[range])
      (existingChunk(chunk) + start).copyMemory(from: source.baseAddress!, byteCount: source.count)
    }
    return true
  }

  /// Drops all contents; the size is 0.
  public func removeAll() {
    commit()
    shrink(to: 0)
    commit()
  }
}
