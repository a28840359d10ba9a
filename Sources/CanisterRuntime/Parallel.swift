// Work on several threads.

import Cannery
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Does `body` for 0 ..< `count`, on at most `threads` threads, and waits for the end.
func runInParallel(_ count: Int, threads: Int, _ body: @escaping @Sendable (Int) -> Void) {
  let helpers = min(threads, count) - 1
  guard helpers > 0 else {
    for index in 0..<count { body(index) }
    return
  }
  let next = NextIndex()
  let work: @Sendable () -> Void = {
    while true {
      let index = next.take()
      if index >= count { return }
      body(index)
    }
  }
  let handles = (0..<helpers).compactMap { _ in startThread(work) }
  work()
  for handle in handles { pthread_join(handle, nil) }
}

private final class NextIndex: Sendable {
  private let value = Atomic<Int>(0)
  func take() -> Int { value.wrappingAdd(1, ordering: .relaxed).oldValue }
}
