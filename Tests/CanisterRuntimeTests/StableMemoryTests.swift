// Stable memory against a plain model: growing, writing, committing, rolling back, parking; and what it takes of the
// process's memory.

import Foundation
import SystemAPI
import Testing

@Suite struct StableMemoryTests {
  /// The contents that are to be: a size, and the bytes that were written.
  private struct Model: Equatable {
    var units: UInt64 = 0
    var bytes: [UInt64: UInt8] = [:]
  }

  private func expectEqual(_ memory: StableMemory, _ model: Model, _ note: String) {
    #expect(memory.pageCount == model.units, "\(note)")
    var pages: [UInt64: [UInt8]] = [:]
    memory.forEachNonzeroPage { pages[$0] = Array($1) }
    var expected: [UInt64: [UInt8]] = [:]
    for (offset, byte) in model.bytes where byte != 0 {
      expected[offset / 4096, default: [UInt8](repeating: 0, count: 4096)][Int(offset % 4096)] = byte
    }
    #expect(pages == expected, "\(note)")
  }

  @Test(arguments: 0..<20) func model(seed: UInt64) {
    var numbers = StateTests.Numbers(state: seed)
    let memory = StableMemory()
    var (committed, now) = (Model(), Model())
    var parked: (memory: StableMemory.Parked, model: Model)?
    func write() {
      guard now.units > 0 else { return }
      let unit = UInt64(numbers.next(Int(min(now.units, 40))))
      let length = [1, 5, 4096, 70_000][numbers.next(4)]
      let offset = min(unit * 65_536 + UInt64(numbers.next(65_536)), memory.count - 1)
      let bytes = (0..<min(length, Int(memory.count - offset))).map { _ in UInt8(numbers.next(3)) }
      bytes.withUnsafeBytes { memory.write(offset, $0) }
      for (index, byte) in bytes.enumerated() { now.bytes[offset + UInt64(index)] = byte }
    }
    for step in 0..<60 {
      switch numbers.next(8) {
      case 0:
        let units = UInt64(numbers.next(30))
        #expect(memory.grow(by: units))
        now.units += units
      case 1, 2, 3: write()
      case 4:
        // A part that is undone alone.
        memory.beginExecution(canBeUndone: true)
        let before = now
        write()
        if numbers.next(2) == 0 {
          memory.undoExecution()
          now = before
        }
      case 5 where parked == nil:
        memory.commit()
        committed = now
      case 6:
        memory.rollBack()
        now = committed
      default:
        if let (stopped, model) = parked {
          memory.rollBack()
          expectEqual(memory, committed, "seed \(seed), step \(step)")
          memory.unpark(stopped)
          (parked, now) = (nil, model)
        } else {
          parked = (memory.park(), now)
          now = committed
        }
      }
      expectEqual(memory, now, "seed \(seed), step \(step)")
    }
  }

  #if os(Linux)
  /// Bytes of the process that are in memory.
  private var resident: Int {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
    return (Int(text.split(separator: " ")[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// A byte in each unit takes a page, not the unit.
  @Test func sparseWriting() {
    let (memory, units) = (StableMemory(), 32_768)
    let before = resident
    #expect(memory.grow(by: UInt64(units)))
    memory.commit()
    for unit in 0..<units { [1].withUnsafeBytes { memory.write(UInt64(unit) * 65_536, $0) } }
    #expect(resident < before + units * 16_384)
    memory.rollBack()
    var pages = 0
    memory.forEachNonzeroPage { _, _ in pages += 1 }
    #expect(pages == 0)
  }
  #endif
}
