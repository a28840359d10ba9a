// JSON output.

import CLICommands
import Testing

@Suite struct JSONValueTests {
  static let cases: [(JSONValue, String)] = [
    (.null, "null"), (true, "true"), (-5, "-5"), (.unsigned(.max), "18446744073709551615"),
    (.thousandths(1_234_005), "1234.005"), (.thousandths(-7), "-0.007"), ("plain", "\"plain\""),
    ("\"\\\n\t\r\u{1}\u{7F}é\u{1F600}", "\"\\\"\\\\\\n\\t\\r\\u0001\\u007fé\u{1F600}\""), ([], "[]"), ([:], "{}"),
    (["b": 1, "a": [.null, "x"]], "{\"b\":1,\"a\":[null,\"x\"]}"),
  ]

  @Test(arguments: cases)
  func text(value: JSONValue, text: String) { #expect(value.text == text) }
}
