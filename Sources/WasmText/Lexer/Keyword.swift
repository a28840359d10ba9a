// The words of the text format that are not operators, and the table by which the lexer recognises words of both kinds.

import WebAssembly

/// A word with a meaning in modules, scripts or annotations. Operators are recognised by their row in the operator
/// table instead; a word may be both.
package enum Keyword: UInt8, CaseIterable {
  /// Any other word.
  case none
  // Modules.
  case module, binary, quote, definition, instance
  case type, rec, sub, final, `func`, param, result, local, `struct`, array, field, mut
  case `import`, export, table, memory, global, tag, start, elem, data, offset, item, declare
  case then, `catch`, catchRef, catchAll, catchAllRef
  // Types.
  case i8, i16, i32, i64, f32, f64, v128, ref, null
  case extern, any, eq, i31, noneType, nofunc, noextern, exn, noexn
  case funcref, externref, anyref, eqref, i31ref, structref, arrayref, exnref
  case nullref, nullfuncref, nullexternref, nullexnref
  case i8x16, i16x8, i32x4, i64x2, f32x4, f64x2
  // Numbers.
  case inf, nan, nanCanonical, nanArithmetic
  // Scripts.
  case register, invoke, get, either
  case assertReturn, assertTrap, assertException, assertExhaustion, assertMalformed, assertMalformedCustom
  case assertInvalid, assertInvalidCustom, assertUnlinkable
  case refExtern, refHost, refStruct, refArray, refAny, refExn
  // Annotations and their placement.
  case custom, name, branchHint
  case before, after, first, last, code, datacount

  package var text: String {
    switch self {
    case .none: ""
    case .catchRef: "catch_ref"
    case .catchAll: "catch_all"
    case .catchAllRef: "catch_all_ref"
    case .noneType: "none"
    case .nanCanonical: "nan:canonical"
    case .nanArithmetic: "nan:arithmetic"
    case .assertReturn: "assert_return"
    case .assertTrap: "assert_trap"
    case .assertException: "assert_exception"
    case .assertExhaustion: "assert_exhaustion"
    case .assertMalformed: "assert_malformed"
    case .assertMalformedCustom: "assert_malformed_custom"
    case .assertInvalid: "assert_invalid"
    case .assertInvalidCustom: "assert_invalid_custom"
    case .assertUnlinkable: "assert_unlinkable"
    case .refExtern: "ref.extern"
    case .refHost: "ref.host"
    case .refStruct: "ref.struct"
    case .refArray: "ref.array"
    case .refAny: "ref.any"
    case .refExn: "ref.exn"
    case .branchHint: "metadata.code.branch_hint"
    default: "\(self)"
    }
  }
}

/// All words with a meaning, in an open hash table. A look-up takes the hash that the lexer computes while it scans.
struct WordTable: Sendable {
  struct Word: @unchecked Sendable {
    // Sound as Sendable: the bytes are written once and never freed.
    var text: UnsafePointer<UInt8>?
    var count: Int
    var hash: UInt32
    var keyword: Keyword
    /// The row in the operator table, or `OperatorTable.noRow`.
    var row: UInt16
  }

  static let shared = WordTable()
  static let unknown = Word(text: nil, count: 0, hash: 0, keyword: .none, row: OperatorTable.noRow)

  /// FNV-1a: the hash of a word is `step` over its bytes, from `seed`.
  static let seed: UInt32 = 0x811C_9DC5
  @inline(__always) static func step(_ hash: UInt32, _ byte: UInt8) -> UInt32 { (hash ^ UInt32(byte)) &* 0x0100_0193 }

  // Sound as shared state: slots and the words' bytes are written once, by `init`, and never freed.
  private nonisolated(unsafe) let slots: UnsafeMutablePointer<Word>
  /// A power of two, at least three times the number of words, so that a look-up always meets an empty slot soon.
  private static let capacity = 2048

  private init() {
    slots = .allocate(capacity: WordTable.capacity)
    slots.initialize(repeating: WordTable.unknown, count: WordTable.capacity)
    for keyword in Keyword.allCases where keyword != .none { insert(keyword.text) { $0.keyword = keyword } }
    for row in 0..<Opcode.count {
      // Where two operators share their text, the parser tells them apart; the first row stands for both.
      insert(Opcode(row: UInt16(row)).mnemonic) { if $0.row == OperatorTable.noRow { $0.row = UInt16(row) } }
    }
  }

  private func insert(_ text: String, _ set: (inout Word) -> Void) {
    let bytes = Array(text.utf8)
    let hash = bytes.reduce(WordTable.seed, WordTable.step)
    let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
    _ = copy.initialize(from: bytes)
    let slot = find(UnsafePointer(copy.baseAddress!), bytes.count, hash: hash)
    if slots[slot].text == nil {
      slots[slot] = Word(
        text: copy.baseAddress!, count: bytes.count, hash: hash, keyword: .none, row: OperatorTable.noRow)
    } else {
      copy.deallocate()
    }
    set(&slots[slot])
  }

  /// The slot of the word, or the empty one where it would be.
  private func find(_ text: UnsafePointer<UInt8>, _ count: Int, hash: UInt32) -> Int {
    var slot = Int(hash) & (WordTable.capacity - 1)
    while let other = slots[slot].text {
      if slots[slot].hash == hash && slots[slot].count == count {
        var index = 0
        while index < count && text[index] == other[index] { index &+= 1 }
        if index == count { break }
      }
      slot = (slot + 1) & (WordTable.capacity - 1)
    }
    return slot
  }

  /// The word with these bytes; `unknown` if it has no meaning.
  func word(_ text: UnsafePointer<UInt8>, count: Int, hash: UInt32) -> Word { slots[find(text, count, hash: hash)] }
}
