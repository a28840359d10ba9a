// Writes artifacts: the compiled functions of a module behind its skeleton.

import WasmBinary
import WebAssembly

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
    parts(module, functions: functions).bytes
  }

  /// The same, not yet put together.
  public func parts(_ module: Module, functions: [FunctionCode]) -> ArtifactParts {
    precondition(functions.count == module.functions.count)
    let skeleton = encodeModule(module, omitCode: true)
    let codeSize = functions.reduce(0) { $0 + $1.words.count * 8 }
    let locationSize = functions.reduce(0) { $0 + $1.locations.count }
    func aligned(_ size: Int) -> Int { (size + 7) & ~7 }
    let skeletonStart = ArtifactLayout.headerSize
    let directoryStart = skeletonStart + aligned(skeleton.count)
    let codeStart = directoryStart + functions.count * ArtifactLayout.entrySize
    let locationStart = codeStart + codeSize
    let size = locationStart + aligned(locationSize)
    var head = [UInt8](repeating: 0, count: codeStart)
    head.withUnsafeMutableBytes { raw in
      raw.put(ArtifactLayout.magic, at: 0)
      raw.put(Artifact.formatHash, at: 8)
      raw.put(Artifact.operatorHash, at: 16)
      raw.put(half: Int(features.rawValue), at: 24)
      raw[28] = policy.rawValue
      raw[29] = optimization
      raw.put(Array(SHA256.hash(module.bytes.buffer).bytes), at: 32)
      let numbers = [
        skeletonStart, skeleton.count, directoryStart, functions.count, codeStart, codeSize, locationStart,
        locationSize, size, module.bytes.count,
      ]
      for (index, number) in numbers.enumerated() { raw.put(UInt64(number), at: 64 + 8 * index) }
      raw.put(skeleton, at: skeletonStart)
      var code = 0
      var location = 0
      for (index, function) in functions.enumerated() {
        let entry = directoryStart + index * ArtifactLayout.entrySize
        raw.put(half: code, at: entry)
        raw.put(half: location, at: entry + 4)
        raw.put(half: function.frameSlots, at: entry + 8)
        raw.put(half: function.frameCost, at: entry + 12)
        let checksum = function.withBytes { words in
          function.locations.withUnsafeBytes { ArtifactLayout.checksum(words, $0) }
        }
        raw.put(checksum, at: entry + ArtifactLayout.checksumOffset)
        location += function.locations.count
        code += function.words.count
      }
      let all = UnsafeRawBufferPointer(raw)
      raw.put(
        ArtifactLayout.checksum(
          all.part(ByteRange(start: skeletonStart, end: skeletonStart + skeleton.count)),
          all.part(ByteRange(start: directoryStart, end: codeStart))),
        at: 144)
      raw.put(ArtifactLayout.headerChecksum(all), at: 152)
    }
    return ArtifactParts(head: head, functions: functions, count: size)
  }
}

/// An artifact as the compiler leaves it, in pieces: so that writing it needs no second copy.
public struct ArtifactParts: Sendable {
  /// Header, skeleton and directory.
  fileprivate let head: [UInt8]
  fileprivate let functions: [FunctionCode]
  /// Bytes of the artifact.
  public let count: Int

  /// Calls `body` with one piece after the other.
  public func forEachPart(_ body: (UnsafeRawBufferPointer) -> Void) {
    var written = head.count
    head.withUnsafeBytes(body)
    for function in functions {
      function.withBytes(body)
      written += 8 * function.words.count
    }
    for function in functions {
      function.locations.withUnsafeBytes(body)
      written += function.locations.count
    }
    [UInt8](repeating: 0, count: count - written).withUnsafeBytes(body)
  }

  /// The artifact.
  public var bytes: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      let raw = UnsafeMutableRawBufferPointer(buffer)
      forEachPart { part in
        UnsafeMutableRawBufferPointer(rebasing: raw[initialized...]).copyMemory(from: part)
        initialized += part.count
      }
    }
  }
}

extension FunctionCode {
  /// Calls `body` with the words as an artifact has them.
  fileprivate func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    if UInt64(1).littleEndian == 1 { return words.withUnsafeBytes(body) }
    return words.map(\.littleEndian).withUnsafeBytes(body)
  }
}

extension Artifact {
  /// Writes the checksums of an artifact, in the order in which they cover each other. Functions that the directory places
  /// outside are left out, and so is everything where the header makes no sense: then there is nothing to fit.
  package static func seal(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { writable in
      let raw = UnsafeRawBufferPointer(writable)
      guard raw.count >= ArtifactLayout.headerSize else { return }
      if let layout = try? ArtifactLayout(raw) {
        for index in 0..<layout.functionCount {
          guard let function = try? layout.function(index, in: raw) else { continue }
          let words = ByteRange(start: function.codeOffset, end: function.codeOffset + 8 * function.wordCount)
          writable.put(
            ArtifactLayout.checksum(function, words: raw.part(words), in: raw),
            at: layout.directory.start + index * ArtifactLayout.entrySize + ArtifactLayout.checksumOffset)
        }
        writable.put(layout.checksum(in: raw), at: 144)
      }
      writable.put(ArtifactLayout.headerChecksum(raw), at: 152)
    }
  }
}

extension UnsafeMutableRawBufferPointer {
  fileprivate func put(_ word: UInt64, at offset: Int) {
    storeBytes(of: word.littleEndian, toByteOffset: offset, as: UInt64.self)
  }

  fileprivate func put(half value: Int, at offset: Int) {
    storeBytes(of: UInt32(value).littleEndian, toByteOffset: offset, as: UInt32.self)
  }

  fileprivate func put(_ bytes: [UInt8], at offset: Int) {
    UnsafeMutableRawBufferPointer(rebasing: self[offset..<offset + bytes.count]).copyBytes(from: bytes)
  }
}
