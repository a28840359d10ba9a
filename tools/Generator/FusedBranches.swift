// Superinstructions that branch: a loop's step with its test, a test of bits, a comparison of what is loaded.

enum FusedBranchTable: String, CaseIterable {
  /// d := a + step; then `step`
  case doubleStep
  /// d := a + step; if d <condition> b goto, with a check: what a loop's end does
  case step
  /// if a & b (not) zero goto
  case test
  /// if load <condition> b goto
  case load
}

/// Conditions by their numbers in the compiler's `Comparison.Condition`.
private let conditions = ["Eq", "Ne", "LtS", "LtU", "GtS", "GtU", "LeS", "LeU", "GeS", "GeU"]

extension OperationTable {
  mutating func addFusedBranches() {
    add(
      "i32AddTwo", "r0 w1 i2 r0.2 w1.2 i2.2", [.writesAccumulator], family: "Step",
      doc: "d := a + b; then d' := a' + b' (i32)",
      """
      fp[slotField(pc, 1)] = UInt64(UInt32(truncatingIfNeeded: fp[slotField(pc, 0)]) &+ highField(pc))
      let r = UInt32(truncatingIfNeeded: fp[slotField(pc + 1, 0)]) &+ highField(pc + 1)
      let v = UInt64(r)
      fp[slotField(pc + 1, 1)] = v
      return next(pc + 3, fp, md, cx, v, rm, x0, x1)
      """)
    for (number, type) in [Scalar.i32, .i64].enumerated() {
      addSteps(type, number)
      for check in [false, true] { addStepJump(type, check: check) }
      addTests(type, number)
    }
    for (number, name) in comparedLoads.enumerated() {
      addLoadBranches(loads.first { $0.name == name }!, number)
    }
  }

  /// The branch itself, with displacement and costs in word `word`.
  private func branch(if test: String, word: Int, check: Bool, accumulator: String) -> String {
    var text = "let z = pc[\(word)]\nif \(test) {\n" + takenBranch(check: check)
    text += "}\nreturn next(pc + \(word + 1), fp, md, cx, ac, rm &- Int(truncatingIfNeeded: z >> 48), x0, x1)"
    return accumulator == "ac" ? text : text.replacing(", ac,", with: ", \(accumulator),")
  }

  private mutating func addSteps(_ type: Scalar, _ number: Int) {
    for (kind, step) in ["si", "ss"].enumerated() {
      for (condition, name) in conditions.enumerated() {
        for (column, form) in ["i", "as", "sa"].enumerated() {
          // With a constant `le` and `ge` are `lt` and `gt`; of two variables `gt` and `ge` are `lt` and `le`; equality
          // has no order.
          if form == "i" ? condition > 5 : [4, 5, 8, 9].contains(condition) { continue }
          if form == "sa" && condition < 2 { continue }
          let immediate =
            type == .i32
            ? "highField(pc)" : "UInt64(truncatingIfNeeded: Int32(bitPattern: highField(pc)))"
          let amount = step == "si" ? immediate : type.fromBits(slotField(1))
          let bound =
            form != "i"
            ? type.fromBits(slotField(4))
            : type == .i32
              ? "UInt32(truncatingIfNeeded: pc[2])" : "UInt64(truncatingIfNeeded: Int32(truncatingIfNeeded: pc[2]))"
          let operands = form == "sa" ? "(b, r)" : "(r, b)"
          let body =
            "let r = Scalar.\(type)Add(\(type.fromBits(slotField(0))), \(amount))\nlet v = \(type.toBits("r"))\n"
            + "\(slotField(step == "si" ? 1 : 2)) = v\nlet b = \(bound)\n"
            + branch(if: "Scalar.\(type)\(name)\(operands)", word: 3, check: true, accumulator: "v")
          fusedBranches.append((.step, ((number * 2 + kind) * 10 + condition) * 3 + column, rows.count))
          add(
            "step\(type.rawValue.uppercased())\(name)_\(step)_\(form)",
            (step == "si" ? "r0 w1 i2" : "r0 r1 w2") + (form == "i" ? " i0.2" : " r0.2") + " B0.3 C2.3 C3.3",
            [.check, .writesAccumulator], family: "Step",
            doc: "d := a + b; if \(type).\(name)(\(form == "sa" ? "c, d" : "d, c")) goto B", body)
          if kind == 0 { addDoubleStep(type, name, form, body, ((number * 2 + kind) * 10 + condition) * 3 + column) }
        }
      }
    }
  }

  /// A step behind another addition of a constant to an i32, whose word comes first.
  private mutating func addDoubleStep(_ type: Scalar, _ name: String, _ form: String, _ step: String, _ index: Int) {
    // The step's own words are one further on.
    let moved = step.replacing("highField(pc)", with: "highField(pc + 1)").replacing(
      "slotField(pc,", with: "slotField(pc + 1,"
    )
    .replacing("pc[3]", with: "pc[4]").replacing("pc[2]", with: "pc[3]").replacing("pc + 4, fp", with: "pc + 5, fp")
    fusedBranches.append((.doubleStep, index, rows.count))
    add(
      "stepTwo\(type.rawValue.uppercased())\(name)_\(form)",
      "r0 w1 i2 r0.2 w1.2 i2.2" + (form == "i" ? " i0.3" : " r0.3") + " B0.4 C2.4 C3.4", [.check, .writesAccumulator],
      family: "Step", doc: "d := a + b (i32); then as step\(type.rawValue.uppercased())\(name)_si_\(form)",
      "fp[slotField(pc, 1)] = UInt64(UInt32(truncatingIfNeeded: fp[slotField(pc, 0)]) &+ highField(pc))\n" + moved)
  }

