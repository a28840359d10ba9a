// The operand stack: pushing and popping types, one by one and list by list.

import WebAssembly

extension FunctionValidator {
  @inline(__always)
  mutating func push(_ type: ValueType) throws(ModuleError) {
    if height == operandCapacity { try growOperands(by: 1) }
    operands[height] = type
    height &+= 1
    if type == .v128 { vectors &+= 1 }
    maximumSlots = max(maximumSlots, height &+ vectors)
  }

  /// Pops an operand that must match `expected`.
  @inline(__always)
  mutating func pop(_ expected: ValueType) throws(ModuleError) {
    if height > base && operands[height &- 1] == expected {
      height &-= 1
      if expected == .v128 { vectors &-= 1 }
    } else {
      _ = try popSlowly(expected)
    }
  }

  /// Pops an operand that must match `expected`, and returns its own type.
  @inline(never)
  mutating func popSlowly(_ expected: ValueType) throws(ModuleError) -> ValueType {
    let actual = try popAny(expected)
    if !tables.matches(actual, expected) { throw mismatch(expected, actual) }
    return actual
  }

  /// Pops an operand of any type; `wanted` is for the error.
  @inline(__always)
  mutating func popAny(_ wanted: ValueType? = nil) throws(ModuleError) -> ValueType {
    if height == base {
      if frames[depth &- 1].isUnreachable { return .bottom }
      throw missing(wanted)
    }
    height &-= 1
    let type = operands[height]
    if type == .v128 { vectors &-= 1 }
    return type
  }

  /// Pops a reference of any type; `.bottom` becomes a reference to the heap type below all others.
  mutating func popReference() throws(ModuleError) -> ValueType {
    let type = try popAny()
    if type == .bottom { return .ref(.bottom, nullable: false) }
    if !type.isReference {
      throw fail(.typeMismatch, "\(instruction.opcode.mnemonic) expects a reference but found \(type)")
    }
    return type
  }

  mutating func pushList(_ list: TypeList) throws(ModuleError) {
    let count = Int(list.count)
    if count == 0 { return }
    if height + count > operandCapacity { try growOperands(by: count) }
    let types = tables.pool + Int(list.start)
    (operands + height).update(from: types, count: count)
    height += count
    vectors += Int(list.vectors)
    maximumSlots = max(maximumSlots, height &+ vectors)
  }

  mutating func popList(_ list: TypeList) throws(ModuleError) {
    let count = Int(list.count)
    if count == 0 { return }
    let available = try checkList(list)
    if vectors > 0 {
      for index in height - available..<height where operands[index] == .v128 { vectors -= 1 }
    }
    height -= available
  }

  /// Checks that the topmost operands match `list`, without popping them. Returns how many of them there really are:
  /// in unreachable code operands may be missing, and the first types of the list are met by nothing.
  @inline(__always)
  mutating func checkList(_ list: TypeList) throws(ModuleError) -> Int {
    let count = Int(list.count)
    let available = min(count, height - base)
    if available < count && !frames[depth &- 1].isUnreachable {
      throw missing(tables.pool[Int(list.start) + count - 1 - available])
    }
    let expected = tables.pool + Int(list.start) + (count - available)
    let actual = operands + (height - available)
    // Nearly always all types are equal; without an exit in between the loop runs several types at a time.
    var difference: UInt32 = 0
    for index in 0..<available { difference |= expected[index].bits ^ actual[index].bits }
    if difference != 0 {
      for index in (0..<available).reversed() where !tables.matches(actual[index], expected[index]) {
        throw mismatch(expected[index], actual[index])
      }
    }
    return available
  }

  /// Pops `count` operands that must all match `type`. `count` may be huge in unreachable code.
  mutating func popRepeated(_ type: ValueType, count: UInt32) throws(ModuleError) {
    var left = count
    while left > 0 && height > base {
      try pop(type)
      left -= 1
    }
    if left > 0 && !frames[depth - 1].isUnreachable { throw missing(type) }
  }

  /// Makes the rest of the innermost block unreachable.
  @inline(__always)
  mutating func setUnreachable() {
    let frame = frames + (depth &- 1)
    height = base
    vectors = Int(frame.pointee.vectors)
    frame.pointee.isUnreachable = true
  }

  @inline(never)
  private mutating func growOperands(by count: Int) throws(ModuleError) {
    if height + count > ImplementationLimits.operands {
      throw ModuleError(
        .limit, .limitExceeded, offset: instruction.offset, function: function, detail: "operand stack height")
    }
    let capacity = min(max(2 * operandCapacity, height + count), ImplementationLimits.operands)
    let larger = UnsafeMutablePointer<ValueType>.allocate(capacity: capacity)
    larger.moveInitialize(from: operands, count: height)
    operands.deallocate()
    operands = larger
    operandCapacity = capacity
  }

  // MARK: Errors

  /// An error at the present operator.
  @inline(never)
  mutating func fail(_ reason: ModuleErrorReason, _ detail: String? = nil) -> ModuleError {
    ModuleError(.invalid, reason, offset: instruction.offset, function: function, detail: detail)
  }

  @inline(never)
  mutating func mismatch(_ expected: ValueType, _ actual: ValueType) -> ModuleError {
    fail(.typeMismatch, "\(instruction.opcode.mnemonic) expects \(expected) but found \(actual)")
  }

  @inline(never)
  mutating func missing(_ expected: ValueType?) -> ModuleError {
    fail(
      .typeMismatch,
      "\(instruction.opcode.mnemonic) expects \(expected.map { "\($0)" } ?? "an operand") but the stack is empty")
  }
}
