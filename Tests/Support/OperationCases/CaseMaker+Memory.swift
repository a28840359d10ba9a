// Cases of loads and stores: with every way to compute an address, with every place that a stored value comes from, and
// loads that are operands. Addresses are solved for: an access is to hit the first and the last byte, to miss by one, and
// to have sums that wrap around.

import ProgramGenerator
import WebAssembly

/// An address as text, and the operands that make it a given one.
struct AddressText {
  var text: String
  /// What operands `p` and `q` must be for the address to be the given one, as near as they can come.
  var solve: @Sendable (_ address: UInt64, _ random: inout Random) -> (p: UInt64, q: UInt64)
  /// Whether `q` is what is in the accumulator, not `p`.
  var holdsSecond = false
}

/// A load or store by its row in the operator table.
struct AccessName {
  var opcode: Opcode
  var isWide: Bool
  var type: ScalarType
  var isStore: Bool
  var size: UInt64
  var addressType: ScalarType { isWide ? .i64 : .i32 }

  init?(_ stem: String) {
    let narrow = CaseMaker.opcodes[stem]
    guard let opcode = narrow ?? (stem.hasSuffix("W") ? CaseMaker.opcodes[String(stem.dropLast())] : nil),
      opcode.info.prefix == 0, opcode.info.immediates == .memoryArgument,
      let type = ScalarType(rawValue: String(opcode.mnemonic.prefix(3)))
    else { return nil }
    self.opcode = opcode
    self.type = type
    isWide = narrow == nil
    isStore = opcode.mnemonic.contains("store")
    size = 1 << UInt64(opcode.info.alignmentOrLanes)
  }
}

extension CaseMaker {
  /// The size of the memory that cases have.
  static let memorySize: UInt64 = 65536

  func accesses() -> [OperationCase]? {
    guard parts.count == (stem.contains("Store") ? 2 : 3), let access = AccessName(stem) else { return nil }
    let form = Array(parts[1])
    return variations(access, plain(form[0], access.addressType), value: access.isStore ? form[1] : nil)
  }

  /// `i32Load_scaled_as_d`, `i64Store8_plus_s_i`.
  func addressedAccesses() -> [OperationCase]? {
    guard parts.count >= 3, let access = AccessName(stem) else { return nil }
    let form = parts.count == 4 ? Array(parts[2]) : []
    guard let addresses = addresses(parts[1], form, access) else { return nil }
    let value = access.isStore ? parts.last!.first! : nil
    var cases = variations(access, addresses[0], value: value)
    // How addresses are computed is the same in all accesses: other constants with a few.
    guard [Opcode.i32Load, .i64Load8U, .f64Store, .i32Store8].contains(access.opcode), isSimple(value) else {
      return cases
    }
    for address in addresses.dropFirst() {
      var other = make(access, address, offset: choose([0, 4, 100, 1]), value)
      other.isExact = false
      cases.append(other)
    }
    return cases
  }

  /// Whether nothing is in an accumulator, neither operands nor the loaded value.
  private func isSimple(_ value: Character?) -> Bool {
    let forms = parts.dropFirst().filter { $0.count <= 2 }
    return forms.allSatisfy { !$0.contains("a") } && (value == nil ? parts.last == "d" : value == "s")
  }

  /// An access at several offsets.
  private func variations(_ access: AccessName, _ address: AddressText, value: Character?) -> [OperationCase] {
    var cases = [make(access, address, offset: choose([0, 4, 100, 1, 65000]), value)]
    // Far offsets in one form.
    guard isSimple(value) else { return cases }
    let far = [CaseMaker.memorySize - access.size, choose([0xFFFF_FFF8, 0xFFFF_FFFF, 0x8000_0000])]
    for offset in far + (access.isWide ? [0x1_0000_0000] : []) {
      var other = make(access, address, offset: offset, value)
      other.isExact = false
      cases.append(other)
    }
    return cases
  }

