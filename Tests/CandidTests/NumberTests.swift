// Natural numbers and integers of any size, at the borders of limbs, of groups of seven bits and of chunks of digits. What
// is expected was computed with Python.

import Candid
import Testing

/// Numbers in decimal and hexadecimal, and their bytes in messages: as a nat, as an int, and the negation as an int.
private let tableText = """
  0 0 00 00 00
  1 1 01 01 7f
  9 9 09 09 77
  10 a 0a 0a 76
  63 3f 3f 3f 41
  64 40 40 c000 40
  127 7f 7f ff00 817f
  128 80 8001 8001 807f
  4294967295 ffffffff ffffffff0f ffffffff0f 8180808070
  4294967296 100000000 8080808010 8080808010 8080808070
  4294967297 100000001 8180808010 8180808010 ffffffff6f
  72057594037927935 ffffffffffffff ffffffffffffff7f ffffffffffffffff00 81808080808080807f
  72057594037927936 100000000000000 808080808080808001 808080808080808001 80808080808080807f
  72057594037927937 100000000000001 818080808080808001 818080808080808001 ffffffffffffffff7e
  9223372036854775807 7fffffffffffffff ffffffffffffffff7f ffffffffffffffffff00 8180808080808080807f
  9223372036854775808 8000000000000000 80808080808080808001 80808080808080808001 8080808080808080807f
  9223372036854775809 8000000000000001 81808080808080808001 81808080808080808001 ffffffffffffffffff7e
  9999999999999999999 8ac7230489e7ffff ffff9fcfc8e0c8e38a01 ffff9fcfc8e0c8e38a01 8180e0b0b79fb79cf57e
  10000000000000000000 8ac7230489e80000 8080a0cfc8e0c8e38a01 8080a0cfc8e0c8e38a01 8080e0b0b79fb79cf57e
  18446744073709551615 ffffffffffffffff ffffffffffffffffff01 ffffffffffffffffff01 8180808080808080807e
  18446744073709551616 10000000000000000 80808080808080808002 80808080808080808002 8080808080808080807e
  18446744073709551617 10000000000000001 81808080808080808002 81808080808080808002 ffffffffffffffffff7d
  36893488147419103231 1ffffffffffffffff ffffffffffffffffff03 ffffffffffffffffff03 8180808080808080807c
  36893488147419103232 20000000000000000 80808080808080808004 80808080808080808004 8080808080808080807c
  36893488147419103233 20000000000000001 81808080808080808004 81808080808080808004 ffffffffffffffffff7b
  99999999999999999999 56bc75e2d630fffff ffffbf98d6c5d7e3eb0a ffffbf98d6c5d7e3eb0a 8180c0e7a9baa89c9475
  100000000000000000000 56bc75e2d63100000 8080c098d6c5d7e3eb0a 8080c098d6c5d7e3eb0a 8080c0e7a9baa89c9475
  1180591620717411303423 3fffffffffffffffff ffffffffffffffffff7f ffffffffffffffffffff00 818080808080808080807f
  1180591620717411303424 400000000000000000 8080808080808080808001 8080808080808080808001 808080808080808080807f
  1180591620717411303425 400000000000000001 8180808080808080808001 8180808080808080808001 ffffffffffffffffffff7e
  85070591730234615865843651857942052863 3fffffffffffffffffffffffffffffff ffffffffffffffffffffffffffffffffff7f
    ffffffffffffffffffffffffffffffffffff00 8180808080808080808080808080808080807f
  85070591730234615865843651857942052864 40000000000000000000000000000000 80808080808080808080808080808080808001
    80808080808080808080808080808080808001 8080808080808080808080808080808080807f
  85070591730234615865843651857942052865 40000000000000000000000000000001 81808080808080808080808080808080808001
    81808080808080808080808080808080808001 ffffffffffffffffffffffffffffffffffff7e
  99999999999999999999999999999999999999 4b3b4ca85a86c47a098a223fffffffff ffffffffffc788c589f491b6a88baaa6bb9601
    ffffffffffc788c589f491b6a88baaa6bb9601 8180808080b8f7baf68beec9d7f4d5d9c4e97e
  100000000000000000000000000000000000000 4b3b4ca85a86c47a098a224000000000 8080808080c888c589f491b6a88baaa6bb9601
    8080808080c888c589f491b6a88baaa6bb9601 8080808080b8f7baf68beec9d7f4d5d9c4e97e
  170141183460469231731687303715884105727 7fffffffffffffffffffffffffffffff ffffffffffffffffffffffffffffffffffff01
    ffffffffffffffffffffffffffffffffffff01 8180808080808080808080808080808080807e
  170141183460469231731687303715884105728 80000000000000000000000000000000 80808080808080808080808080808080808002
    80808080808080808080808080808080808002 8080808080808080808080808080808080807e
  170141183460469231731687303715884105729 80000000000000000000000000000001 81808080808080808080808080808080808002
    81808080808080808080808080808080808002 ffffffffffffffffffffffffffffffffffff7d
  340282366920938463463374607431768211455 ffffffffffffffffffffffffffffffff ffffffffffffffffffffffffffffffffffff03
    ffffffffffffffffffffffffffffffffffff03 8180808080808080808080808080808080807c
  340282366920938463463374607431768211456 100000000000000000000000000000000 80808080808080808080808080808080808004
    80808080808080808080808080808080808004 8080808080808080808080808080808080807c
  340282366920938463463374607431768211457 100000000000000000000000000000001 81808080808080808080808080808080808004
    81808080808080808080808080808080808004 ffffffffffffffffffffffffffffffffffff7b
  999999999999999999999999999999999999999 2f050fe938943acc45f65567fffffffff ffffffffffcfd5b2df88b39d94f1a4ffd0e00b
    ffffffffffcfd5b2df88b39d94f1a4ffd0e00b 8180808080b0aacda0f7cce2eb8edb80af9f74
  1000000000000000000000000000000000000000 2f050fe938943acc45f65568000000000 8080808080d0d5b2df88b39d94f1a4ffd0e00b
    8080808080d0d5b2df88b39d94f1a4ffd0e00b 8080808080b0aacda0f7cce2eb8edb80af9f74
  999999999999999999999999999999999999999999999999999999999 28c87cb5c89a2571ebfdcb54864ada8349ffffffffffffff
    ffffffffffffffffc986ead6e490d5e5fdd7c7aba293f2dafc90a301
    ffffffffffffffffc986ead6e490d5e5fdd7c7aba293f2dafc90a301
    8180808080808080b6f995a99befaa9a82a8b8d4ddec8da583efdc7e
  1000000000000000000000000000000000000000000000000000000000 28c87cb5c89a2571ebfdcb54864ada834a00000000000000
    8080808080808080ca86ead6e490d5e5fdd7c7aba293f2dafc90a301
    8080808080808080ca86ead6e490d5e5fdd7c7aba293f2dafc90a301
    8080808080808080b6f995a99befaa9a82a8b8d4ddec8da583efdc7e
  3138550867693340381917894711603833208051177722232017256447 7fffffffffffffffffffffffffffffffffffffffffffffff
    ffffffffffffffffffffffffffffffffffffffffffffffffffffff03
    ffffffffffffffffffffffffffffffffffffffffffffffffffffff03
    8180808080808080808080808080808080808080808080808080807c
  3138550867693340381917894711603833208051177722232017256448 800000000000000000000000000000000000000000000000
    80808080808080808080808080808080808080808080808080808004
    80808080808080808080808080808080808080808080808080808004
    8080808080808080808080808080808080808080808080808080807c
  3138550867693340381917894711603833208051177722232017256449 800000000000000000000000000000000000000000000001
    81808080808080808080808080808080808080808080808080808004
    81808080808080808080808080808080808080808080808080808004
    ffffffffffffffffffffffffffffffffffffffffffffffffffffff7b
  6277101735386680763835789423207666416102355444464034512895 ffffffffffffffffffffffffffffffffffffffffffffffff
    ffffffffffffffffffffffffffffffffffffffffffffffffffffff07
    ffffffffffffffffffffffffffffffffffffffffffffffffffffff07
    81808080808080808080808080808080808080808080808080808078
  6277101735386680763835789423207666416102355444464034512896 1000000000000000000000000000000000000000000000000
    80808080808080808080808080808080808080808080808080808008
    80808080808080808080808080808080808080808080808080808008
    80808080808080808080808080808080808080808080808080808078
  6277101735386680763835789423207666416102355444464034512897 1000000000000000000000000000000000000000000000001
    81808080808080808080808080808080808080808080808080808008
    81808080808080808080808080808080808080808080808080808008
    ffffffffffffffffffffffffffffffffffffffffffffffffffffff77
  """

