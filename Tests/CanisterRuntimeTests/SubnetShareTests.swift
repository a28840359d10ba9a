// What the subnet has, it has once: executions of one round don't take more of it together than there is.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

@Suite struct SubnetShareTests {
  /// `grow` takes 100 GiB of stable memory, or fails; `call` makes 100 calls to itself, whose callbacks grow by as much.
  private static let module = Wat(
    ["msg_reply", "stable64_grow", "call_new", "call_perform", "canister_self_copy", "msg_arg_data_size"],
    """
    (table funcref (elem $onReply $grow))
    (data (i32.const 16) "answer")
    (func $grow (export "canister_update grow")
      (if (i64.lt_s (call $stable64_grow (i64.const 1638400)) (i64.const 0)) (then (unreachable)))
      (call $msg_reply))
    (func (export "canister_update grow_slowly")
      (local $i i32)
      (call $grow)
      (loop (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 60000)))))
    (func (export "canister_update grow_and_trap")
      (local $i i32)
      (call $grow)
      (loop (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 60000))))
      (unreachable))
    (func $onReply (param i32) (call $grow))
    (func (export "canister_update answer") (call $msg_reply))
    (func (export "canister_update call")
      (local $i i32)
      (call $canister_self_copy (i32.const 0) (i32.const 0) (i32.const 10))
      (loop $next
        (call $call_new (i32.const 0) (i32.const 10) (i32.const 16) (i32.const 6) (i32.const 0) (i32.const 0)
          (i32.const 0) (i32.const 0))
        (if (call $call_perform) (then (unreachable)))
        (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100)))))
    """)

  private func runtime(
    _ count: Int, threads: Int, _ configure: (inout SubnetConfiguration) -> Void
  ) throws -> (CanisterRuntime, [Principal]) {
    var configuration = RuntimeConfiguration()
    configuration.threads = threads
    configure(&configuration.subnet)
    let runtime = CanisterRuntime(configuration)
    let ids = try (0..<count).map { _ in
      let id = try runtime.createCanister(cycles: 1 << 100)
      try runtime.install(id, Self.module.bytes)
      return id
    }
    return (runtime, ids)
  }

  /// How many calls of `method`, one to each canister in the same round, succeed.
  private func succeeding(_ runtime: CanisterRuntime, _ ids: [Principal], _ method: String, each: Int = 1) throws -> Int
  {
    let messages = try ids.flatMap { id in
      try (0..<each).map { _ in try runtime.submit(to: id, method: method, argument: []) }
    }
    runtime.executeRound()
    return messages.count { if case .replied = runtime.status(of: $0) { true } else { false } }
  }

  /// Sixteen canisters, or one in as many messages, share a subnet that has room for nine; four cores have each a quarter.
  @Test(arguments: [1, 16], [1, 4]) func memory(canisters: Int, threads: Int) throws {
    let (runtime, ids) = try runtime(canisters, threads: threads) {
      $0.subnetMemory = 1_000 << 30
      $0.callbackMemory = 50 << 30
      $0.stableLimit = 2_000 << 30
      $0.reservationThreshold = 1_000 << 30
    }
    let count = try succeeding(runtime, ids, "grow", each: 16 / canisters)
    #expect(count == (canisters == 1 ? 9 : 8))
    // The rest is there in the next round, for one that is alone.
    #expect(try succeeding(runtime, [ids[0]], "grow") == 9 - count)
  }

  /// What a paused execution has taken is not there for others, until it has ended; and who else is ready doesn't matter.
  @Test func pausedExecutions() throws {
    let (runtime, ids) = try runtime(3, threads: 1) {
      $0.subnetMemory = 200 << 30
      $0.callbackMemory = 50 << 30
      $0.reservationThreshold = 1_000 << 30
      ($0.sliceInstructions, $0.roundInstructions) = (200_000, 100_000_000)
    }
    for method in ["grow_slowly", "grow_and_trap"] {
      let slow = try runtime.submit(to: ids[0], method: method, argument: [])
      runtime.executeRound()
      #expect(runtime.status(of: slow) == .processing)
      #expect(try succeeding(runtime, [ids[1]], "grow") == 0)
      while runtime.status(of: slow)?.isAnswered == false {
        for id in ids[1...] { _ = try runtime.submit(to: id, method: "answer", argument: []) }
        runtime.executeRound()
      }
      #expect((runtime.status(of: slow) == .replied([])) == (method == "grow_slowly"))
      // It has it, or gives it back.
      #expect(try succeeding(runtime, [ids[1]], "grow") == (method == "grow_slowly" ? 0 : 1))
      for id in ids[..<2] {
        try runtime.uninstall(id)
        try runtime.install(id, Self.module.bytes)
      }
    }
  }

