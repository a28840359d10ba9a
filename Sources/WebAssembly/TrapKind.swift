// Why an execution traps.

/// The causes of traps. Raw values are part of the threaded-code format.
public enum TrapKind: UInt8, Sendable, CaseIterable, Hashable {
  case unreachable = 1
  case integerDivideByZero = 2
  case integerOverflow = 3
  case invalidConversionToInteger = 4
  case outOfBoundsMemoryAccess = 5
  case outOfBoundsTableAccess = 6
  /// A call through a table with an index beyond its end.
  case undefinedElement = 7
  /// A call through a null table element.
  case uninitializedElement = 8
  case indirectCallTypeMismatch = 9
  case callStackExhausted = 10
  case outOfInstructions = 11
  case nullReference = 12
  /// A host function failed; the store holds its error.
  case hostError = 13
  case interrupted = 14
  /// A call through a null function reference.
  case nullFunctionReference = 15

  /// The kind's name in JSON output and messages: lower case with hyphens.
  public var name: String {
    switch self {
    case .unreachable: "unreachable"
    case .integerDivideByZero: "integer-divide-by-zero"
    case .integerOverflow: "integer-overflow"
    case .invalidConversionToInteger: "invalid-conversion-to-integer"
    case .outOfBoundsMemoryAccess: "out-of-bounds-memory-access"
    case .outOfBoundsTableAccess: "out-of-bounds-table-access"
    case .undefinedElement: "undefined-element"
    case .uninitializedElement: "uninitialized-element"
    case .indirectCallTypeMismatch: "indirect-call-type-mismatch"
    case .callStackExhausted: "call-stack-exhausted"
    case .outOfInstructions: "out-of-instructions"
    case .nullReference: "null-reference"
    case .hostError: "host-error"
    case .interrupted: "interrupted"
    case .nullFunctionReference: "null-function-reference"
    }
  }

  /// A sentence for people, in the words of the specification's test suite where it has any.
  public var message: String {
    switch self {
    case .unreachable: "unreachable"
    case .integerDivideByZero: "integer divide by zero"
    case .integerOverflow: "integer overflow"
    case .invalidConversionToInteger: "invalid conversion to integer"
    case .outOfBoundsMemoryAccess: "out of bounds memory access"
    case .outOfBoundsTableAccess: "out of bounds table access"
    case .undefinedElement: "undefined element"
    case .uninitializedElement: "uninitialized element"
    case .indirectCallTypeMismatch: "indirect call type mismatch"
    case .callStackExhausted: "call stack exhausted"
    case .outOfInstructions: "out of instructions"
    case .nullReference: "null reference"
    case .hostError: "host function failed"
    case .interrupted: "interrupted"
    case .nullFunctionReference: "null function reference"
    }
  }
}
