// Internal operations for scalar operators: arithmetic, comparisons, fused compare-and-branch, conversions, constants.

/// A scalar Wasm operator by its table row, with what selection needs beyond it.
private struct ScalarOperator {
  var row: OperatorRow
  var operands: [Scalar]
  var result: Scalar

  /// Nil for operators that are not plain functions of scalar operands.
  init?(_ row: OperatorRow) {
    let types: [Character: Scalar] = ["i": .i32, "I": .i64, "f": .f32, "F": .f64]
    guard row.prefix == 0 || row.prefix == 0xFC, row.immediates == "-", row.signature != "*", row.signature != ":"
    else { return nil }
    let halves = row.signature.split(separator: ":")
    guard halves.count == 2, let result = types[halves[1].first!] else { return nil }
    let operands = halves[0].compactMap { types[$0] }
    guard operands.count == halves[0].count else { return nil }
    self.row = row
    self.operands = operands
    self.result = result
  }

  var stem: String { String(row.mnemonic.split(separator: ".")[1]) }
  var mayTrap: Bool {
    stem.hasPrefix("div_") || stem.hasPrefix("rem_") || (stem.hasPrefix("trunc_") && !stem.hasPrefix("trunc_sat"))
  }
  /// Operators whose code needs every register that a handler may use without saving it: their handlers read each
  /// operand field by itself when it is needed, instead of keeping the word that holds them all.
  var isTight: Bool {
    ["div_s", "rem_s", "copysign"].contains(stem) || (operands[0].isFloat && ["min", "max"].contains(stem))
  }
  var isCommutative: Bool {
    ["add", "mul", "and", "or", "xor", "eq", "ne"].contains(stem)
      || (operands[0].isFloat && ["min", "max"].contains(stem))
  }
  var isComparison: Bool { operands.count == 2 && row.signature.hasSuffix(":i") && comparisonStems.contains(stem) }
}

private let comparisonStems = [
  "eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u", "lt", "gt", "le", "ge",
]

extension OperationTable {
  mutating func addScalars(_ operators: [OperatorRow]) {
    for row in operators {
      guard let op = ScalarOperator(row) else { continue }
      if op.isComparison {
        addComparison(op)
      } else if op.stem == "eqz" {
        continue  // selected as a comparison with 0
      } else if op.operands.count == 2 {
        addBinary(op)
      } else {
        addUnary(op)
      }
    }
    addConstants()
    addSelects()
  }

  private mutating func addUnary(_ op: ScalarOperator) {
    let type = op.operands[0]
    for form in [Form.ssD, .ssN, .asD, .asN] {
      let fromAccumulator = form.operands == "as"
      let operand = fromAccumulator ? type.accumulator : type.fromBits(slotField(0))
      // With neither operand nor destination in a slot there is nothing to encode.
      let words = !fromAccumulator || form.stores ? 2 : 1
      var body = "let a = \(operand)\n"
      if op.mayTrap {
        body += "let t = Scalar.\(op.row.caseName)Trap(a)\nif _slowPath(t != 0) { \(trapCall)Int(t) + 1) }\n"
      }
      body += "let r = Scalar.\(op.row.caseName)(a)\n"
      body += finish(op.result, words: words, destination: form.stores ? slotField(1) : nil)
      var fields = fromAccumulator ? "" : "r0"
      if form.stores { fields += " w1" }
      var effects: Effects = [op.result.writeEffect]
      if fromAccumulator { effects.insert(type.readEffect) }
      if op.mayTrap { effects.insert(.mayTrap) }
      let shape = (fromAccumulator ? "a" : "s") + (form.stores ? "_d" : "_n")
      forms.append((op.row.caseName, form, rows.count))
      add("\(op.row.caseName)_\(shape)", fields, effects, family: "Unary", doc: "d := \(op.row.mnemonic)(a)", body)
    }
  }

