// Most operators by far take one or two numbers, or none, and give one: they are validated by comparing the top of the
// operand stack with what their row says, without looking at what kind of operator they are.

import WebAssembly

/// The operands and the result of an operator on numbers without immediates that need a check.
struct OperandForm {
  /// The types of the operands as they lie on the stack: the first in the lower half, the second in the upper.
  var operands: UInt64 = 0
  var result = ValueType(bits: 0)
  /// The bit of the operator's proposal; 0 if it has no such form.
  var proposal: UInt32 = 0
  var count = 0

  // Sound as shared state: written once here, only read afterwards, never freed.
  nonisolated(unsafe) static let table: UnsafePointer<OperandForm> = {
    let table = UnsafeMutablePointer<OperandForm>.allocate(capacity: Opcode.count)
    for row in 0..<Opcode.count { (table + row).initialize(to: OperandForm(OperatorTable.info[row])) }
    return UnsafePointer(table)
  }()

  private init(_ info: OperatorInfo) {
    let codes = (0..<3).map { info.operandCode($0) }.filter { $0 != 0 }
    let numbers = SignatureType.i32.rawValue...SignatureType.f64.rawValue
    switch info.immediates {
    case .none, .i32, .i64, .f32, .f64: break
    default: return
    }
    guard info.hasFixedSignature, codes.count <= 2, codes.allSatisfy(numbers.contains),
      numbers.contains(info.resultCode)
    else { return }
    for (index, code) in codes.enumerated() {
      operands |= UInt64(ValueType(bits: UInt32(code)).bits) << (32 * UInt64(index))
    }
    result = ValueType(bits: UInt32(info.resultCode))
    proposal = 1 << UInt32(info.proposalCode)
    count = codes.count
  }
}

extension FunctionValidator {
  /// Validates the operator just read if that takes a look at the operands only. Returns false, and has done nothing, if the
  /// operator is another one, or isn't valid; `step` says why.
  @inline(__always)
  mutating func stepByForm() -> Bool {
    let form = forms + instruction.opcode.row
    if enabled & form.pointee.proposal == 0 { return instruction.opcode == .localGet && getNumber(instruction.a) }
    let count = form.pointee.count
    if height &- base < count || height == operandCapacity { return false }
    let first = UnsafeRawPointer(operands + (height &- count))
    switch count {
    case 2: if first.loadUnaligned(as: UInt64.self) != form.pointee.operands { return false }
    case 1: if first.load(as: UInt32.self) != UInt32(truncatingIfNeeded: form.pointee.operands) { return false }
    default: break
    }
    height = height &- count &+ 1
    operands[height &- 1] = form.pointee.result
    maximumSlots = max(maximumSlots, height &+ vectors)
    operatorCount &+= 1
    used |= form.pointee.proposal
    return true
  }

  /// `local.get` of a number, which has a value from the start.
  @inline(__always)
  private mutating func getNumber(_ index: UInt32) -> Bool {
    if index >= locals.count || height == operandCapacity { return false }
    let type = locals[index]
    if type.bits > ValueType.f64.bits { return false }
    operands[height] = type
    height &+= 1
    maximumSlots = max(maximumSlots, height &+ vectors)
    operatorCount &+= 1
    used |= Features.mvp.rawValue
    return true
  }
}
