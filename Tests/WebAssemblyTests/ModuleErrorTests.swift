// How errors are shown.

import Testing
import WebAssembly

@Suite struct ModuleErrorTests {
  @Test func description() {
    let error = ModuleError(.invalid, .typeMismatch, offset: 33, section: .code, function: 2, detail: "end expects i32")
    #expect(error.description == "type mismatch: end expects i32 (at offset 0x21, code section, function 2)")
    #expect(ModuleError(.malformed, .unexpectedEnd, offset: 0).description == "unexpected end (at offset 0x0)")
  }

  /// A name in a module may have millions of characters.
  @Test func longDetailsAreCut() {
    let error = ModuleError(
      .invalid, .duplicateExport, offset: 1, detail: String(repeating: "é", count: 1_000_000))
    #expect(error.description.utf8.count < 1_000)
    #expect(error.description.contains("é… (at offset 0x1)"))
    #expect("abc".shortened(to: 3) == "abc" && "abcd".shortened(to: 3) == "abc…" && "".shortened(to: 0) == "")
  }
}
