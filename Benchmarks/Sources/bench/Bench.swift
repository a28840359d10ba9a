// `bench`: measures and compares. `Benchmarks/run` and `Benchmarks/gate` build what it needs and start it.

import ArgumentParser
import Foundation
import Harness

@main
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures engines on the kernels.",
    subcommands: [Compare.self, Gate.self, Metering.self, Grow.self, Shape.self])
}

/// Which kernels.
struct KernelOptions: ParsableArguments {
  @Option(help: "Only this kernel; may be given several times.")
  var kernel: [String] = []

  @Option(help: ArgumentHelp("The folder of the kernels.", valueName: "folder"))
  var kernels = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../kernels")
    .standardizedFileURL.path

  func list() throws -> [Kernel] {
    let folder = URL(fileURLWithPath: kernels)
    let all = try Kernel.list(String(contentsOf: folder.appending(path: "list"), encoding: .utf8), folder: folder)
    for name in kernel where !all.contains(where: { $0.name == name }) {
      throw ValidationError("no such kernel: \(name); there are \(all.map(\.name).joined(separator: ", "))")
    }
    return kernel.isEmpty ? all : all.filter { kernel.contains($0.name) }
  }
}

func note(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }
