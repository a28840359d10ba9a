// Exit codes and messages of every command for wrong usage and for files that are no modules; help and completions.

import CLICommands
import Foundation
import Testing

@Suite struct UsageTests {
  static let commands = ["compile", "validate", "inspect", "run", "wast"]

  @Test(
    arguments: [
      ["unknown"], ["--unknown"], ["compile"], ["validate"], ["inspect"], ["run"], ["wast"],
      ["compile", "--emit", "x", "a"],
      ["compile", "--metering", "x", "a"], ["compile", "--optimization", "3", "a"], ["compile", "a", "b"],
      ["compile", "-o"], ["validate", "--features", "x", "a"], ["validate", "--features", "+x", "a"],
      ["validate", "--features", "wasm1,wasm2", "a"], ["validate", "--features", "simd", "a"],
      ["validate", "--features=", "a"], ["validate", "--features", "-mvp", "a"], ["validate", "--features"],
      ["run", "--instructions", "-1", "a"], ["run", "--instructions", "x", "a"], ["run", "--invoke"],
      ["run", "--invoke", "f"], ["run", "a", "--invoke"], ["run", "--preload", "x", "a"],
      ["run", "--verify", "recompile", "a"], ["run", "--module", "m", "a"], ["inspect", "--top", "a"],
      ["wast", "--features", "icp", "a"],
    ])
  func wrongUsage(arguments: [String]) {
    let result = runCommand(arguments)
    #expect(result.exitCode == 64, "\(arguments): \(result.errors)")
    #expect(result.output.isEmpty)
    #expect(result.errors.hasPrefix("Error: "), "\(result.errors)")
    #expect(result.errors.contains("Usage: cannery"))
    // With --json, also as an object.
    let json = runCommand([arguments[0], "--json"] + arguments.dropFirst())
    #expect(json.exitCode == 64)
    #expect(json.errorKind == "usage", "\(arguments): \(json.output)")
    #expect(json.errors.hasPrefix("Error: "))
  }

  @Test func onlyOptionsAskForJSON() {
    #expect(runCommand(["run", "a", "b", "--invoke", "f", "--json"]).output.isEmpty)
    #expect(runCommand(["validate", "a", "--", "--json"]).output.isEmpty)
  }

  @Test func quiet() throws {
    let work = try Workspace()
    try work.write("a.wat", Samples.arithmetic)
    try work.write("f.wast", "(module (func (export \"f\")))\n(assert_return (invoke \"f\") (i32.const 1))")
    let add = work.run("run", "-q", "--track-writes", "a.wat", "--invoke", "add", "1", "2")
    #expect(add.output == "3\n" && add.errors.isEmpty)
    let trap = work.run("run", "-q", "a.wat", "--invoke", "div", "1", "0")
    #expect(trap.exitCode == 1 && trap.errors.hasPrefix("trap: ") && !trap.errors.contains("instructions"))
    for words in [["validate", "-q", "a.wat"], ["compile", "-q", "a.wat"], ["wast", "-q", "-"]] {
      let result = work.run(words)
      #expect(result.exitCode == 0, "\(result.errors)")
      #expect(result.output.isEmpty && result.errors.isEmpty, "\(words): \(result.output)")
    }
    let failed = work.run("wast", "-q", "f.wast", "-")
    #expect(failed.exitCode == 1)
    #expect(failed.output.split(separator: "\n").count == 1 && failed.output.contains("f.wast:2: failed: "))
    #expect(work.run("inspect", "-q", "a.wat").output == work.run("inspect", "a.wat").output)
  }

  @Test func filesOfOtherKinds() throws {
    let work = try Workspace()
    let files: [[UInt8]] = [
      [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1], Array("hello".utf8), [0x89, 0x50, 0x4E, 0x47], [0xFF, 0xFE, 0x28, 0],
    ]
    for bytes in files {
      try work.write("x.wasm", bytes)
      let result = work.run("validate", "--json", "x.wasm")
      #expect(result.exitCode == 2)
      #expect(result.errors.contains("magic header not detected"), "\(result.errors)")
    }
    for text in ["(module)", " (module)", "\n;;\n(module)", "(; ;)(func)", "\t\r(module)"] {
      try work.write("x.wasm", text)
      #expect(work.run("validate", "x.wasm").exitCode == 0)
    }
  }

