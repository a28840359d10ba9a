// Cases of conditional branches on comparisons and on bits, with a check (back to a loop's start) and without (forward).

import WebAssembly

extension CaseMaker {
  /// A branch on `condition`, back with a check or forward without one.
  func branch(_ condition: String, isBack: Bool) -> String {
    isBack
      ? "(result i32) (loop $l (global.set $n (i32.add (global.get $n) (i32.const 1))) (br_if $l \(condition))) "
        + "(i32.const 22)"
      : "(result i32) (block $l (br_if $l \(condition)) (return (i32.const 11))) (i32.const 22)"
  }

  /// `brI32LtS_si`, `brNotF64Lt_as_check`.
  func branches() -> [OperationCase]? {
    guard stem.hasPrefix("br"), parts.count == 2 || parts.count == 3 && parts[2] == "check" else { return nil }
    let isNegated = stem.hasPrefix("brNot")
    let rest = stem.dropFirst(isNegated ? 5 : 2)
    guard let type = type(of: rest), let condition = CaseMaker.conditions[String(rest.dropFirst(3))] else { return nil }
    let form = Array(parts[1])
    let isBack = parts.count == 3
    func make(
      _ right: String, _ condition: String, near constants: [UInt64] = [], isExact: Bool = true
    )
      -> OperationCase
    {
      let test = "(\(type).\(condition) \(operand(form[0], 0, type)) \(right))"
      return function(
        type, branch(isNegated ? "(i32.eqz \(test))" : test, isBack: isBack), near: constants, isExact: isExact,
        loops: isBack)
    }
    guard form[1] == "i" else { return [make(operand(form[1], 1, type), condition)] }
    let constants = type.isFloat ? type.borders : comparedConstants(type)
    let chosen = choose(constants)
    var cases = [make(type.constant(chosen), condition, near: [chosen])]
    guard form[0] == "s" else { return cases }
    let other = condition.replacing("t_", with: "e_")
    for (index, constant) in ([0, type.mask, 0x7FFF_FFFF, 0x8000_0000] + constants).prefix(type.isFloat ? 99 : 6)
      .enumerated()
    {
      cases.append(make(type.constant(constant), index % 2 == 0 ? condition : other, near: [constant], isExact: false))
    }
    return cases
  }

  /// Constants of 32 bits that comparisons keep.
  func comparedConstants(_ type: ScalarType) -> [UInt64] {
    [5, UInt64(bitPattern: -6) & type.mask, 0x7FFF_FFFE, UInt64(bitPattern: Int64(Int32.min) + 1) & type.mask, 0x7FFF]
  }

  /// `testI64NotZero_si_check`.
  func tests() -> [OperationCase]? {
    guard stem.hasPrefix("test"), let type = type(of: stem.dropFirst(4)) else { return nil }
    let isNotZero = stem.hasSuffix("NotZero")
    let form = Array(parts[1])
    let isBack = parts.count == 3
    func make(_ right: String, near constants: [UInt64] = [], isExact: Bool = true) -> OperationCase {
      let bits = "(\(type).and \(operand(form[0], 0, type)) \(right))"
      let condition =
        !isNotZero ? "(\(type).eqz \(bits))" : type == .i32 ? bits : "(i64.ne \(bits) (i64.const 0))"
      return function(
        type, branch(condition, isBack: isBack), near: constants, isExact: isExact, loops: isBack)
    }
    guard form[1] == "i" else { return [make(operand(form[1], 1, type))] }
    var cases = [make(type.constant(choose([1, 6, 0x4000_0000, UInt64(bitPattern: -256) & type.mask])))]
    guard form[0] == "s" else { return cases }
    for constant in [1, 0x8000_0000, 0xFFFF_FFFF, 1 << 63, 1 << 32, 0x7FFF_FFFF] as [UInt64] {
      cases.append(make(type.constant(constant & type.mask), near: [constant & type.mask], isExact: false))
    }
    return cases
  }
}
