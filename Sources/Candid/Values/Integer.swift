// Integers of any size: what an `int` is.

/// An integer of any size.
public struct Integer: Hashable, Sendable {
  /// Never for the number 0.
  public let isNegative: Bool
  public let magnitude: Natural

  public init(isNegative: Bool, magnitude: Natural) {
    self.isNegative = isNegative && !magnitude.isZero
    self.magnitude = magnitude
  }

  public init(_ number: Natural) { self.init(isNegative: false, magnitude: number) }

  public static prefix func - (number: Integer) -> Integer {
    Integer(isNegative: !number.isNegative, magnitude: number.magnitude)
  }
}

extension Integer: Comparable {
  public static func < (left: Integer, right: Integer) -> Bool {
    switch (left.isNegative, right.isNegative) {
    case (false, false): left.magnitude < right.magnitude
    case (true, true): right.magnitude < left.magnitude
    case (true, false): true
    case (false, true): false
    }
  }
}

// MARK: Two's complement

extension Integer {
  /// The number whose two's complement these limbs are, the least significant first, with the sign in the highest bit.
  init(twosComplement limbs: [UInt64]) {
    let isNegative = limbs.last.map { $0 >> 63 == 1 } ?? false
    self.init(isNegative: isNegative, magnitude: Natural(limbs: isNegative ? Self.negated(limbs) : limbs))
  }

  /// The two's complement, the least significant limb first, up to where `fill` is all that comes, or one limb longer.
  var twosComplement: [UInt64] { isNegative ? Self.negated(magnitude.limbs) : magnitude.limbs }

  /// The limb that the two's complement goes on with for ever.
  var fill: UInt64 { isNegative ? .max : 0 }

  /// Limbs that aren't all 0: so what is carried ends among them.
  private static func negated(_ limbs: [UInt64]) -> [UInt64] {
    var carry: UInt64 = 1
    return limbs.map { limb in
      let (sum, overflow) = (~limb).addingReportingOverflow(carry)
      carry = overflow ? 1 : 0
      return sum
    }
  }
}

// MARK: Other types

extension Integer {
  /// A number of another type.
  public init(_ number: some BinaryInteger) {
    self.init(isNegative: number < 0, magnitude: Natural(number.magnitude))
  }
}

extension Natural {
  /// An integer; `nil` if it is negative.
  public init?(exactly number: Integer) {
    guard !number.isNegative else { return nil }
    self = number.magnitude
  }
}

extension FixedWidthInteger {
  /// An integer; `nil` if it is out of range.
  public init?(exactly number: Integer) {
    guard number.isNegative else {
      self.init(exactly: number.magnitude)
      return
    }
    // The magnitude of the least number is one more than that of the greatest.
    guard Self.isSigned, let magnitude = Magnitude(exactly: number.magnitude), magnitude <= Self.min.magnitude else {
      return nil
    }
    self = 0 &- Self(truncatingIfNeeded: magnitude)
  }
}

extension Integer: ExpressibleByIntegerLiteral {
  /// A number as it is written in a program, of any size.
  public init(integerLiteral literal: StaticBigInt) {
    self.init(twosComplement: (0..<(literal.bitWidth + 63) / 64).map { UInt64(literal[$0]) })
  }
}

// MARK: Text

extension Integer: LosslessStringConvertible {
  /// The number in decimal.
  public var description: String { (isNegative ? "-" : "") + magnitude.description }

  /// The number that digits give, with or without a sign; `nil` if there is anything else.
  public init?(_ decimal: String) {
    let sign = decimal.utf8.first.map { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") } ?? false
    guard let magnitude = Natural(String(decimal.dropFirst(sign ? 1 : 0))) else { return nil }
    self.init(isNegative: decimal.utf8.first == UInt8(ascii: "-"), magnitude: magnitude)
  }
}
