// `cannery canister`: throw-away calls, kept canisters, Candid in both directions, rejects, exit codes, JSON.

import CLICommands
import Foundation
import Testing

@Suite struct CanisterCommandTests {
  /// A counter that says hello: `greet` and `get` are queries, `add` an update that prints, `fail` traps, `take` takes
  /// cycles. The name that `greet` gets is its Candid message, so that the reply is one.
  static let module = """
    (module
      (import "ic0" "msg_arg_data_size" (func $size (result i32)))
      (import "ic0" "msg_arg_data_copy" (func $copy (param i32 i32 i32)))
      (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
      (import "ic0" "msg_reply" (func $reply))
      (import "ic0" "debug_print" (func $print (param i32 i32)))
      (import "ic0" "msg_cycles_accept" (func $accept (param i64) (result i64)))
      (import "ic0" "time" (func $time (result i64)))
      (memory 1)
      (data (i32.const 0) "DIDL\\00\\01\\78")
      (data (i32.const 64) "added")
      (func $number (param i64)
        (i64.store (i32.const 7) (local.get 0)) (call $append (i32.const 0) (i32.const 15)) (call $reply))
      (func (export "canister_query greet")
        (call $copy (i32.const 512) (i32.const 0) (call $size))
        (call $append (i32.const 512) (call $size)) (call $reply))
      (func (export "canister_query get") (call $number (i64.load (i32.const 128))))
      (func (export "canister_query now") (call $number (call $time)))
      (func (export "canister_update add")
        (call $copy (i32.const 512) (i32.const 0) (i32.const 15))
        (i64.store (i32.const 128) (i64.add (i64.load (i32.const 128)) (i64.load (i32.const 519))))
        (call $print (i32.const 64) (i32.const 5)) (call $number (i64.load (i32.const 128))))
      (func (export "canister_update take") (call $number (call $accept (i64.const 500))))
      (func (export "canister_update fail") (unreachable))
      (func (export "canister_post_upgrade") (i64.store (i32.const 128) (i64.const 1000))))
    """
  static let interface = """
    service : {
      greet : (text, opt record { age : nat8 }) -> (text, opt record { age : nat8 }) query;
      get : () -> (nat64) query;
      now : () -> (nat64) query;
      add : (nat64) -> (nat64);
      take : () -> (nat64);
      fail : () -> ();
    }
    """

  private func workspace() throws -> Workspace {
    let work = try Workspace()
    try work.write("app.wat", Self.module)
    try work.write("app.did", Self.interface)
    return work
  }

  @Test func callsAModule() throws {
    let work = try workspace()
    let greeting = work.run(
      "canister", "call", "app.wat", "greet", "(\"x\", opt record { age = 5 })", "--candid", "app.did")
    #expect(greeting.exitCode == 0, "\(greeting.errors)")
    #expect(greeting.output == "(\"x\", opt record { age = 5 : nat8 })\n")
    #expect(greeting.errors.contains(" greet: "))
    #expect(greeting.errors.contains(" instructions, 0 cycles"))
    // Without an interface, types are those of the text, and fields are numbers.
    let plain = work.run("canister", "query", "app.wat", "greet", "(\"x\", opt record { age = 5 : nat8 })", "-q")
    #expect(plain.output == "(\"x\", opt record { 4_846_783 = 5 : nat8 })\n")
    #expect(plain.errors.isEmpty)
    let raw = work.run("canister", "call", "app.wat", "greet", "--raw", "--arg", "4449444c0000", "-q")
    #expect(raw.output == "4449444c0000\n")
    try work.write("arg.txt", "(7)")
    let file = work.run("canister", "call", "app.wat", "add", "--arg-file", "arg.txt", "--candid", "app.did", "-q")
    #expect(file.output == "(7 : nat64)\n")
  }

  @Test func importsOfOneFileByTwoPaths() throws {
    let work = try workspace()
    try FileManager.default.createDirectory(atPath: work.path("lib"), withIntermediateDirectories: true)
    try work.write("common.did", "type C = nat64;")
    try work.write("lib/a.did", "import \"../common.did\"; import \"../lib/a.did\"; type A = C;")
    try work.write("main.did", "import \"common.did\"; import \"lib/a.did\"; service : { add : (C) -> (A) }")
    let result = work.run("canister", "call", "app.wat", "add", "(7)", "--candid", "main.did", "-q")
    #expect(result.output == "(7 : nat64)\n", "\(result.errors)")
    try work.write("main.did", "import \"lib\"; service : { add : (nat64) -> (nat64) }")
    let folder = work.run("canister", "call", "app.wat", "add", "(7)", "--candid", "main.did", "-q")
    #expect(folder.exitCode == 2)
    #expect(folder.errors.contains("lib: Is a directory"), "\(folder.errors)")
  }

  @Test func reportsAsJSON() throws {
    let work = try workspace()
    let result = work.run("canister", "call", "app.wat", "add", "(41)", "--candid", "app.did", "--json")
    #expect(result.exitCode == 0)
    #expect(result.json["reply"] as? String == "(41 : nat64)")
    let executions = result.json["executions"] as? [[String: Any]] ?? []
    #expect(executions.count == 1)
    #expect(executions.first?["dirtyPages"] as? Int == 1)
    let instructions = result.json["instructions"] as? Int ?? 0
    #expect(result.json["cycles"] as? String == "\(5_000_000 + instructions)")
    let logs = result.json["logs"] as? [[String: Any]] ?? []
    #expect(logs.first?["text"] as? String == "added")
    let reject = work.run("canister", "call", "app.wat", "fail", "--json")
    #expect(reject.exitCode == 1)
    let error = reject.json["reject"] as? [String: Any] ?? [:]
    #expect(error["code"] as? String == "IC0502")
    #expect(error["rejectCode"] as? Int == 5)
    #expect((error["message"] as? String ?? "").contains("Canister trapped: unreachable"))
  }

