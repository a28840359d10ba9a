import Foundation
import Testing
import WasmBinary
import WebAssembly

@Suite struct SuiteBinaryTests {
  /// Assertions that are refused for another reason than their text says, by line. All but three give a wrong section
  /// size beside the error that they are about: the reference interpreter reads on past the section's end and meets that
  /// error, this decoder stops at the end. binary.wast:56 the same with a function's size; :999 has two errors, and the
  /// earlier one is reported.
  static let otherReason: [String: Set<Int>] = [
    "binary-leb128.wast": [218, 226, 348, 405, 462, 526, 534, 542, 551, 731, 750, 844, 863, 1068],
    "binary.wast": [56, 93, 738, 878, 999],
  ]

  @Test func everyBinaryModuleIsDecodedOrRefused() throws {
    guard let folder = suiteFolder else {
      print("SKIPPED: no core test suite; set WASM_TESTSUITE to its folder")
      return
    }
    let modules = try binaryModules(in: folder)
    #expect(modules.count > 800, "the suite has more binary modules than the scanner found: \(modules.count)")
    var others: [String: Set<Int>] = [:]
    for module in modules {
      let found = moduleError { try decodeWholly(module.bytes) }
      guard module.assertion == "assert_malformed" else {
        #expect(found == nil, "\(module)")
        continue
      }
      guard let found, let expected = module.expected else {
        Issue.record("\(module) must be refused: \(module.expected ?? "")")
        continue
      }
      #expect(found.kind == .malformed, "\(module)")
      let text = found.reason.rawValue + (found.detail.map { " \($0)" } ?? "")
      if !text.hasPrefix(expected) { others[module.file, default: []].insert(module.line) }
    }
    #expect(others == SuiteBinaryTests.otherReason)
  }
}
