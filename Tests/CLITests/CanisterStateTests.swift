// The state's folder of `cannery canister`: snapshots in it, what damages it, who else works with it.

import CLICommands
import CanisterRuntime
import Foundation
import Testing

@Suite struct CanisterStateTests {
  /// A counter: `add` and `get`.
  static let module = """
    (module
      (import "ic0" "msg_reply_data_append" (func $append (param i32 i32)))
      (import "ic0" "msg_reply" (func $reply))
      (memory 1)
      (data (i32.const 0) "DIDL\\00\\01\\7b\\00")
      (func $get (export "canister_query get") (call $append (i32.const 0) (i32.const 8)) (call $reply))
      (func (export "canister_update add")
        (i32.store8 (i32.const 7) (i32.add (i32.load8_u (i32.const 7)) (i32.const 1))) (call $get)))
    """

  private func kept() throws -> (work: Workspace, run: ([String]) -> CommandResult) {
    let work = try Workspace()
    let module = try work.write("app.wat", Self.module)
    let run = { (words: [String]) in work.run(["canister"] + words + ["--state", work.path("s")]) }
    for words in [["create", "app"], ["install", "app", module], ["call", "app", "add"]] {
      let result = run(words)
      if result.exitCode != 0 { throw CommandError(text: result.errors) }
    }
    return (work, run)
  }