  @Test func help() {
    let root = runCommand(["--help"])
    #expect(root.exitCode == 0)
    #expect(root.errors.isEmpty)
    for command in UsageTests.commands + ["canister"] {
      #expect(root.output.contains("\n  \(command) "), "\(command)")
      for words in [[command, "--help"], ["help", command]] {
        let help = runCommand(words)
        #expect(help.exitCode == 0)
        #expect(help.output.contains("cannery \(command)"), "\(help.output)")
        #expect(help.output.contains("--json") || command == "canister")
      }
    }
    for later in ["explore", "bench", "profile"] { #expect(!root.output.contains("\n  \(later) ")) }
    #expect(root.output.contains("--generate-completion-script"))
    #expect(runCommand(["--version"]).exitCode == 0)
  }

  @Test(arguments: ["bash", "zsh", "fish"]) func completions(shell: String) {
    let result = runCommand(["--generate-completion-script", shell])
    #expect(result.exitCode == 0)
    for word in UsageTests.commands + ["canister", "metering", "canned"] {
      #expect(result.output.contains(word), "\(word)")
    }
  }

  static let badFiles: [(name: String, bytes: [UInt8])] = [
    ("empty.wasm", []), ("text.wasm", Array("hello".utf8)), ("latin.wat", [0x28, 0xE9, 0x29]),
    ("cut.wasm", [0, 0x61, 0x73, 0x6D, 1, 0, 0]), ("version.wasm", [0, 0x61, 0x73, 0x6D, 2, 0, 0, 0]),
    ("section.wasm", [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0, 1, 0x80]), ("cut.wasm.gz", [0x1F, 0x8B, 8, 0]),
    ("zeros.wasm", [UInt8](repeating: 0, count: 4096)), ("open.wat", Array("(module (func".utf8)),
    ("no.canned", Array("CANNED".utf8)), ("zeros.canned", [UInt8](repeating: 0, count: 4096)),
  ]

  @Test(arguments: commands, badFiles) func badFile(command: String, file: (name: String, bytes: [UInt8])) throws {
    let work = try Workspace()
    try work.write(file.name, file.bytes)
    let result = work.run(command, "--json", file.name)
    let isEmptyScript = command == "wast" && file.bytes.isEmpty
    #expect(result.exitCode == (isEmptyScript ? 0 : 2), "\(result.errors)")
    if isEmptyScript { return }
    #expect(result.errors.contains(file.name), "\(result.errors)")
    if command == "wast" {
      let files = try #require(result.json["files"] as? [[String: Any]])
      #expect(files.first?["error"] != nil)
    } else {
      #expect(result.errorKind != nil)
    }
    #expect(work.names == [file.name])
  }

  @Test(arguments: commands) func unreadableFiles(command: String) throws {
    let work = try Workspace()
    let missing = work.run(command, work.path("missing.wasm"))
    #expect(missing.exitCode == 2)
    #expect(missing.errors == "cannery: cannot read \(work.path("missing.wasm")): No such file or directory\n")
    let folder = work.run(command, work.folder.path)
    #expect(folder.exitCode == 2)
    #expect(folder.errors.contains("Is a directory"))
    let nul = work.run(command, "\u{1}\u{1B}[31m")
    #expect(nul.exitCode == 2)
    #expect(!nul.errors.contains("\u{1B}"))
    #expect(work.run(command, "").exitCode == 2)
  }

  @Test func endlessInput() throws {
    // Refused by its size, before the bytes are looked at.
    if FileManager.default.fileExists(atPath: "/dev/zero") {
      let work = try Workspace()
      let path = work.path("large.wasm")
      _ = FileManager.default.createFile(atPath: path, contents: nil)
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      try handle.truncate(atOffset: 8 << 30)
      try handle.close()
      let result = work.run("validate", path)
      #expect(result.exitCode == 2)
      #expect(result.errors.contains("it has more than"))
    }
  }
}
