// The type section, and the types of tables, memories, globals and tags.
//
// Source: WebAssembly 3.0, sections 5.3 and 5.5.4.

import WebAssembly

extension ModuleDecoder {
  mutating func typeSection(_ reader: inout ByteReader) throws(ModuleError) {
    let groups = try sectionCount(&reader, "types", limit: ImplementationLimits.types)
    module.types.reserveCapacity(min(groups, reader.remaining / 3))
    module.recursiveGroups.reserveCapacity(min(groups, reader.remaining / 2))
    for _ in 0..<groups {
      let start = reader.offset
      let first = UInt32(module.types.count)
      if !reader.isAtEnd && reader.position.load(as: UInt8.self) == 0x4E {
        _ = try reader.byte()
        let count = Int(try reader.vectorCount())
        try ImplementationLimits.check(module.types.count + count, ImplementationLimits.types, "types", at: start)
        if count == 1 && module.firstGroupOfOne == nil { module.firstGroupOfOne = first }
        for _ in 0..<count { module.types.append(try reader.subType()) }
      } else {
        try ImplementationLimits.check(module.types.count + 1, ImplementationLimits.types, "types", at: start)
        module.types.append(try reader.subType())
      }
      module.recursiveGroups.append(first..<UInt32(module.types.count))
    }
  }
}

extension ByteReader {
  /// A sub type: final or open with its supertypes, or a composite type alone, which is final and has none.
  mutating func subType() throws(ModuleError) -> SubType {
    let code = isAtEnd ? 0 : position.load(as: UInt8.self)
    if code != 0x50 && code != 0x4F { return SubType(composite: try compositeType()) }
    _ = try byte()
    var supertypes: [UInt32] = []
    for _ in 0..<(try vectorCount()) { supertypes.append(try u32()) }
    return SubType(isFinal: code == 0x4F, supertypes: supertypes, composite: try compositeType())
  }

  mutating func compositeType() throws(ModuleError) -> CompositeType {
    let start = offset
    let code = try byte()
    switch code {
    case 0x5E: return .array(try fieldType())
    case 0x5F:
      let start = offset
      let count = Int(try vectorCount())
      try ImplementationLimits.check(count, ImplementationLimits.fields, "fields", at: start)
      var fields: [FieldType] = []
      fields.reserveCapacity(min(count, remaining / 2))
      for _ in 0..<count { fields.append(try fieldType()) }
      return .structure(fields)
    case 0x60:
      let parameters = try resultType("parameters", limit: ImplementationLimits.parameters)
      let results = try resultType("results", limit: ImplementationLimits.results)
      return .function(FunctionType(parameters: parameters, results: results))
    default: throw error(.malformedCompositeType, at: start, detail: "\(code)")
    }
  }

  private mutating func resultType(_ things: String, limit: Int) throws(ModuleError) -> [ValueType] {
    let start = offset
    let count = Int(try vectorCount())
    try ImplementationLimits.check(count, limit, things, at: start)
    var types: [ValueType] = []
    types.reserveCapacity(count)
    for _ in 0..<count { types.append(try valueType()) }
    return types
  }

  mutating func fieldType() throws(ModuleError) -> FieldType {
    let storage: StorageType
    switch isAtEnd ? 0 : position.load(as: UInt8.self) {
    case 0x78:
      _ = try byte()
      storage = .i8
    case 0x77:
      _ = try byte()
      storage = .i16
    default: storage = .value(try valueType())
    }
    return FieldType(storage: storage, isMutable: try mutability())
  }

  private mutating func mutability() throws(ModuleError) -> Bool {
    let start = offset
    let code = try byte()
    if code > 1 { throw error(.malformedMutability, at: start, detail: "\(code)") }
    return code == 1
  }

  mutating func limits() throws(ModuleError) -> Limits {
    let start = offset
    let flags = try byte()
    if flags & ~5 != 0 { throw error(.malformedLimitsFlags, at: start, detail: "\(flags)") }
    let minimum = try u64()
    let maximum = flags & 1 != 0 ? try u64() : nil
    return Limits(address: flags & 4 != 0 ? .i64 : .i32, minimum: minimum, maximum: maximum)
  }

  mutating func tableType() throws(ModuleError) -> TableType {
    TableType(element: try referenceType(), limits: try limits())
  }

  mutating func globalType() throws(ModuleError) -> GlobalType {
    GlobalType(value: try valueType(), isMutable: try mutability())
  }

  /// The type index of a tag.
  mutating func tagType() throws(ModuleError) -> UInt32 {
    let start = offset
    let attribute = try byte()
    if attribute != 0 { throw error(.malformedTagAttribute, at: start, detail: "\(attribute)") }
    return try u32()
  }
}
