// From bytes to values of the types that a receiver expects, or of those that the message itself names.
//
// A value that is well-formed but not of the expected type is no error where an option encloses it: the option is null
// then. So decoding a value either gives it, or throws, or passes over all its bytes and gives `nil`. Every byte is read
// once, whatever fits and what doesn't.
//
// Source: Candid specification, "Coercion", "Deserialisation".

import BigInt

struct Decoder {
  var reader: ByteReader
  /// What the message says.
  let wire: TypeTable
  /// What the receiver expects.
  let expected: TypeTable
  /// Whether both are the same, so that every value is of its expected type.
  let isSelfDescribing: Bool
  let maximumDepth: Int
  var work: Int
  var skippingWork: Int
  var depth = 0
  var path = ValuePath()
  /// Why the last value that didn't fit didn't.
  var misfit: CandidError?
  private var subtyping: Subtyping

  init(_ reader: ByteReader, wire: TypeTable, expected: TypeTable?, limits: CandidLimits) throws(CandidError) {
    self.reader = reader
    self.wire = wire
    self.expected = expected ?? wire
    isSelfDescribing = expected == nil
    maximumDepth = limits.depth
    work = limits.decodingQuota(forBytes: reader.bytes.count)
    skippingWork = limits.skippingQuota ?? .max
    subtyping = Subtyping(lower: wire, upper: self.expected)
    try charge(4 * reader.offset)
  }

  /// The arguments of a message, at the types that are expected, or at its own.
  static func arguments(
    _ bytes: [UInt8], as expected: CandidTypes?, limits: CandidLimits
  ) throws(CandidError) -> (values: [CandidValue], types: CandidTypes) {
    var reader = ByteReader(bytes)
    let header = try MessageHeader(&reader, limits: limits)
    var decoder = try Decoder(reader, wire: header.types.table, expected: expected?.table, limits: limits)
    let types = expected ?? header.types
    return (try decoder.arguments(header.types.elements, as: types.elements), types)
  }

  private mutating func arguments(
    _ sent: [TypeReference], as types: [TypeReference]
  ) throws(CandidError) -> [CandidValue] {
    var values: [CandidValue] = []
    for (index, type) in sent.enumerated() {
      guard index < types.count else {
        try skip(type)
        continue
      }
      path.steps.append(.argument(index))
      guard let value = try value(type, as: types[index]) else { throw misfit! }
      values.append(value)
      path.steps.removeLast()
    }
    for type in types.dropFirst(sent.count) {
      guard let value = absent(type) else { throw .argumentCount(expected: types.count, found: sent.count) }
      values.append(value)
    }
    guard reader.remaining == 0 else { throw reader.malformed(.trailingBytes) }
    return values
  }

  // MARK: Limits

  mutating func charge(_ amount: Int) throws(CandidError) {
    guard amount <= work else { throw .limitExceeded(.decoding, offset: reader.offset) }
    work -= amount
  }

  mutating func chargeSkipping(_ amount: Int) throws(CandidError) {
    try charge(amount)
    guard amount <= skippingWork else { throw .limitExceeded(.skipping, offset: reader.offset) }
    skippingWork -= amount
  }

  mutating func enter() throws(CandidError) {
    guard depth < maximumDepth else { throw .limitExceeded(.depth, offset: reader.offset) }
    depth += 1
  }

  // MARK: Values

  /// The value that stands for one that isn't there; `nil` if there has to be one.
  private func absent(_ type: TypeReference) -> CandidValue? {
    switch type {
    case .primitive(.null): .null
    case .primitive(.reserved): .reserved
    case .primitive: nil
    case .entry(let index): if case .opt = expected.entries[index] { .opt(nil) } else { nil }
    }
  }

  /// The next value, which has the type `sent`, at type `type`; `nil` if it isn't one of that, with its bytes passed
  /// over and the reason in `misfit`.
  private mutating func value(_ sent: TypeReference, as type: TypeReference) throws(CandidError) -> CandidValue? {
    try enter()
    defer { depth -= 1 }
    try charge(1)
    switch type {
    case .primitive(let primitive): return try value(sent, as: primitive)
    case .entry(let index): return try value(sent, as: expected.entries[index], type)
    }
  }

  private mutating func value(_ sent: TypeReference, as type: PrimitiveType) throws(CandidError) -> CandidValue? {
    switch (type, sent) {
    case (.reserved, _):
      try skip(sent)
      return .reserved
    case (.int, .primitive(.nat)):
      let start = reader.offset
      let number = try reader.nat()
      try charge(reader.offset - start)
      return .int(BigInt(number))
    case (.principal, .entry(let index)):
      guard case .service = wire.entries[index] else { break }
      return .principal(try principal())
    default:
      if sent == .primitive(type) { return try primitive(type) }
    }
    try pass(over: sent, insteadOf: .primitive(type))
    return nil
  }

