// Installations that take several rounds: what others see meanwhile, what waits, and that the end is the same as in one go.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

@Suite struct SlicedInstallationTests {
  private static let spin =
    "(loop (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 2000))))"

  /// A module that keeps its heap where it is told to: `version` is at 300, and each stage adds to a number of its own, in
  /// the heap and in stable memory, before and after a while; the last may fail then.
  private static func module(_ version: Int, failing: String = "", pages: Int = 1) -> Wat {
    func stage(_ place: Int) -> String {
      let add = "(i32.store8 (i32.const \(place)) (i32.add (i32.load8_u (i32.const \(place))) (i32.const 1)))"
      return """
        (local $i i32) \(add)
        (if (i64.eqz (call $stable64_size)) (then (drop (call $stable64_grow (i64.const 1)))))
        (call $stable64_write (i64.const \(place)) (i64.const \(place)) (i64.const 1))
        \(spin) \(add) (global.set $g (i32.add (global.get $g) (i32.const \(place))))
        (call $stable64_write (i64.const \(place + 8)) (i64.const \(place)) (i64.const 1))
        """
    }
    let start = "(local $i i32) (i32.store8 (i32.const 0) (i32.add (i32.load8_u (i32.const 0)) (i32.const 1))) \(spin)"
    return Wat(
      ["msg_reply_data_append", "msg_reply", "stable64_size", "stable64_grow", "stable64_write", "stable64_read"],
      memory: "(memory \(pages))",
      """
      (@custom "icp:private enhanced-orthogonal-persistence" "")
      (data (i32.const 300) "\(version)")
      (global $g (mut i32) (i32.const 0))
      (func $start \(start)) (start $start)
      (func (export "canister_init") \(stage(1)))
      (func (export "canister_pre_upgrade") \(stage(2)))
      (func (export "canister_post_upgrade") \(stage(3)) \(failing))
      (func (export "canister_update inc") \(stage(4)) (call $msg_reply))
      (func (export "canister_query get")
        (i32.store (i32.const 100) (global.get $g))
        (if (i64.ne (call $stable64_size) (i64.const 0))
          (then (call $stable64_read (i64.const 200) (i64.const 0) (i64.const 16))))
        (call $msg_reply_data_append (i32.const 0) (i32.const 400)) (call $msg_reply))
      """)
  }

  private static let modes: [InstallMode] = [
    .reinstall, .upgrade(UpgradeOptions(keepsHeap: true)), .upgrade(UpgradeOptions(keepsHeap: false)),
    .upgrade(UpgradeOptions(skipsPreUpgrade: true, keepsHeap: true)),
  ]

  private func fixture(slice: UInt64, cycles: Cycles = 1 << 80) throws -> Fixture {
    let fixture = try Fixture(Self.module(1), { $0.subnet.installSliceInstructions = slice }, cycles: cycles)
    _ = try fixture.runtime.call(fixture.id, "inc", [])
    return fixture
  }

  private func install(_ id: Principal, _ module: Wat, _ mode: InstallMode) -> [UInt8] {
    var text = mode.name
    if case .upgrade(let options) = mode {
      text +=
        " = opt record { skip_pre_upgrade = opt \(options.skipsPreUpgrade); "
        + "wasm_memory_persistence = opt variant { \(options.keepsHeap ?? false ? "keep" : "replace") } }"
    }
    let record =
      "(record { mode = variant { \(text) }; canister_id = principal \"\(id)\"; wasm_module = \(blob(module.bytes)); "
      + "arg = blob \"\" })"
    let types = ManagementInterface.methods["install_code"]!.arguments
    return try! encodeArguments(parseArguments(record, as: types), as: types)
  }

