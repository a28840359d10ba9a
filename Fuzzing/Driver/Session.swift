// One module after the other: compiled, instantiated, called, looked into.

import CZlib
import Cannery
import Foundation

/// What a host function throws after as many calls as an execution may make.
struct TooManyHostCalls: Error {}

func texts(_ values: [Value], _ types: [ValueType]) -> [String] {
  zip(values, types).map { value, type in value.text(as: type) }
}

/// The calls that imported functions got.
final class HostLog {
  let limit: Int
  /// Since the log was last taken.
  private(set) var calls: [String] = []
  /// Of all executions of the instance.
  private(set) var total = 0

  init(limit: Int) { self.limit = limit }

  func add(_ import: Int, _ arguments: [String]) throws {
    guard calls.count < limit else { throw TooManyHostCalls() }
    calls.append("\(`import`)(\(arguments.joined(separator: ", ")))")
    total += 1
  }

  func take() -> [String] {
    defer { calls = [] }
    return calls
  }
}

struct Session {
  private var engine = Engine()
  private var limits = Limits(memoryPages: 0, tableElements: 0, hostCalls: 0)
  private var tracksWrites = false
  private var slice: UInt64 = 0
  private var module: CompiledModule?
  private var instance: Instance?
  /// The store of `instance`.
  private var store: Store?
  private var log = HostLog(limit: 0)

  mutating func answer(_ request: Request) -> Reply {
    do {
      switch request {
      case .open(let path, let features, let configuration, let limits):
        return try open(path, features, configuration, limits)
      case .instantiate(let fuel): return try instantiate(fuel)
      case .call(let export, let arguments, let fuel): return try call(export, arguments, fuel)
      case .state: return Reply(outcome: .ok, state: try state())
      }
    } catch {
      return Reply(outcome: .broken, detail: "\(error)")
    }
  }

  // MARK: Opening

  private mutating func open(
    _ path: String, _ features: [String], _ configuration: Configuration, _ limits: Limits
  ) throws -> Reply {
    instance = nil
    store = nil
    module = nil
    self.limits = limits
    tracksWrites = configuration.tracksWrites
    slice = configuration.slice
    var enabled: Features = []
    for name in features {
      guard let proposal = Proposal.allCases.first(where: { $0.name == name }) else {
        return Reply(outcome: .broken, detail: "no proposal is called \(name)")
      }
      enabled.insert(Features(proposal))
    }
    let policy: MeteringPolicy =
      switch configuration.metering {
      case "icp": .icp
      case "operators": .operators
      default: MeteringPolicy.none
      }
    var options = CompilerOptions()
    options.optimization = configuration.isOptimized ? .full : OptimizationLevel.none
    options.threads = 1
    engine = Engine(EngineConfiguration(features: enabled, metering: policy, compiler: options))
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    do {
      let compiled = try engine.compile(bytes)
      try compiled.verify()
      module = compiled
      return Reply(
        outcome: .ok, imports: compiled.module.imports.map { name($0.description, compiled) },
        exports: compiled.module.exports.map { name($0, compiled) })
    } catch let error as ModuleError {
      let outcome: Outcome =
        switch error.kind {
        case .malformed, .invalid: .invalid
        case .limit: .limit
        case .unsupported: .unsupported
        case .internal: .broken
        }
      return Reply(outcome: outcome, detail: "\(error)")
    }
  }

  private func name(_ type: FunctionType) -> String {
    (type.parameters.map(\.name) + ["->"] + type.results.map(\.name)).joined(separator: " ")
  }

  private func name(_ description: ImportDescription, _ module: CompiledModule) -> String {
    switch description {
    case .function(let index):
      guard case .function(let type) = module.module.types[Int(index)].composite else { return "invalid" }
      return name(type)
    case .table(let type): return "table \(type.element.name)"
    case .memory: return "memory"
    case .global(let type): return "global \(type.value.name)"
    case .tag: return "tag"
    }
  }

  private func name(_ export: Export, _ module: CompiledModule) -> String {
    let index = Int(export.index)
    return switch export.kind {
    case .function: name(module.functionType(export.index))
    case .table: "table \(module.spaces.tables[index].element.name)"
    case .memory: "memory"
    case .global: "global \(module.spaces.globals[index].value.name)"
    case .tag: "tag"
    }
  }

  // MARK: Instances

  private mutating func instantiate(_ fuel: UInt64) throws -> Reply {
    guard let module else { return Reply(outcome: .broken, detail: "no module is open") }
    var storeLimits = StoreLimits()
    storeLimits.memoryPages = limits.memoryPages
    storeLimits.tableElements = limits.tableElements
    instance = nil
    let store = try engine.makeStore(limits: storeLimits, tracksWrites: tracksWrites)
    self.store = store
    log = HostLog(limit: limits.hostCalls)
    var imports: [ExternalValue] = []
    for (index, item) in module.module.imports.enumerated() {
      do throws(ResourceError) {
        guard let value = try provide(item.description, number: index, of: module, in: store) else {
          return Reply(outcome: .unsupported, detail: "import \(index) can't be provided")
        }
        imports.append(value)
      } catch {
        return Reply(outcome: .limit, detail: "\(error)")
      }
    }
    do throws(InstantiationError) {
      let made = try store.instantiate(module, imports: imports, instructions: fuel)
      instance = made
      commit()
      return Reply(outcome: .ok, instructions: made.startInstructions, hostCalls: log.take())
    } catch {
      switch error {
      case .trap(let trap): return Reply(outcome: .trap, detail: trap.kind.name, hostCalls: log.take())
      case .resource(let error): return Reply(outcome: .limit, detail: "\(error)")
      case .unsupported(let what): return Reply(outcome: .unsupported, detail: what)
      case .unknownImport, .incompatibleImport, .otherEngine, .storeIsSuspended, .memoryExchange:
        return Reply(outcome: .broken, detail: "\(error)")
      }
    }
  }

