// The sections of a module with their ids, and the order in which they must come.
//
// Source: WebAssembly 3.0, section 5.5.2.

/// A section's id. The raw value is the byte in the binary format.
public enum SectionId: UInt8, Hashable, Sendable, CaseIterable {
  case custom, type, `import`, function, table, memory, global, export, start, element, code, data, dataCount, tag

  /// The place in the prescribed order, from 1; 0 for custom sections, which may stand anywhere. It differs from the raw
  /// value because the data count and tag sections were added later and stand between older ones.
  public var order: Int {
    switch self {
    case .custom: 0
    case .type: 1
    case .import: 2
    case .function: 3
    case .table: 4
    case .memory: 5
    case .tag: 6
    case .global: 7
    case .export: 8
    case .start: 9
    case .element: 10
    case .dataCount: 11
    case .code: 12
    case .data: 13
    }
  }

  /// The name as error messages use it.
  public var name: String {
    switch self {
    case .dataCount: "data count"
    default: "\(self)"
    }
  }
}
