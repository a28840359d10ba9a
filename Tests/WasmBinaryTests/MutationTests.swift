// The decoder on damaged modules. Each case mutates a small module with a generator seeded by the case's number, so that
// any case can be run again alone:
//
//     CANNERY_FUZZ_COUNT=100000 swift test -c release --filter MutationTests     more cases
//     CANNERY_FUZZ_FIRST=4711 CANNERY_FUZZ_COUNT=1 swift test --filter MutationTests     one case
//
// Whatever comes out must be a module that survives being encoded and decoded again, or a `ModuleError` inside the input.

import Foundation
import Testing
import WasmBinary
import WebAssembly

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: Int) { state = UInt64(bitPattern: Int64(seed)) &* 0x9E37_79B9_7F4A_7C15 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  /// A number below `bound`, which is greater than 0.
  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

/// A module with a function that contains every operator, names for it, and metadata.
private let operatorModule = moduleBytes { writer in
  writer.section(.type) { $0.append([1, 0x60, 0, 0]) }
  writer.section(.function) { $0.append([1, 0]) }
  writer.section(.dataCount) { $0.byte(0) }
  writer.section(.code) { writer in
    writer.u32(1)
    writer.sized { writer in
      writer.append([2, 3, 0x7F, 1, 0x64, 0])
      for row in 0..<Opcode.count {
        var instruction = Instruction()
        instruction.opcode = Opcode(row: UInt16(row))
        instruction.blockType = .value(.funcref)
        instruction.type = .ref(.concrete(0), nullable: true)
        instruction.type2 = .ref(.i31, nullable: false)
        switch instruction.opcode {
        case .else, .end: continue
        case .brTable: writer.branchTable(labels: [1, 2, 3], default: 0)
        case .selectT: writer.select(types: [.i64])
        case .tryTable:
          let clause = CatchClause(tag: 0, passesReference: true, label: 0)
          writer.tryTable(.type(0), catches: [clause, CatchClause(tag: nil, passesReference: false, label: 1)])
        default: writer.instruction(instruction)
        }
        if instruction.opcode == .if { writer.opcode(.else) }
        if [.block, .loop, .if, .tryTable].contains(instruction.opcode) { writer.opcode(.end) }
      }
      writer.opcode(.end)
    }
  }
  writer.customSection("name") { writer in
    writer.nameSubsection(.module) { $0.name("m") }
    writer.nameSubsection(.functions) { $0.nameMap([IndexedName(0, "all"), IndexedName(1, "none")]) }
    writer.nameSubsection(.locals) { $0.append([1, 0, 2, 0, 1, 0x61, 2, 1, 0x62]) }
  }
  writer.customSection("icp:public candid:service") { $0.append(Array("service : {}".utf8)) }
}

private struct Mutator {
  private var generator: SeededGenerator
  init(seed: Int) { generator = SeededGenerator(seed: seed) }

  /// One of the base modules, damaged: half of the time anywhere, half of the time inside its sections, whose sizes are
  /// then made right again.
  mutating func module() -> [UInt8] {
    let bases = [completeModule, operatorModule]
    var bytes = bases[generator.below(bases.count)]
    if generator.below(2) == 0 {
      for _ in 0...generator.below(4) { damage(&bytes) }
      return bytes
    }
    var parts = sections(of: bytes)
    for _ in 0...generator.below(3) {
      let index = generator.below(parts.count)
      switch generator.below(12) {
      case 0: parts.remove(at: index)
      case 1: parts.insert(parts[generator.below(parts.count)], at: index)
      case 2: parts.swapAt(index, generator.below(parts.count))
      case 3: parts[index].id = UInt8(generator.below(16))
      default: damage(&parts[index].contents)
      }
      if parts.isEmpty { break }
    }
    return moduleBytes { writer in
      for part in parts {
        writer.byte(part.id)
        writer.byteVector(part.contents)
      }
    }
  }

  private mutating func damage(_ bytes: inout [UInt8]) {
    let start = generator.below(bytes.count + 1)
    let end = min(start + generator.below(8), bytes.count)
    switch generator.below(10) {
    case 0: bytes.removeSubrange(start..<end)
    case 1: bytes.insert(contentsOf: bytes[start..<end], at: generator.below(bytes.count + 1))
    case 2: bytes.removeSubrange(start...)
    case 3: bytes.insert(UInt8(truncatingIfNeeded: generator.next()), at: start)
    case 4:
      let edges: [[UInt8]] = [
        [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0x80, 0x80, 0x80, 0x80, 0x78], [0xFF, 0xFF, 0xFF, 0xFF, 0x07],
        [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7F], [0x80, 0x00], [0xC0, 0x84, 0x3D], [0x7F],
      ]
      let edge = edges[generator.below(edges.count)]
      bytes.replaceSubrange(start..<min(start + generator.below(2), bytes.count), with: edge)
    case 5, 6: for index in start..<end { bytes[index] = UInt8(truncatingIfNeeded: generator.next()) }
    default: if start < bytes.count { bytes[start] ^= 1 << UInt8(generator.below(8)) }
    }
  }

  private func sections(of bytes: [UInt8]) -> [(id: UInt8, contents: [UInt8])] {
    let input = ModuleBytes(bytes)
    var reader = ByteReader(input.buffer, range: ByteRange(start: 8, end: bytes.count))
    var sections: [(UInt8, [UInt8])] = []
    while let id = try? reader.byte(), let size = try? reader.u32(), let range = try? reader.skip(Int(size)) {
      sections.append((id, Array(bytes[range.start..<range.end])))
    }
    withExtendedLifetime(input) {}
    return sections
  }
}

private func environment(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

@Suite struct MutationTests {
  static let first = environment("CANNERY_FUZZ_FIRST") ?? 0
  static let count = environment("CANNERY_FUZZ_COUNT") ?? 20_000

  @Test func mutatedModulesAreRefusedOrRoundTrip() throws {
    var accepted = 0
    for seed in MutationTests.first..<MutationTests.first + MutationTests.count {
      var mutator = Mutator(seed: seed)
      let bytes = mutator.module()
      var decoded: Module?
      if let error = moduleError({ decoded = try decodeWholly(bytes) }) {
        if error.offset < 0 || error.offset > bytes.count { Issue.record("case \(seed): \(error)") }
        if error.kind != .malformed && error.kind != .limit { Issue.record("case \(seed): \(error)") }
      }
      guard let module = decoded else { continue }
      accepted += 1
      let encoded = encodeModule(module)
      let decodedAgain = try decodeWholly(encoded)
      if let what = difference(module, decodedAgain) { Issue.record("case \(seed): the \(what) differ") }
      if encodeModule(decodedAgain) != encoded { Issue.record("case \(seed): the encoding differs") }
      let skeleton = encodeModule(module, omitCode: true)
      let again = encodeModule(try decodeModule(ModuleBytes(skeleton), isSkeleton: true), omitCode: true)
      if again != skeleton { Issue.record("case \(seed): the skeleton differs") }
      let names = NameSection(module)
      for name in names.functions where names.functions.name(of: name.index) != name.name {
        Issue.record("case \(seed): function \(name.index)")
      }
      for function in names.locals.indices {
        for local in names.locals.names(of: function) where local.name.utf8.count > bytes.count {
          Issue.record("case \(seed): local \(local.index) of function \(function)")
        }
      }
      _ = CanisterMetadata(module)
    }
    // A fuzzer that is always refused tests little.
    if MutationTests.count >= 1000 {
      #expect(accepted > MutationTests.count / 20 && accepted < MutationTests.count * 19 / 20)
    }
  }

  @Test func mutatedGzipFilesAreRefusedOrInflate() throws {
    #expect(try inflateIfCompressed(ModuleBytes(compressedSample)).count == 1600)
    for seed in MutationTests.first..<MutationTests.first + MutationTests.count / 10 {
      var generator = SeededGenerator(seed: ~seed)
      var bytes = compressedSample
      for _ in 0...generator.below(3) {
        let index = 2 + generator.below(bytes.count - 2)
        switch generator.below(4) {
        case 0: bytes.remove(at: index)
        case 1: bytes[index] = UInt8(truncatingIfNeeded: generator.next())
        case 2: bytes.insert(UInt8(truncatingIfNeeded: generator.next()), at: index)
        default: bytes[index] ^= 1 << UInt8(generator.below(8))
        }
      }
      var size = 0
      let error = moduleError { size = try inflateIfCompressed(ModuleBytes(bytes), limit: 2000).count }
      if let error {
        if error.offset < 0 || error.offset > bytes.count { Issue.record("case \(seed): \(error)") }
      } else if size > 2000 {
        Issue.record("case \(seed): \(size) bytes")
      }
    }
  }
}

/// 1600 bytes of text, compressed by gzip with dynamic codes.
private let compressedSample: [UInt8] = [
  0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x7D, 0x54, 0xED, 0x6E, 0xC3, 0x30, 0x08, 0x7C,
  0x15, 0x3F, 0xC1, 0x7E, 0x6C, 0x4F, 0x64, 0xC5, 0x99, 0x54, 0xC9, 0xAE, 0xAB, 0x34, 0x91, 0xB6, 0xB7, 0xDF,
  0x02, 0xE7, 0xF8, 0x80, 0xAA, 0x7F, 0x4A, 0x8A, 0xE1, 0xE0, 0xF8, 0x2A, 0x79, 0xCF, 0xA9, 0xF6, 0x25, 0xD7,
  0x74, 0x6B, 0x8F, 0xBE, 0xED, 0xE9, 0xF6, 0xF5, 0xF9, 0xB1, 0xF4, 0xFB, 0x73, 0xBF, 0x14, 0x2A, 0xD6, 0x1F,
  0x11, 0x6D, 0x6D, 0x7D, 0xFB, 0x4D, 0xAD, 0x97, 0xA3, 0xAE, 0xE9, 0xDF, 0xAF, 0xA6, 0x6D, 0x7D, 0x1E, 0x75,
  0x1A, 0xE8, 0xCB, 0x23, 0x6F, 0xB9, 0xA5, 0xEF, 0xE3, 0xBE, 0x10, 0x22, 0x9B, 0x9F, 0xDA, 0x5C, 0xCA, 0x00,
  0x14, 0xCB, 0x72, 0x66, 0x83, 0x77, 0xE0, 0x20, 0xBA, 0x73, 0xD2, 0x8C, 0x35, 0xC6, 0xD0, 0x51, 0x44, 0xFD,
  0x14, 0x34, 0xF9, 0x91, 0xB8, 0xAA, 0xD4, 0x5F, 0x80, 0x43, 0x00, 0x1C, 0x82, 0xED, 0x50, 0x99, 0x8B, 0xC0,
  0xC8, 0x4D, 0x73, 0x06, 0x63, 0x08, 0xE3, 0xFE, 0x2E, 0xED, 0xC1, 0x6C, 0x16, 0xDA, 0x30, 0xE0, 0xC8, 0xAE,
  0x7E, 0xAA, 0x9C, 0xBC, 0x80, 0x24, 0xDF, 0xC8, 0x22, 0x74, 0x51, 0x20, 0x3C, 0x0F, 0xFD, 0x2F, 0x65, 0x09,
  0x0E, 0x1A, 0x5F, 0xDE, 0xD8, 0xC0, 0x14, 0xCE, 0x12, 0x09, 0x83, 0x33, 0x5A, 0x8B, 0x2A, 0x6B, 0xB5, 0x86,
  0x36, 0xDA, 0x31, 0x17, 0x09, 0x69, 0x81, 0xA9, 0x9B, 0xA8, 0xA7, 0x70, 0xC2, 0xB7, 0xE6, 0x78, 0x61, 0x52,
  0x30, 0xA3, 0x20, 0xC6, 0x73, 0xD4, 0x42, 0xE6, 0xA1, 0x41, 0x67, 0x7A, 0x1C, 0x2D, 0xE0, 0x2A, 0x8E, 0x2B,
  0x9E, 0x07, 0x44, 0x1C, 0x1E, 0x75, 0x7D, 0x18, 0x4D, 0x73, 0xF6, 0x34, 0xCA, 0xB0, 0x30, 0x53, 0x05, 0x41,
  0x94, 0xCC, 0x33, 0xD2, 0x9F, 0x34, 0x5D, 0x03, 0xEC, 0xD4, 0xC3, 0xC9, 0xF1, 0x20, 0x6C, 0xCA, 0x71, 0x0E,
  0x29, 0x30, 0xEC, 0xCE, 0xBB, 0x56, 0xBC, 0x5A, 0x08, 0x09, 0xA3, 0x1A, 0x87, 0x4B, 0x8B, 0x1B, 0x27, 0xC5,
  0x04, 0x7D, 0x75, 0x04, 0x24, 0x34, 0x81, 0x83, 0x72, 0x98, 0xE2, 0xD0, 0x71, 0x79, 0x54, 0x24, 0x5E, 0x8A,
  0x78, 0x53, 0xDC, 0xBD, 0x32, 0x1C, 0x1C, 0x71, 0xF2, 0x22, 0xF8, 0x71, 0x39, 0x8D, 0x70, 0x7B, 0x1A, 0x8E,
  0x2F, 0xAF, 0xB6, 0xD9, 0xBD, 0x38, 0xF1, 0xE6, 0x4C, 0x13, 0x17, 0x7B, 0xDD, 0x79, 0x74, 0x26, 0x86, 0x99,
  0xB2, 0xB8, 0x8E, 0xBC, 0x42, 0xD6, 0xE9, 0x0F, 0xF5, 0x55, 0x81, 0x65, 0x40, 0x06, 0x00, 0x00,
]
