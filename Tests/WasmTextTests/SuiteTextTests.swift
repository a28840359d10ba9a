import Testing
import WasmBinary
import WasmText
import WebAssembly

@Suite struct SuiteTextTests {
  /// Assertions that are refused for another reason than their text says, by line. Here too many digits make the first
  /// of too few lanes too large as well.
  static let otherReason: [String: Set<Int>] = ["simd_const.wast": [479]]

  @Test func everyTextModuleIsParsedOrRefused() throws {
    guard let scripts = try suiteScripts?.get() else { return }
    #expect(scripts.count == 260)
    var count = 0
    var others: [String: Set<Int>] = [:]
    for module in scripts.flatMap(\.modules) {
      if case .binary = module.module.source { continue }
      count += 1
      do {
        let bytes = try module.module.bytes()
        if module.expectation != .wellFormed {
          Issue.record("\(module) must be refused: \(module.expectation)")
          continue
        }
        do {
          _ = try decodeModule(ModuleBytes(bytes))
        } catch {
          Issue.record("\(module): \(error)")
        }
      } catch {
        switch module.expectation {
        case .wellFormed: Issue.record("\(module): \(error)")
        case .malformed(let message), .malformedCustom(let message):
          let text = error.reason.rawValue + (error.detail.map { " \($0)" } ?? "")
          if !text.hasPrefix(message) { others[module.file, default: []].insert(module.line) }
        }
      }
    }
    #expect(count == 6372)
    #expect(others == SuiteTextTests.otherReason)
  }
}
