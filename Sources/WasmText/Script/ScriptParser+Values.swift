// Arguments and result patterns of script commands.
//
// Source: the script grammar of the specification's reference interpreter (interpreter/README.md, "Scripts").

import WebAssembly

extension TokenCursor {
  /// `(i32.const 1)` and the like.
  mutating func argument() throws(TextError) -> ScriptValue {
    let start = ahead
    guard case .value(let value) = try resultPattern() else { throw unexpected(start) }
    return value
  }

  /// What one result must be.
  mutating func resultPattern() throws(TextError) -> ResultPattern {
    // `either` doesn't nest: an alternative is a plain pattern.
    guard try open(.either) else { return try plainPattern() }
    var alternatives: [ResultPattern] = []
    while token.kind == .leftParenthesis { alternatives.append(try plainPattern()) }
    try expectClose()
    return .either(alternatives)
  }

  private mutating func plainPattern() throws(TextError) -> ResultPattern {
    try expectOpen()
    guard token.kind == .word else { throw unexpected() }
    let word = token
    try advance()
    let pattern = word.row == OperatorTable.noRow ? try referencePattern(word) : try operatorPattern(word)
    try expectClose()
    return pattern
  }

  private mutating func operatorPattern(_ word: Token) throws(TextError) -> ResultPattern {
    switch Opcode(row: word.row) {
    case .i32Const: return .value(.i32(UInt32(truncatingIfNeeded: try integer(bits: 32))))
    case .i64Const: return .value(.i64(try integer(bits: 64)))
    case .f32Const:
      if let pattern = try nanPattern() { return .f32NaN(pattern) }
      return .value(.f32(UInt32(truncatingIfNeeded: try float(.binary32))))
    case .f64Const:
      if let pattern = try nanPattern() { return .f64NaN(pattern) }
      return .value(.f64(try float(.binary64)))
    case .v128Const: return try vectorPattern()
    case .refNull:
      if token.kind == .rightParenthesis { return .refNull }
      return .value(.refNull(try scriptHeapType()))
    case .refFunc: return .refFunc(token.kind == .number ? try u32() : nil)
    case .refI31: return .refI31
    case .refEq: return .refEq
    default: throw unexpected(word)
    }
  }

  private mutating func referencePattern(_ word: Token) throws(TextError) -> ResultPattern {
    switch word.keyword {
    case .refExtern: token.kind == .number ? .value(.refExtern(try u32())) : .refExtern
    case .refHost: .value(.refHost(try u32()))
    case .refStruct: .refStruct
    case .refArray: .refArray
    case .refAny: .refAny
    case .refExn: .refExn
    default: throw unexpected(word)
    }
  }

  private mutating func scriptHeapType() throws(TextError) -> HeapType {
    guard token.kind == .word, let type = HeapType(token.keyword) else {
      // Values have no concrete type outside of a module.
      throw unexpected()
    }
    try advance()
    return type
  }

  private mutating func nanPattern() throws(TextError) -> NaNPattern? {
    if try accept(.nanCanonical) { return .canonical }
    if try accept(.nanArithmetic) { return .arithmetic }
    return nil
  }

  private mutating func vectorPattern() throws(TextError) -> ResultPattern {
    guard let shape = VectorShape(token) else { throw unexpected() }
    try advance()
    var lanes: [LanePattern] = []
    lanes.reserveCapacity(shape.laneCount)
    for _ in 0..<shape.laneCount {
      guard isAtLane else { throw error(.wrongNumberOfLaneLiterals) }
      if shape.isFloat, let pattern = try nanPattern() {
        lanes.append(.nan(pattern))
      } else {
        lanes.append(.bits(try lane(shape)))
      }
    }
    return vector(lanes, shape).map { .value($0) } ?? .lanes(shape, lanes)
  }

  /// The vector with these lanes; nil if one of them is a pattern.
  private func vector(_ lanes: [LanePattern], _ shape: VectorShape) -> ScriptValue? {
    var halves: (low: UInt64, high: UInt64) = (0, 0)
    for (index, lane) in lanes.enumerated() {
      guard case .bits(let bits) = lane else { return nil }
      let position = UInt64(index * shape.laneBits)
      if position < 64 { halves.low |= bits << position } else { halves.high |= bits << (position - 64) }
    }
    return .v128(low: halves.low, high: halves.high)
  }
}
