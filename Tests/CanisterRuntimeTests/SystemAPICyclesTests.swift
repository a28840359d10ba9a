// The calls about cycles.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

@Suite struct SystemAPICyclesTests {
  private let large: Cycles = (5 << 64) | 7
  private let overflow = "Canister trapped: cycles amount exceeds 64-bit representation"

  @Test(arguments: [ExecutionMode.update, .replicatedQuery, .replyCallback, .rejectCallback], [false, true])
  func accepting(mode: ExecutionMode, is64: Bool) throws {
    let stage = try Stage(is64: is64)
    let balance = stage.state.balance
    func run(_ steps: [Step], available: Cycles, answered: Bool = false) throws -> Outcome {
      try stage.run(mode, steps) {
        $0.cyclesAvailable = available
        $0.isAnswered = answered
      }
    }
    // At most what is there, and at most what is wanted.
    var outcome = try run([Step(.msgCyclesAccept128, 0, 60, 0), Step(.msgCyclesAccept128, 0, 60, 16)], available: 100)
    #expect(outcome.result.effects.acceptedCycles == 100)
    #expect(stage.state.balance == balance + 100)
    outcome = try run([Step(.msgCyclesAccept128, .max, .max, 0)], available: large)
    #expect(outcome.result.effects.acceptedCycles == large)
    #expect(stage.state.balance == balance + 100 + large)
    outcome = try run([Step(.msgCyclesAccept128, 5, 6, 0)], available: large)
    #expect(outcome.result.effects.acceptedCycles == Cycles(5) << 64 | 6)
    // After the answer there is nothing to be had.
    outcome = try run([Step(.msgCyclesAccept128, 0, 60, 0)], available: 100, answered: true)
    #expect(outcome.error == nil && outcome.result.effects.acceptedCycles == 0)
    outcome = try run([Step(.msgReply), Step(.msgCyclesAccept128, 0, 60, 0)], available: 100)
    #expect(outcome.error == nil && outcome.result.effects.acceptedCycles == 0)
    // A failure takes back what was accepted.
    let before = stage.state.balance
    outcome = try run([Step(.msgCyclesAccept128, 0, 60, 0), .unreachable], available: 100)
    #expect(outcome.result.system.balance == before)
  }

  @Test(arguments: [false, true]) func amounts(is64: Bool) throws {
    let stage = try Stage(is64: is64)
    _ = try stage.run(
      .replyCallback,
      [
        Step(.msgCyclesAvailable128, 0), Step(.msgCyclesRefunded128, 16), Step(.msgCyclesAccept128, 5, 0, 32),
        Step(.msgCyclesAvailable128, 48), Step(.canisterCycleBalance128, 64), Step(.msgReply),
        Step(.msgCyclesAvailable128, 80),
      ]
    ) {
      $0.cyclesAvailable = large
      $0.cyclesRefunded = large + 1
    }
    #expect(stage.amount(0) == large)
    #expect(stage.amount(16) == large + 1)
    #expect(stage.amount(32) == Cycles(5) << 64)
    #expect(stage.amount(48) == 7)
    #expect(stage.amount(64) == (Cycles(1) << 80) + (Cycles(5) << 64))
    #expect(stage.amount(80) == 0)
  }

