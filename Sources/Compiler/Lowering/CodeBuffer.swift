// The threaded code being emitted: words, labels that are bound later, and the table of module offsets.

/// A place in the code that branches name before it is known.
struct Label: BitwiseCopyable {
  var index: UInt32
}

struct CodeBuffer: ~Copyable {
  var words = GrowableBuffer<UInt64>(minimumCapacity: 512)
  /// Where labels are bound; `UInt32.max` if not yet.
  private var labels = GrowableBuffer<UInt32>()
  private var targets = GrowableBuffer<Target>()
  private var tables = GrowableBuffer<TargetTable>()
  private(set) var locations = GrowableBuffer<UInt8>(minimumCapacity: 64)
  /// Where the operation that was appended last begins, and the one before it; nil where a label stands in between.
  private(set) var lastOperation: Int?
  private(set) var previousOperation: Int?
  private var lastLocatedWord = 0
  private var lastOffset = 0

  /// A word whose low 32 bits are the number of a label, until they take the displacement from an operation's first word.
  struct Target: BitwiseCopyable {
    var operation: UInt32
    var word: UInt32
  }

  /// Several such words, from `word` on.
  struct TargetTable: BitwiseCopyable {
    var operation: UInt32
    var word: UInt32
    var count: UInt32
  }

  init() {}

  /// Empties the buffer for another function.
  mutating func reset() {
    words.truncate(to: 0)
    labels.truncate(to: 0)
    targets.truncate(to: 0)
    tables.truncate(to: 0)
    locations.truncate(to: 0)
    lastOperation = nil
    previousOperation = nil
    lastLocatedWord = 0
    lastOffset = 0
  }

  /// Gives back what is only needed until `resolve`.
  mutating func releaseLabels() {
    labels = GrowableBuffer()
    targets = GrowableBuffer()
    tables = GrowableBuffer()
  }

  var position: Int { words.count }

  mutating func makeLabel() -> Label {
    labels.append(.max)
    return Label(index: UInt32(truncatingIfNeeded: labels.count - 1))
  }

  mutating func bind(_ label: Label) {
    assert(labels[label.index] == .max)
    labels[label.index] = UInt32(truncatingIfNeeded: words.count)
    // What stands before a label is not changed any more.
    lastOperation = nil
    previousOperation = nil
  }

  @inline(__always)
  mutating func append(_ operation: ThreadedOperation) { append(number: operation.number) }

  @inline(__always)
  mutating func append(number: UInt16) {
    previousOperation = lastOperation
    lastOperation = words.count
    words.append(UInt64(number))
  }

  /// The number of the operation at `position`.
  func number(at position: Int) -> UInt16 { UInt16(truncatingIfNeeded: words[position]) }

  /// Takes back everything from `position` on, where an operation begins that no label and no location names.
  mutating func takeBack(to position: Int) {
    words.truncate(to: position)
    lastOperation = nil
    previousOperation = nil
  }

  /// Makes the operation at `position` another one, with the same operand words.
  mutating func replace(_ position: Int, _ operation: ThreadedOperation) { words[position] = UInt64(operation.number) }

  @inline(__always)
  mutating func append(word: UInt64) { words.append(word) }

  /// Appends a word with the upper half of `word`, whose lower half will be the displacement from `operation` to `label`.
  mutating func append(word: UInt64, target label: Label, of operation: Int) {
    targets.append(
      Target(operation: UInt32(truncatingIfNeeded: operation), word: UInt32(truncatingIfNeeded: words.count)))
    words.append(word | UInt64(label.index))
  }

  /// Notes that the lower halves of the last `count` words are numbers of labels, and will be the displacements from
  /// `operation` to them.
  mutating func addTargets(_ count: Int, of operation: Int) {
    tables.append(
      TargetTable(
        operation: UInt32(truncatingIfNeeded: operation), word: UInt32(truncatingIfNeeded: words.count - count),
        count: UInt32(truncatingIfNeeded: count)))
  }

  /// Notes the bodies that stand in place of calls. They come before all locations.
  mutating func place(_ sites: borrowing GrowableBuffer<InlineSite>) {
    if sites.isEmpty { return }
    appendUnsigned(UInt32(truncatingIfNeeded: sites.count))
    appendUnsigned(sites[0].start)
    for index in 0..<sites.count {
      let site = sites[index]
      appendUnsigned(site.function)
      appendUnsigned(site.bodyStart)
      appendUnsigned(site.size)
      appendUnsigned(site.call)
    }
  }

  /// Notes the module offset of the operation that begins at `word`. Words must ascend.
  mutating func locate(word: Int, offset: Int) {
    appendUnsigned(UInt32(word - lastLocatedWord))
    appendSigned(Int64(offset - lastOffset))
    lastLocatedWord = word
    lastOffset = offset
  }

  /// Fills in all displacements.
  mutating func resolve() {
    for index in 0..<targets.count { resolve(targets[index].word, of: targets[index].operation) }
    for index in 0..<tables.count {
      let table = tables[index]
      for word in table.word..<table.word + table.count { resolve(word, of: table.operation) }
    }
  }

  @inline(__always)
  private mutating func resolve(_ word: UInt32, of operation: UInt32) {
    let label = UInt32(truncatingIfNeeded: words[word])
    words[word] = words[word] & ~0xFFFF_FFFF | UInt64(labels[label] &- operation)
  }

  private mutating func appendUnsigned(_ value: UInt32) {
    var rest = value
    while rest >= 0x80 {
      locations.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    locations.append(UInt8(rest))
  }

  private mutating func appendSigned(_ value: Int64) {
    var rest = value
    while rest < -64 || rest > 63 {
      locations.append(UInt8(truncatingIfNeeded: rest) & 0x7F | 0x80)
      rest >>= 7
    }
    locations.append(UInt8(truncatingIfNeeded: rest) & 0x7F)
  }
}

/// Operand fields of 16 bits, packed into a word.
@inline(__always)
func pack(_ f0: Int, _ f1: Int = 0, _ f2: Int = 0, _ f3: Int = 0) -> UInt64 {
  assert(f0 | f1 | f2 | f3 <= 0xFFFF)
  return UInt64(truncatingIfNeeded: f0) | UInt64(truncatingIfNeeded: f1) << 16 | UInt64(truncatingIfNeeded: f2) << 32
    | UInt64(truncatingIfNeeded: f3) << 48
}

/// Two fields of 16 bits and one of 32.
@inline(__always)
func pack(_ f0: Int, _ f1: Int, high: UInt32) -> UInt64 {
  assert(f0 | f1 <= 0xFFFF)
  return UInt64(truncatingIfNeeded: f0) | UInt64(truncatingIfNeeded: f1) << 16 | UInt64(high) << 32
}

/// Two fields of 32 bits.
@inline(__always)
func pack(low: Int, high: Int) -> UInt64 {
  UInt64(UInt32(truncatingIfNeeded: low)) | UInt64(UInt32(truncatingIfNeeded: high)) << 32
}
