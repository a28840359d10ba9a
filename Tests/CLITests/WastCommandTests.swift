// `cannery wast`.

import CLICommands
import Foundation
import Testing

@Suite struct WastCommandTests {
  static let passing = """
    (module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
      (func (export "trap") unreachable))
    (assert_return (invoke "add" (i32.const 1) (i32.const 2)) (i32.const 3))
    (assert_trap (invoke "trap") "unreachable")
    (assert_invalid (module (func (result i32))) "type mismatch")
    """

  static let failing = """
    (module (func (export "one") (result i32) i32.const 1))
    (assert_return (invoke "one") (i32.const 1))

    (assert_return (invoke "one") (i32.const 2))
    (assert_trap (invoke "one") "unreachable")
    """

  @Test(
    arguments: [[], ["--metering", "none"], ["--optimization", "none"], ["--track-writes"], ["--metering=operators"]])
  func passingScript(options: [String]) throws {
    let work = try Workspace()
    try work.write("p.wast", WastCommandTests.passing)
    let result = work.run(["wast"] + options + ["p.wast"])
    #expect(result.exitCode == 0, "\(result.output)")
    #expect(result.output == "\(work.path("p.wast")): 3 passed, 0 failed, 0 skipped\n")
  }

  @Test func failingScripts() throws {
    let work = try Workspace()
    try work.write("f.wast", WastCommandTests.failing)
    try work.write("p.wast", WastCommandTests.passing)
    let text = work.run("wast", "f.wast", "p.wast")
    #expect(text.exitCode == 1)
    #expect(text.output.contains("\(work.path("f.wast")): 1 passed, 2 failed, 0 skipped\n"))
    #expect(text.output.contains("\(work.path("f.wast")):4: failed: expected (i32.const 2), got (i32.const 1)\n"))
    #expect(
      text.output.contains("\(work.path("f.wast")):5: failed: expected the trap unreachable, got (i32.const 1)\n"))
    #expect(text.output.hasSuffix("total: 4 passed, 2 failed, 0 skipped\n"))
    let json = work.run("wast", "--json", "f.wast", "p.wast")
    #expect(json.exitCode == 1)
    #expect(json.json["passed"] as? Int == 4 && json.json["failed"] as? Int == 2)
    let files = try #require(json.json["files"] as? [[String: Any]])
    let failures = try #require(files[0]["failures"] as? [[String: Any]])
    #expect(failures.compactMap { $0["line"] as? Int } == [4, 5])
  }

  @Test func wrongScriptsDoNotStopTheOthers() throws {
    let work = try Workspace()
    try work.write("bad.wast", "(assert_nothing)")
    try work.write("p.wast", WastCommandTests.passing)
    let result = work.run("wast", "--json", "bad.wast", work.path("missing.wast"), "p.wast")
    #expect(result.exitCode == 2)
    #expect(result.json["passed"] as? Int == 3)
    let files = try #require(result.json["files"] as? [[String: Any]])
    #expect(files.count == 3)
    #expect((files[0]["error"] as? [String: Any])?["kind"] as? String == "malformed")
    #expect((files[1]["error"] as? [String: Any])?["kind"] as? String == "file")
  }

  @Test func standardInput() throws {
    let result = runCommand(["wast", "-"], input: Array(WastCommandTests.passing.utf8))
    #expect(result.output == "-: 3 passed, 0 failed, 0 skipped\n")
  }
}
