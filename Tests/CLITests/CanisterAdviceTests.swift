// `cannery canister`: what it tells about arguments and interfaces that don't fit, and what it does then.

import CLICommands
import Foundation
import Testing

@Suite struct CanisterAdviceTests {
  /// Keeps who called `canister_init` or `canister_post_upgrade`, and answers with that and the size of its argument. `hidden` is
  /// not in the interface.
  private static let module = """
    (module
      (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
      (import "ic0" "msg_reply" (func $reply))
      (import "ic0" "msg_arg_data_size" (func $size (result i32)))
      (import "ic0" "msg_caller_size" (func $callerSize (result i32)))
      (import "ic0" "msg_caller_copy" (func $callerCopy (param i32 i32 i32)))
      (memory 1)
      (data (i32.const 100) "DIDL\\00\\01\\7d")
      (func $keep (export "canister_init") (export "canister_post_upgrade")
        (i32.store8 (i32.const 107) (call $callerSize))
        (i32.store8 (i32.const 108) (call $size)))
      (func $numbers (param i32)
        (i32.store8 (i32.const 107) (i32.load8_u (local.get 0)))
        (call $append (i32.const 100) (i32.const 8)) (call $reply))
      (func (export "canister_query caller") (call $numbers (i32.const 107)))
      (func (export "canister_query argument") (call $numbers (i32.const 108)))
      (func (export "canister_query hidden") (call $numbers (i32.const 107)))
      (@custom "icp:public candid:service"
        "type InitArgs = record { owner : principal; fee : opt Fee; mode : Mode };"
        "type Fee = record { amount : nat };"
        "type Mode = variant { slow; fast : nat };"
        "service : (InitArgs) -> { caller : () -> (nat) query; argument : () -> (nat) query }"))
    """

  private func kept(_ create: [String] = []) throws -> (Workspace, (String...) -> CommandResult) {
    let work = try Workspace()
    try work.write("app.wat", Self.module)
    #expect(work.run(["canister", "create", "app", "--state", work.path("s")] + create).exitCode == 0)
    return (work, { (words: String...) in work.run(["canister"] + words + ["--state", work.path("s")]) })
  }

  private static let argument = "(record { owner = principal \"aaaaa-aa\"; fee = null; mode = variant { slow } })"

