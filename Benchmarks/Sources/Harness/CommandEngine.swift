// An engine that is a command: one process for each execution, measured from its start to its end.

import Foundation

public struct CommandEngine: Engine {
  public let name: String
  /// The words of the command, in which `{wasm}`, `{native}`, `{name}` and `{n}` stand for the kernel's facts.
  public let template: [String]
  public let isInterpreter: Bool
  /// How long an execution may take, in seconds.
  public let limit: Double

  public init(name: String, template: [String], isInterpreter: Bool = false, limit: Double = 120) {
    self.name = name
    self.isInterpreter = isInterpreter
    self.template = template
    self.limit = limit
  }

  /// Reads `NAME=WORD WORD …`. Words are separated by spaces; there is no quoting.
  public init(parsing text: String, isInterpreter: Bool = false, limit: Double = 120) throws(HarnessError) {
    let command = try NamedCommand(parsing: text)
    guard command.mentions("{n}"), command.mentions("{wasm}") || command.mentions("{native}") else {
      throw .malformedEngine(text)
    }
    self.init(name: command.name, template: command.words, isInterpreter: isInterpreter, limit: limit)
  }

  public func command(_ kernel: Kernel, n: Int32) -> [String] {
    template.map { word in
      word.replacingOccurrences(of: "{wasm}", with: kernel.wasm.path)
        .replacingOccurrences(of: "{native}", with: kernel.native.path)
        .replacingOccurrences(of: "{name}", with: kernel.name)
        .replacingOccurrences(of: "{n}", with: String(n))
    }
  }

  /// Starts the command, waits for it, and takes the last integer that it printed on standard output, or else on standard
  /// error, for the result.
  public func run(_ kernel: Kernel, n: Int32) throws(HarnessError) -> Execution {
    let words = command(kernel, n: n)
    for url in [kernel.wasm, kernel.native] where words.contains(url.path) {
      if !FileManager.default.fileExists(atPath: url.path) { throw .notBuilt(path: url.path) }
    }
    let execution = try runCommand(words, limit: limit)
    if execution.status != 0 {
      throw .engineFailed(status: execution.status, message: String(execution.messages.suffix(300)))
    }
    guard let result = lastInteger(execution.output) ?? lastInteger(execution.messages) else {
      throw .noResult(output: String(execution.output.suffix(300)))
    }
    return Execution(result: result, cost: execution.cost)
  }
}

/// The last integer, decimal or hexadecimal after `0x`, with a minus sign if one stands before it, as a signed 64-bit
/// integer; unsigned numbers are understood too. Digits in words, as in `i64`, are none.
public func lastInteger(_ text: String) -> Int64? {
  guard let match = text.matches(of: /(?:^|[^0-9A-Za-z_\-])(-?)(?:0x([0-9A-Fa-f]+)|([0-9]+))(?![0-9A-Za-z_])/).last
  else {
    return nil
  }
  let (_, sign, hexadecimal, decimal) = match.output
  let radix = hexadecimal == nil ? 10 : 16
  guard let digits = hexadecimal ?? decimal else { return nil }
  if !sign.isEmpty { return Int64("-" + digits, radix: radix) }
  return Int64(digits, radix: radix) ?? UInt64(digits, radix: radix).map { Int64(bitPattern: $0) }
}

/// What stands on the command line as `NAME=WORD WORD …`.
struct NamedCommand {
  let name: String
  let words: [String]

  init(parsing text: String) throws(HarnessError) {
    let parts = text.split(separator: "=", maxSplits: 1)
    guard parts.count == 2 else { throw .malformedEngine(text) }
    name = String(parts[0])
    words = parts[1].split(separator: " ").map(String.init)
  }

  func mentions(_ placeholder: String) -> Bool { words.contains { $0.contains(placeholder) } }
}
