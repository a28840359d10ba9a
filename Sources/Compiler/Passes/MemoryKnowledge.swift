// What simplification knows of the contents of memories and globals at the place that it writes.
//
// Each store is a definition of the memory's contents that follows another one; whatever else may write begins anew. Where
// paths meet, what was written on any of them since they parted follows the definition that they have in common; at the head
// of a loop, what the loop writes. So a definition is on every path to where it counts. What a load or store has shown of
// some bytes holds as long as the definitions since then wrote other bytes: those of the same base at a distance.
//
// Tables are of fixed size and a walk over definitions has few steps, so that hostile code costs findings, not time.

import WebAssembly

/// Bytes that an access touches if it does not trap: from `root + displacement` on, modulo 2^32 where addresses have 32 bits.
struct MemoryRange: BitwiseCopyable {
  var displacement: UInt64
  /// A value; `absolute` if there is only the displacement; `anywhere` for bytes that may be any.
  var root: UInt32
  var memory: UInt32 = 0
  var size: UInt8 = 0
  var is64 = false

  static let absolute = UInt32.max
  static let anywhere = UInt32.max - 1

  /// Whether the ranges certainly have no byte in common.
  func isDisjoint(with other: MemoryRange) -> Bool {
    // Two imported memories may be one.
    guard root == other.root, memory == other.memory, root != MemoryRange.anywhere else { return false }
    let mask: UInt64 = is64 ? .max : 0xFFFF_FFFF
    let ahead = (other.displacement &- displacement) & mask
    let behind = (displacement &- other.displacement) & mask
    return ahead >= UInt64(size) && behind >= UInt64(other.size)
  }
}

/// What an access touches, and when it traps.
struct AccessedBytes: BitwiseCopyable {
  var range: MemoryRange
  /// The part of the displacement that is added without wrapping round: of two accesses that begin at the same place, the
  /// one with the lower offset does not trap because of it if the other one does not.
  var offset: UInt64

  /// Whether an access to these bytes does not trap where one to `other`, which begin at the same place, has not.
  func isSafe(after other: AccessedBytes) -> Bool { offset <= other.offset && range.size <= other.range.size }
}

struct MemoryKnowledge: ~Copyable {
  // Not private: see `DeadCodeOpt.Need`.
  struct Definition: BitwiseCopyable {
    var range: MemoryRange
    /// The definition before; `UInt32.max` if what was before counts no more.
    var parent: UInt32
  }

  /// The bytes are the low ones of `value`, as long as nothing since `definition` wrote others there.
  struct Contents: BitwiseCopyable {
    var bytes: AccessedBytes
    var value: UInt32
    var definition: UInt32
    /// Number of the run of the pass that knows it.
    var run: UInt32
  }

  /// Global `index` is `value`, where `block` dominates and the generation is `generation`.
  struct Content: BitwiseCopyable {
    var index: UInt32
    var value: UInt32
    var block: UInt32
    var generation: UInt32
    var run: UInt32
  }

  /// What a block leaves behind.
  struct State: BitwiseCopyable {
    var definition: UInt32
    var generation: UInt32
  }

  private static let contentsCount = 512
  private static let globalCount = 64
  /// How many stores to other places may lie between.
  private static let reach = 24
  /// How many stores may be merged where two paths meet.
  private static let mergeReach = 8

  private var definitions = GrowableBuffer<Definition>()
  private var contents = GrowableBuffer<Contents>(minimumCapacity: contentsCount)
  private var globals = GrowableBuffer<Content>(minimumCapacity: globalCount)
  private var ends = GrowableBuffer<State>()
  private var state = State(definition: 0, generation: 0)
  private var generations: UInt32 = 0
  private var run: UInt32 = 0

  init() {
    let nothing = AccessedBytes(range: MemoryRange(displacement: 0, root: MemoryRange.anywhere), offset: 0)
    contents.append(
      repeating: Contents(bytes: nothing, value: .max, definition: .max, run: 0), count: Self.contentsCount)
    globals.append(
      repeating: Content(index: .max, value: .max, block: .max, generation: 0, run: 0), count: Self.globalCount)
  }

