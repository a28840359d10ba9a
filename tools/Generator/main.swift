// The generator: turns the tables into Swift sources. Run from the package's root: `swift run Generator`.
// With `--check` it writes nothing and fails if a committed file differs from what it would write.

import Foundation

var output = Output(check: CommandLine.arguments.contains("--check"))
let operators = parseOperatorTable(operatorTable)
try printOpcodes(operators, to: &output)
try printScalarEvaluation(operators, to: &output)
try printOperationFacts(operators, to: &output)
try printSystemCalls(to: &output)

var operations = OperationTable()
operations.addControl()
operations.addScalars(operators)
operations.addMemory(operators)
operations.addVectors(operators)
operations.addFusedArithmetic()
operations.addFusedMemory()
operations.addFusedBranches()
operations.addAddressedVectors(operators)
operations.addFusedVectors()
try operations.printEnumeration(to: &output)
try operations.printSelection(operators, to: &output)
try operations.printVectorSelection(operators, to: &output)
try operations.printFusedSelection(to: &output)
try operations.printHandlers(to: &output)

if !output.stale.isEmpty {
  let list = output.stale.joined(separator: ", ")
  FileHandle.standardError.write(Data("out of date, run `swift run Generator`: \(list)\n".utf8))
  exit(1)
}
