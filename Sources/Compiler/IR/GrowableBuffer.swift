// A growable array for the compiler's arenas: owned by one place, never shared, so neither reference counts nor copies.

/// Trivial elements in one allocation. Indices are checked in debug builds only; callers hold the invariant
/// `0 <= index < count`.
public struct GrowableBuffer<Element: BitwiseCopyable>: ~Copyable {
  @usableFromInline var storage: UnsafeMutablePointer<Element>
  public private(set) var count: Int
  @usableFromInline var capacity: Int

  public init(minimumCapacity: Int = 16) {
    capacity = max(minimumCapacity, 4)
    storage = BufferMemory.allocate(capacity * MemoryLayout<Element>.stride, alignment: MemoryLayout<Element>.alignment)
      .assumingMemoryBound(to: Element.self)
    count = 0
  }

  deinit { BufferMemory.free(storage, capacity * MemoryLayout<Element>.stride) }

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
    if count + added > capacity { grow(for: count + added) }
    (storage + count).initialize(repeating: element, count: added)
    count += added
  }

  public mutating func append(contentsOf elements: borrowing GrowableBuffer<Element>) {
    if count + elements.count > capacity { grow(for: count + elements.count) }
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
    if newCount > capacity { grow(for: newCount) }
    count = newCount
  }

  public var isEmpty: Bool { count == 0 }

  /// The elements, for reading until the next change.
  public var elements: UnsafeBufferPointer<Element> { UnsafeBufferPointer(start: storage, count: count) }

  /// The elements in place, for writing until the next append.
  public var mutableElements: UnsafeMutableBufferPointer<Element> {
    UnsafeMutableBufferPointer(start: storage, count: count)
  }

  /// The elements before `index` are not looked at any more: gives the memory of those that fill pages back.
  mutating func discard(before index: Int) {
    assert(index <= count)
    BufferMemory.discard(
      index * MemoryLayout<Element>.stride, of: storage, size: capacity * MemoryLayout<Element>.stride)
  }

  @inline(never)
  private mutating func growForAppend() { grow(for: capacity + 1) }

  /// Makes room for `needed` elements, more than there is, and for some more.
  private mutating func grow(for needed: Int) {
    let stride = MemoryLayout<Element>.stride
    let size = BufferMemory.grown(capacity * stride, for: needed * stride)
    storage = BufferMemory.resize(
      storage, from: capacity * stride, to: size / stride * stride, used: count * stride,
      alignment: MemoryLayout<Element>.alignment
    ).assumingMemoryBound(to: Element.self)
    capacity = size / stride
  }
}
