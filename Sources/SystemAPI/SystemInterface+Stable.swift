// Calls about stable memory, and the rules for growing either memory.
//
// Source: dfinity/ic, rs/embedders/src/wasm_utils/system_api_replacements.rs for the order of checks and charges.

import Cannery

extension SystemInterface {
  func performStable(_ call: SystemCall, _ caller: Caller, _ operands: Operands) throws {
    switch call {
    case .stable64Size: operands.result(stable.pageCount)
    case .stableSize:
      try checkStable32(stable.pageCount)
      operands.result(stable.pageCount)
    case .stable64Grow: operands.result(try growStable(operands.i64(0)) ?? .max)
    case .stableGrow:
      try checkStable32(stable.pageCount)
      let pages = UInt64(operands.i32(0))
      let fits = stable.pageCount + pages <= Self.units32
      operands.result(fits ? try growStable(pages) ?? .max : .max)
    case .stable64Read:
      try readStable(caller, operands.i64(0), operands.i64(1), operands.i64(2), is32: false)
    case .stableRead:
      try readStable(caller, UInt64(operands.i32(0)), UInt64(operands.i32(1)), UInt64(operands.i32(2)), is32: true)
    case .stable64Write:
      try writeStable(caller, operands.i64(0), operands.i64(1), operands.i64(2), is32: false)
    case .stableWrite:
      try writeStable(caller, UInt64(operands.i32(0)), UInt64(operands.i32(1)), UInt64(operands.i32(2)), is32: true)
    default: preconditionFailure("\(call.name) is not about stable memory")
    }
  }

  /// Units of 64 KiB that the 32-bit calls can reach.
  private static let units32: UInt64 = 65_536

  private func checkStable32(_ units: UInt64) throws(CanisterError) {
    if units > Self.units32 { throw trap("32 bit stable memory api used on a memory larger than 4GB") }
  }

  private func checkRanges(_ offset: UInt64, _ heapStart: UInt64, _ size: UInt64) throws(CanisterError) {
    guard stable.contains(offset, size) else { throw trap("stable memory out of bounds") }
    guard let memory, memory.contains(heapStart, size) else { throw trap("heap out of bounds") }
  }

  private func readStable(
    _ caller: Caller, _ destination: UInt64, _ offset: UInt64, _ size: UInt64, is32: Bool
  ) throws(CanisterError) {
    if size == 0 { return }
    if is32 { try checkStable32(stable.pageCount) }
    try checkRanges(offset, destination, size)
    try countPages(offset, size, isWrite: false)
    stable.mark(offset, size, isWrite: false)
    guard let memory, memory.copyIn(at: destination, count: size, from: { stable.read(offset, into: $0) }) else {
      preconditionFailure("the range was checked")
    }
  }

  private func writeStable(
    _ caller: Caller, _ offset: UInt64, _ source: UInt64, _ size: UInt64, is32: Bool
  ) throws {
    if is32 {
      try checkStable32(stable.pageCount)
      guard stable.contains(offset, size) else { throw trap("stable memory out of bounds") }
    }
    if size == 0 { return }
    try checkRanges(offset, source, size)
    let dirty = try countPages(offset, size, isWrite: true)
    if dirty > 0 { try caller.charge(dirty * configuration.stableDirtyPageInstructions) }
    guard stable.prepare(offset, size) else {
      throw CanisterError(.canisterOutOfMemory, "Canister cannot grow its memory usage.")
    }
    stable.mark(offset, size, isWrite: true)
    guard let memory, memory.copyOut(at: source, count: size, to: { stable.write(offset, $0) }) else {
      preconditionFailure("the range was checked")
    }
  }

  /// Checks how many pages the execution touches. Returns those that it writes for the first time.
  @discardableResult
  private func countPages(_ offset: UInt64, _ size: UInt64, isWrite: Bool) throws(CanisterError) -> UInt64 {
    let new = stable.newPages(offset, size)
    let limit = configuration.stablePageLimit(in: context.mode)
    if UInt64(stable.accessedPages) + new.accessed > limit {
      throw exceeds(
        "accessed pages in the stable memory in a single message execution: limit "
          + "\(configuration.messageStableAccess / 1024) KB for regular messages and "
          + "\(configuration.queryStableAccess / 1024) KB for queries.")
    }
    guard isWrite else { return 0 }
    if UInt64(stable.dirtyPages) + new.dirty > limit {
      throw exceeds(
        "modified pages in the stable memory in a single execution: limit \(configuration.messageStableAccess / 1024) KB "
          + "for regular messages, \(configuration.installStableAccess / 1024) KB for upgrade messages and "
          + "\(configuration.queryStableAccess / 1024) KB for queries.")
    }
    return new.dirty
  }

  private func exceeds(_ what: String) -> CanisterError {
    CanisterError(
      .canisterMemoryAccessLimitExceeded,
      "Canister exceeded memory access limits: Exceeded the limit for the number of \(what)")
  }

