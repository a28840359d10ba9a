// Where the frontend puts charges: the unit charges that the metering rules list as conformance cases (metering.md,
// section 11), and agreement with the reference's units on the functions of the core suite.

import Compiler
import Foundation
import ReferenceInterpreter
import Testing
import WasmText
import WebAssembly

/// The charges of a function's IR in order, as the metering rules write them: `R` with a check, `n` without; `D` a length.
private func charges(_ function: borrowing IRFunction) -> [String] {
  var list: [String] = []
  for block in 0..<function.blocks.count {
    for index in function.nodeRange(of: block) {
      let node = function.nodes[index]
      if node.operation == .charge { list.append("\(node.imm)" + (node.flags & NodeFlags.check != 0 ? "R" : "n")) }
      if node.operation == .chargeDynamic { list.append("D") }
    }
  }
  return list
}

@Suite struct MeteringTests {
  @Test(arguments: [
    ("basic", "(func (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))", "4R"),
    ("simple_loop", "(func (loop (br 0)))", "1R 2R"),
    ("start", "(func)", "1R"),
    ("memory_fill", "(memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 16)))", "104R D"),
    ("memory_grow", "(memory 1) (func (param i32) (result i32) (memory.grow (local.get 0)))", "302R"),
    (
      "fac",
      """
      (func (param i64) (result i64) (if (result i64) (i64.lt_s (local.get 0) (i64.const 1)) (then (i64.const 1))
        (else (i64.mul (local.get 0) (call 0 (i64.sub (local.get 0) (i64.const 1)))))))
      """, "6R 1n 10n"
    ),
    (
      "recursive",
      """
      (func (param i64) (result i64) (local.set 0 (i64.add (local.get 0) (local.get 0)))
        (if (result i64) (i64.lt_s (local.get 0) (i64.const 1)) (then (i64.const 1))
          (else (i64.mul (local.get 0) (call 0 (i64.sub (local.get 0) (i64.const 1)))))))
      """, "10R 1n 10n"
    ),
    (
      "control_flow (loop)",
      """
      (import "m" "f" (func (param i32)))
      (func (local i32) (local.set 0 (i32.const 0))
        (block (loop (br_if 1 (i32.eq (local.get 0) (i32.const 10))) (call 0 (local.get 0))
          (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br 0))))
      """, "3R 5R 12n"
    ),
    (
      "control_flow (if_then_else)",
      """
      (import "m" "f" (func (param i32)))
      (func (param i64) (if (i64.eq (local.get 0) (i64.const 1)) (then (call 0 (i32.const 1)))
        (else (call 0 (i32.const 2)))))
      """, "6R 6n 6n"
    ),
    ("return ends a unit", "(func (result i32) (return (i32.const 1)) (i32.const 2))", "3R"),
    ("loop without cost", "(func (loop))", "1R 0R"),
    ("after a loop", "(func (loop) (nop))", "1R 0R 1n"),
    ("block does not end a unit", "(func (nop) (block (nop)) (nop))", "3R 1n"),
    ("64-bit memory", "(memory i64 1) (func (drop (i32.load (i64.const 0))))", "5R"),
  ])
  func unitCharges(name: String, fields: String, want: String) throws {
    let context = FrontendContext(module: try module("(module \(fields))"), policy: .icp)
    let function = try buildIR(context, functionIndex: 0)
    #expect(charges(function).joined(separator: " ") == want, "\(name)")
  }

  @Test func noPolicyPollsOnly() throws {
    let text =
      "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 1)) (loop (br_if 0 (i32.const 0)))))"
    let function = try buildIR(FrontendContext(module: try module(text), policy: .none), functionIndex: 0)
    #expect(charges(function) == ["0R", "0R"])
  }

  @Test func bulkOperatorsAreCheckPointsOnlyIfTheirLengthIsCharged() throws {
    let text = "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 1))))"
    let function = try buildIR(FrontendContext(module: try module(text), policy: .operators), functionIndex: 0)
    #expect(charges(function) == ["4R"])
  }

  /// The reference lists units of dead code too: the IR's charges are the list with some left out.
  @Test func agreesWithReferenceUnits() throws {
    var compared = 0
    var equal = 0
    for file in suiteFiles {
      guard let script = try? Script(parsing: [UInt8](try Data(contentsOf: file))) else { continue }
      for command in script.commands {
        guard case .module(let source) = command.kind, let bytes = try? source.bytes(),
          let module = validModule(bytes), let pair = try? MachinePair(module, IRConfiguration.all[0])
        else { continue }
        let context = FrontendContext(module: module, policy: .icp)
        var builder = FunctionBuilder(context)
        for index in 0..<module.functions.count {
          guard let function = try? builder.build(functionIndex: index),
            let units = try? pair.instance.chargeUnits(function.index)
          else { continue }
          let want = units.map { "\($0.cost)" + ($0.isReentrant ? "R" : "n") }
          var rest = want[...]
          let got = charges(function).filter { $0 != "D" }
          for charge in got {
            guard let found = rest.firstIndex(of: charge) else {
              Issue.record("\(file.lastPathComponent):\(command.line): function \(index): \(got) is not in \(want)")
              break
            }
            rest = rest[(found + 1)...]
          }
          compared += 1
          if got.count == want.count { equal += 1 }
        }
      }
    }
    #expect(
      suiteFiles.isEmpty || compared > 5_000 && equal > compared / 2,
      "\(compared) functions, \(equal) without dead code")
  }
}
