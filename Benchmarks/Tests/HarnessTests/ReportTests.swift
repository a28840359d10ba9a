// Tables, CSV and chart.

import Foundation
import Harness
import Testing

#if canImport(FoundationXML)
import FoundationXML
#endif

private func measurement(_ engine: String, _ kernel: String, _ time: Double, spread: Double = 0) -> Harness.Measurement
{
  Measurement(
    engine: engine, kernel: kernel, result: .success(1), start: 0, time: time, spread: spread, peak: 3e7)
}

/// Engine `b` takes twice, `c` four times and a quarter of what `a` takes; `c` and `d` are interpreters.
private let comparison = Comparison(
  [
    measurement("a", "x", 1), measurement("a", "y", 2), measurement("b & <co>", "x", 2),
    measurement("b & <co>", "y", 4), measurement("c", "x", 4, spread: 0.3), measurement("c", "y", 0.5),
    measurement("d", "x", 0),
    Measurement(
      engine: "d", kernel: "y", result: .failure(.timedOut(seconds: 1)), start: 0, time: 0, spread: 0, peak: 0),
  ], engines: ["a", "b & <co>", "c", "d"], interpreters: ["a", "c", "d"])

@Suite struct ReportTests {
  @Test func ratiosAndMeans() {
    #expect(comparison.kernels == ["x", "y"])
    #expect(comparison.ratio("c", "y") == 0.25 && comparison.ratio("d", "x") == nil)
    #expect(comparison.geometricMean(of: "b & <co>") == 2 && comparison.geometricMean(of: "c") == 1)
    #expect(comparison.geometricMean(of: "d") == nil)
    #expect(comparison.bestInterpreter("x") == 4 && comparison.bestInterpreter("y") == 0.25)
  }

