// How to decode most operators without looking at the kind of their immediates: an operator of one byte and up to two
// immediates of one byte each, from the four bytes at which it begins. One word says where they are.

import WebAssembly

/// The words, by an operator's first byte.
///
/// | bits | |
/// | --- | --- |
/// | 0–15 | the operator's row |
/// | 16–17 | its bytes, with the immediates |
/// | 18 | whether `value` has 32 bits |
/// | 20–25, 26–31 | how far the four bytes are shifted to the left, then (with sign) to the right, to give `value` |
/// | 32–39 | which bits of the third byte are `b` |
/// | 40–63 | which bits of the first three bytes must be 0: if one isn't, the form is another one |
@usableFromInline
enum QuickForm {
  @inlinable @inline(__always) static var lengthShift: UInt64 { 16 }
  /// Puts bit 18 at 5.
  @inlinable @inline(__always) static var narrowShift: UInt64 { 13 }
  @inlinable @inline(__always) static var leftShift: UInt64 { 20 }
  @inlinable @inline(__always) static var rightShift: UInt64 { 26 }
  @inlinable @inline(__always) static var secondShift: UInt64 { 32 }
  @inlinable @inline(__always) static var excludedShift: UInt64 { 40 }

  // Sound as shared state: written once here, only read afterwards, never freed.
  @usableFromInline nonisolated(unsafe) static let table: UnsafePointer<UInt64> = {
    let table = UnsafeMutablePointer<UInt64>.allocate(capacity: 256)
    for code in 0..<256 { (table + code).initialize(to: word(forFirstByte: code)) }
    return UnsafePointer(table)
  }()

  private static func word(forFirstByte code: Int) -> UInt64 {
    let row = OperatorTable.primary[code]
    // The first byte itself, so that no operator has this form. It isn't 0: that is `unreachable`.
    let none: UInt64 = 0xFF << excludedShift
    if row == OperatorTable.noRow { return none }
    let continues: (first: UInt64, second: UInt64) = (0x8000 << excludedShift, 0x80_0000 << excludedShift)
    func form(length: UInt64, _ other: UInt64 = 0) -> UInt64 { UInt64(row) | length << lengthShift | other }
    func shifts(_ left: UInt64, _ right: UInt64) -> UInt64 { left << leftShift | right << rightShift }
    switch Immediates(rawValue: OperatorTable.info[Int(row)].immediatesCode)! {
    case .none: return form(length: 1)
    case .local, .label, .function, .global, .table, .type, .data, .element, .tag:
      return form(length: 2, continues.first)
    case .i32: return form(length: 2, continues.first | shifts(49, 57) | 1 << 18)
    case .i64: return form(length: 2, continues.first | shifts(49, 57))
    case .callIndirect: return form(length: 3, continues.first | continues.second | 0xFF << secondShift)
    case .memoryArgument:
      // Without a memory index, which bit 6 of the flags announces.
      return form(length: 3, 0xC000 << excludedShift | continues.second | shifts(40, 56))
    default: return none
    }
  }
}
