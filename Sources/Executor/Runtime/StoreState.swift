// The state of a store as a whole: what it was at the last commit, for hosts that undo.

/// The values of mutable globals at some time.
struct GlobalValues {
  private var values: [(global: Global, low: UInt64, high: UInt64)] = []

  init() {}

  init(of globals: [Global]) { for global in globals { add(global) } }

  mutating func add(_ global: Global) { values.append((global, global.cell[0], global.cell[1])) }

  /// Whether the globals have these values now.
  var areCurrent: Bool { values.allSatisfy { $0.global.cell[0] == $0.low && $0.global.cell[1] == $0.high } }

  func restore() {
    for (global, low, high) in values {
      global.cell[0] = low
      global.cell[1] = high
    }
  }
}

extension Store {
  /// Makes the present contents of all instances' memories and globals the committed ones, and which segments are dropped.
  /// Does nothing in a store without write tracking.
  public func commit() {
    guard tracksWrites else { return }
    for memory in trackedMemories { memory.commit() }
    committedGlobals = GlobalValues(of: trackedGlobals)
    committedDrops = droppedSegments.count
  }

  /// Puts back memories, globals and segments as they were at the last commit; those of instances made since then, as they
  /// were when the active segments had been written. Tables stay as they are. The store must be one with write tracking.
  public func rollBack() {
    precondition(tracksWrites, "rolling back a store without write tracking")
    for memory in trackedMemories { memory.rollBack() }
    committedGlobals.restore()
    restoreSegments(after: committedDrops)
  }
}
