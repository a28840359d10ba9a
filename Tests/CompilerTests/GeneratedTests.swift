// The IR against the reference interpreter on generated programs, at every optimisation level and limit: results, traps,
// instructions executed and state are equal. `CANNERY_GENERATED_MODULES` says how many programs, from which seed
// `CANNERY_GENERATED_SEED`; a failure names its seed.

import Compiler
import Foundation
import ProgramGenerator
import ReferenceInterpreter
import Testing
import WebAssembly

@Suite struct GeneratedTests {
  private static let configurations = [
    IRConfiguration(optimization: .full, policy: .icp), IRConfiguration(optimization: .none, policy: .icp),
    IRConfiguration(optimization: .full, policy: .operators, pinsAllLocals: true),
  ]

  @Test func generatedPrograms() throws {
    let environment = ProcessInfo.processInfo.environment
    let count = environment["CANNERY_GENERATED_MODULES"].flatMap { Int($0) } ?? 40
    let firstSeed = environment["CANNERY_GENERATED_SEED"].flatMap { UInt64($0) } ?? 1
    var outcomes: [String: Int] = [:]
    for seed in firstSeed..<firstSeed + UInt64(count) {
      var shape = ProgramShape()
      shape.functionSize = [40, 120, 400][Int(seed % 3)]
      let generated = GeneratedModule(seed: seed, shape: shape)
      let module: Module
      do { module = try CompilerTests.module(generated.bytes) } catch {
        Issue.record("seed \(seed): the generated module is invalid: \(error)")
        continue
      }
      for configuration in GeneratedTests.configurations {
        var random = Random(seed: seed)
        let pair = try MachinePair(module, configuration)
        for round in 0..<2 {
          for (index, type) in generated.functions.enumerated() {
            let arguments = type.parameters.map { argument($0, &random) }
            let limit = round == 0 ? Int64(5_000) : Int64(random.below(500))
            guard let (oracle, ir) = pair.invoke("f\(index)", arguments, limit: limit) else {
              Issue.record("seed \(seed): f\(index) was not executed")
              continue
            }
            #expect(
              ir == oracle, "seed \(seed), f\(index)\(arguments), limit \(limit), \(configuration.testDescription)")
            if case .trap(let kind, _) = oracle {
              outcomes[kind.name, default: 0] += 1
            } else {
              outcomes["results", default: 0] += 1
            }
          }
        }
        #expect(pair.hasEqualState, "seed \(seed), \(configuration.testDescription)")
      }
    }
    Swift.print(
      "outcomes: \(outcomes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))")
    #expect(outcomes["results", default: 0] > count)
  }

  /// A builder and an optimiser that have seen other functions make the same of each function.
  @Test func orderDoesNotMatter() throws {
    for seed in 1...10 as ClosedRange<UInt64> {
      let context = FrontendContext(module: try module(GeneratedModule(seed: seed).bytes), policy: .icp)
      let indices = Array(0..<context.module.functions.count)
      #expect(try print(indices, context) == print(indices.reversed(), context).reversed())
    }
  }

  private func print(_ indices: [Int], _ context: FrontendContext) throws -> [String] {
    var builder = FunctionBuilder(context, inlines: true)
    var optimizer = Optimizer(context, options: CompilerOptions())
    var texts: [String] = []
    for index in indices {
      var function = try builder.build(functionIndex: index)
      let built = printIR(function)
      try optimizer.run(&function)
      texts.append(built + printIR(function))
    }
    return texts
  }

  private func argument(_ type: ValueType, _ random: inout Random) -> OracleValue {
    switch type {
    case .i32: .i32(UInt32(truncatingIfNeeded: random.chance(1, in: 2) ? random.next() : UInt64(random.below(20))))
    case .i64: .i64(random.chance(1, in: 2) ? random.next() : UInt64(random.below(20)))
    case .f32: .f32(Float(random.below(1000)).bitPattern)
    default: .f64((Double(random.below(1000)) / 8).bitPattern)
    }
  }
}
