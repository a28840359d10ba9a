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
  case record([InferredField])
  case variant([InferredField])
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
        guard let joined = common.joined(with: type) else { throw .noCommonType(path: steps.path) }
        common = joined
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
      self = .record(fields)
    case .variant(let chosen):
      steps.append(.field(chosen.label))
      let type = try InferredType(of: chosen.value, steps: &steps, depth: depth + 1)
      self = .variant([InferredField(label: chosen.label, type: type)])
      steps.removeLast()
    case .func: self = .function
    case .service: self = .service
    default: self = .primitive(PrimitiveType(name: value.kind)!)
    }
  }

  /// The smallest type that has the values of both; `nil` if there is none but `reserved`.
  func joined(with other: InferredType) -> InferredType? {
    switch (self, other) {
    case (.primitive(.empty), _): return other
    case (_, .primitive(.empty)): return self
    case (.primitive(.reserved), _), (_, .primitive(.reserved)): return .primitive(.reserved)
    case (.primitive(let left), .primitive(let right)):
      if left == right { return self }
      let both: Set = [left, right]
      return both == [.nat, .int] ? .primitive(.int) : both == [.principal, .reserved] ? .primitive(.reserved) : nil
    case (.primitive(.null), .opt): return other
    case (.opt, .primitive(.null)): return self
    case (.opt(let left), .opt(let right)): return left.joined(with: right).map { .opt($0) }
    case (.vec(let left), .vec(let right)): return left.joined(with: right).map { .vec($0) }
    case (.record(let left), .record(let right)):
      return Self.merged(left, right) { $0.acceptsNull ? $0 : nil }.map { .record($0) }
    case (.variant(let left), .variant(let right)):
      return Self.merged(left, right) { $0 }.map { .variant($0) }
    case (.function, .function), (.service, .service): return self
    case (.service, .primitive(.principal)), (.primitive(.principal), .service): return .primitive(.principal)
    default: return nil
    }
  }

  private var acceptsNull: Bool {
    switch self {
    case .opt, .primitive(.null), .primitive(.reserved): true
    default: false
    }
  }

  /// The fields of both, with those that only one has as `alone` says; `nil` if a field has no type.
  private static func merged(
    _ left: [InferredField], _ right: [InferredField], alone: (InferredType) -> InferredType?
  ) -> [InferredField]? {
    var result: [InferredField] = []
    var (first, second) = (left[...], right[...])
    while let label = [first.first?.label, second.first?.label].compactMap({ $0 }).min() {
      let one = first.first?.label == label ? first.removeFirst().type : nil
      let other = second.first?.label == label ? second.removeFirst().type : nil
      let type =
        if let one, let other { one.joined(with: other) } else { alone(one ?? other!) }
      guard let type else { return nil }
      result.append(InferredField(label: label, type: type))
    }
    return result
  }
}

extension TypeBuilder {
  fileprivate mutating func add(_ type: InferredType) -> TypeReference {
    switch type {
    case .primitive(let primitive): return .primitive(primitive)
    case .opt(let content): return intern(.opt(add(content)))
    case .vec(let element): return intern(.vec(add(element)))
    case .record(let fields): return intern(.record(add(fields)))
    case .variant(let fields): return intern(.variant(add(fields)))
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
