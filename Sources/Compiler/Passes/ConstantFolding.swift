// Simplification: operators whose operands are constants. `Semantics` says what they give.

import Semantics
import WebAssembly

extension SimplificationOpt {
  /// The bits of new value `value` if it is a scalar constant.
  @inline(__always)
  mutating func constant(_ value: UInt32) -> UInt64? {
    let node = new.nodes[value]
    switch node.operation {
    case Operation(.i32Const), Operation(.i64Const), Operation(.f32Const), Operation(.f64Const): return node.imm
    default: return nil
    }
  }

  /// A constant of a scalar type.
  mutating func constant(_ type: IRType, _ bits: UInt64) -> UInt32 {
    number(Node(type.zeroOperation, type: type, imm: bits))
  }

  /// The bits that a scalar operator gives, if its operands are constants and it doesn't trap.
  mutating func fold(_ node: Node, _ opcode: Opcode) -> UInt64? {
    let info = node.operation.info
    let shape = info.shape
    guard shape == .a || shape == [.a, .b], info.isPlainScalar,
      let a = constant(node.a)
    else { return nil }
    var b: UInt64 = 0
    if shape.contains(.b) {
      guard let bits = constant(node.b) else { return nil }
      b = bits
    }
    guard case .value(let bits)? = Scalar.evaluate(opcode, a, b) else { return nil }
    return bits
  }
}
