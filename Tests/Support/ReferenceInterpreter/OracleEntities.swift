// Tables, globals and tags: what modules share beside memories and functions. All have identity.

import WebAssembly

/// A table of references.
public final class OracleTable {
  /// The declared type; concrete heap types are canonical ids of the store.
  public let type: TableType
  private let growthLimit: UInt64
  public internal(set) var elements: [OracleReference]

  /// A table of the declared minimum size, or nil if that is above `growthLimit`.
  init?(type: TableType, initial: OracleReference, growthLimit: UInt64) {
    guard type.limits.minimum <= growthLimit else { return nil }
    self.type = type
    self.growthLimit = growthLimit
    elements = Array(repeating: initial, count: Int(type.limits.minimum))
  }

  /// Adds `delta` elements and returns the size before, or nil if that is too many.
  func grow(by delta: UInt64, _ value: OracleReference) -> UInt64? {
    let old = UInt64(elements.count)
    let bound = min(type.limits.maximum ?? .max, growthLimit)
    guard delta <= bound, old + delta <= bound else { return nil }
    elements += Array(repeating: value, count: Int(delta))
    return old
  }

  /// Whether the `count` elements from `index` all exist.
  func contains(_ index: UInt64, _ count: UInt64) -> Bool {
    let (end, overflow) = index.addingReportingOverflow(count)
    return !overflow && end <= UInt64(elements.count)
  }
}

public final class OracleGlobal {
  /// The declared type; concrete heap types are canonical ids of the store.
  public let type: GlobalType
  public var value: OracleValue

  public init(type: GlobalType, value: OracleValue) {
    self.type = type
    self.value = value
  }
}

public final class OracleTag {
  /// The canonical id of the tag's function type.
  let type: UInt32
  init(type: UInt32) { self.type = type }
}

/// A function of a store.
public struct OracleFunction: Hashable, Sendable {
  public let address: Int
}

/// What an import can be given.
public enum OracleExternal {
  case function(OracleFunction)
  case table(OracleTable)
  case memory(OracleMemory)
  case global(OracleGlobal)
  case tag(OracleTag)
}
