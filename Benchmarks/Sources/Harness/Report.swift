// What people and scripts read: tables, and every sample as CSV.

import Foundation

/// How far the runs of a kernel may be apart before its ratio is marked as uncertain.
private let widestSpread = 0.2

/// For each kernel the time of the first engine, and the others' ratios to it (above 1: slower than the first); then the
/// geometric means of the ratios and the memory. A ratio after `~` comes from runs that are more than 20 % of the time apart.
///
/// - Parameter against: engines that the means are given against, too.
/// - Parameter floor: bytes that every process seems to have had at least (`Cost.peak`).
public func table(_ comparison: Comparison, against: [String] = [], floor: Int = 0) -> String {
  aligned(
    kernelRows(comparison) + [meanRow(comparison)]
      + against.map { base in
        ["means to \(base)"]
          + comparison.engines.map { comparison.geometricMean(of: $0, to: base).map(twoDigits) ?? "-" }
      } + [
        ["peak memory, MB"]
          + comparison.engines.map { engine in comparison.peak(of: engine).map { megabytes($0, floor: floor) } ?? "-" }
      ])
}

/// The head and a row for each kernel.
func kernelRows(_ comparison: Comparison) -> [[String]] {
  let others = comparison.engines.dropFirst()
  let best = comparison.hasInterpreters ? ["best interp."] : []
  var rows: [[String]] = [["kernel", comparison.engines[0]] + others + best]
  for kernel in comparison.kernels {
    var row = [kernel]
    for engine in comparison.engines {
      guard let found = comparison.measurement(engine, kernel), case .success = found.result else {
        row.append("failed")
        continue
      }
      let mark = found.spread > widestSpread ? "~" : ""
      if engine == comparison.engines[0] {
        row.append(mark + String(format: "%.1f ms", found.time * 1000))
      } else {
        row.append(comparison.ratio(engine, kernel).map { mark + twoDigits($0) } ?? "-")
      }
    }
    if !best.isEmpty { row.append(comparison.bestInterpreter(kernel).map(twoDigits) ?? "-") }
    rows.append(row)
  }
  return rows
}

private func meanRow(_ comparison: Comparison) -> [String] {
  var means = ["geometric mean", ""]
  for engine in comparison.engines.dropFirst() {
    means.append(comparison.geometricMean(of: engine).map(twoDigits) ?? "-")
  }
  if comparison.hasInterpreters { means.append(comparison.geometricMeanOfBest.map(twoDigits) ?? "-") }
  return means
}

/// For each module and compiler: megabytes of the module in a second of processor time, that rate divided into the first
/// compiler's, and the memory.
public func table(_ compilations: [Compilation], floor: Int = 0) -> String {
  aligned(compilationRows(compilations, floor: floor))
}

func compilationRows(_ compilations: [Compilation], floor: Int) -> [[String]] {
  var rows: [[String]] = [["module", "compiler", "MB/s and core", "first is faster", "peak memory, MB", "per byte"]]
  for compilation in compilations {
    let module = "\(compilation.module) (\(String(format: "%.2f", Double(compilation.size) / 1e6)) MB)"
    switch compilation.outcome {
    case .failure(let error): rows.append([module, compilation.compiler, "failed: \(error)"])
    case .success(let figures):
      let base = compilations.first { $0.module == compilation.module }
      let ratio = (try? base?.outcome.get()).map { twoDigits($0.rate / figures.rate) + " times" } ?? "-"
      rows.append([
        module, compilation.compiler, twoDigits(figures.rate / 1e6), ratio,
        megabytes(figures.peak, floor: floor),
        (isAtFloor(figures.peak, floor) ? "≤ " : "")
          + String(format: "%.0f", figures.peak / Double(compilation.size)),
      ])
    }
  }
  return rows
}

/// Values measured in the engine's process.
public func table(_ figures: [Figure]) -> String {
  aligned(figureRows(figures))
}

func figureRows(_ figures: [Figure]) -> [[String]] {
  figures.map { [$0.name, String(format: "%.1f", $0.value), $0.unit] }
}

/// The samples and figures, one a line, with a header.
public func csv(_ samples: [Sample], _ figures: [Figure] = []) -> String {
  var text = "kind,subject,engine,round,n,cpu_seconds,wall_seconds,peak_bytes,value,unit\n"
  for sample in samples {
    text += "\(sample.kind.rawValue),\(quoted(sample.subject)),\(quoted(sample.engine)),\(sample.round),\(sample.n),"
    text += "\(sample.cost.cpu),\(sample.cost.wall),\(sample.cost.peak),,\n"
  }
  for figure in figures { text += "figure,\(quoted(figure.name)),,,,,,,\(figure.value),\(quoted(figure.unit))\n" }
  return text
}

/// A field of a CSV file (RFC 4180).
private func quoted(_ text: String) -> String {
  guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
  return "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\""
}

private func megabytes(_ bytes: Double, floor: Int) -> String {
  (isAtFloor(bytes, floor) ? "≤ " : "") + String(format: "%.1f", bytes / 1e6)
}

private func isAtFloor(_ bytes: Double, _ floor: Int) -> Bool { bytes <= Double(floor) * 1.01 }

func twoDigits(_ value: Double) -> String { String(format: "%.2f", value) }

/// The first column to the left, the others to the right.
func aligned(_ rows: [[String]]) -> String {
  let columns = rows.map(\.count).max() ?? 0
  let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
  return rows.map { row in
    var line = ""
    for (column, text) in row.enumerated() {
      let space = String(repeating: " ", count: widths[column] - text.count)
      line += column == 0 ? text + space : "  " + space + text
    }
    return line + "\n"
  }.joined()
}
