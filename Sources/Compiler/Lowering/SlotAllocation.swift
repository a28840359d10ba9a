// Slots for values: coalescing, then linear scan.
//
// First, parameters of blocks and the values that are passed to them join in classes, where their lifetimes allow it, so
// that the edges need no moves. Then classes get slots in order of their start. Slots are plentiful, so a class keeps its
// slot from its first to its last position; there is no spilling.
//
// The frame: function parameters, then the slots of values that live over labels (zeroed at entry), then those of values
// that live in one straight run of code, then temporaries.

import WebAssembly

/// A set of values that share a slot. Where it ends is known as the end of the value that it is named after.
struct SlotClass: BitwiseCopyable {
  /// The class that it has joined, or itself.
  var parent: UInt32
  /// The members' lifetimes in order: a list through `LoweringInterval.next`.
  var first: UInt32
  var count: UInt16
  /// A function parameter's slot, or -1.
  var fixed: Int16 = -1
}

struct LoweringInterval: BitwiseCopyable {
  var start: UInt32
  var end: UInt32
  var next: UInt32
}

extension Lowering {
  /// Segments of lifetimes that a class has at most: it bounds the work of comparing them.
  private static var classLimit: UInt16 { 128 }

  /// Fills in `ValueFacts.slot`, `crossingEnd` and `frameEnd`.
  mutating func allocateSlots() {
    makeClasses()
    if function.isLarge { releaseUses() }
    if coalesces {
      stepOnEdges()
      coalesce()
    }
    scan()
  }

  private mutating func needsSlot(_ index: Int) -> Bool {
    facts[index].residence == .slot && !facts[index].isArgument
  }

  /// Gives back what only finding lifetimes needs.
  private mutating func releaseUses() {
    isNeeded = GrowableBuffer()
    useRecords = GrowableBuffer()
    aliveAtEnd = GrowableBuffer()
    pendingBlocks = GrowableBuffer()
    segments = GrowableBuffer()
  }

  private mutating func makeClasses() {
    classes.truncate(to: 0)
    classed.truncate(to: 0)
    intervals.truncate(to: 0)
    aliveAtEnd.truncate(to: 0)
    aliveAtEnd.append(repeating: 0, count: function.blocks.count)
    segmentBudget = 4096 + 16 * (function.nodes.count + function.blocks.count)
    parameterStart.truncate(to: 0)
    var slot: Int32 = 0
    for type in function.parameterTypes {
      parameterStart.append(slot)
      slot += Int32(type.slotCount)
    }
    for index in 0..<function.nodes.count where needsSlot(index) {
      let node = function.nodes[index]
      // Others have a slot for themselves, from their node to their end.
      guard facts[index].isRelated || node.operation == .parameter || node.operation == .argument else { continue }
      let number = UInt32(truncatingIfNeeded: classed.count)
      let (first, count) = appendSegments(of: index)
      var made = SlotClass(parent: number, first: first, count: UInt16(truncatingIfNeeded: count))
      if node.operation == .argument {
        made.fixed = Int16(truncatingIfNeeded: parameterStart[Int(node.imm)])
      }
      classed.append(UInt32(truncatingIfNeeded: index))
      classes.append(made)
      facts[index].relate()
      facts[index].link = number
    }
  }

  /// A loop's counter whose old value is still needed when the next one is computed can't share its slot with that one. If
  /// it is a branch's edge that passes the next one on, the edge computes it, in place.
  private mutating func stepOnEdges() {
    for block in 0..<function.blocks.count where function.blocks[block].isReachable {
      var parameter = function.blocks[block].firstParameter
      while parameter != .max {
        let node = function.nodes[parameter]
        defer { parameter = node.c }
        guard needsSlot(Int(parameter)) else { continue }
        let data = function.blocks[block]
        for position in 0..<data.predecessorCount {
          let value = function.operands[node.a + position]
          guard facts[value].uses == 1, needsSlot(Int(value)), isStep(function.nodes[value], of: parameter) else {
            continue
          }
          let from = function.edges[function.predecessors[data.predecessorStart + position]].from
          let last = function.blocks[from].end - 1
          guard lifetimes[value].block == from.index, function.nodes[last].operation == .branch,
            isAlive(parameter, at: 2 * last)
          else { continue }
          facts[value].residence = .edge
        }
      }
    }
  }

  /// Whether a node adds a small constant to `value`.
  private mutating func isStep(_ node: Node, of value: UInt32) -> Bool {
    guard node.operation == Operation(.i32Add) || node.operation == Operation(.i64Add), node.a == value,
      function.nodes[node.b].operation.isScalarConstant
    else { return false }
    let bits = function.nodes[node.b].imm
    return node.type == .i32 || Int32(exactly: Int64(bitPattern: bits)) != nil
  }

  private mutating func isAlive(_ value: UInt32, at position: UInt32) -> Bool {
    var segment = classes[facts[value].link].first
    while segment != .max {
      if intervals[segment].start <= position && position <= intervals[segment].end { return true }
      segment = intervals[segment].next
    }
    return false
  }

