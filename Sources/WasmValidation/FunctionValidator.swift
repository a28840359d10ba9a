// Validates one function body at a time, operator by operator, with the algorithm of the specification's appendix: an
// operand stack of types, a control stack of frames, and `unreachable` code whose missing operands have any type.
//
// Both stacks are raw buffers that live as long as the validator and are reused from body to body; an operator
// allocates nothing. The families of operators are in the extensions beside this file, the dispatch in
// FunctionValidator+Step.swift.
//
// Source: WebAssembly 3.0, sections 3.4 and 3.6, and appendix A.5 (validation algorithm).

import WasmBinary
import WebAssembly

/// What validation found out about one body.
public struct FunctionFacts: Hashable, Sendable {
  /// Parameters and declared locals, in 64-bit slots (v128 takes two).
  public var localSlots: UInt32 = 0
  /// The greatest height of the operand stack, in 64-bit slots. Unreachable code counts: its operands are those it
  /// pushes.
  public var maximumOperandSlots: UInt32 = 0
  /// The greatest number of nested control instructions, the body itself included.
  public var maximumControlDepth: UInt32 = 0
  /// Operators in the body, its closing `end` included.
  public var operatorCount: UInt32 = 0
  /// The proposals that the body makes use of.
  public var usedProposals: Features = []
}

/// The instruction that a label belongs to. The body itself has one, too.
public enum ControlKind: UInt8, Hashable, Sendable {
  case function, block, loop, `if`, `else`, tryTable
}

/// An entry of the control stack.
struct ControlFrame {
  var kind: ControlKind
  var isUnreachable: Bool
  var parameters: TypeList
  var results: TypeList
  /// Values on the operand stack below the block's parameters, and v128 among them.
  var height: UInt32
  var vectors: UInt32
  /// Entries of the initialization log at entry.
  var initializations: UInt32
  /// The last `br_table` that named the label.
  var mark: UInt32

  /// The types that a branch to the label takes along.
  @inline(__always) var labelTypes: TypeList { kind == .loop ? parameters : results }
}

/// A validator of function bodies for one module; each thread has its own. A caller either validates whole bodies with
/// `validateBody`, or walks through a body with `begin`, `read` and `step`, looking at the state in between as
/// compilers do.
///
/// Memory: the deepest stacks met so far, at most 4 bytes for each of `ImplementationLimits.operands` and 40 for each
/// of `ImplementationLimits.controlDepth`.
public struct FunctionValidator: ~Copyable {
  public let context: ValidationContext
  let tables: ContextTables
  let info: UnsafePointer<OperatorInfo>
  let forms: UnsafePointer<OperandForm>
  /// The enabled and the used proposals as `Features` has them.
  let enabled: UInt32
  var used: UInt32 = 0

  // Invariant: `height <= operandCapacity`; entries below `height` are initialized.
  var operands: UnsafeMutablePointer<ValueType>
  var operandCapacity: Int
  var height = 0
  /// How many of the operands are v128.
  var vectors = 0
  var maximumSlots = 0
  /// The operands below belong to outer frames.
  var base = 0

  // Invariant: `depth <= frameCapacity`; entries below `depth` are initialized.
  var frames: UnsafeMutablePointer<ControlFrame>
  var frameCapacity: Int
  var depth = 0
  var maximumDepth = 0
  /// Counts the `br_table`s of the body.
  var mark: UInt32 = 0

  var locals = LocalTypes()

  /// Reads the operators of the body.
  public internal(set) var reader: InstructionReader
  /// The operator read last.
  public internal(set) var instruction = Instruction()
  /// The function's index; `nil` in constant expressions.
  var function: UInt32?
  var operatorCount: UInt32 = 0

  public init(_ context: ValidationContext) {
    self.context = context
    tables = context.tables
    info = OperatorTable.info
    forms = OperandForm.table
    reader = InstructionReader(context.module.bytes.buffer, range: ByteRange(start: 0, end: 0))
    enabled = context.features.rawValue
    operandCapacity = 256
    operands = .allocate(capacity: operandCapacity)
    frameCapacity = 32
    frames = .allocate(capacity: frameCapacity)
  }

