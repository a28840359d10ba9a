// `cannery compile`, and how files are written.

import CLICommands
import Foundation
import HostFiles
import Testing

@Suite struct CompileCommandTests {
  @Test func besideTheModule() throws {
    let work = try Workspace()
    try work.write("a.wat", Samples.arithmetic)
    let result = work.run("compile", "--json", "a.wat")
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(work.names == ["a.wat", "a.wat.canned"])
    #expect(result.json["output"] as? String == work.path("a.wat.canned"))
    #expect(result.json["size"] as? Int == (try work.read("a.wat.canned")).count)
    let module = try #require(result.json["module"] as? [String: Any])
    #expect(module["functions"] as? Int == 10)
    #expect((module["sha256"] as? String)?.count == 64)
    #expect(result.json["timings"] == nil)
    let text = work.run("compile", "--timings", "a.wat")
    #expect(text.output.hasPrefix(work.path("a.wat.canned") + ": "))
    #expect(text.errors.contains("validate ") && text.errors.contains(" ms"))
    let timings = work.run("compile", "--timings", "--json", "a.wat").json["timings"] as? [String: Double]
    #expect(timings.map { Set($0.keys) } == ["read", "decode", "validate", "compile", "write"])
  }

  @Test func standardStreams() throws {
    let work = try Workspace()
    let source = Array(Samples.arithmetic.utf8)
    let result = work.run("compile", "-o", "-", "-", input: source)
    #expect(result.exitCode == 0, "\(result.errors)")
    #expect(result.outputBytes.starts(with: "CANNED".utf8))
    #expect(work.run("run", "-", "--invoke", "add", "1", "2", input: result.outputBytes).output == "3\n")
    #expect(work.run("compile", "-", input: source).exitCode == 64)
    #expect(work.run("compile", "--json", "-o", "-", "-", input: source).exitCode == 64)
    let terminal = work.run(["compile", "-o", "-", "-"], input: source, outputIsTerminal: true)
    #expect(terminal.exitCode == 64)
    #expect(terminal.output.isEmpty)
    #expect(terminal.errors.contains("terminal"))
    #expect(work.run(["compile", "--emit=ir", "-"], input: source, outputIsTerminal: true).exitCode == 0)
  }

  @Test func sameArtifactWhateverTheThreads() throws {
    let work = try Workspace()
    try work.write("a.wat", Samples.arithmetic)
    _ = work.run("compile", "--threads", "1", "-o", work.path("1.canned"), "a.wat")
    _ = work.run("compile", "--threads", "4", "-o", work.path("4.canned"), "a.wat")
    #expect(try work.read("1.canned") == work.read("4.canned"))
    #expect(work.run("compile", "--threads", "-1", "a.wat").exitCode == 64)
    #expect(work.run("compile", "--threads=5000", "a.wat").exitCode == 64)
  }

  @Test func optimisationChangesNoResult() throws {
    let work = try Workspace()
    try work.write("a.wat", Samples.arithmetic)
    let plain = try work.compile("a.wat", "--optimization", "none")
    let one = work.run("run", "--json", plain, "--invoke", "fib", "12")
    let full = try work.compile("a.wat", "--optimization", "full")
    #expect(one.output == work.run("run", "--json", full, "--invoke", "fib", "12").output)
    #expect(one.output.contains(#""value":"144""#))
  }

  @Test func texts() throws {
    let work = try Workspace()
    try work.write("a.wat", Samples.arithmetic)
    let ir = work.run("compile", "--emit", "ir", "a.wat")
    #expect(ir.output.hasPrefix("function 0 (i32, i32) -> (i32)"))
    #expect(ir.output.contains("i32.add"))
    let threaded = work.run("compile", "--emit", "threaded", "a.wat")
    #expect(threaded.output.hasPrefix("function 0 (i32, i32) -> (i32): "))
    #expect(work.names == ["a.wat"])
    // The text of an artifact is that of its module.
    let artifact = try work.compile("a.wat")
    #expect(work.run("compile", "--emit", "threaded", artifact).output == threaded.output)
    #expect(work.run("compile", "--emit", "ir", artifact).exitCode == 2)
    #expect(work.run("compile", artifact).exitCode == 2)
    let json = work.run("compile", "--json", "--emit", "ir", "a.wat")
    let functions = try #require(json.json["functions"] as? [[String: Any]])
    #expect(functions.count == 10)
    #expect(functions[1]["name"] as? String == "divide")
    #expect(functions.compactMap { $0["text"] as? String }.joined() == ir.output)
    let file = work.run("compile", "--json", "--emit", "ir", "-o", work.path("a.ir"), "a.wat")
    #expect(file.json["output"] as? String == work.path("a.ir"))
    #expect(try work.read("a.ir") == ir.outputBytes)
  }

