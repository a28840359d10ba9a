// What the tests of this target share: the core suite, and modules from text.

import Compiler
import Foundation
import WasmBinary
import WasmText
import WasmValidation
import WebAssembly

/// The package's root.
let packageFolder: URL = {
  var folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  while !FileManager.default.fileExists(atPath: folder.appendingPathComponent("Package.swift").path) {
    folder.deleteLastPathComponent()
  }
  return folder
}()

/// The scripts of the core test suite: of `WASM_TESTSUITE`, or `../shared/testsuite` beside the package; empty, with a
/// notice, if it is absent.
let suiteFiles: [URL] = {
  let environment = ProcessInfo.processInfo.environment["WASM_TESTSUITE"]
  let folder =
    environment.map { URL(fileURLWithPath: $0) }
    ?? packageFolder.deletingLastPathComponent().appendingPathComponent("shared/testsuite")
  let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
  if files.isEmpty { print("SKIPPED: no core test suite; set WASM_TESTSUITE to its folder") }
  return files.filter { $0.pathExtension == "wast" }.sorted { $0.path < $1.path }
}()

/// The module that `text` describes, checked.
func module(_ text: String) throws -> Module {
  try module(try parseModule(text))
}

/// The module with these bytes, checked.
func module(_ bytes: [UInt8]) throws -> Module {
  let module = try decodeModule(ModuleBytes(bytes))
  _ = try validate(module)
  return module
}

/// The module with these bytes, or `nil` if it is not valid.
func validModule(_ bytes: [UInt8]) -> Module? {
  try? module(bytes)
}
