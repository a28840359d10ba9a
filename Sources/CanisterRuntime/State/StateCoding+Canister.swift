// What the system keeps of a canister, in the stored state.

import Candid
import Cannery
import SystemAPI

extension Visibility: StateCodable {
  func write(to writer: inout StateWriter) {
    switch self {
    case .controllers: writer.put(0 as UInt8)
    case .everyone: writer.put(1 as UInt8)
    case .allowedViewers(let viewers):
      writer.put(2 as UInt8)
      writer.put(viewers)
    }
  }
  init(from reader: inout StateReader) throws(StateError) {
    switch try reader.take(UInt8.self) {
    case 0: self = .controllers
    case 1: self = .everyone
    case 2: self = .allowedViewers(try reader.take())
    default: throw reader.malformed
    }
  }
}

extension EnvironmentVariable: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.put(name)
    writer.put(value)
  }
  init(from reader: inout StateReader) throws(StateError) {
    self.init(name: try reader.take(), value: try reader.take())
  }
}

extension CanisterSettings: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.put(controllers)
    writer.put(computeAllocation)
    writer.put(memoryAllocation)
    writer.put(freezingThreshold)
    writer.put(reservedCyclesLimit)
    writer.put(minimumIncomingCallCycles)
    writer.put(wasmMemoryLimit)
    writer.put(wasmMemoryThreshold)
    writer.put(logVisibility)
    writer.put(snapshotVisibility)
    writer.put(statusVisibility)
    writer.put(environment)
  }
  init(from reader: inout StateReader) throws(StateError) {
    self.init(controllers: try reader.take())
    computeAllocation = try reader.take()
    memoryAllocation = try reader.take()
    freezingThreshold = try reader.take()
    reservedCyclesLimit = try reader.take()
    minimumIncomingCallCycles = try reader.take()
    wasmMemoryLimit = try reader.take()
    wasmMemoryThreshold = try reader.take()
    logVisibility = try reader.take()
    snapshotVisibility = try reader.take()
    statusVisibility = try reader.take()
    setEnvironment(try reader.take())
  }
}

extension LogRecord: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.put(index)
    writer.put(timestamp)
    writer.put(content)
  }
  init(from reader: inout StateReader) throws(StateError) {
    self.init(index: try reader.take(), timestamp: try reader.take(), content: try reader.take())
  }
}

extension CanisterLog: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.put(capacity)
    writer.put(nextIndex)
    writer.put(records)
  }
  init(from reader: inout StateReader) throws(StateError) {
    let capacity: Int = try reader.take()
    let next: UInt64 = try reader.take()
    let records: [LogRecord] = try reader.take()
    guard capacity >= 0, UInt64(records.count) <= next else { throw reader.malformed }
    self.init(capacity: capacity, nextIndex: next - UInt64(records.count))
    for record in records { append(record.content, at: record.timestamp) }
    guard self.records == records else { throw reader.malformed }
  }
}

extension FixedMemory: StateCodable {
  func write(to writer: inout StateWriter) {
    for part in [globals, module, customSections, history, chunks, snapshots] { writer.put(part) }
  }
  init(from reader: inout StateReader) throws(StateError) {
    self.init()
    globals = try reader.take()
    module = try reader.take()
    customSections = try reader.take()
    history = try reader.take()
    chunks = try reader.take()
    snapshots = try reader.take()
  }
}

