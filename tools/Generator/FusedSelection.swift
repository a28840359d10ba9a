// Prints the tables by which the compiler finds superinstructions.

extension OperationTable {
  func printFusedSelection(to output: inout Output) throws {
    func list(_ name: String, _ comment: String, count: Int, _ entries: [(index: Int, row: Int)]) -> String {
      var values = [UInt16](repeating: .max, count: count)
      for entry in entries { values[entry.index] = UInt16(entry.row) }
      var text = "/// \(comment)\nlet \(name): [UInt16] = [\n"
      for start in stride(from: 0, to: count, by: 20) {
        text += "  " + values[start..<min(start + 20, count)].map { "\($0)" }.joined(separator: ", ") + ",\n"
      }
      return text + "]\n\n"
    }
    func pairOperator(_ name: String) -> Int { pairOperators.firstIndex(of: name)! }
    let types = Scalar.allCases
    var text = list(
      "pairTable",
      "Two operators: type, shape, first, second, form (4), whether nothing is stored; 65535 where there is none.",
      count: 4 * 4 * 10 * 11 * 8,
      pairs.map { pair in
        let operators =
          ((types.firstIndex(of: pair.type)! * 4 + pair.shape.rawValue) * 10 + pairOperator(pair.first)) * 11
          + pairOperator(pair.second)
        return ((operators * 4 + pair.form) * 2 + (pair.stores ? 0 : 1), pair.row)
      })
    text += list(
      "wordImmediateTable",
      "Operators on i64 with a 64-bit constant: operator, whether it reads the accumulator, whether nothing is stored.",
      count: 10 * 4,
      wordImmediates.map {
        (pairOperator($0.operator) * 4 + ($0.fromAccumulator ? 2 : 0) + ($0.stores ? 0 : 1), $0.row)
      })
    text += list(
      "leftImmediateTable",
      "Operators with a constant on the left: type (2), operator, accumulator, whether nothing is stored.",
      count: 2 * 10 * 4,
      leftImmediates.map {
        (
          (types.firstIndex(of: $0.type)! * 10 + pairOperator($0.operator)) * 4 + ($0.fromAccumulator ? 2 : 0)
            + ($0.stores ? 0 : 1), $0.row
        )
      })
    text += list(
      "addressModeTable", "Accesses with arithmetic in the address: 64-bit addresses, access, mode, form (9).",
      count: 2 * 23 * 6 * 9,
      addressModes.map { ((((($0.wide ? 23 : 0) + $0.access) * 6) + $0.mode.rawValue) * 9 + $0.form, $0.row) })
    text += list(
      "loadOperationTable", "Loads with an operator: access, operator, form (3), whether nothing is stored.",
      count: 14 * 11 * 6,
      loadOperations.map {
        (($0.access * 11 + pairOperator($0.second)) * 6 + $0.form * 2 + ($0.stores ? 0 : 1), $0.row)
      })
    text += list(
      "returningTable", "Operations that leave a result in the accumulator, and behind each the one that returns it.",
      count: 2 * returning.count,
      returning.enumerated().flatMap { index, pair in [(2 * index, pair.from), (2 * index + 1, pair.to)] })
    let sizes: [FusedBranchTable: Int] = [
      .step: 4 * 10 * 3, .test: 4 * 4 * 2, .load: comparedLoads.count * 10 * 24, .doubleStep: 4 * 10 * 3,
    ]
    let comments: [FusedBranchTable: String] = [
      .step: "A loop's step and test: type, whether the step is variable, condition, form of the bound (3).",
      .doubleStep: "An addition and a loop's step: as for steps.",
      .test: "Tests of bits: type, condition, form (4), check.",
      .load: "Comparisons of loaded values: load, condition, kind of operand (4), kind of address (3), check.",
    ]
    for table in FusedBranchTable.allCases {
      text += list(
        "\(table)BranchTable", comments[table]!, count: sizes[table]!,
        fusedBranches.filter { $0.table == table }.map { ($0.index, $0.row) })
    }
    try output.emit("Sources/Compiler/Generated/FusedSelection.swift", from: "the operation table", text)
  }
}
