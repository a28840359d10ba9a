// A tree that grows at its leaves and finds ancestors by key in logarithmic time.
//
// Keys grow from parent to child. Beside its parent, each entry knows one farther ancestor, chosen so that any ancestor
// is reached in O(log depth) steps and adding an entry costs constant time. Source: E. W. Myers, "An applicative
// random-access stack", Information Processing Letters 17 (1983).

package struct AncestorForest: ~Copyable {
  struct Entry: BitwiseCopyable {
    var parent: UInt32
    var jump: UInt32
    var depth: UInt32
    var key: UInt32
  }

  private var entries = GrowableBuffer<Entry>(minimumCapacity: 64)

  package var count: Int { entries.count }

  package init() { reset() }

  /// Leaves only the root: entry 0, with key 0.
  package mutating func reset() {
    entries.truncate(to: 0)
    entries.append(Entry(parent: 0, jump: 0, depth: 0, key: 0))
  }

  /// Adds an entry, whose index is the old `count`.
  @inline(__always)
  package mutating func add(key: UInt32, parent: UInt32) {
    let above = entries[parent]
    let far = entries[above.jump]
    let jump = above.depth &- far.depth == far.depth &- entries[far.jump].depth ? far.jump : parent
    entries.append(Entry(parent: parent, jump: jump, depth: above.depth &+ 1, key: key))
  }

  @inline(__always) package func key(_ entry: UInt32) -> UInt32 { entries[entry].key }
  @inline(__always) package func parent(_ entry: UInt32) -> UInt32 { entries[entry].parent }

  /// The nearest of `entry` and its ancestors whose key is at most `limit`.
  @inline(__always)
  package func nearest(_ entry: UInt32, atMost limit: UInt32) -> UInt32 {
    var entry = entry
    while entries[entry].key > limit {
      let jump = entries[entry].jump
      entry = entries[jump].key > limit ? jump : entries[entry].parent
    }
    return entry
  }

  /// The farthest of `entry` and its ancestors whose key is greater than `limit`; `entry`'s own must be.
  @inline(__always)
  package func farthest(_ entry: UInt32, above limit: UInt32) -> UInt32 {
    var entry = entry
    while true {
      let present = entries[entry]
      if entries[present.jump].key > limit {
        entry = present.jump
      } else if entries[present.parent].key > limit {
        entry = present.parent
      } else {
        return entry
      }
    }
  }

  /// The nearest entry that is `first` or above it and `second` or above it.
  package func common(_ first: UInt32, _ second: UInt32) -> UInt32 {
    var (low, high) = (first, second)
    if entries[low].depth < entries[high].depth { swap(&low, &high) }
    let depth = entries[high].depth
    while entries[low].depth > depth {
      let jump = entries[low].jump
      low = entries[jump].depth >= depth ? jump : entries[low].parent
    }
    while low != high {
      // Entries of equal depth have jumps of equal depth.
      if entries[low].jump != entries[high].jump {
        (low, high) = (entries[low].jump, entries[high].jump)
      } else {
        (low, high) = (entries[low].parent, entries[high].parent)
      }
    }
    return low
  }
}
