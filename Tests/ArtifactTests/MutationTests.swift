// Mutated artifacts: each must be refused, or run without harm. `CANNERY_MUTATIONS` says how many, from which number
// `CANNERY_MUTATION_FIRST`; with `CANNERY_MUTATION_LOG` the number of each is written to a file before it runs, so that a
// crash has its number.

import Cannery
import Foundation
import ProgramGenerator
import Testing

@Suite struct MutationTests {
  private static func environment(_ name: String) -> Int? {
    ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
  }

  @Test func mutatedArtifacts() throws {
    // A debug build verifies and executes 100 times slower.
    let count = MutationTests.environment("CANNERY_MUTATIONS") ?? (dispatchesThroughTrampoline ? 700 : 4000)
    let first = MutationTests.environment("CANNERY_MUTATION_FIRST") ?? 0
    let isShort = count <= 10_000
    let subjects = Corpus.subjects(step: isShort ? 20 : 1, generated: isShort ? 6 : 60)
    let log = ProcessInfo.processInfo.environment["CANNERY_MUTATION_LOG"].flatMap { fopen($0, "w") }
    var outcomes: [MutationKind: [SandboxOutcome: Int]] = [:]
    var engines: [MeteringPolicy: Engine] = [:]
    for number in first..<first + count {
      var random = Random(seed: UInt64(number))
      // Hand-written modules are few, but have most of what matters.
      let subject = random.chance(1, in: 3) ? subjects[random.below(Corpus.handWritten.count)] : random.pick(subjects)
      let kind = random.pick(MutationKind.allCases)
      if let log {
        rewind(log)
        fputs("\(number) \(kind) of \(subject.name)                                        \n", log)
        fflush(log)
      }
      var mutator = ArtifactMutator(subject, random: random)
      mutator.mutate(kind)
      // The policy may be mutated, too.
      let policy = MeteringPolicy(rawValue: mutator.bytes.count > 28 ? mutator.bytes[28] : 0) ?? .icp
      // Engines keep the types that they have seen.
      if number % 500 == 0 { engines = [:] }
      let engine = engines[policy] ?? Engine(EngineConfiguration(metering: policy))
      engines[policy] = engine
      do {
        let outcome = try Sandbox(engine, random: mutator.random).run(mutator.bytes, calling: mutator.touched)
        outcomes[kind, default: [:]][outcome, default: 0] += 1
      } catch let violation as Violation {
        Issue.record("mutation \(number) (\(kind) of \(subject.name)): \(violation)")
      }
    }
    print("\(count) mutations of \(subjects.count) artifacts:")
    for kind in MutationKind.allCases {
      let found = outcomes[kind] ?? [:]
      let text = [SandboxOutcome.refused, .notInstantiated, .refusedWhenCalled, .executed]
        .map { "\($0) \(found[$0] ?? 0)" }.joined(separator: ", ")
      print("  \(kind): \(text)")
      // Mutations that change nothing of importance must not be all that gets through, and not all may be refused.
      if count >= 700 && kind != .bytes { #expect(found[.executed, default: 0] > count / 200) }
    }
  }

  /// The unchanged artifacts run: else the mutations would show nothing.
  @Test func unchangedArtifacts() throws {
    let count = Corpus.handWritten.count + 4
    for (number, subject) in Corpus.subjects(step: 1000, generated: 4).prefix(count).enumerated() {
      let engine = Engine(EngineConfiguration(metering: subject.artifact.policy))
      #expect(
        try Sandbox(engine, random: Random(seed: UInt64(number))).run(subject.bytes) == .executed, "\(subject.name)")
    }
  }
}
