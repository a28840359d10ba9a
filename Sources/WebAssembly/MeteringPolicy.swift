// How instructions are counted: which operators cost how much, and what is charged beside them.
//
// Where charges are placed (units, check points) is the same under every metered policy; a policy only says how large
// they are.

/// A way to count instructions.
public enum MeteringPolicy: UInt8, Hashable, Sendable, CaseIterable {
  /// Nothing is counted. Function entries and loop headers still poll for interrupts.
  case none
  /// Every operator costs 1, apart from those that only mark structure (`block`, `loop`, `else`, `end`), which are free.
  case operators
  /// What the ICP replica charges.
  case icp

  /// What executing `opcode` costs in a module whose first memory is 64-bit (`is64`) or not. Instructions.
  public func weight(of opcode: Opcode, is64: Bool) -> UInt32 {
    switch self {
    case .none: return 0
    case .operators:
      switch opcode {
      case .block, .loop, .else, .end: return 0
      default: return 1
      }
    case .icp: return is64 ? opcode.info.weight64 : opcode.info.weight32
    }
  }

  /// What entering a function costs, before its first unit. Instructions.
  public var functionEntryCost: UInt32 { self == .icp ? 1 : 0 }

  /// Whether bulk operators also cost their length (bytes or elements), charged just before them at a check point.
  public var chargesBulkLength: Bool { self == .icp }
}
