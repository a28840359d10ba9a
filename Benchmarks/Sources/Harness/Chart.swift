// A picture of a comparison as SVG: a row for each engine, on a logarithmic axis of its time relative to the first
// engine's. A pale dot is a kernel, the bar ends at the geometric mean.

import Foundation

///
/// - Parameter notes: lines below the picture: when, where, which versions.
public func chart(_ comparison: Comparison, title: String, notes: [String]) -> String {
  let others = comparison.engines.dropFirst().filter { comparison.geometricMean(of: $0) != nil }
  let ratios = others.flatMap { engine in comparison.kernels.compactMap { comparison.ratio(engine, $0) } }
  let axis = Axis(covering: ratios + [1])
  let rowHeight = 26.0
  let top = 56.0
  let bottom = top + rowHeight * Double(others.count)

  var parts = [text(title, x: 16, y: 28, size: 16, weight: "bold")]
  for tick in axis.ticks {
    let x = axis.position(tick)
    let isBase = tick == 1
    parts.append(
      line(x, top - 6, x, bottom, color: isBase ? "#333" : "#ddd", width: isBase ? 1.5 : 1))
    parts.append(text(label(tick), x: x, y: bottom + 16, size: 11, color: "#666", anchor: "middle"))
  }
  for (row, engine) in others.enumerated() {
    let y = top + rowHeight * (Double(row) + 0.5)
    let mean = comparison.geometricMean(of: engine)!
    let start = axis.position(1)
    let end = axis.position(mean)
    parts.append(text(engine, x: Axis.left - 12, y: y + 4, size: 12, anchor: "end"))
    let color = mean >= 1 ? "#4c86c6" : "#c98b3b"
    parts.append(
      element(
        "rect",
        [
          "x": number(min(start, end)), "y": number(y - 7), "width": number(abs(end - start)), "height": "14",
          "fill": color,
        ]
      ))
    for kernel in comparison.kernels {
      guard let ratio = comparison.ratio(engine, kernel) else { continue }
      parts.append(
        element(
          "circle",
          ["cx": number(axis.position(ratio)), "cy": number(y), "r": "3", "fill": "#222", "fill-opacity": "0.35"],
          content: element("title", [:], content: escaped("\(kernel): \(twoDigits(ratio))"))))
    }
    parts.append(text(twoDigits(mean), x: Axis.right + 14, y: y + 4, size: 12, weight: "bold"))
  }
  let caption = "time relative to \(comparison.engines[0]); right of 1: slower; dots: kernels; bars: geometric means"
  for (row, line) in ([caption] + notes).enumerated() {
    parts.append(text(line, x: 16, y: bottom + 42 + 15 * Double(row), size: 11, color: "#666"))
  }
  let height = number(bottom + 50 + 15 * Double(notes.count))
  let background = element("rect", ["width": "100%", "height": "100%", "fill": "white"])
  return element(
    "svg",
    [
      "xmlns": "http://www.w3.org/2000/svg", "width": number(Axis.width), "height": height,
      "viewBox": "0 0 \(number(Axis.width)) \(height)", "font-family": "sans-serif",
    ], content: "\n" + ([background] + parts).joined(separator: "\n") + "\n") + "\n"
}

/// Ratios to places, logarithmically, between powers of two or, for wide ranges, of higher powers of it.
private struct Axis {
  static let width = 820.0
  static let left = 190.0
  static let right = 740.0

  let low: Double
  let high: Double
  let ticks: [Double]

  /// - Parameter values: above zero, at least one.
  init(covering values: [Double]) {
    let low = (log2(values.min()!) - 0.01).rounded(.down)
    let high = max((log2(values.max()!) + 0.01).rounded(.up), low + 1)
    let step = max(1, Int(((high - low) / 10).rounded(.up)))
    self.low = low
    self.high = high
    // Counted from 0, so that 1 is among them.
    ticks = (Int(low)...Int(high)).filter { $0 % step == 0 }.map { exp2(Double($0)) }
  }

  func position(_ value: Double) -> Double { Self.left + (log2(value) - low) / (high - low) * (Self.right - Self.left) }
}

private func label(_ tick: Double) -> String { tick >= 1 ? String(Int(tick)) : "1/" + String(Int(1 / tick)) }

private func number(_ value: Double) -> String { String(format: "%.1f", value) }

private func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, color: String, width: Double) -> String {
  element(
    "line",
    [
      "x1": number(x1), "y1": number(y1), "x2": number(x2), "y2": number(y2), "stroke": color,
      "stroke-width": number(width),
    ])
}

private func text(
  _ content: String, x: Double, y: Double, size: Int, color: String = "#222", anchor: String = "start",
  weight: String = "normal"
) -> String {
  element(
    "text",
    [
      "x": number(x), "y": number(y), "font-size": String(size), "fill": color, "text-anchor": anchor,
      "font-weight": weight,
    ], content: escaped(content))
}

/// An element with attributes; `content` is not escaped.
private func element(_ name: String, _ attributes: KeyValuePairs<String, String>, content: String = "") -> String {
  let list = attributes.map { " \($0.key)=\"\(escaped($0.value))\"" }.joined()
  return content.isEmpty ? "<\(name)\(list)/>" : "<\(name)\(list)>\(content)</\(name)>"
}

private func escaped(_ text: String) -> String {
  text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
    .replacingOccurrences(of: ">", with: "&gt;").replacingOccurrences(of: "\"", with: "&quot;")
}
