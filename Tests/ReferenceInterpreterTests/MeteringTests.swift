// The worked examples and the static unit charges that the metering rules give as conformance cases: metering.md,
// section 11, and the rules of sections 1 and 4 that the examples leave out.

import MeteringExamples
import ReferenceInterpreter
import Testing
import WebAssembly

/// Example 9 of the rules.
private let loopExample = meteringExamples.first { $0.number == 9 }!.module

@Suite struct MeteringExampleTests {
  @Test(arguments: meteringExamples)
  func example(_ example: MeteringExample) throws {
    let store = OracleStore(policy: .icp)
    let instance = try store.instantiate(example.module)
    let outcome = try instance.call(store, "f", limit: example.limit)
    #expect(outcome == Outcome(trap: example.trap, executed: example.executed))
    if let global = example.global { #expect(instance.global("g") == .i64(global)) }
  }
}

private struct Snapshot: CustomTestStringConvertible {
  var name: String
  /// The module's fields; the function in question is the first that it defines.
  var fields: String
  /// Units in order of code: `R` reentrant, `n` not.
  var charges: String
  var testDescription: String { name }
}

private let snapshots: [Snapshot] = [
  Snapshot(
    name: "basic (addTwo)",
    fields: "(func (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))", charges: "4R"),
  Snapshot(
    name: "basic_import_call (addTwo)",
    fields: """
      (import "ic0" "msg_cycles_accept" (func (param i64) (result i64)))
      (func (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)) (drop (call 0 (i64.const 0))))
      """, charges: "11R"),
  Snapshot(
    name: "fac",
    fields: """
      (func (param i64) (result i64) (if (result i64) (i64.lt_s (local.get 0) (i64.const 1)) (then (i64.const 1))
        (else (i64.mul (local.get 0) (call 0 (i64.sub (local.get 0) (i64.const 1)))))))
      """, charges: "6R 1n 10n"),
  Snapshot(
    name: "recursive (fac)",
    fields: """
      (func (param i64) (result i64) (local.set 0 (i64.add (local.get 0) (local.get 0)))
        (if (result i64) (i64.lt_s (local.get 0) (i64.const 1)) (then (i64.const 1))
          (else (i64.mul (local.get 0) (call 0 (i64.sub (local.get 0) (i64.const 1)))))))
      """, charges: "10R 1n 10n"),
  Snapshot(name: "simple_loop", fields: "(func (loop (br 0)))", charges: "1R 2R"),
  Snapshot(name: "start (empty)", fields: "(func)", charges: "1R"),
  Snapshot(name: "start (constant)", fields: "(func (drop (i32.const 0)))", charges: "3R"),
  Snapshot(
    name: "memory_fill", fields: "(memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 16)))",
    charges: "104R"),
  Snapshot(
    name: "memory_grow", fields: "(memory 1) (func (param i32) (result i32) (memory.grow (local.get 0)))",
    charges: "302R"),
  Snapshot(name: "element (constant)", fields: "(func (result i32) (i32.const 7))", charges: "2R"),
  Snapshot(
    name: "element (call)", fields: "(import \"m\" \"f\" (func (param i32))) (func (call 0 (i32.const 1)))",
    charges: "7R"),
  Snapshot(
    name: "control_flow (loop)",
    fields: """
      (import "m" "f" (func (param i32)))
      (func (local i32) (local.set 0 (i32.const 0))
        (block (loop (br_if 1 (i32.eq (local.get 0) (i32.const 10))) (call 0 (local.get 0))
          (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br 0))))
      """, charges: "3R 5R 12n"),
  Snapshot(
    name: "control_flow (countTo)",
    fields: """
      (import "m" "f" (func (param i32)))
      (func (param i32) (local i32) (local.set 1 (i32.const 0))
        (loop (call 0 (local.get 1)) (local.set 1 (i32.add (local.get 1) (i32.const 1)))
          (br_if 0 (i32.ne (local.get 0) (local.get 1)))))
      """, charges: "3R 15R"),
  Snapshot(
    name: "control_flow (if_then_else)",
    fields: """
      (import "m" "f" (func (param i32)))
      (func (param i64) (if (i64.eq (local.get 0) (i64.const 1)) (then (call 0 (i32.const 1)))
        (else (call 0 (i32.const 2)))))
      """, charges: "6R 6n 6n"),
]

@Suite struct MeteringUnitTests {
  @Test(arguments: snapshots)
  private func snapshot(_ snapshot: Snapshot) throws {
    let store = OracleStore(policy: .icp)
    let instance = try store.instantiate("(module \(snapshot.fields))")
    let units = try instance.chargeUnits(UInt32(instance.module.imports.count))
    #expect(units.map { "\($0.cost)\($0.isReentrant ? "R" : "n")" }.joined(separator: " ") == snapshot.charges)
  }

