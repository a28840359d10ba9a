// What executions of canisters are charged: the worked examples 10 to 21 of the metering rules (metering.md, section 11).
//
// Methods that don't answer fail with IC0506 after a successful execution; that is success here.

import Candid
import CanisterRuntime
import SystemAPI
import Testing

@Suite struct MeteringTests {
  private func check(
    _ module: Wat, limit: UInt64? = nil, argument: [UInt8] = [], kind: SubnetKind = .application,
    _ instructions: UInt64,
    error: ErrorCode? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let fixture = try Fixture(module) {
      $0.subnet = SubnetConfiguration(kind)
      if let limit { $0.subnet.messageInstructions = limit }
    }
    let report = try fixture.execute(argument)
    #expect(report.instructions == instructions, sourceLocation: sourceLocation)
    #expect(report.error?.code == error, sourceLocation: sourceLocation)
  }

  /// Examples 10 and 11: changed pages of the heap.
  @Test(arguments: [(false, 2_011 as UInt64), (true, 8_014)]) func dirtyPages(is64: Bool, instructions: UInt64) throws {
    let type = is64 ? "i64" : "i32"
    let module = Wat(
      [], memory: is64 ? "(memory i64 2)" : "(memory 2)", is64: is64,
      "(global $g (mut i64) (i64.const 0))"
        + update(
          """
          (i64.store (\(type).const 0) (i64.const 1)) (i64.store (\(type).const 4096) (i64.const 1))
          (global.set $g (i64.load (\(type).const 0)))
          """))
    try check(module, limit: 10_000, instructions)
    // Changed pages never fail a message; at most its limit is billed.
    try check(module, limit: 100, 100)
  }

  /// A page that is written with the bytes that it has is not changed.
  @Test func equalBytesAreNoChange() throws {
    try check(Wat([], update("(i64.store (i32.const 0) (i64.const 0))")), 4)
  }

  /// Examples 12 and 13: stable memory.
  @Test func stableMemory() throws {
    let wide = Wat(
      ["stable64_grow", "stable64_write", "stable64_read"],
      "(global $g (mut i64) (i64.const 0))"
        + update(
          """
          (drop (call $stable64_grow (i64.const 1)))
          (i64.store (i32.const 0) (i64.const 1)) (i64.store (i32.const 8) (i64.const 2))
          (call $stable64_write (i64.const 0) (i64.const 0) (i64.const 1))
          (call $stable64_write (i64.const 4096) (i64.const 0) (i64.const 1))
          (call $stable64_read (i64.const 60) (i64.const 0) (i64.const 1))
          (global.set $g (i64.load (i32.const 60)))
          """))
    try check(wide, limit: 10_000, 3_205)
    try check(wide, limit: 3_204, 3_204)
    let narrow = Wat(
      ["stable_grow", "stable_write", "stable_read"],
      "(global $g (mut i32) (i32.const 0))"
        + update(
          """
          (drop (call $stable_grow (i32.const 1)))
          (i32.store (i32.const 0) (i32.const 1)) (i32.store (i32.const 8) (i32.const 2))
          (call $stable_write (i32.const 0) (i32.const 0) (i32.const 1))
          (call $stable_write (i32.const 4096) (i32.const 0) (i32.const 1))
          (call $stable_read (i32.const 60) (i32.const 0) (i32.const 1))
          (global.set $g (i32.load (i32.const 60)))
          """))
    try check(narrow, limit: 10_000, 3_205)
  }

  /// Example 14: bytes that a call copies.
  @Test func copiedBytes() throws {
    let module = Wat(
      ["msg_arg_data_copy"], update("(call $msg_arg_data_copy (i32.const 0) (i32.const 0) (i32.const 1024))"))
    let argument = [UInt8](repeating: 0, count: 1024)
    try check(module, argument: argument, 1_533)
    try check(module, limit: 1_000, argument: argument, 1_000, error: .canisterInstructionLimitExceeded)
  }

