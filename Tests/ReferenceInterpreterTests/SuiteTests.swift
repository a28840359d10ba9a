// The core suite on the oracle: every assertion about what it executes must hold.

import EngineComparison
import Foundation
import ReferenceInterpreter
import Testing
import WasmText
import WastRunner
import WebAssembly

/// The scripts of the core suite: in the folder `WASM_TESTSUITE`, or in `../shared/testsuite` beside the package.
private let scripts: [URL] = {
  var folder = ProcessInfo.processInfo.environment["WASM_TESTSUITE"].map { URL(fileURLWithPath: $0) }
  if folder == nil {
    var package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    while package.path != "/"
      && !FileManager.default.fileExists(atPath: package.appendingPathComponent("Package.swift").path)
    {
      package.deleteLastPathComponent()
    }
    folder = package.deletingLastPathComponent().appendingPathComponent("shared/testsuite")
  }
  guard let files = FileManager.default.enumerator(at: folder!, includingPropertiesForKeys: nil) else { return [] }
  return files.compactMap { $0 as? URL }.filter { $0.pathExtension == "wast" }.sorted { $0.path < $1.path }
}()

/// Scripts that a debug build takes minutes for.
private let slowScripts: Set<String> = [
  "call_indirect.wast", "memory_copy.wast", "memory_copy64.wast", "memory_fill.wast", "memory_fill64.wast",
  "memory_grow64.wast", "return_call.wast", "return_call_indirect.wast",
]

#if DEBUG
private let runsSlowScripts = false
#else
private let runsSlowScripts = true
#endif

@Suite struct SuiteTests {
  @Test(arguments: [MeteringPolicy.none, .icp])
  func suite(policy: MeteringPolicy) throws {
    if scripts.isEmpty { print("SKIPPED: no core test suite; set WASM_TESTSUITE to its folder") }
    var passed = 0
    var skipped: [String: Int] = [:]
    if !runsSlowScripts { print("not run in a debug build: \(slowScripts.sorted().joined(separator: ", "))") }
    for file in scripts where runsSlowScripts || !slowScripts.contains(file.lastPathComponent) {
      let script = try Script(parsing: [UInt8](try Data(contentsOf: file)))
      var runner = ScriptRunner(engine: OracleEngine(policy: policy))
      let report = runner.run(script)
      for failure in report.failures { Issue.record("\(file.lastPathComponent):\(failure.line): \(failure.reason)") }
      for entry in report.skipped { skipped[entry.reason, default: 0] += 1 }
      passed += report.passed
    }
    let reasons = skipped.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) (\($0.value))" }
    print("core suite, metering \(policy): \(passed) assertions hold; not executed: \(reasons.joined(separator: ", "))")
  }
}
