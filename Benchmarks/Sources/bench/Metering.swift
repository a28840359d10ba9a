// `bench metering`: what counting costs in instructions executed.

import ArgumentParser
import Harness

struct Metering: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Counts the machine instructions that counting costs, under callgrind.")

  @Option(help: ArgumentHelp("The program of Benchmarks/Host.", valueName: "file"))
  var host: String

  @Option(help: ArgumentHelp("The same, built of sources whose handlers don't count.", valueName: "file"))
  var uncounted: String

  @Option(help: "The longest time that counting may take, in seconds.")
  var limit = 900.0

  @OptionGroup var selection: KernelOptions

  func run() throws {
    let kernels = try selection.list()
    note("counting …")
    let counts = try countInstructions(of: kernels, in: MeteringPrice.policies, host: host, limit: limit)
    let base = try countInstructions(of: kernels, in: ["none"], host: uncounted, limit: limit)
    print("Machine instructions of each kernel with its size for checking, and what counting adds to them")
    print(table(MeteringPrice(counts, uncounted: base)), terminator: "")
  }
}
