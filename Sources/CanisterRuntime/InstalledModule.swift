// A module as canisters have it installed: compiled once, shared by all that run it.

import Candid
import Cannery
import SystemAPI
import WasmBinary

/// A canister's module. Safe to share between threads.
public final class InstalledModule: Sendable {
  /// The file as it was uploaded, compressed or not, and its SHA-256.
  public let bytes: [UInt8]
  public let hash: [UInt8]
  public let module: Module
  /// Whether the canister's memory is 64-bit.
  public let is64: Bool
  /// Instructions that installing it is charged.
  public let compileInstructions: UInt64
  /// By name: what the custom sections for metadata hold.
  public let metadata: [ExactName: Metadata]
  /// Bytes of the module as it was uploaded, and of the metadata with its names.
  public let size: UInt64
  public let customSectionsSize: UInt64
  public let hasHeartbeat: Bool
  let hasTimer: Bool
  public let inspectsMessages: Bool
  /// Whether it asks for certificates.
  let usesCertificates: Bool
  /// Whether upgrades must say what becomes of the heap.
  public let hasOrthogonalPersistence: Bool
  /// Wasm pages at the end of a 32-bit heap that no execution may have reached when it ends: old Motoko code counts on them.
  let reservedPages: UInt64
  /// Indices of the globals that are mutable or exported: those that a canister keeps.
  let keptGlobals: [Int]
  /// Bytes that they take.
  public let globalsSize: UInt64
  static let globalSize: UInt64 = 32
  var hasMemory: Bool { !module.spaces.memories.isEmpty }
  private let methods: [ExactName: MethodKind]
  /// Nil as long as nobody has asked for the interface; then nil within, if there is none.
  let parsedInterface = Locked<CandidInterface??>(nil)

  /// A custom section for metadata.
  public struct Metadata: Hashable, Sendable {
    public var isPublic: Bool
    public var contents: [UInt8]
  }

  /// How a method may be called.
  public enum MethodKind: String, CaseIterable, Sendable {
    case update = "canister_update"
    case query = "canister_query"
    case compositeQuery = "canister_composite_query"
  }

  /// Compiles a module for canisters.
  ///
  /// Throws a `CanisterError` with the code `canisterInvalidWasm` that says what is wrong.
  public convenience init(_ bytes: [UInt8], engine: Engine, charges: SubnetConfiguration) throws(CanisterError) {
    do {
      let decoded = try engine.decode(bytes)
      let artifact = try engine.precompile(decoded)
      try self.init(bytes, decoded, engine.load(artifact: artifact), charges)
    } catch {
      throw CanisterError(.canisterInvalidWasm, "Canister's Wasm module is not valid: \(error)")
    }
  }

  /// The same with an artifact that was made of the module before, if it is still right.
  convenience init(
    _ bytes: [UInt8], artifact: [UInt8], engine: Engine, charges: SubnetConfiguration
  ) throws(CanisterError) {
    do {
      let decoded = try engine.decode(bytes)
      let module = try engine.load(artifact: artifact)
      guard SHA256.hash(decoded.bytes.buffer).bytes.elementsEqual(module.artifact.moduleHash) else {
        throw ArtifactError.stale("compiled from another module")
      }
      try self.init(bytes, decoded, module, charges)
    } catch {
      try self.init(bytes, engine: engine, charges: charges)
    }
  }

  private init(
    _ bytes: [UInt8], _ decoded: WebAssembly.Module, _ module: Module, _ charges: SubnetConfiguration
  ) throws {
    self.bytes = bytes
    self.module = module
    hash = bytes.withUnsafeBytes { SHA256.hash($0).bytes }
    is64 = module.spaces.memories.first?.limits.address == .i64
    compileInstructions = try CompileCharge.operators(of: decoded, is64: is64) * charges.compileInstructions
    var metadata: [ExactName: Metadata] = [:]
    var customSectionsSize = 0
    for section in CanisterMetadata(decoded).sections {
      let contents = Array(decoded.bytes.buffer[section.contents.start..<section.contents.end])
      metadata[ExactName(section.name)] = Metadata(isPublic: section.visibility == .public, contents: contents)
      // And a byte for who may see it.
      customSectionsSize += section.name.utf8.count + contents.count + 1
    }
    self.metadata = metadata
    self.customSectionsSize = UInt64(customSectionsSize)
    size = UInt64(bytes.count)
    hasOrthogonalPersistence = metadata[ExactName("enhanced-orthogonal-persistence")] != nil
    let exported = Set(decoded.exports.filter { $0.kind == .global }.map { Int($0.index) })
    keptGlobals = module.spaces.globals.indices.filter { module.spaces.globals[$0].isMutable || exported.contains($0) }
    // With the counter of instructions.
    globalsSize = UInt64(keptGlobals.count + 1) * InstalledModule.globalSize
    func exports(_ entry: String) -> Bool { decoded.exports.contains { $0.name == entry } }
    hasHeartbeat = exports("canister_heartbeat")
    hasTimer = exports("canister_global_timer")
    inspectsMessages = exports("canister_inspect_message")
    usesCertificates = decoded.imports.contains { $0.name.utf8.starts(with: "data_certificate".utf8) }
    var methods: [ExactName: MethodKind] = [:]
    for export in decoded.exports where export.kind == .function {
      for kind in MethodKind.allCases where export.name.utf8.starts(with: "\(kind.rawValue) ".utf8) {
        methods[ExactName(String(export.name.utf8.dropFirst(kind.rawValue.utf8.count + 1)) ?? "")] = kind
      }
    }
    self.methods = methods
    // Compilers up to 0.6.20 don't say in the module which they are.
    let isOldMotoko =
      methods[ExactName("__motoko_async_helper")] == .update && metadata[ExactName("motoko:compiler")] == nil
    reservedPages = isOldMotoko && !is64 ? InstalledModule.motokoPages : 0
  }

  /// What is reserved for old Motoko code.
  private static let motokoPages: UInt64 = 16

  /// All methods by name; names are what their bytes are.
  public var allMethods: [ExactName: MethodKind] { methods }

  /// How the method `name` may be called; nil if there is none.
  public func methodKind(_ name: String) -> MethodKind? { methods[ExactName(name)] }

  /// Whether the module exports an entry point, such as `canister_heartbeat`.
  public func exports(_ entry: String) -> Bool { module.module.exports.contains { $0.name == entry } }
}
