// Contents of memories in the stored state: how large they are, and those of their pages that aren't all zeros.

import Cannery
import SystemAPI

/// Bytes of a page.
let smallPage = 4096

extension StateWriter {
  /// Writes a memory of `size` units of 64 KiB, of which `forEach` gives the pages in ascending order; of pages that `other`
  /// has too, only that it does.
  mutating func putPages(
    of size: UInt64, like other: SparseMemory?, _ forEach: ((UInt64, UnsafeRawBufferPointer) -> Void) -> Void
  ) {
    number(size)
    var next: UInt64 = 0
    forEach { page, contents in
      number(page + 1 - next)
      next = page + 1
      let isShared = other?.has(contents, at: page) ?? false
      if other != nil { put(isShared) }
      if !isShared { raw(contents) }
    }
    number(0 as UInt64)
  }
}

extension StateReader {
  /// Reads what `putPages` wrote after the size. `take` gets each page with its offset.
  mutating func takePages(
    of size: UInt64, like other: SparseMemory?,
    _ take: (_ offset: UInt64, _ contents: UnsafeRawBufferPointer) -> Bool
  ) throws(StateError) {
    let (count, isTooLarge) = size.multipliedReportingOverflow(by: MemoryType.pageSize / UInt64(smallPage))
    guard !isTooLarge, count <= UInt64.max / UInt64(smallPage) else { throw malformed }
    var next: UInt64 = 0
    while true {
      let step: UInt64 = try number()
      if step == 0 { return }
      let (page, overflow) = next.addingReportingOverflow(step)
      guard !overflow, page <= count else { throw malformed }
      let offset = (page - 1) * UInt64(smallPage)
      let isTaken: Bool
      if let other, try self.take(Bool.self) {
        isTaken = other.withPage(page - 1) { take(offset, $0) } ?? false
      } else {
        isTaken = try raw(smallPage).withUnsafeBytes { take(offset, $0) }
      }
      guard isTaken else { throw malformed }
      next = page
    }
  }
}

extension GlobalBits: StateRecord {
  static func coded(_ field: inout FieldCoder<GlobalBits>) throws(StateError) -> GlobalBits {
    try GlobalBits(low: field(\.low), high: field(\.high))
  }
}

extension CanisterMachine {
  /// The globals that a canister keeps.
  var keptGlobals: [GlobalBits] { installed.keptGlobals.map { instance.globals[$0].bits } }
}

extension InstalledModule {
  /// An instance with a memory of `pages` units of 64 KiB and these globals of those that are kept.
  func state(pages: UInt64, _ kept: [GlobalBits]) -> InstanceState {
    var globals = [GlobalBits](repeating: GlobalBits(low: 0), count: module.spaces.globals.count)
    for (index, bits) in zip(keptGlobals, kept) { globals[index] = bits }
    return InstanceState(memoryPages: hasMemory ? [pages] : [], globals: globals)
  }
}