  @Test func snapshots() throws {
    let (_, run) = try kept()
    let taken = run(["snapshot", "create", "app"])
    #expect(taken.exitCode == 0, "\(taken.errors)")
    let id = String(taken.output.dropLast())
    #expect(run(["call", "app", "add", "-q"]).output == "(2 : nat8)\n")
    #expect(run(["snapshot", "list", "app"]).output.hasPrefix("\(id) "))
    let list = run(["snapshot", "list", "app", "--json"]).json["snapshots"] as? [[String: Any]]
    #expect(list?.first?["snapshot"] as? String == id)
    #expect(run(["snapshot", "restore", "app", id]).exitCode == 0)
    #expect(run(["query", "app", "get", "-q"]).output == "(1 : nat8)\n")
    let next = run(["snapshot", "take", "app", "--replace", id, "--json"]).json["snapshot"] as? String ?? ""
    #expect(run(["snapshot", "load", "app", id]).exitCode == 1)
    #expect(run(["snapshot", "delete", "app", "0x\(next)"]).exitCode == 0)
    #expect(run(["snapshot", "list", "app"]).output.isEmpty)
    for word in ["", "x", "123", "0x"] { #expect(run(["snapshot", "delete", "app", word]).exitCode == 64) }
    #expect(run(["snapshot", "delete", "app", "00"]).exitCode == 1)
  }

  @Test func namesThatBeginWithWhatJoins() throws {
    let (_, run) = try kept()
    for name in ["\u{301}x", "\u{1F3FB}", "\u{200D}", " two words "] {
      #expect(run(["create", name]).exitCode == 0)
      #expect(run(["status", name]).exitCode == 0, "\(name.debugDescription)")
    }
    #expect(run(["list"]).exitCode == 0)
  }

  @Test func damage() throws {
    let (work, run) = try kept()
    let (state, names) = (try work.read("s/state"), try work.read("s/names"))
    for count in [0, 1, 8, 30, 100, state.count / 2, state.count - 1] {
      try work.write("s/state", Array(state.prefix(count)))
      for words in [["list"], ["call", "app", "add"], ["tick"]] {
        let result = run(words + ["--json"])
        #expect(result.exitCode == 2)
        #expect(result.errorKind == "malformed")
      }
      #expect(try work.read("s/state") == Array(state.prefix(count)))
    }
    for place in stride(from: 0, to: state.count, by: state.count / 40) {
      var damaged = state
      damaged[place] ^= 0x10
      try work.write("s/state", damaged)
      #expect(run(["list"]).exitCode == 2)
    }
    // Another version's.
    let kinds = try (0..<32).map { place in
      var other = state
      other[place] ^= 1
      try work.write("s/state", other)
      return run(["list", "--json"]).errorKind
    }
    #expect(Set(kinds) == ["malformed", "stale"])
    try work.write("s/state", state)
    for text in ["x", "rwlgt-iiaaa-aaaaa-aaaaa-cai", "rwlgt-iiaaa-aaaaa-aaaaa-caj app", "\u{0} \u{0}"] {
      try work.write("s/names", text)
      #expect(run(["list"]).exitCode == 2)
    }
    // Names of canisters that there aren't are forgotten.
    try work.write("s/names", "rrkah-fqaaa-aaaaa-aaaaq-cai other\n" + String(decoding: names, as: UTF8.self))
    #expect(run(["query", "other", "get"]).exitCode == 2)
    #expect(run(["call", "app", "add", "-q"]).output == "(2 : nat8)\n")
    #expect(try work.read("s/names") == names)
    try FileManager.default.removeItem(atPath: work.path("s/state"))
    let missing = run(["list"])
    #expect(missing.exitCode == 2)
    #expect(missing.errors.contains("is missing"))
    #expect(run(["create", "again"]).exitCode == 2)
    #expect(try work.read("s/names") == names)
  }

  @Test func leftovers() throws {
    let (work, run) = try kept()
    try work.write("s/.cannery-abc.tmp", "half a state")
    try work.write("s/notes.tmp", "mine")
    #expect(run(["call", "app", "add"]).exitCode == 0)
    let names = try FileManager.default.contentsOfDirectory(atPath: work.path("s")).sorted()
    #expect(names == ["lock", "names", "notes.tmp", "state"])
  }

  /// Wherever the first command of a folder was ended, the next goes on: it had made nothing, then a state without canisters,
  /// then also a name.
  @Test func interruptedBeginnings() throws {
    for step in 0...2 {
      let work = try Workspace()
      func run(_ words: String...) -> CommandResult { work.run(["canister"] + words + ["--state", work.path("s")]) }
      try FileManager.default.createDirectory(atPath: work.path("s"), withIntermediateDirectories: false)
      try work.write("s/lock", "")
      if step > 0 { try Data(CanisterRuntime().state()).write(to: URL(fileURLWithPath: work.path("s/state"))) }
      if step > 1 { try work.write("s/names", "rwlgt-iiaaa-aaaaa-aaaaa-cai app\n") }
      #expect(run("list").exitCode == 0)
      #expect(run("status", "app").exitCode != 0)
      #expect(run("create", "other").exitCode == 0)
      #expect(run("create", "app").exitCode == 0)
      #expect(run("list", "-q").output.split(separator: "\n").count == 2)
      #expect(run("status", "app").exitCode == 0)
    }
  }

  @Test func othersAreWaitedFor() throws {
    let (work, run) = try kept()
    let lock = open(work.path("s/lock"), O_RDWR)
    defer { close(lock) }
    #expect(flock(lock, LOCK_EX) == 0)
    // Reading needs no lock.
    #expect(run(["list"]).exitCode == 0)
    #expect(run(["query", "app", "get", "-q"]).output == "(1 : nat8)\n")
    Thread.detachNewThread {
      usleep(300_000)
      flock(lock, LOCK_UN)
    }
    #expect(run(["call", "app", "add", "-q"]).output == "(2 : nat8)\n")
  }

  @Test func parallelChanges() throws {
    let (work, run) = try kept()
    let results = Results()
    let state = work.path("s")
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      results.add(runCommand(["canister", "call", "app", "add", "-q", "--state", state]).exitCode)
    }
    #expect(results.all == [Int32](repeating: 0, count: 8))
    #expect(run(["query", "app", "get", "-q"]).output == "(9 : nat8)\n")
  }

  private final class Results: @unchecked Sendable {
    private let lock = NSLock()
    private var codes: [Int32] = []
    var all: [Int32] { lock.withLock { codes } }
    func add(_ code: Int32) { lock.withLock { codes.append(code) } }
  }

