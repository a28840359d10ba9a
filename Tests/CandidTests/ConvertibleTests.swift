// Values from and to Swift types, as a service written in Swift uses them.

import Candid
import Testing

@Suite struct ConvertibleTests {
  private static let interface = try! CandidInterface(
    parsing: """
      type settings = record { controllers : opt vec principal; freezing_threshold : opt nat };
      type mode = variant { install; reinstall; upgrade : opt record { skip_pre_upgrade : opt bool } };
      service : {
        update : (record { canister_id : principal; settings : settings; version : opt nat64 }) -> ();
        install : (record { mode : mode; wasm_module : blob }) -> (record { hash : blob; size : nat; log : vec text });
      }
      """)

  @Test func arguments() throws {
    let method = try #require(Self.interface.method("update"))
    let text = """
      (record { canister_id = principal "2vxsx-fae"; settings = record { controllers = opt vec { principal "aaaaa-aa" } } })
      """
    let bytes = try encodeArguments(parseArguments(text, as: method.arguments), as: method.arguments)
    let argument: CandidRecord = try decodeArguments(bytes, as: method.arguments).get(0)
    #expect(try argument.get("canister_id") == Principal.anonymous)
    #expect(try argument.get("version", as: UInt64?.self) == nil)
    let settings: CandidRecord = try argument.get("settings")
    #expect(try settings.get("controllers", as: [Principal]?.self) == [.managementCanister])
    #expect(try settings.get("freezing_threshold", as: Natural?.self) == nil)
    #expect(try settings.get("absent", as: Natural?.self) == nil)
  }

  @Test func variants() throws {
    let method = try #require(Self.interface.method("install"))
    let values = try parseArguments(
      "(record { mode = variant { upgrade = opt record { skip_pre_upgrade = opt true } }; wasm_module = blob \"x\" })",
      as: method.arguments)
    let argument = try values[0].record()
    #expect(try argument.get("wasm_module", as: [UInt8].self) == Array("x".utf8))
    let mode = try #require(argument["mode"]).variant()
    #expect(mode.name == "upgrade")
    let options: CandidRecord? = try mode.get()
    #expect(try options?.get("skip_pre_upgrade", as: Bool?.self) == true)
  }

  @Test func results() throws {
    let method = try #require(Self.interface.method("install"))
    let result: CandidValue = .record([
      "hash": CandidValue([1, 2, 3] as [UInt8]), "size": CandidValue(7 as UInt64), "log": .vec(["a", "b"]),
    ])
    let bytes = try encodeArguments([result], as: method.results)
    let record: CandidRecord = try decodeArguments(bytes, as: method.results).get(0)
    #expect(try record.get("hash", as: [UInt8].self) == [1, 2, 3])
    #expect(try record.get("size", as: Int.self) == 7)
    #expect(try record.get("log", as: [String].self) == ["a", "b"])
  }

  @Test func readsBack() throws {
    func check<Value: CandidConvertible & Equatable>(_ value: Value, _ candid: CandidValue) throws {
      #expect(value.candid == candid)
      #expect(try candid.get(Value.self) == value)
    }
    try check(true, .bool(true))
    try check("x", "x")
    try check(200 as UInt8, .nat8(200))
    try check(UInt16.max, .nat16(.max))
    try check(UInt32.max, .nat32(.max))
    try check(UInt64.max, .nat64(.max))
    try check(UInt128.max, .nat(0xFFFF_FFFF_FFFF_FFFF_FFFF_FFFF_FFFF_FFFF))
    try check(Int8.min, .int8(.min))
    try check(Int16.min, .int16(.min))
    try check(Int32.min, .int32(.min))
    try check(Int64.min, .int64(.min))
    try check(Int.min, .int(Integer(Int.min)))
    try check(Natural(5), .nat(5))
    try check(Integer(-5), .int(-5))
    try check(1.5 as Float, .float32(1.5))
    try check(1.5 as Double, .float64(1.5))
    try check(Principal.anonymous, .principal(.anonymous))
    try check(
      CandidFunction(canister: .anonymous, method: "m"), .func(CandidFunction(canister: .anonymous, method: "m")))
    try check([1, 2] as [UInt8], .blob([1, 2]))
    try check([1, 2] as [UInt64], .vec([.nat64(1), .nat64(2)]))
    try check(nil as UInt8?, .opt(nil))
    try check([3] as [UInt8]?, .opt(.blob([3])))
    #expect(try CandidValue.blob([1, 2]).get([Int].self) == [1, 2])
    #expect(try CandidValue.service(.anonymous).get(Principal.self) == .anonymous)
  }

  @Test func errors() throws {
    let record: CandidRecord = ["a": .nat(300), "list": .vec([.nat8(1), "x"]), "inner": .record(["b": .null])]
    let value = CandidValue.record(record)
    func error<Value: CandidConvertible>(_ label: CandidLabel, _: Value.Type) -> CandidError? {
      do { _ = try record.get(label, as: Value.self) } catch { return error }
      return nil
    }
    #expect(error("a", UInt8.self) == .outOfRange(expected: "nat8", found: "300", path: "field a"))
    #expect(error("a", String.self) == .mismatch(expected: "text", found: "nat", path: "field a"))
    #expect(error("b", String.self) == .missingField("b", path: ""))
    #expect(error("list", [UInt8].self) == .mismatch(expected: "nat8", found: "text", path: "field list, element 1"))
    #expect(throws: CandidError.mismatch(expected: "variant", found: "record", path: "")) { try value.variant() }
    #expect(throws: CandidError.argumentCount(expected: 2, found: 1)) { try [value].get(1, as: Bool.self) }
    #expect(throws: CandidError.mismatch(expected: "bool", found: "record", path: "argument 0")) {
      try [value].get(0, as: Bool.self)
    }
  }

  /// Errors of encoding and decoding say where.
  @Test func paths() throws {
    let types = try CandidTypes(parsing: "(record { a : vec opt record { b : nat8 } })")
    func encoded(_ value: CandidValue) -> CandidError? {
      do { _ = try encodeArguments([value], as: types) } catch { return error }
      return nil
    }
    func list(_ element: CandidValue) -> CandidValue { .record(["a": .vec([.opt(nil), .opt(element)])]) }
    #expect(encoded(list(.record(["b": .nat8(1)]))) == nil)
    let place = "argument 0, field a, element 1"
    #expect(encoded(list("x")) == .mismatch(expected: "record {…}", found: "text", path: place))
    #expect(encoded(list(.record([:]))) == .missingField("b", path: place))
    #expect(encoded(list(.record(["b": .nat8(1), "c": .null]))) == .unknownField("c", path: place))
    #expect(
      encoded(list(.record(["b": .int(-1)]))) == .outOfRange(expected: "nat8", found: "-1", path: place + ", field b"))

    let sent = try encodeArguments([.tuple(.nat(1), .vec([.text("x")]))])
    #expect(throws: CandidError.mismatch(expected: "nat", found: "text", path: "argument 0, field 1, element 0")) {
      try decodeArguments(sent, as: CandidTypes(parsing: "(record { nat; vec nat })"))
    }
    #expect(throws: CandidError.missingField("z", path: "argument 0")) {
      try decodeArguments(sent, as: CandidTypes(parsing: "(record { nat; z : nat })"))
    }
    #expect(throws: CandidError.argumentCount(expected: 2, found: 1)) {
      try decodeArguments(sent, as: CandidTypes(parsing: "(reserved, nat)"))
    }
  }
}
