// What the validation of a function body needs to know about its module, as flat tables behind raw pointers: the loop
// over operators reads them without reference counting, bounds checks or copies. Every list of value types is a range
// of one pool, so a block's type is two words, whether it names a function type or is a single value.
//
// Source: WebAssembly 3.0, section 3.1 (contexts).

import WasmBinary
import WebAssembly

/// A range of the pool of value types.
struct TypeList {
  var start: UInt32
  var count: UInt16
  /// How many of them are v128, which take two slots.
  var vectors: UInt16

  static let empty = TypeList(start: 0, count: 0, vectors: 0)
}

/// A type of the module.
struct TypeEntry {
  var canonicalId: UInt32
  var kind: CompositeKind
  /// Of a function.
  var parameters = TypeList.empty
  var results = TypeList.empty
  /// The range of the field table that a structure or array has.
  var firstField: UInt32 = 0
  var fieldCount: UInt32 = 0
}

struct FieldEntry {
  /// The type on the operand stack.
  var type: ValueType
  /// 0, or the bits of a packed integer.
  var packedBits: UInt8
  var isMutable: Bool
}

struct GlobalEntry {
  var type: ValueType
  var isMutable: Bool
}

struct TableEntry {
  var element: ValueType
  var address: ValueType
}

/// The pointers of a `ValidationContext`. Whoever holds a copy must keep the context alive.
struct ContextTables {
  var pool: UnsafePointer<ValueType>
  var types: UnsafePointer<TypeEntry>
  var typeCount: UInt32
  var fields: UnsafePointer<FieldEntry>
  var canonical: CanonicalTypeTable
  /// Type index of every function.
  var functions: UnsafePointer<UInt32>
  var functionCount: UInt32
  /// A bit for every function that `ref.func` may name. Written only while the module outside its bodies is validated.
  var declared: UnsafeMutablePointer<UInt64>
  var tables: UnsafePointer<TableEntry>
  var tableCount: UInt32
  /// The address type of every memory.
  var memories: UnsafePointer<ValueType>
  var memoryCount: UInt32
  var globals: UnsafePointer<GlobalEntry>
  var globalCount: UInt32
  /// Type index of every tag.
  var tags: UnsafePointer<UInt32>
  var tagCount: UInt32
  /// The type of every element segment.
  var elements: UnsafePointer<ValueType>
  var elementCount: UInt32
  /// `nil` without a data count section.
  var dataCount: UInt32?

  /// Where the pool holds `type` alone: numbers first, then abstract, then concrete references, each non-null and
  /// nullable.
  @inline(__always)
  func single(_ type: ValueType) -> TypeList {
    var start = type.bits
    if type.isReference {
      let heap = type.heapType
      let pair = heap.isConcrete ? heap.typeIndex + 16 : heap.bits >> 1
      start = 8 + 2 * pair + (type.isNullable ? 1 : 0)
    }
    return TypeList(start: start, count: 1, vectors: type == .v128 ? 1 : 0)
  }

  @inline(__always)
  func isDeclared(_ function: UInt32) -> Bool { declared[Int(function >> 6)] >> UInt64(function & 63) & 1 != 0 }

  func declare(_ function: UInt32) { declared[Int(function >> 6)] |= 1 << UInt64(function & 63) }

  /// `heap` with a canonical id in place of a type index.
  @inline(__always)
  func canonical(_ heap: HeapType) -> HeapType {
    heap.isConcrete ? .concrete(types[Int(heap.typeIndex)].canonicalId) : heap
  }

  @inline(__always)
  func matches(_ sub: HeapType, _ supertype: HeapType) -> Bool {
    sub == supertype || canonical.matches(canonical(sub), canonical(supertype))
  }

  /// Whether `sub` matches `supertype`, both types of the module.
  @inline(__always)
  func matches(_ sub: ValueType, _ supertype: ValueType) -> Bool {
    sub == supertype || matchesSlowly(sub, supertype)
  }

  @inline(never)
  private func matchesSlowly(_ sub: ValueType, _ supertype: ValueType) -> Bool {
    if sub == .bottom { return true }
    guard sub.isReference && supertype.isReference else { return false }
    if sub.isNullable && !supertype.isNullable { return false }
    return matches(sub.heapType, supertype.heapType)
  }

  /// Whether lists match element by element.
  func matches(_ sub: TypeList, _ supertype: TypeList) -> Bool {
    if sub.count != supertype.count { return false }
    if sub.start == supertype.start { return true }
    for index in 0..<Int(sub.count)
    where !matches(pool[Int(sub.start) + index], pool[Int(supertype.start) + index]) {
      return false
    }
    return true
  }
}

/// A module whose parts outside the function bodies are valid, prepared for validating the bodies. Immutable and
/// shared: any number of `FunctionValidator`s on any threads may use one context at once.
public final class ValidationContext: @unchecked Sendable {
  // Sound as Sendable: the tables are written during initialization and while `ModuleValidator`, their only owner then,
  // checks constant expressions; afterwards they are only read.
  public let module: Module
  public let spaces: IndexSpaces
  public let features: Features
  /// The canonical id of every type of the module, in the order of first occurrence; comparable within the module only.
  public let canonicalTypes: [UInt32]
  /// Interned the module's types; its table says which match.
  public let canonicalizer: TypeCanonicalizer
  /// The proposals that the module uses outside its function bodies.
  public internal(set) var usedProposals: Features = .mvp
  let tables: ContextTables
  private let allocations: [UnsafeMutableRawPointer]

