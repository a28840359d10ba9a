// Where exactly the values that meet in block parameters live: what coalescing asks. A lifetime from the first to the last
// position covers everything that stands between in the layout, like the arms of a switch that don't use the value; two
// values that are never alive at once would seem to be.
//
// From each use the walk goes backwards over the blocks through which the value is alive, each once for each value. That is
// not linear in the worst case: when the budget is used up, the remaining values live from their first to their last
// position.

import WebAssembly

extension Lowering {
  /// A use of a value that meets others in a block parameter.
  struct UseRecord: BitwiseCopyable {
    /// That of the node that uses it, or of the jump along whose edge it goes.
    var position: UInt32
    /// The value's next record, or `UInt32.max`.
    var next: UInt32
  }

  /// Segments that a value has at most; one with more lives from its first to its last position.
  private static var segmentLimit: Int { 48 }

  /// Marks the values that meet in block parameters: their uses are noted from here on.
  mutating func findRelatedValues() {
    useRecords.truncate(to: 0)
    guard coalesces else { return }
    for block in 0..<function.blocks.count where function.blocks[block].isReachable {
      var parameter = function.blocks[block].firstParameter
      while parameter != .max {
        let node = function.nodes[parameter]
        defer { parameter = node.c }
        guard facts[parameter].uses > 0 else { continue }
        facts[parameter].relate()
        for position in node.a..<node.a + function.blocks[block].predecessorCount {
          let value = function.operands[position]
          let operation = function.nodes[value].operation
          // Values with a use on an edge have slots, but for constants.
          if operation == .parameter || !operation.info.effects.contains(.phantom) && !operation.isScalarConstant {
            facts[value].relate()
          }
        }
      }
    }
  }

  @inline(__always)
  mutating func noteUse(_ value: Value, at position: UInt32) {
    guard facts[value].isRelated else { return }
    let record = UInt32(useRecords.count)
    useRecords.append(UseRecord(position: position, next: facts[value].link))
    facts[value].link = record
  }

  /// Appends the segments of the value at `index` to `intervals`, in order. Returns the first and how many there are.
  mutating func appendSegments(of index: Int) -> (first: UInt32, count: UInt32) {
    let value = lifetimes[index]
    let first = UInt32(intervals.count)
    // Arguments are there from the function's start, whatever node names them.
    let isArgument = function.nodes[index].operation == .argument
    let defined = start(of: index)
    let definition = isArgument ? 0 : defined
    guard facts[index].isRelated, segmentBudget > 0 else {
      intervals.append(LoweringInterval(start: definition, end: value.end, next: .max))
      return (first, 1)
    }
    segments.truncate(to: 0)
    segmentCount = 0
    let mark = UInt32(index) + 1
    var record = facts[index].link
    while record != .max {
      let use = useRecords[record]
      record = use.next
      let block = lifetimes[use.position / 2].block
      if block == value.block {
        appendSegment(definition, use.position)
        continue
      }
      appendSegment(start(ofBlock: block), use.position)
      comeFrom(block, value, definition, mark)
      while !pendingBlocks.isEmpty { comeFrom(pendingBlocks.removeLast(), value, definition, mark) }
    }
    appendSegment(definition, defined)
    if segmentCount > 4 * Lowering.segmentLimit {
      intervals.append(LoweringInterval(start: definition, end: value.end, next: .max))
      return (first, 1)
    }
    sortSegments()
    // Segments that touch, also over the border of two blocks, are one.
    var count = 0
    for position in 0..<segments.count {
      let segment = segments[position]
      if count > 0 && segment.start <= segments[count - 1].end + 2 {
        segments[count - 1].end = max(segments[count - 1].end, segment.end)
      } else {
        segments[count] = segment
        count += 1
      }
    }
    assert(segments[count - 1].end <= value.end, "a value lives longer than its lifetime")
    if count > Lowering.segmentLimit {
      intervals.append(LoweringInterval(start: definition, end: value.end, next: .max))
      return (first, 1)
    }
    for position in 0..<count {
      let next = position + 1 < count ? UInt32(intervals.count + 1) : .max
      intervals.append(LoweringInterval(start: segments[position].start, end: segments[position].end, next: next))
    }
    return (first, UInt32(count))
  }

  @inline(__always)
  private mutating func appendSegment(_ start: UInt32, _ end: UInt32) {
    segmentCount += 1
    let last = segments.count - 1
    if last >= 0 && segments[last].start == start {
      segments[last].end = max(segments[last].end, end)
    } else {
      segments.append(LoweringInterval(start: start, end: end, next: .max))
    }
  }

  /// By their starts. They are few, and mostly in reverse order, as the latest use comes first.
  private mutating func sortSegments() {
    var elements = segments.mutableElements
    elements.reverse()
    for index in 1..<segments.count where segments[index].start < segments[index - 1].start {
      let moved = segments[index]
      var place = index
      while place > 0 && segments[place - 1].start > moved.start {
        segments[place] = segments[place - 1]
        place -= 1
      }
      segments[place] = moved
    }
  }

  /// The value is alive where `block` begins: so it is at the end of all that go there.
  private mutating func comeFrom(_ block: UInt32, _ value: Lifetime, _ definition: UInt32, _ mark: UInt32) {
    let data = function.blocks[block]
    for position in data.predecessorStart..<data.predecessorStart + data.predecessorCount {
      let from = function.edges[function.predecessors[position]].from
      guard function.blocks[from].isReachable, aliveAtEnd[from.index] != mark else { continue }
      aliveAtEnd[from.index] = mark
      segmentBudget -= 1
      let end = 2 * function.blocks[from].end - 1
      if from.index == value.block {
        appendSegment(definition, end)
      } else {
        appendSegment(start(ofBlock: from.index), end)
        pendingBlocks.append(from.index)
      }
    }
  }

  /// Just before the block's first node, where its parameters are defined.
  private mutating func start(ofBlock block: UInt32) -> UInt32 { 2 * function.blocks[block].first &- 1 }

  /// The first position where the value at `index` lives.
  mutating func start(of index: Int) -> UInt32 {
    if function.nodes[index].operation == .parameter { return start(ofBlock: lifetimes[index].block) }
    return UInt32(truncatingIfNeeded: 2 * index + 1)
  }
}
