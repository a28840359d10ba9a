import Testing
import WasmBinary
import WasmText
import WebAssembly

@Suite struct PrinterTests {
  private func print(_ bytes: [UInt8], _ options: PrintOptions = PrintOptions()) throws -> String {
    try printModule(try decodeModule(ModuleBytes(bytes)), options: options)
  }

  /// One example of everything; printing it gives this text again.
  static let example = """
    (module $example
      (type $f (;0;) (func (param i32 i64) (result f32)))
      (type $list (;1;) (sub (struct (field $head (mut i8)) (field (ref null $list)))))
      (rec
        (type $a (;2;) (sub final $list (struct (field (mut i8)) (field (ref null $list)) (field (ref $b)))))
        (type $b (;3;) (array (mut v128))))
      (type (;4;) (func))
      (type $"a \\u{a} \\" é" (;5;) (func (param externref (ref func)) (result i32 f64)))
      (import "m \\u{0} é" "n" (func $imported (;0;) (type $f) (param i32 i64) (result f32)))
      (import "m" "t" (table (;0;) i64 1 2 (ref null $f)))
      (import "m" "g" (global (;0;) (mut f64)))
      (import "m" "m" (memory $first (;0;) 0))
      (import "m" "e" (tag (;0;) (type 4)))
      (table $t (;1;) 10 funcref)
      (table (;2;) 1 (ref $f) (ref.func $imported))
      (memory (@name "first") (;1;) i64 1 65536)
      (tag $e (;1;) (type 4))
      (global $g (;1;) i32 (i32.const -7))
      (global (@name "") (;2;) (mut f32) (f32.const 0.1))
      (global (;3;) i32 i32.const 1 i32.const 2 i32.add)
      (export "f" (func $named))
      (export "\\u{202e}" (tag $e))
      (start $start)
      (elem $e (;0;) (table $t) (i32.const 1) func $imported $named)
      (elem (;1;) (offset i32.const 1 i32.const 2 i32.add) funcref (ref.func $imported) (item) (item nop nop))
      (elem (;2;) func)
      (elem (;3;) declare (ref null $f) (ref.null nofunc))
      (func $named (;1;) (type $f) (param $p i32) (param i64) (result f32)
        (local i32 f64) (local $q f64) (local f64)
        local.get $p
        if $then (result i32)
          local.get 1
          drop
          br $then
        else
          loop (;@2;)
            br 0 (;@2;)
            br $then
            br 2
            block (@name "then") (;@3;)
              i32.const 0
              br_table 0 (;@3;) 1 (;@2;) $then 4
            end
          end
        end
        block $then (type $f) (param i32 i64) (result f32)
          try_table (result exnref) (catch $e $then) (catch_all_ref 1) (;@2;)
          end
        end
      )
      (func $start (;2;) (type 4)
        struct.get $list $head
        struct.get $a 0
        i32.load offset=4
        i64.load 1 offset=18446744073709551615 align=1
        v128.load8_lane 1 0
        v128.load64_lane align=2 1
        memory.copy
        memory.copy $first 1
        memory.fill
        memory.init 1 $d
        data.drop $d
        table.init $t $e
        table.get
        call_indirect (type 4)
        call_indirect $t (type $f) (param i32 i64) (result f32)
        ref.null $list
        ref.null any
        ref.test (ref $list)
        ref.cast anyref
        br_on_cast 0 anyref (ref null $list)
        select
        select (result i32)
        select (result)
        f32.const -0.0
        f32.const inf
        f32.const nan
        f32.const -nan:0x000001
        f64.const 1e-323
        f64.const nan:0x4000000000001
        v128.const i32x4 0x03020100 0x07060504 0x0b0a0908 0x0f0e0d0c
        i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31
        i64.const -9223372036854775808
        i8x16.extract_lane_s 15
        array.new_fixed $b 3
      )
      (data $d (;0;) (memory 1) (i64.const 0) "a\\00\\c3\\a9\\"\\\\")
      (data (;1;) "")
      (@custom "before" (before first) "\\00")
      (@custom "between" (after func) "")
      (@custom "before the names" (after data) "")
      (@custom "after the names" ""))

    """

  @Test func exampleComesBack() throws {
    let bytes = try parseModule(PrinterTests.example)
    #expect(try print(bytes) == PrinterTests.example)
  }

  @Test func withoutNames() throws {
    let bytes = try parseModule("(module $m (func $f (param $p i32) local.get $p))")
    let expected = """
      (module
        (type (;0;) (func (param i32)))
        (func (;0;) (type 0) (param i32)
          local.get 0
        )
        (@custom "name" "\\00\\02\\01m\\01\\04\\01\\00\\01f\\02\\06\\01\\00\\01\\00\\01p"))

      """
    let text = try print(bytes, PrintOptions(usesNames: false))
    #expect(text == expected)
    #expect(try parseModule(text) == bytes)
  }

  /// Names that can't become identifiers are kept all the same.
  @Test func unusualNames() throws {
    let long = String(repeating: "x", count: 1000)
    let text = """
      (module (@name "\(long)")
        (type $t (func))
        (func $a (type $t))
        (func (@name "a") (type $t))
        (func (@name "") (type $t))
        (func (@name "\(long)") (type $t) call 0 call 1 call 2 call 3)
        (func (@name "\\u{e9}") (type $t) (local $x i32) (local (@name "x") i32))
        (func (@name "e\\u{301}") (type $t)))
      """
    let bytes = try parseModule(text)
    let printed = try print(bytes)
    #expect(try parseModule(printed) == bytes)
    // Names that only look the same are different identifiers.
    #expect(printed.contains("(func $\"é\"") && printed.contains("(func $\"e\u{301}\""))
    // The module's and the function's, once each.
    #expect(printed.split(separator: long, omittingEmptySubsequences: false).count == 3)
  }

