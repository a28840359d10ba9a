// Functions of Wasm code that only call a host function: an execution begins in Wasm code, and a module may export what it
// imports.

import Compiler
import WasmBinary
import WasmText
import WasmValidation

extension Engine {
  /// A module whose function 1 has this type and passes its arguments to the one that it imports. What is required of
  /// canisters isn't of this module. Each is compiled once.
  package func makeForwarder(to type: FunctionType) throws -> Module {
    try forwarders.withLock { known in
      if let module = known[type] { return module }
      let module = try compileForwarder(to: type)
      known[type] = module
      return module
    }
  }

  private func compileForwarder(to type: FunctionType) throws -> Module {
    let parameters = type.parameters.map { "(param \($0))" }.joined()
    let results = type.results.map { "(result \($0))" }.joined()
    let arguments = type.parameters.indices.map { "(local.get \($0))" }.joined()
    let text = """
      (module
        (import "" "" (func $host \(parameters) \(results)))
        (func \(parameters) \(results) (call $host \(arguments))))
      """
    let module = try decodeModule(ModuleBytes(parseModule(text)))
    _ = try WasmValidation.validate(module, features: configuration.features)
    return try load(
      artifact: Compiler.compile(
        module, features: configuration.features, policy: configuration.metering, options: configuration.compiler))
  }
}

extension MeteringPolicy {
  /// What the code of a forwarder is counted before it calls.
  package func costOfForwarding(_ type: FunctionType) -> UInt64 {
    let arguments = UInt32(type.parameters.count) * weight(of: .localGet, is64: false)
    return UInt64(functionEntryCost + arguments + weight(of: .call, is64: false) + weight(of: .end, is64: false))
  }
}
