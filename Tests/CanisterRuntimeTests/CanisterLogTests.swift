// Logs of canisters: the newest records stay, and a record costs the same however many there are.

import CanisterRuntime
import Cannery
import SystemAPI
import Testing

@Suite struct CanisterLogTests {
  @Test func theNewestStay() {
    var log = CanisterLog(capacity: 1_000)
    for index in 0..<5_000 {
      log.append([UInt8](repeating: 7, count: index % 50), at: UInt64(index))
      #expect(log.byteCount == log.records.reduce(0) { $0 + $1.content.count + LogRecord.overhead })
      #expect(log.byteCount <= 1_000 && log.nextIndex == UInt64(index) + 1)
      #expect(log.records.last?.timestamp == UInt64(index))
    }
    #expect(log.records.map(\.index) == Array(5_000 - UInt64(log.records.count)..<5_000))
    #expect(log.records.allSatisfy { $0.content.count == Int($0.index % 50) })
    log.resize(to: 0)
    #expect(log.records.isEmpty && log.byteCount == 0)
    log.append([1], at: 1)
    #expect(log.records.isEmpty && log.nextIndex == 5_001)
    log.resize(to: 100)
    log.append([2], at: 2)
    #expect(log.records.map(\.content) == [[2]])
    log.clear()
    #expect(log.records.isEmpty && log.nextIndex == 5_002)
  }

  /// Where an execution logs more than there is room for, nothing older stays, however small: a gap would make the stored
  /// state one that can't be opened.
  @Test func overflowingExecutions() throws {
    var log = CanisterLog(capacity: 4_096)
    for index in 0..<3 { log.append([UInt8](repeating: 1, count: 10), at: UInt64(index)) }
    var execution = CanisterLog(capacity: 4_096)
    for _ in 0..<100 { execution.append([UInt8](repeating: 2, count: 100), at: 9) }
    log.append(execution)
    #expect(log.nextIndex == 103)
    #expect(log.records.map(\.index) == Array(103 - UInt64(log.records.count)..<103))
    #expect(log.records.allSatisfy { $0.timestamp == 9 } && log.records.count == 29)
    let module = Wat(
      ["debug_print", "msg_reply"],
      """
      (func (export "canister_update f") (local $i i32)
        (loop $l (call $debug_print (i32.const 100) (i32.const 100))
          (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100))))
        (call $debug_print (i32.const 300) (i32.const 20)) (call $msg_reply))
      (func (export "canister_update small") (call $debug_print (i32.const 300) (i32.const 20)) (call $msg_reply))
      """)
    let fixture = try Fixture(module)
    for method in ["small", "f", "small", "f", "f", "small"] {
      _ = try fixture.runtime.call(fixture.id, method, [])
      let stored = try CanisterRuntime(state: fixture.runtime.state())
      #expect(stored.stateHash() == fixture.runtime.stateHash())
    }
  }

  @Test func fullLogs() {
    func time(_ log: inout CanisterLog) -> Duration {
      (0..<5).map { _ in
        ContinuousClock().measure { for _ in 0..<2_000 { log.append([] as [UInt8], at: 0) } }
      }.min() ?? .zero
    }
    var (small, large) = (CanisterLog(capacity: 4_096), CanisterLog(capacity: 2 << 20))
    for _ in 0..<53_000 { large.append([] as [UInt8], at: 0) }
    let before = time(&small)
    #expect(time(&large) < before * 4)
    #expect(large.records.count == (2 << 20) / LogRecord.overhead)
  }
}
