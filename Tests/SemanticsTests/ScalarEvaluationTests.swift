// The generated table from opcodes to the scalar functions: that it is complete, and that traps come through.

import Semantics
import Testing
import WebAssembly

@Test(arguments: [
  (Opcode.i32Add, UInt64(0xFFFF_FFFF), UInt64(2), ScalarResult.value(1)),
  (.i32LtS, 0xFFFF_FFFF, 0, .value(1)),
  (.i64Sub, 0, 1, .value(.max)),
  (.f32Add, 0x3F80_0000, 0x4000_0000, .value(0x4040_0000)),
  (.f64Lt, 1.0.bitPattern, 2.0.bitPattern, .value(1)),
  (.i64ExtendI32S, 0x8000_0000, 0, .value(0xFFFF_FFFF_8000_0000)),
  (.i32DivS, 1, 0, .trap(.integerDivideByZero)),
  (.i32DivS, 0x8000_0000, 0xFFFF_FFFF, .trap(.integerOverflow)),
  (.i32RemS, 0x8000_0000, 0xFFFF_FFFF, .value(0)),
  (.i32TruncF64S, Double.nan.bitPattern, 0, .trap(.invalidConversion)),
])
func evaluates(opcode: Opcode, a: UInt64, b: UInt64, want: ScalarResult) {
  #expect(Scalar.evaluate(opcode, a, b) == want)
}

@Test func evaluatesEveryScalarOperator() {
  for row in 0..<Opcode.count {
    let opcode = Opcode(row: UInt16(row))
    let info = opcode.info
    let isScalar =
      info.hasFixedSignature && info.immediates == .none && info.result != .none
      && (0..<3).allSatisfy { info.operand($0) != .v128 } && info.result != .v128
    #expect((Scalar.evaluate(opcode, 1, 1) != nil) == isScalar, "\(opcode.mnemonic)")
  }
}
