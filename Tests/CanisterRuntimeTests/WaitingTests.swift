// Letting time pass: what is due on the way happens, and answers that take a while come.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

@Suite struct WaitingTests {
  let runtime = CanisterRuntime()
  let id: Principal

  init() throws {
    id = try runtime.createCanister()
    try runtime.install(id, WaitingTests.module.bytes)
  }

  /// `repeat` sets a timer that goes off each second; `random` answers when the management canister has; `slow` sets one
  /// far away.
  private static let module = Wat(
    [
      "msg_reply_data_append", "msg_reply", "global_timer_set", "time", "call_new", "call_data_append", "call_perform",
      "msg_arg_data_size",
    ],
    """
    (table funcref (elem $onReply))
    (data (i32.const 16) "raw_rand")
    (data (i32.const 32) "DIDL\\00\\00")
    (func $again (drop (call $global_timer_set (i64.add (call $time) (i64.const 1000000000)))))
    (func (export "canister_update repeat") (call $again) (call $msg_reply))
    (func (export "canister_update slow")
      (drop (call $global_timer_set (i64.add (call $time) (i64.const 900000000000)))) (call $random))
    (func (export "canister_global_timer")
      (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1))) (call $again))
    (func (export "canister_query count")
      (call $msg_reply_data_append (i32.const 0) (i32.const 4)) (call $msg_reply))
    (func $random (export "canister_update random")
      (call $call_new (i32.const 0) (i32.const 0) (i32.const 16) (i32.const 8) (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.const 0))
      (call $call_data_append (i32.const 32) (i32.const 6))
      (drop (call $call_perform)))
    (func $onReply (param i32)
      (i32.store (i32.const 8) (call $msg_arg_data_size))
      (call $msg_reply_data_append (i32.const 8) (i32.const 1)) (call $msg_reply))
    """)

  private var count: UInt8 { get throws { try runtime.query(id, "count", [])[0] } }

  @Test func whatIsDueOnTheWayIsExecuted() throws {
    #expect(runtime.nextDeadline == nil)
    _ = try runtime.call(id, "repeat", [])
    let due = try #require(runtime.nextDeadline)
    #expect(due > runtime.time && due <= runtime.time + 1_000_000_000)
    let before = runtime.time
    runtime.advanceTime(by: 10_500_000_000, rounds: 1_000)
    #expect(runtime.time == before + 10_500_000_000)
    #expect(try count == 10)
    // Not for ever.
    runtime.advanceTime(by: 100_000_000_000, rounds: 20)
    #expect(try count == 31)
    #expect(runtime.time == before + 110_500_000_000)
    // Time ends somewhere, and nothing overflows there.
    runtime.advanceTime(by: .max, rounds: 3)
    runtime.advanceTime(by: .max, rounds: 3)
  }

  @Test func answersAreWaitedFor() throws {
    let message = try runtime.submit(to: id, method: "slow", argument: [])
    #expect(throws: RuntimeError.noAnswer(rounds: 1)) { try runtime.answer(to: message, rounds: 1) }
    #expect(runtime.status(of: message) == .processing)
    // It goes on from there, also after the state was stored.
    let later = try CanisterRuntime(state: runtime.state())
    #expect(try later.answer(to: message).count == 1)
    #expect(try later.answer(to: message).count == 1)
    later.forget(message)
    #expect(throws: RuntimeError.noAnswer(rounds: 0)) { try later.answer(to: message) }
  }

  @Test func timeIsSetForwardToWhatIsDue() throws {
    _ = try runtime.call(id, "slow", [])
    let (time, round) = (runtime.time, runtime.round)
    // Too far ahead.
    #expect(!runtime.executeRounds(1_000, timeout: 100_000_000_000) { (try? count) != 0 })
    #expect(runtime.time < time + 100_000_000_000)
    #expect(runtime.executeRounds(1_000, timeout: 1_000_000_000_000) { (try? count) != 0 })
    #expect(runtime.time > time + 890_000_000_000)
    #expect(runtime.round < round + 5)
  }

  @Test func certificatesOfData() throws {
    let module = Wat(
      ["msg_reply_data_append", "msg_reply", "certified_data_set", "data_certificate_size", "data_certificate_copy"],
      """
      (func (export "canister_init") (call $certified_data_set (i32.const 200) (i32.const 3)))
      (data (i32.const 200) "abc")
      (func (export "canister_query f")
        (call $data_certificate_copy (i32.const 1000) (i32.const 0) (call $data_certificate_size))
        (call $msg_reply_data_append (i32.const 1000) (call $data_certificate_size)) (call $msg_reply))
      """)
    let id = try runtime.createCanister()
    try runtime.install(id, module.bytes)
    let certificate = try runtime.query(id, "f", [])
    // The tag, a map of two, and the tree: a fork of the canister's data and the time.
    #expect(certificate.starts(with: [0xD9, 0xD9, 0xF7, 0xA2, 0x64] + Array("tree".utf8) + [0x83, 1, 0x83, 2, 0x48]))
    let leaf: [UInt8] = [0x83, 2, 0x4E] + Array("certified_data".utf8) + [0x82, 3, 0x43, 0x61, 0x62, 0x63]
    #expect(certificate.indices.contains { certificate[$0...].starts(with: leaf) })
    #expect(certificate.suffix(50).starts(with: [0x58, 48, 0]))
    runtime.dataCertificate = { _, _ in nil }
    #expect(throws: CanisterReject.self) { try runtime.query(id, "f", []) }
  }
}
