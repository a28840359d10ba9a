// Applies the functions of `Semantics`, which work on raw types, to the oracle's operand stack.

import Semantics
import WebAssembly

/// A raw type of the operand stack.
protocol OracleOperand {
  /// Takes an operand, which must have the type, from the stack.
  static func pop(from machine: inout OracleMachine) -> Self
  var value: OracleValue { get }
}

/// What validation rules out: the operand is of another type.
private func wrongType(_ value: OracleValue) -> Never {
  preconditionFailure("validated code does not have \(value) here")
}

extension UInt32: OracleOperand {
  static func pop(from machine: inout OracleMachine) -> UInt32 {
    let value = machine.pop()
    if case .i32(let bits) = value { return bits }
    wrongType(value)
  }
  var value: OracleValue { .i32(self) }
}

extension UInt64: OracleOperand {
  static func pop(from machine: inout OracleMachine) -> UInt64 {
    let value = machine.pop()
    if case .i64(let bits) = value { return bits }
    wrongType(value)
  }
  var value: OracleValue { .i64(self) }
}

extension Float: OracleOperand {
  static func pop(from machine: inout OracleMachine) -> Float {
    let value = machine.pop()
    if case .f32(let bits) = value { return Float(bitPattern: bits) }
    wrongType(value)
  }
  var value: OracleValue { .f32(bitPattern) }
}

extension Double: OracleOperand {
  static func pop(from machine: inout OracleMachine) -> Double {
    let value = machine.pop()
    if case .f64(let bits) = value { return Double(bitPattern: bits) }
    wrongType(value)
  }
  var value: OracleValue { .f64(bitPattern) }
}

extension V128: OracleOperand {
  static func pop(from machine: inout OracleMachine) -> V128 {
    let value = machine.pop()
    if case .v128(let bits) = value { return bits }
    wrongType(value)
  }
  var value: OracleValue { .v128(self) }
}

/// The result of a comparison.
extension Bool: OracleOperand {
  static func pop(from machine: inout OracleMachine) -> Bool { machine.popI32() != 0 }
  var value: OracleValue { .i32(Scalar.i32(self)) }
}

extension OracleMachine {
  mutating func apply<A: OracleOperand, R: OracleOperand>(_ operation: (A) -> R) {
    push(operation(A.pop(from: &self)).value)
  }

  mutating func apply<A: OracleOperand, B: OracleOperand, R: OracleOperand>(_ operation: (A, B) -> R) {
    let second = B.pop(from: &self)
    push(operation(A.pop(from: &self), second).value)
  }

  mutating func apply(_ operation: (V128, V128, V128) -> V128) {
    let (third, second) = (V128.pop(from: &self), V128.pop(from: &self))
    push(.v128(operation(V128.pop(from: &self), second, third)))
  }

  /// An operator that traps where `trap` says so.
  mutating func apply<A: OracleOperand, R: OracleOperand>(
    _ operation: (A) -> R, _ trap: (A) -> UInt8
  ) throws(OracleStop) {
    let operand = A.pop(from: &self)
    try check(trap(operand))
    push(operation(operand).value)
  }

  mutating func apply<A: OracleOperand, R: OracleOperand>(
    _ operation: (A, A) -> R, _ trap: (A, A) -> UInt8
  ) throws(OracleStop) {
    let second = A.pop(from: &self)
    let first = A.pop(from: &self)
    try check(trap(first, second))
    push(operation(first, second).value)
  }

  private mutating func check(_ code: UInt8) throws(OracleStop) {
    guard let trap = NumericTrap(rawValue: code) else { preconditionFailure("not a numeric trap: \(code)") }
    switch trap {
    case .none: break
    case .integerDivideByZero: throw .trap(.integerDivideByZero)
    case .integerOverflow: throw .trap(.integerOverflow)
    case .invalidConversion: throw .trap(.invalidConversionToInteger)
    }
  }
}
