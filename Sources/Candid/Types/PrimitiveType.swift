// The types that have no parts.

/// A type without parts. The raw value is its code in the binary format, negated.
public enum PrimitiveType: Int8, CaseIterable, Hashable, Sendable {
  case null = 1, bool, nat, int, nat8, nat16, nat32, nat64, int8, int16, int32, int64, float32, float64, text
  case reserved, empty
  case principal = 24

  /// The type's name in the text format.
  public var name: String { Self.names[Int(rawValue)] }

  private static let names: [String] = {
    var names = [String](repeating: "", count: 25)
    for type in allCases { names[Int(type.rawValue)] = "\(type)" }
    return names
  }()

  /// The type that a word of the text format names.
  public init?(name: some StringProtocol) {
    guard let type = Self.byName[String(name)] else { return nil }
    self = type
  }

  private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { ("\($0)", $0) })

  /// The bytes that each value takes in the binary format, where all take the same.
  var fixedSize: Int? {
    switch self {
    case .null, .reserved: 0
    case .bool, .nat8, .int8: 1
    case .nat16, .int16: 2
    case .nat32, .int32, .float32: 4
    case .nat64, .int64, .float64: 8
    case .nat, .int, .text, .empty, .principal: nil
    }
  }
}