  /// Forgets all, for another function.
  mutating func reset() {
    run &+= 1
    definitions.truncate(to: 0)
    ends.truncate(to: 0)
    generations = 0
    forgetMemory()
    forgetGlobals()
  }

  // MARK: Blocks

  /// The next block begins, of which no predecessor is known yet.
  mutating func beginBlock() {
    ends.append(state)
    state = State(definition: .max, generation: .max)
  }

  /// An edge leads to it from `block`.
  mutating func addPredecessor(_ block: UInt32) {
    let end = ends[block]
    if state.definition == .max { state.definition = end.definition }
    if state.generation == .max { state.generation = end.generation }
    if state.definition != end.definition { merge(end.definition) }
    if state.generation != end.generation { forgetGlobals() }
  }

  /// The definitions that paths from here and from `other` bring become one.
  private mutating func merge(_ other: UInt32) {
    let start = definitions.count
    var (first, second) = (state.definition, other)
    while first != second {
      // Definitions follow lower ones.
      let later = max(first, second)
      let definition = definitions[later]
      if definition.range.root == MemoryRange.anywhere || definitions.count - start == Self.mergeReach {
        definitions.truncate(to: start)
        forgetMemory()
        return
      }
      definitions.append(definition)
      if first == later { first = definition.parent } else { second = definition.parent }
    }
    // These ranges one after the other, behind what both have in common.
    var parent = first
    for index in start..<definitions.count {
      definitions[index].parent = parent
      parent = UInt32(truncatingIfNeeded: index)
    }
    state.definition = parent
  }

  mutating func endBlock(_ block: UInt32) { ends[block] = state }

  // MARK: Memories

  /// Anything may have been written.
  mutating func forgetMemory() { define(MemoryRange(displacement: 0, root: MemoryRange.anywhere), after: .max) }

  private mutating func define(_ range: MemoryRange, after parent: UInt32) {
    state.definition = UInt32(truncatingIfNeeded: definitions.count)
    definitions.append(Definition(range: range, parent: parent))
  }

  /// `range` has been written.
  mutating func overwrite(_ range: MemoryRange) { define(range, after: state.definition) }

  /// `bytes` hold `value`: they have been read or written.
  mutating func learn(_ bytes: AccessedBytes, _ value: UInt32) {
    contents[place(bytes.range)] = Contents(bytes: bytes, value: value, definition: state.definition, run: run)
  }

  @inline(__always)
  private func place(_ range: MemoryRange) -> Int {
    let hash = (UInt64(range.root) << 20 ^ UInt64(range.memory) ^ range.displacement) &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: hash >> 55)
  }

  /// What is known of at least as many bytes as `bytes`, from where they begin on, if an access to them can't trap.
  mutating func contents(of bytes: AccessedBytes) -> Contents? {
    let range = bytes.range
    let known = contents[place(range)]
    guard known.run == run, known.bytes.range.root == range.root,
      known.bytes.range.displacement == range.displacement, known.bytes.range.memory == range.memory,
      bytes.isSafe(after: known.bytes)
    else { return nil }
    var definition = state.definition
    for _ in 0..<Self.reach {
      if definition == known.definition { return known }
      guard definitions[definition].range.isDisjoint(with: range) else { return nil }
      definition = definitions[definition].parent
    }
    return nil
  }

  // MARK: Globals

  /// Any mutable global may have been set.
  mutating func forgetGlobals() {
    state.generation = generations
    generations += 1
  }

  /// Global `index` is `value` in new block `block` from here on.
  mutating func learn(global index: UInt64, _ value: UInt32, in block: UInt32) {
    let place = Int(truncatingIfNeeded: index) & (Self.globalCount - 1)
    globals[place] = Content(
      index: UInt32(truncatingIfNeeded: index), value: value, block: block, generation: state.generation, run: run)
  }

  /// The value of global `index`, and the block that it is known from.
  func value(ofGlobal index: UInt64) -> (value: UInt32, block: UInt32)? {
    let known = globals[Int(truncatingIfNeeded: index) & (Self.globalCount - 1)]
    guard known.run == run, known.index == index, known.generation == state.generation else { return nil }
    return (known.value, known.block)
  }
}
