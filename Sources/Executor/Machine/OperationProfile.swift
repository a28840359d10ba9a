// Counts which operations are executed one after the other: what superinstructions are chosen by. Only builds that
// dispatch through the trampoline can count, so this is in no release build.

#if CANNERY_TRAMPOLINE
import Compiler

/// Executed operations: each by itself, and in runs of two and three. For one thread.
package final class OperationProfile {
  /// The profile that `dispatch` fills in, if any.
  // Sound as shared state: set before anything is executed, on the one thread that executes.
  nonisolated(unsafe) package static var current: OperationProfile?

  package private(set) var singles: [UInt64: Int] = [:]
  package private(set) var pairs: [UInt64: Int] = [:]
  package private(set) var triples: [UInt64: Int] = [:]
  private var numbers: [UInt64: UInt64] = [:]
  /// Numbers of the last three operations, 16 bits each, the latest in the lowest.
  private var recent: UInt64 = 0
  private var count = 0

  package init() {
    for number in 0..<ThreadedOperation.count {
      let operation = ThreadedOperation(number: UInt16(number))
      numbers[HandlerTables.tracked[operation]] = UInt64(number)
      numbers[HandlerTables.plain[operation]] = UInt64(number)
    }
  }

  /// The names of the operations in a key of `singles`, `pairs` or `triples`, in the order of their execution.
  package static func names(_ key: UInt64, count: Int) -> [String] {
    (0..<count).reversed().map { ThreadedOperation(number: UInt16(truncatingIfNeeded: key >> (16 * $0))).name }
  }

  func note(_ pc: PC) {
    guard let number = numbers[pc.pointee] else { return }
    recent = (recent << 16 | number) & 0xFFFF_FFFF_FFFF
    count += 1
    singles[number, default: 0] += 1
    if count > 1 { pairs[recent & 0xFFFF_FFFF, default: 0] += 1 }
    if count > 2 { triples[recent, default: 0] += 1 }
  }
}
#endif
