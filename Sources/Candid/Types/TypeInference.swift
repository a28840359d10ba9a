// The types that values have of themselves, for encoding them without others.

extension CandidTypes {
  /// The types of values. Elements of a vector need a type in common: cases of variants are put together, what may be
  /// missing is optional. The types of functions and services, which a value doesn't tell, are `() -> ()` and `{}`.
  /// - Throws: `noCommonType`, or `limitExceeded` for values that are nested too deeply.
  public init(of values: [CandidValue]) throws(CandidError) {
    var steps: [PathStep] = []
    var builder = TypeBuilder()
    elements = []
    for (index, value) in values.enumerated() {
      steps = [.argument(index)]
      elements.append(builder.add(try InferredType(of: value, steps: &steps, depth: 0)))
    }
    table = builder.table
  }
}

private indirect enum InferredType {
  case primitive(PrimitiveType)
  case opt(InferredType)
  case vec(InferredType)
  case record(InferredFields)
  case variant(InferredFields)
  case function
  case service

  struct InferredField {
    var label: CandidLabel
    var type: InferredType
  }

  init(of value: CandidValue, steps: inout [PathStep], depth: Int) throws(CandidError) {
    guard depth < CandidLimits.walkDepth else { throw .limitExceeded(.depth, offset: 0) }
    switch value {
    case .opt(nil): self = .opt(.primitive(.empty))
    case .opt(let content?): self = .opt(try InferredType(of: content, steps: &steps, depth: depth + 1))
    case .blob: self = .vec(.primitive(.nat8))
    case .vec(let elements):
      var common = InferredType.primitive(.empty)
      for (index, element) in elements.enumerated() {
        steps.append(.element(index))
        let type = try InferredType(of: element, steps: &steps, depth: depth + 1)
        guard common.join(type) else { throw .noCommonType(path: steps.path) }
        steps.removeLast()
      }
      self = .vec(common)
    case .record(let record):
      var fields: [InferredField] = []
      for field in record.fields {
        steps.append(.field(field.label))
        let type = try InferredType(of: field.value, steps: &steps, depth: depth + 1)
        fields.append(InferredField(label: field.label, type: type))
        steps.removeLast()
      }
      self = .record(InferredFields(fields))
    case .variant(let chosen):
      steps.append(.field(chosen.label))
      let type = try InferredType(of: chosen.value, steps: &steps, depth: depth + 1)
      self = .variant(InferredFields([InferredField(label: chosen.label, type: type)]))
      steps.removeLast()
    case .func: self = .function
    case .service: self = .service
    default: self = .primitive(PrimitiveType(name: value.kind)!)
    }
  }

  /// Becomes the smallest type that has the values of both, in time that the other type's size allows, however large this one
  /// is. False, and of no use any more, if there is none but `reserved`.
  mutating func join(_ other: InferredType) -> Bool {
    switch (self, other) {
    case (.primitive(.empty), _): self = other
    case (_, .primitive(.empty)): break
    case (.primitive(.reserved), _), (_, .primitive(.reserved)): self = .primitive(.reserved)
    case (.primitive(let left), .primitive(let right)):
      if left == right { break }
      let both: Set = [left, right]
      guard both == [.nat, .int] else { return false }
      self = .primitive(.int)
    case (.primitive(.null), .opt): self = other
    case (.opt, .primitive(.null)): break
    case (.opt(var content), .opt(let more)):
      guard content.join(more) else { return false }
      self = .opt(content)
    case (.vec(var element), .vec(let more)):
      guard element.join(more) else { return false }
      self = .vec(element)
    case (.record(let fields), .record(let more)): return fields.joinRecord(more)
    case (.variant(let fields), .variant(let more)): return fields.joinVariant(more)
    case (.function, .function), (.service, .service): break
    case (.service, .primitive(.principal)): self = other
    case (.primitive(.principal), .service): break
    default: return false
    }
    return true
  }

  fileprivate var acceptsNull: Bool {
    switch self {
    case .opt, .primitive(.null), .primitive(.reserved): true
    default: false
    }
  }
}

/// Fields, of which one type has the list; so joining changes it in place.
private final class InferredFields {
  private var fields: [InferredType.InferredField]
  /// Where each label's field is. Made when fields are joined.
  private var places: [CandidLabel: Int] = [:]
  /// How many fields can't be left out.
  private var required = 0

  init(_ fields: [InferredType.InferredField]) { self.fields = fields }

  var sorted: [InferredType.InferredField] { fields.sorted { $0.label < $1.label } }

  private func findPlaces() {
    guard places.isEmpty else { return }
    for (place, field) in fields.enumerated() { places[field.label] = place }
    required = fields.reduce(0) { $0 + ($1.type.acceptsNull ? 0 : 1) }
  }

  /// What only one of both has must accept null.
  func joinRecord(_ other: InferredFields) -> Bool {
    findPlaces()
    var missing = required
    for field in other.fields {
      guard let place = places[field.label] else {
        guard field.type.acceptsNull else { return false }
        places[field.label] = fields.count
        fields.append(field)
        continue
      }
      let wasRequired = !fields[place].type.acceptsNull
      guard fields[place].type.join(field.type) else { return false }
      let isRequired = !fields[place].type.acceptsNull
      missing -= wasRequired ? 1 : 0
      required += (isRequired ? 1 : 0) - (wasRequired ? 1 : 0)
    }
    return missing == 0
  }

  func joinVariant(_ other: InferredFields) -> Bool {
    findPlaces()
    for field in other.fields {
      if let place = places[field.label] {
        guard fields[place].type.join(field.type) else { return false }
      } else {
        places[field.label] = fields.count
        fields.append(field)
      }
    }
    return true
  }
}

extension TypeBuilder {
  fileprivate mutating func add(_ type: InferredType) -> TypeReference {
    switch type {
    case .primitive(let primitive): return .primitive(primitive)
    case .opt(let content): return intern(.opt(add(content)))
    case .vec(let element): return intern(.vec(add(element)))
    case .record(let fields): return intern(.record(add(fields.sorted)))
    case .variant(let fields): return intern(.variant(add(fields.sorted)))
    case .function: return intern(.func(FunctionType(arguments: [], results: [], modes: [])))
    case .service: return intern(.service([]))
    }
  }

  private mutating func add(_ fields: [InferredType.InferredField]) -> [FieldType] {
    var result: [FieldType] = []
    for field in fields { result.append(FieldType(label: field.label, type: add(field.type))) }
    return result
  }
}
