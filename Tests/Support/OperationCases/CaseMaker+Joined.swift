// Cases of what stands around a loop's end and a call: steps of counters, jumps with moves or additions, calls that place
// their arguments, globals that are moved.

import WebAssembly

extension CaseMaker {
  /// `stepI32LtS_si_i`: the variable with its step, and what the sum is compared with. `stepTwoI32LtS_i`: behind another
  /// addition.
  func steps() -> [OperationCase]? {
    let isTwo = stem.hasPrefix("stepTwo")
    let rest = stem.dropFirst(isTwo ? 7 : 4)
    guard stem.hasPrefix("step"), let bound = parts.dropFirst().last, let type = type(of: rest),
      let condition = CaseMaker.conditions[String(rest.dropFirst(3))]
    else { return nil }
    let isVariable = parts[1] == "ss"
    let isConstant = bound == "i"
    let bounds: [UInt64] =
      !isConstant ? [0] : [100, UInt64(bitPattern: -100) & type.mask, 0x7FFF_FF00] + comparedConstants(type)
    let steps: [UInt64] =
      isVariable
      ? [0]
      : [
        1, type.mask, 3, UInt64(bitPattern: -7) & type.mask, 0x7FFF_FFFF, UInt64(bitPattern: -0x8000_0000) & type.mask,
      ]
    let other = "(local.set $c (i32.add (local.get $c) (i32.const \(choose([-1, 1, 0x7FFF_FFFF, -0x8000_0000])))))"
    func make(_ step: UInt64, _ limit: UInt64, isExact: Bool) -> OperationCase {
      let amount = isVariable ? "(local.get $y)" : type.constant(step)
      let sum = "(local.tee $x (\(type).add (local.get $x) \(amount)))"
      let test: String
      switch parts.last {
      case "i": test = "(\(type).\(condition) \(sum) \(type.constant(limit)))"
      case "as": test = "(\(type).\(condition) \(sum) (local.get $z))"
      default: test = "(\(type).\(condition) (local.get $z) \(sum))"
      }
      var made = function(
        type,
        "(result \(type) i32) (loop $l \(isTwo ? other : "")(br_if $l \(test))) (local.get $x) (local.get $c)",
        isExact: isExact, loops: true)
      made.arguments = { _, random in
        let bound = isConstant ? limit : type.pick(&random)
        let amount = isVariable ? random.pick([1, 2, type.mask, type.pick(&random)]) : step
        // A few steps before the bound, most times.
        let distance = UInt64(random.below(6))
        let from = random.chance(1, in: 4) ? type.pick(&random) : (bound &- distance &* amount) & type.mask
        return [from, amount, bound, 0, type.mask]
      }
      return made
    }
    var cases: [OperationCase] = []
    for (index, step) in steps.enumerated() { cases.append(make(step, bounds[index % bounds.count], isExact: true)) }
    for bound in bounds.dropFirst() { cases.append(make(choose(steps), bound, isExact: true)) }
    if isConstant {
      for bound in [0, 1, type.mask, type.is64 ? 0x8000_0000 : 0x8000_0000] {
        cases.append(make(1, bound, isExact: false))
      }
    }
    return cases
  }

