// The numeric meaning of the vector operators, defined once; see `Scalar` for the conventions.
//
// Whole vectors are computed at a time wherever Swift's SIMD types allow. Constants are written with their full type
// (`SIMD16<Int8>(repeating: 0)`): with an inferred type or a scalar operand the compiler picks a generic operator that
// works lane by lane.

/// Functions on `V128`, named as their operator's case in `Opcode`.
///
/// Shift counts are i32 and taken modulo the lane width. `…AnyTrue` and `…AllTrue` give a Bool, as scalar comparisons
/// do. The lane of a lane operator is the last parameter.
public enum Vector {}
