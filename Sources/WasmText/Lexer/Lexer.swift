// Cuts the text into tokens, on demand. White space, comments and annotations without a meaning are passed over; the
// text is never copied, and nothing is allocated.
//
// Neighbouring characters hold together as far as possible: `0$x` or `"a"b` is one token, a reserved one, and not two.
//
// Source: WebAssembly 3.0, sections 6.2 and 6.3.

/// Invariant that makes the unchecked pointers sound: `start <= position <= end`, all inside one buffer that outlives
/// the lexer; every read compares with `end` first.
package struct Lexer {
  let start: UnsafePointer<UInt8>
  let end: UnsafePointer<UInt8>
  var position: UnsafePointer<UInt8>
  private let classes = CharacterClass.table
  private let words = WordTable.shared

  /// A lexer over `text`, which must outlive it.
  package init(_ text: UnsafeBufferPointer<UInt8>) {
    // An empty buffer may have no address; any non-null one serves, as nothing is ever read.
    start = text.baseAddress ?? UnsafePointer(bitPattern: 16)!
    end = start + text.count
    position = start
  }

  /// Byte offset of the next unread byte.
  var offset: Int {
    get { position - start }
    set { position = start + newValue }
  }

  /// The bytes of a token or of any other range of the text.
  func bytes(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: start + range.lowerBound, count: range.count)
  }

  package func text(of token: Token) -> UnsafeBufferPointer<UInt8> { bytes(token.start..<token.end) }

  func error(_ reason: TextErrorReason, at place: UnsafePointer<UInt8>) -> TextError {
    TextError(reason, at: place - start)
  }

  private func token(_ kind: Token.Kind, from first: UnsafePointer<UInt8>) -> Token {
    Token(kind: kind, start: first - start, end: position - start)
  }

  /// The next token.
  package mutating func next() throws(TextError) -> Token {
    while position != end {
      let first = position
      switch classes[Int(first.pointee)] {
      case .space: position += 1
      case .leftParenthesis:
        position += 1
        if position != end && position.pointee == UInt8(ascii: ";") {
          try skipBlockComment()
        } else if position != end && position.pointee == UInt8(ascii: "@") {
          if let token = try annotation() { return token }
        } else {
          return token(.leftParenthesis, from: first)
        }
      case .rightParenthesis:
        position += 1
        return token(.rightParenthesis, from: first)
      case .semicolon:
        position += 1
        if position == end || position.pointee != UInt8(ascii: ";") { return token(.reserved, from: first) }
        try skipLineComment()
      case .punctuation:
        position += 1
        return token(.reserved, from: first)
      case .letter: return try word()
      case .quote:
        try skipString()
        return try rest(of: .string, from: first)
      case .dollar: return try identifier()
      case .numeric:
        skipIdentifierCharacters()
        return try rest(of: .number, from: first)
      case .symbol: return try rest(of: .reserved, from: first)
      case .illegal, .nonASCII:
        try skipCharacter()
        throw error(.illegalCharacter, at: first)
      }
    }
    return token(.end, from: position)
  }

  // MARK: Tokens of several characters

  private mutating func word() throws(TextError) -> Token {
    let first = position
    var hash = WordTable.seed
    while position != end && classes[Int(position.pointee)].isIdentifierCharacter {
      hash = WordTable.step(hash, position.pointee)
      position += 1
    }
    let word = words.word(first, count: position - first, hash: hash)
    var token = try rest(of: .word, from: first)
    token.keyword = word.keyword
    token.row = word.row
    return token
  }

  private mutating func identifier() throws(TextError) -> Token {
    let first = position
    position += 1
    if position != end && position.pointee == UInt8(ascii: "\"") {
      try skipQuotedName(orThrow: .emptyIdentifier, at: first)
    } else {
      skipIdentifierCharacters()
      if position - first == 1 { throw error(.emptyIdentifier, at: first) }
    }
    return try rest(of: .identifier, from: first)
  }

  /// Passes over the string that quotes an identifier: not empty, and UTF-8. Where there is no such string, what stands
  /// before the quote has nothing to its right, and `reason` says so.
  private mutating func skipQuotedName(
    orThrow reason: TextErrorReason, at first: UnsafePointer<UInt8>
  ) throws(TextError) {
    let quote = position
    do {
      try skipString()
    } catch {
      throw error.reason == .illegalCharacter ? self.error(reason, at: first) : error
    }
    if position - quote == 2 { throw error(reason, at: first) }
    let contents = bytes(quote - start..<position - start)
    if contents.contains(UInt8(ascii: "\\")) {
      var bytes: [UInt8] = []
      unescape(contents, into: &bytes)
      if String(validating: bytes, as: UTF8.self) == nil { throw error(.malformedUTF8, at: quote) }
    }
  }

  private mutating func skipIdentifierCharacters() {
    while position != end && classes[Int(position.pointee)].isIdentifierCharacter { position += 1 }
  }

  /// The token of `kind` that began at `first`, if it ends here; else the longer, reserved one of which it is a part.
  private mutating func rest(of kind: Token.Kind, from first: UnsafePointer<UInt8>) throws(TextError) -> Token {
    let stop = position
    while position != end {
      if classes[Int(position.pointee)].isIdentifierCharacter {
        position += 1
      } else if position.pointee == UInt8(ascii: "\"") {
        try skipString()
      } else {
        break
      }
    }
    return token(position == stop ? kind : .reserved, from: first)
  }

  // MARK: Annotations

  /// Called after `(`, before `@`. Passes over an annotation whose identifier has no meaning and returns nil.
  private mutating func annotation() throws(TextError) -> Token? {
    let first = position - 1
    position += 1
    let name = position
    if position != end && position.pointee == UInt8(ascii: "\"") {
      try skipQuotedName(orThrow: .emptyAnnotationId, at: first)
    } else {
      skipIdentifierCharacters()
      if position == name { throw error(.emptyAnnotationId, at: first) }
      let hash = bytes(name - start..<position - start).reduce(WordTable.seed, WordTable.step)
      let word = words.word(name, count: position - name, hash: hash)
      if word.keyword == .custom || word.keyword == .name || word.keyword == .branchHint {
        var token = token(.annotation, from: first)
        token.keyword = word.keyword
        return token
      }
    }
    try skipForm(orThrow: .unclosedAnnotation, at: first - start)
    return nil
  }

  /// Passes over balanced text until after the parenthesis that closes it. Its opening one has been read already. Looks
  /// at characters, strings and comments, but not at tokens: much faster than reading those. Without a closing
  /// parenthesis it throws `reason` for the offset `opening`.
  mutating func skipForm(orThrow reason: TextErrorReason, at opening: Int) throws(TextError) {
    var depth = 1
    while position != end {
      switch classes[Int(position.pointee)] {
      case .leftParenthesis:
        position += 1
        if position != end && position.pointee == UInt8(ascii: ";") {
          try skipBlockComment()
        } else {
          depth += 1
        }
      case .rightParenthesis:
        position += 1
        depth -= 1
        if depth == 0 { return }
      case .semicolon:
        position += 1
        if position != end && position.pointee == UInt8(ascii: ";") { try skipLineComment() }
      case .quote: try skipString()
      case .illegal, .nonASCII:
        let place = position
        try skipCharacter()
        throw error(.illegalCharacter, at: place)
      default: position += 1
      }
    }
    throw TextError(reason, at: opening)
  }

  // MARK: Comments

  /// Called at the second semicolon. Leaves the end of the line unread.
  private mutating func skipLineComment() throws(TextError) {
    while position != end && position.pointee != 0x0A && position.pointee != 0x0D {
      if position.pointee >= 0x80 { try skipCharacter() } else { position += 1 }
    }
  }

  /// Called after `(`, before `;`. Comments nest, so their depth is counted.
  private mutating func skipBlockComment() throws(TextError) {
    let first = position - 1
    position += 1
    var depth = 1
    while position != end {
      let byte = position.pointee
      let next = position + 1 == end ? 0 : position[1]
      if byte == UInt8(ascii: ";") && next == UInt8(ascii: ")") {
        position += 2
        depth -= 1
        if depth == 0 { return }
      } else if byte == UInt8(ascii: "(") && next == UInt8(ascii: ";") {
        position += 2
        depth += 1
      } else if byte >= 0x80 {
        try skipCharacter()
      } else {
        position += 1
      }
    }
    throw error(.unclosedComment, at: first)
  }
}
