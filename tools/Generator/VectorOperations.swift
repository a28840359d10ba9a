// Internal operations for vector operators. Vectors live in pairs of slots, and travel from one operation to the next in
// the two float registers: `x0` has the low half, `x1` the high one.
//
// Every operator has a form that reads slots and stores its result, under the operator's own name. What programs compute
// most has forms that read the accumulator or a constant, and forms that store nothing. Storing takes two instructions and
// no time, so that only the commonest of all have the latter.

/// The forms that operators have beside their first one, as `Form` names them: operands `s` a slot, `a` the accumulator, `i`
/// a constant; `_d` with a destination, `_n` without. Of three operands the second letter is the last one.
private let vectorForms: [(forms: String, operators: String)] = [
  (
    "ss_n as_d as_n si_d si_n ai_d ai_n",
    "v128.and v128.or v128.xor i8x16.add i16x8.add i32x4.add i16x8.mul i32x4.mul f32x4.add f32x4.mul f64x2.add f64x2.mul"
  ),
  ("ss_n as_d as_n sa_d sa_n si_d si_n ai_d ai_n", "f32x4.sub f64x2.sub"),
  ("ss_n as_d as_n sa_d sa_n", "i8x16.sub i16x8.sub i32x4.sub"),
  (
    "as_d si_d ai_d",
    """
    i64x2.add i8x16.eq i16x8.eq i32x4.eq i8x16.min_u i8x16.max_u i16x8.min_s i16x8.max_s i32x4.min_s i32x4.max_s
    i32x4.dot_i16x8_s
    """
  ),
  (
    "as_d sa_d si_d ai_d",
    "i8x16.gt_s i8x16.gt_u i16x8.gt_s i16x8.gt_u i32x4.gt_s f32x4.lt f32x4.le f64x2.lt f64x2.le f32x4.div f64x2.div"
  ),
  ("si_d ai_d", "i8x16.lt_s i8x16.lt_u i16x8.lt_s i32x4.lt_s f32x4.gt f32x4.ge"),
  (
    "as_d sa_d",
    """
    v128.bitselect v128.andnot i64x2.sub i8x16.sub_sat_u i8x16.narrow_i16x8_s i8x16.narrow_i16x8_u i16x8.narrow_i32x4_s
    i16x8.narrow_i32x4_u i8x16.swizzle i8x16.shuffle f32x4.pmin f32x4.pmax i32x4.gt_u
    """
  ),
  ("as_d", "i64x2.mul i8x16.add_sat_u i16x8.add_sat_s i8x16.avgr_u f32x4.min f32x4.max"),
  (
    "as_d",
    """
    v128.not i16x8.extend_low_i8x16_s i16x8.extend_low_i8x16_u i16x8.extend_high_i8x16_s i16x8.extend_high_i8x16_u
    i32x4.extend_low_i16x8_s i32x4.extend_low_i16x8_u i32x4.extend_high_i16x8_s i32x4.extend_high_i16x8_u
    i16x8.extadd_pairwise_i8x16_s i16x8.extadd_pairwise_i8x16_u i32x4.extadd_pairwise_i16x8_s
    i32x4.extadd_pairwise_i16x8_u i32x4.abs i32x4.neg f32x4.abs f32x4.neg f32x4.sqrt f64x2.abs f64x2.neg f64x2.sqrt
    f32x4.convert_i32x4_s f32x4.convert_i32x4_u i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u
    i8x16.splat i16x8.splat i32x4.splat i64x2.splat f32x4.splat f64x2.splat
    v128.any_true i8x16.all_true i16x8.all_true i32x4.all_true i8x16.bitmask i16x8.bitmask i32x4.bitmask
    """
  ),
  ("si_d si_n ai_d ai_n", "i32x4.shl i32x4.shr_u i16x8.shr_u"),
  (
    "si_d ai_d",
    """
    i8x16.shl i8x16.shr_s i8x16.shr_u i16x8.shl i16x8.shr_s i32x4.shr_s i64x2.shl i64x2.shr_s i64x2.shr_u
    """
  ),
]

