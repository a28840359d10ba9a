// The instruction counter: a signed number that counts down from a limit and is compared with zero only at check points.
//
// It counts by reference/metering.md, section 1, of the project's sources: reaching 0 is fine, running out is detected
// where the counter is negative at a check point, and what lies between two check points may overrun the limit.

import WebAssembly

public struct OracleMeter {
  public let policy: MeteringPolicy
  /// Instructions left; negative after an overrun.
  public private(set) var counter: Int64
  /// The limit of the current slice.
  private var limit: Int64
  /// Instructions of the finished slices.
  private var finished: UInt64 = 0

  init(policy: MeteringPolicy, limit: Int64) {
    self.policy = policy
    self.limit = limit
    counter = limit
  }

  /// Instructions executed so far in all slices, overruns included. What is billed is this, capped at the message's limit.
  /// It stops at its greatest value.
  public var executed: UInt64 { finished > .max - executedInSlice ? .max : finished + executedInSlice }

  private var executedInSlice: UInt64 {
    counter >= limit ? 0 : UInt64(bitPattern: limit) &- UInt64(bitPattern: counter)
  }

  /// Subtracts `cost`. The counter stops at its least value.
  mutating func charge(_ cost: UInt64) {
    if policy == .none { return }
    let room = UInt64(bitPattern: counter) &- UInt64(bitPattern: Int64.min)
    counter = cost > room ? Int64.min : Int64(truncatingIfNeeded: UInt64(bitPattern: counter) &- cost)
  }

  /// Whether a check point finds that the instructions have run out.
  var isExhausted: Bool { policy != .none && counter < 0 }

  /// Starts the next slice, of `limit` instructions.
  mutating func begin(slice limit: Int64) {
    finished = executed
    self.limit = limit
    counter = limit
  }
}