  /// What types are called is told with what stands behind the names.
  @Test func definitions() throws {
    let (work, run) = try kept()
    let result = run("install", "app", work.path("app.wat"), "--arg", "(1)")
    #expect(result.exitCode == 64)
    for text in [
      "it takes (InitArgs), where InitArgs = record {", "owner : principal", "fee : opt Fee", "Mode = variant {",
      "fast : nat", "slow",
    ] { #expect(result.errors.contains(text), "\(result.errors)") }
  }

  /// An upgrade may take another argument than the one that the interface tells; installing may not.
  @Test func argumentsOfUpgrades() throws {
    let (work, run) = try kept()
    #expect(run("install", "app", work.path("app.wat"), "--arg", "()").exitCode == 64)
    #expect(run("install", "app", work.path("app.wat"), "--arg", Self.argument).exitCode == 0)
    let large = try #require(Int(run("query", "app", "argument", "-q").output.filter(\.isNumber)))
    let result = run("upgrade", "app", work.path("app.wat"), "--arg", "()")
    #expect(result.exitCode == 0)
    #expect(result.errors.contains("its types are inferred"))
    // An empty message.
    #expect(large > 6 && run("query", "app", "argument", "-q").output == "(6 : nat)\n")
    #expect(!run("upgrade", "app", work.path("app.wat"), "--arg", Self.argument).errors.contains("inferred"))
    #expect(run("upgrade", "app", work.path("app.wat"), "--arg", "(record").exitCode == 64)
  }

  /// Without a caller, code is installed by somebody who may do it.
  @Test func callersOfInstallations() throws {
    let (work, run) = try kept()
    #expect(run("install", "app", work.path("app.wat"), "--arg", Self.argument).exitCode == 0)
    #expect(run("query", "app", "caller", "-q").output == "(1 : nat)\n")
    let (other, runOther) = try kept(["--controller", "rwlgt-iiaaa-aaaaa-aaaaa-cai"])
    #expect(runOther("install", "app", other.path("app.wat"), "--arg", Self.argument).exitCode == 0)
    #expect(runOther("query", "app", "caller", "-q").output == "(10 : nat)\n")
  }

  @Test func methodsOutsideOfTheInterface() throws {
    let (work, run) = try kept()
    #expect(run("install", "app", work.path("app.wat"), "--arg", Self.argument).exitCode == 0)
    let result = run("call", "app", "hidden")
    #expect(result.exitCode == 0)
    #expect(result.errors.contains("the interface has no method \"hidden\""))
    #expect(!run("call", "app", "caller").errors.contains("has no method"))
    #expect(run("call", "app", "missing").exitCode == 64)
  }

  /// What the management canister doesn't have here is a reject, not an unknown method.
  @Test func unavailableMethods() throws {
    let (_, run) = try kept()
    for method in ["http_request", "sign_with_ecdsa", "bitcoin_get_balance"] {
      let result = run("call", "aaaaa-aa", method)
      #expect(result.exitCode == 1)
      #expect(result.errors.contains("IC0406"), "\(result.errors)")
    }
    #expect(run("call", "aaaaa-aa", "nonsense").exitCode == 64)
  }

  /// Init arguments of modules whose interface doesn't tell them, in the metadata beside it.
  @Test func argumentsBesideTheInterface() throws {
    let work = try Workspace()
    let section = """
      (@custom "icp:public candid:args" "type Options = record { granularity : opt nat; size : nat8 }; (Options)")
      """
    try work.write("app.wat", Self.module.replacing("(InitArgs) -> {", with: "{").dropLast() + section + ")")
    func run(_ words: String...) -> CommandResult { work.run(["canister"] + words + ["--state", work.path("s")]) }
    #expect(run("create", "app").exitCode == 0)
    let wrong = run("install", "app", work.path("app.wat"), "--arg", "(record { size = \"x\" })")
    #expect(wrong.exitCode == 64 && wrong.errors.contains("Options = record {"), "\(wrong.errors)")
    let argument = "(record { size = 1; granularity = opt 5 })"
    #expect(run("install", "app", work.path("app.wat"), "--arg", argument).exitCode == 0)
    // A table of two types, the argument's type, a one and the number, and a byte.
    #expect(run("query", "app", "argument", "-q").output == "(26 : nat)\n")
    let once = work.run(["canister", "call", work.path("app.wat"), "argument", "--init-arg", argument, "-q"])
    #expect(once.output == "(26 : nat)\n", "\(once.errors)")
  }

  /// A timer for now that an installation sets has gone off before the next command.
  @Test func whatIsDueAfterwards() throws {
    let work = try Workspace()
    try work.write(
      "app.wat",
      """
      (module
        (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
        (import "ic0" "msg_reply" (func $reply))
        (import "ic0" "global_timer_set" (func $timer (param i64) (result i64)))
        (import "ic0" "time" (func $time (result i64)))
        (memory 1)
        (data (i32.const 0) "DIDL\\00\\01\\7d\\00")
        (func $set (drop (call $timer (call $time))))
        (func (export "canister_init") (call $set))
        (func (export "canister_global_timer")
          (i32.store8 (i32.const 7) (i32.add (i32.load8_u (i32.const 7)) (i32.const 1)))
          (if (i32.lt_u (i32.load8_u (i32.const 7)) (i32.const 5)) (then (call $set))))
        (func (export "canister_query count") (call $append (i32.const 0) (i32.const 8)) (call $reply)))
      """)
    func run(_ words: String...) -> CommandResult { work.run(["canister"] + words + ["--state", work.path("s")]) }
    #expect(run("create", "app").exitCode == 0)
    let installed = run("install", "app", work.path("app.wat"), "--json")
    #expect(installed.json["instructions"] as? Int ?? 0 > 100_000)
    #expect(run("query", "app", "count", "-q").output == "(5 : nat)\n")
    #expect(work.run(["canister", "query", work.path("app.wat"), "count", "-q"]).output == "(5 : nat)\n")
  }

  /// What isn't shown is told: records that the log has no room for, and time for which the rounds weren't enough.
  @Test func whatIsLeftOut() throws {
    let work = try Workspace()
    try work.write(
      "app.wat",
      """
      (module
        (import "ic0" "msg_reply" (func $reply))
        (import "ic0" "debug_print" (func $print (param i32 i32)))
        (import "ic0" "global_timer_set" (func $timer (param i64) (result i64)))
        (import "ic0" "time" (func $time (result i64)))
        (memory 1)
        (func (export "canister_update print") (local $i i32)
          (loop $l (call $print (i32.const 100) (i32.const 100))
            (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100))))
          (call $print (i32.const 100) (i32.const 10)) (call $reply))
        (func $set (export "canister_global_timer")
          (drop (call $timer (i64.add (call $time) (i64.const 1000000000)))))
        (func (export "canister_update start") (call $set) (call $reply)))
      """)
    func run(_ words: String...) -> CommandResult { work.run(["canister"] + words + ["--state", work.path("s")]) }
    for words in [["create", "app"], ["install", "app", work.path("app.wat")]] {
      #expect(work.run(["canister"] + words + ["--state", work.path("s")]).exitCode == 0)
    }
    for _ in 0..<2 {
      let result = run("call", "app", "print")
      #expect(result.errors.contains("72 earlier records are not in the log any more"), "\(result.errors)")
      let json = run("call", "app", "print", "--json").json
      #expect(json["logCount"] as? Int == 101 && (json["logs"] as? [Any])?.count == 29)
    }
    // The folder can be read.
    #expect(run("list").exitCode == 0)
    #expect(run("call", "app", "start").exitCode == 0)
    #expect(run("tick", "5s").errors.contains("rounds were executed") == false)
    #expect(run("tick", "60s", "--rounds", "10").errors.contains("10 rounds were executed"))
    #expect(run("tick", "60s", "--rounds", "10", "--json").json["complete"] as? Bool == false)
    #expect(run("tick", "60s", "--json").json["complete"] as? Bool == true)
  }

  @Test func pipesAsStates() throws {
    for name in ["state", "names"] {
      let (work, run) = try kept()
      try FileManager.default.removeItem(atPath: work.path("s/\(name)"))
      #expect(mkfifo(work.path("s/\(name)"), 0o600) == 0)
      let result = run("list")
      #expect(result.exitCode == 2 && result.errors.contains("no regular file"))
    }
  }
}
