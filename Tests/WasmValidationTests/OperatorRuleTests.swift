// The rules of operators, family by family. The core suite has many more cases; these also pin reasons and details.

import Testing
import WasmText
import WasmValidation
import WebAssembly

/// Fields that the bodies below use.
private let prelude = """
  (type $v (func))
  (type $ii (func (param i32) (result i32)))
  (type $s (sub (struct (field i32) (field (mut i8)) (field (mut anyref)))))
  (type $t (sub $s (struct (field i32) (field (mut i8)) (field (mut anyref)) (field f64))))
  (type $a (array (mut i8)))
  (type $r (array anyref))
  (type $n (struct (field (ref any))))
  (func $f (type $ii) (local.get 0))
  (func $g)
  (memory $m 1) (memory $m64 i64 1)
  (table $tf 1 funcref) (table $te 1 externref) (table $t64 i64 1 funcref)
  (global $c i32 (i32.const 0)) (global $gm (mut i64) (i64.const 0))
  (tag $e (param i32)) (tag $e0)
  (elem $ef declare func $f) (elem $ee externref) (data $d "ab")
  """

private let controlCases: [TextCase] = [
  TextCase("(block (result i32) (i32.const 1)) (drop)"),
  TextCase("(block (result i32))", .typeMismatch, "end expects i32 but the stack is empty"),
  TextCase("(block (i32.const 1))", .typeMismatch, "remaining"),
  TextCase("(i32.const 1) (block (drop))", .typeMismatch, "drop expects an operand"),
  TextCase("(i32.const 1) (block (param i32) (drop))"),
  TextCase("(block (type 99))", .unknownType),
  TextCase("(block (type $s))", .nonFunctionType),
  TextCase("(loop (param i32) (br 0))", .typeMismatch),
  TextCase("(i32.const 0) (loop (param i32) (br 0))"),
  TextCase("(if (i32.const 0) (then (i32.const 1) (drop)))"),
  TextCase("(if (result i32) (i32.const 0) (then (i32.const 1))) (drop)", .typeMismatch, "if without else"),
  TextCase("(i32.const 1) (if (param i32) (result i32) (i32.const 0) (then)) (drop)"),
  TextCase("(if (i64.const 0) (then))", .typeMismatch, "if expects i32 but found i64"),
  TextCase("(if (result i32) (i32.const 0) (then (i32.const 1)) (else (i64.const 1))) (drop)", .typeMismatch),
  TextCase("(br 1)", .unknownLabel, "1"),
  TextCase("(br 0)"),
  TextCase("(block (result i32) (br 0)) (drop)", .typeMismatch),
  TextCase("(block (result i32) (br_if 0 (i32.const 1) (i32.const 0))) (drop)"),
  TextCase("(block (result i32) (br_if 0 (i32.const 0))) (drop)", .typeMismatch),
  TextCase("(block (br_table 0 1 0 (i32.const 0)))"),
  TextCase("(block (result i32) (br_table 0 1 (i32.const 0) (i32.const 0))) (drop)", .typeMismatch, "take 1 and 0"),
  TextCase("(block (br_table 0 5 0 (i32.const 0)))", .unknownLabel, "5"),
  TextCase(
    "(block (result i32) (block (result i64) (br_table 0 1 (i32.const 0) (i32.const 0))) (drop) (i32.const 0)) (drop)",
    .typeMismatch),
  TextCase(
    "(block (result i32) (block (result i64) (unreachable) (br_table 0 1 (i32.const 0))) (drop) (i32.const 0)) (drop)"),
  TextCase("(return)"),
  TextCase("(i32.const 1) (return)"),
  TextCase("(unreachable) (i32.add) (drop)"),
  TextCase("(unreachable) (i64.const 0) (i32.add) (drop)", .typeMismatch, "i32.add expects i32 but found i64"),
  TextCase("(unreachable) (select) (drop)"),
  TextCase("(unreachable) (i32.const 0) (select) (i32.add) (drop)"),
  TextCase("(unreachable) (ref.as_non_null) (i32.eqz) (drop)", .typeMismatch),
]

