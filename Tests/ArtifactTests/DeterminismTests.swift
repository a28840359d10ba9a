// Artifacts depend on the module and the options alone: not on threads, nor on the run, nor on the process.

import Cannery
import Compiler
import Foundation
import ProgramGenerator
import Testing
import WasmBinary

@Suite struct DeterminismTests {
  /// Modules of many functions, which several threads share, and the corpus of mutations.
  private static func modules() -> [(name: String, module: WebAssembly.Module)] {
    var modules = Corpus.modules(step: dispatchesThroughTrampoline ? 12 : 3, generated: 60)
    for seed in 1000..<UInt64(1024) {
      var shape = ProgramShape()
      shape.functionSize = 60
      shape.functions = 50 + 25 * Int(seed % 4)
      modules.append(("generated \(seed)", GeneratedModule(seed: seed, shape: shape).bytes))
    }
    let engine = Engine()
    return modules.compactMap { name, bytes in
      guard let module = try? engine.decode(bytes), (try? engine.precompile(module)) != nil else { return nil }
      return (name, module)
    }
  }

  @Test func threadsAndRuns() throws {
    let modules = DeterminismTests.modules()
    var shared = 0
    for (number, (name, module)) in modules.enumerated() {
      let policy: MeteringPolicy = number % 3 == 0 ? .operators : .icp
      let level: OptimizationLevel = number % 4 == 0 ? .none : .full
      var first: [UInt8]?
      for run in 0..<3 {
        for threads in [1, 2, 5] {
          let options = CompilerOptions(optimization: level, verifiesIR: false, threads: threads)
          // Whether memory is kept for the next function.
          let artifact = try compileInParts(
            module, features: .wasm3, policy: policy, options: options, largeFunction: run == 1 ? 0 : 65_536
          ).bytes
          #expect(first == nil || artifact == first, "\(name) with \(threads) threads")
          first = first ?? artifact
        }
      }
      if module.functions.count >= 32 { shared += 1 }
    }
    print("artifacts of \(modules.count) modules are the same with 1, 2 and 5 threads, in 3 runs")
    #expect(modules.count >= 200)
    #expect(shared >= 20)
  }

  /// Each process has hash tables of its own order.
  @Test func processes() throws {
    let command = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appendingPathComponent("cannery")
    try #require(FileManager.default.isExecutableFile(atPath: command.path), "\(command.path) is built with the tests")
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("cannery-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var shape = ProgramShape()
    shape.functions = 80
    var modules = Corpus.handWritten.map { (name: $0.name, bytes: Array($0.text.utf8)) }
    for seed in 0..<UInt64(4) { modules.append(("generated \(seed)", GeneratedModule(seed: seed, shape: shape).bytes)) }
    for (name, bytes) in modules {
      let input = folder.appendingPathComponent("module")
      try Data(bytes).write(to: input)
      let expected = try Engine().precompile(bytes)
      for threads in 1...3 {
        let output = folder.appendingPathComponent("artifact")
        let process = Process()
        process.executableURL = command
        process.arguments = ["compile", "--threads", "\(threads)", "-o", output.path, input.path]
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(try [UInt8](Data(contentsOf: output)) == expected, "\(name) in process \(threads)")
      }
    }
  }
}
