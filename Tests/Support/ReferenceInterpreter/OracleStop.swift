// Why an execution ends without results.

import WebAssembly

/// The end of an execution that gave no results.
public enum OracleStop: Error {
  /// A trap; `location` is where it happened, unless no Wasm function was running.
  case trap(TrapKind, location: OracleLocation?)
  /// The code uses what the oracle does not execute: operators for garbage collection, typed function references or
  /// exceptions. The text names it.
  case unsupported(String)
  /// A host function threw.
  case host(any Error)

  static func trap(_ kind: TrapKind) -> OracleStop { .trap(kind, location: nil) }

  /// The kind of a trap, or nil.
  public var trapKind: TrapKind? {
    if case .trap(let kind, _) = self { return kind }
    return nil
  }
}

/// A place in a module's code.
public struct OracleLocation: Hashable, Sendable {
  /// Function index in the module.
  public var function: UInt32
  /// Byte offset in the module of the operator.
  public var offset: Int

  public init(function: UInt32, offset: Int) {
    self.function = function
    self.offset = offset
  }
}
