// Strings: their well-formedness, which is checked when they are scanned, and the bytes that they stand for. With them,
// the UTF-8 encoding of the text itself.
//
// Source: WebAssembly 3.0, sections 6.2.1 and 6.3.3.

extension Lexer {
  /// Called at the opening quote; passes over the string and checks its escapes.
  mutating func skipString() throws(TextError) {
    let first = position
    position += 1
    while position != end {
      let byte = position.pointee
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return
      case UInt8(ascii: "\\"): try skipEscape(in: first)
      case 0x0A, 0x0D: throw error(.illegalCharacter, at: position)
      case 0..<0x20, 0x7F: throw error(.illegalCharacter, at: position)
      case 0x80...: try skipCharacter()
      default: position += 1
      }
    }
    throw error(.unclosedString, at: first)
  }

  private mutating func skipEscape(in string: UnsafePointer<UInt8>) throws(TextError) {
    let first = position
    position += 1
    guard position != end else { throw error(.unclosedString, at: string) }
    switch position.pointee {
    case UInt8(ascii: "t"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "\""), UInt8(ascii: "'"),
      UInt8(ascii: "\\"):
      position += 1
    case UInt8(ascii: "u"):
      position += 1
      guard position != end, position.pointee == UInt8(ascii: "{") else { throw error(.illegalEscape, at: first) }
      position += 1
      var value: UInt32 = 0
      var previous: UInt8 = 0
      while position != end && position.pointee != UInt8(ascii: "}") {
        let byte = position.pointee
        if byte == UInt8(ascii: "_") {
          // An underscore stands between two digits.
          if hexadecimalDigit(previous) == nil { throw error(.illegalEscape, at: first) }
        } else if let digit = hexadecimalDigit(byte) {
          value = value << 4 | UInt32(digit)
          if value > 0x10FFFF { throw error(.illegalEscape, at: first) }
        } else {
          throw error(.illegalEscape, at: first)
        }
        previous = byte
        position += 1
      }
      guard position != end, hexadecimalDigit(previous) != nil, Unicode.Scalar(value) != nil else {
        throw error(.illegalEscape, at: first)
      }
      position += 1
    case let byte:
      guard hexadecimalDigit(byte) != nil, position + 1 != end, hexadecimalDigit(position[1]) != nil else {
        throw error(.illegalEscape, at: first)
      }
      position += 2
    }
  }

  /// Appends the bytes that a string stands for. `string` includes the quotes and must have been scanned before, so its
  /// escapes are well-formed.
  func unescape(_ string: UnsafeBufferPointer<UInt8>, into bytes: inout [UInt8]) {
    var index = 1
    let stop = string.count - 1
    while index < stop {
      let run = index
      while index < stop && string[index] != UInt8(ascii: "\\") { index += 1 }
      bytes.append(contentsOf: string[run..<index])
      if index == stop { return }
      let escape = string[index + 1]
      index += 2
      switch escape {
      case UInt8(ascii: "t"): bytes.append(0x09)
      case UInt8(ascii: "n"): bytes.append(0x0A)
      case UInt8(ascii: "r"): bytes.append(0x0D)
      case UInt8(ascii: "u"):
        var value: UInt32 = 0
        index += 1
        while string[index] != UInt8(ascii: "}") {
          if let digit = hexadecimalDigit(string[index]) { value = value << 4 | UInt32(digit) }
          index += 1
        }
        index += 1
        if let scalar = Unicode.Scalar(value) { bytes.append(contentsOf: UTF8.encode(scalar)!) }
      default:
        if let high = hexadecimalDigit(escape), let low = hexadecimalDigit(string[index]) {
          bytes.append(high << 4 | low)
          index += 1
        } else {
          bytes.append(escape)
        }
      }
    }
  }

  /// Passes over one character of one or more bytes.
  mutating func skipCharacter() throws(TextError) {
    let first = position.pointee
    // The number of bytes that follow, and the range of the first of those: the other encodings are overlong,
    // surrogates, or beyond the last character.
    let (count, low, high): (Int, UInt8, UInt8) =
      switch first {
      case 0..<0x80: (0, 0, 0)
      case 0xC2...0xDF: (1, 0x80, 0xBF)
      case 0xE0: (2, 0xA0, 0xBF)
      case 0xED: (2, 0x80, 0x9F)
      case 0xE1...0xEF: (2, 0x80, 0xBF)
      case 0xF0: (3, 0x90, 0xBF)
      case 0xF1...0xF3: (3, 0x80, 0xBF)
      case 0xF4: (3, 0x80, 0x8F)
      default: throw error(.malformedUTF8, at: position)
      }
    guard end - position > count else { throw error(.malformedUTF8, at: position) }
    var index = 1
    while index <= count {
      let byte = position[index]
      guard index == 1 ? byte >= low && byte <= high : byte & 0xC0 == 0x80 else {
        throw error(.malformedUTF8, at: position)
      }
      index += 1
    }
    position += count + 1
  }
}

/// The value of a hexadecimal digit.
@inline(__always)
func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}