  private mutating func addStepJump(_ type: Scalar, check: Bool) {
    let immediate =
      type == .i32 ? "highField(pc)" : "UInt64(truncatingIfNeeded: Int32(bitPattern: highField(pc)))"
    add(
      "step\(type.rawValue.uppercased())Jump\(check ? "Check" : "")", "r0 w1 i2 B0.2 K2.2",
      check ? [.terminator, .check, .writesAccumulator] : [.terminator, .writesAccumulator], family: "Step",
      doc: "d := a + b; charge K\(check ? " and check" : ""); goto B",
      """
      let r = Scalar.\(type)Add(\(type.fromBits(slotField(0))), \(immediate))
      let v = \(type.toBits("r"))
      \(slotField(1)) = v
      let w = pc[2]
      let target = pc + Int(Int32(truncatingIfNeeded: w))
      let left = rm &- Int(w >> 32)
      \(check ? "if _slowPath(left < 0) { return outOfInstructions(target, fp, md, cx, v, left, x0, x1) }\n" : "")return next(target, fp, md, cx, v, left, x0, x1)
      """)
  }

  private mutating func addTests(_ type: Scalar, _ number: Int) {
    for (condition, name) in ["Zero", "NotZero"].enumerated() {
      for (column, form) in ["ss", "as", "si", "ai"].enumerated() {
        for check in [false, true] {
          let fromAccumulator = form.first == "a"
          let a = fromAccumulator ? type.accumulator : type.fromBits(slotField(0))
          let immediate = form.last == "i"
          let b =
            !immediate
            ? type.fromBits(slotField(fromAccumulator ? 0 : 1))
            : type == .i32
              ? "highField(pc)" : "UInt64(truncatingIfNeeded: Int32(bitPattern: highField(pc)))"
          fusedBranches.append((.test, ((number * 2 + condition) * 4 + column) * 2 + (check ? 1 : 0), rows.count))
          var effects: Effects = check ? [.check] : []
          if fromAccumulator { effects.insert(.readsAccumulator) }
          add(
            "test\(type.rawValue.uppercased())\(name)_\(form)" + (check ? "_check" : ""),
            (fromAccumulator ? (immediate ? "i2" : "r0") : (immediate ? "r0 i2" : "r0 r1")) + " B0.2 C2.2 C3.2",
            effects,
            family: "Test", doc: "if (a & b) is \(condition == 0 ? "" : "not ")0 goto B",
            "let a = \(a)\nlet b = \(b)\n"
              + branch(if: "a & b \(condition == 0 ? "==" : "!=") 0", word: 2, check: check, accumulator: "ac"))
        }
      }
    }
  }

  /// Kinds of operand: a constant, a slot, each also with the loaded value stored (slots for the commonest loads only). Kinds of address: a slot, the
  /// accumulator, a constant.
  private mutating func addLoadBranches(_ access: Access, _ number: Int) {
    let type = access.value
    for (condition, name) in conditions.enumerated() {
      for (kind, operand) in ["i", "s", "id", "sd"].enumerated() {
        if operand.hasPrefix("i") && condition > 5 { continue }
        if operand == "sd" && !["i32Load8U", "i32Load", "i64Load"].contains(access.name) { continue }
        for (addressKind, address) in ["s", "a", "c"].enumerated() {
          for check in [false, true] {
            var fields: [String] = []
            var effects: Effects = [.mayTrap, .readsMemory]
            if check { effects.insert(.check) }
            var addressCode = "0"
            if address == "s" {
              addressCode = slotField(0)
              fields.append("r0")
            } else if address == "a" {
              addressCode = "ac"
              effects.insert(.readsAccumulator)
            }
            let other: String
            let word = operand == "s" ? 2 : 3
            if operand == "sd" {
              other = type.fromBits(slotField(4))
              fields.append("r0.2")
            } else if operand == "s" {
              other = type.fromBits(slotField(fields.count))
              fields.append("r\(fields.count)")
            } else {
              other =
                type == .i32
                ? "UInt32(truncatingIfNeeded: pc[2])"
                : "UInt64(truncatingIfNeeded: Int32(truncatingIfNeeded: pc[2]))"
              fields.append("i0.2")
            }
            var store = ""
            if operand.hasSuffix("d") {
              fields.append("w1")
              effects.insert(.writesAccumulator)
              // The other operand is read first: it may be in the same slot.
              store = "let v = \(type.toBits("a"))\n\(slotField(1)) = v\n"
            }
            fields += ["B0.\(word)", "C2.\(word)", "C3.\(word)", "o2"]
            let body =
              effectiveAddress(addressCode, wide: false, size: access.size)
              + "let m = md.loadUnaligned(fromByteOffset: Int(bitPattern: ea), as: \(access.stored).self)\n"
              + "let a = \(access.convert)\nlet b = \(other)\n\(store)"
              + branch(
                if: "Scalar.\(type)\(name)(a, b)", word: word, check: check,
                accumulator: operand.hasSuffix("d") ? "v" : "ac")
            fusedBranches.append(
              (.load, (((number * 10 + condition) * 4 + kind) * 3 + addressKind) * 2 + (check ? 1 : 0), rows.count))
            add(
              "br\(access.name.prefix(1).uppercased())\(access.name.dropFirst())\(name)_\(address)\(operand)"
                + (check ? "_check" : ""), fields.joined(separator: " "), effects, family: "LoadBranch",
              doc: (operand.hasSuffix("d") ? "d := mem[a + o]; " : "") + "if \(type).\(name)(mem[a + o], b) goto B",
              body)
          }
        }
      }
    }
  }
}
