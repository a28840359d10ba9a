// The artifact: a module compiled ahead of time, as a file or in memory. Data, never trusted: the header and the directory
// are verified when it is opened, each function when it is first called.
//
// Layout (little-endian; offsets in bytes from the start of the file, sections aligned to 8):
//
// | at | what |
// | --- | --- |
// | 0 | magic `CANNED`, 0, 1 |
// | 8 | hash of the format: the operation table and this layout |
// | 16 | hash of the operator table with the weights |
// | 24 | u32 features; u8 metering policy; u8 optimisation; u16 0 |
// | 32 | SHA-256 of the module (inflated) |
// | 64, 72 | offset and size of the skeleton: the module without its code section |
// | 80, 88 | offset of the directory; number of entries, one for each defined function |
// | 96, 104 | offset and size of the code |
// | 112, 120 | offset and size of the location tables |
// | 128 | size of the file |
// | 136 | size of the module |
// | 144 | checksum of skeleton and directory |
// | 152 | checksum of the bytes 0 to 151 |
//
// A directory entry has 40 bytes: u64 offset of its words in the code; u32 number of words; u32 slots of the frame; u32
// logical cost of the frame; u32 offset and u32 size in the location tables; u32 0; u64 checksum of words and locations.
//
// In the file, word 0 of an operation is its number.

import WasmBinary
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
  /// An offset or count in the header or directory is out of range.
  case malformed(String)
  /// The module skeleton does not decode.
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
    case .otherVersion: "made by another version of the compiler"
    case .wrongSize(let expected, let actual): "truncated or extended: \(expected) bytes expected, \(actual) found"
    case .corrupt(let what): "corrupt: the checksum of \(what) is wrong"
    case .malformed(let what): "malformed: \(what)"
    case .skeleton(let error): "malformed module skeleton: \(error)"
    case .invalidCode(let function, let word, let rule): "invalid code in function \(function) at word \(word): \(rule)"
    case .stale(let what): "stale: \(what)"
    }
  }
}

/// Facts of one function in an artifact's directory.
public struct ArtifactFunction: Sendable {
  /// Byte offset in the artifact of the function's words, and their number.
  public var codeOffset: Int
  public var wordCount: Int
  /// Slots that the frame may touch, outgoing arguments included.
  public var frameSlots: Int
  /// Logical cost of the frame, in slots.
  public var frameCost: Int
  public var locationOffset: Int
  public var locationSize: Int
  public var checksum: UInt64
}

public final class Artifact: Sendable {
  public let bytes: ModuleBytes
  /// The decoded skeleton: everything but function bodies.
  public let module: Module
  public let spaces: IndexSpaces
  public let features: Features
  public let policy: MeteringPolicy
  public let optimization: UInt8
  /// SHA-256 of the module that this was made from.
  public let moduleHash: [UInt8]
  /// Bytes of the module that this was made from.
  public let moduleSize: UInt64
  public let functionCount: Int
  private let directory: Int
  private let code: ByteRange
  private let locations: ByteRange

  static let magic: [UInt8] = [0x43, 0x41, 0x4E, 0x4E, 0x45, 0x44, 0, 1]
  static let headerSize = 160
  static let entrySize = 40
  /// The version of the format: what the operation table and this file's layout hash to.
  static let formatHash = threadedFormatHash &* 0x9E37_79B9_7F4A_7C15 &+ 1
  static let operatorHash: UInt64 = {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for row in 0..<Opcode.count { hash = (hash ^ OperatorTable.info[row].bits) &* 0x100_0000_01B3 }
    return hash
  }()