  /// Something to import; nil where there is nothing of the type.
  private func provide(
    _ description: ImportDescription, number: Int, of module: CompiledModule, in store: Store
  ) throws(ResourceError) -> ExternalValue? {
    switch description {
    case .function(let index):
      guard case .function(let type) = module.module.types[Int(index)].composite,
        !(type.parameters + type.results).contains(where: { $0.name == "reference" })
      else { return nil }
      let log = self.log
      let function = try? store.makeFunction(type) { _, arguments in
        try log.add(number, texts(arguments, type.parameters))
        var bits = HostBits(index: number, event: log.total)
        return type.results.compactMap { Value($0, from: &bits) }
      }
      return function.map { .function($0) }
    case .memory(let type): return .memory(try store.makeMemory(type))
    case .table(let type):
      guard type.element.name != "reference" else { return nil }
      return .table(try store.makeTable(type))
    case .global(let type):
      var bits = HostBits(index: number, event: 0)
      return Value(type.value, from: &bits).map { .global(store.makeGlobal($0, isMutable: type.isMutable)) }
    case .tag: return nil
    }
  }

  /// What an execution wrote stays, also when it trapped.
  private func commit() {
    guard tracksWrites, let instance else { return }
    for memory in instance.memories { memory.commit() }
  }

  // MARK: Calls

  private func call(_ export: Int, _ arguments: [String], _ fuel: UInt64) throws -> Reply {
    guard let function = function(export) else { return Reply(outcome: .broken, detail: "no such function") }
    var values: [Value] = []
    for argument in arguments {
      guard let value = Value(argument, function: { self.function($0)?.reference }) else {
        return Reply(outcome: .broken, detail: "no value: \(argument)")
      }
      values.append(value)
    }
    defer { commit() }
    if function.instance == nil {
      do {
        return Reply(
          outcome: .ok, results: texts(try function.call(values), function.type.results), instructions: 0,
          hostCalls: log.take())
      } catch is TooManyHostCalls {
        return Reply(outcome: .trap, detail: TrapKind.hostError.name, instructions: 0, hostCalls: log.take())
      }
    }
    let execution = try Execution(function, arguments: values, instructions: slice == 0 ? fuel : slice)
    var outcome = try execution.run()
    while slice > 0, case .outOfInstructions = outcome, execution.instructionsExecuted <= fuel {
      outcome = try execution.resume(instructions: slice)
    }
    let instructions = execution.instructionsExecuted
    switch outcome {
    case .finished(let results):
      return Reply(
        outcome: .ok, results: texts(results, function.type.results), instructions: instructions,
        hostCalls: log.take())
    case .trapped(let trap):
      return Reply(outcome: .trap, detail: trap.kind.name, instructions: instructions, hostCalls: log.take())
    case .outOfInstructions:
      execution.abandon()
      return Reply(
        outcome: .trap, detail: TrapKind.outOfInstructions.name, instructions: instructions, hostCalls: log.take())
    case .interrupted, .waitingForHost: return Reply(outcome: .broken, detail: "the execution was suspended")
    }
  }

  /// The function that export number `number` names.
  private func function(_ number: Int) -> Function? {
    guard let instance, number < instance.module.module.exports.count else { return nil }
    let export = instance.module.module.exports[number]
    return export.kind == .function ? instance.function(at: Int(export.index)) : nil
  }

  // MARK: State

  private func state() throws -> [String] {
    guard let instance else { return [] }
    return instance.module.module.exports.compactMap { export in
      let index = Int(export.index)
      switch export.kind {
      case .memory:
        let memory = instance.memories[index]
        return "memory \(memory.pageCount) \(checksum(memory.read(at: 0, count: memory.count) ?? []))"
      case .table:
        let table = instance.tables[index]
        let elements = (0..<table.count).map { position in
          let reference = Reference(handle: table.get(position) ?? 0)
          let value: Value = table.type.element == .externref ? .externref(reference) : .funcref(reference)
          return value.text(as: table.type.element).split(separator: ":").last ?? ""
        }
        return "table \(table.count) \(checksum(Array(elements.joined(separator: " ").utf8)))"
      case .global:
        let global = instance.globals[index]
        return global.value.text(as: global.type.value)
      case .function, .tag: return nil
      }
    }
  }

  private func checksum(_ bytes: [UInt8]) -> UInt { crc32(0, bytes, UInt32(bytes.count)) }
}
