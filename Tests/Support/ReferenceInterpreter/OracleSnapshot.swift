// What executions change in an instance, kept for later: to compare it with another execution's, or to put it back.

import WebAssembly

/// The contents of an instance's memories, tables, globals and segments at one time. Costs little: what is not written
/// afterwards is shared.
public struct OracleSnapshot {
  private let instance: OracleInstance
  /// By index in the instance.
  public let globals: [OracleValue]
  public let tables: [[OracleReference]]
  private let memories: [[[UInt8]]]
  private let elements: [[OracleReference]]
  private let data: [ByteRange]

  public init(_ instance: OracleInstance) {
    self.instance = instance
    globals = instance.globals.map(\.value)
    tables = instance.tables.map(\.elements)
    memories = instance.memories.map(\.pages)
    elements = instance.elements
    data = instance.data
  }

  /// The size of a memory in pages of 64 KiB.
  public func pageCount(memory index: Int) -> Int { memories[index].count }

  /// The first page of a memory whose bytes are not those of `bytes`, which has as many; nil if all are equal. Pages of
  /// which nothing was written are compared up to page `zeroPages`.
  public func firstDifference(memory index: Int, _ bytes: UnsafeRawBufferPointer, zeroPages: Int) -> Int? {
    OracleMemory.firstDifference(memories[index], bytes, zeroPages: zeroPages)
  }

  /// Puts back memories and globals: what a message that fails is undone of.
  public func restoreMemoriesAndGlobals() {
    for (memory, pages) in zip(instance.memories, memories) { memory.pages = pages }
    for (global, value) in zip(instance.globals, globals) { global.value = value }
  }

  /// Puts back everything.
  public func restore() {
    restoreMemoriesAndGlobals()
    for (table, contents) in zip(instance.tables, tables) { table.elements = contents }
    instance.elements = elements
    instance.data = data
  }
}
