// The rules for code, each by an edit that breaks it: what the verifier refuses.

import Cannery
import Compiler
import Testing

/// Functions with one of everything that has a rule. Defined functions, by number: 0 scalar, 1 loop, 2 caller, 3 indirect,
/// 4 pairs, 5 tail, 6 tailIndirect, 7 globals, 8 tables, 9 switch, 10 vectors, 11 float, 12 reference, 13 callReference,
/// 14 two, 15 none (with too many locals to stand in place of its calls), 16 step.
let sampleText = """
  (module
    (type $s (struct (field i32)))
    (type $unary (func (param i32) (result i32)))
    (type $pair (func (param i64 i64) (result i64 i64)))
    (import "env" "host" (func $host (param i32) (result i32)))
    (memory 1) (memory 1)
    (table $functions (export "functions") 4 funcref) (table $externs 4 externref)
    (global $mutable (mut i32) (i32.const 0)) (global $constant i32 (i32.const 7))
    (global $vector (mut v128) (v128.const i64x2 0 0))
    (data $d "abc") (elem $e func $host)
    (func $scalar (export "scalar") (param i32 i32) (result i32)
      (i32.store (i32.const 8) (i32.div_u (i32.add (local.get 0) (local.get 1)) (i32.const 3)))
      (i32.load 1 (local.get 1)))
    (func $loop (export "loop") (param i32) (result i32) (local i32)
      (loop
        (local.set 1 (i32.add (local.get 1) (local.get 0)))
        (br_if 0 (local.tee 0 (i32.shr_u (local.get 0) (i32.const 1)))))
      (local.get 1))
    (func $caller (param i32) (result i32) (i32.add (call $loop (local.get 0)) (call $host (local.get 0))))
    (func $indirect (param i32) (result i32)
      (call_indirect $functions (type $unary) (local.get 0) (local.get 0)))
    (func $pairs (export "pairs") (type $pair) (call $pairs (local.get 1) (local.get 0)))
    (func $tail (type $unary) (return_call $loop (local.get 0)))
    (func $tailIndirect (type $unary)
      (return_call_indirect $functions (type $unary) (local.get 0) (local.get 0)))
    (func $globals (param v128) (global.set $mutable (global.get $constant)) (global.set $vector (local.get 0)))
    (func $tables (export "tables") (param externref i32)
      (table.set $externs (local.get 1) (local.get 0))
      (drop (table.grow $externs (local.get 0) (local.get 1)))
      (table.init $functions $e (i32.const 0) (i32.const 0) (local.get 1))
      (elem.drop $e)
      (memory.init $d (i32.const 0) (i32.const 0) (local.get 1))
      (data.drop $d)
      (memory.fill (i32.const 0) (i32.const 0) (local.get 1)))
    (func $switch (param i32) (result i32)
      (block (block (block (br_table 0 1 2 (local.get 0))) (return (i32.const 10))) (return (i32.const 11)))
      (unreachable))
    (func $vectors (param v128 i32) (result i32)
      (i32x4.extract_lane 3 (i32x4.add (local.get 0) (i32x4.splat (local.get 1)))))
    (func $float (param f64) (result f64) (f64.sqrt (f64.add (local.get 0) (local.get 0))))
    (func $reference (result funcref) (ref.func $host))
    (func $callReference (export "callReference") (param i32 (ref null $unary)) (result i32)
      (call_ref $unary (local.get 0) (local.get 1)))
    (func $two (param i32 i64) (call $none) (global.set $mutable (local.get 0)) (call $none))
    (func $none (local i64 i64 i64 i64 i64 i64 i64 i64 i64))
    (func $step (param i32) (result i32)
      (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get 0))
    (func $set (param i32 i32) (global.set $mutable (local.get 0))))
  """

/// One field of one operation and a value that it must not have.
struct FieldEdit: Sendable, CustomTestStringConvertible {
  var function: Int
  var operation: ThreadedOperation
  var field: ThreadedFieldKind
  var occurrence = 0
  var value: UInt64
  var rule: String

