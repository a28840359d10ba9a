// The part of the parser that all grammars share: the current token, names, labels, and lists.
//
// The parser calls itself for each level of nesting; `nested` bounds how deep.

struct Parser {
  private var lexer: Lexer
  private(set) var token: Token
  private var depth = 0

  init(_ text: [UInt8]) throws(CandidTextError) {
    lexer = Lexer(text)
    token = try lexer.next()
  }

  @discardableResult mutating func advance() throws(CandidTextError) -> Token {
    let current = token
    token = try lexer.next()
    return current
  }

  mutating func accept(_ mark: Mark) throws(CandidTextError) -> Bool {
    guard token.kind == .mark(mark) else { return false }
    try advance()
    return true
  }

  mutating func accept(_ keyword: Keyword) throws(CandidTextError) -> Bool {
    guard token.kind == .keyword(keyword) else { return false }
    try advance()
    return true
  }

  mutating func expect(_ mark: Mark) throws(CandidTextError) {
    guard try accept(mark) else { throw unexpected(mark.quoted) }
  }

  func unexpected(_ expected: String) -> CandidTextError {
    let found =
      switch token.kind {
      case .end: "the end"
      case .keyword(let keyword): "\"\(keyword.rawValue)\""
      case .name(let name): "\"\(name.prefix(40))\""
      case .string: "a string"
      case .integer, .float: "a number"
      case .mark(let mark): mark.quoted
      }
    return CandidTextError(.unexpected(found: found, expected: expected), at: token.offset)
  }

  /// Parses something that may be part of itself.
  mutating func nested<Result>(
    _ parse: (inout Parser) throws(CandidTextError) -> Result
  ) throws(CandidTextError) -> Result {
    guard depth < CandidLimits.walkDepth else { throw CandidTextError(.nestedTooDeeply, at: token.offset) }
    depth += 1
    let result = try parse(&self)
    depth -= 1
    return result
  }

  /// Items up to a closing mark, with separators between them, and perhaps one behind the last.
  mutating func list<Item>(
    _ separator: Mark, until close: Mark, _ item: (inout Parser) throws(CandidTextError) -> Item
  ) throws(CandidTextError) -> [Item] {
    var items: [Item] = []
    while !(try accept(close)) {
      items.append(try item(&self))
      guard try accept(separator) else {
        guard try accept(close) else { throw unexpected("\(separator.quoted) or \(close.quoted)") }
        return items
      }
    }
    return items
  }

  // MARK: Names

  /// A string that has to be a text.
  mutating func text(_ expected: String) throws(CandidTextError) -> String {
    guard case .string(let bytes) = token.kind else { throw unexpected(expected) }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CandidTextError(.invalidUTF8, at: token.offset)
    }
    try advance()
    return text
  }

  /// An identifier or a text.
  mutating func name(_ expected: String) throws(CandidTextError) -> String {
    guard case .name(let name) = token.kind else { return try text(expected) }
    try advance()
    return name
  }

  /// What identifies a field, if the current token does: a name or a number.
  mutating func label() throws(CandidTextError) -> CandidLabel? {
    switch token.kind {
    case .name, .string: return CandidLabel(try name("a name"))
    case .integer(let digits):
      let isHex = digits.hasPrefix("0x")
      guard let id = UInt32(digits.dropFirst(isHex ? 2 : 0), radix: isHex ? 16 : 10) else {
        throw CandidTextError(.fieldIdOutOfRange, at: token.offset)
      }
      try advance()
      return CandidLabel(id: id)
    default: return nil
    }
  }

  /// A label and the mark behind it, if both come next.
  mutating func label(before mark: Mark) throws(CandidTextError) -> CandidLabel? {
    let start = self
    switch token.kind {
    case .name, .string, .integer: try advance()
    default: return nil
    }
    let isLabel = token.kind == .mark(mark)
    self = start
    guard isLabel else { return nil }
    let result = try label()
    try advance()
    return result
  }

  /// A principal in quotes.
  mutating func principal() throws(CandidTextError) -> Principal {
    let offset = token.offset
    let text = try text("a principal in quotes")
    do throws(PrincipalTextError) {
      return try Principal(parsing: text)
    } catch {
      throw CandidTextError(.invalidPrincipal(error), at: offset)
    }
  }
}

extension Mark {
  fileprivate var quoted: String { "\"\(rawValue)\"" }
}

/// Numbers fields that have none of their own: one more than the field before.
struct FieldCounter {
  private var next: UInt32? = 0

  mutating func pass(_ label: CandidLabel) { next = label.id == .max ? nil : label.id + 1 }

  mutating func take(at offset: Int) throws(CandidTextError) -> CandidLabel {
    guard let id = next else { throw CandidTextError(.fieldIdOutOfRange, at: offset) }
    let label = CandidLabel(id: id)
    pass(label)
    return label
  }
}
