// How much work and memory a message may take. Small messages can stand for values of any size: `vec null` of a billion
// elements takes ten bytes, and types can double a value's size with every entry.

/// Limits on what bytes and texts may ask for.
public struct CandidLimits: Hashable, Sendable {
  /// The deepest nesting that is decoded, unless told otherwise. Decoding takes no native stack for it, but everything
  /// else that is done with a value does: about a kilobyte for each level in a release build, ten in a debug build.
  public static let standardDepth = 500

  /// The deepest nesting that is encoded, read as text or built into types. Somewhat more than is decoded, so that
  /// whatever was decoded can be printed, and read again.
  static let walkDepth = standardDepth + 8

  /// The most units of work for a message: four for each value and for each byte of the header, one for each other byte,
  /// for each element of a vector, each field of a record that is sent or expected, each value that is skipped, and each
  /// step of comparing types. `nil` stands for 2,000,000 and 24 for each byte of the message: ordinary messages take 1 to
  /// 10 for a byte, and a unit is at most 16 bytes of memory.
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

  func decodingQuota(forBytes count: Int) -> Int { decodingQuota ?? 2_000_000 + 24 * count }
}
