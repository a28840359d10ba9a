// Every way through the code is charged and checked: without it, code from outside could execute for ever under any limit.
//
// - A back edge carries a check, or goes to code that checks before anything else can happen.
// - A back edge costs something, or goes to code that is charged before it can go back. So each turn of a loop is charged.
// - The entry costs something, or is followed by a charge before the function can call or go back. So all that an
//   execution of a function does without a charge is to go through its code once.
//
// Whether the amounts are right is not looked at. Between two charges lies at most about the length of the code in
// operations, of which bulk operations take the time of what they touch.
//
// One walk from the end to the start finds, for each operation, whether execution from there on is charged and checked; only
// what follows an operation is needed for it.

extension ThreadedVerifier {
  /// What is certain to come, as bits of `Mark`; code that ends the function promises both.
  private static var all: UInt8 { Mark.checks | Mark.charges }

  func checkProgress() throws(ArtifactError) {
    var position = count
    while position > 0 {
      position -= 1
      if marks[position] & Mark.operation == 0 { continue }
      let operation = ThreadedOperation(number: UInt16(truncatingIfNeeded: base[position]))
      let promised = promises(operation, position)
      marks.insert(promised, at: position)
      let demands = marks[position]
      if demands & Mark.mustCheck != 0 && promised & Mark.checks == 0 {
        throw fail(position, "back edge to here without a check")
      }
      if demands & Mark.mustCharge != 0 && promised & Mark.charges == 0 {
        throw fail(position, "back edge to here without a charge")
      }
    }
    if marks[0] & Mark.charges == 0 { throw fail(0, "function may call or loop without a charge") }
  }

  /// What comes for certain from the operation at `position` on.
  private func promises(_ operation: ThreadedOperation, _ position: Int) -> UInt8 {
    let words = base + position
    let following = position + operation.length(at: words)
    let effects = operation.effects
    switch operation {
    case .enter, .enterLarge: return edge(to: following, cost: words[1] & 0xFFFF_FFFF, isCheck: true, from: position)
    case .charge: return edge(to: following, cost: words[1], isCheck: false, from: position)
    case .chargeCheck: return edge(to: following, cost: words[1], isCheck: true, from: position)
    case .chargeDynamic32, .chargeDynamic64: return edge(to: following, cost: 0, isCheck: true, from: position)
    case .jump, .jumpCheck:
      return edge(
        to: target(words[1], position), cost: words[1] >> 32, isCheck: operation == .jumpCheck, from: position)
    case .jumpMove, .jumpMoveTwo, .jumpCheckMove, .jumpCheckMoveTwo, .jumpConstant, .jumpCheckConstant, .stepI32Jump,
      .stepI32JumpCheck, .stepI64Jump,
      .stepI64JumpCheck:
      return edge(
        to: target(words[2], position), cost: words[2] >> 32, isCheck: effects.contains(.check), from: position)
    case .switch_s, .switch_a, .switchLoad8U_s, .switchLoad8U_a, .switchLoad_s, .switchLoad_a:
      var promised = ThreadedVerifier.all
      for entry in position + operation.wordCount..<following {
        let word = base[entry]
        promised &= edge(
          to: target(word, position), cost: word >> 32 & 0x7FFF_FFFF, isCheck: word >> 63 != 0, from: position)
      }
      return promised
    case .tailCall, .tailCallImport, .tailCallIndirect, .tailCallReference: return 0
    default: break
    }
    if effects.contains(.call) { return 0 }
    if effects.contains(.terminator) { return ThreadedVerifier.all }
    if let field = operation.fields.first(where: { $0.kindCode == ThreadedFieldKind.branch.rawValue }) {
      // A comparison with a branch: its word has the displacement, the cost of going there, and that of going on.
      let word = words[field.word]
      let isCheck = effects.contains(.check)
      return edge(to: target(word, position), cost: word >> 32 & 0xFFFF, isCheck: isCheck, from: position)
        & edge(to: following, cost: word >> 48, isCheck: false, from: position)
    }
    return marks[following] & ThreadedVerifier.all
  }

  private func target(_ word: UInt64, _ position: Int) -> Int { position + Int(Int32(truncatingIfNeeded: word)) }

  /// What comes for certain when execution goes on from `position` to `target`. What a back edge lacks is demanded there.
  private func edge(to target: Int, cost: UInt64, isCheck: Bool, from position: Int) -> UInt8 {
    var promised: UInt8 = 0
    if cost > 0 { promised |= Mark.charges }
    if isCheck { promised |= Mark.checks }
    if target > position { return promised | marks[target] & ThreadedVerifier.all }
    if !isCheck { marks.insert(Mark.mustCheck, at: target) }
    if cost == 0 { marks.insert(Mark.mustCharge, at: target) }
    return promised
  }
}
