// Cases of operators on scalars, alone: all forms of operands; constants of 32 and of 64 bits; selections.

import WebAssembly

extension CaseMaker {
  func scalars() -> [OperationCase]? {
    guard parts.count == 3, let opcode = CaseMaker.opcodes[stem], opcode.info.prefix == 0 || opcode.info.prefix == 0xFC,
      opcode.info.immediates == .none, let type = ScalarType(opcode.info.operand(0)),
      let result = ScalarType(opcode.info.result)
    else { return nil }
    let stores = parts[2] == "d"
    if parts[1].count == 1 { return unary(opcode, type, result, stores: stores) }
    return binary(opcode, type, result, stores: stores)
  }

  private func unary(_ opcode: Opcode, _ type: ScalarType, _ result: ScalarType, stores: Bool) -> [OperationCase] {
    let isHeld = parts[1] == "a"
    // Zero extension has code only where the upper half is not known to be zero.
    if opcode == .i64ExtendI32U {
      let operand = "(i32.wrap_i64 \(isHeld ? ScalarType.i64.accumulator() : "(local.get $x)"))"
      return [value(.i64, "(i64.extend_i32_u \(operand))", result: .i64, stores: stores)]
    }
    var operand = "(local.get $x)"
    if isHeld {
      // Operators that undo each other need another one in between.
      switch opcode {
      case .f32ReinterpretI32: operand = "(i32.rotr (local.get $x) (local.get $y))"
      case .f64ReinterpretI64: operand = "(i64.rotr (local.get $x) (local.get $y))"
      case .i32ReinterpretF32, .i64ReinterpretF64: operand = "(\(type).neg (local.get $x))"
      default: operand = type.accumulator()
      }
    }
    return [value(type, "(\(opcode.mnemonic) \(operand))", result: result, stores: stores)]
  }

  private func binary(_ opcode: Opcode, _ type: ScalarType, _ result: ScalarType, stores: Bool) -> [OperationCase] {
    let form = Array(parts[1])
    let mnemonic = opcode.mnemonic
    func make(
      _ right: String, near constants: [UInt64] = [], isExact: Bool = true, _ name: String? = nil
    )
      -> OperationCase
    {
      value(
        type, "(\(name ?? mnemonic) \(operand(form[0], 0, type)) \(right))", result: result, stores: stores,
        near: constants, isExact: isExact)
    }
    // A constant on the left of what can't exchange its operands.
    if form[0] == "i" {
      return immediates("\(type).add", type).exact.map { constant in
        value(
          type, "(\(mnemonic) \(type.constant(constant)) \(operand(form[1], 0, type)))", result: result, stores: stores,
          near: [constant])
      }
    }
    guard form[1] == "i" else {
      let right = operand(form[1], 1, type)
      var cases = [make(right)]
      let left = operand(form[0], 0, type)
      // `gt` and `ge` are `lt` and `le` of exchanged operands.
      if let condition = CaseMaker.conditions.values.first(where: { mnemonic == "\(type).\($0)" }) {
        let mirrored = "\(type).\(CaseMaker.mirrored(condition))"
        cases.append(
          value(type, "(\(mirrored) \(right) \(left))", result: result, stores: stores, isExact: form != ["s", "s"]))
      }
      return cases
    }
    let constants = immediates(mnemonic, type)
    let chosen = choose(constants.exact)
    var cases = [make(type.constant(chosen), near: [chosen])]
    // Optimised code adds the opposite.
    if opcode == .i32Sub || opcode == .i64Sub { cases[0].level = .none }
    guard form[0] == "s" && !stores else { return cases }
    for (index, constant) in (constants.exact + constants.others).enumerated() {
      cases.append(make(type.constant(constant), near: [constant], isExact: false))
      if index % 3 > 0 { continue }
      // On the left as well.
      cases.append(
        value(
          type, "(\(mnemonic) \(type.constant(constant)) (local.get $x))", result: result, stores: false,
          near: [constant], isExact: false))
      // With an integer constant `le` and `ge` are `lt` and `gt` with its neighbour.
      if mnemonic.contains(".lt_") || mnemonic.contains(".gt_") {
        let other = mnemonic.replacing(".lt_", with: ".le_").replacing(".gt_", with: ".ge_")
        cases.append(make(type.constant(constant), near: [constant], isExact: false, other))
      }
    }
    return cases
  }

