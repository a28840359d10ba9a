// The artifact: a module compiled ahead of time, as a file or in memory. Data, never trusted: the header, the directory and
// the module without its code are verified when it is opened, each function when it is first called. Its bytes may be those
// of a mapped file, which may change at any time: what was verified is a copy, or checked again where it is used.

import WasmBinary
import WasmValidation
import WebAssembly

/// Why an artifact was refused.
public enum ArtifactError: Error, Hashable, Sendable {
  /// Not an artifact at all.
  case notAnArtifact
  /// Made by another version of the engine: the tables that define the format differ.
  case otherVersion
  /// Shorter than its header says, or longer.
  case wrongSize(expected: UInt64, actual: UInt64)
  /// A checksum does not fit what it covers.
  case corrupt(String)
  /// An offset, count or field in the header or directory is out of range.
  case malformed(String)
  /// The module skeleton does not decode, or is not valid.
  case skeleton(ModuleError)
  /// The code of a function (by its index among the defined ones) breaks a rule of the format.
  case invalidCode(function: Int, word: Int, rule: String)
  /// Made from another module, or with other options, than asked for.
  case stale(String)
}

extension ArtifactError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notAnArtifact: "not an artifact (wrong magic bytes)"
    case .otherVersion: "made by another version of the compiler; compile the module again"
    case .wrongSize(let expected, let actual): "truncated or extended: \(expected) bytes expected, \(actual) found"
    case .corrupt(let what): "corrupt: the checksum of \(what) is wrong"
    case .malformed(let what): "malformed: \(what)"
    case .skeleton(let error): "wrong module skeleton: \(error)"
    case .invalidCode(let function, let word, let rule): "invalid code in function \(function) at word \(word): \(rule)"
    case .stale(let what): "stale: \(what)"
    }
  }
}

/// A module compiled ahead of time, as bytes whose header and module are verified. Safe to use from any thread.
public final class Artifact: Sendable {
  /// The whole artifact.
  public let bytes: ModuleBytes
  /// The decoded skeleton, which is valid: everything but function bodies.
  public let module: Module
  /// The types of everything in the module by index, imports first.
  public let spaces: IndexSpaces
  /// The proposals that were enabled when it was compiled.
  public let features: Features
  /// How its code counts instructions.
  public let policy: MeteringPolicy
  /// The raw value of the `OptimizationLevel` that it was compiled at.
  public let optimization: UInt8
  /// SHA-256 of the module that this was made from.
  public let moduleHash: [UInt8]
  /// Bytes of the module that this was made from.
  public let moduleSize: UInt64
  private let layout: ArtifactLayout
  /// What the verifier of functions needs of the module.
  let verified: VerifiedModule

  /// The version of the format: what the operation table and the layout hash to.
  static let formatHash = threadedFormatHash &* 0x9E37_79B9_7F4A_7C15 &+ 3
  static let operatorHash: UInt64 = {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for row in 0..<Opcode.count { hash = (hash ^ OperatorTable.info[row].bits) &* 0x100_0000_01B3 }
    return hash
  }()

  /// Opens an artifact: checks the header, the directory and their checksums, and decodes and validates the skeleton.
  /// Functions are verified later.
  public init(_ bytes: ModuleBytes) throws(ArtifactError) {
    let raw = bytes.buffer
    let magic = ArtifactLayout.magic
    guard raw.count >= magic.count, raw.prefix(magic.count).elementsEqual(magic) else { throw .notAnArtifact }
    guard raw.count >= ArtifactLayout.headerSize else {
      throw .wrongSize(expected: UInt64(ArtifactLayout.headerSize), actual: UInt64(raw.count))
    }
    guard raw.word(152) == ArtifactLayout.headerChecksum(raw) else { throw .corrupt("the header") }
    guard raw.word(8) == Artifact.formatHash, raw.word(16) == Artifact.operatorHash else { throw .otherVersion }
    guard raw.word(128) == UInt64(raw.count) else {
      throw .wrongSize(expected: raw.word(128), actual: UInt64(raw.count))
    }
    layout = try ArtifactLayout(raw)
    guard raw.word(144) == layout.checksum(in: raw) else { throw .corrupt("the skeleton and the directory") }
    guard layout.isPadded(in: raw) else { throw .malformed("bytes between the parts that are not 0") }
    features = Features(rawValue: UInt32(truncatingIfNeeded: raw.word(24)))
    guard features.isSubset(of: .wasm3) else { throw .malformed("unknown features") }
    guard let policy = MeteringPolicy(rawValue: raw[28]) else { throw .malformed("unknown metering policy") }
    self.policy = policy
    optimization = raw[29]
    guard OptimizationLevel(rawValue: optimization) != nil, raw[30] == 0, raw[31] == 0 else {
      throw .malformed("unknown options")
    }
    moduleHash = Array(raw[32..<64])
    moduleSize = raw.word(136)
    self.bytes = bytes
    do throws(ModuleError) {
      // The skeleton's offsets are relative to itself.
      let part = ModuleBytes(adopting: raw.part(layout.skeleton)) { _ in _ = bytes }
      module = try decodeModule(part, isSkeleton: true)
      spaces = try validateOutsideBodies(module, features: features).spaces
      verified = VerifiedModule(module, spaces)
    } catch {
      throw .skeleton(error)
    }
    guard module.codeSection == nil else { throw .malformed("the skeleton has a code section") }
    guard module.functions.count == layout.functionCount else {
      throw .malformed("the directory has not one entry for each function")
    }
  }

  /// Functions that the module defines.
  public var functionCount: Int { layout.functionCount }

  /// Bytes of code, of all functions together.
  public var codeSize: Int { layout.code.count }

  /// Bytes of location tables.
  public var locationSize: Int { layout.locations.count }

  /// The directory entry of defined function `index` (below `functionCount`), its ranges checked.
  public func function(_ index: Int) throws(ArtifactError) -> ArtifactFunction {
    try layout.function(index, in: bytes.buffer)
  }

  /// The type of function `index` of the function index space.
  public func functionType(_ index: Int) -> FunctionType {
    guard case .function(let type) = module.types[Int(spaces.functions[index])].composite else {
      preconditionFailure("a function's type is no function type")
    }
    return type
  }
}
