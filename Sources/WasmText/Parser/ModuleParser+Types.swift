// Types: value types, reference types, limits, type definitions, type uses.
//
// Source: WebAssembly 3.0, sections 6.4 and 6.6.4.

import WebAssembly

/// What identifiers of parameters do.
enum ParameterNames {
  /// They are not allowed: type uses of instructions.
  case forbidden
  /// They mean nothing: types and imports.
  case ignored
  /// They bind locals.
  case bound
}

extension HeapType {
  /// The abstract heap type that `keyword` names.
  init?(_ keyword: Keyword) {
    switch keyword {
    case .func: self = .func
    case .extern: self = .extern
    case .any: self = .any
    case .eq: self = .eq
    case .i31: self = .i31
    case .struct: self = .struct
    case .array: self = .array
    case .noneType: self = .none
    case .nofunc: self = .nofunc
    case .noextern: self = .noextern
    case .exn: self = .exn
    case .noexn: self = .noexn
    default: return nil
    }
  }
}

extension ModuleParser {
  // MARK: Value types

  mutating func heapType() throws(TextError) -> HeapType {
    if cursor.token.kind == .word {
      guard let type = HeapType(cursor.token.keyword) else { throw cursor.unexpected() }
      try cursor.advance()
      return type
    }
    return .concrete(try typeIndex())
  }

  /// A type index that fits a `HeapType`; no module has more types.
  private mutating func typeIndex() throws(TextError) -> UInt32 {
    let token = cursor.token
    let index = try index(.type)
    if index >= 1 << 27 { throw cursor.error(.unknownType, token) }
    return index
  }

  /// A value type if one is next; nil otherwise.
  private mutating func optionalValueType() throws(TextError) -> ValueType? {
    if cursor.token.kind == .leftParenthesis {
      guard try cursor.open(.ref) else { return nil }
      let nullable = try cursor.accept(.null)
      let heap = try heapType()
      try cursor.expectClose()
      return .ref(heap, nullable: nullable)
    }
    guard cursor.token.kind == .word else { return nil }
    let type: ValueType
    switch cursor.token.keyword {
    case .i32: type = .i32
    case .i64: type = .i64
    case .f32: type = .f32
    case .f64: type = .f64
    case .v128: type = .v128
    case .funcref: type = .funcref
    case .externref: type = .externref
    case .exnref: type = .exnref
    case .anyref: type = .ref(.any, nullable: true)
    case .eqref: type = .ref(.eq, nullable: true)
    case .i31ref: type = .ref(.i31, nullable: true)
    case .structref: type = .ref(.struct, nullable: true)
    case .arrayref: type = .ref(.array, nullable: true)
    case .nullref: type = .ref(.none, nullable: true)
    case .nullfuncref: type = .ref(.nofunc, nullable: true)
    case .nullexternref: type = .ref(.noextern, nullable: true)
    case .nullexnref: type = .ref(.noexn, nullable: true)
    default: return nil
    }
    try cursor.advance()
    return type
  }

  mutating func valueType() throws(TextError) -> ValueType {
    guard let type = try optionalValueType() else { throw cursor.unexpected() }
    return type
  }

  /// A reference type if one is next; nil otherwise.
  mutating func optionalReferenceType() throws(TextError) -> ValueType? {
    let token = cursor.token
    guard let type = try optionalValueType() else { return nil }
    if !type.isReference { throw cursor.unexpected(token) }
    return type
  }

  mutating func referenceType() throws(TextError) -> ValueType {
    guard let type = try optionalReferenceType() else { throw cursor.unexpected() }
    return type
  }

  // MARK: Limits and external types

  /// `i32` or `i64` if one is next; else i32.
  mutating func addressType() throws(TextError) -> AddressType {
    if try cursor.accept(.i64) { return .i64 }
    _ = try cursor.accept(.i32)
    return .i32
  }

  mutating func limits(_ address: AddressType) throws(TextError) -> Limits {
    let minimum = try cursor.u64()
    let maximum = cursor.token.kind == .number ? try cursor.u64() : nil
    return Limits(address: address, minimum: minimum, maximum: maximum)
  }

  mutating func memoryType() throws(TextError) -> MemoryType { MemoryType(limits: try limits(try addressType())) }

  mutating func tableType() throws(TextError) -> TableType {
    let limits = try limits(try addressType())
    return TableType(element: try referenceType(), limits: limits)
  }

  mutating func globalType() throws(TextError) -> GlobalType {
    guard try cursor.open(.mut) else { return GlobalType(value: try valueType(), isMutable: false) }
    let type = GlobalType(value: try valueType(), isMutable: true)
    try cursor.expectClose()
    return type
  }

  // MARK: Type definitions

  /// The second pass.
  mutating func typeDefinitions() throws(TextError) {
    for offset in typeFields {
      try cursor.move(to: offset)
      if try cursor.open(.rec) {
        while cursor.token.kind == .leftParenthesis { try typeDefinition() }
        try cursor.expectClose()
      } else {
        try typeDefinition()
      }
      types.endGroup()
    }
  }

