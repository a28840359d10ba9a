// Values as text, in the form that the reference tools print and read: with types behind numbers, names of fields where
// they are known, and blobs as texts.

/// The text of a sequence of arguments, like `(1 : nat, "x")`. Read at the values' types, it gives the values again, but
/// for the bits of a NaN.
public func printArguments(_ values: [CandidValue]) -> String {
  Layout.list("(", values.map { ValueLayout.layout($0) }, ",", ")").rendered()
}

extension CandidValue: CustomStringConvertible {
  /// The value as text, like `record { name = "x"; 17 : nat }`.
  public var description: String { ValueLayout.layout(self).rendered() }
}

private enum ValueLayout {
  /// Vectors with more elements, and what is nested deeper, stand on one line.
  static let maximumBrokenElements = 10
  static let maximumBrokenDepth = 10

  static func layout(_ value: CandidValue, depth: Int = 0) -> Layout {
    let mayBreak = depth < maximumBrokenDepth
    switch value {
    case .opt(let content?):
      let inner = layout(content, depth: depth + 1)
      guard content.hasTypeBehind else { return .sequence([.text("opt "), inner]) }
      return .sequence([.text("opt "), .list("(", [inner], "", ")", isTerminated: false, mayBreak: mayBreak)])
    case .vec(let elements):
      return .list(
        "vec {", elements.map { layout($0, depth: depth + 1) }, ";", "}", isSpaced: true,
        mayBreak: mayBreak && elements.count <= maximumBrokenElements)
    case .record(let record):
      let isTuple = record.fields.enumerated().allSatisfy { UInt32(exactly: $0) == $1.label.id }
      let fields = record.fields.map { field in
        let value = layout(field.value, depth: depth + 1)
        return isTuple ? value : .sequence([.text("\(field.label) = "), value])
      }
      return .list("record {", fields, ";", "}", isSpaced: true, mayBreak: mayBreak)
    case .variant(let chosen):
      let label = chosen.label.description
      let content: Layout =
        chosen.value == .null
        ? .text(label) : .sequence([.text(label + " = "), layout(chosen.value, depth: depth + 1)])
      return .list("variant {", [content], "", "}", isSpaced: true, isTerminated: false, mayBreak: mayBreak)
    default: return .text(atom(value))
    }
  }

  private static func atom(_ value: CandidValue) -> String {
    if let number = value.integer { return "\(TextForm.integer(number)) : \(value.kind)" }
    switch value {
    case .null: return "null : null"
    case .reserved: return "null : reserved"
    case .bool(let bool): return bool ? "true" : "false"
    case .float32(let number): return TextForm.float(number.description) + " : float32"
    case .float64(let number): return TextForm.float(number.description) + " : float64"
    case .text(let text): return TextForm.quoted(text)
    case .blob(let bytes): return TextForm.blob(bytes)
    case .principal(let principal): return "principal \"\(principal)\""
    case .service(let principal): return "service \"\(principal)\""
    case .func(let function): return "func \"\(function.canister)\".\(TextForm.name(function.method))"
    default: return "null"
    }
  }
}

extension CandidValue {
  /// Whether the text of the value ends in its type, so that it needs parentheses behind `opt`.
  fileprivate var hasTypeBehind: Bool {
    switch self {
    case .null, .reserved, .float32, .float64: true
    default: integer != nil
    }
  }
}
