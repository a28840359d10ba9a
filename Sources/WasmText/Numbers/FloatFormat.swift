// The two binary floating-point formats, and the one rounding step that every hexadecimal literal goes through.
//
// Source: IEEE 754-2019, section 3.4; WebAssembly 3.0, section 2.2.3.

package struct FloatFormat: Sendable {
  /// Bits of the significand, the implicit one included.
  let precision: Int
  /// The exponent of the smallest normal number.
  let minimumExponent: Int
  let maximumExponent: Int

  package static let binary32 = FloatFormat(precision: 24, minimumExponent: -126, maximumExponent: 127)
  package static let binary64 = FloatFormat(precision: 53, minimumExponent: -1022, maximumExponent: 1023)

  /// Bits of the stored significand, which are also the bits of a NaN's payload.
  var fractionBits: Int { precision - 1 }
  var signBit: UInt64 { infinity + 1 << UInt64(fractionBits) }
  var infinity: UInt64 { UInt64(maximumExponent * 2 + 1) << UInt64(fractionBits) }
  var canonicalNaN: UInt64 { infinity | 1 << UInt64(fractionBits - 1) }

  /// The bits of `significand` · 2^`exponent`, rounded to nearest, ties to even. `isInexact` tells that the exact value
  /// is a little larger, by less than one unit of `significand`; `significand` must have its top bit set then. Returns
  /// nil if the rounded value is beyond the largest finite one.
  func rounded(significand: UInt64, exponent: Int, isInexact: Bool) -> UInt64? {
    if significand == 0 { return 0 }
    let shift = significand.leadingZeroBitCount
    // The value is between 1 and 2 times 2^top, and `aligned` has its first bit at the top.
    let aligned = significand << UInt64(shift)
    let top = exponent - shift + 63
    if top > maximumExponent { return nil }
    let isSubnormal = top < minimumExponent
    let kept = isSubnormal ? precision - (minimumExponent - top) : precision
    if kept < 0 { return 0 }
    let dropped = UInt64(64 - kept)
    var result = kept == 0 ? 0 : aligned >> dropped
    let half = aligned >> (dropped - 1) & 1 != 0
    let isBeyondHalf = isInexact || aligned & (1 << (dropped - 1) - 1) != 0
    if half && (isBeyondHalf || result & 1 != 0) { result += 1 }
    // A normal number's leading bit is not stored; adding instead of replacing lets a carry reach the exponent, which
    // is right for both kinds of numbers.
    if !isSubnormal { result += UInt64(top - minimumExponent) << UInt64(fractionBits) }
    return result < infinity ? result : nil
  }
}
