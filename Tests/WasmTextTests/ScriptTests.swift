import Testing
import WasmText
import WebAssembly

@Suite struct ScriptTests {
  private func commands(_ text: String) throws -> [ScriptCommand] { try Script(parsing: text).commands }

  private func error(_ text: String) -> TextError? {
    do {
      _ = try Script(parsing: text)
      return nil
    } catch { return error }
  }

  @Test func commandsWithLines() throws {
    let text = """
      ;; A comment.
      (module $a (func (export "f")))
      (module definition $d (memory 1))
      (module instance $i $d)(module instance)
      (module binary "\\00asm" "\\01\\00\\00\\00")
      (register "name" $a)
      (register "current")
      (invoke "f")
      (invoke $a "f" (i32.const -1) (i64.const 2) (f32.const 1) (f64.const nan) (ref.null func) (ref.extern 3) (ref.host 4)
        (v128.const i32x4 1 2 3 4))
      (assert_return (get $a "g") (i32.const 1))
      (assert_trap (invoke "f") "unreachable")
      (assert_trap (module (func unreachable) (start 0)) "unreachable")
      (assert_exception (invoke "f"))
      (assert_exhaustion (invoke "f") "call stack exhausted")
      (assert_malformed (module quote "(func" ")") "text")
      (assert_invalid (module (func (result i32))) "type mismatch")
      (assert_unlinkable (module (import "m" "n" (func))) "unknown import")
      (assert_malformed_custom (module quote "(@custom)") "missing")
      (assert_invalid_custom (module binary) "x")
      """
    let commands = try commands(text)
    #expect(commands.map(\.line) == [2, 3, 4, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20])
    guard case .module(let first) = commands[0].kind, case .text(let bytes) = first.source else {
      Issue.record("not a module: \(commands[0])")
      return
    }
    #expect(first.name == "a" && bytes.starts(with: [0x00, 0x61, 0x73, 0x6D]))
    guard case .moduleDefinition(let definition) = commands[1].kind else {
      Issue.record("not a definition: \(commands[1])")
      return
    }
    #expect(definition.name == "d")
    guard case .moduleInstance("i", "d") = commands[2].kind, case .moduleInstance(nil, nil) = commands[3].kind else {
      Issue.record("not instances: \(commands[2...3])")
      return
    }
    guard case .module(let binary) = commands[4].kind, case .binary(let header) = binary.source else {
      Issue.record("not a binary module: \(commands[4])")
      return
    }
    #expect(header == [0x00, 0x61, 0x73, 0x6D, 1, 0, 0, 0])
    guard case .register("name", "a") = commands[5].kind, case .register("current", nil) = commands[6].kind else {
      Issue.record("not registrations: \(commands[5...6])")
      return
    }
    guard case .action(let plain) = commands[7].kind, case .action(let action) = commands[8].kind else {
      Issue.record("not actions: \(commands[7...8])")
      return
    }
    #expect(plain == .invoke(instance: nil, function: "f", arguments: []))
    let arguments: [ScriptValue] = [
      .i32(0xFFFF_FFFF), .i64(2), .f32(0x3F80_0000), .f64(0x7FF8_0000_0000_0000), .refNull(.func), .refExtern(3),
      .refHost(4), .v128(low: 0x2_0000_0001, high: 0x4_0000_0003),
    ]
    #expect(action == .invoke(instance: "a", function: "f", arguments: arguments))
    guard case .assertReturn(.get(instance: "a", global: "g"), [.value(.i32(1))]) = commands[9].kind,
      case .assertTrap(_, "unreachable") = commands[10].kind,
      case .assertModuleTrap(_, "unreachable") = commands[11].kind,
      case .assertException(plain) = commands[12].kind,
      case .assertExhaustion(plain, "call stack exhausted") = commands[13].kind,
      case .assertMalformed(let quoted, "text") = commands[14].kind,
      case .assertInvalid(_, "type mismatch") = commands[15].kind,
      case .assertUnlinkable(_, "unknown import") = commands[16].kind,
      case .assertMalformedCustom(_, "missing") = commands[17].kind,
      case .assertInvalidCustom(_, "x") = commands[18].kind
    else {
      Issue.record("not the assertions: \(commands[9...])")
      return
    }
    #expect(try quoted.bytes() == parseModule("(func)"))
  }

