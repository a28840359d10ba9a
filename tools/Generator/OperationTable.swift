// The table of internal operations: what threaded code is made of.
//
// A row has a name, its operand fields, its effects, a line of algebra, and the body of its handler. Rows come from
// loops over families; the order of the rows is the numbering, so it is part of the artifact format (whose version is a
// hash of this table).
//
// Names end in the operand shape: `s` a slot, `a` the accumulator of the operand's class, `i` an immediate; then `_d`
// where the result is also stored to a slot, `_n` where it stays in the accumulator only. Results always go to an
// accumulator too: the integer one (`ac`), the float one (`x0`), or for vectors both float registers (`x0`, `x1`).
//
// Fields (`kind position [.word]`): positions count 16-bit units in the word, word 1 follows the operation's own word.

/// What an operand field means, with its width in bits.
enum FieldKind: String, CaseIterable {
  case readSlot = "r"  // 16: a slot that is read
  case readPair = "R"  // 16: two slots that are read (v128)
  case writeSlot = "w"  // 16
  case writePair = "W"  // 16
  case readWide = "y"  // 32: a slot that is read
  case writeWide = "Y"  // 32
  case immediate = "i"  // 32, signed
  case upper = "u"  // 16: above the immediate of the same rank, sign-extended: 0 or all ones
  case offset = "o"  // 32, unsigned
  case word = "X"  // 64: any bits
  case lane = "L"  // 16
  case branch = "B"  // 32, signed: words from the operation's first word
  case cost = "C"  // 16
  case wideCost = "K"  // 32
  case function = "F"  // 32: defined function
  case imported = "I"  // 32: function index of an import
  case anyFunction = "J"  // 32: function index, imported or defined
  case type = "T"  // 32
  case table = "t"  // 32
  case memory = "M"  // 16
  case global = "G"  // 32
  case data = "D"  // 32
  case element = "E"  // 32
  case stride = "S"  // 32: distance to the callee's frame
  case result = "d"  // 32: the slot that receives a call's single result
  case count = "n"  // 32
  case trap = "k"  // 16
  case zeroCount = "z"  // 32: slots from the parameters on that are zeroed
  case frameCost = "c"  // 32

  var width: Int {
    switch self {
    case .word: 64
    case .readSlot, .readPair, .writeSlot, .writePair, .upper, .lane, .cost, .memory, .trap: 16
    default: 32
    }
  }
}

struct Field {
  var kind: FieldKind
  var position: Int
  var word: Int

  init(_ text: Substring) {
    let parts = text.dropFirst().split(separator: ".")
    guard let kind = FieldKind(rawValue: String(text.prefix(1))), let position = Int(parts[0]) else {
      fatalError("operation table: field \(text)")
    }
    self.kind = kind
    self.position = position
    word = parts.count > 1 ? Int(parts[1])! : 1
  }
}

/// Effects of an operation beyond its fields.
struct Effects: OptionSet {
  let rawValue: UInt16
  static let readsAccumulator = Effects(rawValue: 1)
  static let writesAccumulator = Effects(rawValue: 2)
  static let readsFloat = Effects(rawValue: 4)
  static let writesFloat = Effects(rawValue: 8)
  static let mayTrap = Effects(rawValue: 16)
  static let terminator = Effects(rawValue: 32)
  /// Leaves the function and comes back: nothing in an accumulator survives.
  static let call = Effects(rawValue: 64)
  static let readsMemory = Effects(rawValue: 128)
  static let writesMemory = Effects(rawValue: 256)
  /// Compares the instruction counter with 0 where the branch is taken, or always if the operation does not branch.
  static let check = Effects(rawValue: 512)
  /// Needs a memory with 32-bit addresses / with 64-bit addresses as the current one only by meaning, not for safety.
  static let entry = Effects(rawValue: 1024)
  /// A table of targets follows the operation's words; word 1 has their number in its upper half.
  static let table = Effects(rawValue: 2048)
  /// Both float registers, as a vector.
  static let readsVector = Effects(rawValue: 4096)
  static let writesVector = Effects(rawValue: 8192)
}

struct OperationRow {
  var name: String
  var fields: [Field]
  var effects: Effects
  var doc: String
  var body: String
  /// The handler for memories with write tracking, where it differs.
  var trackedBody: String?
  var family: String

  /// Length in 64-bit words, the operation's own included.
  var words: Int { 1 + (fields.map(\.word).max() ?? 0) }
}

struct OperationTable {
  var rows: [OperationRow] = []
  /// Operation numbers by Wasm operator and form, for instruction selection: `[mnemonic case: [form: row]]`.
  var forms: [(operator: String, form: Form, row: Int)] = []
  /// Fused compare-and-branch operations.
  var branches: [(type: String, condition: String, form: Form, check: Bool, row: Int)] = []
  /// Two operators in one operation.
  var pairs: [(type: Scalar, shape: PairShape, first: String, second: String, form: Int, stores: Bool, row: Int)] = []
  /// Operators on i64 with a constant in a word of its own.
  var wordImmediates: [(operator: String, fromAccumulator: Bool, stores: Bool, row: Int)] = []
  /// Operators with a constant on the left.
  var leftImmediates: [(type: Scalar, operator: String, fromAccumulator: Bool, stores: Bool, row: Int)] = []
  /// Loads and stores with arithmetic in the address: memory64 or not, number of the access, mode, form.
  var addressModes: [(wide: Bool, access: Int, mode: AddressMode, form: Int, row: Int)] = []
  /// Loads whose value is an operand: number of the load, operator, form.
  var loadOperations: [(access: Int, second: String, form: Int, stores: Bool, row: Int)] = []
  /// Operations with a result in the accumulator, and those that return it.
  var returning: [(from: Int, to: Int)] = []
  /// Vector accesses with arithmetic in the address: number of the access, mode, form.
  var vectorAddresses: [(access: Int, mode: AddressMode, form: Int, row: Int)] = []
  /// Vector operators whose last operand is loaded: form by what the other is and whether the result is stored.
  var loadedOperands: [(operator: String, form: Int, row: Int)] = []
  var vectorPairs: [VectorPair] = []
  /// Sums with a product of which a factor is loaded: forms by what the other factor is.
  var loadedProducts: [(first: String, second: String, rows: [Int])] = []
  /// Branches on vectors: whether they go where the operator gives 0 or not, form, check.
  var vectorBranches: [(operator: String, rows: [Int])] = []
  /// Fused branches by their number in their table.
  var fusedBranches: [(table: FusedBranchTable, index: Int, row: Int)] = []

  mutating func add(
    _ name: String, _ fields: String, _ effects: Effects = [], family: String, doc: String, tracked: String? = nil,
    _ body: String
  ) {
    rows.append(
      OperationRow(
        name: name, fields: fields.split(separator: " ").map(Field.init), effects: effects, doc: doc, body: body,
        trackedBody: tracked, family: family))
  }
}

/// Shapes of operands, with or without a destination slot. Raw values are columns of the selection table.
enum Form: Int, CaseIterable {
  case ssD, ssN, asD, asN, saD, saN, siD, siN, aiD, aiN

  var text: String { String(describing: self).dropLast() + "_" + String(describing: self).suffix(1).lowercased() }
  var operands: String { String(String(describing: self).prefix(2)) }
  var stores: Bool { rawValue % 2 == 0 }
}
