// Decoding and validation on every module of the core test suite.

import Foundation
import Testing
import WasmBinary
import WasmText
import WasmValidation
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

/// What a script says of a module.
private enum Expectation {
  case valid
  case invalid(String)
  case malformed
}

private struct SuiteModule {
  var line: Int
  var module: ScriptModule
  var expectation: Expectation
}

private func modules(_ script: Script) -> [SuiteModule] {
  script.commands.compactMap { command in
    switch command.kind {
    case .module(let module), .moduleDefinition(let module), .assertUnlinkable(let module, _),
      .assertModuleTrap(let module, _):
      SuiteModule(line: command.line, module: module, expectation: .valid)
    case .assertInvalid(let module, let text):
      SuiteModule(line: command.line, module: module, expectation: .invalid(text))
    case .assertMalformed(let module, _): SuiteModule(line: command.line, module: module, expectation: .malformed)
    default: nil
    }
  }
}

@Suite struct SuiteValidationTests {
  /// Assertions of invalidity whose text is another than that of the reason here, which says the same in other words.
  static let synonyms: [String: String] = [
    "immutable array": "array is immutable",
    "immutable field": "field is immutable",
    "immutable global": "global is immutable",
    "array types do not match": "type mismatch: array types do not match",
    "array type is not numeric or vector": "type mismatch: array.new_data: array type is not numeric or vector",
  ]

  /// Assertions of invalidity that are refused for another reason than their text says, by line. The operand of `if` is
  /// missing and its block type is wrong, too; the operand comes first.
  static let otherReason: [String: Set<Int>] = ["ref.wast": [72]]

  @Test func everyModuleIsAcceptedOrRefused() throws {
    guard let suiteFolder else {
      print("SKIPPED: no core test suite; set WASM_TESTSUITE to its folder")
      return
    }
    var counts = (valid: 0, invalid: 0, malformed: 0)
    var others: [String: Set<Int>] = [:]
    for folder in [suiteFolder, suiteFolder.appendingPathComponent("custom")] {
      let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      for file in files.sorted(by: { $0.path < $1.path }) where file.pathExtension == "wast" {
        let script = try Script(parsing: [UInt8](try Data(contentsOf: file)))
        for item in modules(script) {
          let place = "\(file.lastPathComponent):\(item.line)"
          let error = validationError(item.module)
          switch item.expectation {
          case .valid:
            counts.valid += 1
            #expect(error == nil, "\(place)")
          case .malformed:
            counts.malformed += 1
            #expect(error?.kind == .malformed, "\(place): \(String(describing: error))")
          case .invalid(let text):
            counts.invalid += 1
            #expect(error?.kind == .invalid, "\(place): \(String(describing: error))")
            guard let error else { continue }
            let reason = error.reason.rawValue + (error.detail.map { ": \($0)" } ?? "")
            let want = SuiteValidationTests.synonyms[text] ?? text
            if !reason.hasPrefix(want) && !want.hasPrefix(error.reason.rawValue) {
              others[file.lastPathComponent, default: []].insert(item.line)
            }
          }
        }
      }
    }
    #expect(counts == (2510, 2712, 1940))
    #expect(others == SuiteValidationTests.otherReason)
  }

  /// The error of decoding and validating the module. What the text parser refuses counts as malformed.
  private func validationError(_ module: ScriptModule) -> ModuleError? {
    let bytes: [UInt8]
    do throws(TextError) {
      bytes = try module.bytes()
    } catch {
      return ModuleError(.malformed, .unexpectedEnd, offset: error.offset, detail: "\(error)")
    }
    do throws(ModuleError) {
      _ = try validate(try decodeModule(ModuleBytes(bytes)))
      return nil
    } catch {
      return error
    }
  }
}
