// The memory of value stacks. A process can have far more stores than executions: so few stores keep a stack between
// executions, and the others take one when an execution begins.

import Compiler
import Synchronization
import WebAssembly

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The stacks of one size: those in use, and some that wait for a user. Safe to use from any thread.
///
/// What an execution leaves on a stack, the next one never sees: code reads no slot that it hasn't written.
final class StackPool: @unchecked Sendable {
  // Sound as Sendable: all that changes are atomic words.
  /// Bytes of each stack.
  let bytes: Int
  /// Addresses of stacks that wait; 0 where there is none.
  private let waiting: UnsafeMutablePointer<Atomic<UInt>>
  /// Stacks that there are, used or not.
  let count: UnsafeMutablePointer<Atomic<Int>>

  /// So many stacks may be kept by stores that execute nothing.
  static let keptStacks = 64
  /// So many wait for a user.
  private static let waitingStacks = 16
  /// Words from one of `waiting` to the next: threads that use others don't share their lines of the cache.
  private static let stride = 8

  /// One entry for each size that there ever was. A pool's end must not touch it: it may come inside the lock.
  private struct Weak: Sendable { weak var pool: StackPool? }
  private static let pools = Locked<[Int: Weak]>([:])

  /// The pool of stacks of `bytes` bytes, as long as someone has it.
  static func ofStacks(_ bytes: Int) -> StackPool {
    pools.withLock { pools in
      if let pool = pools[bytes]?.pool { return pool }
      let pool = StackPool(bytes: bytes)
      pools[bytes] = Weak(pool: pool)
      return pool
    }
  }

  private init(bytes: Int) {
    self.bytes = bytes
    count = .allocate(capacity: 1)
    count.initialize(to: Atomic(0))
    let words = StackPool.waitingStacks * StackPool.stride
    waiting = .allocate(capacity: words)
    for word in 0..<words { (waiting + word).initialize(to: Atomic(0)) }
  }

  deinit {
    // Stores have given back theirs: each has the pool.
    for slot in 0..<StackPool.waitingStacks {
      let address = waiting[slot * StackPool.stride].load(ordering: .acquiring)
      if let stack = UnsafeMutableRawPointer(bitPattern: address) { unmapStack(stack, bytes) }
    }
    waiting.deinitialize(count: StackPool.waitingStacks * StackPool.stride).deallocate()
    count.deinitialize(count: 1).deallocate()
  }

  /// A stack; nil where the system has no memory.
  func take() -> UnsafeMutableRawPointer? {
    let first = StackPool.firstSlot
    for offset in 0..<StackPool.waitingStacks {
      let slot = waiting + (first + offset) % StackPool.waitingStacks * StackPool.stride
      if slot.pointee.load(ordering: .relaxed) == 0 { continue }
      let address = slot.pointee.exchange(0, ordering: .acquiring)
      if let stack = UnsafeMutableRawPointer(bitPattern: address) { return stack }
    }
    guard let stack = mapStack(bytes) else { return nil }
    count.pointee.add(1, ordering: .relaxed)
    return stack
  }

  /// Takes back a stack that nobody uses any more.
  func give(_ stack: UnsafeMutableRawPointer) {
    let first = StackPool.firstSlot
    for offset in 0..<StackPool.waitingStacks {
      let slot = waiting + (first + offset) % StackPool.waitingStacks * StackPool.stride
      if slot.pointee.load(ordering: .relaxed) != 0 { continue }
      let (isStored, _) = slot.pointee.compareExchange(
        expected: 0, desired: UInt(bitPattern: stack), ordering: .releasing)
      if isStored { return }
    }
    count.pointee.subtract(1, ordering: .relaxed)
    unmapStack(stack, bytes)
  }

  /// Where a thread looks first: mostly not where others do.
  private static var firstSlot: Int {
    #if canImport(Darwin)
    Int(bitPattern: pthread_self()) >> 12 & (waitingStacks - 1)
    #else
    Int(truncatingIfNeeded: pthread_self() >> 12) & (waitingStacks - 1)
    #endif
  }
}

extension Store {
  // MARK: The stack of the store

  /// Bytes of a stack for so many slots by `StackCost`. Beyond the logical limit there is room for frames that are larger
  /// than their cost, and for borders between instances: the compiler's frames never reach the end before the limit.
  static func stackBytes(slots: Int) -> Int {
    ((max(slots, 0) * 2 * frameRatio + 4 * frameReserve) * 8 + 65_535) & ~65_535
  }

  /// Stacks of this size that there are, in all stores.
  package var stackCount: Int { context.pointee.stackCount.pointee.load(ordering: .relaxed) }

  /// The base of the stack for an execution that begins.
  @inline(__always)
  func takeStack() throws(ExecutionError) -> FP {
    if let base = context.pointee.stackBase { return base }
    guard let stack = stacks.take() else { throw .outOfMemory }
    return use(stack)
  }

  @inline(never)
  private func use(_ stack: UnsafeMutableRawPointer) -> FP {
    let base = stack.bindMemory(to: UInt64.self, capacity: stacks.bytes / 8)
    context.pointee.stackBase = base
    context.pointee.stackEnd = UInt(bitPattern: stack + stacks.bytes) - UInt(2 * frameReserve * 8)
    return base
  }

  /// No execution uses the stack any more, nor looks for its results there.
  @inline(__always)
  func leaveStack() {
    let count = context.pointee.stackCount.pointee.load(ordering: .relaxed)
    if _slowPath(count > StackPool.keptStacks) { giveStackBack() }
  }

  @inline(never)
  func giveStackBack() {
    guard let base = removeStack() else { return }
    stacks.give(UnsafeMutableRawPointer(base))
  }

  /// The stack, which is the caller's now; nil if the store has none.
  func removeStack() -> FP? {
    defer {
      context.pointee.stackBase = nil
      context.pointee.stackEnd = 0
    }
    return context.pointee.stackBase
  }

  /// Makes the store use a stack that `removeStack` gave, in place of its own.
  func exchangeStack(for base: FP) {
    giveStackBack()
    _ = use(UnsafeMutableRawPointer(base))
  }
}
