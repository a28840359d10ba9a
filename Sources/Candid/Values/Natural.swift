// Natural numbers of any size: what a `nat` is.
//
// Numbers are read, compared, converted and written; programs compute with the types of the standard library that have
// room for their numbers. Those of up to 64 bits, which nearly all are, take no allocation.

/// A natural number of any size.
public struct Natural: Hashable, Sendable {
  private enum Storage: Hashable, Sendable {
    case small(UInt64)
    /// Limbs of 64 bits, the least significant first: at least two, and the last isn't 0. So equal numbers have equal
    /// storage.
    case large([UInt64])
  }

  private let storage: Storage

  private init(_ storage: Storage) { self.storage = storage }

  /// The number that limbs of 64 bits make, the least significant first.
  public init(limbs: some Collection<UInt64>) {
    var limbs = Array(limbs)
    while limbs.last == 0 { limbs.removeLast() }
    storage = limbs.count < 2 ? .small(limbs.first ?? 0) : .large(limbs)
  }

  /// Limbs of 64 bits, the least significant first, of which the last isn't 0: none for the number 0.
  public var limbs: [UInt64] {
    switch storage {
    case .small(let number): number == 0 ? [] : [number]
    case .large(let limbs): limbs
    }
  }

  /// How many bits the number has, from the highest that is set: none for the number 0.
  public var bitWidth: Int {
    switch storage {
    case .small(let number): UInt64.bitWidth - number.leadingZeroBitCount
    case .large(let limbs): limbs.count * UInt64.bitWidth - limbs[limbs.count - 1].leadingZeroBitCount
    }
  }

  /// The number, if 64 bits have room for it.
  var small: UInt64? {
    if case .small(let number) = storage { number } else { nil }
  }

  public var isZero: Bool { storage == .small(0) }
}

extension Natural: Comparable {
  public static func < (left: Natural, right: Natural) -> Bool {
    switch (left.storage, right.storage) {
    case (.small(let left), .small(let right)): return left < right
    case (.small, .large): return true
    case (.large, .small): return false
    case (.large(let left), .large(let right)):
      if left.count != right.count { return left.count < right.count }
      for (left, right) in zip(left.reversed(), right.reversed()) where left != right { return left < right }
      return false
    }
  }
}

// MARK: Other types

extension Natural {
  /// A number of another type; `nil` if it is negative.
  public init?(exactly number: some BinaryInteger) {
    if let number = UInt64(exactly: number) {
      self.init(.small(number))
    } else {
      guard number > 0 else { return nil }
      // Words have 64 bits on every platform that there is a build for.
      self.init(limbs: number.words.map { UInt64($0) })
    }
  }

  /// A number of another type, which must not be negative.
  public init(_ number: some BinaryInteger) {
    guard let number = Natural(exactly: number) else { preconditionFailure("a natural number below 0") }
    self = number
  }
}

extension FixedWidthInteger {
  /// A natural number; `nil` if it is out of range.
  public init?(exactly number: Natural) {
    if let small = number.small {
      self.init(exactly: small)
    } else {
      guard number.bitWidth <= Self.bitWidth - (Self.isSigned ? 1 : 0) else { return nil }
      self = number.limbs.reversed().reduce(0) { $0 << UInt64.bitWidth | Self(truncatingIfNeeded: $1) }
    }
  }
}

extension Natural: ExpressibleByIntegerLiteral {
  /// A number as it is written in a program, of any size, where one below 0 is a mistake of the program.
  public init(integerLiteral literal: StaticBigInt) {
    precondition(literal.signum() >= 0, "a natural number below 0")
    // The width counts a bit for the sign.
    self.init(limbs: (0..<(literal.bitWidth + 62) / 64).map { UInt64(literal[$0]) })
  }
}
