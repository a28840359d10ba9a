// Composite queries that call their own canister again and again, with growth, traps and cleanups, while nothing else
// happens and while an update or an upgrade of that canister is paused: each level sees exactly its own state, and the
// canister's state is that of a twin without queries.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

/// `down` of level n changes heap, stable memory, a global and a passive segment to what belongs to n, calls itself twice for
/// n - 1, and verifies in callbacks and cleanups that it finds all that again. Its argument is n, what is to happen, and the
/// canister's id. What is to happen: 1, the first callback changes everything and traps; 2, cleanups are functions of the System
/// API; 4, level 0 traps; 8, a callback is a function of the System API that traps.
private func nested(_ is64: Bool) -> Wat {
  let p = is64 ? "i64" : "i32"
  let size = is64 ? "(i32.wrap_i64 (memory.size))" : "(memory.size)"
  let n = is64 ? "(i64.extend_i32_u (local.get $n))" : "(local.get $n)"
  func c(_ n: Int) -> String { "(\(p).const \(n))" }
  let own = "(\(p).add \(c(65636)) (\(p).mul \(c(65536)) \(n)))"
  let ownStable = "(i64.add (i64.const 5) (i64.mul (i64.const 65536) (i64.extend_i32_u (local.get $n))))"
  let spin = "(loop (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 60000))))"
  func bit(_ bit: Int) -> String { "(i32.and (i32.load8_u \(c(201))) (i32.const \(bit)))" }
  return Wat(
    [
      "msg_arg_data_size", "msg_arg_data_copy", "msg_reply_data_append", "msg_reply", "call_new", "call_data_append",
      "call_perform", "call_on_cleanup", "stable64_grow", "stable64_write", "stable64_read", "stable64_size", "trap",
      "canister_cycle_balance128",
    ], memory: "(memory \(is64 ? "i64" : "") 2)", is64: is64,
    """
    (@custom "icp:private enhanced-orthogonal-persistence" "")
    (table funcref (elem $first $second $cleanup $onReject $canister_cycle_balance128))
    (global $g (mut i32) (i32.const 0))
    (data $passive "xyz")
    (data \(c(500)) "down") (data \(c(600)) "planned")
    (func (export "canister_init") (drop (call $stable64_grow (i64.const 1))))
    (func $same (param i32 i32) (if (i32.ne (local.get 0) (local.get 1)) (then (unreachable))))
    (func $verify (param $n i32)
      (call $same (i32.load8_u \(c(65636))) (local.get $n))
      (call $same \(size) (i32.add (i32.const 2) (local.get $n)))
      (call $same (i32.wrap_i64 (call $stable64_size)) (i32.add (i32.const 1) (local.get $n)))
      (call $stable64_read (i64.const 900) (i64.const 0) (i64.const 1))
      (call $same (i32.load8_u \(c(900))) (local.get $n))
      (i32.store8 \(c(900)) (i32.const 0))
      (call $same (global.get $g) (local.get $n))
      (if (i32.eqz (local.get $n)) (then (return)))
      (call $same (i32.load8_u \(own)) (local.get $n))
      (call $stable64_read (i64.const 900) \(ownStable) (i64.const 1))
      (call $same (i32.load8_u \(c(900))) (local.get $n))
      (i32.store8 \(c(900)) (i32.const 0)))
    (func $set (param $n i32)
      (drop (memory.grow \(n)))
      (i32.store8 \(c(65636)) (local.get $n))
      (i32.store8 \(own) (local.get $n))
      (drop (call $stable64_grow (i64.extend_i32_u (local.get $n))))
      (call $stable64_write (i64.const 0) (i64.const 65636) (i64.const 1))
      (call $stable64_write \(ownStable) (i64.const 65636) (i64.const 1))
      (data.drop $passive)
      (global.set $g (local.get $n)))
    (func $call (param $function \(p)) (param $environment \(p))
      (call $call_new \(c(202)) \(c(10)) \(c(500)) \(c(4))
        (local.get $function) (local.get $environment) \(c(3)) \(c(0)))
      (call $call_on_cleanup (if (result \(p)) \(bit(2)) (then \(c(4))) (else \(c(2)))) \(c(3000)))
      (call $call_data_append \(c(200)) \(c(12)))
      (if (call $call_perform) (then (unreachable))))
    (func (export "canister_composite_query down")
      (call $msg_arg_data_copy \(c(200)) \(c(0)) \(c(12)))
      (i32.store8 \(c(199)) (i32.load8_u \(c(200))))
      (memory.init $passive \(c(700)) (i32.const 0) (i32.const 3))
      (call $verify (i32.const 0))
      (if (i32.eqz (i32.load8_u \(c(200)))) (then
         (call $set (i32.const 9))
         (if \(bit(4)) (then (unreachable)))
         (call $msg_reply) (return)))
      (call $set (i32.load8_u \(c(199))))
      (i32.store8 \(c(200)) (i32.sub (i32.load8_u \(c(200))) (i32.const 1)))
      (if \(bit(8)) (then (call $call \(c(4)) \(c(100_000_000)))))
      (call $call \(c(0)) \(c(0)))
      (call $call \(c(1)) \(c(0))))
    (func $first (param \(p))
      (memory.init $passive \(c(700)) (i32.const 0) (i32.const 3))
      (call $verify (i32.load8_u \(c(199))))
      (if \(bit(1)) (then (call $set (i32.const 17)) (call $trap \(c(600)) \(c(7))))))
    (func $onReject (param \(p)) (call $verify (i32.load8_u \(c(199)))) (call $msg_reply))
    (func $cleanup (param \(p)) (call $verify (i32.load8_u \(c(199)))))
    (func $second (param \(p))
      (call $verify (i32.load8_u \(c(199))))
      (call $msg_reply_data_append \(c(199)) \(c(1)))
      (call $msg_reply))
    (func (export "canister_update spin") (local $i i32)
      (call $set (i32.const 0))
      (i32.store8 \(c(1000)) (i32.const 5))
      (i32.store8 \(c(66000)) (i32.const 5))
      \(spin)
      (call $stable64_write (i64.const 3000) (i64.const 1000) (i64.const 1))
      (call $msg_reply))
    (func (export "canister_pre_upgrade") (local $i i32)
      (i32.store8 \(c(1001)) (i32.const 5)) (global.set $g (i32.const 33)) \(spin))
    (func (export "canister_post_upgrade") (local $i i32)
      (i32.store8 \(c(1002)) (i32.const 5))
      (global.set $g (i32.const 0))
      (drop (memory.grow \(c(1))))
      (call $stable64_write (i64.const 3001) (i64.const 1002) (i64.const 1))
      \(spin))
    """)
}

