// Which locals each loop assigns, found by walking over an outermost loop before it is built.
//
// An assignment belongs to all open loops around it. It has been noted already for those that were open at the local's
// last assignment, which are the outer ones: so the walk outward stops at the first loop that began before that.

struct LoopScan: ~Copyable {
  struct Mark: BitwiseCopyable {
    var local: UInt32
    var next: UInt32
  }
  struct Loop: BitwiseCopyable {
    /// Offset of the `loop` operator.
    var start: UInt32
    var firstMark: UInt32 = .max
  }

  private(set) var marks = GrowableBuffer<Mark>()
  /// Byte offset behind the loops that have been walked over.
  var end = 0
  private var loops = GrowableBuffer<Loop>()
  /// The next loop that can be asked for.
  private var cursor = 0
  /// Open constructs: a loop's index, or `UInt32.max`.
  private var constructs = GrowableBuffer<UInt32>()
  private var openLoops = GrowableBuffer<UInt32>()

  mutating func reset() { end = 0 }

  mutating func begin() {
    marks.truncate(to: 0)
    loops.truncate(to: 0)
    constructs.truncate(to: 0)
    openLoops.truncate(to: 0)
    cursor = 0
  }

  mutating func open(at start: UInt32) {
    constructs.append(UInt32(loops.count))
    openLoops.append(UInt32(loops.count))
    loops.append(Loop(start: start))
  }

  mutating func openOther() { constructs.append(.max) }

  mutating func close() {
    if constructs.removeLast() != .max { _ = openLoops.removeLast() }
  }

  var isClosed: Bool { constructs.isEmpty }

  /// Notes an assignment of `local`, whose last one was at byte offset `last`. Returns the number of loops visited.
  mutating func assign(_ local: UInt32, after last: UInt32) -> Int {
    var index = openLoops.count
    while index > 0 {
      let loop = openLoops[index - 1]
      if loops[loop].start <= last { break }
      marks.append(Mark(local: local, next: loops[loop].firstMark))
      loops[loop].firstMark = UInt32(truncatingIfNeeded: marks.count - 1)
      index -= 1
    }
    return openLoops.count - index
  }

  /// First in the list of locals that the loop at byte offset `start` assigns. Loops are asked for in ascending order.
  mutating func firstMark(ofLoopAt start: UInt32) -> UInt32 {
    while loops[cursor].start < start { cursor += 1 }
    assert(loops[cursor].start == start)
    return loops[cursor].firstMark
  }
}
