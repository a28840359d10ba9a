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

  /// The engine's time divided by that of `base`, or else the first engine's: above 1, it is slower. Nil where either failed
  /// or took no time.
  public func ratio(_ engine: String, _ kernel: String, to base: String? = nil) -> Double? {
    guard let own = time(engine, kernel), let base = time(base ?? engines[0], kernel) else { return nil }
    return own / base
  }

  /// The smallest ratio of the interpreters other than the first engine.
  public func bestInterpreter(_ kernel: String) -> Double? {
    engines.dropFirst().filter(interpreters.contains).compactMap { ratio($0, kernel) }.min()
  }

  public var hasInterpreters: Bool { engines.dropFirst().contains(where: interpreters.contains) }

  /// Over the kernels on which there is a ratio; nil if there is none.
  public func geometricMean(of engine: String, to base: String? = nil) -> Double? {
    mean(kernels.compactMap { ratio(engine, $0, to: base) })
  }

  /// Of these engines, which should be alike: those with the least and the greatest mean, and how far apart they are. Nil
  /// if there are no two to compare.
  public func extremes(of alike: [String]) -> (fastest: String, slowest: String, apart: Double)? {
    let means = alike.compactMap { name in geometricMean(of: name).map { (name, $0) } }
    guard means.count > 1, let least = means.min(by: { $0.1 < $1.1 }), let greatest = means.max(by: { $0.1 < $1.1 })
    else { return nil }
    return (least.0, greatest.0, greatest.1 / least.1 - 1)
  }

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

/// Kernels on which engines give different results; empty if all is well.
public func disagreements(_ measurements: [Measurement]) -> [String] {
  var lines: [String] = []
  var expected: [String: (engine: String, result: Int64)] = [:]
  for measurement in measurements {
    guard case .success(let result) = measurement.result else { continue }
    guard let first = expected[measurement.kernel] else {
      expected[measurement.kernel] = (measurement.engine, result)
      continue
    }
    if first.result != result {
      lines.append(
        "\(measurement.kernel): \(measurement.engine) gives \(result), \(first.engine) gives \(first.result)")
    }
  }
  return lines
}

/// Kernels that engines can't run, a line each with the end of what the engine said.
public func failures(_ measurements: [Measurement]) -> [String] {
  measurements.compactMap { measurement in
    guard case .failure(let error) = measurement.result else { return nil }
    let reason = error.description.split(separator: "\n").last ?? ""
    return "\(measurement.kernel): \(measurement.engine) failed: \(reason)"
  }
}