  /// Opens an artifact: checks the header, the directory and their checksums, and decodes the skeleton. Functions are
  /// verified later.
  public init(_ bytes: ModuleBytes) throws(ArtifactError) {
    let raw = bytes.buffer
    guard raw.count >= Artifact.magic.count, raw.prefix(Artifact.magic.count).elementsEqual(Artifact.magic) else {
      throw .notAnArtifact
    }
    guard raw.count >= Artifact.headerSize else {
      throw .wrongSize(expected: UInt64(Artifact.headerSize), actual: UInt64(raw.count))
    }
    func word(_ offset: Int) -> UInt64 {
      UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
    guard word(152) == Checksum64.checksum(UnsafeRawBufferPointer(rebasing: raw[0..<152])) else {
      throw .corrupt("the header")
    }
    guard word(8) == Artifact.formatHash, word(16) == Artifact.operatorHash else { throw .otherVersion }
    guard word(128) == UInt64(raw.count) else { throw .wrongSize(expected: word(128), actual: UInt64(raw.count)) }
    func range(_ at: Int, _ what: String) throws(ArtifactError) -> ByteRange {
      let start = word(at)
      let size = word(at + 8)
      guard start >= UInt64(Artifact.headerSize), start <= UInt64(raw.count), size <= UInt64(raw.count) - start,
        start % 8 == 0
      else {
        throw .malformed("the range of \(what)")
      }
      return ByteRange(start: Int(start), end: Int(start + size))
    }
    let skeleton = try range(64, "the skeleton")
    code = try range(96, "the code")
    locations = try range(112, "the location tables")
    let count = word(88)
    let start = word(80)
    guard start >= UInt64(Artifact.headerSize), start % 8 == 0, start <= UInt64(raw.count),
      count <= (UInt64(raw.count) - start) / UInt64(Artifact.entrySize)
    else { throw .malformed("the range of the directory") }
    directory = Int(start)
    functionCount = Int(count)
    let sum = checksum(
      UnsafeRawBufferPointer(rebasing: raw[skeleton.start..<skeleton.end]),
      UnsafeRawBufferPointer(rebasing: raw[directory..<directory + functionCount * Artifact.entrySize]))
    guard sum == word(144) else { throw .corrupt("the skeleton and the directory") }
    features = Features(rawValue: UInt32(truncatingIfNeeded: word(24)))
    guard let policy = MeteringPolicy(rawValue: raw[28]) else { throw .malformed("the metering policy") }
    self.policy = policy
    optimization = raw[29]
    moduleHash = Array(raw[32..<64])
    moduleSize = word(136)
    self.bytes = bytes
    do throws(ModuleError) {
      // The skeleton's offsets are relative to itself.
      let part = ModuleBytes(adopting: UnsafeRawBufferPointer(rebasing: raw[skeleton.start..<skeleton.end])) { _ in
        _ = bytes
      }
      module = try decodeModule(part, isSkeleton: true)
    } catch {
      throw .skeleton(error)
    }
    spaces = IndexSpaces(module)
    guard module.functions.count == functionCount else {
      throw .malformed("the directory has not one entry for each function")
    }
  }

  /// The directory entry of defined function `index` (below `functionCount`), its ranges checked.
  public func function(_ index: Int) throws(ArtifactError) -> ArtifactFunction {
    precondition(index >= 0 && index < functionCount)
    let at = directory + index * Artifact.entrySize
    func u64(_ offset: Int) -> UInt64 {
      UInt64(littleEndian: bytes.buffer.loadUnaligned(fromByteOffset: at + offset, as: UInt64.self))
    }
    func u32(_ offset: Int) -> Int {
      Int(UInt32(littleEndian: bytes.buffer.loadUnaligned(fromByteOffset: at + offset, as: UInt32.self)))
    }
    let start = u64(0)
    let size = UInt64(u32(8)) * 8
    guard start % 8 == 0, start <= UInt64(code.count), size <= UInt64(code.count) - start else {
      throw .malformed("the code range of function \(index)")
    }
    guard u32(20) <= locations.count, u32(24) <= locations.count - u32(20) else {
      throw .malformed("the location range of function \(index)")
    }
    return ArtifactFunction(
      codeOffset: code.start + Int(start), wordCount: u32(8), frameSlots: u32(12), frameCost: u32(16),
      locationOffset: locations.start + u32(20), locationSize: u32(24), checksum: u64(32))
  }

  /// Bytes of code, of all functions together.
  public var codeSize: Int { code.count }

  /// Bytes of location tables.
  public var locationSize: Int { locations.count }

  /// The module offset (in the original module) of the last operator at or before word `word` of `function` that the
  /// location table names: every operation that may trap, call or stop is in it. Nil where there is none.
  public func moduleOffset(of function: ArtifactFunction, word: Int) -> Int? {
    var reader = ByteReader(
      bytes.buffer,
      range: ByteRange(start: function.locationOffset, end: function.locationOffset + function.locationSize))
    var position = 0
    var offset = 0
    var found: Int?
    do throws(ModuleError) {
      while !reader.isAtEnd {
        position &+= Int(try reader.u32())
        offset &+= Int(try reader.s33())
        if position > word { break }
        found = offset
      }
    } catch {
      // Broken location tables cost the location, nothing else.
    }
    return found
  }
}

/// The checksum of two ranges, in this order.
func checksum(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) -> UInt64 {
  Checksum64.checksum(first) &* 0x9E37_79B9_7F4A_7C15 &+ Checksum64.checksum(second)
}

/// What the compiler makes of one function.
public struct FunctionCode: Sendable {
  /// Operations with their numbers in word 0.
  public var words: [UInt64] = []
  public var frameSlots = 0
  public var frameCost = 0
  /// Pairs of LEB128 integers: words since the last entry (unsigned), module offset since the last entry (signed).
  public var locations: [UInt8] = []
  public init() {}
}

/// Builds the bytes of an artifact.
public struct ArtifactWriter {
  public var features: Features
  public var policy: MeteringPolicy
  public var optimization: UInt8
  public init(features: Features, policy: MeteringPolicy, optimization: UInt8) {
    self.features = features
    self.policy = policy
    self.optimization = optimization
  }

