// The registers of the threaded machine and the step from one operation to the next.
//
// Every handler is a function of these eight parameters, which the C calling convention keeps in registers:
//
// | name | what |
// | --- | --- |
// | pc | the operation being executed: its word 0 is the handler's address, operands follow |
// | fp | slot 0 of the current frame; `fp[-1]` is the return address |
// | md | base of the current memory |
// | cx | the instance's context (`InstanceContext`) |
// | ac | integer accumulator: the last integer result; i32 values zero-extended |
// | rm | instructions that remain in the current internal slice; may be negative between check points |
// | x0 | float accumulator: the last float result; f32 values in the low half of its bits |
// | x1 | with x0, the vector accumulator: x0 has the low half of the last vector result, x1 the high one |
//
// A handler ends by calling the next one in tail position. Release builds make that one indirect jump (a test
// disassembles them); debug and sanitizer builds do not, so there `next` stores the registers and returns to a trampoline.

import Compiler
import Semantics
import WebAssembly

package typealias PC = UnsafePointer<UInt64>
package typealias FP = UnsafeMutablePointer<UInt64>
package typealias MD = UnsafeMutableRawPointer
package typealias CX = UnsafeMutableRawPointer

package typealias Handler = @convention(c) (PC, FP, MD, CX, UInt64, Int, Double, Double) -> Int

/// What a handler returns to the loop that entered the code: 0, the raw value of a `TrapKind`, or one of these.
enum Status {
  static let finished = 0
  /// The instruction counter fell below 0 at a check point; the registers are saved, execution can go on.
  static let outOfInstructions = 64
  /// A host function asked to wait; the registers are saved.
  static let suspended = 65
  /// An interrupt was seen at the end of a slice; the registers are saved.
  static let interrupted = 66
  /// Trampoline builds: the registers are saved, call the next handler.
  static let next = -1
}

extension TrapKind {
  /// The kind as a handler's result.
  @inline(__always) var status: Int { Int(rawValue) }
}

/// The registers in memory: while execution is outside the handlers.
package struct Registers {
  package var pc: PC
  package var fp: FP
  package var md: MD
  package var cx: CX
  package var ac: UInt64 = 0
  package var rm: Int = 0
  package var x0: Double = 0
  package var x1: Double = 0
}

/// Goes to the operation at `pc`.
///
/// Sound: word 0 of an operation in linked code is the address of a `Handler`; only the linker writes such words.
@inline(__always)
func next(_ pc: PC, _ fp: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double) -> Int {
  #if CANNERY_TRAMPOLINE
  instanceContext(cx).store.pointee.registers = Registers(
    pc: pc, fp: fp, md: md, cx: cx, ac: ac, rm: rm, x0: x0, x1: x1)
  return Status.next
  #else
  return unsafeBitCast(UInt(pc.pointee), to: Handler.self)(pc, fp, md, cx, ac, rm, x0, x1)
  #endif
}

/// Enters a function at its linked code `code`, with its frame at `frame`: does what its `enter` does (see `CalleeEntry`),
/// or goes to it where it has more to do, or would trap or stop.
@inline(__always)
func enterCallee(
  _ code: PC, _ frame: FP, _ md: MD, _ cx: CX, _ ac: UInt64, _ rm: Int, _ x0: Double, _ x1: Double
) -> Int {
  let cost = code[-1]
  let left = rm &- Int(cost & 0xFFFF_FFFF)
  if _slowPath(UInt(bitPattern: frame + Int(cost >> 32)) > instanceContext(cx).stackLimit || left < 0) {
    return next(code, frame, md, cx, ac, rm, x0, x1)
  }
  // A fixed number of slots, if any: a few stores cost less than counting.
  let zeros = code[-2]
  if zeros != 0 {
    let zeroed = UnsafeMutableRawPointer(frame + Int(zeros & 0xFFFF_FFFF))
    zeroed.storeBytes(of: SIMD2<UInt64>(0, 0), toByteOffset: -8, as: SIMD2<UInt64>.self)
    zeroed.storeBytes(of: SIMD2<UInt64>(0, 0), toByteOffset: 8, as: SIMD2<UInt64>.self)
    zeroed.storeBytes(of: SIMD2<UInt64>(0, 0), toByteOffset: 24, as: SIMD2<UInt64>.self)
    zeroed.storeBytes(of: SIMD2<UInt64>(0, 0), toByteOffset: 40, as: SIMD2<UInt64>.self)
    if zeros >> 32 != 0 {
      zeroed.storeBytes(of: SIMD2<UInt64>(0, 0), toByteOffset: 56, as: SIMD2<UInt64>.self)
      zeroed.storeBytes(of: SIMD2<UInt64>(0, 0), toByteOffset: 72, as: SIMD2<UInt64>.self)
      zeroed.storeBytes(of: SIMD2<UInt64>(0, 0), toByteOffset: 88, as: SIMD2<UInt64>.self)
      zeroed.storeBytes(of: SIMD2<UInt64>(0, 0), toByteOffset: 104, as: SIMD2<UInt64>.self)
    }
  }
  return next(code + 3, frame, md, cx, ac, left, x0, x1)
}