  @Test func results() throws {
    let table: [(String, ResultPattern)] = [
      ("(i32.const 0x8000_0000)", .value(.i32(0x8000_0000))),
      ("(f32.const nan:canonical)", .f32NaN(.canonical)), ("(f64.const nan:arithmetic)", .f64NaN(.arithmetic)),
      ("(f32.const nan:0x1)", .value(.f32(0x7F80_0001))),
      (
        "(v128.const i8x16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 -1)",
        .value(.v128(low: 0x0807_0605_0403_0201, high: 0xFF0F_0E0D_0C0B_0A09))
      ),
      (
        "(v128.const f32x4 1 nan:canonical nan nan:arithmetic)",
        .lanes(.f32x4, [.bits(0x3F80_0000), .nan(.canonical), .bits(0x7FC0_0000), .nan(.arithmetic)])
      ),
      ("(v128.const f64x2 nan:arithmetic -0)", .lanes(.f64x2, [.nan(.arithmetic), .bits(1 << 63)])),
      ("(v128.const f64x2 1 2)", .value(.v128(low: 0x3FF0_0000_0000_0000, high: 0x4000_0000_0000_0000))),
      ("(ref.null)", .refNull), ("(ref.null extern)", .value(.refNull(.extern))), ("(ref.func)", .refFunc(nil)),
      ("(ref.func 3)", .refFunc(3)), ("(ref.extern)", .refExtern), ("(ref.extern 1)", .value(.refExtern(1))),
      ("(ref.host 1)", .value(.refHost(1))), ("(ref.any)", .refAny), ("(ref.eq)", .refEq), ("(ref.i31)", .refI31),
      ("(ref.struct)", .refStruct), ("(ref.array)", .refArray), ("(ref.exn)", .refExn),
      ("(either (i32.const 1) (f32.const nan:canonical))", .either([.value(.i32(1)), .f32NaN(.canonical)])),
    ]
    for (text, expected) in table {
      let commands = try commands("(assert_return (invoke \"f\") \(text))")
      guard case .assertReturn(_, [expected]) = commands[0].kind else {
        Issue.record("\(text): \(commands[0])")
        continue
      }
    }
  }

  @Test func inlineModules() throws {
    for text in ["(func) (memory 0)", "(type (func))", "(@custom \"a\") (func)"] {
      let commands = try commands(text)
      guard commands.count == 1, case .module(let module) = commands[0].kind else {
        Issue.record("\(text): \(commands)")
        continue
      }
      #expect(try module.bytes() == parseModule(text))
    }
    #expect(try commands("").isEmpty)
  }

  /// A text module that is wrong doesn't stop the script, since the next command may still be found.
  @Test func malformedModulesAreKept() throws {
    let text = "(module)\n(assert_invalid (module (func\n  br $l)) \"unknown label\")\n(module)"
    let commands = try commands(text)
    #expect(commands.map(\.line) == [1, 2, 4])
    guard case .assertInvalid(let module, _) = commands[1].kind, case .malformed(let error) = module.source else {
      Issue.record("\(commands[1])")
      return
    }
    #expect(error.reason == .unknownLabel && error.line == 3 && error.column == 6)
    #expect(throws: error) { try module.bytes() }
  }

  @Test(
    arguments: [
      ("(module", .unexpectedToken, 1, 8), ("(module \"", .unclosedString, 1, 9), ("\n(frob)", .unknownOperator, 2, 2),
      ("()", .unexpectedToken, 1, 2), ("(module) x", .unknownOperator, 1, 10), ("(thread $t)", .unknownOperator, 1, 2),
      ("(invoke)", .unexpectedToken, 1, 8), ("(invoke \"f\" (i32.add))", .unexpectedToken, 1, 14),
      ("(invoke \"f\" (ref.null))", .unexpectedToken, 1, 14),
      ("(invoke \"f\" (f32.const nan:canonical))", .unexpectedToken, 1, 14),
      ("(invoke \"f\" (ref.null 0))", .unexpectedToken, 1, 23), ("(invoke \"\\ff\")", .malformedUTF8, 1, 9),
      ("(assert_return (module) (i32.const 1))", .unexpectedToken, 1, 17),
      ("(assert_trap (invoke \"f\"))", .unexpectedToken, 1, 26),
      ("(assert_return (invoke \"f\") (either (either)))", .unexpectedToken, 1, 38),
      ("(assert_return (invoke \"f\") (v128.const f32x4 1))", .wrongNumberOfLaneLiterals, 1, 48),
      ("(assert_return (invoke \"f\") (v128.const i32x4 nan:canonical 1 1 1))", .unexpectedToken, 1, 47),
      ("(register)", .unexpectedToken, 1, 10), ("(module) (func)", .unexpectedToken, 1, 11),
      ("(module) (@custom \"\")", .misplacedCustomAnnotation, 1, 10),
    ] as [(String, TextErrorReason, Int, Int)])
  func isRefused(text: String, reason: TextErrorReason, line: Int, column: Int) {
    let error = error(text)
    #expect(
      error?.reason == reason && error?.line == line && error?.column == column, "\(text): \(String(describing: error))"
    )
  }
}
