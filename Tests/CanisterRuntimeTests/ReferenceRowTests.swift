// Rows of the reference that meet others: what comes first, what counts where, what is charged once.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

@Suite struct ReferenceRowTests {
  private static func runtime(_ configure: (inout SubnetConfiguration) -> Void) -> CanisterRuntime {
    var configuration = RuntimeConfiguration()
    configure(&configuration.subnet)
    return CanisterRuntime(configuration)
  }

  /// The low-memory hook comes before the messages that wait, in the same round, and also where none waits.
  @Test func hooksComeFirst() throws {
    let module = Wat(
      ["msg_reply", "debug_print"],
      """
      (data (i32.const 0) "grow") (data (i32.const 8) "ping") (data (i32.const 16) "hook")
      (func (export "canister_update grow")
        (drop (memory.grow (i32.const 3))) (call $debug_print (i32.const 0) (i32.const 4)) (call $msg_reply))
      (func (export "canister_update ping") (call $debug_print (i32.const 8) (i32.const 4)) (call $msg_reply))
      (func (export "canister_on_low_wasm_memory") (call $debug_print (i32.const 16) (i32.const 4)))
      """)
    for (methods, expected) in [
      (["grow", "ping", "ping"], ["grow", "hook", "ping", "ping"]), (["grow"], ["grow", "hook"]),
    ] {
      let fixture = try Fixture(module)
      var change = SettingsChange()
      (change.wasmMemoryLimit, change.wasmMemoryThreshold) = (10 << 16, 7 << 16)
      try fixture.runtime.updateSettings(fixture.id, change)
      for method in methods { _ = try fixture.runtime.submit(to: fixture.id, method: method, argument: []) }
      fixture.runtime.executeRound()
      let log = try fixture.runtime.state(of: fixture.id).log.records
      #expect(log.map { String(decoding: $0.content, as: UTF8.self) } == expected)
      #expect(fixture.runtime.isIdle)
    }
  }

  /// What stages of an installation take is set aside for once, at its end.
  @Test func installationsReserveOnce() throws {
    func grower(_ entry: String) -> Wat {
      Wat(
        ["stable64_grow", "msg_reply", "canister_cycle_balance128", "msg_reply_data_append"], memory: "(memory 1)",
        """
        (func (export "\(entry)")
          (drop (call $stable64_grow (i64.const 16)))
          (call $canister_cycle_balance128 (i32.const 0)))
        (func (export "canister_update f") (drop (call $stable64_grow (i64.const 16))) (call $msg_reply))
        """)
    }
    func reserved(_ entry: String, _ body: (Fixture) throws -> Void) throws -> Cycles {
      let fixture = try Fixture(grower(entry)) {
        ($0.subnet.subnetMemory, $0.subnet.reservationThreshold, $0.subnet.callbackMemory) = (1 << 40, 0, 0)
      }
      let before = try fixture.runtime.state(of: fixture.id)
      try body(fixture)
      let after = try fixture.runtime.state(of: fixture.id)
      #expect(after.stableBytes == before.stableBytes + 16 << 16)
      return after.reservedBalance - before.reservedBalance
    }
    let plain = Wat([], "").bytes
    let update = try reserved("canister_update g") { _ = try $0.runtime.call($0.id, "f", []) }
    #expect(update > 0)
    let upgrade = try reserved("canister_pre_upgrade") {
      try $0.runtime.install($0.id, plain, mode: .upgrade(UpgradeOptions()))
    }
    // The modules differ in size and in what they are billed besides.
    #expect(upgrade < update * 3 / 2, "\(upgrade) \(update)")
    let other = try reserved("canister_update g") {
      try $0.runtime.install($0.id, grower("canister_post_upgrade").bytes, mode: .upgrade())
    }
    #expect(other < update * 3 / 2 && other >= update)
  }

  /// On system subnets a query method that is called as an update has as much as an update.
  @Test func replicatedQueriesOfSystemSubnets() throws {
    let system = SubnetConfiguration(.system)
    #expect(system.replicatedQueryInstructions == 50_000_000_000 && system.queryInstructions == 5_000_000_000)
    let module = Wat(
      ["msg_reply"],
      """
      (func (export "canister_query q")
        (local $i i32)
        (loop (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))
        (call $msg_reply))
      """)
    let fixture = try Fixture(module) {
      ($0.subnet.queryInstructions, $0.subnet.replicatedQueryInstructions) = (100, 100_000)
    }
    #expect(try fixture.runtime.call(fixture.id, "q", []) == [])
    #expect(failure { _ = try fixture.runtime.query(fixture.id, "q", []) }?.code == .canisterInstructionLimitExceeded)
  }

  /// Only methods whose argument has a version look at one.
  @Test func versionsOfCallers() throws {
    let runtime = CanisterRuntime()
    let caller = try runtime.createCanister(cycles: 1 << 80)
    try runtime.install(caller, proxy.bytes)
    let target = try runtime.createCanister(controller: caller)
    let argument = try encodeArguments(
      parseArguments("(record { canister_id = principal \"\(target)\"; sender_canister_version = opt (999 : nat64) })"))
    for method in ["start_canister", "canister_status", "clear_chunk_store", "deposit_cycles"] {
      _ = try runtime.manage(method, argument, through: caller)
    }
    let error = failure { _ = try runtime.manage("uninstall_code", argument, through: caller) }
    #expect(error?.message.contains("sender canister version Some(999)") == true, "\(error?.message ?? "")")
  }

