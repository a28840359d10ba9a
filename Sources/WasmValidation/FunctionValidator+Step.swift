// The dispatch: one operator with its immediates checked against the state. Operators whose types depend only on the
// operator (and on the memory's address type) need no code of their own: the operator table has their signatures.

import WebAssembly

extension FunctionValidator {
  /// Validates the operator just read. Throws if the rules of its proposal, its immediates or its operand types are
  /// violated; the state is unusable then.
  public mutating func step() throws(ModuleError) {
    precondition(depth > 0, "operator after the end of the body")
    operatorCount &+= 1
    let info = info[instruction.opcode.row]
    let proposal: UInt32 = 1 &<< UInt32(info.proposalCode)
    if enabled & proposal == 0 { throw fail(.featureDisabled, info.proposal.name) }
    used |= proposal

    switch instruction.opcode {
    // Control.
    case .unreachable: setUnreachable()
    case .block: try block(.block, instruction.blockType)
    case .loop: try block(.loop, instruction.blockType)
    case .if:
      try pop(.i32)
      try block(.if, instruction.blockType)
    case .else: try elseOperator()
    case .end: try end()
    case .br: try branch(instruction.a)
    case .brIf: try conditionalBranch(instruction.a)
    case .brTable: try branchTable()
    case .return: try returnOperator()
    case .call: try call(instruction.a)
    case .callIndirect: try callIndirect()
    case .returnCall: try returnCall(instruction.a)
    case .returnCallIndirect: try returnCallIndirect()
    case .callRef: try callRef(instruction.a)
    case .returnCallRef: try returnCallRef(instruction.a)
    case .throw: try throwOperator(instruction.a)
    case .throwRef: try throwRef()
    case .tryTable: try tryTable()
    // Parametric.
    case .drop: _ = try popAny()
    case .select: try select()
    case .selectT: try typedSelect()
    // Variables.
    case .localGet: try localGet(instruction.a)
    case .localSet: try localSet(instruction.a)
    case .localTee: try localTee(instruction.a)
    case .globalGet: try globalGet(instruction.a)
    case .globalSet: try globalSet(instruction.a)
    // Tables.
    case .tableGet: try tableGet(instruction.a)
    case .tableSet: try tableSet(instruction.a)
    case .tableInit: try tableInit()
    case .elemDrop: _ = try element(instruction.a)
    case .tableCopy: try tableCopy()
    case .tableGrow: try tableGrow(instruction.a)
    case .tableSize: try tableSize(instruction.a)
    case .tableFill: try tableFill(instruction.a)
    // Memories.
    case .memorySize: try memorySize(instruction.a)
    case .memoryGrow: try memoryGrow(instruction.a)
    case .memoryInit: try memoryInit()
    case .dataDrop: try checkData(instruction.a)
    case .memoryCopy: try memoryCopy()
    case .memoryFill: try memoryFill(instruction.a)
    // References.
    case .refNull: try refNull()
    case .refIsNull: try refIsNull()
    case .refFunc: try refFunc(instruction.a)
    case .refEq: try refEq()
    case .refAsNonNull: try refAsNonNull()
    case .brOnNull: try branchOnNull(instruction.a)
    case .brOnNonNull: try branchOnNonNull(instruction.a)
    case .refTest, .refTestNull: try refTest(instruction.type)
    case .refCast, .refCastNull: try refCast(instruction.type)
    case .brOnCast: try branchOnCast(onFailure: false)
    case .brOnCastFail: try branchOnCast(onFailure: true)
    case .anyConvertExtern: try anyConvertExtern()
    case .externConvertAny: try externConvertAny()
    // Aggregates.
    case .structNew: try structNew(instruction.a)
    case .structNewDefault: try structNewDefault(instruction.a)
    case .structGet: try structGet(extends: false)
    case .structGetS, .structGetU: try structGet(extends: true)
    case .structSet: try structSet()
    case .arrayNew: try arrayNew(instruction.a)
    case .arrayNewDefault: try arrayNewDefault(instruction.a)
    case .arrayNewFixed: try arrayNewFixed()
    case .arrayNewData: try arrayNewData()
    case .arrayNewElem: try arrayNewElem()
    case .arrayGet: try arrayGet(instruction.a, extends: false)
    case .arrayGetS, .arrayGetU: try arrayGet(instruction.a, extends: true)
    case .arraySet: try arraySet(instruction.a)
    case .arrayLen: try arrayLen()
    case .arrayFill: try arrayFill(instruction.a)
    case .arrayCopy: try arrayCopy()
    case .arrayInitData: try arrayInitData()
    case .arrayInitElem: try arrayInitElem()
    case .refI31: try refI31()
    case .i31GetS, .i31GetU: try i31Get()
    default: try fixedSignature(info)
    }
  }

  /// An operator whose row in the table has its operands and results.
  @inline(__always)
  private mutating func fixedSignature(_ info: OperatorInfo) throws(ModuleError) {
    var address = ValueType.i32
    switch info.immediatesCode {
    case Immediates.memoryArgument.rawValue: address = try memoryArgument(info)
    case Immediates.memoryLane.rawValue:
      address = try memoryArgument(info)
      try checkLane(instruction.lane, count: 16 >> info.alignmentOrLanes)
    case Immediates.lane.rawValue: try checkLane(instruction.lane, count: info.alignmentOrLanes)
    case Immediates.shuffle.rawValue: try checkShuffle()
    default: break
    }
    // Operands are popped from the last to the first; code 0 is none.
    let third = info.operandCode(2)
    let second = info.operandCode(1)
    let first = info.operandCode(0)
    let result = info.resultCode
    if third != 0 { try pop(type(third, address)) }
    if second != 0 { try pop(type(second, address)) }
    if first != 0 { try pop(type(first, address)) }
    if result != 0 { try push(type(result, address)) }
  }

  /// The value type with a code of the operator table; numbers and vectors have the codes of `SignatureType`.
  @inline(__always)
  private mutating func type(_ code: UInt8, _ address: ValueType) -> ValueType {
    code == SignatureType.address.rawValue ? address : ValueType(bits: UInt32(code))
  }

  // MARK: Parametric operators

  /// `select` without a type takes numbers and vectors only.
  @inline(__always)
  private mutating func select() throws(ModuleError) {
    try pop(.i32)
    let second = try popAny()
    let first = try popAny()
    if first.isReference || second.isReference {
      throw fail(.typeMismatch, "select without a type expects numbers or vectors but found references")
    }
    if first != second && first != .bottom && second != .bottom { throw mismatch(first, second) }
    try push(first == .bottom ? second : first)
  }

  private mutating func typedSelect() throws(ModuleError) {
    if instruction.a != 1 { throw fail(.invalidResultArity, "\(instruction.a)") }
    try checkType(instruction.type)
    try pop(.i32)
    try pop(instruction.type)
    try pop(instruction.type)
    try push(instruction.type)
  }
}
