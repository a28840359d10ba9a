// How much of everything a module may have. The specification leaves such limits to implementations; those here are the
// ones that browsers agreed on, but for element segments, of which fewer are accepted, and the last three, which bound
// the memory of the stages after the decoder. (The decoder's own memory is bounded by the size of its input.)
//
// Source: WebAssembly 3.0, appendix A.2; WebAssembly JavaScript Interface, "Implementation-defined Limits".

public enum ImplementationLimits {
  public static let types = 1_000_000
  /// Functions, imported and defined together; so it is for the other things that can be imported.
  public static let functions = 1_000_000
  public static let tables = 100_000
  public static let memories = 100
  public static let globals = 1_000_000
  public static let tags = 1_000_000
  public static let imports = 1_000_000
  public static let exports = 1_000_000
  public static let elementSegments = 1_000_000
  /// Elements of one segment.
  public static let elements = 10_000_000
  public static let dataSegments = 100_000
  public static let customSections = 1_000_000
  /// Parameters of a function type.
  public static let parameters = 1_000
  /// Results of a function type.
  public static let results = 1_000
  /// Fields of a structure type.
  public static let fields = 10_000
  /// Declared supertypes above a type.
  public static let subtypingDepth = 63
  /// Locals of a function, parameters included.
  public static let locals = 50_000
  /// Values on the operand stack of a function at once.
  public static let operands = 1_000_000
  /// Control instructions inside each other.
  public static let controlDepth = 500_000

  /// Refuses more than `limit` of the things called `things`; `offset` is where their number stands.
  public static func check(_ count: Int, _ limit: Int, _ things: String, at offset: Int) throws(ModuleError) {
    if count > limit {
      let detail = "\(count) \(things), at most \(limit) are accepted"
      throw ModuleError(.limit, .limitExceeded, offset: offset, detail: detail)
    }
  }
}