  private func make(_ access: AccessName, _ address: AddressText, offset: UInt64, _ value: Character?) -> OperationCase
  {
    let operation = "(\(access.opcode.mnemonic) offset=\(offset) \(address.text)"
    if let value {
      let stored: String
      switch value {
      case "s": stored = "(local.get $v)"
      case "a": stored = access.type.accumulator("b")
      default: stored = access.type.constant(choose(access.type.borders))
      }
      return memory(access, address, offset: offset, "\(operation) \(stored))")
    }
    return memory(
      access, address, offset: offset, valueBody(operation + ")", access.type, stores: parts.last == "d"))
  }

  /// A function with memory: its parameters are two for the address, one whose bits come into the integer accumulator, a
  /// value, and one whose bits come into the value's accumulator.
  func memory(
    _ access: AccessName, _ address: AddressText, offset: UInt64, _ body: String, near constants: [UInt64] = [],
    isExact: Bool = true, loops: Bool = false
  ) -> OperationCase {
    let type = access.addressType
    let value = access.type
    let parameters: [(name: String, type: ScalarType)] = [
      ("p", type), ("q", type), ("a", type.partner), ("v", value), ("b", value.partner),
    ]
    let size = access.size
    return OperationCase(
      operation: name, isExact: isExact, setting: access.isWide ? .wideMemory : .memory, loops: loops,
      parameters: parameters.map(\.type.valueType), header: header(parameters), body: body
    ) { round, random in
      let last = CaseMaker.memorySize - size
      // Over the border between two pages of write tracking among them.
      let targets = [
        last, last + 1, 4096 * UInt64(1 + random.below(15)) - 1, UInt64(random.below(256)), type.mask, 0,
        CaseMaker.memorySize, UInt64(random.below(60)), CaseMaker.memorySize - 1, 1 << 31, UInt64(random.below(65000)),
      ]
      let (p, q) = address.solve((targets[round % targets.count] &- offset) & type.mask, &random)
      let v = value.pick(near: constants, &random)
      return [
        p & type.mask, q & type.mask, (address.holdsSecond ? q : p) & type.mask, v,
        value.pick(near: constants + [v], &random),
      ]
    }
  }

  // MARK: Addresses

  /// An address without arithmetic.
  func plain(_ letter: Character, _ type: ScalarType) -> AddressText {
    AddressText(text: letter == "a" ? type.accumulator() : "(local.get $p)") { address, _ in (address, address) }
  }

  /// The addresses of a mode, the expected one first; nil if there is no such mode.
  private func addresses(_ mode: String, _ form: [Character], _ access: AccessName) -> [AddressText]? {
    let type = access.addressType
    let p = form.first == "a" ? type.accumulator() : "(local.get $p)"
    let q = form.last == "a" && form.count == 2 ? type.accumulator() : "(local.get $q)"
    var summands: [UInt64] = [8, 0xFFFF_FFF8, 65536, 0x7FFF_FFFF, 0x8000_0000, 1]
    if type.is64 { summands = [8, .max - 7, 65536, 0x8000_0000, 1 << 40, 1 << 63, 1] }
    let factors: [UInt64] = [3, 4, 0xFFFF_FFFD, 12, 0x0001_0001, 0x8000_0000, 0x7FFF_FFFF]
    let constants = [choose(summands)] + summands
    let scales = [choose(factors)] + factors
    switch mode {
    case "plus":
      return constants.map { constant in
        AddressText(text: "(\(type).add \(p) \(type.constant(constant)))") { address, _ in (address &- constant, 0) }
      }
    case "sum":
      return [
        AddressText(text: "(\(type).add \(p) \(q))") { address, random in
          let second = type.pick(&random)
          return (address &- second, second)
        }
      ]
    case "scaled":
      var texts = scales.map { (product($0, q), $0) }
      texts.append(("(i32.shl \(q) (i32.const 3))", 8))
      texts.append(("(i32.shl \(q) (i32.const 33))", 2))
      return texts.map { product, factor in
        AddressText(
          text: "(i32.add \(p) \(product))",
          solve: { address, random in
            let index = type.pick(&random)
            return (address &- index &* factor, index)
          }, holdsSecond: form == ["s", "a"])
      } + [
        AddressText(
          text: "(i32.add \(product(4, q)) \(p))",
          solve: { address, random in
            let index = type.pick(&random)
            return (address &- index &* 4, index)
          }, holdsSecond: form == ["s", "a"])
      ]
    case "multiple":
      return scales.map { factor in
        AddressText(text: product(factor, p)) { address, random in (quotient(address, factor, &random), 0) }
      }
        + [
          AddressText(text: "(i32.shl \(p) (i32.const 2))") { address, random in (quotient(address, 4, &random), 0) }
        ]
    case "affine":
      return scales.enumerated().map { index, factor in
        let constant = constants[index % constants.count]
        return AddressText(text: "(i32.add \(product(factor, p)) \(type.constant(constant)))") { address, random in
          (quotient(address &- constant, factor, &random), 0)
        }
      }
    case "absolute":
      let places: [UInt64] = [
        16, 0, CaseMaker.memorySize - access.size, CaseMaker.memorySize - access.size + 1, 0x8000_0000,
        type.mask, 0xFFFF_FFFF,
      ]
      return places.map { place in AddressText(text: type.constant(place)) { _, _ in (0, 0) } }
    default: return nil
    }
  }

