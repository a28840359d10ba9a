// Reads the operator table and prints `Opcode.swift`.

struct OperatorRow {
  var prefix: UInt64
  var code: UInt64
  var mnemonic: String
  var immediates: String
  var signature: String
  var proposal: String
  var weight32: UInt64
  var weight64: UInt64

  /// The operator's case name: the mnemonic in Swift case, as `i32Load8S` for `i32.load8_s`.
  var caseName: String {
    var name = ""
    var upper = false
    for character in mnemonic {
      if character == "." || character == "_" {
        upper = true
      } else {
        name += upper ? character.uppercased() : String(character)
        upper = false
      }
    }
    return name
  }

  var escapedCaseName: String {
    ["return", "else", "if", "throw"].contains(caseName) ? "`\(caseName)`" : caseName
  }

  /// The immediates' case name, and the alignment exponent or lane count that is part of the column's text.
  var immediatesCase: (name: String, number: UInt64) {
    let names = [
      "-": "none", "block": "blockType", "label": "label", "brtable": "labelTable", "func": "function",
      "callind": "callIndirect", "type": "type", "selectt": "selectTypes", "trytable": "tryTable", "local": "local",
      "global": "global", "table": "table", "memory": "memory", "i32": "i32", "i64": "i64", "f32": "f32", "f64": "f64",
      "v128": "v128", "shuffle": "shuffle", "heaptype": "heapType", "typefield": "typeField", "typecount": "typeCount",
      "typedata": "typeData", "typeelem": "typeElement", "typetype": "typeType", "castbr": "castBranch",
      "datamem": "dataMemory", "data": "data", "memmem": "memoryMemory", "elemtable": "elementTable", "elem": "element",
      "tabletable": "tableTable", "tag": "tag",
    ]
    if let name = names[immediates] { return (name, 0) }
    for (stem, name) in [("memarg", "memoryArgument"), ("memlane", "memoryLane"), ("lane", "lane")]
    where immediates.hasPrefix(stem) {
      if let number = UInt64(immediates.dropFirst(stem.count)) { return (name, number) }
    }
    fatalError("operator table: unknown immediates \(immediates)")
  }

  var bits: UInt64 {
    let immediateNames = [
      "none", "blockType", "label", "labelTable", "function", "callIndirect", "type", "selectTypes", "tryTable",
      "local", "global", "table", "memory", "memoryArgument", "memoryLane", "lane", "i32", "i64", "f32", "f64", "v128",
      "shuffle", "heapType", "typeField", "typeCount", "typeData", "typeElement", "typeType", "castBranch",
      "dataMemory", "data", "memoryMemory", "elementTable", "element", "tableTable", "tag",
    ]
    let proposals = [
      "mvp", "sign-extension", "saturating-float-to-int", "mutable-global", "multi-value", "bulk-memory",
      "reference-types", "simd", "relaxed-simd", "tail-call", "extended-const", "multi-memory", "memory64",
      "function-references", "gc", "exceptions",
    ]
    let (name, number) = immediatesCase
    guard let immediateCode = immediateNames.firstIndex(of: name), let proposalCode = proposals.firstIndex(of: proposal)
    else { fatalError("operator table: unknown immediates or proposal in \(mnemonic)") }
    return code | prefix << 12 | UInt64(immediateCode) << 20 | UInt64(proposalCode) << 26 | signatureBits << 32
      | number << 44 | packWeight(weight32) << 50 | packWeight(weight64) << 57
  }

  private var signatureBits: UInt64 {
    if signature == "*" { return 0xFFF }
    let codes: [Character: UInt64] = ["i": 1, "I": 2, "f": 3, "F": 4, "v": 5, "a": 6]
    let halves = signature.split(separator: ":", omittingEmptySubsequences: false)
    precondition(halves.count == 2 && halves[0].count <= 3 && halves[1].count <= 1)
    var bits: UInt64 = 0
    for (index, letter) in halves[0].enumerated() { bits |= codes[letter]! << (3 * UInt64(index)) }
    if let letter = halves[1].first { bits |= codes[letter]! << 9 }
    return bits
  }

  private func packWeight(_ weight: UInt64) -> UInt64 {
    switch weight {
    case 130: return 126
    case 300: return 127
    default:
      precondition(weight <= 100, "weight \(weight) has no code")
      return weight
    }
  }
}

func parseOperatorTable(_ text: String) -> [OperatorRow] {
  text.split(separator: "\n").map { line in
    let columns = line.split(separator: " ").map(String.init)
    guard columns.count == 8, let prefix = UInt64(columns[0], radix: 16), let code = UInt64(columns[1], radix: 16),
      let weight32 = UInt64(columns[6]), let weight64 = UInt64(columns[7])
    else { fatalError("operator table: \(line)") }
    return OperatorRow(
      prefix: prefix, code: code, mnemonic: columns[2], immediates: columns[3], signature: columns[4],
      proposal: columns[5], weight32: weight32, weight64: weight64)
  }
}

func printOpcodes(_ rows: [OperatorRow], to output: inout Output) throws {
  var text =
    "/// The operators of WebAssembly 3.0, in table order.\n@frozen\npublic enum Opcode: Hashable, Sendable {\n"
  for row in rows { text += "  case \(row.escapedCaseName)\n" }
  text += "\n  public static let count = \(rows.count)\n}\n\n"
  text += "let opcodeMnemonics: [String] = [\n"
  for row in rows {
    let shown =
      row.mnemonic == "select_t"
      ? "select"
      : row.mnemonic.hasPrefix("ref.") && row.mnemonic.hasSuffix("t_null")
        ? String(row.mnemonic.dropLast(5)) : row.mnemonic
    text += "  \"\(shown)\",\n"
  }
  text += "]\n\nlet operatorRows: [UInt64] = [\n"
  for row in rows { text += "  0x\(String(row.bits, radix: 16)),  // \(row.mnemonic)\n" }
  text += "]\n"
  try output.emit(
    "Sources/WebAssembly/Generated/Opcode.swift", from: "tools/Generator/OperatorTable.swift", text)
}
