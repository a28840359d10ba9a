// States that somebody has made up, with the right checksum: they are refused, or what goes on from them doesn't fail.

import Candid
import CanisterRuntime
import Cannery
import Foundation
import SystemAPI
import Testing

@Suite struct ForgedStateTests {
  /// `call` calls `answer` of the canister that the argument names; `answer` takes all cycles.
  private static let worker = Wat(
    [
      "msg_reply", "msg_arg_data_size", "msg_arg_data_copy", "call_new", "call_perform", "call_cycles_add128",
      "msg_cycles_accept128", "performance_counter", "debug_print", "stable64_grow", "stable64_write",
      "global_timer_set", "certified_data_set", "canister_version",
    ],
    """
    (table funcref (elem $onAnswer))
    (data (i32.const 0) "answer")
    (func $spin
      (local $i i32)
      (loop (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10000)))))
    (func (export "canister_update answer")
      (drop (call $performance_counter (i32.const 1)))
      (call $msg_cycles_accept128 (i64.const -1) (i64.const -1) (i32.const 64))
      (call $msg_reply))
    (func (export "canister_update call")
      (call $msg_arg_data_copy (i32.const 100) (i32.const 0) (call $msg_arg_data_size))
      (call $call_new (i32.const 100) (call $msg_arg_data_size) (i32.const 0) (i32.const 6)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
      (call $call_cycles_add128 (i64.const 0) (i64.const 1000))
      (drop (call $call_perform)))
    (func $onAnswer (param i32)
      (drop (call $performance_counter (i32.const 1)))
      (call $msg_cycles_accept128 (i64.const -1) (i64.const -1) (i32.const 64))
      (call $msg_reply))
    (func (export "canister_update spin")
      (call $spin)
      (call $msg_cycles_accept128 (i64.const -1) (i64.const -1) (i32.const 64))
      (drop (call $canister_version)) (call $msg_reply))
    (func (export "canister_update print") (call $debug_print (i32.const 0) (i32.const -1)))
    (func (export "canister_update say") (call $debug_print (i32.const 0) (i32.const 6)) (call $msg_reply))
    (func (export "canister_update grow") (drop (memory.grow (i32.const 1))) (call $msg_reply))
    (func (export "canister_update grow_stable")
      (drop (call $stable64_grow (i64.const 1)))
      (call $stable64_write (i64.const 5) (i64.const 0) (i64.const 6)) (call $msg_reply))
    (func (export "canister_update certify")
      (call $certified_data_set (i32.const 0) (i32.const 6))
      (drop (call $global_timer_set (i64.const 1))) (call $msg_reply))
    (func (export "canister_query ask") (call $msg_reply))
    (func (export "canister_global_timer"))
    (func (export "canister_pre_upgrade") (call $spin))
    """)

  private static var configuration: RuntimeConfiguration {
    var configuration = RuntimeConfiguration()
    configuration.subnet.sliceInstructions = 5_000
    configuration.subnet.installSliceInstructions = 5_000
    // So that growing reserves cycles.
    configuration.subnet.reservationThreshold = 0
    return configuration
  }

  /// A state with something of everything: executions and an installation that are paused, messages and responses that
  /// wait, calls, a canister that is stopping, snapshots, chunks. The last canister executes.
  private static func makeState() throws -> (state: [UInt8], runtime: CanisterRuntime) {
    let runtime = CanisterRuntime(configuration)
    var change = SettingsChange()
    change.reservedCyclesLimit = .max
    let ids = try (0..<4).map { _ in
      let id = try runtime.createCanister(change, cycles: 1 << 100)
      try runtime.install(id, worker.bytes)
      for method in ["say", "grow_stable", "certify"] { _ = try runtime.call(id, method, []) }
      return id
    }
    _ = try runtime.takeSnapshot(of: ids[0])
    _ = try runtime.query(ids[0], "ask", [])
    try runtime.manage(
      "upload_canister_snapshot_metadata",
      """
      (record {
        canister_id = principal "\(ids[0])"; wasm_module_size = 9; globals = vec {}; wasm_memory_size = 65536;
        stable_memory_size = 65536; certified_data = blob "ab"
      })
      """)
    try runtime.manage("upload_chunk", "(record { canister_id = principal \"\(ids[0])\"; chunk = blob \"abc\" })")
    // The first waits for the second, which is paused, and is stopping; the third is paused with a response waiting, and
    // the last with a request.
    func submit(_ id: Principal, _ method: String, _ argument: Principal? = nil) throws {
      _ = try runtime.submit(to: id, method: method, argument: argument?.bytes ?? [], cycles: 500)
    }
    try submit(ids[3], "spin")
    try submit(ids[0], "call", ids[3])
    try submit(ids[2], "call", ids[0])
    try submit(ids[2], "spin")
    _ = try runtime.submit(to: .managementCanister, method: "install_code", argument: upgrade(ids[1], worker.bytes))
    runtime.executeRound()
    let stop = "(record { canister_id = principal \"\(ids[0])\" })"
    _ = try runtime.submit(
      to: .managementCanister, method: "stop_canister", argument: encodeArguments(parseArguments(stop)))
    runtime.executeRound()
    _ = try runtime.submit(to: .managementCanister, method: "install_code", argument: upgrade(ids[1], worker.bytes))
    try submit(ids[3], "say")
    return (runtime.state(), runtime)
  }

  private static func sealed(_ body: [UInt8]) -> [UInt8] { body + body.withUnsafeBytes { SHA256.hash($0).bytes } }

