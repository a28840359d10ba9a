// Element and data segments.
//
// Source: WebAssembly 3.0, sections 6.6.9 and 6.6.10; their binary form: 5.5.12 and 5.5.14.

import WasmBinary
import WebAssembly

extension ModuleParser {
  /// What an element segment holds, encoded but for the count: function indices, or expressions of a type.
  private struct Items {
    var type: ValueType?
    var count: UInt32 = 0
    var bytes: [UInt8] = []
  }

  private enum Mode {
    case passive, declarative
    case active(table: UInt32, offset: [UInt8])
  }

  // MARK: Element segments

  mutating func elementField() throws(TextError) {
    _ = try binder()
    _ = takeIndex(.element)
    var mode = Mode.passive
    var allowsBareIndices = false
    if try cursor.accept(.declare) {
      mode = .declarative
    } else if try cursor.open(.table) {
      let table = try index(.table)
      try cursor.expectClose()
      mode = .active(table: table, offset: try offsetExpression())
    } else if cursor.token.kind == .leftParenthesis && !cursor.isAtForm(.ref) {
      // Without a table use, the keyword `func` may be left out too.
      mode = .active(table: 0, offset: try offsetExpression())
      allowsBareIndices = true
    }
    appendElements(mode, try elementList(allowsBareIndices: allowsBareIndices))
  }

  /// The contents of `(table reftype (elem …))`. Returns their number.
  mutating func inlineElements(
    table: UInt32, _ address: AddressType, _ type: ValueType
  ) throws(TextError) -> UInt32 {
    _ = takeIndex(.element)
    var items = Items()
    if cursor.token.kind == .leftParenthesis {
      items.type = type
      try elementExpressions(&items)
    } else if type == .funcref {
      try functionIndices(&items)
    } else {
      // Indices in a table of another type are expressions of that type.
      items.type = type
      while cursor.isAtIndex {
        var writer = BinaryWriter()
        writer.opcode(.refFunc)
        writer.u32(try index(.function))
        writer.opcode(.end)
        items.bytes += writer.bytes
        items.count += 1
      }
    }
    appendElements(.active(table: table, offset: zeroOffset(address)), items)
    return items.count
  }

  private mutating func elementList(allowsBareIndices: Bool) throws(TextError) -> Items {
    var items = Items()
    if try cursor.accept(.func) {
      try functionIndices(&items)
    } else if let type = try optionalReferenceType() {
      items.type = type
      try elementExpressions(&items)
    } else if allowsBareIndices {
      try functionIndices(&items)
    } else {
      throw cursor.unexpected()
    }
    return items
  }

  private mutating func functionIndices(_ items: inout Items) throws(TextError) {
    var writer = BinaryWriter()
    while cursor.isAtIndex {
      writer.u32(try index(.function))
      items.count += 1
    }
    items.bytes = writer.bytes
  }

  /// Expressions: `(item instr*)`, or one folded instruction.
  private mutating func elementExpressions(_ items: inout Items) throws(TextError) {
    while cursor.token.kind == .leftParenthesis {
      items.bytes += try expression(.item)
      items.count += 1
    }
  }

  /// `(offset instr*)`, or one folded instruction.
  private mutating func offsetExpression() throws(TextError) -> [UInt8] { try expression(.offset) }

  private mutating func expression(_ keyword: Keyword) throws(TextError) -> [UInt8] {
    beginExpression()
    if try cursor.open(keyword) {
      try instructions()
      try cursor.expectClose()
    } else {
      try foldedInstruction()
    }
    body.opcode(.end)
    return body.bytes
  }

  private mutating func appendElements(_ mode: Mode, _ items: Items) {
    elements.append {
      // Bit 0: not active; bit 1: an explicit table, or declarative; bit 2: expressions.
      let kind: UInt32 = items.type == nil ? 0 : 4
      switch mode {
      case .passive: $0.u32(kind | 1)
      case .declarative: $0.u32(kind | 3)
      case .active(let table, let offset):
        // The short form is for table 0, and for expressions also implies the type.
        let isShort = table == 0 && (items.type == nil || items.type == .funcref)
        $0.u32(kind | (isShort ? 0 : 2))
        if !isShort { $0.u32(table) }
        $0.append(offset)
        if isShort {
          $0.u32(items.count)
          $0.append(items.bytes)
          return
        }
      }
      if let type = items.type { $0.valueType(type) } else { $0.byte(0) }
      $0.u32(items.count)
      $0.append(items.bytes)
    }
  }

  // MARK: Data segments

  mutating func dataField() throws(TextError) {
    _ = try binder()
    _ = takeIndex(.data)
    var memory: UInt32 = 0
    var offset: [UInt8]?
    if try cursor.open(.memory) {
      memory = try index(.memory)
      try cursor.expectClose()
      offset = try offsetExpression()
    } else if cursor.token.kind == .leftParenthesis {
      offset = try offsetExpression()
    }
    appendData(memory: memory, offset: offset, try cursor.strings())
  }

  /// Writes a data segment: active if it has an offset, else passive.
  mutating func appendData(memory: UInt32, offset: [UInt8]?, _ bytes: [UInt8]) {
    data.append {
      if let offset {
        $0.u32(memory == 0 ? 0 : 2)
        if memory != 0 { $0.u32(memory) }
        $0.append(offset)
      } else {
        $0.u32(1)
      }
      $0.byteVector(bytes)
    }
  }
}
