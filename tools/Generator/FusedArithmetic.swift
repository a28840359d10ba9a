// Superinstructions for arithmetic: two operators in one operation, `r := second(first(x, y), z)`. The compiler uses them
// where the first result has no other use. Which operators pair is chosen by what programs compute, not by a profile of
// some: address and index arithmetic, bit fields, hashes, checksums, multiply-and-add.

/// How the operands of a pair are given; the compiler's `PairShape`.
enum PairShape: Int, CaseIterable {
  /// second(first(x, imm), z): `immediateVariable`.
  case iv
  /// second(first(x, y), z)
  case vv
  /// second(first(x, imm), imm')
  case ii
  /// second(first(x, y), imm)
  case vi

  /// Forms by which of the variable operands is in the accumulator; at most one is.
  var forms: [String] {
    switch self {
    case .iv: ["ss", "as", "sa"]
    case .vv: ["sss", "ass", "sas", "ssa"]
    case .ii: ["s", "a"]
    case .vi: ["ss", "as", "sa"]
    }
  }
}

/// Numbers of the operators in the pair table; the compiler's `PairOperator`. `rsub` is subtraction of the first result.
let pairOperators = ["add", "sub", "mul", "and", "or", "xor", "shl", "shrU", "shrS", "rotl", "rsub"]

private let integerPairs: [(PairShape, first: String, seconds: String)] = [
  (.iv, "add", "add sub rsub and or xor mul"), (.iv, "mul", "add sub rsub xor"),
  (.iv, "and", "add sub rsub or xor and mul"),
  (.iv, "xor", "and or xor add"), (.iv, "shl", "add sub rsub and or xor"), (.iv, "shrU", "add sub rsub and or xor"),
  (.iv, "shrS", "add sub rsub and or xor"), (.iv, "rotl", "add sub and or xor"),
  (.vv, "add", "add sub rsub mul and or xor"), (.vv, "sub", "add sub rsub mul and or xor"),
  (.vv, "mul", "add sub rsub mul xor"),
  (.vv, "and", "add sub and or xor"), (.vv, "or", "add and or xor"), (.vv, "xor", "add sub and or xor mul"),
  (.ii, "add", "and or xor shl shrU shrS mul rotl"), (.ii, "mul", "add and xor shrU shrS"),
  (.ii, "and", "add mul or xor shl shrU"), (.ii, "or", "and add shl"), (.ii, "xor", "and add mul shl shrU"),
  (.ii, "shl", "add and or xor shrU shrS"), (.ii, "shrU", "add and or xor shl mul"), (.ii, "shrS", "add and shl xor"),
  (.ii, "rotl", "add and xor mul"),
  (.vi, "add", "add and or xor shl shrU shrS mul rotl"), (.vi, "sub", "add and shl shrU shrS mul"),
  (.vi, "mul", "add and xor shl shrU shrS"), (.vi, "and", "add or xor shl shrU"), (.vi, "or", "and add shl xor"),
  (.vi, "xor", "add and shl shrU mul rotl"),
]

private let floatPairs: [(first: String, seconds: String)] = [
  ("add", "add sub rsub mul"), ("sub", "add sub rsub mul"), ("mul", "add sub rsub mul"),
]

extension OperationTable {
  mutating func addFusedArithmetic() {
    for type in [Scalar.i32, .i64] {
      for (shape, first, seconds) in integerPairs {
        for second in seconds.split(separator: " ") { addPair(type, shape, first, String(second)) }
      }
      addWordImmediates(type)
      addLeftImmediates(type)
    }
    for type in [Scalar.f32, .f64] {
      for (first, seconds) in floatPairs {
        for second in seconds.split(separator: " ") { addPair(type, .vv, first, String(second)) }
      }
    }
  }

  private func capitalised(_ name: String) -> String { name.prefix(1).uppercased() + name.dropFirst() }

