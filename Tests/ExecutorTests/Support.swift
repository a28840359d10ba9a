// What the tests of the executor share.

import Cannery

/// An engine and a store, with the modules and host functions that a test adds.
struct Machine {
  let engine: Engine
  let store: Store
  var linker: Linker

  init(
    metering: MeteringPolicy = .icp, optimization: OptimizationLevel = .full, tracksWrites: Bool = false,
    limits: StoreLimits = StoreLimits()
  ) throws {
    engine = Engine(
      EngineConfiguration(metering: metering, compiler: CompilerOptions(optimization: optimization, threads: 1)))
    store = try engine.makeStore(limits: limits, tracksWrites: tracksWrites)
    linker = Linker(store)
  }

  /// An instance of the module with this text. Its exports can be imported by later ones from `name`.
  @discardableResult
  mutating func add(_ text: String, as name: String = "m") throws -> Instance {
    let instance = try linker.instantiate(try engine.compile(Array(text.utf8)))
    linker.define(name, instance)
    return instance
  }

  /// Defines the host function `env`.`name` on raw slots.
  mutating func host(
    _ name: String, _ parameters: [ValueType] = [], _ results: [ValueType] = [], _ body: @escaping RawHostFunction
  ) throws {
    let type = FunctionType(parameters: parameters, results: results)
    linker.define("env", name, .function(try store.makeHostFunction(type, name: name, body: body)))
  }
}

struct MissingExport: Error { var name: String }

extension Instance {
  func function(_ name: String) throws -> Function {
    guard case .function(let function)? = export(name) else { throw MissingExport(name: name) }
    return function
  }

  func memory(_ name: String) throws -> Memory {
    guard case .memory(let memory)? = export(name) else { throw MissingExport(name: name) }
    return memory
  }

  func table(_ name: String) throws -> Table {
    guard case .table(let table)? = export(name) else { throw MissingExport(name: name) }
    return table
  }

  func global(_ name: String) throws -> Global {
    guard case .global(let global)? = export(name) else { throw MissingExport(name: name) }
    return global
  }

  func call(_ name: String, _ arguments: Value...) throws -> [Value] { try function(name).call(arguments) }

  /// The trap that the call ends with; nil if it returns.
  func trap(_ name: String, _ arguments: Value...) throws -> Trap? {
    do {
      _ = try function(name).call(arguments)
      return nil
    } catch let trap as Trap {
      return trap
    }
  }
}

extension ExecutionState {
  var results: [Value]? { if case .finished(let results) = self { results } else { nil } }
  var trap: Trap? { if case .trapped(let trap) = self { trap } else { nil } }
  var isOutOfInstructions: Bool { if case .outOfInstructions = self { true } else { false } }
  var isWaiting: Bool { if case .waitingForHost = self { true } else { false } }
  var isInterrupted: Bool { if case .interrupted = self { true } else { false } }
}