  private static func leb(_ value: UInt128) -> [UInt8] {
    var (value, bytes) = (value, [UInt8]())
    while value >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
      value >>= 7
    }
    return bytes + [UInt8(value)]
  }

  /// Goes on from a state, if it is one, with whatever adds to what it holds. Returns whether it was one.
  private static func goOn(_ state: [UInt8]) throws -> Bool {
    guard let runtime = try? CanisterRuntime(state: state, configuration) else { return false }
    func call(_ id: Principal, _ method: String, _ argument: [UInt8] = []) {
      _ = try? runtime.call(id, method, argument, cycles: 700, rounds: 2)
    }
    runtime.executeRound()
    runtime.advanceTime(by: 20_000_000_000)
    for _ in 0..<3 { runtime.executeRound() }
    var change = SettingsChange()
    change.computeAllocation = 1
    change.memoryAllocation = 1 << 30
    _ = try? runtime.createCanister(change, cycles: 1 << 100)
    for id in runtime.canisterIDs {
      _ = try? runtime.query(id, "ask", [])
      try? runtime.start(id)
      for method in ["print", "say", "grow", "grow_stable"] { call(id, method) }
      call(id, "call", id.bytes)
      _ = try? runtime.state(of: id).freezingBalance(configuration.subnet)
      try? runtime.updateSettings(id, change)
      _ = try? runtime.takeSnapshot(of: id)
      for snapshot in (try? runtime.snapshots(of: id)) ?? [] {
        try? runtime.loadSnapshot(snapshot.id, onto: id)
        try? runtime.deleteSnapshot(snapshot.id, of: id)
      }
    }
    runtime.executeRound()
    for id in runtime.canisterIDs {
      try? runtime.uninstall(id)
      runtime.advanceTime(by: 1_000_000_000)
      runtime.executeRound()
    }
    // What becomes of it is a state again.
    let end = runtime.state()
    #expect(throws: Never.self) { try CanisterRuntime(state: end, configuration) }
    return true
  }

  @Test func theStateGoesOn() throws {
    let (state, runtime) = try Self.makeState()
    #expect(try CanisterRuntime(state: state, Self.configuration).state() == state)
    #expect(try Self.goOn(state))
    // What is needed for the other tests.
    #expect(!runtime.isIdle)
  }

  /// Messages with the numbers of those that come next.
  @Test func numbersOfMessages() throws {
    let (state, runtime) = try Self.makeState()
    let stored = Array(state.dropLast(32))
    let next = try #require(runtime.canisterIDs.last?.canisterNumber) + 1
    let head = [runtime.time, runtime.round, 0, next].flatMap { Self.leb(UInt128($0)) }
    let start = try #require(stored.indices.first { stored[$0...].starts(with: head) }) + head.count
    let end = try #require(stored[start...].firstIndex { $0 < 0x80 }) + 1
    #expect(try Self.goOn(Self.sealed(stored[..<start] + Self.leb(1 << 44) + stored[end...])))
    #expect(try !Self.goOn(Self.sealed(stored[..<start] + [2] + stored[end...])))
  }

  /// A canister that executes, without its module.
  @Test func nothingToExecute() throws {
    let (state, runtime) = try Self.makeState()
    let last = try #require(runtime.canisterIDs.last)
    let hash = try #require(try runtime.module(of: last)).hash
    let machine = [1, UInt8(hash.count)] + hash
    let place = try #require(state.indices.last { state[$0...].starts(with: machine) })
    // Neither module nor statistics of queries follow.
    #expect(try !Self.goOn(Self.sealed(state[..<place] + [0, 0])))
  }

  /// Each number in turn becomes a large one, which takes more bytes.
  @Test func largeNumbers() throws {
    let (state, runtime) = try Self.makeState()
    let stored = Array(state.dropLast(32))
    // Modules and artifacts stand in front, and have tests of their own.
    let head = Self.leb(UInt128(runtime.time)) + Self.leb(UInt128(runtime.round))
    let first = try #require(stored.indices.first { stored[$0...].starts(with: head) })
    var accepted = 0
    for position in Self.numberEnds(stored, from: first) {
      for value in Self.values {
        // Bytes in front that go on may be parts of the number, or the end of something else.
        for start in Set([position, Self.numberStart(stored, position)]) {
          let forged = stored[..<start] + Self.leb(value) + stored[(position + 1)...]
          if try Self.goOn(Self.sealed(Array(forged))) { accepted += 1 }
        }
      }
    }
    #expect(accepted > 10)
  }

  private static let values: [UInt128] = [1 << 44, 1 << 61, 1 << 63 - 1, 1 << 64 - 1, .max]

  /// Where numbers may end: not in the zeros of pages. Unoptimized builds try some of them, in each run the same.
  private static func numberEnds(_ bytes: [UInt8], from first: Int) -> [Int] {
    #if DEBUG
    let spacing = 15
    #else
    let spacing = 1
    #endif
    return (first..<bytes.count).filter { position in
      (position * 7_919) % 31 % spacing == 0 && bytes[position] < 0x80
        && bytes[max(position - 8, 0)..<min(position + 8, bytes.count)].contains { $0 != 0 }
    }
  }

  private static func numberStart(_ bytes: [UInt8], _ end: Int) -> Int {
    var start = end
    while start > 0, end - start < 18, bytes[start - 1] >= 0x80 { start -= 1 }
    return start
  }
}
