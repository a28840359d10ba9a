// From values as they are written to values of types: numbers get their width, fields their names and order.
//
// A text is stricter than a message in one respect: what doesn't fit an option's content is an error and not null, since
// a person who writes a value means it.

/// The values of a text like `(1, "x")`, at the types that are expected.
///
/// Arguments and fields may be left out where their type allows null; fields that the type doesn't have are ignored.
public func parseArguments(_ text: String, as types: CandidTypes) throws(CandidTextError) -> [CandidValue] {
  let bytes = Array(text.utf8)
  do throws(CandidTextError) {
    var parser = try Parser(bytes)
    let values = try parser.wholeArguments()
    let fitter = ValueFitter(table: types.table)
    guard values.count <= types.count else {
      throw CandidTextError(
        .argumentCount(expected: types.count, found: values.count), at: values[types.count].offset)
    }
    var result: [CandidValue] = []
    for (index, type) in types.elements.enumerated() {
      if index < values.count {
        result.append(try fitter.fit(values[index], type))
      } else if let absent = fitter.absent(type) {
        result.append(absent)
      } else {
        throw CandidTextError(.argumentCount(expected: types.count, found: values.count), at: bytes.count)
      }
    }
    return result
  } catch {
    throw error.located(in: bytes)
  }
}

/// The values of a text like `(1, "x")`, at the types that they have of themselves or by annotation. Integers without a
/// type are of type `int`, others of type `float64`.
public func parseArguments(_ text: String) throws(CandidTextError) -> [CandidValue] {
  let bytes = Array(text.utf8)
  do throws(CandidTextError) {
    var parser = try Parser(bytes)
    let fitter = ValueFitter(table: TypeTable())
    var result: [CandidValue] = []
    for value in try parser.wholeArguments() { result.append(try fitter.natural(value)) }
    return result
  } catch {
    throw error.located(in: bytes)
  }
}

private struct ValueFitter {
  let table: TypeTable

  func absent(_ type: TypeReference) -> CandidValue? {
    switch type {
    case .primitive(.null): .null
    case .primitive(.reserved): .reserved
    case .primitive: nil
    case .entry(let index): if case .opt = table.entries[index] { .opt(nil) } else { nil }
    }
  }

  // MARK: At a type

  func fit(_ value: ValueSyntax, _ type: TypeReference) throws(CandidTextError) -> CandidValue {
    if case .annotated(let inner, let annotation) = value.kind {
      return try fit(inner, annotation: annotation, type)
    }
    switch type {
    case .primitive(let primitive): return try fit(value, primitive)
    case .entry(let index): return try fit(value, table.entries[index], type)
    }
  }

  /// A value with a type behind it, which has to be a subtype of the expected one.
  private func fit(
    _ value: ValueSyntax, annotation: TypeSyntax, _ type: TypeReference
  ) throws(CandidTextError) -> CandidValue {
    var checker = TypeChecker()
    let annotated = try checker.type(annotation)
    var subtyping = Subtyping(lower: checker.table, upper: table)
    var work = 100_000
    guard subtyping.isSubtype(annotated, of: type, work: &work) == true else {
      throw CandidTextError(
        .mismatch(
          expected: TypeName.short(type, in: table), found: TypeName.short(annotated, in: checker.table)),
        at: value.offset)
    }
    if case .primitive(let primitive) = annotated, primitive != .empty, primitive != .reserved,
      case .opt(let content)? = table[type]
    {
      if primitive == .null { return .opt(nil) }
      return .opt(try fit(value, content))
    }
    return try fit(value, type)
  }

  private func mismatch(_ value: ValueSyntax, _ expected: String) -> CandidTextError {
    CandidTextError(.mismatch(expected: expected, found: value.summary), at: value.offset)
  }

  private func fit(_ value: ValueSyntax, _ type: PrimitiveType) throws(CandidTextError) -> CandidValue {
    switch (type, value.kind) {
    case (.reserved, _): return .reserved
    case (.null, .null): return .null
    case (.bool, .bool(let bool)): return .bool(bool)
    case (.text, .text(let text)): return .text(text)
    case (.principal, .principal(let principal)), (.principal, .service(let principal)):
      return .principal(principal)
    case (.float32, .float(let isNegative, let digits)), (.float32, .integer(let isNegative, let digits)):
      return .float32(try number(digits, type, at: value.offset) * (isNegative ? -1 : 1))
    case (.float64, .float(let isNegative, let digits)), (.float64, .integer(let isNegative, let digits)):
      return .float64(try number(digits, type, at: value.offset) * (isNegative ? -1 : 1))
    case (_, .integer(let isNegative, let digits)) where type.isInteger:
      guard let result = CandidValue(Self.integer(isNegative: isNegative, digits: digits), as: type) else {
        throw CandidTextError(.outOfRange(type.name), at: value.offset)
      }
      return result
    default: throw mismatch(value, type.name)
    }
  }

