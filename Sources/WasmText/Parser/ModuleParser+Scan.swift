// The first pass over a module's fields: where they begin, how many indices they take, what identifiers they bind.

import WebAssembly

/// What stands at the place where something may be given an identifier.
struct Binder {
  var identifier: Identifier
  /// The name for the name section: that of a `@name` annotation, else the identifier.
  var name: Identifier
}

extension ModuleParser {
  mutating func moduleNameAnnotation() throws(TextError) {
    while cursor.token.kind == .annotation && cursor.token.keyword == .name {
      if names.hasModuleAnnotation { throw cursor.error(.multipleModuleNameAnnotations) }
      names.hasModuleAnnotation = true
      names.module = try nameAnnotation()
    }
  }

  mutating func scanFields(isEnclosed: Bool) throws(TextError) {
    while true {
      let start = cursor.offset
      switch cursor.token.kind {
      case .leftParenthesis:
        try scanField(at: start)
        try cursor.skipForm(from: start)
      case .annotation where cursor.token.keyword == .custom:
        otherFields.append(start)
        try cursor.skipForm(from: start)
      case .annotation
      where cursor.token.keyword == .name && names.hasModuleAnnotation && typeFields.isEmpty
        && otherFields.isEmpty:
        throw cursor.error(.multipleModuleNameAnnotations)
      case .rightParenthesis where isEnclosed: return
      case .end where !isEnclosed: return
      default: throw cursor.unexpected()
      }
    }
  }

  private mutating func scanField(at start: Int) throws(TextError) {
    let keyword = cursor.ahead.kind == .word ? cursor.ahead.keyword : .none
    if keyword == .type || keyword == .rec { typeFields.append(start) } else { otherFields.append(start) }
    if keyword == .export || keyword == .start { return }
    try cursor.advance()
    if keyword == .none { throw cursor.unexpected() }
    try cursor.advance()
    switch keyword {
    case .type: try define(.type)
    case .rec:
      while cursor.token.kind == .leftParenthesis {
        let start = cursor.offset
        guard try cursor.open(.type) else { throw cursor.unexpected(cursor.ahead) }
        try define(.type)
        try cursor.skipForm(from: start)
      }
    case .func: try define(.function)
    case .table:
      try define(.table)
      if try scanForForm(.elem) { bind(.element) }
    case .memory:
      try define(.memory)
      if try scanForForm(.data) { bind(.data) }
    case .global: try define(.global)
    case .tag: try define(.tag)
    case .elem: try define(.element)
    case .data: try define(.data)
    case .import:
      _ = try cursor.name()
      _ = try cursor.name()
      try cursor.expectOpen()
      guard let space = importSpace else { throw cursor.unexpected() }
      try cursor.advance()
      try define(space)
    default:
      try cursor.move(to: start)
      throw cursor.unexpected(cursor.ahead)
    }
  }

  /// The index space that the current token names as the kind of an import or export.
  var importSpace: Space? {
    guard cursor.token.kind == .word else { return nil }
    switch cursor.token.keyword {
    case .func: return .function
    case .table: return .table
    case .memory: return .memory
    case .global: return .global
    case .tag: return .tag
    default: return nil
    }
  }

  /// Whether one of the forms in the rest of the field is a `keyword` form. Stops there.
  private mutating func scanForForm(_ keyword: Keyword) throws(TextError) -> Bool {
    while cursor.token.kind != .rightParenthesis {
      if cursor.isAtForm(keyword) { return true }
      switch cursor.token.kind {
      case .leftParenthesis, .annotation: try cursor.skipForm(from: cursor.offset)
      case .end: throw cursor.unexpected()
      default: try cursor.advance()
      }
    }
    return false
  }

  // MARK: Identifiers

  private mutating func define(_ space: Space) throws(TextError) {
    let token = cursor.token
    let binder = try binder()
    if !spaces[space.rawValue].define(binder.identifier, name: binder.name) {
      throw cursor.error(space.duplicate, token)
    }
  }

  private mutating func bind(_ space: Space) { _ = spaces[space.rawValue].define(.none, name: .none) }

  /// An optional identifier, and an optional `@name` annotation.
  mutating func binder() throws(TextError) -> Binder {
    var identifier = Identifier.none
    if cursor.token.kind == .identifier {
      identifier = identifiers.identifier(cursor.token, cursor.lexer)
      try cursor.advance()
    }
    if cursor.token.kind == .annotation && cursor.token.keyword == .name {
      return Binder(identifier: identifier, name: try nameAnnotation())
    }
    return Binder(identifier: identifier, name: identifier)
  }

  /// `(@name "…")`, which is next.
  private mutating func nameAnnotation() throws(TextError) -> Identifier {
    try cursor.advance()
    let start = cursor.offset
    let bytes = try cursor.string()
    if String(validating: bytes, as: UTF8.self) == nil { throw TextError(.malformedUTF8, at: start) }
    try cursor.expectClose()
    return identifiers.identifier(bytes)
  }

  /// An index in `space`: a number, or an identifier that the module binds.
  mutating func index(_ space: Space) throws(TextError) -> UInt32 {
    if cursor.token.kind != .identifier { return try cursor.u32() }
    let identifier = identifiers.identifier(cursor.token, cursor.lexer)
    guard let index = spaces[space.rawValue].index(of: identifier) else { throw cursor.error(space.unknown) }
    try cursor.advance()
    return index
  }

  /// An index in `space` if one is next, else 0.
  mutating func optionalIndex(_ space: Space) throws(TextError) -> UInt32 {
    cursor.isAtIndex ? try index(space) : 0
  }
}
