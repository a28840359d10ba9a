// The whole state of a runtime as bytes: to store it and go on later, and to hash it.

import Candid
import Cannery
import SystemAPI

extension CanisterRuntime {
  private static let magic = Array("CANNERY STATE\n".utf8)
  private static let version: UInt64 = 1

  /// The state: canisters with their modules and memories, messages, time. `CanisterRuntime.init(state:)` goes on with it.
  /// An execution that is paused starts anew then.
  public func state() -> [UInt8] {
    var writer = StateWriter()
    writer.raw(Self.magic)
    writer.number(Self.version)
    var modules: [[UInt8]: InstalledModule] = [:]
    for canister in canisters.values { if let module = canister.machine?.installed { modules[module.hash] = module } }
    writer.number(UInt64(modules.count))
    for hash in modules.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      guard let module = modules[hash] else { continue }
      writer.put(module.bytes)
      writer.put(Array(module.module.artifact.bytes.buffer))
    }
    write(to: &writer)
    writer.put(canisters.mapValues(\.queryStatistics))
    writer.raw(writer.bytes.withUnsafeBytes { SHA256.hash($0).bytes })
    return writer.bytes
  }

  /// SHA-256 of the state, without what only queries change: the same for the same inputs, whatever the threads and the compiler's options.
  public func stateHash() -> [UInt8] {
    var writer = StateWriter()
    write(to: &writer)
    return writer.bytes.withUnsafeBytes { SHA256.hash($0).bytes }
  }

  private func write(to writer: inout StateWriter) {
    writer.put(time)
    writer.put(round)
    writer.put(nextCanister)
    writer.put(nextIngress)
    writer.put(lastCharge)
    writer.put(randomness.state)
    writer.put(ingressStatuses)
    writer.put(managementCalls.elements)
    writer.put(waiting.sorted())
    writer.number(UInt64(canisters.count))
    for id in canisterIDs { if let canister = canisters[id] { canister.write(to: &writer) } }
  }

  /// A runtime that goes on where another stopped, whose `state()` this is.
  ///
  /// Throws a `StateError`, or a `CanisterError` if a module in it can't be compiled.
  public convenience init(state bytes: [UInt8], _ configuration: RuntimeConfiguration = RuntimeConfiguration()) throws {
    self.init(configuration)
    let end = bytes.count - 32
    guard end >= Self.magic.count, bytes.starts(with: Self.magic) else { throw StateError.malformed(at: 0) }
    var reader = StateReader(bytes[Self.magic.count..<end])
    let version: UInt64 = try reader.number()
    guard version == Self.version else { throw StateError.otherVersion(version) }
    let checksum = bytes.withUnsafeBytes { SHA256.hash(UnsafeRawBufferPointer(rebasing: $0[..<end])).bytes }
    guard checksum.elementsEqual(bytes[end...]) else { throw StateError.damaged }
    for _ in 0..<(try reader.count()) {
      let module: [UInt8] = try reader.take()
      try addModule(module, artifact: reader.take())
    }
    try read(from: &reader)
    for (id, statistics) in try reader.take([Principal: QueryStatistics].self) {
      canisters[id]?.queryStatistics = statistics
    }
    guard reader.isAtEnd else { throw reader.malformed }
  }

  private func read(from reader: inout StateReader) throws {
    time = try reader.take()
    round = try reader.take()
    nextCanister = try reader.take()
    nextIngress = try reader.take()
    lastCharge = try reader.take()
    randomness = Randomness(state: try reader.take())
    ingressStatuses = try reader.take()
    for call in try reader.take([ManagementCall].self) { managementCalls.append(call) }
    waiting = Set(try reader.take([Principal].self))
    for _ in 0..<(try reader.count()) { add(try Canister(from: &reader, self)) }
  }
}

extension Canister {
  /// The committed state: of a paused execution only what it is for.
  func write(to writer: inout StateWriter) {
    whileParked { writeParked(to: &writer) }
  }

  private func writeParked(to writer: inout StateWriter) {
    writer.put(state)
    writer.put(queues)
    writer.put(calls)
    writer.put(lowMemoryHook)
    writer.put(
      paused.map { AbortedExecution(entry: $0.execution.entry, context: $0.execution.context, job: $0.job) } ?? aborted)
    writer.put(stopRequests)
    writer.put(history)
    writer.put(historyCount)
    writer.put(chunks)
    writer.put(chargedUntil)
    writer.put(priority)
    writer.put(installDebt)
    stable.write(to: &writer)
    writer.put(machine?.installed.hash)
    guard let machine else { return }
    machine.memory?.write(to: &writer)
    for global in machine.instance.globals where global.type.isMutable {
      writer.put(global.cell[0])
      writer.put(global.cell[1])
    }
  }

