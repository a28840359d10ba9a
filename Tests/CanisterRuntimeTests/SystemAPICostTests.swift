// The calls that tell what things cost, and debugging.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

@Suite struct SystemAPICostTests {
  private func cost(_ stage: Stage, _ call: SystemCall, _ operands: UInt64...) throws -> Cycles {
    #expect(try stage.run(.start, [Step(call, operands + [0])]).error == nil)
    return stage.amount(0)
  }

  @Test(arguments: [false, true]) func costs(is64: Bool) throws {
    let stage = try Stage(is64: is64)
    // Call, bytes, the largest response, the largest callback.
    let call: Cycles = 260_000 + 2_097_152_000 + 5_000_000 + (is64 ? 80_000_000_000 : 40_000_000_000)
    #expect(try cost(stage, .costCall, 0, 0) == call)
    #expect(try cost(stage, .costCall, 4, 10) == call + 14_000)
    #expect(try cost(stage, .costCall, 1 << 40, 0) == call + (Cycles(1_000) << 40))
    #expect(try cost(stage, .costCall, .max, .max) > call)
    #expect(try cost(stage, .costCreateCanister) == 500_000_000_000)
    #expect(try cost(stage, .costHttpRequest, 0, 0) == 49_140_000)
    #expect(try cost(stage, .costHttpRequest, 100, 1_000) == 60_060_000)
    #expect(try cost(stage, .costHttpRequest, .max, .max) > 1 << 64)
  }

  /// On other subnets than those of 13 nodes; calls are told the price of these.
  @Test(
    arguments: [(34, 1_307_692_307_692, 199_920_000), (1, 38_461_538_461, 3_900_000)] as [(UInt64, Cycles, Cycles)])
  func otherSubnets(nodes: UInt64, creation: Cycles, outcall: Cycles) throws {
    let stage = try Stage { $0.nodes = nodes }
    #expect(try cost(stage, .costCall, 0, 0) == 42_102_412_000)
    #expect(try cost(stage, .costCreateCanister) == creation)
    #expect(try cost(stage, .costHttpRequest, 100, 1_000) == outcall)
  }

  @Test func systemSubnets() throws {
    let stage = try Stage { $0 = SubnetConfiguration(.system) }
    #expect(try cost(stage, .costCall, 10, 20) == 0)
    #expect(try cost(stage, .costCreateCanister) == 0)
  }

  /// The subnet has no keys: known curves give 2, others 1, and nothing is written.
  @Test(arguments: [false, true]) func signatures(is64: Bool) throws {
    let stage = try Stage(is64: is64)
    stage.put([1, 2, 3], at: 1_000)
    stage.put("key_1", at: 0)
    let most = UInt64(UInt32.max)
    for (call, known) in [
      (SystemCall.costSignWithEcdsa, 1 as UInt64), (.costSignWithSchnorr, 2), (.costVetkdDeriveKey, 1),
    ] {
      for number in [0, 1, 2, 3, most] {
        let outcome = try stage.run(
          .update, [Step(call, 0, 5, number, 1_000), Step(call, 0, 0, number, Script.heapSize)])
        let expected: UInt64 = number < known ? 2 : 1
        #expect(outcome.results == [expected, expected], "\(call.name) \(number)")
      }
      #expect(stage.heap(1_000, 4) == [1, 2, 3, 0])
    }
    stage.put([0xFF], at: 0)
    for call in [SystemCall.costSignWithEcdsa, .costSignWithSchnorr, .costVetkdDeriveKey] {
      let outcome = try stage.run(.update, [Step(call, 0, 5, 0, 1_000)])
      #expect(outcome.code == .canisterContractViolation, "\(call.name)")
      #expect(outcome.text?.contains("UTF-8") == true, "\(call.name)")
    }
  }
}

@Suite struct SystemAPIDebuggingTests {
  private func log(_ outcome: Outcome) -> [String] {
    outcome.result.effects.log.records.map { String(decoding: $0.content, as: UTF8.self) }
  }

  @Test(arguments: ExecutionMode.allCases, [false, true]) func traps(mode: ExecutionMode, is64: Bool) throws {
    let stage = try Stage(is64: is64)
    stage.put("wrong: 'ä'", at: 10)
    let outcome = try stage.run(mode, [Step(.trap, 10, 11)])
    #expect(outcome.code == .canisterCalledTrap)
    #expect(outcome.text == "Canister called `ic0.trap` with message: 'wrong: 'ä''")
    #expect(outcome.result.error?.message.hasPrefix("Error from Canister \(Stage.id): ") == true)
    #expect(try stage.run(mode, [Step(.trap, 0, 0)]).text == "Canister called `ic0.trap` with message: ''")
  }