  @Test func tableOfRatios() {
    let rows = table(comparison, floor: 30_000_000).split(separator: "\n").map { line in
      line.split(separator: " ").joined(separator: " ")
    }
    #expect(
      rows == [
        "kernel a b & <co> c d best interp.", "x 1000.0 ms 2.00 ~4.00 - 4.00", "y 2000.0 ms 2.00 0.25 failed 0.25",
        "geometric mean 2.00 1.00 - 1.00", "peak memory, MB ≤ 30.0 ≤ 30.0 ≤ 30.0 ≤ 30.0",
      ])
    #expect(!table(comparison).contains("≤"))
  }

  @Test func meansAgainstAnotherEngine() {
    #expect(comparison.ratio("c", "x", to: "b & <co>") == 2 && comparison.ratio("c", "y", to: "b & <co>") == 0.125)
    #expect(abs(comparison.geometricMean(of: "c", to: "b & <co>")! - 0.5) < 1e-12)
    #expect(comparison.geometricMean(of: "a", to: "b & <co>") == 0.5)
    let lines = table(comparison, against: ["c"]).split(separator: "\n").map { $0.split(separator: " ") }
    #expect(lines[4] == ["means", "to", "c", "1.00", "2.00", "1.00", "-"])
  }

  @Test func enginesThatShouldBeAlike() throws {
    let (fastest, slowest, apart) = try #require(comparison.extremes(of: ["a", "b & <co>", "c", "d"]))
    #expect(["a", "c"].contains(fastest) && slowest == "b & <co>" && apart == 1)
    #expect(comparison.extremes(of: ["a", "d"]) == nil && comparison.extremes(of: []) == nil)
  }

  @Test func markdownHasMeansAndKernels() {
    var report = MarkdownReport(comparison, method: "least of 2")
    report.against = ["c"]
    report.notes = ["today", "here"]
    #expect(
      report.text() == """
        2 kernels, least of 2, relative to `a`. Above 1: slower than that.

        | engine | geometric mean | to `c` | least | greatest |
        | --- | ---: | ---: | ---: | ---: |
        | `b & <co>` | 2.00 | 2.00 | 2.00 (`x`) | 2.00 (`x`) |
        | `c` | 1.00 | 1.00 | 0.25 (`y`) | 4.00 (`x`) |

        <details><summary>Each kernel: the time of a, and the others' relative to it</summary>

        | kernel | a | b & <co> | c | d | best interp. |
        | --- | ---: | ---: | ---: | ---: | ---: |
        | x | 1000.0 ms | 2.00 | ~4.00 | - | 4.00 |
        | y | 2000.0 ms | 2.00 | 0.25 | failed | 0.25 |

        </details>

        - today
        - here

        """)
  }

  /// Kernels that an engine can't run are not in its mean: the table says how many there are.
  @Test func markdownSaysHowManyKernels() {
    let some = Comparison(
      [measurement("a", "x", 1), measurement("a", "y", 1), measurement("b", "x", 3)], engines: ["a", "b"])
    var report = MarkdownReport(some, method: "")
    report.figures = [Figure(name: "call", value: 8.25, unit: "ns")]
    report.compilations = [
      Compilation(compiler: "a", module: "m", size: 2_000_000, outcome: .success(.init(rate: 8e6, peak: 3e7)))
    ]
    let text = report.text()
    #expect(text.contains("| `b`, 1 kernels | 3.00 | 3.00 (`x`) | 3.00 (`x`) |"))
    #expect(text.contains("| call | 8.2 | ns |"))
    #expect(text.contains("| m (2.00 MB) | a | 8.00 | 1.00 times | 30.0 | 15 |"))
  }

  @Test func markdownReplacesWhatIsBetweenTheMarkers() {
    let document = "before\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nafter\n"
    let first = inserting("new\n", into: document)
    #expect(first == "before\n<!-- bench: begin -->\n\nnew\n\n<!-- bench: end -->\nafter\n")
    #expect(first.flatMap { inserting("new\n", into: $0) } == first)
    #expect(inserting("new", into: "none") == nil && inserting("new", into: "<!-- bench: begin -->\n") == nil)
  }

  @Test func csvQuotesWhatHasCommas() {
    let sample = Sample(
      kind: .execution, engine: "a", subject: "x", round: 1, n: 3, cost: Cost(wall: 0.5, cpu: 0.25, peak: 4096))
    let text = csv([sample], [Figure(name: "call, \"raw\"", value: 1.5, unit: "ns")])
    #expect(
      text == """
        kind,subject,engine,round,n,cpu_seconds,wall_seconds,peak_bytes,value,unit
        execution,x,a,1,3,0.25,0.5,4096,,
        figure,"call, ""raw""\",,,,,,,1.5,ns

        """)
  }

  @Test func chartIsWellFormed() throws {
    let text = chart(comparison, title: "a < b & \"c\"", notes: ["now", "here"])
    let reader = Reader()
    let parser = XMLParser(data: Data(text.utf8))
    parser.delegate = reader
    #expect(parser.parse(), "\(String(describing: parser.parserError))")
    #expect(reader.counts["svg"] == 1)
    // The background, and a bar for each engine that has a mean; a dot for each ratio.
    #expect(reader.counts["rect"] == 3 && reader.counts["circle"] == 4)
    #expect(reader.texts.contains("a < b & \"c\"") && reader.texts.contains("b & <co>"))
    #expect(reader.texts.contains("now") && reader.texts.contains("here"))
    #expect(reader.texts.contains("y: 0.25") && reader.texts.contains("1/4") && reader.texts.contains("4"))
    #expect(!text.contains("nan") && !text.contains("inf"))
  }

  /// Nothing to compare with is no reason to fail.
  @Test func chartOfOneEngine() {
    let parser = XMLParser(
      data: Data(chart(Comparison([measurement("a", "x", 1)], engines: ["a"]), title: "a", notes: []).utf8))
    #expect(parser.parse())
  }

  @Test func compilersAreReadAndRated() throws {
    #expect(try CommandCompiler(parsing: "cc=cc -o {out} {wasm}").template == ["cc", "-o", "{out}", "{wasm}"])
    for text in ["cc -o {out} {wasm}", "cc=cc {wasm}", "cc=cc {out}"] {
      #expect(throws: HarnessError.malformedEngine(text)) { try CommandCompiler(parsing: text) }
    }
    let costs = [0.6, 0.5, 9].map { Cost(wall: 1, cpu: $0, peak: 20) }
    let figures = compilationFigures(costs, size: 1_000_000, start: 0.1)
    #expect(figures == Compilation.Figures(rate: 2_000_000, peak: 20))
  }

  @Test func compilationsAreComparedByModule() {
    func entry(_ compiler: String, _ module: String, _ rate: Double) -> Compilation {
      Compilation(
        compiler: compiler, module: module, size: 2_000_000, outcome: .success(.init(rate: rate, peak: 3e7)))
    }
    let rows = table([entry("a", "m", 8e6), entry("b", "m", 2e6), entry("a", "o", 1e6), entry("b", "o", 4e6)])
      .split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    #expect(rows[1] == "m (2.00 MB) a 8.00 1.00 times 30.0 15" && rows[2] == "m (2.00 MB) b 2.00 4.00 times 30.0 15")
    #expect(rows[4] == "o (2.00 MB) b 4.00 0.25 times 30.0 15")
    #expect(table([entry("a", "m", 8e6)], floor: 30_000_000).hasSuffix("≤ 30.0      ≤ 15\n"))
  }

  @Test func modulesAreCompiledByCommands() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let small = folder.appending(path: "small.wasm")
    let large = folder.appending(path: "large.wasm")
    try Data(count: 10).write(to: small)
    try Data(count: 1000).write(to: large)
    let compilers = [
      try CommandCompiler(parsing: "copy=cp {wasm} {out}"), try CommandCompiler(parsing: "not=false {wasm} {out}"),
    ]
    let (compilations, samples) = measureCompilation(of: [large], smallest: small, with: compilers, rounds: 2)
    #expect(samples.count == 4 && samples.allSatisfy { $0.kind == .compilation && $0.engine == "copy" })
    #expect(compilations.map(\.compiler) == ["copy", "not"] && compilations.allSatisfy { $0.size == 1000 })
    #expect(throws: Never.self) { try compilations[0].outcome.get() }
    #expect(throws: HarnessError.engineFailed(status: 1, message: "")) { try compilations[1].outcome.get() }
  }

  @Test func figuresAreLinesWithTabs() throws {
    #expect(
      Figure.list("a b\t1.5\tns\nnoise\nc\tx\tns\nd\t2\tµs\n") == [
        Figure(name: "a b", value: 1.5, unit: "ns"), Figure(name: "d", value: 2, unit: "µs"),
      ])
    #expect(try Figure.measured(by: ["printf", "a\t1\tns"], limit: 5) == [Figure(name: "a", value: 1, unit: "ns")])
  }
}

/// Counts elements and collects their texts.
private final class Reader: NSObject, XMLParserDelegate {
  var counts: [String: Int] = [:]
  var texts: [String] = []
  private var current = ""

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String] = [:]
  ) {
    counts[name, default: 0] += 1
    current = ""
  }

  func parser(_ parser: XMLParser, foundCharacters text: String) { current += text }

  func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
    texts.append(current)
    current = ""
  }
}