private let plainCases: [TextCase] = [
  TextCase("(call $f (i32.const 0)) (drop)"),
  TextCase("(call $f)", .typeMismatch),
  TextCase("(call 99)", .unknownFunction),
  TextCase("(return_call $g)"),
  TextCase("(return_call $f (i32.const 0))", .typeMismatch, "results of the callee"),
  TextCase("(call_indirect $tf (type $v) (i32.const 0))"),
  TextCase("(call_indirect $t64 (type $v) (i32.const 0))", .typeMismatch, "expects i64 but found i32"),
  TextCase("(call_indirect $t64 (type $v) (i64.const 0))"),
  TextCase("(call_indirect $te (type $v) (i32.const 0))", .typeMismatch, "table of functions"),
  TextCase("(call_indirect 9 (type $v) (i32.const 0))", .unknownTable),
  TextCase("(call_ref $ii (i32.const 0) (ref.func $f)) (drop)"),
  TextCase("(call_ref $ii (i32.const 0) (ref.null $ii)) (drop)"),
  TextCase("(call_ref $v (ref.func $f))", .typeMismatch),
  TextCase("(return_call_ref $v (ref.null $v))"),
  TextCase("(return_call_indirect $tf (type $ii) (i32.const 0) (i32.const 0))", .typeMismatch),
  TextCase("(drop)", .typeMismatch),
  TextCase("(select (i32.const 0) (i64.const 0) (i32.const 0)) (drop)", .typeMismatch),
  TextCase("(select (v128.const i64x2 0 0) (v128.const i64x2 0 0) (i32.const 0)) (drop)"),
  TextCase("(select (ref.null func) (ref.null func) (i32.const 0)) (drop)", .typeMismatch, "references"),
  TextCase("(select (result funcref) (ref.null func) (ref.func $f) (i32.const 0)) (drop)"),
  TextCase("(select (result i32 i32) (i32.const 0) (i32.const 0) (i32.const 0)) (drop)", .invalidResultArity),
  TextCase("(local i32) (local.get 1)", .unknownLocal, "1"),
  TextCase("(local i32) (local.set 0 (i64.const 0))", .typeMismatch, "local.set expects i32 but found i64"),
  TextCase("(local i32) (drop (local.tee 0 (i32.const 0)))"),
  TextCase("(global.set $c (i32.const 0))", .immutableGlobal),
  TextCase("(global.set $gm (i64.const 0))"),
  TextCase("(global.get 9)", .unknownGlobal),
  TextCase("(global.set $gm (global.get $c))", .typeMismatch),
]

private let localCases: [TextCase] = [
  TextCase("(local (ref func)) (local.get 0) (drop)", .uninitializedLocal, "0"),
  TextCase("(local (ref func)) (local.set 0 (ref.func $f)) (drop (local.get 0))"),
  TextCase("(local (ref func)) (drop (local.tee 0 (ref.func $f))) (drop (local.get 0))"),
  TextCase("(local (ref func)) (block (local.set 0 (ref.func $f)) (drop (local.get 0)))"),
  TextCase("(local (ref func)) (block (local.set 0 (ref.func $f))) (drop (local.get 0))", .uninitializedLocal),
  TextCase("(local (ref func)) (local.set 0 (ref.func $f)) (block (drop (local.get 0)))"),
  TextCase(
    "(local (ref func)) (if (i32.const 0) (then (local.set 0 (ref.func $f))) (else (drop (local.get 0))))",
    .uninitializedLocal),
  TextCase("(local (ref func) (ref func)) (local.set 1 (ref.func $f)) (drop (local.get 0))", .uninitializedLocal, "0"),
  TextCase("(local (ref null func)) (drop (local.get 0))"),
  TextCase("(local (ref 99))", .unknownType, "99"),
]

