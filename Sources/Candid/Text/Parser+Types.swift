// Types.
//
// Source: Candid specification, "Core Grammar", "Syntactic Shorthands".

extension Parser {
  mutating func type() throws(CandidTextError) -> TypeSyntax {
    let offset = token.offset
    let kind = try nested { parser throws(CandidTextError) in try parser.typeKind() }
    return TypeSyntax(kind: kind, offset: offset)
  }

  private mutating func typeKind() throws(CandidTextError) -> TypeSyntax.Kind {
    switch token.kind {
    case .name(let name):
      try advance()
      return PrimitiveType(name: name).map { .primitive($0) } ?? .name(name)
    case .keyword(.null):
      try advance()
      return .primitive(.null)
    case .keyword(.principal):
      try advance()
      return .primitive(.principal)
    case .keyword(.blob):
      let offset = try advance().offset
      return .vec(TypeSyntax(kind: .primitive(.nat8), offset: offset))
    case .keyword(.opt):
      try advance()
      return .opt(try type())
    case .keyword(.vec):
      try advance()
      return .vec(try type())
    case .keyword(.record):
      try advance()
      return .record(try fieldTypes(isVariant: false))
    case .keyword(.variant):
      try advance()
      return .variant(try fieldTypes(isVariant: true))
    case .keyword(.func):
      try advance()
      return .func(try functionType())
    case .keyword(.service):
      try advance()
      return .service(try methods())
    default: throw unexpected("a type")
    }
  }

  private mutating func fieldTypes(isVariant: Bool) throws(CandidTextError) -> [FieldTypeSyntax] {
    try expect(.leftBrace)
    var counter = FieldCounter()
    let fields = try list(.semicolon, until: .rightBrace) { parser throws(CandidTextError) in
      let offset = parser.token.offset
      if let label = try parser.label(before: .colon) {
        counter.pass(label)
        return FieldTypeSyntax(label: label, type: try parser.type(), offset: offset)
      }
      guard isVariant else {
        return FieldTypeSyntax(label: try counter.take(at: offset), type: try parser.type(), offset: offset)
      }
      guard let label = try parser.label() else { throw parser.unexpected("a case") }
      return FieldTypeSyntax(
        label: label, type: TypeSyntax(kind: .primitive(.null), offset: offset), offset: offset)
    }
    var labels: Set<CandidLabel> = []
    for field in fields where !labels.insert(field.label).inserted {
      throw CandidTextError(.duplicateField(field.label), at: field.offset)
    }
    return fields
  }

  /// A function's arguments, results and annotations.
  mutating func functionType() throws(CandidTextError) -> FunctionSyntax {
    let arguments = try argumentTypes()
    try expect(.arrow)
    let results = try argumentTypes()
    var modes: FunctionModes = []
    while true {
      let offset = token.offset
      let mode: FunctionModes
      if try accept(.query) {
        mode = .query
      } else if try accept(.oneway) {
        mode = .oneway
        guard results.isEmpty else { throw CandidTextError(.onewayWithResults, at: offset) }
      } else if try accept(.compositeQuery) {
        mode = .compositeQuery
      } else {
        return FunctionSyntax(arguments: arguments, results: results, modes: modes)
      }
      guard modes.insert(mode).inserted else { throw CandidTextError(.duplicateMode, at: offset) }
    }
  }

  /// Types in parentheses, with or without names.
  mutating func argumentTypes() throws(CandidTextError) -> [ArgumentSyntax] {
    try expect(.leftParenthesis)
    var names: Set<[UInt8]> = []
    return try list(.comma, until: .rightParenthesis) { parser throws(CandidTextError) in
      let offset = parser.token.offset
      let start = parser
      switch parser.token.kind {
      case .name, .string:
        let name = try parser.name("a name")
        if try parser.accept(.colon) {
          guard names.insert(Array(name.utf8)).inserted else {
            throw CandidTextError(.duplicateArgumentName(name), at: offset)
          }
          return ArgumentSyntax(name: name, type: try parser.type())
        }
        parser = start
      default: break
      }
      return ArgumentSyntax(type: try parser.type())
    }
  }

  /// The methods of a service, in braces.
  mutating func methods() throws(CandidTextError) -> [MethodSyntax] {
    try expect(.leftBrace)
    let methods = try list(.semicolon, until: .rightBrace) { parser throws(CandidTextError) in
      let offset = parser.token.offset
      let name = try parser.name("a method")
      try parser.expect(.colon)
      let typeOffset = parser.token.offset
      let kind: TypeSyntax.Kind
      if case .name(let name) = parser.token.kind {
        try parser.advance()
        kind = .name(name)
      } else {
        kind = .func(try parser.functionType())
      }
      return MethodSyntax(name: name, type: TypeSyntax(kind: kind, offset: typeOffset), offset: offset)
    }
    let sorted = methods.sorted { ExactText.precedes($0.name, $1.name) }
    for (method, next) in zip(sorted, sorted.dropFirst()) where ExactText.equal(method.name, next.name) {
      throw CandidTextError(.duplicateMethod(next.name), at: max(method.offset, next.offset))
    }
    return methods
  }
}
