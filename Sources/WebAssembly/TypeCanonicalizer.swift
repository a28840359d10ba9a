// Type equivalence. Two types are the same if their recursive groups have the same structure (iso-recursive
// equivalence), so a group is interned as a whole: it is written as a sequence of words in which references out of the
// group are canonical ids and references into the group are positions, and equal sequences get equal ids.
//
// Source: WebAssembly 3.0, sections 3.1 (rolling and unrolling) and 3.3 (matching).

/// Gives every type of the modules added to it a canonical id: equal ids mean equivalent types, whatever module they
/// come from. A validator uses one for one module, an engine one for all of its modules.
///
/// Thread-safe: adding locks, reading `table` does not. Ids count up from 0 in the order of first addition and are
/// below 2^27, so that they fit a `HeapType`. What was added stays until the canonicalizer goes.
public final class TypeCanonicalizer: Sendable {
  /// Facts of the canonical types, by id.
  public let table: CanonicalTypeTable
  private let state: Locked<State>

  public init() {
    table = CanonicalTypeTable()
    state = Locked(State())
  }

  deinit { table.deallocate(count: state.withLock { $0.typeCount }) }

  /// Canonical types known so far.
  public var count: Int { state.withLock { $0.typeCount } }

  /// The canonical id of each of `types`, the types of one module in index order with their recursive groups.
  ///
  /// The groups must cover `types` in order, a type must have one supertype at most, which precedes it, and no type may
  /// refer beyond its group: what `validate` checks. Throws `limitExceeded` if ids run out. Linear in the size of the
  /// types.
  public func add(_ types: [SubType], groups: [Range<UInt32>]) throws(ModuleError) -> [UInt32] {
    try state.withLock { (state) throws(ModuleError) in
      state.ids = []
      state.ids.reserveCapacity(types.count)
      for group in groups {
        precondition(Int(group.lowerBound) == state.ids.count, "groups must cover the types in order")
        try state.intern(types, Scope(group: group), table)
      }
      return state.takeIds()
    }
  }

  /// The canonical id of a function type that stands alone; concrete heap types in it are canonical ids already. Throws
  /// where one is no such id.
  public func add(_ type: FunctionType) throws(ModuleError) -> UInt32 {
    try state.withLock { (state) throws(ModuleError) in
      for value in type.parameters + type.results where value.isReference && value.heapType.isConcrete {
        let index = value.heapType.typeIndex
        guard Int(index) < state.typeCount else {
          throw ModuleError(.invalid, .unknownType, offset: 0, detail: "\(index) is no type of the engine")
        }
      }
      let scope = Scope(group: 0..<1, canonicalCount: UInt32(state.typeCount))
      try state.intern([SubType(composite: .function(type))], scope, table)
      return state.takeIds()[0]
    }
  }
}

/// How the type indices in a group are to be read.
private struct Scope {
  var group: Range<UInt32>
  /// Not nil: type indices are canonical ids, below this one.
  var canonicalCount: UInt32?
}

/// The groups seen so far as words, and a hash table over them.
private struct State {
  /// The structures of all groups, one after the other. The form of a type is self-delimiting, so different groups
  /// never look alike.
  private var words: [UInt32] = []
  private var groups: [Group] = []
  /// Open addressing with linear probing: group number + 1, or 0 where free. The size is a power of two.
  private var buckets: [UInt32] = Array(repeating: 0, count: 64)
  private(set) var typeCount = 0
  /// Canonical ids of the types of the module that is being added.
  var ids: [UInt32] = []

  private struct Group {
    var hash: Int
    /// End of the group's words; they begin where those of the group before end.
    var end: Int
    var firstId: UInt32
  }

  mutating func takeIds() -> [UInt32] {
    let taken = ids
    ids = []
    return taken
  }

