// Identifiers become small numbers, and each index space maps those to indices by plain arrays.
//
// Source: WebAssembly 3.0, sections 6.3.5 and 6.1.4.

/// An identifier of a module, or none. Numbers count from 0 in the order in which identifiers occur first.
struct Identifier: Hashable {
  let number: Int32
  static let none = Identifier(number: -1)
}

/// Numbers identifiers. `$a` and `$"\61"` are the same one.
struct IdentifierTable {
  /// The identifiers' bytes without `$` and quotes, one after the other.
  private var bytes: [UInt8] = []
  /// Where each identifier ends in `bytes`.
  private var ends: [Int] = []
  private var hashes: [Int] = []
  /// An open hash table of identifier numbers; its size is a power of two, at least twice their count. -1 is an empty
  /// slot.
  private var slots: [Int32] = []

  func text(_ identifier: Identifier) -> ArraySlice<UInt8> {
    let number = Int(identifier.number)
    return bytes[(number == 0 ? 0 : ends[number - 1])..<ends[number]]
  }

  /// The identifier that `token` is.
  mutating func identifier(_ token: Token, _ lexer: Lexer) -> Identifier {
    let text = lexer.bytes(token.start + 1..<token.end)
    if text[0] != UInt8(ascii: "\"") { return identifier(text) }
    var unquoted: [UInt8] = []
    lexer.unescape(text, into: &unquoted)
    return identifier(unquoted)
  }

  mutating func identifier(_ text: [UInt8]) -> Identifier { text.withUnsafeBufferPointer { identifier($0) } }

  private mutating func identifier(_ text: UnsafeBufferPointer<UInt8>) -> Identifier {
    if slots.count <= 2 * ends.count { grow() }
    // Seeded, unlike the keywords' hash: a text must not be able to aim at one slot.
    var hasher = Hasher()
    hasher.combine(bytes: UnsafeRawBufferPointer(text))
    let hash = hasher.finalize()
    var slot = hash & (slots.count - 1)
    while slots[slot] >= 0 {
      let other = Identifier(number: slots[slot])
      if hashes[Int(other.number)] == hash && self.text(other).elementsEqual(text) { return other }
      slot = (slot + 1) & (slots.count - 1)
    }
    let identifier = Identifier(number: Int32(ends.count))
    slots[slot] = identifier.number
    bytes.append(contentsOf: text)
    ends.append(bytes.count)
    hashes.append(hash)
    return identifier
  }

  private mutating func grow() {
    slots = [Int32](repeating: -1, count: max(64, slots.count * 2))
    for (number, hash) in hashes.enumerated() {
      var slot = hash & (slots.count - 1)
      while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = Int32(number)
    }
  }
}

/// A name for the name section.
typealias NameAssociation = (index: UInt32, name: Identifier)

/// One index space: how many indices are taken, and the identifiers of those that have one.
struct IndexSpace {
  private(set) var count: UInt32 = 0
  /// By the identifier's number: the index that it stands for, or `unbound`.
  private var indices: [UInt32] = []
  /// By growing index.
  private(set) var names: [NameAssociation] = []

  private static let unbound = UInt32.max

  /// Takes the next index. Returns false if the identifier is taken.
  mutating func define(_ identifier: Identifier, name: Identifier) -> Bool {
    let index = count
    count += 1
    if name != .none { names.append((index, name)) }
    if identifier == .none { return true }
    let number = Int(identifier.number)
    while indices.count <= number { indices.append(IndexSpace.unbound) }
    if indices[number] != IndexSpace.unbound { return false }
    indices[number] = index
    return true
  }

  func index(of identifier: Identifier) -> UInt32? {
    let number = Int(identifier.number)
    guard number < indices.count, indices[number] != IndexSpace.unbound else { return nil }
    return indices[number]
  }
}

/// The index spaces of a module that its fields define.
enum Space: Int, CaseIterable {
  case type, function, table, memory, global, tag, element, data

  var unknown: TextErrorReason {
    switch self {
    case .type: .unknownType
    case .function: .unknownFunction
    case .table: .unknownTable
    case .memory: .unknownMemory
    case .global: .unknownGlobal
    case .tag: .unknownTag
    case .element: .unknownElementSegment
    case .data: .unknownDataSegment
    }
  }

  var duplicate: TextErrorReason {
    switch self {
    case .type: .duplicateType
    case .function: .duplicateFunction
    case .table: .duplicateTable
    case .memory: .duplicateMemory
    case .global: .duplicateGlobal
    case .tag: .duplicateTag
    case .element: .duplicateElementSegment
    case .data: .duplicateDataSegment
    }
  }

  /// Why an import is refused after a definition in this space.
  var importAfter: TextErrorReason {
    switch self {
    case .table: .importAfterTable
    case .memory: .importAfterMemory
    case .global: .importAfterGlobal
    case .tag: .importAfterTag
    default: .importAfterFunction
    }
  }
}
