// The types that values have of themselves.

import Candid
import Testing

@Suite struct TypeInferenceTests {
  /// A text without types, and types at which it means the same.
  private static let inferred: [(text: String, types: String)] = [
    ("()", "()"),
    ("(1, true, \"x\", null, 1.5, (5 : nat8))", "(int, bool, text, null, float64, nat8)"),
    ("(vec { (1 : nat); (-1 : int) }, vec { (-1 : int); (1 : nat) })", "(vec int, vec int)"),
    ("(vec {}, vec { vec {}; vec { true } })", "(vec empty, vec vec bool)"),
    ("(null, opt null, vec { null; opt true })", "(null, opt null, vec opt bool)"),
    ("(vec { opt opt true; null; opt null })", "(vec opt opt bool)"),
    ("(vec { variant { b }; variant { a = true }; variant { b } })", "(vec variant { a : bool; b })"),
    (
      "(vec { record { a = 1 }; record { a = 2; b = opt true }; record { b = null; a = 3 } })",
      "(vec record { a : int; b : opt bool })"
    ),
    ("(vec { principal \"aaaaa-aa\"; service \"aaaaa-aa\" }, service \"aaaaa-aa\")", "(vec principal, service {})"),
    ("(func \"aaaaa-aa\".m, blob \"x\")", "(func () -> (), blob)"),
    ("(vec { (true : reserved); (null : reserved) })", "(vec reserved)"),
    ("(vec { blob \"a\"; vec {} })", "(vec blob)"),
    ("(vec { (true : reserved); 1; true })", "(vec reserved)"),
    ("(vec { record { a = null }; record {}; record { a = opt 1 } })", "(vec record { a : opt int })"),
    (
      "(vec { opt record { x = vec { variant { b } } }; opt record { x = vec { variant { a } }; y = null } })",
      "(vec opt record { x : vec variant { a; b }; y : null })"
    ),
  ]

  @Test(arguments: inferred)
  func inference(text: String, types: String) throws {
    let types = try CandidTypes(parsing: types)
    let bytes = try encodeArguments(parseArguments(text))
    let found = try decodeArguments(bytes)
    #expect(try encodeArguments(found.values, as: types) == bytes)
    #expect(try decodeArguments(bytes, as: types) == found.values)
    #expect(found.types.isSubtype(of: types) && types.isSubtype(of: found.types))
  }

  @Test(
    arguments: [
      "(vec { true; 1 })", "(vec { record { a = 1 }; record { b = 1 } })", "(vec { vec { true }; vec { \"x\" } })",
      "(vec { variant { a = 1 }; variant { a = true } })", "(vec { null; 1 })", "(vec { opt 1; 1 })",
      "(vec { record { a = 1 }; record {} })", "(vec { record {}; record { a = 1 } })",
      "(vec { true; 1; (true : reserved) })",
    ])
  func withoutCommonType(text: String) throws {
    let values = try parseArguments(text)
    #expect(throws: CandidError.self) { try encodeArguments(values) }
  }

  /// All cases and fields, however many; and of elements without a common type, the first that doesn't fit those before it.
  @Test func manyElements() throws {
    let count = 3_000
    for (kind, values) in [
      ("variant", (0..<count).map { "variant { \(count - $0) = 1 }" }),
      ("record", (0..<count).map { "record { \(count - $0) = opt true }" }),
    ] {
      let found = try decodeArguments(encodeArguments(parseArguments("(vec { \(values.joined(separator: ";")) })")))
      let counts = found.types.table.entries.map { entry in
        switch entry {
        case .variant(let fields), .record(let fields): fields.count
        default: 0
        }
      }
      #expect(counts.contains(count), "\(kind)")
    }
    for wrong in [1, 2, 1_500, count - 1] {
      let elements = (0..<count).map { $0 == wrong ? "true" : "1" }
      let values = try parseArguments("(5, vec { \(elements.joined(separator: ";")) })")
      let error = #expect(throws: CandidError.self) { try encodeArguments(values) }
      #expect("\(try #require(error))".contains("argument 1, element \(wrong):"), "\(String(describing: error))")
    }
  }

  /// Equal types are one entry of the table, and recursive ones end.
  @Test func sharing() throws {
    let types = try CandidTypes(
      parsing: "type list = opt record { head : nat; tail : list }; (list, vec nat, record { vec nat; list }, vec nat)")
    let bytes = try encodeArguments([.opt(nil), .vec([]), .tuple(.vec([]), .opt(nil)), .vec([])], as: types)
    #expect(try decodeArguments(bytes).types.table.entries.count == 4)
  }
}
