// Values and patterns in messages, written as a script writes them.

import WasmText
import WebAssembly

extension EngineValue: CustomStringConvertible {
  public var description: String {
    switch self {
    case .i32(let bits): "(i32.const \(Int32(bitPattern: bits)))"
    case .i64(let bits): "(i64.const \(Int64(bitPattern: bits)))"
    case .f32(let bits): "(f32.const \(text(Float(bitPattern: bits))))"
    case .f64(let bits): "(f64.const \(text(Double(bitPattern: bits))))"
    case .v128(let low, let high):
      "(v128.const i32x4 "
        + [low, low >> 32, high, high >> 32].map { hexadecimal($0 & 0xFFFF_FFFF) }.joined(separator: " ") + ")"
    case .reference(let reference): "\(reference)"
    }
  }
}

extension EngineReference: CustomStringConvertible {
  public var description: String {
    switch self {
    case .null: "(ref.null)"
    case .function(let index): "(ref.func\(index.map { " \($0)" } ?? ""))"
    case .external(let number): "(ref.extern \(number))"
    case .host(let number): "(ref.host \(number))"
    case .i31: "(ref.i31)"
    case .structure: "(ref.struct)"
    case .array: "(ref.array)"
    case .exception: "(ref.exn)"
    }
  }
}

extension ResultPattern {
  /// The pattern as a script writes it.
  var text: String {
    switch self {
    case .value(let value): "\(EngineValue(value))"
    case .f32NaN(let pattern): "(f32.const nan:\(pattern))"
    case .f64NaN(let pattern): "(f64.const nan:\(pattern))"
    case .lanes(let shape, let lanes): "(v128.const \(shape) \(lanes.map(\.text).joined(separator: " ")))"
    case .refNull: "(ref.null)"
    case .refFunc(let index): "(ref.func\(index.map { " \($0)" } ?? ""))"
    case .refExtern: "(ref.extern)"
    case .refAny: "(ref.any)"
    case .refEq: "(ref.eq)"
    case .refI31: "(ref.i31)"
    case .refStruct: "(ref.struct)"
    case .refArray: "(ref.array)"
    case .refExn: "(ref.exn)"
    case .either(let alternatives): "(either \(alternatives.map(\.text).joined(separator: " ")))"
    }
  }
}

extension LanePattern {
  fileprivate var text: String {
    switch self {
    case .bits(let bits): hexadecimal(bits)
    case .nan(let pattern): "nan:\(pattern)"
    }
  }
}

/// A list of values or patterns; an empty one has a name.
func listed(_ texts: [String]) -> String { texts.isEmpty ? "nothing" : texts.joined(separator: " ") }

private func hexadecimal(_ bits: UInt64) -> String { "0x" + String(bits, radix: 16) }

private func text(_ value: some BinaryFloatingPoint & CustomStringConvertible) -> String {
  if !value.isNaN { return value.description }
  // The fraction of a NaN's significand is its payload.
  let payload = UInt64(value.significandBitPattern)
  return (value.sign == .minus ? "-" : "") + "nan:" + hexadecimal(payload)
}
