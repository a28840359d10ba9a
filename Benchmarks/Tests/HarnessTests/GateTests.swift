// The gate: what callgrind leaves, the baseline, and the comparison.

import Foundation
import Harness
import Testing

private func counts(_ kernel: String, _ icp: Int, _ none: Int, _ tracking: Int, n: Int32 = 1) -> InstructionCounts {
  InstructionCounts(kernel: kernel, n: n, counts: ["icp": icp, "none": none, "tracking": tracking])
}

private func kernel(_ name: String) -> Kernel {
  Kernel(
    name: name, checkSize: 1, timeSize: 2, purpose: "", wasm: URL(fileURLWithPath: "/a b/\(name).wasm"),
    native: URL(fileURLWithPath: "/a b/\(name)"))
}

@Suite struct GateTests {
  private static let printed = """
    /a b/x.wasm icp -5
    /a b/x.wasm none -5
    /a b/x.wasm tracking -5
    /a b/y.wasm icp 7
    /a b/y.wasm none 7
    /a b/y.wasm tracking 7

    """

  private static func dump(_ index: Int) -> String? {
    "version: 1\nevents: Ir\n\nfn=(1)\n12 3\n\ntotals: \(index * 100)\n"
  }

  @Test func countsArePutTogether() throws {
    let found = try instructionCounts(of: [kernel("x"), kernel("y")], printed: GateTests.printed, dump: GateTests.dump)
    #expect(found == [counts("x", 100, 200, 300), counts("y", 400, 500, 600)])
  }

  @Test(arguments: [
    ("/a b/x.wasm icp 1\n", "1 executions, not 3"),
    ("/a b/x.wasm icp 1\n/a b/x.wasm none 2\n/a b/x.wasm tracking 1", "x gives 1, and 2 in the variant none"),
    ("/a b/x.wasm icp 1\n/a b/x.wasm icp 1\n/a b/x.wasm tracking 1", "unexpected line: /a b/x.wasm icp 1"),
    ("/a b/z.wasm icp 1\n/a b/x.wasm none 1\n/a b/x.wasm tracking 1", "unexpected line: /a b/z.wasm icp 1"),
  ])
  func oddOutput(printed: String, message: String) {
    #expect(throws: HarnessError.malformedCounts(message)) {
      try instructionCounts(of: [kernel("x")], printed: printed, dump: GateTests.dump)
    }
  }

  @Test(arguments: [nil, "", "totals: 0\n", "totals: many\n"]) func missingCounts(text: String?) {
    #expect(throws: HarnessError.malformedCounts("no count for x in the variant none")) {
      try instructionCounts(of: [kernel("x"), kernel("y")], printed: GateTests.printed) {
        $0 == 2 ? text : GateTests.dump($0)
      }
    }
  }

  @Test func baselinesReadBack() throws {
    let baseline = Baseline(
      compiler: "Swift version 6", architecture: "x86_64",
      entries: [counts("x", 100, 90, 12345), counts("longer", 1, 2, 3, n: 18)])
    #expect(try Baseline(parsing: baseline.text) == baseline)
    #expect(baseline.text.hasSuffix("3\n") && !baseline.text.contains(" \n"))
  }

  @Test(arguments: ["x 1 2 3", "x 1 2 3 4 5", "x one 2 3 4", "x 1 2 3 four", "x 1 2 3 0", "x 1 2 3 -4"])
  func malformedBaselines(line: String) {
    #expect(throws: HarnessError.malformedBaseline(line: 2)) { try Baseline(parsing: "# comment\n\(line)\n") }
  }

  @Test func theBandDecides() {
    let before = [counts("x", 1000, 1000, 1000)]
    func verdict(_ icp: Int, _ none: Int, _ tracking: Int) -> Verdict {
      Verdict([counts("x", icp, none, tracking)], against: before, band: 0.03)
    }
    #expect(verdict(1030, 970, 1000) == Verdict([], against: [], band: 0))
    #expect(verdict(1031, 1000, 1000).failures == ["x, icp: 1000 → 1031 instructions (+3.1 %)"])
    #expect(verdict(1000, 1000, 2000).failures == ["x, tracking: 1000 → 2000 instructions (+100.0 %)"])
    let gain = verdict(1000, 969, 1000)
    #expect(gain.gains == ["x, none: 1000 → 969 instructions (-3.1 %)"] && gain.failures.isEmpty)
  }

  @Test func kernelsMustMatch() {
    let now = [counts("x", 1, 1, 1), counts("y", 1, 1, 1, n: 2)]
    let before = [counts("y", 1, 1, 1, n: 3), counts("z", 1, 1, 1)]
    #expect(
      Verdict(now, against: before, band: 1).failures == [
        "x: not in the baseline with n = 1", "y: not in the baseline with n = 2",
        "z: in the baseline, but there is no such kernel",
      ])
  }

  @Test func tableOfPrices() {
    let rows = table([counts("x", 110, 100, 121), counts("y", 110, 100, 121)], against: [counts("x", 100, 100, 100)])
      .split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    #expect(
      rows == [
        "kernel instructions change counting tracking", "x 110 +10.0 % +10.0 % +10.0 %", "y 110 - +10.0 % +10.0 %",
        "geometric mean +10.0 % +10.0 % +10.0 %",
      ])
  }

  @Test func otherVariantsAreCountedToo() throws {
    let found = try instructionCounts(
      of: [kernel("x")], in: ["none"], printed: "/a b/x.wasm none 1\n", dump: GateTests.dump)
    #expect(found.map(\.counts) == [["none": 100]])
  }

  /// `none` counts loops and calls: the price is what a policy adds to execution that counts nothing.
  @Test func priceOfMetering() {
    let x = InstructionCounts(kernel: "x", n: 1, counts: ["icp": 121, "operators": 110, "none": 110])
    let y = InstructionCounts(kernel: "y", n: 1, counts: ["icp": 100, "operators": 100, "none": 100])
    let base = [("x", 100), ("y", 100)].map { InstructionCounts(kernel: $0, n: 1, counts: ["none": $1]) }
    let rows = table(MeteringPrice([x, y], uncounted: base)).split(separator: "\n")
      .map { $0.split(separator: " ").joined(separator: " ") }
    #expect(
      rows == [
        "kernel uncounted none operators icp icp over none", "x 100 +10.0 % +10.0 % +21.0 % +10.0 %",
        "y 100 +0.0 % +0.0 % +0.0 % +0.0 %", "geometric mean +4.9 % +4.9 % +10.0 % +4.9 %",
        "worst +10.0 % +10.0 % +21.0 % +10.0 %",
      ])
    #expect(table(MeteringPrice([x], uncounted: [])).contains("-"))
  }

  @Test func theCompilerIsNamed() throws {
    let version = try #require(swiftVersion())
    #expect(version.hasPrefix("Swift version ") && !version.contains("\n"))
  }
}
