// The check for a processor that is older than the build asks for.

import Executor
import Testing

@Suite struct ProcessorBaselineTests {
  @Test func thisProcessorWillDo() { #expect(ProcessorBaseline.complaint == nil) }

  /// Only release builds are made for more than the least x86-64.
  @Test func releaseBuildsRequireIt() {
    #if arch(x86_64)
    #expect(ProcessorBaseline.isRequired == !dispatchesThroughTrampoline)
    #else
    #expect(!ProcessorBaseline.isRequired)
    #endif
  }

  @Test func missingFeaturesAreNamed() {
    #expect(ProcessorBaseline.missing(from: .max) == [])
    #expect(ProcessorBaseline.missing(from: .max ^ (1 << 23 | 1 << 19)) == ["SSE4.1", "POPCNT"])
    #expect(ProcessorBaseline.missing(from: 0).count == 7)
    #expect(ProcessorBaseline.text(of: ["POPCNT"]).hasSuffix("x86-64-v2; this one lacks POPCNT"))
  }
}
