// Values.
//
// Source: Candid specification, "Values".

extension Parser {
  /// Values in parentheses, up to the end of the text.
  mutating func wholeArguments() throws(CandidTextError) -> [ValueSyntax] {
    let values = try arguments()
    guard token.kind == .end else { throw unexpected("the end") }
    return values
  }

  private mutating func arguments() throws(CandidTextError) -> [ValueSyntax] {
    try expect(.leftParenthesis)
    return try list(.comma, until: .rightParenthesis) { parser throws(CandidTextError) in try parser.annotatedValue() }
  }

  /// A value, and perhaps its type behind it.
  private mutating func annotatedValue() throws(CandidTextError) -> ValueSyntax {
    let value = try value()
    guard try accept(.colon) else { return value }
    return ValueSyntax(kind: .annotated(value, try type()), offset: value.offset)
  }

  private mutating func value() throws(CandidTextError) -> ValueSyntax {
    let offset = token.offset
    let kind = try nested { parser throws(CandidTextError) in try parser.valueKind() }
    return ValueSyntax(kind: kind, offset: offset)
  }

  private mutating func valueKind() throws(CandidTextError) -> ValueSyntax.Kind {
    switch token.kind {
    case .string: return .text(try text("a text"))
    case .integer, .float: return try number(isNegative: false)
    case .mark(.plus), .mark(.minus):
      let isNegative = token.kind == .mark(.minus)
      try advance()
      return try number(isNegative: isNegative)
    case .name: return try number(isNegative: false)
    case .mark(.leftParenthesis):
      try advance()
      let value = try annotatedValue()
      try expect(.rightParenthesis)
      return value.kind
    case .keyword(let keyword): return try value(behind: keyword)
    default: throw unexpected("a value")
    }
  }

  private mutating func number(isNegative: Bool) throws(CandidTextError) -> ValueSyntax.Kind {
    switch token.kind {
    case .integer(let digits):
      guard digits.hasPrefix("0x") || digits.utf8.count <= TextForm.maximumDecimalDigits else {
        throw CandidTextError(.numberTooLong, at: token.offset)
      }
      try advance()
      return .integer(isNegative: isNegative, digits: digits)
    case .float(let digits):
      try advance()
      return .float(isNegative: isNegative, digits: digits)
    case .name(let name) where ["inf", "infinity", "nan"].contains(name.lowercased()):
      try advance()
      return .float(isNegative: isNegative, digits: name.lowercased() == "nan" ? "nan" : "inf")
    default: throw unexpected("a value")
    }
  }

  private mutating func value(behind keyword: Keyword) throws(CandidTextError) -> ValueSyntax.Kind {
    guard [.null, .true, .false, .opt, .vec, .record, .variant, .blob, .principal, .service, .func].contains(keyword)
    else { throw unexpected("a value") }
    try advance()
    switch keyword {
    case .true: return .bool(true)
    case .false: return .bool(false)
    case .opt: return .opt(try value())
    case .vec:
      try expect(.leftBrace)
      return .vec(
        try list(.semicolon, until: .rightBrace) { parser throws(CandidTextError) in try parser.annotatedValue() })
    case .record: return .record(try fields())
    case .variant: return .variant(try chosenCase())
    case .blob:
      guard case .string(let bytes) = token.kind else { throw unexpected("the bytes in quotes") }
      try advance()
      return .blob(bytes)
    case .principal: return .principal(try principal())
    case .service: return .service(try principal())
    case .func:
      let canister = try principal()
      try expect(.dot)
      return .func(CandidFunction(canister: canister, method: try name("a method")))
    default: return .null
    }
  }

  private mutating func fields() throws(CandidTextError) -> [ValueSyntax.FieldSyntax] {
    try expect(.leftBrace)
    var counter = FieldCounter()
    let fields = try list(.semicolon, until: .rightBrace) { parser throws(CandidTextError) in
      let offset = parser.token.offset
      if let label = try parser.label(before: .equals) {
        counter.pass(label)
        return ValueSyntax.FieldSyntax(label: label, value: try parser.annotatedValue(), offset: offset)
      }
      return ValueSyntax.FieldSyntax(
        label: try counter.take(at: offset), value: try parser.annotatedValue(), offset: offset)
    }
    var labels: Set<CandidLabel> = []
    for field in fields where !labels.insert(field.label).inserted {
      throw CandidTextError(.duplicateField(field.label), at: field.offset)
    }
    return fields.sorted { $0.label < $1.label }
  }

  private mutating func chosenCase() throws(CandidTextError) -> ValueSyntax.FieldSyntax {
    try expect(.leftBrace)
    let offset = token.offset
    guard let label = try label() else { throw unexpected("a case") }
    var value = ValueSyntax(kind: .null, offset: offset)
    if try accept(.equals) { value = try annotatedValue() }
    _ = try accept(.semicolon)
    try expect(.rightBrace)
    return ValueSyntax.FieldSyntax(label: label, value: value, offset: offset)
  }
}
