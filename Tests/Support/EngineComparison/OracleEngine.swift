// The oracle as an engine for specification scripts.

import ReferenceInterpreter
import Semantics
import WastRunner
import WebAssembly

public struct OracleEngine: ScriptEngine {
  let store: OracleStore

  public init(policy: MeteringPolicy = .none) {
    store = OracleStore(policy: policy)
    // No limit, however much bulk operators with absurd lengths are charged.
    store.nextSlice = { _ in .max }
  }

  public func make(_ item: SpectestItem) -> OracleExternal {
    switch item {
    case .function(let parameters):
      return .function(store.hostFunction(FunctionType(parameters: parameters, results: [])) { _, _ in [] })
    case .global(let type, let value):
      return .global(OracleGlobal(type: GlobalType(value: type, isMutable: false), value: OracleValue(value)))
    case .table(let type): return .table(store.table(type)!)
    case .memory(let type): return .memory(store.memory(type)!)
    }
  }

  public func instantiate(_ module: Module, imports: (Import) -> OracleExternal?) throws(EngineError) -> OracleInstance
  {
    do throws(OracleInstantiationError) {
      return try store.instantiate(module, imports: imports)
    } catch {
      switch error {
      case .unknownImport(let item), .incompatibleImport(let item): throw .unlinkable("\(item.module).\(item.name)")
      case .limit(let thing): throw .failed("\(thing) beyond the store's limit")
      case .stopped(let stop): throw EngineError(stop)
      }
    }
  }

  public func export(_ name: String, of instance: OracleInstance) -> OracleExternal? { instance.export(name) }

  public func invoke(_ function: OracleExternal, _ arguments: [EngineValue]) throws(EngineError) -> [EngineValue] {
    guard case .function(let function) = function else { throw .failed("not a function") }
    do throws(OracleStop) {
      return try store.invoke(function, arguments.map(OracleValue.init)).map(EngineValue.init)
    } catch {
      throw EngineError(error)
    }
  }

  public func value(of global: OracleExternal) throws(EngineError) -> EngineValue {
    guard case .global(let global) = global else { throw .failed("not a global") }
    return EngineValue(global.value)
  }
}

extension EngineError {
  init(_ stop: OracleStop) {
    switch stop {
    case .trap(let kind, _): self = .trap(kind)
    case .unsupported(let name): self = .unsupported(name)
    case .host(let error): self = .failed("\(error)")
    }
  }
}

extension OracleValue {
  init(_ value: EngineValue) {
    switch value {
    case .i32(let bits): self = .i32(bits)
    case .i64(let bits): self = .i64(bits)
    case .f32(let bits): self = .f32(bits)
    case .f64(let bits): self = .f64(bits)
    case .v128(let low, let high): self = .v128(V128(low: low, high: high))
    case .reference(.external(let number)), .reference(.host(let number)): self = .reference(.external(number))
    case .reference: self = .reference(.null)
    }
  }
}

extension EngineValue {
  init(_ value: OracleValue) {
    switch value {
    case .i32(let bits): self = .i32(bits)
    case .i64(let bits): self = .i64(bits)
    case .f32(let bits): self = .f32(bits)
    case .f64(let bits): self = .f64(bits)
    case .v128(let bits): self = .v128(low: bits.low, high: bits.high)
    case .reference(.null): self = .reference(.null)
    case .reference(.function): self = .reference(.function(index: nil))
    case .reference(.external(let number)): self = .reference(.external(number))
    }
  }
}
