// An engine that is a command: one process for each execution, measured from its start to its end.

import Foundation

public struct CommandEngine: Engine {
  public let name: String
  /// The words of the command, in which `{wasm}`, `{native}`, `{name}` and `{n}` stand for the kernel's facts.
  public let template: [String]
  /// How long an execution may take, in seconds.
  public let limit: Double

  public init(name: String, template: [String], limit: Double = 120) {
    self.name = name
    self.template = template
    self.limit = limit
  }

  /// Reads `NAME=WORD WORD …`. Words are separated by spaces; there is no quoting.
  public init(parsing text: String, limit: Double = 120) throws(HarnessError) {
    let parts = text.split(separator: "=", maxSplits: 1)
    guard parts.count == 2, parts[1].contains("{n}"), parts[1].contains("{wasm}") || parts[1].contains("{native}")
    else {
      throw .malformedEngine(text)
    }
    self.init(name: String(parts[0]), template: parts[1].split(separator: " ").map(String.init), limit: limit)
  }

  public func command(_ kernel: Kernel, n: Int32) -> [String] {
    template.map { word in
      word.replacingOccurrences(of: "{wasm}", with: kernel.wasm.path)
        .replacingOccurrences(of: "{native}", with: kernel.native.path)
        .replacingOccurrences(of: "{name}", with: kernel.name)
        .replacingOccurrences(of: "{n}", with: String(n))
    }
  }

  /// Starts the command, waits for it, and takes the last integer that it printed on standard output for the result.
  public func run(_ kernel: Kernel, n: Int32) throws(HarnessError) -> Execution {
    let words = command(kernel, n: n)
    for url in [kernel.wasm, kernel.native] where words.contains(url.path) {
      if !FileManager.default.fileExists(atPath: url.path) { throw .notBuilt(path: url.path) }
    }
    let execution = try runCommand(words, limit: limit)
    if execution.status != 0 {
      throw .engineFailed(status: execution.status, message: String(execution.messages.suffix(300)))
    }
    let text = execution.output
    guard let result = lastInteger(text) else { throw .noResult(output: String(text.suffix(300))) }
    return Execution(result: result, seconds: execution.seconds)
  }
}

/// The last run of digits, with a minus sign if one stands before it, as a signed 64-bit integer; engines that print
/// unsigned numbers are understood too.
public func lastInteger(_ text: String) -> Int64? {
  let bytes = Array(text.utf8)
  let isDigit = { (byte: UInt8) in byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
  guard let last = bytes.lastIndex(where: isDigit) else { return nil }
  var first = last
  while first > 0 && isDigit(bytes[first - 1]) { first -= 1 }
  let digits = String(decoding: bytes[first...last], as: UTF8.self)
  if first > 0 && bytes[first - 1] == UInt8(ascii: "-") { return Int64("-" + digits) }
  return Int64(digits) ?? UInt64(digits).map { Int64(bitPattern: $0) }
}
