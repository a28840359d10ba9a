// Scalar types as cases need them: operands as text, and the values at which operators turn.

import ProgramGenerator
import Semantics
import WebAssembly

enum ScalarType: String, CaseIterable {
  case i32, i64, f32, f64

  init?(_ type: SignatureType) {
    switch type {
    case .i32: self = .i32
    case .i64: self = .i64
    case .f32: self = .f32
    case .f64: self = .f64
    default: return nil
    }
  }

  var isFloat: Bool { self == .f32 || self == .f64 }
  var is64: Bool { self == .i64 || self == .f64 }
  /// The type of the same width in the other accumulator.
  var partner: ScalarType {
    switch self {
    case .i32: .f32
    case .i64: .f64
    case .f32: .i32
    case .f64: .i64
    }
  }
  var valueType: ValueType {
    switch self {
    case .i32: .i32
    case .i64: .i64
    case .f32: .f32
    case .f64: .f64
    }
  }
  var mask: UInt64 { is64 ? .max : 0xFFFF_FFFF }

  /// The bits of `operand`, which is of the partner's type: an operator that leaves its result in the accumulator and is part
  /// of no superinstruction.
  func reinterpreted(_ operand: String) -> String { "(\(self).reinterpret_\(partner) \(operand))" }

  /// A value that is in the accumulator, with the bits of parameter `name`, which is of the partner's type.
  func accumulator(_ name: String = "a") -> String { reinterpreted("(local.get $\(name))") }

  /// A constant with these bits.
  func constant(_ bits: UInt64) -> String {
    switch self {
    case .i32: "(i32.const \(Int32(truncatingIfNeeded: bits)))"
    case .i64: "(i64.const \(Int64(bitPattern: bits)))"
    case .f32: "(f32.const \(floatText(bits, exponentBits: 8, fractionBits: 23)))"
    case .f64: "(f64.const \(floatText(bits, exponentBits: 11, fractionBits: 52)))"
    }
  }

  /// A float's exact text: hexadecimal, a NaN with its payload.
  private func floatText(_ bits: UInt64, exponentBits: Int, fractionBits: Int) -> String {
    let sign = bits >> UInt64(exponentBits + fractionBits) & 1 != 0 ? "-" : ""
    let highest = 1 << exponentBits - 1
    let exponent = Int(bits >> UInt64(fractionBits)) & highest
    let fraction = bits & (1 << UInt64(fractionBits) - 1)
    if exponent == highest { return sign + (fraction == 0 ? "inf" : "nan:0x" + String(fraction, radix: 16)) }
    // In whole digits.
    let digits = (fractionBits + 3) / 4
    let padded = String(fraction << UInt64(4 * digits - fractionBits), radix: 16)
    let text = String(repeating: "0", count: digits - padded.count) + padded
    let bias = highest / 2
    return "\(sign)0x\(exponent == 0 ? 0 : 1).\(text)p\(max(exponent, 1) - bias)"
  }

  /// Values at which operators turn.
  var borders: [UInt64] {
    switch self {
    case .i32:
      [
        0, 1, 2, 5, 0xFFFF_FFFF, 0xFFFF_FFFE, 0x8000_0000, 0x8000_0001, 0x7FFF_FFFF, 31, 32, 33, 0x7FFF, 0x8000,
        0xFFFF_8000, 0xFFFF_7FFF, 0xFF, 0x80,
      ]
    case .i64:
      [
        0, 1, 2, 5, .max, .max - 1, 1 << 63, 1 << 63 + 1, 1 << 63 - 1, 31, 32, 33, 63, 64, 65, 0x7FFF, 0x8000,
        0xFFFF_FFFF_FFFF_8000, 0xFFFF_FFFF, 0x1_0000_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF_8000_0000,
        0xFFFF_FFFF_7FFF_FFFF,
      ]
    case .f32:
      [
        0, 0x8000_0000, 0x3F80_0000, 0xBFC0_0000, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0x7F80_0001, 0xFFC1_2345,
        0x7FA0_0000, 1, 0x8000_0001, 0x7F7F_FFFF, 0x4F00_0000, 0xCF00_0000, 0x3F80_0001, 0x4B00_0001,
      ]
    case .f64:
      [
        0, 1 << 63, 0x3FF0_0000_0000_0000, 0xBFF8_0000_0000_0000, 0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000,
        0x7FF8_0000_0000_0000, 0x7FF0_0000_0000_0001, 0xFFF8_1234_5678_9ABC, 0x7FF4_0000_0000_0000, 1,
        0x8000_0000_0000_0001, 0x7FEF_FFFF_FFFF_FFFF, 0x41E0_0000_0000_0000, 0xC3E0_0000_0000_0000,
        0x3FF0_0000_0000_0001, 0x4330_0000_0000_0001,
      ]
    }
  }

  /// A border, a small number, any bits, or something close to one of `others`.
  func pick(near others: [UInt64] = [], _ random: inout Random) -> UInt64 {
    if !others.isEmpty && random.chance(1, in: 3) {
      return (random.pick(others) &+ UInt64(random.below(3)) &- 1) & mask
    }
    switch random.below(5) {
    case 0, 1: return random.pick(borders)
    case 2:
      let small = Int64(random.below(200)) - 100
      switch self {
      case .f32: return UInt64((Float(small) / 4).bitPattern)
      case .f64: return (Double(small) / 4).bitPattern
      default: return UInt64(bitPattern: small) & mask
      }
    default: return random.next() & mask
    }
  }
}
