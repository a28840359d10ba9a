// A System API of the embedder's: host functions by name.

import CCanister
import CWasm
import Cannery
import CanneryC
import WebAssembly

/// A host function.
struct SystemFunction {
  let type: FunctionType
  let callback: cannery_callback_t
  let environment: Environment
}

/// What is defined at present.
final class SystemObject {
  private(set) var functions: [ExactName: [ExactName: SystemFunction]] = [:]
  fileprivate(set) var growth: (function: cannery_growth_t, environment: Environment)?

  func define(_ module: String, _ name: String, _ function: SystemFunction) {
    functions[ExactName(module), default: [:]][ExactName(name)] = function
  }

  func lookUp(_ module: String, _ name: String) -> SystemFunction? { functions[ExactName(module)]?[ExactName(name)] }
}

@c @implementation
public func cannery_system_new() -> OpaquePointer? { retained(SystemObject()) }

@c @implementation
public func cannery_system_delete(_ pointer: OpaquePointer?) { release(pointer) }

@c @implementation
public func cannery_system_set_growth(
  _ pointer: OpaquePointer?, _ function: cannery_growth_t?, _ environment: UnsafeMutableRawPointer?,
  _ finalizer: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
) {
  guard let pointer else { return }
  let environment = Environment(environment, finalizer)
  object(pointer, as: SystemObject.self).growth = function.map { (function: $0, environment: environment) }
}

@c @implementation
public func cannery_system_define(
  _ pointer: OpaquePointer?, _ module: UnsafePointer<CChar>?, _ name: UnsafePointer<CChar>?,
  _ type: UnsafePointer<wasm_functype_t>?, _ callback: cannery_callback_t?, _ environment: UnsafeMutableRawPointer?,
  _ finalizer: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
) -> OpaquePointer? {
  failing {
    let system = try given(pointer, "the system", as: SystemObject.self)
    let (module, name) = (try given(text: module, "the module's name"), try given(text: name, "the name"))
    guard let callback else { throw ArgumentError("the callback is NULL") }
    guard let type, let signature = FunctionType(type) else { throw ArgumentError("the type is NULL, or none") }
    // Only now is the environment the system's.
    system.define(
      module, name,
      SystemFunction(
        type: signature, callback: callback, environment: Environment(environment, finalizer)))
  }
}
