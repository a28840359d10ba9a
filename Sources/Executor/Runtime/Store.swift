// The store: what belongs together at run time. Its functions, its value stack, and the execution in progress. One thread
// at a time uses a store and all in it.

import Compiler
import Synchronization
import WebAssembly

/// What a store may use.
public struct StoreLimits: Sendable {
  /// 64 KiB pages of each memory.
  public var memoryPages: UInt64 = 1 << 20
  /// Elements of each table.
  public var tableElements: UInt64 = 10_000_000
  /// Instances, of all modules together.
  public var instances = 10_000
  /// Executions inside each other: what a host function calls runs on the native stack of its caller, so how far this
  /// goes is limited apart from the stack of Wasm code.
  public var nestedExecutions = 100
  /// Slots (8 bytes) of stack, counted by `StackCost`: by default 5 MiB, as much as the replica gives its native stack.
  public var stackSlots = 655_360
  /// The limits that the properties say.
  public init() {}
}

/// A request from any thread to stop the execution in a store.
public final class InterruptHandle: @unchecked Sendable {
  // Sound as Sendable: the only state is an atomic flag.
  package let flag: UnsafeMutablePointer<Atomic<Bool>>

  init() {
    flag = .allocate(capacity: 1)
    flag.initialize(to: Atomic(false))
  }

  deinit {
    flag.deinitialize(count: 1)
    flag.deallocate()
  }

  /// Stops the execution at the end of its internal slice. Stays set until the store's next execution has seen it.
  public func interrupt() { flag.pointee.store(true, ordering: .relaxed) }
}

/// What belongs together at run time: instances and all that they are made of, host functions, the stack. One thread at a
/// time uses a store and all in it. What it holds is freed with it, not before.
public final class Store {
  /// What the store may use.
  public let limits: StoreLimits
  /// The engine's canonical types, by which types of different modules are compared.
  public let types: CanonicalTypeTable
  package let canonicalizer: TypeCanonicalizer
  /// Whether memories of this store keep what executions write, to undo or compare it.
  public let tracksWrites: Bool
  /// Is asked about memories that Wasm code has grown; not about those that the host grows.
  public var memoryGrowthHook: MemoryGrowthHook?
  /// What the hook threw last, as a kind of trap.
  var refusedGrowth = TrapKind.hostError
  /// Stops executions in this store, from any thread.
  public let interruptHandle = InterruptHandle()
  package let context: UnsafeMutablePointer<StoreContext>
  /// Stands in for an instance's context where a host function is called from no instance.
  let hostContext: UnsafeMutablePointer<InstanceContext>
  let stacks: StackPool
  let functions = FunctionRegistry()
  private(set) var hostFunctions: [HostFunction] = []
  private(set) var moduleInstances: [ModuleInstance] = []
  /// All instances, in the order in which they were made.
  public var instances: [Instance] { moduleInstances.map { Instance(store: self, object: $0) } }
  /// In a store with write tracking: each memory and each mutable global of the instances, once however many share it.
  private(set) var trackedMemories: [Memory] = []
  private(set) var trackedGlobals: [Global] = []
  var committedGlobals = GlobalValues()
  /// Of all instances, in the order in which they were dropped.
  var droppedSegments: [DroppedSegment] = [] {
    didSet { context.pointee.droppedSegments = droppedSegments.count }
  }
  /// So many of them, the first ones, were dropped at the last commit.
  var committedDrops = 0
  /// Objects behind external references; handle h is object h - 1.
  private var externals: [AnyObject] = []
  /// The error that a host function or the linker left for the trap that is under way.
  var pendingError: (any Error)?
  /// The host call that suspended execution.
  var pendingHostCall: PendingHostCall?
  /// Calls of host functions by the host itself, outside executions, that are under way.
  var directCalls = 0
  /// What the host function charged that the host called itself last.
  var directlyExecuted: UInt64 = 0
  /// The host function that the trap under way comes from.
  var failedHostFunction: Int?
  /// Whether a suspended execution owns the store.
  var isSuspended: Bool {
    get { context.pointee.isSuspended }
    set { context.pointee.isSuspended = newValue }
  }
  /// How many executions are under way: more than one when host functions have entered Wasm again.
  package var depth: Int {
    get { context.pointee.depth }
    set { context.pointee.depth = newValue }
  }

  /// More than any system gives; and so few that their bytes can be counted.
  private static let mostStackSlots = 1 << 48