  @Test func foldersThatCannotBeWritten() throws {
    let (work, run) = try kept()
    let state = try work.read("s/state")
    try FileManager.default.moveItem(atPath: work.path("s/lock"), toPath: work.path("lock"))
    try FileManager.default.createDirectory(atPath: work.path("s/lock"), withIntermediateDirectories: false)
    let result = run(["call", "app", "add"])
    #expect(result.exitCode == 2)
    #expect(result.errors.contains("cannot open"))
    #expect(try work.read("s/state") == state)
    #expect(run(["query", "app", "get", "-q"]).output == "(1 : nat8)\n")
    try work.write("file", "")
    #expect(work.run("canister", "create", "--state", work.path("file")).exitCode == 2)
    #expect(work.run("canister", "create", "--state", work.path("file/folder")).exitCode == 2)
    for word in ["", "/dev/null", "/dev/null/x/y"] {
      #expect(work.run("canister", "create", "--state", word).exitCode == 2)
      #expect(work.run("canister", "list", "--state", word).exitCode == 2)
    }
  }

  @Test func foldersAreMade() throws {
    let work = try Workspace()
    for name in ["one", "a/b/c", "d//e/", "a/b/f", "a/b/c"] {
      let result = work.run("canister", "create", "--state", work.path(name) + (name.hasSuffix("/") ? "/" : ""))
      #expect(result.exitCode == 0, "\(result.errors)")
    }
    #expect(work.run("canister", "list", "--state", work.path("a/b/c")).output.split(separator: "\n").count == 2)
    #expect(work.run("canister", "list", "--state", work.path("d/e")).exitCode == 0)
  }