  private func number<Number: BinaryFloatingPoint & LosslessStringConvertible>(
    _ digits: String, _ type: PrimitiveType, at offset: Int
  ) throws(CandidTextError) -> Number {
    guard let number = Number(digits) else { throw CandidTextError(.illegalNumber, at: offset) }
    guard number.isFinite || digits == "inf" || digits == "nan" else {
      throw CandidTextError(.outOfRange(type.name), at: offset)
    }
    return number
  }

  private static func integer(isNegative: Bool, digits: String) -> Integer {
    let magnitude = digits.hasPrefix("0x") ? Natural(hexadecimal: digits.dropFirst(2)) : Natural(digits)
    guard let magnitude else { preconditionFailure("digits that are none") }
    return Integer(isNegative: isNegative, magnitude: magnitude)
  }

  private func fit(
    _ value: ValueSyntax, _ type: CompositeType, _ reference: TypeReference
  ) throws(CandidTextError) -> CandidValue {
    switch (type, value.kind) {
    case (.opt, .null): return .opt(nil)
    case (.opt(let content), .opt(let value)): return .opt(try fit(value, content))
    case (.vec(.primitive(.nat8)), .blob(let bytes)): return .blob(bytes)
    case (.vec(let element), .vec(let values)):
      var result: [CandidValue] = []
      result.reserveCapacity(values.count)
      for value in values { result.append(try fit(value, element)) }
      guard element == .primitive(.nat8) else { return .vec(result) }
      return .blob(result.map { if case .nat8(let byte) = $0 { byte } else { 0 } })
    case (.record(let fields), .record(let values)):
      return .record(try fit(values, fields, at: value.offset))
    case (.variant(let fields), .variant(let chosen)):
      guard let field = fields.field(chosen.label) else {
        throw CandidTextError(.unknownCase(chosen.label), at: chosen.offset)
      }
      return .variant(CandidField(field.label, try fit(chosen.value, field.type)))
    case (.func, .func(let function)): return .func(function)
    case (.service, .service(let principal)): return .service(principal)
    default: throw mismatch(value, TypeName.short(reference, in: table))
    }
  }

  private func fit(
    _ values: [ValueSyntax.FieldSyntax], _ fields: [FieldType], at offset: Int
  ) throws(CandidTextError) -> CandidRecord {
    var result: [CandidField] = []
    var index = 0
    for field in fields {
      while index < values.count, values[index].label < field.label { index += 1 }
      if index < values.count, values[index].label == field.label {
        result.append(CandidField(field.label, try fit(values[index].value, field.type)))
      } else if let value = absent(field.type) {
        result.append(CandidField(field.label, value))
      } else {
        throw CandidTextError(.missingField(field.label), at: offset)
      }
    }
    return CandidRecord(sorted: result)
  }

  // MARK: Without a type

  func natural(_ value: ValueSyntax) throws(CandidTextError) -> CandidValue {
    switch value.kind {
    case .null: return .null
    case .bool(let bool): return .bool(bool)
    case .integer: return try fit(value, .int)
    case .float: return try fit(value, .float64)
    case .text(let text): return .text(text)
    case .blob(let bytes): return .blob(bytes)
    case .principal(let principal): return .principal(principal)
    case .service(let principal): return .service(principal)
    case .func(let function): return .func(function)
    case .opt(let content): return .opt(try natural(content))
    case .vec(let values):
      var result: [CandidValue] = []
      for value in values { result.append(try natural(value)) }
      return .vec(result)
    case .record(let fields):
      var result: [CandidField] = []
      for field in fields { result.append(CandidField(field.label, try natural(field.value))) }
      return .record(CandidRecord(sorted: result))
    case .variant(let chosen): return .variant(CandidField(chosen.label, try natural(chosen.value)))
    case .annotated(let inner, let annotation):
      var checker = TypeChecker()
      let type = try checker.type(annotation)
      return try ValueFitter(table: checker.table).fit(inner, type)
    }
  }
}

extension ValueSyntax {
  /// What the value is, for messages.
  fileprivate var summary: String {
    switch kind {
    case .null: "null"
    case .bool: "a bool"
    case .integer: "an integer"
    case .float: "a number with a fraction"
    case .text: "a text"
    case .blob: "a blob"
    case .opt: "opt"
    case .vec: "vec"
    case .record: "a record"
    case .variant: "a variant"
    case .principal: "a principal"
    case .service: "a service"
    case .func: "a function"
    case .annotated: "a value of another type"
    }
  }
}
