// Medians of short times.

/// The median, over the batches after a first one that isn't counted, of the seconds that one run of a body takes. `prepare`
/// makes the body anew for each batch, out of the time.
func medianSeconds(batches: Int, perBatch: Int, _ prepare: () throws -> () throws -> Void) throws -> Double {
  var times: [Double] = []
  for _ in 0...batches {
    let body = try prepare()
    let start = ContinuousClock.now
    for _ in 0..<perBatch { try body() }
    times.append((ContinuousClock.now - start) / .seconds(1) / Double(perBatch))
  }
  times.removeFirst()
  return times.sorted()[times.count / 2]
}

/// Measures and prints; `convert` makes the value from seconds, by default by the unit.
func report(
  _ name: String, _ unit: String, batches: Int, perBatch: Int, as convert: ((Double) -> Double)? = nil,
  _ prepare: () throws -> () throws -> Void
) throws {
  let seconds = try medianSeconds(batches: batches, perBatch: perBatch, prepare)
  show(name, convert?(seconds) ?? seconds * (unit == "ns" ? 1e9 : 1e6), unit)
}

func show(_ name: String, _ value: Double, _ unit: String) {
  print("\(name)\t\(fixed(value))\t\(unit)")
}

func megabytes(_ bytes: Int) -> String { fixed(Double(bytes) / 1e6) }

/// With one digit after the point.
private func fixed(_ value: Double) -> String {
  let tenths = Int((value * 10).rounded())
  return "\(tenths / 10).\(abs(tenths % 10))"
}
