// What lowering knows of each value.

/// How a value reaches its uses.
enum Residence: UInt8, BitwiseCopyable {
  /// No use, or no node of its own.
  case nowhere
  /// A constant: made where it is used.
  case constant
  /// Computed by the operation that uses it.
  case fused
  /// Computed on the edge that passes it to a block parameter.
  case edge
  /// In its accumulator, from its definition to its uses.
  case accumulator
  case slot
}

/// A value that a node's code reads.
struct RealOperand: BitwiseCopyable {
  var value: Value
  /// Whether it can be read from its accumulator there.
  var acceptsAccumulator: Bool
}

struct ValueFacts: BitwiseCopyable {
  /// Uses; 65,535 for that and more.
  private(set) var uses: UInt16 = 0
  var residence = Residence.nowhere
  /// `fusion`, and flags from bit 5 on.
  private var bits: UInt8 = 0
  /// First of the value's slots; outgoing slots count from `Lowering.outgoing`.
  var slot: Int32 = -1

  /// In the place of the slot until that is known: first the latest record of its uses (`UInt32.max` for none), where it is
  /// related; then its class, where it has one.
  @inline(__always)
  var link: UInt32 {
    get { UInt32(bitPattern: slot) }
    set { slot = Int32(bitPattern: newValue) }
  }

  /// What the value's own code computes besides it.
  @inline(__always)
  var fusion: Fusion {
    get { unsafeBitCast(bits & 31, to: Fusion.self) }
    set { bits = bits & ~31 | newValue.rawValue }
  }

  @inline(__always) mutating func countUse() { uses &+= uses == .max ? 0 : 1 }

  /// Meets others in a block parameter, so that slots may be shared. From `makeClasses` on: is in a class.
  @inline(__always) var isRelated: Bool { bits & 32 != 0 }
  /// Live over a label, so that its slot must be among those that are zeroed at entry.
  @inline(__always) var isCrossing: Bool { bits & 64 != 0 }
  /// Computed in the argument area of a call.
  @inline(__always) var isArgument: Bool { bits & 128 != 0 }

  @inline(__always) mutating func relate() { bits |= 32 }
  @inline(__always) mutating func cross() { bits |= 64 }
  @inline(__always) mutating func passDirectly() { bits |= 128 }
}

/// Where a value lives, which is known until it has a slot.
struct Lifetime: BitwiseCopyable {
  /// The block that defines it.
  var block: UInt32 = 0
  /// The last position where it lives; the first is `Lowering.start(of:)`.
  var end: UInt32 = 0
}

/// The class of accumulator that a type uses.
enum AccumulatorClass: UInt8, BitwiseCopyable {
  case integer, float, none

  init(_ type: IRType) {
    switch type {
    case .i32, .i64: self = .integer
    // A vector overwrites the float, and a float the vector.
    case .f32, .f64, .v128: self = .float
    case .none: self = .none
    }
  }
}
