// Instructions: an operator's bytes from the table, and its immediates from the fields of `Instruction`. Operators whose
// immediates contain a vector (br_table, typed select, try_table) have functions of their own, because an `Instruction`
// holds only the place where such a vector was read.
//
// Source: WebAssembly 3.0, section 5.4.

import WebAssembly

extension BinaryWriter {
  /// The operator's bytes without its immediates.
  public mutating func opcode(_ opcode: Opcode) {
    let info = opcode.info
    if info.prefix == 0 {
      byte(UInt8(info.code))
    } else {
      byte(info.prefix)
      u32(info.code)
    }
  }

  /// Alignment exponent (below 64), memory index and offset of a memory access.
  public mutating func memoryArgument(alignment: UInt32, memory: UInt32, offset: UInt64) {
    precondition(alignment < 64, "alignment exponent \(alignment)")
    u32(memory == 0 ? alignment : alignment | 0x40)
    if memory != 0 { u32(memory) }
    u64(offset)
  }

  /// `br_table` with its labels and the default one.
  public mutating func branchTable(labels: some Collection<UInt32>, default last: UInt32) {
    opcode(.brTable)
    vector(labels) { $0.u32($1) }
    u32(last)
  }

  /// `select` with the types of its result.
  public mutating func select(types: [ValueType]) {
    opcode(.selectT)
    resultType(types)
  }

  /// `try_table` with its catch clauses.
  public mutating func tryTable(_ type: BlockType, catches: some Collection<CatchClause>) {
    opcode(.tryTable)
    blockType(type)
    vector(catches) { $0.catchClause($1) }
  }

  public mutating func catchClause(_ clause: CatchClause) {
    byte((clause.tag == nil ? 2 : 0) | (clause.passesReference ? 1 : 0))
    if let tag = clause.tag { u32(tag) }
    u32(clause.label)
  }

  /// One instruction, whose fields are as `Instruction` describes them. It must have no vector immediate: write `br_table`,
  /// typed `select` and `try_table` with their own functions, or with `instruction(_:from:)`.
  public mutating func instruction(_ instruction: Instruction) {
    opcode(instruction.opcode)
    switch instruction.opcode.info.immediates {
    case .none: break
    case .local, .label, .function, .global, .table, .type, .data, .element, .tag, .memory: u32(instruction.a)
    case .memoryArgument:
      memoryArgument(alignment: instruction.a, memory: instruction.b, offset: instruction.value)
    case .memoryLane:
      memoryArgument(alignment: instruction.a, memory: instruction.b, offset: instruction.value)
      byte(instruction.lane)
    case .lane: byte(instruction.lane)
    case .i32: s32(Int32(truncatingIfNeeded: instruction.value))
    case .i64: s64(Int64(bitPattern: instruction.value))
    case .f32: fixed32(UInt32(truncatingIfNeeded: instruction.value))
    case .f64: fixed64(instruction.value)
    case .v128, .shuffle:
      fixed64(instruction.value)
      fixed64(instruction.high)
    case .blockType: blockType(instruction.blockType)
    case .heapType: heapType(instruction.type.heapType)
    case .castBranch:
      byte((instruction.type.isNullable ? 1 : 0) | (instruction.type2.isNullable ? 2 : 0))
      u32(instruction.a)
      heapType(instruction.type.heapType)
      heapType(instruction.type2.heapType)
    case .callIndirect, .typeField, .typeCount, .typeData, .typeElement, .typeType, .dataMemory, .memoryMemory,
      .elementTable, .tableTable:
      u32(instruction.a)
      u32(instruction.b)
    case .labelTable, .selectTypes, .tryTable:
      preconditionFailure("\(instruction.opcode.mnemonic) has a vector: use its own function")
    }
  }

  /// Any instruction, as `reader` has just decoded it, in canonical form.
  public mutating func instruction(_ instruction: Instruction, from reader: InstructionReader) {
    var vector = reader.vector(of: instruction)
    do {
      switch instruction.opcode.info.immediates {
      case .labelTable:
        opcode(.brTable)
        u32(instruction.a)
        for _ in 0...instruction.a { u32(try vector.u32()) }
      case .selectTypes:
        opcode(.selectT)
        u32(instruction.a)
        for _ in 0..<instruction.a { valueType(try vector.valueType()) }
      case .tryTable:
        opcode(.tryTable)
        blockType(instruction.blockType)
        u32(instruction.a)
        for _ in 0..<instruction.a { catchClause(try vector.catchClause()) }
      default: self.instruction(instruction)
      }
    } catch {
      preconditionFailure("a vector that was decoded before can't be decoded again: \(error)")
    }
  }
}
