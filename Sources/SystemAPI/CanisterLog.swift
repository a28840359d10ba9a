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
public struct CanisterLog: Sendable {
  /// The records, behind those that were dropped and not yet moved out of the way.
  private var stored: [LogRecord] = []
  private var dropped = 0
  public private(set) var nextIndex: UInt64 = 0
  /// Bytes that the records take.
  public private(set) var byteCount = 0
  public private(set) var capacity: Int

  public init(capacity: Int, nextIndex: UInt64 = 0) {
    self.capacity = capacity
    self.nextIndex = nextIndex
  }

  public var records: ArraySlice<LogRecord> { stored[dropped...] }

  /// The bytes that are left before older records are dropped.
  public var space: Int { capacity - byteCount }

  /// Adds a record, cut to the capacity.
  public mutating func append(_ content: some Collection<UInt8>, at timestamp: UInt64) {
    let content = Array(content.prefix(max(capacity - LogRecord.overhead, 0)))
    stored.append(LogRecord(index: nextIndex, timestamp: timestamp, content: content))
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
    while byteCount > capacity, dropped < stored.count {
      byteCount -= stored[dropped].content.count + LogRecord.overhead
      stored[dropped].content = []
      dropped += 1
    }
    // Moving the rest costs no more than what was dropped did.
    guard dropped > stored.count / 2 else { return }
    stored.removeFirst(dropped)
    dropped = 0
  }

  /// Adds what an execution logged. Where that was more than there is room for, nothing older stays: records follow each other
  /// without a gap.
  public mutating func append(_ other: CanisterLog) {
    let skipped = other.nextIndex - UInt64(other.records.count)
    if skipped > 0 { clear() }
    nextIndex += skipped
    for record in other.records { append(record.content, at: record.timestamp) }
  }

  /// Drops all records; numbering goes on.
  public mutating func clear() {
    stored = []
    dropped = 0
    byteCount = 0
  }
}
