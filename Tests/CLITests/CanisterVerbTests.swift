// `cannery canister`: settings, metadata, time that passes, calls that are answered later, the management canister.

import CLICommands
import Foundation
import Testing

@Suite struct CanisterVerbTests {
  /// `start` sets a timer that goes off each second and counts; `random` asks the management canister, and fails in the
  /// callback where there is an argument.
  static let module = """
    (module
      (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
      (import "ic0" "msg_reply" (func $reply))
      (import "ic0" "global_timer_set" (func $timer (param i64) (result i64)))
      (import "ic0" "time" (func $time (result i64)))
      (import "ic0" "msg_arg_data_size" (func $size (result i32)))
      (import "ic0" "call_new" (func $new (param i32 i32 i32 i32 i32 i32 i32 i32)))
      (import "ic0" "call_on_cleanup" (func $cleanup (param i32 i32)))
      (import "ic0" "call_data_append" (func $data (param i32 i32)))
      (import "ic0" "call_perform" (func $perform (result i32)))
      (import "ic0" "debug_print" (func $print (param i32 i32)))
      (memory 1)
      (table funcref (elem $onReply $onFailure $onCleanup))
      (data (i32.const 16) "raw_rand")
      (data (i32.const 32) "DIDL\\00\\01\\78")
      (data (i32.const 64) "DIDL\\00\\00")
      (data (i32.const 80) "tick")
      (func $again (drop (call $timer (i64.add (call $time) (i64.const 1000000000)))))
      (func $number
        (i64.store (i32.const 39) (i64.load (i32.const 0)))
        (call $append (i32.const 32) (i32.const 15)) (call $reply))
      (func (export "canister_update start") (call $again) (call $number))
      (func (export "canister_global_timer")
        (call $print (i32.const 80) (i32.const 4))
        (i64.store (i32.const 0) (i64.add (i64.load (i32.const 0)) (i64.const 1))) (call $again))
      (func (export "canister_query count") (call $number))
      (func $random (export "canister_update random")
        (call $new (i32.const 0) (i32.const 0) (i32.const 16) (i32.const 8)
          (i32.gt_u (call $size) (i32.const 8)) (i32.const 0) (i32.const 0) (i32.const 0))
        (call $cleanup (i32.const 2) (i32.const 0))
        (call $data (i32.const 64) (i32.const 6))
        (drop (call $perform)))
      (func $onReply (param i32) (call $number))
      (func $onFailure (param i32) (unreachable))
      (func $onCleanup (param i32) (call $print (i32.const 80) (i32.const 4)))
      (@custom "icp:public candid:service" "service : { start : () -> (nat64); count : () -> (nat64) query; random : (text) -> (nat64) }")
      (@custom "icp:private secret" "\\00\\ff"))
    """

  /// A workspace with the module as the canister `app` in the state `s`.
  private final class Kept {
    let work: Workspace
    let state: String

    init() throws {
      work = try Workspace()
      state = work.path("s")
      try work.write("app.wat", CanisterVerbTests.module)
      for words in [["create", "app"], ["install", "app", work.path("app.wat")]] {
        let result = run(words)
        if result.exitCode != 0 { throw CommandError(text: result.errors) }
      }
    }

    func run(_ words: String...) -> CommandResult { run(words) }
    func run(_ words: [String]) -> CommandResult { work.run(["canister"] + words + ["--state", state]) }
  }

  @Test func timePasses() throws {
    let kept = try Kept()
    #expect(kept.run("call", "app", "start", "-q").output == "(0 : nat64)\n")
    #expect(kept.run("tick").errors.isEmpty)
    let result = kept.run("tick", "5s")
    #expect(result.exitCode == 0)
    #expect(result.output.isEmpty)
    #expect(result.errors.contains("] tick\n"))
    #expect(result.errors.contains(" canister_global_timer: "))
    #expect(kept.run("query", "app", "count", "-q").output == "(5 : nat64)\n")
    // Also before a query.
    #expect(kept.run("query", "app", "count", "-q", "--advance-time", "3s").output == "(8 : nat64)\n")
    #expect(kept.run("call", "app", "count", "-q", "--advance-time", "2s").output == "(10 : nat64)\n")
    let rounds = kept.run("advance", "10s", "--rounds", "1", "--json")
    #expect((rounds.json["executions"] as? [Any])?.count == 2)
    #expect(rounds.json["time"] as? String == "\(1_620_328_630_001_000_000 + 20_001_000_000)")
    #expect(kept.run("tick", "--rounds", "-1").exitCode == 64)
    #expect(kept.run("tick", "5").exitCode == 64)
    #expect(kept.run("tick", "600000d", "-q").exitCode == 64)
  }

