// Every operation on scalars, superinstructions above all: functions that are made for it have it in their code, and do
// what the oracle does, counts included. What the functions are follows from the operation table (see `OperationCase`), so
// a new row is covered or reported.

import Cannery
import Compiler
import EngineComparison
import OperationCases
import ProgramGenerator
import ReferenceInterpreter
import Testing
import WasmBinary
import WasmText
import WasmValidation
import WebAssembly

/// The functions of one module.
struct CaseGroup: CustomTestStringConvertible, Sendable {
  var setting: OperationCase.Setting
  var cases: [OperationCase]
  var number: Int
  var testDescription: String { "\(setting) \(number): \(cases.first!.operation) to \(cases.last!.operation)" }

  /// Parameters before those of each function, so that its slots are wide ones.
  static let padding = 14

  /// All cases in modules of moderate size.
  static let all: [CaseGroup] = {
    let cases = (0..<ThreadedOperation.count).flatMap {
      OperationCase.cases(of: ThreadedOperation(number: UInt16($0)).name)
    }
    var groups: [CaseGroup] = []
    for setting in OperationCase.Setting.allCases {
      let chosen = cases.filter { $0.setting == setting }
      for start in stride(from: 0, to: chosen.count, by: 400) {
        let end = min(start + 400, chosen.count)
        groups.append(CaseGroup(setting: setting, cases: Array(chosen[start..<end]), number: groups.count))
      }
    }
    return groups
  }()

  /// The groups with stores, which then never end: so that what they wrote is undone when their instructions run out. Every
  /// other page has been written to before.
  static let endlessStores: [CaseGroup] = all.compactMap { group in
    var group = group
    group.cases = group.cases.filter {
      $0.isExact && ($0.operation.contains("Store") || $0.operation.hasPrefix("copy"))
    }
    let type = group.setting == .wideMemory ? "i64" : "i32"
    let touches = stride(from: 0, to: 65536, by: 8192).map { "(i32.store8 (\(type).const \($0)) (i32.const 9)) " }
      .joined()
    for index in group.cases.indices {
      group.cases[index].body = touches + group.cases[index].body + " (loop $endless (br $endless))"
    }
    return group.cases.isEmpty ? nil : group
  }

  /// A part of the cases.
  var sample: CaseGroup {
    var group = self
    group.cases = cases.enumerated().filter { $0.offset % 3 == number % 3 }.map(\.element)
    return group
  }

  /// The module: bytes of all kinds at both ends of its memory, and each function exported by its number.
  func module(isPadded: Bool = false) throws -> WebAssembly.Module {
    var text = "(module (global $n (mut i32) (i32.const 0)) (global $m (mut i64) (i64.const 0)) "
    if setting != .registers {
      let type = setting == .wideMemory ? "i64" : "i32"
      text += "(memory \(type) 1) "
      var random = Random(seed: 7)
      for start in [0, 65536 - 256] {
        let bytes = (0..<256).map { $0 % 3 == 0 ? random.pick([0, 5, 0x70, 0xF0, 0xFF]) : UInt8(random.below(256)) }
        let escaped = bytes.map { "\\" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        text += "(data (\(type).const \(start)) \"\(escaped)\") "
      }
    }
    let padding =
      isPadded ? "(param" + String(repeating: " i64", count: CaseGroup.padding) + ") " : ""
    for (index, item) in cases.enumerated() { text += "(func (export \"\(index)\") \(padding)\(item.text))\n" }
    // What cases of calls call.
    text += "(func $one (param i32) (result i32) (loop) (i32.rotl (local.get 0) (i32.const 5)))"
    text += "(func $two (param i32 i32) (result i32) (loop) (i32.sub (local.get 0) (i32.ctz (local.get 1)))))"
    let module: WebAssembly.Module = try decodeModule(ModuleBytes(try parseModule(text)))
    _ = try validate(module)
    return module
  }

  var variants: [EngineVariant] {
    var variants = [EngineVariant(.icp, .full, tracksWrites: false), EngineVariant(.icp, .none, tracksWrites: true)]
    if setting != .registers { variants.append(EngineVariant(.icp, .full, tracksWrites: true, internalSlice: 3)) }
    return variants
  }
}

/// How often each function is called in a variant.
private func rounds(_ variant: EngineVariant) -> Int {
  if !dispatchesThroughTrampoline { return 24 }
  return variant.optimization == .full && !variant.tracksWrites ? 4 : 3
}

@Suite struct SuperinstructionTests {
  /// What is neither known by its name nor on the list of what has other tests needs cases: extend `CaseMaker`.
  @Test func eachOperationHasCases() {
    for number in 0..<ThreadedOperation.count {
      let name = ThreadedOperation(number: UInt16(number)).name
      if OperationCase.isElsewhere(name) { continue }
      let hasCases = OperationCase.cases(of: name).contains { $0.isExact }
      #expect(hasCases, "\(name) has no cases")
    }
  }

