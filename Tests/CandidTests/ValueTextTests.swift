// Values as text: how they are printed, what is read, and what is wrong with a text.

import Candid
import Testing

@Suite struct ValueTextTests {
  private static let long = String(repeating: "x", count: 50)

  private static let printed: [(values: [CandidValue], text: String)] = [
    ([], "()"),
    ([.nat(42), .int(-1_234_567)], "(42 : nat, -1_234_567 : int)"),
    (
      [.nat8(255), .nat16(65_535), .nat32(1_000), .nat64(18_446_744_073_709_551_615)],
      "(255 : nat8, 65_535 : nat16, 1_000 : nat32, 18_446_744_073_709_551_615 : nat64)"
    ),
    ([.int8(-128), .int16(-999), .int32(-1_000), .int64(0)], "(-128 : int8, -999 : int16, -1_000 : int32, 0 : int64)"),
    ([.float32(1.5), .float64(0.1), .float64(-4_200_000)], "(1.5 : float32, 0.1 : float64, -4200000.0 : float64)"),
    (
      [.float64(1e20), .float64(1.25e-7), .float64(123e16)],
      "(\n  100000000000000000000.0 : float64,\n  0.000000125 : float64,\n  1230000000000000000.0 : float64,\n)"
    ),
    ([.float64(-.infinity), .float32(.nan), .float64(-0.0)], "(-inf : float64, NaN : float32, -0.0 : float64)"),
    ([.null, .reserved, .bool(true), .bool(false)], "(null : null, null : reserved, true, false)"),
    ([.text("a\"b\\c\nd\te'☃\u{0}")], "(\"a\\\"b\\\\c\\nd\\te\\'☃\\u{0}\")"),
    ([.blob([0xDE, 0xAD, 0])], "(blob \"\\de\\ad\\00\")"),
    ([.blob(Array("hello 'x'\n".utf8))], "(blob \"hello \\27x\\27\\0a\")"),
    ([.blob([])], "(blob \"\")"),
    (
      [.opt(nil), .opt(.opt(nil)), .opt(.nat(1)), .opt(.text("x")), .opt(.null)],
      "(null, opt null, opt (1 : nat), opt \"x\", opt (null : null))"
    ),
    ([.vec([]), .vec([.nat(1), .nat(2)])], "(vec {}, vec { 1 : nat; 2 : nat })"),
    ([.record([:]), .tuple(.bool(true), .text("x"))], "(record {}, record { true; \"x\" })"),
    (
      [.record(["foo": .nat(1), "opt": .null, 7: .bool(true), "two words": .null])],
      "(\n  record {\n    7 = true;\n    foo = 1 : nat;\n    \"opt\" = null : null;\n    \"two words\" = null : null;\n  },\n)"
    ),
    ([.record([1_291_438_163: .bool(true)])], "(record { 1_291_438_163 = true })"),
    (
      [.variant("ok"), .variant("err", .text("no")), .variant(5, .nat(1))],
      "(variant { ok }, variant { err = \"no\" }, variant { 5 = 1 : nat })"
    ),
    ([.principal(.managementCanister), .service(.anonymous)], "(principal \"aaaaa-aa\", service \"2vxsx-fae\")"),
    (
      [
        .func(CandidFunction(canister: .anonymous, method: "query")),
        .func(CandidFunction(canister: .anonymous, method: "m")),
      ],
      "(func \"2vxsx-fae\".\"query\", func \"2vxsx-fae\".m)"
    ),
    (
      [.variant("Ok", .record(["first": .text(long), "second": .text(long)]))],
      "(\n  variant {\n    Ok = record {\n      first = \"\(long)\";\n      second = \"\(long)\";\n    }\n  },\n)"
    ),
    (
      [.opt(.record(["first": .text(long), "second": .vec([.text(long)])]))],
      "(\n  opt record {\n    first = \"\(long)\";\n    second = vec { \"\(long)\" };\n  },\n)"
    ),
    // More than ten elements stay on a line.
    (
      [.vec((0..<11).map { .text("element \($0)") })],
      "(\n  vec { " + (0..<11).map { "\"element \($0)\"" }.joined(separator: "; ") + " },\n)"
    ),
  ]