  /// Constants with which an operator stays itself, and some with which it may not.
  private func immediates(_ mnemonic: String, _ type: ScalarType) -> (exact: [UInt64], others: [UInt64]) {
    if type.isFloat { return (type.borders, []) }
    let stem = mnemonic.dropFirst(4)
    if ["shl", "shr_u", "shr_s", "rotl", "rotr"].contains(stem) {
      return ([1, 31, 33, type.is64 ? 63 : 30], [0, 64, type.mask])
    }
    let highest = type.is64 ? UInt64(Int64(Int32.max)) : 0x7FFF_FFFF
    let lowest = UInt64(bitPattern: Int64(Int32.min)) & type.mask
    let negative = UInt64(bitPattern: -77) & type.mask
    return ([1000, negative, highest - 1], [0, 1, 64, lowest, type.mask, highest, highest + 1])
  }

  /// Operators on i64 with constants of more than 32 bits: `sw` and `aw`.
  func wordImmediates() -> [OperationCase]? {
    guard parts.count == 3, parts[1].hasSuffix("w"), let opcode = CaseMaker.opcodes[stem] else { return nil }
    let left = operand(parts[1].first!, 0, .i64)
    let constants: [UInt64] = [
      0x1234_5678_9ABC_DEF0, 0x8000_0000, 0xFFFF_FFFF_7FFF_FFFF, 0xFFFF_FFFF, 1 << 63, 1 << 63 - 1, 0x1_0000_0000,
    ]
    let stores = parts[2] == "d"
    return constants.flatMap { constant in
      let text = ScalarType.i64.constant(constant)
      return [
        value(.i64, "(\(opcode.mnemonic) \(left) \(text))", result: .i64, stores: stores, near: [constant]),
        value(.i64, "(\(opcode.mnemonic) \(text) \(left))", result: .i64, stores: stores, near: [constant]),
      ]
    }
  }

  // MARK: Select

  func selects() -> [OperationCase]? {
    guard stem == "select" || stem == "selectFloat" else { return nil }
    let condition = parts[1] == "a" ? ScalarType.i32.accumulator() : "(local.get $c)"
    let form = parts.count > 2 ? Array(parts[2]) : ["s", "s"]
    var cases: [OperationCase] = []
    for type in stem == "select" ? [ScalarType.i32, .i64] : [.f32, .f64] {
      // The accumulator's bits come from an f32.
      let parameters: [(name: String, type: ScalarType)] = [("x", type), ("y", type), ("a", .f32), ("c", .i32)]
      let lowest = UInt64(bitPattern: Int64(Int32.min)) & type.mask
      let pairs: [(UInt64, UInt64)] = [
        (5, 0x7FFF_FFFF), (0, 77), (type.mask, lowest), (lowest, type.mask), (1, 0), (0, 1), (type.mask, 0x8000_0000),
      ]
      // A constant that is extended with its sign is no i32, as slots hold them.
      let exact = type == .i64 ? 4 : 2
      for (index, pair) in (form == ["s", "s"] ? [pairs[0]] : pairs).enumerated() {
        let first = form[0] == "i" ? type.constant(pair.0) : "(local.get $x)"
        let second = form[1] == "i" ? type.constant(pair.1) : "(local.get $y)"
        let selection = "(select \(first) \(second) \(condition))"
        let body = valueBody(selection, type, stores: true)
        cases.append(
          OperationCase(
            operation: name, isExact: index < exact, parameters: parameters.map(\.type.valueType),
            header: header(parameters), body: body
          ) { _, random in
            func condition() -> UInt64 { random.chance(1, in: 2) ? 0 : ScalarType.i32.pick(&random) }
            return [type.pick(&random), type.pick(&random), condition(), condition()]
          })
      }
    }
    return cases
  }
}
