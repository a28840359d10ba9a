// An oracle and an engine in the same state: what is done is done to both, and whatever can be observed is compared.
//
// `EnginePair+Invocation` has the executions, `EnginePair+State` the comparison of values, memories, tables and globals.

import Cannery
import ReferenceInterpreter
import WastRunner

public final class EnginePair {
  public let variant: EngineVariant
  let oracle: OracleStore
  let engine: Engine
  let store: Store
  public internal(set) var instances: [Instance] = []
  /// What differed so far. After a difference the two are no longer in the same state.
  public internal(set) var differences: [String] = []

  // Where the same things are on both sides.
  var oracleNumbers: [ObjectIdentifier: Int] = [:]
  var engineNumbers: [Cannery.Instance: Int] = [:]
  /// Host functions: number in the pair by address in the oracle's store and by index in the engine's.
  var oracleHosts: [Int: Int] = [:]
  var engineHosts: [Int: Int] = [:]

  /// How many executions of host functions are under way in the oracle.
  var hostDepth = 0
  var oracleCalls: [HostCall] = []
  var engineCalls: [HostCall] = []
  /// The results for a host call that the engine has suspended.
  var pendingResults: [OracleValue] = []

  /// A module's instance on both sides.
  public struct Instance {
    public let oracle: OracleInstance
    public let engine: Cannery.Instance

    public func export(_ name: String) -> External? {
      guard let oracle = oracle.export(name), let engine = engine.export(name) else { return nil }
      return External(oracle: oracle, engine: engine)
    }
  }

  /// A function, memory, table or global on both sides.
  public struct External {
    public let oracle: OracleExternal
    public let engine: ExternalValue
  }

  /// A call of a host function, as the host sees it.
  struct HostCall: Hashable {
    var function: Int
    var arguments: [EngineValue]
    var remaining: Int64
  }

  /// `stackSlots` limits the stack, in slots as `StackCost` counts them.
  public init(_ variant: EngineVariant, stackSlots: Int = OracleLimits().stackSlots) throws {
    self.variant = variant
    var limits = OracleLimits()
    limits.stackSlots = stackSlots
    oracle = OracleStore(policy: variant.policy, limits: limits)
    engine = variant.engine
    var engineLimits = StoreLimits()
    engineLimits.stackSlots = stackSlots
    engineLimits.memoryPages = limits.memoryPages
    engineLimits.tableElements = limits.tableElements
    // The oracle has no such limit.
    engineLimits.nestedExecutions = .max
    store = try engine.makeStore(limits: engineLimits, tracksWrites: variant.tracksWrites)
    store.context.pointee.slice = variant.internalSlice
  }

  func differ(_ text: String) { differences.append(text) }

  // MARK: Instances

  public enum InstantiationFailure: Error {
    case engine(EngineError)
    /// One side made an instance, or failed otherwise than the other. Noted as a difference.
    case different
  }

  /// Makes an instance of `module`, which is valid, on both sides and runs its start function without limit.
  public func instantiate(
    _ module: WebAssembly.Module, imports: (Import) -> External?
  ) throws(InstantiationFailure) -> Instance {
    oracle.nextSlice = { _ in .max }
    oracle.setLimit(.max)
    let externals = module.imports.map(imports)
    var made: OracleInstance?
    var oracleError: EngineError?
    do throws(OracleInstantiationError) {
      // The oracle asks for each import once, in order.
      var next = externals.makeIterator()
      made = try oracle.instantiate(module) { _ in (next.next() ?? nil)?.oracle }
    } catch {
      oracleError = EngineError(error)
    }
    if case .unsupported? = oracleError { throw .engine(oracleError!) }

    defer { commit() }
    do {
      let compiled = try engine.load(artifact: engine.precompile(module))
      var values: [ExternalValue] = []
      for (item, external) in zip(module.imports, externals) {
        guard let value = external?.engine else { throw EngineError.unlinkable("\(item.module).\(item.name)") }
        values.append(value)
      }
      let instance = try store.instantiate(compiled, imports: values)
      guard let made else {
        differ("the oracle makes no instance: \(oracleError!)")
        throw InstantiationFailure.different
      }
      if instance.startInstructions != oracle.executed {
        differ("the start function executes \(instance.startInstructions), not \(oracle.executed)")
      }
      let pair = Instance(oracle: made, engine: instance)
      oracleNumbers[ObjectIdentifier(made)] = instances.count
      engineNumbers[instance] = instances.count
      instances.append(pair)
      return pair
    } catch let failure as InstantiationFailure {
      throw failure
    } catch {
      let error = EngineError(instantiating: error)
      // What the engine does not execute may be something that the oracle never got to.
      if case .unsupported = error { throw .engine(error) }
      guard let oracleError, oracleError.isSame(as: error) else {
        differ("the engine makes no instance: \(error); the oracle: \(oracleError.map { "\($0)" } ?? "one")")
        throw .different
      }
      throw .engine(error)
    }
  }

  /// Makes what was written the state that an abandoned execution goes back to.
  func commit() {
    store.commit()
  }
}

extension EngineError {
  init(_ error: OracleInstantiationError) {
    switch error {
    case .unknownImport(let item), .incompatibleImport(let item): self = .unlinkable("\(item.module).\(item.name)")
    case .limit(let thing): self = .failed("\(thing) beyond the store's limit")
    case .stopped(let stop): self = EngineError(stop)
    }
  }

  init(instantiating error: any Error) {
    switch error {
    case let error as EngineError: self = error
    case let error as ModuleError where error.kind == .unsupported: self = .unsupported(error.description)
    case InstantiationError.unknownImport(_, let item): self = .unlinkable("\(item.module).\(item.name)")
    case InstantiationError.incompatibleImport(_, let item, _): self = .unlinkable("\(item.module).\(item.name)")
    case InstantiationError.trap(let trap): self = .trap(trap.kind)
    case InstantiationError.unsupported(let what): self = .unsupported(what)
    default: self = .failed("\(error)")
    }
  }

  /// Whether it is the same failure; texts don't count.
  func isSame(as other: EngineError) -> Bool {
    switch (self, other) {
    case (.trap(let a), .trap(let b)): a == b
    case (.unlinkable, .unlinkable), (.failed, .failed): true
    default: false
    }
  }
}
