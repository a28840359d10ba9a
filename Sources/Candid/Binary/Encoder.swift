// From values to bytes, at given types.
//
// Entries of the type table are numbered in the order in which a walk from the arguments meets them, parents before their
// parts: the same values and types always give the same bytes.
//
// Source: Candid specification, "Serialisation".

struct Encoder {
  private let types: CandidTypes
  private var writer = ByteWriter()
  private var steps: [PathStep] = []
  private var depth = 0

  static func arguments(_ values: [CandidValue], as types: CandidTypes) throws(CandidError) -> [UInt8] {
    var encoder = Encoder(types: types)
    encoder.header()
    guard values.count <= types.count else { throw .argumentCount(expected: types.count, found: values.count) }
    for (index, type) in types.elements.enumerated() {
      guard index < values.count else {
        guard types.table.acceptsNull(type) else {
          throw .argumentCount(expected: types.count, found: values.count)
        }
        encoder.writeNull(type)
        continue
      }
      encoder.steps.append(.argument(index))
      try encoder.write(values[index], as: type)
      encoder.steps.removeLast()
    }
    return encoder.writer.bytes
  }

  private init(types: CandidTypes) { self.types = types }

  // MARK: Types

  private mutating func header() {
    var numbers: [Int: Int] = [:]
    var order: [Int] = []
    var pending = Array(types.elements.reversed())
    while let type = pending.popLast() {
      guard case .entry(let index) = type, numbers[index] == nil else { continue }
      numbers[index] = order.count
      order.append(index)
      pending.append(contentsOf: types.table.entries[index].parts.reversed())
    }
    writer.append("DIDL".utf8)
    writer.count(order.count)
    for index in order { entry(types.table.entries[index], numbers) }
    references(types.elements, numbers)
  }

  private mutating func entry(_ entry: CompositeType, _ numbers: [Int: Int]) {
    func fields(_ code: Int64, _ fields: [FieldType]) {
      writer.signed(code)
      writer.count(fields.count)
      for field in fields {
        writer.unsigned(UInt64(field.label.id))
        reference(field.type, numbers)
      }
    }
    switch entry {
    case .opt(let content):
      writer.signed(-18)
      reference(content, numbers)
    case .vec(let element):
      writer.signed(-19)
      reference(element, numbers)
    case .record(let list): fields(-20, list)
    case .variant(let list): fields(-21, list)
    case .func(let function):
      writer.signed(-22)
      references(function.arguments, numbers)
      references(function.results, numbers)
      let modes = FunctionModes.all.filter { function.modes.contains($0.mode) }
      writer.count(modes.count)
      for mode in modes { writer.byte(mode.code) }
    case .service(let methods):
      writer.signed(-23)
      writer.count(methods.count)
      for method in methods {
        writer.text(method.name)
        reference(method.function, numbers)
      }
    case .future:
      // A future type without content; its values have none either.
      writer.signed(-25)
      writer.count(0)
    }
  }

  private mutating func references(_ types: [TypeReference], _ numbers: [Int: Int]) {
    writer.count(types.count)
    for type in types { reference(type, numbers) }
  }

  private mutating func reference(_ type: TypeReference, _ numbers: [Int: Int]) {
    switch type {
    case .primitive(let primitive): writer.signed(-Int64(primitive.rawValue))
    case .entry(let index): writer.signed(Int64(numbers[index]!))
    }
  }

  // MARK: Values

  /// Writes the value that stands for one that isn't there, of a type that has one.
  private mutating func writeNull(_ type: TypeReference) {
    if case .entry = type { writer.byte(0) }
  }

  private mutating func write(_ value: CandidValue, as type: TypeReference) throws(CandidError) {
    guard depth < CandidLimits.walkDepth else { throw .limitExceeded(.depth, offset: 0) }
    depth += 1
    defer { depth -= 1 }
    switch type {
    case .primitive(let primitive): try write(value, as: primitive)
    case .entry(let index): try write(value, as: types.table.entries[index], type)
    }
  }