  deinit {
    operands.deallocate()
    frames.deallocate()
    locals.deallocate()
  }

  // MARK: Whole bodies

  /// Validates the body of the `index`-th function that the module defines. Linear in the body's length.
  public mutating func validateBody(_ index: Int) throws(ModuleError) -> FunctionFacts {
    do throws(ModuleError) {
      try begin(index)
      repeat {
        try read()
        if !stepByForm() { try step() }
      } while depth > 0
      if !reader.isAtEnd { throw ModuleError(.malformed, .endOpcodeExpected, offset: reader.offset) }
      return facts
    } catch {
      throw error.located(in: .code, function: UInt32(context.spaces.importedFunctionCount + index))
    }
  }

  // MARK: Step by step

  /// Starts the body of the `index`-th function that the module defines: reads its local declarations and opens the
  /// frame of the body. `read` and `step` then follow in turn until `controlDepth` is 0.
  public mutating func begin(_ index: Int) throws(ModuleError) {
    let functionIndex = UInt32(context.spaces.importedFunctionCount + index)
    let type = tables.types[Int(tables.functions[Int(functionIndex)])]
    function = functionIndex
    used = 0
    operatorCount = 0
    let operators = try beginLocals(context.module.bodies[index], parameters: type.parameters)
    reader = InstructionReader(context.module.bytes.buffer, range: operators)
    try beginFrames(results: type.results)
  }

  /// Decodes the next operator into `instruction`. Between `read` and `step` the state is that before the operator.
  @inline(__always)
  public mutating func read() throws(ModuleError) { try reader.next(&instruction) }

  /// Empties both stacks and opens the frame of a body or a constant expression.
  mutating func beginFrames(results: TypeList) throws(ModuleError) {
    height = 0
    vectors = 0
    maximumSlots = 0
    depth = 0
    maximumDepth = 0
    mark = 0
    try enter(.function, parameters: .empty, results: results)
  }

  /// What is known of the body so far: after its last `end`, the body's facts.
  public var facts: FunctionFacts {
    FunctionFacts(
      localSlots: UInt32(locals.slots), maximumOperandSlots: UInt32(maximumSlots),
      maximumControlDepth: UInt32(maximumDepth), operatorCount: operatorCount,
      usedProposals: Features(rawValue: used))
  }

  // MARK: State between operators

  /// Nested control instructions that are open, the body itself included; 0 after the body's last `end`.
  public var controlDepth: Int { depth }
  /// Values on the operand stack. In unreachable code, those known.
  public var operandCount: Int { height }
  /// Whether the next operator cannot be reached.
  public var isUnreachable: Bool { frames[depth - 1].isUnreachable }

  /// The type of the operand `index` places below the top; `.bottom` if unreachable code leaves it open.
  public func operand(_ index: Int) -> ValueType {
    height - index > base ? operands[height - 1 - index] : .bottom
  }

  /// The type of local `index`, which must exist.
  public func local(_ index: UInt32) -> ValueType { locals[index] }

  /// The frame that label `index` names; `index` must be below `controlDepth`.
  public func label(_ index: Int) -> Label {
    let frame = frames[depth - 1 - index]
    return Label(
      kind: frame.kind, parameters: types(frame.parameters), results: types(frame.results),
      height: Int(frame.height), isUnreachable: frame.isUnreachable)
  }

  /// The types of a list, in memory that lives as long as the context.
  private func types(_ list: TypeList) -> UnsafeBufferPointer<ValueType> {
    UnsafeBufferPointer(start: tables.pool + Int(list.start), count: Int(list.count))
  }
}

/// A label as compilers see it. The buffers live as long as the `ValidationContext`.
public struct Label {
  public let kind: ControlKind
  public let parameters: UnsafeBufferPointer<ValueType>
  public let results: UnsafeBufferPointer<ValueType>
  /// Values on the operand stack below the block's parameters.
  public let height: Int
  /// Whether the code at the end of the innermost open block of this label cannot be reached.
  public let isUnreachable: Bool
  /// The types that a branch to the label takes along.
  public var branchTypes: UnsafeBufferPointer<ValueType> { kind == .loop ? parameters : results }
}
