// Modules and artifacts beyond wasm.h.

import CWasm
import Cannery
import HostFiles
import WasmText
import WebAssembly

/// Bytes that a caller lends.
private func input(_ pointer: UnsafeRawPointer?, _ size: Int) throws -> [UInt8] {
  guard size == 0 || (size > 0 && pointer != nil) else {
    throw ArgumentError("an argument is NULL, or a size too large")
  }
  return Array(UnsafeRawBufferPointer(start: pointer, count: size))
}

private func target<Value>(_ out: UnsafeMutablePointer<Value>?) throws -> UnsafeMutablePointer<Value> {
  guard let out else { throw ArgumentError("an argument is NULL") }
  return out
}

private func given(_ pointer: OpaquePointer?) throws -> OpaquePointer {
  guard let pointer else { throw ArgumentError("an argument is NULL") }
  return pointer
}

@c @implementation
public func cannery_precompile(
  _ engine: OpaquePointer?, _ module: UnsafeRawPointer?, _ size: Int, _ out: UnsafeMutablePointer<wasm_byte_vec_t>?
) -> OpaquePointer? {
  failing {
    let out = try target(out)
    out.pointee = byteVector(try object(given(engine), as: EngineObject.self).precompile(input(module, size)))
  }
}

@c @implementation
public func cannery_module_new(
  _ store: OpaquePointer?, _ module: UnsafeRawPointer?, _ size: Int, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  failing {
    let (out, owner) = (try target(out), object(try given(store), as: StoreObject.self))
    let compiled = try owner.engine.compile(input(module, size))
    out.pointee = newPointer(CANNERY_REFERENCE_MODULE, ModuleObject(compiled, owner))
  }
}

@c @implementation
public func cannery_module_validate(
  _ engine: OpaquePointer?, _ module: UnsafeRawPointer?, _ size: Int
) -> OpaquePointer? {
  failing { try object(given(engine), as: EngineObject.self).engine.validate(input(module, size)) }
}

@c @implementation
public func cannery_module_save(_ module: OpaquePointer?, _ path: UnsafePointer<CChar>?) -> OpaquePointer? {
  failing {
    guard let path else { throw ArgumentError("an argument is NULL") }
    let artifact = reference(try given(module)).object(as: ModuleObject.self).thing.artifact
    try FileWriter.write(to: String(cString: path)) { $0(artifact.bytes.buffer) }
  }
}

@c @implementation
public func cannery_module_open(
  _ store: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  failing {
    let (out, owner) = (try target(out), object(try given(store), as: StoreObject.self))
    guard let path else { throw ArgumentError("an argument is NULL") }
    let file = try FileAccess.Descriptor(reading: String(cString: path))
    // What is no regular file can't be mapped.
    let bytes = try file.map() ?? ModuleBytes(file.readAll())
    out.pointee = newPointer(CANNERY_REFERENCE_MODULE, ModuleObject(try owner.engine.load(bytes), owner))
  }
}

@c @implementation
public func cannery_module_verify(_ module: OpaquePointer?) -> OpaquePointer? {
  failing { try reference(given(module)).object(as: ModuleObject.self).thing.verify() }
}

@c @implementation
public func cannery_wat2wasm(
  _ text: UnsafePointer<CChar>?, _ size: Int, _ out: UnsafeMutablePointer<wasm_byte_vec_t>?
) -> OpaquePointer? {
  failing {
    let out = try target(out)
    out.pointee = byteVector(try parseModule(input(text, size)))
  }
}

@c @implementation
public func cannery_module_hash(_ module: OpaquePointer?, _ out: UnsafeMutablePointer<UInt8>?) {
  guard let module, let out else { return }
  for (index, byte) in reference(module).object(as: ModuleObject.self).thing.artifact.moduleHash.enumerated() {
    out[index] = byte
  }
}

@c @implementation
public func cannery_module_custom_section_count(_ module: OpaquePointer?) -> Int {
  module.map { reference($0).object(as: ModuleObject.self).thing.module.customSections.count } ?? 0
}

@c @implementation
public func cannery_module_custom_section(
  _ module: OpaquePointer?, _ index: Int, _ name: UnsafeMutablePointer<wasm_name_t>?,
  _ contents: UnsafeMutablePointer<wasm_byte_vec_t>?
) -> Bool {
  guard let module else { return false }
  let decoded = reference(module).object(as: ModuleObject.self).thing.module
  guard decoded.customSections.indices.contains(index) else { return false }
  let section = decoded.customSections[index]
  name?.pointee = byteVector(of: section.name)
  contents?.pointee = byteVector(decoded.bytes.buffer[section.contents.start..<section.contents.end])
  return true
}
