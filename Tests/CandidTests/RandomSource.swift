// Random numbers that are the same for the same seed, and how many cases a test tries.

import Foundation

/// SplitMix64.
struct RandomSource: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  mutating func chance(_ part: Int, in whole: Int) -> Bool { below(whole) < part }

  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }
}

let isDebugBuild: Bool = {
  var result = false
  assert({ result = true }() == ())
  return result
}()

/// How many generated cases to try: `CANNERY_GENERATED_CANDID`, or 100,000, or 2,000 in a debug build.
let generatedCount: Int =
  ProcessInfo.processInfo.environment["CANNERY_GENERATED_CANDID"].flatMap { Int($0) }
  ?? (isDebugBuild ? 2_000 : 100_000)

/// The seed of the first one: `CANNERY_GENERATED_SEED`, or 1.
let firstGeneratedSeed: UInt64 =
  ProcessInfo.processInfo.environment["CANNERY_GENERATED_SEED"].flatMap { UInt64($0) } ?? 1