  /// The calls with 64 bits, which 32-bit canisters have.
  @Test func narrow() throws {
    let stage = try Stage()
    stage.state.balance = 1 << 60
    let outcome = try stage.run(
      .rejectCallback,
      [
        Step(.msgCyclesAvailable), Step(.msgCyclesRefunded), Step(.msgCyclesAccept, 30), Step(.msgCyclesAccept, .max),
        Step(.msgCyclesAvailable), Step(.canisterCycleBalance),
      ]
    ) {
      $0.cyclesAvailable = 100
      $0.cyclesRefunded = Cycles(UInt64.max)
    }
    #expect(outcome.results == [100, .max, 30, 70, 0, (1 << 60) + 100])
    for call in [SystemCall.msgCyclesAvailable, .msgCyclesRefunded, .canisterCycleBalance] {
      stage.state.balance = 1 << 64
      let outcome = try stage.run(.replyCallback, [Step(call)]) {
        $0.cyclesAvailable = 1 << 64
        $0.cyclesRefunded = 1 << 64
      }
      #expect(outcome.code == .canisterTrapped, "\(call.name)")
      #expect(outcome.text == overflow, "\(call.name)")
    }
    // After the answer it is 0, and fits.
    #expect(
      try stage.run(.replyCallback, [Step(.msgReply), Step(.msgCyclesAvailable)]) { $0.cyclesAvailable = 1 << 64 }
        .results == [0, 0])
    // At most 2^64 - 1 can be asked for.
    #expect(
      try stage.run(.replyCallback, [Step(.msgCyclesAccept, .max)]) { $0.cyclesAvailable = 1 << 64 }.results == [.max])
  }

  // MARK: What may be spent

  /// A canister with memory that costs something, and the balance that its storage is kept for.
  private func stage(is64: Bool, balance: Cycles) throws -> (Stage, freezing: Cycles) {
    let stage = try Stage(is64: is64)
    stage.state.balance = balance
    // 4 MiB for 30 days at 127,000 cycles for a GiB and a second.
    return (stage, 1_285_875_000)
  }

  @Test(arguments: [ExecutionMode.initialization, .preUpgrade, .update, .replicatedQuery, .cleanup, .systemTask])
  func burning(mode: ExecutionMode) throws {
    let (stage, freezing) = try stage(is64: false, balance: 10_000_000_000)
    var outcome = try stage.run(mode, [Step(.cyclesBurn128, 0, 1_000, 0)])
    #expect(outcome.error == nil && stage.state.balance == 9_999_999_000)
    outcome = try stage.run(mode, [Step(.cyclesBurn128, .max, .max, 0)])
    #expect(outcome.error == nil && stage.state.balance == freezing)
    #expect(stage.state.consumed[Int(CycleUse.burned.rawValue)] == 10_000_000_000 - freezing)
    // Nothing is left.
    outcome = try stage.run(mode, [Step(.cyclesBurn128, 0, 1, 0)])
    #expect(outcome.error == nil && stage.state.balance == freezing)
    stage.state.balance = 1_000
    outcome = try stage.run(mode, [Step(.cyclesBurn128, 0, 1, 0)])
    #expect(outcome.error == nil && stage.state.balance == 1_000)
  }

  @Test(arguments: [false, true]) func liquidBalance(is64: Bool) throws {
    let (stage, freezing) = try stage(is64: is64, balance: 10_000_000_000)
    let read = [Step(.canisterLiquidCycleBalance128, 0), Step(.cyclesBurn128, 0, 3, 16)]
    _ = try stage.run(.update, read)
    #expect(stage.amount(0) == 10_000_000_000 - freezing)
    #expect(stage.amount(16) == 3)
    stage.state.reservedBalance = 100
    _ = try stage.run(.update, read)
    #expect(stage.amount(0) == 9_999_999_997 - (freezing - 100))
    // Memory that is taken now counts at once.
    _ = try stage.run(.update, [.grow(64), Step(.stable64Grow, 64)] + read)
    #expect(stage.amount(0) < 9_999_999_994 - 2 * freezing)
    stage.state.balance = 5
    _ = try stage.run(.update, read)
    #expect(stage.amount(0) == 0)
    #expect(stage.amount(16) == 0)
  }

  @Test(arguments: [ExecutionMode.update, .replyCallback, .rejectCallback, .systemTask], [false, true])
  func attaching(mode: ExecutionMode, is64: Bool) throws {
    let (stage, freezing) = try stage(is64: is64, balance: 100_000_000_000)
    let new = Step(.callNew, 0, 0, 0, 0, 0, 0, 0, 0)
    let liquid = UInt64(100_000_000_000 - freezing)
    // Without a call there is nothing to put them on.
    let adding = is64 ? [Step(.callCyclesAdd128, 0, 0)] : [Step(.callCyclesAdd128, 0, 0), Step(.callCyclesAdd, 0)]
    for step in adding {
      let outcome = try stage.run(mode, [step])
      #expect(outcome.code == .canisterContractViolation)
      #expect(outcome.text?.contains("no call is under construction") == true)
      #expect(try stage.run(mode, [new, Step(.callPerform), step]).code == .canisterContractViolation)
    }
    stage.state.balance = 100_000_000_000
    // More than there is.
    for step in [
      Step(.callCyclesAdd128, 0, liquid + 1), Step(.callCyclesAdd128, 1, 0), Step(.callCyclesAdd128, .max, .max),
    ] {
      let outcome = try stage.run(mode, [new, step])
      #expect(outcome.code == .canisterContractViolation)
      // The caller is no controller, and isn't told how many are missing.
      #expect(outcome.text == "Canister \(Stage.id) is out of cycles")
    }
    if !is64 {
      #expect(try stage.run(mode, [new, Step(.callCyclesAdd, liquid + 1)]).code == .canisterContractViolation)
    }
    stage.state.settings.controllers.append(Stage.caller)
    #expect(
      try stage.run(mode, [new, Step(.callCyclesAdd128, 0, liquid + 5)]).text
        == "Canister \(Stage.id) is out of cycles: please top up the canister with at least 5 additional cycles")
    // A call that isn't made gives them back: at the end, and when another is begun.
    let all = Step(.callCyclesAdd128, 0, liquid)
    #expect(try stage.run(mode, [new, all]).error == nil)
    #expect(stage.state.balance == 100_000_000_000)
    let again = try stage.run(
      mode, [new, all, Step(.canisterCycleBalance128, 0), new, Step(.canisterCycleBalance128, 16), all])
    #expect(again.error == nil)
    #expect(stage.amount(0) == freezing)
    #expect(stage.amount(16) == 100_000_000_000)
    #expect(stage.state.balance == 100_000_000_000)
    // Amounts add up.
    let made = try stage.run(
      mode,
      [
        new, Step(.callCyclesAdd128, 0, 1_000), is64 ? Step(.callCyclesAdd128, 0, 1) : Step(.callCyclesAdd, 1),
        Step(.callPerform),
      ])
    #expect(made.result.effects.calls.map(\.cycles) == [1_001])
  }

  /// Accepted cycles can be given on, so that a call could have more than there can be.
  @Test func mostCycles() throws {
    let stage = try Stage()
    stage.state.balance = .max
    let new = Step(.callNew, 0, 0, 0, 0, 0, 0, 0, 0)
    let add = Step(.callCyclesAdd128, .max, UInt64.max - (1 << 40))
    let outcome = try stage.run(
      .update, [new, add, Step(.msgCyclesAccept128, .max, .max, 32), add, Step(.callPerform)]
    ) { $0.cyclesAvailable = .max }
    #expect(outcome.error == nil)
    #expect(outcome.result.effects.calls.map(\.cycles) == [.max])
  }

  @Test(arguments: [false, true]) func minting(is64: Bool) throws {
    let stage = try Stage(is64: is64)
    for mode in [ExecutionMode.update, .systemTask, .replyCallback, .rejectCallback] {
      let outcome = try stage.run(mode, [Step(.mintCycles128, 0, 1, 0)])
      #expect(outcome.code == .canisterContractViolation)
      #expect(outcome.text?.contains("cannot be executed on non Cycles Minting Canister") == true)
    }
    #expect(stage.state.balance == 1 << 80)
  }
}

