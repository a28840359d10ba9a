// `run --verify`: how far an artifact is trusted before it is executed.

import CLICommands
import Testing

@Suite struct VerificationTests {
  @Test func genuineArtifacts() throws {
    let work = try Workspace()
    try work.write("a.wat", Samples.arithmetic)
    let artifact = try work.compile("a.wat")
    for options in [["--verify", "lazy"], ["--verify", "all"], ["--verify", "recompile", "--module", "a.wat"]] {
      let result = work.run(["run"] + options + [artifact, "--invoke", "fib", "10"])
      #expect(result.exitCode == 0, "\(options): \(result.errors)")
      #expect(result.output == "55\n")
    }
    // Whatever the options were that it was compiled with.
    let other = try work.compile("a.wat", "--metering", "operators", "--optimization", "none")
    #expect(
      work.run("run", "--verify", "recompile", "--module", "a.wat", other, "--invoke", "fib", "10").output == "55\n")
  }

  /// What is well-formed, but not what the compiler makes of the module.
  @Test func otherArtifacts() throws {
    let work = try Workspace()
    try work.write("a.wat", Samples.arithmetic)
    try work.write("b.wat", #"(module (func (export "f") (result i32) i32.const 1))"#)
    let artifact = try work.compile("a.wat")
    let result = work.run(
      "run", "--json", "--verify", "recompile", "--module", "b.wat", artifact, "--invoke", "fib", "5")
    #expect(result.exitCode == 2)
    #expect(result.errors.contains("stale: compiled from another module"), "\(result.errors)")
    // A module is no artifact, and an artifact no module.
    #expect(
      work.run("run", "--verify", "recompile", "--module", "a.wat", "a.wat", "--invoke", "fib", "5").exitCode == 64)
    #expect(
      work.run("run", "--verify", "recompile", "--module", artifact, artifact, "--invoke", "fib", "5").exitCode == 2)
    #expect(work.run("run", "--verify", "recompile", "--module", "none.wat", artifact).exitCode == 2)
  }

  /// Damage in a function that is not called is found when all are verified.
  @Test func damageOutsideTheCalledFunctions() throws {
    let work = try Workspace()
    try work.write("a.wat", Samples.arithmetic)
    var bytes = try work.read(try work.compile("a.wat"))
    let code = UInt64(littleEndian: bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 96, as: UInt64.self) })
    let size = UInt64(littleEndian: bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 104, as: UInt64.self) })
    bytes[Int(code + size) - 1] ^= 1
    try work.write("bad.canned", bytes)
    #expect(work.run("run", "bad.canned", "--invoke", "fib", "5").output == "5\n")
    let all = work.run("run", "--verify", "all", "bad.canned", "--invoke", "fib", "5")
    #expect(all.exitCode == 2)
    #expect(all.errors.contains("corrupt"), "\(all.errors)")
    let recompiled = work.run("run", "--verify", "recompile", "--module", "a.wat", "bad.canned", "--invoke", "fib", "5")
    #expect(recompiled.exitCode == 2)
    #expect(recompiled.errors.contains("not what the compiler makes of the module"), "\(recompiled.errors)")
  }
}