  /// The types, imports and index spaces of `module` must be valid.
  init(module: Module, spaces: IndexSpaces, features: Features, canonicalizer: TypeCanonicalizer, ids: [UInt32]) {
    self.module = module
    self.spaces = spaces
    self.features = features
    self.canonicalizer = canonicalizer
    canonicalTypes = ids
    var allocator = TableAllocator()
    var builder = TypePoolBuilder(typeCount: module.types.count)
    let types = module.types.enumerated().map { builder.entry($1, canonicalId: ids[$0]) }
    let declaredWords = (spaces.functions.count + 63) / 64
    tables = ContextTables(
      pool: allocator.table(builder.pool),
      types: allocator.table(types), typeCount: UInt32(types.count),
      fields: allocator.table(builder.fields),
      canonical: canonicalizer.table,
      functions: allocator.table(spaces.functions), functionCount: UInt32(spaces.functions.count),
      declared: allocator.mutableTable(Array(repeating: 0, count: declaredWords)),
      tables: allocator.table(
        spaces.tables.map { TableEntry(element: $0.element, address: $0.limits.address.valueType) }),
      tableCount: UInt32(spaces.tables.count),
      memories: allocator.table(spaces.memories.map(\.limits.address.valueType)),
      memoryCount: UInt32(spaces.memories.count),
      globals: allocator.table(spaces.globals.map { GlobalEntry(type: $0.value, isMutable: $0.isMutable) }),
      globalCount: UInt32(spaces.globals.count),
      tags: allocator.table(spaces.tags), tagCount: UInt32(spaces.tags.count),
      elements: allocator.table(module.elements.map(\.type)), elementCount: UInt32(module.elements.count),
      dataCount: module.dataCount)
    allocations = allocator.allocations
  }

  deinit { for allocation in allocations { allocation.deallocate() } }

  /// Whether value type `sub` matches `supertype`, both types of the module.
  public func matches(_ sub: ValueType, _ supertype: ValueType) -> Bool { tables.matches(sub, supertype) }

  /// Whether a body may take a reference to function `index` (below the number of functions).
  public func isDeclared(_ index: UInt32) -> Bool { tables.isDeclared(index) }
}

/// Copies arrays into memory of their own and remembers what to free.
private struct TableAllocator {
  var allocations: [UnsafeMutableRawPointer] = []

  mutating func mutableTable<Element>(_ content: [Element]) -> UnsafeMutablePointer<Element> {
    let table = UnsafeMutablePointer<Element>.allocate(capacity: max(content.count, 1))
    _ = UnsafeMutableBufferPointer(start: table, count: content.count).initialize(from: content)
    allocations.append(UnsafeMutableRawPointer(table))
    return table
  }

  mutating func table<Element>(_ content: [Element]) -> UnsafePointer<Element> { UnsafePointer(mutableTable(content)) }
}

/// Lays the types of a module out in the pool and the field table.
private struct TypePoolBuilder {
  var pool: [ValueType]
  var fields: [FieldEntry] = []

  /// Starts with the single types, as `ContextTables.single` finds them.
  init(typeCount: Int) {
    pool = (0..<8).map { ValueType(bits: $0) }
    pool.reserveCapacity(40 + 2 * typeCount)
    for number in 0..<UInt32(16) { append(HeapType(bits: number << 1)) }
    for index in 0..<UInt32(typeCount) { append(.concrete(index)) }
  }

  private mutating func append(_ heap: HeapType) {
    pool.append(.ref(heap, nullable: false))
    pool.append(.ref(heap, nullable: true))
  }

  private mutating func list(_ types: [ValueType]) -> TypeList {
    let start = UInt32(pool.count)
    pool += types
    let vectors = types.reduce(0) { $0 + ($1 == .v128 ? 1 : 0) }
    return TypeList(start: start, count: UInt16(types.count), vectors: UInt16(vectors))
  }

  mutating func entry(_ type: SubType, canonicalId: UInt32) -> TypeEntry {
    var entry = TypeEntry(canonicalId: canonicalId, kind: type.composite.kind)
    entry.firstField = UInt32(fields.count)
    switch type.composite {
    case .function(let function):
      entry.parameters = list(function.parameters)
      entry.results = list(function.results)
    case .structure(let list): for field in list { append(field) }
    case .array(let field): append(field)
    }
    entry.fieldCount = UInt32(fields.count) - entry.firstField
    return entry
  }

  private mutating func append(_ field: FieldType) {
    let bits: UInt8 =
      switch field.storage {
      case .value: 0
      case .i8: 8
      case .i16: 16
      }
    fields.append(FieldEntry(type: field.storage.unpacked, packedBits: bits, isMutable: field.isMutable))
  }
}
