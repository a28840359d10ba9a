// What the lexer hands to the parsers.

import WebAssembly

package struct Token {
  package enum Kind: UInt8 {
    /// The end of the text.
    case end
    case leftParenthesis
    case rightParenthesis
    /// A word that begins with a small letter: a keyword, an operator, `inf`, `nan…`, `offset=…`, `align=…`, or
    /// unknown.
    case word
    /// Begins with a digit or a sign. Whether it is well-formed shows when it is read as an integer or a float.
    case number
    case string
    case identifier
    /// `(@custom`, `(@name` or `(@metadata.code.branch_hint`; `keyword` says which. Its contents and `)` follow as
    /// tokens.
    case annotation
    /// Anything else that holds together, and never has a meaning outside of annotations.
    case reserved
  }

  package var kind: Kind
  /// For words and annotations.
  package var keyword: Keyword = .none
  /// For words: the row in the operator table, or `OperatorTable.noRow`.
  package var row: UInt16 = OperatorTable.noRow
  /// The half-open range of byte offsets in the text, quotes included.
  package var start: Int
  package var end: Int
}
