// The operation table's facts about threaded code, in the form that verifier, disassembler and linker use.

/// What an operand field means. Raw values follow the generator's `FieldKind`.
public enum ThreadedFieldKind: UInt8, Sendable, CaseIterable {
  case readSlot, readPair, writeSlot, writePair, readWide, writeWide, immediate, upper, offset, word, lane, branch, cost
  case wideCost, function, imported, anyFunction, type, table, memory, global, data, element, stride, result, count
  case trap, zeroCount, frameCost
}

/// One operand field: `width` bits from bit `shift` of the operation's word number `word`.
public struct ThreadedField: Sendable, BitwiseCopyable {
  let bits: UInt32
  /// Sound: the generated table has only raw values of kinds, which count the cases in order.
  @inline(__always)
  public var kind: ThreadedFieldKind { unsafeBitCast(kindCode, to: ThreadedFieldKind.self) }
  @inline(__always) var kindCode: UInt8 { UInt8(truncatingIfNeeded: bits) }
  @inline(__always) public var shift: UInt64 { UInt64(bits >> 8 & 0xFF) }
  @inline(__always) public var word: Int { Int(bits >> 16 & 0xFF) }
  @inline(__always) public var width: Int { Int(bits >> 24) }

  /// The field's value, unsigned, in the operation at `operation`.
  @inline(__always)
  public func value(at operation: UnsafePointer<UInt64>) -> UInt64 {
    (operation[word] &>> shift) & (UInt64.max &>> (64 &- UInt64(bits >> 24)))
  }
}

/// Effects of an operation beyond its fields.
public struct ThreadedEffects: OptionSet, Sendable, BitwiseCopyable {
  public let rawValue: UInt16
  public init(rawValue: UInt16) { self.rawValue = rawValue }
  public static let readsAccumulator = ThreadedEffects(rawValue: 1)
  public static let writesAccumulator = ThreadedEffects(rawValue: 2)
  public static let readsFloat = ThreadedEffects(rawValue: 4)
  public static let writesFloat = ThreadedEffects(rawValue: 8)
  public static let mayTrap = ThreadedEffects(rawValue: 16)
  public static let terminator = ThreadedEffects(rawValue: 32)
  public static let call = ThreadedEffects(rawValue: 64)
  public static let readsMemory = ThreadedEffects(rawValue: 128)
  public static let writesMemory = ThreadedEffects(rawValue: 256)
  public static let check = ThreadedEffects(rawValue: 512)
  public static let entry = ThreadedEffects(rawValue: 1024)
  public static let table = ThreadedEffects(rawValue: 2048)
  public static let readsVector = ThreadedEffects(rawValue: 4096)
  public static let writesVector = ThreadedEffects(rawValue: 8192)
}

extension ThreadedOperation {
  /// Sound where `number < count`: the enumeration has more than 256 cases without payload, so it is stored as a UInt16
  /// that counts them in order; a test compares every case.
  @inline(__always)
  public init(number: UInt16) {
    assert(Int(number) < ThreadedOperation.count)
    self = unsafeBitCast(number, to: ThreadedOperation.self)
  }
  @inline(__always)
  public var number: UInt16 { unsafeBitCast(self, to: UInt16.self) }
  public var name: String { threadedOperationNames[Int(number)] }

  @inline(__always) var facts: UInt64 { ThreadedTables.facts[Int(number)] }
  /// Length in words, without the table of a switch.
  @inline(__always) public var wordCount: Int { Int(facts & 0xFF) }
  @inline(__always) public var effects: ThreadedEffects {
    ThreadedEffects(rawValue: UInt16(truncatingIfNeeded: facts >> 8))
  }
  @inline(__always) public var fields: UnsafeBufferPointer<ThreadedField> {
    UnsafeBufferPointer(start: ThreadedTables.fields + Int(facts >> 32), count: Int(facts >> 24 & 0xFF))
  }
  @inline(__always) public var isSwitch: Bool { effects.contains(.table) }
}

/// The generated tables. Most are literals that stand in the program as they are; reading them asks for no initialization.
enum ThreadedTables {
  static var facts: [UInt64] { @inline(__always) get { threadedOperationFacts } }
  static var laneLimits: [UInt8] { @inline(__always) get { threadedLaneLimits } }
  static var selection: [UInt16] { @inline(__always) get { selectionTable } }
  static var wideSelection: [UInt16] { @inline(__always) get { wideSelectionTable } }
  static var branch: [UInt16] { @inline(__always) get { branchTable } }
  static var pairs: [UInt16] { @inline(__always) get { pairTable } }
  static var wordImmediates: [UInt16] { @inline(__always) get { wordImmediateTable } }
  static var leftImmediates: [UInt16] { @inline(__always) get { leftImmediateTable } }
  static var addressModes: [UInt16] { @inline(__always) get { addressModeTable } }
  static var vectorAddresses: [UInt16] { @inline(__always) get { vectorAddressTable } }
  static var loadedOperands: [UInt16] { @inline(__always) get { loadedOperandTable } }
  static var vectorBranches: [UInt16] { @inline(__always) get { vectorBranchTable } }
  static var loadedProducts: [UInt16] { @inline(__always) get { loadedProductTable } }
  static var vectorPairs: [UInt16] { @inline(__always) get { vectorPairTable } }
  static var loadOperations: [UInt16] { @inline(__always) get { loadOperationTable } }
  static var stepBranch: [UInt16] { @inline(__always) get { stepBranchTable } }
  static var doubleStepBranch: [UInt16] { @inline(__always) get { doubleStepBranchTable } }
  static var testBranch: [UInt16] { @inline(__always) get { testBranchTable } }
  static var loadBranch: [UInt16] { @inline(__always) get { loadBranchTable } }
  static var returning: [UInt16] { @inline(__always) get { returningTable } }
  static var negatedBranch: [UInt16] { @inline(__always) get { negatedBranchTable } }

  /// Whether the operation with `number` computes what it returns.
  static func isReturning(_ number: UInt16) -> Bool {
    var index = 1
    while index < returning.count {
      if returning[index] == number { return true }
      index += 2
    }
    return false
  }

  /// The operation that returns the result which the one with `number` leaves in the accumulator; nil if there is none.
  static func returning(_ number: UInt16) -> UInt16? {
    var index = 0
    while index < returning.count {
      if returning[index] == number { return returning[index + 1] }
      index += 2
    }
    return nil
  }

  // Sound as shared state: written once here, only read afterwards, never freed.
  nonisolated(unsafe) static let fields: UnsafePointer<ThreadedField> = {
    let memory = UnsafeMutablePointer<ThreadedField>.allocate(capacity: threadedFields.count)
    for (index, bits) in threadedFields.enumerated() { (memory + index).initialize(to: ThreadedField(bits: bits)) }
    return UnsafePointer(memory)
  }()
}