  private mutating func addBinary(_ op: ScalarOperator) {
    let type = op.operands[0]
    for form in Form.allCases {
      if op.isCommutative && form.operands == "sa" { continue }
      let (fields, words, operands, effects) = binaryOperands(form, type, isTight: op.isTight)
      var body = op.isTight ? operands : "let w = pc[1]\n" + operands
      if op.mayTrap {
        body += "let t = Scalar.\(op.row.caseName)Trap(a, b)\nif _slowPath(t != 0) { \(trapCall)Int(t) + 1) }\n"
      }
      body += "let r = Scalar.\(op.row.caseName)(a, b)\n"
      let immediate = form.operands.hasSuffix("i")
      let destination = immediate ? 1 : 2
      body += finish(
        op.result, words: words,
        destination: form.stores ? (op.isTight ? slotField(destination) : slot(destination)) : nil)
      var all = effects.union(op.result.writeEffect)
      if op.mayTrap { all.insert(.mayTrap) }
      forms.append((op.row.caseName, form, rows.count))
      add(
        "\(op.row.caseName)_\(form.text)", fields + (form.stores ? (immediate ? " w1" : " w2") : ""), all,
        family: type.isFloat ? "FloatBinary" : "IntegerBinary",
        doc: "d := \(op.row.mnemonic)(a, b)", body)
      // Subtractions of constants are additions.
      if !form.stores, !type.isFloat, returnedStems.contains(op.stem), !(op.stem == "sub" && immediate) {
        addReturning(
          "\(op.row.caseName)_\(form.operands)", fields, effects, doc: "\(op.row.mnemonic)(a, b)",
          "let w = pc[1]\n" + operands + "let r = Scalar.\(op.row.caseName)(a, b)\nlet v = \(type.toBits("r"))\n")
      }
    }
  }

  /// Integer operators with a form that returns the result, as small functions do.
  private var returnedStems: [String] { ["add", "sub", "mul", "and", "or", "xor"] }

  /// The operation that returns what the two operations before it in the table, which have the same operands, leave in the
  /// accumulator. `body` computes it as the bits `v`.
  mutating func addReturning(_ stem: String, _ fields: String, _ effects: Effects, doc: String, _ body: String) {
    returning.append((from: rows.count - 1, to: rows.count))
    // The form before that stores the result as well: nobody reads a slot after the return.
    returning.append((from: rows.count - 2, to: rows.count))
    add(
      stem + "_r", fields, effects.union([.terminator, .writesAccumulator]), family: "Returning", doc: "return " + doc,
      body + leave(storing: "v", accumulator: "v"))
  }

  /// Fields, length and reading code of two operands `a` and `b`. Integer immediates are 32 bits, sign-extended; float
  /// immediates are the bits in a word of their own.
  private func binaryOperands(
    _ form: Form, _ type: Scalar, isTight: Bool = false
  ) -> (fields: String, words: Int, code: String, effects: Effects) {
    var fields: [String] = []
    var effects: Effects = []
    var words = 2
    let a: String
    let b: String
    switch form.operands.first! {
    case "s":
      a = type.fromBits(isTight ? slotField(0) : slot(0))
      fields.append("r0")
    default:
      a = type.accumulator
      effects.insert(type.readEffect)
    }
    switch form.operands.last! {
    case "s":
      b = type.fromBits(isTight ? slotField(1) : slot(1))
      fields.append("r1")
    case "a":
      b = type.accumulator
      effects.insert(type.readEffect)
    default:
      if type.isFloat {
        fields.append("X0.2")
        words = 3
        b = type.fromBits("pc[2]")
      } else {
        fields.append("i2")
        b =
          switch (type, isTight) {
          case (.i32, false): "UInt32(truncatingIfNeeded: w >> 32)"
          case (.i32, true): "highField(pc)"
          case (_, false): "UInt64(bitPattern: Int64(bitPattern: w) >> 32)"
          case (_, true): "UInt64(truncatingIfNeeded: Int32(bitPattern: highField(pc)))"
          }
      }
    }
    return (fields.joined(separator: " "), words, "let a = \(a)\nlet b = \(b)\n", effects)
  }

  /// Comparisons: as values, and fused with a branch. `gt` and `ge` of two variable operands are `lt` and `le` with the
  /// operands exchanged; `le` and `ge` with an integer constant are `lt` and `gt` with its neighbour.
  private mutating func addComparison(_ op: ScalarOperator) {
    let type = op.operands[0]
    let condition = op.stem
    for form in Form.allCases {
      let immediate = form.operands.hasSuffix("i")
      if immediate {
        // Neighbours of floats are no constants that one would name.
        if !type.isFloat && (condition.hasPrefix("le") || condition.hasPrefix("ge")) { continue }
      } else {
        if condition.hasPrefix("gt") || condition.hasPrefix("ge") || (op.isCommutative && form.operands == "sa") {
          continue
        }
      }
      let (fields, words, operands, effects) = binaryOperands(form, type)
      let test = "Scalar.\(op.row.caseName)(a, b)"
      var body = "let w = pc[1]\n" + operands + "let r: UInt32 = \(test) ? 1 : 0\n"
      body += finish(.i32, words: words, destination: form.stores ? slot(immediate ? 1 : 2) : nil)
      forms.append((op.row.caseName, form, rows.count))
      add(
        "\(op.row.caseName)_\(form.text)", fields + (form.stores ? (immediate ? " w1" : " w2") : ""),
        effects.union(.writesAccumulator), family: "Compare", doc: "d := \(op.row.mnemonic)(a, b)", body)
      if form.stores { continue }
      if type == .i32 {
        addReturning(
          "\(op.row.caseName)_\(form.operands)", fields, effects, doc: "\(op.row.mnemonic)(a, b)",
          binaryOperands(form, type, isTight: true).code + "let v: UInt64 = \(test) ? 1 : 0\n")
      }
      for check in [false, true] {
        for negated in type.isFloat && condition != "eq" && condition != "ne" ? [false, true] : [false] {
          addBranch(op, form, fields, operands, effects, check: check, negated: negated)
        }
      }
    }
  }

