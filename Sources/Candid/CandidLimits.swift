// How much work and memory a message may take. Small messages can stand for values of any size: `vec null` of a billion
// elements takes ten bytes, and types can double a value's size with every entry.

/// Limits on what bytes and texts may ask for.
public struct CandidLimits: Hashable, Sendable {
  /// The deepest nesting of values and types that is read, written or printed: these walks take native stack for each
  /// level, at most about a kilobyte in a release build.
  public static let standardDepth = 500

  /// The most units of work for a message: one for each value, each byte of it, each field that is filled in or passed
  /// over, and each step of comparing types; four for each byte of the header. `nil` stands for 500,000 and 64 for each
  /// byte of the message.
  public var decodingQuota: Int?

  /// The most units of work for what is not asked for: further arguments, further fields, options of other types.
  /// It counts in `decodingQuota` too. `nil` stands for no limit beyond that.
  public var skippingQuota: Int?

  /// The most entries of a message's type table.
  public var typeTableEntries = 10_000

  /// The deepest nesting of values.
  public var depth = CandidLimits.standardDepth

  public init(decodingQuota: Int? = nil, skippingQuota: Int? = nil) {
    self.decodingQuota = decodingQuota
    self.skippingQuota = skippingQuota
  }

  func decodingQuota(forBytes count: Int) -> Int { decodingQuota ?? 500_000 + 64 * count }
}
