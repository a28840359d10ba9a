// A growable array for the compiler's arenas: owned by one place, never shared, so neither reference counts nor copies.

/// Trivial elements in one allocation. Indices are checked in debug builds only; callers hold the invariant
/// `0 <= index < count`.
public struct GrowableBuffer<Element: BitwiseCopyable>: ~Copyable {
  @usableFromInline var storage: UnsafeMutablePointer<Element>
  public private(set) var count: Int
  @usableFromInline var capacity: Int

  public init(minimumCapacity: Int = 16) {
    capacity = max(minimumCapacity, 4)
    storage = .allocate(capacity: capacity)
    count = 0
  }

  deinit { storage.deallocate() }

  public subscript(index: Int) -> Element {
    @inline(__always) get {
      assert(index >= 0 && index < count)
      return storage[index]
    }
    @inline(__always) _modify {
      assert(index >= 0 && index < count)
      yield &storage[index]
    }
  }

  public subscript(index: UInt32) -> Element {
    @inline(__always) get { self[Int(index)] }
    @inline(__always) _modify { yield &self[Int(index)] }
  }

  public subscript(value: Value) -> Element {
    @inline(__always) get { self[Int(value.index)] }
    @inline(__always) _modify { yield &self[Int(value.index)] }
  }

  public subscript(block: Block) -> Element {
    @inline(__always) get { self[Int(block.index)] }
    @inline(__always) _modify { yield &self[Int(block.index)] }
  }

  /// Amortised constant time.
  @inline(__always)
  public mutating func append(_ element: Element) {
    if count == capacity { growForAppend() }
    storage[count] = element
    // Fewer than `capacity`, so this doesn't overflow.
    count &+= 1
  }

  public mutating func append(repeating element: Element, count added: Int) {
    if count + added > capacity { grow(to: max(capacity * 2, count + added)) }
    (storage + count).initialize(repeating: element, count: added)
    count += added
  }

  public mutating func append(contentsOf elements: borrowing GrowableBuffer<Element>) {
    if count + elements.count > capacity { grow(to: max(capacity * 2, count + elements.count)) }
    (storage + count).initialize(from: elements.storage, count: elements.count)
    count += elements.count
  }

  @inline(__always)
  public mutating func removeLast() -> Element {
    assert(count > 0)
    count &-= 1
    return storage[count]
  }

  /// Drops the elements from `newCount` on; keeps the allocation.
  public mutating func truncate(to newCount: Int) {
    assert(newCount >= 0 && newCount <= count)
    count = newCount
  }

  /// Makes the buffer `newCount` elements long; what they are is undefined.
  mutating func resizeWithoutContents(to newCount: Int) {
    if newCount > capacity { grow(to: max(capacity * 2, newCount)) }
    count = newCount
  }

  public var isEmpty: Bool { count == 0 }

  /// The elements, for reading until the next change.
  public var elements: UnsafeBufferPointer<Element> { UnsafeBufferPointer(start: storage, count: count) }

  /// The elements in place, for writing until the next append.
  public var mutableElements: UnsafeMutableBufferPointer<Element> {
    UnsafeMutableBufferPointer(start: storage, count: count)
  }

  @inline(never)
  private mutating func growForAppend() { grow(to: capacity * 2) }

  private mutating func grow(to newCapacity: Int) {
    let larger = UnsafeMutablePointer<Element>.allocate(capacity: newCapacity)
    larger.update(from: storage, count: count)
    storage.deallocate()
    storage = larger
    capacity = newCapacity
  }
}
