// What people and scripts read: a table of times and ratios with geometric means, and the samples as CSV.

import Foundation

/// Kernels on which engines give different results, or fail; empty if all is well.
public func disagreements(_ measurements: [Measurement]) -> [String] {
  var lines: [String] = []
  var expected: [String: (engine: String, result: Int64)] = [:]
  for measurement in measurements {
    switch measurement.result {
    case .failure(let error): lines.append("\(measurement.kernel): \(measurement.engine) failed: \(error)")
    case .success(let result):
      if let first = expected[measurement.kernel] {
        if first.result != result {
          lines.append(
            "\(measurement.kernel): \(measurement.engine) gives \(result), \(first.engine) gives \(first.result)")
        }
      } else {
        expected[measurement.kernel] = (measurement.engine, result)
      }
    }
  }
  return lines
}

/// A table: for each kernel the time of the first engine, and for the others their time and its ratio to the first one's
/// (above 1: slower than the first); the last line has the geometric means of the ratios.
///
/// Means cover the kernels on which both engines gave a result and took a time above zero.
public func table(_ measurements: [Measurement], engines: [String]) -> String {
  var rows: [[String]] = [["kernel"] + engines.flatMap { $0 == engines[0] ? [$0] : [$0, "ratio"] }]
  var ratios: [String: [Double]] = [:]
  var kernels: [String] = []
  for measurement in measurements where !kernels.contains(measurement.kernel) { kernels.append(measurement.kernel) }
  for kernel in kernels {
    var row = [kernel]
    var base: Measurement?
    for engine in engines {
      let found = measurements.first { $0.kernel == kernel && $0.engine == engine }
      guard let found, case .success = found.result else {
        row += engine == engines[0] ? ["failed"] : ["failed", "-"]
        continue
      }
      row.append("\(milliseconds(found.time)) ±\(Int((found.spread * 50).rounded())) %")
      if engine == engines[0] {
        base = found
      } else if let base, base.time > 0, found.time > 0 {
        let ratio = found.time / base.time
        ratios[engine, default: []].append(ratio)
        row.append(String(format: "%.2f", ratio))
      } else {
        row.append("-")
      }
    }
    rows.append(row)
  }
  var last = ["geometric mean", ""]
  for engine in engines.dropFirst() {
    last += ["", ratios[engine].map { String(format: "%.2f", geometricMean($0)) } ?? "-"]
  }
  rows.append(last)
  return aligned(rows)
}

/// The samples, one a line, with a header.
public func csv(_ samples: [Sample]) -> String {
  var text = "kernel,engine,round,n,seconds\n"
  for sample in samples {
    text += "\(sample.kernel),\(sample.engine),\(sample.round),\(sample.n),\(sample.seconds)\n"
  }
  return text
}

/// exp of the mean of the logarithms; the values must be above zero. 1 if there are none.
public func geometricMean(_ values: [Double]) -> Double {
  if values.isEmpty { return 1 }
  return exp(values.reduce(0) { $0 + log($1) } / Double(values.count))
}

private func milliseconds(_ seconds: Double) -> String { String(format: "%.1f ms", seconds * 1000) }

/// The first column to the left, the others to the right.
private func aligned(_ rows: [[String]]) -> String {
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
