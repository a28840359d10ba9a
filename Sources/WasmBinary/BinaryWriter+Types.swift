// Types and the descriptions of imports and exports.
//
// Source: WebAssembly 3.0, sections 5.3 and 5.5.5.

import WebAssembly

extension BinaryWriter {
  /// The code of each abstract heap type, by the number in its `bits`.
  private static let abstractHeapTypeCodes: [UInt8] = {
    var codes = [UInt8](repeating: 0, count: abstractHeapTypes.count)
    for row in abstractHeapTypes { codes[Int(row.type.bits >> 1)] = row.code }
    return codes
  }()

  /// A value type, in its shortest form. `.bottom` has no encoding and must not be passed.
  public mutating func valueType(_ type: ValueType) {
    switch type {
    case .i32: byte(0x7F)
    case .i64: byte(0x7E)
    case .f32: byte(0x7D)
    case .f64: byte(0x7C)
    case .v128: byte(0x7B)
    default:
      precondition(type.isReference, "\(type) has no encoding")
      if type.heapType.isConcrete || !type.isNullable { byte(type.isNullable ? 0x63 : 0x64) }
      heapType(type.heapType)
    }
  }

  public mutating func heapType(_ type: HeapType) {
    if type.isConcrete {
      s33(Int64(type.typeIndex))
    } else {
      byte(BinaryWriter.abstractHeapTypeCodes[Int(type.bits >> 1)])
    }
  }

  public mutating func blockType(_ type: BlockType) {
    switch type {
    case .empty: byte(0x40)
    case .value(let value): valueType(value)
    case .type(let index): s33(Int64(index))
    }
  }

  public mutating func resultType(_ types: [ValueType]) {
    vector(types) { $0.valueType($1) }
  }

  /// A function type without the leading byte that marks it as a composite type.
  public mutating func functionType(_ type: FunctionType) {
    resultType(type.parameters)
    resultType(type.results)
  }

  public mutating func fieldType(_ field: FieldType) {
    switch field.storage {
    case .i8: byte(0x78)
    case .i16: byte(0x77)
    case .value(let type): valueType(type)
    }
    byte(field.isMutable ? 1 : 0)
  }

  public mutating func compositeType(_ type: CompositeType) {
    switch type {
    case .array(let field):
      byte(0x5E)
      fieldType(field)
    case .structure(let fields):
      byte(0x5F)
      vector(fields) { $0.fieldType($1) }
    case .function(let function):
      byte(0x60)
      functionType(function)
    }
  }

  /// A sub type; a final one without supertypes is written as its composite type alone.
  public mutating func subType(_ type: SubType) {
    if !type.isFinal || !type.supertypes.isEmpty {
      byte(type.isFinal ? 0x4F : 0x50)
      vector(type.supertypes) { $0.u32($1) }
    }
    compositeType(type.composite)
  }

  /// A recursive group; one of a single type is written as that type alone, which means the same.
  public mutating func recursiveType(_ group: some Collection<SubType>) {
    if group.count == 1, let only = group.first {
      subType(only)
    } else {
      byte(0x4E)
      vector(group) { $0.subType($1) }
    }
  }

  public mutating func memoryType(_ type: MemoryType) { limits(type.limits) }

  public mutating func tableType(_ type: TableType) {
    valueType(type.element)
    limits(type.limits)
  }

  public mutating func globalType(_ type: GlobalType) {
    valueType(type.value)
    byte(type.isMutable ? 1 : 0)
  }

  /// A tag type: the attribute byte of exceptions, and the index of a function type.
  public mutating func tagType(_ typeIndex: UInt32) {
    byte(0)
    u32(typeIndex)
  }

  public mutating func importDescription(_ description: ImportDescription) {
    byte(description.kind.rawValue)
    switch description {
    case .function(let typeIndex): u32(typeIndex)
    case .table(let type): tableType(type)
    case .memory(let type): memoryType(type)
    case .global(let type): globalType(type)
    case .tag(let typeIndex): tagType(typeIndex)
    }
  }
}
