// Whether a result is what a script expects.

import WasmText
import WebAssembly

extension EngineValue {
  /// An argument of a script.
  init(_ value: ScriptValue) {
    switch value {
    case .i32(let bits): self = .i32(bits)
    case .i64(let bits): self = .i64(bits)
    case .f32(let bits): self = .f32(bits)
    case .f64(let bits): self = .f64(bits)
    case .v128(let low, let high): self = .v128(low: low, high: high)
    case .refNull: self = .reference(.null)
    case .refExtern(let number): self = .reference(.external(number))
    case .refHost(let number): self = .reference(.host(number))
    }
  }
}

extension ResultPattern {
  /// Whether `value` is one of the values that the pattern stands for. A null matches whatever its type.
  public func matches(_ value: EngineValue) -> Bool {
    switch (self, value) {
    case (.value(let expected), _): return EngineValue(expected) == value
    case (.f32NaN(let pattern), .f32(let bits)): return pattern.matches(UInt64(bits), significandBits: 23, width: 32)
    case (.f64NaN(let pattern), .f64(let bits)): return pattern.matches(bits, significandBits: 52, width: 64)
    case (.lanes(let shape, let lanes), .v128(let low, let high)):
      return lanes.enumerated().allSatisfy { index, lane in
        let position = UInt64(index * shape.laneBits)
        let half = position < 64 ? low : high
        return lane.matches(half >> (position % 64) & (.max >> UInt64(64 - shape.laneBits)), width: shape.laneBits)
      }
    case (.either(let alternatives), _): return alternatives.contains { $0.matches(value) }
    case (_, .reference(let reference)): return matches(reference)
    default: return false
    }
  }

  private func matches(_ reference: EngineReference) -> Bool {
    switch (self, reference) {
    case (.refNull, .null): true
    case (.refFunc(nil), .function), (.refFunc, .function(index: nil)): true
    case (.refFunc(let expected), .function(let index)): expected == index
    case (.refExtern, .external), (.refI31, .i31), (.refStruct, .structure), (.refArray, .array): true
    case (.refExn, .exception): true
    case (.refEq, .i31), (.refEq, .structure), (.refEq, .array): true
    case (.refAny, .i31), (.refAny, .structure), (.refAny, .array), (.refAny, .host): true
    default: false
    }
  }
}

extension LanePattern {
  fileprivate func matches(_ bits: UInt64, width: Int) -> Bool {
    switch self {
    case .bits(let expected): bits == expected
    case .nan(let pattern): pattern.matches(bits, significandBits: width == 32 ? 23 : 52, width: width)
    }
  }
}

extension NaNPattern {
  /// Whether `bits`, a float of `width` bits, is a NaN of the pattern; its sign does not matter.
  fileprivate func matches(_ bits: UInt64, significandBits: Int, width: Int) -> Bool {
    let unsigned = UInt64.max >> UInt64(65 - width)
    let magnitude = bits & unsigned
    // All ones in the exponent, and the significand's top bit.
    let canonical = unsigned & (UInt64.max << UInt64(significandBits - 1))
    switch self {
    case .canonical: return magnitude == canonical
    case .arithmetic: return magnitude & canonical == canonical
    }
  }
}
