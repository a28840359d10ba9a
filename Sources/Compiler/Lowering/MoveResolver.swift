// Parallel moves: all sources are read before any destination is written. Emits them as a sequence, with a temporary for
// each cycle.

/// A move of one slot.
struct SlotMove: BitwiseCopyable {
  var source: Int
  var destination: Int
}

struct MoveResolver {
  private var pending: [SlotMove] = []
  /// By slot: how many pending moves read it, and which pending move writes it (plus 1).
  private var readers: [Int: Int] = [:]
  private var writer: [Int: Int] = [:]
  private var ready: [Int] = []
  private var isDone: [Bool] = []

  var isEmpty: Bool { pending.isEmpty }

  mutating func reset() { pending.removeAll(keepingCapacity: true) }

  mutating func add(_ source: Int, _ destination: Int) {
    if source != destination { pending.append(SlotMove(source: source, destination: destination)) }
  }

  /// Gives the moves in an order that respects them all. Destinations must be distinct; `temporary` is a slot that none
  /// of them names. Only one cycle is open at a time, so that one temporary serves all.
  mutating func resolve(temporary: Int) -> [SlotMove] {
    if pending.count <= 1 {
      defer { pending.removeAll(keepingCapacity: true) }
      return pending
    }
    var sequence: [SlotMove] = []
    sequence.reserveCapacity(pending.count + 1)
    readers.removeAll(keepingCapacity: true)
    writer.removeAll(keepingCapacity: true)
    ready.removeAll(keepingCapacity: true)
    isDone = [Bool](repeating: false, count: pending.count)
    for (index, move) in pending.enumerated() {
      readers[move.source, default: 0] += 1
      writer[move.destination] = index
    }
    for (index, move) in pending.enumerated() where readers[move.destination, default: 0] == 0 { ready.append(index) }
    var cursor = 0
    var readerOf: [Int: Int] = [:]
    while true {
      while let index = ready.popLast() {
        let move = pending[index]
        sequence.append(move)
        isDone[index] = true
        let left = readers[move.source]! - 1
        readers[move.source] = left
        // Whoever writes what nobody reads any more can go.
        if left == 0, let next = writer[move.source], !isDone[next] { ready.append(next) }
      }
      while cursor < pending.count && isDone[cursor] { cursor += 1 }
      if cursor == pending.count { break }
      // Only cycles are left. Saving one destination opens its cycle.
      let destination = pending[cursor].destination
      sequence.append(SlotMove(source: destination, destination: temporary))
      if readerOf.isEmpty {
        // In cycles each slot has one reader.
        for index in cursor..<pending.count where !isDone[index] { readerOf[pending[index].source] = index }
      }
      let reader = readerOf[destination]!
      pending[reader].source = temporary
      readers[temporary] = 1
      readers[destination] = 0
      ready.append(cursor)
    }
    pending.removeAll(keepingCapacity: true)
    return sequence
  }
}