  @Test(arguments: 0..<10)
  func factorial(_ n: UInt64) throws {
    let store = OracleStore(policy: .icp)
    let fields = snapshots[2].fields.replacing("(func (param", with: "(func (export \"fac\") (param")
    let outcome = try store.instantiate("(module \(fields))").call(store, "fac", [.i64(n)])
    #expect(outcome == Outcome(results: [.i64((1...max(n, 1)).reduce(1, *))], executed: 7 + 16 * n))
  }

  @Test func policyOperators() throws {
    let store = OracleStore(policy: .operators)
    let instance = try store.instantiate(loopExample)
    // 5 adds: 2 + 10; each iteration 2 + 20, 4 for the counter, 4 for the test; then 20 and 30 adds.
    #expect(try instance.call(store, "f") == Outcome(executed: 12 + 5 * 30 + 42 + 62))
    #expect(try instance.chargeUnits(0).map(\.cost) == [12, 30, 42, 62])
  }

  @Test func policyNone() throws {
    let store = OracleStore(policy: .none)
    let instance = try store.instantiate(loopExample)
    #expect(try instance.call(store, "f", limit: 1) == Outcome(executed: 0))
  }
}

@Suite struct MeteringDynamicTests {
  /// Straight-line: the unit's static charge (1 + 3 + 100) comes first, then the length.
  @Test func fill() throws {
    let store = OracleStore(policy: .icp)
    let instance = try store.instantiate(
      """
      (module (memory 1) (func (export "fill") (param i32) (memory.fill (i32.const 0) (i32.const 1) (local.get 0))))
      """)
    #expect(try instance.call(store, "fill", [.i32(16)], limit: 1000) == Outcome(executed: 120))
    #expect(try instance.call(store, "fill", [.i32(16)], limit: 120) == Outcome(executed: 120))
    #expect(
      try instance.call(store, "fill", [.i32(16)], limit: 119) == Outcome(trap: .outOfInstructions, executed: 120))
    // Charged before the bounds are checked, unsigned.
    #expect(
      try instance.call(store, "fill", [.i32(65537)], limit: 100_000)
        == Outcome(trap: .outOfBoundsMemoryAccess, executed: 65_641))
    #expect(
      try instance.call(store, "fill", [.i32(.max)], limit: 1_000_000)
        == Outcome(trap: .outOfInstructions, executed: 104 + 0xFFFF_FFFF))
  }

  /// Where a unit begins with a bulk operator, its length is charged before the unit: with 50 instructions left, a static
  /// charge of 100 and a length of 16, it ends at -66 and succeeds.
  @Test func unitBeginningWithABulkOperator() throws {
    let store = OracleStore(policy: .icp)
    let instance = try store.instantiate(
      """
      (module (memory 1)
        (func (export "f") (i32.const 0) (i32.const 0) (i32.const 16) (block (br 0)) (memory.fill)))
      """)
    // 1 + 3 + 2 before it, then 16 + 100.
    #expect(try instance.call(store, "f", limit: 56) == Outcome(executed: 122))
    #expect(try instance.call(store, "f", limit: 22) == Outcome(executed: 122))
    #expect(try instance.call(store, "f", limit: 21) == Outcome(trap: .outOfInstructions, executed: 22))
  }

  @Test func lengthsOfAllBulkOperators() throws {
    let store = OracleStore(policy: .icp)
    let instance = try store.instantiate(
      """
      (module (memory i64 1) (memory 1) (table 10 funcref) (table i64 10 funcref)
        (data "0123456789") (elem func 0)
        (func)
        (func (export "copy") (memory.copy (i64.const 0) (i64.const 8) (i64.const 5)))
        (func (export "mixed") (memory.copy 0 1 (i64.const 0) (i32.const 8) (i32.const 6)))
        (func (export "init") (memory.init 0 (i64.const 0) (i32.const 0) (i32.const 7)))
        (func (export "tinit") (table.init 0 0 (i32.const 0) (i32.const 0) (i32.const 1)))
        (func (export "tcopy") (table.copy 1 1 (i64.const 0) (i64.const 3) (i64.const 4)))
        (func (export "tfill") (table.fill 0 (i32.const 0) (ref.null func) (i32.const 9)))
        (func (export "none") (drop (memory.grow (i64.const 0))) (data.drop 0) (elem.drop 0)))
      """)
    for (name, length) in [("copy", 5), ("mixed", 6), ("init", 7), ("tinit", 1), ("tcopy", 4), ("tfill", 9)] {
      #expect(try instance.call(store, name) == Outcome(executed: 104 + UInt64(length)), "\(name)")
    }
    #expect(try instance.call(store, "none") == Outcome(executed: 1 + 1 + 300 + 1 + 300 + 300))
  }

  /// A length that would take the counter below the least i64 takes it there.
  @Test func underflow() throws {
    let store = OracleStore(policy: .icp)
    let instance = try store.instantiate(
      """
      (module (memory i64 1) (func (export "f") (memory.fill (i64.const 0) (i32.const 0) (i64.const -1))))
      """)
    let outcome = try instance.call(store, "f", limit: 1000)
    #expect(outcome == Outcome(trap: .outOfInstructions, executed: 1000 + 1 << 63))
  }
}

