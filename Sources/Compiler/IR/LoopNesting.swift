// Which blocks belong to which loop, from the layout alone.
//
// A loop is a range of blocks: from its header to the highest block from which the header is reached again. Ranges nest:
// where an inner loop reaches beyond the outer one's last back edge, it belongs to the outer loop, whose end is then the
// inner one's. A block of the range that leaves the loop counts as inside, which is what live ranges need.

extension IRFunction {
  /// Sets `loopEnd` and `loopHeader` of all blocks from the edges. Linear time.
  public mutating func computeLoops() {
    for index in 0..<blocks.count {
      blocks[index].loopEnd = .max
      blocks[index].loopHeader = .max
    }
    for index in 0..<blocks.count {
      let start = Int(blocks[index].predecessorStart)
      for position in start..<start + Int(blocks[index].predecessorCount) {
        let source = edges[predecessors[position]].from.index
        if source < index { continue }
        let end = blocks[index].loopEnd
        blocks[index].loopEnd = end == .max ? source : max(end, source)
      }
    }
    // From the last header to the first: what is pending are the outermost loops among those after the present one, the
    // nearest on top.
    var pending = GrowableBuffer<UInt32>()
    var index = blocks.count
    while index > 0 {
      index -= 1
      if blocks[index].loopEnd == .max { continue }
      while let top = pending.elements.last, top <= blocks[index].loopEnd {
        blocks[index].loopEnd = max(blocks[index].loopEnd, blocks[top].loopEnd)
        _ = pending.removeLast()
      }
      pending.append(UInt32(index))
    }
    pending.truncate(to: 0)
    for index in 0..<blocks.count {
      while let top = pending.elements.last, blocks[top].loopEnd < index { _ = pending.removeLast() }
      if blocks[index].loopEnd != .max { pending.append(UInt32(index)) }
      if let top = pending.elements.last { blocks[index].loopHeader = top }
    }
  }
}
