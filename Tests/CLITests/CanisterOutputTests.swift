// What `cannery canister` prints: nothing that a terminal would obey, why a reply has no text, numbers in JSON that lose
// no digits, and less with --quiet.

import CLICommands
import Foundation
import Testing

/// A name that would colour what follows, and turn it round.
private let name = "n\u{1B}[31m\u{202E}"

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

  /// A workspace with the module as a canister in the state `s`.
  private final class Kept {
    let work: Workspace

    init() throws {
      work = try Workspace()
      let module = try work.write("app.wat", CanisterOutputTests.module)
      for words in [["create", name], ["install", name, module]] {
        let result = run(words)
        if result.exitCode != 0 { throw CommandError(text: result.errors) }
      }
    }

    func run(_ words: String...) -> CommandResult { run(words) }
    func run(_ words: [String]) -> CommandResult { work.run(["canister"] + words + ["--state", work.path("s")]) }
  }

  @Test func terminalsObeyNothing() throws {
    let kept = try Kept()
    let work = kept.work
    let results = [
      kept.run("call", name, "say\u{1B}[2J"), kept.run("call", name, "trap"), kept.run("call", name, "reject"),
      kept.run("logs", name),
      kept.run("list"), kept.run("status", name), kept.run("info", name), kept.run("metadata", name, "no\u{1B}"),
      kept.run("call", name, "x"), kept.run("status", "other\u{1B}[31m"),
      kept.run("settings", "update", name, "--environment-variable", "a=\u{1B}[31m"),
      kept.run("settings", "show", name),
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
    #expect(kept.run("list").output == "\(Self.id) running n\\u{1b}[31m\\u{202e}\n")
    #expect(kept.run("logs", name).output.contains("] \\u{1b}[31mred\\u{d}\\u{9b}J\n"))
    #expect(results.last?.output == "\\u{1b}[31mred\n")
    // A file gets what there is, and a program too.
    #expect(kept.run("metadata", name, "note\u{1B}[1m").outputBytes == Array("\u{1B}[31mred".utf8))
    let list = kept.run("list", "--json")
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

  /// What may have more than 53 bits is a string, what can't be that large a number, in every command.
  @Test func numbersLoseNothing() throws {
    let kept = try Kept()
    let large = "18_446_744_073_709_551_615"
    #expect(kept.run("top-up", name, "\(large)000").exitCode == 0)
    #expect(
      kept.run(
        "settings", "update", name, "--freezing-threshold", "9007199254740993",
        "--wasm-memory-threshold", "256TiB", "--reserved-cycles-limit", "\(large)0"
      ).exitCode == 0)
    _ = kept.run("call", name, "say\u{1B}[2J")
    #expect(kept.run("snapshot", "create", name).exitCode == 0)
    for words in [
      ["settings", "show", name], ["status", name], ["logs", name], ["snapshot", "list", name], ["tick", "1s"],
      ["call", name, "say\u{1B}[2J"], ["call", name, "large"], ["top-up", name, "1"], ["info", name],
    ] {
      let result = kept.run(words + ["--json"])
      #expect(result.exitCode == 0, "\(result.errors)")
      check(result.json, in: words)
    }
    let settings = kept.run(["settings", "show", name, "--json"]).json
    #expect(settings["freezingThreshold"] as? String == "9007199254740993")
    #expect(settings["wasmMemoryThreshold"] as? String == "281474976710656")
    #expect(settings["reservedCyclesLimit"] as? String == "184467440737095516150")
    #expect(settings["computeAllocation"] as? String == "0")
    let status = kept.run(["status", name, "--json"]).json
    #expect((status["cycles"] as? String ?? "").hasPrefix("18446744173"))
    #expect((status["time"] as? String ?? "").count == 19)
    #expect(status["version"] as? Int != nil && status["heap"] as? Int == 65_536)
  }

  /// Checks every member by its name: whether it is a number or a string of digits.
  private func check(_ value: Any, in words: [String]) {
    if let list = value as? [Any] { for element in list { check(element, in: words) } }
    guard let object = value as? [String: Any] else { return }
    for (name, value) in object {
      switch name {
      case "cycles", "reservedCycles", "idleCyclesPerDay", "freezingThreshold", "computeAllocation", "memoryAllocation",
        "reservedCyclesLimit", "minimumIncomingCallCycles", "wasmMemoryLimit", "wasmMemoryThreshold", "globalTimer",
        "time", "takenAt":
        let text = value as? String
        #expect(text != nil && text == UInt128(text ?? "")?.description, "\(name) of \(words)")
      case "instructions", "dirtyPages", "version", "heap", "stable", "size", "index", "executionCount",
        "logCount", "complete":
        #expect(value is Int, "\(name) of \(words)")
      default: if name != "memory" { #expect(!(value is Int), "\(name) of \(words)") }
      }
      check(value, in: words)
    }
  }

  @Test func quiet() throws {
    let kept = try Kept()
    let id = Self.id
    let snapshot = kept.run("snapshot", "create", name, "-q").output
    #expect(snapshot.hasSuffix("\n") && snapshot.count > 20)
    for (words, output) in [
      (["create", "other"], "rrkah-fqaaa-aaaaa-aaaaq-cai\n"), (["list"], "\(id)\nrrkah-fqaaa-aaaaa-aaaaq-cai\n"),
      (["id", name], "\(id)\n"), (["snapshot", "list", name], snapshot), (["tick"], ""),
      (["call", name, "say\u{1B}[2J"], "()\n"), (["stop", name], ""), (["start", name], ""),
      (["upgrade", name, kept.work.path("app.wat")], ""),
      (["settings", "update", name, "--compute-allocation", "1"], ""), (["uninstall", "other"], ""),
      (["call", name, "trap", "--async"], "2\n"),
    ] as [([String], String)] {
      let result = kept.run(words + ["--quiet"])
      #expect(result.exitCode == 0, "\(words): \(result.errors)")
      #expect(result.output == output, "\(words)")
      #expect(result.errors.isEmpty, "\(words): \(result.errors)")
    }
    // What these print is the result.
    for words in [
      ["status", name], ["info", name], ["logs", name], ["settings", "show", name],
      ["metadata", name, "note\u{1B}[1m"],
    ] {
      let result = kept.run(words + ["-q"])
      #expect(result.exitCode == 0, "\(words): \(result.errors)")
      #expect(result.output == kept.run(words).output && !result.output.isEmpty, "\(words)")
    }
    #expect(kept.run("list", "-q", "--json").output == kept.run("list", "--json").output)
  }
}
