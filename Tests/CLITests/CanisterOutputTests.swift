// What `cannery canister` prints: nothing that a terminal would obey, why a reply has no text, numbers in JSON that lose
// no digits, and less with --quiet.

import CLICommands
import Foundation
import Testing

@Suite struct CanisterOutputTests {
  /// Names, logs, a trap and metadata with escape sequences; `large` replies with ten million nulls, `junk` with no Candid,
  /// `deep` with an option in an option and so on.
  private static let module = """
    (module
      (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
      (import "ic0" "msg_reply" (func $reply))
      (import "ic0" "debug_print" (func $print (param i32 i32)))
      (import "ic0" "trap" (func $trap (param i32 i32)))
      (import "ic0" "msg_reject" (func $reject (param i32 i32)))
      (memory 1)
      (data (i32.const 0) "DIDL\\00\\00")
      (data (i32.const 16) "\\1b[31mred\\0d\\c2\\9bJ")
      (data (i32.const 32) "DIDL\\01\\6d\\7f\\01\\00\\80\\ad\\e2\\04")
      (data (i32.const 64) "DIDL\\01\\6e\\00\\01\\00")
      (func $done (call $append (i32.const 0) (i32.const 6)) (call $reply))
      (func (export "canister_update say\\1b[2J") (call $print (i32.const 16) (i32.const 12)) (call $done))
      (func (export "canister_update trap") (call $trap (i32.const 16) (i32.const 12)))
      (func (export "canister_update reject") (call $reject (i32.const 16) (i32.const 12)))
      (func (export "canister_query large") (call $append (i32.const 32) (i32.const 13)) (call $reply))
      (func (export "canister_query deep")
        (memory.fill (i32.const 73) (i32.const 1) (i32.const 1000))
        (call $append (i32.const 64) (i32.const 1010)) (call $reply))
      (func (export "canister_query junk") (call $append (i32.const 16) (i32.const 3)) (call $reply))
      (@custom "icp:public note\\1b[1m" "\\1b[31mred"))
    """
  private static let id = "rwlgt-iiaaa-aaaaa-aaaaa-cai"
  private static let name = "n\u{1B}[31m\u{202E}"

  private func kept() throws -> (work: Workspace, run: (String...) -> CommandResult) {
    let work = try Workspace()
    let module = try work.write("app.wat", Self.module)
    let run = { (words: String...) in work.run(["canister"] + words + ["--state", work.path("s")]) }
    for result in [run("create", Self.name), run("install", Self.name, module)] where result.exitCode != 0 {
      throw CommandError(text: result.errors)
    }
    return (work, run)
  }

  @Test func terminalsObeyNothing() throws {
    let (work, run) = try kept()
    let name = Self.name
    let results = [
      run("call", name, "say\u{1B}[2J"), run("call", name, "trap"), run("call", name, "reject"), run("logs", name),
      run("list"), run("status", name), run("info", name), run("metadata", name, "no\u{1B}"),
      run("call", name, "x"), run("status", "other\u{1B}[31m"),
      run("settings", "update", name, "--environment-variable", "a=\u{1B}[31m"), run("settings", "show", name),
      work.run("canister", "call", "app.wat", "say\u{1B}[2J"), work.run("inspect", "app.wat"),
      work.run("compile", "--emit", "threaded", "app.wat"), work.run("canister", "call", "no\u{1B}.wasm", "x"),
      work.run(
        ["canister", "metadata", name, "note\u{1B}[1m", "--state", work.path("s")], outputIsTerminal: true),
    ]
    let obeyed = { (scalar: Unicode.Scalar) in
      scalar.value < 0x20 && scalar != "\n" || (0x7F...0x9F).contains(scalar.value) || scalar == "\u{202E}"
    }
    for (index, result) in results.enumerated() {
      let text = result.output + result.errors
      #expect(!text.unicodeScalars.contains(where: obeyed), "\(index): \(text.debugDescription)")
    }
    #expect(run("list").output == "\(Self.id) running n\\u{1b}[31m\\u{202e}\n")
    #expect(run("logs", name).output.contains("] \\u{1b}[31mred\\u{d}\\u{9b}J\n"))
    #expect(results.last?.output == "\\u{1b}[31mred\n")
    // A file gets what there is, and a program too.
    #expect(run("metadata", name, "note\u{1B}[1m").outputBytes == Array("\u{1B}[31mred".utf8))
    let list = run("list", "--json")
    #expect((list.json["canisters"] as? [[String: Any]])?.first?["name"] as? String == name)
    #expect(!list.output.contains("\u{1B}"))
  }

  @Test func repliesWithoutText() throws {
    let work = try Workspace()
    try work.write("app.wat", Self.module)
    let large = work.run("canister", "call", "app.wat", "large")
    #expect(large.exitCode == 0)
    #expect(large.output == "4449444c016d7f010080ade204\n")
    #expect(large.errors.contains("the reply exceeds the quota for decoding ("), "\(large.errors)")
    #expect(large.errors.contains("); these are its bytes\n"))
    let deep = work.run("canister", "call", "app.wat", "deep")
    #expect(deep.errors.contains("the reply exceeds a limit of decoding (at byte "), "\(deep.errors)")
    let junk = work.run("canister", "call", "app.wat", "junk")
    #expect(junk.output == "1b5b33\n")
    #expect(junk.errors.contains("the reply is no Candid message (at byte 0: "), "\(junk.errors)")
    #expect(!work.run("canister", "call", "app.wat", "junk", "--raw").errors.contains("no Candid"))
  }
}
