// The walk over a body's operators: one `switch` over their kinds.

import WasmBinary
import WebAssembly

extension FunctionBuilder {
  /// Walks to the body's closing `end`. Returns false if finding the values of locals takes too long.
  mutating func walk(_ reader: inout InstructionReader) throws(ModuleError) -> Bool {
    var instruction = Instruction()
    let rows = tables.rows
    while true {
      try reader.next(&instruction)
      let row = rows[instruction.opcode.row]
      if mode == .skipping {
        if skips(row.kind) { continue }
      } else if row.weight != 0 {
        offset = UInt32(truncatingIfNeeded: instruction.offset &+ inlined.bias)
        account(row.weight)
      }
      offset = UInt32(truncatingIfNeeded: instruction.offset &+ inlined.bias)
      switch row.kind {
      case .unary:
        let a = pop()
        emitValue(Node(Operation(instruction.opcode), type: row.result, a: a))
      case .binary:
        let b = pop()
        let a = pop()
        emitValue(Node(Operation(instruction.opcode), type: row.result, a: a, b: b))
      case .ternary:
        let c = pop()
        let b = pop()
        let a = pop()
        emitValue(Node(Operation(instruction.opcode), type: row.result, a: a, b: b, c: c))
      case .constant:
        emitValue(Node(Operation(instruction.opcode), type: row.result, imm: instruction.value))
      case .localGet:
        getLocal(Int(instruction.a) &+ inlined.firstLocal)
        if isOverworked && !isPinned { return false }
      case .localSet:
        setLocal(Int(instruction.a) &+ inlined.firstLocal, to: pop())
      case .localTee:
        setLocal(Int(instruction.a) &+ inlined.firstLocal, to: stack[stack.count - 1])
      case .load:
        let a = pop()
        emitValue(
          Node(Operation(instruction.opcode), type: row.result, a: a, c: instruction.b, imm: instruction.value))
      case .store:
        let b = pop()
        let a = pop()
        emit(Node(Operation(instruction.opcode), a: a, b: b, c: instruction.b, imm: instruction.value))
      case .nop: break
      case .drop: _ = pop()
      case .select:
        let c = pop()
        let b = pop()
        let a = pop()
        emitValue(Node(Operation(.select), type: ir.nodes[a].type, a: a, b: b, c: c))
      case .globalGet:
        emitValue(
          Node(Operation(.globalGet), type: tables.globals[Int(instruction.a)], imm: UInt64(instruction.a)))
      case .globalSet:
        let a = pop()
        emit(Node(Operation(.globalSet), a: a, imm: UInt64(instruction.a)))
      case .block: try enterBlock(instruction.blockType)
      case .loop:
        try enterLoop(instruction.blockType, reader)
        if isOverworked && !isPinned { return false }
      case .if: try enterIf(instruction.blockType, next: reader.offset)
      case .else: try enterElse(next: reader.offset)
      case .end:
        if try endConstruct(next: reader.offset) { return true }
        if isOverworked && !isPinned { return false }
      case .br: try br(instruction.a, next: reader.offset)
      case .brIf:
        let condition = pop()
        try brIf(instruction.a, condition: condition, next: reader.offset)
      case .brTable: try brTable(reader.vector(of: instruction), count: instruction.a, next: reader.offset)
      case .return: try `return`(next: reader.offset)
      case .unreachable: unreachable(next: reader.offset)
      case .call:
        if canInline(instruction.a) {
          if try !inline(instruction.a) { return false }
        } else {
          try rare(instruction, row, next: reader.offset)
        }
      default: try rare(instruction, row, next: reader.offset)
      }
    }
  }

  /// Whether an operator of `kind` is skipped: all are, but the `else` and `end` that end the unreachable code.
  private mutating func skips(_ kind: OperatorKind) -> Bool {
    switch kind {
    case .block, .loop, .if, .tryTable: skipDepth += 1
    case .else: return skipDepth > 0
    case .end:
      if skipDepth == 0 { return false }
      skipDepth -= 1
    default: break
    }
    return true
  }

