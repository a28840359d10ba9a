// Superinstructions on memory: loads and stores whose address is computed by the operation itself, and loads whose value
// is an operand of an arithmetic operator.

/// What an address is; the compiler's `AddressMode`.
enum AddressMode: Int, CaseIterable {
  /// x + imm (64 bits)
  case plus
  /// x + y
  case sum
  /// x + y * imm (32 bits, signed)
  case scaled
  /// y * imm
  case multiple
  /// y * imm + imm'
  case affine
  /// Nothing: the offset is the address.
  case absolute

  /// Forms by which of the operands is in the accumulator.
  var forms: [String] {
    switch self {
    case .plus, .multiple, .affine: ["s", "a"]
    case .sum: ["ss", "as"]
    case .scaled: ["ss", "as", "sa"]
    case .absolute: [""]
    }
  }

  var hasScale: Bool { self == .scaled || self == .multiple || self == .affine }
}

/// The parts of an operation with such an address: what it reads, and where the next slot and word are.
private struct AddressCode {
  var fields: [String] = []
  var effects: Effects = []
  /// The address as 64 bits, of which accesses to memories with 32-bit addresses take the lower half.
  var address = ""
  private var slots = 0
  var words = 2

  init(_ mode: AddressMode, _ form: String) {
    let operands = form.map { letter in
      if letter == "a" {
        effects.insert(.readsAccumulator)
        return "ac"
      }
      return slot(reads: true)
    }
    switch mode {
    case .plus:
      address = "(\(operands[0]) &+ pc[2])"
      fields.append("X0.2")
      words = 3
    case .sum: address = "(\(operands[0]) &+ \(operands[1]))"
    case .scaled: address = "(\(operands[0]) &+ \(operands[1]) &* scaleField(pc))"
    case .multiple: address = "(\(operands[0]) &* scaleField(pc))"
    case .affine:
      address = "(\(operands[0]) &* scaleField(pc) &+ pc[2])"
      fields.append("i0.2")
    case .absolute: address = "0"
    }
    if mode.hasScale {
      fields.append("i2.2")
      words = 3
    }
  }

  /// The next slot that is free for an operand: two in word 1, then the first in word 2.
  mutating func slot(reads: Bool) -> String {
    let letter = reads ? "r" : "w"
    let position = slots < 2 ? slots : 4
    fields.append(slots < 2 ? "\(letter)\(slots)" : "\(letter)0.2")
    if slots == 2 { words = max(words, 3) }
    slots += 1
    return slotField(position)
  }

  /// A constant in a word of its own.
  mutating func word() -> String {
    fields.append("X0.\(words)")
    words += 1
    return "pc[\(words - 1)]"
  }
}

/// The loads that are fused with an operator, and with a comparison and branch.
private let operandLoads = ["i32Load", "i32Load8U", "i32Load16U", "i64Load", "i64Load32U", "f32Load", "f64Load"]
let comparedLoads = ["i32Load8U", "i32Load8S", "i32Load16U", "i32Load", "i64Load"]

extension OperationTable {
  mutating func addFusedMemory() {
    for wide in [false, true] {
      for mode in AddressMode.allCases {
        // Scales are rare in code with 64-bit addresses, whose indices are extended first. An absolute address is 32 bits.
        if wide && (mode.hasScale || mode == .absolute) { continue }
        for (column, form) in mode.forms.enumerated() {
          for (number, access) in loads.enumerated() { addLoad(access, number, wide, mode, column, form) }
          for (number, access) in stores.enumerated() {
            addStore(access, loads.count + number, wide, mode, column, form)
          }
        }
      }
    }
    for (number, access) in loads.enumerated() where operandLoads.contains(access.name) {
      for second in access.value.isFloat
        ? "add sub rsub mul".split(separator: " ")
        : "add sub rsub mul and or xor".split(separator: " ")
      {
        addLoadOperation(access, number, String(second))
      }
    }
  }

  private func loadBody(_ access: Access, _ address: String, wide: Bool) -> String {
    effectiveAddress(address, wide: wide, size: access.size)
      + "let m = md.loadUnaligned(fromByteOffset: Int(bitPattern: ea), as: \(access.stored).self)\n"
  }

