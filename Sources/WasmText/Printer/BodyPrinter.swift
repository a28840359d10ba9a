// Prints the instructions of a function body or constant expression, one at a time. Open blocks are on a stack, so
// nesting may be as deep as memory allows.
//
// Source: WebAssembly 3.0, section 6.5.

import WasmBinary
import WebAssembly

struct BodyPrinter {
  private struct Block {
    var opcode: Opcode
    /// The label's identifier as it is printed, and the name that it comes from.
    var identifier: [UInt8] = []
    var name: ExactName?
  }

  private var reader: InstructionReader
  private var instruction = Instruction()
  private var blocks: [Block] = []
  private let locals: PrintedNames
  private let labels: NameMap
  /// Labels are numbered in the order in which their blocks begin.
  private var labelCount: UInt32 = 0
  /// The names that the identifiers of open blocks come from. One of them is not used again inside, so that an
  /// identifier always means the block that a reader thinks of first.
  private var activeNames: Set<ExactName> = []

  init(_ reader: InstructionReader, locals: PrintedNames = PrintedNames(), labels: NameMap = NameMap()) {
    self.reader = reader
    self.locals = locals
    self.labels = labels
  }

  /// How many blocks the instruction last read stands in; `else` and `end` stand outside of theirs.
  var depth: Int {
    instruction.opcode == .else || instruction.opcode == .end ? blocks.count - 1 : blocks.count
  }

  /// Reads the next instruction. Returns false at the `end` of the whole.
  mutating func read(_ printer: inout ModulePrinter) throws(ModuleError) -> Bool {
    try reader.next(&instruction)
    switch instruction.opcode {
    case .else:
      guard blocks.last?.opcode == .if else {
        throw ModuleError(.malformed, .endOpcodeExpected, offset: instruction.offset, detail: "else outside of if")
      }
      blocks[blocks.count - 1].opcode = .else
    case .end where blocks.isEmpty:
      if !reader.isAtEnd { throw ModuleError(.malformed, .sectionSizeMismatch, offset: reader.offset) }
      return false
    default: break
    }
    return true
  }

  /// Prints the instruction last read.
  mutating func print(_ printer: inout ModulePrinter) throws(ModuleError) {
    let opcode = instruction.opcode
    printer.output.append(opcode.mnemonic)
    switch opcode.info.immediates {
    case .none:
      if opcode == .end { closeBlock() }
    case .blockType:
      let binder = openBlock(&printer)
      blockType(&printer)
      endHeader(binder, &printer)
    case .tryTable:
      let binder = openBlock(&printer)
      blockType(&printer)
      try catchClauses(&printer)
      endHeader(binder, &printer)
    case .label: label(instruction.a, &printer)
    case .labelTable:
      var labels = reader.vector(of: instruction)
      for _ in 0...instruction.a { label(try labels.u32(), &printer) }
    case .castBranch:
      label(instruction.a, &printer)
      printer.valueType(instruction.type)
      printer.valueType(instruction.type2)
    case .local: printer.reference(locals, instruction.a)
    case .function: printer.reference(.function, instruction.a)
    case .global: printer.reference(.global, instruction.a)
    case .tag: printer.reference(.tag, instruction.a)
    case .type: printer.reference(.type, instruction.a)
    case .data: printer.reference(.data, instruction.a)
    case .element: printer.reference(.element, instruction.a)
    case .table: optionalReference(.table, instruction.a, &printer)
    case .memory: optionalReference(.memory, instruction.a, &printer)
    case .callIndirect:
      optionalReference(.table, instruction.b, &printer)
      printer.typeUse(instruction.a)
    case .selectTypes:
      var types = reader.vector(of: instruction)
      printer.output.append(" (result")
      for _ in 0..<instruction.a { printer.valueType(try types.valueType()) }
      printer.output.append(")")
    case .heapType:
      if opcode == .refNull {
        printer.heapType(instruction.type.heapType)
      } else {
        printer.valueType(instruction.type)
      }
    case .typeField:
      printer.reference(.type, instruction.a)
      printer.reference(printer.fieldNames[instruction.a] ?? PrintedNames(), instruction.b)
    case .typeCount:
      printer.reference(.type, instruction.a)
      printer.output.append(" ")
      printer.output.decimal(instruction.b)
    case .typeData: references((.type, instruction.a), (.data, instruction.b), &printer)
    case .typeElement: references((.type, instruction.a), (.element, instruction.b), &printer)
    case .typeType: references((.type, instruction.a), (.type, instruction.b), &printer)
    case .dataMemory:
      optionalReference(.memory, instruction.b, &printer)
      printer.reference(.data, instruction.a)
    case .elementTable:
      optionalReference(.table, instruction.b, &printer)
      printer.reference(.element, instruction.a)
    case .memoryMemory: optionalReferences(.memory, &printer)
    case .tableTable: optionalReferences(.table, &printer)
    case .memoryArgument: memoryArgument(&printer)
    case .memoryLane:
      memoryArgument(&printer)
      printer.output.append(" ")
      printer.output.decimal(UInt32(instruction.lane))
    case .lane, .i32, .i64, .f32, .f64, .v128, .shuffle: constant(&printer)
    }
  }

