// Internal operations for vector operators. Vectors live in pairs of slots.

extension OperationTable {
  mutating func addVectors(_ operators: [OperatorRow]) {
    for row in operators where row.prefix == 0xFD {
      if row.immediates.hasPrefix("mem") || row.immediates == "v128" { continue }
      addVector(row)
    }
  }

  private mutating func addVector(_ row: OperatorRow) {
    let halves = row.signature.split(separator: ":", omittingEmptySubsequences: false)
    var arguments: [String] = []
    var fields: [String] = []
    let names: [Character: Scalar] = ["i": .i32, "I": .i64, "f": .f32, "F": .f64]
    for (index, letter) in halves[0].enumerated() {
      if letter == "v" {
        arguments.append("vector(fp, slot\(index)(w))")
        fields.append("R\(index)")
      } else {
        arguments.append(names[letter]!.fromBits(slot(index)))
        fields.append("r\(index)")
      }
    }
    // The destination is field 3 of word 1, or field 2 where the lane takes field 3.
    let hasLane = row.immediates.hasPrefix("lane")
    let destination = hasLane ? 2 : 3
    var words = 2
    if hasLane {
      arguments.append("slot3(w)")
      fields.append("L3")
    }
    if row.immediates == "shuffle" {
      arguments.append("V128(low: pc[2], high: pc[3])")
      fields += ["X0.2", "X0.3"]
      words = 4
    }
    var body = "let w = pc[1]\nlet r = Vector.\(row.caseName)(\(arguments.joined(separator: ", ")))\n"
    var effects: Effects = []
    if halves[1] == "v" {
      fields.append("W\(destination)")
      body += "setVector(fp, slot\(destination)(w), r)\n" + next(words)
    } else {
      let result = names[halves[1].first!]!
      let isTest = row.mnemonic.hasSuffix("any_true") || row.mnemonic.hasSuffix("all_true")
      if isTest { body = body.replacing("let r = ", with: "let t = ") + "let r: UInt32 = t ? 1 : 0\n" }
      fields.append("w\(destination)")
      effects.insert(result.writeEffect)
      body += finish(result, words: words, destination: destination)
    }
    forms.append((row.caseName, .ssD, rows.count))
    add(row.caseName, fields.joined(separator: " "), effects, family: "Vector", doc: "d := \(row.mnemonic)", body)
  }
}