  /// Appends to `ids` the canonical ids of the types in `scope.group`.
  mutating func intern(_ types: [SubType], _ scope: Scope, _ table: CanonicalTypeTable) throws(ModuleError) {
    let start = words.count
    for index in scope.group { write(types[Int(index)], scope) }
    let hash = words.withUnsafeBytes { bytes in
      // Seeded anew in each process, so collisions cannot be prepared; no order or output depends on it.
      var hasher = Hasher()
      hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: bytes[(4 * start)...]))
      return hasher.finalize()
    }
    var bucket = hash & (buckets.count - 1)
    while buckets[bucket] != 0 {
      let number = Int(buckets[bucket]) - 1
      if groups[number].hash == hash && words[range(of: number)] == words[start...] {
        words.removeSubrange(start...)
        for position in 0..<UInt32(scope.group.count) { ids.append(groups[number].firstId + position) }
        return
      }
      bucket = (bucket + 1) & (buckets.count - 1)
    }

    guard typeCount + scope.group.count <= CanonicalTypeTable.maximumCount else {
      words.removeSubrange(start...)
      throw ModuleError(.limit, .limitExceeded, offset: 0, detail: "canonical types")
    }
    let firstId = UInt32(typeCount)
    buckets[bucket] = UInt32(groups.count + 1)
    groups.append(Group(hash: hash, end: words.count, firstId: firstId))
    typeCount += scope.group.count
    for index in scope.group {
      let type = types[Int(index)]
      let id = firstId + (index - scope.group.lowerBound)
      ids.append(id)
      let supertype = type.supertypes.first.map { scope.canonicalCount == nil ? ids[Int($0)] : $0 }
      table.append(id: id, kind: type.composite.kind, isFinal: type.isFinal, supertype: supertype)
    }
    if 2 * groups.count > buckets.count { grow() }
  }

  private func range(of group: Int) -> Range<Int> { (group == 0 ? 0 : groups[group - 1].end)..<groups[group].end }

  private mutating func grow() {
    buckets = Array(repeating: 0, count: 2 * buckets.count)
    for (number, group) in groups.enumerated() {
      var bucket = group.hash & (buckets.count - 1)
      while buckets[bucket] != 0 { bucket = (bucket + 1) & (buckets.count - 1) }
      buckets[bucket] = UInt32(number + 1)
    }
  }

  // MARK: Words

  private mutating func write(_ type: SubType, _ scope: Scope) {
    precondition(type.supertypes.count <= 1, "more than one supertype")
    words.append(type.composite.kind.rawValue | (type.isFinal ? 4 : 0) | (type.supertypes.isEmpty ? 0 : 8))
    for supertype in type.supertypes { words.append(reference(supertype, scope)) }
    switch type.composite {
    case .function(let function):
      write(function.parameters, scope)
      write(function.results, scope)
    case .structure(let fields):
      words.append(UInt32(fields.count))
      for field in fields { write(field, scope) }
    case .array(let field): write(field, scope)
    }
  }

  /// A reference to a type: its position in the group with bit 0 set, or its canonical id.
  private func reference(_ index: UInt32, _ scope: Scope) -> UInt32 {
    if let count = scope.canonicalCount {
      precondition(index < count, "not a canonical id")
      return index << 1
    }
    precondition(index < scope.group.upperBound, "a type refers beyond its recursive group")
    return index >= scope.group.lowerBound ? (index - scope.group.lowerBound) << 1 | 1 : ids[Int(index)] << 1
  }

  private mutating func write(_ types: [ValueType], _ scope: Scope) {
    words.append(UInt32(types.count))
    for type in types { write(type, scope) }
  }

  /// The type's own bits, but for concrete references: there kind 6 or 7 tells a canonical id from a position in the
  /// group.
  private mutating func write(_ type: ValueType, _ scope: Scope) {
    guard type.isReference, type.heapType.isConcrete else { return words.append(type.bits) }
    let reference = reference(type.heapType.typeIndex, scope)
    words.append((reference & 1 != 0 ? 7 : 6) | (type.isNullable ? 8 : 0) | 16 | (reference >> 1) << 5)
  }

  private mutating func write(_ field: FieldType, _ scope: Scope) {
    words.append(field.isMutable ? 1 : 0)
    switch field.storage {
    case .value(let type): write(type, scope)
    case .i8: words.append(8)
    case .i16: words.append(16)
    }
  }
}
