// The gate: instructions executed now against those of a committed baseline, with a band.

import Foundation

/// What was counted before, and for which compiler that holds.
public struct Baseline: Hashable, Sendable {
  /// The line by which the compiler names itself.
  public var compiler: String
  /// The machine's architecture.
  public var architecture: String
  public var entries: [InstructionCounts]
  public init(compiler: String, architecture: String, entries: [InstructionCounts]) {
    self.compiler = compiler
    self.architecture = architecture
    self.entries = entries
  }

  /// Reads a baseline: lines `compiler: …` and `architecture: …`, then one for each kernel: name, size, and its
  /// instructions in each variant; `#` for comments.
  public init(parsing text: String) throws(HarnessError) {
    self.init(compiler: "", architecture: "", entries: [])
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if line.isEmpty || line.hasPrefix("#") { continue }
      if let value = Baseline.value(of: "compiler", line) {
        compiler = value
        continue
      }
      if let value = Baseline.value(of: "architecture", line) {
        architecture = value
        continue
      }
      let columns = line.split(separator: " ")
      let counts = columns.dropFirst(2).compactMap { Int($0) }
      guard columns.count == 2 + instructionVariants.count, counts.count == instructionVariants.count,
        counts.allSatisfy({ $0 > 0 }), let n = Int32(columns[1])
      else { throw .malformedBaseline(line: index + 1) }
      entries.append(
        InstructionCounts(
          kernel: String(columns[0]), n: n,
          counts: Dictionary(uniqueKeysWithValues: zip(instructionVariants, counts))))
    }
  }

  private static func value(of key: String, _ line: Substring) -> String? {
    line.hasPrefix(key + ":") ? line.dropFirst(key.count + 1).trimmingCharacters(in: .whitespaces) : nil
  }

  /// As it is committed.
  public var text: String {
    let rows = entries.map { entry in
      [entry.kernel, String(entry.n)] + instructionVariants.map { String(entry.counts[$0] ?? 0) }
    }
    return """
      # Instructions executed by each kernel with its size for checking; `Benchmarks/gate --accept` writes this file.
      # Kernel, size, and instructions in the variants \(instructionVariants.joined(separator: ", ")).
      compiler: \(compiler)
      architecture: \(architecture)
      \(aligned(rows))
      """.trimmingCharacters(in: .newlines) + "\n"
  }
}

/// What the gate says.
public struct Verdict: Hashable, Sendable {
  /// Above the band, or not comparable: these fail the gate.
  public var failures: [String] = []
  /// Below the band: the baseline should be renewed, or what was gained can be lost unseen.
  public var gains: [String] = []

  /// Compares; `band` is a fraction.
  public init(_ now: [InstructionCounts], against baseline: [InstructionCounts], band: Double) {
    for entry in now {
      guard let before = baseline.first(where: { $0.kernel == entry.kernel }), before.n == entry.n else {
        failures.append("\(entry.kernel): not in the baseline with n = \(entry.n)")
        continue
      }
      for variant in instructionVariants {
        guard let count = entry.counts[variant], let old = before.counts[variant] else { continue }
        let change = percent(Double(count) / Double(old) - 1)
        let text = "\(entry.kernel), \(variant): \(old) → \(count) instructions (\(change))"
        if Double(count) > Double(old) * (1 + band) { failures.append(text) }
        if Double(count) < Double(old) * (1 - band) { gains.append(text) }
      }
    }
    for entry in baseline where !now.contains(where: { $0.kernel == entry.kernel }) {
      failures.append("\(entry.kernel): in the baseline, but there is no such kernel")
    }
  }
}

/// For each kernel: its instructions and how they changed, and what counting and write tracking cost.
public func table(_ now: [InstructionCounts], against baseline: [InstructionCounts]) -> String {
  var rows = [["kernel", "instructions", "change", "counting", "tracking"]]
  var means: [String: [Double]] = [:]
  for entry in now {
    let before = baseline.first { $0.kernel == entry.kernel && $0.n == entry.n }
    var row = [entry.kernel, String(entry.counts["icp"] ?? 0)]
    for (name, count, base) in [
      ("change", entry.counts["icp"], before?.counts["icp"]), ("counting", entry.counts["icp"], entry.counts["none"]),
      ("tracking", entry.counts["tracking"], entry.counts["icp"]),
    ] {
      guard let count, let base, base > 0 else {
        row.append("-")
        continue
      }
      let ratio = Double(count) / Double(base)
      means[name, default: []].append(ratio)
      row.append(percent(ratio - 1))
    }
    rows.append(row)
  }
  let last = ["change", "counting", "tracking"].map { name in
    means[name].map { percent(geometricMean($0) - 1) } ?? "-"
  }
  return aligned(rows + [["geometric mean", ""] + last])
}

/// A difference, with its sign and one digit after the point.
public func percent(_ fraction: Double) -> String { String(format: "%+.1f %%", fraction * 100) }
