// From bytes to values of the types that a receiver expects, or of those that the message itself names.
//
// What is begun and not complete is on a stack of frames, and complete values on a stack of values, from which an outer
// value takes its parts: nesting takes no native stack. Every byte is read once, whatever fits and what doesn't: a value
// that isn't of the expected type is no error where an option is around it, but ends everything up to that option,
// which is null then; the rest of the bytes is passed over.
//
// Source: Candid specification, "Coercion", "Deserialisation".

struct Decoder {
  var reader: ByteReader
  /// What the message says.
  let wire: TypeTable
  /// What the receiver expects.
  let expected: TypeTable
  /// Whether both are the same, so that every value is of its expected type.
  private let isSelfDescribing: Bool
  private let maximumDepth: Int
  var work: Int
  var skippingWork: Int
  private var subtyping: Subtyping
  private var argument = 0
  private var frames: [Frame] = []
  /// How many of the frames are options.
  private var optionCount = 0
  private var values: [CandidValue] = []

  /// A value with parts, some of which are still to come.
  private struct Frame {
    enum Kind {
      case option
      case vector(sent: TypeReference, element: TypeReference)
      case record(sent: [FieldType], fields: [FieldType])
      case variant(CandidLabel)
    }

    var kind: Kind
    /// Where the parts begin in the stack of values.
    var start: Int
    /// How many parts are sent, and how many of them were begun.
    var count = 1
    var position = 0
    /// The first expected field of a record that has no value yet.
    var nextField = 0
    /// The field of a record that is being read.
    var field: CandidLabel?
  }

