// Configurations, engines, stores and modules of wasm.h.

import CWasm
import Cannery
import Executor
import WebAssembly

@c @implementation
public func wasm_config_new() -> OpaquePointer? { retained(ConfigurationObject()) }

@c @implementation
public func wasm_config_delete(_ config: OpaquePointer?) { release(config) }

private func newEngine(_ configuration: ConfigurationObject) -> OpaquePointer? {
  if let complaint = ProcessorBaseline.complaint {
    LastError.set(ErrorObject(CANNERY_ERROR_RESOURCE, complaint))
    return nil
  }
  return retained(EngineObject(configuration))
}

@c @implementation
public func wasm_engine_new() -> OpaquePointer? { newEngine(ConfigurationObject()) }

@c @implementation
public func wasm_engine_new_with_config(_ config: OpaquePointer?) -> OpaquePointer? {
  guard let config else { return wasm_engine_new() }
  defer { release(config) }
  return newEngine(object(config))
}

@c @implementation
public func wasm_engine_delete(_ engine: OpaquePointer?) { release(engine) }

@c @implementation
public func wasm_store_new(_ engine: OpaquePointer?) -> OpaquePointer? {
  guard let engine else { return nil }
  return reporting { retained(try StoreObject(object(engine))) }
}

@c @implementation
public func wasm_store_delete(_ store: OpaquePointer?) {
  if let store { object(store, as: StoreObject.self).holdWhileUsed() }
  release(store)
}

// MARK: Modules

@c @implementation
public func wasm_module_new(
  _ store: OpaquePointer?, _ binary: UnsafePointer<wasm_byte_vec_t>?
) -> OpaquePointer? {
  guard let store, let binary else { return missing(nil) }
  let owner = object(store, as: StoreObject.self)
  return reporting {
    newPointer(CANNERY_REFERENCE_MODULE, ModuleObject(try owner.engine.compile(bytes(binary.pointee)), owner))
  }
}

@c @implementation
public func wasm_module_validate(_ store: OpaquePointer?, _ binary: UnsafePointer<wasm_byte_vec_t>?) -> Bool {
  guard let store, let binary else { return missing(false) }
  let engine = object(store, as: StoreObject.self).engine.engine
  return reporting { () throws -> Bool? in
    try engine.validate(bytes(binary.pointee))
    return true
  } ?? false
}

@c @implementation
public func wasm_module_serialize(_ module: OpaquePointer?, _ out: UnsafeMutablePointer<wasm_byte_vec_t>?) {
  wasm_byte_vec_new_empty(out)
  guard let module, let out else { return }
  out.pointee = byteVector(reference(module).object(as: ModuleObject.self).thing.artifact.bytes.buffer)
}

@c @implementation
public func wasm_module_deserialize(
  _ store: OpaquePointer?, _ binary: UnsafePointer<wasm_byte_vec_t>?
) -> OpaquePointer? {
  guard let store, let binary else { return missing(nil) }
  let owner = object(store, as: StoreObject.self)
  return reporting {
    newPointer(
      CANNERY_REFERENCE_MODULE, ModuleObject(try owner.engine.load(ModuleBytes(bytes(binary.pointee))), owner))
  }
}

@c @implementation
public func wasm_module_share(_ module: OpaquePointer?) -> OpaquePointer? {
  module.map { retained(SharedModuleObject(reference($0).object(as: ModuleObject.self).thing)) }
}

@c @implementation
public func wasm_shared_module_delete(_ module: OpaquePointer?) { release(module) }

@c @implementation
public func wasm_module_obtain(_ store: OpaquePointer?, _ module: OpaquePointer?) -> OpaquePointer? {
  guard let store, let module else { return missing(nil) }
  return newPointer(
    CANNERY_REFERENCE_MODULE, ModuleObject(object(module, as: SharedModuleObject.self).module, object(store)))
}

/// The description of function, global, table or memory `index`; nil for tags, which C has no description of.
private func externType(_ kind: ExternalKind, _ index: Int, _ module: CompiledModule) -> OpaquePointer? {
  switch kind {
  case .function: OpaquePointer(module.functionType(UInt32(index)).inC)
  case .table: OpaquePointer(module.spaces.tables[index].inC)
  case .memory: OpaquePointer(module.spaces.memories[index].inC)
  case .global: OpaquePointer(module.spaces.globals[index].inC)
  case .tag: nil
  }
}

@c @implementation
public func wasm_module_imports(_ module: OpaquePointer?, _ out: UnsafeMutablePointer<wasm_importtype_vec_t>?) {
  wasm_importtype_vec_new_empty(out)
  guard let module, let out else { return }
  let compiled = reference(module).object(as: ModuleObject.self).thing
  var counts: [ExternalKind: Int] = [:]
  var types: [UnsafeMutablePointer<wasm_importtype_t>?] = []
  for item in compiled.module.imports {
    let kind = item.description.kind
    let index = counts[kind, default: 0]
    counts[kind] = index + 1
    guard let type = externType(kind, index, compiled) else { continue }
    var (namespace, name) = (byteVector(of: item.module), byteVector(of: item.name))
    types.append(wasm_importtype_new(&namespace, &name, UnsafeMutablePointer(type)))
  }
  wasm_importtype_vec_new(out, types.count, types)
}

@c @implementation
public func wasm_module_exports(_ module: OpaquePointer?, _ out: UnsafeMutablePointer<wasm_exporttype_vec_t>?) {
  wasm_exporttype_vec_new_empty(out)
  guard let module, let out else { return }
  let compiled = reference(module).object(as: ModuleObject.self).thing
  var types: [UnsafeMutablePointer<wasm_exporttype_t>?] = []
  for item in compiled.module.exports {
    guard let type = externType(item.kind, Int(item.index), compiled) else { continue }
    var name = byteVector(of: item.name)
    types.append(wasm_exporttype_new(&name, UnsafeMutablePointer(type)))
  }
  wasm_exporttype_vec_new(out, types.count, types)
}

// MARK: What is logged

extension EngineObject {
  /// Compiles a module.
  func compile(_ bytes: [UInt8]) throws -> CompiledModule { try load(ModuleBytes(precompile(bytes))) }

  /// Compiles a module to an artifact.
  func precompile(_ bytes: [UInt8]) throws -> [UInt8] {
    do {
      let start = ContinuousClock.now
      let artifact = try engine.precompile(bytes)
      log(CANNERY_LOG_INFO) {
        let duration = (ContinuousClock.now - start) / .microseconds(1)
        return "compiled a module of \(bytes.count) bytes to \(artifact.count) in \(Int(duration)) µs"
      }
      return artifact
    } catch {
      log(CANNERY_LOG_WARNING) { "refused a module of \(bytes.count) bytes: \(error)" }
      throw error
    }
  }

  /// Opens an artifact.
  func load(_ artifact: ModuleBytes) throws -> CompiledModule {
    do {
      let module = try engine.load(artifact: artifact)
      log(CANNERY_LOG_DEBUG) { "opened an artifact of \(artifact.buffer.count) bytes" }
      return module
    } catch {
      log(CANNERY_LOG_WARNING) { "refused an artifact of \(artifact.buffer.count) bytes: \(error)" }
      throw error
    }
  }
}