  /// A name section that will not be made anew in the same place stays what it is.
  @Test(arguments: [
    "(module (@custom \"name\" (before first) \"\\00\\02\\01m\") (func))",
    "(module (@custom \"name\" \"\\00\\02\\01m\\01\\01\\07\") (func))",
    "(module (@custom \"name\" \"\\00\\02\\01m\") (@custom \"name\" \"\\00\\02\\01n\") (func))",
  ])
  func otherNameSections(text: String) throws {
    let bytes = try parseModule(text)
    let printed = try print(bytes)
    #expect(printed.contains("(@custom \"name\""))
    #expect(try parseModule(printed) == bytes)
  }

  /// Every operator of the table with several values of its immediates, in one function.
  @Test func everyOperatorComesBack() throws {
    var random = SplitMix64(state: 7)
    let heapTypes: [HeapType] = abstractHeapTypes.map(\.type) + [.concrete(0), .concrete(1)]
    var body = BinaryWriter()
    body.u32(0)
    for row in 0..<Opcode.count {
      let opcode = Opcode(row: UInt16(row))
      if opcode == .else || opcode == .end { continue }
      for _ in 0..<8 {
        var instruction = Instruction()
        instruction.opcode = opcode
        instruction.a = UInt32(truncatingIfNeeded: random.next() >> (random.next() & 63))
        instruction.b = UInt32(truncatingIfNeeded: random.next() >> (random.next() & 63))
        instruction.value = random.next() >> (random.next() & 63)
        instruction.high = random.next()
        instruction.lane = UInt8(truncatingIfNeeded: random.next())
        let nullable = [.refNull, .refTestNull, .refCastNull].contains(opcode)
        instruction.type = .ref(heapTypes.randomElement(using: &random)!, nullable: nullable)
        instruction.type2 = .ref(heapTypes.randomElement(using: &random)!, nullable: Bool.random(using: &random))
        instruction.blockType = [.empty, .value(.v128), .value(.ref(.concrete(1), nullable: true)), .type(0), .type(9)]
          .randomElement(using: &random)!
        switch opcode.info.immediates {
        case .memoryArgument, .memoryLane:
          instruction.a &= 63
          body.instruction(instruction)
        case .labelTable: body.branchTable(labels: [0, instruction.a, 1], default: instruction.b)
        case .selectTypes: body.select(types: [.i32, instruction.type])
        case .tryTable:
          let clauses = [
            CatchClause(tag: 1, passesReference: true, label: instruction.a),
            CatchClause(tag: nil, passesReference: false, label: 0),
          ]
          body.tryTable(instruction.blockType, catches: clauses)
          body.opcode(.end)
        case .shuffle, .i32, .f32:
          if opcode.info.immediates != .shuffle { instruction.value &= 0xFFFF_FFFF }
          body.instruction(instruction)
        case .castBranch:
          instruction.type = .ref(instruction.type.heapType, nullable: Bool.random(using: &random))
          body.instruction(instruction)
        case .blockType:
          body.instruction(instruction)
          if opcode == .if { body.opcode(.else) }
          body.opcode(.end)
        default: body.instruction(instruction)
        }
      }
    }
    body.opcode(.end)
    var writer = BinaryWriter()
    writer.moduleHeader()
    writer.section(.type) { $0.vector(0..<2) { writer, _ in writer.append([0x60, 0x01, 0x7F, 0x00]) } }
    writer.section(.function) { $0.append([1, 0]) }
    writer.section(.dataCount) { $0.u32(0) }
    writer.section(.code) {
      $0.u32(1)
      $0.byteVector(body.bytes)
    }
    let text = try print(writer.bytes)
    let again = try parseModule(text)
    #expect(again == writer.bytes)
  }

  @Test(
    arguments: [
      ([0x0B, 0x0B], .sectionSizeMismatch, 1), ([], .unexpectedEndOfSection, 0),
      ([0x02, 0x40, 0x0B], .unexpectedEndOfSection, 3),
      ([0x05, 0x0B], .endOpcodeExpected, 0), ([0x02, 0x40, 0x05, 0x0B, 0x0B], .endOpcodeExpected, 2),
      ([0x04, 0x40, 0x05, 0x05, 0x0B, 0x0B], .endOpcodeExpected, 3), ([0xFF, 0x0B], .illegalOpcode, 0),
      ([0x0E, 0x05, 0x00, 0x0B], .unexpectedEndOfSection, nil),
    ] as [([UInt8], ModuleErrorReason, Int?)])
  func malformedBodiesAreRefused(operators: [UInt8], reason: ModuleErrorReason, place: Int?) throws {
    var writer = BinaryWriter()
    writer.moduleHeader()
    writer.section(.type) { $0.append([1, 0x60, 0, 0]) }
    writer.section(.function) { $0.append([1, 0]) }
    writer.section(.code) {
      $0.u32(1)
      $0.byteVector([0] + operators)
    }
    do {
      let text = try print(writer.bytes)
      Issue.record("printed: \(text)")
    } catch let error as ModuleError {
      #expect(error.reason == reason && error.function == 0, "\(operators): \(error)")
      if let place { #expect(error.offset == writer.bytes.count - operators.count + place, "\(operators): \(error)") }
    }
  }
}
