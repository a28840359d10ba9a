import Testing
import WasmBinary
import WasmValidation
import WebAssembly

/// A proposal, and modules that need it: each is valid with everything enabled and refused without the proposal.
private struct FeatureCase: Sendable, CustomTestStringConvertible {
  var proposal: Proposal
  var texts: [String]
  /// The reason where the older specification had words of its own.
  var reason: ModuleErrorReason = .featureDisabled
  var testDescription: String { "\(proposal.name), \(reason.rawValue)" }
}

private let featureCases: [FeatureCase] = [
  FeatureCase(
    proposal: .signExtension, texts: ["(func (drop (i32.extend8_s (i32.const 0))))"]),
  FeatureCase(
    proposal: .saturatingFloatToInt, texts: ["(func (drop (i32.trunc_sat_f32_s (f32.const 0))))"]),
  FeatureCase(
    proposal: .mutableGlobal,
    texts: [
      "(import \"m\" \"g\" (global (mut i32)))", "(global (export \"g\") (mut i32) (i32.const 0))",
    ]),
  FeatureCase(
    proposal: .multiValue,
    texts: [
      "(type (func (result i32 i32)))", "(func (param i32) (local.get 0) (block (param i32) (drop)))",
      "(func (param i32) (local.get 0) (loop (param i32) (result i32)) (drop))",
    ]),
  FeatureCase(
    proposal: .bulkMemory,
    texts: [
      "(memory 1) (data \"a\")", "(table 1 funcref) (elem func)",
      "(memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))",
      "(memory 1) (func (memory.copy (i32.const 0) (i32.const 0) (i32.const 0)))",
    ]),
  FeatureCase(
    proposal: .referenceTypes,
    texts: [
      "(func (param externref))", "(func (local funcref))", "(func (drop (ref.null func)))",
      "(table 1 externref)", "(func (drop (select (result i32) (i32.const 0) (i32.const 0) (i32.const 0))))",
      "(table 1 funcref) (func (drop (table.size)))", "(elem declare func 0) (func)",
    ]),
  FeatureCase(
    proposal: .referenceTypes, texts: ["(table 1 funcref) (table 1 funcref)"], reason: .multipleTables),
  FeatureCase(
    proposal: .simd,
    texts: [
      "(func (param v128))", "(func (local v128))", "(func (drop (v128.const i64x2 0 0)))",
      "(global v128 (v128.const i64x2 0 0))", "(func (result v128) unreachable)",
    ]),
  FeatureCase(
    proposal: .relaxedSimd,
    texts: [
      "(func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0))))"
    ]),
  FeatureCase(
    proposal: .tailCall,
    texts: [
      "(func (return_call 0))", "(table 1 funcref) (type (func)) (func (return_call_indirect (type 0) (i32.const 0)))",
    ]),
  FeatureCase(
    proposal: .extendedConst,
    texts: [
      "(global i32 (i32.add (i32.const 1) (i32.const 2)))", "(memory 1) (data (i32.mul (i32.const 1) (i32.const 2)))",
      "(global i64 (i64.sub (i64.const 1) (i64.const 2)))",
    ]),
  FeatureCase(proposal: .multiMemory, texts: ["(memory 1) (memory 1)"], reason: .multipleMemories),
  FeatureCase(
    proposal: .memory64,
    texts: [
      "(memory i64 1)", "(table i64 1 funcref)", "(import \"m\" \"m\" (memory i64 1))",
    ]),
  FeatureCase(
    proposal: .functionReferences,
    texts: [
      "(func (param (ref func)))", "(type (func)) (func (param (ref null 0)))",
      "(func (param funcref) (drop (ref.as_non_null (local.get 0))))", "(table 1 funcref (ref.null func))",
      "(type (func)) (func (call_ref 0 (ref.null 0)))", "(func) (elem (ref func) (ref.func 0))",
    ]),
  FeatureCase(
    proposal: .gc,
    texts: [
      "(type (struct))", "(type (array i8))", "(type (sub (func)))", "(rec (type (func)) (type (func)))",
      "(func (param anyref))", "(func (drop (ref.i31 (i32.const 0))))", "(func (local nullref))",
      "(global i32 (i32.const 0)) (global i32 (global.get 0))",
    ]),
  FeatureCase(
    proposal: .exceptions,
    texts: [
      "(tag)", "(import \"m\" \"t\" (tag))", "(func (param exnref))", "(func (try_table))",
      "(func (param exnref) (throw_ref (local.get 0)))",
    ]),
]

@Suite struct FeatureTests {
  @Test(arguments: featureCases)
  private func eachConstructNeedsItsProposal(_ item: FeatureCase) throws {
    for text in item.texts {
      let module = try module("(module \(text))")
      let info = try validate(module)
      #expect(info.usedProposals.contains(Features(item.proposal)), "\(text)")
      let without = Features.wasm3.subtracting(Features(item.proposal))
      let error = validationError(module, features: without)
      #expect(error?.reason == item.reason, "\(text): \(String(describing: error))")
      #expect(error?.kind == .invalid, "\(text)")
      let detail = error?.detail ?? ""
      #expect(detail.contains(item.proposal.name), "\(text): \(String(describing: error))")
      #expect((error?.offset ?? 0) >= 8, "\(text): \(String(describing: error))")
    }
  }

