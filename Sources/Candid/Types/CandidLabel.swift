// What identifies a field of a record or a case of a variant: a number, which a name is hashed to.
//
// Source: Candid specification, "Shorthand: Symbolic Field Ids".

/// The number of a record's field or a variant's case, and its name where that is known. The name is for people: two
/// labels are the same if their numbers are.
public struct CandidLabel: Sendable {
  public let id: UInt32
  public let name: String?

  public init(_ name: String) {
    id = Self.hash(of: name)
    self.name = name
  }

  public init(id: UInt32) {
    self.id = id
    name = nil
  }

  /// The number that a name stands for: its UTF-8 bytes as digits of base 223, modulo 2^32.
  public static func hash(of name: String) -> UInt32 {
    name.utf8.reduce(0) { $0 &* 223 &+ UInt32($1) }
  }
}

extension CandidLabel: Hashable, Comparable {
  public static func == (left: CandidLabel, right: CandidLabel) -> Bool { left.id == right.id }

  public static func < (left: CandidLabel, right: CandidLabel) -> Bool { left.id < right.id }

  public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

extension CandidLabel: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
  public init(stringLiteral name: String) { self.init(name) }

  public init(integerLiteral id: UInt32) { self.init(id: id) }
}

extension CandidLabel: CustomStringConvertible {
  /// As types and values are written: the name, in quotes where it needs them, or the number.
  public var description: String { name.map(TextForm.name) ?? TextForm.grouped(String(id)) }
}
