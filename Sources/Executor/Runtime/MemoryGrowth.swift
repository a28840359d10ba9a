// What a host may say about memories that Wasm code grows: a limit that depends on more than the memory, or a price.

import WebAssembly

/// Is called when an execution's `memory.grow` has made a memory larger, before the code goes on: with the memory, and its
/// size before and now in 64 KiB pages. An error that it throws ends the execution with a trap that carries it, as an error
/// of a host function does; a thrown `TrapKind` traps as that. Then the memory stays as large as it is, until what the
/// execution did is undone (`Store.rollBack`).
///
/// It is no host function: it can't call Wasm code of the store (`ExecutionError.storeIsSuspended`), or charge instructions.
public typealias MemoryGrowthHook = (_ memory: Memory, _ oldPages: UInt64, _ newPages: UInt64) throws -> Void

extension Store {
  /// Calls the hook. False where it threw; then `refusedGrowth` and `pendingError` say what.
  func allows(_ hook: MemoryGrowthHook, _ memory: Memory, _ oldPages: UInt64) -> Bool {
    // No host function runs: the frame of the last one is no place for what a call would need.
    let host = context.pointee.host
    context.pointee.host = RunningHostFunction()
    defer { context.pointee.host = host }
    do {
      try hook(memory, oldPages, memory.pageCount)
      return true
    } catch let kind as TrapKind {
      refusedGrowth = kind
    } catch {
      refusedGrowth = .hostError
      pendingError = error
    }
    return false
  }
}
