// Composite types, recursive types, limits and the types of external items.
//
// Source: WebAssembly 3.0, sections 2.3.7 to 2.3.17.

public struct FunctionType: Hashable, Sendable {
  public var parameters: [ValueType]
  public var results: [ValueType]
  public init(parameters: [ValueType], results: [ValueType]) {
    self.parameters = parameters
    self.results = results
  }
}

/// What a field of a structure or array stores: a value, or a packed integer.
public enum StorageType: Hashable, Sendable {
  case value(ValueType)
  case i8
  case i16

  /// The type of the value on the operand stack.
  public var unpacked: ValueType {
    if case .value(let type) = self { return type }
    return .i32
  }
}

public struct FieldType: Hashable, Sendable {
  public var storage: StorageType
  public var isMutable: Bool
  public init(storage: StorageType, isMutable: Bool) {
    self.storage = storage
    self.isMutable = isMutable
  }
}

public enum CompositeType: Hashable, Sendable {
  case function(FunctionType)
  case structure([FieldType])
  case array(FieldType)
}

public struct SubType: Hashable, Sendable {
  public var isFinal: Bool
  /// Type indices of the declared supertypes; at most one in a valid module.
  public var supertypes: [UInt32]
  public var composite: CompositeType
  public init(isFinal: Bool = true, supertypes: [UInt32] = [], composite: CompositeType) {
    self.isFinal = isFinal
    self.supertypes = supertypes
    self.composite = composite
  }
}

/// The type of addresses of a memory or table.
public enum AddressType: UInt8, Hashable, Sendable {
  case i32, i64
  public var valueType: ValueType { self == .i32 ? .i32 : .i64 }
}

/// The size range of a memory (64 KiB pages) or a table (elements). `maximum` is `nil` where none is declared.
public struct Limits: Hashable, Sendable {
  public var address: AddressType
  public var minimum: UInt64
  public var maximum: UInt64?
  public init(address: AddressType = .i32, minimum: UInt64, maximum: UInt64? = nil) {
    self.address = address
    self.minimum = minimum
    self.maximum = maximum
  }
}

public struct MemoryType: Hashable, Sendable {
  /// Bytes in a Wasm page.
  public static let pageSize: UInt64 = 65_536
  public var limits: Limits
  public init(limits: Limits) { self.limits = limits }
}

public struct TableType: Hashable, Sendable {
  public var element: ValueType
  public var limits: Limits
  public init(element: ValueType, limits: Limits) {
    self.element = element
    self.limits = limits
  }
}

public struct GlobalType: Hashable, Sendable {
  public var value: ValueType
  public var isMutable: Bool
  public init(value: ValueType, isMutable: Bool) {
    self.value = value
    self.isMutable = isMutable
  }
}

/// The five kinds of things that modules import and export, with their binary codes.
public enum ExternalKind: UInt8, Hashable, Sendable, CaseIterable {
  case function, table, memory, global, tag
}