  /// `if a <op> b goto`: word 1 the operands, word 2 the displacement and the costs of the taken and the other way.
  private mutating func addBranch(
    _ op: ScalarOperator, _ form: Form, _ fields: String, _ operands: String, _ effects: Effects, check: Bool,
    negated: Bool
  ) {
    let test = "Scalar.\(op.row.caseName)(a, b)"
    let name = "br" + (negated ? "Not" : "") + op.row.caseName.prefix(1).uppercased() + op.row.caseName.dropFirst()
    // A float constant has a word of its own.
    let word = op.operands[0].isFloat && form.operands.hasSuffix("i") ? 3 : 2
    var body = "let w = pc[1]\n" + operands + "let z = pc[\(word)]\nif \(negated ? "!" : "")\(test) {\n"
    body += takenBranch(check: check)
    body += "}\nreturn next(pc + \(word + 1), fp, md, cx, ac, rm &- Int(truncatingIfNeeded: z >> 48), x0, x1)"
    branches.append((op.operands[0].rawValue, (negated ? "not_" : "") + op.stem, form, check, rows.count))
    add(
      "\(name)_\(form.operands)" + (check ? "_check" : ""), fields + " B0.\(word) C2.\(word) C3.\(word)",
      check ? effects.union(.check) : effects,
      family: "Branch", doc: "if \(negated ? "not " : "")\(op.row.mnemonic)(a, b) goto B", body)
  }

  /// The taken side of a conditional branch whose displacement and costs are in `z`.
  func takenBranch(check: Bool) -> String {
    """
    let left = rm &- Int(truncatingIfNeeded: z >> 32 & 0xFFFF)
    let target = pc + Int(Int32(truncatingIfNeeded: z))
    \(check ? "if _slowPath(left < 0) { return outOfInstructions(target, fp, md, cx, ac, left, x0, x1) }\n" : "")return next(target, fp, md, cx, ac, left, x0, x1)

    """
  }

  private mutating func addConstants() {
    add(
      "const32_d", "w0 u1 i2", [], family: "Constant", doc: "d := imm",
      """
      fp[slotField(pc, 0)] = shortConstant(highField(pc), slotField(pc, 1))
      return next(pc + 2, fp, md, cx, ac, rm, x0, x1)
      """)
    add(
      "const32Two_d", "w0 w1 i2 i0.2 u2.2 u3.2", [], family: "Constant", doc: "d := imm; then d' := imm'",
      """
      fp[slotField(pc, 0)] = shortConstant(highField(pc), slotField(pc, 6))
      fp[slotField(pc, 1)] = shortConstant(UInt32(truncatingIfNeeded: pc[2]), slotField(pc, 7))
      return next(pc + 3, fp, md, cx, ac, rm, x0, x1)
      """)
    add(
      "const64_d", "w0 X0.2", [], family: "Constant", doc: "d := imm",
      """
      let v = pc[2]
      fp[slot0(pc[1])] = v
      return next(pc + 3, fp, md, cx, ac, rm, x0, x1)
      """)
    add(
      "constVector_d", "W0 X0.2 X0.3", [.writesVector], family: "Constant", doc: "d := imm",
      """
      let r = vectorWords(pc, 2)
      \(finishVector(words: 4, destination: 0))
      """)
    // Moves. The forms of fewer than three slots exist for all types: bits are bits.
    add(
      "move", "r0 w1", family: "Constant", doc: "d := a",
      """
      let w = pc[1]
      fp[slot1(w)] = fp[slot0(w)]
      return next(pc + 2, fp, md, cx, ac, rm, x0, x1)
      """)
    add(
      "moveTwo", "r0 w1 r2 w3", family: "Constant", doc: "d := a; then d' := a'",
      """
      let w = pc[1]
      fp[slot1(w)] = fp[slot0(w)]
      fp[slot3(w)] = fp[slot2(w)]
      return next(pc + 2, fp, md, cx, ac, rm, x0, x1)
      """)
    add(
      "moveWide", "y0 Y2", family: "Constant", doc: "d := a, any slots",
      """
      let w = pc[1]
      fp[Int(w >> 32)] = fp[Int(w & 0xFFFF_FFFF)]
      return next(pc + 2, fp, md, cx, ac, rm, x0, x1)
      """)
    add(
      "load_n", "r0", [.writesAccumulator], family: "Constant", doc: "ac := a",
      """
      return next(pc + 2, fp, md, cx, fp[slot0(pc[1])], rm, x0, x1)
      """)
    add(
      "loadFloat_n", "r0", [.writesFloat], family: "Constant", doc: "x0 := a",
      """
      return next(pc + 2, fp, md, cx, ac, rm, Double(bitPattern: fp[slot0(pc[1])]), x1)
      """)
    add(
      "store_a", "w0", [.readsAccumulator], family: "Constant", doc: "d := ac",
      """
      fp[slot0(pc[1])] = ac
      return next(pc + 2, fp, md, cx, ac, rm, x0, x1)
      """)
    add(
      "storeFloat_a", "w0", [.readsFloat], family: "Constant", doc: "d := x0",
      """
      fp[slot0(pc[1])] = x0.bitPattern
      return next(pc + 2, fp, md, cx, ac, rm, x0, x1)
      """)
  }

