// What the tests of this target share: the core suite's scripts, and decoding.

import Foundation
import Testing
import WasmBinary
import WasmText
import WebAssembly

/// The folder of the core test suite: `WASM_TESTSUITE`, or `../shared/testsuite` beside the package.
let suiteFolder: URL? = {
  if let path = ProcessInfo.processInfo.environment["WASM_TESTSUITE"] { return URL(fileURLWithPath: path) }
  var folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  while !FileManager.default.fileExists(atPath: folder.appendingPathComponent("Package.swift").path) {
    if folder.path == "/" { return nil }
    folder.deleteLastPathComponent()
  }
  let suite = folder.deletingLastPathComponent().appendingPathComponent("shared/testsuite")
  return FileManager.default.fileExists(atPath: suite.path) ? suite : nil
}()

struct SuiteScript: Sendable {
  var file: String
  var script: Script
}

/// All scripts of the suite, parsed once; `nil`, with a notice, if the suite is absent.
let suiteScripts: Result<[SuiteScript], any Error>? = {
  guard let folder = suiteFolder else {
    print("SKIPPED: no core test suite; set WASM_TESTSUITE to its folder")
    return nil
  }
  return Result {
    var scripts: [SuiteScript] = []
    for name in ["", "custom"] {
      let folder = name.isEmpty ? folder : folder.appendingPathComponent(name)
      let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      for file in files.sorted(by: { $0.path < $1.path }) where file.pathExtension == "wast" {
        let text = [UInt8](try Data(contentsOf: file))
        let path = name.isEmpty ? file.lastPathComponent : "\(name)/\(file.lastPathComponent)"
        do {
          scripts.append(SuiteScript(file: path, script: try Script(parsing: text)))
        } catch {
          Issue.record("\(path):\(error)")
        }
      }
    }
    return scripts
  }
}()

/// A module of the suite, with what the script expects of it.
struct SuiteModule: CustomStringConvertible {
  enum Expectation: Equatable {
    /// Well-formed; whether it is valid is not said here.
    case wellFormed
    case malformed(String)
    /// Only the contents of annotations are wrong.
    case malformedCustom(String)
  }
  var file: String
  var line: Int
  var module: ScriptModule
  var expectation: Expectation
  var description: String { "\(file):\(line)" }
}

extension SuiteScript {
  var modules: [SuiteModule] {
    script.commands.compactMap { command in
      let (module, expectation): (ScriptModule, SuiteModule.Expectation)
      switch command.kind {
      case .module(let item), .moduleDefinition(let item), .assertInvalid(let item, _), .assertUnlinkable(let item, _),
        .assertModuleTrap(let item, _):
        (module, expectation) = (item, .wellFormed)
      case .assertMalformed(let item, let message): (module, expectation) = (item, .malformed(message))
      case .assertMalformedCustom(let item, let message), .assertInvalidCustom(let item, let message):
        (module, expectation) = (item, .malformedCustom(message))
      default: return nil
      }
      return SuiteModule(file: file, line: command.line, module: module, expectation: expectation)
    }
  }
}