@Suite struct NestedQueryTests {
  /// Every level down to `depth`, with everything that may happen. No verification fails, and nothing stays.
  private func queries(_ fixture: Fixture, depth: UInt8) throws {
    let runtime = fixture.runtime
    let hash = runtime.stateHash()
    for what in 0..<UInt8(16) {
      for level in 0...depth {
        _ = runtime.takeReports()
        let error = failure {
          let reply = try runtime.query(fixture.id, "down", [level, what] + fixture.id.bytes)
          #expect(reply == [] || reply == [level], "\(level) \(what) \(reply)")
        }
        #expect((error == nil) != (level == 0 && what & 4 != 0), "\(level) \(what) \(error?.message ?? "")")
        for case let report in runtime.takeReports() {
          guard let error = report.error, !error.message.contains("planned") else { continue }
          if what & 4 != 0 && report.name == "down" && error.message.contains("unreachable") { continue }
          if what & 8 != 0 && error.code == .canisterContractViolation { continue }
          if what & 8 != 0 && error.message.contains("out of bounds") { continue }
          Issue.record("\(level) \(what) \(report.name) \(error)")
        }
      }
    }
    #expect(runtime.stateHash() == hash)
  }

  /// A canister, and its twin.
  private func pair(_ is64: Bool, _ configure: (inout SubnetConfiguration) -> Void = { _ in }) throws -> [Fixture] {
    try (0..<2).map { _ in
      try Fixture(nested(is64)) {
        $0.subnet.compositeCallInstructions = 0
        configure(&$0.subnet)
      }
    }
  }

  @Test(arguments: [false, true]) func alone(is64: Bool) throws { try queries(pair(is64)[0], depth: 4) }

  @Test(arguments: [false, true]) func whileAnUpdateIsPaused(is64: Bool) throws {
    let pair = try pair(is64) { ($0.sliceInstructions, $0.roundInstructions) = (200_000, 200_000) }
    for _ in 0..<2 {
      let messages = try pair.map { try $0.runtime.submit(to: $0.id, method: "spin", argument: []) }
      for _ in 0..<2 {
        for fixture in pair { fixture.runtime.executeRound() }
        #expect(pair[0].runtime.status(of: messages[0]) == .processing)
        try queries(pair[0], depth: 2)
      }
      for (fixture, message) in zip(pair, messages) { #expect(try fixture.runtime.answer(to: message) == []) }
      #expect(pair[0].runtime.stateHash() == pair[1].runtime.stateHash())
    }
    try queries(pair[0], depth: 2)
  }

  @Test(arguments: [false, true], ["keep", "replace"]) func whileAnUpgradeIsPaused(is64: Bool, heap: String) throws {
    let pair = try pair(is64) { $0.installSliceInstructions = 200_000 }
    let text =
      "(record { mode = variant { upgrade = opt record { skip_pre_upgrade = opt false; wasm_memory_persistence = opt "
      + "variant { \(heap) } } }; canister_id = principal \"\(pair[0].id)\"; wasm_module = \(blob(nested(is64).bytes)); "
      + "arg = blob \"\" })"
    let types = try #require(ManagementInterface.methods["install_code"]).arguments
    let argument = try encodeArguments(parseArguments(text, as: types), as: types)
    let messages = try pair.map {
      try $0.runtime.submit(to: .managementCanister, method: "install_code", argument: argument)
    }
    var rounds = 0
    while pair[0].runtime.status(of: messages[0])?.isAnswered == false {
      for fixture in pair { fixture.runtime.executeRound() }
      rounds += 1
      if pair[0].runtime.status(of: messages[0])?.isAnswered == false { try queries(pair[0], depth: 1) }
    }
    #expect(rounds > 3)
    for (fixture, message) in zip(pair, messages) {
      guard case .replied = fixture.runtime.status(of: message) else {
        Issue.record("\(fixture.runtime.status(of: message) as Any)")
        continue
      }
    }
    #expect(pair[0].runtime.stateHash() == pair[1].runtime.stateHash())
  }
}
