// What a byte may begin in the text format.
//
// Source: WebAssembly 3.0, sections 6.2 and 6.3.5.

/// The class of a byte. Those from `letter` on are the characters of keywords, numbers and identifiers ("idchar").
enum CharacterClass: UInt8 {
  /// A control character other than white space.
  case illegal
  /// Part of the UTF-8 encoding of a character that only comments and strings may hold.
  case nonASCII
  case space
  case leftParenthesis
  case rightParenthesis
  case semicolon
  case quote
  /// A comma, bracket or brace, which has a meaning only in annotations.
  case punctuation
  /// a to z, which begin keywords.
  case letter
  /// 0 to 9 and the signs, which begin numbers.
  case numeric
  case dollar
  /// Any other character of an identifier.
  case symbol

  @inline(__always) var isIdentifierCharacter: Bool { rawValue >= CharacterClass.letter.rawValue }

  // Sound as shared state: written once here, only read afterwards, never freed.
  /// The classes of all 256 bytes.
  nonisolated(unsafe) static let table: UnsafePointer<CharacterClass> = {
    let table = UnsafeMutablePointer<CharacterClass>.allocate(capacity: 256)
    for byte in 0...UInt8.max { (table + Int(byte)).initialize(to: classify(byte)) }
    return UnsafePointer(table)
  }()

  private static func classify(_ byte: UInt8) -> CharacterClass {
    switch Unicode.Scalar(byte) {
    case _ where byte >= 0x80: .nonASCII
    case " ", "\t", "\n", "\r": .space
    case "(": .leftParenthesis
    case ")": .rightParenthesis
    case ";": .semicolon
    case "\"": .quote
    case ",", "[", "]", "{", "}": .punctuation
    case "a"..."z": .letter
    case "0"..."9", "+", "-": .numeric
    case "$": .dollar
    case "!"..."~": .symbol
    default: .illegal
    }
  }
}