  /// An upgrade of an empty canister that owes instructions hears of these first.
  @Test func orderOfUpgradeChecks() throws {
    let runtime = Self.runtime { $0.installRateLimit = 1 }
    let id = try runtime.createCanister(cycles: 1 << 80)
    let bad = Wat([], "(func (export \"canister_init\") (unreachable))").bytes
    func install(_ mode: String) -> CanisterError? {
      failure {
        try runtime.manage(
          "install_code",
          "(record { mode = variant { \(mode) }; canister_id = principal \"\(id)\"; wasm_module = \(blob(bad)); "
            + "arg = blob \"\" })")
      }
    }
    #expect(install("upgrade")?.code == .canisterWasmModuleNotFound)
    #expect(install("install")?.code == .canisterTrapped)
    #expect(install("upgrade")?.code == .canisterInstallCodeRateLimited)
  }

  /// Custom sections of all modules together have a limit.
  @Test func customSections() throws {
    let module = Wat([], "(@custom \"icp:public a\" \"\(String(repeating: "x", count: 1000))\")").bytes
    let runtime = Self.runtime { $0.customSectionMemory = 2_500 }
    let ids = try (0..<3).map { _ in try runtime.createCanister() }
    for id in ids[..<2] { try runtime.install(id, module) }
    let error = failure { try runtime.install(ids[2], module) }
    #expect(error?.code == .subnetOversubscribed)
    #expect(error?.message.contains("of Wasm custom sections memory but only 496 B") == true, "\(error?.message ?? "")")
    // What is replaced makes room.
    try runtime.install(ids[1], module, mode: .upgrade())
    try runtime.uninstall(ids[0])
    try runtime.install(ids[2], module)
  }

  /// A cleanup counts for the round: the next canister waits.
  @Test func cleanupsCount() throws {
    let module = Wat(
      ["msg_reply", "call_new", "call_perform", "call_on_cleanup", "canister_self_copy"],
      """
      (table funcref (elem $trap $cleanup))
      (data (i32.const 500) "q")
      (func (export "canister_update q") (call $msg_reply))
      (func $trap (param i32) (unreachable))
      (func $cleanup (param i32)
        (local $i i32)
        (loop (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000000)))))
      (func (export "canister_update f")
        (call $canister_self_copy (i32.const 100) (i32.const 0) (i32.const 10))
        (call $call_new (i32.const 100) (i32.const 10) (i32.const 500) (i32.const 1)
          (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
        (call $call_on_cleanup (i32.const 1) (i32.const 0))
        (if (call $call_perform) (then (unreachable))))
      """)
    let fixture = try Fixture(module) {
      ($0.subnet.schedulerCores, $0.subnet.roundInstructions, $0.subnet.sliceInstructions) = (1, 27_000_000, 20_000_000)
      ($0.subnet.canisterOverhead, $0.subnet.executionOverhead) = (0, 0)
    }
    let first = try fixture.runtime.submit(to: fixture.id, method: "f", argument: [])
    fixture.runtime.executeRound()
    guard case .rejected = fixture.runtime.status(of: first) else {
      Issue.record("the first call has ended")
      return
    }
    // Its cleanup takes seven million of the seven that there are; a second one is for the next round.
    let messages = try (0..<2).map { _ in try fixture.runtime.submit(to: fixture.id, method: "f", argument: []) }
    fixture.runtime.executeRound()
    let answered = messages.count { fixture.runtime.status(of: $0)?.isAnswered == true }
    #expect(answered == 1)
  }

  /// Messages to the management canister are part of a round's block.
  @Test func managementMessagesOfABlock() throws {
    let runtime = Self.runtime { $0.ingressPerRound = 3 }
    let id = try runtime.createCanister()
    let argument = try encodeArguments(
      parseArguments("(record { canister_id = principal \"\(id)\"; settings = record {} })"))
    let messages = try (0..<8).map { _ in
      try runtime.submit(to: .managementCanister, method: "update_settings", argument: argument)
    }
    var answered: [Int] = []
    for _ in 0..<3 {
      runtime.executeRound()
      answered.append(messages.count { runtime.status(of: $0)?.isAnswered == true })
      let stored = try CanisterRuntime(state: runtime.state(), runtime.configuration)
      #expect(stored.stateHash() == runtime.stateHash())
    }
    #expect(answered == [3, 6, 8])
  }

  /// The limit that controllers set comes before that of the subnet.
  @Test func orderOfMemoryLimits() throws {
    let fixture = try Fixture(Wat(["msg_reply"], update("(drop (memory.grow (i32.const 100))) (call $msg_reply)"))) {
      ($0.subnet.subnetMemory, $0.subnet.callbackMemory) = (1 << 20, 0)
    }
    var change = SettingsChange()
    change.wasmMemoryLimit = 10 << 16
    try fixture.runtime.updateSettings(fixture.id, change)
    #expect(try fixture.execute().error?.code == .canisterWasmMemoryLimitExceeded)
  }
}
