// What a call costs of the limit on the stack: defined on the input, so that the limit is reached at the same call in
// every backend and at every optimisation level.

public enum StackCost {
  /// Slots that a frame costs beside its values.
  public static let frameConstant = 4

  /// The cost of one call, in 64-bit slots (a v128 takes two): parameters, declared locals, and the greatest height that
  /// the operand stack reaches. The height is that of validation: code after an unconditional branch does not count until
  /// the next `else` or `end`; the results that this `end` leaves, and what follows it, count even if no branch leads there.
  @inlinable
  public static func frame(parameterSlots: Int, localSlots: Int, operandSlots: Int) -> Int {
    frameConstant + parameterSlots + localSlots + operandSlots
  }
}
