import Testing
import WasmText

@Suite struct TextErrorTests {
  private func error(_ text: String) -> TextError? {
    do {
      _ = try parseModule(text)
      return nil
    } catch { return error }
  }

  @Test(
    arguments: [
      ("(", .unexpectedToken, 1), (")", .unexpectedToken, 0), ("(module", .unexpectedToken, 7),
      ("(module))", .unexpectedToken, 8), ("(module) (module)", .unexpectedToken, 9), ("(func", .unexpectedToken, 5),
      ("(nonsense)", .unknownOperator, 1), ("(block)", .unexpectedToken, 1), ("x", .unknownOperator, 0),
      ("(func nonsense)", .unknownOperator, 6), ("(func i32)", .unexpectedToken, 6), ("(func 0)", .unexpectedToken, 6),
      ("(func 0x)", .unknownOperator, 6), ("(func ,)", .unknownOperator, 6), ("(func end)", .unexpectedToken, 6),
      ("(func else)", .unexpectedToken, 6), ("(func block)", .unexpectedToken, 11),
      ("(func (block end))", .unexpectedToken, 13),
      ("(func (end))", .unexpectedToken, 7), ("(func (else))", .unexpectedToken, 7),
      ("(func (then))", .unexpectedToken, 7),
      ("(func block else end)", .unexpectedToken, 12), ("(func if else else end)", .unexpectedToken, 14),
      ("(func (drop nop))", .unexpectedToken, 12), ("(func (if (i32.const 1)))", .unexpectedToken, 23),
      ("(func (if nop (then)))", .unexpectedToken, 10), ("(func (if (then) nop))", .unexpectedToken, 17),
      ("(func (if (then) (then)))", .unexpectedToken, 18), ("(func (if (else)))", .unexpectedToken, 11),
      ("(func (if (then) (else) (else)))", .unexpectedToken, 25), ("(func (if (then) (nop)))", .unexpectedToken, 18),
      ("(func (block (drop)) end)", .unexpectedToken, 21), ("(func (nop)", .unexpectedToken, 11),
      ("(func (local i32) (param i32))", .unexpectedToken, 19),
      ("(func (result i32) (param i32))", .unexpectedToken, 20),
      ("(func nop (local i32))", .unexpectedToken, 11), ("(func (param $x i32 i32))", .unexpectedToken, 20),
      ("(func (block (param $x i32)))", .unexpectedToken, 20),
      // Labels.
      ("(func br $l)", .unknownLabel, 9), ("(func block $l end br $l)", .unknownLabel, 22),
      ("(func block $l end $m)", .mismatchingLabel, 19), ("(func block end $l)", .mismatchingLabel, 16),
      ("(func if $a else $b end)", .mismatchingLabel, 17), ("(func if $a (br $b) else end)", .unknownLabel, 16),
      ("(func (if $l (br $l) (then)))", .unknownLabel, 17), ("(func (try_table $l (catch_all $l)))", .unknownLabel, 31),
      // Identifiers.
      ("(func call $f)", .unknownFunction, 11), ("(func local.get $x)", .unknownLocal, 16),
      ("(func (local $x i32)) (func local.get $x)", .unknownLocal, 38), ("(func global.get $x)", .unknownGlobal, 17),
      ("(func table.get $x)", .unknownTable, 16), ("(func memory.size $x)", .unknownMemory, 18),
      ("(func throw $x)", .unknownTag, 12), ("(func data.drop $x)", .unknownDataSegment, 16),
      ("(func elem.drop $x)", .unknownElementSegment, 16), ("(func struct.new $x)", .unknownType, 17),
      ("(type $t (struct)) (func struct.get $t $x)", .unknownField, 39), ("(func (type $t))", .unknownType, 12),
      ("(func $f) (func $f)", .duplicateFunction, 16), ("(func $f) (func $\"f\")", .duplicateFunction, 16),
      ("(import \"\" \"\" (func $f)) (func $f)", .duplicateFunction, 31),
      ("(type $t (func)) (type $t (func))", .duplicateType, 23),
      ("(rec (type $t (func)) (type $t (func)))", .duplicateType, 28),
      ("(memory $m 1) (memory $m 1)", .duplicateMemory, 22),
      ("(table $t 1 funcref) (table $t 1 funcref)", .duplicateTable, 28), ("(tag $t) (tag $t)", .duplicateTag, 14),
      ("(global $g i32) (global $g i32)", .duplicateGlobal, 24), ("(data $d) (data $d)", .duplicateDataSegment, 16),
      ("(elem $e func) (elem $e func)", .duplicateElementSegment, 21),
      ("(func (param $x i32) (local $x i32))", .duplicateLocal, 28),
      ("(type (struct (field $a i32) (field $a i32)))", .duplicateField, 36),
      // Types.
      ("(type $t (func)) (func (type $t) (param i32))", .inlineFunctionType, 23),
      ("(type $t (struct)) (func (type $t) (param i32))", .inlineFunctionType, 25),
      ("(func (type 0) (param i32))", .unknownType, 6),
      ("(func (type 0) (param i32)) (func (param i32))", .unknownType, 6),
      ("(type (ref func))", .unexpectedToken, 7), ("(type (func (param x)))", .unknownOperator, 19),
      ("(table 1 i32)", .unexpectedToken, 9), ("(global (mut i32)", .unexpectedToken, 17),
      ("(type (func (param (ref i32))))", .unexpectedToken, 24),
      ("(type (func (param (ref 134217728))))", .unknownType, 24),
      // Imports come first.
      ("(func) (import \"\" \"\" (func))", .importAfterFunction, 7),
      ("(memory 1) (func (import \"\" \"\"))", .importAfterMemory, 17),
      ("(table 1 funcref) (import \"\" \"\" (tag))", .importAfterTable, 18),
      ("(global i32) (import \"\" \"\" (func))", .importAfterGlobal, 13),
      ("(tag) (import \"\" \"\" (func))", .importAfterTag, 6),
      ("(import \"\" \"\" (nonsense))", .unknownOperator, 15), ("(import \"\" (func))", .unexpectedToken, 11),
      ("(import \"\\ff\" \"\" (func))", .malformedUTF8, 8),
      ("(func $f) (start $f) (start $f)", .multipleStartSections, 28),
      // Numbers.
      ("(func i32.const)", .unexpectedToken, 15), ("(func i32.const 1.0)", .unexpectedToken, 16),
      ("(func i32.const 1_)", .unknownOperator, 16), ("(func i32.const 4294967296)", .constantOutOfRange, 16),
      ("(func f32.const 1e39)", .constantOutOfRange, 16), ("(func f32.const nan:canonical)", .unexpectedToken, 16),
      ("(func f32.const nan:1)", .unknownOperator, 16), ("(func f32.const \"1\")", .unexpectedToken, 16),
      ("(func call 4294967296)", .i32ConstantOutOfRange, 11), ("(func call -1)", .unexpectedToken, 11),
      ("(memory 18446744073709551616)", .constantOutOfRange, 8),
      ("(func i32.load offset=18446744073709551616)", .constantOutOfRange, 15),
      ("(func i32.load offset=)", .unknownOperator, 15),
      ("(func i32.load offset=-1)", .unknownOperator, 15), ("(func i32.load align=0)", .alignmentNotPowerOfTwo, 15),
      ("(func i32.load align=3)", .alignmentNotPowerOfTwo, 15),
      ("(func i32.load align=1 offset=1)", .unexpectedToken, 23),
      ("(func v128.const i32x4 1 2 3)", .wrongNumberOfLaneLiterals, 28),
      ("(func v128.const i64x2 1 2 3)", .wrongNumberOfLaneLiterals, 27),
      ("(func v128.const i8x16 256)", .constantOutOfRange, 23), ("(func v128.const 1)", .unexpectedToken, 17),
      ("(func i8x16.shuffle 1)", .invalidLaneLength, 21),
      ("(func i8x16.extract_lane_s 256)", .i8ConstantOutOfRange, 27),
      ("(func i8x16.extract_lane_s -1)", .unexpectedToken, 27),
      // Segments.
      ("(elem)", .unexpectedToken, 5), ("(elem 0)", .unexpectedToken, 6),
      ("(elem (table 0) (i32.const 0) 0)", .unexpectedToken, 30),
      ("(data 0)", .unexpectedToken, 6), ("(data (i32.const 0) i32)", .unexpectedToken, 20),
      ("(data (offset nop)", .unexpectedToken, 18),
      ("(table funcref)", .unexpectedToken, 14), ("(memory)", .unexpectedToken, 7),
      // Quoted modules: the place is that in the quoted text.
      ("(module quote \"(func\" \" x)\")", .unknownOperator, 6),
    ] as [(String, TextErrorReason, Int)])
  func isRefused(text: String, reason: TextErrorReason, offset: Int) {
    let error = error(text)
    #expect(
      error?.reason == reason && error?.offset == offset, "\(text): \(error?.offset ?? -1) \(String(describing: error))"
    )
  }

  @Test(arguments: [
    ("x", 1, 1), ("\n x", 2, 2), ("\r\nx", 2, 1), ("\r\rx", 3, 1), (";; é\n(func (; é ;) x)", 2, 15),
    ("(module\n\n  (func\n    i32.const 1_\n))", 4, 15),
  ])
  func placesAreLinesAndColumns(text: String, line: Int, column: Int) {
    let error = error(text)
    #expect(error?.line == line && error?.column == column, "\(text): \(String(describing: error))")
  }

  @Test func description() throws {
    #expect(error("(func\n  frob)")?.description == "2:3: unknown operator frob")
    #expect(error("(func")?.description == "1:6: unexpected token")
    let long = String(repeating: "x", count: 1000)
    #expect(error("(func \(long))")?.detail?.count == 80)
  }
}
