// The reader decodes most operators in one of two quick ways if enough bytes follow. At the end of the input it reads byte
// by byte: both must give the same, for all lengths of immediates.

import Testing
import WasmBinary
import WebAssembly

@Suite struct InstructionFormTests {
  /// LEB128 integers of one byte to `longest`, whose bytes have all bits, some, or those that pad.
  private static func integers(longest: Int) -> [[UInt8]] {
    var integers: [[UInt8]] = []
    for length in 1...longest {
      for last: UInt8 in [0, 1, 3, 7, 8, 0x0F, 0x10, 0x3F, 0x40, 0x70, 0x78, 0x7F] {
        for other: UInt8 in [0x80, 0xA5, 0xFF] {
          integers.append([UInt8](repeating: other, count: length - 1) + [last])
        }
      }
    }
    return integers
  }

  private func decode(_ bytes: [UInt8]) -> (instruction: Instruction, end: Int)? {
    bytes.withUnsafeBytes { buffer in
      var reader = InstructionReader(buffer, range: ByteRange(start: 0, end: buffer.count))
      var instruction = Instruction()
      guard (try? reader.next(&instruction)) != nil else { return nil }
      return (instruction, reader.offset)
    }
  }

  private func expectSame(_ bytes: [UInt8], _ fields: (Instruction) -> [UInt64]) {
    let alone = decode(bytes)
    let followed = decode(bytes + [UInt8](repeating: 0x01, count: 20))
    #expect(alone?.end == followed?.end, "\(bytes)")
    #expect(alone?.instruction.opcode == followed?.instruction.opcode, "\(bytes)")
    #expect(alone.map { fields($0.instruction) } == followed.map { fields($0.instruction) }, "\(bytes)")
    #expect(alone.map { $0.instruction.offset } == followed.map { $0.instruction.offset })
  }

  @Test(arguments: [0x0C, 0x10, 0x20, 0x21, 0x22, 0x23] as [UInt8])
  func indices(code: UInt8) {
    for index in Self.integers(longest: 6) { expectSame([code] + index) { [UInt64($0.a)] } }
  }

  @Test(arguments: [0x41, 0x42] as [UInt8])
  func constants(code: UInt8) {
    for value in Self.integers(longest: 11) { expectSame([code] + value) { [$0.value] } }
  }

  @Test func memoryArguments() {
    for flags: UInt8 in [0, 2, 0x3F, 0x40, 0x41, 0x7F] {
      let memory: [UInt8] = flags & 0x40 != 0 ? [3] : []
      for offset in Self.integers(longest: 11) {
        expectSame([0x28, flags] + memory + offset) { [UInt64($0.a), UInt64($0.b), $0.value] }
      }
    }
  }

  @Test func callsThroughTables() {
    for type in Self.integers(longest: 3) {
      for table in Self.integers(longest: 3) { expectSame([0x11] + type + table) { [UInt64($0.a), UInt64($0.b)] } }
    }
  }

  @Test func blocks() {
    for code: UInt8 in [0x02, 0x03, 0x04] {
      for type in Self.integers(longest: 6) {
        let alone = decode([code] + type)
        let followed = decode([code] + type + [UInt8](repeating: 0x01, count: 20))
        #expect(alone?.end == followed?.end, "\(type)")
        #expect(alone?.instruction.blockType == followed?.instruction.blockType, "\(type)")
      }
    }
  }

  @Test func operatorsWithoutImmediates() {
    for code in UInt8.min...UInt8.max where ![0xFB, 0xFC, 0xFD].contains(code) {
      if let alone = decode([code]) {
        let followed = decode([code] + [UInt8](repeating: 0x01, count: 20))
        #expect(alone.end == followed?.end && alone.instruction.opcode == followed?.instruction.opcode, "\(code)")
      }
    }
  }
}
