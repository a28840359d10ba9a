// The System API for one canister: host functions over what the present execution was given, and what it may change.
//
// One interface serves a canister as long as its instance lives; each execution gives it a context and a copy of the
// canister's state. Every call is checked and charged from its row of the table first, then does what it is for.
//
// Source: the Internet Computer interface specification, "System imports"; dfinity/ic, rs/embedders/src/wasmtime_embedder.

import Candid
import Cannery

/// What executions see of the subnet.
public struct SubnetInformation: Sendable {
  public var id: Principal
  /// DER-encoded public key.
  public var rootKey: [UInt8]
  public var configuration: SubnetConfiguration
  /// Gets what canisters print, at once and on the thread that executes them.
  public var debugPrint: (@Sendable (_ canister: Principal, _ text: [UInt8]) -> Void)?

  public init(id: Principal, rootKey: [UInt8], configuration: SubnetConfiguration = SubnetConfiguration()) {
    self.id = id
    self.rootKey = rootKey
    self.configuration = configuration
  }
}

/// What the canister's queues and the subnet have room for when an execution begins, and less of it as the execution goes.
public struct SubnetCapacity: Sendable {
  /// Messages on the way to each callee, with the room that is kept for responses.
  public var outgoing: [Principal: Int]
  /// Calls that may still wait for responses.
  public var callbacks: Int
  /// Bytes that guaranteed responses may still take on the subnet.
  public var responseMemory: UInt64
  /// Bytes by which heap and stable memory may still grow, and those in use on the subnet.
  public var memory: UInt64
  public var memoryUse: UInt64
  /// Of a query, bytes that the calls which it makes may still take until they are evaluated: nobody pays for them.
  public var queryPayload: Int = SubnetCapacity.queryPayloadLimit

  public static let queryPayloadLimit = 128 << 20

  public init(
    outgoing: [Principal: Int] = [:], callbacks: Int = 0, responseMemory: UInt64 = 0, memory: UInt64, memoryUse: UInt64
  ) {
    self.outgoing = outgoing
    self.callbacks = callbacks
    self.responseMemory = responseMemory
    self.memory = memory
    self.memoryUse = memoryUse
  }
}

/// The host functions of a canister.
public final class SystemInterface {
  public let subnet: SubnetInformation
  var configuration: SubnetConfiguration { subnet.configuration }
  public let stable: StableMemory
  /// Whether the canister has a 64-bit memory.
  public let is64: Bool
  /// The canister's memory, if it has one.
  public var memory: Memory?

  // Of the execution in progress.
  public internal(set) var context: MessageContext
  public var system: SystemState
  public var effects: ExecutionEffects
  /// What the canister said, or the system, when a call of the System API ended the execution with a trap.
  public internal(set) var trapMessage: String?
  /// Of system tasks: what the replica's texts call it.
  public var taskName: String?
  /// Instructions that all slices together have been given so far, less what those before the present one used beyond.
  public var grantedInstructions: UInt64 = 0
  public var capacity: SubnetCapacity
  var callUnderConstruction: OutgoingCall?
  var replyBuffer: [UInt8] = []

  /// An interface for a canister with this state. `is64` tells whether its memory is 64-bit.
  public init(_ subnet: SubnetInformation, _ system: SystemState, stable: StableMemory, is64: Bool) {
    self.subnet = subnet
    self.system = system
    self.stable = stable
    self.is64 = is64
    context = MessageContext(.start, caller: .managementCanister, time: 0, instructionLimit: 0)
    effects = ExecutionEffects(logCapacity: system.log.capacity)
    capacity = SubnetCapacity(memory: 0, memoryUse: 0)
  }

  /// An execution begins.
  public func begin(_ context: MessageContext, _ system: SystemState, _ capacity: SubnetCapacity) {
    self.context = context
    self.system = system
    self.capacity = capacity
    effects = ExecutionEffects(logCapacity: system.log.capacity)
    callUnderConstruction = nil
    replyBuffer = []
    taskName = nil
    trapMessage = nil
    // Composite queries commit nothing, and what a callback writes can be undone alone.
    stable.beginExecution(canBeUndone: context.mode.isComposite)
  }

  /// What belongs to an execution that stands still.
  public struct Parked {
    fileprivate var context: MessageContext
    fileprivate var system: SystemState
    fileprivate var effects: ExecutionEffects
    fileprivate var taskName: String?
    fileprivate var trapMessage: String?
    fileprivate var grantedInstructions: UInt64
    fileprivate var capacity: SubnetCapacity
    fileprivate var callUnderConstruction: OutgoingCall?
    fileprivate var replyBuffer: [UInt8]
    fileprivate var stable: StableMemory.Parked
  }

  /// Makes room for other executions, until `unpark`.
  public func park() -> Parked {
    Parked(
      context: context, system: system, effects: effects, taskName: taskName, trapMessage: trapMessage,
      grantedInstructions: grantedInstructions, capacity: capacity, callUnderConstruction: callUnderConstruction,
      replyBuffer: replyBuffer,
      stable: stable.park())
  }

