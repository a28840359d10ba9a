// A function body in the form that the oracle executes: the operators of the binary in their order, each with the place
// of the `end` and `else` that belong to it and with the unit of charging that begins at it.

import WasmBinary
import WebAssembly

final class FunctionCode {
  /// Function index in the module.
  let index: UInt32
  let type: FunctionType
  /// The initial values of the declared locals, which follow the parameters.
  let locals: [OracleValue]
  let operators: [Operator]
  /// The labels of each `br_table` by its position, the default last.
  let labelTables: [Int: [UInt32]]
  /// What a call costs of the stack limit, in slots.
  let stackSlots: Int

  struct Operator {
    var instruction: Instruction
    /// For `block`, `loop`, `if` and `else`: the position of the matching `end`.
    var end = 0
    /// For `if`: the position of its `else`, or nil.
    var alternative: Int?
    /// For `block`, `loop` and `if`: how many operands they take and leave.
    var parameterCount = 0
    var resultCount = 0
    /// The unit of charging that begins at this operator.
    var unit: ChargeUnit?

    var opcode: Opcode { instruction.opcode }
  }

  init(_ instance: OracleInstance, functionIndex: UInt32) throws(OracleStop) {
    let module = instance.module
    index = functionIndex
    type = instance.functionType(ofFunction: functionIndex)
    let body = module.bodies[Int(functionIndex) - instance.spaces.importedFunctionCount]
    let localTypes: [ValueType]
    var operators: [Operator]
    do throws(ModuleError) {
      (localTypes, operators, labelTables) = try FunctionCode.read(module, body, type, instance)
    } catch {
      preconditionFailure("a validated module can be decoded: \(error)")
    }
    if let other = operators.first(where: { !$0.opcode.isExecutedByOracle }) {
      throw .unsupported(other.opcode.mnemonic)
    }
    FunctionCode.matchEnds(&operators)
    for (position, unit) in chargeUnits(operators, instance.store.policy, is64: instance.is64) {
      operators[position].unit = unit
    }
    self.operators = operators
    locals = localTypes.map(OracleValue.init(defaultOf:))
    var heights = OperandHeights(instance, locals: type.parameters + localTypes)
    stackSlots = StackCost.frame(
      parameterSlots: type.parameters.reduce(0) { $0 + $1.slotCount },
      localSlots: localTypes.reduce(0) { $0 + $1.slotCount },
      operandSlots: heights.greatest(operators, results: type.results))
  }

  private static func read(
    _ module: Module, _ body: FunctionBody, _ type: FunctionType, _ instance: OracleInstance
  ) throws(ModuleError) -> (locals: [ValueType], operators: [Operator], labelTables: [Int: [UInt32]]) {
    let buffer = module.bytes.buffer
    var declarations = try LocalDeclarations(buffer, body: body, parameterCount: type.parameters.count)
    var locals: [ValueType] = []
    while let run = try declarations.next() { locals += Array(repeating: run.type, count: Int(run.count)) }

    var reader = InstructionReader(buffer, range: declarations.operators)
    var operators: [Operator] = []
    var labelTables: [Int: [UInt32]] = [:]
    while !reader.isAtEnd {
      var instruction = Instruction()
      try reader.next(&instruction)
      var next = Operator(instruction: instruction)
      switch instruction.opcode {
      case .brTable:
        var vector = reader.vector(of: instruction)
        var labels: [UInt32] = []
        for _ in 0...instruction.a { labels.append(try vector.u32()) }
        labelTables[operators.count] = labels
      case .block, .loop, .if:
        switch instruction.blockType {
        case .empty: break
        case .value: next.resultCount = 1
        case .type(let index):
          let type = instance.functionType(index)
          next.parameterCount = type.parameters.count
          next.resultCount = type.results.count
        }
      default: break
      }
      operators.append(next)
    }
    return (locals, operators, labelTables)
  }

  private static func matchEnds(_ operators: inout [Operator]) {
    var open: [Int] = []
    for position in operators.indices {
      switch operators[position].opcode {
      case .block, .loop, .if, .tryTable: open.append(position)
      case .else:
        // The `else` takes the place of its `if`, which finds its `end` through it.
        operators[open.removeLast()].alternative = position
        open.append(position)
      case .end:
        // The body's own `end` matches nothing.
        if let start = open.popLast() { operators[start].end = position }
      default: break
      }
    }
    for position in operators.indices {
      if let alternative = operators[position].alternative { operators[position].end = operators[alternative].end }
    }
  }
}

extension Opcode {
  /// Whether the oracle executes the operator: all but those for garbage collection, typed function references and
  /// exceptions.
  var isExecutedByOracle: Bool {
    switch info.proposal {
    case .gc, .functionReferences, .exceptions: false
    default: true
    }
  }
}
