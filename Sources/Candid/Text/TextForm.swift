// How names, numbers, texts and blobs are written, as the reference tools write them.

enum TextForm {
  /// The words that can't be names without quotes: those of the grammar, and the names of types.
  static let keywords: Set<String> = Set(Keyword.allCases.map(\.rawValue))
    .union(PrimitiveType.allCases.map(\.name))

  /// A name, in quotes unless it is an identifier and no keyword.
  static func name(_ name: String) -> String {
    isIdentifier(name) && !keywords.contains(name) ? name : quoted(name)
  }

  private static func isIdentifier(_ name: String) -> Bool {
    guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
    return name.utf8.allSatisfy { Lexer.isNameByte($0) }
  }

  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "'", "\\":
        result.unicodeScalars.append("\\")
        result.unicodeScalars.append(scalar)
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      default:
        if isPrintable(scalar) {
          result.unicodeScalars.append(scalar)
        } else {
          result += "\\u{\(String(scalar.value, radix: 16))}"
        }
      }
    }
    return result + "\""
  }

  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return (0x20..<0x7F).contains(scalar.value) }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator, .spaceSeparator:
      return false
    default: return true
    }
  }

  /// The bytes of a blob: as they are if all are ASCII text, else all in hexadecimal.
  static func blob(_ bytes: [UInt8]) -> String {
    let isText = bytes.allSatisfy { (0x20..<0x7F).contains($0) || [0x09, 0x0A, 0x0D].contains($0) }
    var text = Array("blob \"".utf8)
    text.reserveCapacity(bytes.count * (isText ? 1 : 3) + 8)
    for byte in bytes {
      if isText, byte >= 0x20, !Array("\"'`\\".utf8).contains(byte) {
        text.append(byte)
      } else {
        text.append(UInt8(ascii: "\\"))
        text.append(hexDigits[Int(byte >> 4)])
        text.append(hexDigits[Int(byte & 15)])
      }
    }
    return String(decoding: text, as: UTF8.self) + "\""
  }

  private static let hexDigits = Array("0123456789abcdef".utf8)

  /// A number with `_` between groups of three digits.
  static func grouped(_ digits: String) -> String {
    let sign = digits.hasPrefix("-") ? 1 : 0
    let bytes = Array(digits.utf8)
    var result: [UInt8] = []
    for (index, byte) in bytes.enumerated() {
      if index > sign, (bytes.count - index) % 3 == 0 { result.append(UInt8(ascii: "_")) }
      result.append(byte)
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// The largest number of bits that is written in decimal, and of digits that is read: conversion takes quadratic time.
  static let maximumDecimalBits = 4096
  static let maximumDecimalDigits = 10_000

  /// An integer, in hexadecimal if it is very large.
  static func integer(_ number: Integer) -> String {
    if let small = Int64(exactly: number) { return grouped(String(small)) }
    if number.magnitude.bitWidth > maximumDecimalBits {
      return (number.isNegative ? "-0x" : "0x") + number.magnitude.hexadecimal
    }
    return grouped(number.description)
  }

  /// A number of floating point: the shortest digits that read back the same, without an exponent.
  static func float(_ description: String) -> String {
    if description == "nan" || description == "-nan" || description.hasPrefix("nan(") { return "NaN" }
    guard let mark = description.firstIndex(where: { $0 == "e" || $0 == "E" }) else { return description }
    let exponent = Int(description[description.index(after: mark)...]) ?? 0
    var digits = description[..<mark].filter { $0 != "-" && $0 != "." }
    // Swift writes one digit before the point in this form.
    if exponent < 0 {
      digits = "0." + String(repeating: "0", count: -exponent - 1) + digits.trimmingZeros
    } else {
      let whole = digits.count - 1
      if exponent >= whole {
        digits += String(repeating: "0", count: exponent - whole) + ".0"
      } else {
        digits.insert(".", at: digits.index(digits.startIndex, offsetBy: exponent + 1))
      }
    }
    return (description.hasPrefix("-") ? "-" : "") + digits
  }
}

extension String {
  fileprivate var trimmingZeros: String {
    let kept = reversed().drop { $0 == "0" }
    return kept.isEmpty ? "0" : String(kept.reversed())
  }
}
