// What the core suite does not show of the oracle: the stack limit, its parts and places of traps, and host functions
// that call back.

import ReferenceInterpreter
import Testing
import WebAssembly

private struct FrameCase: CustomTestStringConvertible {
  var fields: String
  /// Parameters, locals and operands, without the constant.
  var slots: Int
  var testDescription: String { fields }
}

private let frames: [FrameCase] = [
  FrameCase(fields: "(func)", slots: 0),
  FrameCase(fields: "(func (param i32 v128) (local f64 v128 v128))", slots: 3 + 5),
  FrameCase(fields: "(func (drop (i32.add (i32.const 1) (i32.add (i32.const 2) (i32.const 3)))))", slots: 3),
  FrameCase(fields: "(func (result v128) (v128.const i64x2 0 0) (drop (v128.const i64x2 0 0)))", slots: 4),
  FrameCase(fields: "(func (result v128) (i8x16.splat (i32.const 0)))", slots: 2),
  FrameCase(fields: "(func (param i32) (local.set 0 (local.tee 0 (local.get 0))))", slots: 1 + 1),
  FrameCase(fields: "(func (result i32 i32 i32) (call 0))", slots: 3),
  FrameCase(fields: "(func (i32.const 0) (block (i32.const 0) (drop)) (drop))", slots: 2),
  FrameCase(fields: "(func (select (v128.const i64x2 0 0) (v128.const i64x2 0 0) (i32.const 0)) (drop))", slots: 5),
  // The arms of an `if` begin without the condition.
  FrameCase(
    fields: "(func (if (i32.const 0) (then (i32.const 0) (drop)) (else (i32.const 0) (i32.const 0) (drop) (drop))))",
    slots: 2),
  // Code after an unconditional branch does not count, until its construct ends.
  FrameCase(fields: "(func (br 0) (i64.const 0) (i64.const 0) (drop) (drop))", slots: 0),
  FrameCase(fields: "(func (result i32) (return (i32.const 0)) (i32.const 0) (i32.const 0) (drop))", slots: 1),
  FrameCase(fields: "(func (block (unreachable) (block (i32.const 0) (drop))))", slots: 0),
  FrameCase(fields: "(func (block (result i64 i64) (unreachable)) (drop) (drop))", slots: 2),
  FrameCase(
    fields:
      "(func (if (result i64) (i32.const 0) (then (unreachable)) (else (i64.const 0) (i64.const 0) (drop))) (drop))",
    slots: 2),
  FrameCase(fields: "(func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))) (memory 1)", slots: 3),
  FrameCase(
    fields: "(func (call_indirect (param i64 i64) (i64.const 0) (i64.const 0) (i32.const 0))) (table 1 funcref)",
    slots: 3),
]

@Suite struct StackLimitTests {
  @Test(arguments: frames)
  private func frame(_ frame: FrameCase) throws {
    let store = OracleStore()
    let instance = try store.instantiate("(module \(frame.fields))")
    #expect(try instance.stackSlots(0) == 4 + frame.slots)
  }

  /// With frames of 4 + 1 + 3 slots, a limit of 1,000 slots admits 125 of them.
  @Test func recursionEndsWhereTheLimitSays() throws {
    var limits = OracleLimits()
    limits.stackSlots = 1000
    let store = OracleStore(limits: limits)
    let instance = try store.instantiate(
      """
      (module (func $f (export "f") (param i32) (result i32)
        (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
          (else (i32.add (i32.const 1) (call $f (i32.sub (local.get 0) (i32.const 1))))))))
      """)
    #expect(try instance.stackSlots(0) == 8)
    #expect(try instance.call(store, "f", [.i32(124)]).results == [.i32(124)])
    #expect(try instance.call(store, "f", [.i32(125)]).trap == .callStackExhausted)
    // Nothing is left over from the trap.
    #expect(try instance.call(store, "f", [.i32(124)]).results == [.i32(124)])
  }

