// Prints the tables by which the compiler finds superinstructions on vectors.

extension OperationTable {
  func printVectorSelection(_ operators: [OperatorRow], to output: inout Output) throws {
    var index: [String: Int] = [:]
    for (row, op) in operators.enumerated() { index[op.caseName] = row }
    func list(_ name: String, _ comment: String, _ values: [Int?], columns: Int) -> String {
      var text = "/// \(comment)\nlet \(name): [UInt16] = [\n"
      for start in stride(from: 0, to: values.count, by: columns) {
        text +=
          "  " + values[start..<min(start + columns, values.count)].map { "\($0 ?? 65535)" }.joined(separator: ", ")
          + ",\n"
      }
      return text + "]\n\n"
    }
    var addresses = [Int?](repeating: nil, count: 14 * 2 * 2)
    for entry in vectorAddresses {
      addresses[(entry.access * 2 + (entry.mode == .plus ? 0 : 1)) * 2 + entry.form] = entry.row
    }
    var text = list(
      "vectorAddressTable",
      "Vector accesses by code, mode (sum with a constant, of two), and form: loads without a destination, stores from the accumulator.",
      addresses, columns: 4)
    var loaded = [Int?](repeating: nil, count: operators.count * 4)
    for entry in loadedOperands { loaded[index[entry.operator]! * 4 + entry.form] = entry.row }
    text += list(
      "loadedOperandTable",
      "Operators whose last operand is loaded, by operator row: the other one in a slot or held, each with and without storing.",
      loaded, columns: 4)
    text += list(
      "vectorPairTable",
      "Two operators: their rows, the generator's `VectorPair.Kind`, and the operations in six forms.",
      vectorPairs.flatMap { [index[$0.first]!, index[$0.second]!, $0.kind.rawValue] + $0.rows }, columns: 9)
    text += list(
      "loadedProductTable",
      "Sums with a product of which a factor is loaded: the rows of both operators, and the operations, by whether the other is held.",
      loadedProducts.flatMap { [index[$0.first]!, index[$0.second]!] + $0.rows }, columns: 4)
    text += list(
      "vectorBranchTable",
      "Branches on vectors: the operator's row, and the operations where it gives 0 and where not, by form and check.",
      vectorBranches.flatMap { [index[$0.operator]!] + $0.rows }, columns: 9)
    try output.emit("Sources/Compiler/Generated/VectorSelection.swift", from: "the operation table", text)
  }
}