  /// Example 15: the counter that a canister reads.
  @Test func performanceCounter() throws {
    let copy = "(call $msg_arg_data_copy (i32.const 0) (i32.const 0) (i32.const 1024))"
    let read = "(call $performance_counter (i32.const 0))"
    let module = Wat(
      ["msg_arg_data_copy", "performance_counter", "msg_reply_data_append", "msg_reply"],
      """
      (global $a (mut i64) (i64.const 0)) (global $b (mut i64) (i64.const 0))
      \(update(
        """
        \(copy) (drop (i32.const 0)) (global.set $a \(read)) (drop (i32.const 0)) (drop (i32.const 0)) \(copy)
        (global.set $b \(read))
        """))
      (func (export "canister_query counters")
        (i64.store (i32.const 0) (global.get $a)) (i64.store (i32.const 8) (global.get $b))
        (call $msg_reply_data_append (i32.const 0) (i32.const 16)) (call $msg_reply))
      """)
    let fixture = try Fixture(module)
    #expect(try fixture.execute([UInt8](repeating: 0, count: 1024)).instructions == 3_487)
    let bytes = try fixture.runtime.query(fixture.id, "counters", [])
    #expect(bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) } == 1_763)
    #expect(bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self) } == 3_487)
  }

  /// Examples 16 and 17: printing.
  @Test(arguments: [
    (0, 108 as UInt64), (1, 160), (10, 628), (42, 2_292), (100, 5_308), (1_000, 52_108), (10_000, 213_100),
  ])
  func printing(bytes: Int, instructions: UInt64) throws {
    let print = "(call $debug_print (i32.const 0) (i32.const \(bytes)))"
    try check(Wat(["debug_print"], update(print)), instructions)
    if bytes == 42 { try check(Wat(["debug_print"], update(print)), kind: .system, 2_334) }
    // The second one finds the log full.
    if bytes == 10_000 { try check(Wat(["debug_print"], update(print + print)), instructions + 8_300 - 1) }
  }

  /// Examples 18 and 19: operators, without and with 64-bit memory.
  @Test(arguments: [false, true]) func operators(is64: Bool) throws {
    let memory = is64 ? "(memory i64 1)" : "(memory 1)"
    let arithmetic = ["add", "sub", "mul", "div_s", "rem_s", "and", "or"]
      .map { "(drop (i64.\($0) (i64.const 1) (i64.const 1)))" }.joined()
    try check(Wat([], memory: memory, is64: is64, update(arithmetic)), 47)
    let type = is64 ? "i64" : "i32"
    let accesses =
      "(i64.store (\(type).const 0) (i64.const 0)) (i64.store (\(type).const 8) (i64.const 0)) "
      + "(drop (i64.load (\(type).const 0)))"
    try check(Wat([], memory: memory, is64: is64, update(accesses)), is64 ? 13 : 10)
  }

  /// Example 20: the stages of an installation, and compiling.
  @Test func installation() throws {
    let store = "(i32.store (i32.const 0) (i32.const 42))"
    let module = Wat(
      [],
      "(func $start \(store)) (start $start) (func (export \"canister_init\") (i32.store (i32.const 4) (i32.const 42)))"
    )
    let runtime = CanisterRuntime()
    let id = try runtime.createCanister()
    try runtime.install(id, module.bytes)
    // Two functions of four operators with ten added to each, 66 of helpers, and three globals at two each.
    let compiling: UInt64 = 6_000 * (2 * 14 + 66 + 6)
    #expect(runtime.takeReports().last?.instructions == 8 + 2_000 + compiling)
  }

  /// Example 21: the start function has the installation's limit.
  @Test func longStart() throws {
    let module = Wat(
      [], memory: "(memory 65536)",
      "(func $start (memory.fill (i32.const 0) (i32.const 0) (i32.const -1))) (start $start)")
    var configuration = RuntimeConfiguration()
    configuration.subnet.installInstructions = 4_000_000_000
    let runtime = CanisterRuntime(configuration)
    let id = try runtime.createCanister()
    #expect {
      try runtime.install(id, module.bytes)
    } throws: {
      ($0 as? CanisterError)?.code == .canisterInstructionLimitExceeded
    }
    #expect(try runtime.module(of: id) == nil)
  }
}