extension OperationTable {
  mutating func addVectors(_ operators: [OperatorRow]) {
    var further: [String: [Form]] = [:]
    for (forms, names) in vectorForms {
      for name in names.split(whereSeparator: \.isWhitespace) {
        precondition(operators.contains { $0.mnemonic == name }, "forms of \(name)")
        precondition(further[String(name)] == nil, "forms of \(name) twice")
        further[String(name)] = forms.split(separator: " ").map { text in
          Form.allCases.first { $0.text == text }!
        }
      }
    }
    for row in operators where row.prefix == 0xFD {
      if row.immediates.hasPrefix("mem") || row.immediates == "v128" { continue }
      if row.mnemonic.hasSuffix("replace_lane") {
        addReplaceLane(row)
        continue
      }
      addVector(row, .ssD, name: row.caseName)
      for form in further[row.mnemonic] ?? [] { addVector(row, form, name: "\(row.caseName)_\(form.text)") }
    }
  }

  private mutating func addVector(_ row: OperatorRow, _ form: Form, name: String) {
    let halves = row.signature.split(separator: ":", omittingEmptySubsequences: false)
    var arguments: [String] = []
    var fields: [String] = []
    var effects: Effects = []
    var words = 2
    let letters = Array(form.operands)
    let scalars: [Character: Scalar] = ["i": .i32, "I": .i64, "f": .f32, "F": .f64]
    let last = halves[0].count - 1
    for (index, letter) in halves[0].enumerated() {
      // The second letter is the last operand's; one between the first and the last is in a slot.
      let source = index == 0 ? letters[0] : index == last ? letters[1] : "s"
      if letter == "v" {
        switch source {
        case "s":
          arguments.append("vector(fp, slotField(pc, \(index)))")
          fields.append("R\(index)")
        case "a":
          arguments.append("held(x0, x1)")
          effects.insert(.readsVector)
        default:
          arguments.append("vectorWords(pc, 2)")
          fields += ["X0.2", "X0.3"]
          words = 4
        }
      } else {
        let type = scalars[letter]!
        switch source {
        case "s":
          arguments.append(type.fromBits("fp[slotField(pc, \(index))]"))
          fields.append("r\(index)")
        case "a":
          arguments.append(type.accumulator)
          effects.insert(type.readEffect)
        default:
          // A count of places to shift by.
          arguments.append("highField(pc)")
          fields.append("i2")
        }
      }
    }
    // The destination is the last field of word 1 that is free.
    let hasLane = row.immediates.hasPrefix("lane")
    let destination = hasLane ? 2 : fields.contains("i2") ? 1 : 3
    if hasLane {
      arguments.append("slotField(pc, 3)")
      fields.append("L3")
    }
    if row.immediates == "shuffle" {
      arguments.append("vectorWords(pc, 2)")
      fields += ["X0.2", "X0.3"]
      words = 4
    }
    let call = "Vector.\(row.caseName)(\(arguments.joined(separator: ", ")))"
    var body: String
    if halves[1] == "v" {
      if form.stores { fields.append("W\(destination)") }
      effects.insert(.writesVector)
      body = "let r = \(call)\n" + finishVector(words: words, destination: form.stores ? destination : nil)
    } else {
      let result = scalars[halves[1].first!]!
      let isTest = row.mnemonic.hasSuffix("any_true") || row.mnemonic.hasSuffix("all_true")
      body = isTest ? "let t = \(call)\nlet r: UInt32 = t ? 1 : 0\n" : "let r = \(call)\n"
      fields.append("w\(destination)")
      effects.insert(result.writeEffect)
      body += finish(result, words: words, destination: "fp[slotField(pc, \(destination))]")
    }
    forms.append((row.caseName, form, rows.count))
    add(
      name, fields.joined(separator: " "), effects, family: form == .ssD ? "Vector" : "VectorForm",
      doc: "d := \(row.mnemonic)", body)
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
