// The engine as specification scripts use it.

import Cannery
import Semantics
import WastRunner

import struct Compiler.CompilerOptions
import enum Compiler.OptimizationLevel

/// Runs the modules of one script in one store.
public struct CanneryScriptEngine: ScriptEngine {
  public typealias External = ExternalValue

  public let engine: Engine
  public let store: Store
  /// Whether every module goes through the bytes of an artifact that is verified as a whole first.
  private let verifies: Bool

  public init(
    metering: MeteringPolicy = .icp, optimization: OptimizationLevel = .full, tracksWrites: Bool = false,
    verifies: Bool = true, compiler: CompilerOptions = CompilerOptions()
  ) throws {
    var options = compiler
    options.optimization = optimization
    engine = Engine(EngineConfiguration(metering: metering, compiler: options))
    // Scripts recurse without end to see the stack's limit; a small stack gets there soon.
    store = try engine.makeStore(tracksWrites: tracksWrites)
    self.verifies = verifies
  }

  public func make(_ item: SpectestItem) -> ExternalValue {
    // Types and sizes of the host module are fixed and small: none of these can fail.
    switch item {
    case .function(let parameters):
      return .function(try! store.makeHostFunction(FunctionType(parameters: parameters, results: [])) { _, _ in .done })
    case .global(_, let value): return .global(store.makeGlobal(Value(value), isMutable: false))
    case .table(let type): return .table(try! store.makeTable(type))
    case .memory(let type): return .memory(try! store.makeMemory(type))
    }
  }

  public func instantiate(
    _ module: WebAssembly.Module, imports: (Import) -> ExternalValue?
  ) throws(EngineError) -> Instance {
    let compiled: Module
    do {
      compiled = try engine.load(artifact: engine.precompile(module))
      if verifies { try compiled.verify() }
    } catch let error as ModuleError where error.kind == .unsupported {
      throw .unsupported(error.description)
    } catch {
      throw .failed("\(error)")
    }
    var values: [ExternalValue] = []
    for item in module.imports {
      guard let value = imports(item) else { throw .unlinkable("\(item.module).\(item.name) is missing") }
      values.append(value)
    }
    do throws(InstantiationError) {
      return try store.instantiate(compiled, imports: values)
    } catch {
      switch error {
      case .unknownImport(_, let item): throw .unlinkable("\(item.module).\(item.name) is missing")
      case .incompatibleImport(_, let item, let reason): throw .unlinkable("\(item.module).\(item.name): \(reason)")
      case .trap(let trap): throw .trap(trap.kind)
      case .unsupported(let what): throw .unsupported(what)
      case .resource(let error): throw .failed("\(error)")
      case .otherEngine, .storeIsSuspended, .memoryExchange: throw .failed("\(error)")
      }
    }
  }

  public func export(_ name: String, of instance: Instance) -> ExternalValue? { instance.export(name) }

  public func invoke(_ function: ExternalValue, _ arguments: [EngineValue]) throws(EngineError) -> [EngineValue] {
    guard case .function(let function) = function else { throw .failed("not a function") }
    defer {
      // What a call wrote stays, also when it trapped.
      store.commit()
    }
    do {
      return try function.call(arguments.map(Value.init)).map(EngineValue.init)
    } catch let trap as Trap {
      throw .trap(trap.kind)
    } catch {
      throw .failed("\(error)")
    }
  }

  public func value(of global: ExternalValue) throws(EngineError) -> EngineValue {
    guard case .global(let global) = global else { throw .failed("not a global") }
    return EngineValue(global.value)
  }
}

extension Value {
  /// A script's value. The host's external values are numbers; their handles begin at 1.
  init(_ value: EngineValue) {
    switch value {
    case .i32(let bits): self = .i32(Int32(bitPattern: bits))
    case .i64(let bits): self = .i64(Int64(bitPattern: bits))
    case .f32(let bits): self = .f32(bits)
    case .f64(let bits): self = .f64(bits)
    case .v128(let low, let high): self = .v128(V128(low: low, high: high))
    case .reference(.external(let number)), .reference(.host(let number)):
      self = .externref(Reference(handle: UInt64(number) + 1))
    case .reference(.function): self = .funcref(.null)
    case .reference: self = .externref(.null)
    }
  }
}

extension EngineValue {
  init(_ value: Value) {
    switch value {
    case .i32(let value): self = .i32(UInt32(bitPattern: value))
    case .i64(let value): self = .i64(UInt64(bitPattern: value))
    case .f32(let bits): self = .f32(bits)
    case .f64(let bits): self = .f64(bits)
    case .v128(let value): self = .v128(low: value.low, high: value.high)
    case .funcref(let reference): self = .reference(reference.isNull ? .null : .function(index: nil))
    case .externref(let reference):
      self = .reference(reference.isNull ? .null : .external(UInt32(reference.handle - 1)))
    }
  }
}
