// `bench grow`: how compilation grows with the size of a function; `bench shape` writes the modules for it.

import ArgumentParser
import Foundation
import Harness

struct Grow: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures how compilers' time and memory grow with the size of a function.",
    discussion: """
      A compiler is NAME=COMMAND, where {wasm} stands for the module and {out} for the file to write. The time is \
      processor time of all threads, the least of the rounds; time and memory are without the compiler's own start.
      """)

  @Option(help: ArgumentHelp("A compiler; may be given several times.", valueName: "name=command"))
  var compiler: [String]

  @Option(help: "Only this shape of function; may be given several times.")
  var shape: [FunctionShape] = []

  @Option(help: "The sizes of the functions, in bytes.", transform: { Int($0) ?? 0 })
  var size: [Int] = [10_000, 100_000, 1_000_000, 10_000_000]

  @Option(help: "How often each function is compiled by each compiler.")
  var rounds = 3

  @Option(help: "The longest time that one compilation may take, in seconds.")
  var limit = 120.0

  @Option(help: ArgumentHelp("A line for the head of the report, such as a version.", valueName: "text"))
  var remark: [String] = []

  func validate() throws {
    if rounds < 1 { throw ValidationError("--rounds must be at least 1") }
    if size.contains(where: { $0 < 1000 }) { throw ValidationError("--size must be at least 1000") }
  }

  func run() throws {
    let compilers = try compiler.map { try CommandCompiler(parsing: $0, limit: limit) }
    let shapes = shape.isEmpty ? FunctionShape.allCases : shape
    let growths = try measureGrowth(
      of: shapes, sizes: size, with: compilers, rounds: rounds,
      write: { shape, size, file throws(HarnessError) in
        try writeShape(shape, bytes: size, to: file, with: CommandLine.arguments[0])
      }, progress: { note("\($0) …") })
    for line in machineFacts() + remark { print(line) }
    print("\nCompilation of one large function: processor time and peak memory for each byte of the module")
    print(table(growths, sizes: size), terminator: "")
  }
}

struct Shape: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes a module with one large function.",
    discussion: "Shapes: \(FunctionShape.allCases.map(\.rawValue).joined(separator: ", ")).")

  @Argument(help: "What the function is made of.")
  var shape: FunctionShape

  @Argument(help: "About how many bytes it has.")
  var bytes: Int

  @Argument(help: "The file to write.")
  var file: String

  func run() throws {
    try Data(shape.module(bytes: bytes)).write(to: URL(fileURLWithPath: file))
  }
}

extension FunctionShape: ExpressibleByArgument {}
