// What the system keeps of a canister beside its memories, as far as executions see or change it. A value: an execution
// works on a copy, which takes the place of the original if it succeeds.

import Candid

/// Whether a canister takes calls.
public enum CanisterStatus: UInt8, CaseIterable, Hashable, Sendable {
  case running = 1
  case stopping = 2
  case stopped = 3
}

/// What cycles were spent on.
public enum CycleUse: UInt8, CaseIterable, Hashable, Sendable {
  case memory, computeAllocation, ingressInduction, instructions, transmission, uninstall, creation, outcalls, burned
}

/// Bytes that a canister takes, beside heap and stable memory.
public struct FixedMemory: Hashable, Sendable {
  public var globals: UInt64 = 0
  public var module: UInt64 = 0
  public var customSections: UInt64 = 0
  public var history: UInt64 = 0
  public var chunks: UInt64 = 0
  public var snapshots: UInt64 = 0

  public init() {}

  public var total: UInt64 { globals + module + customSections + history + chunks + snapshots }
}

/// A canister as the system sees it.
public struct SystemState: Sendable {
  public let id: Principal
  public var settings: CanisterSettings
  public var status = CanisterStatus.running
  public var version: UInt64 = 0
  public var balance: Cycles
  /// Set aside for storage.
  public var reservedBalance: Cycles = 0
  public var certifiedData: [UInt8] = []
  /// Nanoseconds since 1970; 0 for none.
  public var globalTimer: UInt64 = 0
  public var log: CanisterLog
  /// Heap and stable memory, bytes.
  public var heapBytes: UInt64 = 0
  public var stableBytes: UInt64 = 0
  public var fixedMemory = FixedMemory()
  /// Bytes that messages hold.
  public var messageMemory: UInt64 = 0
  /// By `CycleUse`.
  public var consumed = [Cycles](repeating: 0, count: CycleUse.allCases.count)

  public init(id: Principal, settings: CanisterSettings, balance: Cycles, logCapacity: Int) {
    self.id = id
    self.settings = settings
    self.balance = balance
    log = CanisterLog(capacity: logCapacity)
  }

  /// Bytes in use, as they are billed: sizes, not what was touched.
  public var memoryUsage: UInt64 { heapBytes + stableBytes + fixedMemory.total }

  /// Bytes that are paid for: what is allocated, or more if more is used.
  public var billedMemory: UInt64 { max(settings.memoryAllocation, memoryUsage) }

  /// What the canister costs in a day without doing anything.
  public func idleCyclesPerDay(_ subnet: SubnetConfiguration) -> Cycles {
    let day: UInt64 = 86_400
    return subnet.memoryCost(bytes: billedMemory, seconds: day)
      .addingSaturated(subnet.memoryCost(bytes: messageMemory, seconds: day))
      .addingSaturated(subnet.computeCost(percent: settings.computeAllocation, seconds: day))
  }

  /// The balance that is kept for storage: below it the canister is frozen.
  public func freezingBalance(_ subnet: SubnetConfiguration) -> Cycles {
    let (product, overflow) = idleCyclesPerDay(subnet).multipliedReportingOverflow(
      by: Cycles(settings.freezingThreshold))
    return (overflow ? .max : product / 86_400).subtractingSaturated(reservedBalance)
  }

  /// What the canister may spend.
  public func liquidBalance(_ subnet: SubnetConfiguration) -> Cycles {
    balance.subtractingSaturated(freezingBalance(subnet))
  }

  /// Takes cycles off the balance, which must have them.
  public mutating func spend(_ amount: Cycles, on use: CycleUse) {
    precondition(amount <= balance, "more cycles are spent than there are")
    balance -= amount
    consumed[Int(use.rawValue)] = consumed[Int(use.rawValue)].addingSaturated(amount)
  }

  /// Puts back cycles that were spent on `use` before.
  public mutating func refund(_ amount: Cycles, of use: CycleUse) {
    balance = balance.addingSaturated(amount)
    consumed[Int(use.rawValue)] = consumed[Int(use.rawValue)].subtractingSaturated(amount)
  }

  /// Sets cycles aside for storage. Returns why it can't, with nothing changed then.
  public mutating func reserve(_ amount: Cycles) -> ReservationFailure? {
    let total = reservedBalance.addingSaturated(amount)
    if total > settings.reservedCyclesLimit { return .overLimit(by: total - settings.reservedCyclesLimit) }
    if amount > balance { return .missing(amount - balance) }
    balance -= amount
    reservedBalance = total
    return nil
  }

  /// Why cycles can't be set aside.
  public enum ReservationFailure: Hashable, Sendable {
    case overLimit(by: Cycles)
    case missing(Cycles)
  }

  public mutating func credit(_ amount: Cycles) { balance = balance.addingSaturated(amount) }

  /// Takes over what an execution changed, which began with `before` and left `after`. What others changed meanwhile stays.
  public mutating func take(_ after: SystemState, since before: SystemState) {
    func moved<T: UnsignedInteger & FixedWidthInteger>(_ value: T, _ from: T, _ to: T) -> T {
      if to >= from {
        let (sum, overflow) = value.addingReportingOverflow(to - from)
        return overflow ? .max : sum
      }
      return value > from - to ? value - (from - to) : 0
    }
    balance = moved(balance, before.balance, after.balance)
    reservedBalance = moved(reservedBalance, before.reservedBalance, after.reservedBalance)
    messageMemory = moved(messageMemory, before.messageMemory, after.messageMemory)
    for use in consumed.indices { consumed[use] = moved(consumed[use], before.consumed[use], after.consumed[use]) }
    certifiedData = after.certifiedData
    globalTimer = after.globalTimer
    heapBytes = after.heapBytes
    stableBytes = after.stableBytes
  }

  public func isController(_ principal: Principal) -> Bool { settings.controllers.contains(principal) }
}