private let memoryCases: [TextCase] = [
  TextCase("(drop (i32.load $m (i32.const 0)))"),
  TextCase("(drop (i32.load $m64 (i64.const 0)))"),
  TextCase("(drop (i32.load $m64 (i32.const 0)))", .typeMismatch, "expects i64 but found i32"),
  TextCase("(drop (i32.load 2 (i32.const 0)))", .unknownMemory, "2"),
  TextCase("(drop (i32.load align=8 (i32.const 0)))", .alignmentTooLarge),
  TextCase("(drop (i64.load align=8 (i32.const 0)))"),
  TextCase("(drop (i32.load offset=0xffff_ffff (i32.const 0)))"),
  TextCase("(drop (i32.load offset=0x1_0000_0000 (i32.const 0)))", .offsetOutOfRange),
  TextCase("(drop (i32.load $m64 offset=0xffff_ffff_ffff_ffff (i64.const 0)))"),
  TextCase("(f32.store (i32.const 0) (f64.const 0))", .typeMismatch, "f32.store expects f32 but found f64"),
  TextCase("(drop (memory.size $m64)) (i64.eqz (memory.grow $m64 (i64.const 1))) (drop)"),
  TextCase("(memory.fill $m64 (i64.const 0) (i32.const 0) (i64.const 0))"),
  TextCase("(memory.copy $m $m64 (i32.const 0) (i64.const 0) (i32.const 0))"),
  TextCase("(memory.copy $m64 $m64 (i64.const 0) (i64.const 0) (i64.const 0))"),
  TextCase("(memory.copy $m64 $m (i64.const 0) (i32.const 0) (i64.const 0))", .typeMismatch),
  TextCase("(memory.init $m64 $d (i64.const 0) (i32.const 0) (i32.const 0)) (data.drop $d)"),
  TextCase("(memory.init 9 (i32.const 0) (i32.const 0) (i32.const 0))", .unknownDataSegment, "9"),
  TextCase("(data.drop 1)", .unknownDataSegment, "1"),
  TextCase("(drop (v128.load8_lane 15 (i32.const 0) (v128.const i64x2 0 0)))"),
  TextCase("(drop (v128.load8_lane 16 (i32.const 0) (v128.const i64x2 0 0)))", .invalidLaneIndex, "16"),
  TextCase("(v128.store64_lane 2 (i32.const 0) (v128.const i64x2 0 0))", .invalidLaneIndex, "2"),
  TextCase("(v128.store16_lane align=4 0 (i32.const 0) (v128.const i64x2 0 0))", .alignmentTooLarge),
  TextCase("(drop (i32x4.extract_lane 3 (v128.const i64x2 0 0)))"),
  TextCase("(drop (i32x4.extract_lane 4 (v128.const i64x2 0 0)))", .invalidLaneIndex, "4"),
  TextCase(
    "(drop (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 32 (v128.const i64x2 0 0) (v128.const i64x2 0 0)))",
    .invalidLaneIndex),
]

private let tableCases: [TextCase] = [
  TextCase("(drop (table.get $te (i32.const 0)))"),
  TextCase("(drop (table.get $t64 (i32.const 0)))", .typeMismatch),
  TextCase("(table.set $tf (i32.const 0) (ref.func $f))"),
  TextCase("(table.set $te (i32.const 0) (ref.func $f))", .typeMismatch),
  TextCase("(i64.eqz (table.size $t64)) (drop)"),
  TextCase("(drop (table.grow $t64 (ref.null func) (i64.const 1)))"),
  TextCase("(table.fill $tf (i32.const 0) (ref.null func) (i32.const 0))"),
  TextCase("(table.copy $tf $t64 (i32.const 0) (i64.const 0) (i32.const 0))"),
  TextCase(
    "(table.copy $tf $te (i32.const 0) (i32.const 0) (i32.const 0))", .typeMismatch, "from externref to funcref"),
  TextCase("(table.init $tf $ef (i32.const 0) (i32.const 0) (i32.const 0)) (elem.drop $ef)"),
  TextCase("(table.init $tf $ee (i32.const 0) (i32.const 0) (i32.const 0))", .typeMismatch),
  TextCase("(elem.drop 7)", .unknownElementSegment, "7"),
]

private let referenceCases: [TextCase] = [
  TextCase("(drop (ref.is_null (ref.null extern)))"),
  TextCase("(drop (ref.is_null (i32.const 0)))", .typeMismatch, "expects a reference but found i32"),
  TextCase("(drop (ref.func $g))", .undeclaredFunctionReference, "1"),
  TextCase("(drop (ref.func 99))", .unknownFunction),
  TextCase("(drop (ref.null 99))", .unknownType),
  TextCase("(drop (ref.eq (ref.null eq) (ref.i31 (i32.const 0))))"),
  TextCase("(drop (ref.eq (ref.null eq) (ref.null func)))", .typeMismatch),
  TextCase("(block (result (ref null $v)) (br_on_non_null 0 (ref.null $v)) (ref.null $v)) (drop)"),
  TextCase("(block (br_on_non_null 0 (ref.null $v)))", .typeMismatch, "takes a reference last"),
  TextCase("(block (call_ref $v (br_on_null 0 (ref.null $v))))"),
  TextCase("(block (result (ref i31)) (br_on_cast 0 anyref (ref i31) (ref.null any)) (unreachable)) (drop)"),
  TextCase(
    "(block (result (ref i31)) (br_on_cast 0 i31ref (ref eq) (ref.null i31)) (unreachable)) (drop)", .typeMismatch),
  TextCase("(block (result anyref) (br_on_cast_fail 0 anyref (ref i31) (ref.null any))) (drop)"),
  TextCase("(block (result (ref any)) (br_on_cast_fail 0 anyref (ref null i31) (ref.null any)) (unreachable)) (drop)"),
  TextCase(
    "(block (result (ref any)) (br_on_cast_fail 0 anyref (ref i31) (ref.null any)) (unreachable)) (drop)",
    .typeMismatch),
  TextCase("(drop (ref.test (ref $t) (ref.null $s)))"),
  TextCase("(drop (ref.test (ref $t) (ref.null func)))", .typeMismatch),
  TextCase("(drop (struct.get $t 3 (ref.cast (ref $t) (ref.null any))))"),
  TextCase("(drop (any.convert_extern (ref.null extern))) (drop (extern.convert_any (ref.null any)))"),
  TextCase("(drop (any.convert_extern (ref.null any)))", .typeMismatch),
]

