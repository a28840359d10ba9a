// Tables and element segments.
//
// Source: WebAssembly 3.0, section 3.4 (table instructions).

import WebAssembly

extension FunctionValidator {
  mutating func table(_ index: UInt32) throws(ModuleError) -> TableEntry {
    if index >= tables.tableCount { throw fail(.unknownTable, "\(index)") }
    return tables.tables[Int(index)]
  }

  /// The type of element segment `index`.
  mutating func element(_ index: UInt32) throws(ModuleError) -> ValueType {
    if index >= tables.elementCount { throw fail(.unknownElementSegment, "\(index)") }
    return tables.elements[Int(index)]
  }

  mutating func tableGet(_ index: UInt32) throws(ModuleError) {
    let table = try table(index)
    try pop(table.address)
    try push(table.element)
  }

  mutating func tableSet(_ index: UInt32) throws(ModuleError) {
    let table = try table(index)
    try pop(table.element)
    try pop(table.address)
  }

  mutating func tableSize(_ index: UInt32) throws(ModuleError) { try push(try table(index).address) }

  mutating func tableGrow(_ index: UInt32) throws(ModuleError) {
    let table = try table(index)
    try pop(table.address)
    try pop(table.element)
    try push(table.address)
  }

  mutating func tableFill(_ index: UInt32) throws(ModuleError) {
    let table = try table(index)
    try pop(table.address)
    try pop(table.element)
    try pop(table.address)
  }

  mutating func tableCopy() throws(ModuleError) {
    let destination = try table(instruction.a)
    let source = try table(instruction.b)
    if !tables.matches(source.element, destination.element) {
      throw fail(.typeMismatch, "table.copy from \(source.element) to \(destination.element)")
    }
    try pop(destination.address == .i64 && source.address == .i64 ? .i64 : .i32)
    try pop(source.address)
    try pop(destination.address)
  }

  mutating func tableInit() throws(ModuleError) {
    let table = try table(instruction.b)
    let element = try element(instruction.a)
    if !tables.matches(element, table.element) {
      throw fail(.typeMismatch, "table.init from \(element) to \(table.element)")
    }
    try pop(.i32)
    try pop(.i32)
    try pop(table.address)
  }
}
