import Testing
import WasmText

@Suite struct LexerTests {
  /// The kinds of the tokens of `text` with their spelling.
  private func tokens(_ text: String) throws -> [String] {
    try tokens(Array(text.utf8))
  }

  private func tokens(_ text: [UInt8]) throws -> [String] {
    try withTextBytes(text) { (buffer) throws(TextError) in
      var lexer = Lexer(buffer)
      var list: [String] = []
      while true {
        let token = try lexer.next()
        if token.kind == .end { return list }
        list.append("\(token.kind) \(String(decoding: lexer.text(of: token), as: UTF8.self))")
      }
    }
  }

  private func error(_ text: [UInt8]) -> TextError? {
    do {
      _ = try tokens(text)
      return nil
    } catch { return error as? TextError }
  }

  @Test(
    arguments: [
      ("", []),
      (" \t\r\n", []),
      ("(a)", ["leftParenthesis (", "word a", "rightParenthesis )"]),
      ("func.x-1_!#%&'*+./:<=>?@\\^`|~", ["word func.x-1_!#%&'*+./:<=>?@\\^`|~"]),
      ("$x $1 $+ $$", ["identifier $x", "identifier $1", "identifier $+", "identifier $$"]),
      ("$\"a b\" $\"\\u{e9}\"", ["identifier $\"a b\"", "identifier $\"\\u{e9}\""]),
      ("0 -1 +0x1 1.5e3", ["number 0", "number -1", "number +0x1", "number 1.5e3"]),
      ("inf nan:0x1 -inf", ["word inf", "word nan:0x1", "number -inf"]),
      ("\"a\" \"\\\"\" \"\\00\\t\\u{1_0}\"", ["string \"a\"", "string \"\\\"\"", "string \"\\00\\t\\u{1_0}\""]),
      ("offset=1", ["word offset=1"]),
      // Neighbours hold together.
      ("0$x", ["number 0$x"]),
      ("a\"b\"", ["reserved a\"b\""]),
      ("\"a\"\"b\"", ["reserved \"a\"\"b\""]),
      ("$x\"y\"", ["reserved $x\"y\""]),
      ("$\"x\"y", ["reserved $\"x\"y"]),
      ("0\"a\"1", ["reserved 0\"a\"1"]),
      ("ABC _x @y", ["reserved ABC", "reserved _x", "reserved @y"]),
      (",;[]{}", ["reserved ,", "reserved ;", "reserved [", "reserved ]", "reserved {", "reserved }"]),
      // Parentheses and comments separate.
      ("a(b)c", ["word a", "leftParenthesis (", "word b", "rightParenthesis )", "word c"]),
      ("a;;b\nc", ["word a", "word c"]),
      ("a;;b\rc", ["word a", "word c"]),
      ("a;;b", ["word a"]),
      ("a(;b;)c", ["word a", "word c"]),
      ("(;(;;);;(;x;);)a", ["word a"]),
      ("(;;)(; \u{0}\u{7f} é ;)a", ["word a"]),
      ("(;\";)a", ["word a"]),
      // Annotations without a meaning are passed over.
      ("(@a)b", ["word b"]),
      ("(@a (b) \")\" (;)) ;) ,;[]{} 0x é)b".replacing("é", with: "e"), ["word b"]),
      ("(@\"a b\" (@ @) (@b \"x\"c))d", ["word d"]),
      ("(@custom x)", ["annotation (@custom", "word x", "rightParenthesis )"]),
      ("(@name)", ["annotation (@name", "rightParenthesis )"]),
      ("(@metadata.code.branch_hint)", ["annotation (@metadata.code.branch_hint", "rightParenthesis )"]),
      ("(@metadata.code.other)", []),
      ("( @a)", ["leftParenthesis (", "reserved @a", "rightParenthesis )"]),
    ] as [(String, [String])])
  func tokensOf(text: String, expected: [String]) throws {
    #expect(try tokens(text) == expected)
  }

