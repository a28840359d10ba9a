// Input made to be expensive: the size of the IR and the work of building it must stay in proportion to the body's size.
// What is compared is what the builder makes, not time, so that the tests say the same on every machine; a quadratic
// builder would run for minutes here.

import Compiler
import Testing
import WasmBinary
import WebAssembly

/// A module of one function, in binary form, from its parts.
struct Body {
  var parameters: [UInt8] = []
  var results: [UInt8] = []
  /// Other types, numbered from 1.
  var types: [[UInt8]] = []
  var locals: [(count: Int, type: UInt8)] = []
  var code: [UInt8] = []
  var copies = 1
  var memories = 0

  static func leb(_ value: Int) -> [UInt8] {
    var value = value
    var bytes: [UInt8] = []
    repeat {
      let low = UInt8(value & 0x7F)
      value >>= 7
      bytes.append(value == 0 ? low : low | 0x80)
    } while value != 0
    return bytes
  }

  static func type(_ parameters: [UInt8], _ results: [UInt8]) -> [UInt8] {
    [0x60] + leb(parameters.count) + parameters + leb(results.count) + results
  }

  var module: Module {
    get throws {
      func section(_ id: UInt8, _ items: [[UInt8]]) -> [UInt8] {
        let contents = Body.leb(items.count) + items.joined()
        return [id] + Body.leb(contents.count) + contents
      }
      var body = Body.leb(locals.count)
      for run in locals { body += Body.leb(run.count) + [run.type] }
      body += code + [0x0B]
      let entry = Body.leb(body.count) + body
      let bytes: [UInt8] =
        [0, 0x61, 0x73, 0x6D, 1, 0, 0, 0] + section(1, [Body.type(parameters, results)] + types)
        + section(3, Array(repeating: [0], count: copies))
        + (memories == 0 ? [] : section(5, Array(repeating: [0, 1], count: memories)))
        + section(10, Array(repeating: entry, count: copies))
      guard let module = validModule(bytes) else { throw IRStop.unsupported("the test's module is invalid") }
      return module
    }
  }
}

/// What building a function and running the passes took: node and operand counts, and whether locals are pinned.
private func measure(_ body: Body) throws -> (nodes: Int, operands: Int, pinned: Bool, size: Int) {
  let context = FrontendContext(module: try body.module, policy: .icp)
  var builder = FunctionBuilder(context)
  var function = try builder.build(functionIndex: 0)
  let result = (
    nodes: function.nodes.count, operands: function.operands.count, pinned: !function.pinnedLocals.isEmpty,
    size: body.code.count
  )
  var optimizer = Optimizer(context, options: CompilerOptions(verifiesIR: false))
  try optimizer.run(&function)
  let violations = verifyIR(function, in: context)
  #expect(violations.isEmpty, "\(violations.first?.description ?? "")")
  return result
}

private let i32: UInt8 = 0x7F
private func get(_ local: Int) -> [UInt8] { [0x20] + Body.leb(local) }
private func set(_ local: Int) -> [UInt8] { [0x21] + Body.leb(local) }

private func signedLEB(_ value: Int) -> [UInt8] {
  // A byte more than needed never hurts the sign.
  [UInt8(value & 0x7F) | 0x80, UInt8(value >> 7 & 0x7F) | 0x80, UInt8(value >> 14 & 0x7F) | 0x80, UInt8(value >> 21)]
}