  /// `stepI32Jump`, `stepI64JumpCheck`, `jumpMove`, `jumpCheckMoveTwo`.
  func jumps() -> [OperationCase]? {
    guard parts.count == 1 else { return nil }
    let isBack = stem.contains("Check")
    if stem.hasPrefix("step"), stem.contains("Jump"), let type = type(of: stem.dropFirst(4)) {
      let constants: [UInt64] = [
        1, UInt64(bitPattern: -3) & type.mask, 0x7FFF_FFFF, UInt64(bitPattern: -0x8000_0000) & type.mask,
      ]
      return constants.map { constant in
        let sum = "(local.set $x (\(type).add (local.get $x) \(type.constant(constant))))"
        return function(
          type,
          isBack
            ? "(result \(type)) (loop $l (if (\(type).lt_s (local.get $x) (local.get $y)) (then \(sum) (br $l)))) "
              + "(local.get $x)"
            : "(result \(type)) (if (local.get $c) (then \(sum)) (else (local.set $x (\(type).mul (local.get $x) "
              + "(local.get $y))))) (\(type).rem_u (local.get $x) (\(type).const -59))",
          loops: isBack)
      }
    }
    guard stem.hasPrefix("jump"), ["Move", "MoveTwo", "Constant"].contains(stem.dropFirst(isBack ? 9 : 4)) else {
      return nil
    }
    let isTwo = stem.hasSuffix("Two")
    let types: [ScalarType] = stem.hasSuffix("Constant") ? [.i32, .i64, .f32] : ScalarType.allCases
    return types.map { type in
      var moves = "(local.set $x (local.get $z))" + (isTwo ? " (local.set $y (local.get $w))" : "")
      if stem.hasSuffix("Constant") {
        moves = "(local.set $x \(type.constant(type == .i64 ? UInt64(bitPattern: -0x8000_0000) : 0x3F80_0000)))"
      }
      let parameters: [(name: String, type: ScalarType)] = [
        ("x", type), ("y", type), ("z", type), ("w", type), ("c", .i32),
      ]
      let body: String
      if isBack {
        body =
          "(result \(type) \(type) \(type) \(type)) (loop $l (if (local.tee $c (i32.shr_u (local.get $c) (i32.const 1))) "
          + "(then \(moves) (br $l)))) "
      } else {
        let other =
          "(local.set $x (\(type).mul (local.get $x) (local.get $y)))"
          + (isTwo ? " (local.set $y (\(type).sub (local.get $y) (local.get $x)))" : "")
        body =
          "(result \(type) \(type) \(type) \(type)) (if (local.get $c) (then \(moves)) (else \(other))) "
      }
      return OperationCase(
        operation: name, loops: isBack, parameters: parameters.map(\.type.valueType),
        header: header(parameters), body: body + "(local.get $x) (local.get $y) (local.get $z) (local.get $w)"
      ) { _, random in
        [
          type.pick(&random), type.pick(&random), type.pick(&random), type.pick(&random),
          random.chance(1, in: 2) ? 0 : UInt64(random.below(64)),
        ]
      }
    }
  }

  // MARK: Sums, calls, globals

  /// `i32AddTwo`, `callAdd`, `globalStepI32_kd`: what the operation before it, or after it, does as well.
  func joined() -> [OperationCase]? {
    let constants: [UInt64] = [7, 0xFFFF_FFF0, 0x8000_0000]
    if stem == "i32AddTwo" {
      return constants.map { constant in
        function(
          .i32,
          "(result i32 i32) (i32.add (local.get $x) \(ScalarType.i32.constant(constant))) "
            + "(i32.add (local.get $y) (i32.const -1000))")
      }
    }
    switch stem {
    case "callAdd":
      return constants.map { constant in
        function(.i32, "(result i32) (call $one (i32.add (local.get $x) \(ScalarType.i32.constant(constant))))")
      }
    case "callConstant":
      return constants.map { function(.i32, "(result i32) (call $one \(ScalarType.i32.constant($0)))") }
    case "const32Two":
      return constants.map { function(.i32, "(result i32 i64) \(ScalarType.i32.constant($0)) (i64.const -1000)") }
    case "callMove": return [function(.i32, "(result i32) (i32.add (call $one (local.get $x)) (local.get $y))")]
    case "callMoveTwo":
      return [function(.i32, "(result i32) (i32.add (call $two (local.get $y) (local.get $x)) (local.get $y))")]
    default: break
    }
    guard stem.hasPrefix("global"), let type = ScalarType(rawValue: stem.suffix(3).lowercased()) else { return nil }
    let global = type == .i32 ? "$n" : "$m"
    return constants.map { bits in
      let constant = type.constant(type == .i64 ? UInt64(truncatingIfNeeded: Int32(truncatingIfNeeded: bits)) : bits)
      if stem.hasPrefix("globalSetSum") {
        return function(
          type,
          "(result \(type)) (global.set \(global) (\(type).add (local.get $x) \(constant))) (global.get \(global))")
      }
      let keeps = parts[1].first == "k"
      let stores = parts[1].last == "d"
      let sum =
        "(\(type).add \(keeps ? "(local.tee $o (global.get \(global)))" : "(global.get \(global))") \(constant))"
      let results = (keeps ? " (local.get $o)" : "") + (stores ? " (local.get $r)" : "")
      return function(
        type,
        "(result i32\(keeps ? " \(type)" : "")\(stores ? " \(type)" : "")) (local $o \(type)) (local $r \(type)) "
          + "(global.set \(global) \(stores ? "(local.tee $r \(sum))" : sum)) (i32.popcnt (local.get $c))\(results)")
    }
  }
}
