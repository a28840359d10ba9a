// A canister's log: what it printed, and its traps. The oldest records make room for new ones.

/// An entry of a canister's log.
public struct LogRecord: Hashable, Sendable {
  /// Counts all records that the canister ever wrote.
  public var index: UInt64
  /// Nanoseconds since 1970.
  public var timestamp: UInt64
  public var content: [UInt8]

  /// Bytes that a record takes beside its content.
  public static let overhead = 40

  public init(index: UInt64, timestamp: UInt64, content: [UInt8]) {
    self.index = index
    self.timestamp = timestamp
    self.content = content
  }
}

/// The newest records of a canister, as many as `capacity` bytes hold.
public struct CanisterLog: Hashable, Sendable {
  public private(set) var records: [LogRecord] = []
  public private(set) var nextIndex: UInt64 = 0
  /// Bytes that the records take.
  public private(set) var byteCount = 0
  public private(set) var capacity: Int

  public init(capacity: Int, nextIndex: UInt64 = 0) {
    self.capacity = capacity
    self.nextIndex = nextIndex
  }

  /// The bytes that are left before older records are dropped.
  public var space: Int { capacity - byteCount }

  /// Adds a record, cut to the capacity.
  public mutating func append(_ content: some Collection<UInt8>, at timestamp: UInt64) {
    let content = Array(content.prefix(max(capacity - LogRecord.overhead, 0)))
    records.append(LogRecord(index: nextIndex, timestamp: timestamp, content: content))
    nextIndex += 1
    byteCount += content.count + LogRecord.overhead
    trim()
  }

  /// Holds `capacity` bytes from now on.
  public mutating func resize(to capacity: Int) {
    self.capacity = capacity
    trim()
  }

  private mutating func trim() {
    var dropped = 0
    while byteCount > capacity, dropped < records.count {
      byteCount -= records[dropped].content.count + LogRecord.overhead
      dropped += 1
    }
    records.removeFirst(dropped)
  }

  /// Adds what an execution logged.
  public mutating func append(_ other: CanisterLog) {
    let skipped = other.nextIndex - UInt64(other.records.count)
    nextIndex += skipped
    for record in other.records { append(record.content, at: record.timestamp) }
  }

  /// Drops all records; numbering goes on.
  public mutating func clear() {
    records = []
    byteCount = 0
  }
}
