// Prints `Scalar.evaluate`: every scalar operator by its opcode, for the constant folder.

func printScalarEvaluation(_ rows: [OperatorRow], to output: inout Output) throws {
  let names: [Character: String] = ["i": "i32", "I": "i64", "f": "f32", "F": "f64"]
  func operand(_ name: String, _ type: Character) -> String {
    switch type {
    case "i": "UInt32(truncatingIfNeeded: \(name))"
    case "f": "Float(bitPattern: UInt32(truncatingIfNeeded: \(name)))"
    case "F": "Double(bitPattern: \(name))"
    default: name
    }
  }
  var text = """
    import WebAssembly

    extension Scalar {
      /// What the operator gives for operands with the bits `a` and `b` (i32 and f32 in the low half; `b` is not used by
      /// unary operators); `nil` for operators that do more than compute a scalar from scalars.
      public static func evaluate(_ opcode: Opcode, _ a: UInt64, _ b: UInt64) -> ScalarResult? {
        switch opcode {

    """
  for row in rows where row.immediates == "-" {
    let halves = row.signature.split(separator: ":", omittingEmptySubsequences: false)
    guard halves.count == 2, let result = halves[1].first, names[result] != nil, !halves[0].isEmpty,
      halves[0].allSatisfy({ names[$0] != nil })
    else { continue }
    let arguments = zip(["a", "b"], halves[0]).map { operand($0, $1) }.joined(separator: ", ")
    let call = "\(row.caseName)(\(arguments))"
    let stem = row.mnemonic.split(separator: ".")[1]
    let isComparison = result == "i" && ["eqz", "eq", "ne", "lt", "gt", "le", "ge"].contains(stem.prefix { $0 != "_" })
    let bits: String
    switch result {
    case "i": bits = isComparison ? "\(call) ? 1 : 0" : "UInt64(\(call))"
    case "I": bits = call
    case "f": bits = "UInt64(\(call).bitPattern)"
    default: bits = "\(call).bitPattern"
    }
    text += "    case .\(row.caseName):\n"
    let mayTrap = ["div_s", "div_u", "rem_s", "rem_u"].contains(stem) || stem.hasPrefix("trunc_f")
    if mayTrap {
      text += "      let trap = \(row.caseName)Trap(\(arguments))\n"
      text += "      return trap == 0 ? .value(\(bits)) : .trap(NumericTrap(rawValue: trap)!)\n"
    } else {
      text += "      return .value(\(bits))\n"
    }
  }
  text += "    default: return nil\n    }\n  }\n}\n"
  try output.emit(
    "Sources/Semantics/Generated/ScalarEvaluation.swift", from: "tools/Generator/ScalarEvaluation.swift", text)
}
