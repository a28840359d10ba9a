// The official conformance tests: .did files that go on with assertions on messages and texts.
//
//   assert INPUT : TYPES                    INPUT is of the types
//   assert INPUT !: TYPES                   it is not
//   assert INPUT == INPUT : TYPES           both are, and equal
//   assert INPUT != INPUT : TYPES           both are, and not equal
//
// each with an optional description and a semicolon. INPUT is a text, or a message: `blob "…"`.

import Candid
import Foundation

/// The folder of the conformance tests: `CANDID_TESTSUITE`, or `../shared/candid` beside the package.
let conformanceFolder: URL? = {
  if let path = ProcessInfo.processInfo.environment["CANDID_TESTSUITE"] { return URL(fileURLWithPath: path) }
  var folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  while !FileManager.default.fileExists(atPath: folder.appendingPathComponent("Package.swift").path) {
    if folder.path == "/" { return nil }
    folder.deleteLastPathComponent()
  }
  let suite = folder.deletingLastPathComponent().appendingPathComponent("shared/candid")
  return FileManager.default.fileExists(atPath: suite.path) ? suite : nil
}()

struct Assertion: Sendable {
  enum Input: Sendable {
    case text(String)
    case message([UInt8])
  }

  enum Relation: String, Sendable {
    case fits = ":"
    case doesNotFit = "!:"
    case equal = "=="
    case unequal = "!="
  }

  var file: String
  /// Counted from 1 in its file.
  var number: Int
  var left: Input
  var relation: Relation
  var right: Input?
  /// Types in parentheses, behind the definitions of the file.
  var types: String
  var text: String

  var title: String { "\(file) \(number): \(text)" }
}

struct ConformanceFile {
  var assertions: [Assertion] = []

  /// - Throws: `WrongAssertion` where the file doesn't follow the grammar.
  init(name: String, text: String) throws {
    var scanner = Scanner(text: Array(text.utf8))
    scanner.skipDefinitions()
    let definitions = String(decoding: scanner.text[..<scanner.offset], as: UTF8.self)
    while try scanner.word("assert") {
      let start = scanner.offset
      let left = try scanner.input()
      guard
        let relation = [Assertion.Relation.doesNotFit, .equal, .unequal, .fits].first(where: {
          scanner.mark($0.rawValue)
        })
      else { throw WrongAssertion(offset: scanner.offset) }
      var right: Assertion.Input?
      if relation == .equal || relation == .unequal {
        right = try scanner.input()
        guard scanner.mark(":") else { throw WrongAssertion(offset: scanner.offset) }
      }
      let types = scanner.parentheses()
      let text = String(decoding: scanner.text[start..<scanner.offset], as: UTF8.self)
      _ = try scanner.string()
      guard scanner.mark(";") else { throw WrongAssertion(offset: scanner.offset) }
      assertions.append(
        Assertion(
          file: name, number: assertions.count + 1, left: left, relation: relation, right: right,
          types: definitions + types, text: text))
    }
    guard scanner.isAtEnd else { throw WrongAssertion(offset: scanner.offset) }
  }
}

struct WrongAssertion: Error {
  var offset: Int
}

private struct Scanner {
  let text: [UInt8]
  var offset = 0

  init(text: [UInt8]) { self.text = text }

  private func has(_ mark: String) -> Bool { text[offset...].starts(with: mark.utf8) }

  private mutating func skipSpace() {
    while offset < text.count {
      if has("//") {
        while offset < text.count, text[offset] != 0x0A { offset += 1 }
      } else if has("/*") {
        while !has("*/") { offset += 1 }
        offset += 2
      } else if text[offset] <= 0x20 {
        offset += 1
      } else {
        return
      }
    }
  }

  var isAtEnd: Bool {
    var copy = self
    copy.skipSpace()
    return copy.offset == text.count
  }

  mutating func mark(_ mark: String) -> Bool {
    skipSpace()
    guard has(mark) else { return false }
    offset += mark.utf8.count
    return true
  }

  mutating func word(_ word: String) throws -> Bool { mark(word) }

  /// Up to the first assertion; definitions hold no such word.
  mutating func skipDefinitions() {
    skipSpace()
    while offset < text.count, !has("assert ") {
      offset += 1
      skipSpace()
    }
  }

  mutating func input() throws -> Assertion.Input {
    if mark("blob") {
      guard let bytes = try string() else { throw WrongAssertion(offset: offset) }
      return .message(bytes)
    }
    guard let bytes = try string() else { throw WrongAssertion(offset: offset) }
    return .text(String(decoding: bytes, as: UTF8.self))
  }

  /// A string; `nil` if none comes next.
  mutating func string() throws -> [UInt8]? {
    guard mark("\"") else { return nil }
    var bytes: [UInt8] = []
    while text[offset] != UInt8(ascii: "\"") {
      guard text[offset] == UInt8(ascii: "\\") else {
        bytes.append(text[offset])
        offset += 1
        continue
      }
      let next = text[offset + 1]
      let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "n"): 0x0A, UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09, UInt8(ascii: "\\"): next,
        UInt8(ascii: "\""): next, UInt8(ascii: "'"): next,
      ]
      if let byte = escapes[next] {
        bytes.append(byte)
        offset += 2
      } else {
        let digits = String(decoding: text[offset + 1..<offset + 3], as: UTF8.self)
        guard let byte = UInt8(digits, radix: 16) else { throw WrongAssertion(offset: offset) }
        bytes.append(byte)
        offset += 3
      }
    }
    offset += 1
    return bytes
  }

  /// Everything up to the parenthesis that closes the next one.
  mutating func parentheses() -> String {
    skipSpace()
    let start = offset
    var depth = 0
    repeat {
      if has("(") { depth += 1 }
      if has(")") { depth -= 1 }
      offset += 1
    } while depth > 0
    return String(decoding: text[start..<offset], as: UTF8.self)
  }
}
