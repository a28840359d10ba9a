// Makes a type table, in which equal types are one entry.

struct TypeBuilder {
  private(set) var table = TypeTable()
  private var indices: [CompositeType: Int] = [:]

  init() {}

  /// Continues a table, whose entries are found again.
  init(table: TypeTable) {
    self.table = table
    for (index, entry) in table.entries.enumerated() where indices[entry] == nil { indices[entry] = index }
  }

  /// The entry for a type, the same for the same type.
  mutating func intern(_ type: CompositeType) -> TypeReference {
    if let index = indices[type] { return .entry(index) }
    indices[type] = table.entries.count
    table.entries.append(type)
    return .entry(table.entries.count - 1)
  }

  /// An entry of its own for a named type, to be filled in later: other types may refer to it until then.
  mutating func reserve(name: String) -> Int {
    table.names[table.entries.count] = name
    table.entries.append(.future)
    return table.entries.count - 1
  }

  mutating func fill(_ index: Int, with type: CompositeType) { table.entries[index] = type }
}
