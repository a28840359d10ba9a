// Values as the harness writes them, and the values that the host makes up.

import Cannery
import Semantics

extension ValueType {
  /// The type's name. All references but the two that hosts can make are called `reference`.
  var name: String {
    isReference && self != .funcref && self != .externref ? "reference" : description
  }
}

extension Value {
  /// The value of type `type` as text. What references without a name refer to is not told.
  func text(as type: ValueType) -> String {
    if type.name == "reference" { return "reference" }
    return switch self {
    case .i32(let value): "i32:" + hexadecimal(UInt64(UInt32(bitPattern: value)), digits: 8)
    case .i64(let value): "i64:" + hexadecimal(UInt64(bitPattern: value), digits: 16)
    case .f32(let bits): "f32:" + hexadecimal(UInt64(bits), digits: 8)
    case .f64(let bits): "f64:" + hexadecimal(bits, digits: 16)
    case .v128(let value): "v128:" + hexadecimal(value.high, digits: 16) + hexadecimal(value.low, digits: 16)
    case .funcref(let reference): reference.isNull ? "funcref:null" : "funcref:set"
    case .externref(let reference): reference.isNull ? "externref:null" : "externref:\(reference.handle)"
    }
  }

  /// Reads a value; `function` gives the reference for an export's number.
  init?(_ text: String, function: (Int) -> Reference?) {
    let parts = text.split(separator: ":", maxSplits: 1)
    guard parts.count == 2 else { return nil }
    let digits = parts[1]
    let bits = UInt64(digits.suffix(16), radix: 16) ?? 0
    switch parts[0] {
    case "i32": self = .i32(Int32(truncatingIfNeeded: bits))
    case "i64": self = .i64(Int64(bitPattern: bits))
    case "f32": self = .f32(UInt32(truncatingIfNeeded: bits))
    case "f64": self = .f64(bits)
    case "v128": self = .v128(V128(low: bits, high: UInt64(digits.prefix(16), radix: 16) ?? 0))
    case "externref": self = .externref(digits == "null" ? .null : Reference(handle: UInt64(digits) ?? 0))
    case "funcref":
      if digits == "null" {
        self = .funcref(.null)
      } else {
        guard let number = Int(digits), let reference = function(number) else { return nil }
        self = .funcref(reference)
      }
    default: return nil
    }
  }

  /// A value that the host gives to Wasm code: any bits, of integers mostly small ones; nil for types it has none of.
  init?(_ type: ValueType, from bits: inout HostBits) {
    switch type {
    case .i32: self = .i32(Int32(truncatingIfNeeded: bits.nextInteger()))
    case .i64: self = .i64(Int64(bitPattern: bits.nextInteger()))
    case .f32: self = .f32(UInt32(truncatingIfNeeded: bits.next()))
    case .f64: self = .f64(bits.next())
    case .v128:
      let low = bits.next()
      self = .v128(V128(low: low, high: bits.next()))
    case .funcref: self = .funcref(.null)
    case .externref: self = .externref(Reference(handle: bits.next() & 3))
    default: return nil
    }
  }
}

private func hexadecimal(_ value: UInt64, digits: Int) -> String {
  let text = String(value, radix: 16)
  return String(repeating: "0", count: digits - text.utf8.count) + text
}

/// Pseudorandom bits (SplitMix64) that both drivers make alike.
struct HostBits {
  private var state: UInt64

  /// The bits for event number `event` of import number `index`.
  init(index: Int, event: Int) { state = UInt64(index) << 32 | UInt64(event) }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  /// Bits that are more often small than large.
  mutating func nextInteger() -> UInt64 {
    let bits = next()
    return bits >> (bits & 63)
  }
}