  /// Who is named must be a controller; who isn't named may do everything.
  @Test func strangers() throws {
    let kept = try Kept()
    let stranger = "rrkah-fqaaa-aaaaa-aaaaq-cai"
    for words in [
      ["stop", "app"], ["start", "app"], ["uninstall", "app"], ["delete", "app"], ["snapshot", "create", "app"],
      ["settings", "update", "app", "--compute-allocation", "1"], ["upgrade", "app", "app.wat"],
    ] {
      let refused = kept.run(words + ["--caller", stranger])
      #expect(refused.exitCode == 1, "\(words)")
      #expect(refused.errors.contains("Only the controllers of the canister"), "\(refused.errors)")
    }
    #expect(kept.run("top-up", "app", "1t", "--caller", stranger).exitCode == 0)
    #expect(kept.run("stop", "app", "--caller", "2vxsx-fae").exitCode == 0)
    #expect(kept.run("start", "app").exitCode == 0)
  }

  @Test func answersThatComeLater() throws {
    let kept = try Kept()
    let early = kept.run("call", "app", "random", "(\"\")", "--rounds", "1", "--json")
    #expect(early.exitCode == 1)
    #expect(early.errorKind == "no-answer")
    #expect((early.json["error"] as? [String: Any])?["request"] as? Int == 1)
    #expect((early.json["executions"] as? [Any])?.count == 1)
    #expect(early.errors.contains("`cannery canister request-status 1 --state \(kept.state)`"), "\(early.errors)")
    let answer = kept.run("request-status", "1", "app", "random")
    #expect(answer.exitCode == 0, "\(answer.errors)")
    #expect(answer.output == "(0 : nat64)\n")
    #expect(answer.errors.contains(" reply callback: "))
    #expect(kept.run("request-status", "1").exitCode == 2)
    let sent = kept.run("call", "app", "start", "--async")
    #expect(sent.output == "2\n")
    #expect(kept.run("request-status", "2", "--raw", "-q").output == "4449444c0001780000000000000000\n")
    #expect(kept.run("call", "app", "start", "--async", "--query").exitCode == 64)
    #expect(kept.work.run("canister", "call", "app.wat", "start", "--async").exitCode == 64)
    let once = kept.work.run("canister", "call", "app.wat", "random", "(\"\")", "--rounds", "1")
    #expect(once.exitCode == 1)
    #expect(once.errors.contains("no answer after 1 rounds"))
  }

  @Test func failuresAreReportedWhole() throws {
    let kept = try Kept()
    let result = kept.run("call", "app", "random", "(\"fail\")", "--json")
    #expect(result.exitCode == 1)
    let executions = result.json["executions"] as? [[String: Any]] ?? []
    #expect(executions.map { $0["name"] as? String } == ["random", "reply callback", "cleanup"])
    #expect(executions.map { $0["error"] as? String } == [nil, "IC0502", nil])
    let text = kept.run("call", "app", "random", "(\"fail\")")
    // The log's record of the trap is the message, and not printed twice.
    #expect(text.errors.components(separatedBy: "Canister trapped: unreachable").count == 2, "\(text.errors)")
    #expect(text.errors.contains("] tick\n"))
    try kept.work.write(
      "bad.wat", "(module (func $f (export \"canister_post_upgrade\") unreachable) (func (export \"canister_init\")))")
    let upgrade = kept.run("upgrade", "app", kept.work.path("bad.wat"), "--json")
    #expect(upgrade.exitCode == 1)
    #expect((upgrade.json["error"] as? [String: Any])?["code"] as? String == "IC0502")
    #expect((upgrade.json["executions"] as? [[String: Any]])?.first?["name"] as? String == "install_code")
    #expect((upgrade.json["logs"] as? [Any])?.count == 1)
    let shown = kept.run("upgrade", "app", kept.work.path("bad.wat")).errors
    #expect(shown.contains(" install_code: "))
    #expect(shown.contains(", failed with IC0502\n"))
    #expect(!kept.run("upgrade", "app", kept.work.path("bad.wat"), "-q").errors.contains(" install_code: "))
    let name = kept.work.run("canister", "call", "app", "count")
    #expect(name.exitCode == 2)
    #expect(name.errors.hasSuffix("; without --state, the target is a module's file, not a canister's name\n"))
  }