private let aggregateCases: [TextCase] = [
  TextCase("(drop (struct.new $s (i32.const 0) (i32.const 0) (ref.null any)))"),
  TextCase("(drop (struct.new $s (i32.const 0) (i32.const 0)))", .typeMismatch),
  TextCase("(drop (struct.new_default $s))"),
  TextCase("(drop (struct.new_default $n))", .notDefaultable, "field 0"),
  TextCase("(drop (struct.new $v))", .notStructType),
  TextCase("(drop (struct.get $s 0 (ref.null $s)))"),
  TextCase("(drop (struct.get $s 0 (ref.null $t)))"),
  TextCase("(drop (struct.get $t 0 (ref.null $s)))", .typeMismatch),
  TextCase("(drop (struct.get $s 3 (ref.null $s)))", .unknownField, "3"),
  TextCase("(drop (struct.get $s 1 (ref.null $s)))", .packedAccess),
  TextCase("(drop (struct.get_u $s 1 (ref.null $s)))"),
  TextCase("(drop (struct.get_s $s 0 (ref.null $s)))", .packedAccess),
  TextCase("(struct.set $s 1 (ref.null $s) (i32.const 0))"),
  TextCase("(struct.set $s 0 (ref.null $s) (i32.const 0))", .immutableField),
  TextCase("(drop (array.new $a (i32.const 0) (i32.const 0)))"),
  TextCase("(drop (array.new $s (i32.const 0) (i32.const 0)))", .notArrayType),
  TextCase("(drop (array.new_fixed $a 2 (i32.const 0) (i32.const 0)))"),
  TextCase("(drop (array.new_fixed $a 3 (i32.const 0) (i32.const 0)))", .typeMismatch),
  TextCase("(unreachable) (drop (array.new_fixed $a 0xffff_ffff))"),
  TextCase("(drop (array.new_data $a $d (i32.const 0) (i32.const 0)))"),
  TextCase("(drop (array.new_data $r $d (i32.const 0) (i32.const 0)))", .typeMismatch, "not numeric or vector"),
  TextCase("(drop (array.new_elem $r $ef (i32.const 0) (i32.const 0)))", .typeMismatch),
  TextCase("(drop (array.get_u $a (ref.null $a) (i32.const 0)))"),
  TextCase("(array.set $a (ref.null $a) (i32.const 0) (i32.const 0))"),
  TextCase("(array.set $r (ref.null $r) (i32.const 0) (ref.null any))", .immutableArray),
  TextCase("(drop (array.len (ref.null $a)))"),
  TextCase("(drop (array.len (ref.null $s)))", .typeMismatch),
  TextCase("(array.copy $a $a (ref.null $a) (i32.const 0) (ref.null $a) (i32.const 0) (i32.const 0))"),
  TextCase("(array.copy $a $r (ref.null $a) (i32.const 0) (ref.null $r) (i32.const 0) (i32.const 0))", .typeMismatch),
  TextCase("(array.init_data $a $d (ref.null $a) (i32.const 0) (i32.const 0) (i32.const 0))"),
  TextCase("(array.fill $a (ref.null $a) (i32.const 0) (i32.const 0) (i32.const 0))"),
  TextCase("(drop (i31.get_s (ref.i31 (i32.const 0))))"),
]

