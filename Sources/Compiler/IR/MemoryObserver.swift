// How much memory the compiler's large buffers take at most: for tests, which hold the compiler to it.
//
// What counts is what is in memory, as the system tells, not what was asked for. Memory grows by being written, which nobody
// sees, and is given back by calls: so it is looked at before each of these.

import Synchronization
import WebAssembly

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

package enum MemoryObserver {
  enum Event {
    case mapped(UnsafeMutableRawPointer, Int)
    case unmapped(UnsafeMutableRawPointer)
    case moved(UnsafeMutableRawPointer, UnsafeMutableRawPointer, Int)
    case discarding
  }

  /// The mappings of a thread that is observed, and the most that was in memory.
  private struct Observation {
    var mappings: [UInt: Int] = [:]
    var peak = 0

    mutating func measure() {
      let page = Int(sysconf(Int32(_SC_PAGESIZE)))
      var resident = 0
      for (address, size) in mappings {
        #if os(Linux)
        var pages = [UInt8](repeating: 0, count: (size + page - 1) / page)
        #else
        var pages = [CChar](repeating: 0, count: (size + page - 1) / page)
        #endif
        mincore(UnsafeMutableRawPointer(bitPattern: address), size, &pages)
        for page in pages where page & 1 != 0 { resident += 1 }
      }
      peak = max(peak, resident * page)
    }
  }

  /// Threads that are observed, so that all others lose no time.
  private static let count = Atomic<Int>(0)
  private static let observations = Locked<[UInt: Observation]>([:])

  /// Does `body`. Returns the most bytes that mapped buffers, made by this thread meanwhile, had in memory.
  package static func peak(of body: () throws -> Void) rethrows -> Int {
    let thread = thread
    observations.withLock { $0[thread] = Observation() }
    count.add(1, ordering: .relaxed)
    defer {
      count.subtract(1, ordering: .relaxed)
      observations.withLock { $0[thread] = nil }
    }
    try body()
    return observations.withLock { $0[thread]!.peak }
  }

  @inline(__always)
  static func note(_ event: Event) {
    if count.load(ordering: .relaxed) != 0 { record(event) }
  }

  @inline(never)
  private static func record(_ event: Event) {
    observations.withLock { observations in
      guard var observation = observations[thread] else { return }
      switch event {
      case .mapped(let memory, let size): observation.mappings[UInt(bitPattern: memory)] = size
      case .unmapped(let memory):
        observation.measure()
        observation.mappings[UInt(bitPattern: memory)] = nil
      case .moved(let memory, let moved, let size):
        observation.mappings[UInt(bitPattern: memory)] = nil
        observation.mappings[UInt(bitPattern: moved)] = size
      case .discarding: observation.measure()
      }
      observations[thread] = observation
    }
  }

  private static var thread: UInt {
    #if os(Linux)
    UInt(pthread_self())
    #else
    UInt(bitPattern: pthread_self())
    #endif
  }
}
