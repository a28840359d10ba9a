// What C programs hold: a reference of theirs retains one of these objects.

import CWasm
import Cannery
import Executor
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// An object that references refer to. Equal identities mean the same thing of the store.
package class ReferenceObject {
  package let store: StoreObject
  init(_ store: StoreObject) { self.store = store }
  var identity: ObjectIdentity { preconditionFailure("every kind has its own") }
  /// What must live as long as the identity is known; nil for what the store keeps.
  var keptAlive: AnyObject? { nil }
}

/// Stands for things that the store doesn't know.
package final class Token: Sendable {
  package init() {}
}

/// Tells things of a store apart.
enum ObjectIdentity: Hashable {
  case object(ObjectIdentifier)
  case function(UInt)
  case instance(Instance)
}

package final class FunctionObject: ReferenceObject {
  package let function: Function
  /// What a call needs, to be had without counting references.
  let target: Target

  struct Target {
    let record: UnsafeMutablePointer<FunctionRecord>
    let store: Unmanaged<Store>
    let owner: Unmanaged<StoreObject>
  }

  init(_ function: Function, _ store: StoreObject) {
    self.function = function
    target = Target(
      record: function.record, store: .passUnretained(function.store), owner: .passUnretained(store))
    super.init(store)
  }
  override var identity: ObjectIdentity { .function(UInt(bitPattern: function.record)) }
}

/// A reference to something that is an object of its own, and its own identity.
package final class KeptObject<Thing: AnyObject>: ReferenceObject {
  package let thing: Thing
  init(_ thing: Thing, _ store: StoreObject) {
    self.thing = thing
    super.init(store)
  }
  override var identity: ObjectIdentity { .object(ObjectIdentifier(thing)) }
  override var keptAlive: AnyObject? { thing }
}

typealias GlobalObject = KeptObject<Global>
typealias TableObject = KeptObject<Table>
typealias MemoryObject = KeptObject<Memory>
package typealias ModuleObject = KeptObject<Module>
typealias ForeignObject = KeptObject<Token>

final class InstanceObject: ReferenceObject {
  let instance: Instance
  init(_ instance: Instance, _ store: StoreObject) {
    self.instance = instance
    super.init(store)
  }
  override var identity: ObjectIdentity { .instance(instance) }
}

final class TrapObject: ReferenceObject {
  let trap: Trap
  let message: String
  let token: Token
  init(_ trap: Trap, message: String? = nil, token: Token = Token(), _ store: StoreObject) {
    self.trap = trap
    self.message = message ?? TrapObject.message(of: trap)
    self.token = token
    super.init(store)
  }
  override var identity: ObjectIdentity { .object(ObjectIdentifier(token)) }
  override var keptAlive: AnyObject? { token }

  private static func message(of trap: Trap) -> String {
    if let error = trap.underlying { return "\(error)" }
    return trap.kind.message
  }
}

/// A module that any store of its engine can take.
final class SharedModuleObject: Sendable {
  let module: Module
  init(_ module: Module) { self.module = module }
}

final class ConfigurationObject {
  var configuration = EngineConfiguration(features: .wasm3, metering: .none)
  var logger: Logger?
}

/// Where messages go that nobody asked for.
struct Logger: @unchecked Sendable {
  let function: cannery_log_callback_t
  let environment: UnsafeMutableRawPointer?
  let level: cannery_log_level_t
}

package final class EngineObject: Sendable {
  package let engine: Engine
  private let logger: Logger?

  init(_ configuration: ConfigurationObject = ConfigurationObject()) {
    engine = Engine(configuration.configuration)
    logger = configuration.logger
  }

  /// Tells the embedder, if it wants to know.
  func log(_ level: cannery_log_level_t, _ message: () -> String) {
    guard let logger, level.rawValue <= logger.level.rawValue else { return }
    logger.function(logger.environment, level, message())
  }
}

/// Two threads use one store.
struct StoreInUseError: Error, CustomStringConvertible {
  var description: String { "another thread uses the store" }
}

