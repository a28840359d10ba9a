// Values as arguments and as results.

import CLICommands
import Cannery
import Semantics
import Testing

@Suite struct ValueTextTests {
  @Test(
    arguments: [
      (Value.i32(0), "0"), (.i32(-5), "-5"), (.i32(.min), "-2147483648"), (.i64(.max), "9223372036854775807"),
      (.i64(.min), "-9223372036854775808"), (.float(1), "1.0"), (.float(-0.0), "-0.0"), (.float(0.1), "0.1"),
      (.float(.infinity), "inf"), (.float(-.infinity), "-inf"), (.f32(1), "1e-45"),
      (.float(3.4028235e38), "3.4028235e+38"),
      (.double(0.1), "0.1"), (.double(1e100), "1e+100"), (.double(.leastNonzeroMagnitude), "5e-324"),
      (.double(-1.5), "-1.5"),
      (.f32(0x7FC0_0000), "nan"), (.f32(0xFFC0_0000), "-nan"), (.f32(0x7FA0_0000), "nan:0x200000"),
      (.f32(0x7FC0_0001), "nan:0x400001"), (.f64(0x7FF8_0000_0000_0000), "nan"),
      (.f64(0xFFF0_0000_0000_0001), "-nan:0x1"),
      (.v128(V128(low: 0x0706_0504_0302_0100, high: 0x0F0E_0D0C_0B0A_0908)), "0f0e0d0c0b0a09080706050403020100"),
      (.v128(.zero), "00000000000000000000000000000000"), (.funcref(.null), "null"), (.externref(.null), "null"),
      (.externref(Reference(handle: 7)), "7"),
    ])
  func printing(value: Value, text: String) throws {
    #expect(value.text == text)
    // What is printed reads back the same, but for handles.
    if text != "7" { #expect(try Value(parsing: text, as: value.type) == value) }
  }

  @Test(
    arguments: [
      ("4294967295", ValueType.i32, Value.i32(-1)), ("0x80000000", .i32, .i32(.min)), ("+5", .i32, .i32(5)),
      ("-0x1", .i32, .i32(-1)), ("1_000_000", .i32, .i32(1_000_000)), ("0xFFFFFFFFFFFFFFFF", .i64, .i64(-1)),
      ("18446744073709551615", .i64, .i64(-1)), ("1", .f32, .float(1)), ("0x1.8p1", .f64, .double(3)),
      ("16777217", .f32, .float(16_777_216)), ("1e-400", .f64, .double(0)), ("-nan:0x1", .f32, .f32(0xFF80_0001)),
      (
        "0x0f0e0d0c0b0a09080706050403020100", .v128,
        .v128(V128(low: 0x0706_0504_0302_0100, high: 0x0F0E_0D0C_0B0A_0908))
      ),
      ("null", .ref(.concrete(3), nullable: true), .funcref(.null)),
    ])
  func parsing(text: String, type: ValueType, value: Value) throws {
    #expect(try Value(parsing: text, as: type) == value)
  }

  @Test(
    arguments: [
      ("", ValueType.i32), ("4294967296", .i32), ("-2147483649", .i32), ("1.0", .i32), ("0x", .i32), ("1__0", .i32),
      ("_1", .i32), ("1_", .i32), ("--1", .i32), ("+-1", .i32), (" 1", .i32), ("1e3", .i32), ("abc", .i32),
      ("18446744073709551616", .i64), ("-9223372036854775809", .i64), ("", .f32), ("1e39", .f32), ("1e400", .f64),
      ("infinity", .f64), ("NaN", .f64), ("nan:0x0", .f32), ("nan:0x800000", .f32), ("nan:", .f32), ("nan:0x-1", .f32),
      (".5", .f64), ("1 ", .f64), ("12", .v128), ("0f0e0d0c0b0a0908070605040302010g", .v128),
      ("-0e0d0c0b0a09080706050403020100+", .v128), ("7", .externref), ("null", .ref(.func, nullable: false)),
    ])
  func refusal(text: String, type: ValueType) {
    let error = #expect(throws: ValueTextError.self) { try Value(parsing: text, as: type) }
    #expect(error?.description.contains("\(type)") == true)
  }

  @Test func everyBitPatternReadsBack() throws {
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    for _ in 0..<20_000 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      for value in [Value.f32(UInt32(truncatingIfNeeded: state)), .f64(state), .i64(Int64(bitPattern: state))] {
        let back = try Value(parsing: value.text, as: value.type)
        if back != value { Issue.record("\(value) prints as \(value.text), which reads as \(back)") }
      }
    }
  }
}
