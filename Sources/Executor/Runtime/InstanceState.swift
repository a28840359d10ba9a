// Instances that go on from where others were: from a stored state, or with another instance's memory.

import WebAssembly

/// What an instance has that code can change and that outlives it, without the memories' contents.
public struct InstanceState: Hashable, Sendable {
  /// By memory index, imported ones first: 64 KiB pages.
  public var memoryPages: [UInt64]
  /// By global index, imported ones first.
  public var globals: [GlobalBits]

  /// Sizes and values by index.
  public init(memoryPages: [UInt64], globals: [GlobalBits]) {
    self.memoryPages = memoryPages
    self.globals = globals
  }
}

/// What a new instance's own memories and mutable globals begin with.
enum Beginning {
  /// What the module says.
  case initialized
  /// Sizes and values of the state; contents come from the host.
  case restored(InstanceState)
  /// Memory 0 is empty, to be exchanged; else as the module says, without active data segments.
  case adopting

  /// Pages of a memory by index; nil where the type says it.
  func pages(of memory: Int, _ type: MemoryType) -> UInt64? {
    switch self {
    case .initialized: nil
    case .restored(let state):
      memory < state.memoryPages.count ? max(state.memoryPages[memory], type.limits.minimum) : nil
    case .adopting: memory == 0 ? 0 : nil
    }
  }

  /// The value of a global by index; nil where the module says it.
  func bits(of global: Int) -> GlobalBits? {
    if case .restored(let state) = self, global < state.globals.count { state.globals[global] } else { nil }
  }
}

/// Why memories were not exchanged.
public enum MemoryExchangeError: Error, Hashable, Sendable {
  /// One of the instances has no memory 0; or the module that should adopt one imports it.
  case noMemory
  /// One store tracks writes, and the other does not.
  case otherTracking
  /// A memory would have more pages than its type or its store allows.
  case memoryLimit(pages: UInt64)
  /// An execution is in progress in one of the stores.
  case storeIsSuspended
}

extension MemoryExchangeError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noMemory: "there is no memory 0 to exchange"
    case .otherTracking: "one store tracks writes, and the other does not"
    case .memoryLimit(let pages): "a memory of \(pages) pages is beyond the limit"
    case .storeIsSuspended: "an execution is in progress"
    }
  }
}

extension Instance {
  /// Sizes of memories and values of globals at present.
  public var state: InstanceState {
    InstanceState(memoryPages: memories.map(\.pageCount), globals: globals.map(\.bits))
  }

  /// Exchanges the contents of memory 0, its size, and what was written since the last commit, with that of another
  /// instance, which may be in another store. Types and limits stay where they are. Nothing is copied.
  ///
  /// What either instance has then may be smaller than its type says; accesses beyond it trap.
  public func exchangeMemory(with other: Instance) throws(MemoryExchangeError) {
    guard let mine = memories.first, let theirs = other.memories.first else { throw .noMemory }
    guard !store.isSuspended, !other.store.isSuspended else { throw .storeIsSuspended }
    guard mine.isTracked == theirs.isTracked else { throw .otherTracking }
    guard mine.allows(theirs.pageCount) else { throw .memoryLimit(pages: theirs.pageCount) }
    guard theirs.allows(mine.pageCount) else { throw .memoryLimit(pages: mine.pageCount) }
    if mine !== theirs { mine.exchangeContents(with: theirs) }
  }
}

extension Store {
  /// Makes an instance that goes on from a stored state: its memories are as large as the state says, or the module if that
  /// is more, and full of zeros, for `Memory.restore` to fill; its mutable globals have the state's values. Active data
  /// segments count as done. Tables, immutable globals and all that the state leaves out or that is imported are as in a new
  /// instance. The start function is not run.
  public func restore(
    _ module: CompiledModule, imports: [ExternalValue], state: InstanceState
  ) throws(InstantiationError) -> Instance {
    try makeInstance(module, imports: imports, beginning: .restored(state))
  }

  /// Makes an instance whose memory 0 is that of another one, of any module and in any store with the same kind of write
  /// tracking: its contents, without a copy, grown to the new type's minimum. The other instance has an empty memory then.
  /// Active data segments count as done; globals and tables are as in a new instance. The start function is not run.
  ///
  /// What was written to the memory since its last commit is still not committed, and so is the growth. So where the new
  /// instance must not stay, `rollBack` in its store and `exchangeMemory(with:)` give the old one what it had at that
  /// commit; `commit` makes the change final.
  public func adopt(
    memoryOf other: Instance, _ module: CompiledModule, imports: [ExternalValue]
  ) throws(InstantiationError) -> Instance {
    let isImported = module.spaces.memories.count > module.module.memories.count
    guard let type = module.module.memories.first, !isImported, !other.memories.isEmpty else {
      throw .memoryExchange(.noMemory)
    }
    guard !other.store.isSuspended else { throw .memoryExchange(.storeIsSuspended) }
    guard tracksWrites == other.store.tracksWrites else { throw .memoryExchange(.otherTracking) }
    let instance = try makeInstance(module, imports: imports, beginning: .adopting)
    let memory = instance.memories[0]
    let pages = max(other.memories[0].pageCount, type.limits.minimum)
    guard memory.allows(pages) else { throw .memoryExchange(.memoryLimit(pages: pages)) }
    memory.exchangeContents(with: other.memories[0])
    guard memory.grow(by: pages - memory.pageCount) != nil else {
      memory.exchangeContents(with: other.memories[0])
      throw .resource(.outOfMemory(bytes: Int(clamping: pages) << 16))
    }
    return instance
  }
}
