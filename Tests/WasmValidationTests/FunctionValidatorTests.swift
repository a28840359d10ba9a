// The function validator as a component: step by step, and on several threads at once.

import Testing
import WasmBinary
import WasmText
import WasmValidation
import WebAssembly

@Suite struct FunctionValidatorTests {
  @Test func stateBetweenOperators() throws {
    let module = try module(
      """
      (module (func (param i32 f64) (result i64) (local v128 i64)
        (block (result i64) (i64.const 1) (br_if 0 (local.get 0)) (drop) (local.get 3) (br 1) (i32.const 0) (drop))))
      """)
    let context = try validateOutsideBodies(module, features: .wasm3)
    var validator = FunctionValidator(context)
    try validator.begin(0)
    #expect([0, 1, 2, 3].map { validator.local($0) } == [.i32, .f64, .v128, .i64])
    var log: [String] = []
    while validator.controlDepth > 0 {
      try validator.read()
      let operands = (0..<validator.operandCount).map { "\(validator.operand($0))" }.joined(separator: " ")
      let mark = validator.isUnreachable ? "!" : ""
      log.append("\(validator.instruction.opcode.mnemonic)\(mark) \(validator.controlDepth) [\(operands)]")
      if validator.instruction.opcode == .brIf {
        let label = validator.label(0)
        #expect(label.kind == .block)
        #expect(Array(label.branchTypes) == [.i64])
        #expect(label.parameters.isEmpty)
        #expect(label.height == 0)
        #expect(validator.label(1).kind == .function)
        #expect(Array(validator.label(1).results) == [.i64])
      }
      try validator.step()
    }
    #expect(
      log == [
        "block 1 []", "i64.const 2 []", "local.get 2 [i64]", "br_if 2 [i32 i64]", "drop 2 [i64]", "local.get 2 []",
        "br 2 [i64]", "i32.const! 2 []", "drop! 2 [i32]", "end! 2 []", "end 1 [i64]",
      ])
    #expect(validator.reader.isAtEnd)
    #expect(validator.facts == (try validate(module).functions[0]))
  }

  @Test func unreachableOperandsAreOpen() throws {
    let module = try module("(module (func (unreachable) (i32.const 0) (select) (drop)))")
    var validator = FunctionValidator(try validateOutsideBodies(module, features: .wasm3))
    try validator.begin(0)
    for _ in 0..<3 {
      try validator.read()
      if validator.instruction.opcode == .select {
        #expect([0, 1, 2].map { validator.operand($0) } == [.i32, .bottom, .bottom])
      }
      try validator.step()
    }
    #expect(validator.operand(0) == .bottom)
  }

  /// One context serves several threads, and bodies can be validated in any order.
  @Test func parallelBodies() async throws {
    let module = try module(moduleOfValidBodies)
    let want = try validate(module).functions
    let context = try validateOutsideBodies(module, features: .wasm3)
    let found = try await withThrowingTaskGroup(of: [(Int, FunctionFacts)].self) { group in
      for part in 0..<4 {
        group.addTask {
          var validator = FunctionValidator(context)
          var facts: [(Int, FunctionFacts)] = []
          for _ in 0..<20 {
            facts = []
            for index in module.bodies.indices.reversed() where index % 4 == part {
              facts.append((index, try validator.validateBody(index)))
            }
          }
          return facts
        }
      }
      var all: [FunctionFacts?] = Array(repeating: nil, count: want.count)
      for try await part in group { for (index, facts) in part { all[index] = facts } }
      return all.compactMap(\.self)
    }
    #expect(found == want)
    let info = ValidationInfo(context: context, functions: found)
    #expect(info.usedProposals == (try validate(module).usedProposals))
  }

  /// A validator goes on after an error.
  @Test func anErrorLeavesTheValidatorUsable() throws {
    var test = TestModule(code: [0x6A, 0x0B])
    test.functions.append(.init(type: 0, code: [0x41, 0, 0x1A, 0x0B]))
    var validator = FunctionValidator(try validateOutsideBodies(try test.decode(), features: .wasm3))
    var failed = false
    do { _ = try validator.validateBody(0) } catch { failed = true }
    #expect(failed)
    #expect(try validator.validateBody(1).operatorCount == 3)
  }

  @Test func bodiesEndWhereTheyEnd() {
    let cases: [(code: [UInt8], reason: ModuleErrorReason)] = [
      ([0x0B, 0x0B], .endOpcodeExpected), ([0x01], .unexpectedEndOfSection),
      ([0x02, 0x40, 0x0B], .unexpectedEndOfSection), ([0x05, 0x0B], .endOpcodeExpected),
      ([0xFF, 0x0B], .illegalOpcode),
      ([0x41, 0, 0x41, 0, 0x41, 0, 0xFC, 8, 0, 0, 0x0B], .dataCountMissing),
    ]
    for (code, reason) in cases {
      var test = TestModule(code: code)
      test.memories = [MemoryType(limits: Limits(minimum: 1))]
      let error = moduleError { () throws(ModuleError) in _ = try test.validate() }
      #expect(error?.reason == reason)
      #expect(error?.kind == .malformed)
      #expect(error?.function == 0)
      #expect(error?.section == .code)
    }
  }
}
