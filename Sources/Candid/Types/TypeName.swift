// What a type is called in messages.

enum TypeName {
  /// The type's name where a definition gave it one, else the type in short: `record {…}`.
  static func short(_ type: TypeReference, in table: TypeTable) -> String {
    switch type {
    case .primitive(let primitive): return primitive.name
    case .entry(let index):
      if let name = table.names[index] { return name }
      switch table.entries[index] {
      case .record(let fields): return "record {" + (fields.isEmpty ? "}" : "…}")
      case .variant(let fields): return "variant {" + (fields.isEmpty ? "}" : "…}")
      default: return structure(index, in: table)
      }
    }
  }

  /// The type without its own name, with its parts in short: `record {owner : principal; fee : opt nat}`.
  static func structure(_ index: Int, in table: TypeTable) -> String {
    switch table.entries[index] {
    case .opt(let content): return "opt " + inner(content, in: table)
    case .vec(.primitive(.nat8)): return "blob"
    case .vec(let element): return "vec " + inner(element, in: table)
    case .record(let fields): return "record {" + list(fields, in: table) + "}"
    case .variant(let fields): return "variant {" + list(fields, in: table, isVariant: true) + "}"
    case .func: return "func"
    case .service: return "service"
    case .future: return "a type of a later version"
    }
  }

  private static func list(_ fields: [FieldType], in table: TypeTable, isVariant: Bool = false) -> String {
    fields.map { field in
      if isVariant && field.type == .primitive(.null) { return "\(field.label)" }
      return "\(field.label) : \(short(field.type, in: table))"
    }.joined(separator: "; ")
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

  /// What the names among the types stand for, and those in what they stand for, each once and with its parts in short:
  /// `Account = record {owner : principal; subaccount : opt blob}`. At most `limit` of them.
  public func definitions(limit: Int) -> [String] {
    var seen: Set<Int> = []
    var next = elements
    var definitions: [String] = []
    for _ in 0..<2 {
      var inside: [TypeReference] = []
      for case .entry(let index) in next where seen.insert(index).inserted && definitions.count < limit {
        if let name = table.names[index] { definitions.append("\(name) = \(TypeName.structure(index, in: table))") }
        inside += table.entries[index].parts
      }
      next = inside
    }
    return definitions
  }
}
