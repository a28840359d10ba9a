// Measurements as ratios: what table and chart show.

/// Every engine against the first one, on every kernel.
public struct Comparison: Sendable {
  public let engines: [String]
  public let kernels: [String]
  private let interpreters: Set<String>
  private var found: [Key: Measurement] = [:]

  private struct Key: Hashable {
    var engine: String
    var kernel: String
  }

  /// - Parameter engines: at least one; the first is what the others are compared with.
  public init(_ measurements: [Measurement], engines: [String], interpreters: Set<String> = []) {
    self.engines = engines
    self.interpreters = interpreters
    var kernels: [String] = []
    for measurement in measurements {
      if !kernels.contains(measurement.kernel) { kernels.append(measurement.kernel) }
      found[Key(engine: measurement.engine, kernel: measurement.kernel)] = measurement
    }
    self.kernels = kernels
  }

  public func measurement(_ engine: String, _ kernel: String) -> Measurement? {
    found[Key(engine: engine, kernel: kernel)]
  }

  /// The engine's time divided by the first engine's: above 1, it is slower. Nil where either failed or took no time.
  public func ratio(_ engine: String, _ kernel: String) -> Double? {
    guard let own = time(engine, kernel), let base = time(engines[0], kernel) else { return nil }
    return own / base
  }

  /// The smallest ratio of the interpreters other than the first engine.
  public func bestInterpreter(_ kernel: String) -> Double? {
    engines.dropFirst().filter(interpreters.contains).compactMap { ratio($0, kernel) }.min()
  }

  public var hasInterpreters: Bool { engines.dropFirst().contains(where: interpreters.contains) }

  /// Over the kernels on which there is a ratio; nil if there is none.
  public func geometricMean(of engine: String) -> Double? { mean(kernels.compactMap { ratio(engine, $0) }) }

  public var geometricMeanOfBest: Double? { mean(kernels.compactMap(bestInterpreter)) }

  /// Median over the kernels of the resident memory; bytes.
  public func peak(of engine: String) -> Double? {
    let peaks = kernels.compactMap { measurement(engine, $0) }.filter { (try? $0.result.get()) != nil }.map(\.peak)
    return peaks.isEmpty ? nil : median(peaks)
  }

  private func mean(_ values: [Double]) -> Double? { values.isEmpty ? nil : Harness.geometricMean(values) }

  private func time(_ engine: String, _ kernel: String) -> Double? {
    guard let measurement = measurement(engine, kernel), case .success = measurement.result, measurement.time > 0 else {
      return nil
    }
    return measurement.time
  }
}

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
