// The first part of a message: the magic number, the table of types, and the types of the arguments.
//
// Source: Candid specification, "Binary Format".

struct MessageHeader {
  let types: CandidTypes

  init(_ reader: inout ByteReader, limits: CandidLimits) throws(CandidError) {
    guard reader.remaining >= 4, try reader.fixed(UInt32.self) == 0x4C44_4944 else {
      throw .malformed(.magic, offset: 0)
    }
    let count = try reader.unsigned()
    guard count <= UInt64(limits.typeTableEntries) else { throw .limitExceeded(.typeTable, offset: reader.offset) }
    guard count <= UInt64(reader.remaining) else { throw reader.malformed(.unexpectedEnd) }
    var parser = EntryParser(entryCount: Int(count))
    var table = TypeTable()
    table.entries.reserveCapacity(Int(count))
    for _ in 0..<Int(count) { table.entries.append(try parser.entry(&reader)) }
    for (index, offset) in parser.methodTypes {
      guard case .func = table.entries[index] else { throw .malformed(.methodNotFunction, offset: offset) }
    }
    types = CandidTypes(try parser.references(&reader), in: table)
  }
}

private struct EntryParser {
  let entryCount: Int
  /// The entries that are types of methods, with their offsets, to be looked at when all entries are known.
  var methodTypes: [(index: Int, offset: Int)] = []

  init(entryCount: Int) { self.entryCount = entryCount }

  mutating func entry(_ reader: inout ByteReader) throws(CandidError) -> CompositeType {
    let start = reader.offset
    let code = try reader.signed()
    switch code {
    case -18: return .opt(try reference(&reader))
    case -19: return .vec(try reference(&reader))
    case -20: return .record(try fields(&reader))
    case -21: return .variant(try fields(&reader))
    case -22:
      let arguments = try references(&reader)
      let results = try references(&reader)
      return .func(FunctionType(arguments: arguments, results: results, modes: try modes(&reader)))
    case -23: return .service(try methods(&reader))
    case ..<(-24):
      _ = try reader.take(reader.unsigned())
      return .future
    case -17...(-1), -24: throw .malformed(.primitiveInTable, offset: start)
    default: throw .malformed(.unknownType, offset: start)
    }
  }

  func reference(_ reader: inout ByteReader) throws(CandidError) -> TypeReference {
    let start = reader.offset
    let code = try reader.signed()
    if code >= 0 {
      guard code < Int64(entryCount) else { throw .malformed(.indexOutOfRange, offset: start) }
      return .entry(Int(code))
    }
    guard code >= -24, let type = PrimitiveType(rawValue: Int8(-code)) else {
      throw .malformed(.unknownType, offset: start)
    }
    return .primitive(type)
  }

  func references(_ reader: inout ByteReader) throws(CandidError) -> [TypeReference] {
    var types: [TypeReference] = []
    for _ in 0..<(try reader.count()) { types.append(try reference(&reader)) }
    return types
  }

  private func fields(_ reader: inout ByteReader) throws(CandidError) -> [FieldType] {
    var fields: [FieldType] = []
    for _ in 0..<(try reader.count()) {
      let start = reader.offset
      guard let id = UInt32(exactly: try reader.unsigned()) else {
        throw .malformed(.integerTooLarge, offset: start)
      }
      let label = CandidLabel(id: id)
      if let last = fields.last, last.label >= label { throw .malformed(.fieldsOutOfOrder, offset: start) }
      fields.append(FieldType(label: label, type: try reference(&reader)))
    }
    return fields
  }

  private func modes(_ reader: inout ByteReader) throws(CandidError) -> FunctionModes {
    var modes: FunctionModes = []
    for _ in 0..<(try reader.count()) {
      let start = reader.offset
      let code = try reader.byte()
      guard let mode = FunctionModes.all.first(where: { $0.code == code })?.mode, modes.insert(mode).inserted else {
        throw .malformed(.unknownMode, offset: start)
      }
    }
    return modes
  }

  private mutating func methods(_ reader: inout ByteReader) throws(CandidError) -> [MethodType] {
    var methods: [MethodType] = []
    for _ in 0..<(try reader.count()) {
      let start = reader.offset
      let name = try reader.text()
      if let last = methods.last, !ExactText.precedes(last.name, name) {
        throw .malformed(.methodsOutOfOrder, offset: start)
      }
      let typeStart = reader.offset
      let type = try reference(&reader)
      guard case .entry(let index) = type else { throw .malformed(.methodNotFunction, offset: typeStart) }
      methodTypes.append((index, typeStart))
      methods.append(MethodType(name: name, function: type))
    }
    return methods
  }
}
