// Heartbeats, timers and low-memory hooks: of canisters that have them and of those that don't, and of frozen ones.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

@Suite struct TaskTests {
  /// Counts its heartbeats, timers and hooks; `arm` sets the timer to a second later, or with an argument to an hour later.
  private static func module(timer: Bool = true, heartbeat: Bool = true, hook: Bool = false) -> Wat {
    func entry(_ name: String, _ place: Int) -> String {
      """
      (func (export "\(name)")
        (i32.store8 (i32.const \(place)) (i32.add (i32.load8_u (i32.const \(place))) (i32.const 1))))

      """
    }
    return Wat(
      ["msg_reply", "msg_reply_data_append", "msg_arg_data_size", "global_timer_set", "time"],
      """
      (func (export "canister_update arm")
        (drop (call $global_timer_set (i64.add (call $time)
          (select (i64.const 3600000000000) (i64.const 1000000000) (call $msg_arg_data_size)))))
        (call $msg_reply))
      (func (export "canister_query get") (call $msg_reply_data_append (i32.const 0) (i32.const 3)) (call $msg_reply))
      """ + (heartbeat ? entry("canister_heartbeat", 0) : "") + (timer ? entry("canister_global_timer", 1) : "")
        + (hook ? entry("canister_on_low_wasm_memory", 2) : ""))
  }

  private let runtime = CanisterRuntime()

  private func canister(_ module: Wat, _ cycles: Cycles = 1 << 80) throws -> Principal {
    let id = try runtime.createCanister(cycles: cycles)
    try runtime.install(id, module.bytes)
    return id
  }

  private func lowOnMemory(_ id: Principal) throws {
    var change = SettingsChange()
    change.wasmMemoryThreshold = 1 << 48
    try runtime.updateSettings(id, change)
  }

  /// A canister that is low on memory, and whose module may have a hook for that, does all else as others do.
  @Test(arguments: [false, true]) func lowMemory(hasHook: Bool) throws {
    let id = try canister(Self.module(hook: hasHook))
    try lowOnMemory(id)
    _ = try runtime.call(id, "arm", [])
    runtime.advanceTime(by: 1_000_000_000)
    for _ in 0..<20 { runtime.executeRound() }
    let counts = try runtime.query(id, "get", [])
    #expect(counts[0] >= 18 && counts[1] == 1 && counts[2] == (hasHook ? 1 : 0))
  }

  /// A canister for which nothing can be done doesn't hold up time.
  @Test(arguments: ["no timer", "frozen timer", "frozen hook", "no hook"]) func timeGoesOn(beside other: String) throws
  {
    let id = try canister(Self.module(heartbeat: false))
    let module = Self.module(
      timer: other == "frozen timer", heartbeat: false, hook: other == "frozen hook")
    let second = try canister(module, 1 << 50)
    if other.hasSuffix("hook") { try lowOnMemory(second) } else { _ = try runtime.call(second, "arm", []) }
    if other.hasPrefix("frozen") {
      var change = SettingsChange()
      change.freezingThreshold = 1 << 62
      try runtime.updateSettings(second, change)
    }
    _ = try runtime.call(id, "arm", [1])
    let start = runtime.time
    let isDone = runtime.executeRounds(10, timeout: 7_200_000_000_000) {
      (try? runtime.query(id, "get", [])[1]) == 1
    }
    #expect(isDone && runtime.time >= start + 3_590_000_000_000)
  }

  /// A request to stop ends by itself: whoever waits for it need not give up before.
  @Test func stopRequestsEnd() throws {
    let id = try canister(proxy)
    var change = SettingsChange()
    change.controllers = [id]
    try runtime.updateSettings(id, change)
    let before = runtime.time
    // It waits for itself.
    let stop = "(record { canister_id = principal \"\(id)\" })"
    let argument = try encodeArguments(
      parseArguments(stop), as: try #require(ManagementInterface.methods["stop_canister"]).arguments)
    let name = Array("stop_canister".utf8)
    let message = try runtime.submit(
      to: id, method: "call",
      argument: [0, UInt8(name.count)] + name + [UInt8](repeating: 0, count: 16) + argument)
    let reply = try runtime.answer(to: message, timeout: 400_000_000_000)
    #expect(String(decoding: reply.dropFirst(), as: UTF8.self) == "Stop canister request timed out")
    #expect(runtime.time >= before + 300_000_000_000)
  }
}
