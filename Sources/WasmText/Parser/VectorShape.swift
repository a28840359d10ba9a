// The six shapes in which the text writes vectors, and the lanes of those.
//
// Source: WebAssembly 3.0, section 6.5.10.

import WasmBinary

/// How a vector of 128 bits is divided into lanes.
public enum VectorShape: String, Hashable, Sendable, CaseIterable {
  case i8x16, i16x8, i32x4, i64x2, f32x4, f64x2

  public var laneCount: Int {
    switch self {
    case .i8x16: 16
    case .i16x8: 8
    case .i32x4, .f32x4: 4
    case .i64x2, .f64x2: 2
    }
  }

  public var laneBits: Int { 128 / laneCount }

  public var isFloat: Bool { self == .f32x4 || self == .f64x2 }

  /// Fails if `token` names no shape.
  init?(_ token: Token) {
    guard token.kind == .word else { return nil }
    switch token.keyword {
    case .i8x16: self = .i8x16
    case .i16x8: self = .i16x8
    case .i32x4: self = .i32x4
    case .i64x2: self = .i64x2
    case .f32x4: self = .f32x4
    case .f64x2: self = .f64x2
    default: return nil
    }
  }
}

extension TokenCursor {
  /// Whether something is next that is meant as a lane, well-formed or not.
  var isAtLane: Bool { token.kind == .number || token.kind == .word || token.kind == .reserved }

  /// The bits of one lane, with zeros above them.
  mutating func lane(_ shape: VectorShape) throws(TextError) -> UInt64 {
    switch shape {
    case .f32x4: try float(.binary32)
    case .f64x2: try float(.binary64)
    default: try integer(bits: shape.laneBits)
    }
  }
}

extension BinaryWriter {
  mutating func lane(_ bits: UInt64, _ shape: VectorShape) {
    for shift in stride(from: UInt64(0), to: UInt64(shape.laneBits), by: 8) {
      byte(UInt8(truncatingIfNeeded: bits >> shift))
    }
  }
}
