// The modules that the core suite's scripts contain in binary form, found with a scanner for just these forms, so that the
// decoder's tests need no text parser.

import Foundation

struct BinaryModule: CustomStringConvertible, Sendable {
  var file: String
  var line: Int
  var bytes: [UInt8]
  /// The assertion around the module: `assert_malformed`, `assert_invalid` …; `nil` if there is none.
  var assertion: String?
  /// The text that the assertion expects.
  var expected: String?
  var description: String { "\(file):\(line)" }
}

/// The binary modules of the script `text`.
func binaryModules(in text: [UInt8], file: String) -> [BinaryModule] {
  var scanner = ScriptScanner(text: text)
  var modules: [BinaryModule] = []
  // The head words of the open parentheses.
  var open: [String] = []
  var previous = ScriptScanner.Token.close
  while let token = scanner.next() {
    switch token {
    case .open: open.append("")
    case .close: if !open.isEmpty { open.removeLast() }
    case .word(let word):
      if case .open = previous, !open.isEmpty { open[open.count - 1] = word }
      if word == "binary", open.last == "module" {
        let assertion = open.count > 1 ? open[open.count - 2] : nil
        modules.append(BinaryModule(file: file, line: scanner.line, bytes: [], assertion: assertion))
        open[open.count - 1] = "binary"
      }
    case .string(let bytes):
      if modules.isEmpty { break }
      if open.last == "binary" {
        modules[modules.count - 1].bytes += bytes
      } else if open.last?.hasPrefix("assert_") == true, modules.last?.expected == nil {
        modules[modules.count - 1].expected = String(decoding: bytes, as: UTF8.self)
      }
    }
    previous = token
  }
  return modules
}

/// Words, parentheses and strings of the text format; comments are left out.
private struct ScriptScanner {
  enum Token {
    case open, close
    case word(String)
    case string([UInt8])
  }
  let text: [UInt8]
  var position = 0
  var line = 1

  init(text: [UInt8]) { self.text = text }

  mutating func next() -> Token? {
    while position < text.count {
      let character = text[position]
      let following = position + 1 < text.count ? text[position + 1] : 0
      switch character {
      case UInt8(ascii: "\n"):
        line += 1
        position += 1
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): position += 1
      case UInt8(ascii: ";") where following == UInt8(ascii: ";"):
        while position < text.count && text[position] != UInt8(ascii: "\n") { position += 1 }
      case UInt8(ascii: "(") where following == UInt8(ascii: ";"): blockComment()
      case UInt8(ascii: "("):
        position += 1
        return .open
      case UInt8(ascii: ")"):
        position += 1
        return .close
      case UInt8(ascii: "\""): return .string(string())
      default:
        let start = position
        while position < text.count && !" \t\r\n()\";".utf8.contains(text[position]) { position += 1 }
        if position == start { position += 1 }
        return .word(String(decoding: text[start..<position], as: UTF8.self))
      }
    }
    return nil
  }

  private mutating func blockComment() {
    var depth = 0
    repeat {
      let pair = position + 1 < text.count ? (text[position], text[position + 1]) : (0, 0)
      if pair == (UInt8(ascii: "("), UInt8(ascii: ";")) {
        depth += 1
        position += 2
      } else if pair == (UInt8(ascii: ";"), UInt8(ascii: ")")) {
        depth -= 1
        position += 2
      } else {
        if text[position] == UInt8(ascii: "\n") { line += 1 }
        position += 1
      }
    } while depth > 0 && position < text.count
  }

  private mutating func string() -> [UInt8] {
    var bytes: [UInt8] = []
    position += 1
    while position < text.count && text[position] != UInt8(ascii: "\"") {
      if text[position] == UInt8(ascii: "\\") {
        let digits = String(decoding: text[(position + 1)...(position + 2)], as: UTF8.self)
        if let byte = UInt8(digits, radix: 16) {
          bytes.append(byte)
          position += 3
        } else {
          let escapes: [UInt8: UInt8] = [UInt8(ascii: "n"): 10, UInt8(ascii: "t"): 9, UInt8(ascii: "r"): 13]
          bytes.append(escapes[text[position + 1]] ?? text[position + 1])
          position += 2
        }
      } else {
        bytes.append(text[position])
        position += 1
      }
    }
    position += 1
    return bytes
  }
}

/// All binary modules of the suite in `folder`.
func binaryModules(in folder: URL) throws -> [BinaryModule] {
  let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".wast") }.sorted()
  return try files.flatMap { file in
    let text = try Data(contentsOf: folder.appendingPathComponent(file))
    return text.range(of: Data(" binary".utf8)) == nil ? [] : binaryModules(in: [UInt8](text), file: file)
  }
}