  @Test(arguments: printed)
  func printing(values: [CandidValue], text: String) throws {
    #expect(printArguments(values) == text)
  }

  private static let read: [(text: String, types: String, values: [CandidValue])] = [
    ("()", "()", []),
    ("(1, 2,)", "(nat, nat8)", [.nat(1), .nat8(2)]),
    (" ( /* a /* b */ c */ 1_000 // end\n , 0xFf_0 ) ", "(nat16, int)", [.nat16(1000), .int(0xFF0)]),
    ("(+5, -5, -0x10)", "(int, int8, int)", [.int(5), .int8(-5), .int(-16)]),
    ("(-0)", "(nat)", [.nat(0)]),
    (
      "(1, 1.5, 1e3, 1.e-2, 0x1.8p1, 7)", "(float64, float32, float64, float64, float64, float32)",
      [.float64(1), .float32(1.5), .float64(1000), .float64(0.01), .float64(3), .float32(7)]
    ),
    (
      "(inf, -inf, +Infinity)", "(float64, float32, float64)",
      [.float64(.infinity), .float32(-.infinity), .float64(.infinity)]
    ),
    ("(42 : nat8, (7 : nat), ((8)))", "(nat8, int, int)", [.nat8(42), .int(7), .int(8)]),
    ("(\"a\\6e\\u{2603}\\n\", blob \"\\00\\ffz\")", "(text, blob)", [.text("an☃\n"), .blob([0, 255, 0x7A])]),
    (
      "(vec {1; 2}, vec {1; 2;}, vec {})", "(blob, vec nat, vec text)",
      [.blob([1, 2]), .vec([.nat(1), .nat(2)]), .vec([])]
    ),
    (
      "(opt 1, null, opt null, opt opt true)", "(opt nat, opt nat, opt opt nat, opt opt bool)",
      [.opt(.nat(1)), .opt(nil), .opt(.opt(nil)), .opt(.opt(.bool(true)))]
    ),
    ("(opt (1 : nat), (1 : nat))", "(opt int, opt nat)", [.opt(.int(1)), .opt(.nat(1))]),
    (
      "(record { b = 1; a = true; extra = null })", "(record { a : bool; b : nat8; c : opt text })",
      [.record(["a": .bool(true), "b": .nat8(1), "c": .opt(nil)])]
    ),
    ("(record { 5_000_000_000; \"x\" })", "(record { nat; text })", [.tuple(.nat(5_000_000_000), .text("x"))]),
    (
      "(record { 1 = 7; 8; 97 = 9; 10 })", "(record { 1 : nat; 2 : nat; a : nat; 98 : nat })",
      [.record([1: .nat(7), 2: .nat(8), 97: .nat(9), 98: .nat(10)])]
    ),
    (
      "(variant { a }, variant { b = 5 }, variant { \"opt\"; })",
      "(variant { a }, variant { a; b : nat }, variant { \"opt\" })",
      [.variant("a"), .variant("b", .nat(5)), .variant("opt")]
    ),
    (
      "(principal \"aaaaa-aa\", service \"aaaaa-aa\", service \"2vxsx-fae\")", "(principal, service {}, principal)",
      [.principal(.managementCanister), .service(.managementCanister), .principal(.anonymous)]
    ),
    (
      "(func \"aaaaa-aa\".\"a b\", func \"aaaaa-aa\".m)", "(func () -> (), func (nat) -> () query)",
      [
        .func(CandidFunction(canister: .managementCanister, method: "a b")),
        .func(CandidFunction(canister: .managementCanister, method: "m")),
      ]
    ),
    ("(1)", "(nat, opt nat, null, reserved)", [.nat(1), .opt(nil), .null, .reserved]),
    ("(\"anything\", record {})", "(reserved, reserved)", [.reserved, .reserved]),
    (
      "(record { nan = 1; inf = NaN })", "(record { nan : nat; inf : reserved })",
      [.record(["nan": .nat(1), "inf": .reserved])]
    ),
  ]

