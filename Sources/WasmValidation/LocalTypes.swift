// The types of a function's parameters and locals, and which locals without a default value have been set.
//
// A body of ten bytes can declare tens of thousands of locals, so they are not all written out: the first ones are in a
// flat table, the others are found by binary search among the runs that the body declares. For the same reason "set" is
// an entry of a table that is not cleared between functions: it holds the number of the function that set the local.

import WasmBinary
import WebAssembly

struct LocalTypes {
  /// Locals that have their type in the flat table; most functions have no more.
  static let flatCount = 512

  private struct Run {
    /// Index of the first local after the run.
    var end: UInt32
    var type: ValueType
  }

  private var flat: UnsafeMutablePointer<ValueType> = .allocate(capacity: flatCount)
  private var runs: [Run] = []
  /// Parameters and declared locals.
  private(set) var count: UInt32 = 0
  private(set) var parameterCount: UInt32 = 0
  /// 64-bit slots of all of them.
  private(set) var slots = 0

  /// For each local the number of the function that set it last; null until a function needs it.
  private var setIn: UnsafeMutablePointer<UInt32>?
  /// The locals set in the present function, in order; those set in a block are forgotten at its end.
  private var log: [UInt32] = []
  private var functionNumber: UInt32 = 0

  func deallocate() {
    flat.deallocate()
    setIn?.deallocate()
  }

  /// Starts a function with these parameters.
  mutating func begin(parameters: UnsafeBufferPointer<ValueType>) {
    count = 0
    slots = 0
    runs.removeAll(keepingCapacity: true)
    log.removeAll(keepingCapacity: true)
    functionNumber += 1
    for type in parameters { append(1, type) }
    parameterCount = count
  }

  /// Adds `number` locals of `type`. The caller keeps `count` within the limit.
  mutating func append(_ number: UInt32, _ type: ValueType) {
    if number == 0 { return }
    let start = Int(count)
    count += number
    slots += Int(number) * type.slotCount
    let flatEnd = min(Int(count), LocalTypes.flatCount)
    if start < flatEnd { (flat + start).update(repeating: type, count: flatEnd - start) }
    if count > LocalTypes.flatCount { runs.append(Run(end: count, type: type)) }
    if !type.isDefaultable && setIn == nil {
      setIn = .allocate(capacity: ImplementationLimits.locals)
      setIn!.initialize(repeating: 0, count: ImplementationLimits.locals)
    }
  }

  /// The type of local `index`, which must be below `count`.
  @inline(__always)
  subscript(index: UInt32) -> ValueType { index < LocalTypes.flatCount ? flat[Int(index)] : search(index) }

  @inline(never)
  private func search(_ index: UInt32) -> ValueType {
    var low = 0
    var high = runs.count - 1
    while low < high {
      let middle = (low + high) / 2
      if runs[middle].end > index { high = middle } else { low = middle + 1 }
    }
    return runs[low].type
  }

  // MARK: Initialization

  var logCount: UInt32 { UInt32(truncatingIfNeeded: log.count) }

  /// Whether local `index`, whose type has no default value, has been set here.
  func isSet(_ index: UInt32) -> Bool { index < parameterCount || setIn![Int(index)] == functionNumber }

  mutating func markSet(_ index: UInt32) {
    if isSet(index) { return }
    setIn![Int(index)] = functionNumber
    log.append(index)
  }

  /// Forgets what was set since the log had `number` entries.
  @inline(__always)
  mutating func forget(downTo number: UInt32) {
    if log.count > Int(number) { forgetSlowly(downTo: Int(number)) }
  }

  @inline(never)
  private mutating func forgetSlowly(downTo number: Int) {
    for index in log[number...] { setIn![Int(index)] = 0 }
    log.removeSubrange(number...)
  }
}