  private mutating func addPair(_ type: Scalar, _ shape: PairShape, _ first: String, _ second: String) {
    let isCommutative = !["sub", "shl", "shrU", "shrS", "rotl"].contains(first)
    for (column, form) in shape.forms.enumerated() {
      // The operands of a commutative operator can be exchanged.
      if shape == .vv && form == "sas" && isCommutative { continue }
      if shape == .vi && form == "sa" && isCommutative { continue }
      for stores in [true, false] {
        var fields: [String] = []
        var effects: Effects = [type.writeEffect]
        var names: [String] = []
        // Variable operands, in the fields 0, 1, 2.
        for (position, letter) in form.enumerated() {
          if letter == "s" {
            names.append(type.fromBits(slotField(position)))
            fields.append("r\(position)")
          } else {
            names.append(type.accumulator)
            effects.insert(type.readEffect)
          }
        }
        var words = 2
        let destination: Int
        let (x, y, z): (String, String, String)
        switch shape {
        case .iv:
          (x, y, z) = (names[0], immediate(type, "UInt32(truncatingIfNeeded: pc[2])"), names[1])
          destination = 2
          words = 3
          fields.append("i0.2")
        case .vv:
          (x, y, z) = (names[0], names[1], names[2])
          destination = 3
        case .ii:
          (x, y, z) = (names[0], immediate(type, "UInt32(truncatingIfNeeded: pc[2])"), immediate(type, "highField(pc)"))
          destination = 1
          words = 3
          fields += ["i2", "i0.2"]
        case .vi:
          (x, y, z) = (names[0], names[1], immediate(type, "UInt32(truncatingIfNeeded: pc[2])"))
          destination = 2
          words = 3
          fields.append("i0.2")
        }
        if stores { fields.append("w\(destination)") }
        // A NaN stays one, and is made canonical by the second operator.
        let operatorText = ["add": "+", "sub": "-", "mul": "*"][first] ?? ""
        let inner = type.isFloat ? "x \(operatorText) y" : "Scalar.\(type)\(capitalised(first))(x, y)"
        let outer =
          second == "rsub" ? "Scalar.\(type)Sub(z, t)" : "Scalar.\(type)\(capitalised(second))(t, z)"
        let body =
          "let x = \(x)\nlet y = \(y)\nlet t = \(inner)\nlet z = \(z)\nlet r = \(outer)\n"
          + finish(type, words: words, destination: stores ? slotField(destination) : nil)
        pairs.append((type, shape, first, second, column, stores, rows.count))
        add(
          "\(type)\(capitalised(first))\(capitalised(second))_\(shape)_\(form)_\(stores ? "d" : "n")",
          fields.joined(separator: " "), effects, family: "\(capitalised(type.rawValue))Pair\(shape.rawValue)",
          doc: "d := " + (second == "rsub" ? "c - \(first)(a, b)" : "\(second)(\(first)(a, b), c)"), body)
      }
    }
  }

  /// A 32-bit field as an operand: sign-extended where the operator is on 64 bits.
  private func immediate(_ type: Scalar, _ field: String) -> String {
    type == .i32 ? field : "UInt64(truncatingIfNeeded: Int32(bitPattern: \(field)))"
  }

  /// Operators that can't exchange their operands, with a constant on the left.
  private mutating func addLeftImmediates(_ type: Scalar) {
    for name in ["sub", "shl", "rotl"] {
      for fromAccumulator in [false, true] {
        for stores in [true, false] {
          let operand = fromAccumulator ? type.accumulator : type.fromBits(slotField(0))
          leftImmediates.append((type, name, fromAccumulator, stores, rows.count))
          add(
            "\(type)\(capitalised(name))_i\(fromAccumulator ? "a" : "s")_\(stores ? "d" : "n")",
            (fromAccumulator ? "" : "r0 ") + (stores ? "w1 " : "") + "i2",
            fromAccumulator ? [.readsAccumulator, .writesAccumulator] : [.writesAccumulator], family: "LeftImmediate",
            doc: "d := \(name)(imm, a)",
            "let r = Scalar.\(type)\(capitalised(name))(\(immediate(type, "highField(pc)")), \(operand))\n"
              + finish(type, words: 2, destination: stores ? slotField(1) : nil))
        }
      }
    }
  }

  /// 64-bit constants that are no sign-extended 32-bit values, as operands.
  private mutating func addWordImmediates(_ type: Scalar) {
    guard type == .i64 else { return }
    for name in ["add", "mul", "and", "or", "xor"] {
      for fromAccumulator in [false, true] {
        for stores in [true, false] {
          let operand = fromAccumulator ? "ac" : slotField(0)
          wordImmediates.append((name, fromAccumulator, stores, rows.count))
          add(
            "i64\(capitalised(name))_\(fromAccumulator ? "a" : "s")w_\(stores ? "d" : "n")",
            (fromAccumulator ? "" : "r0 ") + (stores ? "w1 " : "") + "X0.2",
            fromAccumulator ? [.readsAccumulator, .writesAccumulator] : [.writesAccumulator], family: "I64Word",
            doc: "d := \(name)(a, imm)",
            "let r = Scalar.i64\(capitalised(name))(\(operand), pc[2])\n"
              + finish(.i64, words: 3, destination: stores ? slotField(1) : nil))
        }
      }
    }
  }
}
