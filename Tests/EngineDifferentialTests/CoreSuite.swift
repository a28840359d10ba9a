// The core suite's scripts.

import Foundation

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
