// What an engine must offer so that specification scripts can be run on it.

import WebAssembly

/// A value that goes into an engine or comes out of it. Floats are given by their bits.
public enum EngineValue: Hashable, Sendable {
  case i32(UInt32)
  case i64(UInt64)
  case f32(UInt32)
  case f64(UInt64)
  /// Bytes 0 to 7 and 8 to 15, little-endian.
  case v128(low: UInt64, high: UInt64)
  case reference(EngineReference)
}

/// A reference, as far as scripts can tell references apart.
public enum EngineReference: Hashable, Sendable {
  case null
  /// A function; its index in the module that defines it, if the engine tells.
  case function(index: UInt32?)
  /// The host's value with this number, as `externref`.
  case external(UInt32)
  /// The same, as `anyref`.
  case host(UInt32)
  case i31
  case structure
  case array
  case exception
}

/// Why an engine gives no results or no instance.
public enum EngineError: Error {
  case trap(TrapKind)
  /// An exception was not caught.
  case exception
  /// An import is missing or does not match; the text names it.
  case unlinkable(String)
  /// The module is valid, but the engine does not execute something that it uses; the text names it.
  case unsupported(String)
  /// Anything else that went wrong.
  case failed(String)
}

/// An engine as scripts use it. One script runs on one engine, with one store.
public protocol ScriptEngine {
  associatedtype Instance
  /// A function, table, memory, global or tag, as instances import and export it.
  associatedtype External

  /// Makes something that the host module `spectest` exports.
  mutating func make(_ item: SpectestItem) -> External

  /// Makes an instance of `module`, which is valid, and runs its start function. `imports` is asked for every import; where it
  /// has nothing, or what it has does not match, the module is unlinkable.
  mutating func instantiate(
    _ module: Module, imports: (Import) -> External?
  ) throws(EngineError) -> Instance

  /// What `instance` exports as `name`, if anything.
  func export(_ name: String, of instance: Instance) -> External?

  /// Calls a function. Fails as a usage error if the arguments don't match its type, or `function` is none.
  mutating func invoke(_ function: External, _ arguments: [EngineValue]) throws(EngineError) -> [EngineValue]

  /// The value of a global.
  func value(of global: External) throws(EngineError) -> EngineValue
}
