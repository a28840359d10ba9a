// Old contents of pages: what write tracking keeps.

/// Copies of pages of 4 KiB from before their first write, in the order of these.
struct KeptPages {
  /// The pages' numbers; 64 bits, as a memory can have 2^36 pages.
  private(set) var numbers: [UInt64] = []
  private var copies: [UnsafeMutableRawPointer] = []
  /// Positions by page, of the first pages: the others are added when someone looks.
  private var positions: [UInt64: Int] = [:]

  static let pageSize = 4096

  var isEmpty: Bool { numbers.isEmpty }

  /// Keeps page `number` of the memory at `base`.
  mutating func keep(_ number: UInt64, of base: UnsafeRawPointer) {
    let copy = UnsafeMutableRawPointer.allocate(byteCount: Self.pageSize, alignment: 16)
    copy.copyMemory(from: base + Int(number) * Self.pageSize, byteCount: Self.pageSize)
    numbers.append(number)
    copies.append(copy)
  }

  /// The old contents of page `number`; nil if it is not kept. Takes time once for each page kept.
  mutating func copy(of number: UInt64) -> UnsafeRawPointer? {
    while positions.count < numbers.count { positions[numbers[positions.count]] = positions.count }
    return positions[number].map { UnsafeRawPointer(copies[$0]) }
  }

  /// The pages by number, with their old contents.
  var pages: Zip2Sequence<[UInt64], [UnsafeMutableRawPointer]> { zip(numbers, copies) }

  /// Puts the old contents back.
  func restore(to base: UnsafeMutableRawPointer) {
    for (number, copy) in pages {
      (base + Int(number) * Self.pageSize).copyMemory(from: copy, byteCount: Self.pageSize)
    }
  }

  /// Exchanges the old contents and the present ones.
  func exchange(with base: UnsafeMutableRawPointer) {
    withUnsafeTemporaryAllocation(byteCount: Self.pageSize, alignment: 16) { buffer in
      guard let between = buffer.baseAddress else { return }
      for (number, copy) in pages {
        let page = base + Int(number) * Self.pageSize
        between.copyMemory(from: page, byteCount: Self.pageSize)
        page.copyMemory(from: copy, byteCount: Self.pageSize)
        copy.copyMemory(from: between, byteCount: Self.pageSize)
      }
    }
  }

  /// Takes the pages of `later` that are not kept here; the older contents win.
  mutating func merge(_ later: inout KeptPages) {
    for (index, number) in later.numbers.enumerated() {
      if copy(of: number) == nil {
        numbers.append(number)
        copies.append(later.copies[index])
      } else {
        later.copies[index].deallocate()
      }
    }
    later = KeptPages()
  }

  mutating func removeAll() {
    for copy in copies { copy.deallocate() }
    numbers.removeAll(keepingCapacity: numbers.count < 1024)
    copies.removeAll(keepingCapacity: copies.count < 1024)
    positions.removeAll(keepingCapacity: positions.count < 1024)
  }
}
