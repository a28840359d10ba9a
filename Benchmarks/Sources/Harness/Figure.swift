// What an engine measures in its own process: short times that starting a process would drown.

/// A value with its name and unit.
public struct Figure: Hashable, Sendable {
  public var name: String
  public var value: Double
  public var unit: String
  public init(name: String, value: Double, unit: String) {
    self.name = name
    self.value = value
    self.unit = unit
  }

  /// Reads lines of name, value and unit with tabs between them; other lines are passed over.
  public static func list(_ text: String) -> [Figure] {
    text.split(separator: "\n").compactMap { line in
      let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard columns.count == 3, let value = Double(columns[1]) else { return nil }
      return Figure(name: String(columns[0]), value: value, unit: String(columns[2]))
    }
  }

  /// The figures that the command prints.
  public static func measured(by words: [String], limit: Double) throws(HarnessError) -> [Figure] {
    let execution = try runCommand(words, limit: limit)
    if execution.status != 0 {
      throw .engineFailed(status: execution.status, message: String(execution.messages.suffix(300)))
    }
    return list(execution.output)
  }
}
