// The passes on IR that is stated as text: charge placement, dead code, and what simplification must leave alone.

import Compiler
import ReferenceInterpreter
import Testing
import WebAssembly

/// The IR of `body` (blocks of a function with parameters i32, i32 and no results) after all passes.
private func optimised(_ body: String, fields: String = "(memory 1)") throws -> String {
  let context = FrontendContext(module: try module("(module \(fields))"), policy: .icp)
  var function = try parseIR("function 0 (i32, i32) -> () frame 6\n" + body)
  #expect(verifyIR(function).isEmpty)
  var optimizer = Optimizer(context, options: CompilerOptions(verifiesIR: true))
  try optimizer.run(&function)
  // Without the header and the indentation.
  return printIR(function).split(separator: "\n").dropFirst().map { $0.trimmingPrefix { $0 == " " } }
    .joined(separator: "\n")
}

private struct PassCase: CustomTestStringConvertible, Sendable {
  var name: String
  var body: String
  var want: String
  var testDescription: String { name }
}

private let cases: [PassCase] = [
  PassCase(
    name: "charges join",
    body: """
      block0:
        charge.check 1
        v0: i32 = argument 0
        charge 3
        v1: i32 = i32.add v0, v0
        global.set v1 global=0
        charge 4
        return
      """,
    want: """
      block0:
      charge.check 1
      v0: i32 = argument 0
      charge 7
      v1: i32 = i32.add v0, v0
      global.set v1 global=0
      return
      """),
  PassCase(
    name: "a trap keeps charges apart",
    body: """
      block0:
        charge.check 1
        v0: i32 = argument 0
        charge 3
        v1: i32 = i32.load v0
        charge 4
        return
      """,
    want: """
      block0:
      charge.check 1
      v0: i32 = argument 0
      charge 3
      v1: i32 = i32.load v0
      charge 4
      return
      """),
  PassCase(
    name: "a division that cannot trap does not",
    body: """
      block0:
        charge.check 1
        v0: i32 = argument 0
        v1: i32 = i32.const 10
        charge 3
        v2: i32 = i32.rem_s v0, v1
        charge 4
        global.set v2 global=0
        return
      """,
    want: """
      block0:
      charge.check 1
      v0: i32 = argument 0
      v1: i32 = i32.const 10
      charge 7
      v2: i32 = i32.rem_s v0, v1
      global.set v2 global=0
      return
      """),
  PassCase(
    name: "a charge moves down into a check point, none up into it",
    body: """
      block0:
        charge.check 1
        charge 2
        charge.check 3
        charge 4
        return
      """,
    want: """
      block0:
      charge.check 1
      charge.check 5
      charge 4
      return
      """),
  PassCase(
    name: "a length keeps charges apart",
    body: """
      block0:
        charge.check 1
        v0: i32 = argument 0
        charge 2
        charge.dynamic v0
        charge 3
        return
      """,
    want: """
      block0:
      charge.check 1
      v0: i32 = argument 0
      charge 2
      charge.dynamic v0
      charge 3
      return
      """),
  PassCase(
    name: "parameters that only need each other go",
    body: """
      block0:
        charge.check 1
        v0: i32 = argument 0
        v1: i32 = argument 1
        jump block1(v0, v1, v0)
      block1(v2: i32, v3: i32, v4: i32):
        charge.check 1
        v5: i32 = i32.add v2, v3
        branch v4, block1(v5, v2, v4), block2
      block2:
        return
      """,
    want: """
      block0:
      charge.check 1
      v0: i32 = argument 0
      jump block1
      block1:                                             ; loop to block1
      charge.check 1
      branch v0, block1, block2
      block2:
      return
      """),
  PassCase(
    name: "a negated condition exchanges the arms",
    body: """
      block0:
        charge.check 1
        v0: i32 = argument 0
        v1: i32 = i32.eqz v0
        v2: i32 = i32.eqz v1
        v3: i32 = i32.eqz v2
        branch v3, block1, block2
      block1:
        charge 1
        return
      block2:
        charge 2
        return
      """,
    want: """
      block0:
      charge.check 1
      v0: i32 = argument 0
      branch v0, block2, block1
      block1:
      charge 1
      return
      block2:
      charge 2
      return
      """),
  PassCase(
    name: "a switch on a constant, and what it does not reach",
    body: """
      block0:
        charge.check 1
        v0: i32 = i32.const 1
        switch v0, [block1, block2, block1]
      block1:
        charge 1
        jump block3
      block2:
        charge 2
        jump block3
      block3:
        charge 3
        return
      """,
    want: """
      block0:
      charge.check 1
      charge 5
      return
      """),
  PassCase(
    name: "values of one arm are not available in the other",
    body: """
      block0:
        charge.check 1
        v0: i32 = argument 0
        v1: i32 = argument 1
        branch v0, block1, block2
      block1:
        v2: i32 = i32.add v0, v1
        jump block3(v2)
      block2:
        v3: i32 = i32.add v0, v1
        jump block3(v3)
      block3(v4: i32):
        global.set v4 global=0
        return
      """,
    want: """
      block0:
      charge.check 1
      v0: i32 = argument 0
      v1: i32 = argument 1
      branch v0, block1, block2
      block1:
      v2: i32 = i32.add v0, v1
      jump block3(v2)
      block2:
      v3: i32 = i32.add v0, v1
      jump block3(v3)
      block3(v4: i32):
      global.set v4 global=0
      return
      """),
  PassCase(
    name: "an edge that decides a test goes on, and charges for both",
    body: """
      block0:
        charge.check 1
        v0: i32 = argument 0
        v1: i32 = argument 1
        v2: i32 = i32.const 0
        branch v0, block1, block2(v2)
      block1:
        charge 2
        v3: i32 = i32.load v1
        v4: i32 = i32.lt_s v3, v0
        jump block2(v4)
      block2(v5: i32):
        charge 3
        v6: i32 = i32.const 1
        v7: i32 = i32.and v5, v6
        branch v7, block3, block4
      block3:
        global.set v0 global=0
        jump block4
      block4:
        return
      """,
    want: """
      block0:
      charge.check 1
      v0: i32 = argument 0
      v1: i32 = argument 1
      branch v0, block2, block1
      block1:
      charge 3
      jump block4
      block2:
      charge 2
      v2: i32 = i32.load v1
      v3: i32 = i32.lt_s v2, v0
      charge 3
      branch v3, block3, block4
      block3:
      global.set v0 global=0
      jump block4
      block4:
      return
      """),
  PassCase(
    name: "a jump that decides a test",
    body: """
      block0:
        charge.check 1
        v0: i32 = argument 0
        v1: i32 = argument 1
        branch v0, block1, block2
      block1:
        v2: i32 = i32.const 7
        i32.store v1, v2
        jump block3(v2)
      block2:
        jump block3(v1)
      block3(v3: i32):
        charge 3
        v4: i32 = i32.const 7
        v5: i32 = i32.eq v3, v4
        branch v5, block4, block5
      block4:
        charge 4
        global.set v0 global=0
        return
      block5:
        charge 5
        return
      """,
    want: """
      block0:
      charge.check 1
      v0: i32 = argument 0
      v1: i32 = argument 1
      v2: i32 = i32.const 7
      branch v0, block1, block2
      block1:
      i32.store v1, v2
      charge 3
      jump block3
      block2:
      charge 3
      v3: i32 = i32.eq v1, v2
      branch v3, block3, block4
      block3:
      charge 4
      global.set v0 global=0
      return
      block4:
      charge 5
      return
      """),
  PassCase(
    name: "a test whose operand is used behind it, and one that checks",
    body: """
      block0:
        charge.check 1
        v0: i32 = argument 0
        v1: i32 = i32.const 0
        branch v0, block1, block2(v1)
      block1:
        global.set v0 global=0
        jump block2(v0)
      block2(v2: i32):
        charge 3
        branch v2, block3, block4
      block3:
        global.set v2 global=0
        jump block4
      block4:
        branch v0, block5, block6(v1)
      block5:
        global.set v0 global=0
        jump block6(v0)
      block6(v3: i32):
        charge.check 3
        branch v3, block7, block8
      block7:
        return
      block8:
        charge 2
        return
      """,
    want: """
      block0:
      charge.check 1
      v0: i32 = argument 0
      v1: i32 = i32.const 0
      branch v0, block1, block2(v1)
      block1:
      global.set v0 global=0
      jump block2(v0)
      block2(v2: i32):
      charge 3
      branch v2, block3, block4
      block3:
      global.set v2 global=0
      jump block4
      block4:
      branch v0, block5, block6(v1)
      block5:
      global.set v0 global=0
      jump block6(v0)
      block6(v3: i32):
      charge.check 3
      branch v3, block7, block8
      block7:
      return
      block8:
      charge 2
      return
      """),
]