  @Test func settings() throws {
    let kept = try Kept()
    let owner = "rno2w-sqaaa-aaaaa-aaacq-cai"
    #expect(
      kept.run(
        "settings", "update", "app", "--add-controller", owner, "--freezing-threshold", "10d", "--memory-allocation",
        "2MiB", "--wasm-memory-limit", "1_000", "--log-visibility", "public", "--environment-variable", "b=c=d",
        "--environment-variable", "a="
      ).exitCode == 0)
    let shown = kept.run("settings", "show", "app").output
    for line in [
      "controllers: 2vxsx-fae rno2w-sqaaa-aaaaa-aaacq-cai", "freezingThreshold: 864000", "memoryAllocation: 2097152",
      "wasmMemoryLimit: 1000", "logVisibility: public", "environment: a= b=c=d", "computeAllocation: 0",
    ] {
      #expect(shown.contains("\n\(line)\n") || shown.hasSuffix("\n\(line)\n"), "\(line) in \(shown)")
    }
    #expect(kept.run("update-settings", "app", "--set-controller", owner, "--clear-environment").exitCode == 0)
    let json = kept.run("settings", "show", "app", "--json").json
    #expect(json["controllers"] as? [String] == [owner])
    // Again the same.
    #expect(kept.run("settings", "update", "app", "--set-controller", owner).exitCode == 0)
    #expect((json["environment"] as? [Any])?.isEmpty == true)
    #expect(kept.run("settings", "update", "app").exitCode == 64)
    #expect(kept.run("settings", "update", "app", "--remove-controller", "anonymous").exitCode == 2)
    #expect(kept.run("settings", "update", "app", "--compute-allocation", "101").exitCode == 1)
    #expect(kept.run("settings", "update", "app", "--environment-variable", "a").exitCode == 64)
    #expect(kept.run("settings", "update", "app", "--memory-allocation", "1MiBB").exitCode == 64)
    #expect(
      kept.run("create", "--compute-allocation", "1", "--controller", owner, "--log-viewer", owner).exitCode == 0)
  }

  @Test func whatIsKnownOfACanister() throws {
    let kept = try Kept()
    #expect(kept.run("id", "app").output == "rwlgt-iiaaa-aaaaa-aaaaa-cai\n")
    #expect(kept.run("metadata", "app", "candid:service").output.hasPrefix("service : { start : "))
    #expect(kept.run("metadata", "app", "secret").outputBytes == [0, 0xFF])
    #expect(kept.run("metadata", "app", "secret", "--json").json["bytes"] as? String == "00ff")
    let missing = kept.run("metadata", "app", "nothing")
    #expect(missing.exitCode == 2)
    #expect(missing.errors.contains("it has \"candid:service\", \"secret\""))
    let info = kept.run("info", "app").output
    #expect(
      info.contains("\nmetadata: candid:service\nupdates: random start\nqueries: count\ncompositeQueries: none\n"))
    #expect(kept.run("status", "app").output.contains("\nname: app\n"))
  }

  @Test func theManagementCanister() throws {
    let kept = try Kept()
    let result = kept.run("call", "aaaaa-aa", "provisional_create_canister_with_cycles", "(record {})", "-q")
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.output == "(record { canister_id = principal \"rrkah-fqaaa-aaaaa-aaaaq-cai\" })\n")
    #expect(kept.run("list").output.contains("rrkah-fqaaa-aaaaa-aaaaq-cai running\n"))
    let unknown = kept.run("call", "aaaaa-aa", "nothing")
    #expect(unknown.exitCode == 64)
    #expect(unknown.errors.contains("\"canister_status\""))
  }

  @Test func modesOfInstalling() throws {
    let kept = try Kept()
    let module = kept.work.path("app.wat")
    #expect(kept.run("install", "app", module, "--mode", "auto").errors.contains(": upgraded, "))
    #expect(kept.run("uninstall-code", "app").exitCode == 0)
    #expect(kept.run("install", "app", module, "--mode", "auto").errors.contains(": installed, "))
    #expect(kept.run("install", "app", module, "--mode", "reinstall", "-q").errors.isEmpty)
    #expect(kept.run("install", "app", module, "--skip-pre-upgrade").exitCode == 64)
    #expect(kept.run("install", "app", module, "--mode", "upgrade", "--json").json["mode"] as? String == "upgrade")
    // A heap is kept where both modules say that they want it.
    try kept.work.write(
      "heap.wat",
      """
      (module
        (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
        (import "ic0" "msg_reply" (func $reply))
        (memory 1) (@custom "icp:private enhanced-orthogonal-persistence" "")
        (data (i32.const 0) "DIDL\\00\\01\\7b\\00")
        (func (export "canister_init") (i32.store8 (i32.const 7) (i32.const 9)))
        (func (export "canister_query get") (call $append (i32.const 0) (i32.const 8)) (call $reply)))
      """)
    let heap = kept.work.path("heap.wat")
    #expect(kept.run("upgrade", "app", heap).errors.contains(": upgraded, "))
    #expect(kept.run("reinstall", "app", heap).exitCode == 0)
    #expect(kept.run("upgrade", "app", heap).errors.contains(": upgraded, with its heap kept, "))
    #expect(kept.run("query", "app", "get", "-q").output == "(9 : nat8)\n")
    #expect(kept.run("upgrade", "app", heap, "--wasm-memory-persistence", "replace").exitCode == 0)
    #expect(kept.run("query", "app", "get", "-q").output == "(0 : nat8)\n")
    #expect(kept.run("upgrade", "app", module).exitCode == 1)
    // A hook that fails holds no upgrade up for ever.
    let trapping = try kept.work.write(
      "trapping.wat", "(module (func (export \"canister_pre_upgrade\") unreachable))")
    #expect(kept.run("reinstall", "app", trapping).exitCode == 0)
    #expect(kept.run("upgrade", "app", module).exitCode == 1)
    #expect(kept.run("upgrade", "app", module, "--skip-pre-upgrade").exitCode == 0)
  }

  @Test func manyMethods() throws {
    let work = try Workspace()
    let methods = (0..<100).map { "(export \"canister_update method\($0)\" (func $f))" }.joined()
    try work.write("many.wat", "(module (func $f) \(methods) (export \"canister_update other\" (func $f)))")
    let like = work.run("canister", "call", "many.wat", "others").errors
    #expect(like == "cannery: there is no method \"others\"; the canister has \"other\" and 100 others\n")
    let none = work.run("canister", "call", "many.wat", "x").errors
    #expect(none.contains(" and 71 others"))
    try work.write("none.wat", "(module)")
    #expect(work.run("canister", "call", "none.wat", "x").errors.hasSuffix("the canister has none\n"))
  }

  @Test func interfaces() throws {
    let kept = try Kept()
    let work = kept.work
    let wrong = kept.run("call", "app", "random")
    #expect(wrong.exitCode == 64)
    #expect(wrong.errors == "cannery: the argument:1:3: expected 1 arguments, found 0; it takes (text)\n")
    // Files are read with what they import.
    try work.write("types.did", "type Number = nat64;")
    try work.write("app.did", "import \"types.did\"; service : { count : () -> (Number) query }")
    #expect(kept.run("call", "app", "count", "-q", "--candid", work.path("app.did")).output == "(0 : nat64)\n")
    let empty = kept.run("call", "app", "count", "--candid", work.path("types.did"))
    #expect(empty.exitCode == 2)
    #expect(empty.errors.contains("there is no service in it"))
    try work.write("junk.txt", [0xFF, 0xFE])
    let junk = kept.run("call", "app", "random", "--arg-file", work.path("junk.txt"))
    #expect(junk.exitCode == 2)
    #expect(junk.errors.contains("not UTF-8"))
    // Older modules tell their interface by a query.
    try work.write(
      "old.wat",
      """
      (module
        (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
        (import "ic0" "msg_reply" (func $reply))
        (memory 1)
        (data (i32.const 0) "DIDL\\00\\01\\71\\34service : { f : () -> (record { yes : nat }) query }")
        (data (i32.const 100) "DIDL\\01\\6c\\01\\f9\\c5\\8f\\06\\7d\\01\\00\\07")
        (func (export "canister_query __get_candid_interface_tmp_hack")
          (call $append (i32.const 0) (i32.const 60)) (call $reply))
        (func (export "canister_query f") (call $append (i32.const 100) (i32.const 14)) (call $reply)))
      """)
    let old = work.run("canister", "call", "old.wat", "f")
    #expect(!old.errors.contains("tmp_hack"))
    #expect(old.exitCode == 0, "\(old.errors)")
  }
}
