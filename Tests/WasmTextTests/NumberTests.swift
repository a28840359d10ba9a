import Testing
import WasmText

@Suite struct NumberTests {
  private func integer(_ text: String) -> IntegerLiteral? {
    Array(text.utf8).withUnsafeBufferPointer { IntegerLiteral($0) }
  }

  private func float(_ text: String, _ format: FloatFormat) -> Result<UInt64, NumberFault> {
    Array(text.utf8).withUnsafeBufferPointer { bytes in
      do throws(NumberFault) { return .success(try FloatLiteral.bits(of: bytes, as: format)) } catch {
        return .failure(error)
      }
    }
  }

  // MARK: Integers

  @Test(arguments: ["0", "00", "1_0", "0x0", "0xfF_00", "+1", "-0", "-0x1_2", "0x_0".replacing("_", with: "")])
  func wellFormedIntegers(text: String) { #expect(integer(text) != nil) }

  @Test(arguments: [
    "", "+", "-", "_1", "1_", "1__0", "0x", "0x_1", "0x1_", "0X1", "1a", "0xg", "--1", "+-1", "1.0", "1e1", "0b1",
  ])
  func malformedIntegers(text: String) { #expect(integer(text) == nil) }

  @Test func integerRanges() throws {
    let table: [(String, Int, UInt64?)] = [
      ("0", 8, 0), ("255", 8, 255), ("256", 8, nil), ("-128", 8, 128), ("-129", 8, nil), ("0xff", 8, 255),
      ("65535", 16, 65535), ("-32768", 16, 32768), ("65536", 16, nil), ("-32769", 16, nil),
      ("4294967295", 32, 0xFFFF_FFFF), ("4294967296", 32, nil), ("-2147483648", 32, 0x8000_0000),
      ("-2147483649", 32, nil), ("-1", 32, 0xFFFF_FFFF), ("-0", 32, 0), ("0xffff_ffff", 32, 0xFFFF_FFFF),
      ("18446744073709551615", 64, .max), ("18446744073709551616", 64, nil), ("0x1_0000_0000_0000_0000", 64, nil),
      ("-9223372036854775808", 64, 1 << 63), ("-9223372036854775809", 64, nil),
      ("00000000000000000000000000000000000000000000000000000007", 64, 7),
      ("99999999999999999999999999999999999999999999999999999999", 64, nil),
    ]
    for (text, bits, expected) in table {
      let literal = try #require(integer(text))
      #expect((try? literal.uninterpreted(bits: bits)) == expected, "\(text) as i\(bits)")
    }
    #expect(throws: NumberFault.malformed) { try integer("+1")?.unsigned(bits: 32) }
    #expect(throws: NumberFault.malformed) { try integer("-0")?.unsigned(bits: 32) }
    #expect(throws: NumberFault.outOfRange) { try integer("4294967296")?.unsigned(bits: 32) }
  }

  // MARK: Floats

  @Test(arguments: [
    "0", "0.", "0.0", "1e1", "1E+1", "1.e-1", "1_0.0_1e0_1", "0x0", "0x1.", "0x1.8", "0x1p1", "0xA.P-1_0", "0xep1",
    "inf", "+inf", "-inf", "nan", "-nan", "nan:0x1", "+nan:0x7f_ff",
  ])
  func wellFormedFloats(text: String) throws { _ = try float(text, .binary64).get() }

  @Test(arguments: [
    "", "+", ".", ".5", "1..0", "1.0.0", "_1", "1_", "1_.0", "1._0", "1.0_", "1__0.0", "e1", "1e", "1e+", "1e_1",
    "1e1_",
    "1e1.0", "1p1", "0x", "0x.", "0x.1", "0xp1", "0x1p", "0x1p+", "0x1pa", "0x_1", "0x1_", "0x1._8", "0x1e+1", "0X1",
    "infinity", "in", "INF", "nan:", "nan:1", "nan:0x", "nan:0xg", "nan:0x_1", "nan:canonical", "+-1", "1f", "1 ",
  ])
  func malformedFloats(text: String) {
    #expect(float(text, .binary64) == .failure(.malformed))
    #expect(float(text, .binary32) == .failure(.malformed))
  }

  @Test func binary32() {
    let table: [(String, UInt64?)] = [
      ("0", 0), ("-0", 0x8000_0000), ("-0x0p5", 0x8000_0000), ("1", 0x3F80_0000), ("-1.5", 0xBFC0_0000),
      ("1e10", 0x5015_02F9),
      ("0.1", 0x3DCC_CCCD), ("16777217", 0x4B80_0000), ("16777219", 0x4B80_0002),
      ("16777217.0000000000000000000000000000000001", 0x4B80_0001),
      // The largest number, and the least that is rounded beyond it.
      ("3.4028234663852886e38", 0x7F7F_FFFF), ("3.4028235677973366e38", 0x7F7F_FFFF), ("3.4028235677973367e38", nil),
      ("340282356779733661637539395458142568447.9999", 0x7F7F_FFFF), ("340282356779733661637539395458142568448", nil),
      ("1e39", nil), ("1e1000000000000000000000000", nil),
      ("0x1.fffffep127", 0x7F7F_FFFF), ("0x1.fffffefffffffffp127", 0x7F7F_FFFF), ("0x1.ffffffp127", nil),
      ("0x1p128", nil),
      ("0x1p999999999999999999999999999999", nil),
      // Subnormal numbers: the least, half of it, a little more.
      ("1e-45", 1), ("0x1p-149", 1), ("0x1p-150", 0), ("0x1.000000000000000000001p-150", 1), ("0x1p-151", 0),
      ("0x0.8p-149", 0), ("0x1.8p-149", 2), ("0x1p-99999999999999999999999", 0), ("1e-99999999999999999999", 0),
      ("7.006492321624085e-46", 0), ("7.006492321624086e-46", 1), ("0x1.fffffep-127", 0x0080_0000),
      ("0x1.fffffcp-127", 0x007F_FFFF), ("0x1p-126", 0x0080_0000),
      // Ties go to even, and the least bit beyond decides.
      ("0x1.000001p0", 0x3F80_0000), ("0x1.0000010000000000000000000000000000000001p0", 0x3F80_0001),
      ("0x1.000003p0", 0x3F80_0002), ("0x1.0000030p0", 0x3F80_0002), ("0x1.00000100000000p0", 0x3F80_0000),
      ("0x100000100000000000000000000000000000000p-152", 0x3F80_0000),
      ("0x100000100000000000000000000000000000001p-152", 0x3F80_0001), ("0x1.fffffffp0", 0x4000_0000),
      // Rounding to binary64 first would make a tie of these.
      ("0x1.00000100000000001p0", 0x3F80_0001), ("1.00000005960464477540", 0x3F80_0001),
      ("1.00000005960464477539062500000000000000000000000000000000000000001", 0x3F80_0001),
      ("1.000000059604644775390625", 0x3F80_0000), ("1.00000005960464477539", 0x3F80_0000),
      ("nan", 0x7FC0_0000), ("-nan", 0xFFC0_0000), ("nan:0x1", 0x7F80_0001), ("nan:0x7fffff", 0x7FFF_FFFF),
      ("nan:0x800000", nil), ("nan:0x0", nil), ("inf", 0x7F80_0000), ("-inf", 0xFF80_0000),
    ]
    for (text, expected) in table {
      #expect(float(text, .binary32) == expected.map { .success($0) } ?? .failure(.outOfRange), "\(text)")
    }
  }

  @Test func binary64() {
    let many = String(repeating: "0", count: 2000)
    let table: [(String, UInt64?)] = [
      ("0.0", 0), ("-0e99999999999999999999", 1 << 63), ("0.1", 0x3FB9_9999_9999_999A), ("1e22", 0x4480_F0CF_064D_D592),
      ("1e23", 0x44B5_2D02_C7E1_4AF6), ("9007199254740993", 0x4340_0000_0000_0000),
      ("9007199254740995", 0x4340_0000_0000_0002),
      ("123456789012345678901234567890", 0x45F8_EE90_FF6C_373E),
      ("1.7976931348623157e308", 0x7FEF_FFFF_FFFF_FFFF), ("1.7976931348623158e308", 0x7FEF_FFFF_FFFF_FFFF),
      ("1.7976931348623159e308", nil), ("1e309", nil), ("1\(many)", nil), ("1\(many)e-2000", 0x3FF0_0000_0000_0000),
      ("0.\(many)1e2001", 0x3FF0_0000_0000_0000), ("0.\(many)1", 0),
      ("4.9406564584124654e-324", 1), ("2.4703282292062327e-324", 0), ("2.4703282292062328e-324", 1), ("1e-400", 0),
      ("2.2250738585072011e-308", 0x000F_FFFF_FFFF_FFFF), ("2.2250738585072012e-308", 0x0010_0000_0000_0000),
      ("2.2250738585072014e-308", 0x0010_0000_0000_0000),
      // 1 + 2^-53 is a tie, whose digits end; anything after them is beyond it.
      ("1.00000000000000011102230246251565404236316680908203125", 0x3FF0_0000_0000_0000),
      ("1.00000000000000011102230246251565404236316680908203125\(many)1", 0x3FF0_0000_0000_0001),
      ("1.00000000000000011102230246251565404236316680908203124999", 0x3FF0_0000_0000_0000),
      ("1.00000000000000033306690738754696212708950042724609375", 0x3FF0_0000_0000_0002),
      ("0x1.00000000000008p0", 0x3FF0_0000_0000_0000), ("0x1.000000000000080\(many)1p0", 0x3FF0_0000_0000_0001),
      ("0x1.00000000000018p0", 0x3FF0_0000_0000_0002), ("0x1.fffffffffffffp1023", 0x7FEF_FFFF_FFFF_FFFF),
      ("0x1.fffffffffffff8p1023", nil), ("0x1.fffffffffffff7fffp1023", 0x7FEF_FFFF_FFFF_FFFF), ("0x1p1024", nil),
      ("0x1p-1074", 1), ("0x1p-1075", 0), ("0x1.0000000000000000000000000001p-1075", 1), ("0x1p-1076", 0),
      ("0x1.fffffffffffffp-1023", 0x0010_0000_0000_0000), ("0x0.fffffffffffff8p-1022", 0x0010_0000_0000_0000),
      ("0x1\(many)p-8000", 0x3FF0_0000_0000_0000), ("0x0.\(many)1p8004", 0x3FF0_0000_0000_0000),
      ("nan:0x1", 0x7FF0_0000_0000_0001), ("nan:0xfffffffffffff", 0x7FFF_FFFF_FFFF_FFFF), ("nan:0x10000000000000", nil),
      ("-nan:0x4000000000000", 0xFFF4_0000_0000_0000), ("inf", 0x7FF0_0000_0000_0000),
    ]
    for (text, expected) in table {
      #expect(float(text, .binary64) == expected.map { .success($0) } ?? .failure(.outOfRange), "\(text.prefix(60))")
    }
  }

  /// Random bit patterns, printed and read back; and random decimals and hexadecimals compared with the standard
  /// library.
  @Test func randomFloats() {
    var random = SplitMix64(state: 1)
    for _ in 0..<3_000 {
      let bits = random.next()
      var writer = TextWriter()
      writer.float64(bits)
      #expect(float(String(decoding: writer.bytes, as: UTF8.self), .binary64) == .success(bits))
      writer = TextWriter()
      writer.float32(UInt32(truncatingIfNeeded: bits))
      #expect(float(String(decoding: writer.bytes, as: UTF8.self), .binary32) == .success(bits & 0xFFFF_FFFF))

      let digits = String(random.next() >> (random.next() & 63), radix: 16)
      let exponent = Int(random.next() % 400) - 250
      let hexadecimal = "0x\(digits).\(String(random.next(), radix: 16))p\(exponent)"
      compare(hexadecimal, alsoSingle: false)
      let decimal = "\(random.next() >> (random.next() & 63)).\(random.next() >> (random.next() & 63))e\(exponent / 5)"
      compare(decimal)
    }
  }

  private func compare(_ text: String, alsoSingle: Bool = true) {
    func expected<Value: BinaryFloatingPoint>(_ value: Value, _ bits: UInt64) -> Result<UInt64, NumberFault> {
      value.isFinite ? .success(bits) : .failure(.outOfRange)
    }
    let double = Double(text)!
    #expect(float(text, .binary64) == expected(double, double.bitPattern), "\(text)")
    if !alsoSingle { return }
    let single = Float(text)!
    #expect(float(text, .binary32) == expected(single, UInt64(single.bitPattern)), "\(text)")
  }

  /// Every binary32 exponent with significands around ties, in hexadecimal. They are exact in binary64, from which the
  /// processor rounds them correctly. (Some C libraries don't: they lose the last bits of subnormal numbers.)
  @Test func tiesOfEveryExponent() {
    for exponent in -160...130 {
      for significand in [0x80_0000, 0x80_0001, 0xFF_FFFE, 0xFF_FFFF, 0xAB_CDEF] as [UInt64] {
        for fraction in [0, 0x7FF_FFFF, 0x800_0000, 0x800_0001, 0xFFF_FFFF] as [UInt64] {
          let integer = significand << 28 | fraction
          let value = Float(Double(sign: .plus, exponent: exponent - 51, significand: Double(integer)))
          let text =
            "0x\(String(significand, radix: 16)).\(String(fraction + 1 << 28, radix: 16).dropFirst())p\(exponent - 23)"
          #expect(
            float(text, .binary32) == (value.isFinite ? .success(UInt64(value.bitPattern)) : .failure(.outOfRange)),
            "\(text)")
        }
      }
    }
  }
}

struct SplitMix64: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
