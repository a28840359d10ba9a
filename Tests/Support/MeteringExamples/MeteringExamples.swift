// The worked examples of the metering rules (metering.md, section 11) as modules with what they must cost: the engine
// and the oracle are both held to them.

import WebAssembly

/// A module whose export `f` costs a known number of instructions.
public struct MeteringExample: Sendable, CustomStringConvertible {
  /// The example's number in the rules.
  public var number: Int
  /// The module, as text.
  public var module: String
  public var limit: Int64
  public var executed: UInt64
  /// What the exported global `g` holds afterwards; nil where the module has none.
  public var global: UInt64?
  public var trap: TrapKind?
  public var description: String { "example \(number), limit \(limit)" }

  init(number: Int, body: String, limit: Int64, executed: UInt64, global: UInt64, trap: TrapKind? = nil) {
    self.number = number
    module = "(module (global (export \"g\") (mut i64) (i64.const 0)) (func (export \"f\") (local i32) \(body)))"
    self.limit = limit
    self.executed = executed
    self.global = global
    self.trap = trap
  }

  init(number: Int, module: String, executed: UInt64) {
    self.number = number
    self.module = module
    limit = 10_000
    self.executed = executed
  }
}

/// A function that reads the global, adds 1 to it `count` times, and writes it back: costs 2 × count + 4.
private func adds(_ count: Int) -> String {
  "(global.get 0) " + String(repeating: "(i64.const 1) (i64.add) ", count: count) + "(global.set 0) "
}

private let loop = """
  \(adds(5)) (loop \(adds(10)) (local.set 0 (i32.add (local.get 0) (i32.const 1)))
    (br_if 0 (i32.lt_u (local.get 0) (i32.const 5))) \(adds(20))) \(adds(30))
  """

public let meteringExamples: [MeteringExample] = [
  MeteringExample(number: 1, body: adds(10), limit: 1000, executed: 25, global: 10),
  MeteringExample(number: 1, body: adds(10), limit: 25, executed: 25, global: 10),
  MeteringExample(number: 1, body: adds(10), limit: 24, executed: 25, global: 0, trap: .outOfInstructions),
  MeteringExample(number: 2, body: adds(10) + "return " + adds(10), limit: 30, executed: 26, global: 10),
  MeteringExample(
    number: 2, body: adds(10) + "return " + adds(10), limit: 25, executed: 26, global: 0, trap: .outOfInstructions),
  MeteringExample(
    number: 3, body: adds(10) + "unreachable " + adds(10), limit: 30, executed: 26, global: 10, trap: .unreachable),
  MeteringExample(number: 4, body: "(block \(adds(10)))", limit: 30, executed: 25, global: 10),
  MeteringExample(
    number: 5, body: adds(10) + "(block \(adds(100)) (block (br 1)) \(adds(50)))" + adds(10), limit: 1000,
    executed: 255, global: 120),
  MeteringExample(
    number: 6, body: adds(10) + "(block \(adds(100)) (block (return)) \(adds(50)))" + adds(10), limit: 1000,
    executed: 230, global: 110),
  MeteringExample(
    number: 7, body: adds(5) + "(if (i32.const 0) (then \(adds(10))) (else \(adds(20))))" + adds(30), limit: 100,
    executed: 126, global: 55),
  MeteringExample(
    number: 8, body: adds(5) + "(if (i32.const 1) (then \(adds(10)) (return)) (else \(adds(20))))" + adds(30),
    limit: 1000, executed: 43, global: 15),
  MeteringExample(number: 9, body: loop, limit: 1000, executed: 288, global: 105),
  // With `local.tee` in place of `local.set` and `local.get`, each iteration costs one less.
  MeteringExample(
    number: 9,
    body: loop.replacing(
      "(local.set 0 (i32.add (local.get 0) (i32.const 1)))\n  (br_if 0 (i32.lt_u (local.get 0) (i32.const 5)))",
      with: "(br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 5)))"),
    limit: 1000, executed: 283, global: 105),
  arithmetic(memory: ""), arithmetic(memory: "(memory i64 1)"),
  accesses(address: "i32", executed: 10), accesses(address: "i64", executed: 13),
]

private func arithmetic(memory: String) -> MeteringExample {
  let operators = ["add", "sub", "mul", "div_s", "rem_s", "and", "or"]
    .map { "(drop (i64.\($0) (i64.const 7) (i64.const 3)))" }
  return MeteringExample(
    number: 18, module: "(module \(memory) (func (export \"f\") \(operators.joined(separator: " "))))", executed: 47)
}

private func accesses(address: String, executed: UInt64) -> MeteringExample {
  MeteringExample(
    number: 19,
    module: """
      (module (memory \(address) 1) (func (export "f")
        (i64.store (\(address).const 0) (i64.const 1)) (i64.store (\(address).const 4096) (i64.const 2))
        (drop (i64.load (\(address).const 0)))))
      """, executed: executed)
}
