// The parsers' view of the text: the current token, the one after it, and the small phrases that occur everywhere:
// an opening parenthesis with a keyword, a closing one, strings, numbers.

import WebAssembly

package struct TokenCursor {
  private(set) var lexer: Lexer
  /// The token to be parsed next.
  private(set) var token: Token
  /// The one after it: what an opening parenthesis begins.
  private(set) var ahead: Token

  /// A cursor at `offset` of the lexer's text.
  package init(_ lexer: Lexer, at offset: Int = 0) throws(TextError) {
    self.lexer = lexer
    self.lexer.offset = offset
    token = try self.lexer.next()
    ahead = try self.lexer.next()
  }

  /// Byte offset of the current token.
  var offset: Int { token.start }

  mutating func advance() throws(TextError) {
    token = ahead
    ahead = try lexer.next()
  }

  mutating func move(to offset: Int) throws(TextError) {
    lexer.offset = offset
    token = try lexer.next()
    ahead = try lexer.next()
  }

  /// Moves behind the parenthesis that closes the one at `opening`, passing over everything between unseen.
  mutating func skipForm(from opening: Int) throws(TextError) {
    lexer.offset = opening + 1
    try lexer.skipForm(orThrow: .unexpectedToken, at: lexer.end - lexer.start)
    try move(to: lexer.offset)
  }

  // MARK: Phrases

  @inline(__always)
  func isAt(_ keyword: Keyword) -> Bool { token.kind == .word && token.keyword == keyword }

  /// Whether an opening parenthesis and `keyword` come next.
  @inline(__always)
  func isAtForm(_ keyword: Keyword) -> Bool {
    token.kind == .leftParenthesis && ahead.keyword == keyword && ahead.kind == .word
  }

  /// Passes over `keyword` if it is next.
  @inline(__always)
  mutating func accept(_ keyword: Keyword) throws(TextError) -> Bool {
    if !isAt(keyword) { return false }
    try advance()
    return true
  }

  /// Passes over an opening parenthesis and `keyword` if they are next.
  @inline(__always)
  mutating func open(_ keyword: Keyword) throws(TextError) -> Bool {
    if !isAtForm(keyword) { return false }
    try advance()
    try advance()
    return true
  }

  mutating func expect(_ keyword: Keyword) throws(TextError) {
    if !(try accept(keyword)) { throw unexpected() }
  }

  mutating func expectOpen() throws(TextError) {
    if token.kind != .leftParenthesis { throw unexpected() }
    try advance()
  }

  @inline(__always)
  mutating func expectClose() throws(TextError) {
    if token.kind != .rightParenthesis { throw unexpected() }
    try advance()
  }

  // MARK: Strings and numbers

  /// The bytes of the string that is next.
  package mutating func string() throws(TextError) -> [UInt8] {
    if token.kind != .string { throw unexpected() }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(token.end - token.start)
    lexer.unescape(lexer.text(of: token), into: &bytes)
    try advance()
    return bytes
  }

  /// The bytes of all strings that are next, one after the other.
  mutating func strings() throws(TextError) -> [UInt8] {
    var bytes: [UInt8] = []
    while token.kind == .string {
      lexer.unescape(lexer.text(of: token), into: &bytes)
      try advance()
    }
    return bytes
  }

  /// The string that is next, which must be UTF-8.
  mutating func name() throws(TextError) -> String {
    let start = offset
    guard let name = String(validating: try string(), as: UTF8.self) else {
      throw TextError(.malformedUTF8, at: start)
    }
    return name
  }

  /// Whether an index, a number or an identifier, is next.
  @inline(__always)
  var isAtIndex: Bool { token.kind == .number || token.kind == .identifier }

  /// Whether an integer without a sign is next.
  var isAtNatural: Bool {
    token.kind == .number && IntegerLiteral(lexer.text(of: token))?.sign == IntegerLiteral.Sign.none
  }

  mutating func u32() throws(TextError) -> UInt32 {
    UInt32(truncatingIfNeeded: try unsigned(bits: 32, orThrow: .i32ConstantOutOfRange))
  }

  mutating func u64() throws(TextError) -> UInt64 { try unsigned(bits: 64, orThrow: .constantOutOfRange) }

  /// A lane index; whether the shape has so many lanes is for validation to say.
  mutating func laneIndex() throws(TextError) -> UInt8 {
    UInt8(truncatingIfNeeded: try unsigned(bits: 8, orThrow: .i8ConstantOutOfRange))
  }

  private mutating func unsigned(bits: Int, orThrow reason: TextErrorReason) throws(TextError) -> UInt64 {
    guard token.kind == .number, let literal = IntegerLiteral(lexer.text(of: token)) else { throw unexpected() }
    let value: UInt64
    do { value = try literal.unsigned(bits: bits) } catch { throw numberError(error, reason) }
    try advance()
    return value
  }

  /// An integer of `bits` bits, signed or unsigned, with zeros above them.
  mutating func integer(bits: Int) throws(TextError) -> UInt64 {
    guard token.kind == .number, let literal = IntegerLiteral(lexer.text(of: token)) else { throw unexpected() }
    let value: UInt64
    do { value = try literal.uninterpreted(bits: bits) } catch { throw numberError(error, .constantOutOfRange) }
    try advance()
    return value
  }

  /// The bits of a floating-point number in `format`.
  mutating func float(_ format: FloatFormat) throws(TextError) -> UInt64 {
    guard token.kind == .number || token.kind == .word else { throw unexpected() }
    let value: UInt64
    do { value = try FloatLiteral.bits(of: lexer.text(of: token), as: format) } catch {
      throw numberError(error, .constantOutOfRange)
    }
    try advance()
    return value
  }

  private func numberError(_ fault: NumberFault, _ reason: TextErrorReason) -> TextError {
    switch fault {
    case .malformed: unexpected()
    case .outOfRange: error(reason)
    }
  }

  // MARK: Errors

  /// An error about the current token, which it quotes.
  func error(_ reason: TextErrorReason) -> TextError { error(reason, token) }

  func error(_ reason: TextErrorReason, _ token: Token) -> TextError {
    // Names and the like are quoted to be found again, not to be complete.
    let text = lexer.bytes(token.start..<min(token.end, token.start + 80))
    return TextError(reason, at: token.start, detail: text.isEmpty ? nil : String(decoding: text, as: UTF8.self))
  }

  /// The error for a current token that the grammar doesn't allow here.
  func unexpected() -> TextError { unexpected(token) }

  func unexpected(_ token: Token) -> TextError {
    let text = lexer.text(of: token)
    switch token.kind {
    case .annotation:
      switch token.keyword {
      case .custom: return error(.misplacedCustomAnnotation, token)
      case .name: return error(.misplacedNameAnnotation, token)
      default: return error(.branchHintNotInFunction, token)
      }
    case .reserved: return error(.unknownOperator, token)
    case .word:
      let isKnown =
        token.keyword != .none || token.row != OperatorTable.noRow || text.starts(with: "offset=".utf8)
        || text.starts(with: "align=".utf8) || isFloat(text)
      return error(isKnown ? .unexpectedToken : .unknownOperator, token)
    case .number:
      return error(IntegerLiteral(text) != nil || isFloat(text) ? .unexpectedToken : .unknownOperator, token)
    default: return error(.unexpectedToken, token)
    }
  }

  private func isFloat(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    do {
      _ = try FloatLiteral.bits(of: text, as: .binary64)
      return true
    } catch {
      return error == .outOfRange
    }
  }
}