  /// The proposals that each operator of the table belongs to are refused one by one.
  @Test func everyOperatorNeedsItsProposal() throws {
    var refused = 0
    for row in 0..<UInt16(Opcode.count) {
      let opcode = Opcode(row: row)
      let proposal = opcode.info.proposal
      if proposal == .mvp { continue }
      var code = BinaryOperator(opcode).bytes
      code.append(0x0B)
      let test = TestModule(code: code)
      let error = moduleError { () throws(ModuleError) in
        _ = try test.validate(features: .wasm3.subtracting(Features(proposal)))
      }
      #expect(error?.reason == .featureDisabled, "\(opcode.mnemonic): \(String(describing: error))")
      #expect(error?.detail == proposal.name)
      refused += 1
    }
    #expect(refused > 300)
  }

  /// A type that is written as a group by itself is the same type, in a notation that came with gc.
  @Test func groupsOfOneTypeNeedTheirProposal() throws {
    func types(_ entry: [UInt8]) throws -> Module {
      var writer = BinaryWriter()
      writer.moduleHeader()
      writer.section(.type) { $0.append([2, 0x60, 0, 0] + entry) }
      return try decodeModule(ModuleBytes(writer.bytes))
    }
    let group = try types([0x4E, 1, 0x60, 0, 0])
    #expect(try validate(group).usedProposals.contains(.gc))
    let error = validationError(group, features: .icp)
    #expect(error?.reason == .featureDisabled && error?.detail == "type 1: gc")
    #expect(try !validate(types([0x60, 0, 0]), features: .icp).usedProposals.contains(.gc))
  }

  @Test func emptyTagSectionsNeedTheirProposal() throws {
    var writer = BinaryWriter()
    writer.moduleHeader()
    writer.section(.tag) { $0.append([0]) }
    let module = try decodeModule(ModuleBytes(writer.bytes))
    #expect(try validate(module).usedProposals.contains(.exceptions))
    let error = validationError(module, features: .icp)
    #expect(error?.reason == .featureDisabled && error?.detail == "tag 0: exceptions" && error?.offset == 11)
  }

  /// Operators on the one memory, in the notation that came with multi-memory and in the one before.
  private static let memoryNotations: [(named: [UInt8], plain: [UInt8])] = [
    ([0x41, 0, 0x28, 0x42, 0, 0, 0x1A], [0x41, 0, 0x28, 2, 0, 0x1A]),
    ([0x41, 0, 0x41, 0, 0x36, 0x40, 0, 0], [0x41, 0, 0x41, 0, 0x36, 0, 0]),
    ([0x3F, 0x80, 0, 0x1A], [0x3F, 0, 0x1A]),
    ([0x41, 0, 0x40, 0x80, 0x80, 0, 0x1A], [0x41, 0, 0x40, 0, 0x1A]),
    ([0x41, 0, 0xFD, 0, 0x44, 0, 0, 0x1A], [0x41, 0, 0xFD, 0, 4, 0, 0x1A]),
    ([0x41, 0, 0x41, 0, 0x41, 0, 0xFC, 11, 0x80, 0], [0x41, 0, 0x41, 0, 0x41, 0, 0xFC, 11, 0]),
    ([0x41, 0, 0x41, 0, 0x41, 0, 0xFC, 10, 0x80, 0, 0], [0x41, 0, 0x41, 0, 0x41, 0, 0xFC, 10, 0, 0]),
    ([0x41, 0, 0x41, 0, 0x41, 0, 0xFC, 10, 0, 0x80, 0], [0x41, 0, 0x41, 0, 0x41, 0, 0xFC, 10, 0, 0]),
  ]

  @Test(arguments: memoryNotations)
  func namedMemoriesNeedTheirProposal(named: [UInt8], plain: [UInt8]) throws {
    func module(_ code: [UInt8]) -> TestModule {
      var test = TestModule(code: code + [0x0B])
      test.memories = [MemoryType(limits: Limits(minimum: 1))]
      return test
    }
    #expect(try module(named).validate().usedProposals.contains(.multiMemory))
    let error = moduleError { () throws(ModuleError) in _ = try module(named).validate(features: .icp) }
    #expect(error?.reason == .featureDisabled && error?.detail == "multi-memory")
    #expect(try !module(plain).validate(features: .icp).usedProposals.contains(.multiMemory))
  }

  @Test func setsContainEachOther() throws {
    #expect(Features.wasm1.isSubset(of: .wasm2))
    #expect(Features.wasm2.isSubset(of: .wasm3))
    #expect(Features.icp.isSubset(of: .wasm3))
    let module = try module("(module (func (param i32) (result i32) (local.get 0)))")
    #expect(try validate(module, features: .wasm1).usedProposals == .mvp)
  }
}
