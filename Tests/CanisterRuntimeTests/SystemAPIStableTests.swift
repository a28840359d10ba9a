// The calls about stable memory, and what growing either memory needs.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

@Suite struct SystemAPIStableTests {
  private let stableText = "Canister trapped: stable memory out of bounds"
  private let heapText = "Canister trapped: heap out of bounds"
  private let largeText = "Canister trapped: 32 bit stable memory api used on a memory larger than 4GB"
  private let unit: UInt64 = 65_536

  private func expectTrap(_ outcome: Outcome, _ text: String, line: Int = #line) {
    #expect(outcome.code == .canisterTrapped, "line \(line)")
    #expect(outcome.text == text, "line \(line)")
  }

  @Test(arguments: [false, true]) func growing(is64: Bool) throws {
    let stage = try Stage(is64: is64)
    // 500 GiB and no more.
    let outcome = try stage.run(
      .update,
      [
        Step(.stable64Size), Step(.stable64Grow, 3), Step(.stable64Size), Step(.stable64Grow, 0),
        Step(.stable64Grow, 8_191_998), Step(.stable64Grow, .max), Step(.stable64Grow, .max - 2),
        Step(.stable64Grow, 8_191_997), Step(.stable64Grow, 1), Step(.stable64Size),
      ])
    #expect(outcome.results == [0, 0, 3, 3, .max, .max, .max, 3, .max, 8_192_000])
    #expect(stage.state.stableBytes == 500 << 30)
    let last = 500 * 1_073_741_824 as UInt64
    stage.put([1, 2, 3], at: 0)
    #expect(
      try stage.run(
        .update, [Step(.stable64Write, last - 3, 0, 3), Step(.stable64Read, 1_000, last - 4, 4)]
      ).error == nil)
    #expect(stage.heap(1_000, 4) == [0, 1, 2, 3])
    expectTrap(try stage.run(.update, [Step(.stable64Read, 0, last - 3, 4)]), stableText)
  }

  @Test func growingNarrowly() throws {
    let stage = try Stage()
    let outcome = try stage.run(
      .update,
      [
        Step(.stableSize), Step(.stableGrow, 2), Step(.stableSize), Step(.stableGrow, 65_535),
        Step(.stableGrow, UInt64(UInt32.max)), Step(.stableGrow, 65_534), Step(.stableGrow, 1), Step(.stableGrow, 0),
        Step(.stableSize), Step(.stable64Size),
      ])
    let none = UInt64(UInt32.max)
    #expect(outcome.results == [0, 0, 2, none, none, 2, none, 65_536, 65_536, 65_536])
    // Beyond 4 GiB the narrow calls fail, but for reading nothing.
    #expect(try stage.run(.update, [Step(.stable64Grow, 1)]).results == [65_536])
    for step in [
      Step(.stableSize), Step(.stableGrow, 0), Step(.stableGrow, 1), Step(.stableWrite, 0, 0, 0),
      Step(.stableWrite, 0, 0, 1), Step(.stableRead, 0, 0, 1), Step(.stableWrite, 0, Script.heapSize, 1),
    ] {
      expectTrap(try stage.run(.update, [step]), largeText)
    }
    #expect(try stage.run(.update, [Step(.stableRead, .max, .max, 0)]).error == nil)
    #expect(try stage.run(.update, [Step(.stable64Write, 4_294_967_296, 0, 1)]).error == nil)
  }

  @Test func narrowRanges() throws {
    let stage = try Stage()
    #expect(try stage.run(.update, [Step(.stableGrow, 1)]).results == [0])
    let heap = Script.heapSize
    let most = UInt64(UInt32.max)
    func run(_ steps: Step...) throws -> Outcome { try stage.run(.update, steps) }
    // Nothing is read wherever it is; what is written, only where the stable range is.
    #expect(try run(Step(.stableRead, most, most, 0), Step(.stableRead, heap + 1, unit + 1, 0)).error == nil)
    #expect(try run(Step(.stableWrite, unit, heap + 1, 0), Step(.stableWrite, 0, most, 0)).error == nil)
    expectTrap(try run(Step(.stableWrite, unit + 1, 0, 0)), stableText)
    expectTrap(try run(Step(.stableWrite, most, 0, 0)), stableText)
    for (offset, size) in [(unit, 1), (unit - 1, 2), (0, unit + 1), (most, 1), (most, most), (1, most), (0, most)]
      as [(UInt64, UInt64)]
    {
      // The stable range is looked at first.
      expectTrap(try run(Step(.stableWrite, offset, heap, size)), stableText)
      expectTrap(try run(Step(.stableRead, heap, offset, size)), stableText)
    }
    for address in [heap, heap - 1, most, most - 1] {
      expectTrap(try run(Step(.stableWrite, 0, address, 2)), heapText)
      expectTrap(try run(Step(.stableRead, address, 0, 2)), heapText)
    }
    #expect(try run(Step(.stableWrite, unit - 2, heap - 2, 2), Step(.stableRead, heap - 2, unit - 2, 2)).error == nil)
  }

  @Test(arguments: [false, true]) func ranges(is64: Bool) throws {
    let stage = try Stage(is64: is64)
    // More than what 32 bits reach.
    #expect(try stage.run(.update, [Step(.stable64Grow, 65_600)]).results == [0])
    let (heap, end, most) = (Script.heapSize, 65_600 * unit, UInt64.max)
    func run(_ steps: Step...) throws -> Outcome { try stage.run(.update, steps) }
    #expect(try run(Step(.stable64Read, most, most, 0), Step(.stable64Write, most, most, 0)).error == nil)
    for (offset, size) in [(end, 1), (end - 1, 2), (1, end), (0, end + 1), (most, 1), (most - 1, 2)] {
      expectTrap(try run(Step(.stable64Write, offset, heap, size)), stableText)
      expectTrap(try run(Step(.stable64Read, heap, offset, size)), stableText)
    }
    // Addresses and lengths that 32 bits don't have are no others.
    let far = UInt64(UInt32.max) + 1
    for (address, size) in [
      (heap, 1), (heap - 1, 2), (far, 1), (far + 1_000, 1), (most, 1), (most - 1, 2), (0, far), (0, heap + 1),
    ] as [(UInt64, UInt64)] {
      expectTrap(try run(Step(.stable64Write, 0, address, size)), heapText)
      expectTrap(try run(Step(.stable64Read, address, 0, size)), heapText)
    }
    // The length is charged before anything is looked at.
    for size in [most, most - 10, 1 << 62] {
      for step in [Step(.stable64Write, 0, 0, size), Step(.stable64Read, 0, 0, size)] {
        #expect(try run(step).code == .canisterInstructionLimitExceeded)
      }
    }
    #expect(try run(Step(.stable64Write, end - 2, heap - 2, 2), Step(.stable64Read, heap - 2, end - 2, 2)).error == nil)
  }

  @Test(arguments: [false, true]) func contents(is64: Bool) throws {
    let stage = try Stage(is64: is64)
    stage.put([UInt8](1...20), at: 0)
    // Over the border of two units.
    let outcome = try stage.run(
      .update,
      [Step(.stable64Grow, 2), Step(.stable64Write, unit - 10, 0, 20), Step(.stable64Read, 100, unit - 12, 24)])
    #expect(outcome.error == nil)
    #expect(stage.heap(100, 24) == [0, 0] + [UInt8](1...20) + [0, 0])
    // A failure leaves nothing.
    let failed = try stage.run(
      .update, [Step(.stable64Grow, 5), Step(.stable64Write, unit, 50, 5), Step(.stable64Write, 0, 0, 1), .unreachable])
    #expect(failed.code == .canisterTrapped)
    // Nor does what isn't kept.
    for mode in [ExecutionMode.query, .replicatedQuery, .compositeQuery, .inspectMessage] {
      #expect(try stage.run(mode, [Step(.stable64Grow, 1), Step(.stable64Write, unit, 50, 5)]).error == nil)
    }
    let after = try stage.run(
      .update, [Step(.stable64Size), Step(.stable64Read, 200, unit - 12, 24), Step(.stable64Read, 300, 0, 1)])
    #expect(after.results.first == 2)
    #expect(stage.heap(200, 24) == [0, 0] + [UInt8](1...20) + [0, 0])
    #expect(stage.heap(300, 1) == [0])
  }

  /// A page's first write in an execution is charged.
  @Test(arguments: [false, true]) func charges(is64: Bool) throws {
    let stage = try Stage(is64: is64)
    #expect(try stage.run(.update, [Step(.stable64Grow, 1)]).error == nil)
    func count(_ steps: Step...) throws -> UInt64 { try stage.run(.update, steps).result.executedInstructions }
    let none = try count(Step(.stable64Write, 0, 0, 0))
    #expect(try count(Step(.stable64Write, 0, 0, 10)) == none + 1_010)
    #expect(try count(Step(.stable64Write, 4_095, 0, 2)) == none + 2_002)
    #expect(try count(Step(.stable64Write, 1, 0, 4_096 * 3)) == none + 4_000 + 4_096 * 3)
    let two = try count(Step(.stable64Write, 0, 0, 0), Step(.stable64Write, 0, 0, 0))
    #expect(try count(Step(.stable64Write, 0, 0, 10), Step(.stable64Write, 50, 0, 10)) == two + 1_020)
    // Reading a page doesn't pay for writing it.
    #expect(try count(Step(.stable64Read, 0, 0, 10), Step(.stable64Write, 50, 0, 10)) == two + 1_020)
    // Not where the range is wrong.
    #expect(try count(Step(.stable64Write, unit, 0, 10)) <= none + 10)
  }

  // MARK: How much one execution may touch

  @Test func pageLimitsOfTheSubnet() {
    let configuration = SubnetConfiguration()
    #expect(configuration.messageStableAccess == 2 << 30)
    #expect(configuration.installStableAccess == 8 << 30)
    #expect(configuration.queryStableAccess == 1 << 30)
  }

  @Test(arguments: ExecutionMode.allCases) func pageLimits(mode: ExecutionMode) throws {
    let limit: UInt64
    switch mode {
    case .initialization, .preUpgrade: limit = 8
    case .update, .replyCallback, .rejectCallback, .systemTask, .cleanup, .start: limit = 4
    default: limit = 2
    }
    let stage = try Stage {
      $0.installStableAccess = 8 << 12
      $0.messageStableAccess = 4 << 12
      $0.queryStableAccess = 2 << 12
    }
    #expect(stage.stable.grow(by: 10))
    stage.stable.commit()
    let bytes = limit * 4_096
    for allowed in [
      [Step(.stable64Read, 0, 0, bytes)], [Step(.stable64Write, 0, 0, bytes)],
      // The same pages again, and none for nothing.
      [Step(.stable64Read, 0, 0, bytes), Step(.stable64Write, 5, 0, bytes - 5), Step(.stable64Read, 0, unit, 0)],
    ] {
      #expect(try stage.run(mode, allowed).error == nil)
    }
    for refused in [
      [Step(.stable64Read, 0, 0, bytes + 1)], [Step(.stable64Write, 0, 0, bytes + 1)],
      [Step(.stable64Read, 0, 4_095, bytes)], [Step(.stable64Read, 0, 0, bytes), Step(.stable64Write, bytes, 0, 1)],
      [Step(.stable64Write, unit, 0, bytes), Step(.stable64Read, 0, unit * 2, 1)],
      [Step(.stableRead, 0, 0, bytes), Step(.stableWrite, bytes, 0, 1)],
    ] {
      let outcome = try stage.run(mode, refused)
      #expect(outcome.code == .canisterMemoryAccessLimitExceeded)
      #expect(outcome.text?.hasPrefix("Canister exceeded memory access limits: ") == true)
    }
  }
}