  /// What an execution held that is given up is there for others.
  @Test func abortedExecutions() throws {
    let (runtime, ids) = try runtime(2, threads: 1) {
      $0.subnetMemory = 200 << 30
      $0.callbackMemory = 50 << 30
      $0.reservationThreshold = 1_000 << 30
      ($0.sliceInstructions, $0.roundInstructions) = (200_000, 100_000_000)
      ($0.checkpointInterval, $0.schedulerCores) = (1, 1)
    }
    var change = SettingsChange()
    change.memoryAllocation = 100 << 30
    let slow = try runtime.submit(to: ids[0], method: "grow_slowly", argument: [])
    runtime.executeRound()
    // It has begun, and was given up at the checkpoint.
    #expect(runtime.status(of: slow) == .processing)
    try runtime.updateSettings(ids[1], change)
  }

  /// Callbacks have memory of their own when there is nothing else.
  @Test func callbackMemory() throws {
    let (runtime, ids) = try runtime(1, threads: 1) {
      $0.subnetMemory = 1_000 << 30
      $0.callbackMemory = 901 << 30
      $0.reservationThreshold = 1_000 << 30
    }
    #expect(try succeeding(runtime, ids, "grow") == 0)
    _ = try runtime.call(ids[0], "call", [])
    #expect(try runtime.state(of: ids[0]).stableBytes >= 100 << 30)
  }

  /// Requests that wait and are larger than the largest response take room until they are executed.
  @Test func largeRequests() throws {
    let module = Wat(
      ["msg_reply", "call_new", "call_data_append", "call_perform", "canister_self_copy", "msg_reply_data_append"],
      memory: "(memory 160)",
      """
      (table funcref (elem $done))
      (data (i32.const 16) "answer")
      (func $done (param i32) (call $msg_reply))
      (func (export "canister_update answer") (call $msg_reply))
      (func (export "canister_update f")
        (call $canister_self_copy (i32.const 0) (i32.const 0) (i32.const 10))
        (call $call_new (i32.const 0) (i32.const 10) (i32.const 16) (i32.const 6) (i32.const 0) (i32.const 0)
          (i32.const 0) (i32.const 0))
        (call $call_data_append (i32.const 0) (i32.const 10000000))
        (if (call $call_perform) (then (unreachable))))
      """)
    let fixture = try Fixture(module) {
      $0.subnet.guaranteedResponseMemory = 35_000_000
      $0.subnet.roundInstructions = 1
      $0.subnet.schedulerCores = 1
    }
    let messages = try (0..<5).map { _ in
      try fixture.runtime.submit(to: fixture.id, method: "f", argument: [])
    }
    // A message for each round, and ingress and requests take turns.
    for _ in 0..<30 { fixture.runtime.executeRound() }
    let statuses = messages.map { fixture.runtime.status(of: $0) }
    #expect(statuses.allSatisfy { $0 == .replied([]) })
    // Together they don't fit.
    let more = try Fixture(module) { $0.subnet.guaranteedResponseMemory = 35_000_000 }
    let all = try (0..<5).map { _ in try more.runtime.submit(to: more.id, method: "f", argument: []) }
    more.runtime.executeUntilIdle()
    #expect(all.count { more.runtime.status(of: $0) == .replied([]) } < 5)
  }

  @Test(arguments: [1, 8], ["responses", "callbacks"]) func calls(canisters: Int, limit: String) throws {
    let (runtime, ids) = try runtime(canisters, threads: 2) {
      if limit == "responses" { $0.guaranteedResponseMemory = 850 << 20 } else { $0.callbackPool = 400 }
      // Nobody answers in this round.
      $0.roundInstructions = 1
    }
    for id in ids {
      for _ in 0..<8 / canisters { _ = try runtime.submit(to: id, method: "call", argument: []) }
    }
    runtime.executeRound()
    let held = try ids.reduce(0) { try $0 + runtime.state(of: $1).messageMemory }
    #expect(held > 0)
    #expect(held <= (limit == "responses" ? 850 << 20 : UInt64(400 + 50 * canisters) * (2 << 20)))
  }
}
