// Calls on slots: what is in them before and after, wherever they come from.

import Cannery
import Testing

@Suite struct SlotCallTests {
  /// Calls `function` with these slots, and gives them back.
  private func call(_ function: Function, _ values: [UInt64]) throws -> [UInt64] {
    var slots = values
    try slots.withUnsafeMutableBufferPointer { try function.call(slots: $0) }
    return slots
  }

  private let garbage: UInt64 = 0xDEAD_BEEF_0000_0000

  @Test func parametersAndResults() throws {
    var machine = try Machine()
    let instance = try machine.add(
      """
      (module
        (func (export "swap") (param i32 v128 f64) (result f64 v128 i32)
          (local.get 2) (local.get 1) (local.get 0))
        (func (export "grow") (result i64 i64 i64) (i64.const 1) (i64.const 2) (i64.const 3))
        (func (export "shrink") (param i64 i64 i64) (result i64) (i64.sub (local.get 0) (local.get 2)))
        (func (export "trap") (unreachable)))
      """)
    #expect(try call(instance.function("swap"), [5, 6, 7, 8]) == [8, 6, 7, 5])
    #expect(try call(instance.function("grow"), [0, 0, 0, 9]) == [1, 2, 3, 9])
    #expect(try call(instance.function("shrink"), [50, 0, 8]) == [42, 0, 8])
    #expect(throws: Trap.self) { try call(instance.function("trap"), []) }
    #expect(try call(instance.function("shrink"), [50, 0, 8]) == [42, 0, 8])
  }

  /// Wasm code takes the upper halves of i32 values for zeros.
  @Test(arguments: [1, 3, 70])
  func upperHalvesOfParametersAreCleared(_ count: Int) throws {
    var machine = try Machine()
    let parameters = String(repeating: " i32", count: count)
    // Indices of tables are compared whole.
    let sum = (0..<count).map { "(call_indirect (type $t) (local.get \($0)))" }
    let body = sum.dropFirst().reduce(sum[0]) { "(i64.add \($0) \($1))" }
    let instance = try machine.add(
      """
      (module (type $t (func (result i64))) (table funcref (elem $one $two))
        (func $one (type $t) (i64.const 1)) (func $two (type $t) (i64.const 2))
        (func (export "sum") (param\(parameters)) (result i64) \(body)))
      """)
    let slots = (0..<count).map { garbage | UInt64($0 % 2) }
    #expect(try call(instance.function("sum"), slots)[0] == UInt64(count + count / 2))
  }

  @Test(arguments: [1, 3, 70])
  func upperHalvesOfHostResultsAreCleared(_ count: Int) throws {
    var machine = try Machine()
    let results = [ValueType](repeating: .i32, count: count)
    try machine.host("give", [], results) { [garbage] _, slots in
      for slot in 0..<count { slots[slot] = garbage | UInt64(slot + 1) }
      return .done
    }
    let list = String(repeating: " i32", count: count)
    let instance = try machine.add(
      """
      (module (import "env" "give" (func $give (result\(list))))
        (type $t (func (result i64))) (table \(count + 1) funcref) (elem (i32.const \(count)) $f)
        (func $f (type $t) (i64.const 9))
        (func (export "last") (result i64) (call $give) (return (call_indirect (type $t)))))
      """)
    #expect(try call(instance.function("last"), [0])[0] == 9)
  }

  /// Inside a host function the call shares the counter and the stack of the execution around it.
  @Test func nestedCalls() throws {
    var machine = try Machine()
    var seen: [UInt64] = []
    try machine.host("again", [.i64], [.i64]) { caller, slots in
      guard let instance = caller.instance, case .function(let f)? = instance.export("f") else { return .suspend }
      var inner = [slots[0] - 1]
      try inner.withUnsafeMutableBufferPointer { try f.call(slots: $0) }
      seen.append(inner[0])
      slots[0] += inner[0]
      return .done
    }
    let instance = try machine.add(
      """
      (module (import "env" "again" (func $again (param i64) (result i64)))
        (func $f (export "f") (param i64) (result i64)
          (if (result i64) (i64.eqz (local.get 0)) (then (i64.const 0)) (else (call $again (local.get 0))))))
      """)
    #expect(try call(instance.function("f"), [4]) == [10])
    #expect(seen == [0, 1, 3, 6])
  }

  @Test func hostFunctionsDirectly() throws {
    var machine = try Machine()
    try machine.host("double", [.i32], [.i32]) { _, slots in
      slots[0] = UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: slots[0]) * 2))
      return .done
    }
    let instance = try machine.add(
      "(module (import \"env\" \"double\" (func $d (param i32) (result i32))) (export \"double\" (func $d)))")
    #expect(try call(instance.function("double"), [garbage | 0xFFFF_FFFF]) == [0xFFFF_FFFE])
  }

  @Test func suspendedStoresRefuse() throws {
    var machine = try Machine()
    let instance = try machine.add("(module (func (export \"f\") (result i64) (i64.const 1)))")
    let function = try instance.function("f")
    let execution = try Execution(function, arguments: [])
    #expect(throws: ExecutionError.storeIsSuspended) { try call(function, [0]) }
    execution.abandon()
    #expect(try call(function, [0]) == [1])
  }
}
