// Superinstructions on vectors: an operator whose second operand is loaded from memory; multiply and add; shifts by a
// constant with what they are combined with; rotations, of exclusive ors too. What they leave out is what the accumulator
// already makes cheap: there is one dispatch less in each.

/// Operators whose last operand can be loaded, by the forms they have: the other operand, and whether the result is stored.
private let loadedForms: [(forms: String, operators: String)] = [
  ("s_d s_n a_d a_n", "v128And v128Or v128Xor i32x4Add f32x4Add f32x4Mul f64x2Add f64x2Mul f32x4Sub f64x2Sub"),
  (
    "s_d a_d",
    """
    i8x16Add i16x8Add i64x2Add i8x16Sub i16x8Sub i32x4Sub i16x8Mul i32x4Mul i8x16Eq i8x16MinU i8x16MaxU i16x8MinS
    i16x8MaxS i32x4DotI16x8S
    """
  ),
]

/// Two operators in one operation; the compiler finds them by the rows of both.
struct VectorPair {
  /// What becomes of the first result.
  enum Kind: Int {
    /// second(first(x, y), z)
    case first
    /// second(z, first(x, y))
    case last
    /// second(shift(x, constant), z)
    case shift
    /// shl(x, constant) | shr(x, constant')
    case rotate
    /// The same for xor(x, y)
    case xorRotate
  }

  var first: String
  var second: String
  var kind: Kind
  /// Operations by which operand is in the accumulator (none, the first, the last), each with and without storing.
  var rows: [Int?] = Array(repeating: nil, count: 6)
}

extension OperationTable {
  mutating func addFusedVectors() {
    for (forms, names) in loadedForms {
      for name in names.split(whereSeparator: \.isWhitespace) {
        for form in forms.split(separator: " ") { addLoadedOperand(String(name), form) }
      }
    }
    for shape in ["f32x4", "f64x2", "i16x8", "i32x4"] {
      addPair(shape, "Mul", "Add", .first, storing: [true, false])
      addLoadedProduct(shape)
      if shape.hasPrefix("i") { continue }
      addPair(shape, "Mul", "Sub", .first, storing: [true])
      addPair(shape, "Mul", "Sub", .last, storing: [true])
    }
    for shape in ["i32x4", "i64x2"] {
      for shift in ["Shl", "ShrU"] {
        for second in ["v128Xor", "v128Or", "v128And", "\(shape)Add"] where shape == "i32x4" || second != "v128And" {
          addShiftPair(shape, shift, second)
        }
      }
      addRotations(shape)
    }
    for name in ["v128AnyTrue", "i8x16AllTrue", "i32x4AllTrue", "i8x16Bitmask"] { addVectorBranch(name) }
  }

  /// Branches on what an operator that makes an i32 of a vector gives.
  private mutating func addVectorBranch(_ name: String) {
    let isCondition = !name.hasSuffix("Bitmask")
    var numbers: [Int] = []
    for isNotZero in [false, true] {
      for form in ["s", "a"] {
        for check in [false, true] {
          let value = "Vector.\(name)(\(vectorOperand(form.first!, 0).text))"
          let test = isCondition ? (isNotZero ? "" : "!") + value : value + (isNotZero ? " != 0" : " == 0")
          var effects: Effects = check ? [.check] : []
          if form == "a" { effects.insert(.readsVector) }
          // The branch's word follows the operand's.
          let word = form == "a" ? 1 : 2
          let body =
            "let z = pc[\(word)]\nif \(test) {\n" + takenBranch(check: check)
            + "}\nreturn next(pc + \(word + 1), fp, md, cx, ac, rm &- Int(truncatingIfNeeded: z >> 48), x0, x1)"
          numbers.append(rows.count)
          add(
            "br\(isNotZero ? "" : "Not")\(name.prefix(1).uppercased())\(name.dropFirst())_\(form)\(check ? "_check" : "")",
            "\(form == "s" ? "R0 " : "")B0.\(word) C2.\(word) C3.\(word)", effects, family: "VectorFused",
            doc: "if \(name)(a) is \(isNotZero ? "not " : "")0 goto B", body)
        }
      }
    }
    vectorBranches.append((name, numbers))
  }

  /// `op(x, mem[a + imm + o])`: the address is a slot and a constant, in memories with 32-bit addresses.
  private mutating func addLoadedOperand(_ name: String, _ form: Substring) {
    let stores = form.hasSuffix("d")
    let isHeld = form.hasPrefix("a")
    let address = "(\(slotField(0)) &+ pc[2])"
    var effects: Effects = [.mayTrap, .readsMemory, .writesVector]
    if isHeld { effects.insert(.readsVector) }
    loadedOperands.append((name, (isHeld ? 2 : 0) + (stores ? 0 : 1), rows.count))
    add(
      "\(name)_\(form.first!)m_\(form.last!)",
      "r0 \(isHeld ? "" : "R1 ")o2 i0.2\(stores ? " W2.2" : "")", effects, family: "VectorFused",
      doc: "d := op(b, mem[a + imm + o])",
      effectiveAddress(address, wide: false, size: 16)
        + "let m = VectorAccess.v128Load(UnsafeRawPointer(md) + Int(bitPattern: ea))\n"
        + "let r = Vector.\(name)(\(isHeld ? "held(x0, x1)" : "vector(fp, slotField(pc, 1))"), m)\n"
        + finishVector(words: 3, destination: stores ? 6 : nil))
  }

