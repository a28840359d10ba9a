// What a type is called in messages.

enum TypeName {
  /// The type's name where a definition gave it one, else the type in short: `record {…}`.
  static func short(_ type: TypeReference, in table: TypeTable) -> String {
    switch type {
    case .primitive(let primitive): return primitive.name
    case .entry(let index):
      if let name = table.names[index] { return name }
      switch table.entries[index] {
      case .opt(let content): return "opt " + inner(content, in: table)
      case .vec(.primitive(.nat8)): return "blob"
      case .vec(let element): return "vec " + inner(element, in: table)
      case .record(let fields): return "record {" + (fields.isEmpty ? "}" : "…}")
      case .variant(let fields): return "variant {" + (fields.isEmpty ? "}" : "…}")
      case .func: return "func"
      case .service: return "service"
      case .future: return "a type of a later version"
      }
    }
  }

  private static func inner(_ type: TypeReference, in table: TypeTable) -> String {
    guard case .entry(let index) = type, table.names[index] == nil else { return short(type, in: table) }
    switch table.entries[index] {
    case .opt: return "opt …"
    case .vec(let element): return element == .primitive(.nat8) ? "blob" : "vec …"
    default: return short(type, in: table)
    }
  }
}

extension CandidTypes: CustomStringConvertible {
  /// The types in short: `(nat, opt Account, record {…})`.
  public var description: String {
    "(" + elements.map { TypeName.short($0, in: table) }.joined(separator: ", ") + ")"
  }
}
