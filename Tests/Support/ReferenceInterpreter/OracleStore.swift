// The store: everything that instances share, the host's functions, and the counter of the running execution.

import WebAssembly

/// Bounds that the oracle keeps; an engine compared with it must use the same.
public struct OracleLimits: Sendable {
  /// The greatest sum of the frames on the call stack, in slots of 8 bytes; see `StackCost`.
  public var stackSlots = 655_360
  /// The greatest size of a memory, in pages of 64 KiB.
  public var memoryPages: UInt64 = 65_536
  /// The greatest size of a table, in elements.
  public var tableElements: UInt64 = 10_000_000
  public init() {}
}

/// What a host function gets to know about its call.
public struct OracleCaller {
  public let store: OracleStore
  /// The instance whose code calls, or nil if the host calls itself.
  public let instance: OracleInstance?
}

/// A function of the host. What it throws ends the execution; an `OracleStop` is passed on as it is.
public typealias OracleHostFunction = (_ caller: OracleCaller, _ arguments: [OracleValue]) throws -> [OracleValue]

/// Not thread-safe: a store and everything in it belong to one thread at a time.
public final class OracleStore {
  public let limits: OracleLimits
  public let policy: MeteringPolicy
  /// The counter of the running, or else the last, execution.
  public internal(set) var meter: OracleMeter
  /// Called when the counter is negative at a check point, with the instructions by which it is: the limit of the next
  /// slice, or nil if there is none, which ends the execution.
  public var nextSlice: ((_ overrun: UInt64) -> Int64?)?
  /// Instances and functions of one store compare types by ids from here.
  public let types = TypeCanonicalizer()

  enum Function {
    case wasm(OracleInstance, index: UInt32, type: UInt32)
    case host(FunctionType, type: UInt32, OracleHostFunction)

    var type: UInt32 {
      switch self {
      case .wasm(_, _, let type), .host(_, let type, _): type
      }
    }
  }
  var functions: [Function] = []
  /// The slots that frames occupy, in all executions that are nested through host functions.
  var stackSlotsInUse = 0

  public init(policy: MeteringPolicy = .none, limits: OracleLimits = OracleLimits()) {
    self.policy = policy
    self.limits = limits
    meter = OracleMeter(policy: policy, limit: .max)
  }

  /// Sets the counter to `limit` instructions, as at the start of a message. It stays in force for all invocations until
  /// it is set again.
  public func setLimit(_ limit: Int64) { meter = OracleMeter(policy: policy, limit: limit) }

  /// Instructions executed since the limit was set.
  public var executed: UInt64 { meter.executed }

  // MARK: Host entities

  /// A host function of `type`, in which no concrete heap type may occur.
  public func hostFunction(_ type: FunctionType, _ body: @escaping OracleHostFunction) -> OracleFunction {
    // Adding fails only when ids run out, after 2^27 types.
    guard let id = try? types.add(type) else { preconditionFailure("too many types") }
    functions.append(.host(type, type: id, body))
    return OracleFunction(address: functions.count - 1)
  }

  /// A memory of `type`, or nil if that is above the store's limit.
  public func memory(_ type: MemoryType) -> OracleMemory? {
    OracleMemory(type: type, growthLimit: limits.memoryPages)
  }

  /// A table of nulls of `type`, in which no concrete heap type may occur; nil if that is above the store's limit.
  public func table(_ type: TableType) -> OracleTable? {
    OracleTable(type: type, initial: .null, growthLimit: limits.tableElements)
  }

  // MARK: Invocation

  /// The instance that defines the function at `address` and its index there, or nil for a host function.
  public func definition(of address: Int) -> (instance: OracleInstance, index: UInt32)? {
    if case .wasm(let instance, let index, _) = functions[address] { return (instance, index) }
    return nil
  }

  /// The type of a function; concrete heap types are indices of the module that defines it.
  public func type(of function: OracleFunction) -> FunctionType {
    switch functions[function.address] {
    case .wasm(let instance, let index, _): instance.functionType(ofFunction: index)
    case .host(let type, _, _): type
    }
  }

  /// Calls a function. The arguments must match its parameter types.
  public func invoke(_ function: OracleFunction, _ arguments: [OracleValue]) throws(OracleStop) -> [OracleValue] {
    let parameters = type(of: function).parameters
    precondition(
      arguments.count == parameters.count && zip(arguments, parameters).allSatisfy { $0.matches($1) },
      "arguments do not match the function's type")
    let slots = stackSlotsInUse
    defer { stackSlotsInUse = slots }
    var machine = OracleMachine(store: self)
    return try machine.run(function.address, arguments)
  }

  /// Subtracts `cost` instructions and checks: what a metered host call does with its price.
  public func charge(_ cost: UInt64) throws(OracleStop) {
    meter.charge(cost)
    try check()
  }

  /// A check point: ends the execution if instructions have run out and there is no further slice.
  func check() throws(OracleStop) {
    guard meter.isExhausted else { return }
    guard let limit = nextSlice?(meter.counter.magnitude) else { throw .trap(.outOfInstructions) }
    meter.begin(slice: limit)
  }
}
