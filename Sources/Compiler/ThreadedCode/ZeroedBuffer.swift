// Integers that begin as zeros, in memory whose pages cost nothing until they are touched: so that what a hostile artifact
// claims in a few bytes costs as little.

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

struct ZeroedBuffer<Element: FixedWidthInteger & BitwiseCopyable>: ~Copyable {
  private let elements: UnsafeMutablePointer<Element>

  init(count: Int) {
    guard let memory = calloc(max(count, 1), MemoryLayout<Element>.stride) else { fatalError("out of memory") }
    elements = memory.bindMemory(to: Element.self, capacity: max(count, 1))
  }

  deinit { free(elements) }

  /// `index` must be below the count.
  @inline(__always)
  subscript(index: Int) -> Element {
    get { elements[index] }
    nonmutating set { elements[index] = newValue }
  }

  /// Sets bits of the element at `index`. (`buffer[index] |= bits`, on a buffer inside another noncopyable value, is an access
  /// of something else to the thread sanitizer of Swift 6.3.)
  @inline(__always)
  func insert(_ bits: Element, at index: Int) { elements[index] |= bits }
}