  /// Grows stable memory by units of 64 KiB. Returns the old size, or nil where it can't grow.
  private func growStable(_ units: UInt64) throws(CanisterError) -> UInt64? {
    let old = stable.pageCount
    let (sum, overflow) = old.addingReportingOverflow(units)
    guard !overflow, sum <= configuration.stableLimit / StableMemory.growthUnit else { return nil }
    if units == 0 { return old }
    let bytes = units * StableMemory.growthUnit
    guard hasSubnetMemory(bytes) else { return nil }
    var grown = system
    grown.stableBytes += bytes
    try pay(for: bytes, &grown)
    guard stable.grow(by: units) else { return nil }
    system = grown
    return old
  }

  /// The heap has grown: makes sure that the canister may use it.
  public func heapHasGrown(from old: UInt64, to new: UInt64) throws(CanisterError) {
    let bytes = (new - old) * MemoryType.pageSize
    let size = new * MemoryType.pageSize
    let most = is64 ? configuration.heapLimit64 : configuration.heapLimit32
    func refused() -> CanisterError { CanisterError(.canisterOutOfMemory, "Canister cannot grow its memory usage.") }
    if size > most { throw refused() }
    try checkWasmMemoryLimit(size)
    if !hasSubnetMemory(bytes) { throw refused() }
    var grown = system
    grown.heapBytes = size
    try pay(for: bytes, &grown)
    system = grown
  }

  /// The limit that controllers set, in the executions for which it counts.
  func checkWasmMemoryLimit(_ size: UInt64) throws(CanisterError) {
    let limit = system.settings.wasmMemoryLimit
    guard limit > 0, size > limit else { return }
    switch context.mode {
    case .start, .initialization, .update:
      throw CanisterError(
        .canisterWasmMemoryLimitExceeded,
        "Canister exceeded its current Wasm memory limit of \(limit) bytes. The peak Wasm memory usage was \(size) bytes."
      )
    default: return
    }
  }

  private func hasSubnetMemory(_ growth: UInt64) -> Bool {
    // What is allocated is set aside already.
    let free = system.settings.memoryAllocation.subtractingSaturated(system.memoryUsage)
    let needed = growth.subtractingSaturated(free)
    return needed <= capacity.memory
  }

  /// Reserves cycles for `growth` bytes where the subnet is full enough, and makes sure that the canister doesn't freeze.
  private func pay(for growth: UInt64, _ grown: inout SystemState) throws(CanisterError) {
    let before = system.billedMemory
    let billed = grown.billedMemory - before
    if billed == 0 { return }
    capacity.memory -= min(billed, capacity.memory)
    capacity.memoryUse += billed
    if context.mode.reservesCycles {
      let reserved = configuration.reservation(growth: billed, used: capacity.memoryUse - billed)
      switch reserved > 0 ? grown.reserve(reserved) : nil {
      case nil: break
      case .missing(let cycles): throw outOfCycles(growth, cycles)
      case .overLimit(let cycles):
        throw CanisterError(
          .reservedCyclesLimitExceededInMemoryGrow,
          "Canister cannot grow memory by \(growth) bytes due to its reserved cycles limit. The current limit "
            + "(\(system.settings.reservedCyclesLimit)) would be exceeded by \(cycles).")
      }
    }
    // Callbacks go on in a frozen canister, queries change nothing, and installations look at their end.
    guard context.mode.mayNotFreeze else { return }
    let threshold = grown.freezingBalance(configuration)
    if grown.balance < threshold { throw outOfCycles(growth, threshold - grown.balance) }
  }

  private func outOfCycles(_ growth: UInt64, _ missing: Cycles) -> CanisterError {
    CanisterError(
      .insufficientCyclesInMemoryGrow,
      "Canister cannot grow memory by \(growth) bytes due to insufficient cycles. At least \(missing) additional cycles are "
        + "required.")
  }
}

extension ExecutionMode {
  /// Whether what the execution allocates must leave the canister more than its freezing threshold.
  var mayNotFreeze: Bool { self == .update || self == .systemTask }

  /// Whether growing sets cycles aside for the storage. Installations do that at their end, for all stages together.
  var reservesCycles: Bool {
    switch self {
    case .start, .initialization, .preUpgrade, .replicatedQuery: false
    default: isReplicated
    }
  }
}

extension UInt64 {
  /// The difference, at least 0.
  public func subtractingSaturated(_ other: UInt64) -> UInt64 { self > other ? self - other : 0 }
}

extension SubnetConfiguration {
  /// Pages (4 KiB) of stable memory that one execution may touch, and that it may write.
  func stablePageLimit(in mode: ExecutionMode) -> UInt64 {
    let bytes =
      switch mode {
      case .initialization, .preUpgrade: installStableAccess
      case .query, .transform, .compositeQuery, .compositeReplyCallback, .compositeRejectCallback, .compositeCleanup,
        .replicatedQuery, .inspectMessage:
        queryStableAccess
      case .start, .update, .replyCallback, .rejectCallback, .cleanup, .systemTask: messageStableAccess
      }
    return bytes / UInt64(StableMemory.pageSize)
  }
}