  private mutating func addSelects() {
    for conditionInAccumulator in [false, true] {
      let suffix = conditionInAccumulator ? "a" : "s"
      let condition = "UInt32(truncatingIfNeeded: \(conditionInAccumulator ? "ac" : slot(2))) != 0"
      let fields = conditionInAccumulator ? "r0 r1" : "r0 r1 r2"
      let effects: Effects = conditionInAccumulator ? [.readsAccumulator] : []
      add(
        "select_\(suffix)", fields + " w3", effects.union(.writesAccumulator), family: "Select", doc: "d := c ? a : b",
        """
        let w = pc[1]
        let v = \(condition) ? \(slot(0)) : \(slot(1))
        fp[slot3(w)] = v
        return next(pc + 2, fp, md, cx, v, rm, x0, x1)
        """)
      add(
        "selectFloat_\(suffix)", fields + " w3", effects.union(.writesFloat), family: "Select", doc: "d := c ? a : b",
        """
        let w = pc[1]
        let v = \(condition) ? \(slot(0)) : \(slot(1))
        fp[slot3(w)] = v
        return next(pc + 2, fp, md, cx, ac, rm, Double(bitPattern: v), x1)
        """)
      // Integers whose upper half is 0 or all ones.
      for form in ["si", "is", "ii"] {
        var slots = 0
        func operand(_ letter: Character, _ bits: Int) -> (String, String) {
          if letter == "i" {
            let upper = form == "ii" && bits == 0 ? 1 : 2
            return (
              "i\(bits).2 u\(upper)",
              "shortConstant(UInt32(truncatingIfNeeded: pc[2]\(bits == 0 ? "" : " >> 32")), slotField(pc, \(upper)))"
            )
          }
          slots += 1
          return ("r\(slots - 1)", slot(slots - 1))
        }
        let (aField, a) = operand(form.first!, 0)
        let (bField, b) = operand(form.last!, form == "ii" ? 2 : 0)
        var all = "\(aField) \(bField)"
        var test = "ac"
        if !conditionInAccumulator {
          all += " r\(slots)"
          test = slot(slots)
        }
        add(
          "select_\(suffix)_\(form)", all + " w3", effects.union(.writesAccumulator), family: "Select",
          doc: "d := c ? a : b",
          """
          let w = pc[1]
          let v = UInt32(truncatingIfNeeded: \(test)) != 0 ? \(a) : \(b)
          fp[slot3(w)] = v
          return next(pc + 3, fp, md, cx, v, rm, x0, x1)
          """)
      }
      let pairFields = conditionInAccumulator ? "R0 R1" : "R0 R1 r2"
      add(
        "selectPair_\(suffix)", pairFields + " W3", effects.union(.writesVector), family: "Select",
        doc: "d := c ? a : b (v128)",
        """
        let w = pc[1]
        let r = vector(fp, \(condition) ? slot0(w) : slot1(w))
        \(finishVector(words: 2, destination: 3))
        """)
    }
  }
}
