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

extension EnvironmentVariable: StateRecord {
  static func coded(_ field: inout FieldCoder<EnvironmentVariable>) throws(StateError) -> EnvironmentVariable {
    try EnvironmentVariable(name: field(\.name), value: field(\.value))
  }
}

extension CanisterSettings: StateRecord {
  static func coded(_ field: inout FieldCoder<CanisterSettings>) throws(StateError) -> CanisterSettings {
    var settings = try CanisterSettings(controllers: field(\.controllers))
    settings.computeAllocation = try field(\.computeAllocation, upTo: 100)
    settings.memoryAllocation = try field(\.memoryAllocation, upTo: StateLimit.bytes)
    settings.freezingThreshold = try field(\.freezingThreshold)
    settings.reservedCyclesLimit = try field(\.reservedCyclesLimit)
    settings.minimumIncomingCallCycles = try field(\.minimumIncomingCallCycles)
    settings.wasmMemoryLimit = try field(\.wasmMemoryLimit, upTo: StateLimit.bytes)
    settings.wasmMemoryThreshold = try field(\.wasmMemoryThreshold, upTo: StateLimit.bytes)
    settings.logVisibility = try field(\.logVisibility)
    settings.logMemoryLimit = try field(\.logMemoryLimit, upTo: CanisterSettings.logMemoryLimits.upperBound)
    settings.snapshotVisibility = try field(\.snapshotVisibility)
    settings.statusVisibility = try field(\.statusVisibility)
    settings.setEnvironment(try field(\.environment))
    return settings
  }
}

extension LogRecord: StateRecord {
  static func coded(_ field: inout FieldCoder<LogRecord>) throws(StateError) -> LogRecord {
    try LogRecord(index: field(\.index), timestamp: field(\.timestamp), content: field(\.content))
  }
}

extension CanisterLog: StateCodable {
  func write(to writer: inout StateWriter) {
    writer.put(capacity)
    writer.put(nextIndex)
    writer.put(Array(records))
  }
  init(from reader: inout StateReader) throws(StateError) {
    let capacity = try reader.take(upTo: StateLimit.logBytes)
    let next = try reader.take(upTo: StateLimit.count)
    let records: [LogRecord] = try reader.take()
    guard UInt64(records.count) <= next else { throw reader.malformed }
    self.init(capacity: capacity, nextIndex: next - UInt64(records.count))
    for record in records { append(record.content, at: record.timestamp) }
    guard self.records.elementsEqual(records) else { throw reader.malformed }
  }
}

extension FixedMemory: StateRecord {
  static func coded(_ field: inout FieldCoder<FixedMemory>) throws(StateError) -> FixedMemory {
    var memory = FixedMemory()
    memory.globals = try field(\.globals, upTo: StateLimit.bytes)
    memory.module = try field(\.module, upTo: StateLimit.bytes)
    memory.customSections = try field(\.customSections, upTo: StateLimit.bytes)
    memory.history = try field(\.history, upTo: StateLimit.bytes)
    memory.chunks = try field(\.chunks, upTo: StateLimit.bytes)
    memory.snapshots = try field(\.snapshots, upTo: StateLimit.bytes)
    return memory
  }
}

extension SystemState: StateRecord {
  static func coded(_ field: inout FieldCoder<SystemState>) throws(StateError) -> SystemState {
    let log = try field(\.log)
    var state = try SystemState(
      id: field(\.id), settings: field(\.settings), balance: field(\.balance), logCapacity: log.capacity)
    state.log = log
    state.status = try field(\.status)
    state.version = try field(\.version, upTo: StateLimit.count)
    state.reservedBalance = try field(\.reservedBalance)
    state.certifiedData = try field(\.certifiedData)
    state.globalTimer = try field(\.globalTimer)
    state.heapBytes = try field(\.heapBytes, upTo: StateLimit.bytes)
    state.stableBytes = try field(\.stableBytes, upTo: StateLimit.bytes)
    state.fixedMemory = try field(\.fixedMemory)
    state.messageMemory = try field(\.messageMemory, upTo: StateLimit.bytes)
    state.consumed = try field(\.consumed)
    guard state.consumed.count == CycleUse.allCases.count else { throw field.malformed }
    return state
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

extension HistoryEntry: StateRecord {
  static func coded(_ field: inout FieldCoder<HistoryEntry>) throws(StateError) -> HistoryEntry {
    try HistoryEntry(
      timestamp: field(\.timestamp), version: field(\.version), origin: field(\.origin), change: field(\.change))
  }
}

extension QueryStatistics: StateRecord {
  static func coded(_ field: inout FieldCoder<QueryStatistics>) throws(StateError) -> QueryStatistics {
    try QueryStatistics(
      calls: field(\.calls), instructions: field(\.instructions), requestBytes: field(\.requestBytes),
      responseBytes: field(\.responseBytes))
  }
}