/// A store, with what C programs keep with its things.
package final class StoreObject {
  package let store: Store
  package let engine: EngineObject
  /// What host functions of another target need, as long as they can be called.
  package var companion: AnyObject?
  private var hostInfo: [ObjectIdentity: HostInfo] = [:]
  /// The handles of things that are external references.
  private var externals: [ObjectIdentity: Reference] = [:]
  /// The thread that uses the store; 0 while none does.
  private let user = Atomic<UInt>(0)

  private static var thisThread: UInt {
    #if canImport(Darwin)
    UInt(bitPattern: pthread_self())
    #else
    UInt(pthread_self())
    #endif
  }

  /// Does `body`. Throws `StoreInUseError` while another thread does something with the store; host functions may use it
  /// again on their thread.
  @inline(__always)
  package func using<Result>(_ body: () throws -> Result) throws -> Result {
    let thread = StoreObject.thisThread
    let (entered, other) = user.compareExchange(
      expected: 0, desired: thread, successOrdering: .acquiring, failureOrdering: .relaxed)
    guard entered || other == thread else { throw StoreInUseError() }
    defer { if entered { leave() } }
    return try body()
  }

  @inline(__always)
  private func leave() {
    user.store(0, ordering: .releasing)
    if _slowPath(isHeld.load(ordering: .relaxed)) { dropHold() }
  }

  /// Whether the store holds itself until the call in progress has ended. Calls don't: it would cost as much as half of the
  /// rest. Who gives a reference back in the meantime does it for them.
  private let isHeld = Atomic<Bool>(false)

  /// To be called before something is given back that may have been the last to keep the store.
  func holdWhileUsed() {
    guard user.load(ordering: .relaxed) != 0 else { return }
    // Counted before it is told, as whoever reads that may drop it at once.
    let held = Unmanaged.passRetained(self)
    if isHeld.exchange(true, ordering: .sequentiallyConsistent) { return held.release() }
    // On another thread, which must not use the store now, the call may have ended before it saw the hold. A fence in each call
    // would find all of these; without one a store may stay, in a program that is wrong, until it is used again.
    if user.load(ordering: .sequentiallyConsistent) == 0 { dropHold() }
  }

  @inline(never)
  private func dropHold() {
    if isHeld.exchange(false, ordering: .acquiringAndReleasing) { Unmanaged.passUnretained(self).release() }
  }

  /// The same; what went wrong is the thread's last error.
  @inline(__always)
  func using<Result>(otherwise: Result, _ body: () throws -> Result) -> Result {
    do {
      return try using(body)
    } catch {
      LastError.set(ErrorObject(error))
      return otherwise
    }
  }

  struct HostInfo {
    var pointer: UnsafeMutableRawPointer?
    var finalizer: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
    /// Else another thing could get the same identity.
    var keptAlive: AnyObject?
  }

  /// Programs that make many instances can't ask wasm.h for more.
  package static var defaultLimits: StoreLimits {
    var limits = StoreLimits()
    limits.instances = 1 << 32
    return limits
  }

  package init(_ engine: EngineObject, _ limits: StoreLimits = defaultLimits, tracksWrites: Bool = false) throws {
    store = try engine.engine.makeStore(limits: limits, tracksWrites: tracksWrites)
    self.engine = engine
  }

  deinit {
    for info in hostInfo.values { info.finalizer?(info.pointer) }
  }

  func info(of identity: ObjectIdentity) -> UnsafeMutableRawPointer? {
    using(otherwise: nil) { hostInfo[identity]?.pointer }
  }

  func setInfo(of identity: ObjectIdentity, _ info: HostInfo) {
    let old = using(otherwise: HostInfo?.none) {
      let old = hostInfo[identity]
      hostInfo[identity] = info.pointer == nil && info.finalizer == nil ? nil : info
      return old
    }
    old?.finalizer?(old?.pointer)
  }

  /// The external reference that stands for a thing.
  func external(_ object: ReferenceObject, kind: UInt8) -> Reference {
    if let reference = externals[object.identity] { return reference }
    let reference = store.makeExternal(External(object, kind))
    externals[object.identity] = reference
    return reference
  }
}

/// What the store keeps behind an external reference. It doesn't keep the store: of the object it makes another.
final class External {
  let kind: UInt8
  private let make: (StoreObject) -> ReferenceObject

  init(_ object: ReferenceObject, _ kind: UInt8) {
    self.kind = kind
    switch object {
    case let object as FunctionObject:
      // A function keeps its store, which keeps this.
      let handle = object.function.reference
      make = { store in
        guard let function = Function(handle, in: store.store) else {
          preconditionFailure("the store has its functions")
        }
        return FunctionObject(function, store)
      }
    case let object as GlobalObject:
      let global = object.thing
      make = { GlobalObject(global, $0) }
    case let object as TableObject:
      let table = object.thing
      make = { TableObject(table, $0) }
    case let object as MemoryObject:
      let memory = object.thing
      make = { MemoryObject(memory, $0) }
    case let object as InstanceObject:
      let index = object.store.store.instances.firstIndex(of: object.instance) ?? 0
      make = { InstanceObject($0.store.instances[index], $0) }
    case let object as ModuleObject:
      let module = object.thing
      make = { ModuleObject(module, $0) }
    case let object as TrapObject:
      let (trap, message, token) = (object.trap, object.message, object.token)
      make = { TrapObject(trap, message: message, token: token, $0) }
    case let object as ForeignObject:
      let token = object.thing
      make = { ForeignObject(token, $0) }
    default: preconditionFailure("there are no other references")
    }
  }

  func object(in store: StoreObject) -> ReferenceObject { make(store) }
}
