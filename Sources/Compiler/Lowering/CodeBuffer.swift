// The threaded code being emitted: words, labels that are bound later, and the table of module offsets.

/// A place in the code that branches name before it is known.
struct Label: BitwiseCopyable {
  var index: Int
}

struct CodeBuffer: ~Copyable {
  var words = GrowableBuffer<UInt64>(minimumCapacity: 512)
  private var labels = GrowableBuffer<Int>()
  private var fixups = GrowableBuffer<Fixup>()
  private(set) var locations = GrowableBuffer<UInt8>(minimumCapacity: 64)
  /// Where the operation that was appended last begins, and the one before it; nil where a label stands in between.
  private(set) var lastOperation: Int?
  private(set) var previousOperation: Int?
  private var lastLocatedWord = 0
  private var lastOffset = 0

  struct Fixup: BitwiseCopyable {
    var label: Int
    /// The branch operation's first word, and the word whose low 32 bits take the displacement.
    var operation: Int
    var word: Int
  }

  init() {}

  /// Empties the buffer for another function.
  mutating func reset() {
    words.truncate(to: 0)
    labels.truncate(to: 0)
    fixups.truncate(to: 0)
    locations.truncate(to: 0)
    lastOperation = nil
    previousOperation = nil
    lastLocatedWord = 0
    lastOffset = 0
  }

  var position: Int { words.count }

  mutating func makeLabel() -> Label {
    labels.append(-1)
    return Label(index: labels.count - 1)
  }

  mutating func bind(_ label: Label) {
    assert(labels[label.index] < 0)
    labels[label.index] = words.count
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

  /// Notes that the word at `word`, of the operation at `operation`, takes the displacement to `label`.
  mutating func addFixup(_ label: Label, operation: Int, word: Int) {
    fixups.append(Fixup(label: label.index, operation: operation, word: word))
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
    for index in 0..<fixups.count {
      let fixup = fixups[index]
      let displacement = labels[fixup.label] - fixup.operation
      words[fixup.word] |= UInt64(UInt32(bitPattern: Int32(displacement)))
    }
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
