// Functions of any size, and how compilation grows with them.

import Foundation
import Harness
import Testing

@Suite struct GrowthTests {
  /// Sizes are what was asked for, but for what uses the locals at the end and for a last piece.
  @Test(arguments: FunctionShape.allCases) func shapesHaveTheirSize(shape: FunctionShape) {
    for size in [1_000, 10_000, 100_000] {
      let count = shape.module(bytes: size).count
      #expect(count > size && count < size * 3 / 2 + 1_500, "\(size) bytes asked for, \(count) made")
    }
  }

  @Test(arguments: FunctionShape.allCases) func shapesAreTheSameInEveryRun(shape: FunctionShape) {
    #expect(shape.module(bytes: 5_000) == shape.module(bytes: 5_000))
  }

  @Test func pointsAreWithoutTheStart() {
    func costs(_ seconds: [Double], _ peak: Int) -> [Cost] { seconds.map { Cost(wall: 9, cpu: $0, peak: peak) } }
    let points = growthPoints(
      [(1000, costs([0.3, 0.2], 5_000)), (10_000, costs([1.1, 4], 31_000))], start: costs([0.1, 5], 1_000))
    #expect(points.map(\.size) == [1000, 10_000] && points.map(\.memory) == [4, 3])
    #expect(zip(points, [1e-4, 1e-4]).allSatisfy { abs($0.time - $1) < 1e-9 })
  }

  private static func growth(_ shape: FunctionShape, _ times: [Double], memory: Double) -> Growth {
    Growth(
      compiler: "c", shape: shape,
      points: .success(times.map { GrowthPoint(size: 1, time: $0 * 1e-9, memory: memory) }))
  }

  @Test func tableNamesTheWorst() {
    let growths = [
      Self.growth(.arithmetic, [10, 20, 20], memory: 5), Self.growth(.loops, [10, 10, 70], memory: 60),
      Growth(compiler: "c", shape: .calls, points: .failure(.timedOut(seconds: 1))),
    ]
    let rows = table(growths, sizes: [10_000, 100_000, 1_000_000]).split(separator: "\n")
      .map { $0.split(separator: " ").joined(separator: " ") }
    #expect(
      rows == [
        "shape compiler ns/B, 10 KB ns/B, 100 KB ns/B, 1 MB last step memory, B/B", "arithmetic c 10 20 20 1.00 5",
        "loops c 10 10 70 7.00 60", "calls c failed: no result after 1.0 s", "worst c 10 20 70 7.00 60",
      ])
  }

  @Test func everyCompilerIsMeasured() throws {
    let compilers = [
      try CommandCompiler(parsing: "copy=cp {wasm} {out}"), try CommandCompiler(parsing: "not=false {wasm} {out}"),
    ]
    let growths = try measureGrowth(
      of: [.memory], sizes: [1_000, 2_000], with: [compilers[0]], rounds: 1,
      write: { shape, size, file in try? Data(shape.module(bytes: size)).write(to: file) })
    #expect(try growths.map { try $0.points.get().count } == [2])
    #expect(throws: HarnessError.self) {
      try measureGrowth(of: [.memory], sizes: [1_000], with: compilers, rounds: 1, write: { _, _, _ in })
    }
  }
}
