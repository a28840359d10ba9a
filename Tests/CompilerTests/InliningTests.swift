// What stands in place of calls, and that it costs the stack what the calls would.

import Compiler
import ProgramGenerator
import Testing
import WebAssembly

struct InliningCase: CustomTestStringConvertible, Sendable {
  var name: String
  /// Function 0, whose calls are looked at, and those after it. There is a memory, a global, a table and type `$t`.
  var functions: String
  /// The functions that stand in place of calls, in the code's order.
  var inlined: [UInt32]
  var testDescription: String { name }
}

/// `count` operators of two bytes that leave nothing.
private func filler(_ count: Int) -> String {
  String(repeating: "(global.set 0 (i32.const 1)) ", count: (count + 1) / 2)
}

private let cases: [InliningCase] = [
  InliningCase(
    name: "a small function", functions: "(func (call 1) (call 1)) (func (global.set 0 (i32.const 1)))",
    inlined: [1, 1]),
  InliningCase(
    name: "a function in a function", functions: "(func (call 1)) (func (call 2)) (func)", inlined: [1, 2]),
  InliningCase(
    name: "three in each other, not a fourth",
    functions: "(func (call 1)) (func (call 2)) (func (call 3)) (func (call 4)) (func)", inlined: [1, 2, 3]),
  InliningCase(
    name: "recursion once", functions: "(func (param i32) (result i32) (call 0 (local.get 0)))", inlined: [0]),
  InliningCase(
    name: "recursion of two functions",
    functions: "(func (param i32) (call 1 (local.get 0))) (func (param i32) (call 0 (local.get 0)))", inlined: [1, 0]),
  InliningCase(name: "a loop", functions: "(func (call 1)) (func (loop))", inlined: []),
  InliningCase(name: "a tail call", functions: "(func (call 1)) (func (return_call 2)) (func)", inlined: []),
  InliningCase(
    name: "two results", functions: "(func (call 1) (drop) (drop)) (func (result i32 i32) (i32.const 1) (i32.const 2))",
    inlined: []),
  InliningCase(name: "a large function", functions: "(func (call 1)) (func \(filler(40)))", inlined: []),
  InliningCase(
    name: "many locals", functions: "(func (call 1)) (func (local i64 i64 i64 i64 i64 i64 i64 i64 i64))", inlined: []),
  InliningCase(
    name: "as many as the budget allows",
    functions: "(func \(String(repeating: "(call 1) ", count: 40))) (func \(filler(4)))",
    inlined: [1, 1, 1, 1, 1, 1]),
  InliningCase(
    name: "recursion in its own budget",
    functions:
      "(func (param i32) (call 1) \(String(repeating: "(call 0 (local.get 0)) ", count: 5))) (func \(filler(8)))",
    inlined: [1, 0, 0, 0, 0]),
  InliningCase(
    name: "no call in code that nothing reaches", functions: "(func (return) (call 1)) (func)", inlined: []),
  InliningCase(
    name: "no call behind one that always traps",
    functions: "(func (call 1) (call 2)) (func (unreachable)) (func)", inlined: [1]),
  InliningCase(
    name: "a vector",
    functions: "(func (param v128) (result v128) (call 1 (local.get 0))) (func (param v128) (result v128) "
      + "(local v128) (i32x4.add (local.get 0) (local.get 1)))", inlined: [1]),
  InliningCase(
    name: "locals of one number and several types",
    functions: """
      (func (param i32) (result i32) \(filler(200)) (i32.add
        (i32x4.extract_lane 3 (call 1 (local.get 0) (v128.const i32x4 1 2 3 4) (v128.const i32x4 5 6 7 8)))
        (call 2 (local.get 0) (i32.const 1) (i32.const 2))))
      (func (param i32 v128 v128) (result v128) (local v128)
        (if (local.get 0) (then (local.set 3 (local.get 1))) (else (local.set 3 (local.get 2))))
        (if (i32.eq (local.get 0) (i32.const 5)) (then (local.set 3 (local.get 1))))
        (local.get 3))
      (func (param i32 i32 i32) (result i32) (local i32)
        (if (local.get 0) (then (local.set 3 (i32.const 7)))) (local.get 3))
      """, inlined: [1, 2]),
  InliningCase(
    name: "branches to the function's label and returns",
    functions: """
      (func (param i32) (result i32) \(filler(60)) (i32.add (call 1 (local.get 0)) (call 1 (i32.const 3))))
      (func (param i32) (result i32) (i32.const 7)
        (block (br_if 1 (i32.const 4) (local.get 0)) (drop) (i32.const 5) (br_table 0 0 (local.get 0)) (drop))
        (if (local.get 0) (then (return (i32.const 9)))) (drop) (unreachable))
      """, inlined: [1, 1]),
]

