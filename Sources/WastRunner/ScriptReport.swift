// What came of running a script.

/// The outcome of one script. Assertions are counted; other commands are mentioned where they fail.
public struct ScriptReport: Hashable, Sendable {
  /// A command that did not pass.
  public struct Entry: Hashable, Sendable {
    /// The line of the command, counted from 1.
    public var line: Int
    public var reason: String
  }

  /// Assertions that hold.
  public internal(set) var passed = 0
  /// Assertions that don't hold, and commands that should have succeeded.
  public internal(set) var failures: [Entry] = []
  /// Assertions that could not be tried, because the engine does not execute what they need.
  public internal(set) var skipped: [Entry] = []

  public init() {}
}

extension ScriptReport: CustomStringConvertible {
  /// One line of totals, then a line for each failure.
  public var description: String {
    var text = "\(passed) passed, \(failures.count) failed, \(skipped.count) skipped"
    for entry in failures { text += "\n  line \(entry.line): \(entry.reason)" }
    return text
  }
}