/// What growing the heap or stable memory needs. A heap that has grown and may not be used fails the execution.
@Suite struct SystemAPIGrowthTests {
  static let heapAndStable = [Step.grow(1), Step(.stable64Grow, 1)]
  private let page: UInt64 = 65_536

  @Test(arguments: [false, true]) func heap(is64: Bool) throws {
    let stage = try Stage(is64: is64)
    let most: UInt64 = is64 ? 98_304 : 65_536
    let none: UInt64 = is64 ? .max : UInt64(UInt32.max)
    let outcome = try stage.run(
      .update, [.grow(0), .grow(3), .grow(0), .grow(most - 66), .grow(UInt64(UInt32.max)), .grow(most), .grow(0)])
    #expect(outcome.results == [64, 64, 67, none, none, none, 67])
    #expect(stage.state.heapBytes == 67 * page)
  }

  /// The limit that controllers set counts where the canister could do without.
  @Test(arguments: ExecutionMode.allCases, [false, true]) func memoryLimit(mode: ExecutionMode, is64: Bool) throws {
    let stage = try Stage(is64: is64)
    stage.state.settings.wasmMemoryLimit = 65 * page
    #expect(try stage.run(mode, [.grow(1)]).error == nil)
    let outcome = try stage.run(mode, [.grow(2)])
    if [.start, .initialization, .update].contains(mode) {
      #expect(outcome.code == .canisterWasmMemoryLimitExceeded)
    } else {
      #expect(outcome.error == nil)
    }
    // It isn't for stable memory.
    #expect(try stage.run(mode, [Step(.stable64Grow, 100)]).error == nil)
  }

