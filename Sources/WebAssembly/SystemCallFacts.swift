// What is known of the System API's functions before any is called: types, where they may be called, what they cost.
// The rows are in tools/Generator/SystemCallTable.swift.

/// What a canister's code is executed for; it decides which System API calls are allowed.
///
/// Source: the Internet Computer interface specification, "Overview of imports".
public enum ExecutionMode: UInt8, CaseIterable, Hashable, Sendable {
  /// The module's start function.
  case start
  /// `canister_init` and `canister_post_upgrade`.
  case initialization
  case preUpgrade
  case update
  /// A query method called as an update.
  case replicatedQuery
  case query
  /// The transform function of an HTTPS outcall.
  case transform
  case compositeQuery
  case replyCallback
  case rejectCallback
  case compositeReplyCallback
  case compositeRejectCallback
  case cleanup
  case compositeCleanup
  case inspectMessage
  /// Heartbeat, global timer, low-memory hook.
  case systemTask

  /// Whether all nodes of a subnet execute it.
  public var isReplicated: Bool {
    switch self {
    case .query, .transform, .compositeQuery, .compositeReplyCallback, .compositeRejectCallback, .compositeCleanup,
      .inspectMessage:
      false
    default: true
    }
  }

  /// Whether it belongs to the evaluation of a composite query.
  public var isComposite: Bool {
    switch self {
    case .compositeQuery, .compositeReplyCallback, .compositeRejectCallback, .compositeCleanup: true
    default: false
    }
  }
}

/// A row of the table of System API calls.
struct SystemCallFacts: Sendable {
  let name: String
  let signature: String
  let modes: UInt16
  let fixed: UInt32
  let factor1: UInt8
  let operand1: UInt8
  let factor2: UInt8
  let operand2: UInt8
  let logs: Bool
  let only32: Bool
  let checks: Bool

  init(
    _ name: String, _ signature: String, modes: UInt16, fixed: UInt32, factor1: UInt8 = 0, operand1: UInt8 = 0,
    factor2: UInt8 = 0, operand2: UInt8 = 0, logs: Bool = false, only32: Bool = false, checks: Bool = true
  ) {
    self.name = name
    self.signature = signature
    self.modes = modes
    self.fixed = fixed
    self.factor1 = factor1
    self.operand1 = operand1
    self.factor2 = factor2
    self.operand2 = operand2
    self.logs = logs
    self.only32 = only32
    self.checks = checks
  }
}

extension SystemCall {
  /// The module that all of them are imported from.
  public static let module = "ic0"

  private var facts: SystemCallFacts { SystemCall.table[Int(rawValue)] }

  /// The name under which it is imported.
  public var name: String { facts.name }

  /// Whether executions in `mode` may call it; elsewhere the call traps.
  public func isAllowed(in mode: ExecutionMode) -> Bool { facts.modes & 1 << UInt16(mode.rawValue) != 0 }

  /// Whether only canisters with 32-bit memory can import it.
  public var isOnly32: Bool { facts.only32 }

  /// Whether a call of it stops an execution that has no instructions left.
  public var isCheckPoint: Bool { facts.checks }

  /// What a call costs by itself, in instructions: without what the operands add.
  public var fixedCost: UInt64 { UInt64(facts.fixed) }

  /// Whether what the call logs is charged too (`SystemCall.logCharge`).
  public var chargesLog: Bool { facts.logs }

  /// What the lengths among its operands cost, in instructions: pairs of a factor and the operand's number.
  public var lengthCosts: [(factor: UInt64, operand: Int)] {
    let facts = facts
    return [(UInt64(facts.factor1), Int(facts.operand1)), (UInt64(facts.factor2), Int(facts.operand2))]
      .filter { $0.factor != 0 }
  }

  /// The types of operands and results; nil if a canister with 64-bit memory (`is64`) can't import it.
  public func type(is64: Bool) -> FunctionType? {
    let facts = facts
    if is64 && facts.only32 { return nil }
    let halves = facts.signature.split(separator: ":", omittingEmptySubsequences: false).map { half in
      half.map { letter -> ValueType in
        switch letter {
        case "i": .i32
        case "I": .i64
        default: is64 ? .i64 : .i32
        }
      }
    }
    return FunctionType(parameters: halves[0], results: halves[1])
  }

  private static let byName: [ExactName: SystemCall] = Dictionary(
    uniqueKeysWithValues: allCases.map { (ExactName($0.name), $0) })

  /// The function called `name`, if there is one.
  public static func named(_ name: String) -> SystemCall? { byName[ExactName(name)] }
}