  init(
    _ function: Int, _ operation: ThreadedOperation, _ field: ThreadedFieldKind, _ value: UInt64, _ rule: String,
    occurrence: Int = 0
  ) {
    self.function = function
    self.operation = operation
    self.field = field
    self.value = value
    self.rule = rule
    self.occurrence = occurrence
  }

  var testDescription: String { "\(operation.name): \(field) := \(value)" }
}

@Suite struct CodeRuleTests {
  @Test func theSampleIsAccepted() throws {
    for policy in MeteringPolicy.allCases {
      for level in OptimizationLevel.allCases {
        _ = try EditedArtifact(sampleText, metering: policy, optimization: level).load()
      }
    }
  }

  private static let edits: [FieldEdit] = [
    // Slots: inside the frame, both of a vector, written before they are read.
    FieldEdit(0, .i32Add_ss_n, .readSlot, 200, "outside the frame"),
    FieldEdit(0, .i32Add_ss_n, .readSlot, 9, "read before it is written"),
    FieldEdit(8, .const32Two_d, .writeSlot, 200, "outside the frame"),
    FieldEdit(17, .globalSetReturn, .readSlot, 200, "outside the frame"),
    FieldEdit(17, .globalSetReturn, .global, 1, "immutable"),
    FieldEdit(7, .globalSetPair, .readPair, 1, "read before it is written"),
    FieldEdit(3, .callIndirect_s, .result, 200, "outside the frame"),
    // Indices.
    FieldEdit(14, .call, .function, 18, "out of range"),
    FieldEdit(2, .callImport, .imported, 1, "out of range"),
    FieldEdit(12, .functionReference, .anyFunction, 19, "out of range"),
    FieldEdit(3, .callIndirect_s, .type, 300, "out of range"),
    FieldEdit(3, .callIndirect_s, .type, 0, "no function type"),
    FieldEdit(3, .callIndirect_s, .table, 2, "out of range"),
    FieldEdit(3, .callIndirect_s, .table, 1, "holds no functions"),
    FieldEdit(6, .tailCallIndirect, .table, 1, "holds no functions"),
    FieldEdit(13, .callReference, .type, 0, "no function type"),
    FieldEdit(7, .globalGet_n, .global, 3, "out of range"),
    FieldEdit(7, .globalSet_a, .global, 1, "immutable"),
    FieldEdit(8, .tableInit, .element, 1, "out of range"),
    FieldEdit(8, .memoryInit, .data, 1, "out of range"),
    FieldEdit(8, .memoryFill, .memory, 2, "out of range"),
    FieldEdit(0, .useMemory, .memory, 2, "out of range"),
    FieldEdit(8, .memoryFill, .lane, 8, "out of range"),
    FieldEdit(10, .i32x4ExtractLane, .lane, 4, "out of range"),
    FieldEdit(9, .trap, .trap, 0, "unknown trap"),
    FieldEdit(9, .trap, .trap, 200, "unknown trap"),
    // Branches.
    FieldEdit(1, .brI32Ne_ai_check, .branch, UInt64(bitPattern: -11), "leaves the function"),
    FieldEdit(1, .brI32Ne_ai_check, .branch, 5, "leaves the function"),
    FieldEdit(1, .brI32Ne_ai_check, .branch, UInt64(bitPattern: -3), "into an operation"),
    FieldEdit(1, .brI32Ne_ai_check, .cost, 0, "without a charge"),
    FieldEdit(16, .stepI32Ne_si_i, .branch, UInt64(bitPattern: -11), "leaves the function"),
    FieldEdit(16, .stepI32Ne_si_i, .branch, 1, "into an operation"),
    FieldEdit(16, .stepI32Ne_si_i, .cost, 0, "without a charge"),
    FieldEdit(16, .stepI32Ne_si_i, .writeSlot, 200, "outside the frame"),
    FieldEdit(9, .switch_s, .count, 0, "without entries"),
    FieldEdit(9, .switch_s, .count, 0xFFFF_FFFF, "cut off"),
    // Entry.
    FieldEdit(2, .enter, .wideCost, 0, "without a charge"),
    FieldEdit(1, .enter, .frameCost, 5, "frame cost"),
    FieldEdit(1, .enter, .zeroCount, 200, "outside the frame"),
    FieldEdit(1, .enter, .count, 200, "outside the frame"),
    // Calls: the callee's frame lies behind what lives on, and inside ours with its arguments and results.
    FieldEdit(3, .callIndirect_s, .stride, 0, "misplaced"),
    FieldEdit(3, .callIndirect_s, .stride, 1, "misplaced"),
    FieldEdit(3, .callIndirect_s, .stride, 200, "misplaced"),
    FieldEdit(2, .callMove, .stride, 200, "misplaced"),
    FieldEdit(2, .callMove, .function, 18, "out of range"),
    FieldEdit(4, .callMoveTwo, .stride, 200, "misplaced"),
    FieldEdit(4, .callMoveTwo, .stride, 7, "read before it is written"),
    FieldEdit(5, .tailCall, .count, 2, "arguments of a tail call"),
    FieldEdit(5, .tailCall, .stride, 0xFFFF_FFFF, "arguments of a tail call"),
    FieldEdit(5, .tailCall, .function, 11, "other results"),
    FieldEdit(6, .tailCallIndirect, .type, 2, "tail call"),
  ]

