// Generated programs on engine and oracle together: results, traps, counts, stops and state are equal, in every variant.
// `CANNERY_GENERATED_MODULES` says how many programs, from which seed `CANNERY_GENERATED_SEED`; a failure names its seed.
// `CANNERY_GENERATED_DUMP` names a file that gets the last program's module.

import EngineComparison
import Foundation
import ProgramGenerator
import ReferenceInterpreter
import Semantics
import Testing
import WasmBinary
import WasmValidation
import WebAssembly

/// What became of the invocations, for whoever wants to know whether the programs do anything.
struct Statistics {
  var outcomes: [String: Int] = [:]
  mutating func add(_ outcome: EnginePair.Outcome) {
    switch outcome {
    case .results: outcomes["results", default: 0] += 1
    case .trap(let kind): outcomes[kind.name, default: 0] += 1
    case .unsupported: outcomes["unsupported", default: 0] += 1
    }
  }
}

/// The programs of one seed: a module, and often one that uses it.
struct GeneratedProgram {
  var first: GeneratedModule
  var second: GeneratedModule?
  private var modules: [Module] = []
  private let seed: UInt64

  init(seed: UInt64) throws {
    self.seed = seed
    let shape = ProgramShape(variedBy: seed)
    first = GeneratedModule(seed: seed, shape: shape)
    if seed % 3 == 0 { second = GeneratedModule(seed: ~seed, shape: shape, importing: first) }
    try load()
  }

  mutating func load() throws {
    modules = try [first, second].compactMap { $0 }.map { generated in
      let module = try decodeModule(ModuleBytes(generated.bytes))
      _ = try validate(module)
      return module
    }
  }

  /// Executes all functions in `variant`, several times each. Returns what differed.
  func run(_ variant: EngineVariant, _ statistics: inout Statistics) throws -> [String] {
    var random = Random(seed: seed)
    let pair = try EnginePair(variant, stackSlots: random.pick([400, 1500, 6000]))
    var behavior = EnginePair.HostBehavior()
    let mayReenter = random.chance(1, in: 3)
    let hosts = try first.hostFunctions.map { type in
      behavior.suspends = random.chance(1, in: 2)
      behavior.charge = random.pick([0, 0, 7, 300])
      behavior.reenters = mayReenter && random.chance(1, in: 2) ? "f\(random.below(3))" : nil
      behavior.survivesTraps = random.chance(1, in: 2)
      return try pair.hostFunction(type, behavior)
    }
    var instances = [
      try pair.instantiate(modules[0]) { item in Int(item.name.dropFirst()).map { hosts[$0] } }
    ]
    if modules.count > 1 {
      instances.append(try pair.instantiate(modules[1]) { [provider = instances[0]] in provider.export($0.name) })
    }
    for round in 0..<3 {
      for (instance, generated) in zip(instances, [first, second].compactMap { $0 }) {
        for (index, type) in generated.functions.enumerated() {
          guard let function = instance.export("f\(index)") else { continue }
          let arguments = type.parameters.map { argument($0, &random) }
          let schedule: InstructionSchedule
          // An interrupt would end an execution inside a host function.
          let interrupts = mayReenter ? 0 : random.below(4)
          switch round {
          case 0: schedule = InstructionSchedule(first: 4000)
          case 1:
            schedule = InstructionSchedule(total: 3000, slices: 2 + random.below(10), interrupts: interrupts, &random)
          default:
            schedule = InstructionSchedule(
              total: Int64(random.below(400)), slices: random.below(3), interrupts: interrupts, &random)
          }
          statistics.add(pair.invoke(function, arguments, schedule))
          if !pair.differences.isEmpty { return pair.differences.map { "f\(index): \($0)" } }
        }
      }
    }
    return pair.differences
  }

  private func argument(_ type: ValueType, _ random: inout Random) -> OracleValue {
    switch type {
    case .i32: .i32(UInt32(truncatingIfNeeded: random.chance(1, in: 2) ? random.next() : UInt64(random.below(20))))
    case .i64: .i64(random.chance(1, in: 2) ? random.next() : UInt64(random.below(20)))
    case .f32: .f32(Float(random.below(1000)).bitPattern)
    case .f64: .f64((Double(random.below(1000)) / 8).bitPattern)
    case .v128: .v128(V128(low: random.next(), high: random.next()))
    case .externref: .reference(random.chance(1, in: 3) ? .null : .external(UInt32(random.below(5))))
    default: .reference(.null)
    }
  }
}

@Suite struct GeneratedTests {
  @Test func generatedPrograms() throws {
    let environment = ProcessInfo.processInfo.environment
    let count = environment["CANNERY_GENERATED_MODULES"].flatMap { Int($0) } ?? 40
    let firstSeed = environment["CANNERY_GENERATED_SEED"].flatMap { UInt64($0) } ?? 1
    var statistics = Statistics()
    var failures = 0
    for seed in firstSeed..<firstSeed + UInt64(count) {
      let program: GeneratedProgram
      do { program = try GeneratedProgram(seed: seed) } catch {
        Issue.record("seed \(seed): the generated module is invalid: \(error)")
        continue
      }
      if let path = environment["CANNERY_GENERATED_DUMP"] {
        try Data(program.first.bytes).write(to: URL(fileURLWithPath: path))
      }
      for variant in EngineVariant.all {
        do {
          for difference in try program.run(variant, &statistics) {
            Issue.record("seed \(seed), \(variant): \(difference)")
            failures += 1
          }
        } catch {
          Issue.record("seed \(seed), \(variant): \(error)")
          failures += 1
        }
      }
      if failures > 100 { break }
    }
    let outcomes = statistics.outcomes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    print("generated programs: \(count) from seed \(firstSeed); \(outcomes.joined(separator: ", "))")
    #expect(statistics.outcomes["results", default: 0] > count)
  }
}