  /// What comes next.
  private enum Step {
    /// A value of type `sent` is to be read, as one of the type `type`.
    case read(_ sent: TypeReference, as: TypeReference)
    /// The innermost frame goes on: all that it began is on the stack of values.
    case resume
    /// The value that was begun last isn't one of its type; its bytes are passed over.
    case abandon
  }

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
    for (index, type) in sent.enumerated() {
      guard index < types.count else {
        try skip(type)
        continue
      }
      argument = index
      try value(type, as: types[index])
    }
    for type in types.dropFirst(sent.count) {
      guard let value = absent(type) else { throw .argumentCount(expected: types.count, found: sent.count) }
      values.append(value)
    }
    guard reader.remaining == 0 else { throw reader.malformed(.trailingBytes) }
    return values
  }

  // MARK: Limits

  /// The work that a value takes beside its bytes. It has some 40 bytes of memory, 64 in a record.
  private static let valueCost = 4

  mutating func charge(_ amount: Int) throws(CandidError) {
    guard amount <= work else { throw .limitExceeded(.decoding, offset: reader.offset) }
    work -= amount
  }

  mutating func chargeSkipping(_ amount: Int) throws(CandidError) {
    try charge(amount)
    guard amount <= skippingWork else { throw .limitExceeded(.skipping, offset: reader.offset) }
    skippingWork -= amount
  }

  private mutating func push(_ kind: Frame.Kind, count: Int = 1) throws(CandidError) {
    guard frames.count < maximumDepth else { throw .limitExceeded(.depth, offset: reader.offset) }
    frames.append(Frame(kind: kind, start: values.count, count: count))
  }

  // MARK: Values

  /// Puts the next value, which has the type `sent`, on the stack of values, as one of the type `type`.
  private mutating func value(_ sent: TypeReference, as type: TypeReference) throws(CandidError) {
    var step = Step.read(sent, as: type)
    while true {
      switch step {
      case .read(let sent, let type):
        try charge(Self.valueCost)
        switch type {
        case .primitive(let primitive): step = try begin(sent, as: primitive)
        case .entry(let index): step = try begin(sent, as: expected.entries[index], type)
        }
      case .resume:
        if frames.isEmpty { return }
        step = try resume()
      case .abandon: try abandon(&step)
      }
    }
  }

  /// The value that stands for one that isn't there; `nil` if there has to be one.
  private func absent(_ type: TypeReference) -> CandidValue? {
    switch type {
    case .primitive(.null): .null
    case .primitive(.reserved): .reserved
    case .primitive: nil
    case .entry(let index): if case .opt = expected.entries[index] { .opt(nil) } else { nil }
    }
  }

  private mutating func begin(_ sent: TypeReference, as type: PrimitiveType) throws(CandidError) -> Step {
    switch (type, sent) {
    case (.reserved, _):
      try skip(sent)
      values.append(.reserved)
      return .resume
    case (.int, .primitive(.nat)):
      let start = reader.offset
      values.append(.int(Integer(try reader.nat())))
      try charge(reader.offset - start)
      return .resume
    case (.principal, .entry(let index)):
      guard case .service = wire.entries[index] else { break }
      values.append(.principal(try principal()))
      return .resume
    default:
      guard sent == .primitive(type) else { break }
      let start = reader.offset
      values.append(try primitive(type))
      try charge(reader.offset - start)
      return .resume
    }
    return try pass(over: sent, insteadOf: .primitive(type))
  }

  private mutating func begin(
    _ sent: TypeReference, as type: CompositeType, _ reference: TypeReference
  ) throws(CandidError) -> Step {
    switch (type, wire[sent]) {
    case (.opt(let content), let composite):
      optionCount += 1
      try push(.option)
      return try beginOption(sent, composite, as: content)
    case (.vec(let element), .vec(let sentElement)): return try beginVector(sentElement, as: element)
    case (.record(let fields), .record(let sentFields)):
      try charge(sentFields.count + fields.count)
      try push(.record(sent: sentFields, fields: fields), count: sentFields.count)
    case (.variant(let fields), .variant(let sentFields)):
      let field = try chosenCase(of: sentFields)
      guard let match = fields.field(field.label) else {
        return try misfit(of: field.type) { .unknownCase(field.label, path: $0.path) }
      }
      try push(.variant(match.label))
      frames[frames.count - 1].position = 1
      return .read(field.type, as: match.type)
    case (.func, .func):
      guard try isSubtype(sent, of: reference) else { return try pass(over: sent, insteadOf: reference) }
      values.append(.func(try function()))
    case (.service, .service):
      guard try isSubtype(sent, of: reference) else { return try pass(over: sent, insteadOf: reference) }
      values.append(.service(try principal()))
    case (.future, .future):
      try skip(sent)
      values.append(.reserved)
    default: return try pass(over: sent, insteadOf: reference)
    }
    return .resume
  }

  /// Goes on behind the frame of an option.
  private mutating func beginOption(
    _ sent: TypeReference, _ composite: CompositeType?, as type: TypeReference
  ) throws(CandidError) -> Step {
    switch (sent, composite) {
    case (.primitive(.null), _), (.primitive(.reserved), _): return .resume
    case (_, .opt(let content)): return try tag() ? .read(content, as: type) : .resume
    case (_, .future):
      try skip(sent)
      return .resume
    default: return .read(sent, as: type)
    }
  }

  private mutating func beginVector(_ sent: TypeReference, as type: TypeReference) throws(CandidError) -> Step {
    guard let count = Int(exactly: try reader.unsigned()) else { throw reader.malformed(.unexpectedEnd) }
    try charge(count)
    if sent == .primitive(.nat8), type == sent {
      values.append(.blob(Array(try reader.take(UInt64(count)))))
      return .resume
    }
    try push(.vector(sent: sent, element: type), count: count)
    return .resume
  }

  /// The next part of the innermost frame, or its end.
  private mutating func resume() throws(CandidError) -> Step {
    let top = frames.count - 1
    switch frames[top].kind {
    case .option:
      let content = values.count > frames[top].start ? values.removeLast() : nil
      optionCount -= 1
      complete(.opt(content))
    case .vector(let sent, let element):
      if frames[top].position < frames[top].count {
        frames[top].position += 1
        return .read(sent, as: element)
      }
      // Bytes can't come from other elements, but no bytes can come from no elements.
      complete(element == .primitive(.nat8) ? .blob([]) : .vec(Array(values[frames[top].start...])))
    case .record(let sent, let fields): return try resumeRecord(top, sent, fields)
    case .variant(let label): complete(.variant(CandidField(label, values.removeLast())))
    }
    return .resume
  }

  private mutating func resumeRecord(
    _ top: Int, _ sent: [FieldType], _ fields: [FieldType]
  ) throws(CandidError) -> Step {
    frames[top].field = nil
    while true {
      let (position, next) = (frames[top].position, frames[top].nextField)
      let sentField = position < sent.count ? sent[position] : nil
      if next < fields.count, sentField == nil || fields[next].label < sentField!.label {
        guard let value = absent(fields[next].type) else {
          return try misfit { .missingField(fields[next].label, path: $0.path) }
        }
        try charge(Self.valueCost)
        values.append(value)
        frames[top].nextField += 1
        continue
      }
      guard let sentField else { break }
      frames[top].position += 1
      if next < fields.count, fields[next].label == sentField.label {
        frames[top].nextField += 1
        frames[top].field = fields[next].label
        return .read(sentField.type, as: fields[next].type)
      }
      try skip(sentField.type)
    }
    let parts = zip(fields, values[frames[top].start...]).map { CandidField($0.label, $1) }
    complete(.record(CandidRecord(sorted: parts)))
    return .resume
  }

  /// Ends the innermost frame, whose parts become one value.
  private mutating func complete(_ value: CandidValue) {
    values.removeSubrange(frames.removeLast().start...)
    values.append(value)
  }

  // MARK: What doesn't fit

  /// Passes over the rest of everything that was begun, up to the innermost option, which is null.
  private mutating func abandon(_ step: inout Step) throws(CandidError) {
    while let frame = frames.last {
      switch frame.kind {
      case .option:
        values.removeSubrange(frame.start...)
        step = .resume
        return
      case .vector(let sent, _): try skip(sent, count: frame.count - frame.position)
      case .record(let sent, _): for field in sent[frame.position...] { try skip(field.type) }
      case .variant: break
      }
      frames.removeLast()
    }
    step = .resume
  }

  private mutating func pass(over sent: TypeReference, insteadOf type: TypeReference) throws(CandidError) -> Step {
    try misfit(of: sent) {
      .mismatch(
        expected: TypeName.short(type, in: $0.expected), found: TypeName.short(sent, in: $0.wire), path: $0.path)
    }
  }

  /// Says that a value isn't of its expected type, and passes over it. Without an option around it, that is an error.
  /// Reasons that nobody reads aren't made: their paths would cost more than the values.
  private mutating func misfit(
    of sent: TypeReference? = nil, _ reason: (Decoder) -> CandidError
  ) throws(CandidError) -> Step {
    if optionCount == 0 { throw reason(self) }
    if let sent { try skip(sent) }
    return .abandon
  }

  /// Where the current value is.
  private var path: String {
    var steps = [PathStep.argument(argument)]
    for frame in frames {
      switch frame.kind {
      case .option: break
      case .vector: steps.append(.element(frame.position - 1))
      case .record: if let field = frame.field { steps.append(.field(field)) }
      case .variant(let label): steps.append(.field(label))
      }
    }
    return steps.path
  }

  private mutating func isSubtype(_ sent: TypeReference, of type: TypeReference) throws(CandidError) -> Bool {
    if isSelfDescribing { return true }
    guard let result = subtyping.isSubtype(sent, of: type, work: &work) else {
      work = 0
      throw .limitExceeded(.decoding, offset: reader.offset)
    }
    return result
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
