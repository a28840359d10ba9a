// Type matching (subtyping) over canonical ids: what validation asks of operands, and linking and `call_indirect` of
// functions. A check of two concrete types takes O(log depth) steps by skip pointers: each type knows its supertype and
// one ancestor further up, chosen so that the way to any depth is short (Myers' skew-binary lists).
//
// Source: WebAssembly 3.0, section 3.3.

/// The three kinds of composite types.
public enum CompositeKind: UInt32, Hashable, Sendable {
  case function, structure, array
}

extension CompositeType {
  public var kind: CompositeKind {
    switch self {
    case .function: .function
    case .structure: .structure
    case .array: .array
    }
  }
}

extension HeapType {
  /// The type below all others. It stands for the heap type of a reference whose operand is unknown because the code is
  /// unreachable, and never occurs in a module.
  @inlinable public static var bottom: HeapType { HeapType(bits: 12 << 1) }

  /// The abstract type's number, 0 to 12.
  @inlinable var abstractNumber: UInt32 { bits >> 1 }

  /// The abstract types that an abstract type matches, a bit for each number.
  @inlinable @inline(__always)
  static func supertypes(ofAbstract number: UInt32) -> UInt32 {
    // Numbers: 0 func, 1 extern, 2 any, 3 eq, 4 i31, 5 struct, 6 array, 7 none, 8 nofunc, 9 noextern, 10 exn, 11 noexn.
    switch number {
    case 0: 1 << 0
    case 1: 1 << 1
    case 2: 1 << 2
    case 3: 1 << 3 | 1 << 2
    case 4: 1 << 4 | 1 << 3 | 1 << 2
    case 5: 1 << 5 | 1 << 3 | 1 << 2
    case 6: 1 << 6 | 1 << 3 | 1 << 2
    case 7: 1 << 7 | 1 << 6 | 1 << 5 | 1 << 4 | 1 << 3 | 1 << 2
    case 8: 1 << 8 | 1 << 0
    case 9: 1 << 9 | 1 << 1
    case 10: 1 << 10
    case 11: 1 << 11 | 1 << 10
    default: 0x1FFF
    }
  }

  /// The abstract types that concrete types of `kind` match, a bit for each number.
  @inlinable @inline(__always)
  static func supertypes(of kind: CompositeKind) -> UInt32 {
    switch kind {
    case .function: supertypes(ofAbstract: 0)
    case .structure: supertypes(ofAbstract: 5)
    case .array: supertypes(ofAbstract: 6)
    }
  }

  /// The top of the hierarchy that the type belongs to: `func`, `extern`, `any` or `exn`.
  /// `kind` is the kind of a concrete type's definition.
  public func top(kind: CompositeKind) -> HeapType {
    if isConcrete { return kind == .function ? .func : .any }
    switch self {
    case .func, .nofunc: return .func
    case .extern, .noextern: return .extern
    case .exn, .noexn: return .exn
    default: return .any
    }
  }
}

extension ValueType {
  /// The type with type indices replaced by canonical ids.
  @inlinable
  public func canonical(_ ids: [UInt32]) -> ValueType {
    isReference && heapType.isConcrete
      ? .ref(.concrete(ids[Int(heapType.typeIndex)]), nullable: isNullable) : self
  }
}

/// Facts of one canonical type.
@frozen
public struct CanonicalType: Sendable {
  /// Canonical id of the declared supertype, or the type's own id if it has none.
  public var supertype: UInt32
  /// Canonical id of an ancestor at least as far up as `supertype`, or the type's own id.
  public var skip: UInt32
  /// Declared supertypes above the type.
  public var depth: UInt32
  public var kind: CompositeKind
  public var isFinal: Bool
}