  private mutating func addLoad(
    _ access: Access, _ number: Int, _ wide: Bool, _ mode: AddressMode, _ column: Int, _ form: String
  ) {
    for stores in [true, false] {
      var code = AddressCode(mode, form)
      let destination = stores ? code.slot(reads: false) : nil
      addressModes.append((wide, number, mode, column * 2 + (stores ? 0 : 1), rows.count))
      add(
        "\(access.name)\(wide ? "W" : "")_\(mode)\(form.isEmpty ? "" : "_")\(form)_\(stores ? "d" : "n")",
        code.fields.joined(separator: " ") + " o2",
        code.effects.union([.mayTrap, .readsMemory, access.value.writeEffect]),
        family: (wide ? "Wide" : "") + "FusedLoad", doc: "d := mem[\(mode) + o]",
        loadBody(access, code.address, wide: wide) + "let r = \(access.convert)\n"
          + finish(access.value, words: code.words, destination: destination))
    }
  }

  private mutating func addStore(
    _ access: Access, _ number: Int, _ wide: Bool, _ mode: AddressMode, _ column: Int, _ form: String
  ) {
    for (source, letter) in ["s", "a", "i"].enumerated() {
      // No form reads both accumulators.
      if letter == "a" && form.contains("a") { continue }
      var code = AddressCode(mode, form)
      var effects = code.effects.union([.mayTrap, .writesMemory])
      let value: String
      switch letter {
      case "s": value = access.value.fromBits(code.slot(reads: true))
      case "a":
        value = access.value.accumulator
        effects.insert(access.value.readEffect)
      default: value = access.value.fromBits(code.word())
      }
      func body(tracked: Bool) -> String {
        effectiveAddress(code.address, wide: wide, size: access.size) + (tracked ? track(size: access.size) : "")
          + "let v = \(value)\n"
          + "md.storeBytes(of: \(access.convert), toByteOffset: Int(bitPattern: ea), as: \(access.stored).self)\n"
          + next(code.words)
      }
      addressModes.append((wide, number, mode, column * 3 + source, rows.count))
      add(
        "\(access.name)\(wide ? "W" : "")_\(mode)\(form.isEmpty ? "" : "_")\(form)_\(letter)",
        code.fields.joined(separator: " ") + " o2", effects,
        family: (wide ? "Wide" : "") + "FusedStore", doc: "mem[\(mode) + o] := b", tracked: body(tracked: true),
        body(tracked: false))
    }
  }

  /// `second(load, b)`: forms by what is in the accumulator, the address or the other operand.
  private mutating func addLoadOperation(_ access: Access, _ number: Int, _ second: String) {
    let type = access.value
    let stem = second == "rsub" ? "Sub" : second.prefix(1).uppercased() + second.dropFirst()
    for (column, form) in ["ss", "as", "sa"].enumerated() {
      for stores in [true, false] {
        var effects: Effects = [.mayTrap, .readsMemory, type.writeEffect]
        var fields: [String] = []
        let address = form.first == "a" ? "ac" : slotField(0)
        if form.first == "a" { effects.insert(.readsAccumulator) } else { fields.append("r0") }
        let other: String
        if form.last == "a" {
          other = type.accumulator
          effects.insert(type.readEffect)
        } else {
          other = type.fromBits(slotField(fields.count))
          fields.append("r\(fields.count)")
        }
        var words = 2
        var destination: String?
        if stores {
          destination = slotField(fields.count == 2 ? 4 : 1)
          if fields.count == 2 { words = 3 }
          fields.append(fields.count == 2 ? "w0.2" : "w1")
        }
        let operands = second == "rsub" ? "(z, t)" : "(t, z)"
        loadOperations.append((number, second, column, stores, rows.count))
        add(
          "\(access.name)\(second.prefix(1).uppercased())\(second.dropFirst())_\(form)_\(stores ? "d" : "n")",
          fields.joined(separator: " ") + " o2", effects, family: "LoadOperation",
          doc: "d := " + (second == "rsub" ? "b - mem[a + o]" : "\(second)(mem[a + o], b)"),
          loadBody(access, address, wide: false)
            + "let t = \(access.convert)\nlet z = \(other)\nlet r = Scalar.\(type)\(stem)\(operands)\n"
            + finish(type, words: words, destination: destination))
      }
    }
  }
}