  @Test(arguments: CodeRuleTests.edits)
  func field(_ edit: FieldEdit) throws {
    var artifact = try EditedArtifact(sampleText)
    let place = try artifact.place(of: edit.operation, in: edit.function)
    try artifact.setField(edit.field, at: place, occurrence: edit.occurrence, edit.value)
    expectRefused(artifact, edit.rule)
  }

  /// Function, operation, the operation of the same length that takes its place, rule.
  private static let exchanges: [(Int, ThreadedOperation, ThreadedOperation, String)] = [
    (1, .brI32Ne_ai_check, .brI32Ne_ai, "without a check"),
    (0, .return_a, .returnFloat_a, "float accumulator is read"), (11, .returnFloat_a, .return_a, "accumulator is read"),
    (1, .return_s, .returnFloat_s, "single float"), (17, .globalSetReturn, .i32Add_si_r, "single integer"),
    (17, .globalSetReturn, .globalSetReturn_a, "accumulator is read"),
    (1, .return_s, .chargeReturn, "without the result"),
    (15, .return, .return_a, "accumulator is read"), (0, .return_a, .return, "without the result"),
    (0, .return_a, .exit, "runtime"), (0, .return_a, .leaveInstance, "runtime"),
    (0, .return_a, .resumeHostCall, "runtime"), (11, .returnFloat_a, .f64Sqrt_a_n, "runs off"),
    (14, .call, .enter, "entry operation"), (2, .enter, .call, "entry operation"),
    (0, .i32Add_ss_n, .const32_d, "accumulator is read"), (11, .f64Add_ss_n, .move, "float accumulator is read"),
  ]

  @Test(arguments: CodeRuleTests.exchanges)
  func operation(_ function: Int, _ old: ThreadedOperation, _ new: ThreadedOperation, _ rule: String) throws {
    var artifact = try EditedArtifact(sampleText)
    artifact.setOperation(at: try artifact.place(of: old, in: function), new)
    expectRefused(artifact, rule)
  }

  /// Half of the vector accumulator is the float one: what writes that alone leaves no vector.
  @Test(arguments: [(ThreadedOperation.i32x4Splat, ThreadedOperation.load_n), (.v128Not_as_d, .loadFloat_n)])
  func vectorAccumulator(_ old: ThreadedOperation, _ new: ThreadedOperation) throws {
    var artifact = try EditedArtifact(
      """
      (module (func (export "f") (param i32) (result i32)
        (v128.any_true (v128.not (v128.not (i32x4.splat (local.get 0)))))))
      """)
    artifact.setOperation(at: try artifact.place(of: old), new)
    expectRefused(artifact, "vector accumulator is read")
  }

  /// A vector whose first slot is the frame's last one.
  @Test func vectorAtTheEndOfTheFrame() throws {
    var artifact = try EditedArtifact(sampleText)
    let last = try artifact.original.function(10).frameSlots - 1
    try artifact.setField(.writePair, at: artifact.place(of: .i32x4Splat, in: 10), UInt64(last))
    expectRefused(artifact, "slot \(last + 1) outside the frame")
  }

