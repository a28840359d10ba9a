// Memories, tables and globals of the host's, for modules to import.

import WebAssembly

extension Store {
  /// A memory of the host's, for modules to import.
  ///
  /// Throws a `ResourceError` where the type asks for more pages than the store allows.
  public func makeMemory(_ type: MemoryType) throws(ResourceError) -> Memory { try makeMemory(type, pages: nil) }

  /// A memory with so many pages, or the type's minimum.
  func makeMemory(_ type: MemoryType, pages: UInt64?) throws(ResourceError) -> Memory {
    try Memory(type: type, pages: pages, pageLimit: limits.memoryPages, isTracked: tracksWrites, owner: functions)
  }

  /// A table whose elements are all `initial`.
  ///
  /// Throws a `ResourceError` where the type asks for more elements than the store allows.
  public func makeTable(_ type: TableType, initial: Reference = .null) throws(ResourceError) -> Table {
    let element = type.element.heapType
    precondition(!element.isConcrete || element.typeIndex < canonicalizer.count, "no type of this engine")
    let table = try Table(
      type: type, holdsFunctions: types.matches(element, .func), elementLimit: limits.tableElements,
      functions: functions)
    _ = table.fill(0, initial.handle, table.count)
    return table
  }

  /// A global of the value's type. A reference's type is the nullable one of its kind.
  public func makeGlobal(_ value: Value, isMutable: Bool) -> Global {
    let global = Global(type: GlobalType(value: value.type, isMutable: isMutable), low: 0, owner: functions)
    value.store(to: global.cell)
    return global
  }
}
