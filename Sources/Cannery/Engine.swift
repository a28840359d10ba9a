// The engine: compiles modules, opens artifacts, makes stores. The front door of the package.

import Compiler
@_exported import Executor
import Semantics
import WasmBinary
import WasmText
import WasmValidation
@_exported import WebAssembly

// The names below also exist in the data model, or in parts of the compiler that are not re-exported.
/// A value of a Wasm type, at the border between host and Wasm code.
public typealias Value = RuntimeValue
/// A table of a store.
public typealias Table = RuntimeTable
/// A global variable of a store.
public typealias Global = RuntimeGlobal
/// What the compiler can be told.
public typealias CompilerOptions = Compiler.CompilerOptions
/// How much the compiler does about the code's speed.
public typealias OptimizationLevel = Compiler.OptimizationLevel
/// A module compiled ahead of time, as bytes.
public typealias Artifact = Compiler.Artifact
/// Why an artifact was refused.
public typealias ArtifactError = Compiler.ArtifactError

/// A vector: 128 bits.
public typealias V128 = Semantics.V128
/// Why a text was refused.
public typealias TextError = WasmText.TextError

/// A compiled module. Shared by all stores and threads.
public typealias Module = CompiledModule

/// What an engine is told once, for all modules.
public struct EngineConfiguration: Sendable {
  /// The proposals that modules may use.
  public var features: Features
  /// How instructions are counted.
  public var metering: MeteringPolicy
  /// How modules are compiled; results and counts don't depend on it.
  public var compiler: CompilerOptions
  /// Whether modules must also meet the replica's requirements for canisters.
  public var requiresCanister: Bool
  /// Bytes that a compressed module may inflate to.
  public var inflatedSizeLimit: Int

  /// By default all of WebAssembly 3.0, counted as the Internet Computer does.
  public init(
    features: Features = .wasm3, metering: MeteringPolicy = .icp, compiler: CompilerOptions = CompilerOptions(),
    requiresCanister: Bool = false, inflatedSizeLimit: Int = 104_857_600
  ) {
    self.features = features
    self.metering = metering
    self.compiler = compiler
    self.requiresCanister = requiresCanister
    self.inflatedSizeLimit = inflatedSizeLimit
  }
}

/// Compiles modules and makes stores. Modules and stores work together only if they come from one engine, which gives
/// their types a common numbering. Safe to use from any thread.
public final class Engine: Sendable {
  /// What the engine was made with.
  public let configuration: EngineConfiguration
  private let canonicalizer = TypeCanonicalizer()
  /// See `makeForwarder`; by the type.
  let forwarders = Locked<[FunctionType: Module]>([:])

  /// Makes an engine. It costs next to nothing; memory is used by modules and stores.
  ///
  /// Ends the process if the build was made for a newer processor (see `ProcessorBaseline.complaint`).
  public init(_ configuration: EngineConfiguration = EngineConfiguration()) {
    if let complaint = ProcessorBaseline.complaint { fatalError(complaint) }
    self.configuration = configuration
  }

  /// Compiles a module: binary, gzip-compressed binary, or text.
  ///
  /// Throws a `ModuleError`, a `TextError` for text, or an `ArtifactError` if the result is not as it should be.
  public func compile(_ bytes: [UInt8]) throws -> Module { try load(artifact: precompile(bytes)) }

  /// Compiles a module to the bytes of an artifact.
  public func precompile(_ bytes: [UInt8]) throws -> [UInt8] {
    let module = try decode(bytes)
    return try precompile(module)
  }

  /// Compiles a decoded module, after validating it.
  public func precompile(_ module: WebAssembly.Module) throws(ModuleError) -> [UInt8] {
    let info = try WasmValidation.validate(module, features: configuration.features)
    if configuration.requiresCanister { try validateCanister(module, info) }
    return try Compiler.compile(
      module, features: configuration.features, policy: configuration.metering, options: configuration.compiler)
  }

