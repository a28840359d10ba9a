// Constant expressions: a few operators, validated as a body without locals.
//
// Source: WebAssembly 3.0, section 3.4.16 (constant expressions).

import WasmBinary
import WebAssembly

extension FunctionValidator {
  /// Validates an expression that must leave one value of `type`. It may read the immutable ones of the first
  /// `visibleGlobals` globals; functions that it refers to become declared. Returns the proposals it uses.
  mutating func validateConstant(
    _ expression: ConstantExpression, type: ValueType, visibleGlobals: Int
  ) throws(ModuleError) -> Features {
    function = nil
    used = 0
    operatorCount = 0
    instruction.offset = expression.range.start
    locals.begin(parameters: UnsafeBufferPointer(start: nil, count: 0))
    try beginFrames(results: tables.single(type))
    reader = InstructionReader(context.module.bytes.buffer, range: expression.range)
    repeat {
      try read()
      try checkConstant(visibleGlobals)
      try step()
    } while depth > 0
    if !reader.isAtEnd { throw ModuleError(.malformed, .endOpcodeExpected, offset: reader.offset) }
    return Features(rawValue: used)
  }

  private mutating func checkConstant(_ visibleGlobals: Int) throws(ModuleError) {
    switch instruction.opcode {
    case .i32Const, .i64Const, .f32Const, .f64Const, .v128Const, .refNull, .end: break
    case .structNew, .structNewDefault, .arrayNew, .arrayNewDefault, .arrayNewFixed, .refI31, .anyConvertExtern,
      .externConvertAny:
      break
    case .i32Add, .i32Sub, .i32Mul, .i64Add, .i64Sub, .i64Mul: try require(.extendedConst)
    case .refFunc: if instruction.a < tables.functionCount { tables.declare(instruction.a) }
    case .globalGet:
      let index = instruction.a
      if index >= UInt32(visibleGlobals) { throw fail(.unknownGlobal, "\(index)") }
      if tables.globals[Int(index)].isMutable {
        throw fail(.constantExpressionRequired, "global \(index) is mutable")
      }
      // Before garbage collection, only imported globals could be read.
      if index >= UInt32(context.spaces.importedGlobalCount) { try require(.gc) }
    default: throw fail(.constantExpressionRequired, "\(instruction.opcode.mnemonic) is not constant")
    }
  }
}
