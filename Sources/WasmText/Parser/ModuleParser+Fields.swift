// The third pass: imports, exports, tables, memories, tags, globals, the start function.
//
// Source: WebAssembly 3.0, section 6.6.

import WasmBinary
import WebAssembly

extension ModuleParser {
  mutating func fields() throws(TextError) {
    for offset in otherFields {
      try cursor.move(to: offset)
      if cursor.token.kind == .annotation {
        try customAnnotation()
        continue
      }
      let keyword = cursor.ahead.keyword
      try cursor.advance()
      try cursor.advance()
      switch keyword {
      case .func: try functionField()
      case .import: try importField(at: offset)
      case .export: try exportField()
      case .table: try tableField()
      case .memory: try memoryField()
      case .global: try globalField()
      case .tag: try tagField()
      case .start: try startField()
      case .elem: try elementField()
      default: try dataField()
      }
      try cursor.expectClose()
    }
  }

  /// Takes the next index of `space` for a definition, or for an import.
  mutating func takeIndex(_ space: Space) -> UInt32 {
    defer { defined[space.rawValue] += 1 }
    return defined[space.rawValue]
  }

  mutating func noteDefinition(_ space: Space) {
    if firstDefinition == nil { firstDefinition = space }
  }

  // MARK: Imports and exports

  private mutating func importField(at offset: Int) throws(TextError) {
    let module = try cursor.name()
    let name = try cursor.name()
    try cursor.expectOpen()
    guard let space = importSpace else { throw cursor.unexpected() }
    try cursor.advance()
    _ = try binder()
    _ = takeIndex(space)
    try importDescription(module, name, space, at: offset)
    try cursor.expectClose()
  }

  /// Reads the type of the import that began at `offset`, and writes the import.
  private mutating func importDescription(
    _ module: String, _ name: String, _ space: Space, at offset: Int
  ) throws(TextError) {
    if let firstDefinition { throw TextError(firstDefinition.importAfter, at: offset) }
    let description: ImportDescription
    switch space {
    case .table: description = .table(try tableType())
    case .memory: description = .memory(try memoryType())
    case .global: description = .global(try globalType())
    case .tag: description = .tag(typeIndex: try typeUse(.ignored))
    default: description = .function(typeIndex: try typeUse(.ignored))
    }
    imports.append {
      $0.name(module)
      $0.name(name)
      $0.importDescription(description)
    }
  }

  /// The beginning of a field that may be exported and imported in place: the identifier, any `(export "…")`, and
  /// `(import "…" "…")`. Returns the index, and whether the field was an import; then nothing of it is left to read.
  mutating func beginField(_ space: Space) throws(TextError) -> (index: UInt32, isImport: Bool) {
    _ = try binder()
    let index = takeIndex(space)
    while try cursor.open(.export) {
      let name = try cursor.name()
      try cursor.expectClose()
      appendExport(name, space, index)
    }
    let start = cursor.offset
    guard try cursor.open(.import) else {
      noteDefinition(space)
      return (index, false)
    }
    let module = try cursor.name()
    let name = try cursor.name()
    try cursor.expectClose()
    try importDescription(module, name, space, at: start)
    return (index, true)
  }

  private mutating func appendExport(_ name: String, _ space: Space, _ index: UInt32) {
    let kind: ExternalKind =
      switch space {
      case .table: .table
      case .memory: .memory
      case .global: .global
      case .tag: .tag
      default: .function
      }
    exports.append {
      $0.name(name)
      $0.byte(kind.rawValue)
      $0.u32(index)
    }
  }

  private mutating func exportField() throws(TextError) {
    let name = try cursor.name()
    try cursor.expectOpen()
    guard let space = importSpace else { throw cursor.unexpected() }
    try cursor.advance()
    appendExport(name, space, try index(space))
    try cursor.expectClose()
  }

  private mutating func startField() throws(TextError) {
    if start != nil { throw cursor.error(.multipleStartSections) }
    start = try index(.function)
  }

  // MARK: Tables, memories, tags, globals

  private mutating func tableField() throws(TextError) {
    let (index, isImport) = try beginField(.table)
    if isImport { return }
    let address = try addressType()
    if let element = try optionalReferenceType() {
      // `(table reftype (elem …))`: as large as its elements.
      guard try cursor.open(.elem) else { throw cursor.unexpected() }
      let count = try inlineElements(table: index, address, element)
      try cursor.expectClose()
      let limits = Limits(address: address, minimum: UInt64(count), maximum: UInt64(count))
      tables.append { $0.tableType(TableType(element: element, limits: limits)) }
      return
    }
    let limits = try limits(address)
    let type = TableType(element: try referenceType(), limits: limits)
    if cursor.token.kind == .rightParenthesis {
      tables.append { $0.tableType(type) }
      return
    }
    try constantExpression()
    tables.append {
      $0.append([0x40, 0x00])
      $0.tableType(type)
      $0.append(body.bytes)
    }
  }

  private mutating func memoryField() throws(TextError) {
    let (index, isImport) = try beginField(.memory)
    if isImport { return }
    let address = try addressType()
    guard try cursor.open(.data) else {
      let limits = try limits(address)
      memories.append { $0.limits(limits) }
      return
    }
    // `(memory (data …))`: as large as its data.
    let bytes = try cursor.strings()
    try cursor.expectClose()
    let pages = (UInt64(bytes.count) + MemoryType.pageSize - 1) / MemoryType.pageSize
    memories.append { $0.limits(Limits(address: address, minimum: pages, maximum: pages)) }
    _ = takeIndex(.data)
    appendData(memory: index, offset: zeroOffset(address), bytes)
  }

  /// The encoded constant expression that is the first address.
  func zeroOffset(_ address: AddressType) -> [UInt8] { [address == .i32 ? 0x41 : 0x42, 0x00, 0x0B] }

  private mutating func tagField() throws(TextError) {
    if try beginField(.tag).isImport { return }
    let type = try typeUse(.ignored)
    tags.append { $0.tagType(type) }
  }

  private mutating func globalField() throws(TextError) {
    if try beginField(.global).isImport { return }
    let type = try globalType()
    try constantExpression()
    globals.append {
      $0.globalType(type)
      $0.append(body.bytes)
    }
  }

  /// Reads instructions up to the closing parenthesis, and leaves them in `body` with an `end`.
  private mutating func constantExpression() throws(TextError) {
    beginExpression()
    try instructions()
    body.opcode(.end)
  }

  mutating func beginExpression() {
    scope.beginFunction()
    body.bytes.removeAll(keepingCapacity: true)
    isInFunction = false
  }
}
