// The decoded module: structure, with code, constant expressions and data left in place as byte ranges of the input.
//
// Source: WebAssembly 3.0, section 2.5.

/// The immutable bytes of a module. Shared by the module and everything compiled from it; frees or unmaps them at the end.
public final class ModuleBytes: @unchecked Sendable {
  // Sound as Sendable: the bytes never change after construction.
  public let buffer: UnsafeRawBufferPointer
  private let release: (UnsafeRawBufferPointer) -> Void

  /// Takes over `buffer`; `release` is called with it exactly once.
  public init(adopting buffer: UnsafeRawBufferPointer, release: @escaping (UnsafeRawBufferPointer) -> Void) {
    self.buffer = buffer
    self.release = release
  }

  /// Copies `bytes`.
  public convenience init(_ bytes: some Collection<UInt8>) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 16)
    copy.copyBytes(from: bytes)
    self.init(adopting: UnsafeRawBufferPointer(rebasing: copy[..<bytes.count])) {
      UnsafeMutableRawBufferPointer(mutating: $0).deallocate()
    }
  }

  public var count: Int { buffer.count }

  deinit { release(buffer) }
}

/// A half-open range of byte offsets into the module's bytes.
@frozen
public struct ByteRange: Hashable, Sendable {
  public var start: Int
  public var end: Int
  @inlinable public init(start: Int, end: Int) {
    self.start = start
    self.end = end
  }
  @inlinable public var count: Int { end - start }
}

public enum ImportDescription: Hashable, Sendable {
  case function(typeIndex: UInt32)
  case table(TableType)
  case memory(MemoryType)
  case global(GlobalType)
  case tag(typeIndex: UInt32)

  public var kind: ExternalKind {
    switch self {
    case .function: .function
    case .table: .table
    case .memory: .memory
    case .global: .global
    case .tag: .tag
    }
  }
}

public struct Import: Hashable, Sendable {
  public var module: String
  public var name: String
  public var description: ImportDescription
  public init(module: String, name: String, description: ImportDescription) {
    self.module = module
    self.name = name
    self.description = description
  }
}

public struct Export: Hashable, Sendable {
  public var name: String
  public var kind: ExternalKind
  public var index: UInt32
  public init(name: String, kind: ExternalKind, index: UInt32) {
    self.name = name
    self.kind = kind
    self.index = index
  }
}

/// A constant expression: its operators, up to and including the closing `end`.
public struct ConstantExpression: Hashable, Sendable {
  public var range: ByteRange
  public init(range: ByteRange) { self.range = range }
}

public struct Table: Hashable, Sendable {
  public var type: TableType
  /// The initial value of the elements; `nil` means null.
  public var initializer: ConstantExpression?
  public init(type: TableType, initializer: ConstantExpression? = nil) {
    self.type = type
    self.initializer = initializer
  }
}

public struct Global: Hashable, Sendable {
  public var type: GlobalType
  public var initializer: ConstantExpression
  public init(type: GlobalType, initializer: ConstantExpression) {
    self.type = type
    self.initializer = initializer
  }
}

public enum SegmentMode: Hashable, Sendable {
  case passive
  /// Copied at instantiation into the table or memory with this index.
  case active(index: UInt32, offset: ConstantExpression)
  /// Only declares functions that `ref.func` may name (element segments).
  case declarative
}

public struct ElementSegment: Hashable, Sendable {
  public enum Items: Hashable, Sendable {
    case functions([UInt32])
    case expressions([ConstantExpression])
    public var count: Int {
      switch self {
      case .functions(let list): list.count
      case .expressions(let list): list.count
      }
    }
  }
  public var type: ValueType
  public var mode: SegmentMode
  public var items: Items
  public init(type: ValueType, mode: SegmentMode, items: Items) {
    self.type = type
    self.mode = mode
    self.items = items
  }
}

public struct DataSegment: Hashable, Sendable {
  public var mode: SegmentMode
  public var bytes: ByteRange
  public init(mode: SegmentMode, bytes: ByteRange) {
    self.mode = mode
    self.bytes = bytes
  }
}

/// A function's entry in the code section: local declarations, then operators, then `end`.
public struct FunctionBody: Hashable, Sendable {
  public var range: ByteRange
  public init(range: ByteRange) { self.range = range }
}

/// A custom section; `contents` leaves out the name.
public struct CustomSection: Hashable, Sendable {
  public var name: String
  public var contents: ByteRange
  /// The id (1 to 13) of the last non-custom section before it; 0 if there is none.
  public var precedingSection: UInt8
  public init(name: String, contents: ByteRange, precedingSection: UInt8) {
    self.name = name
    self.contents = contents
    self.precedingSection = precedingSection
  }
}

public struct Module: Sendable {
  public var bytes: ModuleBytes
  /// All types in index order, recursive groups laid end to end.
  public var types: [SubType] = []
  /// The recursive groups, as half-open ranges of `types`.
  public var recursiveGroups: [Range<UInt32>] = []
  /// The first type that is a recursive group by itself and is written as a group. It means no more than the type alone,
  /// but before the proposal gc there were no groups to write.
  public var firstGroupOfOne: UInt32?
  public var imports: [Import] = []
  /// Type indices of the functions that the module defines.
  public var functions: [UInt32] = []
  public var tables: [Table] = []
  public var memories: [MemoryType] = []
  /// Type indices of the tags that the module defines.
  public var tags: [UInt32] = []
  /// Whether there is a tag section, if only an empty one: it came with the proposal exceptions.
  public var hasTagSection = false
  public var globals: [Global] = []
  public var exports: [Export] = []
  public var start: UInt32?
  public var elements: [ElementSegment] = []
  public var dataCount: UInt32?
  /// One body for each element of `functions`, in the same order.
  public var bodies: [FunctionBody] = []
  public var data: [DataSegment] = []
  public var customSections: [CustomSection] = []
  /// The range of the code section's contents, if there is one.
  public var codeSection: ByteRange?

  public init(bytes: ModuleBytes) { self.bytes = bytes }
}

/// The index spaces of a module: imports first, then definitions. Computed once from the `Module`.
public struct IndexSpaces: Sendable {
  /// Type index of every function.
  public private(set) var functions: [UInt32] = []
  public private(set) var tables: [TableType] = []
  public private(set) var memories: [MemoryType] = []
  public private(set) var globals: [GlobalType] = []
  /// Type index of every tag.
  public private(set) var tags: [UInt32] = []
  public private(set) var importedFunctionCount = 0
  public private(set) var importedTableCount = 0
  public private(set) var importedMemoryCount = 0
  public private(set) var importedGlobalCount = 0
  public private(set) var importedTagCount = 0

  public init(_ module: Module) {
    for item in module.imports {
      switch item.description {
      case .function(let typeIndex): functions.append(typeIndex)
      case .table(let type): tables.append(type)
      case .memory(let type): memories.append(type)
      case .global(let type): globals.append(type)
      case .tag(let typeIndex): tags.append(typeIndex)
      }
    }
    importedFunctionCount = functions.count
    importedTableCount = tables.count
    importedMemoryCount = memories.count
    importedGlobalCount = globals.count
    importedTagCount = tags.count
    functions += module.functions
    tables += module.tables.map(\.type)
    memories += module.memories
    globals += module.globals.map(\.type)
    tags += module.tags
  }
}