/// The facts of canonical types by id, readable without a lock while others are added.
///
/// Soundness: a `TypeCanonicalizer` owns the memory, and its users keep it alive. Entries never move (they are in
/// chunks of doubling size) and are written before their id is handed out; a thread that has an id got it from the
/// thread that added it by some synchronised way.
@frozen
public struct CanonicalTypeTable: @unchecked Sendable {
  @usableFromInline let chunks: UnsafeMutablePointer<UnsafeMutablePointer<CanonicalType>>

  static let maximumCount = 1 << 27
  /// Chunk `c` holds `64 << c` entries; 22 of them hold 2^28 - 64.
  private static let chunkCount = 22

  init() {
    chunks = .allocate(capacity: CanonicalTypeTable.chunkCount)
  }

  /// The chunk of type `id` and the place in it.
  @inlinable @inline(__always)
  static func place(_ id: UInt32) -> (chunk: Int, index: Int) {
    let number = UInt64(id) &+ 64
    let chunk = 57 &- number.leadingZeroBitCount
    return (chunk, Int(number &- 64 &<< UInt64(truncatingIfNeeded: chunk)))
  }

  /// The facts of type `id`, which must have been handed out by the owner.
  @inlinable
  public subscript(id: UInt32) -> CanonicalType {
    @inline(__always) get {
      let (chunk, index) = CanonicalTypeTable.place(id)
      return chunks[chunk][index]
    }
  }

  /// Adds the type with the next id. Only the owner calls it, under its lock.
  func append(id: UInt32, kind: CompositeKind, isFinal: Bool, supertype: UInt32?) {
    let (chunk, index) = CanonicalTypeTable.place(id)
    if index == 0 { (chunks + chunk).initialize(to: .allocate(capacity: 64 << chunk)) }
    var type = CanonicalType(supertype: id, skip: id, depth: 0, kind: kind, isFinal: isFinal)
    if let supertype {
      let parent = self[supertype]
      let above = self[parent.skip]
      type.supertype = supertype
      type.depth = parent.depth + 1
      // Two skips of equal length are joined to one that spans both.
      type.skip =
        parent.depth - above.depth == above.depth - self[above.skip].depth ? above.skip : supertype
    }
    (chunks[chunk] + index).initialize(to: type)
  }

  func deallocate(count: Int) {
    if count > 0 { for chunk in 0...CanonicalTypeTable.place(UInt32(count - 1)).chunk { chunks[chunk].deallocate() } }
    chunks.deallocate()
  }

  /// Whether `sub` is `supertype` or declared below it. O(log depth).
  @inlinable
  public func isSubtype(_ sub: UInt32, of supertype: UInt32) -> Bool {
    if sub == supertype { return true }
    let depth = self[supertype].depth
    var id = sub
    var type = self[id]
    while type.depth > depth {
      id = self[type.skip].depth >= depth ? type.skip : type.supertype
      type = self[id]
    }
    return id == supertype
  }

  /// Whether heap type `sub` matches `supertype`; concrete types are canonical ids.
  @inlinable
  public func matches(_ sub: HeapType, _ supertype: HeapType) -> Bool {
    if sub == supertype { return true }
    if !supertype.isConcrete {
      let all =
        sub.isConcrete
        ? HeapType.supertypes(of: self[sub.typeIndex].kind) : HeapType.supertypes(ofAbstract: sub.abstractNumber)
      return all >> supertype.abstractNumber & 1 != 0
    }
    if sub.isConcrete { return isSubtype(sub.typeIndex, of: supertype.typeIndex) }
    if sub == .bottom { return true }
    return sub == (self[supertype.typeIndex].kind == .function ? HeapType.nofunc : HeapType.none)
  }

  /// Whether value type `sub` matches `supertype`; concrete types are canonical ids.
  @inlinable
  public func matches(_ sub: ValueType, _ supertype: ValueType) -> Bool {
    if sub == supertype || sub == .bottom { return true }
    guard sub.isReference && supertype.isReference else { return false }
    if sub.isNullable && !supertype.isNullable { return false }
    return matches(sub.heapType, supertype.heapType)
  }
}
