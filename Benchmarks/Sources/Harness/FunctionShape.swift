// Large functions for measuring how compilation grows with a function's size: each shape stresses another part of a
// compiler, and none but `mixed` is what a sensible program has. They are valid, and only compiled.

/// A kind of function that can be made in any size.
public enum FunctionShape: String, CaseIterable, Sendable {
  /// What a compiler makes of ordinary code: loads, arithmetic and stores, conditions, loops and calls.
  case mixed
  /// Operators on few locals, in one straight line.
  case arithmetic
  /// As many operands at once as there may be, then operators that take them away.
  case operands
  /// Tens of thousands of locals, in use across many short blocks.
  case locals
  /// Values of a thousand locals that meet behind each `if`.
  case merges
  /// Blocks inside each other, as deep as may be, with branches out of each.
  case blocks
  /// Loops inside each other, hundreds deep, which change many locals.
  case loops
  /// Conditions inside each other.
  case conditions
  /// Many `br_table`, each to sixty-four blocks, in which values of many locals meet.
  case switches
  /// One `br_table` with nothing but targets.
  case targets
  /// Blocks that take and give sixteen values, with branches that carry them.
  case values
  /// Direct and indirect calls.
  case calls
  /// Loads and stores.
  case memory
  /// Constants that are long in the input.
  case constants
  /// Operators on vectors.
  case vectors
  /// Code that can't be reached.
  case unreachable

  /// A module whose largest function has about so many bytes.
  public func module(bytes: Int) -> [UInt8] {
    var code = FunctionWriter()
    let locals = localCount(bytes)
    // What the locals hold is unknown, and all of it is used at the end: nothing can be left out.
    for local in 1...locals {
      code.put(.localGet, 0)
      load(&code, local * 16)
      code.put(.localSet, local)
    }
    while code.count < bytes { write(&code, bytes - code.count, locals) }
    for local in 1...locals {
      code.put(.localGet, 0)
      code.put(.localGet, local)
      store(&code, local * 16)
    }
    code.put(.localGet, 0)
    code.put(.i64ExtendU)
    return code.module(locals: locals, type: self == .vectors ? 0x7B : 0x7F)
  }

  private func load(_ code: inout FunctionWriter, _ offset: Int) {
    if self == .vectors { code.put(.vector, 0x00, 4, offset) } else { code.put(.i32Load, 2, offset) }
  }

  private func store(_ code: inout FunctionWriter, _ offset: Int) {
    if self == .vectors { code.put(.vector, 0x0B, 4, offset) } else { code.put(.i32Store, 2, offset) }
  }

  /// Locals beside the parameter: i32, or vectors.
  private func localCount(_ bytes: Int) -> Int {
    switch self {
    case .mixed: min(300, bytes / 50)
    case .locals: min(49_000, bytes / 50)
    case .merges: min(1_000, bytes / 50)
    case .loops, .switches: min(100, bytes / 50)
    default: 8
    }
  }

