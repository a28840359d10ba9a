// What the table tests share: a module in the text format and the error that it must give.

import Testing
import WasmBinary
import WasmText
import WasmValidation
import WebAssembly

/// A module, and why it must be refused; no reason means that it is valid.
struct TextCase: Sendable, CustomTestStringConvertible {
  var text: String
  var reason: ModuleErrorReason?
  /// Must occur in the error's detail.
  var detail: String

  init(_ text: String, _ reason: ModuleErrorReason? = nil, _ detail: String = "") {
    self.text = text
    self.reason = reason
    self.detail = detail
  }

  var testDescription: String { "\(reason?.rawValue ?? "valid"): \(text.prefix(100))" }
}

func module(_ text: String) throws -> Module { try decodeModule(ModuleBytes(try parseModule(text))) }

/// The error of `body`, which must throw `ModuleError`s only.
func moduleError(_ body: () throws(ModuleError) -> Void) -> ModuleError? {
  do throws(ModuleError) {
    try body()
    return nil
  } catch {
    return error
  }
}

func validationError(_ module: Module, features: Features = .wasm3) -> ModuleError? {
  moduleError { () throws(ModuleError) in _ = try validate(module, features: features) }
}

/// Compares an error with what a case wants, and checks that it points into the module.
func expect(
  _ error: ModuleError?, _ item: TextCase, in module: Module, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(error?.reason == item.reason, "\(String(describing: error))", sourceLocation: sourceLocation)
  guard let error else { return }
  let detail = error.detail ?? ""
  #expect(item.detail.isEmpty || detail.contains(item.detail), "\(error)", sourceLocation: sourceLocation)
  #expect((8..<module.bytes.count).contains(error.offset), "\(error)", sourceLocation: sourceLocation)
}
