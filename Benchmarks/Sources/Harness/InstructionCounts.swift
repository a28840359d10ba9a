// How many instructions each kernel executes, counted by callgrind: the same in every run, however busy the machine is.

import Foundation

/// Instructions that one kernel executes in each variant.
public struct InstructionCounts: Hashable, Sendable {
  public var kernel: String
  public var n: Int32
  /// By the variants' names.
  public var counts: [String: Int]
  public init(kernel: String, n: Int32, counts: [String: Int]) {
    self.kernel = kernel
    self.n = n
    self.counts = counts
  }
}

/// The variants of the gate, in the order of tables and baselines: counted as the Internet Computer does; not counted;
/// counted, and with write tracking.
public let instructionVariants = ["icp", "none", "tracking"]

/// Executes the kernels with their sizes for checking in `host` (`Benchmarks/Host`) under callgrind, in each variant.
public func countInstructions(
  of kernels: [Kernel], in variants: [String] = instructionVariants, host: String, limit: Double
) throws -> [InstructionCounts] {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  for kernel in kernels where !FileManager.default.fileExists(atPath: kernel.wasm.path) {
    throw HarnessError.notBuilt(path: kernel.wasm.path)
  }
  let dumps = folder.appending(path: "counts")
  // Both patterns match the same function; callgrind takes the last option for each pattern only.
  let valgrind = [
    "valgrind", "--tool=callgrind", "--callgrind-out-file=\(dumps.path)", "--toggle-collect=*measuredExecution*",
    "--dump-after=*17measuredExecution*",
  ]
  let arguments = kernels.flatMap { [$0.wasm.path, String($0.checkSize)] }
  let execution = try runCommand(valgrind + [host, "count", variants.joined(separator: ",")] + arguments, limit: limit)
  if execution.status != 0 {
    throw HarnessError.engineFailed(status: execution.status, message: String(execution.messages.suffix(600)))
  }
  return try instructionCounts(of: kernels, in: variants, printed: execution.output) { index in
    try? String(contentsOfFile: "\(dumps.path).\(index)", encoding: .utf8)
  }
}

/// Puts together what the host printed, a line for each execution, and what callgrind wrote, a file for each.
///
/// - Parameter dump: the text of the file with the number, which begins at 1.
public func instructionCounts(
  of kernels: [Kernel], in variants: [String] = instructionVariants, printed: String, dump: (Int) -> String?
) throws(HarnessError) -> [InstructionCounts] {
  let lines = printed.split(separator: "\n")
  guard lines.count == kernels.count * variants.count else {
    throw .malformedCounts("\(lines.count) executions, not \(kernels.count * variants.count)")
  }
  var index = 0
  var result: [InstructionCounts] = []
  for kernel in kernels {
    var counts: [String: Int] = [:]
    var value: Substring?
    for variant in variants {
      // PATH VARIANT RESULT; the path may have spaces.
      let words = lines[index].split(separator: " ")
      index += 1
      guard words.count >= 3, words[words.count - 2] == variant, lines[index - 1].hasPrefix(kernel.wasm.path) else {
        throw .malformedCounts("unexpected line: \(lines[index - 1])")
      }
      if let value, value != words.last! {
        throw .malformedCounts("\(kernel.name) gives \(value), and \(words.last!) in the variant \(variant)")
      }
      value = words.last
      guard let text = dump(index), let count = totalCount(text), count > 0 else {
        throw .malformedCounts("no count for \(kernel.name) in the variant \(variant)")
      }
      counts[variant] = count
    }
    result.append(InstructionCounts(kernel: kernel.name, n: kernel.checkSize, counts: counts))
  }
  return result
}

/// The instructions in one of callgrind's files.
func totalCount(_ text: String) -> Int? {
  let line = text.split(separator: "\n").last { $0.hasPrefix("totals:") }
  return line.flatMap { Int($0.dropFirst("totals:".count).trimmingCharacters(in: .whitespaces)) }
}
