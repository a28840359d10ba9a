// The whole state of a runtime as bytes: to store it and go on later, and to hash it.

import Candid
import Cannery
import SystemAPI

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

extension CanisterRuntime {
  private static let magic = Array("CANNERY STATE\n".utf8)
  private static let version: UInt64 = 10

  /// The state: canisters with their modules and memories, messages, time. `CanisterRuntime.init(state:)` goes on with it.
  /// An execution that is paused starts anew then.
  public func state() -> [UInt8] {
    var writer = StateWriter()
    writer.raw(Self.magic)
    writer.number(Self.version)
    var modules: [[UInt8]: InstalledModule] = [:]
    for canister in canisters.values {
      if let module = canister.machine?.installed { modules[module.hash] = module }
      for snapshot in canister.snapshots {
        if case .installed(let module) = snapshot.module { modules[module.hash] = module }
      }
    }
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
    writer.put(firstCanister)
    writer.put(nextCanister)
    writer.put(nextIngress)
    writer.put(lastCharge)
    writer.put(randomness.state)
    writer.put(ingress.statuses)
    writer.put(ingress.answers)
    writer.put(managementCalls.elements)
    writer.put(heapDelta)
    writer.put(chargedModules.sorted { $0.lexicographicallyPrecedes($1) })
    writer.put(retiredNumbers.sorted())
    writer.put(waitingIngress.elements)
    writer.put(UInt64(block.messages))
    writer.put(UInt64(block.bytes))
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
    var modules: [InstalledModule] = []
    for _ in 0..<(try reader.count()) {
      let module: [UInt8] = try reader.take()
      modules.append(try addModule(module, artifact: reader.take()))
    }
    try withExtendedLifetime(modules) { try read(from: &reader) }
    for (id, statistics) in try reader.take([Principal: QueryStatistics].self) {
      canisters[id]?.queryStatistics = statistics
    }
    guard reader.isAtEnd else { throw reader.malformed }
  }

  #if DEBUG
  /// Set `CANNERY_CHECK_STATES` to have the state stored and opened again after every round, and the index compared with a new
  /// one: a round takes as long as the state is large then. What can't be opened would be lost, whatever led to it.
  static let checksStates = getenv("CANNERY_CHECK_STATES") != nil

  func checkState() {
    var anew = CanisterIndex()
    for canister in canisters.values { anew.update(canister) }
    precondition(anew == index, "the index isn't that of the canisters")
    let stored = state()
    do {
      let opened = try CanisterRuntime(state: stored, configuration)
      precondition(opened.state() == stored, "the state is another one when it is opened")
    } catch {
      preconditionFailure("the state can't be opened: \(error)")
    }
  }
  #endif

  private func read(from reader: inout StateReader) throws {
    time = min(try reader.take(), Self.latestTime)
    round = try reader.take(upTo: StateLimit.count)
    firstCanister = try reader.take()
    nextCanister = try reader.take()
    nextIngress = try reader.take(upTo: StateLimit.count)
    lastCharge = try reader.take()
    randomness = Randomness(state: try reader.take())
    guard
      let history = IngressHistory(try reader.take(), answered: try reader.take(), before: nextIngress, at: time)
    else { throw reader.malformed }
    ingress = history
    for call in try reader.take([ManagementCall].self) { managementCalls.append(call) }
    heapDelta = try reader.take(upTo: StateLimit.count)
    let charged: [[UInt8]] = try reader.take()
    let retired: [UInt64] = try reader.take()
    guard charged.allSatisfy({ $0.count == 32 }),
      zip(charged, charged.dropFirst()).allSatisfy({ $0.lexicographicallyPrecedes($1) }),
      zip(retired, retired.dropFirst()).allSatisfy({ $0 < $1 })
    else { throw reader.malformed }
    (chargedModules, retiredNumbers) = (Set(charged), Set(retired))
    for message in try reader.take([IngressMessage].self) { waitingIngress.append(message) }
    block = IngressBlock(
      messages: Int(try reader.take(upTo: StateLimit.bytes)), bytes: Int(try reader.take(upTo: StateLimit.bytes)))
    for _ in 0..<(try reader.count()) {
      let canister = try Canister(from: &reader, self)
      guard let number = canister.id.canisterNumber, !retiredNumbers.contains(number), canisters[canister.id] == nil
      else {
        throw reader.malformed
      }
      add(canister)
      guard index.memory <= StateLimit.count else { throw reader.malformed }
    }
  }
}

