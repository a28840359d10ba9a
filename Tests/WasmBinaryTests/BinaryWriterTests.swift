import Testing
import WasmBinary
import WebAssembly

@Suite struct BinaryWriterTests {
  @Test(
    arguments: [
      (0, [0x00]), (1, [0x01]), (127, [0x7F]), (128, [0x80, 0x01]), (624_485, [0xE5, 0x8E, 0x26]),
      (UInt64(UInt32.max), [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]),
      (UInt64.max, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]),
    ] as [(UInt64, [UInt8])])
  func unsigned(value: UInt64, bytes: [UInt8]) {
    #expect(encoded { $0.u64(value) } == bytes)
    if value <= UInt64(UInt32.max) { #expect(encoded { $0.u32(UInt32(value)) } == bytes) }
  }

  @Test(
    arguments: [
      (0, [0x00]), (63, [0x3F]), (64, [0xC0, 0x00]), (-1, [0x7F]), (-64, [0x40]), (-65, [0xBF, 0x7F]),
      (-123_456, [0xC0, 0xBB, 0x78]), (Int64(Int32.min), [0x80, 0x80, 0x80, 0x80, 0x78]),
      (Int64(Int32.max), [0xFF, 0xFF, 0xFF, 0xFF, 0x07]),
      (Int64.min, [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7F]),
      (Int64.max, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00]),
    ] as [(Int64, [UInt8])])
  func signed(value: Int64, bytes: [UInt8]) {
    #expect(encoded { $0.s64(value) } == bytes)
    if let small = Int32(exactly: value) { #expect(encoded { $0.s32(small) } == bytes) }
  }

  @Test func lengthsComeBeforeContents() {
    let bytes = encoded { writer in
      writer.section(.code) { writer in
        writer.vector([3, 200]) { writer, size in writer.sized { $0.append([UInt8](repeating: 7, count: size)) } }
      }
    }
    #expect(bytes == [10, 0xCF, 0x01, 2, 3, 7, 7, 7, 0xC8, 0x01] + [UInt8](repeating: 7, count: 200))
    #expect(encoded { $0.customSection("é") { $0.byte(9) } } == [0, 4, 2, 0xC3, 0xA9, 9])
  }

  /// Every operator, with immediates that use every field, is read back as it was written.
  @Test func instructionsRoundTrip() throws {
    let types: [ValueType] = [.i32, .i64, .f32, .f64, .v128, .funcref, .ref(.concrete(70), nullable: false), .exnref]
    for row in 0..<Opcode.count {
      var written = Instruction()
      written.opcode = Opcode(row: UInt16(row))
      written.a = written.opcode.info.immediates == .memoryArgument ? 3 : 300
      if written.opcode.info.immediates == .memoryLane { written.a = 2 }
      written.b = 5
      written.lane = 1
      written.value = 0xFFFF_FFFF_8000_0001
      written.high = 0x1122_3344_5566_7788
      written.blockType = [.empty, .value(types[row % types.count]), .type(UInt32(row))][row % 3]
      written.type = .ref(row % 2 == 0 ? .concrete(100) : .any, nullable: row % 4 < 2)
      written.type2 = .ref(.i31, nullable: row % 2 == 0)
      let catches = [
        CatchClause(tag: 1, passesReference: false, label: 2), CatchClause(tag: 900, passesReference: true, label: 0),
        CatchClause(tag: nil, passesReference: false, label: 3), CatchClause(tag: nil, passesReference: true, label: 4),
      ]
      let bytes = encoded { writer in
        switch written.opcode {
        case .brTable: writer.branchTable(labels: [0, 500, 2], default: 1)
        case .selectT: writer.select(types: types)
        case .tryTable: writer.tryTable(written.blockType, catches: catches)
        default: writer.instruction(written)
        }
      }
      let input = ModuleBytes(bytes)
      var reader = InstructionReader(input.buffer, range: ByteRange(start: 0, end: input.count))
      var read = Instruction()
      try reader.next(&read)
      #expect(reader.isAtEnd && read.opcode == written.opcode)
      let rewritten = withExtendedLifetime(input) { encoded { $0.instruction(read, from: reader) } }
      #expect(rewritten == bytes, "\(written.opcode.mnemonic)")
    }
  }
}
