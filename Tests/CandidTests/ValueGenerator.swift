// Random values of given types, as decoding would give them.

import Candid

struct ValueGenerator {
  var random: RandomSource
  let table: TypeTable

  mutating func values(_ types: CandidTypes) -> [CandidValue] {
    types.elements.map { value($0, depth: 6) }
  }

  mutating func value(_ type: TypeReference, depth: Int) -> CandidValue {
    switch type {
    case .primitive(let primitive): return value(primitive)
    case .entry(let index):
      switch table.entries[index] {
      case .opt(let content):
        return .opt(depth <= 0 || random.chance(1, in: 3) ? nil : value(content, depth: depth - 1))
      case .vec(.primitive(.nat8)): return .blob(random.bytes(random.below(12)))
      case .vec(let element):
        return .vec((0..<(depth <= 0 ? 0 : random.below(5))).map { _ in value(element, depth: depth - 1) })
      case .record(let fields):
        return .record(CandidRecord(fields.map { CandidField($0.label, value($0.type, depth: depth - 1)) })!)
      case .variant(let fields):
        let field = fields[random.below(fields.count)]
        return .variant(field.label, value(field.type, depth: depth - 1))
      case .func: return .func(CandidFunction(canister: principal(), method: text()))
      case .service: return .service(principal())
      case .future: return .reserved
      }
    }
  }

  private mutating func principal() -> Principal { Principal(random.bytes(random.below(30)))! }

  private mutating func text() -> String {
    let pieces = [
      "a", "nat", " ", "\"", "\\", "'", "\n", "\u{0}", "é", "☃", "𝄞", "\u{200D}", "\u{E000}", "x", "7", "\t",
    ]
    return (0..<random.below(6)).map { _ in pieces[random.below(pieces.count)] }.joined()
  }

  /// A number whose size is as random as its digits.
  private mutating func integer<Number: FixedWidthInteger>(_: Number.Type) -> Number {
    if random.chance(1, in: 8) { return [Number.min, .max, 0, 1][random.below(4)] }
    return Number(truncatingIfNeeded: random.next()) >> Number(random.below(Number.bitWidth))
  }

  private mutating func nat() -> Natural {
    if random.chance(1, in: 16) {
      return Natural(limbs: Array(repeating: 0, count: random.below(5)) + [1 << UInt64(random.below(64))])
    }
    return Natural(limbs: (0..<1 + (random.chance(1, in: 8) ? random.below(5) : 0)).map { _ in integer(UInt64.self) })
  }

  private mutating func float() -> Double {
    switch random.below(4) {
    case 0: return Double(integer(Int32.self))
    case 1: return Double(integer(Int32.self)) / 8
    case 2: return [0, -0.0, .infinity, -.infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude][random.below(6)]
    default:
      let number = Double(bitPattern: random.next())
      return number.isNaN ? 1 : number
    }
  }

  private mutating func value(_ type: PrimitiveType) -> CandidValue {
    switch type {
    case .null: return .null
    case .bool: return .bool(random.chance(1, in: 2))
    case .nat: return .nat(nat())
    case .int: return .int(random.chance(1, in: 2) ? Integer(nat()) : -Integer(nat()))
    case .nat8: return .nat8(integer(UInt8.self))
    case .nat16: return .nat16(integer(UInt16.self))
    case .nat32: return .nat32(integer(UInt32.self))
    case .nat64: return .nat64(integer(UInt64.self))
    case .int8: return .int8(integer(Int8.self))
    case .int16: return .int16(integer(Int16.self))
    case .int32: return .int32(integer(Int32.self))
    case .int64: return .int64(integer(Int64.self))
    case .float32:
      let number = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
      return .float32(number.isNaN || random.chance(1, in: 2) ? Float(float()) : number)
    case .float64: return .float64(float())
    case .text: return .text(text())
    case .reserved: return .reserved
    case .principal: return .principal(principal())
    case .empty: preconditionFailure("no value of the type empty")
    }
  }
}