  private mutating func write(_ value: CandidValue, as type: PrimitiveType) throws(CandidError) {
    switch (type, value) {
    case (.null, .null), (.reserved, _): break
    case (.bool, .bool(let bool)): writer.byte(bool ? 1 : 0)
    case (.nat8, .nat8(let number)): writer.byte(number)
    case (.nat16, .nat16(let number)): writer.fixed(number)
    case (.nat32, .nat32(let number)): writer.fixed(number)
    case (.nat64, .nat64(let number)): writer.fixed(number)
    case (.int8, .int8(let number)): writer.fixed(number)
    case (.int16, .int16(let number)): writer.fixed(number)
    case (.int32, .int32(let number)): writer.fixed(number)
    case (.int64, .int64(let number)): writer.fixed(number)
    case (.float32, .float32(let number)): writer.fixed(number.bitPattern)
    case (.float64, .float64(let number)): writer.fixed(number.bitPattern)
    case (.text, .text(let text)): writer.text(text)
    case (.principal, .principal(let principal)), (.principal, .service(let principal)): write(principal)
    default:
      guard let number = value.integer else {
        throw .mismatch(expected: type.name, found: value.kind, path: steps.path)
      }
      guard type.isInteger else {
        throw .mismatch(expected: type.name, found: value.kind, path: steps.path)
      }
      guard write(number, as: type) else {
        throw .outOfRange(expected: type.name, found: TextForm.integer(number), path: steps.path)
      }
    }
  }

  /// Writes a number, which may come from a value of any integer type; `false` if it is out of range.
  private mutating func write(_ number: Integer, as type: PrimitiveType) -> Bool {
    func fixed<Number: FixedWidthInteger>(_: Number.Type) -> Bool {
      guard let number = Number(exactly: number) else { return false }
      writer.fixed(number)
      return true
    }
    switch type {
    case .int: writer.int(number)
    case .nat:
      guard let number = Natural(exactly: number) else { return false }
      writer.nat(number)
    case .nat8: return fixed(UInt8.self)
    case .nat16: return fixed(UInt16.self)
    case .nat32: return fixed(UInt32.self)
    case .nat64: return fixed(UInt64.self)
    case .int8: return fixed(Int8.self)
    case .int16: return fixed(Int16.self)
    case .int32: return fixed(Int32.self)
    case .int64: return fixed(Int64.self)
    default: return false
    }
    return true
  }

  private mutating func write(_ principal: Principal) {
    writer.byte(1)
    writer.count(principal.count)
    writer.append(principal.bytes)
  }

  private mutating func write(
    _ value: CandidValue, as type: CompositeType, _ reference: TypeReference
  ) throws(CandidError) {
    switch (type, value) {
    case (.opt, .opt(nil)), (.opt, .null), (.opt, .reserved): writer.byte(0)
    case (.opt(let content), .opt(let value?)):
      writer.byte(1)
      try write(value, as: content)
    case (.vec(.primitive(.nat8)), .blob(let bytes)):
      writer.count(bytes.count)
      writer.append(bytes)
    case (.vec, .blob(let bytes)) where bytes.isEmpty: writer.count(0)
    case (.vec(let element), .vec(let values)):
      writer.count(values.count)
      for (index, value) in values.enumerated() {
        steps.append(.element(index))
        try write(value, as: element)
        steps.removeLast()
      }
    case (.record(let fields), .record(let record)): try write(record, as: fields)
    case (.variant(let fields), .variant(let chosen)):
      guard let index = fields.position(of: chosen.label) else {
        throw .unknownCase(chosen.label, path: steps.path)
      }
      writer.count(index)
      steps.append(.field(fields[index].label))
      try write(chosen.value, as: fields[index].type)
      steps.removeLast()
    case (.func, .func(let function)):
      writer.byte(1)
      write(function.canister)
      writer.text(function.method)
    case (.service, .service(let principal)): write(principal)
    case (.future, .reserved):
      writer.count(0)
      writer.count(0)
    default:
      throw .mismatch(
        expected: TypeName.short(reference, in: types.table), found: value.kind, path: steps.path)
    }
  }

  private mutating func write(_ record: CandidRecord, as fields: [FieldType]) throws(CandidError) {
    var next = 0
    for field in fields {
      if next < record.fields.count, record.fields[next].label < field.label { break }
      guard next < record.fields.count, record.fields[next].label == field.label else {
        guard types.table.acceptsNull(field.type) else {
          throw .missingField(field.label, path: steps.path)
        }
        writeNull(field.type)
        continue
      }
      steps.append(.field(field.label))
      try write(record.fields[next].value, as: field.type)
      steps.removeLast()
      next += 1
    }
    guard next == record.fields.count else {
      throw .unknownField(record.fields[next].label, path: steps.path)
    }
  }
}

extension CompositeType {
  /// The types that occur in this one, in their order.
  var parts: [TypeReference] {
    switch self {
    case .opt(let type), .vec(let type): [type]
    case .record(let fields), .variant(let fields): fields.map(\.type)
    case .func(let function): function.arguments + function.results
    case .service(let methods): methods.map(\.function)
    case .future: []
    }
  }
}
