// The numeric meaning of the scalar operators, defined once: the constant folder, the handlers of the executor and the
// reference interpreter all call these functions.
//
// A function is named as its operator's case in `Opcode` and works on raw bits: i32 is UInt32, i64 is UInt64, f32 is
// Float, f64 is Double. Comparisons (and `eqz`) give a Bool, which `Scalar.i32` turns into the operator's 0 or 1. An
// operator that can trap has a companion with the suffix `Trap`, whose result is 0 or the raw value of a `NumericTrap`;
// where it is not 0, the value function gives some value, but it never stops the program.
//
// Operators that only move values (constants, loads, stores, locals) have no function here.

public enum Scalar {
  /// The result of a comparison as an operand: 1 for true, 0 for false.
  @inlinable @inline(__always) public static func i32(_ condition: Bool) -> UInt32 { condition ? 1 : 0 }
}

/// Why a numeric operator traps, with the codes that the `…Trap` functions return.
public enum NumericTrap: UInt8, Hashable, Sendable, CaseIterable {
  case none = 0
  /// Division or remainder by zero.
  case integerDivideByZero = 1
  /// The quotient or the truncated float is out of the result type's range.
  case integerOverflow = 2
  /// Truncation of a NaN.
  case invalidConversion = 3
}

/// What a scalar operator gives, for callers that choose the operator at run time.
public enum ScalarResult: Hashable, Sendable {
  /// The result's bits; i32 and f32 zero-extended.
  case value(UInt64)
  case trap(NumericTrap)
}