  private mutating func rare(_ instruction: Instruction, _ row: OperatorRow, next: Int) throws(ModuleError) {
    let operation = Operation(instruction.opcode)
    switch row.kind {
    case .call:
      let type = tables.signatures[Int(tables.functions[Int(instruction.a)])]
      let start = popOperands(Int(type.parameters.count))
      let node = Node(operation, b: start, c: type.parameters.count, imm: UInt64(instruction.a))
      try call(node, results: type.results)
    case .callIndirect:
      let type = tables.signatures[Int(instruction.a)]
      let count = type.parameters.count + 1
      let start = popOperands(Int(count))
      let node = Node(operation, b: start, c: count, imm: UInt64(instruction.a) | UInt64(instruction.b) << 32)
      try call(node, results: type.results)
    case .callRef:
      let type = tables.signatures[Int(instruction.a)]
      let callee = pop()
      let start = popOperands(Int(type.parameters.count))
      let node = Node(operation, a: callee, b: start, c: type.parameters.count, imm: UInt64(instruction.a))
      try call(node, results: type.results)
    case .returnCall:
      let count = tables.signatures[Int(tables.functions[Int(instruction.a)])].parameters.count
      let start = popOperands(Int(count))
      tailCall(Node(operation, b: start, c: count, imm: UInt64(instruction.a)), next: next)
    case .returnCallIndirect:
      let count = tables.signatures[Int(instruction.a)].parameters.count + 1
      let start = popOperands(Int(count))
      let immediate = UInt64(instruction.a) | UInt64(instruction.b) << 32
      tailCall(Node(operation, b: start, c: count, imm: immediate), next: next)
    case .returnCallRef:
      let count = tables.signatures[Int(instruction.a)].parameters.count
      let callee = pop()
      let start = popOperands(Int(count))
      tailCall(Node(operation, a: callee, b: start, c: count, imm: UInt64(instruction.a)), next: next)
    case .refNull:
      emitValue(Node(Operation(.i64Const), type: .i64))
    case .refIsNull:
      let a = pop()
      emitValue(Node(Operation(.i64Eqz), type: .i32, a: a))
    case .refFunc:
      emitValue(Node(operation, type: .i64, imm: UInt64(instruction.a)))
    case .refAsNonNull:
      let a = stack[stack.count - 1]
      trapIf(ir.add(Node(Operation(.i64Eqz), type: .i32, a: a), offset: offset).index, .nullReference)
    case .brOnNull:
      let reference = pop()
      let isNull = ir.add(Node(Operation(.i64Eqz), type: .i32, a: reference), offset: offset)
      try brIf(instruction.a, condition: isNull.index, next: next)
      push(Value(reference), .i64)
    case .brOnNonNull:
      let zero = zero(.i64)
      let reference = stack[stack.count - 1]
      let isValid = ir.add(Node(Operation(.i64Ne), type: .i32, a: reference, b: zero.index), offset: offset)
      try brIf(instruction.a, condition: isValid.index, next: next)
      _ = pop()
    case .tryTable, .unsupported:
      throw error(.unsupported, .unsupported, at: instruction.offset, instruction.opcode.mnemonic)
    case .memorySize, .memoryGrow, .memoryFill, .memoryCopy, .memoryInit, .tableGet, .tableSet, .tableSize, .tableGrow,
      .tableFill, .tableCopy, .tableInit, .dropSegment:
      memoryOrTable(instruction, row)
    default: vector(instruction, row)
    }
  }

  /// Emits a call and pushes its results.
  private mutating func call(_ node: Node, results: TypeRange) throws(ModuleError) {
    var node = node
    switch results.count {
    case 0: emit(node)
    case 1:
      node.type = tables.types[Int(results.start)]
      emitValue(node)
    default:
      try expand(by: Int(results.count))
      let call = ir.add(node, offset: offset)
      for index in 0..<results.count {
        emitValue(
          Node(.result, type: tables.types[Int(results.start + index)], a: call.index, imm: UInt64(index)))
      }
    }
  }