  /// The end is that of an installation in one go; until then everybody sees the old canister.
  @Test(arguments: modes, [0, 1, 2])
  func endsAsInOneGo(mode: InstallMode, end: Int) throws {
    let new = Self.module(2, failing: ["", "(unreachable)", "(loop (br 0))"][end], pages: 3)
    let (whole, sliced) = (try fixture(slice: 2_000_000_000), try fixture(slice: 5_000))
    let fails = end > 0 && mode.name == "upgrade"
    let expected = fails && end == 2 ? nil : failure { try whole.runtime.install(whole.id, new.bytes, mode: mode) }
    let id = sliced.id
    let runtime = sliced.runtime
    let old = try runtime.query(id, "get", [])
    let heap = try runtime.heap(of: id, at: 0, count: 1 << 16)
    let before = try runtime.state(of: id)
    let message = try runtime.submit(
      to: .managementCanister, method: "install_code", argument: install(id, new, mode))
    runtime.executeRound()
    let update = try runtime.submit(to: id, method: "inc", argument: [])
    var rounds = 1
    while runtime.status(of: message) == .received {
      let hash = runtime.stateHash()
      #expect(try runtime.query(id, "get", []) == old)
      #expect(try runtime.heap(of: id, at: 0, count: 1 << 16) == heap)
      #expect(try runtime.heap(of: id, at: 1 << 16, count: 1) == nil)
      #expect(try runtime.state(of: id).version == before.version)
      #expect(try runtime.module(of: id)?.hash == whole.moduleHash(Self.module(1)))
      #expect(runtime.status(of: update) == .received)
      #expect(runtime.stateHash() == hash)
      #expect(!runtime.isIdle)
      runtime.executeRound()
      rounds += 1
      if end == 2 && rounds > 60 { break }
    }
    if end == 2 && fails {
      // It would go on for long; what is given up leaves no trace either.
      #expect(runtime.status(of: message) == .received)
      try runtime.uninstall(id)
      guard case .rejected(let reject) = runtime.status(of: message) else { return #expect(Bool(false)) }
      #expect(reject.error == .canisterRejectedMessage)
      #expect(try runtime.state(of: id).heapBytes == 0)
      return
    }
    #expect(rounds > 4)
    if fails {
      guard case .rejected(let reject) = runtime.status(of: message) else { return #expect(Bool(false)) }
      #expect(reject.error == expected?.code)
      #expect(expected?.code == .canisterTrapped)
      #expect(try runtime.module(of: id)?.hash == whole.moduleHash(Self.module(1)))
    } else {
      #expect(expected == nil)
      #expect(runtime.status(of: message) == .replied([0x44, 0x49, 0x44, 0x4C, 0, 0]))
    }
    runtime.executeRound()
    #expect(runtime.status(of: update) == .replied([]))
    _ = try whole.runtime.call(whole.id, "inc", [])
    #expect(try runtime.query(id, "get", []) == whole.runtime.query(whole.id, "get", []))
    #expect(try runtime.heap(of: id, at: 0, count: 1 << 16) == whole.runtime.heap(of: id, at: 0, count: 1 << 16))
    #expect(
      try runtime.stableMemory(of: id, at: 0, count: 100) == whole.runtime.stableMemory(of: id, at: 0, count: 100))
    let (one, other) = (try runtime.state(of: id), try whole.runtime.state(of: id))
    #expect(one.version == other.version)
    #expect(one.fixedMemory == other.fixedMemory)
    #expect(one.heapBytes == other.heapBytes)
    let bills = [runtime, whole.runtime].map { $0.takeReports().filter { $0.name == "install_code" } }
    #expect(bills[0].map(\.instructions) == bills[1].map(\.instructions))
    #expect(bills[0].map(\.dirtyPages) == bills[1].map(\.dirtyPages))
    #expect(bills[0].map(\.cycles) == bills[1].map(\.cycles))
  }

  /// Wherever it stands, a stored state begins it anew, to the same end; and nothing else differs.
  @Test(arguments: modes) func storedStatesBeginAnew(mode: InstallMode) throws {
    let whole = try fixture(slice: 2_000_000_000)
    try whole.runtime.install(whole.id, Self.module(2).bytes, mode: mode)
    let sliced = try fixture(slice: 7_000)
    var runtime = sliced.runtime
    let message = try runtime.submit(
      to: .managementCanister, method: "install_code", argument: install(sliced.id, Self.module(2), mode))
    var length = 0
    var isBegunAnew = false
    while runtime.status(of: message) == .received {
      runtime.executeRound()
      length += 1
      let stored = runtime.state()
      let restored = try CanisterRuntime(state: stored, runtime.configuration)
      #expect(restored.stateHash() == runtime.stateHash())
      #expect(restored.state() == stored)
      #expect(try restored.query(sliced.id, "get", []) == runtime.query(sliced.id, "get", []))
      if length == 3 && !isBegunAnew {
        runtime = restored
        isBegunAnew = true
      }
    }
    #expect(length > 6)
    #expect(try runtime.query(sliced.id, "get", []) == whole.runtime.query(sliced.id, "get", []))
    #expect(
      try runtime.heap(of: sliced.id, at: 0, count: 1 << 16) == whole.runtime.heap(of: sliced.id, at: 0, count: 1 << 16)
    )
    #expect(try runtime.state(of: sliced.id).version == whole.runtime.state(of: sliced.id).version)
  }