  private func product(_ factor: UInt64, _ index: String) -> String {
    "(i32.mul \(index) \(ScalarType.i32.constant(factor)))"
  }

  // MARK: Loads as operands

  /// `i32Load8UAdd_as_d`: the address and the other operand by where they are.
  func loadOperations() -> [OperationCase]? {
    guard parts.count == 3, let (access, rest) = loadAndRest(stem[...]) else { return nil }
    let isReversed = rest == "Rsub"
    guard let second = isReversed ? "sub" : CaseMaker.operators.first(where: { $0.name == rest })?.mnemonic
    else { return nil }
    let form = Array(parts[1])
    let address = plain(form[0], .i32)
    let type = access.type
    let other = form[1] == "a" ? type.accumulator("b") : "(local.get $v)"
    let offset = choose([0, 4, 100, 1] as [UInt64])
    let load = "(\(access.opcode.mnemonic) offset=\(offset) \(address.text))"
    func make(_ expression: String) -> OperationCase {
      memory(access, address, offset: offset, valueBody(expression, type, stores: parts[2] == "d"))
    }
    if isReversed { return [make("(\(type).sub \(other) \(load))")] }
    var cases = [make("(\(type).\(second) \(load) \(other))")]
    if ["add", "mul", "and", "or", "xor"].contains(second) {
      cases.append(make("(\(type).\(second) \(other) \(load))"))
    }
    return cases
  }

  /// The load that a name begins with, and what follows.
  func loadAndRest(_ name: Substring) -> (AccessName, Substring)? {
    var length = name.count
    while length > 6 {
      if let access = AccessName(String(name.prefix(length))), !access.isStore {
        return (access, name.dropFirst(length))
      }
      length -= 1
    }
    return nil
  }
}

/// A number that `factor` times makes `product`, modulo 2^32, or what is near it where there is none.
private func quotient(_ product: UInt64, _ factor: UInt64, _ random: inout Random) -> UInt64 {
  let zeros = UInt64(factor.trailingZeroBitCount)
  let odd = factor >> zeros
  // Newton's iteration doubles the bits that are right: 3, 6, 12, 24, 48.
  var inverse = odd
  for _ in 0..<4 { inverse = inverse &* (2 &- odd &* inverse) }
  let low = ((product & 0xFFFF_FFFF) >> zeros) &* inverse
  // The highest bits make no difference.
  let bits = 32 - zeros
  return (low & (1 << bits - 1) | random.next() << bits) & 0xFFFF_FFFF
}
