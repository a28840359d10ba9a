// Builds small modules for tests that need exact bytes; most tests use the text format instead.

import WasmBinary
import WasmValidation
import WebAssembly

/// A module under construction: sections in order, each as `BinaryWriter` encodes it.
struct TestModule {
  struct Function {
    var type: UInt32
    var locals: [LocalDeclarations.Run] = []
    /// Operators with the closing `end`.
    var code: [UInt8]
  }

  var types: [FunctionType] = [FunctionType(parameters: [], results: [])]
  var memories: [MemoryType] = []
  var functions: [Function] = []

  /// A module with one function of type `[] -> results`.
  init(results: [ValueType] = [], locals: [LocalDeclarations.Run] = [], code: [UInt8]) {
    types = [FunctionType(parameters: [], results: results)]
    functions = [Function(type: 0, locals: locals, code: code)]
  }

  func bytes() -> [UInt8] {
    var writer = BinaryWriter()
    writer.moduleHeader()
    writer.section(.type) { $0.vector(types) { $0.compositeType(.function($1)) } }
    writer.section(.function) { $0.vector(functions) { $0.u32($1.type) } }
    if !memories.isEmpty { writer.section(.memory) { $0.vector(memories) { $0.limits($1.limits) } } }
    writer.section(.code) { writer in
      writer.vector(functions) { writer, function in
        writer.sized { writer in
          writer.vector(function.locals) { writer, run in
            writer.u32(run.count)
            writer.valueType(run.type)
          }
          writer.append(function.code)
        }
      }
    }
    return writer.bytes
  }

  func decode() throws(ModuleError) -> Module { try decodeModule(ModuleBytes(bytes())) }

  func validate(features: Features = .wasm3) throws(ModuleError) -> ValidationInfo {
    try WasmValidation.validate(try decode(), features: features)
  }
}

/// The bytes of an operator with immediates that decode: zeros, and whatever a vector needs.
struct BinaryOperator {
  var bytes: [UInt8]

  init(_ opcode: Opcode) {
    var writer = BinaryWriter()
    switch opcode {
    case .brTable: writer.branchTable(labels: [0], default: 0)
    case .selectT: writer.select(types: [.i32])
    case .tryTable: writer.tryTable(.empty, catches: [])
    default:
      var instruction = Instruction()
      instruction.opcode = opcode
      instruction.type = .funcref
      instruction.type2 = .funcref
      writer.instruction(instruction)
    }
    bytes = writer.bytes
  }
}
