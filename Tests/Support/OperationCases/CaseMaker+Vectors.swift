// Cases of the forms that vector operators have beside their first: operands from the accumulator, constants and memory,
// results that nothing is stored of; and of superinstructions on vectors. A vector is two i64 parameters, and its result
// two of the function's; what is to come through the accumulator is negated bit by bit before.

import ProgramGenerator
import WebAssembly

extension CaseMaker {
  /// Shapes that names of vector operations begin with.
  static let shapes = ["i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2", "v128"]

  func vectors() -> [OperationCase]? {
    if let cases = vectorBranches() { return cases }
    guard parts.count > 1, let shape = CaseMaker.shapes.first(where: { stem.hasPrefix($0) }) else { return nil }
    guard let opcode = CaseMaker.opcodes[stem] else { return vectorPairs(shape) }
    if opcode.info.immediates == .memoryArgument { return vectorAccesses(opcode) }
    if parts[1].hasSuffix("m") { return loadedOperands(opcode, shape) }
    return vectorForms(opcode, shape)
  }

  // MARK: Operands and results

  /// A vector operand: `s` in a slot, `a` in the accumulator.
  private func vector(_ letter: Character, _ name: String) -> String {
    letter == "a" ? "(v128.not (local.get $\(name)))" : "(local.get $\(name))"
  }

  /// Two halves of a vector whose lanes are values at which operators turn.
  private static func half(_ shape: String, _ random: inout Random) -> UInt64 {
    switch shape {
    case "f32x4": return ScalarType.f32.pick(&random) | ScalarType.f32.pick(&random) << 32
    case "f64x2": return ScalarType.f64.pick(&random)
    case "i64x2": return ScalarType.i64.pick(&random)
    case "i32x4": return ScalarType.i32.pick(&random) | ScalarType.i32.pick(&random) << 32
    default:
      let bytes: [UInt8] = [0, 1, 0x7F, 0x80, 0x81, 0xFE, 0xFF, 16, 15, 0x40]
      return (0..<8).reduce(0) { bits, _ in
        bits << 8 | UInt64(random.chance(1, in: 2) ? random.pick(bytes) : UInt8(random.below(256)))
      }
    }
  }

  /// A function whose code is `expression`, on vectors `x`, `y` and `z`, on `p` and `q`, which make an address, and on a
  /// scalar `s`.
  private func function(
    _ shape: String, _ expression: String, result: ScalarType? = nil, stores: Bool, scalar: ScalarType = .i32,
    size: UInt64 = 0, offset: UInt64 = 0, isSum: Bool = false, summand: UInt64 = 0, isStore: Bool = false,
    isExact: Bool = true
  ) -> OperationCase {
    let vectors = ["x", "y", "z"]
    let parameters: [(name: String, type: ScalarType)] =
      [("p", .i32), ("q", .i32), ("s", scalar), ("a", scalar.partner)]
      + vectors.flatMap { [($0 + "0", .i64), ($0 + "1", .i64)] }
    let results = isStore ? "" : result.map { "(result \($0)) " } ?? "(result i64 i64) "
    let locals = "(local $x v128) (local $y v128) (local $z v128) (local $r v128) "
    let setUp = vectors.map {
      "(local.set $\($0) (i64x2.replace_lane 1 (i64x2.splat (local.get $\($0)0)) (local.get $\($0)1))) "
    }.joined()
    // Nothing is stored of what the next operator takes from the accumulator.
    let stored = stores ? expression : "(v128.andnot \(expression) (local.get $z))"
    let body =
      isStore || result != nil
      ? expression
      : "(local.set $r \(stored)) (i64x2.extract_lane 0 (local.get $r)) (i64x2.extract_lane 1 (local.get $r))"
    return OperationCase(
      operation: name, isExact: isExact, setting: size > 0 ? .memory : .registers,
      parameters: parameters.map(\.type.valueType), header: header(parameters) + results + locals + setUp, body: body
    ) { round, random in
      let last = CaseMaker.memorySize - size
      let targets = [
        last, last + 1, 4096 * UInt64(1 + random.below(15)) - 1, UInt64(random.below(256)), 0xFFFF_FFFF, 0,
        CaseMaker.memorySize, UInt64(random.below(60)), CaseMaker.memorySize - 1, 1 << 31, UInt64(random.below(65000)),
      ]
      let address = targets[round % targets.count] &- offset
      let second = ScalarType.i32.pick(&random)
      let p = (isSum ? address &- second : address &- summand) & 0xFFFF_FFFF
      var bits = [p, second, scalar.pick(&random), scalar.pick(&random)]
      for _ in 0..<6 { bits.append(CaseMaker.half(shape, &random)) }
      // Equal lanes, and no bits left out.
      if random.chance(1, in: 4) { bits[6] = random.chance(1, in: 2) ? bits[4] : ~bits[4] }
      if random.chance(1, in: 2) { bits[8...9] = [0, 0] }
      if random.chance(1, in: 4) { bits[4...5] = random.chance(1, in: 2) ? [0, 0] : [.max, .max] }
      return bits
    }
  }

