// What the oracle's tests share: instances from text.

import ReferenceInterpreter
import WasmBinary
import WasmText
import WasmValidation
import WebAssembly

/// The module that `text` describes, checked.
func module(_ text: String) throws -> Module {
  let module = try decodeModule(ModuleBytes(try parseModule(text)))
  _ = try validate(module)
  return module
}

extension OracleStore {
  /// An instance of the module that `text` describes. Its imports are functions that do nothing and return zeros.
  func instantiate(_ text: String) throws -> OracleInstance {
    let module = try module(text)
    return try instantiate(module) { item in
      guard case .function(let index) = item.description, case .function(let type) = module.types[Int(index)].composite
      else { return nil }
      return .function(hostFunction(type) { _, _ in type.results.map(OracleValue.init(defaultOf:)) })
    }
  }
}

/// What came of a call: results or the kind of trap, and the instructions executed.
struct Outcome: Equatable {
  var results: [OracleValue] = []
  var trap: TrapKind?
  var executed: UInt64 = 0
}

extension OracleInstance {
  /// Calls the export `name` with `limit` instructions.
  func call(
    _ store: OracleStore, _ name: String, _ arguments: [OracleValue] = [], limit: Int64 = .max
  ) throws -> Outcome {
    guard let function = function(name) else { preconditionFailure("no export \(name)") }
    store.setLimit(limit)
    do throws(OracleStop) {
      let results = try store.invoke(function, arguments)
      return Outcome(results: results, executed: store.executed)
    } catch {
      guard let kind = error.trapKind else { throw error }
      return Outcome(trap: kind, executed: store.executed)
    }
  }

  /// The value of the exported global `name`.
  func global(_ name: String) -> OracleValue {
    guard case .global(let global)? = export(name) else { preconditionFailure("no global \(name)") }
    return global.value
  }
}