  private mutating func memoryOrTable(_ instruction: Instruction, _ row: OperatorRow) {
    let operation = Operation(instruction.opcode)
    let index = instruction.a
    switch row.kind {
    case .memorySize:
      emitValue(Node(operation, type: tables.memories[Int(index)] ? .i64 : .i32, c: index))
    case .memoryGrow:
      let is64 = tables.memories[Int(index)]
      let a = pop()
      emitValue(
        Node(operation, type: is64 ? .i64 : .i32, flags: is64 ? NodeFlags.wide : 0, a: a, c: index))
    case .memoryFill: bulk(instruction, row, immediate: UInt64(index))
    case .memoryCopy, .tableCopy: bulk(instruction, row, immediate: UInt64(index) | UInt64(instruction.b) << 32)
    case .memoryInit, .tableInit: bulk(instruction, row, immediate: UInt64(index) | UInt64(instruction.b) << 32)
    case .tableFill: bulk(instruction, row, immediate: UInt64(index))
    case .dropSegment: emit(Node(operation, imm: UInt64(index)))
    case .tableGet:
      let a = pop()
      emitValue(Node(operation, type: .i64, a: a, imm: UInt64(index)))
    case .tableSet:
      let b = pop()
      let a = pop()
      emit(Node(operation, a: a, b: b, imm: UInt64(index)))
    case .tableSize:
      emitValue(Node(operation, type: tables.tables[Int(index)] ? .i64 : .i32, imm: UInt64(index)))
    default:
      assert(row.kind == .tableGrow)
      let is64 = tables.tables[Int(index)]
      let b = pop()
      let a = pop()
      emitValue(
        Node(
          operation, type: is64 ? .i64 : .i32, flags: is64 ? NodeFlags.wide : 0, a: a, b: b, imm: UInt64(index)))
    }
  }

  /// A bulk operator: three operands, the last of them the length.
  private mutating func bulk(_ instruction: Instruction, _ row: OperatorRow, immediate: UInt64) {
    let c = pop()
    let b = pop()
    let a = pop()
    accountBulk(row, length: c, at: instruction.offset)
    let isWide = ir.nodes[c].type == .i64
    emit(Node(Operation(instruction.opcode), flags: isWide ? NodeFlags.wide : 0, a: a, b: b, c: c, imm: immediate))
  }

  private mutating func vector(_ instruction: Instruction, _ row: OperatorRow) {
    let operation = Operation(instruction.opcode)
    switch row.kind {
    case .vectorConstant:
      emitValue(Node(operation, type: .v128, imm: addVector(instruction)))
    case .shuffle:
      let b = pop()
      let a = pop()
      emitValue(Node(operation, type: .v128, a: a, b: b, imm: addVector(instruction)))
    case .extractLane:
      let a = pop()
      emitValue(Node(operation, type: row.result, flags: instruction.lane, a: a))
    case .replaceLane:
      let b = pop()
      let a = pop()
      emitValue(Node(operation, type: row.result, flags: instruction.lane, a: a, b: b))
    case .loadLane:
      let b = pop()
      let a = pop()
      emitValue(
        Node(
          operation, type: .v128, flags: instruction.lane, a: a, b: b, c: instruction.b, imm: instruction.value))
    default:
      assert(row.kind == .storeLane)
      let b = pop()
      let a = pop()
      emit(Node(operation, flags: instruction.lane, a: a, b: b, c: instruction.b, imm: instruction.value))
    }
  }

  private mutating func addVector(_ instruction: Instruction) -> UInt64 {
    ir.vectors.append((instruction.value, instruction.high))
    return UInt64(ir.vectors.count - 1)
  }
}
