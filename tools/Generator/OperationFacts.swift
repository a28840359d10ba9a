// What the compiler's intermediate representation must know of each operation, one word for each: `OperationInfo` names the
// bits. Operators have the codes of their rows; the operations that only the representation has follow from 512 on.

/// Which fields of a node are operands, and what executing it may do, by the names in `OperandShape` and `Effects`.
private struct NodeRow {
  var shape: [String] = []
  var effects: [String] = []
  /// The result's type where the operation alone decides it, as signatures write it.
  var type: Character?
}

private let shapeBits: [String: UInt64] = ["a": 1, "b": 2, "c": 4, "list": 8, "incoming": 16]
private let effectBits: [String: UInt64] = [
  "terminator": 1, "mayTrap": 2, "call": 4, "reads": 8, "writes": 16, "counter": 32, "value": 64, "phantom": 128,
]
private let typeCodes: [Character: UInt64] = ["i": 1, "I": 2, "f": 3, "F": 4, "v": 5]

private let callEffects = ["call", "mayTrap", "reads", "writes", "counter"]

/// Operators whose signature says too little.
private let specialRows: [String: NodeRow] = [
  "call": NodeRow(shape: ["list"], effects: callEffects),
  "call_indirect": NodeRow(shape: ["list"], effects: callEffects),
  "call_ref": NodeRow(shape: ["a", "list"], effects: callEffects),
  "return_call": NodeRow(shape: ["list"], effects: callEffects + ["terminator"]),
  "return_call_indirect": NodeRow(shape: ["list"], effects: callEffects + ["terminator"]),
  "return_call_ref": NodeRow(shape: ["a", "list"], effects: callEffects + ["terminator"]),
  "select": NodeRow(shape: ["a", "b", "c"], effects: ["value"]),
  "memory.size": NodeRow(effects: ["value", "reads"]),
  // A store's hook may refuse what has been grown.
  "memory.grow": NodeRow(shape: ["a"], effects: ["value", "mayTrap", "reads", "writes"]),
  "memory.fill": NodeRow(shape: ["a", "b", "c"], effects: ["mayTrap", "reads", "writes"]),
  "memory.copy": NodeRow(shape: ["a", "b", "c"], effects: ["mayTrap", "reads", "writes"]),
  "memory.init": NodeRow(shape: ["a", "b", "c"], effects: ["mayTrap", "reads", "writes"]),
  "table.fill": NodeRow(shape: ["a", "b", "c"], effects: ["mayTrap", "reads", "writes"]),
  "table.copy": NodeRow(shape: ["a", "b", "c"], effects: ["mayTrap", "reads", "writes"]),
  "table.init": NodeRow(shape: ["a", "b", "c"], effects: ["mayTrap", "reads", "writes"]),
  "data.drop": NodeRow(effects: ["writes"]),
  "elem.drop": NodeRow(effects: ["writes"]),
  "table.get": NodeRow(shape: ["a"], effects: ["value", "mayTrap", "reads"], type: "I"),
  "table.set": NodeRow(shape: ["a", "b"], effects: ["mayTrap", "writes"]),
  "table.size": NodeRow(effects: ["value", "reads"]),
  "table.grow": NodeRow(shape: ["a", "b"], effects: ["value", "reads", "writes"]),
  "global.get": NodeRow(effects: ["value", "reads"]),
  "global.set": NodeRow(shape: ["a"], effects: ["writes"]),
  // Not pure: equal handles come from one function of one instance, but making the handle may touch the store.
  "ref.func": NodeRow(effects: ["value", "reads"], type: "I"),
]

/// The representation's own operations, from code 512 on.
private let representationRows: [(name: String, row: NodeRow)] = [
  ("removed", NodeRow(effects: ["phantom"])),
  ("copy", NodeRow(shape: ["a"], effects: ["value", "phantom"])),
  ("argument", NodeRow(effects: ["value"])),
  ("parameter", NodeRow(shape: ["incoming"], effects: ["value", "phantom"])),
  ("result", NodeRow(shape: ["a"], effects: ["value", "reads"])),
  ("jump", NodeRow(effects: ["terminator"])),
  ("branch", NodeRow(shape: ["a"], effects: ["terminator"])),
  ("switch", NodeRow(shape: ["a"], effects: ["terminator"])),
  ("return", NodeRow(shape: ["list"], effects: ["terminator"])),
  ("trap", NodeRow(effects: ["terminator", "mayTrap"])),
  ("charge", NodeRow(effects: ["counter"])),
  ("chargeDynamic", NodeRow(shape: ["a"], effects: ["counter"])),
  ("localGet", NodeRow(effects: ["value", "reads"])),
  ("localSet", NodeRow(shape: ["a"], effects: ["writes"])),
  ("enter", NodeRow(effects: ["mayTrap", "counter"])),
]

/// In the order of `Comparison.Condition`.
private let conditions = [
  "eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u", "lt", "gt", "le", "ge",
]

/// In the order of the pair table (`PairOperator`).
private let pairedOperators = ["add", "sub", "mul", "and", "or", "xor", "shl", "shr_u", "shr_s", "rotl"]

