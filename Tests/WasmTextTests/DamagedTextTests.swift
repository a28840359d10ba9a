import Testing
import WasmBinary
import WasmText
import WebAssembly

/// Random damage: whatever comes out is an error or a module, and a module can be decoded, printed and parsed again.
@Suite struct DamagedTextTests {
  static let words = [
    "(", ")", "\"", "\\", "(;", ";)", ";;", "\n", "$named", "0", "-1", "0x1_", "nan:0x1", "1e400", "(func", "(module",
    "(type 0)", "(param i32)", "(ref null 0)", "(rec", "(sub", "(item", "(then", "(else", "end", "block", "try_table",
    "(catch_all 0)", "i32.const", "offset=1", "align=8", "(@", "(@custom \"x\")", "(@name \"a\")", "quote", "\u{e9}",
  ].map { Array($0.utf8) }

  private func damage(_ text: inout [UInt8], _ random: inout SplitMix64) {
    let place = Int(random.next() % UInt64(text.count))
    let count = Int(random.next() % UInt64(min(40, text.count - place) + 1))
    switch random.next() % 8 {
    case 0: text[place] = UInt8(truncatingIfNeeded: random.next())
    case 1: text.insert(contentsOf: Self.words.randomElement(using: &random)!, at: place)
    case 2: text.insert(contentsOf: text[place..<place + count], at: Int(random.next() % UInt64(text.count)))
    case 3: text.replaceSubrange(place..<place + count, with: Self.words.randomElement(using: &random)!)
    case 4, 5:
      // Another digit often gives another module.
      guard let digit = text[place...].firstIndex(where: { (0x30...0x39).contains($0) }) else { return }
      text[digit] = 0x30 + UInt8(random.next() % 10)
    default:
      // So does moving a line.
      var lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
      let line = lines.remove(at: Int(random.next() % UInt64(lines.count)))
      lines.insert(line, at: Int(random.next() % UInt64(lines.count)))
      text = Array(lines.joined(separator: [0x0A]))
    }
  }

  @Test(arguments: 0..<8)
  func parsingNeverFailsOtherwise(seed: UInt64) throws {
    var random = SplitMix64(state: seed)
    var parsed = 0
    for round in 0..<100 {
      var text = Array(PrinterTests.example.utf8)
      for _ in 0...(round % 3) { damage(&text, &random) }
      _ = try? Script(parsing: text)
      guard let bytes = try? parseModule(text) else { continue }
      parsed += 1
      do {
        let printed = try printModule(try decodeModule(ModuleBytes(bytes)))
        let again = try printModule(try decodeModule(ModuleBytes(try parseModule(printed))))
        #expect(again == printed, "seed \(seed), round \(round)")
      } catch {
        // Binary modules that damage brought forth may be anything.
        Issue.record("seed \(seed), round \(round): \(error)\n\(String(decoding: text, as: UTF8.self))")
      }
    }
    #expect(parsed > 5, "too few modules survive to say anything about them")
  }
}
