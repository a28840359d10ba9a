// Outputs that are compared with files in Snapshots/. After a change that is meant, `CANNERY_BLESS=1 swift test --filter
// CLITests` writes them again.

import CLICommands
import Foundation
import Testing

@Suite struct SnapshotTests {
  static let isBlessing = ProcessInfo.processInfo.environment["CANNERY_BLESS"] == "1"
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Snapshots")

  /// The output of a command on `sample.wat`, without what depends on the machine or on the versions of formats.
  private func output(_ work: Workspace, _ words: [String]) throws -> String {
    let result = work.run(words)
    #expect(result.exitCode == 0, "\(result.errors)")
    var text = result.output.replacingOccurrences(of: work.folder.path + "/", with: "")
    for label in ["format version", "operator table version", "SHA-256 of the file"] {
      text = text.replacing(try Regex("(?m)^\(label): .*$"), with: "\(label): (left out)")
    }
    return text
  }

  @Test(arguments: ["inspect", "artifact", "threaded", "ir"]) func snapshot(name: String) throws {
    let work = try Workspace()
    try work.write(
      "sample.wat", [UInt8](try Data(contentsOf: SnapshotTests.folder.appendingPathComponent("sample.wat"))))
    let words: [String]
    switch name {
    case "inspect": words = ["inspect", "sample.wat"]
    case "artifact": words = ["inspect", "--functions", try work.compile("sample.wat")]
    default: words = ["compile", "--emit", name, "sample.wat"]
    }
    let text = try output(work, words)
    let file = SnapshotTests.folder.appendingPathComponent("sample.\(name).txt")
    if SnapshotTests.isBlessing {
      try Data(text.utf8).write(to: file)
      return
    }
    let expected = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    if text != expected {
      func lines(_ text: String) -> [String] { text.components(separatedBy: "\n") + ["(end)"] }
      let difference = zip(lines(text), lines(expected)).enumerated().first { $0.element.0 != $0.element.1 }
      Issue.record(
        """
        the output differs from \(file.lastPathComponent) in line \((difference?.offset ?? 0) + 1):
          now      \(difference?.element.0 ?? "")
          expected \(difference?.element.1 ?? "")
        CANNERY_BLESS=1 accepts what is printed now
        """)
    }
  }

  @Test func isNotBlessing() {
    #expect(!SnapshotTests.isBlessing, "CANNERY_BLESS is set: the snapshots were written, not compared")
  }
}
