// The metadata of a canister: custom sections whose names begin with `icp:`, which the Internet Computer serves from its
// state tree (`icp:public candid:service`) or to controllers only (`icp:private …`).
//
// Source: the Internet Computer interface specification, "Canister module format".

import WebAssembly

/// The metadata sections of a module.
public struct CanisterMetadata: Sendable {
  public enum Visibility: String, Hashable, Sendable {
    case `public`, `private`
  }

  public struct Section: Hashable, Sendable {
    /// What follows `icp:public ` or `icp:private `; may be empty and may contain spaces.
    public var name: String
    public var visibility: Visibility
    public var contents: ByteRange
  }

  public static let maximumSections = 16
  /// Names and contents together, in bytes.
  public static let maximumSize = 1_048_576

  /// The well-formed sections, in the module's order.
  public private(set) var sections: [Section] = []
  /// The first rule that the module breaks, if any: a name that begins with `icp:` and goes on otherwise, a name that
  /// occurs twice, too many sections, too many bytes. Of the kind `unsupported`: the module is still valid WebAssembly.
  public private(set) var violation: ModuleError?

  /// Collects the metadata of `module`. Linear in the number of its custom sections.
  public init(_ module: Module) {
    var names: Set<ExactName> = []
    var size = 0
    for custom in module.customSections where custom.name.utf8.starts(with: "icp:".utf8) {
      guard let section = CanisterMetadata.section(custom) else {
        note("the custom section '\(custom.name)' is neither 'icp:public NAME' nor 'icp:private NAME'", custom)
        continue
      }
      sections.append(section)
      size += section.name.utf8.count + section.contents.count
      if !names.insert(ExactName(section.name)).inserted {
        note("two metadata sections are named '\(section.name)'", custom)
      }
      if sections.count > CanisterMetadata.maximumSections {
        note("more than \(CanisterMetadata.maximumSections) metadata sections", custom)
      }
      if size > CanisterMetadata.maximumSize {
        note("metadata sections of more than \(CanisterMetadata.maximumSize) bytes", custom)
      }
    }
  }

  /// The section with `name`, public or private.
  public func section(named name: String) -> Section? { sections.first { ExactName($0.name) == ExactName(name) } }

  private static func section(_ custom: CustomSection) -> Section? {
    for visibility in [Visibility.public, .private] {
      let prefix = "icp:\(visibility.rawValue) ".utf8
      if custom.name.utf8.starts(with: prefix) {
        let name = String(decoding: custom.name.utf8.dropFirst(prefix.count), as: UTF8.self)
        return Section(name: name, visibility: visibility, contents: custom.contents)
      }
    }
    return nil
  }

  private mutating func note(_ detail: String, _ custom: CustomSection) {
    if violation != nil { return }
    violation = ModuleError(
      .unsupported, .canisterRequirement, offset: custom.contents.start, section: .custom, detail: detail)
  }
}