extension SystemState: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.put(id)
    writer.put(settings)
    writer.put(balance)
    writer.put(log)
    writer.put(status)
    writer.put(version)
    writer.put(reservedBalance)
    writer.put(certifiedData)
    writer.put(globalTimer)
    writer.put(heapBytes)
    writer.put(stableBytes)
    writer.put(fixedMemory)
    writer.put(messageMemory)
    writer.put(consumed)
  }
  init(from reader: inout StateReader) throws(StateError) {
    let id: Principal = try reader.take()
    let settings: CanisterSettings = try reader.take()
    let balance: Cycles = try reader.take()
    let log: CanisterLog = try reader.take()
    self.init(id: id, settings: settings, balance: balance, logCapacity: log.capacity)
    self.log = log
    status = try reader.take()
    version = try reader.take()
    reservedBalance = try reader.take()
    certifiedData = try reader.take()
    globalTimer = try reader.take()
    heapBytes = try reader.take()
    stableBytes = try reader.take()
    fixedMemory = try reader.take()
    messageMemory = try reader.take()
    consumed = try reader.take()
    guard consumed.count == CycleUse.allCases.count else { throw reader.malformed }
  }
}

extension ChangeOrigin: StateCodable {
  func write(to writer: inout StateWriter) {
    switch self {
    case .user(let user):
      writer.put(false)
      writer.put(user)
    case .canister(let id, let version):
      writer.put(true)
      writer.put(id)
      writer.put(version)
    }
  }
  init(from reader: inout StateReader) throws(StateError) {
    self =
      try reader.take(Bool.self)
      ? .canister(try reader.take(), version: try reader.take()) : .user(try reader.take())
  }
}

extension InstallMode: StateCodable {
  func write(to writer: inout StateWriter) {
    switch self {
    case .install: writer.put(0 as UInt8)
    case .reinstall: writer.put(1 as UInt8)
    case .upgrade(let options):
      writer.put(2 as UInt8)
      writer.put(options.skipsPreUpgrade)
      writer.put(options.keepsHeap)
    }
  }
  init(from reader: inout StateReader) throws(StateError) {
    switch try reader.take(UInt8.self) {
    case 0: self = .install
    case 1: self = .reinstall
    case 2: self = .upgrade(UpgradeOptions(skipsPreUpgrade: try reader.take(), keepsHeap: try reader.take()))
    default: throw reader.malformed
    }
  }
}

extension CanisterChange: StateCodable {
  func write(to writer: inout StateWriter) {
    switch self {
    case .creation(let controllers, let hash):
      writer.put(0 as UInt8)
      writer.put(controllers)
      writer.put(hash)
    case .uninstall: writer.put(1 as UInt8)
    case .deployment(let mode, let hash):
      writer.put(2 as UInt8)
      writer.put(mode)
      writer.put(hash)
    case .snapshotLoad(let version, let snapshot, let takenAt, let from, let isUploaded):
      writer.put(3 as UInt8)
      writer.put(version)
      writer.put(snapshot)
      writer.put(takenAt)
      writer.put(from)
      writer.put(isUploaded)
    case .controllersChange(let controllers):
      writer.put(4 as UInt8)
      writer.put(controllers)
    }
  }
  init(from reader: inout StateReader) throws(StateError) {
    switch try reader.take(UInt8.self) {
    case 0: self = .creation(controllers: try reader.take(), environmentHash: try reader.take())
    case 1: self = .uninstall
    case 2: self = .deployment(try reader.take(), moduleHash: try reader.take())
    case 3:
      self = .snapshotLoad(
        version: try reader.take(), snapshot: try reader.take(), takenAt: try reader.take(), from: try reader.take(),
        isUploaded: try reader.take())
    case 4: self = .controllersChange(try reader.take())
    default: throw reader.malformed
    }
  }
}

extension HistoryEntry: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.put(timestamp)
    writer.put(version)
    writer.put(origin)
    writer.put(change)
  }
  init(from reader: inout StateReader) throws(StateError) {
    self.init(
      timestamp: try reader.take(), version: try reader.take(), origin: try reader.take(), change: try reader.take())
  }
}

extension QueryStatistics: StateCodable {
  func write(to writer: inout StateWriter) {
    for part in [calls, instructions, requestBytes, responseBytes] { writer.put(part) }
  }
  init(from reader: inout StateReader) throws(StateError) {
    self.init(
      calls: try reader.take(), instructions: try reader.take(), requestBytes: try reader.take(),
      responseBytes: try reader.take())
  }
}