  @Test(arguments: [false, true]) func trapTexts(is64: Bool) throws {
    let stage = try Stage(is64: is64)
    func text(_ address: UInt64, _ size: UInt64) throws -> String {
      let text = try stage.run(.update, [Step(.trap, address, size)]).text ?? ""
      return String(text.dropFirst("Canister called `ic0.trap` with message: '".count).dropLast())
    }
    // What isn't text is replaced.
    stage.put([0x61, 0xFF, 0x62, 0xE2, 0x82], at: 0)
    #expect(try text(0, 5) == "a\u{FFFD}b\u{FFFD}")
    let most = is64 ? UInt64.max : UInt64(UInt32.max)
    for (address, size) in [(Script.heapSize, 1), (Script.heapSize + 1, 0), (most, 1), (most, 10)] as [(UInt64, UInt64)]
    {
      #expect(try text(address, size) == "(trap message out of memory bounds)")
    }
    // At most 32 KiB are shown.
    stage.put([UInt8](repeating: 0x78, count: 40_000), at: 0)
    #expect(try text(0, 32_768).utf8.count == 32_768)
    #expect(try text(0, 32_769).utf8.count == 32_768)
    #expect(try text(0, 40_000).utf8.count == 32_768)
  }

  @Test(arguments: [false, true]) func printing(is64: Bool) throws {
    let stage = try Stage(is64: is64)
    stage.put("one two", at: 0)
    let most = is64 ? UInt64.max : UInt64(UInt32.max)
    let outcome = try stage.run(
      .update,
      [
        Step(.debugPrint, 0, 3), Step(.debugPrint, 4, 3), Step(.debugPrint, 0, 0),
        Step(.debugPrint, Script.heapSize, 1),
        Step(.debugPrint, most, 3),
      ])
    #expect(outcome.error == nil)
    let outside = "(debug_print message out of memory bounds)"
    #expect(log(outcome) == ["one", "two", "", outside, outside])
    #expect(outcome.result.effects.log.records.map(\.timestamp) == [UInt64](repeating: Stage.time, count: 5))
    // A failure keeps what was printed before it, and tells of itself.
    let failed = log(try stage.run(.update, [Step(.debugPrint, 0, 3), .unreachable, Step(.debugPrint, 0, 3)]))
    #expect(failed.count == 2 && failed[0] == "one")
    #expect(failed.last?.hasPrefix("[TRAP]: unreachable\nCanister Backtrace:\n") == true)
    #expect(log(try stage.run(.update, [Step(.trap, 0, 3)])).first?.hasPrefix("[TRAP]: one\n") == true)
    #expect(log(try stage.run(.update, [Step(.trap, 0, 0)])).first?.hasPrefix("[TRAP]: (no message)") == true)
  }

  /// 4 KiB for an execution; the oldest records go.
  @Test func longTexts() throws {
    let stage = try Stage()
    let outcome = try stage.run(
      .update,
      [Step(.debugPrint, 0, 3_000), Step(.debugPrint, 0, 1_000), Step(.debugPrint, 0, 97), Step(.debugPrint, 0, 10)])
    #expect(log(outcome).map(\.utf8.count) == [1_000, 97, 10])
    #expect(log(try stage.run(.update, [Step(.debugPrint, 0, 10_000)])).map(\.utf8.count) == [4_056])
    // The number alone is enough to run out of instructions.
    #expect(
      try stage.run(.update, [Step(.debugPrint, 0, 10_000)], limit: 213_000).code == .canisterInstructionLimitExceeded)
  }

  @Test(arguments: ExecutionMode.allCases) func printingIsAllowedEverywhere(mode: ExecutionMode) throws {
    let stage = try Stage()
    stage.put("text", at: 0)
    let outcome = try stage.run(mode, [Step(.debugPrint, 0, 4)])
    #expect(outcome.error == nil)
    if [.update, .initialization, .start, .preUpgrade, .replicatedQuery, .systemTask, .cleanup].contains(mode) {
      #expect(log(outcome) == ["text"])
    }
  }
}
