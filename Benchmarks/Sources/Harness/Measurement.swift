// How samples become numbers: each engine's executions are interleaved with the others', so that a change of the
// machine's speed meets all of them, and medians are compared.

public struct Sample: Hashable, Sendable {
  public var engine: String
  public var kernel: String
  public var round: Int
  public var n: Int32
  public var seconds: Double
  public init(engine: String, kernel: String, round: Int, n: Int32, seconds: Double) {
    self.engine = engine
    self.kernel = kernel
    self.round = round
    self.n = n
    self.seconds = seconds
  }
}

/// What one engine did with one kernel.
public struct Measurement: Hashable, Sendable {
  public var engine: String
  public var kernel: String
  /// The checksum, or why there is none.
  public var result: Result<Int64, HarnessError>
  /// Median time of n = 0: starting up and, where the engine does, compiling; seconds.
  public var start: Double
  /// Median time of the timed size, less `start`; seconds.
  public var time: Double
  /// (greatest − least) / median of the timed size.
  public var spread: Double
}

/// Runs every kernel on every engine `rounds` times, each time also with n = 0, and reduces the samples.
///
/// An engine that fails on a kernel is left out of that kernel's further rounds.
public func measure(
  _ kernels: [Kernel], on engines: [any Engine], rounds: Int, progress: (String) -> Void = { _ in }
) -> (measurements: [Measurement], samples: [Sample]) {
  var measurements: [Measurement] = []
  var samples: [Sample] = []
  for kernel in kernels {
    progress(kernel.name)
    var outcomes: [Result<Int64, HarnessError>?] = Array(repeating: nil, count: engines.count)
    var starts: [[Double]] = Array(repeating: [], count: engines.count)
    var times: [[Double]] = Array(repeating: [], count: engines.count)
    for round in 0..<rounds {
      for (index, engine) in engines.enumerated() {
        if case .failure = outcomes[index] { continue }
        do {
          let start = try engine.run(kernel, n: 0)
          let timed = try engine.run(kernel, n: kernel.timeSize)
          starts[index].append(start.seconds)
          times[index].append(timed.seconds)
          samples.append(Sample(engine: engine.name, kernel: kernel.name, round: round, n: 0, seconds: start.seconds))
          samples.append(
            Sample(
              engine: engine.name, kernel: kernel.name, round: round, n: kernel.timeSize, seconds: timed.seconds))
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
      let start = median(starts[index])
      let time = median(times[index])
      let spread = time > 0 ? ((times[index].max() ?? 0) - (times[index].min() ?? 0)) / time : 0
      measurements.append(
        Measurement(
          engine: engine.name, kernel: kernel.name, result: outcomes[index]!, start: start,
          time: max(time - start, 0), spread: spread))
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
