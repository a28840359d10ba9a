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

  /// Without an array in between: this is part of the start of every process that executes.
  private init() {
    let operations = UnsafeMutablePointer<VerifiedOperation>.allocate(capacity: ThreadedOperation.count)
    var total = 0
    for number in 0..<ThreadedOperation.count { total += ThreadedOperation(number: UInt16(number)).fields.count }
    let fields = UnsafeMutablePointer<ThreadedField>.allocate(capacity: total)
    var count = 0
    /// Appends the fields of a role, and returns how many there are.
    func append(_ all: UnsafeBufferPointer<ThreadedField>, _ role: FieldRole) -> UInt8 {
      let first = count
      for field in all where VerificationTable.role(of: field.kind) == role {
        (fields + count).initialize(to: field)
        count += 1
      }
      return UInt8(count - first)
    }
    for number in 0..<ThreadedOperation.count {
      let operation = ThreadedOperation(number: UInt16(number))
      let all = operation.fields
      let first = count
      let reads = append(all, .read)
      let ranged = append(all, .ranged)
      let writes = append(all, .written)
      var branch: ThreadedField?
      for field in all where field.kind == .branch {
        precondition(branch == nil && field.shift == 0)
        branch = field
      }
      let flow = operation.flow(branches: branch != nil)
      precondition(operation.isSwitch == (flow == .table), "a switch that progress doesn't see")
      precondition(branch == nil || flow == .jump || flow == .branch, "a branch that progress doesn't see")
      (operations + number).initialize(
        to: VerifiedOperation(
          wordCount: UInt8(operation.wordCount), readCount: reads, rangedCount: ranged, writeCount: writes,
          firstField: UInt32(first), effects: operation.effects, branchWord: UInt8(branch?.word ?? 0),
          isSwitch: operation.isSwitch, rule: operation.rule, flow: flow))
    }
    self.operations = UnsafePointer(operations)
    self.fields = UnsafePointer(fields)
  }

  private enum FieldRole { case read, ranged, written, other }

  private static func role(of kind: ThreadedFieldKind) -> FieldRole {
    switch kind {
    case .function, .imported, .anyFunction, .type, .table, .memory, .global, .data, .element, .trap, .lane: .ranged
    case .readSlot, .readPair, .readWide: .read
    case .writeSlot, .writePair, .writeWide: .written
    case .immediate, .upper, .offset, .word, .branch, .cost, .wideCost, .stride, .result, .count, .zeroCount,
      .frameCost:
      .other
    }
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