  private var stores: Bool { parts.last != "n" }

  // MARK: Operators

  private func vectorForms(_ opcode: Opcode, _ shape: String) -> [OperationCase] {
    let letters = Array(parts[1])
    let info = opcode.info
    let count = (0..<3).count { info.operand($0) != .none }
    let scalar = ScalarType(info.operand(0))
    let immediates =
      opcode.info.immediates == .shuffle ? " 0 17 2 31 16 15 1 30 8 24 7 23 12 12 29 3" : ""
    let first = scalar.map { letters[0] == "a" ? $0.accumulator() : "(local.get $s)" } ?? vector(letters[0], "x")
    func make(_ rest: String, isExact: Bool = true) -> OperationCase {
      function(
        shape == "v128" ? choose(CaseMaker.shapes) : shape, "(\(opcode.mnemonic)\(immediates) \(first)\(rest))",
        result: ScalarType(info.result), stores: stores, scalar: scalar ?? .i32,
        isExact: isExact)
    }
    switch (count, letters[1]) {
    case (1, _): return [make("")]
    case (3, _): return [make(" (local.get $y) " + vector(letters[1], "z"))]
    case (_, "i") where info.operand(1) == .i32:
      return [1, 5, 7, 0, 8, 33, 255, -1].enumerated().map { make(" (i32.const \($1))", isExact: $0 < 3) }
    case (_, "i"):
      let constants = ["0x0001000200ff7f80 0x8000000000000001", "0x3fc0000040000000 0x7ff8000000000000", "-1 0"]
      return constants.map { make(" (v128.const i64x2 \($0))") }
    default: return [make(" " + vector(letters[1], "y"))]
    }
  }

  /// `brV128AnyTrue_s`, `brNotI8x16Bitmask_a_check`.
  private func vectorBranches() -> [OperationCase]? {
    guard stem.hasPrefix("br") else { return nil }
    let isNegated = stem.hasPrefix("brNot")
    let rest = stem.dropFirst(isNegated ? 5 : 2)
    guard let opcode = CaseMaker.opcodes[rest.prefix(1).lowercased() + rest.dropFirst()], opcode.info.prefix == 0xFD
    else { return nil }
    let isBack = parts.count == 3
    let shape = choose(CaseMaker.shapes)
    let test = "(\(opcode.mnemonic) \(vector(parts[1].first!, "x")))"
    var item = function(
      shape, branch(isNegated ? "(i32.eqz \(test))" : test, isBack: isBack).replacing("(result i32) ", with: ""),
      result: .i32, stores: true)
    item.loops = isBack
    return [item]
  }

  // MARK: Memory

  private func vectorAccesses(_ opcode: Opcode) -> [OperationCase]? {
    let size: UInt64 = 1 << UInt64(opcode.info.alignmentOrLanes)
    let isStore = opcode.info.result == .none
    let isSum = parts[1] == "sum"
    let summands: [UInt64] = parts[1] == "plus" ? [16, 0xFFFF_FFF0, 65536, 0x8000_0000] : [0]
    return summands.flatMap { summand in
      ([0, choose([16, 100, 1, 65000])] as [UInt64]).map { offset in
        let address =
          isSum
          ? "(i32.add (local.get $p) (local.get $q))"
          : parts[1] == "plus" ? "(i32.add (local.get $p) \(ScalarType.i32.constant(summand)))" : "(local.get $p)"
        let value = isStore ? " " + vector(parts.last!.last!, "x") : ""
        return function(
          "i32x4", "(\(opcode.mnemonic) offset=\(offset) \(address)\(value))", stores: stores, size: size,
          offset: offset, isSum: isSum, summand: summand, isStore: isStore)
      }
    }
  }

