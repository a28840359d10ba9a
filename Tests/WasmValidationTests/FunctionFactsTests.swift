import Testing
import WasmBinary
import WasmValidation
import WebAssembly

private struct Case: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var code: [UInt8]
  var locals: [LocalDeclarations.Run] = []
  /// Local slots, operand slots, control depth, operators.
  var want: [UInt32]

  init(_ name: String, _ code: [UInt8], locals: [LocalDeclarations.Run] = [], want: [UInt32]) {
    testDescription = name
    self.code = code
    self.locals = locals
    self.want = want
  }
}

private let cases: [Case] = [
  Case("empty", [0x0B], want: [0, 0, 1, 1]),
  Case("one constant", [0x41, 0, 0x1A, 0x0B], want: [0, 1, 1, 3]),
  Case("three constants", [0x41, 0, 0x42, 0, 0x41, 0, 0x1A, 0x1A, 0x1A, 0x0B], want: [0, 3, 1, 7]),
  Case("nested blocks", [0x02, 0x40, 0x02, 0x40, 0x0B, 0x0B, 0x0B], want: [0, 0, 3, 5]),
  Case(
    "locals", [0x0B], locals: [.init(count: 3, type: .i32), .init(count: 2, type: .v128)], want: [7, 0, 1, 1]),
  Case("a vector and a number", [0x41, 0, 0xFD, 0x0F, 0x41, 0, 0x1A, 0x1A, 0x0B], want: [0, 3, 1, 6]),
  Case("vector results of a block", [0x02, 0x7B, 0x41, 0, 0xFD, 0x0F, 0x0B, 0x1A, 0x0B], want: [0, 2, 2, 6]),
  Case("unreachable code", [0x00, 0x41, 0, 0x41, 0, 0x6A, 0x6A, 0x1A, 0x0B], want: [0, 2, 1, 7]),
  Case("a vector left behind by a branch", [0x41, 0, 0xFD, 0x0F, 0x0C, 0, 0x41, 0, 0x1A, 0x0B], want: [0, 2, 1, 6]),
]

@Suite struct FunctionFactsTests {
  /// Heights, depths and counts of bodies, as written down by hand.
  @Test(arguments: cases)
  private func facts(_ item: Case) throws {
    let facts = try TestModule(locals: item.locals, code: item.code).validate().functions[0]
    let got = [facts.localSlots, facts.maximumOperandSlots, facts.maximumControlDepth, facts.operatorCount]
    #expect(got == item.want)
  }
}
