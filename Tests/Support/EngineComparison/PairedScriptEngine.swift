// A pair as an engine for specification scripts: every action is carried out and compared on both sides.

import Cannery
import ProgramGenerator
import ReferenceInterpreter
import WastRunner

public struct PairedScriptEngine: ScriptEngine {
  public let pair: EnginePair
  private let schedule: @Sendable (inout Random) -> InstructionSchedule
  private final class State {
    var random = Random(seed: 1)
    var invocations = 0
  }
  private let state = State()

  /// `schedule` says how each action gets its instructions.
  public init(
    _ variant: EngineVariant, schedule: @escaping @Sendable (inout Random) -> InstructionSchedule = { _ in .unlimited }
  ) throws {
    pair = try EnginePair(variant)
    self.schedule = schedule
  }

  /// Functions that were called, on both sides.
  public var invocations: Int { state.invocations }

  public func make(_ item: SpectestItem) -> EnginePair.External {
    // Types and sizes of the host module are fixed and small: nothing here can fail.
    switch item {
    case .function(let parameters):
      return try! pair.hostFunction(FunctionType(parameters: parameters, results: []))
    case .global(let type, let value):
      let value = OracleValue(value)
      let global = OracleGlobal(type: GlobalType(value: type, isMutable: false), value: value)
      return EnginePair.External(
        oracle: .global(global), engine: .global(pair.store.makeGlobal(pair.engineValue(value), isMutable: false)))
    case .table(let type):
      return EnginePair.External(
        oracle: .table(pair.oracle.table(type)!), engine: .table(try! pair.store.makeTable(type)))
    case .memory(let type):
      return EnginePair.External(
        oracle: .memory(pair.oracle.memory(type)!), engine: .memory(try! pair.store.makeMemory(type)))
    }
  }

  public func instantiate(
    _ module: WebAssembly.Module, imports: (Import) -> EnginePair.External?
  ) throws(EngineError) -> EnginePair.Instance {
    do throws(EnginePair.InstantiationFailure) {
      return try pair.instantiate(module, imports: imports)
    } catch {
      switch error {
      case .engine(let error): throw error
      case .different: throw .failed("the two sides differ")
      }
    }
  }

  public func export(_ name: String, of instance: EnginePair.Instance) -> EnginePair.External? { instance.export(name) }

  public func invoke(_ function: EnginePair.External, _ arguments: [EngineValue]) throws(EngineError) -> [EngineValue] {
    guard case .function = function.oracle, case .function = function.engine else { throw .failed("not a function") }
    state.invocations += 1
    switch pair.invoke(function, arguments.map(OracleValue.init), schedule(&state.random)) {
    case .results(let values): return values.map(EngineValue.init)
    case .trap(let kind): throw .trap(kind)
    case .unsupported(let what): throw .unsupported(what)
    }
  }

  public func value(of global: EnginePair.External) throws(EngineError) -> EngineValue {
    guard case .global(let oracle) = global.oracle, case .global(let engine) = global.engine else {
      throw .failed("not a global")
    }
    if !pair.isSame(oracle.value, engine.value) { pair.differ("a global is \(engine.value), not \(oracle.value)") }
    return EngineValue(oracle.value)
  }
}