  /// Goes on with an execution that stood still.
  public func unpark(_ parked: Parked) {
    context = parked.context
    system = parked.system
    effects = parked.effects
    taskName = parked.taskName
    trapMessage = parked.trapMessage
    grantedInstructions = parked.grantedInstructions
    capacity = parked.capacity
    callUnderConstruction = parked.callUnderConstruction
    replyBuffer = parked.replyBuffer
    stable.unpark(parked.stable)
  }

  /// What a module imports, in its order; nil at imports that are no functions of the System API.
  public func imports(of module: Module, in store: Store) throws -> [ExternalValue?] {
    try module.module.imports.map { item in
      guard case .function = item.description, item.module == SystemCall.module, let call = SystemCall.named(item.name),
        let type = call.type(is64: is64)
      else { return nil }
      return .function(
        try store.makeHostFunction(type, name: "ic0.\(call.name)", isCheckPoint: call.isCheckPoint) {
          [self] caller, slots in
          try perform(call, caller, slots)
          return .done
        })
    }
  }

  /// Does `call` for Wasm code. Throws a `CanisterError`, or a `TrapKind`.
  func perform(_ call: SystemCall, _ caller: Caller, _ slots: UnsafeMutablePointer<UInt64>) throws {
    let operands = Operands(slots: slots, is64: is64)
    try charge(call, caller, operands)
    if memory == nil { memory = caller.instance?.memories.first }
    guard call.isAllowed(in: context.mode) else {
      throw violation("\"ic0_\(call.name)\" cannot be executed in \(taskName ?? context.mode.replicaName) mode")
    }
    switch call {
    case .msgArgDataSize, .msgArgDataCopy, .msgCallerSize, .msgCallerCopy, .msgCallerInfoDataSize,
      .msgCallerInfoDataCopy,
      .msgCallerInfoSignerSize, .msgCallerInfoSignerCopy, .msgRejectCode, .msgRejectMsgSize, .msgRejectMsgCopy,
      .msgDeadline, .msgReplyDataAppend, .msgReply, .msgReject, .msgMethodNameSize, .msgMethodNameCopy, .acceptMessage:
      try performMessage(call, operands)
    case .msgCyclesAvailable128, .msgCyclesRefunded128, .msgCyclesAccept128, .cyclesBurn128, .canisterCycleBalance128,
      .canisterLiquidCycleBalance128, .callCyclesAdd128, .msgCyclesAvailable, .msgCyclesRefunded, .msgCyclesAccept,
      .canisterCycleBalance, .callCyclesAdd, .mintCycles128:
      try performCycles(call, operands)
    case .callNew, .callOnCleanup, .callDataAppend, .callWithBestEffortResponse, .callPerform:
      try performCall(call, operands)
    case .canisterSelfSize, .canisterSelfCopy, .subnetSelfSize, .subnetSelfCopy, .canisterStatus, .canisterVersion,
      .isController, .inReplicatedExecution, .time, .globalTimerSet, .performanceCounter, .rootKeySize, .rootKeyCopy,
      .certifiedDataSet, .dataCertificatePresent, .dataCertificateSize, .dataCertificateCopy:
      try performCanister(call, caller, operands)
    case .envVarCount, .envVarNameSize, .envVarNameCopy, .envVarNameExists, .envVarValueSize, .envVarValueCopy:
      try performEnvironment(call, operands)
    case .stable64Size, .stable64Grow, .stable64Write, .stable64Read, .stableSize, .stableGrow, .stableWrite,
      .stableRead:
      try performStable(call, caller, operands)
    case .costCall, .costCreateCanister, .costHttpRequest, .costSignWithEcdsa, .costSignWithSchnorr,
      .costVetkdDeriveKey, .costHttpRequestV2:
      try performCosts(call, operands)
    case .debugPrint, .trap: try performDebugging(call, operands)
    }
  }

  /// Charges what the table says, all at once.
  private func charge(_ call: SystemCall, _ caller: Caller, _ operands: Operands) throws(TrapKind) {
    guard call.isCheckPoint else { return }
    var amount = call.fixedCost
    for (factor, operand) in call.lengthCosts {
      let (product, overflow) = lengthOperand(call, operands, operand).multipliedReportingOverflow(by: factor)
      amount = overflow ? .max : amount.addingReportingOverflow(product).overflow ? .max : amount + product
    }
    if call.chargesLog {
      let length = operands.pointer(1)
      var sum = amount.addingReportingOverflow(logCharge(length))
      // System subnets print to the node's own log too.
      if call == .debugPrint && configuration.kind == .system && !sum.overflow {
        sum = sum.partialValue.addingReportingOverflow(length)
      }
      amount = sum.overflow ? .max : sum.partialValue
    }
    if amount > 0 { try caller.charge(amount) }
  }

