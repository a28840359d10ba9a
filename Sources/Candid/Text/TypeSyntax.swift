// Types as they are written, before names are looked up.

/// A type as it is written, with where that is.
struct TypeSyntax: Sendable {
  indirect enum Kind: Sendable {
    case primitive(PrimitiveType)
    case name(String)
    case opt(TypeSyntax)
    case vec(TypeSyntax)
    case record([FieldTypeSyntax])
    case variant([FieldTypeSyntax])
    case `func`(FunctionSyntax)
    case service([MethodSyntax])
  }

  var kind: Kind
  var offset: Int
}

struct FieldTypeSyntax: Sendable {
  var label: CandidLabel
  var type: TypeSyntax
  var offset: Int
}

struct ArgumentSyntax: Sendable {
  /// For people only.
  var name: String?
  var type: TypeSyntax
}

struct FunctionSyntax: Sendable {
  var arguments: [ArgumentSyntax]
  var results: [ArgumentSyntax]
  var modes: FunctionModes
}

struct MethodSyntax: Sendable {
  var name: String
  /// A function, or the name of one.
  var type: TypeSyntax
  var offset: Int
}