  /// Validates a module in its binary, compressed or text form, without compiling it.
  ///
  /// Throws a `ModuleError`, or a `TextError` for text.
  public func validate(_ bytes: [UInt8]) throws {
    let module = try decode(bytes)
    let info = try WasmValidation.validate(module, features: configuration.features)
    if configuration.requiresCanister { try validateCanister(module, info) }
  }

  /// Decodes a module from its binary, compressed or text form, without validating it.
  ///
  /// Throws a `ModuleError`, or a `TextError` for text.
  public func decode(_ bytes: [UInt8]) throws -> WebAssembly.Module { try decode(ModuleBytes(bytes)) }

  /// The same for bytes that are shared or mapped: they are not copied.
  public func decode(_ input: ModuleBytes) throws -> WebAssembly.Module {
    let inflated = try inflateIfCompressed(input, limit: configuration.inflatedSizeLimit)
    if configuration.requiresCanister { try checkCanisterCompression(input, inflated: inflated) }
    if Engine.looksLikeText(inflated.buffer) {
      return try decodeModule(ModuleBytes(parseModule(Array(inflated.buffer))))
    }
    return try decodeModule(inflated)
  }

  /// Whether the bytes begin as a module in the text format can: with space, a parenthesis, a comment, or (which its parser
  /// refuses) a byte order mark. All else is told that it is no binary module.
  private static func looksLikeText(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let first = bytes.first else { return false }
    switch first {
    case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): return true
    case UInt8(ascii: "("), UInt8(ascii: ";"): return true
    default: return bytes.starts(with: [0xEF, 0xBB, 0xBF])
    }
  }

  /// Opens an artifact. Its header is verified now, each function when it is first called.
  ///
  /// Throws an `ArtifactError`: also `stale` where the artifact was made with other features or metering than this engine's.
  public func load(artifact bytes: [UInt8]) throws -> Module { try load(artifact: ModuleBytes(bytes)) }

  /// The same for bytes that are shared or mapped, which must stay there while the module lives.
  public func load(artifact bytes: ModuleBytes) throws -> Module { try load(Artifact(bytes)) }

  /// The same for an artifact that is open already.
  public func load(_ artifact: Artifact) throws -> Module {
    guard artifact.policy == configuration.metering else {
      throw ArtifactError.stale("compiled with metering \(artifact.policy), not \(configuration.metering)")
    }
    guard configuration.features.isSuperset(of: artifact.features) else {
      throw ArtifactError.stale("compiled with other features")
    }
    return try CompiledModule(artifact: artifact, canonicalizer: canonicalizer)
  }

  /// Compiles a module as `artifact` was, and makes sure that the result is the artifact, byte for byte: for artifacts from
  /// outside, since the other checks promise safety, not that the code does what the module says.
  ///
  /// Throws `ArtifactError.stale` where it is not, or what `precompile` throws.
  public func recompile(_ artifact: Artifact, from module: [UInt8]) throws -> Module {
    try recompile(artifact, from: ModuleBytes(module))
  }

  /// The same for bytes that are shared or mapped: they are not copied.
  public func recompile(_ artifact: Artifact, from module: ModuleBytes) throws -> Module {
    let decoded = try decode(module)
    guard SHA256.hash(decoded.bytes.buffer).bytes.elementsEqual(artifact.moduleHash) else {
      throw ArtifactError.stale("compiled from another module")
    }
    _ = try WasmValidation.validate(decoded, features: artifact.features)
    var options = configuration.compiler
    options.optimization = OptimizationLevel(rawValue: artifact.optimization) ?? options.optimization
    let bytes = try Compiler.compile(
      decoded, features: artifact.features, policy: artifact.policy, options: options)
    guard bytes.elementsEqual(artifact.bytes.buffer) else {
      throw ArtifactError.stale("not what the compiler makes of the module")
    }
    // Of the fresh bytes: a file that the artifact is mapped from may change.
    return try load(artifact: bytes)
  }

  /// A store for instances of this engine's modules.
  public func makeStore(limits: StoreLimits = StoreLimits(), tracksWrites: Bool = false) throws(ResourceError) -> Store
  {
    try Store(canonicalizer: canonicalizer, limits: limits, tracksWrites: tracksWrites)
  }
}