@Suite struct MintingTests {
  private let module = Wat(
    ["mint_cycles128", "msg_reply_data_append", "msg_reply"],
    """
    (func (export "canister_update f")
      (call $mint_cycles128 (i64.const 1) (i64.const 7) (i32.const 0))
      (call $msg_reply_data_append (i32.const 0) (i32.const 16)) (call $msg_reply))
    (func (export "canister_update much")
      (call $mint_cycles128 (i64.const -1) (i64.const -1) (i32.const 0))
      (call $msg_reply_data_append (i32.const 0) (i32.const 16)) (call $msg_reply))
    (func (export "canister_update beyond") (call $mint_cycles128 (i64.const 0) (i64.const 7) (i32.const -1)))
    """)

  private func minted(_ bytes: [UInt8]) -> Cycles { bytes.reversed().reduce(0) { $0 << 8 | Cycles($1) } }

  /// The canister with the id of the network's makes cycles, up to the greatest balance; others can't.
  @Test func onlyOneCanister() throws {
    let runtime = CanisterRuntime()
    let id = try #require(Principal("rkp4c-7iaaa-aaaaa-aaaca-cai"))
    _ = try runtime.createCanister(cycles: 1 << 60, id: id)
    try runtime.install(id, module.bytes)
    let before = try runtime.state(of: id).balance
    #expect(try minted(runtime.call(id, "f", [])) == 1 << 64 + 7)
    let balance = try runtime.state(of: id).balance
    #expect(balance > before + 1 << 63)
    #expect(failure { _ = try runtime.call(id, "beyond", []) }?.code == .canisterContractViolation)
    #expect(try runtime.state(of: id).balance < balance)
    #expect(try minted(runtime.call(id, "much", [])) > Cycles.max - balance)
    let other = try Fixture(module)
    let error = failure { _ = try other.runtime.call(other.id, "f", []) }
    #expect(error?.code == .canisterContractViolation)
    #expect(error?.message.contains("cannot be executed on non Cycles Minting Canister") == true)
  }
}