private let exceptionCases: [TextCase] = [
  TextCase("(throw $e (i32.const 0))"),
  TextCase("(throw $e)", .typeMismatch),
  TextCase("(throw 9)", .unknownTag),
  TextCase("(throw_ref (ref.null exn))"),
  TextCase("(block (result i32) (try_table (catch $e 0)) (i32.const 0)) (drop)"),
  TextCase("(block (try_table (catch $e 0)))", .typeMismatch, "other values"),
  TextCase("(block (result i32 (ref exn)) (try_table (catch_ref $e 0)) (unreachable)) (drop) (drop)"),
  TextCase("(block (result i32) (try_table (catch_ref $e 0)) (unreachable)) (drop)", .typeMismatch),
  TextCase("(block (try_table (catch_all 0)))"),
  TextCase("(block (try_table (catch_all_ref 0)))", .typeMismatch, "no exception"),
  TextCase("(block (result exnref) (try_table (catch_all_ref 0)) (unreachable)) (drop)"),
  TextCase("(try_table (catch_all 5))", .unknownLabel),
  // Labels of the clauses do not count the block itself.
  TextCase("(try_table (result i32) (catch $e 0) (i32.const 0)) (drop)", .typeMismatch),
]

private let cases: [TextCase] = [
  controlCases, plainCases, localCases, memoryCases, tableCases, referenceCases, aggregateCases, exceptionCases,
].flatMap(\.self)

/// A module with all the bodies that are valid: every family of operators occurs.
let moduleOfValidBodies: String = {
  let bodies = cases.filter { $0.reason == nil }.map { "(func \($0.text))" }
  return "(module \(prelude) \(bodies.joined()))"
}()

@Suite struct OperatorRuleTests {
  @Test(arguments: cases)
  func rule(_ item: TextCase) throws {
    let module = try module("(module \(prelude) (func \(item.text)))")
    let error = validationError(module)
    expect(error, item, in: module)
    if let error {
      #expect(error.kind == .invalid)
      #expect(error.function == 2)
      #expect(error.section == .code)
    }
  }

  /// Every operator with a fixed signature accepts its operands, gives its result, and refuses a wrong or missing
  /// operand.
  @Test func fixedSignatures() throws {
    var count = 0
    for row in 0..<UInt16(Opcode.count) {
      let opcode = Opcode(row: row)
      let info = opcode.info
      guard info.hasFixedSignature else { continue }
      count += 1
      let operands = (0..<3).map { info.operand($0) }.filter { $0 != .none }
      var right = operands.flatMap { constant($0) } + BinaryOperator(opcode).bytes
      if info.result != .none { right += wanted(info.result) + [0x1A] }
      #expect(error(right + [0x0B]) == nil, "\(opcode.mnemonic)")
      for index in operands.indices {
        var wrong = operands
        wrong[index] = operands[index] == .f64 ? .f32 : .f64
        let bytes = wrong.flatMap { constant($0) } + BinaryOperator(opcode).bytes
        #expect(error(bytes + [0x00, 0x0B])?.reason == .typeMismatch, "\(opcode.mnemonic), operand \(index)")
        let missing = operands.dropFirst(index + 1).flatMap { constant($0) } + BinaryOperator(opcode).bytes
        #expect(error(missing + [0x00, 0x0B])?.reason == .typeMismatch, "\(opcode.mnemonic), operand \(index) missing")
      }
    }
    #expect(count > 350)
  }

  private func error(_ code: [UInt8]) -> ModuleError? {
    var test = TestModule(code: code)
    test.memories = [MemoryType(limits: Limits(minimum: 1))]
    return moduleError { () throws(ModuleError) in _ = try test.validate() }
  }

  private func constant(_ type: SignatureType) -> [UInt8] {
    switch type {
    case .none: []
    case .i32, .address: [0x41, 0]
    case .i64: [0x42, 0]
    case .f32: [0x43, 0, 0, 0, 0]
    case .f64: [0x44, 0, 0, 0, 0, 0, 0, 0, 0]
    case .v128: [0xFD, 0x0C] + Array(repeating: 0, count: 16)
    }
  }

  /// Operators that accept a value of `type` only and leave one on the stack.
  private func wanted(_ type: SignatureType) -> [UInt8] {
    switch type {
    case .none: []
    case .i32, .address: [0x45]
    case .i64: [0x50]
    case .f32: [0x8B]
    case .f64: [0x99]
    case .v128: [0xFD, 0x4D]
    }
  }
}
