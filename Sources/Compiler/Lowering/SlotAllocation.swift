// Slots for values: coalescing, then linear scan.
//
// First, parameters of blocks and the values that are passed to them join in classes, where their lifetimes allow it, so
// that the edges need no moves. Then classes get slots in order of their start. Slots are plentiful, so a class keeps its
// slot from its first to its last position; there is no spilling.
//
// The frame: function parameters, then the slots of values that live over labels (zeroed at entry), then those of values
// that live in one straight run of code, then temporaries.

import WebAssembly

/// A set of values that share a slot.
struct SlotClass: BitwiseCopyable {
  var parent: UInt32
  /// The members' lifetimes in order: a list through `LoweringInterval.next`.
  var first: UInt32 = .max
  var count: UInt32 = 0
  var start: UInt32
  var end: UInt32
  /// A function parameter's slot, or -1.
  var fixed: Int32 = -1
}

struct LoweringInterval: BitwiseCopyable {
  var start: UInt32
  var end: UInt32
  var next: UInt32
}

extension Lowering {
  /// Segments of lifetimes that a class has at most: it bounds the work of comparing them.
  private static var classLimit: UInt32 { 128 }

  /// Fills in `ValueFacts.slot`, `crossingEnd` and `frameEnd`.
  mutating func allocateSlots() {
    makeClasses()
    if coalesces {
      stepOnEdges()
      coalesce()
    }
    scan()
  }

  private mutating func needsSlot(_ index: Int) -> Bool {
    facts[index].residence == .slot && facts[index].argumentOf == 0
  }