  /// A query needs neither the lock nor a folder that can be written.
  @Test func queriesChangeNothing() throws {
    let (work, run) = try kept()
    let state = try work.read("s/state")
    let queries = [["call", "app", "get"], ["call", "app", "get", "--query"], ["query", "app", "get"]]
    let lock = open(work.path("s/lock"), O_RDWR)
    #expect(flock(lock, LOCK_EX) == 0)
    for words in queries { #expect(run(words + ["-q"]).output == "(1 : nat8)\n", "\(words)") }
    close(lock)
    // Nor does a call keep the lock that turns out to be a query; the argument is read once.
    #expect(
      work.run(
        ["canister", "call", "app", "get", "-q", "--raw", "--arg-file", "-", "--state", work.path("s")],
        input: Array("DIDL\u{0}\u{0}".utf8)
      ).output == "4449444c00017b01\n")
    #expect(run(["call", "app", "nothing"]).exitCode == 64)
    #expect(try work.read("s/state") == state)
    // For who may do everything, only what is a folder can't be opened.
    try FileManager.default.removeItem(atPath: work.path("s/lock"))
    try FileManager.default.createDirectory(atPath: work.path("s/lock"), withIntermediateDirectories: false)
    try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: work.path("s"))
    defer { try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: work.path("s")) }
    for words in queries { #expect(run(words + ["-q"]).output == "(1 : nat8)\n", "\(words)") }
    for words in [["call", "app", "add"], ["call", "app", "get", "--update"]] { #expect(run(words).exitCode == 2) }
    #expect(try work.read("s/state") == state)
  }

  /// An update that waited for the lock goes on from what the other command has made.
  @Test func updatesSeeWhatTheyWaitedFor() throws {
    let (work, run) = try kept()
    let old = try work.read("s/state")
    #expect(run(["call", "app", "add", "-q"]).output == "(2 : nat8)\n")
    let new = try work.read("s/state")
    try work.write("s/state", old)
    let lock = open(work.path("s/lock"), O_RDWR)
    defer { close(lock) }
    #expect(flock(lock, LOCK_EX) == 0)
    let path = work.path("s/state")
    Thread.detachNewThread {
      usleep(1_500_000)
      try? Data(new).write(to: URL(fileURLWithPath: path), options: .atomic)
      flock(lock, LOCK_UN)
    }
    let argument = Array("DIDL\u{0}\u{0}".utf8)
    let result = work.run(
      ["canister", "call", "app", "add", "-q", "--raw", "--arg-file", "-", "--state", work.path("s")], input: argument)
    #expect(result.output == "4449444c00017b03\n", "\(result.errors)")
  }

  @Test func unreadableInterfacesAreNotedOnce() throws {
    let (work, run) = try kept()
    let module = CanisterStateTests.module.dropLast() + "(@custom \"icp:public candid:service\" \"service\"))"
    let file = try work.write("odd.wat", String(module))
    func notes(_ result: CommandResult) -> Int { result.errors.components(separatedBy: "can't be read").count - 1 }
    #expect(notes(work.run("canister", "call", "odd.wat", "get")) == 1)
    for words in [
      ["upgrade", "app", file], ["call", "app", "get"], ["call", "app", "add"], ["query", "app", "get"],
    ] {
      let result = run(words)
      #expect(result.exitCode == 0, "\(result.errors)")
      #expect(notes(result) == 1, "\(words)")
    }
  }

  @Test func modulesThatCannotBeCanisters() throws {
    let (work, run) = try kept()
    let modules = [
      "(module (func (export \"canister_init\") (param i32)))",
      "(module (func (export \"canister_heartbeat\") (result i32) i32.const 0))",
      "(module (memory (export \"canister_update x\") 1))", "(module (func (export \"canister_foo\")))",
      "(module (memory i64 98305))", "(module (import \"env\" \"memory\" (memory 1)))",
      "(module (import \"ic0\" \"msg_reply\" (func (param i32))))", "(module (@custom \"icp:other x\" \"\"))",
      "(module (func $f) (export \"canister_update a\" (func $f)) (export \"canister_query a\" (func $f)))",
    ]
    for (index, text) in modules.enumerated() {
      let module = try work.write("bad\(index).wat", text)
      for words in [["reinstall", "app", module], ["upgrade", "app", module]] {
        let result = run(words + ["--json"])
        let isRefused = index == 2 ? result.exitCode == 0 : result.exitCode == 2 && result.errorKind == "invalid"
        #expect(isRefused, "\(text): \(result.exitCode) \(result.output)")
      }
    }
  }

  @Test func hostileArguments() throws {
    let (work, run) = try kept()
    let deep = 300_000
    let texts = [
      "(" + String(repeating: "opt ", count: deep) + "1)", String(repeating: "(", count: deep),
      "(" + String(repeating: "vec { ", count: deep) + String(repeating: "}", count: deep) + ")",
      "(" + String(repeating: "record { ", count: deep), "(principal \"aaaaa-ab\")", "(\u{0})", "(\"\\u{ffffff}\")",
    ]
    for text in texts {
      let file = try work.write("arg.txt", text)
      #expect(run(["call", "app", "add", "--arg-file", file]).exitCode == 2, "\(text.prefix(20))")
    }
    let file = try work.write("arg", [UInt8](repeating: 0, count: 2 << 20 | 1))
    let long = run(["call", "app", "add", "--raw", "--arg-file", file])
    #expect(long.exitCode == 1)
    #expect(long.errors.contains("larger than the limit"))
    #expect(run(["call", "app", "add", "--arg-file", work.path("")]).exitCode == 2)
    for word in ["x", "aaaaa-ab", "rwlgt-iiaaa-aaaaa-aaaaa-cai-", ""] {
      #expect(run(["call", "app", "add", "--caller", word]).exitCode == 64)
    }
    #expect(run(["create", "--id", "aaaaa-aa"]).exitCode == 64)
    #expect(run(["create", "a\nb"]).exitCode == 64)
    #expect(run(["top-up", "app", "340282366920938463463374607431768211456"]).exitCode == 64)
    #expect(run(["top-up", "app", "340282366920938463463374607431768211455"]).exitCode == 0)
    #expect(run(["call", "app", "add", "--advance-time", "200000d"]).exitCode == 0)
  }
}