  /// The artifact of `module` with one `FunctionCode` for each function that it defines.
  public func write(_ module: Module, functions: [FunctionCode]) -> [UInt8] {
    precondition(functions.count == module.functions.count)
    let skeleton = encodeModule(module, omitCode: true)
    let codeSize = functions.reduce(0) { $0 + $1.words.count * 8 }
    let locationSize = functions.reduce(0) { $0 + $1.locations.count }
    func aligned(_ size: Int) -> Int { (size + 7) & ~7 }
    let skeletonStart = Artifact.headerSize
    let directoryStart = skeletonStart + aligned(skeleton.count)
    let codeStart = directoryStart + functions.count * Artifact.entrySize
    let locationStart = codeStart + codeSize
    let size = locationStart + aligned(locationSize)
    var out = [UInt8](repeating: 0, count: size)
    out.withUnsafeMutableBytes { raw in
      func put(_ offset: Int, _ value: UInt64) {
        raw.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt64.self)
      }
      func put32(_ offset: Int, _ value: Int) {
        raw.storeBytes(of: UInt32(value).littleEndian, toByteOffset: offset, as: UInt32.self)
      }
      raw.baseAddress!.copyMemory(from: Artifact.magic, byteCount: 8)
      put(8, Artifact.formatHash)
      put(16, Artifact.operatorHash)
      put32(24, Int(features.rawValue))
      raw[28] = policy.rawValue
      raw[29] = optimization
      for (index, byte) in SHA256.hash(module.bytes.buffer).bytes.enumerated() { raw[32 + index] = byte }
      put(64, UInt64(skeletonStart))
      put(72, UInt64(skeleton.count))
      put(80, UInt64(directoryStart))
      put(88, UInt64(functions.count))
      put(96, UInt64(codeStart))
      put(104, UInt64(codeSize))
      put(112, UInt64(locationStart))
      put(120, UInt64(locationSize))
      put(128, UInt64(size))
      put(136, UInt64(module.bytes.count))
      skeleton.withUnsafeBytes {
        if let base = $0.baseAddress { (raw.baseAddress! + skeletonStart).copyMemory(from: base, byteCount: $0.count) }
      }
      var code = 0
      var location = 0
      for (index, function) in functions.enumerated() {
        let entry = directoryStart + index * Artifact.entrySize
        var word = codeStart + code
        for value in function.words {
          put(word, value)
          word += 8
        }
        function.locations.withUnsafeBytes {
          if let base = $0.baseAddress {
            (raw.baseAddress! + locationStart + location).copyMemory(from: base, byteCount: $0.count)
          }
        }
        put(entry, UInt64(code))
        put32(entry + 8, function.words.count)
        put32(entry + 12, function.frameSlots)
        put32(entry + 16, function.frameCost)
        put32(entry + 20, location)
        put32(entry + 24, function.locations.count)
        put(
          entry + 32,
          checksum(
            UnsafeRawBufferPointer(rebasing: raw[codeStart + code..<codeStart + code + function.words.count * 8]),
            UnsafeRawBufferPointer(
              rebasing: raw[locationStart + location..<locationStart + location + function.locations.count])))
        code += function.words.count * 8
        location += function.locations.count
      }
      put(
        144,
        checksum(
          UnsafeRawBufferPointer(rebasing: raw[skeletonStart..<skeletonStart + skeleton.count]),
          UnsafeRawBufferPointer(rebasing: raw[directoryStart..<codeStart])))
      put(152, Checksum64.checksum(UnsafeRawBufferPointer(rebasing: raw[0..<152])))
    }
    return out
  }
}
