import Testing
import WebAssembly

@Suite struct OpcodeTests {
  @Test func rowsMatchCases() {
    #expect(Opcode.unreachable.row == 0)
    #expect(Opcode(row: UInt16(Opcode.count - 1)) == .i32x4RelaxedDotI8x16I7x16AddS)
    #expect(Opcode.count == 499)
    for row in 0..<Opcode.count { #expect(Opcode(row: UInt16(row)).row == row) }
    #expect(Opcode(row: UInt16(Opcode.count - 1)).mnemonic == "i32x4.relaxed_dot_i8x16_i7x16_add_s")
  }

  @Test(arguments: [
    (Opcode.i32Add, "i32.add", UInt8(0), UInt32(0x6A), UInt32(1), UInt32(1)),
    (.i64Store, "i64.store", 0, 0x37, 1, 2),
    (.refFunc, "ref.func", 0, 0xD2, 130, 130),
    (.memoryGrow, "memory.grow", 0, 0x40, 300, 300),
    (.memoryFill, "memory.fill", 0xFC, 11, 100, 100),
    (.f64x2Sqrt, "f64x2.sqrt", 0xFD, 239, 14, 14),
    (.selectT, "select", 0, 0x1C, 1, 1),
    (.refTestNull, "ref.test", 0xFB, 21, 1, 1),
  ])
  func facts(opcode: Opcode, mnemonic: String, prefix: UInt8, code: UInt32, weight32: UInt32, weight64: UInt32) {
    #expect(opcode.mnemonic == mnemonic)
    #expect(opcode.info.prefix == prefix && opcode.info.code == code)
    #expect(opcode.info.weight32 == weight32 && opcode.info.weight64 == weight64)
  }
}