  @Test(arguments: read)
  func reading(text: String, types: String, values: [CandidValue]) throws {
    let types = try CandidTypes(parsing: types)
    #expect(try parseArguments(text, as: types) == values)
    #expect(try parseArguments(printArguments(values), as: types) == values)
  }

  @Test func readingWithoutTypes() throws {
    let text = """
      (1, -2, 1.5, true, "x", null, (3 : nat8), opt 4, vec { 5; 6 }, record { a = 7; 8 }, variant { b },
        (vec { 1; 2 } : blob), principal "aaaaa-aa", record { 9; (10 : nat64) })
      """
    let values = try parseArguments(text)
    #expect(
      values == [
        .int(1), .int(-2), .float64(1.5), .bool(true), .text("x"), .null, .nat8(3), .opt(.int(4)),
        .vec([.int(5), .int(6)]), .record([97: .int(7), 98: .int(8)]), .variant("b"), .blob([1, 2]),
        .principal(.managementCanister), .tuple(.int(9), .nat64(10)),
      ])
  }

  private static let refused: [(text: String, types: String, line: Int, column: Int, reason: CandidTextError.Reason)] =
    [
      ("", "()", 1, 1, .unexpected(found: "the end", expected: "\"(\"")),
      ("5", "(nat)", 1, 1, .unexpected(found: "a number", expected: "\"(\"")),
      ("(1) 2", "(nat)", 1, 5, .unexpected(found: "a number", expected: "the end")),
      ("(1", "(nat)", 1, 3, .unexpected(found: "the end", expected: "\",\" or \")\"")),
      ("(1 2)", "(nat, nat)", 1, 4, .unexpected(found: "a number", expected: "\",\" or \")\"")),
      ("(,)", "()", 1, 2, .unexpected(found: "\",\"", expected: "a value")),
      ("(\n  1,\n  \"☃\", x)", "(nat, text, nat)", 3, 8, .unexpected(found: "\"x\"", expected: "a value")),
      ("(\"abc)", "(text)", 1, 2, .unclosedString),
      ("(\"\\q\")", "(text)", 1, 3, .illegalEscape),
      ("(\"\\u{d800}\")", "(text)", 1, 3, .illegalEscape),
      ("(\"\\u{110000}\")", "(text)", 1, 3, .illegalEscape),
      ("(\"\\u{2603\")", "(text)", 1, 3, .illegalEscape),
      ("(\"\\ff\")", "(text)", 1, 2, .invalidUTF8),
      ("(/* /* */ 1)", "(nat)", 1, 2, .unclosedComment),
      ("(1 # 2)", "(nat)", 1, 4, .unexpectedCharacter("#")),
      ("(é)", "(nat)", 1, 2, .unexpectedCharacter("é")),
      ("(256)", "(nat8)", 1, 2, .outOfRange("nat8")),
      ("(1, -1)", "(nat, nat)", 1, 5, .outOfRange("nat")),
      ("(-129)", "(int8)", 1, 2, .outOfRange("int8")),
      ("(18446744073709551616)", "(nat64)", 1, 2, .outOfRange("nat64")),
      ("(1e309)", "(float64)", 1, 2, .outOfRange("float64")),
      ("(1e39)", "(float32)", 1, 2, .outOfRange("float32")),
      ("(1.5)", "(nat)", 1, 2, .mismatch(expected: "nat", found: "a number with a fraction")),
      ("(\"x\")", "(nat)", 1, 2, .mismatch(expected: "nat", found: "a text")),
      ("(5)", "(opt nat)", 1, 2, .mismatch(expected: "opt nat", found: "an integer")),
      ("(opt \"x\")", "(opt nat)", 1, 6, .mismatch(expected: "nat", found: "a text")),
      ("(5 : nat8)", "(nat16)", 1, 2, .mismatch(expected: "nat16", found: "nat8")),
      ("(5 : int)", "(nat)", 1, 2, .mismatch(expected: "nat", found: "int")),
      ("(5 : unknown)", "(nat)", 1, 6, .unknownType("unknown")),
      ("(null)", "(empty)", 1, 2, .mismatch(expected: "empty", found: "null")),
      ("(record { a = 1 })", "(record { a : nat; b : text })", 1, 2, .missingField("b")),
      ("(record { a = 1; 97 = 2 })", "(record { a : nat })", 1, 18, .duplicateField("a")),
      ("(record { 4294967296 = 2 })", "(record {})", 1, 11, .fieldIdOutOfRange),
      ("(record { 4294967295 = 2; 3 })", "(record {})", 1, 27, .fieldIdOutOfRange),
      ("(record { opt = 1 })", "(record {})", 1, 15, .unexpected(found: "\"=\"", expected: "a value")),
      ("(variant { c })", "(variant { a; b })", 1, 12, .unknownCase("c")),
      ("(variant { a; b })", "(variant { a; b })", 1, 15, .unexpected(found: "\"b\"", expected: "\"}\"")),
      ("(variant {})", "(variant {})", 1, 11, .unexpected(found: "\"}\"", expected: "a case")),
      ("(vec { 1; true })", "(vec nat)", 1, 11, .mismatch(expected: "nat", found: "a bool")),
      ("(principal \"aaaaa-ab\")", "(principal)", 1, 12, .invalidPrincipal(.incomplete)),
      ("(principal \"aaaaa-aa\")", "(service {})", 1, 2, .mismatch(expected: "service", found: "a principal")),
      ("(1, 2)", "(nat)", 1, 5, .argumentCount(expected: 1, found: 2)),
      ("(1)", "(nat, nat)", 1, 4, .argumentCount(expected: 2, found: 1)),
      ("(" + String(repeating: "1", count: 10_001) + ")", "(nat)", 1, 2, .numberTooLong),
    ]

  @Test(arguments: refused)
  func refusal(text: String, types: String, line: Int, column: Int, reason: CandidTextError.Reason) throws {
    let types = try CandidTypes(parsing: types)
    let error = #expect(throws: CandidTextError.self) { try parseArguments(text, as: types) }
    #expect(error?.reason == reason)
    #expect(error?.line == line && error?.column == column, "\(text.prefix(60)): \(error!)")
  }

  @Test func everyFloatReadsBack() throws {
    var random = RandomSource(seed: 3)
    let types = try CandidTypes(parsing: "(float64, float32)")
    for _ in 0..<(isDebugBuild ? 2_000 : 50_000) {
      let bits = random.next()
      let (double, float) = (Double(bitPattern: bits), Float(bitPattern: UInt32(truncatingIfNeeded: bits >> 11)))
      if double.isNaN || float.isNaN { continue }
      let values: [CandidValue] = [.float64(double), .float32(float)]
      #expect(try parseArguments(printArguments(values), as: types) == values)
    }
  }

  @Test func largeNumbersReadBack() throws {
    let types = try CandidTypes(parsing: "(nat, int)")
    for bits in [63, 64, 65, 127, 128, 4_095, 4_096, 4_097, 100_000] {
      let (zeros, top) = (bits / 64, 1 << UInt64(bits % 64) as UInt64)
      for limbs in [Array(repeating: UInt64.max, count: zeros) + [top - 1], Array(repeating: 0, count: zeros) + [top]] {
        let number = Natural(limbs: limbs)
        let values: [CandidValue] = [.nat(number), .int(-Integer(number))]
        #expect(try parseArguments(printArguments(values), as: types) == values)
        #expect(try decodeArguments(encodeArguments(values, as: types), as: types) == values)
      }
    }
  }
}
