// Cases of pairs of operators: `i32AddShl_vi_ss_d` and the like. Shapes and forms are those of the generator's `PairShape`.

import WebAssembly

extension CaseMaker {
  func pairs() -> [OperationCase]? {
    guard parts.count == 4, let type = type(of: stem), ["iv", "vv", "ii", "vi"].contains(parts[1]),
      let pair = pairOperators(stem.dropFirst(3))
    else { return nil }
    let form = Array(parts[2])
    let stores = parts[3] == "d"
    var cases: [OperationCase] = []
    func add(_ first: String, _ second: String, near constants: [UInt64], isExact: Bool) {
      let outer =
        pair.isReversed ? "(\(type).sub \(second) \(first))" : "(\(type).\(pair.second) \(first) \(second))"
      cases.append(value(type, outer, result: type, stores: stores, near: constants, isExact: isExact))
      if isExact && !stores && ["add", "mul", "and", "or", "xor"].contains(pair.second) && !pair.isReversed {
        cases.append(
          value(
            type, "(\(type).\(pair.second) \(second) \(first))", result: type, stores: false, near: constants,
            isExact: true))
      }
    }
    func inner(_ right: String) -> String { "(\(type).\(pair.first) \(operand(form[0], 0, type)) \(right))" }
    // Borders of the immediates in one form only.
    let hasBorders = !stores && form.allSatisfy { $0 == "s" }
    switch parts[1] {
    case "vv": add(inner(operand(form[1], 1, type)), operand(form[2], 2, type), near: [], isExact: true)
    case "iv":
      let constants = immediates(pair.first, type)
      for constant in [choose(constants.exact)] + (hasBorders ? constants.exact.prefix(2) + constants.others : []) {
        add(
          inner(type.constant(constant)), operand(form[1], 1, type), near: [constant],
          isExact: constants.exact.contains(constant))
      }
      if hasBorders && ["add", "mul", "and", "or", "xor"].contains(pair.first) {
        // With the constant on the left.
        let left = "(\(type).\(pair.first) \(type.constant(constants.exact[0])) \(operand(form[0], 0, type)))"
        add(left, operand(form[1], 1, type), near: [], isExact: true)
      }
    case "vi":
      let constants = immediates(pair.second, type)
      for constant in [choose(constants.exact)] + (hasBorders ? constants.exact.prefix(2) + constants.others : []) {
        add(
          inner(operand(form[1], 1, type)), type.constant(constant), near: [constant],
          isExact: constants.exact.contains(constant))
      }
    default:
      let first = immediates(pair.first, type)
      let second = immediates(pair.second, type)
      let chosen = (first.exact[number % first.exact.count], second.exact[number / 3 % second.exact.count])
      add(inner(type.constant(chosen.0)), type.constant(chosen.1), near: [chosen.0], isExact: true)
      guard hasBorders else { break }
      for constant in first.others {
        add(inner(type.constant(constant)), type.constant(second.exact[0]), near: [constant], isExact: false)
      }
      for constant in second.others {
        add(inner(type.constant(first.exact[0])), type.constant(constant), near: [constant], isExact: false)
      }
    }
    return cases
  }

  /// The operators that `text` names. A reversed subtraction takes the first result away.
  private func pairOperators(_ text: Substring) -> (first: String, second: String, isReversed: Bool)? {
    for first in CaseMaker.operators where text.hasPrefix(first.name) {
      let rest = text.dropFirst(first.name.count)
      if rest == "Rsub" { return (first.mnemonic, "sub", true) }
      if let second = CaseMaker.operators.first(where: { $0.name == rest }) {
        return (first.mnemonic, second.mnemonic, false)
      }
    }
    return nil
  }

  private func signed(_ values: [Int64], _ type: ScalarType) -> [UInt64] {
    values.map { UInt64(bitPattern: $0) & type.mask }
  }

  /// Constants that an immediate of 32 bits holds and that leave the operator as it is, its borders first, and others.
  private func immediates(_ name: String, _ type: ScalarType) -> (exact: [UInt64], others: [UInt64]) {
    if ["shl", "shr_u", "shr_s", "rotl", "rotr"].contains(name) {
      return (signed(type.is64 ? [63, 33, 5, 31, 1, -1] : [31, 33, 5, 1, -1], type), signed([0, 32], type))
    }
    let borders: [Int64] = [0x7FFF_FFF0, -0x7654_3210, 1000, 0x0012_3450, -32768, 32767]
    let others: [Int64] = [Int64(Int32.max), Int64(Int32.min), Int64(Int32.max) + 1, Int64(Int32.min) - 1]
    return (signed(borders, type), signed(Array(others.prefix(type.is64 ? 4 : 2)), type))
  }
}
