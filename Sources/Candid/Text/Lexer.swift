// Splits a text into tokens. Types, values and .did files have the same ones.
//
// Source: Candid specification, "Comments", "Names", "Values".

/// The words that have a meaning of their own; a name that is one of them stands in quotes.
enum Keyword: String, CaseIterable {
  case `import`, service, `func`, type, opt, vec, record, variant, blob, principal, null, `true`, `false`
  case oneway, query
  case compositeQuery = "composite_query"
}

/// A punctuation mark.
enum Mark: String {
  case equals = "="
  case leftParenthesis = "("
  case rightParenthesis = ")"
  case leftBrace = "{"
  case rightBrace = "}"
  case semicolon = ";"
  case comma = ","
  case dot = "."
  case colon = ":"
  case plus = "+"
  case minus = "-"
  case arrow = "->"
}

struct Token {
  enum Kind: Equatable {
    case end
    case keyword(Keyword)
    case name(String)
    /// A string, which need not be UTF-8.
    case string([UInt8])
    /// Digits without a sign and underscores; hexadecimal ones begin with `0x`.
    case integer(String)
    case float(String)
    case mark(Mark)
  }

  var kind: Kind
  /// Where the token begins in the text.
  var offset: Int
}

struct Lexer {
  let text: [UInt8]
  private var offset = 0

  init(_ text: [UInt8]) { self.text = text }

