// Values of options: cycles, times, sizes, principals.

import ArgumentParser
import Candid
import SystemAPI

/// An amount of cycles: digits, `_` between them, and a unit: k, m, b, t.
struct CyclesAmount: ExpressibleByArgument {
  var amount: Cycles

  init?(argument: String) {
    guard let amount = scaled(argument, CyclesAmount.units) else { return nil }
    self.amount = amount
  }

  private static let units: [String: Cycles] = [
    "": 1, "k": 1_000, "m": 1_000_000, "b": 1_000_000_000, "t": 1_000_000_000_000,
  ]
}

/// A time: digits and a unit: ns, us, ms, s, m, h, d.
struct DurationAmount: ExpressibleByArgument {
  var nanoseconds: UInt64

  init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  init?(argument: String) {
    guard let amount = scaled(argument, DurationAmount.units), let time = UInt64(exactly: amount) else { return nil }
    nanoseconds = time
  }

  var defaultValueDescription: String { "\(nanoseconds / 60_000_000_000)m" }

  fileprivate static let units: [String: UInt128] = [
    "ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
  ]
}

/// Seconds: digits, or a time with a unit.
struct SecondsAmount: ExpressibleByArgument {
  var seconds: UInt64

  init?(argument: String) {
    if let number = UInt64(argument) {
      seconds = number
    } else if let amount = scaled(argument, DurationAmount.units), let time = UInt64(exactly: amount / 1_000_000_000) {
      seconds = time
    } else {
      return nil
    }
  }
}

/// Bytes: digits, `_` between them, and a unit: KiB, MiB, GiB, TiB, or KB and so on for powers of ten.
struct BytesAmount: ExpressibleByArgument {
  var bytes: UInt64

  init?(argument: String) {
    guard let amount = scaled(argument, BytesAmount.units), let bytes = UInt64(exactly: amount) else { return nil }
    self.bytes = bytes
  }

  private static let units: [String: UInt128] = [
    "": 1, "b": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40, "kb": 1_000, "mb": 1_000_000,
    "gb": 1_000_000_000, "tb": 1_000_000_000_000,
  ]
}

/// A number with one of the units behind it.
private func scaled(_ text: String, _ units: [String: UInt128]) -> UInt128? {
  let digits = text.prefix { ("0"..."9").contains($0) || $0 == "_" }
  guard let factor = units[text.dropFirst(digits.count).lowercased()],
    let number = UInt128(digits.filter { $0 != "_" })
  else { return nil }
  let (product, overflow) = number.multipliedReportingOverflow(by: factor)
  return overflow ? nil : product
}

struct PrincipalArgument: ExpressibleByArgument {
  var principal: Principal

  static let anonymous = PrincipalArgument(principal: .anonymous)

  init(principal: Principal) { self.principal = principal }

  init?(argument: String) {
    if argument == "anonymous" {
      principal = .anonymous
    } else if let principal = Principal(argument) {
      self.principal = principal
    } else {
      return nil
    }
  }

  var defaultValueDescription: String { principal == .anonymous ? "anonymous" : "\(principal)" }
}

/// The digits of an amount in groups of three.
func grouped(_ number: some BinaryInteger) -> String {
  var text = ""
  let digits = String(number)
  for (index, digit) in digits.enumerated() {
    if index > 0 && (digits.count - index) % 3 == 0 { text += "_" }
    text.append(digit)
  }
  return text
}
