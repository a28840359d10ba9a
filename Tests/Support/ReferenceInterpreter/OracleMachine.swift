// Executes function bodies, one operator at a time, over explicit stacks of operands, labels and frames: neither a Wasm
// call nor a block uses the native stack.
//
// Charging is part of the step: a unit that begins at an operator is charged before the operator executes, however
// control has come there. The families of operators are in OracleMachine+….swift.
//
// Source: WebAssembly 3.0, section 4.6; metering.md, sections 1 to 4.

import Semantics
import WebAssembly

struct OracleMachine {
  let store: OracleStore
  var operands: [OracleValue] = []
  /// The running function; nil before the first and after the last.
  private(set) var frame: Frame?
  /// The frames below, the outermost first.
  private var callers: [Frame] = []

  struct Label {
    /// Where a branch to the label continues.
    var target: Int
    /// How many operands a branch carries.
    var arity: Int
    /// Operands below the construct.
    var base: Int
    /// The label of a loop stays when it is branched to.
    var isLoop: Bool
  }

  struct Frame {
    let code: FunctionCode
    let instance: OracleInstance
    var locals: [OracleValue]
    var labels: [Label] = []
    /// Operands below the frame.
    let base: Int
    /// The position of the next operator.
    var position = 0
  }

  init(store: OracleStore) { self.store = store }

  /// Calls the function at `address` and executes until it returns.
  mutating func run(_ address: Int, _ arguments: [OracleValue]) throws(OracleStop) -> [OracleValue] {
    operands = arguments
    do throws(OracleStop) {
      try call(address)
      while frame != nil { try step() }
      return operands
    } catch {
      throw located(error)
    }
  }

  /// The innermost place that the machine knows is where the trap happened.
  private mutating func located(_ stop: OracleStop) -> OracleStop {
    guard case .trap(let kind, nil) = stop, let frame else { return stop }
    let offset = frame.code.operators[current].instruction.offset
    return .trap(kind, location: OracleLocation(function: frame.code.index, offset: offset))
  }

  /// The position of the operator that is executing.
  private var current = 0

  private mutating func step() throws(OracleStop) {
    current = frame!.position
    let next = frame!.code.operators[current]
    try charge(next)
    frame!.position = current + 1
    try execute(next)
  }

  // MARK: Charging

  /// Charges what is due before `next` executes: the length of a bulk operator, then the unit that begins there. In this
  /// order, because the two are inserted at the same place and the length first.
  private mutating func charge(_ next: FunctionCode.Operator) throws(OracleStop) {
    if next.opcode.hasBulkLength && store.policy.chargesBulkLength {
      try store.charge(operands[operands.count - 1].address)
    }
    if let unit = next.unit {
      store.meter.charge(unit.cost)
      if unit.isReentrant { try store.check() }
    }
  }

  // MARK: Calls

  /// Calls the function at `address` with the arguments on the stack, which its results replace.
  mutating func call(_ address: Int) throws(OracleStop) {
    switch store.functions[address] {
    case .host(let type, _, let body): try callHost(type, body)
    case .wasm(let instance, let index, _):
      let code = try instance.code(index)
      try reserve(code.stackSlots, releasing: 0)
      let arguments = pop(code.type.parameters.count)
      if let frame { callers.append(frame) }
      frame = Frame(code: code, instance: instance, locals: arguments + code.locals, base: operands.count)
    }
  }

  /// Replaces the running function by the one at `address`.
  mutating func tailCall(_ address: Int) throws(OracleStop) {
    let running = frame!
    switch store.functions[address] {
    case .host(let type, _, let body):
      // The running frame is gone when the host function executes.
      store.stackSlotsInUse -= running.code.stackSlots
      try callHost(type, body)
      store.stackSlotsInUse += running.code.stackSlots
      returnFromFunction()
    case .wasm(let instance, let index, _):
      let code = try instance.code(index)
      try reserve(code.stackSlots, releasing: running.code.stackSlots)
      let arguments = pop(code.type.parameters.count)
      operands.removeLast(operands.count - running.base)
      frame = Frame(code: code, instance: instance, locals: arguments + code.locals, base: running.base)
    }
  }

  /// Takes `slots` slots of the stack limit after giving back `released`.
  private mutating func reserve(_ slots: Int, releasing released: Int) throws(OracleStop) {
    let inUse = store.stackSlotsInUse - released + slots
    if inUse > store.limits.stackSlots { throw .trap(.callStackExhausted) }
    store.stackSlotsInUse = inUse
  }

  /// A host call is a check point. It takes nothing of the stack limit.
  private mutating func callHost(_ type: FunctionType, _ body: OracleHostFunction) throws(OracleStop) {
    try store.check()
    let arguments = pop(type.parameters.count)
    do {
      let results = try body(OracleCaller(store: store, instance: frame?.instance), arguments)
      precondition(
        results.count == type.results.count && zip(results, type.results).allSatisfy { $0.matches($1) },
        "a host function's results do not match its type")
      operands += results
    } catch let stop as OracleStop {
      throw stop
    } catch {
      throw .host(error)
    }
  }

  /// Ends the running function; its results are on top of the stack.
  mutating func returnFromFunction() {
    let ended = frame!
    let results = pop(ended.code.type.results.count)
    operands.removeLast(operands.count - ended.base)
    operands += results
    store.stackSlotsInUse -= ended.code.stackSlots
    frame = callers.popLast()
  }

  // MARK: Operands

  mutating func push(_ value: OracleValue) { operands.append(value) }

  mutating func pop() -> OracleValue { operands.removeLast() }

  /// The top `count` operands, the deepest first.
  mutating func pop(_ count: Int) -> [OracleValue] {
    let values = Array(operands[(operands.count - count)...])
    operands.removeLast(count)
    return values
  }

  /// An i32 operand.
  mutating func popI32() -> UInt32 { UInt32.pop(from: &self) }

  mutating func popReference() -> OracleReference {
    guard case .reference(let reference) = pop() else { preconditionFailure("validated code has a reference here") }
    return reference
  }

  // MARK: State of the running function

  var instance: OracleInstance { frame!.instance }
  /// The labels of the `br_table` that is executing.
  var currentLabelTable: [UInt32] { frame!.code.labelTables[current]! }
  var position: Int {
    get { frame!.position }
    set { frame!.position = newValue }
  }
  var labels: [Label] {
    get { frame!.labels }
    _modify { yield &frame!.labels }
  }
  subscript(local index: UInt32) -> OracleValue {
    get { frame!.locals[Int(index)] }
    set { frame!.locals[Int(index)] = newValue }
  }
}

extension Opcode {
  /// Whether the operator's last operand is a length that is charged.
  fileprivate var hasBulkLength: Bool {
    switch self {
    case .memoryFill, .memoryCopy, .memoryInit, .tableFill, .tableCopy, .tableInit: true
    default: false
    }
  }
}
