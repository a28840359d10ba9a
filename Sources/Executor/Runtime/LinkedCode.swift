// Linking: on a function's first call its code is copied out of the artifact, verified in that copy, and its operation
// numbers are replaced by the addresses of handlers. Shared by all instances of the module, on any thread.

import Compiler
import WebAssembly

/// The handlers' addresses, for memories with and without write tracking.
enum HandlerTables {
  // Sound as shared state: written once here, only read afterwards.
  nonisolated(unsafe) static let plain: HandlerTable = table(tracked: false)
  nonisolated(unsafe) static let tracked: HandlerTable = table(tracked: true)

  private static func table(tracked: Bool) -> HandlerTable {
    let first = makeHandlers(tracked: tracked)
    let further = makeHandlerCopies(tracked: tracked)
    precondition(first.count == ThreadedOperation.count)
    func address(_ handler: Handler) -> UInt64 { UInt64(unsafeBitCast(handler, to: UInt.self)) }
    var handlers = first.map { [address($0)] }
    var start = 0
    for (operation, copies) in handlerCopyCounts {
      handlers[Int(operation.number)] += further[start..<start + copies].map(address)
      start += copies
    }
    return HandlerTable(handlers)
  }
}

/// Code that no artifact holds: what the outermost frame and frames on an instance's border return to. Before each
/// operation stands the word that a return reads: the distance of the frames and the slot of a single result.
enum RuntimeCode {
  // Sound as shared state: written once here, only read afterwards.
  nonisolated(unsafe) private static let words: UnsafePointer<UInt64> = {
    let words = UnsafeMutablePointer<UInt64>.allocate(capacity: 8)
    words[0] = 0
    words[1] = HandlerTables.plain[.exit]
    words[2] = UInt64(borderSlots) | UInt64(borderSlots - 1) << 32
    words[3] = HandlerTables.plain[.leaveInstance]
    words[4] = 0
    words[5] = HandlerTables.plain[.resumeHostCall]
    words[6] = 0
    words[7] = HandlerTables.plain[.retryHostCall]
    return UnsafePointer(words)
  }()

  nonisolated(unsafe) static let exit: PC = words + 1
  nonisolated(unsafe) static let leaveInstance: PC = words + 3
  nonisolated(unsafe) static let resumeHostCall: PC = words + 5
  nonisolated(unsafe) static let retryHostCall: PC = words + 7
}

/// What a call must know to do the work of the callee's `enter` itself. It stands in the two words before linked code, so
/// that `enterCallee` needs nothing else.
struct CalleeEntry {
  /// The slot from which slots are zeroed, plus 1, `zeroedSlots` of them, or twice as many if the upper half is not 0;
  /// all 0 if none are.
  var zeroFrom: UInt64 = 0
  /// The charge, and in the upper half the frame's cost. All ones where `enter` must be executed: such a frame is never
  /// within the limit.
  var cost = UInt64.max

  static let zeroedSlots = 8

  /// From verified code that is not linked yet.
  init(_ words: UnsafeMutablePointer<UInt64>, frameSlots: Int) {
    let zeros = Int(words[2] & 0xFFFF_FFFF)
    let from = Int(words[2] >> 32)
    let steps = zeros <= CalleeEntry.zeroedSlots ? 1 : 2
    guard words[0] == UInt64(ThreadedOperation.enter.number), zeros <= steps * CalleeEntry.zeroedSlots,
      zeros == 0 || from + steps * CalleeEntry.zeroedSlots <= frameSlots
    else { return }
    zeroFrom = zeros == 0 ? 0 : UInt64(from + 1) | UInt64(steps - 1) << 32
    cost = words[1]
  }
}

/// The linked functions of one artifact, for one of the two kinds of memory.
package final class LinkedCode: @unchecked Sendable {
  // Sound as Sendable: cells are atomic, everything else that changes is behind the lock, linked code is written before
  // its cell and never again.
  package let artifact: Artifact
  /// Words before a function's code: its `CalleeEntry`.
  private static let prefix = 2
  let isTracked: Bool
  let cells: UnsafeMutablePointer<CodeCell>
  private let lock = Locked(LinkedFunctions())

  private struct LinkedFunctions {
    var blocks: [(start: UInt, words: Int, function: Int)] = []
  }

  package init(artifact: Artifact, isTracked: Bool) {
    self.artifact = artifact
    self.isTracked = isTracked
    // calloc'ed memory is a valid array of cells that hold 0, and the pages of large arrays come zeroed when touched.
    cells = zeroedCells(max(artifact.functionCount, 1))
  }

  deinit {
    lock.withLock { linked in
      for block in linked.blocks {
        UnsafeMutablePointer<UInt64>(bitPattern: block.start - UInt(LinkedCode.prefix) * 8)?.deallocate()
      }
    }
    freeCells(cells)
  }

  /// Verifies and links defined function `index`, unless another thread has.
  package func link(_ index: Int) throws(ArtifactError) {
    // Verification runs outside the lock: two threads may both do it, one of the copies is dropped.
    if cells[index].load(ordering: .acquiring) != 0 { return }
    let function = try artifact.function(index)
    let count = function.wordCount
    let memory = UnsafeMutablePointer<UInt64>.allocate(capacity: LinkedCode.prefix + max(count, 1))
    let words = memory + LinkedCode.prefix
    let source = artifact.bytes.buffer
    for word in 0..<count {
      words[word] = UInt64(
        littleEndian: source.loadUnaligned(fromByteOffset: function.codeOffset + word * 8, as: UInt64.self))
    }
    do throws(ArtifactError) {
      try verify(artifact, function, index: index, words: UnsafeMutableBufferPointer(start: words, count: count))
    } catch {
      memory.deallocate()
      throw error
    }
    let entry = CalleeEntry(words, frameSlots: function.frameSlots)
    memory[0] = entry.zeroFrom
    memory[1] = entry.cost
    Compiler.link(
      UnsafeMutableBufferPointer(start: words, count: count), function: index,
      to: isTracked ? HandlerTables.tracked : HandlerTables.plain)
    let start = UInt(bitPattern: words)
    let isFirst = lock.withLock { linked in
      if cells[index].load(ordering: .acquiring) != 0 { return false }
      linked.blocks.append((start, count, index))
      cells[index].store(start, ordering: .releasing)
      return true
    }
    if !isFirst { memory.deallocate() }
  }

  /// Links every function now.
  package func linkAll() throws(ArtifactError) {
    for index in 0..<artifact.functionCount { try link(index) }
  }

  /// The defined function whose linked code holds `pc`, and the word in it; nil if `pc` is in none.
  package func location(of pc: PC) -> (function: Int, word: Int)? {
    let address = UInt(bitPattern: pc)
    return lock.withLock { linked in
      for block in linked.blocks where address >= block.start && address < block.start + UInt(block.words * 8) {
        return (block.function, Int(address - block.start) / 8)
      }
      return nil
    }
  }
}
