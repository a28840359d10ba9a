// What the verifier looks at in each operation, worked out once from the operation table: fields in the order in which it
// takes them, without those that anything may stand in, and where a branch is. So a look at an operation that has no rules
// of its own is a few steps through flat memory.

import WebAssembly

/// One operation, for the verifier.
struct VerifiedOperation: BitwiseCopyable {
  /// Length in words, without the table of a switch.
  var wordCount: UInt8
  /// Numbers of fields: of slots that are read, of fields with a range, of slots that are written; in this order from
  /// `firstField` on.
  var readCount: UInt8
  var rangedCount: UInt8
  var writeCount: UInt8
  var firstField: UInt32
  var effects: ThreadedEffects
  /// The word whose low half is a branch's displacement; 0 where there is none.
  var branchWord: UInt8
  var isSwitch: Bool
  var rule: OperationRule
  var flow: OperationFlow
}

/// Operations with rules beyond those of their fields.
enum OperationRule: UInt8, BitwiseCopyable {
  case none, enter, enterLarge, charge, call, callAndMore, callImport, callIndirect, callReference
  case tailCall, tailCallImport, tailCallIndirect, tailCallReference, adjustStack
  case returnNone, returnInteger, returnFloat, runtimeOnly
}

/// How execution goes on, and what it is charged, as far as progress depends on it.
enum OperationFlow: UInt8, BitwiseCopyable {
  /// To the next operation.
  case next
  case enter, charge, chargeCheck, chargeDynamic
  /// To a target, with a cost of 32 bits.
  case jump
  /// To a target or to the next operation, with a cost of 16 bits each.
  case branch
  case table, call, tailCall
  /// Out of the function.
  case end
}

/// Facts about all operations, by number.
struct VerificationTable {
  let operations: UnsafePointer<VerifiedOperation>
  /// Of all operations.
  let fields: UnsafePointer<ThreadedField>

  // Sound as shared state: made once, only read afterwards, never freed.
  nonisolated(unsafe) static let shared = VerificationTable()

  private init() {
    var operations: [VerifiedOperation] = []
    var fields: [ThreadedField] = []
    for number in 0..<ThreadedOperation.count {
      let operation = ThreadedOperation(number: UInt16(number))
      let all = Array(operation.fields)
      let reads = all.filter { [.readSlot, .readWide, .readPair].contains($0.kind) }
      let ranged = all.filter { VerificationTable.hasRange($0.kind) }
      let writes = all.filter { [.writeSlot, .writeWide, .writePair].contains($0.kind) }
      let branch = all.first { $0.kind == .branch }
      precondition(all.count { $0.kind == .branch } <= 1 && branch?.shift ?? 0 == 0)
      let flow = operation.flow(branches: branch != nil)
      precondition(operation.isSwitch == (flow == .table), "a switch that progress doesn't see")
      precondition(branch == nil || flow == .jump || flow == .branch, "a branch that progress doesn't see")
      operations.append(
        VerifiedOperation(
          wordCount: UInt8(operation.wordCount), readCount: UInt8(reads.count), rangedCount: UInt8(ranged.count),
          writeCount: UInt8(writes.count), firstField: UInt32(fields.count), effects: operation.effects,
          branchWord: UInt8(branch?.word ?? 0), isSwitch: operation.isSwitch, rule: operation.rule,
          flow: flow))
      fields += reads + ranged + writes
    }
    self.operations = VerificationTable.copy(operations)
    self.fields = VerificationTable.copy(fields)
  }

  private static func hasRange(_ kind: ThreadedFieldKind) -> Bool {
    switch kind {
    case .function, .imported, .anyFunction, .type, .table, .memory, .global, .data, .element, .trap, .lane: true
    case .readSlot, .readPair, .readWide, .writeSlot, .writePair, .writeWide: false
    case .immediate, .upper, .offset, .word, .branch, .cost, .wideCost, .stride, .result, .count, .zeroCount,
      .frameCost:
      false
    }
  }

  private static func copy<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafePointer<Element> {
    let memory = UnsafeMutablePointer<Element>.allocate(capacity: elements.count)
    for (index, element) in elements.enumerated() { (memory + index).initialize(to: element) }
    return UnsafePointer(memory)
  }
}

