// `cannery run`: results, counts, traps, imports, and what is refused.

import CLICommands
import Foundation
import Testing

@Suite struct RunCommandTests {
  @Test(
    arguments: [
      (["add", "2", "-5"], "-3\n"), (["add", "4294967295", "0x2"], "1\n"), (["fib", "10"], "55\n"),
      (["swap", "-1", "2.5"], "2.5\n-1\n"), (["echo32", "nan:0x1"], "nan:0x1\n"), (["echo32", "-inf"], "-inf\n"),
      (["vector", "0f0e0d0c0b0a09080706050403020100"], "0f0e0d0c0b0a09080706050403020100\n"),
      (["reference", "null"], "null\n"),
    ])
  func results(call: [String], output: String) throws {
    let work = try Workspace()
    try work.write("a.wat", Samples.arithmetic)
    let result = work.run(["run", "a.wat", "--invoke"] + call)
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.output == output)
    #expect(result.errors.contains("instructions"))
  }

  @Test func jsonOfResults() throws {
    let work = try Workspace()
    try work.write("a.wat", Samples.arithmetic)
    // 1 for the entry, 3 operators of 1 each.
    let result = work.run("run", "--json", "a.wat", "--invoke", "add", "2", "-7")
    #expect(
      result.output
        == #"{"results":[{"type":"i32","value":"-5"}],"instructions":4,"billed":4,"startInstructions":0,"trap":null}"#
        + "\n")
    #expect(result.errors.isEmpty)
    let operators = work.run("run", "--json", "--metering", "operators", "a.wat", "--invoke=add", "2", "-7")
    #expect(operators.json["instructions"] as? Int == 3)
    let none = work.run("run", "--json", "--metering=none", "a.wat", "--invoke", "add", "2", "-7")
    #expect(none.json["instructions"] as? Int == 0)
    let function = work.run("run", "--json", "a.wat", "--invoke", "self")
    #expect(function.output.hasPrefix(#"{"results":[{"type":"funcref","value":""#))
  }

  @Test func wordsAfterTheExportAreItsOwn() throws {
    let work = try Workspace()
    try work.write("a.wat", Samples.arithmetic)
    for word in ["--json", "--help", "-h", "--version", "--", "--generate-completion-script", "--=", "---"] {
      let result = work.run("run", "a.wat", "--invoke", "echo32", word)
      #expect(result.exitCode == 64)
      #expect(result.errors.contains("'\(word)' is no f32"), "\(word): \(result.errors)")
    }
    // An empty name is a name.
    try work.write("e.wat", #"(module (func (export "") (param i32) (result i32) (local.get 0)))"#)
    #expect(work.run("run", "e.wat", "--invoke", "", "5").output == "5\n")
    #expect(work.run("run", "e.wat", "--invoke=", "6").output == "6\n")
    #expect(work.run("run", "a.wat", "--invoke", "").exitCode == 64)
    let result = work.run("run", "a.wat", "--invoke", "--help")
    #expect(result.exitCode == 64)
    #expect(result.errors.contains("there is no export \"--help\""))
  }

  @Test(arguments: [nil, "canned"]) func traps(form: String?) throws {
    let work = try Workspace()
    try work.write("a.wat", Samples.arithmetic)
    let file = form == nil ? "a.wat" : try work.compile("a.wat")
    let result = work.run("run", "--json", file, "--invoke", "div", "1", "0")
    #expect(result.exitCode == 1)
    #expect(result.json["results"] as? [String] == [])
    #expect(result.json["instructions"] as? Int == 13)
    let trap = try #require(result.json["trap"] as? [String: Any])
    #expect(trap["kind"] as? String == "integer-divide-by-zero")
    #expect(trap["message"] as? String == "integer divide by zero")
    #expect(trap["function"] as? Int == 1)
    #expect(trap["name"] as? String == "divide")
    #expect(trap["offset"] as? Int != nil)
    let frames = try #require(trap["backtrace"] as? [[String: Any]])
    #expect(frames.count == 1)
    #expect(frames[0]["function"] as? Int == 1 && frames[0]["host"] as? Bool == false)

    let text = work.run("run", file, "--invoke", "div", "1", "0")
    #expect(text.exitCode == 1)
    #expect(text.output.isEmpty)
    #expect(text.errors.hasPrefix("trap: integer divide by zero\n  0: function 1 \"divide\" at 0x"))
  }

  @Test func writesAreTracked() throws {
    let work = try Workspace()
    // Of four pages of 4 KiB that are written, one by a data segment and one with what it holds already.
    try work.write(
      "a.wat",
      """
      (module (memory 1) (data (i32.const 0) "x")
        (func (export "write") (param i32)
          (i32.store (i32.const 5000) (i32.const 1))
          (i32.store8 (i32.const 8192) (i32.const 0))
          (i32.store (local.get 0) (i32.const -1))))
      """)
    let result = work.run("run", "--json", "--track-writes", "a.wat", "--invoke", "write", "12290")
    #expect(result.json["changedPages"] as? Int == 2)
    let text = work.run("run", "--track-writes", "a.wat", "--invoke", "write", "12286")
    #expect(text.errors.hasPrefix("3 pages changed\n"))
    let trap = work.run("run", "--json", "--track-writes", "a.wat", "--invoke", "write", "-1")
    #expect(trap.exitCode == 1 && trap.json["changedPages"] as? Int == 1)
    #expect(work.run("run", "--json", "a.wat", "--invoke", "write", "0").json["changedPages"] == nil)
  }

  @Test func stackExhaustion() throws {
    let work = try Workspace()
    try work.write("a.wat", Samples.arithmetic)
    let result = work.run("run", "--json", "--instructions", "100000000", "a.wat", "--invoke", "deep")
    #expect(result.exitCode == 1)
    #expect((result.json["trap"] as? [String: Any])?["kind"] as? String == "call-stack-exhausted")
  }

  @Test func limitOfInstructions() throws {
    let work = try Workspace()
    try work.write("a.wat", Samples.arithmetic)
    let result = work.run("run", "--json", "--instructions", "1000", "a.wat", "--invoke", "forever")
    #expect(result.exitCode == 1)
    #expect((result.json["trap"] as? [String: Any])?["kind"] as? String == "out-of-instructions")
    #expect(result.json["billed"] as? Int == 1000)
    #expect(result.json["instructions"] as? Int ?? 0 > 1000)
    // The limit is exact: 4 are enough, 3 are not; but code that was entered runs to its end.
    #expect(work.run("run", "--instructions", "4", "a.wat", "--invoke", "add", "1", "2").exitCode == 0)
    #expect(work.run("run", "--instructions", "0", "a.wat", "--invoke", "add", "1", "2").exitCode == 1)
    let text = work.run("run", "--instructions", "10", "a.wat", "--invoke", "forever")
    #expect(text.errors.contains("10 billed"))
  }

  @Test func startFunction() throws {
    let work = try Workspace()
    try work.write("s.wat", Samples.starting)
    let result = work.run("run", "--json", "s.wat", "--invoke", "done")
    #expect(result.output.contains(#""value":"7""#))
    #expect(result.json["startInstructions"] as? Int == 4)
    let only = work.run("run", "--json", "s.wat")
    #expect(only.exitCode == 0)
    #expect(
      only.output == #"{"results":[],"instructions":0,"billed":0,"startInstructions":4,"trap":null}"# + "\n")
    try work.write("t.wat", "(module (func $s unreachable) (start $s))")
    let trap = work.run("run", "--json", "t.wat")
    #expect(trap.exitCode == 1)
    #expect((trap.json["trap"] as? [String: Any])?["kind"] as? String == "unreachable")
    #expect(trap.json["startInstructions"] as? Int == 2)
  }

  @Test func segmentsThatDoNotFit() throws {
    let work = try Workspace()
    try work.write("d.wat", #"(module (memory 1) (data (i32.const 65536) "x"))"#)
    let result = work.run("run", "--json", "d.wat")
    #expect(result.exitCode == 1)
    #expect((result.json["trap"] as? [String: Any])?["kind"] as? String == "out-of-bounds-memory-access")
  }

  // MARK: Imports

  @Test func missingImports() throws {
    let work = try Workspace()
    try work.write("i.wat", Samples.importing)
    let result = work.run("run", "--json", "i.wat", "--invoke", "reply")
    #expect(result.exitCode == 2)
    #expect(result.errorKind == "unlinkable")
    #expect(result.errors.contains("3 imports are missing:"))
    #expect(result.errors.contains("\n  \"ic0\" \"msg_reply\": function (i32) -> (i32)\n"))
    #expect(result.errors.contains("\n  \"env\" \"memory\": memory 1.. pages\n"))
    #expect(result.errors.contains("\n  \"env\" \"base\": global i32\n"))
    let imports = try #require((result.json["error"] as? [String: Any])?["imports"] as? [[String: String]])
    #expect(imports.first == ["module": "ic0", "name": "msg_reply", "kind": "function", "type": "(i32) -> (i32)"])
  }

  @Test func trappingImports() throws {
    let work = try Workspace()
    try work.write("i.wat", Samples.importing)
    let result = work.run("run", "--imports", "trap", "--json", "i.wat", "--invoke", "reply")
    #expect(result.exitCode == 1)
    let trap = try #require(result.json["trap"] as? [String: Any])
    #expect(trap["kind"] as? String == "host-error")
    #expect((trap["message"] as? String)?.contains(#"the import "ic0" "msg_reply" is not provided"#) == true)
    let frames = try #require(trap["backtrace"] as? [[String: Any]])
    #expect(frames.first?["host"] as? Bool == true)
    #expect(trap["function"] as? Int == 1)
    #expect(work.run("run", "--imports", "trap", "i.wat", "--invoke", "base").output == "0\n")
    #expect(work.run("run", "--imports", "other", "i.wat").exitCode == 64)
  }

  @Test func preloadedModules() throws {
    let work = try Workspace()
    try work.write("i.wat", Samples.importing)
    try work.write("p.wat", Samples.provider)
    let provider = work.path("p.wat")
    let result = work.run(
      "run", "--preload", "ic0=\(provider)", "--preload", "env=\(provider)", "i.wat", "--invoke", "reply")
    #expect(result.output == "42\n", "\(result.errors)")
    let canned = work.path(try work.compile("p.wat"))
    let base = work.run("run", "--preload=ic0=\(canned)", "--preload=env=\(canned)", "i.wat", "--invoke", "base")
    #expect(base.output == "1024\n", "\(base.errors)")
    // Types must match.
    try work.write("q.wat", #"(module (func (export "msg_reply")))"#)
    let wrong = work.run(
      "run", "--json", "--imports", "trap", "--preload", "ic0=\(work.path("q.wat"))", "i.wat", "--invoke", "base")
    #expect(wrong.exitCode == 2)
    #expect(wrong.errorKind == "unlinkable")
    #expect(wrong.errors.contains("does not match: its type is () -> (), not (i32) -> (i32)"))
    #expect(work.run("run", "--preload", "ic0", "i.wat").exitCode == 64)
    #expect(work.run("run", "--preload", "ic0=missing.wasm", "i.wat").exitCode == 2)
  }

  // MARK: Refusals

  @Test func wrongExports() throws {
    let work = try Workspace()
    try work.write("a.wat", Samples.arithmetic)
    let result = work.run("run", "--json", "a.wat", "--invoke", "sub")
    #expect(result.exitCode == 64)
    #expect(result.errorKind == "unknown-export")
    #expect(result.errors.contains("there is no export \"sub\""))
    #expect(result.errors.contains("\n  \"add\" (i32, i32) -> (i32)\n"))
    let exports = (result.json["error"] as? [String: Any])?["exports"] as? [String]
    #expect(exports?.prefix(2) == ["add", "div"])
    let memory = work.run("run", "a.wat", "--invoke", "memory")
    #expect(memory.exitCode == 64)
    #expect(memory.errors.contains("is a memory, not a function"))
    try work.write("empty.wat", "(module)")
    #expect(work.run("run", "empty.wat", "--invoke", "f").errors.contains("it exports no functions"))
  }

  @Test(
    arguments: [
      ([], "it takes 2 arguments, 0 given"), (["1"], "it takes 2 arguments, 1 given"),
      (["1", "2", "3"], "it takes 2 arguments, 3 given"),
      (["1", "x"], "\"add\" has the type (i32, i32) -> (i32): argument 2: 'x' is no i32: expected an integer"),
      (["1", "4294967296"], "argument 2: '4294967296' is no i32"), (["1", "1.5"], "argument 2: '1.5' is no i32"),
    ])
  func wrongArguments(arguments: [String], message: String) throws {
    let work = try Workspace()
    try work.write("a.wat", Samples.arithmetic)
    let result = work.run(["run", "--json", "a.wat", "--invoke", "add"] + arguments)
    #expect(result.exitCode == 64)
    #expect(result.errorKind == "arguments")
    #expect(result.errors.contains(message), "\(result.errors)")
  }

  @Test func contradictedArtifacts() throws {
    let work = try Workspace()
    try work.write("a.wat", Samples.arithmetic)
    let operators = try work.compile("a.wat", "--metering", "operators", "--features", "wasm2")
    // Without options an artifact is executed as it is.
    #expect(work.run("run", "--json", operators, "--invoke", "add", "1", "2").json["instructions"] as? Int == 3)
    #expect(work.run("run", "--metering", "operators", operators, "--invoke", "add", "1", "2").exitCode == 0)
    #expect(work.run("run", "--features", "wasm3", operators, "--invoke", "add", "1", "2").exitCode == 0)
    let metering = work.run("run", "--json", "--metering", "icp", operators, "--invoke", "add", "1", "2")
    #expect(metering.exitCode == 2)
    #expect(metering.errorKind == "stale")
    #expect(metering.errors.contains("compiled with metering operators, not icp"))
    let features = work.run("run", "--json", "--features", "wasm1", operators, "--invoke", "add", "1", "2")
    #expect(features.exitCode == 2)
    #expect(features.errors.contains("compiled with more features than asked for: sign-extension"))
    let none = try work.compile("a.wat", "--metering", "none")
    let limited = work.run("run", "--instructions", "5", none, "--invoke", "add", "1", "2")
    #expect(limited.exitCode == 64)
    #expect(limited.errors.contains("compiled with metering none"))
    #expect(work.run("run", "--instructions=5", "--metering=none", "a.wat", "--invoke", "add", "1", "2").exitCode == 64)
  }

  @Test func damagedArtifacts() throws {
    let work = try Workspace()
    try work.write("a.wat", Samples.arithmetic)
    let good = try work.read(try work.compile("a.wat"))
    func refused(_ bytes: [UInt8], _ kind: String, _ message: String, line: Int = #line) throws {
      try work.write("bad.canned", bytes)
      let result = work.run("run", "--json", "bad.canned", "--invoke", "add", "1", "2")
      #expect(result.exitCode == 2, "line \(line)")
      #expect(result.errorKind == kind, "line \(line)")
      #expect(result.errors.contains(message), "line \(line): \(result.errors)")
    }
    try refused([], "not-an-artifact", "wrong magic bytes")
    try refused(Array("not an artifact".utf8), "not-an-artifact", "wrong magic bytes")
    try refused(Array(good.prefix(100)), "wrong-size", "truncated")
    try refused(Array(good.dropLast()), "wrong-size", "truncated")
    try refused(good + [0], "wrong-size", "truncated or extended")
    var flipped = good
    flipped[40] ^= 1
    try refused(flipped, "corrupt", "the checksum of the header is wrong")
    flipped = good
    flipped[200] ^= 1
    try refused(flipped, "corrupt", "the checksum of the skeleton")
    // Code is verified when it is first called: `add` is the first function.
    let code = Int(good[96]) | Int(good[97]) << 8
    flipped = good
    flipped[code + 8] ^= 1
    try refused(flipped, "corrupt", "the checksum of function 0 is wrong")
    #expect(work.run("run", "bad.canned", "--invoke", "fib", "5").output == "5\n")
  }

  @Test func unsupportedModules() throws {
    let work = try Workspace()
    try work.write("tag.wat", "(module (tag) (func (export \"f\") (throw 0)))")
    let result = work.run("run", "--json", "tag.wat", "--invoke", "f")
    #expect(result.exitCode == 2)
    #expect(result.errorKind == "unsupported")
  }

  @Test func standardInput() throws {
    let work = try Workspace()
    let result = work.run("run", "-", "--invoke", "add", "1", "2", input: Array(Samples.arithmetic.utf8))
    #expect(result.output == "3\n")
    try work.write("a.wat", Samples.arithmetic)
    let artifact = try work.read(try work.compile("a.wat"))
    #expect(work.run("run", "-", "--invoke", "add", "1", "2", input: artifact).output == "3\n")
    let twice = work.run("run", "--preload", "a=-", "-", input: Array("(module)".utf8))
    #expect(twice.exitCode == 2)
    #expect(twice.errors.contains("only once"))
  }
}
