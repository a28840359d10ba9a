// What the host hears when canisters print.

import Candid
import CanisterRuntime
import Cannery
import Synchronization
import SystemAPI
import Testing

@Suite struct DebugPrintTests {
  /// What was printed, in order.
  final class Printed: Sendable {
    private let texts = Mutex<[String]>([])
    func append(_ canister: Principal, _ text: [UInt8]) {
      texts.withLock { $0.append("\(canister) \(String(decoding: text, as: UTF8.self))") }
    }
    var all: [String] { texts.withLock { $0 } }
  }

  @Test func failuresAndQueriesPrintToo() throws {
    let printed = Printed()
    let print = "(call $debug_print (i32.const 0) (i32.const 5))"
    let module = Wat(
      ["debug_print", "msg_reply"],
      """
      (data (i32.const 0) "hello")
      (func (export "canister_update f") \(print) (call $msg_reply))
      (func (export "canister_update fail") \(print) (unreachable))
      (func (export "canister_query see") \(print) (call $msg_reply))
      """)
    let fixture = try Fixture(module) { $0.debugPrint = { printed.append($0, $1) } }
    _ = try fixture.runtime.call(fixture.id, "f", [])
    #expect(throws: CanisterReject.self) { try fixture.runtime.call(fixture.id, "fail", []) }
    _ = try fixture.runtime.query(fixture.id, "see", [])
    #expect(printed.all == [String](repeating: "\(fixture.id) hello", count: 3))
  }
}