  /// A full subnet.
  @Test func subnetMemory() throws {
    let stage = try Stage()
    stage.capacity.memory = page
    stage.capacity.memoryUse = 800 << 30
    stage.state.settings.reservedCyclesLimit = .max
    #expect(try stage.run(.update, [Step(.stable64Grow, 1)]).results == [0])
    #expect(try stage.run(.update, [Step(.stable64Grow, 2)]).results == [.max])
    #expect(try stage.run(.update, [.grow(1)]).results == [64])
    let outcome = try stage.run(.update, [.grow(2)])
    #expect(outcome.code == .canisterOutOfMemory)
    #expect(outcome.text == "Canister cannot grow its memory usage.")
    stage.state.heapBytes = 64 * page
    // What is allocated is there.
    stage.capacity.memory = 0
    stage.state.settings.memoryAllocation = 1 << 30
    #expect(try stage.run(.update, [.grow(2), Step(.stable64Grow, 2)]).error == nil)
  }

  /// The canister must not freeze by growing: 4 MiB of heap cost 1,285,875,000 in 30 days, a unit of 64 KiB a 64th of it.
  @Test(arguments: heapAndStable) func cycles(step: Step) throws {
    let needed: Cycles = 1_285_875_000 * 65 / 64
    let stage = try Stage()
    // Rounding may be for the canister.
    stage.state.balance = needed - 100
    let outcome = try stage.run(.update, [step])
    #expect(outcome.code == .insufficientCyclesInMemoryGrow)
    #expect(outcome.text?.contains("due to insufficient cycles") == true)
    #expect(stage.state.heapBytes + stage.state.stableBytes == 64 * page)
    // Nobody asks callbacks, queries, or the stages of an installation.
    for mode in [.cleanup, .query, .initialization, .preUpgrade] as [ExecutionMode] {
      let stage = try Stage()
      stage.state.balance = needed - 100
      #expect(try stage.run(mode, [step]).error == nil, "\(mode)")
    }
    stage.state.balance = needed
    #expect(try stage.run(.update, [step]).error == nil)
  }

