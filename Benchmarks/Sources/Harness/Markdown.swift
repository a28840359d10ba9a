// A run's report as Markdown, for a section of a document that is made by the bench and not by hand.

import Foundation

/// What a run measured, as far as it did.
public struct MarkdownReport: Sendable {
  public var comparison: Comparison
  /// Engines that the means are given against, beside the first.
  public var against: [String] = []
  /// How the times were taken: "processor time, medians of 5".
  public var method: String
  public var compilations: [Compilation] = []
  public var figures: [Figure] = []
  /// When, where, which versions.
  public var notes: [String] = []
  public init(_ comparison: Comparison, method: String) {
    self.comparison = comparison
    self.method = method
  }

  /// - Parameter floor: bytes that every process seems to have had at least (`Cost.peak`).
  public func text(floor: Int = 0) -> String {
    let first = comparison.engines[0]
    var parts = [
      "\(comparison.kernels.count) kernels, \(method), relative to `\(first)`. Above 1: slower than that.",
      markdownTable(engineRows()),
      "<details><summary>Each kernel: the time of \(first), and the others' relative to it</summary>",
      markdownTable(kernelRows(comparison)),
      "</details>",
    ]
    if !compilations.isEmpty {
      parts += ["Compilation, in processor time:", markdownTable(compilationRows(compilations, floor: floor))]
    }
    if !figures.isEmpty {
      parts += ["Starting and calling:", markdownTable([["", "median", "unit"]] + figureRows(figures))]
    }
    parts.append(notes.map { "- \($0)\n" }.joined())
    return parts.map { $0.trimmingCharacters(in: .newlines) }.joined(separator: "\n\n") + "\n"
  }

  /// For each other engine its means, and the kernels where it does best and worst.
  private func engineRows() -> [[String]] {
    var rows = [["engine", "geometric mean"] + against.map { "to `\($0)`" } + ["least", "greatest"]]
    for engine in comparison.engines.dropFirst() {
      let ratios = comparison.kernels.compactMap { kernel in comparison.ratio(engine, kernel).map { (kernel, $0) } }
      guard let least = ratios.min(by: { $0.1 < $1.1 }), let greatest = ratios.max(by: { $0.1 < $1.1 }) else {
        continue
      }
      let of = ratios.count < comparison.kernels.count ? ", \(ratios.count) kernels" : ""
      let means = [nil] + against.map(Optional.some)
      rows.append(
        ["`\(engine)`\(of)"]
          + means.map { base in comparison.geometricMean(of: engine, to: base).map(twoDigits) ?? "-" }
          + [least, greatest].map { kernel, ratio in "\(twoDigits(ratio)) (`\(kernel)`)" })
    }
    return rows
  }
}

/// The first row is the head; the columns after the first are aligned to the right.
func markdownTable(_ rows: [[String]]) -> String {
  guard let head = rows.first else { return "" }
  func line(_ cells: [String]) -> String {
    "| " + cells.map { $0.replacingOccurrences(of: "|", with: "\\|") }.joined(separator: " | ") + " |\n"
  }
  let rule = ["---"] + Array(repeating: "---:", count: head.count - 1)
  return line(head) + line(rule) + rows.dropFirst().map(line).joined()
}

/// The lines between which a document has what the bench writes.
public enum MarkdownMarker {
  public static let begin = "<!-- bench: begin -->"
  public static let end = "<!-- bench: end -->"
}

/// The document with the text between the markers, in place of what is there; nil if it has no such markers.
public func inserting(_ text: String, into document: String) -> String? {
  guard let begin = document.range(of: MarkdownMarker.begin + "\n"),
    let end = document.range(of: MarkdownMarker.end, range: begin.upperBound..<document.endIndex)
  else { return nil }
  return document[..<begin.upperBound] + "\n" + text + "\n" + document[end.lowerBound...]
}