  private mutating func root(_ class: UInt32) -> UInt32 {
    var root = `class`
    while classes[root].parent != root {
      classes[root].parent = classes[classes[root].parent].parent
      root = classes[root].parent
    }
    return root
  }

  private mutating func coalesce() {
    for block in 0..<function.blocks.count
    where function.blocks[block].isReachable && function.blocks[block].firstParameter != .max {
      var parameter = function.blocks[block].firstParameter
      while parameter != .max {
        let node = function.nodes[parameter]
        defer { parameter = node.c }
        guard needsSlot(Int(parameter)) else { continue }
        let start = Int(node.a)
        for position in start..<start + Int(function.blocks[block].predecessorCount) {
          let value = function.operands[position]
          if needsSlot(Int(value)) && function.nodes[value].type.slotCount == node.type.slotCount {
            join(facts[parameter].link, facts[value].link)
          }
        }
      }
    }
  }

  private mutating func join(_ left: UInt32, _ right: UInt32) {
    let a = root(left)
    let b = root(right)
    if a == b { return }
    if classes[a].count + classes[b].count > Lowering.classLimit { return }
    if classes[a].fixed >= 0 && classes[b].fixed >= 0 { return }
    if overlap(classes[a].first, classes[b].first) { return }
    classes[a].first = merge(classes[a].first, classes[b].first)
    classes[a].count += classes[b].count
    classes[a].fixed = max(classes[a].fixed, classes[b].fixed)
    lifetimes[classed[a]].end = max(lifetimes[classed[a]].end, lifetimes[classed[b]].end)
    if facts[classed[b]].isCrossing { facts[classed[a]].cross() }
    classes[b].parent = a
  }

  /// Whether two ordered lists of segments have a position in common.
  private mutating func overlap(_ left: UInt32, _ right: UInt32) -> Bool {
    var first = left
    var second = right
    while first != .max && second != .max {
      let x = intervals[first]
      let y = intervals[second]
      if x.start <= y.end && y.start <= x.end { return true }
      if x.end < y.end { first = x.next } else { second = y.next }
    }
    return false
  }

  /// Merges two ordered lists of segments that have no position in common.
  private mutating func merge(_ left: UInt32, _ right: UInt32) -> UInt32 {
    var first = left
    var second = right
    var head = UInt32.max
    var last = UInt32.max
    while first != .max || second != .max {
      let takesFirst = second == .max || first != .max && intervals[first].start < intervals[second].start
      let taken = takesFirst ? first : second
      if takesFirst { first = intervals[taken].next } else { second = intervals[taken].next }
      if last == .max { head = taken } else { intervals[last].next = taken }
      last = taken
    }
    return head
  }

  // MARK: Linear scan

  /// Gives values and classes slots. May be done again after `lowTemporaries` has changed.
  mutating func scan() {
    let parameterSlots = function.parameterTypes.reduce(0) { $0 + $1.slotCount }
    // Crossing-ness belongs to the class.
    for number in 0..<classed.count where hasSlot(number) && facts[classed[number]].isCrossing {
      facts[classed[root(UInt32(number))]].cross()
    }
    sortClasses()
    ends.removeAll()
    crossingSlots.reset(first: parameterSlots + lowTemporaries + pinnedSlots)
    localSlots.reset(first: 0)
    // Parameter slots that no class is bound to are free from the start.
    isBound.truncate(to: 0)
    isBound.append(repeating: !function.pinnedLocals.isEmpty, count: parameterSlots)
    for number in 0..<classed.count {
      guard classes[number].fixed >= 0 && classes[number].parent == number && hasSlot(number) else { continue }
      for slot in 0..<function.nodes[classed[number]].type.slotCount {
        isBound[Int(classes[number].fixed) + slot] = true
      }
    }
    for slot in 0..<parameterSlots where !isBound[slot] { crossingSlots.free(slot, pair: false) }

    for start in 0..<buckets.count {
      // At most one value without a class begins here, among the classes by its number.
      let alone = start - 1
      var isLeft = alone >= 0 && needsSlot(alone) && !facts[alone].isRelated
      var next = buckets[start]
      while next != .max {
        let current = Int(next)
        next = chain[current]
        if isLeft && classed[current] > alone {
          placeValue(alone, at: start, fixed: -1)
          isLeft = false
        }
        placeValue(Int(classed[current]), at: start, fixed: Int(classes[current].fixed))
      }
      if isLeft { placeValue(alone, at: start, fixed: -1) }
    }
    crossingEnd = crossingSlots.high
    frameEnd = crossingSlots.high + localSlots.high
    for number in 0..<classed.count where hasSlot(number) {
      facts[classed[number]].slot = facts[classed[root(UInt32(number))]].slot
    }
    for index in 0..<function.nodes.count where needsSlot(index) && facts[index].slot >= Lowering.localBase {
      facts[index].slot += Int32(crossingSlots.high) - Lowering.localBase
    }
  }