@Suite struct InliningTests {
  private func build(_ context: FrontendContext, _ index: Int, inlines: Bool) throws -> IRFunction {
    var builder = FunctionBuilder(context, inlines: inlines)
    return try builder.build(functionIndex: index)
  }

  @Test(arguments: cases)
  func calls(_ item: InliningCase) throws {
    let module = try module(
      "(module \(item.functions) (memory 1) (global (mut i32) (i32.const 0)) (table 1 funcref))")
    let context = FrontendContext(module: module, policy: .icp)
    let function = try build(context, 0, inlines: true)
    let inlined = (0..<function.sites.count).map { function.sites[$0].function }
    #expect(inlined == item.inlined)
    let violations = verifyIR(function, in: context)
    #expect(violations.isEmpty)
    try check(function, context)
    let plain = try build(context, 0, inlines: false)
    let (count, plainCost, cost) = (plain.sites.count, plain.frameCost, function.frameCost)
    #expect(count == 0)
    #expect(plainCost == cost)
  }

  /// Each body costs what its function's frame does, and its entry asks for all frames up to its own.
  private func check(_ function: borrowing IRFunction, _ context: FrontendContext) throws {
    var entries: [Int: Int] = [:]
    for block in 0..<function.blocks.count {
      for index in function.nodeRange(of: block) where function.nodes[index].operation == .enter {
        let found = function.site(ofOffset: function.offsets[index])
        let site = try #require(found)
        #expect(entries[site] == nil)
        entries[site] = Int(function.nodes[index].a)
      }
    }
    let count = function.sites.count
    #expect(entries.count == count)
    for index in 0..<count {
      let site = function.sites[index]
      let around = site.parent == .max ? 0 : Int(function.sites[site.parent].depth)
      let alone = try build(context, Int(site.function) - context.spaces.importedFunctionCount, inlines: false)
        .frameCost
      #expect(Int(site.depth) - around == alone, "function \(site.function)")
      let depth = function.frameCost + Int(site.depth)
      #expect(entries[index] == depth)
      let parent = function.site(ofOffset: site.call)
      #expect(parent == (site.parent == .max ? nil : Int(site.parent)))
    }
  }

  @Test func costsAreThoseOfTheFunctionsAlone() throws {
    var sites = 0
    for seed in 1...40 as ClosedRange<UInt64> {
      let context = FrontendContext(module: try module(GeneratedModule(seed: seed).bytes), policy: .icp)
      for index in context.module.functions.indices {
        let function = try build(context, index, inlines: true)
        sites += function.sites.count
        try check(function, context)
      }
    }
    #expect(sites > 20)
  }

  /// Results of calls multiply in the bodies of `$wide`: too much for `$f` and what stands in it, not for each alone.
  @Test(arguments: [(calls: 1, sites: 6), (calls: 25, sites: 0)])
  func limitsOfFunctionsAlone(calls: Int, sites: Int) throws {
    let results = String(repeating: " i32", count: 1000)
    let body = String(repeating: "(call 1) ", count: calls) + "(unreachable)"
    let module = try module(
      """
      (module
        (func \(filler(600)) \(String(repeating: "(call 2 (i32.const 0)) ", count: 6)))
        (func (result\(results)) (unreachable) (loop))
        (func (param i32) (if (local.get 0) (then \(body))))
        (global (mut i32) (i32.const 0)))
      """)
    let function = try build(FrontendContext(module: module, policy: .icp), 0, inlines: true)
    let count = function.sites.count
    #expect(count == sites)
  }

  /// Errors name places in the module, not those beyond its end.
  @Test func offsetsOfSites() throws {
    let module = try module("(module (func (call 1)) (func (call 2)) (func (unreachable)))")
    let function = try build(FrontendContext(module: module, policy: .icp), 0, inlines: true)
    let size = UInt32(module.bytes.buffer.count)
    let second = function.sites[1].start
    let places = [size - 1, size, second - 1, second].map { function.site(ofOffset: $0) }
    #expect(places == [nil, 0, 0, 1])
    let length = function.sites[0].size
    #expect(second == size + length)
  }
}