  @Test func operationNumbers() throws {
    for number in [UInt64(ThreadedOperation.count), 1 << 16, 1 << 63] {
      var artifact = try EditedArtifact(sampleText)
      artifact.setWord(at: try artifact.place(of: .return_a), number)
      expectRefused(artifact, "unknown operation")
    }
  }

  @Test func amounts() throws {
    var artifact = try EditedArtifact(sampleText)
    var place = try artifact.place(of: .globalSet_s, in: 14)
    artifact.setOperation(at: place, .raiseStack)
    artifact.setWord(at: place + 8, 1 << 24 + 1)
    expectRefused(artifact, "stack adjustment")
    artifact = try EditedArtifact(sampleText)
    place = try artifact.place(of: .chargeDynamic32, in: 8)
    artifact.setOperation(at: place, .charge)
    artifact.setWord(at: place + 8, 1 << 33)
    expectRefused(artifact, "charge is too large")
  }

  /// A callee's header stands in the word before its frame: what was there is gone.
  @Test func aCallOverwritesFromTheHeaderOn() throws {
    var artifact = try EditedArtifact(sampleText)
    // The result of the first call lives over the second one, in slot 1.
    let second = try artifact.place(of: .callImport, in: 2)
    #expect(artifact.word(at: try artifact.place(of: .callMove, in: 2) + 24) >> 32 == 1)
    try artifact.setField(.stride, at: second, 2)
    try artifact.setField(.writeSlot, at: artifact.place(of: .move, in: 2), 2)
    try artifact.setField(.result, at: second, 2)
    expectRefused(artifact, "slot 1 is read before it is written")
  }

  // MARK: Progress

  /// Loops whose header costs nothing are charged by what follows; a loop that begins with a bulk operator is checked by
  /// its dynamic charge.
  @Test(arguments: MeteringPolicy.allCases)
  func loopsWithFreeHeadersAreAccepted(_ policy: MeteringPolicy) throws {
    let text = """
      (module (memory 1)
        (func $empty)
        (func (export "nested") (param i32)
          (loop $a (block)
            (loop $b (block)
              (loop $c
                (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
                (br_if $b (i32.and (local.get 0) (i32.const 1)))
                (br_if $a (i32.and (local.get 0) (i32.const 2)))
                (br_if $c (local.get 0))))))
        (func (export "bulk") (param i32)
          i32.const 0 i32.const 0 i32.const 0
          (loop (param i32 i32 i32) memory.fill (local.get 0) (local.get 0) (local.get 0) br 0))
        (func (export "table") (param i32)
          (loop (block (block (br_table 0 1 2 (local.get 0))) (local.set 0 (i32.const 0)) (br 1)) call $empty)))
      """
    for level in OptimizationLevel.allCases {
      let artifact = try EditedArtifact(text, metering: policy, optimization: level)
      let linker = Linker(try artifact.makeStore())
      let instance = try artifact.instantiate(linker)
      let nested = try Execution(instance.function("nested"), arguments: [.i32(1000)], instructions: 100_000).run()
      guard case .finished = nested else {
        Issue.record("\(nested)")
        continue
      }
      let bulk = try Execution(instance.function("bulk"), arguments: [.i32(1)], instructions: 10_000).run()
      guard case .outOfInstructions = bulk else {
        Issue.record("\(bulk)")
        continue
      }
    }
  }

  /// A jump straight back to a point that costs nothing.
  @Test func freeLoopIsRefused() throws {
    var artifact = try EditedArtifact("(module (func (loop (loop (br 1)))))")
    var place = try artifact.place(of: .jumpCheck)
    // The inner loop's charge, which the outer one relies on.
    try artifact.setField(.word, at: artifact.place(of: .chargeCheck, occurrence: 1), 0)
    expectRefused(artifact, "without a charge")
    artifact = try EditedArtifact("(module (func (loop (br 0))))")
    place = try artifact.place(of: .jumpCheck)
    try artifact.setField(.wideCost, at: place, 0)
    expectRefused(artifact, "without a charge")
  }
}
