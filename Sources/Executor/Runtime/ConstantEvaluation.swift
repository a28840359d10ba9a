// Constant expressions: offsets of segments, initial values of globals and tables, items of segments.

import WasmBinary
import WebAssembly

/// The value of a constant expression in `bytes`; `global` gives values of globals, `function` handles of functions. Nil
/// where one of them gives nil.
///
/// Validation has checked the expression; but it is read again, and the file that it may be mapped from may have changed.
/// Then the value is any, or nil.
func constantValue(
  _ expression: ConstantExpression, in bytes: UnsafeRawBufferPointer,
  global: (Int) -> (low: UInt64, high: UInt64)?, function: (Int) -> UInt64?
) -> (low: UInt64, high: UInt64)? {
  var reader = InstructionReader(bytes, range: expression.range)
  var instruction = Instruction()
  var stack: [(low: UInt64, high: UInt64)] = []
  func pop() -> UInt64 { stack.popLast()?.low ?? 0 }
  do throws(ModuleError) {
    while !reader.isAtEnd {
      try reader.next(&instruction)
      switch instruction.opcode {
      case .i32Const, .i64Const, .f32Const, .f64Const: stack.append((instruction.value, 0))
      case .v128Const: stack.append((instruction.value, instruction.high))
      case .refNull: stack.append((0, 0))
      case .refFunc:
        guard let handle = function(Int(instruction.a)) else { return nil }
        stack.append((handle, 0))
      case .globalGet:
        guard let value = global(Int(instruction.a)) else { return nil }
        stack.append(value)
      case .i32Add, .i32Sub, .i32Mul:
        let right = UInt32(truncatingIfNeeded: pop())
        let left = UInt32(truncatingIfNeeded: pop())
        let value =
          instruction.opcode == .i32Add ? left &+ right : instruction.opcode == .i32Sub ? left &- right : left &* right
        stack.append((UInt64(value), 0))
      case .i64Add, .i64Sub, .i64Mul:
        let right = pop()
        let left = pop()
        let value =
          instruction.opcode == .i64Add ? left &+ right : instruction.opcode == .i64Sub ? left &- right : left &* right
        stack.append((value, 0))
      default: break
      }
    }
  } catch {
    return nil
  }
  return stack.last
}
