// Changes to artifacts: blind ones, and ones that know the format and so get past the checksums and far into the verifier.

import Cannery
import Compiler
import ProgramGenerator
import WebAssembly

enum MutationKind: CaseIterable, Sendable {
  /// Any bytes, as damage in a file: the checksums no longer fit.
  case bytes
  /// Words of the code, checksums made to fit, as are those of all further kinds.
  case words
  /// Fields of operations, with values that mean something.
  case fields
  /// Operations replaced by others of the same length, moved, copied.
  case operations
  /// The module's skeleton.
  case skeleton
  /// The directory: ranges and frames of functions, functions with each other's code.
  case directory
  /// The header.
  case header
}

struct ArtifactMutator {
  var random: Random
  private let artifact: Artifact
  private(set) var bytes: [UInt8]
  /// The defined functions whose code was changed.
  private(set) var touched: [Int] = []

  init(_ subject: Subject, random: Random) {
    artifact = subject.artifact
    bytes = subject.bytes
    self.random = random
  }

  mutating func mutate(_ kind: MutationKind) {
    for _ in 0...[0, 0, 1, 2, 4][random.below(5)] {
      switch kind {
      case .bytes: mutateBytes(0..<bytes.count)
      case .words: mutateWord()
      case .fields: mutateField()
      case .operations: mutateOperation()
      case .skeleton: mutateBytes(Int(word(at: 64))..<Int(word(at: 64) + word(at: 72)))
      case .directory: mutateDirectory()
      case .header: mutateHeader()
      }
    }
    if kind == .bytes {
      switch random.below(8) {
      case 0: bytes.removeLast(random.below(bytes.count))
      case 1: bytes += (0...random.below(64)).map { _ in UInt8(random.below(256)) }
      default: break
      }
    } else {
      Artifact.seal(&bytes)
    }
  }

  // MARK: Access