  @Test func wrongInput() throws {
    let work = try Workspace()
    try work.write("invalid.wat", "(module (func (result i32)))")
    let invalid = work.run("compile", "--json", "invalid.wat")
    #expect(invalid.exitCode == 2)
    #expect(invalid.errorKind == "invalid")
    let error = try #require(invalid.json["error"] as? [String: Any])
    #expect(error["offset"] as? Int != nil)
    #expect(error["function"] as? Int == 0)
    #expect(invalid.errors.contains("invalid module: type mismatch"))
    #expect(work.names == ["invalid.wat"])
    try work.write("simd.wat", "(module (func (param v128)))")
    #expect(work.run("compile", "--json", "--features", "wasm1", "simd.wat").errorKind == "invalid")
    #expect(work.run("compile", "--features", "wasm3,-simd", "simd.wat").exitCode == 2)
    #expect(work.run("compile", "--features", "wasm1,+simd", "simd.wat").exitCode == 0)
  }

  // MARK: Writing

  @Test func unwritablePlaces() throws {
    let work = try Workspace()
    try work.write("a.wat", Samples.arithmetic)
    let folder = work.run("compile", "--json", "-o", work.path("missing/a.canned"), "a.wat")
    #expect(folder.exitCode == 2)
    #expect(folder.errorKind == "file")
    #expect(folder.errors.contains("cannot write") && folder.errors.contains("No such file or directory"))
    let directory = work.run("compile", "-o", work.folder.path, "a.wat")
    #expect(directory.exitCode == 2)
    #expect(directory.errors.contains("Is a directory"))
    let same = work.run("compile", "-o", work.path("a.wat"), "a.wat")
    #expect(same.exitCode == 64)
    #expect(work.names == ["a.wat"])
  }

  @Test func devices() throws {
    let work = try Workspace()
    try work.write("a.wat", Samples.arithmetic)
    #expect(work.run("compile", "-o", "/dev/null", "a.wat").exitCode == 0)
    var status = stat()
    #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    if FileManager.default.fileExists(atPath: "/dev/full") {
      let full = work.run("compile", "-o", "/dev/full", "a.wat")
      #expect(full.exitCode == 2)
      #expect(full.errors.contains("No space left on device"))
    }
  }

  @Test func replacingFiles() throws {
    let work = try Workspace()
    try work.write("out", [1, 2, 3])
    try FileManager.default.createSymbolicLink(atPath: work.path("link"), withDestinationPath: work.path("out"))
    chmod(work.path("out"), 0o640)
    try FileWriter.write([4, 5], to: work.path("link"))
    #expect(try work.read("out") == [4, 5])
    #expect(work.names == ["link", "out"])
    var status = stat()
    #expect(lstat(work.path("link"), &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
    #expect(stat(work.path("out"), &status) == 0 && status.st_mode & 0o777 == 0o640)
    try FileWriter.write([], to: work.path("empty"))
    #expect(try work.read("empty") == [])
  }

  /// Files that processes have left that were killed while they wrote are not in the way.
  @Test func leftTemporaryFiles() throws {
    let work = try Workspace()
    for number in 1...200 { try work.write(".cannery-\(getpid())-\(number).tmp", [0]) }
    try FileWriter.write([1], to: work.path("out"))
    #expect(try work.read("out") == [1])
    #expect(work.names.count == 201)
  }

  @Test func fullStandardOutput() throws {
    let work = try Workspace()
    try work.write("a.wat", Samples.arithmetic)
    var errors: [UInt8] = []
    let console = Console(
      outputIsTerminal: false, readInput: { (_) throws(FileError) in [] },
      write: { stream, bytes in
        if stream == .output { return ENOSPC }
        errors.append(contentsOf: bytes)
        return 0
      })
    #expect(runCommand(["inspect", work.path("a.wat")], console: console) == 2)
    #expect(String(decoding: errors, as: UTF8.self).contains("No space left on device"))
  }
}