  /// Gives the value at `index`, or the class that is named after it, slots. It begins with the positions of place `start` in
  /// `buckets`; before it, those that ended become free.
  @inline(__always)
  private mutating func placeValue(_ index: Int, at start: Int, fixed: Int) {
    while let ended = ends.first, Int(ended.end) < 2 * start - 1 {
      ends.removeFirst()
      if ended.isLocal {
        localSlots.free(ended.slot, pair: ended.isPair)
      } else {
        crossingSlots.free(ended.slot, pair: ended.isPair)
      }
    }
    let isPair = function.nodes[index].type == .v128
    let isLocal = !facts[index].isCrossing && fixed < 0
    let slot =
      fixed >= 0 ? fixed : isLocal ? localSlots.take(pair: isPair) : crossingSlots.take(pair: isPair)
    facts[index].slot = Int32(truncatingIfNeeded: slot) + (isLocal ? Lowering.localBase : 0)
    ends.insert(SlotEnd(end: lifetimes[index].end, slot: slot, isLocal: isLocal, isPair: isPair))
  }

  /// Whether the value of class `number` is in a slot: not if an edge computes it. Such a class has no other members.
  @inline(__always)
  private mutating func hasSlot(_ number: Int) -> Bool { facts[classed[number]].residence == .slot }

  /// Puts the classes in the order of their start: a counting sort. Starts are odd, the position before the first node
  /// among them, or 0 for the parameters.
  private mutating func sortClasses() {
    buckets.truncate(to: 0)
    buckets.append(repeating: UInt32.max, count: function.nodes.count + 1)
    chain.resizeWithoutContents(to: classed.count)
    var number = classed.count - 1
    while number >= 0 {
      if classes[number].parent == number && hasSlot(number) {
        let start = Int((intervals[classes[number].first].start &+ 1) / 2)
        chain[number] = buckets[start]
        buckets[start] = UInt32(number)
      }
      number -= 1
    }
  }

  /// Local slots are numbered from here until their number is known.
  private static var localBase: Int32 { 1 << 28 }
}

/// Slots that are free, lowest first.
struct SlotPool: ~Copyable {
  private(set) var high = 0
  private var singles = Heap<Int>()
  private var pairs = Heap<Int>()

  /// Starts with no free slot but those from `first` on.
  mutating func reset(first: Int) {
    high = first
    singles.removeAll()
    pairs.removeAll()
  }

  mutating func free(_ slot: Int, pair: Bool) {
    if pair { pairs.insert(slot) } else { singles.insert(slot) }
  }

  mutating func take(pair: Bool) -> Int {
    if pair {
      if let slot = pairs.first {
        pairs.removeFirst()
        return slot
      }
      high += 2
      return high - 2
    }
    if let slot = singles.first {
      singles.removeFirst()
      return slot
    }
    if let slot = pairs.first {
      pairs.removeFirst()
      singles.insert(slot + 1)
      return slot
    }
    high += 1
    return high - 1
  }
}

/// A slot that becomes free behind position `end`, packed so that comparing takes one step.
struct SlotEnd: Comparable, BitwiseCopyable {
  private var bits: UInt64

  /// Slots must be below 2^30.
  init(end: UInt32, slot: Int, isLocal: Bool, isPair: Bool) {
    bits = UInt64(end) << 32 | UInt64(truncatingIfNeeded: slot) << 2 | (isLocal ? 2 : 0) | (isPair ? 1 : 0)
  }

  var end: UInt32 { UInt32(truncatingIfNeeded: bits >> 32) }
  var slot: Int { Int(bits >> 2 & 0x3FFF_FFFF) }
  var isLocal: Bool { bits & 2 != 0 }
  var isPair: Bool { bits & 1 != 0 }
  static func < (a: SlotEnd, b: SlotEnd) -> Bool { a.bits < b.bits }
}

/// A binary heap, least element first.
struct Heap<Element: Comparable & BitwiseCopyable>: ~Copyable {
  private var elements = GrowableBuffer<Element>()

  var first: Element? { elements.isEmpty ? nil : elements[0] }

  mutating func removeAll() { elements.truncate(to: 0) }

  mutating func insert(_ element: Element) {
    elements.append(element)
    var child = elements.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      let above = elements[parent]
      if above <= element { break }
      elements[child] = above
      child = parent
    }
    elements[child] = element
  }

  /// Removes the least element; there must be one.
  mutating func removeFirst() {
    let last = elements.removeLast()
    let count = elements.count
    if count == 0 { return }
    var parent = 0
    while true {
      var child = 2 * parent + 1
      if child >= count { break }
      if child + 1 < count && elements[child + 1] < elements[child] { child += 1 }
      let below = elements[child]
      if last <= below { break }
      elements[parent] = below
      parent = child
    }
    elements[parent] = last
  }
}
