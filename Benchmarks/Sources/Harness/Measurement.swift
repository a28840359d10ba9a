// How samples become numbers: each engine's executions are interleaved with the others', so that a change of the
// machine's speed meets all of them, and medians or the least times are compared.

import Foundation

/// One process: a kernel on an engine, or a module in a compiler.
public struct Sample: Hashable, Sendable {
  public enum Kind: String, Sendable { case execution, compilation }
  public var kind: Kind
  public var engine: String
  /// The kernel or module.
  public var subject: String
  public var round: Int
  public var n: Int32
  public var cost: Cost
  public init(kind: Kind, engine: String, subject: String, round: Int, n: Int32, cost: Cost) {
    self.kind = kind
    self.engine = engine
    self.subject = subject
    self.round = round
    self.n = n
    self.cost = cost
  }
}

/// How several samples become one number.
public enum Statistic: String, CaseIterable, Sendable {
  case median
  /// What is disturbed takes longer: where a machine does other things too, the least times repeat best.
  case least

  public func value(of samples: [Double]) -> Double { self == .median ? Harness.median(samples) : samples.min() ?? 0 }

  /// How far apart the samples are that the value rests on: all of them for the median, the two least ones for the least.
  public func width(of samples: [Double]) -> Double {
    let sorted = samples.sorted()
    guard let first = sorted.first, let last = sorted.last else { return 0 }
    return (self == .median || sorted.count == 1 ? last : sorted[1]) - first
  }
}

/// What one engine did with one kernel.
public struct Measurement: Hashable, Sendable {
  public var engine: String
  public var kernel: String
  /// The checksum, or why there is none.
  public var result: Result<Int64, HarnessError>
  /// Time of n = 0: starting up and, where the engine does, compiling; seconds.
  public var start: Double
  /// Time of the timed size, less `start`; seconds.
  public var time: Double
  /// How far apart the samples of the timed size are that `time` rests on, divided by `time`.
  public var spread: Double
  /// Median of the timed size's memory; bytes.
  public var peak: Double
  public init(
    engine: String, kernel: String, result: Result<Int64, HarnessError>, start: Double, time: Double, spread: Double,
    peak: Double
  ) {
    self.engine = engine
    self.kernel = kernel
    self.result = result
    self.start = start
    self.time = time
    self.spread = spread
    self.peak = peak
  }
}

/// Runs every kernel on every engine `rounds` times, each time also with n = 0, and reduces the samples.
///
/// An engine that fails on a kernel is left out of that kernel's further rounds.
public func measure(
  _ kernels: [Kernel], on engines: [any Engine], rounds: Int, by metric: Metric = .cpu,
  reducedTo statistic: Statistic = .median, progress: (String) -> Void = { _ in }
) -> (measurements: [Measurement], samples: [Sample]) {
  var measurements: [Measurement] = []
  var samples: [Sample] = []
  for kernel in kernels {
    progress(kernel.name)
    var outcomes: [Result<Int64, HarnessError>?] = Array(repeating: nil, count: engines.count)
    var starts: [[Cost]] = Array(repeating: [], count: engines.count)
    var times: [[Cost]] = Array(repeating: [], count: engines.count)
    for round in 0..<rounds {
      for (index, engine) in engines.enumerated() {
        if case .failure = outcomes[index] { continue }
        do {
          let start = try engine.run(kernel, n: 0)
          let timed = try engine.run(kernel, n: kernel.timeSize)
          starts[index].append(start.cost)
          times[index].append(timed.cost)
          for (n, cost) in [(0, start.cost), (kernel.timeSize, timed.cost)] {
            samples.append(
              Sample(kind: .execution, engine: engine.name, subject: kernel.name, round: round, n: n, cost: cost))
          }
          if case .success(let before) = outcomes[index], before != timed.result {
            outcomes[index] = .failure(.noResult(output: "\(before) in one round and \(timed.result) in another"))
          } else {
            outcomes[index] = .success(timed.result)
          }
        } catch {
          outcomes[index] = .failure(error)
        }
      }
    }
    for (index, engine) in engines.enumerated() {
      let start = statistic.value(of: starts[index].map(metric.seconds))
      let seconds = times[index].map(metric.seconds)
      let time = max(statistic.value(of: seconds) - start, 0)
      measurements.append(
        Measurement(
          engine: engine.name, kernel: kernel.name, result: outcomes[index]!, start: start, time: time,
          spread: time > 0 ? statistic.width(of: seconds) / time : 0,
          peak: median(times[index].map { Double($0.peak) })))
    }
  }
  return (measurements, samples)
}

/// The middle of the sorted values, or the mean of the two in the middle; 0 if there are none.
public func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  if sorted.isEmpty { return 0 }
  let middle = sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/// exp of the mean of the logarithms; the values must be above zero. 1 if there are none.
public func geometricMean(_ values: [Double]) -> Double {
  if values.isEmpty { return 1 }
  return exp(values.reduce(0) { $0 + log($1) } / Double(values.count))
}