/// Executes from the saved registers until the code finishes, traps or stops.
func dispatch(_ store: UnsafeMutablePointer<StoreContext>) -> Int {
  var status: Int
  repeat {
    let r = store.pointee.registers
    #if CANNERY_TRAMPOLINE
    OperationProfile.current?.note(r.pc)
    #endif
    status = unsafeBitCast(UInt(r.pc.pointee), to: Handler.self)(r.pc, r.fp, r.md, r.cx, r.ac, r.rm, r.x0, r.x1)
  } while status == Status.next
  return status
}

/// Whether this build dispatches through the trampoline.
public let dispatchesThroughTrampoline: Bool = {
  #if CANNERY_TRAMPOLINE
  true
  #else
  false
  #endif
}()

// Operand fields of 16 bits.
@inline(__always) func slot0(_ word: UInt64) -> Int { Int(truncatingIfNeeded: word & 0xFFFF) }
@inline(__always) func slot1(_ word: UInt64) -> Int { Int(truncatingIfNeeded: word >> 16 & 0xFFFF) }
@inline(__always) func slot2(_ word: UInt64) -> Int { Int(truncatingIfNeeded: word >> 32 & 0xFFFF) }
@inline(__always) func slot3(_ word: UInt64) -> Int { Int(truncatingIfNeeded: word >> 48) }

/// Field `position` of the operand words (4 and up are those of word 2), read by itself. Words are in the machine's byte order, which is little-endian.
@inline(__always)
func slotField(_ pc: PC, _ position: Int) -> Int {
  Int(UnsafeRawPointer(pc).load(fromByteOffset: 8 + 2 * position, as: UInt16.self))
}

/// The upper half of word 1, read by itself.
@inline(__always)
func highField(_ pc: PC) -> UInt32 { UnsafeRawPointer(pc).load(fromByteOffset: 12, as: UInt32.self) }

/// The upper half of word 2, read by itself: what an index is multiplied with.
@inline(__always)
func scaleField(_ pc: PC) -> UInt64 {
  UInt64(truncatingIfNeeded: UnsafeRawPointer(pc).load(fromByteOffset: 20, as: Int32.self))
}

/// A constant of which an operation has the lower half, and whether the upper half is 0 or all ones.
@inline(__always)
func shortConstant(_ lower: UInt32, _ upper: Int) -> UInt64 {
  UInt64(lower) | UInt64(bitPattern: Int64(Int16(truncatingIfNeeded: upper))) << 32
}

@inline(__always)
func vector(_ fp: FP, _ slot: Int) -> V128 { UnsafeRawPointer(fp + slot).loadUnaligned(as: V128.self) }

@inline(__always)
func setVector(_ fp: FP, _ slot: Int, _ value: V128) {
  UnsafeMutableRawPointer(fp + slot).storeBytes(of: value, as: V128.self)
}

/// A vector in operand word `word` and the next.
@inline(__always)
func vectorWords(_ pc: PC, _ word: Int) -> V128 { UnsafeRawPointer(pc + word).loadUnaligned(as: V128.self) }

/// The vector in the accumulator.
@inline(__always)
func held(_ x0: Double, _ x1: Double) -> V128 { V128(f64x2: SIMD2(x0, x1)) }

/// An address or length operand: 64 bits, or the low 32.
@inline(__always)
func address(_ bits: UInt64, _ wide: Bool) -> UInt64 { wide ? bits : bits & 0xFFFF_FFFF }
