// Superinstructions that branch: a loop's step with its test, a test of bits, a comparison of what is loaded.

enum FusedBranchTable: String, CaseIterable {
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
        }
      }
    }
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

  private mutating func addLoadBranches(_ access: Access, _ number: Int) {
    let type = access.value
    for (condition, name) in conditions.enumerated() {
      for immediate in [true, false] {
        if immediate && condition > 5 { continue }
        for fromAccumulator in [false, true] {
          for check in [false, true] {
            var fields = fromAccumulator ? "" : "r0 "
            var effects: Effects = [.mayTrap, .readsMemory]
            if check { effects.insert(.check) }
            if fromAccumulator { effects.insert(.readsAccumulator) }
            let other: String
            if immediate {
              other =
                type == .i32
                ? "UInt32(truncatingIfNeeded: pc[2])"
                : "UInt64(truncatingIfNeeded: Int32(truncatingIfNeeded: pc[2]))"
              fields += "i0.2 B0.3 C2.3 C3.3"
            } else {
              other = type.fromBits(slotField(fromAccumulator ? 0 : 1))
              fields += (fromAccumulator ? "r0" : "r1") + " B0.2 C2.2 C3.2"
            }
            let body =
              effectiveAddress(fromAccumulator ? "ac" : slotField(0), wide: false, size: access.size)
              + "let m = md.loadUnaligned(fromByteOffset: Int(bitPattern: ea), as: \(access.stored).self)\n"
              + "let a = \(access.convert)\nlet b = \(other)\n"
              + branch(if: "Scalar.\(type)\(name)(a, b)", word: immediate ? 3 : 2, check: check, accumulator: "ac")
            fusedBranches.append(
              (
                .load,
                (((number * 10 + condition) * 2 + (immediate ? 0 : 1)) * 2 + (fromAccumulator ? 1 : 0)) * 2
                  + (check ? 1 : 0), rows.count
              ))
            add(
              "br\(access.name.prefix(1).uppercased())\(access.name.dropFirst())\(name)_\(fromAccumulator ? "a" : "s")\(immediate ? "i" : "s")"
                + (check ? "_check" : ""), fields + " o2", effects, family: "LoadBranch",
              doc: "if \(type).\(name)(mem[a + o], b) goto B", body)
          }
        }
      }
    }
  }
}