  // MARK: Blocks

  /// Opens the block that was read, and prints its label's identifier. Returns what stands for the label elsewhere.
  private mutating func openBlock(_ printer: inout ModulePrinter) -> Block {
    var block = Block(opcode: instruction.opcode)
    if let name = labels.name(of: labelCount) {
      let key = ExactName(name)
      if PrintedNames.isUsable(name) && !activeNames.contains(key) {
        block.identifier = PrintedNames.identifier(name)
        block.name = key
        printer.output.append(" ")
        printer.output.append(block.identifier)
      } else {
        printer.output.append(" ")
        printer.nameAnnotation(name)
      }
    }
    labelCount += 1
    return block
  }

  /// Ends the line that opens a block. Only now the label is visible: catch clauses don't see it.
  private mutating func endHeader(_ block: Block, _ printer: inout ModulePrinter) {
    blocks.append(block)
    if let name = block.name {
      activeNames.insert(name)
    } else {
      printer.output.append(" (;@")
      printer.output.decimal(UInt64(blocks.count))
      printer.output.append(";)")
    }
  }

  private mutating func closeBlock() {
    if let name = blocks.removeLast().name { activeNames.remove(name) }
  }

  private func blockType(_ printer: inout ModulePrinter) {
    switch instruction.blockType {
    case .empty: break
    case .value(let type): printer.valueTypes("result", CollectionOfOne(type))
    case .type(let index): printer.typeUse(index)
    }
  }

  private func catchClauses(_ printer: inout ModulePrinter) throws(ModuleError) {
    var clauses = reader.vector(of: instruction)
    for _ in 0..<instruction.a {
      let clause = try clauses.catchClause()
      printer.output.append(clause.tag == nil ? " (catch_all" : " (catch")
      if clause.passesReference { printer.output.append("_ref") }
      if let tag = clause.tag { printer.reference(.tag, tag) }
      label(clause.label, &printer)
      printer.output.append(")")
    }
  }

  /// A space and the label: its identifier, or the relative index with, as a comment, the number that the block shows.
  private func label(_ index: UInt32, _ printer: inout ModulePrinter) {
    printer.output.append(" ")
    guard index < blocks.count else { return printer.output.decimal(index) }
    let block = blocks[blocks.count - 1 - Int(index)]
    if block.name != nil && printer.spend(block.identifier.count) {
      printer.output.append(block.identifier)
      return
    }
    printer.output.decimal(index)
    if block.name == nil {
      printer.output.append(" (;@")
      printer.output.decimal(UInt64(blocks.count - Int(index)))
      printer.output.append(";)")
    }
  }

  // MARK: Immediates

  private func references(
    _ first: (Space, UInt32), _ second: (Space, UInt32), _ printer: inout ModulePrinter
  ) {
    printer.reference(first.0, first.1)
    printer.reference(second.0, second.1)
  }

  /// An index that may be left out if it is 0.
  private func optionalReference(_ space: Space, _ index: UInt32, _ printer: inout ModulePrinter) {
    if index != 0 { printer.reference(space, index) }
  }

  /// Destination and source, which may be left out if both are 0.
  private func optionalReferences(_ space: Space, _ printer: inout ModulePrinter) {
    if instruction.a != 0 || instruction.b != 0 {
      references((space, instruction.a), (space, instruction.b), &printer)
    }
  }

  private func memoryArgument(_ printer: inout ModulePrinter) {
    optionalReference(.memory, instruction.b, &printer)
    if instruction.value != 0 {
      printer.output.append(" offset=")
      printer.output.decimal(instruction.value)
    }
    if instruction.a != instruction.opcode.info.alignmentOrLanes {
      printer.output.append(" align=")
      printer.output.decimal(UInt64(1) << UInt64(instruction.a))
    }
  }

  private func constant(_ printer: inout ModulePrinter) {
    printer.output.append(" ")
    switch instruction.opcode.info.immediates {
    case .i32: printer.output.decimal(signed: Int64(Int32(truncatingIfNeeded: instruction.value)))
    case .i64: printer.output.decimal(signed: Int64(bitPattern: instruction.value))
    case .f32: printer.output.float32(UInt32(truncatingIfNeeded: instruction.value))
    case .f64: printer.output.float64(instruction.value)
    case .v128:
      printer.output.append("i32x4")
      for half in [instruction.value, instruction.high] {
        for word in [half & 0xFFFF_FFFF, half >> 32] {
          printer.output.append(" ")
          printer.output.hexadecimal(word, digits: 8)
        }
      }
    case .shuffle:
      for lane in 0..<UInt64(16) {
        if lane > 0 { printer.output.append(" ") }
        let half = lane < 8 ? instruction.value : instruction.high
        printer.output.decimal(half >> (8 * (lane & 7)) & 0xFF)
      }
    default: printer.output.decimal(UInt32(instruction.lane))
    }
  }
}
