// Instances as hosts see them, and what they import and export.

import Compiler
import WebAssembly

/// Something that a module imports or exports, at run time.
public enum ExternalValue {
  case function(Function)
  case table(Table)
  case memory(Memory)
  case global(Global)

  /// What kind of thing it is.
  public var kind: ExternalKind {
    switch self {
    case .function: .function
    case .table: .table
    case .memory: .memory
    case .global: .global
    }
  }
}

/// Why a module was not instantiated.
public enum InstantiationError: Error {
  /// Nothing was given for an import; `index` is its number in the module.
  case unknownImport(index: Int, Import)
  /// What was given for an import does not have its type.
  case incompatibleImport(index: Int, Import, reason: String)
  /// A limit of the store is reached, or the system gave no memory.
  case resource(ResourceError)
  /// An active segment does not fit, or the start function trapped.
  case trap(Trap)
  /// The module needs what this engine does not execute.
  case unsupported(String)
  /// Compiled for types of another engine.
  case otherEngine
  /// A suspended execution owns the store.
  case storeIsSuspended
  /// The memory of the other instance can't be adopted.
  case memoryExchange(MemoryExchangeError)
}

extension InstantiationError: CustomStringConvertible {
  public var description: String {
    func name(_ item: Import) -> String { "\"\(item.module.shortened())\" \"\(item.name.shortened())\"" }
    switch self {
    case .unknownImport(_, let item): return "the import \(name(item)) is missing"
    case .incompatibleImport(_, let item, let reason): return "the import \(name(item)) does not match: \(reason)"
    case .resource(let error): return "\(error)"
    case .trap(let trap): return "trap: \(trap)"
    case .unsupported(let what): return "not supported by this engine: \(what)"
    case .otherEngine: return "the module was compiled by another engine"
    case .storeIsSuspended: return "a suspended execution owns the store"
    case .memoryExchange(let error): return "\(error)"
    }
  }
}

/// An instance of a module, together with the store that it lives in: whoever has one keeps both.
public struct Instance {
  /// The store that the instance was made in.
  public let store: Store
  /// Kept by the store; so it cannot keep the store itself.
  let object: ModuleInstance

  /// The module that this is an instance of.
  public var module: CompiledModule { object.module }
  /// By memory index, imported ones first.
  public var memories: [Memory] { object.memories }
  /// By table index, imported ones first.
  public var tables: [Table] { object.tables }
  /// By global index, imported ones first.
  public var globals: [Global] { object.globals }
  /// Instructions that the start function executed.
  public var startInstructions: UInt64 { object.startInstructions }
  package var code: LinkedCode { object.code }

  /// Function `index` of the function index space, which must have it.
  public func function(at index: Int) -> Function {
    precondition(module.spaces.functions.indices.contains(index), "no function \(index)")
    return Function(store: store, record: object.functionRecord(index))
  }

  /// The start function; nil if the module has none. Whoever makes an instance without running it can execute it like any
  /// other.
  public var startFunction: Function? { module.module.start.map { function(at: Int($0)) } }

  /// What the module exports as `name`; nil if there is no such export, or it is a tag.
  public func export(_ name: String) -> ExternalValue? {
    guard let export = module.export(name) else { return nil }
    let index = Int(export.index)
    switch export.kind {
    case .function: return .function(function(at: index))
    case .table: return .table(tables[index])
    case .memory: return .memory(memories[index])
    case .global: return .global(globals[index])
    case .tag: return nil
    }
  }
}

extension Instance: Hashable {
  public static func == (left: Instance, right: Instance) -> Bool { left.object === right.object }
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(object)) }
}

extension Store {
  /// Makes an instance and runs its start function, with at most `instructions` instructions. `imports` are in the
  /// module's order.
  public func instantiate(
    _ module: CompiledModule, imports: [ExternalValue], instructions: UInt64? = nil
  ) throws(InstantiationError) -> Instance {
    let instance = try makeInstance(module, imports: imports)
    try instance.runStart(instructions: instructions)
    return instance
  }

  /// Allocates an instance and runs its segments, not its start function.
  package func makeInstance(_ module: CompiledModule, imports: [ExternalValue]) throws(InstantiationError) -> Instance {
    try makeInstance(module, imports: imports, beginning: .initialized)
  }

  func makeInstance(
    _ module: CompiledModule, imports: [ExternalValue], beginning: Beginning
  ) throws(InstantiationError) -> Instance {
    guard !isSuspended || depth > 0 else { throw .storeIsSuspended }
    let made = try ModuleInstance(module, store: self, imports: imports, beginning: beginning)
    return Instance(store: self, object: made)
  }
}

extension Instance {
  /// Runs the start function, if the module has one. Where a host function instantiates, what it executes counts for the
  /// execution that the host function was called from.
  package func runStart(instructions: UInt64?) throws(InstantiationError) {
    guard let start = module.module.start else { return }
    let function = function(at: Int(start))
    do {
      if function.instance == nil {
        // An import that is a host function: what it charges is what is executed, unless another execution is charged.
        let isCounted = store.depth == 0 && module.artifact.policy != MeteringPolicy.none
        defer { if isCounted { object.startInstructions = store.directlyExecuted } }
        _ = try function.callHostDirectly(
          [], instructions: isCounted ? instructions : nil, from: CX(object.context))
        return
      }
      if store.depth > 0 {
        _ = try function.call()
        return
      }
      let execution = try Execution(function, arguments: [], instructions: instructions)
      let state = try execution.run()
      object.startInstructions = execution.instructionsExecuted
      switch state {
      case .finished: return
      case .trapped(let trap): throw trap
      case .outOfInstructions:
        // Of the execution, which has its frames as long as it lives.
        throw withExtendedLifetime(execution) { Trap(kind: .outOfInstructions, backtrace: store.backtrace()) }
      case .interrupted: throw Trap(kind: .interrupted)
      case .waitingForHost: throw ExecutionError.cannotSuspend
      }
    } catch let trap as Trap {
      throw .trap(trap)
    } catch let kind as TrapKind {
      throw .trap(Trap(kind: kind))
    } catch {
      throw .trap(Trap(kind: .hostError, underlying: error))
    }
  }
}