  private func vectorOperand(_ letter: Character, _ position: Int) -> (text: String, field: String) {
    letter == "a" ? ("held(x0, x1)", "") : ("vector(fp, slotField(pc, \(position)))", "R\(position) ")
  }

  private mutating func addPair(
    _ shape: String, _ first: String, _ second: String, _ kind: VectorPair.Kind, storing: [Bool]
  ) {
    var pair = VectorPair(first: shape + first, second: shape + second, kind: kind)
    for (column, form) in ["sss", "ass", "ssa"].enumerated() {
      let letters = Array(form)
      let (x, y, z) = (vectorOperand(letters[0], 0), vectorOperand(letters[1], 1), vectorOperand(letters[2], 2))
      for stores in storing {
        // A NaN stays one, and is made canonical by the second operator.
        let product =
          shape.hasPrefix("f")
          ? "V128(\(shape): (\(x.text)).\(shape) * (\(y.text)).\(shape))"
          : "Vector.\(shape)\(first)(\(x.text), \(y.text))"
        let operands = kind == .first ? "t, \(z.text)" : "\(z.text), t"
        pair.rows[column * 2 + (stores ? 0 : 1)] = rows.count
        add(
          "\(shape)\(first)\(kind == .last ? "R" : "")\(second)_\(form)_\(stores ? "d" : "n")",
          x.field + y.field + z.field + (stores ? "W3" : ""),
          form == "sss" ? [.writesVector] : [.readsVector, .writesVector], family: "VectorFused",
          doc: kind == .last ? "d := \(second)(c, \(first)(a, b))" : "d := \(second)(\(first)(a, b), c)",
          "let t = \(product)\nlet r = Vector.\(shape)\(second)(\(operands))\n"
            + finishVector(words: 2, destination: stores ? 3 : nil))
      }
    }
    vectorPairs.append(pair)
  }

  /// `add(mul(x, mem[a + imm + o]), z)`: the step of sums of products, and of sums of multiples.
  private mutating func addLoadedProduct(_ shape: String) {
    var numbers: [Int] = []
    for form in ["sms", "ams"] {
      let x = vectorOperand(form.first!, 1)
      let product =
        shape.hasPrefix("f") ? "V128(\(shape): (\(x.text)).\(shape) * m.\(shape))" : "Vector.\(shape)Mul(\(x.text), m)"
      var effects: Effects = [.mayTrap, .readsMemory, .writesVector]
      if form.hasPrefix("a") { effects.insert(.readsVector) }
      numbers.append(rows.count)
      add(
        "\(shape)MulAdd_\(form)_d", "r0 \(x.field)o2 i0.2 R2.2 W3.2", effects, family: "VectorFused",
        doc: "d := add(mul(b, mem[a + imm + o]), c)",
        effectiveAddress("(\(slotField(0)) &+ pc[2])", wide: false, size: 16)
          + "let m = VectorAccess.v128Load(UnsafeRawPointer(md) + Int(bitPattern: ea))\n"
          + "let t = \(product)\nlet r = Vector.\(shape)Add(t, vector(fp, slotField(pc, 6)))\n"
          + finishVector(words: 3, destination: 7))
    }
    loadedProducts.append((shape + "Mul", shape + "Add", numbers))
  }

  private mutating func addShiftPair(_ shape: String, _ shift: String, _ second: String) {
    var pair = VectorPair(first: shape + shift, second: second, kind: .shift)
    for (column, form) in ["ss", "as", "sa"].enumerated() {
      let letters = Array(form)
      let (x, z) = (vectorOperand(letters[0], 0), vectorOperand(letters[1], 1))
      pair.rows[column * 2] = rows.count
      add(
        "\(shape)\(shift)\(second.dropFirst(second.hasPrefix("v128") ? 4 : 5))_\(form)_d",
        x.field + z.field + "W3 i0.2", form == "ss" ? [.writesVector] : [.readsVector, .writesVector],
        family: "VectorFused", doc: "d := \(second)(\(shift)(a, imm), b)",
        "let t = Vector.\(shape)\(shift)(\(x.text), UInt32(truncatingIfNeeded: pc[2]))\n"
          + "let r = Vector.\(second)(t, \(z.text))\n" + finishVector(words: 3, destination: 3))
    }
    vectorPairs.append(pair)
  }

