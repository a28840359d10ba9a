// Pieces of handler bodies: reading operands, passing on results.

/// A scalar type of the threaded machine.
enum Scalar: String, CaseIterable {
  case i32, i64, f32, f64

  var isFloat: Bool { self == .f32 || self == .f64 }

  /// An expression of the Swift type that `Semantics` uses, from 64 raw bits.
  func fromBits(_ bits: String) -> String {
    switch self {
    case .i32: "UInt32(truncatingIfNeeded: \(bits))"
    case .i64: bits
    case .f32: "Float(bitPattern: UInt32(truncatingIfNeeded: \(bits)))"
    case .f64: "Double(bitPattern: \(bits))"
    }
  }

  /// 64 raw bits of an expression of this type.
  func toBits(_ value: String) -> String {
    switch self {
    case .i32: "UInt64(\(value))"
    case .i64: value
    case .f32: "UInt64(\(value).bitPattern)"
    case .f64: "\(value).bitPattern"
    }
  }

  /// The value in the accumulator of this type's class.
  var accumulator: String {
    switch self {
    case .i32, .i64: fromBits("ac")
    case .f32: "Float(bitPattern: UInt32(truncatingIfNeeded: x0.bitPattern))"
    case .f64: "x0"
    }
  }

  var readEffect: Effects { isFloat ? .readsFloat : .readsAccumulator }
  var writeEffect: Effects { isFloat ? .writesFloat : .writesAccumulator }
}

/// Slot field `position` of word `w`.
func slot(_ position: Int, of word: String = "w") -> String { "fp[slot\(position)(\(word))]" }

/// The same slot, whose field is read by itself: for handlers that lack registers to keep the word in.
func slotField(_ position: Int) -> String { "fp[slotField(pc, \(position))]" }

/// The dispatch to the operation `words` further on, with the registers as they are.
func next(_ words: Int) -> String { "return next(pc + \(words), fp, md, cx, ac, rm, x0, x1)" }

/// Stores `r` of type `type` to the slot `destination` if there is one, and passes it on in its accumulator.
func finish(_ type: Scalar, words: Int, destination: String?) -> String {
  var text = ""
  if type.isFloat {
    if let destination { text += "\(destination) = \(type.toBits("r"))\n" }
    let passed = type == .f64 ? "r" : "Double(bitPattern: UInt64(r.bitPattern))"
    text += "return next(pc + \(words), fp, md, cx, ac, rm, \(passed), x1)"
  } else {
    text += "let v = \(type.toBits("r"))\n"
    if let destination { text += "\(destination) = v\n" }
    text += "return next(pc + \(words), fp, md, cx, v, rm, x0, x1)"
  }
  return text
}

/// The same for a vector `r`, whose destination is the pair of slots that field `destination` names.
func finishVector(words: Int, destination: Int?) -> String {
  (destination.map { "setVector(fp, slotField(pc, \($0)), r)\n" } ?? "")
    + "return next(pc + \(words), fp, md, cx, ac, rm, r.f64x2[0], r.f64x2[1])"
}

let trapCall = "return trapped(pc, fp, cx, rm, "

/// Goes back to the caller: `value` to the slot of its single result, if there is one.
func leave(storing value: String?, accumulator: String, left: String = "rm", float: String = "x0") -> String {
  """
  let back = PC(bitPattern: UInt(fp[-1])).unsafelyUnwrapped
  let z = back[-1]
  let frame = fp - Int(z & 0xFFFF_FFFF)
  \(value.map { "frame[Int(z >> 32)] = \($0)\n" } ?? "")return next(back, frame, md, cx, \(accumulator), \(left), \(float), x1)
  """
}