@Suite struct MeteringSliceTests {
  private static let text = """
    (module (func (export "f") (param i32) (result i32) (local i32)
      (loop (local.set 1 (i32.add (local.get 1) (local.get 0)))
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get 1)))
    """

  /// Each slice begins with its limit anew; the overrun of the slice before is not taken from it.
  @Test func slicesAddUp() throws {
    let store = OracleStore(policy: .icp)
    let instance = try store.instantiate(MeteringSliceTests.text)
    let whole = try instance.call(store, "f", [.i32(100)])
    #expect(whole == Outcome(results: [.i32(5050)], executed: 1 + 100 * 10 + 1))
    var overruns: [UInt64] = []
    store.nextSlice = { overrun in
      overruns.append(overrun)
      return 95
    }
    let sliced = try instance.call(store, "f", [.i32(100)], limit: 95)
    #expect(sliced == whole)
    #expect(overruns == [6, 5, 5, 5, 5, 5, 5, 5, 5, 5])
    store.nextSlice = nil
    #expect(try instance.call(store, "f", [.i32(100)], limit: 95) == Outcome(trap: .outOfInstructions, executed: 101))
  }

  /// A host call is a check point, and sees the static charge of the unit it is in.
  @Test func hostCalls() throws {
    let store = OracleStore(policy: .icp)
    let text = """
      (module (import "m" "f" (func)) (func (export "f") (if (i32.const 1) (then (call 0) (drop (i32.const 1))))))
      """
    var seen: [UInt64] = []
    let instance = try store.instantiate(try module(text)) { _ in
      .function(
        store.hostFunction(FunctionType(parameters: [], results: [])) { caller, _ in
          seen.append(caller.store.executed)
          try caller.store.charge(500)
          return []
        })
    }
    #expect(try instance.call(store, "f", limit: 1000) == Outcome(executed: 511))
    #expect(try instance.call(store, "f", limit: 100) == Outcome(trap: .outOfInstructions, executed: 511))
    #expect(seen == [11, 11])
    #expect(try instance.call(store, "f", limit: 10) == Outcome(trap: .outOfInstructions, executed: 11))
    #expect(seen == [11, 11])
  }
}