@Suite struct NumberTests {
  struct Row: CustomTestStringConvertible {
    let decimal: String
    let hexadecimal: String
    /// As LEB128: the number as a nat, as an int, and its negation.
    let nat: String
    let int: String
    let negated: String

    /// The least significant first.
    var limbs: [UInt64] {
      var rest = Substring(hexadecimal)
      var limbs: [UInt64] = []
      while !rest.isEmpty, rest != "0" {
        limbs.append(UInt64(rest.suffix(16), radix: 16)!)
        rest = rest.dropLast(16)
      }
      return limbs
    }

    var testDescription: String { decimal }
  }

  static let rows: [Row] = {
    let words = tableText.split { $0 == " " || $0 == "\n" }.map(String.init)
    return stride(from: 0, to: words.count, by: 5).map {
      Row(
        decimal: words[$0], hexadecimal: words[$0 + 1], nat: words[$0 + 2], int: words[$0 + 3], negated: words[$0 + 4])
    }
  }()

  /// The bytes of a number in a message.
  private func bytes(_ value: CandidValue) throws -> String {
    try encodeArguments([value]).dropFirst(7).map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
  }

  private func decoded(_ hexadecimal: String, _ type: UInt8) throws -> CandidValue {
    var bytes = Array("DIDL".utf8) + [0, 1, type]
    let digits = Array(hexadecimal.utf8)
    for index in stride(from: 0, to: digits.count, by: 2) {
      bytes.append(UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16)!)
    }
    return try decodeArguments(bytes).values[0]
  }

  @Test(arguments: rows)
  func table(row: Row) throws {
    let number = Natural(limbs: row.limbs)
    #expect(number.limbs == row.limbs)
    #expect(Natural(limbs: row.limbs + [0, 0]) == number)
    #expect(number.description == row.decimal && Natural(row.decimal) == number)
    #expect(Natural("000000000000000000000" + row.decimal) == number)
    #expect(number.hexadecimal == row.hexadecimal && Natural(hexadecimal: row.hexadecimal) == number)
    #expect(Natural(hexadecimal: "00000000000000000" + row.hexadecimal.uppercased()) == number)
    #expect(try bytes(.nat(number)) == row.nat)
    #expect(try decoded(row.nat, 0x7D) == .nat(number))
    #expect(number.isZero == (row.decimal == "0"))

    let integer = Integer(number)
    #expect(integer.description == row.decimal && Integer(row.decimal) == integer)
    #expect(Integer("+" + row.decimal) == integer && Integer("-" + row.decimal) == -integer)
    #expect((-integer).description == (number.isZero ? "0" : "-" + row.decimal))
    #expect(try bytes(.int(integer)) == row.int)
    #expect(try decoded(row.int, 0x7C) == .int(integer))
    #expect(try bytes(.int(-integer)) == row.negated)
    #expect(try decoded(row.negated, 0x7C) == .int(-integer))
    #expect(Natural(exactly: integer) == number)
    #expect(Natural(exactly: -integer) == (number.isZero ? 0 : nil))
  }

  /// Longer forms than necessary are numbers too.
  @Test(arguments: rows)
  func longForms(row: Row) throws {
    let number = Natural(limbs: row.limbs)
    func longer(_ bytes: String, _ last: String) -> String {
      // The last byte goes on.
      let top = UInt8(bytes.suffix(2), radix: 16)! | 0x80
      let padding = last == "00" ? "80" : "ff"
      return bytes.dropLast(2) + String(top, radix: 16) + String(repeating: padding, count: 11) + last
    }
    #expect(try decoded(longer(row.nat, "00"), 0x7D) == .nat(number))
    #expect(try decoded(longer(row.int, "00"), 0x7C) == .int(Integer(number)))
    if !number.isZero { #expect(try decoded(longer(row.negated, "7f"), 0x7C) == .int(-Integer(number))) }
  }

  @Test func order() {
    let numbers = Self.rows.map { Natural(limbs: $0.limbs) }
    let integers = numbers.dropFirst().reversed().map { -Integer($0) } + numbers.map { Integer($0) }
    for (index, number) in numbers.enumerated() {
      for (otherIndex, other) in numbers.enumerated() {
        #expect((number < other) == (index < otherIndex) && (number == other) == (index == otherIndex))
      }
    }
    for (index, number) in integers.enumerated() {
      for (otherIndex, other) in integers.enumerated() {
        #expect((number < other) == (index < otherIndex) && (number == other) == (index == otherIndex))
      }
    }
    #expect(Set(integers).count == integers.count)
  }

  /// Whether a number has a value as a type of the standard library, and which.
  private func check<Number: FixedWidthInteger>(_ number: Integer, _: Number.Type) {
    let expected = Number(number.description)
    #expect(Number(exactly: number) == expected, "\(number) as \(Number.self)")
    if let natural = Natural(exactly: number) { #expect(Number(exactly: natural) == expected) }
    guard let expected else { return }
    #expect(Integer(expected) == number)
    #expect(Natural(exactly: expected) == Natural(exactly: number))
  }

  @Test func conversions() {
    for row in Self.rows {
      for number in [Integer(row.decimal)!, Integer("-" + row.decimal)!] {
        check(number, UInt8.self)
        check(number, Int8.self)
        check(number, UInt16.self)
        check(number, Int16.self)
        check(number, UInt32.self)
        check(number, Int32.self)
        check(number, UInt64.self)
        check(number, Int64.self)
        check(number, UInt128.self)
        check(number, Int128.self)
        check(number, Int.self)
      }
    }
  }

  @Test func literals() {
    let numbers: [Natural] = [0, 1, 0xFFFF_FFFF_FFFF_FFFF, 0x1_0000_0000_0000_0000, 1_000_000_000_000_000_000_000]
    #expect(numbers.map(\.limbs) == [[], [1], [.max], [0, 1], [0x35C9_ADC5_DEA0_0000, 0x36]])
    let integers: [Integer] = [
      -1, -0x8000_0000_0000_0000, -0x1_0000_0000_0000_0000, 0x8000_0000_0000_0000, 0xFFFF_FFFF_FFFF_FFFF,
      -1_000_000_000_000_000_000_000,
    ]
    #expect(integers.map(\.magnitude.limbs) == [[1], [1 << 63], [0, 1], [1 << 63], [.max], numbers[4].limbs])
    #expect(integers.map(\.isNegative) == [true, true, true, false, false, true])
  }

  @Test(arguments: ["", "-", "+", "--1", "-+1", " 1", "1 ", "1_000", "0x1", "a", "１"])
  func noDecimal(text: String) {
    #expect(Natural(text) == nil)
    #expect(Integer(text) == nil)
  }

  @Test(arguments: ["", "-1", "+1", "0x1", "g", "1_0", "/", ":", "@", "`"])
  func noHexadecimal(text: String) { #expect(Natural(hexadecimal: text) == nil) }

  /// Decimal digits, computed one by one.
  private func digits(_ limbs: [UInt64]) -> String {
    var digits: [UInt8] = [0]
    for limb in limbs.reversed() {
      for bit in 0..<64 {
        var carry = UInt8(truncatingIfNeeded: limb >> UInt64(63 - bit)) & 1
        for index in digits.indices {
          let double = digits[index] * 2 + carry
          carry = double >= 10 ? 1 : 0
          digits[index] = double - 10 * carry
        }
        if carry > 0 { digits.append(carry) }
      }
    }
    return String(decoding: digits.reversed().map { $0 + UInt8(ascii: "0") }, as: UTF8.self)
  }

  @Test func randomNumbers() throws {
    var random = RandomSource(seed: 5)
    var last = Natural(limbs: [])
    for _ in 0..<(isDebugBuild ? 100 : 2_000) {
      // Limbs of zeros and ones are where something is carried.
      var limbs = (0..<random.below(9)).map { _ in
        random.chance(1, in: 4) ? 0 : random.chance(1, in: 4) ? .max : random.next()
      }
      while limbs.last == 0 { limbs.removeLast() }
      let number = Natural(limbs: limbs)
      let decimal = digits(limbs)
      #expect(number.limbs == limbs && number.description == decimal && Natural(decimal) == number)
      #expect(Natural(hexadecimal: number.hexadecimal) == number)
      // Digits behind a number multiply it, and add.
      #expect(Natural(hexadecimal: number.hexadecimal + "0000000000000007") == Natural(limbs: [7] + limbs))
      let zeros = String(repeating: "0", count: 25)
      #expect(Natural(decimal + zeros)?.description == (limbs.isEmpty ? "0" : decimal + zeros))
      #expect((number < last) == limbs.reversed().isLess(than: last.limbs.reversed()))
      for value in [CandidValue.nat(number), .int(Integer(number)), .int(-Integer(number))] {
        #expect(try decodeArguments(encodeArguments([value])).values == [value])
      }
      let pair = limbs.prefix(2).reversed().reduce(0 as UInt128) { $0 << 64 | UInt128($1) }
      #expect(Natural(pair) == Natural(limbs: limbs.prefix(2)) && UInt128(exactly: Natural(pair)) == pair)
      last = number
    }
  }
}

extension Collection<UInt64> {
  /// Whether one number is below another, whose limbs come the most significant first.
  fileprivate func isLess(than other: some Collection<UInt64>) -> Bool {
    count == other.count ? lexicographicallyPrecedes(other) : count < other.count
  }
}
