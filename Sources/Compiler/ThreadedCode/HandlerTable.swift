// Linking: numbers of operations are replaced by what the executor's handlers are known by.
//
// An operation may have several handlers that do the same (the reason is in the generator's HandlerCopies.swift). Each place
// in a function takes the next one of its kind, so places near each other have different ones.

/// The words that stand for operations in linked code. Made once, never freed.
public struct HandlerTable {
  /// By operation number: the index of the first handler, shifted left by 8, and the number of its handlers less one.
  private let entries: UnsafePointer<UInt32>
  private let words: UnsafePointer<UInt64>

  /// `handlers` has the words of each operation, by its number: a power of two of them, at most 128.
  public init(_ handlers: [[UInt64]]) {
    precondition(handlers.count == ThreadedOperation.count)
    let entries = UnsafeMutablePointer<UInt32>.allocate(capacity: handlers.count)
    let words = UnsafeMutablePointer<UInt64>.allocate(capacity: handlers.reduce(0) { $0 + $1.count })
    var start = 0
    for (number, list) in handlers.enumerated() {
      precondition(list.count.nonzeroBitCount == 1 && list.count <= 128)
      entries[number] = UInt32(start) << 8 | UInt32(list.count - 1)
      for word in list {
        words[start] = word
        start += 1
      }
    }
    self.entries = UnsafePointer(entries)
    self.words = UnsafePointer(words)
  }

  /// The first handler of `operation`.
  public subscript(operation: ThreadedOperation) -> UInt64 { words[Int(entries[Int(operation.number)] >> 8)] }

  /// A handler of the operation with `number`, which is below the count, and the turn of the next one.
  @inline(__always)
  fileprivate func handler(_ number: Int, _ turns: UnsafeMutablePointer<UInt8>) -> UInt64 {
    let entry = entries[number]
    var index = Int(entry >> 8)
    let others = UInt8(truncatingIfNeeded: entry)
    if others != 0 {
      index += Int(turns[number] & others)
      turns[number] &+= 1
    }
    return words[index]
  }
}

/// Replaces the numbers of operations in `words`, which are verified, by the words that `handlers` has for them. Which of
/// several handlers depends on the words and on `function`, the function's index.
public func link(_ words: UnsafeMutableBufferPointer<UInt64>, function: Int, to handlers: HandlerTable) {
  let operations = VerificationTable.shared.operations
  let base = words.baseAddress!
  withUnsafeTemporaryAllocation(of: UInt8.self, capacity: ThreadedOperation.count) { turns in
    // Functions that call each other begin with different handlers.
    turns.initialize(repeating: UInt8(truncatingIfNeeded: function))
    let turns = turns.baseAddress!
    var position = 0
    while position < words.count {
      let number = Int(base[position])
      let operation = operations[number]
      base[position] = handlers.handler(number, turns)
      if operation.isSwitch { position += ThreadedOperation.switchCount(at: base + position) }
      position += Int(operation.wordCount)
    }
  }
}
