// .did files: what they say, what is wrong with them, and how they are printed.

import Candid
import Testing

@Suite struct InterfaceTests {
  @Test func methods() throws {
    let interface = try CandidInterface(
      parsing: """
        // A ledger.
        type account = record { owner : principal; subaccount : opt blob };
        type result = variant { Ok : nat; Err : error };
        type error = variant { insufficient : record { balance : nat }; other : text };
        type list = opt record { account; list };
        type action = func (nat) -> (result) composite_query;
        service ledger : (record { name : text }, opt nat8) -> {
          transfer : (to : account, amount : nat) -> (result);
          "balance of" : (account) -> (nat) query;
          log : (text) -> () oneway;
          act : action;
          all : () -> (list, vec account) query;
        }
        """)
    #expect(interface.methods.map(\.name) == ["act", "all", "balance of", "log", "transfer"])
    let transfer = try #require(interface.method("transfer"))
    #expect(transfer.arguments.count == 2 && transfer.results.count == 1 && !transfer.isQuery)
    #expect(interface.method("balance of")?.isQuery == true)
    #expect(interface.method("act")?.modes == .compositeQuery)
    #expect(interface.method("log")?.modes == .oneway)
    #expect(interface.method("absent") == nil)
    #expect(interface.initArguments?.count == 2)

    let text = "(record { owner = principal \"2vxsx-fae\" }, 1_000)"
    let values = try parseArguments(text, as: transfer.arguments)
    let bytes = try encodeArguments(values, as: transfer.arguments)
    #expect(try decodeArguments(bytes, as: transfer.arguments) == values)
    #expect(
      printArguments(values)
        == "(record { owner = principal \"2vxsx-fae\"; subaccount = null }, 1_000 : nat)")
    // Without types fields have numbers.
    #expect(
      printArguments(try decodeArguments(bytes).values)
        == "(\n  record { 947_296_307 = principal \"2vxsx-fae\"; 1_349_681_965 = null },\n  1_000 : nat,\n)")
    #expect(try interface.types(parsing: "type x = vec account; (x, nat)").count == 2)
  }

  /// A file, with line, column and reason of what is wrong.
  private static let refused: [(text: String, line: Int, column: Int, reason: CandidTextError.Reason)] = [
    ("type A = B;\ntype B = A;", 1, 6, .cyclicType("A")),
    ("type D = E; type E = F; type F = G; type G = D;", 1, 6, .cyclicType("D")),
    ("type A = A;", 1, 6, .cyclicType("A")),
    ("type A = nat;\ntype A = int;", 2, 6, .duplicateType("A")),
    ("type A = opt B;", 1, 14, .unknownType("B")),
    ("type nat = int;", 1, 6, .unexpected(found: "\"nat\"", expected: "a name that no type has yet")),
    ("type opt = int;", 1, 6, .unexpected(found: "\"opt\"", expected: "the name of a type")),
    ("type A = record { a : nat; a : text };", 1, 28, .duplicateField("a")),
    ("type A = record { a : nat; 97 : text };", 1, 28, .duplicateField("a")),
    ("type A = variant { a; b; a };", 1, 26, .duplicateField("a")),
    ("type A = record { nat; 0 : nat };", 1, 24, .duplicateField(0)),
    ("type A = record { 4294967296 : nat };", 1, 19, .fieldIdOutOfRange),
    ("type A = record { 4294967295 : nat; nat };", 1, 37, .fieldIdOutOfRange),
    ("type A = variant { opt nat };", 1, 20, .unexpected(found: "\"opt\"", expected: "a case")),
    ("type A = func () -> (nat) oneway;", 1, 27, .onewayWithResults),
    ("type A = func () -> () query query;", 1, 30, .duplicateMode),
    ("type A = func (a : nat, a : nat) -> ();", 1, 25, .duplicateArgumentName("a")),
    ("type A = func (nat);", 1, 20, .unexpected(found: "\";\"", expected: "\"->\"")),
    ("service : { a : () -> (); a : () -> () }", 1, 27, .duplicateMethod("a")),
    ("type t = nat;\nservice : { a : t }", 2, 17, .notFunction("a")),
    ("type t = service { a : t };", 1, 24, .notFunction("a")),
    ("service : { a : nat }", 1, 17, .unknownType("nat")),
    ("type t = nat; service : t", 1, 25, .notService),
    ("service : t", 1, 11, .unknownType("t")),
    ("service : nat", 1, 11, .unknownType("nat")),
    ("service : { query : () -> () }", 1, 13, .unexpected(found: "\"query\"", expected: "a method")),
    ("service : {} ; type A = nat", 1, 16, .unexpected(found: "\"type\"", expected: "the end")),
    ("service : {}\nservice : {}", 2, 1, .unexpected(found: "\"service\"", expected: "the end")),
    (
      "type A = nat type B = nat", 1, 14,
      .unexpected(found: "\"type\"", expected: "\"type\", \"import\" or \"service\"")
    ),
    ("nonsense", 1, 1, .unexpected(found: "\"nonsense\"", expected: "\"type\", \"import\" or \"service\"")),
    ("/* /* */", 1, 1, .unclosedComment),
    ("type A = \"x\";", 1, 10, .unexpected(found: "a string", expected: "a type")),
    ("import \"absent.did\";", 1, 8, .importNotFound("absent.did")),
    ("type A = " + String(repeating: "opt ", count: 5_000) + "nat", 1, 2_042, .nestedTooDeeply),
  ]

  @Test(arguments: refused)
  func refusal(text: String, line: Int, column: Int, reason: CandidTextError.Reason) {
    let error = #expect(throws: CandidTextError.self) { try CandidInterface(parsing: text) }
    #expect(error?.reason == reason)
    #expect(error?.line == line && error?.column == column, "\(text.prefix(60)): \(error!)")
  }

  @Test(
    arguments: [
      "", "service : {}", "service : {};", "service name : { };", "type A = opt B; type C = A; type B = opt C;",
      "type X = Y; type Y = Z; type Z = opt X; service : { f : (X, Y, Z) -> () }",
      "type return = service { f : t }; type t = func (server : return) -> ();",
      "type t = record { \"'\" : nat; \"\\\"\" : nat; \"\\\\\\n\" : nat; text : text; 0x2A : nat; 2_0 : nat };",
      "service : { f : (record { 2_ : int; \"2\" : nat }) -> (); \"\" : () -> (); \"✈️  🚗\" : () -> () oneway }",
      "type S = service { a : () -> () }; service : () -> S",
    ])
  func acceptance(text: String) throws {
    let interface = try CandidInterface(parsing: text)
    // What is printed says the same.
    let again = try CandidInterface(parsing: interface.description)
    #expect(again.methods == interface.methods && again.definitions == interface.definitions)
    #expect(again.description == interface.description)
  }

  @Test func printing() throws {
    let text = """
      type f = func (list, func (int32) -> (int64)) -> (opt list, res);
      type list = opt node;
      type node = record { head : nat; tail : list };
      type nested = record {
        0 : nat;
        1 : nat;
        2 : record { nat; int };
        3 : record { 0 : nat; 42 : nat; 43 : nat8 };
        41 : variant { 42; A; B; C };
      };
      type res = variant { Ok : record { int; nat }; Err : record { "error" : text } };
      service : (opt nested) -> {
        "two words" : (list, test : blob, opt bool) -> () oneway;
        f1 : f;
        h : (vec opt text, variant { A : nat; B : opt text }, opt list) -> (
            record { 42 : record {}; id : nat; description : opt text },
          ) composite_query;
      }

      """
    #expect(
      try CandidInterface(parsing: text).description
        == text.replacing("\"error\"", with: "error"))
  }

  @Test func imports() throws {
    let files = [
      "types.did": "type account = record { owner : principal }; service : (nat) -> { unused : () -> () }",
      "base.did": "import \"types.did\"; service : { balance : (account) -> (nat) query }",
      "loop.did": "import \"main.did\"; import \"loop.did\"; type looped = nat;",
      "bare.did": "type b = nat;",
      "wrong.did": "type w = nat;\ntype v = absent;",
    ]
    func parse(_ text: String) throws -> CandidInterface {
      try CandidInterface(parsing: text, identity: "main.did") { name, _ in
        let text = name == "main.did" ? "service : { not : () -> (read) }" : files[name]
        return text.map { CandidInterface.ImportedFile(identity: name, text: $0) }
      }
    }
    let merged = try parse("import service \"base.did\"; import \"types.did\"; service : { own : (account) -> () }")
    #expect(merged.methods.map(\.name) == ["balance", "own"])
    #expect(try parse("import service \"base.did\";").methods.map(\.name) == ["balance"])
    #expect(try parse("import \"base.did\";").service == nil)
    #expect(try parse("import \"loop.did\"; service : { f : (looped) -> () }").methods.count == 1)

    func reason(_ text: String) -> CandidTextError? {
      do { _ = try parse(text) } catch let error as CandidTextError { return error } catch {}
      return nil
    }
    #expect(reason("import service \"types.did\";")?.reason == .importOfConstructor("types.did"))
    #expect(reason("import service \"bare.did\";")?.reason == .importWithoutService("bare.did"))
    #expect(
      reason("import service \"base.did\"; service : { balance : () -> () }")?.reason == .duplicateMethod("balance"))
    #expect(reason("import \"bare.did\"; type b = int;")?.reason == .duplicateType("b"))
    let inside = reason("type a = nat;\nimport \"wrong.did\";")
    #expect(inside?.description == "wrong.did:2:10: there is no type absent")
  }
}