extension Canister {
  /// The committed state: of a paused execution or installation only what it is for.
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
    writer.put(installation?.order)
    writer.put(stopRequests)
    writer.put(history)
    writer.put(historyCount)
    writer.put(chunks)
    writer.put(nextSnapshot)
    writer.number(UInt64(snapshots.count))
    for (index, snapshot) in snapshots.enumerated() {
      snapshot.write(to: &writer, like: index > 0 ? snapshots[index - 1] : nil)
    }
    writer.put(chargedUntil)
    writer.put(priority)
    writer.put(installDebt)
    writer.put(heapDebt)
    writer.put(changedBytes)
    writer.put(turn)
    writer.putPages(of: stable.pageCount, like: snapshots.last?.stable) { stable.forEachNonzeroPage($0) }
    writer.put(machine?.installed.hash)
    guard let machine else { return }
    writer.put(machine.keptGlobals)
    guard let memory = machine.memory else { return }
    writer.putPages(of: memory.pageCount, like: snapshots.last?.heap) { memory.forEachNonzeroPage($0) }
  }

  convenience init(from reader: inout StateReader, _ runtime: CanisterRuntime) throws {
    let state: SystemState = try reader.take()
    self.init(id: state.id, state: state, time: 0)
    queues = try reader.take()
    calls = try reader.take()
    lowMemoryHook = try reader.take()
    aborted = try reader.take()
    installation = try reader.take(InstallationOrder?.self).map(Installation.init)
    stopRequests = try reader.take()
    history = try reader.take()
    historyCount = try reader.take(upTo: StateLimit.count)
    chunks = try reader.take()
    nextSnapshot = try reader.take(upTo: StateLimit.count)
    for _ in 0..<(try reader.count()) {
      snapshots.append(try CanisterSnapshot(from: &reader, like: snapshots.last, module: runtime.knownModule))
    }
    chargedUntil = try reader.take()
    priority = try reader.take()
    installDebt = try reader.take(upTo: StateLimit.count)
    heapDebt = try reader.take(upTo: StateLimit.count)
    changedBytes = try reader.take(upTo: StateLimit.count)
    turn = try reader.take()
    let size: UInt64 = try reader.number()
    guard size <= runtime.fees.stableLimit / StableMemory.growthUnit, stable.grow(by: size) else {
      throw reader.malformed
    }
    try reader.takePages(of: size, like: snapshots.last?.stable) { stable.restore($1, at: $0) }
    stable.commit()
    if let hash = try reader.take([UInt8]?.self) { machine = try takeMachine(hash, from: &reader, runtime) }
    guard isConsistent else { throw reader.malformed }
  }

  private func takeMachine(
    _ hash: [UInt8], from reader: inout StateReader, _ runtime: CanisterRuntime
  ) throws -> CanisterMachine {
    guard let module = runtime.knownModule(hash) else { throw reader.malformed }
    let globals: [GlobalBits] = try reader.take()
    guard globals.count == module.keptGlobals.count else { throw reader.malformed }
    let pages: UInt64 = module.hasMemory ? try reader.number() : 0
    let machine = try runtime.makeMachine(state, stable, module, from: .restored(module.state(pages: pages, globals)))
    if let memory = machine.memory {
      guard memory.pageCount == pages else { throw reader.malformed }
      try reader.takePages(of: pages, like: snapshots.last?.heap) { memory.restore($1, at: $0) }
    }
    return machine
  }
}
