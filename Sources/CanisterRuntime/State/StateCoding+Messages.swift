// Messages and call contexts in the stored state.

import Candid
import Cannery
import SystemAPI

extension IngressID: StateCodable {
  func write(to writer: inout StateWriter) { writer.put(number) }
  init(from reader: inout StateReader) throws(StateError) { self.init(try reader.take()) }
}

extension IngressMessage: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.put(id)
    writer.put(sender)
    writer.put(receiver)
    writer.put(method)
    writer.put(argument)
    writer.put(expiry)
    writer.put(cycles)
  }
  init(from reader: inout StateReader) throws(StateError) {
    self.init(
      id: try reader.take(), sender: try reader.take(), receiver: try reader.take(), method: try reader.take(),
      argument: try reader.take(), expiry: try reader.take(), cycles: try reader.take())
  }
}

extension Request: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.put(sender)
    writer.put(callback)
    writer.put(receiver)
    writer.put(method)
    writer.put(argument)
    writer.put(cycles)
    writer.put(deadline)
    writer.put(depth)
  }
  init(from reader: inout StateReader) throws(StateError) {
    self.init(
      sender: try reader.take(), callback: try reader.take(), receiver: try reader.take(), method: try reader.take(),
      argument: try reader.take(), cycles: try reader.take(), deadline: try reader.take(), depth: try reader.take())
  }
}

extension CanisterReject: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.put(code)
    writer.put(error)
    writer.put(message)
  }
  init(from reader: inout StateReader) throws(StateError) {
    self.init(code: try reader.take(), error: try reader.take(), message: try reader.take())
  }
}

extension CanisterError: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.put(code)
    writer.put(message)
  }
  init(from reader: inout StateReader) throws(StateError) { self.init(try reader.take(), try reader.take()) }
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

extension CanisterResponse: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.put(receiver)
    writer.put(callback)
    writer.put(respondent)
    writer.put(response)
    writer.put(refund)
    writer.put(deadline)
  }
  init(from reader: inout StateReader) throws(StateError) {
    self.init(
      receiver: try reader.take(), callback: try reader.take(), respondent: try reader.take(),
      response: try reader.take(), refund: try reader.take(), deadline: try reader.take())
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

extension Callback: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.put(function)
    writer.put(environment)
  }
  init(from reader: inout StateReader) throws(StateError) {
    self.init(function: try reader.take(), environment: try reader.take())
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

extension CallContext: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.put(origin)
    writer.put(cyclesAvailable)
    writer.put(isAnswered)
    writer.put(isDeleted)
    writer.put(instructionsExecuted)
    writer.put(depth)
    writer.put(startTime)
  }
  init(from reader: inout StateReader) throws(StateError) {
    origin = try reader.take()
    cyclesAvailable = try reader.take()
    isAnswered = try reader.take()
    isDeleted = try reader.take()
    instructionsExecuted = try reader.take()
    depth = try reader.take()
    startTime = try reader.take()
  }
}

extension PendingCall: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.put(context)
    writer.put(callee)
    writer.put(cycles)
    writer.put(onReply)
    writer.put(onReject)
    writer.put(onCleanup)
    writer.put(deadline)
    writer.put(responsePrepayment)
    writer.put(callbackPrepayment)
  }
  init(from reader: inout StateReader) throws(StateError) {
    self.init(
      context: try reader.take(), callee: try reader.take(), cycles: try reader.take(), onReply: try reader.take(),
      onReject: try reader.take(), onCleanup: try reader.take(), deadline: try reader.take(),
      responsePrepayment: try reader.take(), callbackPrepayment: try reader.take())
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
    guard
      let all = CallContexts(contexts, calls, nextContext: try reader.take(), nextCall: try reader.take())
    else { throw reader.malformed }
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

extension MessageContext: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.put(mode)
    writer.put(caller)
    writer.put(time)
    writer.put(instructionLimit)
    writer.put(argument)
    writer.put(callerInfo)
    writer.put(callerInfoSigner)
    writer.put(reject)
    writer.put(methodName)
    writer.put(deadline)
    writer.put(cyclesAvailable)
    writer.put(cyclesRefunded)
    writer.put(isAnswered)
    writer.put(instructionsBefore)
  }
  init(from reader: inout StateReader) throws(StateError) {
    self.init(
      try reader.take(), caller: try reader.take(), time: try reader.take(), instructionLimit: try reader.take())
    argument = try reader.take()
    callerInfo = try reader.take()
    callerInfoSigner = try reader.take()
    reject = try reader.take()
    methodName = try reader.take()
    deadline = try reader.take()
    cyclesAvailable = try reader.take()
    cyclesRefunded = try reader.take()
    isAnswered = try reader.take()
    instructionsBefore = try reader.take()
  }
}

extension ExecutionJob: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.put(name)
    writer.put(mode)
    writer.put(context)
    writer.put(prepaid)
    writer.put(limit)
    writer.put(cleanup)
    writer.put(callbackInstructions)
    writer.put(callbackError)
  }
  init(from reader: inout StateReader) throws(StateError) {
    self.init(
      name: try reader.take(), mode: try reader.take(), context: try reader.take(), prepaid: try reader.take(),
      limit: try reader.take(), cleanup: try reader.take(), callbackInstructions: try reader.take(),
      callbackError: try reader.take())
  }
}

extension AbortedExecution: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.put(entry)
    writer.put(context)
    writer.put(job)
  }
  init(from reader: inout StateReader) throws(StateError) {
    self.init(entry: try reader.take(), context: try reader.take(), job: try reader.take())
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

extension ManagementCall: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.put(caller)
    writer.put(method)
    writer.put(argument)
    writer.put(cycles)
  }
  init(from reader: inout StateReader) throws(StateError) {
    self.init(
      caller: try reader.take(), method: try reader.take(), argument: try reader.take(), cycles: try reader.take())
  }
}

extension StopRequest: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.put(caller)
    writer.put(since)
  }
  init(from reader: inout StateReader) throws(StateError) {
    self.init(caller: try reader.take(), since: try reader.take())
  }
}