extension OperatorRow {
  /// The scalar type before the mnemonic's dot, and what stands behind it.
  private var typeAndName: (type: UInt64, name: String)? {
    let types = ["i32": 1, "i64": 2, "f32": 3, "f64": 4]
    let parts = mnemonic.split(separator: ".")
    guard prefix == 0, parts.count == 2, let type = types[String(parts[0])] else { return nil }
    return (UInt64(type), String(parts[1]))
  }

  private var operandLetters: [Character] { Array(signature.prefix { $0 != ":" }) }
  private var resultLetter: Character? { signature.last == ":" ? nil : signature.last }
  private var isAccess: Bool { immediates.hasPrefix("memarg") || immediates.hasPrefix("memlane") }

  /// Computes from its operands alone, and traps for some of them.
  private var mayTrapNumerically: Bool {
    guard let (type, name) = typeAndName else { return false }
    let traps = ["div_s", "div_u", "rem_s", "rem_u", "trunc_f32_s", "trunc_f32_u", "trunc_f64_s", "trunc_f64_u"]
    return type <= 2 && traps.contains(name)
  }

  /// Exchanging the operands gives the same result, to the bit. NaNs are canonical, so float operators qualify.
  private var isCommutative: Bool {
    if let (type, name) = typeAndName {
      return (type <= 2 ? ["add", "mul", "and", "or", "xor", "eq", "ne"] : ["add", "mul", "eq", "ne"]).contains(name)
    }
    return isCommutativeVector
  }

  private var isCommutativeVector: Bool {
    let parts = mnemonic.split(separator: ".")
    guard prefix == 0xFD, parts.count == 2, signature == "vv:v" else { return false }
    if parts[0] == "v128" { return ["and", "or", "xor"].contains(parts[1]) }
    // Of floats that are equal min and max would give either.
    if parts[0].hasPrefix("f") { return ["add", "mul", "eq", "ne"].contains(parts[1]) }
    return ["add", "mul", "eq", "ne", "min_s", "min_u", "max_s", "max_u", "avgr_u", "dot_i16x8_s"].contains(parts[1])
      || parts[1].hasPrefix("add_sat") || parts[1].hasPrefix("extmul")
  }

  private var nodeRow: NodeRow {
    if let row = specialRows[mnemonic] { return row }
    if signature == "*" { return NodeRow() }
    var row = NodeRow(shape: Array(["a", "b", "c"].prefix(operandLetters.count)), type: resultLetter)
    if resultLetter != nil { row.effects.append("value") }
    if isAccess {
      row.effects += resultLetter == nil ? ["mayTrap", "writes"] : ["mayTrap", "reads"]
    } else if mayTrapNumerically {
      row.effects.append("mayTrap")
    }
    return row
  }

  fileprivate var operationFacts: UInt64 {
    var bits = nodeRow.bits
    var pair: UInt64 = 0xFF
    var comparison: UInt64 = 0xFF
    if let (type, name) = typeAndName {
      if let number = pairedOperators.firstIndex(of: name), type <= 2 || number < 3 {
        pair = (type - 1) << 4 | UInt64(number)
      }
      if let condition = conditions.firstIndex(of: name) { comparison = type << 4 | UInt64(condition) }
      if name == "eqz" {
        comparison = type << 4
        bits |= 1 << 56
      }
      // The integer operators that have identities, by the code of the i32 operator.
      switch code {
      case 0x45...0x4F, 0x67...0x78: bits |= code << 48
      case 0x50...0x5A: bits |= (code - 0x0B) << 48 | 1 << 57
      case 0x79...0x8A: bits |= (code - 0x12) << 48 | 1 << 57
      default: break
      }
    }
    bits |= pair << 32 | comparison << 40
    if mayTrapNumerically { bits |= 1 << 58 }
    if isCommutative { bits |= 1 << 59 }
    if ["i32.const", "i64.const", "f32.const", "f64.const"].contains(mnemonic) { bits |= 1 << 60 }
    if isAccess { bits |= 1 << 61 }
    if prefix == 0 && immediates.hasPrefix("memarg") { bits |= 1 << 62 }
    if prefix != 0xFD && immediates == "-" && signature != "*" { bits |= 1 << 63 }
    return bits
  }
}

extension NodeRow {
  fileprivate var bits: UInt64 {
    let shape = shape.reduce(0) { $0 | shapeBits[$1]! }
    let effects = effects.reduce(0) { $0 | effectBits[$1]! }
    return shape | effects << 8 | (type.map { typeCodes[$0]! } ?? 0) << 24
  }
}

func printOperationFacts(_ rows: [OperatorRow], to output: inout Output) throws {
  precondition(rows.count <= 512)
  var text = """
    // A literal, so that it stands in the program as it is, and reading it asks for no initialization.

    /// What each operation is, by its code. `OperationInfo` says what the bits mean.
    let operationFacts: [UInt64] = [

    """
  for row in rows { text += "  0x\(String(row.operationFacts, radix: 16)),  // \(row.mnemonic)\n" }
  let none = "0x" + String(NodeRow().bits | 0xFFFF << 32, radix: 16)
  for _ in rows.count..<512 { text += "  \(none),\n" }
  for (name, row) in representationRows {
    text += "  0x\(String(row.bits | 0xFFFF << 32, radix: 16)),  // \(name)\n"
  }
  text += "]\n"
  try output.emit(
    "Sources/Compiler/Generated/OperationFacts.swift", from: "tools/Generator/OperationFacts.swift", text)
}
