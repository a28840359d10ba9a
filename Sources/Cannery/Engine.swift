// The engine: compiles modules, opens artifacts, makes stores. The front door of the package.

import Compiler
@_exported import Executor
import WasmBinary
import WasmText
import WasmValidation
@_exported import WebAssembly

// The names below also exist in the data model, or in parts of the compiler that are not re-exported.
public typealias Value = RuntimeValue
public typealias Table = RuntimeTable
public typealias Global = RuntimeGlobal
public typealias CompilerOptions = Compiler.CompilerOptions
public typealias OptimizationLevel = Compiler.OptimizationLevel
public typealias Artifact = Compiler.Artifact
public typealias ArtifactError = Compiler.ArtifactError

/// A compiled module. Shared by all stores and threads.
public typealias Module = CompiledModule

/// What an engine is told once, for all modules.
public struct EngineConfiguration: Sendable {
  /// The proposals that modules may use.
  public var features: Features
  /// How instructions are counted.
  public var metering: MeteringPolicy
  public var compiler: CompilerOptions
  /// Whether modules must also meet the replica's requirements for canisters.
  public var requiresCanister: Bool
  /// Bytes that a compressed module may inflate to.
  public var inflatedSizeLimit: Int

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
  public let configuration: EngineConfiguration
  private let canonicalizer = TypeCanonicalizer()

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

  /// Decodes a module from its binary, compressed or text form, without validating it.
  public func decode(_ bytes: [UInt8]) throws -> WebAssembly.Module {
    let inflated = try inflateIfCompressed(ModuleBytes(bytes), limit: configuration.inflatedSizeLimit)
    if inflated.buffer.starts(with: [0, 0x61, 0x73, 0x6D]) { return try decodeModule(inflated) }
    // Text has no byte below 9; what does is binary of some other kind.
    if inflated.buffer.isEmpty || inflated.buffer.prefix(4).contains(where: { $0 < 9 }) {
      return try decodeModule(inflated)
    }
    return try decodeModule(ModuleBytes(parseModule(Array(inflated.buffer))))
  }

  /// Opens an artifact. Its header is verified now, each function when it is first called.
  ///
  /// Throws an `ArtifactError`: also `stale` where the artifact was made with other features or metering than this engine's.
  public func load(artifact bytes: [UInt8]) throws -> Module { try load(artifact: ModuleBytes(bytes)) }

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

  /// A store for instances of this engine's modules.
  public func makeStore(limits: StoreLimits = StoreLimits(), tracksWrites: Bool = false) throws(ResourceError) -> Store
  {
    try Store(canonicalizer: canonicalizer, limits: limits, tracksWrites: tracksWrites)
  }
}