  /// The host's own installation executes rounds to the end, and one is under way at a time.
  @Test func hostWaits() throws {
    let fixture = try fixture(slice: 5_000)
    let runtime = fixture.runtime
    let other = try runtime.createCanister()
    let message = try runtime.submit(
      to: .managementCanister, method: "install_code", argument: install(fixture.id, Self.module(2), .reinstall))
    runtime.executeRound()
    let round = runtime.round
    try runtime.install(other, Self.module(3).bytes)
    #expect(runtime.round > round + 8)
    #expect(runtime.status(of: message)?.isAnswered ?? false)
    #expect(try runtime.query(other, "get", [])[300] == 0x33)
    #expect(try runtime.query(fixture.id, "get", [])[300] == 0x32)
    #expect(
      failure {
        try runtime.install(
          other, Self.module(4, failing: "(unreachable)").bytes, mode: .upgrade(UpgradeOptions(keepsHeap: true)))
      }?.code == .canisterTrapped)
    #expect(try runtime.query(other, "get", [])[300] == 0x33)
  }

  /// Calls about a canister in which code is being installed wait, as do other installations; the rest doesn't.
  @Test func whatWaits() throws {
    let fixture = try fixture(slice: 5_000)
    let runtime = fixture.runtime
    let other = try runtime.createCanister()
    let argument = install(fixture.id, Self.module(2), .reinstall)
    let first = try runtime.submit(to: .managementCanister, method: "install_code", argument: argument)
    runtime.executeRound()
    func about(_ id: Principal) throws -> [UInt8] { try encodeArguments([.record(["canister_id": .principal(id)])]) }
    let status = try runtime.submit(to: .managementCanister, method: "canister_status", argument: about(fixture.id))
    let stop = try runtime.submit(to: .managementCanister, method: "stop_canister", argument: about(fixture.id))
    let second = try runtime.submit(
      to: .managementCanister, method: "install_code", argument: install(other, Self.module(3), .install))
    let free = try runtime.submit(to: .managementCanister, method: "canister_status", argument: about(other))
    runtime.executeRound()
    #expect(runtime.status(of: free)?.isAnswered ?? false)
    for id in [first, status, stop, second] { #expect(runtime.status(of: id) == .received) }
    #expect(failure { try runtime.install(fixture.id, Self.module(2).bytes, mode: .reinstall) } == nil)
    #expect(runtime.executeUntilIdle())
    for id in [first, status, stop, second] {
      guard case .replied = runtime.status(of: id) else { return #expect(Bool(false), "\(id)") }
    }
    #expect(try runtime.state(of: fixture.id).status == .stopped)
    // A wait can be too long.
    let third = try runtime.submit(
      to: .managementCanister, method: "install_code", argument: install(other, Self.module(2), .reinstall))
    runtime.executeRound()
    let late = try runtime.submit(to: .managementCanister, method: "canister_status", argument: about(other))
    runtime.advanceTime(by: 301_000_000_000)
    runtime.executeRound()
    guard case .rejected(let reject) = runtime.status(of: late) else { return #expect(Bool(false)) }
    #expect(reject.error == .ingressMessageTimeout)
    #expect(runtime.status(of: third) == .received)
  }

  /// A canister that installs code hears of it at the end, with its cycles.
  @Test func canistersAreAnsweredAtTheEnd() throws {
    let fixture = try Fixture(proxy) { $0.subnet.installSliceInstructions = 5_000 }
    let runtime = fixture.runtime
    let target = try runtime.createCanister(controller: fixture.id)
    _ = runtime.takeReports()
    let balance = try runtime.state(of: fixture.id).balance
    let argument = install(target, Self.module(2), .install)
    _ = try runtime.manage("install_code", argument, through: fixture.id, cycles: 1 << 70)
    #expect(runtime.round > 5)
    #expect(try runtime.query(target, "get", [])[300] == 0x32)
    let spent = balance - (try runtime.state(of: fixture.id).balance)
    #expect(spent < 1 << 60)
  }

  /// At the end the balance must have what storage needs, whatever became of it meanwhile.
  @Test func cyclesMayLackAtTheEnd() throws {
    let fixture = try fixture(slice: 5_000, cycles: 1 << 60)
    let runtime = fixture.runtime
    let message = try runtime.submit(
      to: .managementCanister, method: "install_code",
      argument: install(fixture.id, Self.module(2), .upgrade(UpgradeOptions(keepsHeap: true))))
    runtime.executeRound()
    var change = SettingsChange()
    change.freezingThreshold = .max
    try runtime.updateSettings(fixture.id, change)
    #expect(runtime.executeUntilIdle())
    guard case .rejected(let reject) = runtime.status(of: message) else { return #expect(Bool(false)) }
    #expect(reject.error == .insufficientCyclesInMemoryGrow)
    #expect(runtime.takeReports().last { $0.name == "install_code" }?.error?.code == reject.error)
    #expect(try runtime.heap(of: fixture.id, at: 300, count: 1) == [0x31])
  }
}

extension Fixture {
  fileprivate func moduleHash(_ module: Wat) throws -> [UInt8] { try runtime.prepare(module.bytes).hash }
}
