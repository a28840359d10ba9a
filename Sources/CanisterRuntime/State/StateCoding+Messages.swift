// Messages and call contexts in the stored state.

import Candid
import Cannery
import SystemAPI

extension IngressID: StateCodable {
  func write(to writer: inout StateWriter) { writer.put(number) }
  init(from reader: inout StateReader) throws(StateError) { self.init(try reader.take()) }
}

extension IngressMessage: StateRecord {
  static func coded(_ field: inout FieldCoder<IngressMessage>) throws(StateError) -> IngressMessage {
    try IngressMessage(
      id: field(\.id), sender: field(\.sender), receiver: field(\.receiver), method: field(\.method),
      argument: field(\.argument), expiry: field(\.expiry), cycles: field(\.cycles))
  }
}

extension Request: StateRecord {
  static func coded(_ field: inout FieldCoder<Request>) throws(StateError) -> Request {
    try Request(
      sender: field(\.sender), callback: field(\.callback), receiver: field(\.receiver), method: field(\.method),
      argument: field(\.argument), cycles: field(\.cycles), deadline: field(\.deadline),
      depth: field(\.depth, upTo: StateLimit.depth), version: field(\.version))
  }
}

extension CanisterReject: StateRecord {
  static func coded(_ field: inout FieldCoder<CanisterReject>) throws(StateError) -> CanisterReject {
    try CanisterReject(code: field(\.code), error: field(\.error), message: field(\.message))
  }
}

extension CanisterError: StateRecord {
  static func coded(_ field: inout FieldCoder<CanisterError>) throws(StateError) -> CanisterError {
    try CanisterError(field(\.code), field(\.message))
  }
}

extension Response: StateCodable {
  func write(to writer: inout StateWriter) {
    switch self {
    case .reply(let bytes):
      writer.put(false)
      writer.put(bytes)
    case .reject(let reject):
      writer.put(true)
      writer.put(reject)
    }
  }
  init(from reader: inout StateReader) throws(StateError) {
    self = try reader.take(Bool.self) ? .reject(try reader.take()) : .reply(try reader.take())
  }
}

extension CanisterResponse: StateRecord {
  static func coded(_ field: inout FieldCoder<CanisterResponse>) throws(StateError) -> CanisterResponse {
    try CanisterResponse(
      receiver: field(\.receiver), callback: field(\.callback), respondent: field(\.respondent),
      response: field(\.response), refund: field(\.refund), deadline: field(\.deadline))
  }
}

extension CanisterMessage: StateCodable {
  func write(to writer: inout StateWriter) {
    switch self {
    case .ingress(let message):
      writer.put(0 as UInt8)
      writer.put(message)
    case .request(let request):
      writer.put(1 as UInt8)
      writer.put(request)
    case .response(let response):
      writer.put(2 as UInt8)
      writer.put(response)
    }
  }
  init(from reader: inout StateReader) throws(StateError) {
    switch try reader.take(UInt8.self) {
    case 0: self = .ingress(try reader.take())
    case 1: self = .request(try reader.take())
    case 2: self = .response(try reader.take())
    default: throw reader.malformed
    }
  }
}

extension IngressHistory.Answered: StateRecord {
  static func coded(_ field: inout FieldCoder<IngressHistory.Answered>) throws(StateError) -> IngressHistory.Answered {
    try IngressHistory.Answered(id: field(\.id), time: field(\.time))
  }
}

extension IngressStatus: StateCodable {
  func write(to writer: inout StateWriter) {
    switch self {
    case .received: writer.put(0 as UInt8)
    case .processing: writer.put(1 as UInt8)
    case .replied(let bytes):
      writer.put(2 as UInt8)
      writer.put(bytes)
    case .rejected(let reject):
      writer.put(3 as UInt8)
      writer.put(reject)
    }
  }
  init(from reader: inout StateReader) throws(StateError) {
    switch try reader.take(UInt8.self) {
    case 0: self = .received
    case 1: self = .processing
    case 2: self = .replied(try reader.take())
    case 3: self = .rejected(try reader.take())
    default: throw reader.malformed
    }
  }
}

extension InputQueues: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.put(all)
    writer.put(turnOrder)
    writer.put(takesIngressNext)
  }
  init(from reader: inout StateReader) throws(StateError) {
    let messages: [CanisterMessage] = try reader.take()
    let turns: [Principal] = try reader.take()
    guard let queues = InputQueues(messages, turns: turns, takesIngressNext: try reader.take()) else {
      throw reader.malformed
    }
    self = queues
  }
}

extension Callback: StateRecord {
  static func coded(_ field: inout FieldCoder<Callback>) throws(StateError) -> Callback {
    try Callback(function: field(\.function), environment: field(\.environment))
  }
}

extension CallOrigin: StateCodable {
  func write(to writer: inout StateWriter) {
    switch self {
    case .ingress(let id, let sender):
      writer.put(0 as UInt8)
      writer.put(id)
      writer.put(sender)
    case .canister(let sender, let callback, let deadline):
      writer.put(1 as UInt8)
      writer.put(sender)
      writer.put(callback)
      writer.put(deadline)
    case .systemTask: writer.put(2 as UInt8)
    }
  }
  init(from reader: inout StateReader) throws(StateError) {
    switch try reader.take(UInt8.self) {
    case 0: self = .ingress(try reader.take(), sender: try reader.take())
    case 1: self = .canister(try reader.take(), callback: try reader.take(), deadline: try reader.take())
    case 2: self = .systemTask
    default: throw reader.malformed
    }
  }
}