  private mutating func value(
    _ sent: TypeReference, as type: CompositeType, _ reference: TypeReference
  ) throws(CandidError) -> CandidValue? {
    switch (type, wire[sent]) {
    case (.opt(let content), let composite): return .opt(try option(sent, composite, as: content))
    case (.vec(let element), .vec(let sentElement)): return try vector(sentElement, as: element)
    case (.record(let fields), .record(let sentFields)): return try record(sentFields, as: fields)
    case (.variant(let fields), .variant(let sentFields)): return try variant(sentFields, as: fields)
    case (.func, .func):
      guard try isSubtype(sent, of: reference) else { break }
      return .func(try function())
    case (.service, .service):
      guard try isSubtype(sent, of: reference) else { break }
      return .service(try principal())
    case (.future, .future):
      try skip(sent)
      return .reserved
    default: break
    }
    try pass(over: sent, insteadOf: reference)
    return nil
  }

  /// The content of an option; `nil` if there is none, or none of the expected type.
  private mutating func option(
    _ sent: TypeReference, _ composite: CompositeType?, as type: TypeReference
  ) throws(CandidError) -> CandidValue? {
    path.steps.append(.content)
    defer { path.steps.removeLast() }
    switch (sent, composite) {
    case (.primitive(.null), _), (.primitive(.reserved), _): return nil
    case (_, .opt(let content)): return try tag() ? value(content, as: type) : nil
    case (_, .future):
      try skip(sent)
      return nil
    default: return try value(sent, as: type)
    }
  }

  private mutating func vector(
    _ sent: TypeReference, as type: TypeReference
  ) throws(CandidError) -> CandidValue? {
    let count = try reader.unsigned()
    guard let count = Int(exactly: count) else { throw reader.malformed(.unexpectedEnd) }
    // Pays for the elements before there is room for them; what each holds is paid when it is read.
    try charge(count)
    if sent == .primitive(.nat8), type == sent { return .blob(Array(try reader.take(UInt64(count)))) }
    var elements: [CandidValue] = []
    elements.reserveCapacity(min(count, reader.remaining))
    for index in 0..<count {
      path.steps.append(.element(index))
      defer { path.steps.removeLast() }
      guard let element = try value(sent, as: type) else {
        for _ in index + 1..<count { try skip(sent) }
        return nil
      }
      elements.append(element)
    }
    // Bytes can't come from other elements, but no bytes can come from no elements.
    return type == .primitive(.nat8) ? .blob([]) : .vec(elements)
  }

  private mutating func record(
    _ sent: [FieldType], as fields: [FieldType]
  ) throws(CandidError) -> CandidValue? {
    try charge(sent.count + fields.count)
    var values: [CandidField] = []
    values.reserveCapacity(fields.count)
    var fits = true
    var next = 0

    func fillIn(before label: CandidLabel?) {
      while fits, next < fields.count, label == nil || fields[next].label < label! {
        let field = fields[next]
        if let value = absent(field.type) {
          values.append(CandidField(field.label, value))
        } else {
          fits = false
          misfit = .missingField(field.label, path: path.description)
        }
        next += 1
      }
    }

    for field in sent {
      fillIn(before: field.label)
      guard fits, next < fields.count, fields[next].label == field.label else {
        try skip(field.type)
        continue
      }
      path.steps.append(.field(fields[next].label))
      if let value = try value(field.type, as: fields[next].type) {
        values.append(CandidField(fields[next].label, value))
      } else {
        fits = false
      }
      path.steps.removeLast()
      next += 1
    }
    fillIn(before: nil)
    return fits ? .record(CandidRecord(sorted: values)) : nil
  }

  private mutating func variant(
    _ sent: [FieldType], as fields: [FieldType]
  ) throws(CandidError) -> CandidValue? {
    let field = try chosenCase(of: sent)
    guard let match = fields.field(field.label) else {
      misfit = .unknownCase(field.label, path: path.description)
      try skip(field.type)
      return nil
    }
    path.steps.append(.field(match.label))
    defer { path.steps.removeLast() }
    guard let value = try value(field.type, as: match.type) else { return nil }
    return .variant(CandidField(match.label, value))
  }

  private mutating func isSubtype(_ sent: TypeReference, of type: TypeReference) throws(CandidError) -> Bool {
    if isSelfDescribing { return true }
    guard let result = subtyping.isSubtype(sent, of: type, work: &work) else {
      work = 0
      throw .limitExceeded(.decoding, offset: reader.offset)
    }
    return result
  }

  private mutating func pass(over sent: TypeReference, insteadOf type: TypeReference) throws(CandidError) {
    misfit = .mismatch(
      expected: TypeName.short(type, in: expected), found: TypeName.short(sent, in: wire), path: path.description)
    try skip(sent)
  }
}

extension [FieldType] {
  /// The field with a label. Takes logarithmic time.
  func field(_ label: CandidLabel) -> FieldType? {
    position(of: label).map { self[$0] }
  }

  func position(of label: CandidLabel) -> Int? {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle].label < label { low = middle + 1 } else { high = middle }
    }
    return low < count && self[low].label == label ? low : nil
  }
}
