// Segments that code has dropped. A store lists them in the order in which they were dropped, so that bringing them back
// costs what was dropped, and next to nothing where nothing was.

/// A passive segment that was dropped after its instance was made. Active and declarative ones are dropped from the start.
struct DroppedSegment {
  /// Kept by the store, as the list is.
  unowned let instance: ModuleInstance
  /// Otherwise an element segment.
  let isData: Bool
  let index: Int
}

extension Instance {
  /// Brings back the passive data and element segments that code has dropped: each is as it was right after instantiation,
  /// which leaves active and declarative ones dropped. Costs next to nothing where nothing was dropped.
  ///
  /// So code finds segments as in an instance that was just made. Tables stay as they are: a host that lets only modules
  /// in that don't write tables, as canisters can't, has nothing to do for them.
  ///
  /// Throws `ExecutionError.storeIsSuspended` while an execution is in progress.
  public func restoreSegments() throws(ExecutionError) {
    guard !store.isSuspended else { throw .storeIsSuspended }
    if store.droppedSegments.isEmpty { return }
    store.committedDrops -= store.droppedSegments[..<store.committedDrops].count { $0.instance === object }
    store.droppedSegments.removeAll { segment in
      guard segment.instance === object else { return false }
      object.set(segment, isDropped: false)
      return true
    }
  }
}

extension Store {
  /// Brings back the segments that were dropped after the first `count` of the list.
  func restoreSegments(after count: Int) {
    if droppedSegments.count <= count { return }
    for segment in droppedSegments[count...] { segment.instance.set(segment, isDropped: false) }
    droppedSegments.removeSubrange(count...)
    committedDrops = min(committedDrops, count)
  }

  /// Drops segments again that were brought back.
  func drop(_ segments: [DroppedSegment]) {
    for segment in segments { segment.instance.set(segment, isDropped: true) }
    droppedSegments += segments
  }
}