  private mutating func makeClasses() {
    classes.truncate(to: 0)
    intervals.truncate(to: 0)
    aliveAtEnd.truncate(to: 0)
    aliveAtEnd.append(repeating: 0, count: function.blocks.count)
    segmentBudget = 4096 + 16 * (function.nodes.count + function.blocks.count)
    var parameterSlots: [Int32] = []
    var slot: Int32 = 0
    for type in function.parameterTypes {
      parameterSlots.append(slot)
      slot += Int32(type.slotCount)
    }
    for index in 0..<function.nodes.count {
      let value = facts[index]
      var made = SlotClass(parent: UInt32(index), start: value.start, end: value.end)
      if needsSlot(index) {
        (made.first, made.count) = appendSegments(of: index)
        // Arguments are there from the function's start, whatever node names them.
        if function.nodes[index].operation == .argument {
          made.fixed = parameterSlots[Int(function.nodes[index].imm)]
          made.start = 0
        }
      }
      classes.append(made)
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
          guard facts[value].block == from.index, function.nodes[last].operation == .branch,
            isAlive(parameter, at: 2 * last)
          else { continue }
          facts[value].residence = .edge
          classes[value].first = .max
          classes[value].count = 0
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
    var segment = classes[value].first
    while segment != .max {
      if intervals[segment].start <= position && position <= intervals[segment].end { return true }
      segment = intervals[segment].next
    }
    return false
  }

  private mutating func root(_ value: UInt32) -> UInt32 {
    var root = value
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
            join(parameter, value)
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
    classes[a].start = min(classes[a].start, classes[b].start)
    classes[a].end = max(classes[a].end, classes[b].end)
    classes[a].fixed = max(classes[a].fixed, classes[b].fixed)
    if facts[b].isCrossing { facts[a].isCrossing = true }
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

  private mutating func scan() {
    let parameterSlots = function.parameterTypes.reduce(0) { $0 + $1.slotCount }
    // Crossing-ness belongs to the class.
    for index in 0..<function.nodes.count where needsSlot(index) && facts[index].isCrossing {
      facts[root(UInt32(index))].isCrossing = true
    }
    // Classes in order of their start: a counting sort over positions.
    let positions = 2 * function.nodes.count + 2
    buckets.truncate(to: 0)
    buckets.append(repeating: UInt32.max, count: positions)
    chain.truncate(to: 0)
    chain.append(repeating: UInt32.max, count: function.nodes.count)
    var index = function.nodes.count - 1
    while index >= 0 {
      if needsSlot(index) && classes[index].parent == UInt32(index) {
        let start = min(Int(classes[index].start &+ 1), positions - 1)
        chain[index] = buckets[start]
        buckets[start] = UInt32(index)
      }
      index -= 1
    }
    ends.removeAll()
    var crossing = SlotPool(first: parameterSlots + lowTemporaries + pinnedSlots)
    var local = SlotPool(first: 0)
    // Parameter slots that no class is bound to are free from the start.
    var bound = [Bool](repeating: false, count: parameterSlots)
    if !function.pinnedLocals.isEmpty { bound = [Bool](repeating: true, count: parameterSlots) }
    for index in 0..<function.nodes.count where classes[index].fixed >= 0 && classes[index].parent == UInt32(index) {
      for slot in 0..<function.nodes[index].type.slotCount { bound[Int(classes[index].fixed) + slot] = true }
    }
    for slot in 0..<parameterSlots where !bound[slot] { crossing.free(slot, pair: false) }

    for start in 0..<positions {
      var next = buckets[start]
      while next != .max {
        let current = Int(next)
        next = chain[current]
        let begin = classes[current].start
        while let ended = ends.first, ended.end < begin {
          ends.removeFirst()
          if ended.isLocal {
            local.free(ended.slot, pair: ended.isPair)
          } else {
            crossing.free(ended.slot, pair: ended.isPair)
          }
        }
        let isPair = function.nodes[current].type == .v128
        let isLocal = !facts[current].isCrossing && classes[current].fixed < 0
        let slot: Int
        if classes[current].fixed >= 0 {
          slot = Int(classes[current].fixed)
        } else {
          slot = isLocal ? local.take(pair: isPair) : crossing.take(pair: isPair)
        }
        facts[current].slot = Int32(isLocal ? slot + Lowering.localBase : slot)
        ends.insert(SlotEnd(end: classes[current].end, slot: slot, isLocal: isLocal, isPair: isPair))
      }
    }
    crossingEnd = crossing.high
    frameEnd = crossing.high + local.high
    for index in 0..<function.nodes.count where needsSlot(index) {
      let slot = Int(facts[Int(root(UInt32(index)))].slot)
      facts[index].slot = Int32(slot >= Lowering.localBase ? slot - Lowering.localBase + crossing.high : slot)
    }
  }

  /// Local slots are numbered from here until their number is known.
  private static var localBase: Int { 1 << 28 }
}

/// Slots that are free, lowest first.
struct SlotPool {
  private(set) var high: Int
  private var singles = Heap<Int>()
  private var pairs = Heap<Int>()

  init(first: Int) { high = first }

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

/// A slot that becomes free behind position `end`.
struct SlotEnd: Comparable {
  var end: UInt32
  var slot: Int
  var isLocal: Bool
  var isPair: Bool
  static func < (a: SlotEnd, b: SlotEnd) -> Bool { a.end != b.end ? a.end < b.end : a.slot < b.slot }
}

/// A binary heap, least element first.
struct Heap<Element: Comparable> {
  private var elements: [Element] = []

  var first: Element? { elements.first }
  var isEmpty: Bool { elements.isEmpty }

  mutating func removeAll() { elements.removeAll(keepingCapacity: true) }

  mutating func insert(_ element: Element) {
    elements.append(element)
    var child = elements.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      if elements[parent] <= elements[child] { return }
      elements.swapAt(parent, child)
      child = parent
    }
  }

  mutating func removeFirst() {
    guard let last = elements.popLast(), !elements.isEmpty else { return }
    elements[0] = last
    var parent = 0
    while true {
      var child = 2 * parent + 1
      if child >= elements.count { return }
      if child + 1 < elements.count && elements[child + 1] < elements[child] { child += 1 }
      if elements[parent] <= elements[child] { return }
      elements.swapAt(parent, child)
      parent = child
    }
  }
}
