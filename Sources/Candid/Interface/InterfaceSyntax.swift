// .did files as they are written.
//
// Source: Candid specification, "Core Grammar", "Interfaces", "Imports".

/// A .did file as it is written.
struct InterfaceSyntax: Sendable {
  var definitions: [DefinitionSyntax]
  var imports: [ImportSyntax]
  var service: ServiceSyntax?

  struct ImportSyntax: Sendable {
    var file: String
    /// Whether the file's service is taken too.
    var includesService: Bool
    var offset: Int
  }

  struct ServiceSyntax: Sendable {
    /// The arguments of `init`, if the service is a constructor.
    var initArguments: [ArgumentSyntax]?
    /// Methods, or the name of a type that has them.
    var type: TypeSyntax
  }
}

extension Parser {
  /// A .did file, up to the end of the text.
  mutating func wholeInterface() throws(CandidTextError) -> InterfaceSyntax {
    var interface = try definitions()
    if token.kind == .keyword(.service) { interface.service = try mainService() }
    guard token.kind == .end else {
      throw unexpected(interface.service == nil ? "\"type\", \"import\" or \"service\"" : "the end")
    }
    return interface
  }

  /// Definitions and imports, with semicolons between them.
  mutating func definitions() throws(CandidTextError) -> InterfaceSyntax {
    var interface = InterfaceSyntax(definitions: [], imports: [])
    while true {
      if try accept(.type) {
        let offset = token.offset
        guard case .name(let name) = token.kind else { throw unexpected("the name of a type") }
        guard PrimitiveType(name: name) == nil else { throw unexpected("a name that no type has yet") }
        try advance()
        try expect(.equals)
        interface.definitions.append(DefinitionSyntax(name: name, type: try type(), offset: offset))
      } else if try accept(.import) {
        let includesService = try accept(.service)
        let offset = token.offset
        let file = try text("a file name in quotes")
        interface.imports.append(.init(file: file, includesService: includesService, offset: offset))
      } else {
        return interface
      }
      guard try accept(.semicolon) else { return interface }
    }
  }

  private mutating func mainService() throws(CandidTextError) -> InterfaceSyntax.ServiceSyntax {
    try advance()
    if case .name = token.kind { try advance() }
    try expect(.colon)
    var initArguments: [ArgumentSyntax]?
    if token.kind == .mark(.leftParenthesis) {
      initArguments = try argumentTypes()
      try expect(.arrow)
    }
    let offset = token.offset
    let kind: TypeSyntax.Kind
    if case .name(let name) = token.kind {
      try advance()
      kind = .name(name)
    } else {
      kind = .service(try methods())
    }
    _ = try accept(.semicolon)
    return .init(initArguments: initArguments, type: TypeSyntax(kind: kind, offset: offset))
  }
}
