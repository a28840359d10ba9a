// The names of one index space as the printer uses them. A name becomes an identifier if it can: an identifier must be
// unique in its space, and not too long to be repeated at every use. Other names are kept in `@name` annotations.

import WasmBinary
import WebAssembly

struct PrintedNames {
  private var identifiers: [UInt32: [UInt8]] = [:]
  private var annotations: [UInt32: String] = [:]
  /// Longer names, in bytes, are not repeated.
  static let maximumIdentifierLength = 256

  init() {}

  /// The names of those things whose index is below `count`.
  init(_ names: NameMap, count: Int) {
    var taken: Set<ExactName> = []
    for entry in names where entry.index < count {
      if PrintedNames.isUsable(entry.name) && taken.insert(ExactName(entry.name)).inserted {
        identifiers[entry.index] = PrintedNames.identifier(entry.name)
      } else {
        annotations[entry.index] = entry.name
      }
    }
  }

  static func isUsable(_ name: String) -> Bool { !name.isEmpty && name.utf8.count <= maximumIdentifierLength }

  static func identifier(_ name: String) -> [UInt8] {
    var writer = TextWriter()
    writer.identifier(name)
    return writer.bytes
  }

  var isEmpty: Bool { identifiers.isEmpty && annotations.isEmpty }

  func has(_ index: UInt32) -> Bool { identifiers[index] != nil || annotations[index] != nil }

  func identifier(_ index: UInt32) -> [UInt8]? { identifiers.isEmpty ? nil : identifiers[index] }

  func annotation(_ index: UInt32) -> String? { annotations.isEmpty ? nil : annotations[index] }
}