  convenience init(from reader: inout StateReader, _ runtime: CanisterRuntime) throws {
    let state: SystemState = try reader.take()
    self.init(id: state.id, state: state, time: 0)
    queues = try reader.take()
    calls = try reader.take()
    lowMemoryHook = try reader.take()
    aborted = try reader.take()
    stopRequests = try reader.take()
    history = try reader.take()
    historyCount = try reader.take()
    chunks = try reader.take()
    chargedUntil = try reader.take()
    priority = try reader.take()
    installDebt = try reader.take()
    try stable.read(from: &reader)
    guard let hash = try reader.take([UInt8]?.self) else { return }
    guard let module = runtime.knownModule(hash) else { throw reader.malformed }
    let machine = try runtime.makeMachine(self, module)
    try machine.memory?.read(from: &reader)
    for global in machine.instance.globals where global.type.isMutable {
      global.cell[0] = try reader.take()
      global.cell[1] = try reader.take()
    }
    machine.store.commit()
    self.machine = machine
  }
}

/// Pages of 4 KiB that aren't all zeros, by number.
private let smallPage = 4096

private func isZero(_ page: UnsafeRawBufferPointer) -> Bool {
  page.withMemoryRebound(to: UInt64.self) { words in words.allSatisfy { $0 == 0 } }
}

extension Memory {
  func write(to writer: inout StateWriter) {
    writer.number(pageCount)
    var last: UInt64 = 0
    for page in 0..<UInt64(count / smallPage) {
      guard let contents = read(at: page * UInt64(smallPage), count: smallPage), !contents.withUnsafeBytes(isZero)
      else { continue }
      writer.number(page + 1 - last)
      writer.raw(contents)
      last = page + 1
    }
    writer.number(0 as UInt64)
  }

  /// Takes over contents that were written: in place of all that there is.
  func read(from reader: inout StateReader) throws {
    let size: UInt64 = try reader.number()
    guard size >= pageCount, grow(by: size - pageCount) != nil else { throw reader.malformed }
    clear()
    var next: UInt64 = 0
    while true {
      let step: UInt64 = try reader.number()
      if step == 0 { return }
      let (page, overflow) = next.addingReportingOverflow(step)
      guard !overflow, page <= UInt64(count / smallPage) else { throw reader.malformed }
      let contents = Array(try reader.raw(smallPage))
      guard write(contents, at: (page - 1) * UInt64(smallPage)) else { throw reader.malformed }
      next = page
    }
  }

  /// Makes all bytes zeros, and then those of `other`, which isn't larger.
  func takeContents(of other: Memory) {
    clear()
    for page in 0..<UInt64(other.count / smallPage) {
      guard let contents = other.read(at: page * UInt64(smallPage), count: smallPage), !contents.withUnsafeBytes(isZero)
      else { continue }
      let isWritten = write(contents, at: page * UInt64(smallPage))
      precondition(isWritten, "the other memory is larger")
    }
  }

  private func clear() {
    let zeros = [UInt8](repeating: 0, count: smallPage)
    for page in 0..<UInt64(count / smallPage) {
      let start = page * UInt64(smallPage)
      guard let old = read(at: start, count: smallPage), !old.withUnsafeBytes(isZero) else { continue }
      _ = write(zeros, at: start)
    }
  }
}

extension StableMemory {
  func write(to writer: inout StateWriter) {
    writer.number(pageCount)
    var last: UInt64 = 0
    let perChunk = Self.growthUnit / UInt64(smallPage)
    for chunk in presentChunks {
      for page in UInt64(chunk) * perChunk..<(UInt64(chunk) + 1) * perChunk {
        guard let contents = read(at: page * UInt64(smallPage), count: smallPage), !contents.withUnsafeBytes(isZero)
        else { continue }
        writer.number(page + 1 - last)
        writer.raw(contents)
        last = page + 1
      }
    }
    writer.number(0 as UInt64)
  }

  func read(from reader: inout StateReader) throws {
    let size: UInt64 = try reader.number()
    guard size <= 500 << 14, grow(by: size) else { throw reader.malformed }
    var next: UInt64 = 0
    while true {
      let step: UInt64 = try reader.number()
      if step == 0 { break }
      let (page, overflow) = next.addingReportingOverflow(step)
      guard !overflow, page <= count / UInt64(smallPage) else { throw reader.malformed }
      try reader.raw(smallPage).withUnsafeBytes { self.write((page - 1) * UInt64(smallPage), $0) }
      next = page
    }
    commit()
  }
}