  private func loadedOperands(_ opcode: Opcode, _ shape: String) -> [OperationCase] {
    let x = vector(parts[1].first!, "x")
    var cases: [OperationCase] = []
    for summand in [0, 16, 0xFFFF_FFF0] as [UInt64] {
      for offset in [0, choose([16, 100, 65000])] as [UInt64] {
        let address = summand == 0 ? "(local.get $p)" : "(i32.add (local.get $p) \(ScalarType.i32.constant(summand)))"
        let load = "(v128.load offset=\(offset) \(address))"
        cases.append(
          function(
            shape == "v128" ? "i8x16" : shape, "(\(opcode.mnemonic) \(x) \(load))", stores: stores, size: 16,
            offset: offset, summand: summand))
      }
    }
    return cases
  }

  private func loadedProducts(_ shape: String, _ x: String) -> [OperationCase] {
    ([0, 16, 0xFFFF_FFF0] as [UInt64]).enumerated().map { number, summand in
      let address = summand == 0 ? "(local.get $p)" : "(i32.add (local.get $p) \(ScalarType.i32.constant(summand)))"
      let load = "(v128.load offset=100 \(address))"
      let product = number == 1 ? "\(load) \(x)" : "\(x) \(load)"
      let sum = "(\(shape).mul \(product)) (local.get $y)"
      return function(shape, "(\(shape).add \(sum))", stores: true, size: 16, offset: 100, summand: summand)
    }
  }

  // MARK: Pairs

  /// `f32x4MulAdd_ssa_d`, `i32x4ShlXor_as_d`, `i64x2XorRotl_ss_n`.
  private func vectorPairs(_ shape: String) -> [OperationCase]? {
    let form = Array(parts[1])
    let stem = stem.dropFirst(shape.count)
    let last = form.last!
    if stem.hasSuffix("Rotl") {
      let isXor = stem == "XorRotl"
      let x = isXor ? "(v128.xor \(vector(form[0], "x")) (local.get $y))" : vector(form[0], "x")
      let width = shape == "i64x2" ? 64 : 32
      return [(1, width - 1), (7, width - 7), (3, 5), (width, 0)].map { left, right in
        let halves =
          "(\(shape).shl (local.tee $r \(x)) (i32.const \(left))) (\(shape).shr_u (local.get $r) (i32.const \(right)))"
        return function(shape, "(v128.or \(halves))", stores: stores)
      }
    }
    let shifts = ["Shl": "shl", "ShrU": "shr_u"]
    for (name, mnemonic) in shifts where stem.hasPrefix(name) {
      let second = stem.dropFirst(name.count).lowercased()
      let operation = second == "add" ? "\(shape).add" : "v128.\(second)"
      return [1, 13, 31, 33].flatMap { count in
        let shift = "(\(shape).\(mnemonic) \(vector(form[0], "x")) (i32.const \(count)))"
        let other = vector(last, "y")
        return [
          function(shape, "(\(operation) \(shift) \(other))", stores: stores),
          function(shape, "(\(operation) \(other) \(shift))", stores: stores),
        ]
      }
    }
    guard stem.hasPrefix("Mul") else { return nil }
    if form.count == 3 && form[1] == "m" { return loadedProducts(shape, vector(form[0], "x")) }
    let product = "(\(shape).mul \(vector(form[0], "x")) (local.get $y))"
    let other = vector(last, "z")
    switch stem.dropFirst(3) {
    case "Add":
      return [
        function(shape, "(\(shape).add \(product) \(other))", stores: stores),
        function(shape, "(\(shape).add \(other) \(product))", stores: stores),
      ]
    case "Sub": return [function(shape, "(\(shape).sub \(product) \(other))", stores: stores)]
    case "RSub": return [function(shape, "(\(shape).sub \(other) \(product))", stores: stores)]
    default: return nil
    }
  }
}
