// The core suite on the engine: every assertion, in each configuration, against a committed list of what may stay open.

import CLICommands
import Cannery
import Foundation
import Testing
import WasmText
import WastRunner

/// The scripts of the core suite: in the folder `WASM_TESTSUITE`, or in `../shared/testsuite` beside the package.
let suiteScripts: [URL] = {
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

/// Executions that need garbage collection or exceptions, which the compiler refuses: how many assertions of each
/// script are not executed for that reason.
private let openAssertions: [String: Int] = [
  "array.wast": 41,
  "array_copy.wast": 30,
  "array_fill.wast": 26,
  "array_init_data.wast": 42,
  "array_init_elem.wast": 30,
  "array_new_data.wast": 23,
  "array_new_elem.wast": 19,
  "br_on_cast.wast": 25,
  "br_on_cast_fail.wast": 25,
  "extern.wast": 16,
  "i31.wast": 57,
  "imports.wast": 46,
  "instance.wast": 12,
  "ref_cast.wast": 40,
  "ref_eq.wast": 81,
  "ref_test.wast": 68,
  "struct.wast": 19,
  "table_init.wast": 1,
  "table_init64.wast": 1,
  "tag.wast": 2,
  "throw.wast": 9,
  "throw_ref.wast": 12,
  "try_table.wast": 49,
  "type-subtyping.wast": 20,
]

@Suite struct SuiteTests {
  @Test(arguments: SuiteConfiguration.all)
  func coreSuite(_ configuration: SuiteConfiguration) throws {
    if suiteScripts.isEmpty { print("SKIPPED: no core test suite; set WASM_TESTSUITE to its folder") }
    var passed = 0
    var open: [String: Int] = [:]
    for file in suiteScripts {
      let script = try Script(parsing: [UInt8](try Data(contentsOf: file)))
      var runner = ScriptRunner(engine: try configuration.makeEngine())
      let report = runner.run(script)
      for failure in report.failures { Issue.record("\(file.lastPathComponent):\(failure.line): \(failure.reason)") }
      if !report.skipped.isEmpty { open[file.lastPathComponent] = report.skipped.count }
      passed += report.passed
    }
    if !suiteScripts.isEmpty { #expect(open == openAssertions) }
    print("core suite, \(configuration.testDescription): \(passed) assertions hold, \(open.values.reduce(0, +)) open")
  }
}
