// Element and data segments, and constant expressions.
//
// Source: WebAssembly 3.0, sections 6.6.9 to 6.6.11.

import WasmBinary
import WebAssembly

extension ModulePrinter {
  mutating func elementSegments() throws(ModuleError) {
    for (index, segment) in module.elements.enumerated() {
      try field("elem") { (printer) throws(ModuleError) in
        printer.binder(.element, UInt32(index))
        switch segment.mode {
        case .passive: break
        case .declarative: printer.output.append(" declare")
        case .active(let table, let offset): try printer.place(.table, table, offset)
        }
        switch segment.items {
        case .functions(let functions):
          printer.output.append(" func")
          for function in functions { printer.reference(.function, function) }
        case .expressions(let expressions):
          printer.valueType(segment.type)
          for item in expressions { try printer.expression(item, in: "item") }
        }
      }
    }
  }

  mutating func dataSegments() throws(ModuleError) {
    for (index, segment) in module.data.enumerated() {
      try field("data") { (printer) throws(ModuleError) in
        printer.binder(.data, UInt32(index))
        if case .active(let memory, let offset) = segment.mode { try printer.place(.memory, memory, offset) }
        printer.output.append(" ")
        printer.output.string(printer.module.bytes.buffer[segment.bytes.start..<segment.bytes.end])
      }
    }
  }

  /// Where an active segment is copied to.
  private mutating func place(_ space: Space, _ index: UInt32, _ offset: ConstantExpression) throws(ModuleError) {
    if index != 0 {
      output.append(" (\(space)")
      reference(space, index)
      output.append(")")
    }
    try expression(offset, in: "offset")
  }

  // MARK: Constant expressions

  /// The instructions of an expression on one line, each after a space. One that needs no operands is folded, which
  /// reads better.
  mutating func expression(_ expression: ConstantExpression) throws(ModuleError) {
    try self.expression(expression, in: nil)
  }

  /// The same in a form `keyword`, which may be left out around a single folded instruction.
  mutating func expression(_ expression: ConstantExpression, in keyword: String?) throws(ModuleError) {
    var body = BodyPrinter(InstructionReader(module.bytes.buffer, range: expression.range))
    let isSingle = try instructionCount(expression) == 1
    output.append(isSingle ? " (" : keyword.map { " (" + $0 } ?? "")
    var isFirst = isSingle
    while try body.read(&self) {
      if !isFirst { output.append(" ") }
      isFirst = false
      try body.print(&self)
    }
    if isSingle || keyword != nil { output.append(")") }
  }

  /// The number of instructions before the last `end`; at most 2.
  private func instructionCount(_ expression: ConstantExpression) throws(ModuleError) -> Int {
    var reader = InstructionReader(module.bytes.buffer, range: expression.range)
    var instruction = Instruction()
    var count = -1
    while !reader.isAtEnd && count < 2 {
      try reader.next(&instruction)
      count += 1
    }
    return count
  }
}