@Suite struct PassTests {
  @Test(arguments: cases)
  private func pass(_ test: PassCase) throws {
    let got = try optimised(test.body, fields: "(memory 1) (global (mut i32) (i32.const 0))")
    #expect(got == test.want)
  }

  /// Each identity, on all pairs of operands from a list of edge cases, against the operator's meaning.
  @Test func identitiesAreExact() throws {
    let values: [Int64] = [
      0, 1, 2, 3, 7, 8, 31, 32, 63, 64, 255, 256, -1, -2, -8, .min, .max, 0x8000_0000, 0xFFFF_FFFF,
    ]
    let binary = [
      "add", "sub", "mul", "and", "or", "xor", "shl", "shr_s", "shr_u", "rotl", "rotr", "eq", "ne", "lt_s",
      "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u", "div_s", "div_u", "rem_s", "rem_u",
    ]
    for type in ["i32", "i64"] {
      for operation in binary {
        let isComparison = operation.count < 3 ? ["eq", "ne"].contains(operation) : operation.dropFirst(2).first == "_"
        let result = isComparison ? "i32" : type
        var functions = ""
        for value in values {
          let constant = type == "i32" ? "\(Int32(truncatingIfNeeded: value))" : "\(value)"
          for pattern in ["(\(type).const \(constant)) (local.get 0)", "(local.get 0) (\(type).const \(constant))"] {
            functions += "(func (export \"f\(functions.utf8.count)\") (param \(type)) (result \(result)) "
            functions += "(\(type).\(operation) \(pattern)))\n"
          }
        }
        functions += "(func (export \"same\") (param \(type)) (result \(result)) "
        functions += "(\(type).\(operation) (local.get 0) (local.get 0)))"
        let pair = try MachinePair(
          try module("(module \(functions))"), IRConfiguration(optimization: .full, policy: .icp))
        for export in pair.module.exports {
          for value in values {
            let argument: OracleValue =
              type == "i32" ? .i32(UInt32(truncatingIfNeeded: value)) : .i64(UInt64(bitPattern: value))
            let outcome = try #require(pair.invoke(export.name, [argument], limit: 1000))
            #expect(outcome.ir == outcome.oracle, "\(type).\(operation) \(export.name) \(value)")
          }
        }
      }
    }
  }
}
