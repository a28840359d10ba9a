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
}
