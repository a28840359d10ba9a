// Internal operations for vector operators. Vectors live in pairs of slots.

/// Operators whose code needs every register that a handler may use without saving it: their handlers read each operand
/// field by itself when it is needed, instead of keeping the word that holds them all.
private let tightOperators = ["bitselect", "relaxed_laneselect", "bitmask", "swizzle", "shuffle", "i64x2.shr_s"]

extension OperationTable {
  mutating func addVectors(_ operators: [OperatorRow]) {
    for row in operators where row.prefix == 0xFD {
      if row.immediates.hasPrefix("mem") || row.immediates == "v128" { continue }
      addVector(row)
    }
  }

  private mutating func addVector(_ row: OperatorRow) {
    if row.mnemonic.hasSuffix("replace_lane") {
      addReplaceLane(row)
      return
    }
    let halves = row.signature.split(separator: ":", omittingEmptySubsequences: false)
    let isTight = tightOperators.contains { row.mnemonic.hasSuffix($0) }
    func slotNumber(_ position: Int) -> String {
      isTight ? "slotField(pc, \(position))" : "slot\(position)(w)"
    }
    var arguments: [String] = []
    var fields: [String] = []
    let names: [Character: Scalar] = ["i": .i32, "I": .i64, "f": .f32, "F": .f64]
    for (index, letter) in halves[0].enumerated() {
      if letter == "v" {
        arguments.append("vector(fp, \(slotNumber(index)))")
        fields.append("R\(index)")
      } else {
        arguments.append(names[letter]!.fromBits("fp[\(slotNumber(index))]"))
        fields.append("r\(index)")
      }
    }
    // The destination is field 3 of word 1, or field 2 where the lane takes field 3.
    let hasLane = row.immediates.hasPrefix("lane")
    let destination = hasLane ? 2 : 3
    var words = 2
    if hasLane {
      arguments.append(slotNumber(3))
      fields.append("L3")
    }
    if row.immediates == "shuffle" {
      arguments.append("V128(low: pc[2], high: pc[3])")
      fields += ["X0.2", "X0.3"]
      words = 4
    }
    var body =
      (isTight ? "" : "let w = pc[1]\n") + "let r = Vector.\(row.caseName)(\(arguments.joined(separator: ", ")))\n"
    var effects: Effects = []
    if halves[1] == "v" {
      fields.append("W\(destination)")
      body += "setVector(fp, \(slotNumber(destination)), r)\n" + next(words)
    } else {
      let result = names[halves[1].first!]!
      let isTest = row.mnemonic.hasSuffix("any_true") || row.mnemonic.hasSuffix("all_true")
      if isTest { body = body.replacing("let r = ", with: "let t = ") + "let r: UInt32 = t ? 1 : 0\n" }
      fields.append("w\(destination)")
      effects.insert(result.writeEffect)
      body += finish(result, words: words, destination: "fp[\(slotNumber(destination))]")
    }
    forms.append((row.caseName, .ssD, rows.count))
    add(row.caseName, fields.joined(separator: " "), effects, family: "Vector", doc: "d := \(row.mnemonic)", body)
  }

  /// The lane is replaced in the destination slots: in a register, a lane that is only known when executing takes the
  /// way over the native stack.
  private mutating func addReplaceLane(_ row: OperatorRow) {
    let types: [String: (Scalar, String)] = [
      "i8x16": (.i32, "UInt8(truncatingIfNeeded: x)"), "i16x8": (.i32, "UInt16(truncatingIfNeeded: x)"),
      "i32x4": (.i32, "x"), "i64x2": (.i64, "x"), "f32x4": (.f32, "x"), "f64x2": (.f64, "x"),
    ]
    let (type, lane) = types[String(row.mnemonic.prefix(5))]!
    forms.append((row.caseName, .ssD, rows.count))
    add(
      row.caseName, "R0 r1 L3 W2", family: "Vector", doc: "d := \(row.mnemonic)",
      """
      let x = \(type.fromBits(slotField(1)))
      setVector(fp, slotField(pc, 2), vector(fp, slotField(pc, 0)))
      setLane(fp, slotField(pc, 2), slotField(pc, 3), \(lane))
      \(next(2))
      """)
  }
}