  /// Operands of the 64-bit stable memory calls are i64 in all canisters.
  private func lengthOperand(_ call: SystemCall, _ operands: Operands, _ index: Int) -> UInt64 {
    switch call {
    case .stable64Write, .stable64Read: operands.i64(index)
    default: operands.pointer(index)
    }
  }

  /// What logging so many bytes costs: copying them, and keeping those that this message has room for.
  private func logCharge(_ length: UInt64) -> UInt64 {
    2 * min(length, UInt64(effects.log.capacity)) + 50 * min(length, UInt64(effects.log.space))
  }

  // MARK: Memory

  func trap(_ text: String) -> CanisterError {
    trapMessage = text
    return CanisterError(.canisterTrapped, "Canister trapped: \(text)")
  }

  func violation(_ text: String) -> CanisterError {
    CanisterError(.canisterContractViolation, "Canister violated contract: \(text)")
  }

  private func heap(_ call: SystemCall) throws(CanisterError) -> Memory {
    guard let memory else { throw violation("WebAssembly module must define memory") }
    return memory
  }

  private func check(
    _ call: SystemCall, _ what: String, _ start: UInt64, _ length: UInt64, of size: UInt64
  ) throws(CanisterError) {
    if length <= size && start <= size - length { return }
    throw violation("ic0_\(call.name) \(what): src=\(start) + length=\(length) exceeds the slice size=\(size)")
  }

  /// The bytes of a range of the heap.
  func load(_ call: SystemCall, _ source: UInt64, _ size: UInt64) throws(CanisterError) -> [UInt8] {
    let heap = try heap(call)
    try check(call, "heap", source, size, of: UInt64(heap.count))
    guard let bytes = heap.read(at: source, count: Int(size)) else { preconditionFailure("the range was checked") }
    return bytes
  }

  /// Checks a range of the heap without reading it.
  func checkHeap(_ call: SystemCall, _ start: UInt64, _ size: UInt64) throws(CanisterError) {
    try check(call, "heap", start, size, of: UInt64(heap(call).count))
  }

  /// Writes bytes to the heap.
  func store(_ call: SystemCall, _ bytes: [UInt8], at destination: UInt64) throws(CanisterError) {
    try checkHeap(call, destination, UInt64(bytes.count))
    let isWritten = try heap(call).write(bytes, at: destination)
    precondition(isWritten, "the range was checked")
  }

  /// Writes an amount, 16 bytes with the lowest first.
  func store(_ call: SystemCall, _ amount: Cycles, at destination: UInt64) throws(CanisterError) {
    try store(call, withUnsafeBytes(of: amount.littleEndian) { Array($0) }, at: destination)
  }

  /// `X_copy(dst, offset, size)`: a part of a blob to the heap.
  func copy(
    _ call: SystemCall, _ blob: [UInt8], _ what: String, _ operands: Operands, first: Int = 0
  ) throws(CanisterError) {
    let (destination, offset, size) = (
      operands.pointer(first), operands.pointer(first + 1), operands.pointer(first + 2)
    )
    try checkHeap(call, destination, size)
    try check(call, what, offset, size, of: UInt64(blob.count))
    let heap = try heap(call)
    let isWritten = blob.withUnsafeBytes {
      heap.write(UnsafeRawBufferPointer(rebasing: $0[Int(offset)..<Int(offset + size)]), at: destination)
    }
    precondition(isWritten, "the range was checked")
  }
}

/// The operands of a call, and its result.
struct Operands {
  let slots: UnsafeMutablePointer<UInt64>
  let is64: Bool

  func i32(_ index: Int) -> UInt32 { UInt32(truncatingIfNeeded: slots[index]) }
  func i64(_ index: Int) -> UInt64 { slots[index] }
  /// An operand of the address type.
  func pointer(_ index: Int) -> UInt64 { is64 ? slots[index] : UInt64(i32(index)) }
  /// Two operands: the high half of an amount, then the low half.
  func amount(_ index: Int) -> Cycles { Cycles(slots[index]) << 64 | Cycles(slots[index + 1]) }

  func result(_ value: UInt64) { slots[0] = value }
  func result(_ value: Bool) { slots[0] = value ? 1 : 0 }
}

extension ExecutionMode {
  /// The mode as the replica's texts name it.
  var replicaName: String {
    switch self {
    case .start: "start"
    case .initialization: "init"
    case .preUpgrade: "pre upgrade"
    case .update: "update"
    case .replicatedQuery: "replicated query"
    case .query, .transform: "non replicated query"
    case .compositeQuery: "composite query"
    case .replyCallback: "reply callback"
    case .rejectCallback: "reject callback"
    case .compositeReplyCallback: "composite reply callback"
    case .compositeRejectCallback: "composite reject callback"
    case .cleanup: "cleanup"
    case .compositeCleanup: "composite cleanup"
    case .inspectMessage: "inspect message"
    case .systemTask: "system task"
    }
  }
}
