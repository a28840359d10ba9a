// Every assertion of the official conformance tests.

import Candid
import Foundation
import Testing

@Suite struct ConformanceTests {
  /// Assertions that are known not to hold, as `file number`, each with a reason. One that holds all the same is a failure.
  static let expectedFailures: [String: String] = [:]

  @Test func everyAssertion() throws {
    guard let folder = conformanceFolder else {
      print("SKIPPED: no Candid conformance tests; set CANDID_TESTSUITE to their folder")
      return
    }
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { $0.lastPathComponent.hasSuffix(".test.did") }
      .sorted { $0.path < $1.path }
    #expect(files.count >= 6)
    var counts: [Assertion.Relation: Int] = [:]
    var expectedFailures = Self.expectedFailures
    for file in files {
      let text = try String(contentsOf: file, encoding: .utf8)
      let assertions = try ConformanceFile(name: file.lastPathComponent, text: text).assertions
      // The scanner has found each one. The file's first comment may hold examples.
      let body = text.hasPrefix("/*") ? text[text.range(of: "*/")!.upperBound...] : text[...]
      let lines = body.split(separator: "\n").count { $0.hasPrefix("assert ") }
      #expect(assertions.count == lines, "\(file.lastPathComponent)")
      for assertion in assertions {
        counts[assertion.relation, default: 0] += 1
        let failure = Self.failure(of: assertion)
        let isExpected = expectedFailures.removeValue(forKey: "\(assertion.file) \(assertion.number)") != nil
        if let failure, !isExpected { Issue.record("\(assertion.title)\n\(failure)") }
        if failure == nil, isExpected { Issue.record("holds after all: \(assertion.title)") }
      }
    }
    #expect(expectedFailures.isEmpty, "no such assertions")
    print("conformance: \(counts.values.reduce(0, +)) assertions in \(files.count) files")
    #expect(counts.count == 4)
  }

  /// Why an assertion doesn't hold; `nil` if it does.
  private static func failure(of assertion: Assertion) -> String? {
    let types: CandidTypes
    do { types = try CandidTypes(parsing: assertion.types) } catch { return "types: \(error)" }
    let left = read(assertion.left, as: types)
    switch (assertion.relation, left) {
    case (.fits, .success), (.doesNotFit, .failure): return nil
    case (_, .failure(let error)): return "\(error)"
    case (.doesNotFit, .success(let values)): return "is \(printArguments(values))"
    case (_, .success(let values)):
      switch read(assertion.right!, as: types) {
      case .failure(let error): return "on the right: \(error)"
      case .success(let others):
        let found = "\(printArguments(values)) and \(printArguments(others))"
        return (values == others) == (assertion.relation == .equal) ? nil : found
      }
    }
  }

  private static func read(_ input: Assertion.Input, as types: CandidTypes) -> Result<[CandidValue], any Error> {
    Result {
      switch input {
      case .text(let text): try parseArguments(text, as: types)
      case .message(let bytes): try decodeArguments(bytes, as: types)
      }
    }
  }
}