extension ThreadedOperation {
  fileprivate var rule: OperationRule {
    switch self {
    case .enter: .enter
    case .enterLarge: .enterLarge
    case .charge, .chargeCheck: .charge
    case .call: .call
    case .callMove, .callMoveTwo, .callConstant, .callAdd: .callAndMore
    case .callImport: .callImport
    case .callIndirect_s, .callIndirect_a: .callIndirect
    case .callReference: .callReference
    case .tailCall: .tailCall
    case .tailCallImport: .tailCallImport
    case .tailCallIndirect: .tailCallIndirect
    case .tailCallReference: .tailCallReference
    case .raiseStack, .lowerStack: .adjustStack
    case .return, .chargeReturn, .globalSetReturn: .returnNone
    case .return_a, .return_s, .return_i, .chargeReturn_a, .globalSetReturn_a, .globalSetReturn_s,
      .globalSetReturn_i:
      .returnInteger
    case .returnFloat_a, .returnFloat_s: .returnFloat
    case .exit, .leaveInstance, .resumeHostCall, .retryHostCall: .runtimeOnly
    default:
      effects.isSuperset(of: [.terminator, .writesAccumulator]) && ThreadedTables.isReturning(number)
        ? .returnInteger : .none
    }
  }

  fileprivate func flow(branches: Bool) -> OperationFlow {
    switch self {
    case .enter, .enterLarge, .enterInlined: .enter
    case .charge: .charge
    case .chargeCheck: .chargeCheck
    case .chargeDynamic32, .chargeDynamic64: .chargeDynamic
    case .jump, .jumpCheck, .jumpMove, .jumpMoveTwo, .jumpCheckMove, .jumpCheckMoveTwo, .jumpConstant,
      .jumpCheckConstant, .stepI32Jump, .stepI32JumpCheck,
      .stepI64Jump, .stepI64JumpCheck:
      .jump
    case .switch_s, .switch_a, .switchLoad8U_s, .switchLoad8U_a, .switchLoad_s, .switchLoad_a,
      .stepSwitchLoad8U, .stepSwitchLoad:
      .table
    case .tailCall, .tailCallImport, .tailCallIndirect, .tailCallReference: .tailCall
    default: effects.contains(.call) ? .call : effects.contains(.terminator) ? .end : branches ? .branch : .next
    }
  }
}

/// What the verifier needs of an artifact's module, by index, in flat memory: of functions, types, tables and globals.
final class VerifiedModule: Sendable {
  /// A function type.
  struct Signature: BitwiseCopyable {
    var isFunction = false
    var parameterSlots = 0
    var resultSlots = 0
    /// The type of a single result that is not a vector; else `.none`.
    var scalar = IRType.none
  }

  // Sound as shared state: written by `init`, only read afterwards.
  nonisolated(unsafe) let signatures: UnsafeMutableBufferPointer<Signature>
  /// Indices of types of all functions, imported ones first.
  nonisolated(unsafe) let functions: UnsafeMutableBufferPointer<UInt32>
  nonisolated(unsafe) let tableHoldsFunctions: UnsafeMutableBufferPointer<Bool>
  nonisolated(unsafe) let globalIsMutable: UnsafeMutableBufferPointer<Bool>
  let importedFunctionCount: Int
  let memoryCount: Int
  let dataCount: Int
  let elementCount: Int

  init(_ module: Module, _ spaces: IndexSpaces) {
    let types = module.types
    signatures = VerifiedModule.table(types) { type in
      guard case .function(let type) = type.composite else { return Signature() }
      let slots = type.results.reduce(0) { $0 + $1.slotCount }
      return Signature(
        isFunction: true, parameterSlots: type.parameters.reduce(0) { $0 + $1.slotCount }, resultSlots: slots,
        scalar: type.results.count == 1 && slots == 1 ? IRType(type.results[0]) : .none)
    }
    functions = VerifiedModule.table(spaces.functions) { $0 }
    // The handlers take the elements of a function table for addresses of functions.
    tableHoldsFunctions = VerifiedModule.table(spaces.tables) { table in
      let element = table.element.heapType
      if element.isConcrete, case .function = types[Int(element.typeIndex)].composite { return true }
      return element == .func || element == .nofunc
    }
    globalIsMutable = VerifiedModule.table(spaces.globals) { $0.isMutable }
    importedFunctionCount = spaces.importedFunctionCount
    memoryCount = spaces.memories.count
    dataCount = module.data.count
    elementCount = module.elements.count
  }

  deinit {
    signatures.deallocate()
    functions.deallocate()
    tableHoldsFunctions.deallocate()
    globalIsMutable.deallocate()
  }

  private static func table<Source, Element: BitwiseCopyable>(
    _ source: [Source], _ convert: (Source) -> Element
  ) -> UnsafeMutableBufferPointer<Element> {
    let table = UnsafeMutableBufferPointer<Element>.allocate(capacity: source.count)
    _ = table.initialize(from: source.lazy.map(convert))
    return table
  }
}
