// Types with parts, which may contain themselves: entries of a table that refer to each other by index. There are no
// references between objects, so a table is a value, and comparing, walking and dropping it needs no recursion.

/// A type: one without parts, or an entry of the table that it belongs to.
public enum TypeReference: Hashable, Sendable {
  case primitive(PrimitiveType)
  case entry(Int)
}

/// A type with parts. Labels and methods are unique; fields are in the order of their numbers, methods in that of their
/// names' UTF-8 bytes.
public enum CompositeType: Hashable, Sendable {
  case opt(TypeReference)
  case vec(TypeReference)
  case record([FieldType])
  case variant([FieldType])
  case `func`(FunctionType)
  case service([MethodType])
  /// A type that this version of the format doesn't know; its values can be skipped.
  case future
}

public struct FieldType: Hashable, Sendable {
  public var label: CandidLabel
  public var type: TypeReference
}

public struct FunctionType: Hashable, Sendable {
  public var arguments: [TypeReference]
  public var results: [TypeReference]
  public var modes: FunctionModes
}

public struct MethodType: Hashable, Sendable {
  public var name: String
  /// Always an entry that is a function.
  public var function: TypeReference
}

/// How a function may be called; an update without any of these.
public struct FunctionModes: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let query = FunctionModes(rawValue: 1)
  public static let oneway = FunctionModes(rawValue: 2)
  public static let compositeQuery = FunctionModes(rawValue: 4)

  /// Name and code in the binary format, in the order of the codes.
  static let all: [(mode: FunctionModes, name: String, code: UInt8)] = [
    (.query, "query", 1), (.oneway, "oneway", 2), (.compositeQuery, "composite_query", 3),
  ]
}

/// Entries that refer to each other. Every reference in an entry is valid in its table.
public struct TypeTable: Hashable, Sendable {
  public internal(set) var entries: [CompositeType] = []
  /// The names that type definitions gave to entries.
  public internal(set) var names: [Int: String] = [:]

  public init() {}

  /// The entry behind a reference; `nil` for a type without parts.
  public subscript(_ type: TypeReference) -> CompositeType? {
    guard case .entry(let index) = type else { return nil }
    return entries[index]
  }

  /// Whether `null` is a value of the type, so that a field or argument of it may be left out.
  func acceptsNull(_ type: TypeReference) -> Bool {
    switch type {
    case .primitive(let primitive): primitive == .null || primitive == .reserved
    case .entry(let index): if case .opt = entries[index] { true } else { false }
    }
  }

  /// Whether the type is `blob`, a vector of bytes.
  func isBlob(_ type: TypeReference) -> Bool {
    if case .vec(.primitive(.nat8))? = self[type] { true } else { false }
  }
}

/// A sequence of types, as of a function's arguments or results, with the table that they refer to.
public struct CandidTypes: Hashable, Sendable {
  public internal(set) var table: TypeTable
  public internal(set) var elements: [TypeReference]

  public init(_ elements: [TypeReference] = [], in table: TypeTable = TypeTable()) {
    self.table = table
    self.elements = elements
  }

  public var count: Int { elements.count }
}
