// How compilation grows with the size of a function: processor time and memory for each byte of the module.

import Foundation

/// What a compiler took for a module of one shape and size.
public struct GrowthPoint: Hashable, Sendable {
  /// Of the module; bytes.
  public var size: Int
  /// Processor time of all threads for each byte, without the compiler's start; seconds.
  public var time: Double
  /// Resident memory for each byte, without what the compiler has at its start; bytes.
  public var memory: Double
  public init(size: Int, time: Double, memory: Double) {
    self.size = size
    self.time = time
    self.memory = memory
  }
}

/// One shape of function in one compiler, at rising sizes.
public struct Growth: Sendable {
  public var compiler: String
  public var shape: FunctionShape
  public var points: Result<[GrowthPoint], HarnessError>
  public init(compiler: String, shape: FunctionShape, points: Result<[GrowthPoint], HarnessError>) {
    self.compiler = compiler
    self.shape = shape
    self.points = points
  }

  /// The time for each byte of the largest size divided by that of the size before: 1 is linear growth, 10 is quadratic
  /// where a size is ten times the one before. Small modules say nothing about growth, so the first step isn't counted.
  public var steepness: Double? {
    guard let points = try? points.get(), points.count > 1 else { return nil }
    let (last, before) = (points[points.count - 1], points[points.count - 2])
    return before.time > 0 ? last.time / before.time : nil
  }
}

/// The points from the costs of each size; `start` is what the compiler took for next to nothing.
public func growthPoints(_ costs: [(size: Int, costs: [Cost])], start: [Cost]) -> [GrowthPoint] {
  func time(_ costs: [Cost]) -> Double { Statistic.least.value(of: costs.map(\.cpu)) }
  func memory(_ costs: [Cost]) -> Double { median(costs.map { Double($0.peak) }) }
  return costs.map { size, samples in
    GrowthPoint(
      size: size, time: max(time(samples) - time(start), 0) / Double(size),
      memory: max(memory(samples) - memory(start), 0) / Double(size))
  }
}

/// Compiles functions of each shape in each size with every compiler, `rounds` times in turn.
///
/// - Parameter write: writes the module to the file. It should do so in another process: a process starts with the peak
///   of the memory of the one that starts it (`Cost.peak`).
public func measureGrowth(
  of shapes: [FunctionShape], sizes: [Int], with compilers: [CommandCompiler], rounds: Int,
  write: (FunctionShape, Int, URL) throws(HarnessError) -> Void, progress: (String) -> Void = { _ in }
) throws(HarnessError) -> [Growth] {
  let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString + ".wasm")
  defer { try? FileManager.default.removeItem(at: file) }
  var starts: [String: [Cost]] = [:]
  try write(.arithmetic, 100, file)
  for _ in 0..<max(rounds, 3) {
    for compiler in compilers { starts[compiler.name, default: []].append(try compiler.compile(file)) }
  }
  var growths: [Growth] = []
  for shape in shapes {
    var costs: [String: [(size: Int, costs: [Cost])]] = [:]
    var failures: [String: HarnessError] = [:]
    for size in sizes {
      progress("\(shape.rawValue), \(byteText(size))")
      try write(shape, size, file)
      let written = fileSize(file)
      var samples: [String: [Cost]] = [:]
      for _ in 0..<rounds {
        for compiler in compilers where failures[compiler.name] == nil {
          do {
            samples[compiler.name, default: []].append(try compiler.compile(file))
          } catch {
            failures[compiler.name] = error
          }
        }
      }
      for (compiler, samples) in samples { costs[compiler, default: []].append((written, samples)) }
    }
    for compiler in compilers.map(\.name) {
      let points = growthPoints(costs[compiler] ?? [], start: starts[compiler] ?? [])
      growths.append(
        Growth(compiler: compiler, shape: shape, points: failures[compiler].map { .failure($0) } ?? .success(points)))
    }
  }
  return growths
}

/// For each shape and compiler: nanoseconds for each byte at each size, how that changed in the last step, and the memory
/// for each byte at the largest size. The last lines are the worst of each compiler.
public func table(_ growths: [Growth], sizes: [Int]) -> String {
  var rows = [["shape", "compiler"] + sizes.map { "ns/B, " + byteText($0) } + ["last step", "memory, B/B"]]
  for growth in growths {
    switch growth.points {
    case .failure(let error):
      rows.append([growth.shape.rawValue, growth.compiler, "failed: \(error)"])
    case .success(let points):
      rows.append(
        [growth.shape.rawValue, growth.compiler] + points.map { String(format: "%.0f", $0.time * 1e9) } + [
          growth.steepness.map(twoDigits) ?? "-", points.last.map { String(format: "%.0f", $0.memory) } ?? "-",
        ])
    }
  }
  var compilers: [String] = []
  for growth in growths where !compilers.contains(growth.compiler) { compilers.append(growth.compiler) }
  for compiler in compilers {
    let own = growths.filter { $0.compiler == compiler }
    let points = own.compactMap { try? $0.points.get() }
    var row = ["worst", compiler]
    for index in sizes.indices {
      let times = points.compactMap { index < $0.count ? $0[index].time : nil }
      row.append(times.max().map { String(format: "%.0f", $0 * 1e9) } ?? "-")
    }
    row.append(own.compactMap(\.steepness).max().map(twoDigits) ?? "-")
    row.append(points.compactMap { $0.last?.memory }.max().map { String(format: "%.0f", $0) } ?? "-")
    rows.append(row)
  }
  return aligned(rows)
}

/// 10 KB, 1 MB.
func byteText(_ count: Int) -> String { count >= 1_000_000 ? "\(count / 1_000_000) MB" : "\(count / 1000) KB" }

/// Writes a module of the shape by another process: `bench shape`, by the program at `bench`.
public func writeShape(
  _ shape: FunctionShape, bytes: Int, to file: URL, with bench: String
) throws(HarnessError) {
  let execution = try runCommand([bench, "shape", shape.rawValue, String(bytes), file.path], limit: 60)
  if execution.status != 0 { throw .engineFailed(status: execution.status, message: execution.messages) }
}
