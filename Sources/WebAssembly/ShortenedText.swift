// Texts from modules in messages: a name may have millions of characters, a message should have one line.

extension String {
  /// The first `limit` Unicode scalars, with an ellipsis in place of the others.
  package func shortened(to limit: Int = 300) -> String {
    let scalars = unicodeScalars
    guard let end = scalars.index(scalars.startIndex, offsetBy: limit, limitedBy: scalars.endIndex),
      end < scalars.endIndex
    else { return self }
    return String(scalars[..<end]) + "…"
  }
}
