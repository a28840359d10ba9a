// References: null, functions, casts and the branches that test them; and the check of types that occur in code.
//
// Source: WebAssembly 3.0, section 3.4 (reference instructions, br_on_*).

import WebAssembly

extension FunctionValidator {
  // MARK: Types in code

  /// Refuses what needs a proposal that is not enabled, and notes that it is used.
  @inline(__always)
  mutating func require(_ proposal: Proposal) throws(ModuleError) {
    let bit: UInt32 = 1 << UInt32(proposal.rawValue)
    if enabled & bit == 0 { throw fail(.featureDisabled, proposal.name) }
    used |= bit
  }

  /// Checks that a type written in the code exists and is enabled.
  @inline(__always)
  mutating func checkType(_ type: ValueType) throws(ModuleError) {
    if !type.isNumeric { try checkRareType(type) }
  }

  @inline(never)
  private mutating func checkRareType(_ type: ValueType) throws(ModuleError) {
    if type.isVector { return try require(.simd) }
    for proposal in type.proposals { try require(proposal) }
    if type.heapType.isConcrete && type.heapType.typeIndex >= tables.typeCount {
      throw fail(.unknownType, "\(type.heapType.typeIndex)")
    }
  }

  // MARK: References

  mutating func refNull() throws(ModuleError) {
    try checkType(instruction.type)
    try push(instruction.type)
  }

  mutating func refIsNull() throws(ModuleError) {
    _ = try popReference()
    try push(.i32)
  }

  mutating func refFunc(_ index: UInt32) throws(ModuleError) {
    if index >= tables.functionCount { throw fail(.unknownFunction, "\(index)") }
    if !tables.isDeclared(index) { throw fail(.undeclaredFunctionReference, "\(index)") }
    try push(.ref(.concrete(tables.functions[Int(index)]), nullable: false))
  }

  mutating func refEq() throws(ModuleError) {
    try pop(.ref(.eq, nullable: true))
    try pop(.ref(.eq, nullable: true))
    try push(.i32)
  }

  mutating func refAsNonNull() throws(ModuleError) {
    let type = try popReference()
    try push(.ref(type.heapType, nullable: false))
  }

  mutating func branchOnNull(_ label: UInt32) throws(ModuleError) {
    let type = try popReference()
    try retype(try frame(ofLabel: label).pointee.labelTypes)
    try push(.ref(type.heapType, nullable: false))
  }

  /// The types of a label that takes a reference last, split into the others and the reference.
  private mutating func labelTakingReference(_ label: UInt32) throws(ModuleError) -> (others: TypeList, last: ValueType)
  {
    var list = try frame(ofLabel: label).pointee.labelTypes
    guard list.count > 0, tables.pool[Int(list.start) + Int(list.count) - 1].isReference else {
      throw fail(.typeMismatch, "\(instruction.opcode.mnemonic) needs a label that takes a reference last")
    }
    list.count -= 1
    return (list, tables.pool[Int(list.start) + Int(list.count)])
  }

  mutating func branchOnNonNull(_ label: UInt32) throws(ModuleError) {
    let (others, last) = try labelTakingReference(label)
    let type = ValueType.ref(try popReference().heapType, nullable: false)
    if !tables.matches(type, last) { throw mismatch(last, type) }
    try retype(others)
  }

  // MARK: Casts

  /// The top of the hierarchy of `type`, nullable: what a cast to `type` accepts.
  private mutating func top(_ type: ValueType) -> ValueType {
    let heap = type.heapType
    let kind = heap.isConcrete ? tables.types[Int(heap.typeIndex)].kind : .structure
    return .ref(heap.top(kind: kind), nullable: true)
  }

  mutating func refTest(_ type: ValueType) throws(ModuleError) {
    try checkType(type)
    try pop(top(type))
    try push(.i32)
  }

  mutating func refCast(_ type: ValueType) throws(ModuleError) {
    try checkType(type)
    try pop(top(type))
    try push(type)
  }

  /// `br_on_cast` and, with `onFailure`, `br_on_cast_fail`.
  mutating func branchOnCast(onFailure: Bool) throws(ModuleError) {
    let source = instruction.type
    let target = instruction.type2
    try checkType(source)
    try checkType(target)
    if !tables.matches(target, source) {
      throw fail(.typeMismatch, "\(instruction.opcode.mnemonic): \(target) does not match \(source)")
    }
    // What is left if the cast fails: null has gone to the target if that takes null.
    let rest = ValueType.ref(source.heapType, nullable: source.isNullable && !target.isNullable)
    let (taken, kept) = onFailure ? (rest, target) : (target, rest)
    let (others, last) = try labelTakingReference(instruction.a)
    if !tables.matches(taken, last) { throw mismatch(last, taken) }
    try pop(source)
    try retype(others)
    try push(kept)
  }

  // MARK: Conversions

  mutating func anyConvertExtern() throws(ModuleError) { try convert(from: .extern, to: .any) }

  mutating func externConvertAny() throws(ModuleError) { try convert(from: .any, to: .extern) }

  private mutating func convert(from source: HeapType, to target: HeapType) throws(ModuleError) {
    let type = try popSlowly(.ref(source, nullable: true))
    try push(.ref(target, nullable: type.isReference && type.isNullable))
  }
}
