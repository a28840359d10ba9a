// The state of a store as a whole: what it was at the last commit, for hosts that undo.

/// The values of mutable globals at some time.
struct GlobalValues {
  private var values: [(global: Global, low: UInt64, high: UInt64)] = []

  init() {}

  init(of instances: [ModuleInstance]) { for instance in instances { add(instance) } }

  mutating func add(_ instance: ModuleInstance) {
    for global in instance.globals where global.type.isMutable {
      values.append((global, global.cell[0], global.cell[1]))
    }
  }

  func restore() {
    for (global, low, high) in values {
      global.cell[0] = low
      global.cell[1] = high
    }
  }
}

extension Store {
  /// Each memory of each instance; one that is shared comes several times.
  func forEachMemory(_ body: (Memory) -> Void) {
    for instance in moduleInstances { for memory in instance.memories { body(memory) } }
  }

  /// Makes the present contents of all instances' memories and globals the committed ones. Does nothing in a store
  /// without write tracking.
  public func commit() {
    guard tracksWrites else { return }
    forEachMemory { $0.commit() }
    committedGlobals = GlobalValues(of: moduleInstances)
  }

  /// Puts back memories and globals as they were at the last commit; those of instances made since then, as they were
  /// when their segments had been written. Tables, and which segments are dropped, stay as they are.
  public func rollBack() {
    precondition(tracksWrites, "rolling back a store without write tracking")
    forEachMemory { $0.rollBack() }
    committedGlobals.restore()
  }
}