extension CallContext: StateRecord {
  static func coded(_ field: inout FieldCoder<CallContext>) throws(StateError) -> CallContext {
    try CallContext(
      origin: field(\.origin), cyclesAvailable: field(\.cyclesAvailable), isAnswered: field(\.isAnswered),
      isDeleted: field(\.isDeleted), instructionsExecuted: field(\.instructionsExecuted, upTo: StateLimit.count),
      depth: field(\.depth, upTo: StateLimit.depth), startTime: field(\.startTime))
  }
}

extension PendingCall: StateRecord {
  static func coded(_ field: inout FieldCoder<PendingCall>) throws(StateError) -> PendingCall {
    try PendingCall(
      context: field(\.context), callee: field(\.callee), cycles: field(\.cycles), onReply: field(\.onReply),
      onReject: field(\.onReject), onCleanup: field(\.onCleanup), deadline: field(\.deadline),
      responsePrepayment: field(\.responsePrepayment), callbackPrepayment: field(\.callbackPrepayment))
  }
}

extension CallContexts: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.put(contexts)
    writer.put(calls)
    writer.put(nextContext)
    writer.put(nextCall)
  }
  init(from reader: inout StateReader) throws(StateError) {
    let contexts: [UInt64: CallContext] = try reader.take()
    let calls: [UInt64: PendingCall] = try reader.take()
    let nextContext = try reader.take(upTo: StateLimit.count)
    let nextCall = try reader.take(upTo: StateLimit.count)
    guard let all = CallContexts(contexts, calls, nextContext: nextContext, nextCall: nextCall) else {
      throw reader.malformed
    }
    self = all
  }
}

extension EntryPoint: StateCodable {
  func write(to writer: inout StateWriter) {
    switch self {
    case .start: writer.put(0 as UInt8)
    case .export(let name):
      writer.put(1 as UInt8)
      writer.put(name)
    case .callback(let callback):
      writer.put(2 as UInt8)
      writer.put(callback)
    }
  }
  init(from reader: inout StateReader) throws(StateError) {
    switch try reader.take(UInt8.self) {
    case 0: self = .start
    case 1: self = .export(try reader.take())
    case 2: self = .callback(try reader.take())
    default: throw reader.malformed
    }
  }
}

extension MessageContext: StateRecord {
  static func coded(_ field: inout FieldCoder<MessageContext>) throws(StateError) -> MessageContext {
    var context = try MessageContext(
      field(\.mode), caller: field(\.caller), time: field(\.time), instructionLimit: field(\.instructionLimit))
    context.argument = try field(\.argument)
    context.callerInfo = try field(\.callerInfo)
    context.callerInfoSigner = try field(\.callerInfoSigner)
    context.reject = try field(\.reject)
    context.methodName = try field(\.methodName)
    context.deadline = try field(\.deadline)
    context.cyclesAvailable = try field(\.cyclesAvailable)
    context.cyclesRefunded = try field(\.cyclesRefunded)
    context.isAnswered = try field(\.isAnswered)
    context.instructionsBefore = try field(\.instructionsBefore, upTo: StateLimit.count)
    return context
  }
}

extension ExecutionJob: StateRecord {
  static func coded(_ field: inout FieldCoder<ExecutionJob>) throws(StateError) -> ExecutionJob {
    try ExecutionJob(
      name: field(\.name), mode: field(\.mode), context: field(\.context), prepaid: field(\.prepaid),
      limit: field(\.limit), cleanup: field(\.cleanup),
      callbackInstructions: field(\.callbackInstructions, upTo: StateLimit.count),
      callbackError: field(\.callbackError))
  }
}

extension AbortedExecution: StateRecord {
  static func coded(_ field: inout FieldCoder<AbortedExecution>) throws(StateError) -> AbortedExecution {
    try AbortedExecution(entry: field(\.entry), context: field(\.context), job: field(\.job))
  }
}

extension InstallationOrder: StateRecord {
  static func coded(_ field: inout FieldCoder<InstallationOrder>) throws(StateError) -> InstallationOrder {
    try InstallationOrder(
      caller: field(\.caller), module: field(\.module), mode: field(\.mode), argument: field(\.argument),
      cycles: field(\.cycles), prepaid: field(\.prepaid), is64: field(\.is64),
      chunks: field(\.chunks, upTo: UInt64(CanisterRuntime.chunkCount)))
  }
}

extension ManagementCaller: StateCodable {
  func write(to writer: inout StateWriter) {
    switch self {
    case .ingress(let id, let principal):
      writer.put(0 as UInt8)
      writer.put(id)
      writer.put(principal)
    case .canister(let id, let callback, let deadline, let version):
      writer.put(1 as UInt8)
      writer.put(id)
      writer.put(callback)
      writer.put(deadline)
      writer.put(version)
    case .host(let principal):
      writer.put(2 as UInt8)
      writer.put(principal)
    }
  }
  init(from reader: inout StateReader) throws(StateError) {
    switch try reader.take(UInt8.self) {
    case 0: self = .ingress(try reader.take(), try reader.take())
    case 1:
      self = .canister(
        try reader.take(), callback: try reader.take(), deadline: try reader.take(), version: try reader.take())
    case 2: self = .host(try reader.take())
    default: throw reader.malformed
    }
  }
}

extension ManagementCall: StateRecord {
  static func coded(_ field: inout FieldCoder<ManagementCall>) throws(StateError) -> ManagementCall {
    try ManagementCall(
      caller: field(\.caller), method: field(\.method), argument: field(\.argument), cycles: field(\.cycles),
      expiry: field(\.expiry))
  }
}

extension StopRequest: StateRecord {
  static func coded(_ field: inout FieldCoder<StopRequest>) throws(StateError) -> StopRequest {
    try StopRequest(caller: field(\.caller), cycles: field(\.cycles), since: field(\.since))
  }
}