  @Test(arguments: CaseGroup.all)
  func agrees(_ group: CaseGroup) throws {
    let module = try group.module()
    for variant in group.variants {
      let pair = try EnginePair(variant)
      let instance = try pair.instantiate(module) { _ in nil }
      let artifact = instance.engine.module.artifact
      for (index, item) in group.cases.enumerated() where item.isExact && item.level == variant.optimization {
        let names = try artifact.operationNames(of: index)
        if !names.contains(item.operation) {
          Issue.record("no \(item.operation) in \(item.text): \(names.joined(separator: " "))")
        }
      }
      var outcomes = Outcomes()
      try run(group, pair, instance, &outcomes)
      outcomes.expectVariety(group.setting)
    }
  }

  /// Stores keep the pages that they write to.
  @Test(arguments: CaseGroup.endlessStores)
  func agreesAfterRollBack(_ group: CaseGroup) throws {
    let pair = try EnginePair(EngineVariant(.icp, .full, tracksWrites: true))
    var outcomes = Outcomes()
    try run(group, pair, try pair.instantiate(try group.module()) { _ in nil }, &outcomes)
    #expect(outcomes.others > 0)
  }

  /// The same where operands and results are in slots that only moves can name.
  @Test(arguments: CaseGroup.all.map(\.sample))
  func agreesInWideSlots(_ group: CaseGroup) throws {
    let module = try group.module(isPadded: true)
    let pair = try EnginePair(EngineVariant(.operators, .full, tracksWrites: true, hasWideForms: true))
    var outcomes = Outcomes()
    try run(group, pair, try pair.instantiate(module) { _ in nil }, padding: CaseGroup.padding, &outcomes)
  }

  private func run(
    _ group: CaseGroup, _ pair: EnginePair, _ instance: EnginePair.Instance, padding: Int = 0,
    _ outcomes: inout Outcomes
  ) throws {
    var random = Random(seed: UInt64(group.number))
    for (index, item) in group.cases.enumerated() {
      let function = try #require(instance.export("\(index)"))
      for round in 0..<rounds(pair.variant) {
        let bits = item.arguments(round, &random)
        let arguments = zip(item.parameters, bits).map { OracleValue($0, bits: $1) }
        var schedule = InstructionSchedule(first: 200)
        if item.loops ? round == 1 : (index + round) % 16 == 0 {
          schedule = InstructionSchedule(first: 1, further: Array(repeating: 1, count: 30), interrupts: 2)
        }
        let padded = Array(repeating: OracleValue.i64(0x5555_5555_5555_5555), count: padding) + arguments
        outcomes.add(pair.invoke(function, padded, schedule))
        if !pair.differences.isEmpty {
          let text = pair.differences.joined(separator: "; ")
          Issue.record("\(item.operation), \(pair.variant), \(item.text), \(arguments): \(text)")
          return
        }
      }
    }
  }
}

/// What became of invocations: tests that always trap, or never do, are not worth much.
private struct Outcomes {
  private var results = 0
  private var misses = 0
  private var total = 0
  /// Invocations that neither came to an end nor missed the memory.
  var others: Int { total - results - misses }

  mutating func add(_ outcome: EnginePair.Outcome) {
    total += 1
    switch outcome {
    case .results: results += 1
    case .trap(.outOfBoundsMemoryAccess): misses += 1
    default: break
    }
  }

  func expectVariety(_ setting: OperationCase.Setting) {
    #expect(results * 6 > total, "\(results) of \(total) invocations have results")
    if setting != .registers { #expect(misses * 8 > total, "\(misses) of \(total) invocations miss the memory") }
  }
}

extension OracleValue {
  /// A value of a scalar type.
  fileprivate init(_ type: ValueType, bits: UInt64) {
    self =
      switch type {
      case .i32: .i32(UInt32(truncatingIfNeeded: bits))
      case .f32: .f32(UInt32(truncatingIfNeeded: bits))
      case .f64: .f64(bits)
      default: .i64(bits)
      }
  }
}