  /// On a full subnet storage is paid in advance.
  @Test(arguments: heapAndStable) func reservation(step: Step) throws {
    let stage = try Stage()
    stage.capacity.memoryUse = 2_048 * 1_073_741_824 - page
    let balance = stage.state.balance
    #expect(try stage.run(.update, [step]).error == nil)
    // For 300,000,000 seconds, less what the middle of the growth is below the end.
    let price = 127_000 * 300_000_000 / 16_384 as Cycles
    #expect(stage.state.reservedBalance <= price && stage.state.reservedBalance > price - price / 1_000)
    #expect(stage.state.balance == balance - stage.state.reservedBalance)
    stage.state.settings.reservedCyclesLimit = stage.state.reservedBalance
    stage.state.settings.memoryAllocation = 0
    let outcome = try stage.run(.update, [step])
    #expect(outcome.code == .reservedCyclesLimitExceededInMemoryGrow)
    #expect(outcome.text?.contains("reserved cycles limit") == true)
    // Queries reserve nothing.
    #expect(try stage.run(.query, [step]).error == nil)
    stage.state.settings.reservedCyclesLimit = .max
    stage.state.balance = 1_000_000
    #expect(try stage.run(.update, [step]).code == .insufficientCyclesInMemoryGrow)
  }
}