  private mutating func typeDefinition() throws(TextError) {
    guard try cursor.open(.type) else { throw cursor.unexpected(cursor.ahead) }
    _ = try binder()
    var type = SubType(composite: .structure([]))
    if try cursor.open(.sub) {
      type.isFinal = try cursor.accept(.final)
      while cursor.isAtIndex { type.supertypes.append(try index(.type)) }
      type.composite = try compositeType()
      try cursor.expectClose()
    } else {
      type.composite = try compositeType()
    }
    try cursor.expectClose()
    types.append(type)
  }

  private mutating func compositeType() throws(TextError) -> CompositeType {
    let type: CompositeType
    if try cursor.open(.func) {
      type = .function(try signature(.ignored))
    } else if try cursor.open(.struct) {
      type = .structure(try fieldTypes())
    } else if try cursor.open(.array) {
      type = .array(try fieldType())
    } else {
      throw cursor.unexpected(cursor.token.kind == .leftParenthesis ? cursor.ahead : cursor.token)
    }
    try cursor.expectClose()
    return type
  }

  private mutating func fieldTypes() throws(TextError) -> [FieldType] {
    var fields: [FieldType] = []
    while try cursor.open(.field) {
      let token = cursor.token
      let binder = try binder()
      if !types.defineField(UInt32(fields.count), binder.identifier, name: binder.name) {
        throw cursor.error(.duplicateField, token)
      }
      if binder.name != .none {
        fields.append(try fieldType())
      } else {
        while cursor.token.kind != .rightParenthesis { fields.append(try fieldType()) }
      }
      try cursor.expectClose()
    }
    return fields
  }

  private mutating func fieldType() throws(TextError) -> FieldType {
    guard try cursor.open(.mut) else { return FieldType(storage: try storageType(), isMutable: false) }
    let type = FieldType(storage: try storageType(), isMutable: true)
    try cursor.expectClose()
    return type
  }

  private mutating func storageType() throws(TextError) -> StorageType {
    if try cursor.accept(.i8) { return .i8 }
    if try cursor.accept(.i16) { return .i16 }
    return .value(try valueType())
  }

  // MARK: Type uses

  /// Parameters and results as they are written out.
  mutating func signature(_ names: ParameterNames) throws(TextError) -> FunctionType {
    var type = FunctionType(parameters: [], results: [])
    while try cursor.open(.param) {
      let token = cursor.token
      if names == .forbidden && token.kind == .identifier { throw cursor.unexpected() }
      try declareValues(&type.parameters, binding: names == .bound)
    }
    while try cursor.open(.result) {
      while cursor.token.kind != .rightParenthesis { type.results.append(try valueType()) }
      try cursor.advance()
    }
    return type
  }

  /// The rest of a `param` or `local` form: an identifier and one type, or any number of types. Binds locals if
  /// `binding`.
  mutating func declareValues(_ types: inout [ValueType], binding: Bool) throws(TextError) {
    let token = cursor.token
    let binder = try binder()
    if binder.name != .none {
      types.append(try valueType())
      if binding && !scope.defineLocal(binder.identifier, name: binder.name) {
        throw cursor.error(.duplicateLocal, token)
      }
    } else {
      while cursor.token.kind != .rightParenthesis {
        types.append(try valueType())
        if binding { _ = scope.defineLocal(.none, name: .none) }
      }
    }
    try cursor.expectClose()
  }

  /// A type use: an index, a signature, or both, which must agree. A signature alone stands for the first such type,
  /// and adds it if there is none.
  mutating func typeUse(_ names: ParameterNames) throws(TextError) -> UInt32 {
    let start = cursor.token
    guard try cursor.open(.type) else { return types.index(of: try signature(names)) }
    let index = try index(.type)
    try cursor.expectClose()
    let type = try signature(names)
    // Parameters after results are a fault of the grammar, and more helpful to know of than that the types differ.
    if cursor.isAtForm(.param) { throw cursor.unexpected(cursor.ahead) }
    if type.parameters.isEmpty && type.results.isEmpty {
      if names == .bound, let type = types.function(index) { scope.defineLocals(count: type.parameters.count) }
    } else {
      if index >= types.count { throw cursor.error(.unknownType, start) }
      if types.function(index) != type { throw cursor.error(.inlineFunctionType, start) }
    }
    return index
  }

  /// A block type: nothing, one result, or a type use.
  mutating func blockType() throws(TextError) -> BlockType {
    if cursor.token.kind != .leftParenthesis { return .empty }
    if cursor.isAtForm(.type) { return .type(try typeUse(.forbidden)) }
    let type = try signature(.forbidden)
    if !type.parameters.isEmpty || type.results.count > 1 { return .type(types.index(of: type)) }
    return type.results.first.map { .value($0) } ?? .empty
  }
}
