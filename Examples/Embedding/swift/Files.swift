// What the other examples share.

import Cannery
import Foundation

/// An export that a module doesn't have, or not of that kind.
struct MissingExport: Error {
  var name: String
}

extension Engine {
  /// The module in a file, text or binary.
  func compile(path: String) throws -> Cannery.Module {
    try compile([UInt8](Data(contentsOf: URL(fileURLWithPath: path))))
  }
}

extension Instance {
  func function(_ name: String) throws -> Function {
    guard case .function(let function)? = export(name) else { throw MissingExport(name: name) }
    return function
  }
}