  private func word(at offset: Int) -> UInt64 {
    bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }
  }

  private mutating func setWord(at offset: Int, _ value: UInt64) {
    bytes.withUnsafeMutableBytes { $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt64.self) }
  }

  private mutating func setHalf(at offset: Int, _ value: UInt32) {
    bytes.withUnsafeMutableBytes { $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt32.self) }
  }

  /// A function of the unchanged artifact with some code, seldom a large one.
  private mutating func pickFunction() -> ArtifactFunction? {
    var picked: (index: Int, function: ArtifactFunction)?
    for _ in 0..<4 where artifact.functionCount > 0 {
      let index = random.below(artifact.functionCount)
      guard let function = try? artifact.function(index) else { continue }
      picked = (index, function)
      if function.wordCount < 4000 { break }
    }
    if let picked { touched.append(picked.index) }
    return picked?.function
  }

  /// The operations of `function` as they are now, as far as they can be told.
  private func operations(_ function: ArtifactFunction) -> [(operation: ThreadedOperation, position: Int)] {
    var found: [(ThreadedOperation, Int)] = []
    var position = 0
    while position < function.wordCount {
      let offset = function.codeOffset + 8 * position
      guard word(at: offset) < UInt64(ThreadedOperation.count) else { break }
      let operation = ThreadedOperation(number: UInt16(word(at: offset)))
      guard position + operation.wordCount <= function.wordCount else { break }
      found.append((operation, position))
      let words = [word(at: offset), operation.wordCount > 1 ? word(at: offset + 8) : 0]
      position += operation.length(at: words)
    }
    return found
  }

  // MARK: Mutations

  private mutating func mutateBytes(_ range: Range<Int>) {
    if range.isEmpty { return }
    let place = range.lowerBound + random.below(range.count)
    switch random.below(5) {
    case 0: bytes[place] = UInt8(random.below(256))
    case 1: bytes[place] ^= 1 << UInt8(random.below(8))
    case 2: bytes[place] = random.pick([0, 1, 0x7F, 0x80, 0xFF])
    case 3: bytes[place] &+= random.chance(1, in: 2) ? 1 : 255
    default: bytes[place] = bytes[range.lowerBound + random.below(range.count)]
    }
  }

  private mutating func mutateWord() {
    guard let function = pickFunction(), function.wordCount > 0 else { return }
    let place = function.codeOffset + 8 * random.below(function.wordCount)
    switch random.below(6) {
    case 0: setWord(at: place, random.next())
    case 1: setWord(at: place, UInt64(random.below(ThreadedOperation.count)))
    case 2: setWord(at: place, word(at: place) ^ 1 << UInt64(random.below(64)))
    case 3: setWord(at: place, word(at: place) &+ (random.chance(1, in: 2) ? 1 : UInt64.max))
    case 4: setWord(at: place, word(at: function.codeOffset + 8 * random.below(function.wordCount)))
    default: setWord(at: place, word(at: place) ^ UInt64(random.below(65_536)) << UInt64(16 * random.below(4)))
    }
  }

  private mutating func mutateField() {
    guard let function = pickFunction() else { return }
    let operations = operations(function)
    guard !operations.isEmpty else { return }
    let (operation, position) = random.pick(operations)
    guard !operation.fields.isEmpty else { return }
    let field = operation.fields[random.below(operation.fields.count)]
    let place = function.codeOffset + 8 * (position + field.word)
    let mask = (field.width == 64 ? UInt64.max : 1 << UInt64(field.width) - 1) << field.shift
    let old = (word(at: place) & mask) >> field.shift
    let value = fieldValue(field.kind, old, function, operations, position)
    setWord(at: place, word(at: place) & ~mask | value << field.shift & mask)
  }

  /// A value for a field: mostly one that could be right.
  private mutating func fieldValue(
    _ kind: ThreadedFieldKind, _ old: UInt64, _ function: ArtifactFunction,
    _ operations: [(operation: ThreadedOperation, position: Int)], _ position: Int
  ) -> UInt64 {
    if random.chance(1, in: 6) {
      return random.pick([
        0, 1, 2, 7, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, UInt64.max, old &+ 1, old &- 1, random.next(),
      ])
    }
    let slots = max(function.frameSlots, 1)
    switch kind {
    case .readSlot, .readPair, .writeSlot, .writePair, .readWide, .writeWide, .result, .stride, .count, .zeroCount:
      return random.pick([
        UInt64(random.below(slots)), UInt64(random.below(min(slots, 8))), UInt64(slots - 1), UInt64(slots), old &+ 1,
        old &- 1,
      ])
    case .branch:
      let target = random.pick(operations).position + (random.chance(1, in: 10) ? 1 : 0)
      return UInt64(bitPattern: Int64(target - position))
    case .cost, .wideCost: return random.pick([0, 0, 1, 2, 50, 0xFFFF])
    case .function: return UInt64(random.below(artifact.functionCount + 1))
    case .imported: return UInt64(random.below(artifact.spaces.importedFunctionCount + 1))
    case .anyFunction: return UInt64(random.below(artifact.spaces.functions.count + 1))
    case .type: return UInt64(random.below(artifact.module.types.count + 1))
    case .table: return UInt64(random.below(artifact.spaces.tables.count + 1))
    case .memory: return UInt64(random.below(artifact.spaces.memories.count + 1))
    case .global: return UInt64(random.below(artifact.spaces.globals.count + 1))
    case .data: return UInt64(random.below(artifact.module.data.count + 1))
    case .element: return UInt64(random.below(artifact.module.elements.count + 1))
    case .lane: return UInt64(random.below(20))
    case .upper: return random.pick([0, 0xFFFF])
    case .trap: return UInt64(random.below(20))
    case .frameCost: return random.pick([0, old &+ 1, old &- 1, UInt64(slots)])
    case .immediate, .offset, .word:
      return random.pick([
        0, 1, UInt64(random.below(100_000)), random.next(), old &+ 1, old ^ 1 << UInt64(random.below(32)),
      ])
    }
  }

  private mutating func mutateOperation() {
    guard let function = pickFunction() else { return }
    let operations = operations(function)
    guard !operations.isEmpty else { return }
    let (operation, position) = random.pick(operations)
    let place = function.codeOffset + 8 * position
    switch random.below(4) {
    case 0, 1:
      // Another operation of the same length, rather a rare one.
      let new =
        random.chance(1, in: 2)
        ? random.pick(ArtifactMutator.rareOperations)
        : ThreadedOperation(number: UInt16(random.below(ThreadedOperation.count)))
      if new.wordCount == operation.wordCount { setWord(at: place, UInt64(new.number)) }
    case 2:
      // The words of another operation of the same length.
      let others = operations.filter { $0.operation.wordCount == operation.wordCount }
      let from = function.codeOffset + 8 * random.pick(others).position
      for index in 0..<operation.wordCount { setWord(at: place + 8 * index, word(at: from + 8 * index)) }
    default:
      // No operation: a charge of nothing takes two words.
      if operation.wordCount == 2 {
        setWord(at: place, UInt64(ThreadedOperation.charge.number))
        setWord(at: place + 8, random.pick([0, 1, 1 << 32]))
      }
    }
  }

  private static let rareOperations: [ThreadedOperation] = (0..<ThreadedOperation.count)
    .map { ThreadedOperation(number: UInt16($0)) }
    .filter { operation in
      ["call", "tailCall", "return", "raise", "lower", "enter", "use", "move", "table", "memory", "global", "element"]
        .contains { operation.name.hasPrefix($0) }
        || ["charge", "jump", "switch", "trap"].contains { operation.name.hasPrefix($0) }
    }

  private mutating func mutateDirectory() {
    guard artifact.functionCount > 0 else { return }
    let entrySize = 24
    let start = Int(word(at: 80))
    let index = random.below(artifact.functionCount)
    touched.append(index)
    let entry = start + entrySize * index
    let other = start + entrySize * random.below(artifact.functionCount)
    switch random.below(6) {
    case 0: setHalf(at: entry + 4 * random.below(6), UInt32(truncatingIfNeeded: random.next()))
    case 1:
      // Code of another function, or its frame.
      for half in random.chance(1, in: 2) ? 0..<2 : 2..<4 {
        setHalf(at: entry + 4 * half, UInt32(truncatingIfNeeded: word(at: other + 4 * half)))
      }
    case 2:
      // A frame that is a little larger or smaller.
      let place = entry + 8 + 4 * random.below(2)
      setHalf(at: place, UInt32(truncatingIfNeeded: word(at: place)) &+ UInt32(truncatingIfNeeded: random.below(7) - 3))
    case 3: setHalf(at: entry + 8, random.pick([0, 1, 8, 8192, 8300, 1 << 20, 1 << 24, 1 << 24 + 1, UInt32.max]))
    case 4:
      // Code that begins or ends elsewhere.
      setHalf(
        at: entry, UInt32(truncatingIfNeeded: word(at: entry)) &+ UInt32(truncatingIfNeeded: random.below(7) - 3))
    default:
      // Any location table.
      setHalf(at: entry + 4, UInt32(random.below(max(artifact.locationSize, 1))))
    }
  }

  private mutating func mutateHeader() {
    let place = 24 + 4 * random.below(30)
    switch random.below(4) {
    case 0: setHalf(at: place, UInt32(truncatingIfNeeded: random.next()))
    case 1:
      setHalf(
        at: place,
        UInt32(truncatingIfNeeded: word(at: place)) &+ UInt32(truncatingIfNeeded: 8 * (random.below(33) - 16)))
    case 2: bytes[24 + random.below(8)] = UInt8(random.below(4))
    default: mutateBytes(24..<144)
    }
  }
}