  @Test func keepsCanisters() throws {
    let work = try workspace()
    let state = work.path("state")
    func run(_ words: String...) -> CommandResult { work.run(["canister"] + words + ["--state", state]) }
    let created = run("create", "app", "--cycles", "5t")
    #expect(created.exitCode == 0, "\(created.errors)")
    #expect(created.output == "rwlgt-iiaaa-aaaaa-aaaaa-cai\n")
    #expect(run("create", "app").exitCode == 2)
    #expect(run("install", "app", "app.wat").exitCode == 0)
    #expect(run("install", "app", "app.wat").exitCode == 1)
    #expect(run("call", "app", "add", "(2)", "--candid", "app.did", "-q").output == "(2 : nat64)\n")
    #expect(
      run("call", "rwlgt-iiaaa-aaaaa-aaaaa-cai", "add", "(3)", "--candid", "app.did", "-q").output == "(5 : nat64)\n")
    #expect(run("query", "app", "get", "-q").output == "(5 : nat64)\n")
    #expect(run("call", "app", "fail").exitCode == 1)
    #expect(run("query", "app", "get", "-q").output == "(5 : nat64)\n")
    #expect(run("logs", "app").output.hasPrefix("[0] added\n[1] added\n[2] [TRAP]: "))
    let status = run("status", "app", "--json")
    #expect(status.json["status"] as? String == "running")
    #expect((status.json["cycles"] as? String).flatMap { Int($0) } ?? 0 < 5_000_000_000_000)
    #expect(run("call", "app", "take", "--cycles", "2k", "-q").output == "(500 : nat64)\n")
    #expect(run("upgrade", "app", "app.wat").exitCode == 0)
    #expect(run("query", "app", "get", "-q").output == "(1_000 : nat64)\n")
    #expect(run("reinstall", "app", "app.wat").exitCode == 0)
    #expect(run("query", "app", "get", "-q").output == "(0 : nat64)\n")
    #expect(run("stop", "app").exitCode == 0)
    #expect(run("list").output == "rwlgt-iiaaa-aaaaa-aaaaa-cai stopped app\n")
    #expect(run("call", "app", "get").exitCode == 1)
    #expect(run("start", "app").exitCode == 0)
    #expect(run("top-up", "app", "1t").exitCode == 0)
    #expect(run("uninstall", "app").exitCode == 0)
    #expect(run("query", "app", "get").exitCode == 1)
    #expect(run("stop", "app").exitCode == 0)
    #expect(run("delete", "app").exitCode == 0)
    #expect(run("list").output.isEmpty)
    #expect(run("query", "app", "get").exitCode == 2)
  }

  @Test func timePasses() throws {
    let work = try workspace()
    let state = work.path("state")
    _ = work.run("canister", "create", "app", "--state", state)
    _ = work.run("canister", "install", "app", "app.wat", "--state", state)
    func now(_ words: String...) throws -> UInt64 {
      let result = work.run(["canister", "call", "app", "now", "-q", "--state", state] + words)
      return UInt64(result.output.filter(\.isNumber).dropLast(2)) ?? 0
    }
    let before = try now()
    #expect(try now("--advance-time", "2h") == before + 7_200_000_000_000)
    #expect(try now() == before + 7_200_000_000_000)
  }

  @Test func wrongUsage() throws {
    let work = try workspace()
    func exitCode(_ words: String...) -> Int32 { work.run(["canister"] + words).exitCode }
    #expect(exitCode("call", "app.wat") == 64)
    #expect(exitCode("call", "app.wat", "add", "(1", "--candid", "app.did") == 64)
    #expect(exitCode("call", "app.wat", "add", "(\"x\")", "--candid", "app.did") == 64)
    #expect(exitCode("call", "app.wat", "add", "()", "--candid", "app.did") == 64)
    #expect(exitCode("call", "app.wat", "add", "(1)", "--arg", "(2)") == 64)
    #expect(exitCode("call", "app.wat", "nothing", "--candid", "app.did") == 64)
    #expect(exitCode("call", "app.wat", "get", "--query", "--update") == 64)
    #expect(exitCode("call", "app.wat", "get", "--raw", "--arg", "0g") == 64)
    #expect(exitCode("call", "app.wat", "get", "--caller", "x") == 64)
    #expect(exitCode("call", "app.wat", "get", "--advance-time", "5") == 64)
    #expect(exitCode("call", "missing.wasm", "get") == 2)
    #expect(exitCode("list", "--state", work.path("missing")) == 2)
    try work.write("bad.wat", "(module (func (export \"canister_update f\") (param i32)))")
    #expect(exitCode("call", "bad.wat", "f") == 2)
    try work.write("bad.did", "service : { f : (t) -> () }")
    #expect(exitCode("call", "app.wat", "get", "--candid", "bad.did") == 2)
  }

  @Test func damagedStates() throws {
    let work = try workspace()
    let state = work.path("state")
    _ = work.run("canister", "create", "app", "--state", state)
    try Data([1, 2, 3]).write(to: URL(fileURLWithPath: state + "/state"))
    let result = work.run("canister", "list", "--state", state, "--json")
    #expect(result.exitCode == 2)
    #expect(result.errorKind == "malformed")
  }
}