  /// Writes the next part: of `left` bytes at most where the shape is one piece, else of some hundred.
  private func write(_ code: inout FunctionWriter, _ left: Int, _ locals: Int) {
    func local() -> Int { 1 + code.random(locals) }
    switch self {
    case .mixed: writeOrdinaryCode(&code, locals)
    case .arithmetic:
      code.put(.localGet, local())
      code.put(.localGet, local())
      code.put([.i32Add, .i32Mul, .i32Or, .i32Rotl][code.random(4)])
      code.put(.localSet, local())
    case .operands:
      let count = min(max(left / 3, 2), 900_000)
      for _ in 0..<count { code.put(.localGet, local()) }
      for _ in 1..<count { code.put(.i32Add) }
      code.put(.localSet, local())
    case .locals:
      code.open(.block)
      code.put(.localGet, local())
      code.put(.brIf, 0)
      code.put(.localGet, local())
      code.put(.localGet, local())
      code.put(.i32Add)
      code.put(.localSet, local())
      code.put(.end)
    case .merges:
      code.put(.localGet, local())
      code.open(.if)
      code.put(.localGet, local())
      code.put(.localSet, local())
      code.put(.else)
      code.constant(Int32(code.random(1000)))
      code.put(.localSet, local())
      code.put(.end)
    case .blocks:
      let depth = min(max(left / 8, 1), 490_000)
      for _ in 0..<depth { code.open(.block) }
      for level in 0..<depth {
        code.put(.localGet, local())
        code.put(.brIf, code.random(depth - level))
        code.put(.end)
      }
    case .loops:
      let depth = min(max(left / 20, 1), 400)
      for _ in 0..<depth {
        code.open(.loop)
        code.put(.localGet, local())
        code.put(.localSet, local())
      }
      for _ in 0..<depth {
        code.put(.localGet, local())
        code.put(.localGet, local())
        code.put(.i32LtS)
        code.put(.brIf, 0)
        code.put(.end)
      }
    case .conditions:
      let depth = min(max(left / 12, 1), 200_000)
      for _ in 0..<depth {
        code.put(.localGet, local())
        code.open(.if)
      }
      for _ in 0..<depth {
        code.put(.localGet, local())
        code.put(.localSet, local())
        code.put(.else)
        code.constant(1)
        code.put(.localSet, local())
        code.put(.end)
      }
    case .switches:
      let targets = 64
      for _ in 0...targets { code.open(.block) }
      for _ in 0..<8 {
        code.open(.block)
        code.put(.localGet, local())
        code.put(.brIf, 0)
        code.put(.localGet, local())
        code.put(.localTee, local())
        code.put(.brTable, targets)
        for target in 0...targets { code.unsigned(1 + target) }
        code.put(.end)
        code.put(.localGet, local())
        code.put(.localSet, local())
      }
      for _ in 0...targets {
        code.put(.end)
        code.put(.localGet, local())
        code.put(.localGet, local())
        code.put(.i32Add)
        code.put(.localSet, local())
      }
    case .targets:
      let blocks = 100
      for _ in 0...blocks { code.open(.block) }
      code.put(.localGet, local())
      let count = max(left - 4 * blocks, 1)
      code.put(.brTable, count)
      for _ in 0...count { code.unsigned(code.random(blocks)) }
      for _ in 0...blocks { code.put(.end) }
    case .values:
      for _ in 0..<FunctionWriter.blockValues { code.put(.localGet, local()) }
      for _ in 0..<20 {
        // The type's index is a signed number here; it is a small one.
        code.put(.block, FunctionWriter.TypeIndex.values)
        code.put(.localGet, local())
        code.put(.i32Add)
        code.put(.localGet, local())
        code.put(.brIf, 0)
        code.put(.end)
      }
      for _ in 0..<FunctionWriter.blockValues { code.put(.localSet, local()) }
    case .calls:
      code.put(.localGet, local())
      code.put(.localGet, local())
      code.put(.call, FunctionWriter.callee)
      code.put(.localTee, local())
      code.put(.localGet, local())
      code.constant(0)
      code.put(.callIndirect, FunctionWriter.TypeIndex.callee, 0)
      code.put(.localSet, local())
    case .memory:
      code.put(.localGet, local())
      code.put(.localGet, local())
      code.put(.i32Load, 2, code.random(20_000))
      code.put(.i32Store, 2, code.random(20_000))
    case .constants:
      code.wideConstant(Int64.min + Int64(code.random(1 << 30)))
      code.wideConstant(Int64.min + Int64(code.random(1 << 30)))
      code.put(.i64Add)
      code.put(.i32Wrap)
      code.put(.localGet, local())
      code.put(.i32Xor)
      code.put(.localSet, local())
    case .vectors:
      code.put(.localGet, local())
      code.put(.localGet, local())
      // i32x4.add
      code.put(.vector, 0xAE)
      code.put(.localSet, local())
    case .unreachable:
      code.open(.block)
      code.put(.br, 0)
      for _ in 0..<20 {
        code.put(.i32Add)
        code.put(.localTee, local())
        code.put(.i32Eqz)
        code.put(.select)
        code.put(.drop)
      }
      code.put(.end)
    }
  }

  /// Writes a loop of about a hundred and fifty operators.
  private func writeOrdinaryCode(_ code: inout FunctionWriter, _ locals: Int) {
    // Values are in use for some time and then no more, as variables are: each part of the code has its own locals.
    let base = 1 + code.random(locals - 9)
    func local() -> Int { base + code.random(8) }
    let counter = base + 8
    func field() -> Int { 4 * code.random(256) }
    for variable in base..<counter {
      code.put(.localGet, 0)
      code.put(.i32Load, 2, field())
      code.put(.localSet, variable)
    }
    code.constant(0)
    code.put(.localSet, counter)
    code.open(.block)
    code.open(.loop)
    code.put(.localGet, counter)
    code.constant(Int32(code.random(1000)))
    code.put(.i32LtS)
    code.put(.i32Eqz)
    code.put(.brIf, 1)
    for _ in 0..<3 {
      // a.x = b.y + c.z * k
      code.put(.localGet, local())
      code.put(.localGet, local())
      code.put(.i32Load, 2, field())
      code.put(.localGet, local())
      code.put(.i32Load, 2, field())
      code.constant(Int32(code.random(100_000)))
      code.put(.i32Mul)
      code.put(.i32Add)
      code.put(.i32Store, 2, field())
      // if (a < b) { c = d + k } else { d = f(a, k) }
      code.put(.localGet, local())
      code.put(.localGet, local())
      code.put(.i32LtS)
      code.open(.if)
      code.put(.localGet, local())
      code.constant(Int32(code.random(100)))
      code.put(.i32Add)
      code.put(.localSet, local())
      code.put(.else)
      code.put(.localGet, local())
      code.constant(Int32(code.random(100)))
      code.put(.call, FunctionWriter.callee)
      code.put(.localSet, local())
      code.put(.end)
      // e = p[i] ^ (q | r)
      code.put(.localGet, local())
      code.put(.localGet, counter)
      code.constant(2)
      code.put(.i32Mul)
      code.put(.i32Add)
      code.put(.i32Load, 2, field())
      code.put(.localGet, local())
      code.put(.localGet, local())
      code.put(.i32Or)
      code.put(.i32Xor)
      code.put(.localSet, local())
    }
    code.put(.localGet, counter)
    code.constant(1)
    code.put(.i32Add)
    code.put(.localSet, counter)
    code.put(.br, 0)
    code.put(.end)
    code.put(.end)
  }
}
