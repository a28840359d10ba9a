// Values as they are written, before they are fitted to types.

/// A value as it is written, with where that is.
struct ValueSyntax: Sendable {
  indirect enum Kind: Sendable {
    case null
    case bool(Bool)
    case integer(isNegative: Bool, digits: String)
    /// Decimal or hexadecimal digits, `inf` or `nan`.
    case float(isNegative: Bool, digits: String)
    case text(String)
    case blob([UInt8])
    case opt(ValueSyntax)
    case vec([ValueSyntax])
    case record([FieldSyntax])
    case variant(FieldSyntax)
    case principal(Principal)
    case service(Principal)
    case `func`(CandidFunction)
    case annotated(ValueSyntax, TypeSyntax)
  }

  var kind: Kind
  var offset: Int

  struct FieldSyntax: Sendable {
    var label: CandidLabel
    var value: ValueSyntax
    var offset: Int
  }
}