  /// Both counts are given: by one, LLVM would rotate lane by lane.
  private mutating func addRotations(_ shape: String) {
    for isXor in [false, true] {
      let forms: [String] = isXor ? ["ss", "as"] : ["s", "a"]
      var pair = VectorPair(first: shape + "Shl", second: shape + "ShrU", kind: isXor ? .xorRotate : .rotate)
      for (column, form) in forms.enumerated() {
        let isHeld = form.hasPrefix("a")
        let x = vectorOperand(form.first!, 0)
        let y = vectorOperand("s", 1)
        let rotated = isXor ? "Vector.v128Xor(\(x.text), \(y.text))" : x.text
        for stores in [true, false] {
          pair.rows[column * 2 + (stores ? 0 : 1)] = rows.count
          let effects: Effects = isHeld ? [.readsVector, .writesVector] : [.writesVector]
          let body = """
            let t = \(rotated)
            let left = Vector.\(shape)Shl(t, UInt32(truncatingIfNeeded: pc[2]))
            let right = Vector.\(shape)ShrU(t, UInt32(truncatingIfNeeded: pc[2] >> 32))
            let r = Vector.v128Or(left, right)

            """
          add(
            "\(shape)\(isXor ? "Xor" : "")Rotl_\(form)_\(stores ? "d" : "n")",
            x.field + (isXor ? y.field : "") + (stores ? "W3 " : "") + "i0.2 i2.2", effects, family: "VectorFused",
            doc: "d := shl(t, imm) | shr_u(t, imm'), t = " + (isXor ? "xor(a, b)" : "a"),
            body + finishVector(words: 3, destination: stores ? 3 : nil))
        }
      }
      vectorPairs.append(pair)
    }
  }
}

// MARK: Accesses

/// The load of a vector access in an operation for the operator `row`; `r` is what it gives.
func vectorLoadBody(_ row: OperatorRow, _ address: String, size: Int, wide: Bool = false) -> String {
  effectiveAddress(address, wide: wide, size: size)
    + "let r = VectorAccess.\(row.caseName)(UnsafeRawPointer(md) + Int(bitPattern: ea))\n"
}

func vectorStoreBody(
  _ row: OperatorRow, _ address: String, _ vector: String, wide: Bool = false, tracked: Bool
) -> String {
  effectiveAddress(address, wide: wide, size: 16) + (tracked ? track(size: 16) : "")
    + "VectorAccess.\(row.caseName)(md + Int(bitPattern: ea), \(vector))\n"
}

extension OperationTable {
  /// Accesses of whole operands whose address is a sum with a constant or of two slots, in memories with 32-bit addresses.
  mutating func addAddressedVectors(_ operators: [OperatorRow]) {
    for row in operators where row.prefix == 0xFD && row.immediates.hasPrefix("memarg") {
      let isStore = row.mnemonic.contains("store")
      // Loads and the store in the order of their codes.
      let access = Int(row.code <= 11 ? row.code : row.code - 0x5C + 12)
      for mode in [AddressMode.plus, .sum] {
        let letters = isStore ? "sa" : row.mnemonic == "v128.load" ? "dn" : "d"
        for (form, letter) in letters.enumerated() {
          vectorAddresses.append((access, mode, form, rows.count))
          addAddressed(row, mode, letter, isStore: isStore)
        }
      }
    }
  }

  private mutating func addAddressed(_ row: OperatorRow, _ mode: AddressMode, _ letter: Character, isStore: Bool) {
    let address = mode == .plus ? "(\(slotField(0)) &+ pc[2])" : "(\(slotField(0)) &+ \(slotField(1)))"
    let fields = mode == .plus ? "r0 o2 i0.2" : "r0 r1 o2"
    let name = "\(row.caseName)_\(mode == .plus ? "plus_s" : "sum_ss")_\(letter)"
    let hasSlot = letter == "s" || letter == "d"
    let words = mode == .plus || hasSlot ? 3 : 2
    if isStore {
      let vector = hasSlot ? "vector(fp, slotField(pc, 6))" : "held(x0, x1)"
      func body(tracked: Bool) -> String { vectorStoreBody(row, address, vector, tracked: tracked) + next(words) }
      var effects: Effects = [.mayTrap, .writesMemory]
      if !hasSlot { effects.insert(.readsVector) }
      add(
        name, fields + (hasSlot ? " R2.2" : ""), effects, family: "VectorFused", doc: "mem[\(mode) + o] := b",
        tracked: body(tracked: true), body(tracked: false))
    } else {
      add(
        name, fields + (hasSlot ? " W2.2" : ""), [.mayTrap, .readsMemory, .writesVector], family: "VectorFused",
        doc: "d := mem[\(mode) + o]",
        vectorLoadBody(row, address, size: vectorAccessSize(row.mnemonic)!)
          + finishVector(words: words, destination: hasSlot ? 6 : nil))
    }
  }
}