@Suite(.timeLimit(.minutes(5))) struct HostileTests {
  private func expectLinear(_ body: Body, _ comment: Comment, sourceLocation: SourceLocation = #_sourceLocation) throws
  {
    let made = try measure(body)
    #expect(made.nodes < 65_536 + 40 * made.size, comment, sourceLocation: sourceLocation)
    #expect(made.operands < 2 * 65_536 + 80 * made.size, comment, sourceLocation: sourceLocation)
  }

  /// Each label merges an assignment of every local, and all are read after each.
  @Test func nestedBlocksWithManyLocals() throws {
    let (depth, count) = (2_000, 500)
    var body = Body(locals: [(count, i32)])
    for _ in 0..<depth { body.code += [0x02, 0x40] }
    for level in 0..<depth {
      body.code += get(level % count) + [0x0D, 0] + [0x41, 1] + set(level % count) + [0x0B]
      body.code += get((level * 7) % count) + [0x1A]
    }
    for local in 0..<count { body.code += get(local) + [0x1A] }
    try expectLinear(body, "nested blocks")
  }

  @Test func nestedLoopsThatAssignManyLocals() throws {
    let (depth, count) = (3_000, 3_000)
    var body = Body(locals: [(count, i32)])
    for _ in 0..<depth { body.code += [0x03, 0x40] }
    for local in 0..<count { body.code += get(local) + set((local + 1) % count) }
    for _ in 0..<depth { body.code += get(0) + [0x0D, 0, 0x0B] }
    let made = try measure(body)
    #expect(made.pinned)
    #expect(made.nodes < 20 * made.size)
  }

  @Test func sequentialBranchesReadEverything() throws {
    let count = 1_000
    var body = Body(locals: [(count, i32)])
    for local in 0..<count {
      body.code += get(local) + [0x04, 0x40, 0x41, 1] + set(local) + [0x0B]
    }
    for local in 0..<count { body.code += get(local) + [0x1A] }
    let made = try measure(body)
    #expect(!made.pinned)
    #expect(made.nodes < 10 * made.size)
  }

  /// A local that every `then` arm assigns, and whose value only the innermost `else` asks for.
  @Test func elseChain() throws {
    let depth = 5_000
    var body = Body(locals: [(20, i32)])
    for level in 0..<depth { body.code += get(0) + [0x04, 0x40, 0x41, 1] + set(1 + level % 19) + [0x05] }
    for local in 0..<20 { body.code += get(local) + [0x1A] }
    for _ in 0..<depth { body.code += [0x0B] }
    try expectLinear(body, "else chain")
  }

  @Test func branchTableFlood() throws {
    let (depth, entries) = (1_000, 20_000)
    var body = Body(locals: [(1, i32)])
    for _ in 0..<depth { body.code += [0x02, 0x40] }
    for _ in 0..<5 {
      body.code += get(0) + [0x04, 0x40] + get(0) + [0x0E] + Body.leb(entries)
      for entry in 0...entries { body.code += Body.leb(1 + entry * 7 % depth) }
      body.code += [0x0B]
    }
    for _ in 0..<depth { body.code += [0x0B] }
    try expectLinear(body, "br_table")
  }

  /// `br_table` gives 500 values to each of 2,000 labels, which have another edge each.
  @Test func resultsMultiply() throws {
    let (depth, arity) = (2_000, 500)
    let results = [UInt8](repeating: i32, count: arity)
    var body = Body(results: results, types: [Body.type([], results)])
    for _ in 0..<depth { body.code += [0x02, 1] }
    for _ in 0..<arity { body.code += [0x41, 0] }
    body.code += [0x41, 0, 0x0E] + Body.leb(depth - 1)
    for label in 0..<depth { body.code += Body.leb(label) }
    for _ in 0..<depth { body.code += [0x0B, 0x41, 0, 0x0D, 0] }
    #expect {
      _ = try buildIR(FrontendContext(module: try body.module, policy: .icp), functionIndex: 0)
    } throws: { error in
      (error as? ModuleError)?.reason == .limitExceeded
    }
  }

  @Test func callsWithManyResults() throws {
    let results = [UInt8](repeating: i32, count: 900)
    var body = Body(results: results)
    for _ in 0..<100 { body.code += [0x10, 0] }
    body.code += [0x00]
    #expect {
      _ = try buildIR(FrontendContext(module: try body.module, policy: .icp), functionIndex: 0)
    } throws: { error in (error as? ModuleError)?.reason == .limitExceeded }
  }

  @Test func manyLocals() throws {
    var body = Body(locals: [(25_000, i32), (24_000, 0x7E)])
    for local in 0..<100 { body.code += get(local * 480) + [0x1A] }
    let made = try measure(body)
    #expect(made.nodes < 20)
    // Many functions with many locals and nothing else.
    body.code = []
    body.copies = 20_000
    let context = FrontendContext(module: try body.module, policy: .icp)
    var builder = FunctionBuilder(context)
    for index in 0..<body.copies { _ = try builder.build(functionIndex: index) }
  }

  @Test func manyParameters() throws {
    let parameters = [UInt8](repeating: i32, count: 1_000)
    var body = Body(parameters: parameters, code: get(900) + get(3) + [0x6A, 0x1A], copies: 20_000)
    let context = FrontendContext(module: try body.module, policy: .icp)
    var builder = FunctionBuilder(context)
    for index in 0..<body.copies {
      let function = try builder.build(functionIndex: index)
      if index == 0 {
        #expect(function.nodes.count < 10)
        #expect(verifyIR(function, in: context).isEmpty)
      }
    }
    body.copies = 1
  }

  @Test func longChainOfEmptyBlocks() throws {
    var body = Body(locals: [(2, i32)])
    let count = 20_000
    for _ in 0..<count { body.code += [0x02, 0x40] }
    for _ in 0..<count { body.code += get(0) + [0x0D, 0, 0x0B] }
    try expectLinear(body, "empty blocks")
  }

  /// Without metering nothing charges where the block begins: each branch would look for it past all the constants.
  @Test func branchesToBlockOfConstants() throws {
    let count = 200_000
    var body = Body(parameters: [i32])
    body.code = [0x02, 0x40]
    for _ in 0..<count { body.code += get(0) + [0x0D, 0] }
    body.code.append(0x0B)
    for index in 0..<count { body.code += [0x41] + signedLEB(index) + [0x1A] }
    let module = try body.module
    let options = CompilerOptions(verifiesIR: false, threads: 1)
    #expect(try !compile(module, features: .wasm3, policy: .none, options: options).isEmpty)
  }

  /// Each jump looks whether the block it goes to is short enough to be done in its place.
  @Test func jumpsToLongBlock() throws {
    var body = Body(parameters: [i32], results: [i32], locals: [(1, i32)])
    let count = 30_000
    body.code = [0x02, 0x40] + get(0) + [0x04, 0x40, 0x41, 5] + set(1) + [0x0C, 1, 0x0B, 0x02, 0x40]
    for index in 0..<count { body.code += get(0) + [0x04, 0x40, 0x41] + signedLEB(index) + set(1) + [0x0C, 1, 0x0B] }
    body.code.append(0x0B)
    for index in 0..<count { body.code += get(1) + [0x41, UInt8(1 + index % 60), [0x73, 0x6C][index % 2]] + set(1) }
    body.code += [0x0C, 0, 0x0B] + get(1)
    let options = CompilerOptions(verifiesIR: false, threads: 1)
    #expect(try !compile(body.module, features: .wasm3, policy: .icp, options: options).isEmpty)
  }

  @Test func deepExpression() throws {
    var body = Body(parameters: [i32], results: [i32])
    body.code = get(0)
    for index in 0..<100_000 { body.code += [0x41, UInt8(1 + index % 60), [0x6A, 0x73, 0x6C, 0x71][index % 4]] }
    try expectLinear(body, "expression")
  }
}