  static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  private func isDigit(_ index: Int) -> Bool {
    index < text.count && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[index])
  }

  private func hexValue(_ index: Int) -> UInt32? {
    guard index < text.count else { return nil }
    switch text[index] {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return UInt32(text[index] - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): return UInt32(text[index] - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): return UInt32(text[index] - UInt8(ascii: "A") + 10)
    default: return nil
    }
  }

  private func has(_ character: Unicode.Scalar, at index: Int) -> Bool {
    index < text.count && text[index] == UInt8(ascii: character)
  }

  mutating func next() throws(CandidTextError) -> Token {
    try skipSpace()
    let start = offset
    guard start < text.count else { return Token(kind: .end, offset: start) }
    return Token(kind: try kind(), offset: start)
  }

  private mutating func skipSpace() throws(CandidTextError) {
    while offset < text.count {
      switch text[offset] {
      case 0x20, 0x09, 0x0A, 0x0D: offset += 1
      case UInt8(ascii: "/") where has("/", at: offset + 1):
        while offset < text.count, text[offset] != 0x0A, text[offset] != 0x0D { offset += 1 }
      case UInt8(ascii: "/") where has("*", at: offset + 1): try skipComment()
      default: return
      }
    }
  }

  private mutating func skipComment() throws(CandidTextError) {
    let start = offset
    var depth = 0
    repeat {
      guard offset < text.count else { throw CandidTextError(.unclosedComment, at: start) }
      if has("/", at: offset), has("*", at: offset + 1) {
        depth += 1
        offset += 2
      } else if has("*", at: offset), has("/", at: offset + 1) {
        depth -= 1
        offset += 2
      } else {
        offset += 1
      }
    } while depth > 0
  }

  private mutating func kind() throws(CandidTextError) -> Token.Kind {
    if text[offset] == UInt8(ascii: "\"") { return .string(try string()) }
    if isDigit(offset) { return number() }
    if Self.isNameByte(text[offset]) {
      let word = String(decoding: text[offset...].prefix { Self.isNameByte($0) }, as: UTF8.self)
      offset += word.utf8.count
      return Keyword(rawValue: word).map { .keyword($0) } ?? .name(word)
    }
    let mark: Mark
    switch text[offset] {
    case UInt8(ascii: "="): mark = .equals
    case UInt8(ascii: "("): mark = .leftParenthesis
    case UInt8(ascii: ")"): mark = .rightParenthesis
    case UInt8(ascii: "{"): mark = .leftBrace
    case UInt8(ascii: "}"): mark = .rightBrace
    case UInt8(ascii: ";"): mark = .semicolon
    case UInt8(ascii: ","): mark = .comma
    case UInt8(ascii: "."): mark = .dot
    case UInt8(ascii: ":"): mark = .colon
    case UInt8(ascii: "+"): mark = .plus
    case UInt8(ascii: "-"): mark = has(">", at: offset + 1) ? .arrow : .minus
    default:
      let rest = String(decoding: text[offset..<min(offset + 4, text.count)], as: UTF8.self)
      throw CandidTextError(.unexpectedCharacter(rest.unicodeScalars.first!), at: offset)
    }
    offset += mark == .arrow ? 2 : 1
    return .mark(mark)
  }

  // MARK: Numbers

  private mutating func number() -> Token.Kind {
    let isHex =
      has("0", at: offset) && (has("x", at: offset + 1) || has("X", at: offset + 1)) && hexValue(offset + 2) != nil
    var digits = isHex ? "0x" : ""
    if isHex { offset += 2 }
    takeDigits(&digits, isHex: isHex)
    var isFloat = false
    if offset < text.count, text[offset] == UInt8(ascii: ".") {
      isFloat = true
      offset += 1
      digits += "."
      let before = digits.utf8.count
      takeDigits(&digits, isHex: isHex)
      if digits.utf8.count == before { digits += "0" }
    }
    let marks: [UInt8] = isHex ? Array("pP".utf8) : Array("eE".utf8)
    if offset < text.count, marks.contains(text[offset]) {
      let isSigned = has("+", at: offset + 1) || has("-", at: offset + 1)
      if isDigit(offset + (isSigned ? 2 : 1)) {
        isFloat = true
        digits += isHex ? "p" : "e"
        if isSigned { digits += has("-", at: offset + 1) ? "-" : "+" }
        offset += isSigned ? 2 : 1
        takeDigits(&digits, isHex: false)
      }
    } else if isFloat, isHex {
      digits += "p0"
    }
    return isFloat ? .float(digits) : .integer(digits)
  }

  /// Appends the digits that come, without the underscores among them.
  private mutating func takeDigits(_ digits: inout String, isHex: Bool) {
    let start = offset
    var taken: [UInt8] = []
    while (isHex ? hexValue(offset) != nil : isDigit(offset))
      || offset > start && offset < text.count && text[offset] == UInt8(ascii: "_")
    {
      if text[offset] != UInt8(ascii: "_") { taken.append(text[offset]) }
      offset += 1
    }
    digits += String(decoding: taken, as: UTF8.self)
  }

  // MARK: Strings

  private mutating func string() throws(CandidTextError) -> [UInt8] {
    let start = offset
    offset += 1
    var bytes: [UInt8] = []
    while true {
      guard offset < text.count else { throw CandidTextError(.unclosedString, at: start) }
      let byte = text[offset]
      offset += 1
      switch byte {
      case UInt8(ascii: "\""): return bytes
      case UInt8(ascii: "\\"): try escape(&bytes, stringStart: start)
      default: bytes.append(byte)
      }
    }
  }

  private mutating func escape(_ bytes: inout [UInt8], stringStart: Int) throws(CandidTextError) {
    let start = offset - 1
    guard offset < text.count else { throw CandidTextError(.unclosedString, at: stringStart) }
    if let high = hexValue(offset), let low = hexValue(offset + 1) {
      bytes.append(UInt8(high << 4 | low))
      offset += 2
      return
    }
    let character = text[offset]
    offset += 1
    switch character {
    case UInt8(ascii: "n"): bytes.append(0x0A)
    case UInt8(ascii: "r"): bytes.append(0x0D)
    case UInt8(ascii: "t"): bytes.append(0x09)
    case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): bytes.append(character)
    case UInt8(ascii: "u"):
      guard has("{", at: offset), hexValue(offset + 1) != nil else { throw CandidTextError(.illegalEscape, at: start) }
      offset += 1
      var code: UInt32 = 0
      while let digit = hexValue(offset) ?? (has("_", at: offset) ? 0 : nil) {
        if !has("_", at: offset) { code = code << 4 | digit }
        guard code <= 0x10FFFF else { throw CandidTextError(.illegalEscape, at: start) }
        offset += 1
      }
      guard has("}", at: offset), let scalar = Unicode.Scalar(code) else {
        throw CandidTextError(.illegalEscape, at: start)
      }
      offset += 1
      bytes.append(contentsOf: UTF8.encode(scalar)!)
    default: throw CandidTextError(.illegalEscape, at: start)
    }
  }
}