  @Test func tailCallsReplaceTheFrame() throws {
    var limits = OracleLimits()
    limits.stackSlots = 30
    let store = OracleStore(limits: limits)
    let instance = try store.instantiate(
      """
      (module (table funcref (elem $f $g))
        (func $f (export "f") (param i32) (result i32)
          (if (i32.eqz (local.get 0)) (then (return (i32.const 9))))
          (return_call $g (i32.sub (local.get 0) (i32.const 1))))
        (func $g (param i32) (result i32) (local i64 i64 i64)
          (if (i32.eqz (local.get 0)) (then (return (i32.const 8))))
          (return_call_indirect (param i32) (result i32) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))
        (func $big (param i32) (result i32) (local v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128)
          (i32.const 0))
        (func (export "big") (result i32) (return_call $big (i32.const 0))))
      """)
    #expect(try instance.call(store, "f", [.i32(1000)]).results == [.i32(9)])
    #expect(try instance.call(store, "f", [.i32(1001)]).results == [.i32(8)])
    #expect(try instance.call(store, "big").trap == .callStackExhausted)
  }

  /// A host function that calls back takes from the same limit.
  @Test func nestedExecutionsShareTheLimit() throws {
    var limits = OracleLimits()
    limits.stackSlots = 60
    let store = OracleStore(limits: limits)
    var depth = 0
    let module = try module("(module (import \"m\" \"f\" (func $f)) (func (export \"f\") (call $f)))")
    var instance: OracleInstance?
    instance = try store.instantiate(module) { _ in
      .function(
        store.hostFunction(FunctionType(parameters: [], results: [])) { caller, _ in
          depth += 1
          return try caller.store.invoke(caller.instance!.function("f")!, [])
        })
    }
    #expect(try instance!.call(store, "f").trap == .callStackExhausted)
    #expect(depth == 15)
  }
}

@Suite struct TrapTests {
  /// The module's third function traps in its second operator.
  @Test func location() throws {
    let store = OracleStore()
    let instance = try store.instantiate(
      """
      (module (func) (func (export "f") (call 2)) (func (nop) (unreachable)))
      """)
    let range = instance.module.bodies[2].range
    do throws(OracleStop) {
      _ = try store.invoke(instance.function("f")!, [])
      Issue.record("no trap")
    } catch {
      guard case .trap(.unreachable, let location) = error else { throw error }
      // One byte of local declarations, one for `nop`.
      #expect(location == OracleLocation(function: 2, offset: range.start + 2))
    }
  }

  private struct HostFailure: Error {}

  @Test func hostErrorsEndTheExecution() throws {
    let store = OracleStore()
    let module = try module("(module (import \"m\" \"f\" (func)) (func (export \"f\") (call 0)))")
    let instance = try store.instantiate(module) { _ in
      .function(store.hostFunction(FunctionType(parameters: [], results: [])) { _, _ in throw HostFailure() })
    }
    do throws(OracleStop) {
      _ = try store.invoke(instance.function("f")!, [])
      Issue.record("no error")
    } catch {
      guard case .host(let cause) = error else { throw error }
      #expect(cause is HostFailure)
    }
  }

  /// Segments before the one that traps stay written, in memory that another instance shares.
  @Test func failedInstantiationKeepsWhatWasWritten() throws {
    let store = OracleStore()
    let owner = try store.instantiate("(module (memory (export \"m\") 1))")
    guard case .memory(let memory)? = owner.export("m") else { preconditionFailure("no memory") }
    let module = try module(
      "(module (import \"m\" \"m\" (memory 1)) (data (i32.const 3) \"ab\") (data (i32.const 65536) \"c\"))")
    do throws(OracleInstantiationError) {
      _ = try store.instantiate(module) { _ in .memory(memory) }
      Issue.record("no trap")
    } catch {
      guard case .stopped(let stop) = error else { throw error }
      #expect(stop.trapKind == .outOfBoundsMemoryAccess)
    }
    #expect(memory.bytes(2..<6) == [0, 97, 98, 0])
    #expect(memory.contents.map(\.page) == [0])
  }
}
