// What `cannery run` links: the modules given with --preload, then stand-ins for what nothing provides.

import Cannery

/// A function that `--imports trap` stands for was called.
struct MissingImport: Error, CustomStringConvertible {
  let module: String
  let name: String
  var description: String { "the import \(quoted(module)) \(quoted(name)) is not provided" }
}

/// A store, and the names that its modules can import.
struct RunSession {
  let store: Store
  private var linker: Linker
  private let limit: UInt64?
  private let trapsUnknownImports: Bool
  /// Instructions that the start functions executed.
  private(set) var startInstructions: UInt64 = 0

  init(_ engine: Engine, instructions limit: UInt64?, trapsUnknownImports: Bool, tracksWrites: Bool) throws {
    store = try engine.makeStore(tracksWrites: tracksWrites)
    linker = Linker(store)
    self.limit = limit
    self.trapsUnknownImports = trapsUnknownImports
  }

  /// Makes an instance of `module`, whose exports can then be imported as `name`.
  mutating func preload(_ module: CompiledModule, as name: String, file: String) throws {
    linker.define(name, try instantiate(module, file: file))
  }

  /// Makes an instance and runs its start function. Throws a `Trap`, or a `CommandFailure`.
  mutating func instantiate(_ module: CompiledModule, file: String) throws -> Instance {
    let imports = try resolve(module, file)
    do throws(InstantiationError) {
      let instance = try store.makeInstance(module, imports: imports)
      defer { startInstructions += instance.startInstructions }
      try instance.runStart(instructions: limit)
      return instance
    } catch {
      if case .trap(let trap) = error { throw trap }
      throw CommandFailure(error, file: file)
    }
  }

  private func resolve(_ module: CompiledModule, _ file: String) throws -> [ExternalValue] {
    var values: [ExternalValue] = []
    var missing: [Import] = []
    let types = TypeText(module.module)
    for item in module.module.imports {
      if let value = linker.lookUp(item.module, item.name) {
        values.append(value)
      } else if trapsUnknownImports, let value = try standIn(for: item, types, of: module) {
        values.append(value)
      } else {
        missing.append(item)
      }
    }
    if missing.isEmpty { return values }
    throw refusal(missing, types, file)
  }

  private func refusal(_ missing: [Import], _ types: TypeText, _ file: String) -> CommandFailure {
    let shown = missing.prefix(Invocation.listLimit).map {
      "\n  \(quoted($0.module)) \(quoted($0.name)): \($0.description.kind) \(types.text($0.description))"
    }
    let more = missing.count - shown.count
    let lines = shown.joined() + (more > 0 ? "\n  and \(more) more" : "")
    let count = missing.count == 1 ? "1 import is" : "\(missing.count) imports are"
    let list: [JSONValue] = missing.map {
      [
        "module": .string($0.module), "name": .string($0.name), "kind": .string("\($0.description.kind)"),
        "type": .string(types.text($0.description)),
      ]
    }
    let advice =
      trapsUnknownImports
      ? "--imports trap has nothing that could stand for them"
      : "--preload NAME=FILE provides the exports of another module, --imports trap functions that trap"
    return CommandFailure(
      .inputWrong, "unlinkable", "\(file): \(count) missing:\(lines)\n\(advice)",
      details: [.init("imports", .array(list))])
  }

  /// Something of the import's type: a function that traps, an empty memory or table, a global of 0. Nil where there is
  /// nothing of such a type.
  private func standIn(for item: Import, _ types: TypeText, of module: CompiledModule) throws -> ExternalValue? {
    switch item.description {
    case .function(let index):
      guard let type = types.functionType(index) else { return nil }
      // Types of a store's functions have canonical indices.
      let canonical = FunctionType(
        parameters: type.parameters.map { $0.canonical(module.types) },
        results: type.results.map { $0.canonical(module.types) })
      let error = MissingImport(module: item.module, name: item.name)
      return .function(
        try store.makeHostFunction(canonical, name: "\(item.module).\(item.name)") { _, _ in throw error })
    case .memory(let type): return .memory(try store.makeMemory(type))
    case .table(let type):
      guard type.element == .funcref || type.element == .externref else { return nil }
      return .table(try store.makeTable(type))
    case .global(let type):
      guard let zero = Value(zeroOf: type.value) else { return nil }
      return .global(store.makeGlobal(zero, isMutable: type.isMutable))
    case .tag: return nil
    }
  }
}

extension Value {
  /// Zero or null; nil for types that `Value` has no null of.
  fileprivate init?(zeroOf type: ValueType) {
    switch type {
    case .i32: self = .i32(0)
    case .i64: self = .i64(0)
    case .f32: self = .f32(0)
    case .f64: self = .f64(0)
    case .v128: self = .v128(.init(low: 0, high: 0))
    case .funcref: self = .funcref(.null)
    case .externref: self = .externref(.null)
    default: return nil
    }
  }
}