  package init(canonicalizer: TypeCanonicalizer, limits: StoreLimits, tracksWrites: Bool) throws(ResourceError) {
    self.canonicalizer = canonicalizer
    self.limits = limits
    self.tracksWrites = tracksWrites
    types = canonicalizer.table
    guard limits.stackSlots <= Store.mostStackSlots else { throw .outOfMemory(bytes: Int.max) }
    stacks = .ofStacks(Store.stackBytes(slots: limits.stackSlots))
    context = .allocate(capacity: 1)
    hostContext = zeroedWords(1, of: InstanceContext.self)
    hostContext.pointee.store = context
    // Nothing is executed with these.
    let nowhere = UnsafeMutableRawPointer(hostContext)
    context.initialize(
      to: StoreContext(
        registers: Registers(
          pc: RuntimeCode.exit, fp: nowhere.assumingMemoryBound(to: UInt64.self), md: nowhere, cx: nowhere),
        reserve: 0, slice: 1 << 22, interrupt: interruptHandle.flag, stackBase: nil, exit: RuntimeCode.exit,
        stackEnd: 0, stackCount: stacks.count, object: UnsafeMutableRawPointer(context)))
    context.pointee.object = Unmanaged.passUnretained(self).toOpaque()
    do throws(ExecutionError) { _ = try takeStack() } catch { throw .outOfMemory(bytes: stacks.bytes) }
    leaveStack()
  }

  deinit {
    giveStackBack()
    context.deallocate()
    freeWords(hostContext)
  }

  // MARK: Functions

  /// A host function of the given type. `body` reads its parameters from the slots and leaves the results there (one slot
  /// each, two for a vector).
  ///
  /// A call of a host function is a check point: the execution stops before it where the instruction counter is below 0. Of
  /// one that isn't, the call takes place, and the next check point stops the execution: for what another engine would
  /// execute in the module itself. Whether or not, `Caller.charge` is one.
  public func makeHostFunction(
    _ type: FunctionType, name: String = "", isCheckPoint: Bool = true, body: @escaping RawHostFunction
  ) throws(ModuleError) -> Function {
    let id = try canonicalizer.add(type)
    let function = HostFunction(type: type, name: name, body: body)
    hostFunctions.append(function)
    let resultSlots = type.results.reduce(0) { $0 + $1.slotCount }
    let record = functions.add(
      FunctionRecord(
        context: UnsafeMutableRawPointer(hostContext), cell: nil, host: .passUnretained(function),
        narrowSlots: narrowSlots(type.results), signature: function.signature, type: id,
        index: UInt32(hostFunctions.count - 1),
        parameterSlots: UInt32(type.parameters.reduce(0) { $0 + $1.slotCount }), resultSlots: UInt32(resultSlots),
        returnsScalar: type.results.count == 1 && resultSlots == 1, isCheckPoint: isCheckPoint, handle: 0))
    return Function(store: self, record: record)
  }

  func add(_ instance: ModuleInstance) {
    moduleInstances.append(instance)
    if !tracksWrites { return }
    for memory in instance.memories where !memory.isListed {
      memory.isListed = true
      trackedMemories.append(memory)
      // One of the host's may hold what was written before the execution in progress.
      if isSuspended { memory.beginExecution() }
    }
    for global in instance.globals where global.type.isMutable && !global.isListed {
      global.isListed = true
      trackedGlobals.append(global)
      committedGlobals.add(global)
    }
  }

  // MARK: External references

  /// A reference to `object`, which the store keeps as long as it lives.
  public func makeExternal(_ object: AnyObject) -> Reference {
    externals.append(object)
    return Reference(handle: UInt64(externals.count))
  }

  /// The object behind an external reference; nil for null and for handles of no object.
  public func external(_ reference: Reference) -> AnyObject? {
    guard reference.handle != 0, reference.handle <= UInt64(externals.count) else { return nil }
    return externals[Int(reference.handle - 1)]
  }
}

/// A function of a store: of an instance, or a host function.
public struct Function {
  /// The store that the function belongs to.
  public let store: Store
  package let record: UnsafeMutablePointer<FunctionRecord>

  /// The reference that stands for this function.
  public var reference: Reference { Reference(handle: record.pointee.handle) }

  /// The function behind `reference`; nil for null and for what is no function of the store.
  public init?(_ reference: Reference, in store: Store) {
    guard let record = store.functions.record(reference.handle) else { return nil }
    self.store = store
    self.record = record
  }

  package init(store: Store, record: UnsafeMutablePointer<FunctionRecord>) {
    self.store = store
    self.record = record
  }

  /// Parameters and results.
  public var type: FunctionType { record.pointee.signature.pointee }

  /// Whether it is a host function, which no execution begins with.
  package var isHost: Bool { record.pointee.cell == nil }

  /// The instance that defines the function; nil for host functions.
  public var instance: Instance? {
    record.pointee.cell == nil ? nil : Instance(store: store, object: moduleInstance(record.pointee.context))
  }
}

/// The instance of a context that is not the host's.
@inline(__always)
func moduleInstance(_ cx: CX) -> ModuleInstance {
  // Sound: the store keeps its instances as long as it lives.
  Unmanaged<ModuleInstance>.fromOpaque(instanceContext(cx).pointer.pointee.object).takeUnretainedValue()
}
