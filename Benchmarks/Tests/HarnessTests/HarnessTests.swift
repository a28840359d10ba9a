import Foundation
import Harness
import Synchronization
import Testing

private let folder = URL(fileURLWithPath: "/kernels")
private let kernel = Kernel(
  name: "fib", checkSize: 1, timeSize: 2, purpose: "calls", wasm: folder.appending(path: "fib.wasm"),
  native: folder.appending(path: "fib"))

@Suite struct HarnessTests {
  @Test(arguments: [
    ("", nil), ("no number", nil), ("42\n", 42), ("run: [-7]", -7), ("1 2 3", 3), ("i64:18446744073709551615", -1),
    ("-9223372036854775808", Int64.min), ("99999999999999999999", nil), ("0x37:i64", 55),
    ("0xfFffffffffffffff:i64", -1),
    ("-0x10", -16), ("Result: 5 of i64\n", 5), ("[Value.i64(6765)]", 6765), ("v1 x2y 0xg", nil), ("3-4", 3),
  ])
  func lastIntegerOf(text: String, want: Int64?) { #expect(lastInteger(text) == want) }

  @Test(arguments: [([], 0), ([3], 3), ([3, 1], 2), ([9, 1, 2], 2)])
  func medianOf(values: [Double], want: Double) { #expect(median(values) == want) }

  /// The median's width is that of all samples, that of the least how far the next one is.
  @Test(arguments: [([], 0, 0, 0), ([3], 3, 0, 0), ([9, 2, 1], 1, 8, 1)] as [([Double], Double, Double, Double)])
  func leastOf(values: [Double], want: Double, all: Double, next: Double) {
    #expect(Statistic.least.value(of: values) == want && Statistic.median.value(of: values) == median(values))
    #expect(Statistic.median.width(of: values) == all && Statistic.least.width(of: values) == next)
  }

  @Test func geometricMeanOfRatios() { #expect(abs(geometricMean([0.5, 2, 4, 0.25]) - 1) < 1e-12) }

  @Test func listSkipsCommentsAndReportsTheLine() throws {
    let kernels = try Kernel.list("# header\n\nfib 18 30 recursive calls\n", folder: folder)
    #expect(kernels.map(\.name) == ["fib"] && kernels[0].checkSize == 18 && kernels[0].timeSize == 30)
    #expect(kernels[0].purpose == "recursive calls" && kernels[0].wasm.path == "/kernels/.build/fib.wasm")
    #expect(throws: HarnessError.malformedList(line: 2)) { try Kernel.list("# header\nfib x 30 calls", folder: folder) }
  }

  @Test func templatesAreFilledIn() throws {
    let engine = try CommandEngine(parsing: "other=tool run {wasm} i32:{n}")
    #expect(engine.name == "other")
    #expect(engine.command(kernel, n: 5) == ["tool", "run", "/kernels/fib.wasm", "i32:5"])
    for text in ["tool {wasm} {n}", "x=tool {n}", "x=tool {wasm}"] {
      #expect(throws: HarnessError.malformedEngine(text)) { try CommandEngine(parsing: text) }
    }
  }

  @Test func commandsAreRunAndJudged() throws {
    #expect(try CommandEngine(name: "e", template: ["echo", "[{n}]"]).run(kernel, n: -3).result == -3)
    #expect(throws: HarnessError.noResult(output: "x\n")) {
      try CommandEngine(name: "e", template: ["echo", "x"]).run(kernel, n: 0)
    }
    #expect(throws: HarnessError.engineFailed(status: 3, message: "oh\n")) {
      try CommandEngine(name: "e", template: ["sh", "-c", "echo oh >&2; exit 3"]).run(kernel, n: 0)
    }
    #expect(throws: HarnessError.timedOut(seconds: 0.1)) {
      try CommandEngine(name: "e", template: ["sleep", "5"], limit: 0.1).run(kernel, n: 0)
    }
  }

  @Test func resultsOnStandardErrorCountWhereThereIsNoOther() throws {
    let engine = CommandEngine(name: "e", template: ["sh", "-c", "echo Result: {n} >&2"])
    #expect(try engine.run(kernel, n: 7).result == 7)
    let other = CommandEngine(name: "e", template: ["sh", "-c", "echo {n}; echo 99 instructions >&2"])
    #expect(try other.run(kernel, n: 7).result == 7)
  }

  @Test func costsAreOfTheProcessAndItsChildren() throws {
    let busy = CommandEngine(
      name: "e",
      template: ["sh", "-c", "sleep 0.2; sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'; echo {n}"])
    let cost = try busy.run(kernel, n: 1).cost
    #expect(cost.cpu > 0 && cost.wall > 0.2 && cost.wall > cost.cpu - 0.05)
    #expect(cost.peak > 100_000)
  }

  @Test func differencesAndFailuresAreReported() {
    let (measurements, samples) = measure(
      [kernel],
      on: [Fixed(name: "a", result: 1), Fixed(name: "b", result: 2), Fixed(name: "c", result: nil)], rounds: 2,
      by: .wall)
    #expect(samples.count == 8)
    #expect(disagreements(measurements) == ["fib: b gives 2, a gives 1"])
    #expect(failures(measurements) == ["fib: c failed: no result after 1.0 s"])
    let comparison = Comparison(measurements, engines: ["a", "b", "c"])
    let lines = table(comparison).split(separator: "\n")
    #expect(lines.count == 4 && lines[1].contains("1000.0 ms") && lines[1].contains("failed"))
    #expect(lines[2].split(separator: " ") == ["geometric", "mean", "1.00", "-"])
  }

  @Test func theStatisticChooses() {
    let engine = Fixed(name: "a", result: 1)
    for statistic in Statistic.allCases {
      #expect(measure([kernel], on: [engine], rounds: 3, by: .wall, reducedTo: statistic).measurements[0].time == 1)
    }
    let slow = Slowing()
    #expect(measure([kernel], on: [slow], rounds: 3, reducedTo: .least).measurements[0].time == 1)
    #expect(measure([kernel], on: [Slowing()], rounds: 3).measurements[0].time == 2)
  }

  @Test func theMetricChooses() {
    let engine = Fixed(name: "a", result: 1)
    #expect(measure([kernel], on: [engine], rounds: 1, by: .wall).measurements[0].time == 1)
    #expect(measure([kernel], on: [engine], rounds: 1, by: .cpu).measurements[0].time == 2)
  }
}

/// Takes one second more for each unit of `n` above 1, and half a second for n = 0; twice that of processor time.
private struct Fixed: Engine {
  var name: String
  var result: Int64?
  var isInterpreter = false
  func run(_ kernel: Kernel, n: Int32) throws(HarnessError) -> Execution {
    guard let result else { throw .timedOut(seconds: 1) }
    let seconds = n == 0 ? 0.5 : Double(n) - 0.5
    return Execution(result: result, cost: Cost(wall: seconds, cpu: 2 * seconds, peak: 1_000_000))
  }
}

/// Takes a second more for each round; nothing for n = 0.
private final class Slowing: Engine {
  let name = "slowing"
  let isInterpreter = false
  private let rounds = Mutex(0.0)
  func run(_ kernel: Kernel, n: Int32) throws(HarnessError) -> Execution {
    let seconds =
      n == 0
      ? 0
      : rounds.withLock {
        $0 += 1
        return $0
      }
    return Execution(result: 1, cost: Cost(wall: seconds, cpu: seconds, peak: 1))
  }
}