  @Test(
    arguments: [
      ("\u{1}", .illegalCharacter, 0), ("a \u{7f}", .illegalCharacter, 2), ("é", .illegalCharacter, 0),
      ("a \u{1F600}", .illegalCharacter, 2), ("(@a é)", .illegalCharacter, 4),
      ("$", .emptyIdentifier, 0), ("$\"\"", .emptyIdentifier, 0), (" $(", .emptyIdentifier, 1),
      ("$\"a\nb\"", .emptyIdentifier, 0), ("$\"\\ff\"", .malformedUTF8, 1),
      ("(@)", .emptyAnnotationId, 0), (" (@ a)", .emptyAnnotationId, 1), ("(@\"\")", .emptyAnnotationId, 0),
      ("(@\"\\ef\")", .malformedUTF8, 2),
      ("(@a", .unclosedAnnotation, 0), (" (@a (b)", .unclosedAnnotation, 1), ("(@a \"", .unclosedString, 4),
      ("\"a", .unclosedString, 0), (" \"\\", .unclosedString, 1), ("\"\\\"", .unclosedString, 0),
      ("\"a\nb\"", .illegalCharacter, 2), ("\"\t\"", .illegalCharacter, 1), ("\"\u{7f}\"", .illegalCharacter, 1),
      ("\"\\x\"", .illegalEscape, 1), ("\"\\0\"", .illegalEscape, 1), ("\"\\0g\"", .illegalEscape, 1),
      ("\"\\u41\"", .illegalEscape, 1), ("\"\\u{}\"", .illegalEscape, 1), ("\"\\u{1__0}\"", .illegalEscape, 1),
      ("\"\\u{1_}\"", .illegalEscape, 1), ("\"\\u{_1}\"", .illegalEscape, 1), ("\"\\u{110000}\"", .illegalEscape, 1),
      ("\"\\u{d800}\"", .illegalEscape, 1), ("\"\\u{fffffffffffffffff}\"", .illegalEscape, 1),
      ("\"\\u{41", .illegalEscape, 1),
      ("(;", .unclosedComment, 0), (" (; (; ;)", .unclosedComment, 1), ("(;)", .unclosedComment, 0),
    ] as [(String, TextErrorReason, Int)])
  func errors(text: String, reason: TextErrorReason, offset: Int) {
    let error = error(Array(text.utf8))
    #expect(error?.reason == reason && error?.offset == offset, "\(text): \(String(describing: error))")
  }

  @Test func strings() throws {
    let table: [(String, [UInt8])] = [
      ("\"\"", []), ("\"abc\"", Array("abc".utf8)), ("\"\\t\\n\\r\\\"\\'\\\\\"", [9, 10, 13, 34, 39, 92]),
      ("\"\\00\\7f\\ff\\Fa\"", [0, 0x7F, 0xFF, 0xFA]), ("\"é\"", [0xC3, 0xA9]),
      ("\"\\u{e9}\\u{1_F6_00}\\u{0}\"", [0xC3, 0xA9, 0xF0, 0x9F, 0x98, 0x80, 0]), ("\"a\\62c\"", Array("abc".utf8)),
    ]
    for (text, expected) in table {
      let bytes = try withTextBytes(Array(text.utf8)) { (buffer) throws(TextError) in
        var cursor = try TokenCursor(Lexer(buffer))
        return try cursor.string()
      }
      #expect(bytes == expected, "\(text)")
    }
  }

  /// Sequences of four bytes beyond ASCII are accepted in a comment exactly if the standard library decodes them.
  @Test func utf8() throws {
    let interesting: [UInt8] = [0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xE0, 0xFF]
    let firsts: [UInt8] = [
      0x80, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
    ]
    var wrong: [[UInt8]] = []
    for first in firsts {
      for second in interesting {
        for third in interesting {
          for fourth in interesting {
            let bytes = [first, second, third, fourth]
            let isValid = String(validating: bytes, as: UTF8.self) != nil
            let error = error(Array("(;".utf8) + bytes + Array(";)".utf8))
            if (error == nil) != isValid || !isValid && error?.reason != .malformedUTF8 { wrong.append(bytes) }
          }
        }
      }
    }
    #expect(wrong == [])
  }

  @Test func wordsAreRecognised() throws {
    for text in ["select", "ref.test", "i32.add", "module", "none", "assert_return", "nan:canonical", "unknown"] {
      let token = try withTextBytes(Array(text.utf8)) { (buffer) throws(TextError) in
        var lexer = Lexer(buffer)
        return try lexer.next()
      }
      let keyword = Keyword.allCases.first { $0 != .none && $0.text == text } ?? .none
      #expect(token.kind == .word && token.keyword == keyword)
      let isOperator = ["select", "ref.test", "i32.add"].contains(text)
      #expect((token.row != 0xFFFF) == isOperator, "\(text)")
    }
  }
}
