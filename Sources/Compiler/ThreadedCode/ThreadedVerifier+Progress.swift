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
// No branch goes into the midst of an operation.
//
// One walk from the end to the start finds, for each operation, whether execution from there on is charged and checked; only
// what follows an operation is needed for it.

extension ThreadedVerifier {
  /// What is certain to come, as bits of `Mark`; code that ends the function promises both.
  private static var all: UInt8 { Mark.checks | Mark.charges }

  func checkProgress() throws(ArtifactError) {
    let operations = table.operations
    var position = count
    while position > 0 {
      position -= 1
      if marks[position] & Mark.operation == 0 {
        if marks[position] & Mark.target != 0 { throw fail(position, "branch into an operation") }
        continue
      }
      let operation = operations[Int(base[position])]
      if operation.flow == .next {
        marks.insert(marks[position + Int(operation.wordCount)] & ThreadedVerifier.all, at: position)
      } else {
        marks.insert(promises(operation, position), at: position)
      }
      let here = marks[position]
      if here & (Mark.mustCheck | Mark.mustCharge) == 0 { continue }
      if here & Mark.mustCheck != 0 && here & Mark.checks == 0 {
        throw fail(position, "back edge to here without a check")
      }
      if here & Mark.mustCharge != 0 && here & Mark.charges == 0 {
        throw fail(position, "back edge to here without a charge")
      }
    }
    if marks[0] & Mark.charges == 0 { throw fail(0, "function may call or loop without a charge") }
  }

  /// What comes for certain from the operation at `position` on.
  private func promises(_ operation: VerifiedOperation, _ position: Int) -> UInt8 {
    let words = base + position
    let following = position + Int(operation.wordCount)
    switch operation.flow {
    case .next: return marks[following] & ThreadedVerifier.all
    case .enter: return edge(to: following, cost: words[1] & 0xFFFF_FFFF, isCheck: true, from: position)
    case .charge: return edge(to: following, cost: words[1], isCheck: false, from: position)
    case .chargeCheck: return edge(to: following, cost: words[1], isCheck: true, from: position)
    case .chargeDynamic: return edge(to: following, cost: 0, isCheck: true, from: position)
    case .jump:
      let word = words[Int(operation.branchWord)]
      return edge(
        to: target(word, position), cost: word >> 32, isCheck: operation.effects.contains(.check), from: position)
    case .branch:
      // A comparison with a branch: its word has the displacement, the cost of going there, and that of going on.
      let word = words[Int(operation.branchWord)]
      let isCheck = operation.effects.contains(.check)
      return edge(to: target(word, position), cost: word >> 32 & 0xFFFF, isCheck: isCheck, from: position)
        & edge(to: following, cost: word >> 48, isCheck: false, from: position)
    case .table:
      var promised = ThreadedVerifier.all
      for entry in 0..<ThreadedOperation.switchCount(at: words) {
        let word = base[following + entry]
        promised &= edge(
          to: target(word, position), cost: word >> 32 & 0x7FFF_FFFF, isCheck: word >> 63 != 0, from: position)
      }
      return promised
    case .call, .tailCall: return 0
    case .end: return ThreadedVerifier.all
    }
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
